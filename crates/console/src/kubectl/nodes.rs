//! `kubectl taint`, `cordon`, `uncordon`.

use super::context::{Context, not_found};
use crate::args::{self, Arguments, Flag, NAMESPACE, SELECTOR, switch};
use crate::errors::{answer_text, api_error};
use crate::host::Host;
use crate::limits::{MOST_NAMES, beyond};
use crate::output::{Failure, Output};
use crate::select::{LabelFilter, reference};
use petri_objects::{Kind, Name, Node, Taint};
use petri_sim::words::command::Command;
use petri_sim::words::note::Answer;
use std::rc::Rc;

/// The nodes that words or a selector mean.
pub(super) fn nodes(
    names: &[String],
    arguments: &Arguments,
    context: &Context<'_>,
    out: &mut Output,
) -> Result<Vec<Rc<Node>>, Failure> {
    let objects = context.host.world().objects();
    if let Some(selector) = arguments.last("selector") {
        let filter = LabelFilter::parse(selector)?;
        return Ok(objects.nodes.values().filter(|node| filter.matches(&node.metadata.labels)).cloned().collect());
    }
    let mut found = Vec::new();
    for name in names {
        let name = name.strip_prefix("node/").or(name.strip_prefix("nodes/")).unwrap_or(name);
        let target = reference(Kind::Node, "", name);
        match objects.get(&target).map(Rc::<Node>::try_from) {
            Some(Ok(node)) => found.push(node),
            _ => out.fail(not_found(Kind::Node, name)),
        }
    }
    Ok(found)
}

#[inline(never)]
pub(super) fn cordon(verb: &str, words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    const FLAGS: &[Flag] = &[NAMESPACE, SELECTOR];
    let arguments = args::parse(words, FLAGS, &format!("kubectl {verb}"))?;
    if arguments.words.is_empty() && arguments.last("selector").is_none() {
        return Err(format!("error: USAGE: {verb} NODE [flags]\nSee 'kubectl {verb} -h' for help and examples"));
    }
    let mut out = Output::default();
    for node in nodes(&arguments.words, &arguments, context, &mut out)? {
        set_cordon(&node, verb == "cordon", context.host, &mut out);
    }
    Ok(out)
}

/// Cordons a node or takes that back; what is so already is only said.
pub(super) fn set_cordon(node: &Node, on: bool, host: &mut dyn Host, out: &mut Output) {
    let name = node.metadata.name.clone();
    if node.spec.unschedulable == on {
        return out.line(answer_text(&Answer::Cordoned { node: name, on, changed: false }));
    }
    match host.command(Command::Cordon { node: name, on }) {
        Ok(answer) => out.line(answer_text(&answer)),
        Err(error) => out.fail(api_error(&error, None)),
    }
}

const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

/// What is to be removed: a key, and an effect unless all are meant.
#[derive(Debug, PartialEq, Eq)]
struct Removal {
    key: String,
    effect: Option<String>,
}

/// Reads `key=value:effect` and `key:effect-`.
fn read(words: &[String]) -> Result<(Vec<Taint>, Vec<Removal>), Failure> {
    let (mut add, mut remove) = (Vec::new(), Vec::new());
    for word in words {
        let effect_is_known = |effect: &str| if EFFECTS.contains(&effect) { Ok(()) } else { Err(no_effect(effect)) };
        if let Some(word) = word.strip_suffix('-') {
            let (key, effect) = word.split_once(':').map_or((word, None), |(key, effect)| (key, Some(effect)));
            if let Some(effect) = effect {
                effect_is_known(effect)?;
            }
            let key = key.split_once('=').map_or(key, |(key, _)| key);
            remove.push(Removal { key: key.into(), effect: effect.map(String::from) });
            continue;
        }
        let Some((pair, effect)) = word.split_once(':') else {
            return Err(no_taint(word));
        };
        effect_is_known(effect)?;
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        add.push(Taint { key: key.into(), value: value.into(), effect: effect.into(), ..Taint::default() });
    }
    Ok((add, remove))
}

#[inline(never)]
fn no_effect(effect: &str) -> Failure {
    format!(
        "error: invalid taint effect: {effect}, unsupported taint effect\nSee 'kubectl taint -h' for help and examples"
    )
}

#[inline(never)]
fn no_taint(word: &str) -> Failure {
    let name = word.rsplit('/').next().unwrap_or(word);
    let why = if is_name(name) { String::new() } else { format!(", {NAME_PART}") };
    format!("error: invalid taint spec: {word}{why}")
}

/// What is said of a key that is no qualified name.
const NAME_PART: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
                         alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
                         '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

fn is_name(text: &str) -> bool {
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let bytes = text.as_bytes();
    ends(bytes.first()) && ends(bytes.last()) && bytes.iter().all(|byte| inside(*byte))
}

#[inline(never)]
pub(super) fn taint(words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    const FLAGS: &[Flag] = &[NAMESPACE, SELECTOR, switch("overwrite"), switch("all")];
    let mut arguments = args::parse(words, FLAGS, "kubectl taint")?;
    let mut words = std::mem::take(&mut arguments.words);
    match words.first().map(String::as_str) {
        Some("node" | "nodes" | "no") => {
            words.remove(0);
        }
        Some(first) if first.starts_with("node/") || first.starts_with("nodes/") => {}
        None => return Err("error: one or more resources must be specified as <resource> <name>".into()),
        _ => return Err("error: invalid resource type, only node(s) is supported".into()),
    }
    let is_taint = |word: &String| word.contains(':') || word.contains('=') || word.ends_with('-');
    let at = words.iter().position(is_taint).unwrap_or(words.len());
    let taints = words.split_off(at);
    if taints.len() > MOST_NAMES {
        return Err(beyond("a command names", MOST_NAMES, "taints"));
    }
    let (add, remove) = read(&taints)?;
    if add.is_empty() && remove.is_empty() {
        return Err("error: at least one taint update is required".into());
    }
    if words.is_empty() && arguments.is_set("all") {
        words = context.host.world().objects().nodes.values().map(|n| n.metadata.name.to_string()).collect();
    }
    let mut out = Output::default();
    for node in nodes(&words, &arguments, context, &mut out)? {
        match changes(&node, &add, &remove, arguments.is_set("overwrite")) {
            Ok((add, remove)) => {
                let replaces = add.iter().any(|taint| is_there(&node, taint));
                let command = Command::Taint { node: node.metadata.name.clone(), add, remove };
                match context.host.command(command) {
                    Ok(_) if replaces => out.line(format!("node/{} modified", node.metadata.name)),
                    Ok(answer) => out.line(answer_text(&answer)),
                    Err(error) => out.fail(api_error(&error, None)),
                }
            }
            Err(problem) => out.fail(problem),
        }
    }
    Ok(out)
}

fn is_there(node: &Node, taint: &Taint) -> bool {
    node.spec.taints.iter().any(|own| own.key == taint.key && own.effect == taint.effect)
}

// What is refused is said by functions of their own, so that the page can fetch them when they are needed.

#[inline(never)]
fn taken(node: &Node, add: &[Taint]) -> Failure {
    let taken: Vec<&str> = add.iter().filter(|new| is_there(node, new)).map(|new| &*new.key).collect();
    format!(
        "error: node {} already has {} taint(s) with same effect(s) and --overwrite is false",
        node.metadata.name,
        taken.join(",")
    )
}

#[inline(never)]
fn missing(removal: &Removal) -> Failure {
    let shown = match &removal.effect {
        Some(effect) => format!("{}:{effect}", removal.key),
        None => removal.key.clone(),
    };
    format!("error: taint \"{shown}\" not found")
}

/// What has to be added to a node and removed from it.
fn changes(
    node: &Node,
    add: &[Taint],
    remove: &[Removal],
    overwrite: bool,
) -> Result<(Vec<Taint>, Vec<Taint>), Failure> {
    let known = &node.spec.taints;
    if !overwrite && add.iter().any(|new| is_there(node, new)) {
        return Err(taken(node, add));
    }
    let mut gone = Vec::new();
    for removal in remove {
        let same = |taint: &&Taint| {
            *taint.key == *removal.key && removal.effect.as_deref().is_none_or(|effect| *effect == *taint.effect)
        };
        let before = gone.len();
        gone.extend(known.iter().filter(same).cloned());
        if gone.len() == before {
            return Err(missing(removal));
        }
    }
    // What is removed is named by key and effect alone.
    for taint in &mut gone {
        taint.value = Name::default();
        taint.time_added = petri_objects::Time::ZERO;
    }
    Ok((add.to_vec(), gone))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(words: &str, overwrite: bool) -> Result<(Vec<Taint>, Vec<Taint>), Failure> {
        let mut node = Node::default();
        node.metadata.name = "node-b".into();
        node.spec.taints = vec![Taint { key: "key".into(), effect: "NoExecute".into(), ..Taint::default() }];
        let words: Vec<String> = words.split(' ').map(String::from).collect();
        let (add, remove) = read(&words)?;
        changes(&node, &add, &remove, overwrite)
    }

    #[test]
    fn the_same_key_and_effect_needs_overwrite() {
        assert_eq!(
            check("key=v:NoExecute", false).unwrap_err(),
            "error: node node-b already has key taint(s) with same effect(s) and --overwrite is false"
        );
        assert_eq!(check("key=v:NoExecute", true).unwrap().0[0].value, "v".into());
        assert_eq!(check("key=v:NoSchedule", false).unwrap().0.len(), 1);
    }

    #[test]
    fn a_removal_needs_something_to_remove() {
        assert_eq!(check("key-", false).unwrap().1.len(), 1);
        assert_eq!(check("key:NoExecute-", false).unwrap().1.len(), 1);
        assert_eq!(check("other:NoExecute-", false).unwrap_err(), "error: taint \"other:NoExecute\" not found");
        assert!(check("key=v:Nothing", false).unwrap_err().contains("unsupported taint effect"));
    }
}
