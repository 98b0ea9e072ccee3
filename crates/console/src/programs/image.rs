//! What an image brings with it, as far as tutorials look at it: files, programs, and where a shell begins.

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

/// What an image is taken for, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Nginx,
    Apache,
    Busybox,
    Alpine,
    ZooKeeper,
    Redis,
    MySql,
    Postgres,
    Cassandra,
    Bootcamp,
    HelloApp,
    RandomGenerator,
    HostName,
    Echo,
    /// No shell, and no programs but its own.
    Bare,
    Other,
}

/// What an image is taken for.
pub(super) fn family(image: &str) -> Family {
    let path = image.split('@').next().unwrap_or(image);
    let last = path.rsplit('/').next().unwrap_or(path);
    let name = last.split(':').next().unwrap_or(last);
    match name {
        "nginx" | "nginx-slim" | "nginx-unprivileged" => Family::Nginx,
        "httpd" | "php-apache" | "hpa-example" | "wordpress" => Family::Apache,
        "busybox" => Family::Busybox,
        "alpine" | "curl" => Family::Alpine,
        "kubernetes-zookeeper" | "zookeeper" | "k8szk" => Family::ZooKeeper,
        "redis" | "valkey" => Family::Redis,
        "mysql" | "mariadb" => Family::MySql,
        "postgres" | "postgresql" => Family::Postgres,
        "cassandra" => Family::Cassandra,
        "kubernetes-bootcamp" => Family::Bootcamp,
        "hello-app" => Family::HelloApp,
        "random-generator" => Family::RandomGenerator,
        "agnhost" | "serve_hostname" | "serve-hostname" => Family::HostName,
        "echoserver" | "echo-server" => Family::Echo,
        "pause" | "coredns" | "etcd" | "goproxy" => Family::Bare,
        name if name.starts_with("kube-") || path.contains("distroless") => Family::Bare,
        _ => Family::Other,
    }
}

impl Family {
    pub fn has_shell(self) -> bool {
        self != Family::Bare
    }
    /// Programs that come with it and with no other.
    pub fn own_programs(self) -> &'static [&'static str] {
        match self {
            Family::ZooKeeper => &["zkCli.sh", "zkServer.sh", "zookeeper-ready", "java"],
            Family::Redis => &["redis-cli", "redis-server"],
            Family::MySql => &["mysql", "mysqladmin", "mysqld"],
            Family::Postgres => &["psql", "pg_isready", "postgres"],
            Family::Cassandra => &["nodetool", "cqlsh"],
            Family::Nginx => &["nginx"],
            _ => &[],
        }
    }
    /// Usual programs that it has not.
    pub fn lacks(self) -> &'static [&'static str] {
        match self {
            Family::Busybox => &["bash", "curl", "dig", "jq", "getent"],
            Family::Alpine => &["bash", "dig", "jq"],
            Family::Nginx | Family::Apache => &["dig", "jq", "zkCli.sh"],
            _ => &[],
        }
    }
    /// The ports that it listens to, if its container declares none.
    pub fn ports(self) -> &'static [u16] {
        match self {
            Family::Nginx | Family::Apache => &[80],
            Family::Bootcamp | Family::HelloApp | Family::RandomGenerator | Family::Echo => &[8080],
            Family::HostName => &[9376, 8080],
            Family::ZooKeeper => &[2181],
            Family::Redis => &[6379],
            Family::MySql => &[3306],
            Family::Postgres => &[5432],
            Family::Cassandra => &[9042],
            Family::Other => &[80, 8080],
            _ => &[],
        }
    }
    /// The folder whose files a web server shows.
    pub fn document_root(self) -> Option<&'static str> {
        match self {
            Family::Nginx => Some("/usr/share/nginx/html"),
            Family::Apache => Some("/usr/local/apache2/htdocs"),
            _ => None,
        }
    }
    /// The command line of its process, if the pod names none.
    pub fn command(self) -> &'static str {
        match self {
            Family::Nginx => "nginx: master process nginx -g daemon off;",
            Family::Apache => "httpd -DFOREGROUND",
            Family::ZooKeeper => {
                "/usr/lib/jvm/java-8-openjdk-amd64/bin/java -Dzookeeper.log.dir=/var/log/zookeeper \
                 -Dzookeeper.root.logger=INFO,CONSOLE -cp /usr/bin/../build/classes \
                 org.apache.zookeeper.server.quorum.QuorumPeerMain /usr/bin/../etc/zookeeper/zoo.cfg"
            }
            Family::Redis => "redis-server *:6379",
            Family::MySql => "mysqld",
            Family::Postgres => "postgres",
            Family::Cassandra => "java org.apache.cassandra.service.CassandraDaemon",
            Family::Bootcamp => "node server.js",
            Family::HelloApp => "/hello-app",
            Family::RandomGenerator => "java -jar random-generator.jar",
            Family::Busybox | Family::Alpine => "sh",
            _ => "/app",
        }
    }
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
    let host = super::process::host_name(inside);
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
    let words = super::process::command_of(inside);
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
            let page = "<html><body><h1>It works!</h1></body></html>\n";
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
        _ => {
            let words: Vec<&str> = container.command.iter().chain(&container.args).map(|word| &**word).collect();
            vec![format!("{at} {} started", if words.is_empty() { container.name.to_string() } else { words.join(" ") })]
        }
    };
    lines
}
