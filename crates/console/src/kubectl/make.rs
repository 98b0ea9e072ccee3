//! Objects that a line describes: `kubectl create KIND`.
//!
//! Upstream: `kubectl/pkg/cmd/create`: the same fields in the same places.

pub(super) mod existing;
mod job;
pub(super) mod parts;

use super::apply::make;
use super::context::Context;
use crate::args::{self, Arguments, FILENAME, Flag, NAMESPACE, OUTPUT, namespace, switch, value};
use crate::host::Unread;
use crate::limits::{MOST_NAMES, beyond};
use crate::output::{Failure, Output};
use crate::select::kind_of;
use parts::{container, empty, map, number, object, pairs, text, texts};
use petri_objects::kept::secret;
use petri_objects::order::Order as _;
use petri_objects::{Map, Quantity, Value};

/// What can follow `kubectl create`.
const KINDS: &[&str] = &[
    "deployment",
    "deploy",
    "configmap",
    "cm",
    "secret",
    "service",
    "svc",
    "job",
    "cronjob",
    "cj",
    "namespace",
    "ns",
    "serviceaccount",
    "sa",
    "quota",
    "resourcequota",
    "poddisruptionbudget",
    "pdb",
    "priorityclass",
    "pc",
    "role",
    "rolebinding",
    "clusterrole",
    "clusterrolebinding",
    "ingress",
    "ing",
    "token",
];

/// Whether a line describes an object by itself.
pub(super) fn describes(words: &[String]) -> bool {
    first_word(words).is_some_and(|word| KINDS.contains(&word))
}

/// The first word that is no flag and no value of one.
fn first_word(words: &[String]) -> Option<&str> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-n" | "--namespace" | "-f" | "--filename" | "-o" | "--output" => drop(words.next()),
            word if word.starts_with('-') => {}
            word => return Some(word),
        }
    }
    None
}

const FLAGS: &[Flag] = &[
    NAMESPACE,
    FILENAME,
    OUTPUT,
    value("image"),
    value("replicas").short('r'),
    value("port"),
    value("from-literal"),
    value("from-file"),
    value("from-env-file"),
    value("type"),
    value("tcp"),
    value("schedule"),
    value("restart"),
    value("from"),
    value("hard"),
    value("scopes"),
    value("min-available"),
    value("max-unavailable"),
    value("selector"),
    value("value"),
    value("description"),
    switch("global-default"),
    value("preemption-policy"),
    value("verb"),
    value("resource"),
    value("resource-name"),
    value("non-resource-url"),
    value("role"),
    value("clusterrole"),
    value("user"),
    value("group"),
    value("serviceaccount"),
    value("external-name"),
    value("clusterip"),
    value("node-port"),
    value("rule"),
    value("class"),
    value("docker-server"),
    value("docker-username"),
    value("docker-password"),
    value("docker-email"),
    value("cert"),
    value("key"),
    value("validate"),
    switch("save-config"),
    value("labels").short('l'),
    value("field-manager"),
    switch("append-hash"),
    value("audience"),
    value("duration"),
    value("bound-object-kind"),
    value("bound-object-name"),
    value("bound-object-uid"),
    value("annotation"),
    value("default-backend"),
];

#[inline(never)]
pub(super) fn create(words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    let dash = words.iter().position(|word| word == "--");
    let command = dash.map_or(&[][..], |at| &words[at + 1..]);
    let own = &words[..dash.unwrap_or(words.len())];
    let mut arguments = args::parse(own, FLAGS, &format!("kubectl create {}", what_of(own)))?;
    if arguments.words.len() > MOST_NAMES {
        return Err(beyond("a command names", MOST_NAMES, "objects"));
    }
    let kind = arguments.words.remove(0);
    let sub = match &*kind {
        "secret" | "service" | "svc" if !arguments.words.is_empty() => arguments.words.remove(0),
        _ => String::new(),
    };
    let Some(name) = arguments.words.first().cloned() else {
        // Upstream: flags are looked at before the names are counted.
        if matches!(&*kind, "deployment" | "deploy") && arguments.last("image").is_none() {
            return Err("error: required flag(s) \"image\" not set".into());
        }
        return Err(format!(
            "error: exactly one NAME is required, got 0\nSee 'kubectl create {} -h' for help and examples",
            format!("{kind} {sub}").trim()
        ));
    };
    if kind == "token" {
        return super::access::token(&name, &arguments, context);
    }
    let made = described(&kind, &sub, &name, command, &arguments, context)?;
    make(Value::Map(made), "created", &arguments, context)
}

/// What is to be created: `deployment`, `secret tls`.
fn what_of(words: &[String]) -> String {
    let mut named = words.iter().map(String::as_str).filter(|word| !word.starts_with('-'));
    let kind = named.next().unwrap_or_default();
    match (kind, named.next()) {
        ("secret" | "service" | "svc", Some(sub)) => format!("{kind} {sub}"),
        _ => kind.to_owned(),
    }
}

fn described(
    kind: &str,
    sub: &str,
    name: &str,
    command: &[String],
    arguments: &Arguments,
    context: &Context<'_>,
) -> Result<Map, Failure> {
    let flag = |name: &str| arguments.last(name);
    let required = |name: &str| flag(name).ok_or_else(|| format!("error: required flag(s) \"{name}\" not set"));
    let list = |name: &'static str| -> Vec<&str> { arguments.all(name).flat_map(|list| list.split(',')).collect() };
    Ok(match kind {
        "deployment" | "deploy" => {
            required("image")?;
            let labels = map([("app", text(name))]);
            let images: Vec<&str> = list("image");
            let containers = images.iter().map(|image| {
                let mut own = container(&base_of(image), image);
                if !command.is_empty() {
                    own.insert("command", texts(command.iter().map(String::as_str)));
                }
                if let Some(port) = flag("port").and_then(|port| port.parse().ok()) {
                    own.insert("ports", Value::List(vec![map([("containerPort", Value::Int(port))])]));
                }
                Value::Map(own)
            });
            let template = map([
                ("metadata", map([("labels", labels.clone())])),
                ("spec", map([("containers", Value::List(containers.collect()))])),
            ]);
            let mut made = object("apps/v1", "Deployment", name, Some(labels.clone()));
            let replicas = number(flag("replicas").unwrap_or("1"), "replicas")?;
            made.insert(
                "spec",
                map([
                    ("replicas", replicas),
                    ("selector", map([("matchLabels", labels)])),
                    ("strategy", empty()),
                    ("template", template),
                ]),
            );
            made
        }
        "configmap" | "cm" => {
            let mut made = object("v1", "ConfigMap", name, None);
            made.insert("data", Value::Map(data(arguments, context, |value| text(value))?));
            made
        }
        "secret" => {
            let mut made = object("v1", "Secret", name, None);
            let coded = |value: &str| text(secret::encode(value.as_bytes()));
            let (kind, data) = match sub {
                "generic" => (flag("type").unwrap_or_default(), data(arguments, context, coded)?),
                "tls" => {
                    let file = |name: &str| read(flag(name).unwrap_or_default(), context);
                    let mut data = Map::new();
                    data.insert("tls.crt", coded(&file("cert")?));
                    data.insert("tls.key", coded(&file("key")?));
                    ("kubernetes.io/tls", data)
                }
                "docker-registry" => {
                    let (server, user) =
                        (flag("docker-server").unwrap_or("https://index.docker.io/v1/"), required("docker-username")?);
                    let word = required("docker-password")?;
                    let auth = secret::encode(format!("{user}:{word}").as_bytes());
                    let own = map([("username", text(user)), ("password", text(word)), ("auth", text(auth))]);
                    let config = map([("auths", Value::Map([(server.into(), own)].into_iter().collect()))]);
                    let mut data = Map::new();
                    data.insert(".dockerconfigjson", coded(&config.to_json()));
                    ("kubernetes.io/dockerconfigjson", data)
                }
                other => return Err(format!("error: unknown command \"{other}\" for \"kubectl create secret\"")),
            };
            made.insert("data", Value::Map(data));
            if !kind.is_empty() {
                made.insert("type", text(kind));
            }
            made
        }
        "service" | "svc" => service(sub, name, arguments)?,
        "job" if flag("image").is_some() == flag("from").is_some() => {
            return Err("error: either --image or --from must be specified".into());
        }
        "job" if flag("from").is_some() && !command.is_empty() => {
            return Err("error: cannot specify --from and command".into());
        }
        "job" if flag("from").is_some() => {
            job::of_cron_job(flag("from").unwrap_or_default(), name, &namespace(arguments), context.host.world())?
        }
        "job" | "cronjob" | "cj" => {
            let mut own = container(name, required_image(arguments)?);
            if !command.is_empty() {
                own.insert("command", texts(command.iter().map(String::as_str)));
            }
            let restart = flag("restart").unwrap_or(if kind == "job" { "Never" } else { "OnFailure" });
            let pod = map([("containers", Value::List(vec![Value::Map(own)])), ("restartPolicy", text(restart))]);
            let job = map([("template", map([("metadata", empty()), ("spec", pod)]))]);
            if kind == "job" {
                let mut made = object("batch/v1", "Job", name, None);
                made.insert("spec", job);
                made
            } else {
                let mut made = object("batch/v1", "CronJob", name, None);
                let template = map([("metadata", map([("name", text(name))])), ("spec", job)]);
                made.insert("spec", map([("jobTemplate", template), ("schedule", text(required("schedule")?))]));
                made
            }
        }
        "namespace" | "ns" => object("v1", "Namespace", name, None),
        "serviceaccount" | "sa" => object("v1", "ServiceAccount", name, None),
        "quota" | "resourcequota" => {
            let mut made = object("v1", "ResourceQuota", name, None);
            let mut spec = Map::new();
            let hard = pairs(&list("hard"))?;
            let amounts = hard.iter().filter_map(|(_, amount)| amount.as_str());
            if amounts.map(|amount| Quantity(amount.into())).any(|amount| amount.millis().is_none()) {
                return Err(format!("error: {}", Quantity::GRAMMAR));
            }
            spec.insert("hard", Value::Map(hard));
            let scopes = list("scopes");
            if !scopes.is_empty() {
                spec.insert("scopes", texts(scopes.iter().copied()));
            }
            made.insert("spec", Value::Map(spec));
            made
        }
        "poddisruptionbudget" | "pdb" => {
            let Some(selector) = flag("selector").filter(|own| !own.is_empty()) else {
                return Err("error: a selector must be specified".into());
            };
            let given = [("min-available", "minAvailable"), ("max-unavailable", "maxUnavailable")]
                .map(|(name, key)| (name, key, flag(name).filter(|own| !own.is_empty())));
            match given.each_ref().map(|(.., value)| value.is_some()) {
                [false, false] => {
                    return Err("error: one of min-available or max-unavailable must be specified".into());
                }
                [true, true] => return Err("error: min-available and max-unavailable cannot be both specified".into()),
                _ => {}
            }
            let mut spec = Map::new();
            for (name, key, value) in given {
                let Some(value) = value else { continue };
                let digits = value.strip_suffix('%').unwrap_or(value);
                if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(format!("error: invalid format specified for {name}"));
                }
                spec.insert(key, value.parse().map_or_else(|_| text(value), Value::Int));
            }
            let labels = Value::Map(pairs(&selector.split(',').collect::<Vec<_>>())?);
            spec.insert("selector", map([("matchLabels", labels)]));
            let mut made = object("policy/v1", "PodDisruptionBudget", name, None);
            made.insert("spec", Value::Map(spec));
            made
        }
        "priorityclass" | "pc" => {
            let mut made = object("scheduling.k8s.io/v1", "PriorityClass", name, None);
            made.insert("value", number(flag("value").unwrap_or("0"), "value")?);
            made.insert("globalDefault", Value::Bool(arguments.is_set("global-default")));
            made.insert("description", text(flag("description").unwrap_or_default()));
            made.insert("preemptionPolicy", text(flag("preemption-policy").unwrap_or("PreemptLowerPriority")));
            made
        }
        "role" | "clusterrole" => {
            let (verbs, resources) = (list("verb"), list("resource"));
            let names: Vec<&str> = arguments.all("resource-name").collect();
            let mut urls = list("non-resource-url");
            urls.dedup();
            if kind == "role" && !urls.is_empty() {
                return Err(
                    "error: unknown flag: --non-resource-url\nSee 'kubectl create role --help' for usage.".into()
                );
            }
            if urls.iter().any(|url| !url.starts_with('/') && *url != "*") {
                return Err("error: nonResourceURL should start with /".into());
            }
            if verbs.is_empty() {
                return Err("error: at least one verb must be specified".into());
            }
            if resources.is_empty() && urls.is_empty() {
                return Err(match kind {
                    "role" => "error: at least one resource must be specified".into(),
                    _ => "error: one of resource or nonResourceURL must be specified".into(),
                });
            }
            let mut rules: Vec<(String, Vec<&str>)> = Vec::new();
            for resource in resources {
                let (plural, group) = resource.split_once('.').unwrap_or((resource, ""));
                let known = kind_of(plural.split('/').next().unwrap_or(plural))?;
                let group = if group.is_empty() { known.group() } else { group };
                match rules.iter_mut().find(|(own, _)| own == group) {
                    Some((_, all)) => all.push(plural),
                    None => rules.push((group.into(), vec![plural])),
                }
            }
            rules.order_by(|a, b| a.0.cmp(&b.0));
            let verbs = || ("verbs", texts(verbs.iter().copied()));
            let rules = rules.into_iter().map(|(group, resources)| {
                let own = [("apiGroups", texts([group.as_str()])), ("resources", texts(resources)), verbs()];
                let named = (!names.is_empty()).then(|| ("resourceNames", texts(names.iter().copied())));
                Value::Map(own.into_iter().chain(named).map(|(key, value)| (key.into(), value)).collect())
            });
            let of_urls = (!urls.is_empty()).then(|| map([("nonResourceURLs", texts(urls.iter().copied())), verbs()]));
            let rules = rules.chain(of_urls);
            let kind = if kind == "role" { "Role" } else { "ClusterRole" };
            let mut made = object("rbac.authorization.k8s.io/v1", kind, name, None);
            made.insert("rules", Value::List(rules.collect()));
            made
        }
        "rolebinding" | "clusterrolebinding" => {
            let (target, own) = match (flag("role"), flag("clusterrole")) {
                (Some(role), None) => ("Role", role),
                (None, Some(role)) => ("ClusterRole", role),
                _ => return Err("error: exactly one of clusterrole or role must be specified".into()),
            };
            let group = "rbac.authorization.k8s.io";
            let mut subjects = Vec::new();
            for (flag, kind) in [("user", "User"), ("group", "Group")] {
                for name in list(flag) {
                    subjects.push(map([("apiGroup", text(group)), ("kind", text(kind)), ("name", text(name))]));
                }
            }
            for account in list("serviceaccount") {
                let Some((namespace, name)) = account.split_once(':') else {
                    return Err("error: serviceaccount must be <namespace>:<name>".into());
                };
                let kind = ("kind", text("ServiceAccount"));
                subjects.push(map([kind, ("name", text(name)), ("namespace", text(namespace))]));
            }
            let kind = if kind == "rolebinding" { "RoleBinding" } else { "ClusterRoleBinding" };
            let mut made = object("rbac.authorization.k8s.io/v1", kind, name, None);
            made.insert("roleRef", map([("apiGroup", text(group)), ("kind", text(target)), ("name", text(own))]));
            made.insert("subjects", Value::List(subjects));
            made
        }
        "ingress" | "ing" => {
            let mut rules = Vec::new();
            for rule in arguments.all("rule") {
                let wrong = || {
                    format!(
                        "error: rule {rule} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]"
                    )
                };
                let (place, target) = rule.split_once('=').ok_or_else(wrong)?;
                let (host, path) = place.split_once('/').unwrap_or((place, ""));
                let (service, port) = target.split(',').next().unwrap_or(target).split_once(':').ok_or_else(wrong)?;
                let (path, how) = path.strip_suffix('*').map_or((path, "Exact"), |path| (path, "Prefix"));
                let port = port
                    .parse()
                    .map_or_else(|_| map([("name", text(port))]), |port| map([("number", Value::Int(port))]));
                let backend = map([("service", map([("name", text(service)), ("port", port)]))]);
                let path = map([("backend", backend), ("path", text(format!("/{path}"))), ("pathType", text(how))]);
                let mut own = Map::new();
                if !host.is_empty() {
                    own.insert("host", text(host));
                }
                own.insert("http", map([("paths", Value::List(vec![path]))]));
                rules.push(Value::Map(own));
            }
            let mut spec = Map::new();
            if let Some(class) = flag("class") {
                spec.insert("ingressClassName", text(class));
            }
            spec.insert("rules", Value::List(rules));
            let mut made = object("networking.k8s.io/v1", "Ingress", name, None);
            made.insert("spec", Value::Map(spec));
            made
        }
        other => {
            return Err(format!("error: kubectl create {other} makes no object here: describe it in a file, for -f"));
        }
    })
}

fn required_image(arguments: &Arguments) -> Result<&str, Failure> {
    arguments.last("image").ok_or_else(|| "error: required flag(s) \"image\" not set".into())
}

/// The name that a container gets by its image.
fn base_of(image: &str) -> String {
    let last = image.rsplit('/').next().unwrap_or(image);
    last.split([':', '@']).next().unwrap_or(last).replace(['_', '.'], "-")
}

fn read(name: &str, context: &Context<'_>) -> Result<String, Failure> {
    context.files.read(name).map_err(|why| match why {
        Unread::Missing => format!("error: open {name}: no such file or directory"),
        Unread::Because(why) => format!("error: error reading {name}: {why}"),
    })
}

/// What `--from-literal`, `--from-file` and `--from-env-file` come to.
fn data(arguments: &Arguments, context: &Context<'_>, coded: impl Fn(&str) -> Value) -> Result<Map, Failure> {
    let mut data = Map::new();
    for literal in arguments.all("from-literal") {
        let (key, value) = literal
            .split_once('=')
            .ok_or_else(|| format!("error: invalid literal source {literal}, expected key=value"))?;
        data.insert(key, coded(value));
    }
    for file in arguments.all("from-file") {
        let folder = format!("{}/", file.trim_start_matches("./").trim_end_matches('/'));
        let mut inside: Vec<String> = context
            .files
            .names()
            .into_iter()
            .filter(|name| name.strip_prefix(&*folder).is_some_and(|rest| !rest.contains('/')))
            .collect();
        inside.sort();
        for path in &inside {
            data.insert(&path[folder.len()..], coded(&read(path, context)?));
        }
        if !inside.is_empty() {
            continue;
        }
        let (key, path) = file.split_once('=').unwrap_or((file.rsplit('/').next().unwrap_or(file), file));
        data.insert(key, coded(&read(path, context)?));
    }
    for file in arguments.all("from-env-file") {
        for line in read(file, context)?.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            data.insert(key.trim(), coded(value));
        }
    }
    Ok(data)
}

fn service(sub: &str, name: &str, arguments: &Arguments) -> Result<Map, Failure> {
    let kind = match sub {
        "clusterip" => "ClusterIP",
        "nodeport" => "NodePort",
        "loadbalancer" => "LoadBalancer",
        "externalname" => "ExternalName",
        other => return Err(format!("error: unknown command \"{other}\" for \"kubectl create service\"")),
    };
    let mut ports = Vec::new();
    for port in arguments.all("tcp").flat_map(|list| list.split(',')) {
        let (own, target) = port.split_once(':').unwrap_or((port, port));
        let target = target.parse().map_or_else(|_| text(target), Value::Int);
        let mut made = Map::new();
        made.insert("name", text(port.replace(':', "-")));
        if let Some(node) = arguments.last("node-port").filter(|node| *node != "0") {
            made.insert("nodePort", number(node, "node-port")?);
        }
        made.insert("port", number(own, "tcp")?);
        made.insert("protocol", text("TCP"));
        made.insert("targetPort", target);
        ports.push(Value::Map(made));
    }
    let labels = map([("app", text(name))]);
    let mut spec = Map::new();
    if arguments.last("clusterip") == Some("None") {
        spec.insert("clusterIP", text("None"));
    } else if ports.is_empty() && sub != "externalname" {
        return Err("error: at least one tcp port specifier must be provided".into());
    }
    if let Some(external) = arguments.last("external-name") {
        spec.insert("externalName", text(external));
    }
    if !ports.is_empty() {
        spec.insert("ports", Value::List(ports));
    }
    spec.insert("selector", labels.clone());
    spec.insert("type", text(kind));
    let mut made = object("v1", "Service", name, Some(labels));
    made.insert("spec", Value::Map(spec));
    Ok(made)
}
