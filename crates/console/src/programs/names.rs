//! Which programs there are, by what they are about.

/// What reads and writes texts, in the console and in containers alike.
pub(super) const TEXT: &[&str] = &[
    "echo", "printf", "cat", "head", "tail", "grep", "egrep", "fgrep", "wc", "sort", "uniq", "cut", "tr", "sed", "awk",
    "tee", "tac", "rev", "nl", "seq", "base64", "jq", "date", "sleep", "true", "false", "test", "[", "[[", "expr",
    "basename", "dirname", "yes", "column",
];
/// What is about files and folders.
pub(super) const FOLDERS: &[&str] = &[
    "ls", "rm", "mkdir", "rmdir", "touch", "chmod", "chown", "mv", "cp", "df", "du", "mount", "find", "stat", "dd",
    "truncate", "sync", "ln", "readlink", "tree", "tar",
];
/// What is about the container itself.
pub(super) const PROCESS: &[&str] = &[
    "hostname", "env", "printenv", "id", "whoami", "uname", "ps", "kill", "pkill", "killall", "pgrep", "nproc",
    "uptime", "top", "free", "nginx", "java", "apt-get", "apt", "apk", "yum",
];
/// What asks others.
pub(super) const NETWORK: &[&str] =
    &["nslookup", "dig", "host", "getent", "curl", "wget", "nc", "ncat", "ping", "telnet", "ip"];
/// What comes with an image.
pub(super) const CLIENTS: &[&str] = &[
    "zkCli.sh",
    "zkServer.sh",
    "zookeeper-ready",
    "redis-cli",
    "redis-server",
    "nodetool",
    "cqlsh",
    "mysql",
    "mysqladmin",
    "mysqld",
    "psql",
    "pg_isready",
    "postgres",
];
/// What a shell does by itself.
pub(super) const SHELLS: &[&str] = &["sh", "bash", "ash", "dash", "cd", "pwd", "which", "type", "eval"];

/// Whether a container may have a program of this name.
pub(super) fn is_program(name: &str) -> bool {
    [TEXT, FOLDERS, PROCESS, NETWORK, CLIENTS, SHELLS].iter().any(|names| names.contains(&name))
}
