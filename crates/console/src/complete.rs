//! Completion of a line: verbs, kinds, names, flags.

use crate::select::kind_in;
use crate::{kubectl, verbs};
use petri_objects::Kind;
use petri_objects::order::Order as _;
use petri_sim::belief::api::custom;
use petri_sim::words::command::{Component, Probed};
use petri_sim::words::controller_id::ControllerId;
use petri_sim::world::World;

/// What could stand at the cursor (a byte of the line): whole words, in order, that begin with what is already there.
pub fn complete(line: &str, cursor: usize, world: &World) -> Vec<String> {
    let before = line.get(..cursor).unwrap_or(line);
    let command = before.rsplit([';', '\n']).next().unwrap_or(before);
    let command = command.rsplit("&&").next().unwrap_or(command);
    let mut words: Vec<&str> = command.split_whitespace().collect();
    let typed = if command.ends_with(char::is_whitespace) { "" } else { words.pop().unwrap_or("") };
    let mut candidates = candidates(&words, typed, world);
    candidates.retain(|word| word.starts_with(typed) && word != typed);
    candidates.order();
    candidates.dedup();
    candidates
}

fn candidates(words: &[&str], typed: &str, world: &World) -> Vec<String> {
    let texts = |list: &[&str]| list.iter().map(|word| word.to_string()).collect::<Vec<_>>();
    let words = match words {
        ["timeout", _, rest @ ..] => rest,
        words => words,
    };
    match words {
        [] => [&["kubectl", "dig", "help", "timeout"], verbs::VERBS].concat().iter().map(|w| w.to_string()).collect(),
        ["kubectl" | "k"] => texts(kubectl::VERBS),
        ["kubectl" | "k", rest @ ..] => after_kubectl(rest, typed, world),
        [verb, ..] if kubectl::VERBS.contains(verb) => after_kubectl(words, typed, world),
        ["cut" | "heal", "zone"] => world.machines.values().map(|machine| machine.zone().to_owned()).collect(),
        ["cut", _] if typed.starts_with('-') => texts(&["--incoming", "--outgoing"]),
        ["cut" | "heal"] => [machines(world), texts(&["zone"])].concat(),
        ["reboot"] | ["power", _] | ["stop" | "start", "kubelet"] | ["cut" | "heal", _] | ["delay", "link"] => {
            machines(world)
        }
        ["delay"] => texts(&["cache", "etcd", "link"]),
        ["delay", "etcd"] | ["delay", "link", _] => texts(&["0s", "200ms", "2s"]),
        ["delay", "cache", _] => texts(&["0s", "2s", "10s", "1m"]),
        ["fail" | "pass"] => Probed::ALL.map(|probe| probe.name().to_owned()).to_vec(),
        ["slow"] => texts(&["start", "stop"]),
        ["slow", "start" | "stop", _] | ["pause", _] if !words.contains(&"controller") => texts(&["20s", "60s"]),
        ["restart"] => Component::ALL.map(|component| component.name().to_owned()).to_vec(),
        ["power"] => texts(&["off", "on"]),
        ["stop" | "start"] => {
            [texts(&["kubelet", "provisioner"]), Component::ALL.map(|c| c.name().to_owned()).to_vec()].concat()
        }
        ["add"] => texts(&["machine"]),
        ["hold" | "release"] => texts(&["attach", "cache", "detach"]),
        ["read-only" | "read-write" | "ledger"] => {
            world.disks.iter().map(|disk| disk.claim.as_ref().map_or(&disk.volume, |c| &c.name).to_string()).collect()
        }
        ["lose"] => texts(&["reply"]),
        ["crash" | "pause" | "resume"] => [names(Kind::Pod, "pod/", world), texts(&["controller"])].concat(),
        ["hang" | "unhang" | "evict"] | ["fail" | "pass" | "slow", _] => names(Kind::Pod, "pod/", world),
        ["crash" | "pause" | "resume", "controller"] | ["hold" | "release" | "delay", "cache"] | ["lose", "reply"] => {
            ControllerId::ALL.into_iter().map(|controller| controller.name().to_owned()).collect()
        }
        ["run"] => texts(&["until", "10s", "60s", "6m"]),
        ["run", "until"] | ["why"] => targets(typed, world),
        ["run", "until", _] => texts(&["Ready", "NotReady", "Running", "Terminating", "Pending", "gone", "exists"]),
        ["help"] => texts(verbs::VERBS),
        ["dig"] => petri_sim::reality::dns::records(world.objects(), "default")
            .iter()
            .map(|record| record.name.trim_end_matches('.').to_owned())
            .collect(),
        _ => Vec::new(),
    }
}

fn after_kubectl(words: &[&str], typed: &str, world: &World) -> Vec<String> {
    let texts = |list: &[&str]| list.iter().map(|word| word.to_string()).collect::<Vec<_>>();
    let verb = words[0];
    if typed.starts_with('-') {
        return texts(flags(verb));
    }
    if words.last().is_some_and(|word| ["-n", "--namespace"].contains(word)) {
        return names(Kind::Namespace, "", world);
    }
    let plain: Vec<&str> = words[1..].iter().filter(|word| !word.starts_with('-')).copied().collect();
    let resource = |words: &[&str]| match words {
        [] => {
            let kinds: Vec<Kind> = Kind::every().chain(custom::kinds(world.objects())).collect();
            let mut all: Vec<String> = kinds.iter().map(|kind| kind.plural().to_owned()).collect();
            all.extend(kinds.iter().flat_map(|kind| kind.short_names().iter().map(|name| name.to_string())));
            all.extend(targets(typed, world));
            all
        }
        [kind, ..] => match kind_in(kind, world.objects()) {
            Ok(kind) => names(kind, "", world),
            Err(_) => targets(typed, world),
        },
    };
    match (verb, &plain[..]) {
        ("rollout", []) => texts(&["history", "pause", "restart", "resume", "status", "undo"]),
        ("set", []) => texts(&["image"]),
        ("rollout" | "set", [_, rest @ ..]) => resource(rest),
        ("cordon" | "uncordon" | "drain", _) => machines(world),
        ("taint", []) => texts(&["nodes"]),
        ("taint", _) => machines(world),
        ("explain", []) => Kind::every().map(|kind| kind.plural().to_owned()).collect(),
        ("apply" | "create" | "replace" | "events" | "explain", _) => Vec::new(),
        (_, words) => resource(words),
    }
}

/// Names of machines: those of nodes that are registered, and of others.
fn machines(world: &World) -> Vec<String> {
    let nodes = names(Kind::Node, "", world);
    world.machines.keys().map(|name| name.to_string()).chain(nodes).collect()
}

fn names(kind: Kind, prefix: &str, world: &World) -> Vec<String> {
    world.objects().list(kind).iter().map(|object| format!("{prefix}{}", object.meta().name)).collect()
}

/// `pod/web-0` and the like, once a kind is typed.
fn targets(typed: &str, world: &World) -> Vec<String> {
    match typed.split_once('/') {
        Some((kind, _)) => {
            kind_in(kind, world.objects()).map_or(Vec::new(), |found| names(found, &format!("{kind}/"), world))
        }
        None => ["pod/", "sts/", "deploy/", "pvc/", "node/"].map(String::from).to_vec(),
    }
}

fn flags(verb: &str) -> &'static [&'static str] {
    match verb {
        "get" => &[
            "--all-namespaces",
            "--field-selector=",
            "--no-headers",
            "--output=json",
            "--output=name",
            "--output=wide",
            "--output=yaml",
            "--selector=",
            "--show-labels",
            "--sort-by=",
            "--watch",
        ],
        "delete" => &[
            "--all",
            "--cascade=background",
            "--cascade=foreground",
            "--cascade=orphan",
            "--force",
            "--grace-period=",
            "--now",
            "--timeout=",
            "--wait=false",
        ],
        "scale" => &["--current-replicas=", "--replicas="],
        "apply" | "create" | "replace" => &["--filename="],
        "drain" => &[
            "--delete-emptydir-data",
            "--disable-eviction",
            "--force",
            "--grace-period=",
            "--ignore-daemonsets",
            "--timeout=",
        ],
        "rollout" => &["--revision=", "--timeout=", "--to-revision=", "--watch=false"],
        "wait" => &["--for=condition=Ready", "--for=delete", "--for=jsonpath=", "--timeout="],
        "label" | "annotate" | "taint" => &["--all", "--overwrite"],
        "patch" => &["--patch=", "--type=merge"],
        _ => &["--namespace=", "--selector="],
    }
}
