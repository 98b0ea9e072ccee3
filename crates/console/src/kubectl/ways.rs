//! Ways into the cluster and out of it: `cp`, `port-forward`, `proxy`; and what kubectl knows of itself: `version`,
//! `cluster-info`, `api-versions`, `top`.

use super::context::Context;
use super::exec::{container, pod_of, reachable};
use crate::args::{self, Arguments, Flag, NAMESPACE, namespace, switch, value};
use crate::host::Unread;
use crate::output::{Asks, Failure, Output};
use crate::programs;
use crate::select::{kind_of, reference};
use crate::session::Listens;
use petri_objects::{IntOrString, Kind, Object, ObjectRef, Value};
use petri_sim::belief::api::custom;
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
            let name = match to.trim_start_matches("./") {
                "" | "." => base.to_owned(),
                folder if folder.ends_with('/') => format!("{folder}{base}"),
                file => file.to_owned(),
            };
            out.written.push((name, ran.stdout));
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

/// What `kubectl options` tells: of these only the namespace means something here.
const OPTIONS: &str = "The following options can be passed to any command:\n\n    --as='':\n\tUsername to impersonate for the \
                       operation.\n\n    --context='':\n\tThe name of the kubeconfig context to use\n\n    \
                       --kubeconfig='':\n\tPath to the kubeconfig file to use for CLI requests.\n\n    -n, \
                       --namespace='':\n\tIf present, the namespace scope for this CLI request\n\n    \
                       --request-timeout='0':\n\tThe length of time to wait before giving up on a single server \
                       request.\n\n    -v, --v=0:\n\tnumber for the log level verbosity\n";

/// `kubectl version`.
#[inline(never)]
pub(super) fn version(words: &[String]) -> Result<Output, Failure> {
    let arguments = args::parse(words, &[switch("client"), switch("short")], "kubectl version")?;
    let (client, kustomize, server) = ("v1.36.3", "v5.8.1", "v1.36.3");
    let only_client = arguments.is_set("client");
    let info = |version: &str| {
        let pairs = [
            ("gitVersion", version),
            ("goVersion", "go1.26.0"),
            ("major", "1"),
            ("minor", "36"),
            ("platform", "linux/amd64"),
        ];
        Value::Map(pairs.into_iter().map(|(key, word)| (key.into(), Value::from(word))).collect())
    };
    let mut all = vec![("clientVersion".into(), info(client)), ("kustomizeVersion".into(), Value::from(kustomize))];
    if !only_client {
        all.push(("serverVersion".into(), info(server)));
    }
    let value = Value::Map(all.into_iter().collect());
    Ok(Output::text(match arguments.last("output") {
        Some("json") => value.to_json_pretty() + "\n",
        Some("yaml") => petri_manifest::to_yaml(&value),
        Some(_) => return Err("error: --output must be 'yaml' or 'json'".into()),
        None if only_client => format!("Client Version: {client}\nKustomize Version: {kustomize}\n"),
        None => format!("Client Version: {client}\nKustomize Version: {kustomize}\nServer Version: {server}\n"),
    }))
}

/// `kubectl cluster-info dump`: the lists of the usual kinds, one after the other or each in a file.
fn dump(words: &[String], world: &World) -> Output {
    const LISTS: [&str; 7] =
        ["events", "replicationcontrollers", "services", "daemonsets", "deployments", "replicasets", "pods"];
    let list = |kind: Kind, namespace: &str| {
        let all = world.objects().list(kind);
        let items = all.iter().filter(|object| *object.meta().namespace == *namespace);
        let map = [
            ("kind".into(), Value::from(format!("{}List", kind.name()).as_str())),
            ("apiVersion".into(), Value::from(kind.api_version())),
            ("items".into(), Value::List(items.map(Object::to_value).collect())),
        ];
        Value::Map(map.into_iter().collect()).to_json_pretty() + "\n"
    };
    let spaces = ["kube-system", "default"];
    let within = spaces.iter().flat_map(|space| LISTS.iter().map(move |kind| (*space, *kind)));
    let texts = std::iter::once(("", "nodes")).chain(within).filter_map(|(space, word)| {
        let path = if space.is_empty() { format!("{word}.json") } else { format!("{space}/{word}.json") };
        Some((path, list(kind_of(word).ok()?, space)))
    });
    let mut flags = words.iter();
    let folder = flags.find_map(|word| match word.strip_prefix("--output-directory") {
        Some("") => Some(None),
        Some(own) => own.strip_prefix('=').map(Some),
        None => None,
    });
    let folder = folder.and_then(|own| own.or_else(|| flags.next().map(String::as_str))).filter(|own| *own != "-");
    let Some(folder) = folder else { return Output::text(texts.map(|(_, text)| text).collect::<String>()) };
    let written = texts.map(|(path, text)| (format!("{}/{path}", folder.trim_end_matches('/')), text)).collect();
    Output { written, ..Output::text(format!("Cluster info dumped to {folder}\n")) }
}

/// What kubectl knows of itself.
#[inline(never)]
pub(super) fn about(verb: &str, words: &[String], world: &World) -> Result<Output, Failure> {
    let plain: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    Ok(match (verb, &plain[..]) {
        ("cluster-info", ["dump", ..]) => dump(words, world),
        ("cluster-info", _) => Output::text(
            "Kubernetes control plane is running at https://petri:6443\nCoreDNS is running at \
             https://petri:6443/api/v1/namespaces/kube-system/services/kube-dns:dns/proxy\n\nTo further debug and diagnose \
             cluster problems, use 'kubectl cluster-info dump'.\n",
        ),
        ("api-versions", _) => {
            let all = Kind::every().chain(custom::kinds(world.objects())).map(Kind::api_version);
            let all: BTreeSet<&str> = all.collect();
            Output::text(all.iter().map(|version| format!("{version}\n")).collect::<String>())
        }
        ("top", _) => {
            let mut out = Output::error("error: Metrics API not available");
            out.notes.push_str("Note: nothing here uses processors or memory that could be measured; kubectl describe node adds up what pods ask for\n");
            out
        }
        ("plugin", ["list", ..]) => return Err("error: unable to find any kubectl plugins in your PATH".into()),
        ("completion", [shell @ ("bash" | "zsh" | "fish" | "powershell"), ..]) => {
            let mut out = Output::text(format!("# {shell} completion for kubectl\n"));
            out.notes.push_str("Note: the Tab key completes lines here, without a script\n");
            out
        }
        ("completion", [other, ..]) => return Err(format!("error: Unsupported shell type \"{other}\".")),
        ("completion", []) => {
            return Err("error: Shell not specified.\nSee 'kubectl completion -h' for help and examples".into());
        }
        ("options", _) => Output::text(OPTIONS),
        ("kuberc", _) => {
            return Err("error: kubectl kuberc sets defaults of flags in a file: type the flags here".into());
        }
        ("alpha", _) => {
            return Err("error: kubectl alpha has no commands here: what was alpha once is said without it".into());
        }
        ("plugin", _) => super::usage::help(verb, words),
        _ => return Err(format!("error: unknown command \"{verb}\" for \"kubectl\"")),
    })
}
