//! Programs of the console itself, around kubectl: what is about texts and files of the editor, `curl` of what a port leads
//! to, and a sentence for tools that make clusters.

use super::made;
use super::network::{self, Fetched};
use super::system::{Ran, System};
use super::text;
use super::web::{self, Asker, Call};
use crate::host::{Files, Unread};
use crate::output::{Follow, Output, Slept};
use crate::session::Listens;
use crate::shell::is_like;
use petri_objects::{Kind, Span, Time};
use petri_sim::belief::api::shelf::Key;
use petri_sim::reality::files::Fault;
use petri_sim::world::World;
use std::collections::BTreeSet;

/// The home of the person at the console.
pub(crate) const HOME: &str = "/home/petri";

/// What came of a program, and the files that it wrote or removed.
pub(crate) struct Done {
    pub out: Output,
    pub written: Vec<(String, String)>,
    pub removed: Vec<String>,
}

/// The text of a file of the console.
pub(crate) fn read(files: &dyn Files, name: &str) -> Result<String, Fault> {
    match files.read(name) {
        Ok(text) => Ok(text),
        Err(Unread::Because(why)) if why.contains("folder") => Err(Fault::IsFolder),
        Err(_) => Err(Fault::Missing),
    }
}

struct Desk<'a> {
    files: &'a dyn Files,
    now: Time,
    written: Vec<(String, String)>,
}

impl System for Desk<'_> {
    fn read(&self, path: &str) -> Result<String, Fault> {
        if path == "/dev/null" {
            return Ok(String::new());
        }
        match self.written.iter().rev().find(|(name, _)| name == path) {
            Some((_, text)) => Ok(text.clone()),
            None => read(self.files, path),
        }
    }
    fn write(&mut self, path: &str, text: &str, append: bool) -> Result<(), Fault> {
        let before = if append { System::read(self, path).unwrap_or_default() } else { String::new() };
        self.written.push((path.into(), before + text));
        Ok(())
    }
    fn now(&self) -> Time {
        self.now
    }
}

/// Words of `xargs`, and those that it read.
pub(crate) fn xargs(words: &[String], input: &str) -> (Vec<String>, Vec<String>) {
    let mut own = words;
    while let Some((flag, rest)) = own.split_first().filter(|(flag, _)| flag.starts_with('-')) {
        own = if matches!(flag.as_str(), "-n" | "-I" | "-L" | "-P") { rest.get(1..).unwrap_or_default() } else { rest };
    }
    let replaces = words.iter().position(|word| word.starts_with("-I")).map(|at| match &words[at][2..] {
        "" => words.get(at + 1).cloned().unwrap_or_default(),
        attached => attached.to_owned(),
    });
    let given: Vec<String> = input.split_whitespace().map(str::to_owned).collect();
    match replaces.filter(|sign| !sign.is_empty()) {
        Some(sign) => (own.iter().map(|word| word.replace(&*sign, &given.join(" "))).collect(), Vec::new()),
        None => (own.to_vec(), given),
    }
}

/// The command of `watch`.
pub(crate) fn watched(words: &[String]) -> Vec<String> {
    let mut own = words;
    while let Some((flag, rest)) = own.split_first().filter(|(flag, _)| flag.starts_with('-')) {
        own = if flag == "-n" { rest.get(1..).unwrap_or_default() } else { rest };
    }
    match own {
        // One word is a line of its own.
        [line] => line.split_whitespace().map(str::to_owned).collect(),
        words => words.to_vec(),
    }
}

/// Runs a program of the console; `None` if there is none of this name.
#[inline(never)]
pub(crate) fn run(
    words: &[String],
    input: Option<&str>,
    listens: &[Listens],
    salt: u64,
    world: &World,
    files: &dyn Files,
) -> Option<Done> {
    let (name, rest) = words.split_first()?;
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    let mut desk = Desk { files, now: world.now, written: Vec::new() };
    let mut removed = Vec::new();
    let ran = match name.as_str() {
        "curl" | "wget" => {
            if let Some(done) = example(name == "wget", &rest, &mut desk) {
                done
            } else {
                let Fetched { ran, file } = curl(name, &rest, listens, salt, world);
                desk.written.extend(file);
                ran
            }
        }
        "ls" => {
            let paths: Vec<&str> = rest.iter().filter(|word| !word.starts_with('-')).copied().collect();
            list(if paths.is_empty() { &["."] } else { &paths }, files)
        }
        "rm" => {
            let mut ran = Ran::default();
            for path in rest.iter().filter(|word| !word.starts_with('-')) {
                let below = format!("{}/", path.trim_start_matches("./").trim_end_matches('/'));
                let own = files.names().into_iter().filter(|name| name.starts_with(&below));
                let inside: Vec<String> = own.collect();
                match read(files, path) {
                    _ if !inside.is_empty()
                        && rest.iter().any(|word| word.starts_with('-') && word.contains(['r', 'R'])) =>
                    {
                        removed.extend(inside);
                    }
                    Ok(_) => removed.push(path.trim_start_matches("./").to_owned()),
                    Err(_) if rest.contains(&"-f") || rest.contains(&"-rf") => {}
                    Err(fault) => {
                        ran = Ran::failed(1, format!("rm: cannot remove '{path}': {}", fault.as_str()));
                    }
                }
            }
            ran
        }
        "mv" => match rest.iter().filter(|word| !word.starts_with('-')).copied().collect::<Vec<_>>()[..] {
            [from, to] => match read(files, from) {
                Ok(text) => {
                    removed.push(from.trim_start_matches("./").to_owned());
                    desk.written.push((to.to_owned(), text));
                    Ran::default()
                }
                Err(fault) => Ran::failed(1, format!("mv: cannot stat '{from}': {}", fault.as_str())),
            },
            _ => Ran::failed(1, "mv: missing file operand"),
        },
        "openssl" => openssl(&rest, &mut desk),
        "pwd" => Ran::text(format!("{HOME}\n")),
        "cd" | "mkdir" | "rmdir" | "clear" | "wait" | "chmod" | "chown" | "touch" | "source" | "alias" | "unalias"
        | "disown" | "jobs" | "fg" | "bg" | "complete" | "set" | "unset" | "trap" => Ran::default(),
        "whoami" => Ran::text("petri\n"),
        "hostname" => Ran::text("petri\n"),
        "env" | "printenv" => Ran::text(format!("HOME={HOME}\n")),
        "exit" | "logout" => Ran::default(),
        "minikube" | "kind" | "kubeadm" | "helm" | "docker" | "gcloud" | "brew" | "apt" | "apt-get" | "git" | "vi"
        | "vim" | "nano" | "code" | "ssh" | "podman" | "k3d" | "eksctl" | "az" | "aws" | "nslookup" | "systemctl"
        | "sh" | "bash" | "zsh" | "ps" | "kill" | "pkill" | "tar" | "unzip" | "install" | "make" | "python"
        | "python3" | "pip" | "pip3" | "go" | "node" | "npm" | "mvn" | "journalctl" | "sysctl" | "modprobe"
        | "mount" | "umount" | "swapon" | "swapoff" | "iptables" | "iptables-save" | "ipvsadm" | "ip" | "ifconfig"
        | "netstat" | "ss" | "nc" | "ping" | "telnet" | "getent" | "host" | "nsenter" | "crictl" | "ctr"
        | "nerdctl" | "etcdctl" | "etcdutl" | "kubelet" | "kompose" | "cosign" | "cfssl" | "cfssljson" | "gpg"
        | "dnf" | "yum" | "zypper" | "snap" | "choco" | "scoop" | "winget" | "conda" | "mysql" | "psql"
        | "redis-cli" | "mongosh" | "mongo" | "cqlsh" | "zkCli.sh" | "ab" | "hey" | "skopeo" | "buildah" | "oc"
        | "terraform" | "ansible" | "stern" | "k9s" | "kubectx" | "kubens" | "krew" | "xdg-open" | "open" | "start"
        | "sc" | "less" | "more" | "man" | "lsof" => tool(name, &rest, world),
        _ => text::run(words, input, &mut desk)?,
    };
    let mut out = Output { stdout: ran.stdout, stderr: ran.stderr, code: ran.code, ..Output::default() };
    if ran.slept > Span::ZERO {
        let said = std::mem::take(&mut out.stdout);
        out.follow = Some(Follow::new(Slept { until: world.now + ran.slept, said }, None));
    }
    Some(Done { out, written: desk.written, removed })
}

/// `ls`, `ls FILE`, `ls FOLDER`: folders are what the names of files have before a slash.
fn list(paths: &[&str], files: &dyn Files) -> Ran {
    let all = files.names();
    let mut ran = Ran::default();
    for path in paths {
        let bare = path.trim_start_matches("./").trim_end_matches('/');
        let below = if matches!(bare, "." | "" | HOME) { String::new() } else { format!("{bare}/") };
        let inside = all.iter().filter_map(|name| name.strip_prefix(&*below)).filter(|rest| !rest.is_empty());
        let mut found: BTreeSet<&str> = inside.filter_map(|rest| rest.split('/').next()).collect();
        found.remove("");
        if all.iter().any(|name| name == bare) {
            found.insert(path);
        }
        found.extend(all.iter().map(String::as_str).filter(|name| path.contains('*') && is_like(name, bare)));
        if found.is_empty() && !below.is_empty() {
            ran.stderr.push_str(&format!("ls: cannot access '{path}': No such file or directory\n"));
            ran.code = 2;
        }
        if paths.len() > 1 && !below.is_empty() && !found.contains(path) {
            ran.stdout.push_str(&format!("{path}:\n"));
        }
        found.iter().for_each(|name| ran.stdout.push_str(&format!("{name}\n")));
    }
    ran
}

/// What `curl` asks of the API through `kubectl proxy`, if it is more than to read: the words that say the same to kubectl.
pub(crate) struct Asked {
    pub words: Vec<String>,
    pub input: Option<String>,
    /// What is shown when it is done.
    pub path: String,
}

/// `None` if a line of `curl` reads only, or asks somebody else.
///
/// # Errors
/// It asks for what is not done here, in words.
#[inline(never)]
pub(crate) fn asked(words: &[String], listens: &[Listens], files: &dyn Files) -> Option<Result<Asked, String>> {
    let (mut method, mut data, mut kind, mut url) = (None, None::<String>, "", None);
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let value = |rest: &mut std::slice::Iter<'_, String>| rest.next().cloned().unwrap_or_default();
        match word.as_str() {
            "-X" | "--request" => method = Some(value(&mut rest)),
            "-d" | "--data" | "--data-raw" | "--data-binary" | "--json" => {
                let more = value(&mut rest);
                data = Some(data.map_or(more.clone(), |known| format!("{known}&{more}")));
            }
            "-H" | "--header" => {
                let header = value(&mut rest).to_lowercase();
                kind = match header
                    .strip_prefix("content-type:")
                    .map_or("", |kind| kind.trim().split(';').next().unwrap_or(""))
                {
                    "application/json-patch+json" => "json",
                    "application/merge-patch+json" => "merge",
                    "application/strategic-merge-patch+json" => "strategic",
                    "application/apply-patch+yaml" => "apply",
                    _ => kind,
                };
            }
            flag if VALUED.contains(&flag) => drop(rest.next()),
            flag if flag.starts_with("-X") => method = Some(flag[2..].to_owned()),
            flag if flag.starts_with("--request=") => method = Some(flag[10..].to_owned()),
            // `-sX DELETE`
            flag if flag.starts_with('-') && !flag.starts_with("--") && flag.ends_with('X') => {
                method = Some(value(&mut rest));
            }
            flag if flag.starts_with('-') => {}
            address => url = url.or(Some(address.to_owned())),
        }
    }
    let own = web::address(&url?)?;
    let is_proxy = listens.iter().any(|known| known.port == own.port && known.target.is_none());
    if !is_proxy || own.host != "localhost" && !own.host.starts_with("127.") {
        return None;
    }
    let method = method.unwrap_or_else(|| if data.is_some() { "POST".into() } else { "GET".into() });
    if matches!(&*method, "GET" | "HEAD") {
        return None;
    }
    let (path, query) = own.path.split_once('?').unwrap_or((&own.path, ""));
    let refused = || format!("curl: {method} {path} is not simulated here: the same can be said to kubectl");
    let data = match data.as_deref().and_then(|data| data.strip_prefix('@')) {
        Some(file) => match read(files, file) {
            Ok(text) => Some(text),
            Err(fault) => return Some(Err(format!("curl: option -d: error opening '{file}': {}", fault.as_str()))),
        },
        None => data,
    };
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let rest = match &parts[..] {
        ["api", "v1", rest @ ..] | ["apis", _, _, rest @ ..] => rest,
        _ => return Some(Err(refused())),
    };
    let (namespace, rest) = match rest {
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some(*namespace), rest),
        rest => (None, rest),
    };
    let value = data.as_deref().and_then(|data| petri_manifest::parse(data).documents.into_iter().next());
    let text = |path: &[&str]| value.as_ref().and_then(|own| own.value.at(path)?.as_str().map(str::to_owned));
    let mut words: Vec<String> = Vec::new();
    let mut shown = path.to_owned();
    let mut input = None;
    match (&*method, rest) {
        ("DELETE", [resource, name]) => {
            let asked = query.split('&').find_map(|pair| pair.strip_prefix("propagationPolicy="));
            let cascade = asked.map(str::to_owned).or_else(|| text(&["propagationPolicy"]));
            let cascade = cascade.unwrap_or_else(|| "Background".into()).to_lowercase();
            words.extend(["delete", resource, name, "--wait=false"].map(String::from));
            words.push(format!("--cascade={cascade}"));
        }
        ("PATCH", [resource, name, below @ ..]) if matches!(below, [] | ["status"] | ["scale"]) && kind != "apply" => {
            let kind = if kind.is_empty() { "strategic" } else { kind };
            words.extend(["patch", resource, name, "--type", kind, "-p"].map(String::from));
            words.push(data.unwrap_or_default());
            words.extend(below.iter().map(|below| format!("--subresource={below}")));
        }
        ("POST", [_]) => {
            shown = format!("{}/{}", path.trim_end_matches('/'), text(&["metadata", "name"]).unwrap_or_default());
            words.extend(["create", "-f", "-"].map(String::from));
            input = Some(data.unwrap_or_default());
        }
        ("PUT", [_, _]) => {
            words.extend(["replace", "-f", "-"].map(String::from));
            input = Some(data.unwrap_or_default());
        }
        _ => return Some(Err(refused())),
    }
    words.extend(namespace.map(|namespace| format!("--namespace={namespace}")));
    Some(Ok(Asked { words, input, path: shown }))
}

/// What the API answers when that is done.
pub(crate) fn answered(asked: &Asked, done: Result<Output, String>, world: &World) -> Output {
    let failed = match done {
        Ok(out) if out.code == 0 => None,
        Ok(out) => Some(out.stderr),
        Err(problem) => Some(problem),
    };
    match failed {
        None => Output::text(crate::raw::answer(&asked.path, world).unwrap_or_else(|| {
            "{\n  \"kind\": \"Status\",\n  \"apiVersion\": \"v1\",\n  \"metadata\": {},\n  \"status\": \"Success\"\n}\n".into()
        })),
        Some(problem) => {
            let message = problem.trim().trim_start_matches("error: ");
            // `Error from server (NotFound): ...`
            let (reason, message) = match message.strip_prefix("Error from server (").and_then(|m| m.split_once("): ")) {
                Some((reason, message)) => (reason, message),
                None => ("BadRequest", message),
            };
            let shown = petri_objects::value::quoted(message);
            Output::text(format!(
                "{{\n  \"kind\": \"Status\",\n  \"apiVersion\": \"v1\",\n  \"metadata\": {{}},\n  \"status\": \
                 \"Failure\",\n  \"message\": {shown},\n  \"reason\": \"{reason}\"\n}}\n"
            ))
        }
    }
}

/// Flags of `curl` that take a word.
const VALUED: [&str; 16] = [
    "-o",
    "--output",
    "-w",
    "--write-out",
    "-m",
    "--max-time",
    "--connect-timeout",
    "-A",
    "-e",
    "--retry",
    "-u",
    "--cacert",
    "--cert",
    "--key",
    "-H",
    "--header",
];

/// `curl -LO https://k8s.io/examples/...`: the files of the official examples come with the product.
fn example(wget: bool, words: &[&str], desk: &mut Desk<'_>) -> Option<Ran> {
    let url = words.iter().find(|word| word.contains("://"))?;
    let address = web::address(url)?;
    if !address.host.contains('.') || address.host.parse::<std::net::Ipv4Addr>().is_ok() {
        return None;
    }
    let is_inside =
        [".local", ".svc"].iter().any(|end| address.host.ends_with(end)) || address.port != 80 && address.port != 443;
    if is_inside {
        return None;
    }
    Some(match desk.files.read(url) {
        Err(why) => {
            let why = if let Unread::Because(why) = why { why } else { "there is nothing here".into() };
            Ran::failed(6, format!("curl: (6) Could not resolve host: {}: {why}", address.host))
        }
        Ok(text) => {
            // `curl -O URL`, `curl -o FILE URL`, `wget URL`, `wget -O FILE URL`.
            let is_short = |word: &&&str| word.starts_with('-') && !word.starts_with("--");
            let after =
                |flag: &str| words.iter().position(|word| *word == flag).and_then(|at| words.get(at + 1)).copied();
            let (named, saves) = match wget {
                true => (after("-O"), !words.iter().filter(is_short).any(|word| word.contains('O'))),
                false => (after("-o"), words.iter().filter(is_short).any(|word| word.contains('O'))),
            };
            let base = url.rsplit('/').next().unwrap_or_default();
            match named.or(saves.then_some(base)) {
                None | Some("-") => Ran::text(text),
                Some(file) => {
                    desk.written.push((file.into(), text));
                    Ran::default()
                }
            }
        }
    })
}

/// `curl` from a person's own machine: ports that kubectl opened, addresses of machines, and what a load balancer leads to.
fn curl(name: &str, words: &[&str], listens: &[Listens], salt: u64, world: &World) -> Fetched {
    let asker = Asker { node: None, namespace: "default", own: None, salt, replays: None };
    // The first word that is no flag and belongs to none.
    let is_value = |at: usize| {
        at.checked_sub(1).is_some_and(|before| {
            VALUED.contains(&words[before]) || matches!(words[before], "-X" | "--request" | "-d" | "--data")
        })
    };
    let url =
        words.iter().enumerate().find(|(at, word)| !word.starts_with('-') && !is_value(*at)).map(|(_, word)| word);
    let local =
        url.and_then(|url| web::address(url)).filter(|own| own.host == "localhost" || own.host.starts_with("127."));
    if let Some(own) = &local
        && listens.iter().any(|known| known.port == own.port && known.target.is_none())
    {
        return Fetched { ran: proxied(&own.path, salt, world), file: None };
    }
    network::fetch(name, words, asker, world, &|host, port| {
        if host != "localhost" && !host.starts_with("127.") {
            return web::open(host, port, asker, world);
        }
        let Some((target, to)) = listens.iter().find(|own| own.port == port).and_then(|own| own.target.as_ref()) else {
            return Call::Refused;
        };
        to_target(target, *to, asker, world)
    })
}

fn to_target(target: &petri_objects::ObjectRef, port: u16, asker: Asker<'_>, world: &World) -> Call {
    let key = Key::new(&*target.namespace, &*target.name);
    match target.kind {
        Kind::Service => match world.objects().services.get(&key) {
            Some(service) => web::at_service(service, |own| own.port == i32::from(port), asker, world),
            None => Call::Refused,
        },
        _ => match world.objects().pods.get(&key) {
            Some(pod) => web::open(&pod.status.pod_ip, port, asker, world),
            None => Call::Refused,
        },
    }
}

/// What `kubectl proxy` answers to a path of the API.
fn proxied(path: &str, salt: u64, world: &World) -> Ran {
    let asker = Asker { node: None, namespace: "default", own: None, salt, replays: None };
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    if let ["api", "v1", "namespaces", namespace, kind @ ("pods" | "services"), name, "proxy", ref rest @ ..] =
        parts[..]
    {
        let (name, port) = name.split_once(':').unwrap_or((name, ""));
        let kind = if kind == "pods" { Kind::Pod } else { Kind::Service };
        let target = petri_objects::ObjectRef::new(kind, namespace, name);
        let key = Key::new(namespace, name);
        let usual = match kind {
            Kind::Pod => world.objects().pods.get(&key).and_then(|pod| {
                pod.spec.containers.iter().flat_map(|own| &own.ports).next().map(|port| port.container_port)
            }),
            _ => world.objects().services.get(&key).and_then(|own| own.spec.ports.first().map(|port| port.port)),
        };
        let number = port.parse().ok().or(usual.and_then(|port| u16::try_from(port).ok())).unwrap_or(80);
        return match to_target(&target, number, asker, world) {
            Call::Open { pod, container } => {
                match web::answer(&pod, &container, &format!("/{}", rest.join("/")), &made::replays(), world) {
                    Some(response) => Ran::text(response.body),
                    None => Ran::text(unavailable(&format!("error trying to reach {name}"))),
                }
            }
            _ => Ran::text(unavailable(&format!("error trying to reach service {name}"))),
        };
    }
    match crate::raw::answer(&format!("/{}", parts.join("/")), world) {
        Some(text) => Ran::text(text),
        None => Ran::text(
            "{\n  \"kind\": \"Status\",\n  \"apiVersion\": \"v1\",\n  \"status\": \"Failure\",\n  \"message\": \"the server \
             could not find the requested resource\",\n  \"reason\": \"NotFound\",\n  \"code\": 404\n}\n",
        ),
    }
}

fn unavailable(message: &str) -> String {
    format!(
        "{{\n  \"kind\": \"Status\",\n  \"apiVersion\": \"v1\",\n  \"status\": \"Failure\",\n  \"message\": \"{message}\",\n  \
         \"reason\": \"ServiceUnavailable\",\n  \"code\": 503\n}}\n"
    )
}

/// `openssl`: keys and certificates are made up, since nobody reads them; what it writes is there to be put into Secrets.
fn openssl(words: &[&str], desk: &mut Desk<'_>) -> Ran {
    let pem = |what: &str| {
        let text = petri_objects::kept::secret::encode(
            format!("petri: no {}, only its place", what.to_lowercase()).as_bytes(),
        );
        format!("-----BEGIN {what}-----\n{text}\n-----END {what}-----\n")
    };
    let asks = words.first().copied().unwrap_or_default();
    let after = |flag: &str| words.iter().position(|word| *word == flag).and_then(|at| words.get(at + 1)).copied();
    let made = match asks {
        "req" if !words.contains(&"-x509") => "CERTIFICATE REQUEST",
        "req" | "x509" | "ca" => "CERTIFICATE",
        "genrsa" | "genpkey" | "ecparam" | "rsa" | "ec" | "pkey" => "PRIVATE KEY",
        "rand" => {
            let bytes: Vec<u8> = (0..32_u8).map(|at| at.wrapping_mul(167).wrapping_add(41)).collect();
            return Ran::text(petri_objects::kept::secret::encode(&bytes) + "\n");
        }
        "version" => return Ran::text("OpenSSL 3.0.17 1 Jul 2025 (Library: OpenSSL 3.0.17 1 Jul 2025)\n"),
        _ => return Ran::failed(1, format!("openssl: {asks} is not done here: keys and certificates are made up")),
    };
    if let Some(key) = after("-keyout") {
        desk.written.push((key.to_owned(), pem("PRIVATE KEY")));
    }
    match after("-out") {
        Some(file) => {
            desk.written.push((file.to_owned(), pem(made)));
            Ran::default()
        }
        None if words.contains(&"-noout") => {
            Ran::failed(1, "openssl: nothing is to be read in certificates here: they are made up")
        }
        None => Ran::text(pem(made)),
    }
}

/// Tools that make clusters, or are about something else than a cluster: the obvious answer, or a sentence.
fn tool(name: &str, words: &[&str], world: &World) -> Ran {
    let address = world.machines.values().next().map_or("127.0.0.1".into(), |machine| machine.internal_ip.clone());
    let said = |text: &str| Ran::text(format!("{text}\n"));
    match (name, words) {
        ("minikube", ["ip", ..]) => Ran::text(format!("{address}\n")),
        ("minikube", ["status", ..]) => {
            said("minikube\ntype: Control Plane\nhost: Running\nkubelet: Running\napiserver: Running")
        }
        ("minikube", ["service", rest @ ..]) => {
            let Some(service) = rest.iter().find(|word| !word.starts_with('-')) else {
                return Ran::failed(1, "minikube: which Service?");
            };
            match world.objects().services.get(&Key::new("default", *service)) {
                None => Ran::failed(1, format!("minikube: Service '{service}' was not found in 'default' namespace.")),
                Some(own) => match own.spec.ports.iter().find(|port| port.node_port > 0) {
                    Some(port) => Ran::text(format!("http://{address}:{}\n", port.node_port)),
                    None => Ran::failed(1, format!("minikube: service default/{service} has no node port")),
                },
            }
        }
        ("minikube" | "kind" | "kubeadm" | "k3d", ["start" | "create" | "init", ..]) => {
            said("The cluster is there already: `kubectl get nodes` lists its machines, `add machine` adds one")
        }
        ("minikube" | "kind" | "k3d", ["delete" | "stop", ..]) => {
            said("This cluster stays; `reset` takes it back to what it began with")
        }
        (
            "minikube",
            ["addons", ..] | ["dashboard", ..] | ["tunnel", ..] | ["ssh", ..] | ["mount", ..] | ["cp", ..],
        ) => said("Nothing of minikube is needed here: the page itself shows the cluster"),
        ("minikube" | "kind" | "kubeadm" | "k3d", _) => {
            said("This cluster was made by Petri: there is nothing to set up")
        }
        ("vi" | "vim" | "nano" | "code", _) => {
            said("Files are edited in the editor of the page; `kubectl edit` opens an object there")
        }
        _ => Ran::failed(127, format!("{name}: this console has no {name}: it speaks to the simulated cluster alone")),
    }
}
