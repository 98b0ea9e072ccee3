//! Programs that come with an image: clients of ZooKeeper, Redis, Cassandra, MySQL and PostgreSQL, as far as tutorials use
//! them.
//!
//! What they keep lies in a file of the data folder, so on the disk of whatever is mounted there. ZooKeeper's nodes are
//! found on whichever member's disk they were written, as long as a majority of the members runs and is reached.
//!
//! Deviation: MySQL knows `SELECT @@server_id`, `CREATE`, `INSERT INTO` with values and `SELECT *`; PostgreSQL the same.

use super::inside::Container;
use super::system::{Ran, System};
use super::web::{self, Call};
use petri_objects::{Kind, ObjectRef};
use petri_sim::reality::files::normal;

pub(super) fn run(name: &str, words: &[&str], input: Option<&str>, own: &mut Container<'_>) -> Ran {
    match name {
        "zkCli.sh" => zookeeper(words, own),
        "zookeeper-ready" => Ran::code(i32::from(members(own).is_none())),
        "zkServer.sh" => Ran::text("ZooKeeper JMX enabled by default\nMode: follower\n"),
        "redis-cli" => redis(words, own),
        "nodetool" => nodetool(words, own),
        "mysql" | "psql" => sql(name, words, input, own),
        "mysqladmin" => Ran::text("mysqld is alive\n"),
        "pg_isready" => Ran::text("/var/run/postgresql:5432 - accepting connections\n"),
        _ => Ran::failed(1, format!("{name}: nothing of it is simulated here")),
    }
}

/// The pods of the same set, with their containers, that run, answer and are reached.
fn reached<'w>(own: &Container<'w>) -> Vec<Container<'w>> {
    let meta = &own.inside.pod.metadata;
    let owner = meta.controller().map(|owner| owner.uid);
    let world = own.world;
    let pods = world.objects().pods.in_namespace(&meta.namespace);
    let same = pods.filter(|pod| {
        pod.metadata.controller().map(|o| o.uid) == owner && owner.is_some() || pod.metadata.uid == meta.uid
    });
    let found = same.filter_map(|pod| {
        let target = ObjectRef::new(Kind::Pod, pod.metadata.namespace.clone(), pod.metadata.name.clone());
        Container::of(&target, &own.inside.container.name, world, 0)
    });
    let here = &own.inside.machine.name;
    found
        .filter(|other| other.inside.process.answers && world.network.connects(here, &other.inside.machine.name))
        .collect()
}

/// The members of a quorum, if they are a majority.
fn members<'w>(own: &Container<'w>) -> Option<Vec<Container<'w>>> {
    let found = reached(own);
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
    let banner = "Connecting to localhost:2181\n\nWATCHER::\n\nWatchedEvent state:SyncConnected type:None path:null\n";
    let Some(members) = members(own) else {
        let path = words.get(1).copied().unwrap_or("/");
        return Ran::failed(
            1,
            format!(
                "Connecting to localhost:2181\nException in thread \"main\" org.apache.zookeeper.KeeperException$ConnectionLossException: KeeperErrorCode = ConnectionLoss for {path}"
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
    let text = own.text(file).map(|text| text.to_string()).unwrap_or_default();
    let get = |key: &str| text.lines().rev().find_map(|line| line.split_once(' ').filter(|(own, _)| *own == key));
    let command = plain.first().map_or(String::new(), |word| word.to_lowercase());
    match (&*command, &plain[plain.len().min(1)..]) {
        ("ping", _) => Ran::text("PONG\n"),
        ("set", [key, value, ..]) => match System::write(own, file, &format!("{key} {value}\n"), true) {
            Ok(()) => Ran::text("OK\n"),
            Err(_) => Ran::text(
                "(error) MISCONF Redis is configured to save RDB snapshots, but it is currently not able to persist on disk.\n",
            ),
        },
        ("get", [key]) => Ran::text(get(key).map_or("(nil)\n".into(), |(_, value)| format!("\"{value}\"\n"))),
        ("incr", [key]) => {
            let next = get(key).and_then(|(_, value)| value.parse::<i64>().ok()).unwrap_or(0).saturating_add(1);
            match System::write(own, file, &format!("{key} {next}\n"), true) {
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
        ("", _) => Ran::text("127.0.0.1:6379> \n"),
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
    let members = reached(own);
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

/// The statements of `-e`, `-c` or standard input, on tables that lie in the data folder.
fn sql(name: &str, words: &[&str], input: Option<&str>, own: &mut Container<'_>) -> Ran {
    let flag = if name == "mysql" { "-e" } else { "-c" };
    let statements = words.iter().position(|word| *word == flag).and_then(|at| words.get(at + 1).copied());
    let Some(text) = statements.or(input) else { return Ran::text(format!("{name}> \n")) };
    let folder = if name == "mysql" { "/var/lib/mysql" } else { "/var/lib/postgresql/data" };
    let host = words.iter().position(|word| *word == "-h").and_then(|at| words.get(at + 1).copied());
    if let Some(host) = host.filter(|host| !["localhost", "127.0.0.1", &**own.pod_name()].contains(host)) {
        return asked(name, host, text, own);
    }
    let mut ran = Ran::default();
    for statement in text.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
        let one = statement_of(name, folder, statement, own);
        ran.stdout.push_str(&one.stdout);
        ran.stderr.push_str(&one.stderr);
        if one.code != 0 {
            ran.code = one.code;
            return ran;
        }
    }
    ran
}

/// The same, asked of a server elsewhere.
fn asked(name: &str, host: &str, text: &str, own: &mut Container<'_>) -> Ran {
    let (port, flag) = if name == "mysql" { (3306, "-e") } else { (5432, "-c") };
    let call = web::open(host, port, web::asker(own), own.world);
    let (pod, container) = match call {
        Call::Open { pod, container } => (pod, container),
        Call::NoName => return Ran::failed(1, format!("ERROR 2005 (HY000): Unknown MySQL server host '{host}' (0)")),
        Call::Refused | Call::TimedOut => {
            return Ran::failed(1, format!("ERROR 2003 (HY000): Can't connect to MySQL server on '{host}' (111)"));
        }
    };
    let Some(mut server) = Container::of(&pod, &container, own.world, own.salt) else {
        return Ran::failed(1, format!("ERROR 2003 (HY000): Can't connect to MySQL server on '{host}' (111)"));
    };
    let ran = sql(name, &[flag, text], None, &mut server);
    own.elsewhere.extend(server.did(&pod));
    ran
}

fn statement_of(name: &str, folder: &str, statement: &str, own: &mut Container<'_>) -> Ran {
    let words: Vec<&str> = statement.split_whitespace().collect();
    let upper: Vec<String> = words.iter().map(|word| word.to_uppercase()).collect();
    let upper: Vec<&str> = upper.iter().map(String::as_str).collect();
    let table = |at: usize| {
        let name = words.get(at).copied().unwrap_or_default();
        let name = name.split('(').next().unwrap_or(name).trim_matches(['`', '"']);
        normal(&format!("{folder}/{}.table", name.replace('.', "/")))
    };
    let missing = |path: &str| Ran::failed(1, format!("ERROR 1146 (42S02) at line 1: Table '{path}' doesn't exist"));
    match upper[..] {
        ["CREATE", "DATABASE", ..] | ["USE", ..] | ["SET", ..] | ["DROP", ..] => Ran::default(),
        ["CREATE", "TABLE", ..] => {
            let at = words
                .iter()
                .position(|word| word.contains('('))
                .map_or(2, |at| if words[at].starts_with('(') { at - 1 } else { at });
            let path = table(at.max(2));
            let columns = statement.split_once('(').map_or("", |(_, rest)| rest);
            let names: Vec<&str> = columns.split(',').filter_map(|column| column.split_whitespace().next()).collect();
            let parent = path.rsplit_once('/').map_or("/", |(folder, _)| folder).to_owned();
            if own.stat(&path).is_none() {
                super::folders::run("mkdir", &["-p", &parent], own);
                if let Err(fault) = System::write(own, &path, &format!("{}\n", names.join("\t")), false) {
                    return Ran::failed(1, format!("ERROR 1030 (HY000): {}", fault.as_str()));
                }
            }
            Ran::default()
        }
        ["INSERT", "INTO", ..] => {
            let path = table(2);
            let values =
                statement.find("VALUES").or_else(|| statement.find("values")).map_or("", |at| &statement[at + 6..]);
            let mut lines = String::new();
            for row in values.split(')').filter_map(|row| row.split_once('(')).map(|(_, row)| row) {
                let cells: Vec<&str> = row.split(',').map(|cell| cell.trim().trim_matches(['\'', '"'])).collect();
                lines.push_str(&(cells.join("\t") + "\n"));
            }
            if own.stat(&path).is_none() {
                return missing(words.get(2).copied().unwrap_or_default());
            }
            match System::write(own, &path, &lines, true) {
                Ok(()) => Ran::default(),
                Err(fault) => Ran::failed(1, format!("ERROR 1030 (HY000): {}", fault.as_str())),
            }
        }
        ["SELECT", ..] if upper.contains(&"FROM") => {
            let at = upper.iter().position(|word| *word == "FROM").unwrap_or(0) + 1;
            // Replicas have what their primary has.
            let path = table(at);
            let elsewhere = || reached(own).iter().find_map(|other| other.text(&path).ok());
            match own.text(&path).ok().or_else(elsewhere).ok_or(()) {
                Ok(text) => Ran::text(grid(
                    name,
                    text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect(),
                )),
                Err(_) => missing(words.get(at).copied().unwrap_or_default()),
            }
        }
        ["SELECT", ..] => {
            let ordinal = own.pod_name().rsplit('-').next().and_then(|end| end.parse::<u32>().ok()).unwrap_or(0);
            let asked = words[1..].join(" ");
            let columns: Vec<String> = asked.split(',').map(|column| column.trim().to_owned()).collect();
            let values = columns.iter().map(|column| match &*column.to_lowercase() {
                "@@server_id" => (100 + ordinal).to_string(),
                "now()" => own.now().rfc3339().replace('T', " ").trim_end_matches('Z').to_owned(),
                "@@hostname" => own.pod_name().to_string(),
                other => other.trim_matches('\'').to_owned(),
            });
            let values = values.collect();
            Ran::text(grid(name, vec![columns, values]))
        }
        ["SHOW", "DATABASES"] => Ran::text(grid(name, vec![vec!["Database".into()], vec!["mysql".into()]])),
        _ => Ran::failed(
            1,
            format!(
                "ERROR 1064 (42000) at line 1: CREATE, INSERT INTO, SELECT and SHOW DATABASES are simulated here: {statement}"
            ),
        ),
    }
}

/// A table as the clients draw one.
fn grid(name: &str, rows: Vec<Vec<String>>) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let rule: String = (0..columns).map(|at| format!("+{}", "-".repeat(width(at) + 2))).collect::<String>() + "+\n";
    let line = |row: &Vec<String>| {
        let cells = (0..columns).map(|at| format!("| {:<1$} ", row.get(at).map_or("", String::as_str), width(at)));
        cells.collect::<String>() + "|\n"
    };
    let mut text = if name == "mysql" { rule.clone() } else { String::new() };
    for (row, number) in rows.iter().zip(0..) {
        text.push_str(&line(row));
        if number == 0 {
            text.push_str(&rule);
        }
    }
    if name == "mysql" {
        text.push_str(&rule);
    } else {
        text.push_str(&format!("({} rows)\n\n", rows.len().saturating_sub(1)));
    }
    text
}
