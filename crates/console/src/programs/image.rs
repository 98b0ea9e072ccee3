//! What an image brings with it, as far as tutorials look at it: files, programs, and where a shell begins.

use super::facts::{command_of, host_name};
use super::family::{Family, family};
use super::given;
use petri_objects::{Container, Pod, Time};
use petri_sim::reality::files::{below, normal};
use petri_sim::world::World;
use petri_sim::world::files::Inside;
use std::collections::BTreeMap;

/// A file that was there before anybody wrote one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Base {
    pub text: String,
    pub mode: u32,
    /// The container writes it when it starts, so it lies on a volume as well.
    pub seeded: bool,
}

/// Where its programs begin.
pub(super) fn folder(container: &Container, family: Family) -> String {
    match (&*container.working_dir, family) {
        ("", Family::Redis) => "/data".into(),
        ("", Family::Apache) => "/usr/local/apache2".into(),
        ("", _) => "/".into(),
        (folder, _) => normal(folder),
    }
}

const FOLDERS: [&str; 24] = [
    "/bin",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/media",
    "/mnt",
    "/opt",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/srv",
    "/sys",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/local",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/share",
    "/var",
    "/var/log",
    "/var/run",
];

/// Folders that are everywhere.
pub(super) fn folders() -> impl Iterator<Item = String> {
    FOLDERS.iter().map(|folder| (*folder).to_owned())
}
pub(super) fn has_folder(path: &str) -> bool {
    path == "/" || FOLDERS.contains(&path)
}

/// The files that a container begins with: those of its image, those of the kubelet, and what stands in objects.
pub(super) fn base(inside: &Inside<'_>, world: &World) -> BTreeMap<String, Base> {
    let mut files = BTreeMap::new();
    let mut put = |path: &str, text: String, mode: u32, seeded: bool| {
        files.insert(path.to_owned(), Base { text, mode, seeded });
    };
    let family = family(&inside.container.image);
    let pod = &inside.pod;
    let host = host_name(inside);
    put("/etc/hostname", format!("{host}\n"), 0o644, false);
    put("/etc/hosts", given::hosts(inside), 0o644, false);
    put("/etc/resolv.conf", given::resolver(inside, world), 0o644, false);
    put(
        "/etc/passwd",
        "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n".into(),
        0o644,
        false,
    );
    let system = match family {
        Family::Busybox => "NAME=\"BusyBox\"\nID=busybox\n",
        Family::Alpine => "NAME=\"Alpine Linux\"\nID=alpine\n",
        _ => "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nID=debian\n",
    };
    put("/etc/os-release", system.into(), 0o644, false);
    let words = command_of(inside);
    put("/proc/1/cmdline", words.join("\0"), 0o444, false);
    for program in family.own_programs() {
        let folder = if program.starts_with("zookeeper-") { "/opt/zookeeper/bin" } else { "/usr/bin" };
        put(&format!("{folder}/{program}"), String::new(), 0o755, false);
    }
    match family {
        Family::Nginx => {
            let page = "<!DOCTYPE html>\n<html>\n<head>\n<title>Welcome to nginx!</title>\n</head>\n<body>\n\
                        <h1>Welcome to nginx!</h1>\n</body>\n</html>\n";
            put("/usr/share/nginx/html/index.html", page.into(), 0o644, false);
            let conf = "server {\n    listen       80;\n    server_name  localhost;\n    location / {\n        root   \
                        /usr/share/nginx/html;\n        index  index.html index.htm;\n    }\n}\n";
            put("/etc/nginx/conf.d/default.conf", conf.into(), 0o644, false);
            put(
                "/etc/nginx/nginx.conf",
                "events {}\nhttp {\n    include /etc/nginx/conf.d/*.conf;\n}\n".into(),
                0o644,
                false,
            );
        }
        Family::Apache => {
            let is_load = inside.container.image.contains("hpa-example");
            let page = if is_load { "OK!" } else { "<html><body><h1>It works!</h1></body></html>\n" };
            put("/usr/local/apache2/htdocs/index.html", page.into(), 0o644, false);
        }
        Family::ZooKeeper => {
            let conf = given::zookeeper(inside, world);
            let ordinal = pod.metadata.name.rsplit('-').next().and_then(|end| end.parse::<u32>().ok()).unwrap_or(0);
            put("/var/lib/zookeeper/data/myid", format!("{}\n", ordinal + 1), 0o644, true);
            put("/opt/zookeeper/conf/zoo.cfg", conf.clone(), 0o644, false);
            put("/usr/etc/zookeeper/zoo.cfg", conf, 0o644, false);
            for path in ["/usr/etc/zookeeper/log4j.properties", "/opt/zookeeper/conf/log4j.properties"] {
                put(path, given::log4j().into(), 0o644, false);
            }
            put("/opt/zookeeper/bin/zookeeper-ready", "#!/usr/bin/env bash\n".into(), 0o755, false);
        }
        Family::Bootcamp => put("/server.js", given::server_js().into(), 0o644, false),
        _ => {}
    }
    for (path, text, mode) in given::files(inside, world) {
        put(&path, text, mode, false);
    }
    // A mount hides what the image has there.
    let mounts: Vec<String> = inside.container.volume_mounts.iter().map(|mount| normal(&mount.mount_path)).collect();
    let kept = |path: &str, base: &Base| {
        base.seeded || !mounts.iter().any(|mount| below(path, mount).is_some()) || given::is_given(inside, path)
    };
    files.retain(|path, base| kept(path, base));
    files
}

fn has_ended(pod: &Pod, container: &Container) -> bool {
    let mut statuses = pod.status.container_statuses.iter();
    statuses.any(|status| status.name == container.name && status.state.terminated.is_some())
}

/// What a command has said that is a few words of a shell, and has ended.
fn told(container: &Container, began: Time) -> Vec<String> {
    let words: Vec<&str> = container.command.iter().chain(&container.args).map(|word| &**word).collect();
    let script = match &words[..] {
        [shell, flag, script, ..] if shell.ends_with("sh") && flag.starts_with('-') => script.replace("&&", ";"),
        other => other.join(" "),
    };
    let mut lines = Vec::new();
    for command in script.split([';', '\n']).map(str::trim).filter(|command| !command.contains(['>', '|', '$', '`'])) {
        match command.split_once(' ').unwrap_or((command, "")) {
            ("echo", rest) => lines.push(rest.trim().trim_matches(['"', '\'']).to_owned()),
            ("date", "") => lines.push(date(began)),
            ("exit", _) => break,
            _ => {}
        }
    }
    lines
}

/// `Thu Jan  1 00:01:02 UTC 2026`.
fn date(at: Time) -> String {
    let (year, _, day, hour, minute, second) = at.civil();
    let text = crate::text::instant(at);
    let (weekday, month) = (text.get(..3).unwrap_or_default(), text.get(8..11).unwrap_or_default());
    format!("{weekday} {month} {day:>2} {hour:02}:{minute:02}:{second:02} UTC {year}")
}

/// What its process says when it begins.
pub(super) fn log_lines(pod: &Pod, container: &Container, began: Time) -> Vec<String> {
    let at = began.rfc3339();
    let (day, time) = at.split_once('T').unwrap_or((&at, ""));
    let time = time.trim_end_matches('Z');
    let number = pod.metadata.name.rsplit('-').next().and_then(|end| end.parse::<u32>().ok()).unwrap_or(0) + 1;
    let lines: Vec<String> = match family(&container.image) {
        Family::Nginx => vec![
            "/docker-entrypoint.sh: Configuration complete; ready for start up".into(),
            format!("{} {time} [notice] 1#1: nginx/1.27.0", day.replace('-', "/")),
            format!("{} {time} [notice] 1#1: start worker processes", day.replace('-', "/")),
        ],
        Family::ZooKeeper => ["Processing ruok command from /127.0.0.1:39664", "Closed socket connection for client /127.0.0.1:39664 (no session established for client)"]
            .iter()
            .map(|said| format!("{day} {time},000 [myid:{number}] - INFO  [NIOServerCxn.Factory:0.0.0.0/0.0.0.0:2181:NIOServerCnxn@827] - {said}"))
            .collect(),
        Family::Redis => vec!["1:M * Ready to accept connections tcp".into()],
        Family::MySql => vec![format!("{at} 0 [System] [MY-010931] [Server] mysqld: ready for connections.")],
        Family::Postgres => vec![format!("{day} {time} UTC [1] LOG:  database system is ready to accept connections")],
        Family::Bootcamp => vec![
            format!("Kubernetes Bootcamp App Started At: {at} | Running On:  {}", pod.metadata.name),
        ],
        Family::HelloApp => vec![format!("{} {time} Server listening on port 8080", day.replace('-', "/"))],
        Family::RandomGenerator => vec!["Tomcat started on port(s): 8080 (http)".into()],
        _ if container.image.contains("coredns") => vec![".:53".into(), "CoreDNS-1.14.0".into(), "linux/amd64, go1.26".into()],
        _ if has_ended(pod, container) && !told(container, began).is_empty() => told(container, began),
        _ => {
            let words: Vec<&str> = container.command.iter().chain(&container.args).map(|word| &**word).collect();
            vec![format!("{at} {} started", if words.is_empty() { container.name.to_string() } else { words.join(" ") })]
        }
    };
    lines
}
