//! `kubectl debug`: a shell beside a container, a copy of a pod, or a pod on a node.
//!
//! Upstream: `kubectl/pkg/cmd/debug`, with the profile `general`.
//!
//! Deviation: no ephemeral container is added to a pod: what is typed runs in the container that is looked into, with the
//! programs of its image.

use super::apply::make;
use super::attached::Attached;
use super::context::{Context, not_found};
use super::delete::remove_pod;
use super::exec::{pod_of, reachable};
use super::make::parts::{container, map};
use crate::args::{self, Arguments, Flag, NAMESPACE, namespace, switch, value};
use crate::interpreter::Interpreter;
use crate::output::{Asks, Awaited, Failure, Follow, Output};
use crate::select::{kind_of, reference};
use petri_objects::{Kind, Map, ObjectRef, Span, Value};

const FLAGS: &[Flag] = &[
    NAMESPACE,
    value("image"),
    value("container").short('c'),
    value("target"),
    value("copy-to"),
    value("set-image"),
    value("env"),
    value("profile"),
    value("custom"),
    value("image-pull-policy"),
    switch("stdin").short('i'),
    switch("tty").short('t'),
    switch("attach"),
    switch("quiet").short('q'),
    switch("replace"),
    switch("same-node"),
    switch("share-processes"),
    switch("arguments-only"),
    switch("keep-annotations"),
    switch("keep-init-containers"),
    switch("keep-labels"),
    switch("keep-liveness"),
    switch("keep-readiness"),
    switch("keep-startup"),
];

fn text(word: &str) -> Value {
    Value::String(word.into())
}

/// Letters behind a name that is made up: the same for the same line of a session.
fn suffix(turn: u64) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut number = turn.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (0..5)
        .map(|_| {
            let at = (number % LETTERS.len() as u64) as usize;
            number /= LETTERS.len() as u64;
            char::from(LETTERS[at])
        })
        .collect()
}

#[inline(never)]
pub(super) fn run(words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    let dash = words.iter().position(|word| word == "--");
    let arguments = args::parse(&words[..dash.unwrap_or(words.len())], FLAGS, "kubectl debug")?;
    let command: Vec<String> = dash.map_or(&[][..], |at| &words[at + 1..]).to_vec();
    let Some(name) = arguments.words.first() else {
        return Err("error: NAME or filename is required for debug".into());
    };
    if arguments.is_set("tty") && !arguments.is_set("stdin") {
        return Err("error: -i/--stdin is required for containers with -t/--tty=true".into());
    }
    let copy = arguments.last("copy-to").is_some();
    if !copy && arguments.last("image").is_none() {
        return Err("error: you must specify --image when not using --copy-to.".into());
    }
    if copy && arguments.last("image").is_none() && arguments.last("set-image").is_none() && command.is_empty() {
        return Err("error: you must specify --image, --set-image or command arguments.".into());
    }
    let (kind, name) = match name.split_once('/') {
        Some((kind, name)) => (kind_of(kind)?, name),
        None => (Kind::Pod, name.as_str()),
    };
    match kind {
        Kind::Node => on_node(name, command, &arguments, context),
        _ if copy => copied(name, command, &arguments, context),
        _ => beside(name, command, &arguments, context),
    }
}

/// The name of the container that is added.
fn named(arguments: &Arguments, turn: u64, out: &mut Output) -> String {
    if let Some(name) = arguments.last("container") {
        return name.to_owned();
    }
    let name = format!("debugger-{}", suffix(turn));
    if !arguments.is_set("quiet") {
        out.stderr.push_str(&format!("Defaulting debug container name to {name}.\n"));
    }
    name
}

/// The container that is added.
fn added(name: &str, command: &[String], arguments: &Arguments) -> Map {
    let mut own = container(name, arguments.last("image").unwrap_or_default());
    if !command.is_empty() {
        let key = if arguments.is_set("arguments-only") { "args" } else { "command" };
        own.insert(key, Value::List(command.iter().map(|word| text(word)).collect()));
    }
    let env = arguments.all("env").filter_map(|pair| pair.split_once('='));
    let env: Vec<Value> = env.map(|(name, value)| map([("name", text(name)), ("value", text(value))])).collect();
    if !env.is_empty() {
        own.insert("env", Value::List(env));
    }
    for key in ["stdin", "tty"] {
        if arguments.is_set(key) {
            own.insert(key, Value::Bool(true));
        }
    }
    own
}

/// Goes into a container once it runs.
fn attach(
    pod: ObjectRef,
    container: String,
    command: Vec<String>,
    arguments: &Arguments,
    context: &mut Context<'_>,
    out: &mut Output,
) {
    if !arguments.is_set("stdin") && !arguments.is_set("attach") || context.dry {
        return;
    }
    let input = context.here.map(str::to_owned);
    let salt = context.turn;
    let mut attach = Attached { target: pod, container, command, input, removes: false, salt, sleeps: None };
    if !attach.look(context.host, out) {
        let deadline = context.host.world().now + Span::minutes(5);
        out.follow = Some(Follow::new(attach, Some(deadline)));
    }
}

fn on_node(
    node: &str,
    command: Vec<String>,
    arguments: &Arguments,
    context: &mut Context<'_>,
) -> Result<Output, Failure> {
    if context.host.world().objects().get(&reference(Kind::Node, "", node)).is_none() {
        return Err(not_found(Kind::Node, node));
    }
    let pod = format!("node-debugger-{node}-{}", suffix(context.turn));
    let container = arguments.last("container").unwrap_or("debugger").to_owned();
    let mut own = added(&container, &command, arguments);
    let root = map([("mountPath", text("/host")), ("name", text("host-root"))]);
    own.insert("volumeMounts", Value::List(vec![root]));
    let volume = map([("hostPath", map([("path", text("/"))])), ("name", text("host-root"))]);
    let labels = map([("app.kubernetes.io/managed-by", text("kubectl-debug"))]);
    let made = map([
        ("apiVersion", text("v1")),
        ("kind", text("Pod")),
        ("metadata", map([("labels", labels), ("name", text(&pod))])),
        (
            "spec",
            map([
                ("containers", Value::List(vec![Value::Map(own)])),
                ("hostIPC", Value::Bool(true)),
                ("hostNetwork", Value::Bool(true)),
                ("hostPID", Value::Bool(true)),
                ("nodeName", text(node)),
                ("restartPolicy", text("Never")),
                ("tolerations", Value::List(vec![map([("operator", text("Exists"))])])),
                ("volumes", Value::List(vec![volume])),
            ]),
        ),
    ]);
    let mut out = make(made, "created", arguments, context)?;
    out.stdout = format!("Creating debugging pod {pod} with container {container} on node {node}.\n");
    let target = ObjectRef::new(Kind::Pod, namespace(arguments), pod);
    attach(target, container, command, arguments, context, &mut out);
    Ok(out)
}

fn copied(
    name: &str,
    command: Vec<String>,
    arguments: &Arguments,
    context: &mut Context<'_>,
) -> Result<Output, Failure> {
    let pod = pod_of(name, &namespace(arguments), context.host.world())?;
    let copy = arguments.last("copy-to").unwrap_or_default();
    let mut out = Output::default();
    let target = ObjectRef::new(Kind::Pod, pod.metadata.namespace.clone(), pod.metadata.name.clone());
    let value = petri_objects::Object::Pod(pod.clone()).to_value();
    let mut spec = value.at(&["spec"]).and_then(Value::as_map).cloned().unwrap_or_default();
    if !arguments.is_set("same-node") {
        spec.remove("nodeName");
    }
    spec.insert("shareProcessNamespace", Value::Bool(arguments.is_not_off("share-processes")));
    let mut all = spec.get("containers").and_then(Value::as_list).unwrap_or_default().to_vec();
    let images: Vec<(&str, &str)> =
        arguments.all("set-image").flat_map(|list| list.split(',')).filter_map(|pair| pair.split_once('=')).collect();
    let existing =
        arguments.last("container").filter(|wanted| pod.spec.containers.iter().any(|own| *own.name == **wanted));
    for own in &mut all {
        let Value::Map(own) = own else { continue };
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
            let flag = format!("keep-{}", probe.trim_end_matches("Probe"));
            if !arguments.is_set(&flag) {
                own.remove(probe);
            }
        }
        let own_name = own.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some((_, image)) = images.iter().find(|(name, _)| *name == own_name || *name == "*") {
            own.insert("image", text(image));
        }
        if existing == Some(&own_name) {
            if let Some(image) = arguments.last("image") {
                own.insert("image", text(image));
            }
            if !command.is_empty() {
                own.insert("command", Value::List(command.iter().map(|word| text(word)).collect()));
                own.remove("args");
            }
            for key in ["stdin", "tty"] {
                if arguments.is_set(key) {
                    own.insert(key, Value::Bool(true));
                }
            }
        }
    }
    let attached = match (existing, arguments.last("image")) {
        (Some(name), _) => name.to_owned(),
        (None, Some(_)) => {
            let name = named(arguments, context.turn, &mut out);
            all.push(Value::Map(added(&name, &command, arguments)));
            name
        }
        (None, None) => pod.spec.containers.first().map(|own| own.name.to_string()).unwrap_or_default(),
    };
    spec.insert("containers", Value::List(all));
    let made = map([
        ("apiVersion", text("v1")),
        ("kind", text("Pod")),
        ("metadata", map([("name", text(copy))])),
        ("spec", Value::Map(spec)),
    ]);
    if arguments.is_set("replace") && !context.dry {
        let removed = remove_pod(&target, context.host);
        if removed.code != 0 {
            return Ok(removed);
        }
    }
    let made = make(made, "created", arguments, context)?;
    out.stderr.push_str(&made.stderr);
    out.code = made.code;
    if context.dry {
        out.stdout = made.stdout;
    }
    let target = ObjectRef::new(Kind::Pod, target.namespace, copy);
    attach(target, attached, command, arguments, context, &mut out);
    Ok(out)
}

fn beside(
    name: &str,
    command: Vec<String>,
    arguments: &Arguments,
    context: &mut Context<'_>,
) -> Result<Output, Failure> {
    let pod = pod_of(name, &namespace(arguments), context.host.world())?;
    let mut out = Output::default();
    let wanted = arguments.last("target");
    if let Some(wanted) = wanted
        && !arguments.is_set("quiet")
    {
        out.line(format!(
            "Targeting container {}. If you don't see processes from this container it may be because the container runtime \
             doesn't support this feature.",
            petri_objects::value::quoted(wanted)
        ));
    }
    named(arguments, context.turn, &mut out);
    let first = pod.spec.containers.first().map(|own| own.name.to_string()).unwrap_or_default();
    let looked_into = wanted.unwrap_or(&first).to_owned();
    if !pod.spec.containers.iter().any(|own| *own.name == *looked_into) {
        return Err(format!(
            "error: ephemeral container targets container {}, which {name} does not have",
            petri_objects::value::quoted(&looked_into)
        ));
    }
    let target = ObjectRef::new(Kind::Pod, pod.metadata.namespace.clone(), pod.metadata.name.clone());
    if !arguments.is_set("stdin") && !arguments.is_set("attach") || context.dry {
        return Ok(out);
    }
    reachable(&pod, &looked_into, context.host.world())?;
    out.notes.push_str(&format!("Note: no container is added: what you type runs in {looked_into}\n"));
    let Some(reads) = Interpreter::of(&command).filter(|reads| !reads.is_client()) else {
        attach(target, looked_into, command, arguments, context, &mut out);
        return Ok(out);
    };
    out.stderr.push_str("If you don't see a command prompt, try pressing enter.\n");
    out.asks = Some(Asks::Enter {
        pod: target,
        container: looked_into,
        reads,
        removes: false,
        image: arguments.last("image").map(str::to_owned),
    });
    Ok(out)
}
