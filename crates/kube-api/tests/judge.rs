//! Twins: the same line said to the real kubectl through the API, and to the console of the page, in two equal worlds.
//!
//! The real kubectl is the file that `PETRI_KUBECTL` names; without it nothing is judged, and that is said. `PETRI_PYTHON` is
//! a Python with the official client. `PETRI_TWINS`
//! picks a part: `2/4` the second quarter of the files, a name those whose names hold it. `cargo xtask judge` sets both.
//!
//! A file of `tests/twins` begins with manifests (`--- web.yaml`) and goes on with lines (`--- lines`). A line that is not
//! kubectl's is said to both worlds. `! reason` stands before a line whose twins differ, and why; `? reason` before one whose
//! twins may.

mod twins;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use twins::{Desk, Verdict, play, transcripts};

#[test]
fn the_console_says_what_kubectl_says() {
    let Some(kubectl) = std::env::var_os("PETRI_KUBECTL").map(PathBuf::from).filter(|file| file.is_file()) else {
        println!("skipped: PETRI_KUBECTL names no kubectl; `cargo xtask judge` fetches one");
        return;
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/twins");
    let all = twins::read_folder(&folder);
    assert!(!all.is_empty(), "there are no twins in {}", folder.display());
    let (mut lines, mut excused, mut faults) = (0, 0, Vec::new());
    for twin in picked(all, &std::env::var("PETRI_TWINS").unwrap_or_default(), |twin| &twin.name) {
        for verdict in play(&twin, &kubectl) {
            lines += 1;
            match verdict {
                Verdict::Same => {}
                Verdict::Excused => excused += 1,
                Verdict::Differs(text) => faults.push(text),
            }
        }
    }
    println!("{lines} lines, {excused} of them differ for a reason that is told");
    assert!(faults.is_empty(), "{} lines differ:\n\n{}", faults.len(), faults.join("\n"));
}

/// What lessons and golden tests type at kubectl.
#[test]
fn transcripts_are_what_kubectl_says() {
    let Some(kubectl) = program("kubectl") else { return println!("skipped: there is no kubectl") };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folders = ["tests/transcripts", "tests/tutorials", "crates/lessons/content"].map(|folder| root.join(folder));
    let reasons = transcripts::read_reasons(&root.join("tests/twins/transcripts.md"));
    let (mut lines, mut excused, mut faults) = (0, 0, Vec::new());
    let scripts = transcripts::read_folders(&folders);
    for (name, line) in reasons.keys() {
        let has = |script: &transcripts::Script| script.name == *name && script.types(line);
        assert!(scripts.iter().any(has), "{name} has no line {line} any more, so its reason must go");
    }
    for script in picked(scripts, &std::env::var("PETRI_TWINS").unwrap_or_default(), |script| &script.name) {
        for verdict in transcripts::play(&script, &kubectl, &reasons) {
            lines += 1;
            match verdict {
                Verdict::Same => {}
                Verdict::Excused => excused += 1,
                Verdict::Differs(text) => faults.push(text),
            }
        }
    }
    println!("{lines} lines of transcripts, {excused} of them differ for a reason that is told");
    assert!(faults.is_empty(), "{} lines of transcripts differ:\n\n{}", faults.len(), faults.join("\n"));
}

/// The program that a judge's package carries beside kubectl, or kubectl itself.
fn program(name: &str) -> Option<PathBuf> {
    let kubectl = std::env::var_os("PETRI_KUBECTL").map(PathBuf::from)?;
    let found = if name == "kubectl" { kubectl } else { kubectl.parent()?.parent()?.join("bin").join(name) };
    found.is_file().then_some(found)
}

#[test]
fn helm_installs_upgrades_rolls_back_and_uninstalls() {
    let (Some(helm), Some(kubectl)) = (program("helm"), program("kubectl")) else {
        return println!("skipped: there is no helm beside kubectl");
    };
    let desk = Desk::open("helm", &[]);
    let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/charts/shop");
    let chart = chart.to_str().expect("its path is text");
    let helm = |line: &str| {
        let (stdout, stderr, code) = desk.say(&helm, &line.replace("CHART", chart));
        assert_eq!(code, 0, "helm {line}\n{stdout}{stderr}");
        stdout
    };
    let kubectl = |line: &str| desk.say(&kubectl, line).0;
    let installed = helm("install shop CHART --wait --timeout 60s");
    assert!(installed.contains("STATUS: deployed") && installed.contains("answers at http://shop.example.org/"));
    assert_eq!(kubectl("get deploy shop -o jsonpath={.status.readyReplicas}"), "2");
    let all = "get secret/shop role/shop rolebinding/shop sa/shop hpa/shop ingress/shop netpol/shop pdb/shop svc/shop cm/shop-after -o name";
    assert_eq!(kubectl(all).lines().count(), 10);
    assert_eq!(kubectl("get pods shop-before --ignore-not-found"), "", "a hook that has succeeded is deleted");
    helm("upgrade shop CHART --set replicas=3 --set image=nginx:1.28 --wait --timeout 60s");
    assert_eq!(kubectl("get deploy shop -o jsonpath={.status.readyReplicas}"), "3");
    assert!(helm("get values shop").contains("replicas: 3"));
    helm("rollback shop 1 --wait");
    assert_eq!(kubectl("get deploy shop -o jsonpath={.spec.template.spec.containers[0].image}"), "nginx:1.27");
    assert_eq!(helm("history shop -o json").matches("\"revision\"").count(), 3);
    helm("uninstall shop --wait");
    // What a hook has made is nobody's, and one Service is the cluster's.
    assert_eq!(kubectl("get deploy,svc,hpa,ingress,netpol,secret,role -o name"), "service/kubernetes\n");
    assert_eq!(helm("list -q"), "");
}

/// Charts that look like the common ones, each in a world of its own: `helm`'s words, and what kubectl sees then.
#[test]
fn helm_takes_databases_agents_jobs_and_operators() {
    let (Some(helm), Some(kubectl)) = (program("helm"), program("kubectl")) else {
        return println!("skipped: there is no helm beside kubectl");
    };
    let charts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/charts");
    // The chart, what is scaled, what is asked then, and the answer.
    let cases = [
        ("database", "sts/x", "get pvc -o name", "persistentvolumeclaim/data-x-0\npersistentvolumeclaim/data-x-1\n"),
        ("agent", "deploy/x-collector", "get ds/x -o jsonpath={.status.numberReady}", "4"),
        ("nightly", "deploy/x-view", "get job/x-once-1 -o jsonpath={.status.completedIndexes}", "0-2"),
        ("operator", "deploy/x", "get bk/x -o jsonpath={.spec}", r#"{"keep":3,"target":"db"}"#),
    ];
    for (name, scaled, question, answer) in cases {
        let desk = Desk::open(name, &[]);
        let chart = charts.join(name);
        let chart = chart.to_str().expect("its path is text");
        let well = |program: &Path, line: &str| {
            let (stdout, stderr, code) = desk.say(program, &line.replace("CHART", chart));
            assert_eq!(code, 0, "{name}: {line}\n{stdout}{stderr}");
            stdout
        };
        let replicas = || well(&kubectl, &format!("get {scaled} -o jsonpath={{.status.readyReplicas}}"));
        let installed = well(&helm, "install x CHART --wait --wait-for-jobs --timeout 90s");
        assert!(installed.contains("STATUS: deployed"), "{name}: {installed}");
        assert_eq!(well(&kubectl, question), answer, "{name}");
        let before = replicas();
        well(&helm, "upgrade x CHART --set replicas=3 --wait --timeout 90s");
        assert_eq!(replicas(), "3", "{name}");
        well(&helm, "rollback x 1 --wait --timeout 90s");
        assert_eq!(replicas(), before, "{name}");
        well(&helm, "test x --timeout 60s");
        well(&helm, "uninstall x --wait --timeout 90s");
        assert_eq!(well(&helm, "list -q"), "");
        assert_eq!(well(&kubectl, "get sts,deploy,ds,job,cronjob,role,pdb -o name"), "", "{name}");
        // What nobody keeps track of: the same as plain manifests, twice.
        well(&helm, "template z CHART --skip-tests --output-dir out");
        let applied = well(&kubectl, &format!("apply -R -f out/{name}"));
        assert!(applied.lines().all(|line| line.ends_with(" created")), "{name}: {applied}");
        let again = well(&kubectl, &format!("apply -R -f out/{name}"));
        // kubectl sends a patch each time where a list has no keys to merge by, or a part is replaced whole.
        let is_same = |line: &str| {
            let is_patched = line.starts_with("statefulset.apps/") || line.starts_with("poddisruptionbudget.policy/");
            line.ends_with(if is_patched { " configured" } else { " unchanged" })
        };
        assert!(again.lines().all(is_same), "{name}: {again}");
    }
}

#[test]
fn the_python_client_lists_watches_patches_and_executes() {
    let Some(python) = std::env::var_os("PETRI_PYTHON").map(PathBuf::from).filter(|file| file.is_file()) else {
        return println!("skipped: PETRI_PYTHON names no Python with the client; `cargo xtask judge` installs one");
    };
    let desk = Desk::open("python", &[]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients/client.py");
    let (stdout, stderr, code) = desk.say(&python, script.to_str().expect("its path is text"));
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert_eq!(stdout.lines().count(), 7, "{stdout}");
}

#[test]
fn kubectl_forwards_ports() {
    let Some(kubectl) = program("kubectl") else { return println!("skipped: there is no kubectl") };
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: { name: web }\nspec: { containers: [{ name: c, image: nginx, ports: [{ containerPort: 80 }] }] }\n";
    let desk = Desk::open("forward", &[("web.yaml", pod)]);
    let say = |line: &str| desk.say(&kubectl, line);
    assert_eq!(say("apply -f web.yaml").2, 0);
    assert_eq!(say("wait pod/web --for=condition=Ready --timeout=60s").2, 0);
    let forward = |ports: &str| {
        let mut command: Command = desk.command(&kubectl, &format!("port-forward pod/web {ports}"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("kubectl starts");
        let (mut first, mut said) = (String::new(), BufReader::new(child.stdout.take().expect("it is piped")));
        let _ = said.read_line(&mut first);
        let port = first.split("127.0.0.1:").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<u16>().ok());
        // Whoever hangs up on kubectl ends it.
        (child, port, said)
    };
    let get = |port: u16, path: &str| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("kubectl listens");
        let _ = stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes());
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    };
    let (mut child, port, _said) = forward(":80");
    let port = port.expect("it says where it listens");
    for _ in 0..3 {
        let answer = get(port, "/");
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("Welcome to nginx"), "{answer}");
    }
    assert!(get(port, "/nothing").starts_with("HTTP/1.1 404"));
    let _ = child.kill();
    let _ = child.wait();
    // Nobody listens there: kubectl hangs up.
    let (mut child, port, _said) = forward(":81");
    assert_eq!(get(port.expect("it says where it listens"), "/"), "");
    let mut said = String::new();
    let _ = child.stderr.take().expect("it is piped").read_to_string(&mut said);
    assert!(said.contains("connect: connection refused"), "{said}");
    let _ = child.wait();
    desk.line("cut node-0; cut node-1; cut node-2; cut node-3");
    let (_, stderr, code) = say("port-forward pod/web :80");
    assert!(
        code == 1 && stderr.contains("error dialing backend: dial tcp") && stderr.contains("i/o timeout"),
        "{stderr}"
    );
}

/// A part of so many, or those whose name holds a word.
fn picked<T>(all: Vec<T>, choice: &str, name: fn(&T) -> &str) -> Vec<T> {
    let part =
        choice.split_once('/').and_then(|(part, of)| Some((part.parse::<usize>().ok()?, of.parse::<usize>().ok()?)));
    let mine = |at: usize, one: &T| match part {
        Some((part, of)) => at % of.max(1) == part % of.max(1),
        None => name(one).contains(choice),
    };
    all.into_iter().enumerate().filter(|(at, one)| mine(*at, one)).map(|(_, one)| one).collect()
}
