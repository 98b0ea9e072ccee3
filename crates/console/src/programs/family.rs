//! What an image is taken for, by its name.

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

/// What an image runs with the arguments of a container that names no command: images of curl take for an address what is
/// no program.
pub(super) fn entry(image: &str, words: Vec<String>) -> Vec<String> {
    let last = image.split('@').next().unwrap_or(image).rsplit('/').next().unwrap_or(image);
    let is_curl = matches!(last.split(':').next(), Some("curl" | "curl-jq"));
    let is_program = words.first().is_none_or(|first| first.starts_with('/') || super::names::is_program(first));
    match is_curl && !is_program {
        true => ["curl".to_owned()].into_iter().chain(words).collect(),
        false => words,
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
