//! `kubectl exec` and `kubectl attach`: a program in a container.
//!
//! Upstream: `kubectl/pkg/cmd/exec`, `podcmd.FindOrDefaultContainerByName`, and the kubelet's answers.

use super::context::{Context, not_found};
use crate::args::{self, Arguments, Flag, NAMESPACE, namespace, switch, value};
use crate::output::{Asks, Failure, Output};
use crate::programs;
use crate::select::{self, kind_of};
use petri_objects::{Kind, Labels, Object, ObjectRef, Phase, Pod};
use petri_sim::world::World;
use std::rc::Rc;

const FLAGS: &[Flag] = &[
    NAMESPACE,
    value("container").short('c'),
    switch("stdin").short('i'),
    switch("tty").short('t'),
    switch("quiet").short('q'),
    value("pod-running-timeout"),
    value("filename").short('f'),
];

#[inline(never)]
pub(super) fn run(words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    let dash = words.iter().position(|word| word == "--");
    let own = &words[..dash.unwrap_or(words.len())];
    let command = dash.map_or(&[][..], |at| &words[at + 1..]);
    let usage = "See 'kubectl exec -h' for help and examples";
    let arguments = match args::parse(own, FLAGS, "kubectl exec") {
        Ok(arguments) => arguments,
        // What follows the pod is the command in older pages, with flags of its own.
        Err(_) if dash.is_none() && own.iter().filter(|word| !word.starts_with('-')).count() > 1 => {
            args::parse(&[vec!["--".to_owned()], own.to_vec()].concat(), FLAGS, "kubectl exec")?
        }
        Err(problem) => return Err(problem),
    };
    let pod = match (&arguments.words[..], command) {
        ([_], [_, ..]) => &arguments.words[0],
        ([_, _, ..], []) => {
            return Err(format!(
                "error: exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead\n{usage}"
            ));
        }
        ([], _) => return Err("error: pod, type/name or --filename must be specified".into()),
        ([_], []) => return Err("error: you must specify at least one command for the container".into()),
        _ => {
            return Err(format!(
                "error: expected 'exec (POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [ARG...]'.\nPOD or TYPE/NAME \
                 and COMMAND are required arguments for the exec command\n{usage}"
            ));
        }
    };
    let pod = pod_of(pod, &namespace(&arguments), context.host.world())?;
    if matches!(pod.status.phase, Phase::Succeeded | Phase::Failed) {
        let phase = pod.status.phase.as_str();
        return Err(format!("error: cannot exec into a container in a completed pod; current phase is {phase}"));
    }
    let mut out = Output::default();
    let container = container(&pod, &arguments, &mut out)?;
    let target = ObjectRef::new(Kind::Pod, pod.metadata.namespace.clone(), pod.metadata.name.clone());
    reachable(&pod, &container, context.host.world())
        .map_err(|problem| by_program(problem, &pod, &container, "exec", command, &arguments))?;
    // What reads a terminal line by line is left by a line of its own.
    let typed = arguments.is_set("stdin") && context.here.is_none();
    match typed.then(|| programs::open(&target, &container, command, context.host)).flatten() {
        Some(Ok(reads)) => {
            out.asks = Some(Asks::Enter { pod: target, container, reads, removes: false, image: None });
            return Ok(out);
        }
        Some(Err(ended)) => {
            out.then(ended);
            return Ok(out);
        }
        None => {}
    }
    let input = context.here.filter(|_| arguments.is_set("stdin"));
    let salt = context.host.world().events.wrapping_add(context.turn);
    out.then(programs::exec(&target, &container, command, input, salt, context.host));
    Ok(out)
}

/// `kubectl attach`: the container's own process, which reads nothing here.
#[inline(never)]
pub(super) fn attach(words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    let arguments = args::parse(words, FLAGS, "kubectl attach")?;
    let [name] = &arguments.words[..] else {
        return Err("error: POD, TYPE/NAME are required arguments for attach".into());
    };
    let pod = pod_of(name, &namespace(&arguments), context.host.world())?;
    let mut out = Output::default();
    let container = container(&pod, &arguments, &mut out).map_err(|_| {
        let name = arguments.last("container").unwrap_or_default();
        format!("error: container {name} not found in pod {}", pod.metadata.name)
    })?;
    reachable(&pod, &container, context.host.world())
        .map_err(|problem| by_program(problem, &pod, &container, "attach", &[], &arguments))?;
    out.stderr.push_str("If you don't see a command prompt, try pressing enter.\n");
    out.notes.push_str("Note: its process says nothing here; kubectl logs has what it said\n");
    Ok(out)
}

/// The pod of a name, or the first of a workload's pods.
pub(super) fn pod_of(word: &str, namespace: &str, world: &World) -> Result<Rc<Pod>, Failure> {
    let pods = pods_of(word, namespace, world)?;
    pods.into_iter().next().ok_or_else(|| "error: timed out waiting for the condition".into())
}

/// The pod of a name, or a workload's pods, the one to ask first.
///
/// Upstream: `polymorphichelpers.GetFirstPod`.
pub(super) fn pods_of(word: &str, namespace: &str, world: &World) -> Result<Vec<Rc<Pod>>, Failure> {
    let (kind, name) = match word.split_once('/') {
        None => (Kind::Pod, word),
        Some((kind, name)) => (kind_of(kind.split('.').next().unwrap_or(kind))?, name),
    };
    let target = select::reference(kind, namespace, name);
    let object = world.objects().get(&target).ok_or_else(|| not_found(kind, name))?;
    let labels = match &object {
        Object::Pod(pod) => return Ok(vec![pod.clone()]),
        Object::Service(service) => service.spec.selector.clone(),
        other => selector_of(other),
    };
    let pods = world.objects().pods.in_namespace(namespace);
    let fits = |pod: &Pod| labels.iter().all(|(key, value)| pod.metadata.labels.get(key) == Some(value));
    let mut own: Vec<Rc<Pod>> = pods.filter(|pod| !labels.is_empty() && fits(pod)).cloned().collect();
    own.sort_by_key(|pod| (pod.is_terminating(), !pod.is_ready(), pod.status.phase != Phase::Running));
    Ok(own)
}

fn selector_of(object: &Object) -> Labels {
    let value = object.to_value();
    let found = value.at(&["spec", "selector", "matchLabels"]).and_then(|labels| labels.as_map());
    found.map_or(Labels::default(), |map| {
        map.iter().filter_map(|(key, value)| Some((key.clone(), petri_objects::Name::from(value.as_str()?)))).collect()
    })
}

/// The containers of a pod, as kubectl lists them.
fn names_of(pod: &Pod) -> String {
    let regular = pod.spec.containers.iter().map(|own| own.name.to_string());
    let inits = pod.spec.init_containers.iter().map(|own| format!("{} (init)", own.name));
    regular.chain(inits).collect::<Vec<_>>().join(", ")
}

/// The container that is meant: the one that is named, or the first.
pub(super) fn container(pod: &Pod, arguments: &Arguments, out: &mut Output) -> Result<String, Failure> {
    let all = || pod.spec.containers.iter().chain(&pod.spec.init_containers);
    if let Some(name) = arguments.last("container") {
        return match all().any(|own| *own.name == *name) {
            true => Ok(name.into()),
            false => Err(format!(
                "error: container {name} is not valid for pod {} out of: {}",
                pod.metadata.name,
                names_of(pod)
            )),
        };
    }
    let annotated = pod.metadata.annotations.get("kubectl.kubernetes.io/default-container");
    if let Some(name) = annotated.filter(|name| all().any(|own| own.name == **name)) {
        return Ok(name.to_string());
    }
    let first = pod.spec.containers.first().map_or(String::new(), |own| own.name.to_string());
    if all().count() > 1 && !arguments.is_set("quiet") {
        out.stderr.push_str(&format!("Defaulted container \"{first}\" out of: {}\n", names_of(pod)));
    }
    Ok(first)
}

/// What is said of a kubelet that is not reached by whoever starts a program: the API server's own request to it has failed.
pub(super) fn by_program(
    problem: Failure,
    pod: &Pod,
    container: &str,
    part: &str,
    command: &[String],
    arguments: &Arguments,
) -> Failure {
    let Some(dialed) = problem.strip_prefix("Error from server: error dialing backend: ") else { return problem };
    let ip = dialed.split([' ', ':']).nth(2).unwrap_or_default();
    let escaped = |word: &String| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        let one = |byte: u8| match byte {
            b' ' => "+".to_owned(),
            byte if plain(byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        };
        format!("command={}", word.bytes().map(one).collect::<String>())
    };
    let tty = arguments.is_set("tty");
    let flags = [("error", !tty), ("input", arguments.is_set("stdin")), ("output", true), ("tty", tty)];
    let flags = flags.iter().filter(|(_, on)| *on).map(|(name, _)| format!("{name}=1"));
    let query: Vec<String> = command.iter().map(escaped).chain(flags).collect();
    let (namespace, name) = (&pod.metadata.namespace, &pod.metadata.name);
    format!(
        "error: Internal error occurred: error sending request: Post \"https://{ip}:10250/{part}/{namespace}/{name}/{container}?{}\": \
         {dialed}",
        query.join("&")
    )
}

/// Whether the API server reaches the kubelet, and the container runs there.
pub(super) fn reachable(pod: &Pod, container: &str, world: &World) -> Result<(), Failure> {
    let name = &pod.metadata.name;
    if pod.spec.node_name.is_empty() {
        return Err(format!("error: unable to upgrade connection: pod {name} does not have a host assigned"));
    }
    let Some(machine) = world.machines.get(&pod.spec.node_name) else {
        let node = &pod.spec.node_name;
        return Err(format!("Error from server (NotFound): nodes \"{node}\" not found"));
    };
    let ip = &machine.internal_ip;
    if !world.network.reaches_control_plane(&machine.name) {
        return Err(format!("Error from server: error dialing backend: dial tcp {ip}:10250: i/o timeout"));
    }
    if !machine.powered {
        return Err(format!(
            "Error from server: error dialing backend: dial tcp {ip}:10250: connect: no route to host"
        ));
    }
    if !machine.kubelet.running {
        return Err(format!(
            "Error from server: error dialing backend: dial tcp {ip}:10250: connect: connection refused"
        ));
    }
    match world.inside(pod.metadata.uid, container) {
        Some(_) => Ok(()),
        None => Err(format!(
            "error: Internal error occurred: unable to upgrade connection: container not found (\"{container}\")"
        )),
    }
}
