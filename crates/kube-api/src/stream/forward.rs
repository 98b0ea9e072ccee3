//! Port-forward: bytes between a client's port and what listens in a pod.
//!
//! Deviation: of what listens there only web servers answer; any other connection is taken, and nothing comes of it.
//!
//! Upstream: `kubelet/pkg/cri/streaming/portforward`.

use super::channels::{Channels, Heard};
use super::door::{Door, Socket, Target};
use super::spdy::{Frame, Reader, Writer};
use crate::ask::LARGEST_BODY;
use futures_util::{SinkExt as _, StreamExt as _};
use petri_console::remote::{self, Port};
use petri_objects::Object;
use tokio_tungstenite::tungstenite::Message;

/// How many connections one client forwards at once.
const MOST_STREAMS: usize = 1_000;

/// One connection to a port.
struct Connection {
    port: u16,
    /// What the client has said and nobody has answered.
    said: Vec<u8>,
    /// How far the end of a request was looked for; or how long it is, head and body, once that is known.
    searched: usize,
    whole: usize,
}

/// What comes of something that a client says.
#[derive(Default)]
struct Answer {
    bytes: Vec<u8>,
    /// The server hangs up.
    ends: bool,
}

impl Connection {
    /// # Errors
    /// Nobody listens there: what the kubelet says then.
    fn open(port: u16, target: &Target, door: &Door) -> Result<Connection, String> {
        let refused = |uid: String| {
            format!(
                "error forwarding port {port} to pod {uid}, uid : failed to connect to localhost:{port} inside the pod's \
                 network: dial tcp4 127.0.0.1:{port}: connect: connection refused"
            )
        };
        door.run(|run| match run.objects().get(&target.pod) {
            Some(Object::Pod(pod)) => match remote::port(&pod, port, run.world()) {
                Port::Open(_) => Ok(Connection { port, said: Vec::new(), searched: 0, whole: 0 }),
                Port::Refused => Err(refused(pod.metadata.uid.to_string())),
            },
            _ => Err(refused(target.pod.name.to_string())),
        })
    }

    /// Answers every whole request over HTTP of what was said so far.
    fn hear(&mut self, bytes: &[u8], target: &Target, door: &Door) -> Answer {
        let mut answer = Answer::default();
        if self.said.len() + bytes.len() > LARGEST_BODY {
            return Answer { ends: true, ..answer };
        }
        self.said.extend_from_slice(bytes);
        // Each byte is looked at once, in however small pieces they come.
        while self.said.len() >= self.whole {
            let begun = self.searched.saturating_sub(3);
            let Some(end) = self.said[begun..].windows(4).position(|four| four == b"\r\n\r\n") else {
                self.searched = self.said.len();
                break;
            };
            let end = begun + end;
            self.searched = end;
            let head = String::from_utf8_lossy(&self.said[..end]).into_owned();
            let header = |name: &str| {
                let all = head.lines().filter_map(|line| line.split_once(':'));
                all.filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned()).next()
            };
            let body = header("content-length").and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
            self.whole = (end + 4).saturating_add(body);
            if self.said.len() < self.whole {
                break;
            }
            self.said.drain(..self.whole);
            (self.searched, self.whole) = (0, 0);
            let mut first = head.lines().next().unwrap_or_default().split(' ');
            let (method, path) = (first.next().unwrap_or_default(), first.next().unwrap_or("/"));
            let old = first.next() != Some("HTTP/1.1");
            let found = door.run(|run| {
                let Some(Object::Pod(pod)) = run.objects().get(&target.pod) else { return None };
                let Port::Open(container) = remote::port(&pod, self.port, run.world()) else { return None };
                remote::get(&target.pod, &container, path, run.world())
            });
            let Some((status, reason, kind, body)) = found else {
                answer.ends = true;
                break;
            };
            answer.ends = old || header("connection").is_some_and(|word| word.eq_ignore_ascii_case("close"));
            let words = if answer.ends { "close" } else { "keep-alive" };
            let length = body.len();
            answer.bytes.extend_from_slice(
                format!("HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: {words}\r\n\r\n")
                    .as_bytes(),
            );
            if method != "HEAD" {
                answer.bytes.extend_from_slice(body.as_bytes());
            }
        }
        answer
    }
}

/// What a stream of the tunnel is for.
enum Stream {
    Error,
    Data(Connection),
}

/// SPDY in the messages of a WebSocket, as kubectl asks for it: two streams for each connection.
pub async fn tunnel(mut socket: Socket, target: &Target, door: &Door) {
    let (mut reader, mut writer) = (Reader::new(), Writer::default());
    let mut streams: Vec<(u32, String, Stream)> = Vec::new();
    while let Some(Ok(message)) = socket.next().await {
        let bytes = match message {
            Message::Binary(bytes) => bytes,
            Message::Close(_) => break,
            _ => continue,
        };
        reader.feed(&bytes);
        loop {
            let mut out = Vec::new();
            match reader.next() {
                Ok(None) => break,
                Err(_) | Ok(Some(Frame::Away)) => return drop(socket.close(None).await),
                Ok(Some(Frame::Open { stream, headers })) if streams.len() < MOST_STREAMS => {
                    let header =
                        |name: &str| headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
                    let request = header("requestid").unwrap_or_default().to_owned();
                    out.extend(writer.reply(stream));
                    if header("streamtype") == Some("error") {
                        streams.push((stream, request, Stream::Error));
                    } else {
                        let port = header("port").and_then(|port| port.parse().ok()).unwrap_or(0);
                        match Connection::open(port, target, door) {
                            Ok(connection) => streams.push((stream, request, Stream::Data(connection))),
                            Err(why) => {
                                let error = streams.iter().find(|(_, own, _)| *own == request).map(|(id, ..)| *id);
                                out.extend(error.map(|id| writer.data(id, why.as_bytes(), true)).unwrap_or_default());
                                out.extend(writer.data(stream, b"", true));
                            }
                        }
                    }
                }
                Ok(Some(Frame::Data { stream, bytes, last })) => {
                    let found = streams.iter_mut().find(|(id, ..)| *id == stream);
                    if let Some((_, request, Stream::Data(connection))) = found {
                        let answer = connection.hear(&bytes, target, door);
                        out.extend(writer.data(stream, &answer.bytes, answer.ends || last));
                        if answer.ends || last {
                            let request = request.clone();
                            let error =
                                streams.iter().find(|(_, own, kind)| *own == request && matches!(kind, Stream::Error));
                            out.extend(error.map(|(id, ..)| writer.data(*id, b"", true)).unwrap_or_default());
                            streams.retain(|(_, own, _)| *own != request);
                        }
                    }
                }
                Ok(Some(Frame::Reset { stream })) => streams.retain(|(id, ..)| *id != stream),
                Ok(Some(Frame::Ping { id })) => out.extend(writer.ping(id)),
                Ok(Some(Frame::Open { .. } | Frame::Other)) => {}
            }
            if !out.is_empty() && socket.send(Message::Binary(out.into())).await.is_err() {
                return;
            }
        }
    }
}

/// Two channels for each port, as older clients ask for it: its bytes, and what goes wrong.
pub async fn channels(socket: Socket, target: &Target, door: &Door) {
    let mut channels = Channels::new(socket, false);
    let mut open: Vec<Option<Connection>> = Vec::new();
    for (at, port) in target.words.iter().filter_map(|port| port.parse::<u16>().ok()).take(64).enumerate() {
        let data = u8::try_from(2 * at).unwrap_or(0);
        for channel in [data, data + 1] {
            channels.say(channel, &port.to_le_bytes()).await;
        }
        match Connection::open(port, target, door) {
            Ok(connection) => open.push(Some(connection)),
            Err(why) => {
                channels.say(data + 1, why.as_bytes()).await;
                open.push(None);
            }
        }
    }
    loop {
        match channels.hear().await {
            Heard::Data(channel, bytes) if channel % 2 == 0 => {
                let Some(Some(connection)) = open.get_mut(usize::from(channel / 2)) else { continue };
                let answer = connection.hear(&bytes, target, door);
                if !channels.say(channel, &answer.bytes).await || answer.ends {
                    return;
                }
            }
            Heard::Gone => return,
            Heard::Data(..) | Heard::Closed(_) => {}
        }
    }
}
