//! `kubectl run`: a pod of one container, and what runs in it while somebody waits.
//!
//! Upstream: `kubectl/pkg/cmd/run`.
//!
//! Deviation: a pod that is run without `-i` goes on like any server, whatever its words are; with `-i` they are run in it
//! as a program, whose output comes at once.

use super::apply::make;
use super::attached::Attached;
use super::context::Context;
use super::make::parts::{container, map};
use crate::args::{self, Flag, NAMESPACE, OUTPUT, namespace, optional, switch, value};
use crate::output::{Awaited, Failure, Follow, Output};
use petri_objects::value::quoted;
use petri_objects::{Kind, Map, ObjectRef, Span, Value};
use petri_sim::reality::registry::{self, Refusal};

const FLAGS: &[Flag] = &[
    NAMESPACE,
    OUTPUT,
    value("image"),
    value("restart"),
    value("env"),
    value("labels").short('l'),
    value("port"),
    value("overrides"),
    value("override-type"),
    value("image-pull-policy"),
    value("annotations"),
    value("pod-running-timeout"),
    value("serviceaccount"),
    value("requests"),
    value("limits"),
    value("grace-period"),
    value("field-manager"),
    switch("stdin").short('i'),
    switch("tty").short('t'),
    switch("rm"),
    switch("attach"),
    switch("command"),
    switch("expose"),
    switch("quiet").short('q'),
    switch("privileged"),
    switch("force"),
    optional("leave-stdin-open", "true"),
];

#[inline(never)]
pub(super) fn run(words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    let dash = words.iter().position(|word| word == "--");
    let mut arguments = args::parse(&words[..dash.unwrap_or(words.len())], FLAGS, "kubectl run")?;
    match arguments.last("image") {
        None => return Err("error: required flag(s) \"image\" not set".into()),
        Some("") => return Err("error: --image is required".into()),
        Some(image) if matches!(registry::look(image), Err(Refusal::InvalidName(_))) => {
            return Err(format!("error: Invalid image name {}: invalid reference format", quoted(image)));
        }
        Some(_) => {}
    }
    if arguments.words.is_empty() {
        return Err("error: NAME is required for run\nSee 'kubectl run -h' for help and examples".into());
    }
    let name = arguments.words.remove(0);
    let mut command = std::mem::take(&mut arguments.words);
    command.extend(dash.map_or(&[][..], |at| &words[at + 1..]).iter().cloned());
    let Some(image) = arguments.last("image") else {
        return Err("error: required flag(s) \"image\" not set".into());
    };
    let attached = arguments.is_set("stdin") || arguments.is_set("attach") || arguments.is_set("tty");
    if arguments.is_set("rm") && !attached {
        return Err("error: --rm should only be used for attached containers".into());
    }
    let text = |word: &str| Value::String(word.into());
    let mut own = container(&name, image);
    if !command.is_empty() {
        let key = if arguments.is_set("command") { "command" } else { "args" };
        own.insert(key, Value::List(command.iter().map(|word| text(word)).collect()));
    }
    let env = arguments.all("env").filter_map(|pair| pair.split_once('='));
    let env: Vec<Value> = env.map(|(name, value)| map([("name", text(name)), ("value", text(value))])).collect();
    if !env.is_empty() {
        own.insert("env", Value::List(env));
    }
    if let Some(policy) = arguments.last("image-pull-policy") {
        own.insert("imagePullPolicy", text(policy));
    }
    if let Some(port) = arguments.last("port").and_then(|port| port.parse().ok()) {
        own.insert("ports", Value::List(vec![map([("containerPort", Value::Int(port))])]));
    }
    for (flag, key) in [("stdin", "stdin"), ("tty", "tty")] {
        if arguments.is_set(flag) {
            own.insert(key, Value::Bool(true));
        }
    }
    let labels: Map = match arguments.last("labels") {
        None => [("run".into(), text(&name))].into_iter().collect(),
        Some(list) => {
            list.split(',').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (k.into(), text(v))).collect()
        }
    };
    let restart = arguments.last("restart").unwrap_or("Always");
    if !["Always", "OnFailure", "Never"].contains(&restart) {
        return Err(format!("error: invalid restart policy: {restart}"));
    }
    let pod = map([
        ("apiVersion", text("v1")),
        ("kind", text("Pod")),
        ("metadata", map([("labels", Value::Map(labels)), ("name", text(&name))])),
        (
            "spec",
            map([
                ("containers", Value::List(vec![Value::Map(own)])),
                ("dnsPolicy", text("ClusterFirst")),
                ("restartPolicy", text(restart)),
            ]),
        ),
    ]);
    let pod = match arguments.last("overrides").map(Value::from_json) {
        None => pod,
        Some(Some(change)) => {
            petri_objects::merge::strategic(petri_objects::merge::Lists::of(Kind::Pod), &pod, &change)
                .map_err(|unfit| format!("error: {unfit}"))?
        }
        Some(None) => return Err("error: Invalid JSON Patch".into()),
    };
    let mut out = make(pod, "created", &arguments, context)?;
    if arguments.is_set("expose") && out.code == 0 {
        let words = [format!("pod/{name}"), format!("--port={}", arguments.last("port").unwrap_or("80"))];
        let mut exposed = super::make::existing::expose(&words, context)?;
        exposed.stdout = exposed.stdout.replace(" exposed", " created");
        let first = std::mem::replace(&mut out, exposed);
        out.stdout.push_str(&first.stdout);
    }
    if !attached || out.code != 0 || context.dry {
        return Ok(out);
    }
    // Whoever is attached sees the output of the pod, not that it was made.
    out.stdout.clear();
    let target = ObjectRef::new(Kind::Pod, namespace(&arguments), name.as_str());
    let limit = arguments.duration("pod-running-timeout")?.unwrap_or(Span::minutes(1));
    let mut attach = Attached {
        container: name,
        command,
        input: context.here.filter(|_| arguments.is_set("stdin")).map(str::to_owned),
        removes: arguments.is_set("rm"),
        salt: context.turn,
        sleeps: None,
        target,
    };
    if !attach.look(context.host, &mut out) {
        let deadline = context.host.world().now + limit;
        out.follow = Some(Follow::new(attach, Some(deadline)));
    }
    Ok(out)
}
