//! What nobody should send: the status that an API server gives, and the cluster goes on.

use petri_kube_api::ask::{Ask, LARGEST_BODY};
use petri_kube_api::cluster::Cluster;
use petri_kube_api::serve::{self, Pace};
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

fn cluster() -> Cluster {
    Cluster::new(Timeline::new(Recording::new(Scenario::standard(), 1)))
}

const PODS: &str = "/api/v1/namespaces/default/pods";
const POD: &str = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","labels":{"app":"a"}},"spec":{"containers":[{"name":"c","image":"x","ports":[{"containerPort":80}]}]}}"#;

#[test]
fn wrong_requests_get_the_status_of_an_api_server() {
    let mut cluster = cluster();
    let mut code = |method: &str, path: &str, content_type: &str, body: &str| {
        let ask = Ask { content_type: content_type.into(), ..Ask::new(method, path, body) };
        cluster.answer(&ask).code
    };
    let json = "application/json";
    assert_eq!(code("POST", PODS, json, POD), 201);
    let one = format!("{PODS}/a");
    for (method, path, content_type, body, expected) in [
        ("BREW", PODS, json, "", 405),
        ("PUT", PODS, json, POD, 405),
        ("POST", &one, json, POD, 405),
        ("POST", "/version", json, "{}", 405),
        ("POST", "/api/v1/pods", json, POD, 405),
        ("GET", "/api/v1/namespaces/default/nothing", json, "", 404),
        ("GET", "/apis/nothing/v1", json, "", 404),
        ("GET", "/nothing", json, "", 404),
        ("GET", &format!("{one}/nothing"), json, "", 404),
        ("POST", PODS, "text/html", POD, 415),
        ("POST", PODS, "application/vnd.kubernetes.protobuf", POD, 400),
        ("PATCH", &one, json, "{}", 415),
        ("PATCH", &one, "application/json-patch+json", "{}", 400),
        ("PATCH", &one, "application/json-patch+json", r#"[{"op":"burn","path":"/"}]"#, 422),
        ("PATCH", &one, "application/merge-patch+json", "7", 400),
        ("PATCH", &one, "application/strategic-merge-patch+json", r#"{"spec":{"containers":[{"image":"y"}]}}"#, 500),
        ("PATCH", &one, "application/apply-patch+yaml", "{}", 422),
        ("POST", PODS, json, "", 400),
        ("POST", PODS, json, "[]", 400),
        ("POST", PODS, json, "{", 400),
        ("POST", PODS, json, r#"{"kind":"Node"}"#, 400),
        ("POST", PODS, json, r#"{"apiVersion":"v2","kind":"Pod"}"#, 400),
        ("POST", PODS, json, r#"{"metadata":{"name":"A_B"},"spec":{}}"#, 422),
        ("POST", PODS, json, r#"{"metadata":{"name":"b","namespace":"other"},"spec":{}}"#, 400),
        ("PUT", &one, json, &POD.replace("\"a\"", "\"b\""), 400),
        ("DELETE", &one, json, r#"{"propagationPolicy":"Never"}"#, 422),
        ("POST", &format!("{PODS}?fieldValidation=Maybe"), json, POD, 422),
        ("POST", "/petri/run", json, r#"{"for":"soon"}"#, 400),
        ("POST", "/petri/run", json, r#"{"for":"9999h"}"#, 400),
        ("GET", "/petri/run", json, "", 405),
        ("POST", "/petri/nothing", json, "", 404),
    ] {
        assert_eq!(code(method, path, content_type, body), expected, "{method} {path} {content_type} {body}");
    }
    let large = "x".repeat(LARGEST_BODY + 1);
    assert_eq!(code("POST", PODS, json, &large), 413);
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(code("POST", PODS, json, &deep), 400);
    assert_eq!(code("GET", &one, json, ""), 200, "the cluster goes on");
}

/// A small generator: the same requests at every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).expect("it is below a usize")
    }
}

#[test]
fn ten_thousand_mutated_requests_are_answered() {
    let mut cluster = cluster();
    let deployment = r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":2,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"x"}]}}}}"#;
    let session: Vec<(&str, String, &str, &str)> = vec![
        ("POST", PODS.into(), "application/json", POD),
        ("POST", "/apis/apps/v1/namespaces/default/deployments?fieldManager=me".into(), "application/json", deployment),
        (
            "PATCH",
            "/apis/apps/v1/namespaces/default/deployments/web".into(),
            "application/strategic-merge-patch+json",
            r#"{"spec":{"template":{"spec":{"$setElementOrder/containers":[{"name":"c"}],"containers":[{"name":"c","image":"y"}]}}}}"#,
        ),
        (
            "PATCH",
            "/apis/apps/v1/namespaces/default/deployments/web?fieldManager=me&force=true".into(),
            "application/apply-patch+yaml",
            deployment,
        ),
        (
            "PATCH",
            "/apis/apps/v1/namespaces/default/deployments/web/scale".into(),
            "application/merge-patch+json",
            r#"{"spec":{"replicas":1}}"#,
        ),
        (
            "PATCH",
            format!("{PODS}/a"),
            "application/json-patch+json",
            r#"[{"op":"add","path":"/metadata/labels/x","value":"y"}]"#,
        ),
        ("GET", format!("{PODS}?labelSelector=app%3Da&limit=1&watch=0"), "", ""),
        ("GET", format!("{PODS}?watch=1&resourceVersion=30&allowWatchBookmarks=true"), "", ""),
        (
            "POST",
            format!("{PODS}/a/eviction"),
            "application/json",
            r#"{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"a"},"deleteOptions":{"gracePeriodSeconds":1}}"#,
        ),
        (
            "DELETE",
            format!("{PODS}/a"),
            "application/json",
            r#"{"kind":"DeleteOptions","propagationPolicy":"Foreground","gracePeriodSeconds":0}"#,
        ),
        ("GET", "/apis/apps/v1".into(), "", ""),
        ("GET", "/openapi/v3/apis/apps/v1".into(), "", ""),
        ("GET", format!("{PODS}/a/log?tailLines=1&limitBytes=5&sinceSeconds=3&timestamps=true"), "", ""),
        ("GET", "/apis/events.k8s.io/v1/events?limit=3".into(), "", ""),
        (
            "POST",
            "/api/v1/namespaces/default/serviceaccounts/default/token".into(),
            "application/json",
            r#"{"kind":"TokenRequest","spec":{"expirationSeconds":3600}}"#,
        ),
        (
            "PATCH",
            "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers/h?fieldManager=me".into(),
            "application/apply-patch+yaml",
            r#"{"apiVersion":"autoscaling/v1","kind":"HorizontalPodAutoscaler","metadata":{"name":"h"},"spec":{"maxReplicas":3,"scaleTargetRef":{"kind":"Deployment","name":"web"},"targetCPUUtilizationPercentage":50}}"#,
        ),
        ("POST", "/petri/run".into(), "application/json", r#"{"for":"1s"}"#),
        ("POST", "/petri/command".into(), "application/json", r#"{"line":"get pods -o wide"}"#),
    ];
    let mut chance = Chance(0x5eed_1234_5678_9abc);
    for _ in 0..10_000 {
        let (method, path, content_type, body) = &session[chance.below(session.len())];
        let mutate = |text: &str, chance: &mut Chance| {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..chance.below(3) {
                if bytes.is_empty() {
                    break;
                }
                let at = chance.below(bytes.len());
                match chance.below(4) {
                    0 => bytes[at] = u8::try_from(chance.below(256)).expect("it is a byte"),
                    1 => drop(bytes.remove(at)),
                    2 => bytes.truncate(at),
                    _ => bytes.insert(at, b"{}[]\",:0-"[chance.below(9)]),
                }
            }
            bytes
        };
        let path = String::from_utf8_lossy(&mutate(path, &mut chance)).into_owned();
        let body = mutate(body, &mut chance);
        let ask = Ask { content_type: (*content_type).into(), body, ..Ask::new(method, &path, "") };
        let answer = cluster.answer(&ask);
        assert!((200..600).contains(&answer.code), "{method} {path}");
    }
    assert_eq!(cluster.answer(&Ask::new("GET", "/api/v1/nodes", "")).code, 200);
}

/// A server on a port of its own; it ends with the process.
fn served() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let at = listener.local_addr().expect("it has an address");
    std::thread::spawn(move || serve::run(listener, cluster(), Pace::Times(0), Box::new(|_| {})));
    at
}

fn exchange(at: SocketAddr, bytes: &[u8]) -> String {
    exchange_and(at, bytes, false)
}

/// `ends`: the client says no more, as one does that has gone.
fn exchange_and(at: SocketAddr, bytes: &[u8], ends: bool) -> String {
    let mut stream = TcpStream::connect(at).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("there are timeouts");
    let _ = stream.write_all(bytes);
    if ends {
        let _ = stream.shutdown(std::net::Shutdown::Write);
    }
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn what_is_no_http_is_refused_and_others_are_served() {
    let at = served();
    let first = |answer: &str| answer.lines().next().unwrap_or_default().to_owned();
    for noise in
        [&b"\0\x01\x02"[..], b"HELLO\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n"]
    {
        let answer = exchange_and(at, noise, true);
        assert!(answer.is_empty() || first(&answer).contains(" 400 ") || first(&answer).contains(" 404 "), "{answer}");
    }
    let nodes = exchange(at, b"GET /api/v1/nodes HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(first(&nodes).contains("200 OK") && nodes.contains("\"NodeList\""), "{nodes}");
    let announced = format!(
        "POST {PODS} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\nContent-Type: application/json\r\n\r\n",
        LARGEST_BODY * 2
    );
    let body = [announced.as_bytes(), &vec![b' '; LARGEST_BODY + 10]].concat();
    let refused = exchange(at, &body);
    assert!(first(&refused).contains("413"), "{}", first(&refused));
    let options = exchange(at, b"BREW /api/v1/nodes HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(first(&options).contains("405"), "{options}");
}

#[test]
fn a_watch_goes_out_line_by_line_and_ends_in_its_time() {
    let at = served();
    let path = format!("{PODS}?watch=1&timeoutSeconds=1");
    let watch = std::thread::spawn(move || {
        exchange(at, format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes())
    });
    std::thread::sleep(Duration::from_millis(300));
    let create =
        format!("POST {PODS} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{POD}", POD.len());
    assert!(exchange(at, create.as_bytes()).contains("201 Created"));
    let said = watch.join().expect("a watch ends");
    assert!(
        said.contains("chunked") && said.contains(r#"{"object":{"#) && said.contains(r#""type":"ADDED""#),
        "{said}"
    );
}

/// Asks for a stream, and answers how the handshake ended; what is said then is in the second text.
fn stream(at: SocketAddr, path: &str, protocol: &str, messages: &[&[u8]]) -> (String, Vec<u8>) {
    let mut socket = TcpStream::connect(at).expect("the server listens");
    socket.set_read_timeout(Some(Duration::from_secs(20))).expect("there are timeouts");
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n"
    );
    let _ = socket.write_all(head.as_bytes());
    for message in messages {
        // Masked by zeros: it is sent as it is.
        let mut frame = vec![0x82];
        match u8::try_from(message.len()).ok().filter(|length| *length < 126) {
            Some(length) => frame.push(0x80 | length),
            None => {
                frame.push(0x80 | 127);
                frame.extend_from_slice(&(message.len() as u64).to_be_bytes());
            }
        }
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(message);
        let _ = socket.write_all(&frame);
    }
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    while let Ok(count) = socket.read(&mut part) {
        answer.extend_from_slice(&part[..count]);
        let ended =
            String::from_utf8_lossy(&answer).contains("\"status\":\"Success\"") || answer.ends_with(&[0x03, 0xe8]);
        if count == 0 || ended || !answer.starts_with(b"HTTP/1.1 101") && answer.ends_with(b"}\n") {
            break;
        }
    }
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
    (String::from_utf8_lossy(&answer[..end]).into_owned(), answer.split_off(end))
}

#[test]
fn streams_are_opened_as_they_are_asked_for_or_refused() {
    let at = served();
    let post = |path: &str, body: &str| {
        let length = body.len();
        exchange(
            at,
            format!("POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}")
                .as_bytes(),
        )
    };
    assert!(post(PODS, POD).contains("201 Created"));
    let exec = format!("{PODS}/a/exec?command=cat&stdin=true&stdout=true&stderr=true");
    let channels = "v5.channel.k8s.io";
    assert!(stream(at, &exec, channels, &[]).0.starts_with("HTTP/1.1 400"), "it has no machine yet");
    post("/petri/run", r#"{"for":"30s"}"#);
    let (head, said) = stream(at, &exec, channels, &[b"\x00hello ", b"\x00there", b"\xff\x00"]);
    assert!(head.starts_with("HTTP/1.1 101") && head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
    assert!(head.to_ascii_lowercase().contains("sec-websocket-protocol: v5.channel.k8s.io"), "{head}");
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(said.contains("\u{1}hello there") && said.contains("\u{3}{") && said.contains("Success"), "{said}");
    // More than is read is refused in words.
    let much = [&b"\0"[..], &vec![b'x'; LARGEST_BODY + 1]].concat();
    let said = String::from_utf8_lossy(&stream(at, &exec, channels, &[&much, b"\xff\x00"]).1).into_owned();
    assert!(said.contains("a program reads at most 3145728 bytes here") && said.contains("exit code 1"), "{said}");
    for (path, protocol, code) in [
        (exec.as_str(), "nobody.speaks.this", "400"),
        (exec.as_str(), "", "400"),
        (&format!("{PODS}/a/exec?stdout=true"), channels, "400"),
        (&format!("{PODS}/a/exec?command=ls&container=b"), channels, "400"),
        (&format!("{PODS}/nobody/exec?command=ls"), channels, "404"),
        (&format!("{PODS}/a/portforward"), "v4.base64.channel.k8s.io", "400"),
    ] {
        let (head, _) = stream(at, path, protocol, &[]);
        assert!(head.contains(&format!(" {code} ")), "{path} {protocol}: {head}");
    }
    let plain = post(&exec, "");
    assert!(plain.contains("400") && plain.contains("Upgrade request required"), "{plain}");
    // What is no SPDY ends a tunnel, and a client that hangs up ends its stream.
    let tunnel = format!("{PODS}/a/portforward");
    let (head, _) = stream(at, &tunnel, "SPDY/3.1+portforward.k8s.io", &[&[0x80, 3, 0, 1, 0, 0, 0, 1, 0]]);
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    drop(TcpStream::connect(at).map(|mut socket| socket.write_all(&exec.as_bytes()[..9])));
    assert!(exchange(at, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").ends_with("ok"));
}
