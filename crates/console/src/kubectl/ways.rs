//! Ways into the cluster and out of it: `cp`, `port-forward`, `proxy`; and what kubectl knows of itself: `config`, `auth`,
//! `cluster-info`, `api-versions`, `top`.

use super::context::Context;
use super::exec::{container, pod_of, reachable};
use crate::args::{self, Arguments, Flag, NAMESPACE, namespace, switch, value};
use crate::host::Unread;
use crate::output::{Asks, Failure, Output};
use crate::programs;
use crate::select::{kind_of, reference};
use crate::session::Listens;
use petri_objects::{IntOrString, Kind, Object, ObjectRef};
use petri_sim::world::World;
use std::collections::BTreeSet;

const COPY: &[Flag] =
    &[NAMESPACE, value("container").short('c'), switch("no-preserve"), value("retries"), switch("quiet")];

/// `kubectl cp FILE POD:PATH`, and back.
#[inline(never)]
pub(super) fn copy(words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    let arguments = args::parse(words, COPY, "kubectl cp")?;
    let [from, to] = &arguments.words[..] else {
        return Err("error: source and destination are required".into());
    };
    let place = |word: &str| -> Option<(String, String, String)> {
        let (pod, path) = word.split_once(':')?;
        let (own, pod) = pod.split_once('/').map_or((namespace(&arguments), pod), |(own, pod)| (own.to_owned(), pod));
        Some((own, pod.to_owned(), path.to_owned()))
    };
    let mut out = Output::default();
    match (place(from), place(to)) {
        (None, Some((own, pod, path))) => {
            let text = context.files.read(from).map_err(|why| match why {
                Unread::Missing => format!("error: {from} doesn't exist in local filesystem"),
                Unread::Because(why) => format!("error: {from}: {why}"),
            })?;
            let base = from.rsplit('/').next().unwrap_or(from);
            let script = format!("if test -d '{path}'; then cat > '{path}/{base}'; else cat > '{path}'; fi");
            let ran = in_pod(&pod, &own, &script, Some(&text), &arguments, context, &mut out)?;
            out.stderr.push_str(&ran.stderr);
            out.code = ran.code;
        }
        (Some((own, pod, path)), None) => {
            let script = format!("tar cf /dev/null '{path}' && cat '{path}'");
            let ran = in_pod(&pod, &own, &script, None, &arguments, context, &mut out)?;
            if ran.code != 0 {
                return Err(format!("error: tar: {path}: Cannot stat: No such file or directory"));
            }
            out.stdout.push_str(&ran.stderr);
            let base = path.rsplit('/').next().unwrap_or(&path);
            let name = if to.ends_with('/') || to == "." {
                format!("{}{base}", to.trim_start_matches('.'))
            } else {
                to.clone()
            };
            out.written.push((name.trim_start_matches('/').to_owned(), ran.stdout));
        }
        (Some(_), Some(_)) => return Err("error: src and dest cannot both be remote files".into()),
        (None, None) => return Err("error: one of src or dest must be a remote file specification".into()),
    }
    Ok(out)
}

fn in_pod(
    pod: &str,
    own: &str,
    script: &str,
    input: Option<&str>,
    arguments: &Arguments,
    context: &mut Context<'_>,
    out: &mut Output,
) -> Result<Output, Failure> {
    let pod = pod_of(pod, own, context.host.world())?;
    let container = container(&pod, arguments, out)?;
    reachable(&pod, &container, context.host.world())?;
    let target = ObjectRef::new(Kind::Pod, pod.metadata.namespace.clone(), pod.metadata.name.clone());
    let words: Vec<String> = ["sh", "-c", script].iter().map(|word| (*word).to_owned()).collect();
    Ok(programs::exec(&target, &container, &words, input, context.turn, context.host))
}

const FORWARD: &[Flag] = &[NAMESPACE, value("address"), value("pod-running-timeout")];

/// `kubectl port-forward pod/web-0 8080:80`: what `curl localhost:8080` asks from then on.
#[inline(never)]
pub(super) fn forward(words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    let arguments = args::parse(words, FORWARD, "kubectl port-forward")?;
    let [what, ports @ ..] = &arguments.words[..] else {
        return Err("error: TYPE/NAME and list of ports are required for port-forward\nSee 'kubectl port-forward -h' for help and examples".into());
    };
    let Some(pair) = ports.first() else {
        return Err("error: TYPE/NAME and list of ports are required for port-forward\nSee 'kubectl port-forward -h' for help and examples".into());
    };
    let (own, to) = pair.split_once(':').unwrap_or((pair, pair));
    let world = context.host.world();
    let pod = pod_of(what, &namespace(&arguments), world)?;
    let service = what.split_once('/').and_then(|(kind, name)| {
        let target = reference(kind_of(kind).ok()?, &namespace(&arguments), name);
        match world.objects().get(&target)? {
            Object::Service(service) => Some(service),
            _ => None,
        }
    });
    // A port of a Service leads to the port of its pods.
    let number = to.parse::<u16>().ok().or_else(|| {
        let mut declared = pod.spec.containers.iter().flat_map(|own| &own.ports);
        u16::try_from(declared.find(|port| *port.name == *to)?.container_port).ok()
    });
    let inner = match &service {
        None => number,
        Some(service) => service
            .spec
            .ports
            .iter()
            .find(|port| number == u16::try_from(port.port).ok() || *port.name == *to)
            .and_then(|port| match &port.target_port {
                Some(IntOrString::Int(own)) if *own > 0 => u16::try_from(*own).ok(),
                Some(IntOrString::String(name)) => {
                    let mut declared = pod.spec.containers.iter().flat_map(|own| &own.ports);
                    u16::try_from(declared.find(|port| port.name == *name)?.container_port).ok()
                }
                _ => u16::try_from(port.port).ok(),
            }),
    };
    let Some(inner) = inner else {
        return Err(format!("error: Service {what} does not have a service port {to}"));
    };
    let first = pod.spec.containers.first().map_or(String::new(), |own| own.name.to_string());
    reachable(&pod, &first, world).map_err(|problem| match problem.strip_prefix("Error from server: ") {
        Some(dialed) if dialed.starts_with("error dialing") => format!("error: error upgrading connection: {dialed}"),
        _ => problem,
    })?;
    // 0 and nothing leave the choice to the machine.
    let port = own.parse().ok().filter(|port| *port > 0).unwrap_or(34_567);
    let mut out =
        Output::text(format!("Forwarding from 127.0.0.1:{port} -> {inner}\nForwarding from [::1]:{port} -> {inner}\n"));
    let target = ObjectRef::new(Kind::Pod, pod.metadata.namespace.clone(), pod.metadata.name.clone());
    out.notes
        .push_str(&format!("Note: it listens from now on, and the next line can be said: curl localhost:{port}\n"));
    out.asks = Some(Asks::Listen(Listens { port, target: Some((target, inner)) }));
    Ok(out)
}

const PROXY: &[Flag] = &[value("port").short('p'), value("address"), value("www").short('w'), value("api-prefix")];

/// `kubectl proxy`.
#[inline(never)]
pub(super) fn proxy(words: &[String]) -> Result<Output, Failure> {
    let arguments = args::parse(words, PROXY, "kubectl proxy")?;
    let port = arguments.last("port").and_then(|port| port.parse().ok()).unwrap_or(8001);
    let mut out = Output::text(format!("Starting to serve on 127.0.0.1:{port}\n"));
    out.notes.push_str(&format!(
        "Note: it listens from now on, and the next line can be said: curl localhost:{port}/version\n"
    ));
    out.asks = Some(Asks::Listen(Listens { port, target: None }));
    Ok(out)
}

const CONFIG: &str = "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: DATA+OMITTED\n    server: \
                      https://petri:6443\n  name: petri\ncontexts:\n- context:\n    cluster: petri\n    user: petri\n  \
                      name: petri\ncurrent-context: petri\nkind: Config\npreferences: {}\nusers:\n- name: petri\n  user:\n    \
                      client-certificate-data: DATA+OMITTED\n    client-key-data: DATA+OMITTED\n";

/// What kubectl knows of itself.
#[inline(never)]
pub(super) fn about(verb: &str, words: &[String], world: &World) -> Result<Output, Failure> {
    let plain: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    Ok(match (verb, &plain[..]) {
        ("config", ["view", ..]) => Output::text(CONFIG),
        ("config", ["current-context", ..]) => Output::text("petri\n"),
        ("config", ["get-contexts", ..]) => {
            Output::text("CURRENT   NAME    CLUSTER   AUTHINFO   NAMESPACE\n*         petri   petri     petri      \n")
        }
        ("config", ["get-clusters", ..]) => Output::text("NAME\npetri\n"),
        ("config", ["get-users", ..]) => Output::text("NAME\npetri\n"),
        ("config", ["use-context", name, ..]) if *name == "petri" => Output::text("Switched to context \"petri\".\n"),
        ("config", ["use-context", name, ..]) => {
            return Err(format!("error: no context exists with the name: \"{name}\""));
        }
        ("config", ["set-context", ..]) => {
            let mut out = Output::text("Context \"petri\" modified.\n");
            out.notes.push_str("Note: every line is for the namespace default here: say another one with -n\n");
            out
        }
        ("config", _) => {
            return Err(
                "error: kubectl config view, current-context, get-contexts and use-context are answered here".into()
            );
        }
        ("cluster-info", _) => Output::text(
            "Kubernetes control plane is running at https://petri:6443\nCoreDNS is running at \
             https://petri:6443/api/v1/namespaces/kube-system/services/kube-dns:dns/proxy\n\nTo further debug and diagnose \
             cluster problems, use 'kubectl cluster-info dump'.\n",
        ),
        ("api-versions", _) => {
            let all: BTreeSet<&str> = world.objects().kinds().map(Kind::api_version).collect();
            Output::text(all.iter().map(|version| format!("{version}\n")).collect::<String>())
        }
        ("top", _) => {
            let mut out = Output::error("error: Metrics API not available");
            out.notes.push_str("Note: nothing here uses processors or memory that could be measured; kubectl describe node adds up what pods ask for\n");
            out
        }
        ("auth", ["can-i", ..]) => Output::text("yes\n"),
        ("auth", ["whoami", ..]) => {
            Output::text("ATTRIBUTE   VALUE\nUsername    petri\nGroups      [system:masters system:authenticated]\n")
        }
        ("auth", _) => return Err("error: kubectl auth can-i and whoami are answered here".into()),
        ("certificate" | "debug" | "plugin" | "completion" | "alpha", _) => {
            return Err(format!(
                "error: kubectl {verb} does nothing here: there is no machine to look into and no shell to complete for"
            ));
        }
        _ => return Err(format!("error: unknown command \"{verb}\" for \"kubectl\"")),
    })
}

/// What stands above the flags of each verb in kubectl's help.
const HELP: &[(&str, &str)] = &[
    ("annotate", "Update the annotations on a resource"),
    ("apply", "Apply a configuration to a resource by file name or stdin"),
    ("autoscale", "Auto-scale a deployment, replica set, stateful set, or replication controller"),
    ("cordon", "Mark node as unschedulable"),
    ("cp", "Copy files and directories to and from containers"),
    ("create", "Create a resource from a file or from stdin"),
    ("delete", "Delete resources by file names, stdin, resources and names, or by resources and label selector"),
    ("describe", "Show details of a specific resource or group of resources"),
    ("diff", "Diff the live version against a would-be applied version"),
    ("drain", "Drain node in preparation for maintenance"),
    ("edit", "Edit a resource on the server"),
    ("events", "List events"),
    ("exec", "Execute a command in a container"),
    ("explain", "Get documentation for a resource"),
    ("expose", "Take a replication controller, service, deployment or pod and expose it as a new Kubernetes service"),
    ("get", "Display one or many resources"),
    ("label", "Update the labels on a resource"),
    ("logs", "Print the logs for a container in a pod"),
    ("patch", "Update fields of a resource"),
    ("port-forward", "Forward one or more local ports to a pod"),
    ("proxy", "Run a proxy to the Kubernetes API server"),
    ("replace", "Replace a resource by file name or stdin"),
    ("rollout", "Manage the rollout of a resource"),
    ("run", "Run a particular image on the cluster"),
    ("scale", "Set a new size for a deployment, replica set, or replication controller"),
    ("set", "Set specific features on objects"),
    ("taint", "Update the taints on one or more nodes"),
    ("uncordon", "Mark node as schedulable"),
    ("wait", "Wait for a specific condition on one or many resources"),
];

/// `kubectl get --help`.
pub(super) fn help(verb: &str) -> Output {
    let what = HELP.iter().find(|(known, _)| *known == verb).map_or("", |(_, what)| *what);
    let text = if what.is_empty() { String::new() } else { format!("{what}.\n\n") };
    Output::text(format!(
        "{text}Usage:\n  kubectl {verb} [flags] [options]\n\nUse \"kubectl options\" for a list of global command-line options (applies to all commands).\n"
    ))
}
