//! The environment that a container's processes begin with.

use super::facts::host_name;
use super::given;
use petri_objects::Value;
use petri_sim::world::World;
use petri_sim::world::files::Inside;

/// The variables that a container's processes begin with, in their order.
pub(super) fn environment(inside: &Inside<'_>, world: &World) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut set = |name: &str, value: String| {
        // A value may name those before it: `$(HOST):80`.
        let value = expanded(&value, |name| all.iter().find(|(known, _)| known == name).map(|(_, value)| &**value));
        match all.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => all.push((name.into(), value)),
        }
    };
    set("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into());
    set("HOSTNAME", host_name(inside).to_string());
    let namespace = &inside.pod.metadata.namespace;
    for (name, value) in services(inside, world) {
        set(&name, value);
    }
    let text = |value: &Value, path: &[&str]| value.at(path).and_then(Value::as_str).map(str::to_owned);
    for source in list(&inside.container.env_from.0) {
        let prefix = text(source, &["prefix"]).unwrap_or_default();
        for (kind, is_secret) in [("configMapRef", false), ("secretRef", true)] {
            let Some(name) = text(source, &[kind, "name"]) else { continue };
            for (key, value) in given::data(is_secret, namespace, &name, world) {
                set(&format!("{prefix}{key}"), value);
            }
        }
    }
    for entry in list(&inside.container.env.0) {
        let Some(name) = text(entry, &["name"]) else { continue };
        let referred = |kind: &str, is_secret: bool| {
            let (object, key) = (text(entry, &["valueFrom", kind, "name"])?, text(entry, &["valueFrom", kind, "key"])?);
            given::data(is_secret, namespace, &object, world).into_iter().find(|(own, _)| *own == key).map(|(_, v)| v)
        };
        let value = text(entry, &["value"])
            .or_else(|| given::field(&text(entry, &["valueFrom", "fieldRef", "fieldPath"])?, inside))
            .or_else(|| given::resource(entry.at(&["valueFrom"])?, inside))
            .or_else(|| referred("configMapKeyRef", false))
            .or_else(|| referred("secretKeyRef", true));
        if let Some(value) = value {
            set(&name, value);
        }
    }
    set("HOME", "/root".into());
    all
}

/// Puts values where `$(NAME)` stands; `$$(NAME)` means the text itself, and so does a name that nobody knows.
pub(super) fn expanded<'v>(text: &str, value: impl Fn(&str) -> Option<&'v str>) -> String {
    let (mut done, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('$') {
        done.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("$$") {
            done.push('$');
            rest = after;
            continue;
        }
        let named = rest.strip_prefix("$(").and_then(|inner| inner.split_once(')'));
        match named.and_then(|(name, after)| Some((value(name)?, after))) {
            Some((value, after)) => {
                done.push_str(value);
                rest = after;
            }
            None => {
                done.push('$');
                rest = &rest[1..];
            }
        }
    }
    done + rest
}

fn list(value: &Option<std::rc::Rc<Value>>) -> &[Value] {
    value.as_ref().and_then(|value| value.as_list()).unwrap_or_default()
}

/// Services that were there when the container started, as Docker's links had them.
fn services(inside: &Inside<'_>, world: &World) -> Vec<(String, String)> {
    let namespace = &inside.pod.metadata.namespace;
    let all = world.objects().services.values().filter(|service| {
        let is_api = *service.metadata.name == *"kubernetes" && *service.metadata.namespace == *"default";
        let links = inside.pod.spec.enable_service_links != Some(false);
        let own = service.metadata.namespace == *namespace && links;
        (is_api || own) && service.metadata.creation_timestamp <= inside.process.started && !service.is_headless()
    });
    let mut found = vec![
        ("KUBERNETES_SERVICE_HOST".to_owned(), "10.96.0.1".to_owned()),
        ("KUBERNETES_SERVICE_PORT".to_owned(), "443".to_owned()),
        ("KUBERNETES_SERVICE_PORT_HTTPS".to_owned(), "443".to_owned()),
        ("KUBERNETES_PORT".to_owned(), "tcp://10.96.0.1:443".to_owned()),
        ("KUBERNETES_PORT_443_TCP".to_owned(), "tcp://10.96.0.1:443".to_owned()),
        ("KUBERNETES_PORT_443_TCP_PROTO".to_owned(), "tcp".to_owned()),
        ("KUBERNETES_PORT_443_TCP_PORT".to_owned(), "443".to_owned()),
        ("KUBERNETES_PORT_443_TCP_ADDR".to_owned(), "10.96.0.1".to_owned()),
    ];
    for service in all.filter(|service| *service.metadata.name != *"kubernetes") {
        let Some(port) = service.spec.ports.first() else { continue };
        let (name, address) = (service.metadata.name.to_uppercase().replace('-', "_"), &service.spec.cluster_ip);
        if address.is_empty() {
            continue;
        }
        found.push((format!("{name}_SERVICE_HOST"), address.to_string()));
        found.push((format!("{name}_SERVICE_PORT"), port.port.to_string()));
        let (number, base) = (port.port, format!("{name}_PORT_{}_TCP", port.port));
        found.push((format!("{name}_PORT"), format!("tcp://{address}:{number}")));
        found.push((base.clone(), format!("tcp://{address}:{number}")));
        found.push((format!("{base}_PROTO"), "tcp".into()));
        found.push((format!("{base}_PORT"), number.to_string()));
        found.push((format!("{base}_ADDR"), address.to_string()));
    }
    found
}
