//! Kinds that are kept and have a description of their own: Secrets, roles and their bindings, and those for which
//! controllers act.

use super::jobs;
use super::page::Page;
use super::workloads;
use crate::tables::secret_sizes;
use petri_objects::order::Order as _;
use petri_objects::{KeptObject, Kind, Object, Value, batch};
use std::collections::BTreeMap;

/// Describes an object; `false` if it has no description of its own.
pub(super) fn describe(page: &mut Page<'_>, object: &KeptObject) -> bool {
    if object.kind.is_custom() {
        return false;
    }
    match object.kind.entry().name {
        "Job" => jobs::job(page, object),
        "CronJob" => jobs::cron_job(page, object),
        "ReplicationController" => {
            workloads::replica_set(page, Kind::Kept(object.kind), &batch::as_replica_set(object));
        }
        "Endpoints" => endpoints(page, object),
        "Secret" => secret(page, object),
        "Role" | "ClusterRole" => role(page, object),
        "RoleBinding" | "ClusterRoleBinding" => binding(page, object),
        "LimitRange" => limits(page, object),
        _ => return false,
    }
    true
}

fn secret(page: &mut Page<'_>, object: &KeptObject) {
    page.name_and_namespace(&object.metadata);
    page.labels("Labels", &object.metadata.labels);
    page.annotations(&object.metadata.annotations);
    page.line(format_args!("\nType:\t{}", object.text(&["type"])));
    page.line(format_args!("\nData\n===="));
    for (key, size) in secret_sizes(object) {
        page.line(format_args!("{key}:\t{size} bytes"));
    }
}

/// Upstream: `describeEndpoints`.
fn endpoints(page: &mut Page<'_>, object: &KeptObject) {
    page.name_and_namespace(&object.metadata);
    page.labels("Labels", &object.metadata.labels);
    page.annotations(&object.metadata.annotations);
    page.line(format_args!("Subsets:"));
    for subset in object.list(&["subsets"]) {
        let list = |key: &str| subset.at(&[key]).and_then(Value::as_list).unwrap_or_default();
        let word = |value: &Value, key: &str| value.at(&[key]).and_then(Value::as_str).unwrap_or_default().to_owned();
        for (title, key) in [("Addresses", "addresses"), ("NotReadyAddresses", "notReadyAddresses")] {
            let addresses: Vec<String> = list(key).iter().map(|address| word(address, "ip")).collect();
            let all = if addresses.is_empty() { "<none>".to_owned() } else { addresses.join(",") };
            page.line(format_args!("  {title}:\t{all}"));
        }
        if !list("ports").is_empty() {
            page.line(format_args!("  Ports:\n    Name\tPort\tProtocol\n    ----\t----\t--------"));
        }
        for port in list("ports") {
            let name = Some(word(port, "name")).filter(|name| !name.is_empty()).unwrap_or_else(|| "<unset>".into());
            let number = port.at(&["port"]).and_then(Value::as_int).unwrap_or(0);
            page.line(format_args!("    {name}\t{number}\t{}", word(port, "protocol")));
        }
        page.line(format_args!(""));
    }
    page.events(Kind::Kept(object.kind), &object.metadata);
}

fn limits(page: &mut Page<'_>, object: &KeptObject) {
    page.name_and_namespace(&object.metadata);
    limits_head(page, "");
    limits_rows(page, object, "");
}

/// The LimitRanges of a namespace, as its description shows them.
pub(super) fn limits_of(page: &mut Page<'_>, namespace: &str) {
    let all = Kind::from_api("v1", "LimitRange").map(|kind| page.objects.list(kind)).unwrap_or_default();
    let own: Vec<_> = all
        .into_iter()
        .filter_map(|object| match object {
            Object::Kept(kept) if *kept.metadata.namespace == *namespace => Some(kept),
            _ => None,
        })
        .collect();
    if own.is_empty() {
        return page.line(format_args!("No LimitRange resource."));
    }
    page.line(format_args!("Resource Limits"));
    limits_head(page, " ");
    own.iter().for_each(|object| limits_rows(page, object, " "));
}

fn limits_head(page: &mut Page<'_>, indent: &str) {
    page.line(format_args!(
        "{indent}Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio"
    ));
    page.line(format_args!(
        "{indent}----\t--------\t---\t---\t---------------\t-------------\t-----------------------"
    ));
}

/// Upstream: `describeLimitRangeSpec`.
fn limits_rows(page: &mut Page<'_>, object: &KeptObject, indent: &str) {
    const KEYS: [&str; 5] = ["min", "max", "defaultRequest", "default", "maxLimitRequestRatio"];
    for limit in object.list(&["spec", "limits"]) {
        let word = |path: &[&str]| match limit.at(path) {
            Some(Value::String(text)) => text.to_string(),
            Some(value) => value.to_json(),
            None => "-".into(),
        };
        let maps = KEYS.iter().filter_map(|key| limit.at(&[key])?.as_map());
        let mut resources: Vec<String> = maps.flat_map(|map| map.iter().map(|(key, _)| key.to_string())).collect();
        resources.sort();
        resources.dedup();
        for resource in resources {
            let values = KEYS.map(|key| word(&[key, &resource])).join("\t");
            page.line(format_args!("{indent}{}\t{resource}\t{values}", word(&["type"])));
        }
    }
}

fn head(page: &mut Page<'_>, object: &KeptObject) {
    page.line(format_args!("Name:\t{}", object.metadata.name));
    page.labels("Labels", &object.metadata.labels);
    page.annotations(&object.metadata.annotations);
}

/// More rules of one resource, and more verbs of one rule, are not described.
const MOST_RULES: usize = 10_000;
const MOST_VERBS: usize = 100;

/// A rule of one resource, or of one path.
struct Rule {
    group: String,
    resource: String,
    name: Option<String>,
    url: Option<String>,
    verbs: Vec<String>,
}

/// Upstream: `BreakdownRule` and `CompactRules`: one rule for each resource with all of its verbs, one for each verb of a
/// path.
fn rules(object: &KeptObject) -> Vec<Rule> {
    let mut all: Vec<Rule> = Vec::new();
    let mut places: BTreeMap<(String, String, Option<String>), usize> = BTreeMap::new();
    for rule in object.list(&["rules"]) {
        let words = |key: &str| -> Vec<String> {
            let list = rule.at(&[key]).and_then(Value::as_list).unwrap_or_default();
            list.iter().filter_map(|word| Some(word.as_str()?.to_owned())).collect()
        };
        let (resources, verbs) = (words("resources"), words("verbs"));
        let names: Vec<Option<String>> = match words("resourceNames") {
            names if names.is_empty() => vec![None],
            names => names.into_iter().map(Some).collect(),
        };
        for group in words("apiGroups") {
            for resource in &resources {
                for name in &names {
                    if all.len() >= MOST_RULES {
                        break;
                    }
                    let key = (group.clone(), resource.clone(), name.clone());
                    match places.get(&key) {
                        Some(place) => {
                            let known = &mut all[*place].verbs;
                            let new = verbs.iter().filter(|verb| !known.contains(verb)).take(MOST_VERBS).cloned();
                            let new: Vec<String> = new.collect();
                            known.extend(new);
                            known.truncate(MOST_VERBS);
                        }
                        None => {
                            places.insert(key, all.len());
                            all.push(Rule {
                                group: group.clone(),
                                resource: resource.clone(),
                                name: name.clone(),
                                url: None,
                                verbs: verbs.iter().take(MOST_VERBS).cloned().collect(),
                            });
                        }
                    }
                }
            }
        }
        for url in words("nonResourceURLs") {
            all.extend(verbs.iter().take(MOST_RULES.saturating_sub(all.len())).map(|verb| Rule {
                group: String::new(),
                resource: String::new(),
                name: None,
                url: Some(url.clone()),
                verbs: vec![verb.clone()],
            }));
        }
    }
    // Upstream sorts them by how Go prints them.
    all.order_by_key(|rule| {
        let word = |word: &Option<String>| format!("[{}]", word.as_deref().unwrap_or_default());
        let own = [rule.verbs.join(" "), rule.group.clone(), rule.resource.clone()].map(|word| format!("[{word}]"));
        (own, word(&rule.name), word(&rule.url))
    });
    all
}

/// Upstream: `describeRole`.
fn role(page: &mut Page<'_>, object: &KeptObject) {
    head(page, object);
    page.line(format_args!("PolicyRule:"));
    page.line(format_args!("  Resources\tNon-Resource URLs\tResource Names\tVerbs"));
    page.line(format_args!("  ---------\t-----------------\t--------------\t-----"));
    for rule in rules(object) {
        let dot = if rule.group.is_empty() { "" } else { "." };
        let (resource, sub) =
            rule.resource.split_once('/').map_or((&*rule.resource, None), |(own, sub)| (own, Some(sub)));
        let sub = sub.map_or(String::new(), |sub| format!("/{sub}"));
        let (url, name) = (rule.url.unwrap_or_default(), rule.name.unwrap_or_default());
        let verbs = rule.verbs.join(" ");
        page.line(format_args!("  {resource}{dot}{}{sub}\t[{url}]\t[{name}]\t[{verbs}]", rule.group));
    }
}

fn binding(page: &mut Page<'_>, object: &KeptObject) {
    head(page, object);
    page.line(format_args!("Role:"));
    page.line(format_args!("  Kind:\t{}", object.text(&["roleRef", "kind"])));
    page.line(format_args!("  Name:\t{}", object.text(&["roleRef", "name"])));
    page.line(format_args!("Subjects:\n  Kind\tName\tNamespace\n  ----\t----\t---------"));
    for subject in object.list(&["subjects"]) {
        let word = |key: &str| subject.at(&[key]).and_then(Value::as_str).unwrap_or_default();
        page.line(format_args!("  {}\t{}\t{}", word("kind"), word("name"), word("namespace")));
    }
}
