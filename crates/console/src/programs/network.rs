//! Programs that ask others: the DNS, web servers, any port.

use super::facts::host_name;
use super::family::Family;
use super::given;
use super::inside::Container;
use super::system::{Ran, System};
use super::web::{self, Address, Asker, Call, PATIENCE, Response};
use petri_objects::Name;
use petri_sim::reality::dns::{Data, RecordType};
use petri_sim::world::World;

pub(super) fn run(name: &str, words: &[&str], own: &mut Container<'_>) -> Ran {
    match name {
        "curl" | "wget" => {
            let asker = web::asker(own);
            let fetched = fetch(name, words, asker, own.world, &|host, port| web::open(host, port, asker, own.world));
            keep(fetched, name, own)
        }
        "nslookup" => nslookup(words, own),
        "host" => nslookup(words, own),
        "getent" => match words {
            ["hosts" | "ahosts", name] => match web::resolve(name, web::asker(own), own.world) {
                Ok(addresses) => Ran::text(addresses.iter().map(|a| format!("{a:<15} {name}\n")).collect::<String>()),
                Err(_) => Ran::code(2),
            },
            _ => Ran::failed(1, "usage: getent hosts NAME"),
        },
        "dig" => {
            let mut asked: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            asked.retain(|word| !word.starts_with('@'));
            if own.world.network.is_cut(&own.inside.machine.name) {
                return Ran::failed(9, ";; connection timed out; no servers could be reached");
            }
            match crate::dig::run(&asked, own.world) {
                Ok(out) => Ran::text(out.stdout),
                Err(problem) => Ran::failed(1, problem),
            }
        }
        "nc" | "ncat" | "telnet" => connect(name, words, own),
        "ping" => ping(words, own),
        _ => Ran::text(format!(
            "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536\n    inet 127.0.0.1/8 scope host lo\n2: eth0@if3: \
             <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500\n    inet {}/24 scope global eth0\n",
            own.inside.process.ip
        )),
    }
}

/// The name of an address, as the DNS has it.
fn name_of(address: &str, own: &Container<'_>) -> Option<Name> {
    let reversed: Vec<&str> = address.split('.').rev().collect();
    let name = format!("{}.in-addr.arpa", reversed.join("."));
    let (_, found) = crate::dig::ask(own.world.objects(), &name, RecordType::Ptr, None);
    found.records.iter().find_map(|record| match &record.data {
        Data::Ptr(name) => Some(name.trim_end_matches('.').into()),
        _ => None,
    })
}

fn nslookup(words: &[&str], own: &Container<'_>) -> Ran {
    let names: Vec<&&str> = words.iter().filter(|word| !word.starts_with('-')).collect();
    let Some(name) = names.first() else { return Ran::failed(1, "usage: nslookup NAME") };
    let server = given::name_server(own.world);
    if own.world.network.is_cut(&own.inside.machine.name) {
        return Ran::failed(1, ";; connection timed out; no servers could be reached");
    }
    let namespace = &own.inside.pod.metadata.namespace;
    let (asked, found) = crate::dig::ask(own.world.objects(), name, RecordType::A, Some(namespace));
    let addresses = found.addresses();
    let image = &own.inside.container.image;
    // BusyBox up to 1.28 numbers addresses and asks for their names.
    let is_old = own.family == Family::Busybox && image.rsplit(':').next().is_some_and(|tag| tag.starts_with("1.2"));
    if is_old {
        let mut text = format!("Server:    {server}\nAddress 1: {server} kube-dns.kube-system.svc.cluster.local\n\n");
        if addresses.is_empty() {
            let mut ran = Ran::failed(1, format!("nslookup: can't resolve '{name}'"));
            ran.stdout = text;
            return ran;
        }
        text.push_str(&format!("Name:      {name}\n"));
        for (address, number) in addresses.iter().zip(1..) {
            let own_name = name_of(address, own).map_or(String::new(), |name| format!(" {name}"));
            text.push_str(&format!("Address {number}: {address}{own_name}\n"));
        }
        return Ran::text(text);
    }
    let mut text = format!("Server:\t\t{server}\nAddress:\t{server}#53\n\n");
    if addresses.is_empty() {
        text.push_str(&format!("** server can't find {name}: NXDOMAIN\n\n"));
        return Ran { code: 1, ..Ran::text(text) };
    }
    let full = found.records.last().map_or(asked, |record| record.name.trim_end_matches('.').to_owned());
    for address in addresses {
        text.push_str(&format!("Name:\t{full}\nAddress: {address}\n"));
    }
    text.push('\n');
    Ran::text(text)
}

/// What `curl` or `wget` was told, and what came of it.
pub(super) struct Fetched {
    pub ran: Ran,
    /// The file to write, with its text.
    pub file: Option<(String, String)>,
}

/// Runs `curl` or `wget`.
pub(super) fn fetch(
    name: &str,
    words: &[&str],
    asker: Asker<'_>,
    world: &World,
    open: &dyn Fn(&str, u16) -> Call,
) -> Fetched {
    let done = |ran| Fetched { ran, file: None };
    let (mut urls, mut quiet, mut head, mut fails, mut output, mut format, mut limit) =
        (Vec::new(), name == "wget", false, false, None, None, PATIENCE);
    let (mut verbose, mut spider) = (false, false);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "-o" | "--output" if name == "curl" => output = words.next().map(|word| (*word).to_owned()),
            "-w" | "--write-out" => format = words.next().copied(),
            "-m" | "--max-time" | "--connect-timeout" | "-T" => {
                limit = words.next().and_then(|word| crate::args::duration(word)).unwrap_or(limit);
            }
            "-H" | "--header" | "-X" | "--request" | "-d" | "--data" | "-A" | "-e" | "--retry" | "-u" | "--cacert" => {
                words.next();
            }
            "-O" if name == "curl" => output = Some(String::new()),
            word if word.starts_with("-O") && name == "wget" => {
                let attached = &word[2..];
                let target = if attached.is_empty() { words.next().copied().unwrap_or("-") } else { attached };
                output = (target != "-").then(|| target.to_owned());
                quiet = true;
            }
            word if name == "wget" && word.starts_with("-q") => {
                quiet = true;
                if let Some(target) = word.strip_prefix("-qO") {
                    let target = if target.is_empty() { words.next().copied().unwrap_or("-") } else { target };
                    output = (target != "-").then(|| target.to_owned());
                }
            }
            word if word.starts_with("--timeout=") => limit = crate::args::duration(&word[10..]).unwrap_or(limit),
            "--spider" if name == "wget" => spider = true,
            word if word.starts_with("--") => fails |= word == "--fail",
            word if word.starts_with('-') && word.len() > 1 => {
                quiet |= word.contains('s');
                head |= word.contains('I');
                fails |= word.contains('f');
                verbose |= word.contains('v');
                if word.ends_with('O') && name == "curl" {
                    output = Some(String::new());
                }
            }
            word => urls.push(word),
        }
    }
    let Some(url) = urls.first() else {
        return done(Ran::failed(2, format!("{name}: try '{name} --help' for more information")));
    };
    let Some(Address { host, port, path }) = web::address(url) else {
        return done(Ran::failed(3, format!("{name}: (3) URL rejected: {url}")));
    };
    let base = path.rsplit('/').next().filter(|base| !base.is_empty()).unwrap_or("index.html").to_owned();
    let response = match open(&host, port) {
        Call::NoName => {
            let text = match name {
                "curl" => format!("curl: (6) Could not resolve host: {host}"),
                _ => format!("wget: bad address '{host}'"),
            };
            return done(Ran::failed(if name == "curl" { 6 } else { 1 }, text));
        }
        Call::Refused => {
            let text = match name {
                "curl" => {
                    format!("curl: (7) Failed to connect to {host} port {port} after 0 ms: Couldn't connect to server")
                }
                _ => format!("wget: can't connect to remote host ({host}): Connection refused"),
            };
            return done(Ran::failed(if name == "curl" { 7 } else { 1 }, text));
        }
        Call::TimedOut => {
            let milliseconds = limit.0 / 1_000;
            let text = match name {
                "curl" => format!("curl: (28) Connection timed out after {milliseconds} milliseconds"),
                _ => "wget: download timed out".into(),
            };
            let ran = Ran { slept: limit, ..Ran::failed(if name == "curl" { 28 } else { 1 }, text) };
            return done(ran);
        }
        Call::Open { pod, container } => {
            web::answer(&pod, &container, &path, &asker.replays.cloned().unwrap_or_default(), world)
        }
    };
    let Some(response) = response else {
        return done(Ran::failed(52, format!("{name}: (52) Empty reply from server")));
    };
    let mut ran = Ran::default();
    if response.status >= 400 && (fails || name == "wget") {
        let (status, reason) = (response.status, response.reason());
        return done(match name {
            "curl" => Ran::failed(22, format!("curl: (22) The requested URL returned error: {status}")),
            _ => Ran::failed(1, format!("wget: server returned error: HTTP/1.1 {status} {reason}")),
        });
    }
    if spider {
        let address = web::resolve(&host, asker, world).ok().and_then(|all| all.into_iter().next()).unwrap_or_default();
        ran.stderr = format!("Connecting to {host} ({address}:{port})\nremote file exists\n");
        return done(ran);
    }
    if verbose {
        ran.stderr = format!(
            "* Connected to {host} port {port}\n> GET {path} HTTP/1.1\n> Host: {host}\n>\n< HTTP/1.1 {} {}\n<\n",
            response.status,
            response.reason()
        );
    }
    let shown = if head { heads(&response) } else { response.body.clone() };
    let written = format.map_or(String::new(), |format| {
        format.replace("%{http_code}", &response.status.to_string()).replace("\\n", "\n")
    });
    let to_file = output.or((name == "wget" && !quiet).then(String::new));
    match to_file {
        Some(file) if file != "/dev/null" => {
            let file = if file.is_empty() { base } else { file };
            ran.stdout = written;
            Fetched { ran, file: Some((file, shown)) }
        }
        Some(_) => {
            ran.stdout = written;
            done(ran)
        }
        None => {
            ran.stdout = shown + &written;
            done(ran)
        }
    }
}

/// The lines above an answer.
fn heads(response: &Response) -> String {
    let (status, reason, length) = (response.status, response.reason(), response.body.len());
    format!("HTTP/1.1 {status} {reason}\nContent-Type: {}\nContent-Length: {length}\n\n", response.kind)
}

fn keep(fetched: Fetched, name: &str, own: &mut Container<'_>) -> Ran {
    let Fetched { mut ran, file } = fetched;
    if let Some((path, text)) = file {
        match System::write(own, &path, &text, false) {
            Ok(()) if name == "wget" => ran.stderr.push_str(&format!("'{path}' saved\n")),
            Ok(()) => {}
            Err(fault) => {
                ran.stderr.push_str(&format!("{name}: {path}: {}\n", fault.as_str()));
                ran.code = if name == "curl" { 23 } else { 1 };
            }
        }
    }
    ran
}

fn connect(name: &str, words: &[&str], own: &Container<'_>) -> Ran {
    let mut plain = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "-w" | "-i" => drop(words.next()),
            word if word.starts_with('-') => {}
            word => plain.push(word),
        }
    }
    let [host, port] = plain[..] else { return Ran::failed(1, format!("usage: {name} [-zv] HOST PORT")) };
    let Ok(number) = port.parse::<u16>() else { return Ran::failed(1, format!("{name}: bad port '{port}'")) };
    match web::open(host, number, web::asker(own), own.world) {
        Call::Open { .. } => Ran { stderr: format!("{host} ({host}:{port}) open\n"), ..Ran::default() },
        Call::NoName => Ran::failed(1, format!("{name}: bad address '{host}'")),
        Call::Refused => Ran::failed(1, format!("{name}: {host} ({host}:{port}): Connection refused")),
        Call::TimedOut => {
            Ran { slept: PATIENCE, ..Ran::failed(1, format!("{name}: {host} ({host}:{port}): Operation timed out")) }
        }
    }
}

fn ping(words: &[&str], own: &Container<'_>) -> Ran {
    let Some(host) = words.iter().rfind(|word| !word.starts_with('-') && word.parse::<u32>().is_err()) else {
        return Ran::failed(1, "usage: ping HOST");
    };
    let addresses = match web::resolve(host, web::asker(own), own.world) {
        Ok(addresses) => addresses,
        Err(_) => return Ran::failed(2, format!("ping: bad address '{host}'")),
    };
    let address = addresses.first().cloned().unwrap_or_default();
    let node = &own.inside.machine.name;
    let answers = own.world.machines.values().any(|machine| {
        machine.processes.values().any(|process| process.ip == address)
            && own.world.network.connects(node, &machine.name)
    });
    // Addresses of Services answer no pings.
    let answers = answers || address.starts_with("127.") || *address == *host_name(&own.inside);
    let title = format!("PING {host} ({address}): 56 data bytes\n");
    if answers {
        let lines: String = (0..3).map(|n| format!("64 bytes from {address}: seq={n} ttl=64 time=0.1 ms\n")).collect();
        return Ran::text(format!(
            "{title}{lines}\n--- {host} ping statistics ---\n3 packets transmitted, 3 packets received, 0% packet loss\n"
        ));
    }
    let lost = "3 packets transmitted, 0 packets received, 100% packet loss\n";
    Ran { code: 1, ..Ran::text(format!("{title}\n--- {host} ping statistics ---\n{lost}")) }
}
