//! Files that stand in objects: ConfigMaps, Secrets, facts about the pod, the token of its account; and what the kubelet
//! writes for every container.
//!
//! Deviation: a change of a ConfigMap is in the file at once; the kubelet takes up to a minute.

use super::facts::{command_of, host_name};
use petri_objects::kept::secret;
use petri_objects::{Kind, Name, Object, ObjectRef, Value};
use petri_sim::belief::api::shelf::Key;
use petri_sim::reality::files::normal;
use petri_sim::world::World;
use petri_sim::world::files::Inside;

/// Where the cluster's DNS answers, if no Service says otherwise.
const DNS: &str = "10.96.0.10";

/// The address of the cluster's DNS.
pub(super) fn name_server(world: &World) -> Name {
    let service = world.objects().services.get(&Key::new("kube-system", "kube-dns"));
    service.map_or(DNS.into(), |service| service.spec.cluster_ip.clone())
}

pub(super) fn resolver(inside: &Inside<'_>, world: &World) -> String {
    let pod = &inside.pod;
    let namespace = &pod.metadata.namespace;
    let own = pod.spec.dns_config.0.as_deref();
    let list = |key: &str| own.and_then(|own| own.at(&[key])).and_then(Value::as_list).unwrap_or_default();
    let words = |key: &str| list(key).iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>();
    let is_all = &*pod.spec.dns_policy == "None";
    let (mut servers, mut searched, mut options) = (Vec::new(), Vec::new(), Vec::new());
    if !is_all {
        servers.push(name_server(world).to_string());
        searched = [&*format!("{namespace}.svc.cluster.local"), "svc.cluster.local", "cluster.local"]
            .map(String::from)
            .to_vec();
        options.push("ndots:5".to_owned());
    }
    servers.extend(words("nameservers"));
    searched.extend(words("searches"));
    for option in list("options") {
        let word = |key: &str| option.at(&[key]).and_then(Value::as_str);
        let name = word("name").unwrap_or_default();
        options.retain(|known| known.split(':').next() != Some(name));
        options.push(word("value").map_or(name.to_owned(), |value| format!("{name}:{value}")));
    }
    let mut text = String::new();
    if !searched.is_empty() {
        text.push_str(&format!("search {}\n", searched.join(" ")));
    }
    servers.iter().for_each(|server| text.push_str(&format!("nameserver {server}\n")));
    if !options.is_empty() {
        text.push_str(&format!("options {}\n", options.join(" ")));
    }
    text
}

pub(super) fn hosts(inside: &Inside<'_>) -> String {
    let host = host_name(inside);
    let full = full_name(inside).map_or(String::new(), |full| format!("{full}\t"));
    let mut text = format!(
        "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::\t\
         ip6-localnet\nfe00::\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n{}\t{full}{host}\n",
        inside.process.ip
    );
    let aliases = inside.pod.spec.host_aliases.0.as_deref().and_then(Value::as_list).unwrap_or_default();
    if !aliases.is_empty() {
        text.push_str("\n# Entries added by HostAliases.\n");
    }
    for alias in aliases {
        let names = alias.at(&["hostnames"]).and_then(Value::as_list).unwrap_or_default();
        let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
        let address = alias.at(&["ip"]).and_then(Value::as_str).unwrap_or_default();
        text.push_str(&format!("{address}\t{}\n", names.join("\t")));
    }
    text
}

/// The name of a pod that has a subdomain.
pub(super) fn full_name(inside: &Inside<'_>) -> Option<String> {
    let (pod, host) = (&inside.pod, host_name(inside));
    let subdomain = &pod.spec.subdomain;
    (!subdomain.is_empty()).then(|| format!("{host}.{subdomain}.{}.svc.cluster.local", pod.metadata.namespace))
}

/// Whether a path lies where the kubelet puts what stands in objects.
pub(super) fn is_given(inside: &Inside<'_>, path: &str) -> bool {
    let mounts = &inside.container.volume_mounts;
    mounts.iter().any(|mount| {
        let volume = inside.pod.spec.volumes.iter().find(|volume| volume.name == mount.name);
        let given = volume.is_some_and(|volume| {
            [&volume.config_map, &volume.secret, &volume.projected, &volume.downward_api].iter().any(|s| s.0.is_some())
        });
        given && petri_sim::reality::files::below(path, &normal(&mount.mount_path)).is_some()
    })
}

/// Paths, texts and permissions of everything that stands in objects.
pub(super) fn files(inside: &Inside<'_>, world: &World) -> Vec<(String, String, u32)> {
    let mut files = Vec::new();
    let namespace = &inside.pod.metadata.namespace;
    for mount in &inside.container.volume_mounts {
        let Some(volume) = inside.pod.spec.volumes.iter().find(|volume| volume.name == mount.name) else { continue };
        let mut found: Vec<(String, String)> = Vec::new();
        let sources =
            [("configMap", &volume.config_map), ("secret", &volume.secret), ("downwardAPI", &volume.downward_api)];
        for (kind, source) in sources {
            if let Some(source) = &source.0 {
                one_source(kind, source, namespace, inside, world, &mut found);
            }
        }
        if let Some(projected) = &volume.projected.0 {
            for source in projected.at(&["sources"]).and_then(Value::as_list).unwrap_or_default() {
                for kind in ["configMap", "secret", "downwardAPI"] {
                    if let Some(source) = source.at(&[kind]) {
                        one_source(kind, source, namespace, inside, world, &mut found);
                    }
                }
            }
        }
        for (name, text) in found {
            let at = normal(&mount.mount_path);
            // With a subPath one file stands at the mount itself.
            if mount.sub_path.is_empty() {
                files.push((normal(&format!("{at}/{name}")), text, 0o644));
            } else if *mount.sub_path == *name {
                files.push((at, text, 0o644));
            }
        }
    }
    if inside.pod.spec.automount_service_account_token != Some(false) {
        let folder = "/var/run/secrets/kubernetes.io/serviceaccount";
        files.push((format!("{folder}/namespace"), namespace.to_string(), 0o644));
        let certificate = "-----BEGIN CERTIFICATE-----\npetri\n-----END CERTIFICATE-----\n";
        files.push((format!("{folder}/ca.crt"), certificate.into(), 0o644));
        files.push((format!("{folder}/token"), format!("petri.{}", inside.pod.metadata.uid), 0o644));
    }
    files
}

fn one_source(
    kind: &str,
    source: &Value,
    namespace: &str,
    inside: &Inside<'_>,
    world: &World,
    found: &mut Vec<(String, String)>,
) {
    let text = |value: &Value, key: &str| value.at(&[key]).and_then(Value::as_str).unwrap_or_default().to_owned();
    if kind == "downwardAPI" {
        for item in source.at(&["items"]).and_then(Value::as_list).unwrap_or_default() {
            let path = item.at(&["fieldRef", "fieldPath"]).and_then(Value::as_str).unwrap_or_default();
            let value = field(path, inside).or_else(|| resource(item, inside));
            found.push((text(item, "path"), value.unwrap_or_default()));
        }
        return;
    }
    let name = if kind == "secret" { text(source, "secretName") } else { String::new() };
    let name = if name.is_empty() { text(source, "name") } else { name };
    let all = data(kind == "secret", namespace, &name, world);
    match source.at(&["items"]).and_then(Value::as_list) {
        None => found.extend(all),
        Some(items) => {
            for item in items {
                let key = text(item, "key");
                found.extend(
                    all.iter().filter(|(own, _)| *own == key).map(|(_, value)| (text(item, "path"), value.clone())),
                );
            }
        }
    }
}

/// Keys and texts of a ConfigMap or a Secret.
pub(super) fn data(is_secret: bool, namespace: &str, name: &str, world: &World) -> Vec<(String, String)> {
    if !is_secret {
        let map = world.objects().config_maps.get(&Key::new(namespace, name));
        return map.map_or(Vec::new(), |map| {
            map.data.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
        });
    }
    let Some(kind) = Kind::from_api("v1", "Secret") else { return Vec::new() };
    let Some(Object::Kept(secret)) = world.objects().get(&ObjectRef::new(kind, namespace, name)) else {
        return Vec::new();
    };
    let Some(Value::Map(data)) = secret.fields.get("data") else { return Vec::new() };
    let decoded = |value: &Value| {
        let bytes = secret::decode(value.as_str().unwrap_or_default()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    data.iter().map(|(key, value)| (key.to_string(), decoded(value))).collect()
}

/// What `resourceFieldRef` means, in whole numbers of its divisor, rounded up; without a limit the machine's own.
pub(super) fn resource(source: &Value, inside: &Inside<'_>) -> Option<String> {
    let path = source.at(&["resourceFieldRef", "resource"])?.as_str()?;
    let (kind, name) = path.split_once('.')?;
    let own = petri_objects::Object::Pod(std::rc::Rc::clone(&inside.pod)).to_value();
    let wanted = source.at(&["resourceFieldRef", "containerName"]).and_then(Value::as_str);
    let wanted = wanted.unwrap_or(&inside.container.name);
    let containers = own.at(&["spec", "containers"]).and_then(Value::as_list)?;
    let container = containers.iter().find(|own| own.at(&["name"]).and_then(Value::as_str) == Some(wanted))?;
    let text = container.at(&["resources", kind, name])?.as_str()?.to_owned();
    let divisor = source.at(&["resourceFieldRef", "divisor"]).and_then(Value::as_str).unwrap_or("1");
    let millis = |text: &str| petri_objects::Quantity(text.into()).millis();
    let (amount, divisor) = (millis(&text)?, millis(divisor)?.max(1));
    Some(((amount + divisor - 1) / divisor).to_string())
}

/// A fact about the pod, as `metadata.name`.
pub(super) fn field(path: &str, inside: &Inside<'_>) -> Option<String> {
    let pod = &inside.pod;
    let pairs = |map: &petri_objects::Labels| {
        map.iter().map(|(key, value)| format!("{key}=\"{value}\"")).collect::<Vec<_>>().join("\n")
    };
    let keyed = |map: &petri_objects::Labels, rest: &str| {
        map.get(rest.trim_start_matches("['").trim_end_matches("']")).map(|value| value.to_string())
    };
    Some(match path {
        "metadata.name" => pod.metadata.name.to_string(),
        "metadata.namespace" => pod.metadata.namespace.to_string(),
        "metadata.uid" => pod.metadata.uid.to_string(),
        "metadata.labels" => pairs(&pod.metadata.labels),
        "metadata.annotations" => pairs(&pod.metadata.annotations),
        "spec.nodeName" => inside.machine.name.to_string(),
        "spec.serviceAccountName" => pod.spec.service_account_name.to_string(),
        "status.podIP" | "status.podIPs" => inside.process.ip.to_string(),
        "status.hostIP" | "status.hostIPs" => inside.machine.internal_ip.to_string(),
        path => match (path.strip_prefix("metadata.labels"), path.strip_prefix("metadata.annotations")) {
            (Some(rest), _) => return keyed(&pod.metadata.labels, rest),
            (_, Some(rest)) => return keyed(&pod.metadata.annotations, rest),
            _ => return None,
        },
    })
}

/// The configuration that the ZooKeeper image writes from its flags and its pod's name.
pub(super) fn zookeeper(inside: &Inside<'_>, world: &World) -> String {
    let pod = &inside.pod;
    let words: Vec<String> = command_of(inside);
    let whole = words.join(" ");
    let flag = |name: &str, usual: &str| {
        let found = whole.split_whitespace().find_map(|word| word.strip_prefix(&format!("--{name}=")));
        found.unwrap_or(usual).to_owned()
    };
    let set = pod.metadata.name.rsplit_once('-').map_or("zk", |(set, _)| set);
    let replicas = world.objects().stateful_sets.get(&Key::new(&*pod.metadata.namespace, set));
    let servers = flag("servers", &replicas.map_or(3, |set| set.replicas()).to_string()).parse().unwrap_or(3);
    let mut text = String::from("#This file was autogenerated DO NOT EDIT\n");
    for (key, name, usual) in [
        ("clientPort", "client_port", "2181"),
        ("dataDir", "data_dir", "/var/lib/zookeeper/data"),
        ("dataLogDir", "data_log_dir", "/var/lib/zookeeper/data/log"),
        ("tickTime", "tick_time", "2000"),
        ("initLimit", "init_limit", "10"),
        ("syncLimit", "sync_limit", "5"),
        ("maxClientCnxns", "max_client_cnxns", "60"),
        ("minSessionTimeout", "min_session_timeout", "4000"),
        ("maxSessionTimeout", "max_session_timeout", "40000"),
        ("autopurge.snapRetainCount", "snap_retain_count", "3"),
        ("autopurge.purgeInteval", "purge_interval", "12"),
    ] {
        text.push_str(&format!("{key}={}\n", flag(name, usual)));
    }
    let (service, namespace) = (&pod.spec.subdomain, &pod.metadata.namespace);
    for number in 0..std::cmp::min(servers, 100) {
        text.push_str(&format!(
            "server.{}={set}-{number}.{service}.{namespace}.svc.cluster.local:{}:{}\n",
            number + 1,
            flag("server_port", "2888"),
            flag("election_port", "3888"),
        ));
    }
    text
}

pub(super) fn log4j() -> &'static str {
    "zookeeper.root.logger=CONSOLE\nzookeeper.console.threshold=INFO\nlog4j.rootLogger=${zookeeper.root.logger}\n\
     log4j.appender.CONSOLE=org.apache.log4j.ConsoleAppender\n\
     log4j.appender.CONSOLE.Threshold=${zookeeper.console.threshold}\n\
     log4j.appender.CONSOLE.layout=org.apache.log4j.PatternLayout\n\
     log4j.appender.CONSOLE.layout.ConversionPattern=%d{ISO8601} [myid:%X{myid}] - %-5p [%t:%C{1}@%L] - %m%n\n"
}

pub(super) fn server_js() -> &'static str {
    "const http = require('http');\nconst host = process.env.HOSTNAME;\n\nhttp.createServer((request, response) => {\n  \
     response.end(`Hello Kubernetes bootcamp! | Running on: ${host} | v=1\\n`);\n}).listen(8080);\n"
}
