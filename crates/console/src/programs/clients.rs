//! Programs that come with an image: clients of ZooKeeper, Redis and Cassandra, as far as tutorials use them; those of MySQL
//! and PostgreSQL are in [`sql`](super::sql).
//!
//! What they keep lies in a file of the data folder, so on the disk of whatever is mounted there. ZooKeeper's nodes are
//! found on whichever member's disk they were written, as long as a majority of the members runs and is reached.

use super::inside::Container;
use super::sql;
use super::system::{Ran, System};

pub(super) fn run(name: &str, words: &[&str], input: Option<&str>, own: &mut Container<'_>) -> Ran {
    match name {
        "zkCli.sh" => zookeeper(words, own),
        "zookeeper-ready" => Ran::code(i32::from(members(own).is_none())),
        "zkServer.sh" => Ran::text("ZooKeeper JMX enabled by default\nMode: follower\n"),
        "redis-cli" => redis(words, own),
        "nodetool" => nodetool(words, own),
        "mysql" | "psql" => sql::run(name, words, input, own),
        "mysqladmin" => Ran::text("mysqld is alive\n"),
        "pg_isready" => Ran::text("/var/run/postgresql:5432 - accepting connections\n"),
        _ => Ran::failed(1, format!("{name}: nothing of it is simulated here")),
    }
}

/// The members of a quorum, if they are a majority.
fn members<'w>(own: &Container<'w>) -> Option<Vec<Container<'w>>> {
    let found = own.reached();
    let conf = own.text("/opt/zookeeper/conf/zoo.cfg").unwrap_or_default();
    let all = conf.lines().filter(|line| line.starts_with("server.")).count().max(1);
    (found.len() > all / 2).then_some(found)
}

const NODES: &str = "/var/lib/zookeeper/data/nodes";

/// The nodes of all members together, the newest last.
fn nodes(members: &[Container<'_>], own: &Container<'_>) -> Vec<(u64, String, String)> {
    let mut found = Vec::new();
    let texts =
        members.iter().filter(|member| member.inside.process.uid != own.inside.process.uid).map(|m| m.text(NODES));
    for text in texts.chain([own.text(NODES)]).flatten() {
        for line in text.lines() {
            let mut parts = line.splitn(3, ' ');
            let (Some(number), Some(path), value) = (parts.next(), parts.next(), parts.next()) else { continue };
            found.push((number.parse().unwrap_or(0), path.to_owned(), value.unwrap_or_default().to_owned()));
        }
    }
    found.sort();
    found.dedup();
    found
}

fn zookeeper(words: &[&str], own: &mut Container<'_>) -> Ran {
    let mut words = words.to_vec();
    if words.first() == Some(&"-server") {
        words.drain(..2.min(words.len()));
    }
    // At a terminal it was said when the client started.
    let (connecting, banner) = match own.terminal {
        Some(_) => ("", ""),
        None => (
            "Connecting to localhost:2181\n",
            "Connecting to localhost:2181\n\nWATCHER::\n\nWatchedEvent state:SyncConnected type:None path:null\n",
        ),
    };
    // Whoever connects from a terminal is not told yet whether there is a quorum.
    if words.is_empty() {
        return Ran::text(banner);
    }
    let Some(members) = members(own) else {
        let path = words.get(1).copied().unwrap_or("/");
        return Ran::failed(
            1,
            format!(
                "{connecting}Exception in thread \"main\" org.apache.zookeeper.KeeperException$ConnectionLossException: KeeperErrorCode = ConnectionLoss for {path}"
            ),
        );
    };
    let known = nodes(&members, own);
    drop(members);
    let last = known.iter().map(|(number, _, _)| *number).max().unwrap_or(0x1_0000_0001);
    let value = |path: &str| known.iter().rfind(|(_, own, _)| own == path).filter(|(_, _, value)| value != "\u{1}");
    let mut write = |path: &str, value: &str| {
        let line = format!("{} {path} {value}\n", last + 1);
        System::write(own, NODES, &line, true)
    };
    match words[..] {
        ["create", path, text] | ["create", path, text, ..] => match value(path) {
            Some(_) => Ran::failed(1, format!("{banner}Node already exists: {path}")),
            None => match write(path, text) {
                Ok(()) => Ran::text(format!("{banner}Created {path}\n")),
                Err(fault) => Ran::failed(1, format!("KeeperErrorCode = SystemError: {}", fault.as_str())),
            },
        },
        ["set", path, text] if value(path).is_some() => match write(path, text) {
            Ok(()) => Ran::text(banner),
            Err(fault) => Ran::failed(1, format!("KeeperErrorCode = SystemError: {}", fault.as_str())),
        },
        ["delete" | "rmr" | "deleteall", path] if value(path).is_some() => match write(path, "\u{1}") {
            Ok(()) => Ran::text(banner),
            Err(fault) => Ran::failed(1, format!("KeeperErrorCode = SystemError: {}", fault.as_str())),
        },
        ["get", path] => match value(path) {
            Some((number, _, text)) => Ran::text(format!(
                "{banner}{text}\ncZxid = {number:#x}\nmZxid = {number:#x}\npZxid = {number:#x}\ncversion = 0\ndataVersion = \
                 0\naclVersion = 0\nephemeralOwner = 0x0\ndataLength = {}\nnumChildren = 0\n",
                text.len()
            )),
            None => Ran::failed(1, format!("{banner}Node does not exist: {path}")),
        },
        ["ls", path] => {
            let mut names: Vec<&str> = known
                .iter()
                .filter(|(_, own, _)| value(own).is_some())
                .filter_map(|(_, own, _)| petri_sim::reality::files::below(own, path))
                .filter(|rest| !rest.is_empty() && !rest.contains('/'))
                .collect();
            names.push("zookeeper");
            names.sort_unstable();
            names.dedup();
            Ran::text(format!("{banner}[{}]\n", names.join(", ")))
        }
        ["set" | "delete" | "rmr" | "deleteall", path, ..] => {
            Ran::failed(1, format!("{banner}Node does not exist: {path}"))
        }
        _ => Ran::failed(1, "ZooKeeper -server host:port cmd args: create, get, set, delete and ls are simulated here"),
    }
}

fn redis(words: &[&str], own: &mut Container<'_>) -> Ran {
    let mut plain = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "-h" | "-p" | "-a" | "-n" => drop(words.next()),
            word if word.starts_with("--") => {}
            word => plain.push(word),
        }
    }
    let file = "/data/dump.petri";
    let keep = |own: &mut Container<'_>, key: &str, value: &str| {
        super::folders::run("mkdir", &["-p", "/data"], own);
        System::write(own, file, &format!("{key} {value}\n"), true)
    };
    let text = own.text(file).map(|text| text.to_string()).unwrap_or_default();
    let get = |key: &str| text.lines().rev().find_map(|line| line.split_once(' ').filter(|(own, _)| *own == key));
    let command = plain.first().map_or(String::new(), |word| word.to_lowercase());
    match (&*command, &plain[plain.len().min(1)..]) {
        ("ping", _) => Ran::text("PONG\n"),
        ("set", [key, value, ..]) => match keep(own, key, value) {
            Ok(()) => Ran::text("OK\n"),
            Err(_) => Ran::text(
                "(error) MISCONF Redis is configured to save RDB snapshots, but it is currently not able to persist on disk.\n",
            ),
        },
        ("get", [key]) => Ran::text(get(key).map_or("(nil)\n".into(), |(_, value)| format!("\"{value}\"\n"))),
        ("incr", [key]) => {
            let next = get(key).and_then(|(_, value)| value.parse::<i64>().ok()).unwrap_or(0).saturating_add(1);
            match keep(own, key, &next.to_string()) {
                Ok(()) => Ran::text(format!("(integer) {next}\n")),
                Err(fault) => Ran::failed(1, fault.as_str()),
            }
        }
        ("config", ["GET" | "get", name]) => {
            // Its file is the last word that the server was started with.
            let conf =
                own.inside.container.command.iter().chain(&own.inside.container.args).last().map(ToString::to_string);
            let conf = conf.and_then(|path| own.text(&path).ok()).unwrap_or_default();
            let said = conf.lines().rev().find_map(|line| line.trim().strip_prefix(*name)?.strip_prefix(' '));
            let usual = match *name {
                "maxmemory" => "0",
                "maxmemory-policy" => "noeviction",
                "appendonly" => "no",
                _ => "",
            };
            Ran::text(format!("1) \"{name}\"\n2) \"{}\"\n", bytes(said.map_or(usual, str::trim))))
        }
        ("info", _) => Ran::text("# Replication\nrole:master\nconnected_slaves:0\n"),
        // Its terminal was closed at once.
        ("", _) => Ran::default(),
        (other, _) => Ran::text(format!(
            "(error) ERR unknown command '{other}': PING, SET, GET, INCR and CONFIG GET are simulated here\n"
        )),
    }
}

/// `2mb` in bytes, as Redis tells it.
fn bytes(text: &str) -> String {
    let lower = text.to_lowercase();
    let digits = lower.find(|c: char| !c.is_ascii_digit()).unwrap_or(lower.len());
    let factor: u64 = match &lower[digits..] {
        "k" => 1_000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return text.to_owned(),
    };
    lower[..digits].parse::<u64>().map_or_else(|_| text.to_owned(), |number| number.saturating_mul(factor).to_string())
}

fn nodetool(words: &[&str], own: &Container<'_>) -> Ran {
    match words.first() {
        Some(&"status") => {}
        _ => return Ran::failed(1, "nodetool: status is simulated here"),
    }
    let members = own.reached();
    let mut text = String::from(
        "Datacenter: DC1-K8Demo\n======================\nStatus=Up/Down\n|/ State=Normal/Leaving/Joining/Moving\n\
         --  Address\tLoad\tTokens\tOwns (effective)\tHost ID\tRack\n",
    );
    // Two copies of everything, in tenths of a percent.
    let owns = 2_000 / members.len().max(2);
    for member in &members {
        let process = member.inside.process;
        text.push_str(&format!(
            "UN  {}\t83.57 KiB\t32\t{}.{}%\t{}\tRack1-K8Demo\n",
            process.ip,
            owns / 10,
            owns % 10,
            process.uid
        ));
    }
    let (head, rows) = text.split_at(text.find("--  ").unwrap_or(0));
    Ran::text(format!("{head}{}", crate::columns::DESCRIBE.align(rows)))
}
