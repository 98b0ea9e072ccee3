//! `kubectl describe`: an object and what belongs to it, in words.
//!
//! Each describer writes lines with tabs in upstream's order; [`DESCRIBE`] then sets the columns, which is why a line's
//! indentation is part of its first cell.

mod page;

mod daemon_set;
mod jobs;
mod kept;
mod network;
mod node;
mod pod;
mod storage;
mod workloads;

use crate::columns::DESCRIBE;
use page::Page;
use petri_objects::*;
use petri_sim::belief::api::shelf::Objects;

/// The description of one object, its events at the end.
pub fn describe(objects: &Objects, object: &Object, now: Time) -> String {
    let mut page = Page { objects, now, text: String::new() };
    match object {
        Object::Pod(pod) => pod::pod(&mut page, pod),
        Object::StatefulSet(set) => workloads::stateful_set(&mut page, set),
        Object::Deployment(deployment) => workloads::deployment(&mut page, deployment),
        Object::ReplicaSet(set) => workloads::replica_set(&mut page, Kind::ReplicaSet, set),
        Object::DaemonSet(set) => daemon_set::daemon_set(&mut page, set),
        Object::PodDisruptionBudget(budget) => workloads::budget(&mut page, budget),
        Object::PersistentVolumeClaim(claim) => storage::claim(&mut page, claim),
        Object::PersistentVolume(volume) => storage::volume(&mut page, volume),
        Object::StorageClass(class) => storage::storage_class(&mut page, class),
        Object::Service(service) => network::service(&mut page, service),
        Object::EndpointSlice(slice) => network::endpoint_slice(&mut page, slice),
        Object::Node(node) => node::node(&mut page, node),
        Object::Namespace(object) => namespace(&mut page, object),
        Object::ConfigMap(map) => config_map(&mut page, map),
        Object::ResourceQuota(object) => quota(&mut page, object),
        Object::ServiceAccount(account) => service_account(&mut page, account),
        Object::Kept(kept) if kept::describe(&mut page, kept) => {}
        other => any(&mut page, other),
    }
    DESCRIBE.align(&page.text)
}

/// A pod template as `kubectl rollout history` shows it, its tabs left as they are.
pub fn template(template: &PodTemplateSpec) -> String {
    let mut page = Page { objects: &Objects::default(), now: Time::ZERO, text: String::new() };
    pod::template(&mut page, template);
    page.text
}

/// Upstream: `describeNamespace`.
fn namespace(page: &mut Page<'_>, namespace: &Namespace) {
    page.line(format_args!("Name:\t{}", namespace.metadata.name));
    page.labels("Labels", &namespace.metadata.labels);
    page.annotations(&namespace.metadata.annotations);
    page.line(format_args!("Status:\t{}", namespace.status.phase));
    if !namespace.status.conditions.is_empty() {
        page.line(format_args!("Conditions:"));
        page.line(format_args!("  Type\tStatus\tLastTransitionTime\tReason\tMessage"));
        page.line(format_args!("  ----\t------\t------------------\t------\t-------"));
        for own in &namespace.status.conditions {
            let since = crate::text::instant(own.last_transition_time);
            page.line(format_args!("  {}\t{}\t{since}\t{}\t{}", own.kind, own.status, own.reason, own.message));
        }
    }
    page.line(format_args!(""));
    let name = &namespace.metadata.name;
    let quotas: Vec<_> = page.objects.quotas.in_namespace(name).cloned().collect();
    match quotas.is_empty() {
        true => page.line(format_args!("No resource quota.")),
        false => page.line(format_args!("Resource Quotas")),
    }
    for quota in quotas {
        page.line(format_args!("  Name:\t{}", quota.metadata.name));
        hard(page, &quota, "  ", "---");
    }
    page.line(format_args!(""));
    kept::limits_of(page, name);
}

fn quota(page: &mut Page<'_>, quota: &ResourceQuota) {
    page.line(format_args!("Name:\t{}", quota.metadata.name));
    page.line(format_args!("Namespace:\t{}", quota.metadata.namespace));
    hard(page, quota, "", "----");
}

/// The scopes of a quota, and how much of it is used.
fn hard(page: &mut Page<'_>, quota: &ResourceQuota, indent: &str, rule: &str) {
    if !quota.spec.scopes.is_empty() {
        let mut scopes: Vec<&str> = quota.spec.scopes.iter().map(|scope| &**scope).collect();
        scopes.sort_unstable();
        page.line(format_args!("{indent}Scopes:\t{}", scopes.join(", ")));
        let star = if indent.is_empty() { " *" } else { "  *" };
        scopes.iter().filter_map(|scope| matched_by(scope)).for_each(|text| page.line(format_args!("{star} {text}")));
    }
    page.line(format_args!("{indent}Resource\tUsed\tHard\n{indent}--------\t{rule}\t{rule}"));
    for (resource, hard) in &quota.status.hard {
        let used = quota.status.used.get(resource).map_or("0".into(), ToString::to_string);
        page.line(format_args!("{indent}{resource}\t{used}\t{hard}"));
    }
}

/// Upstream: `helpTextForResourceQuotaScope`.
fn matched_by(scope: &str) -> Option<&'static str> {
    Some(match scope {
        "Terminating" => {
            "Matches all pods that have an active deadline. These pods have a limited lifespan on a node before being \
             actively terminated by the system."
        }
        "NotTerminating" => {
            "Matches all pods that do not have an active deadline. These pods usually include long running pods whose \
             container command is not expected to terminate."
        }
        "BestEffort" => {
            "Matches all pods that do not have resource requirements set. These pods have a best effort quality of service."
        }
        "NotBestEffort" => {
            "Matches all pods that have at least one resource requirement set. These pods have a burstable or guaranteed \
             quality of service."
        }
        _ => return None,
    })
}

fn config_map(page: &mut Page<'_>, map: &ConfigMap) {
    page.name_and_namespace(&map.metadata);
    page.labels("Labels", &map.metadata.labels);
    page.annotations(&map.metadata.annotations);
    page.line(format_args!("\nData\n===="));
    for (key, value) in map.data.iter() {
        page.line(format_args!("{key}:\n----\n{value}\n"));
    }
    page.line(format_args!("\nBinaryData\n===="));
    for (key, value) in map.binary_data.iter() {
        page.line(format_args!(
            "{key}: {} bytes",
            petri_objects::kept::secret::decode(value).map_or(0, |bytes| bytes.len())
        ));
    }
    page.line(format_args!(""));
    page.events(Kind::ConfigMap, &map.metadata);
}

fn service_account(page: &mut Page<'_>, account: &ServiceAccount) {
    page.name_and_namespace(&account.metadata);
    page.labels("Labels", &account.metadata.labels);
    page.annotations(&account.metadata.annotations);
    let secrets = account.image_pull_secrets.0.as_ref().and_then(|list| list.as_list());
    let names = secrets.unwrap_or_default().iter().filter_map(|own| own.at(&["name"])?.as_str());
    let names: Vec<&str> = names.collect();
    page.line(format_args!("Image pull secrets:\t{}", names.first().unwrap_or(&"<none>")));
    names.iter().skip(1).for_each(|name| page.line(format_args!("\t{name}")));
    page.events(Kind::ServiceAccount, &account.metadata);
}

/// Kinds without a describer of their own: every field, its name in words.
///
/// Upstream: `genericDescriber`.
fn any(page: &mut Page<'_>, object: &Object) {
    let meta = object.meta();
    page.name_and_namespace(meta);
    page.labels("Labels", &meta.labels);
    page.annotations(&meta.annotations);
    if let Value::Map(map) = object.to_value() {
        fields(page, &map, 0, &["labels", "annotations", "name", "namespace", "managedFields"]);
    }
    page.events(object.kind(), meta);
}

fn fields(page: &mut Page<'_>, map: &Map, depth: usize, skip: &[&str]) {
    let indent = "  ".repeat(depth);
    for (key, value) in map.sorted() {
        if depth == 1 && skip.contains(&&**key) {
            continue;
        }
        let title = title_of(key);
        match value {
            Value::Map(inner) => {
                page.line(format_args!("{indent}{title}:"));
                fields(page, inner, depth + 1, if &**key == "metadata" { skip } else { &[] });
            }
            Value::List(items) => {
                page.line(format_args!("{indent}{title}:"));
                for item in items {
                    match item {
                        Value::Map(inner) => fields(page, inner, depth + 1, &[]),
                        other => page.line(format_args!("{indent}  {}", plain(other))),
                    }
                }
            }
            other => page.line(format_args!("{indent}{title}:\t{}", plain(other))),
        }
    }
}

/// `leaseDurationSeconds` as `Lease Duration Seconds`, `apiVersion` as `API Version`.
fn title_of(key: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut upper_before = false;
    for c in key.chars() {
        match words.last_mut() {
            Some(word) if !c.is_ascii_uppercase() || upper_before => word.push(c),
            _ => words.push(c.to_ascii_uppercase().to_string()),
        }
        upper_before = c.is_ascii_uppercase();
    }
    for word in &mut words {
        if ["api", "uid", "ip", "id", "url"].contains(&&*word.to_ascii_lowercase()) {
            *word = word.to_ascii_uppercase();
        }
    }
    words.join(" ")
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        other => other.to_json(),
    }
}

#[cfg(test)]
mod tests;
