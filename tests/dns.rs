//! The DNS, from pods to records: what each situation of a pod makes of its names, and whether a library that speaks the
//! protocol reads every answer as it was meant.

use crate::cluster::{Cluster, headless, set};
use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use petri_lessons::transcript::{Block, blocks};
use std::path::Path;
use std::str::FromStr;

/// Reads what dig printed.
fn message(answer: &str) -> Message {
    let header = answer.lines().next().expect("a header");
    let code = header.rsplit(' ').next().expect("a status");
    let mut message = Message::new(0, MessageType::Response, OpCode::Query);
    message.metadata.response_code = match code {
        "NOERROR" => ResponseCode::NoError,
        "NXDOMAIN" => ResponseCode::NXDomain,
        other => panic!("{other}"),
    };
    let mut section = "";
    for line in answer.lines().skip(1) {
        if let Some(title) = line.strip_prefix(";; ").and_then(|line| line.strip_suffix(" SECTION:")) {
            section = title;
        } else if let Some(question) =
            line.strip_prefix(';').filter(|rest| section == "QUESTION" && !rest.starts_with(';'))
        {
            let fields: Vec<&str> = question.split('\t').collect();
            let [name, class, kind] = fields[..] else { panic!("{line}") };
            assert_eq!(class, "IN");
            let name = Name::from_str(name).expect("a name");
            assert!(name.is_fqdn(), "{line}");
            message.add_query(Query::query(name, RecordType::from_str(kind).expect("a type")));
        } else if !line.is_empty() && !line.starts_with(';') {
            let record = record(line);
            match section {
                "ANSWER" => message.add_answer(record),
                "AUTHORITY" => message.add_authority(record),
                "ADDITIONAL" => message.add_additional(record),
                other => panic!("{other}: {line}"),
            };
        }
    }
    message
}

fn record(line: &str) -> Record {
    let fields: Vec<&str> = line.splitn(5, '\t').collect();
    let [name, ttl, class, kind, data] = fields[..] else { panic!("{line}") };
    assert_eq!(DNSClass::from_str(class).expect("a class"), DNSClass::IN);
    let kind = RecordType::from_str(kind).expect("a type");
    let data = RData::try_from_str(kind, data).unwrap_or_else(|error| panic!("{line}: {error}"));
    assert_eq!(data.record_type(), kind);
    let name = Name::from_str(name).expect("a name");
    assert!(name.is_fqdn(), "{line}");
    Record::from_rdata(name, ttl.parse().expect("seconds"), data)
}

/// What every answer of an authority must look like, and that it survives the wire.
fn check(answer: &str) -> Message {
    let message = message(answer);
    let counts = format!(
        "QUERY: {}, ANSWER: {}, AUTHORITY: {}, ADDITIONAL: {}",
        message.queries.len(),
        message.answers.len(),
        message.authorities.len(),
        message.additionals.len()
    );
    assert!(answer.contains(&counts), "{counts}: {answer}");
    let negative = message.answers.is_empty();
    for record in &message.authorities {
        let RData::SOA(soa) = &record.data else { panic!("{answer}") };
        assert!(negative, "an authority speaks of answers that are not there: {answer}");
        assert_eq!(soa.mname.to_string(), "ns.dns.cluster.local.");
        assert_eq!(soa.rname.to_string(), "hostmaster.cluster.local.");
        assert_eq!((soa.refresh, soa.retry, soa.expire, soa.minimum), (7_200, 1_800, 86_400, 30));
        assert_eq!(record.ttl, 30);
    }
    if message.metadata.response_code == ResponseCode::NXDomain {
        assert!(negative, "{answer}");
    }
    for answered in &message.answers {
        if let RData::SRV(srv) = &answered.data {
            let here = |record: &&Record| record.name == srv.target;
            assert!(message.additionals.iter().any(|record| here(&record)), "no address of {}: {answer}", srv.target);
        }
    }
    let wire = message.to_vec().expect("it can be sent");
    assert_eq!(Message::from_vec(&wire).expect("it can be received"), message);
    message
}

/// C-130 to C-139: every answer of every transcript is a message of the protocol.
#[test]
fn every_answer_that_a_transcript_shows_is_one_of_the_protocol() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts");
    let mut answers = 0;
    for entry in std::fs::read_dir(folder).expect("the folder exists") {
        let path = entry.expect("it was listed").path();
        let text = std::fs::read_to_string(path).expect("it can be read");
        for block in blocks(&text) {
            let Block::Console(exchanges) = block else { continue };
            for exchange in exchanges.iter().filter(|e| e.line.starts_with("dig ") && !e.line.contains("+short")) {
                // Cut answers are not answers.
                if !exchange.expected.iter().any(|line| line == "...") {
                    check(&exchange.expected.join("\n"));
                    answers += 1;
                }
            }
        }
    }
    assert!(answers >= 30, "{answers}");
}

/// Each type of every name that the cluster answers for, and of some that it does not.
#[test]
fn every_question_about_a_cluster_has_an_answer_of_the_protocol() {
    let mut cluster = Cluster::new(1);
    cluster.apply(&headless("web", "")).apply(&headless("all", ", publishNotReadyAddresses: true"));
    cluster.apply(&set("web", 3, "server", "", None));
    cluster.apply(
        "
apiVersion: v1
kind: Service
metadata: {name: vip}
spec: {selector: {app: web}, ports: [{name: http, port: 80}, {name: admin, port: 81}]}
---
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {type: ExternalName, externalName: db.example.com}
",
    );
    cluster.wait(30_000);
    let known = petri_sim::reality::dns::records(cluster.world().objects(), "default");
    let mut names: Vec<String> = known.iter().map(|record| record.name.to_string()).collect();
    names.extend(
        ["missing.default", "x.web.default", "default", "elsewhere", "a.b.c.web.default"]
            .map(|name| format!("{name}.svc.cluster.local")),
    );
    names
        .extend(["cluster.local", "dns-version.cluster.local", "10-9-8-7.default.pod.cluster.local"].map(String::from));
    names.extend(["3.2.244.10.in-addr.arpa", "9.9.9.9.in-addr.arpa", "example.com"].map(String::from));
    let mut answered = 0;
    for name in &names {
        for kind in petri_sim::reality::dns::RecordType::ALL {
            let message = check(&cluster.run(&format!("dig {name} {}", kind.as_str())));
            assert_eq!(message.queries[0].query_type().to_string(), kind.as_str());
            answered += message.answers.len();
        }
    }
    assert!(names.len() > 15 && answered > 40, "{answered} of {names:?}");
}

/// The table of a pod's situations: what its own name and its Service's name come to, plain and with all published.
#[test]
fn each_situation_of_a_pod_gives_its_names() {
    const NONE: [&str; 2] = ["NXDOMAIN"; 2];
    const BOTH: [&str; 2] = ["NOERROR"; 2];
    const PUBLISHED: [&str; 2] = ["NXDOMAIN", "NOERROR"];
    let never = "petri.dev/ready: never";
    let situations: [(&str, &str, &[&str], [&str; 2]); 8] = [
        (
            "pending without an address",
            "",
            &["kubectl cordon node-0", "kubectl cordon node-1", "kubectl cordon node-2"],
            NONE,
        ),
        ("running, not ready", never, &["run 30s"], PUBLISHED),
        ("running, ready", "", &["run 30s"], BOTH),
        (
            "stopping",
            "petri.dev/stop-delay: 20s",
            &["run 30s", "kubectl delete pod it-0 --wait=false", "run 1s"],
            PUBLISHED,
        ),
        ("on a node that is silent", "", &["run 30s", "cut NODE", "run 70s"], PUBLISHED),
        ("evicted from it, for ever", "", &["run 30s", "cut NODE", "run 8m"], PUBLISHED),
        (
            "force-deleted there",
            "",
            &[
                "run 30s",
                "cut NODE",
                "run 70s",
                "kubectl scale sts it --replicas=0",
                "kubectl delete pod it-0 --force --grace-period=0",
                "run 1s",
            ],
            NONE,
        ),
        ("its process has ended for good", "", &["run 30s", "kubectl scale sts it --replicas=0", "run 60s"], NONE),
    ];
    for (what, notes, lines, wanted) in situations {
        let mut cluster = Cluster::new(1);
        cluster.apply(&headless("plain", "").replace("app: plain", "app: it"));
        cluster.apply(&headless("all", ", publishNotReadyAddresses: true").replace("app: all", "app: it"));
        let cordons = lines.iter().take_while(|line| line.starts_with("kubectl cordon")).count();
        lines[..cordons].iter().for_each(|line| drop(cluster.run(line)));
        cluster.apply(&set("it", 1, "server", notes, None));
        cluster.run("run 1s");
        for line in &lines[cordons..] {
            let node = cluster.node_of("it-0");
            cluster.run(&line.replace("NODE", &node));
        }
        let answers = ["plain", "all"].map(|service| {
            let message = check(&cluster.run(&format!("dig {service}.default.svc.cluster.local")));
            if message.metadata.response_code == ResponseCode::NoError { "NOERROR" } else { "NXDOMAIN" }
        });
        assert_eq!(answers, wanted, "{what}: {}", cluster.run("kubectl get pods,endpointslices"));
    }
}
