//! Resource quotas: what objects count for, and what a namespace may still have.
//!
//! Upstream: `pkg/quota/v1`, and the admission plugin `resourcequota`.
//! Deviation: a quota of the scope VolumeAttributesClass is about nothing.

use super::shelf::Objects;
use crate::ground::clock::Time;
use crate::words::api_error::ApiError;
use petri_objects::*;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Amounts in thousandths, by resource.
pub type Usage = BTreeMap<Name, i128>;

/// Whose missing requests a quota complains of.
const MUST_BE_SPECIFIED: [&str; 6] =
    ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];

/// What an object counts for.
///
/// Upstream: `pkg/quota/v1/evaluator/core`.
pub fn usage(object: &Object, now: Time) -> Usage {
    let mut usage = Usage::new();
    let kind = object.kind();
    if !kind.is_namespaced() || kind == Kind::Event {
        return usage;
    }
    let mut count = |resource: &str| {
        usage.insert(resource.into(), 1_000);
    };
    match object {
        Object::Pod(pod) if !counts(pod, now) => return usage,
        Object::Pod(_) => count("pods"),
        Object::PersistentVolumeClaim(_) => count("persistentvolumeclaims"),
        Object::Service(service) => {
            count("services");
            match &*service.spec.kind {
                "LoadBalancer" => count("services.loadbalancers"),
                "NodePort" => count("services.nodeports"),
                _ => {}
            }
        }
        Object::ConfigMap(_) => count("configmaps"),
        Object::ResourceQuota(_) => count("resourcequotas"),
        Object::Kept(kept) if matches!(kept.kind.entry().name, "Secret" | "ReplicationController") => {
            count(kind.plural());
        }
        _ => {}
    }
    count(&format!("count/{}", kind.qualified_resource()));
    match object {
        Object::Pod(pod) => pod_amounts(pod, &mut usage),
        Object::PersistentVolumeClaim(claim) => {
            let asked = claim.spec.resources.requests.get("storage").and_then(Quantity::millis).unwrap_or(0);
            usage.insert("requests.storage".into(), asked);
            if let Some(class) = &claim.spec.storage_class_name {
                let of_class = format!("{class}.storageclass.storage.k8s.io");
                usage.insert(format!("{of_class}/requests.storage").into(), asked);
                usage.insert(format!("{of_class}/persistentvolumeclaims").into(), 1_000);
            }
        }
        _ => {}
    }
    usage
}

/// Whether a pod still counts: it has not ended, and is not stuck in its own deletion.
///
/// Upstream: `QuotaV1Pod`.
pub fn counts(pod: &Pod, now: Time) -> bool {
    if pod.phase().is_terminal() {
        return false;
    }
    // The deletion timestamp has the grace in it already; upstream adds it once more.
    let grace = pod.metadata.deletion_grace_period_seconds.unwrap_or(0).max(0) as u64;
    !pod.metadata.is_terminating()
        || now <= pod.metadata.deletion_timestamp + crate::ground::clock::Span::seconds(grace)
}

fn pod_amounts(pod: &Pod, usage: &mut Usage) {
    let total = |amounts: fn(&Container) -> &BTreeMap<Name, Quantity>, resource: &str| {
        let of = |container: &Container| amounts(container).get(resource).and_then(Quantity::millis).unwrap_or(0);
        let own: i128 = pod.spec.containers.iter().map(of).sum();
        own.max(pod.spec.init_containers.iter().map(of).max().unwrap_or(0))
    };
    for resource in ["cpu", "memory", "ephemeral-storage"] {
        let requested = total(|container| &container.resources.requests, resource);
        let limited = total(|container| &container.resources.limits, resource);
        usage.insert(resource.into(), requested);
        usage.insert(format!("requests.{resource}").into(), requested);
        usage.insert(format!("limits.{resource}").into(), limited);
    }
}

/// Whether a quota is about an object: by its scopes, which only pods have.
///
/// Upstream: `podMatchesScopeFunc`.
fn matches(quota: &ResourceQuota, object: &Object) -> bool {
    let spec = &quota.spec;
    let selector = spec.scope_selector.0.as_deref().and_then(|selector| selector.at(&["matchExpressions"]));
    let selected = selector.and_then(Value::as_list).unwrap_or_default();
    if spec.scopes.is_empty() && selected.is_empty() {
        return true;
    }
    let Object::Pod(pod) = object else { return false };
    let text = |requirement: &Value, key: &str| -> Name {
        requirement.at(&[key]).and_then(Value::as_str).unwrap_or_default().into()
    };
    spec.scopes.iter().all(|scope| is_in_scope(&pod.spec, scope, "Exists", &[]))
        && selected.iter().all(|requirement| {
            let values = requirement.at(&["values"]).and_then(Value::as_list).unwrap_or_default();
            is_in_scope(&pod.spec, &text(requirement, "scopeName"), &text(requirement, "operator"), values)
        })
}

fn is_in_scope(spec: &PodSpec, scope: &str, operator: &str, values: &[Value]) -> bool {
    let best_effort = || defaults::qos_class(spec) == "BestEffort";
    match scope {
        "BestEffort" => best_effort(),
        "NotBestEffort" => !best_effort(),
        "Terminating" => spec.active_deadline_seconds.is_some(),
        "NotTerminating" => spec.active_deadline_seconds.is_none(),
        "CrossNamespacePodAffinity" => looks_elsewhere(spec),
        "PriorityClass" => {
            let class = &spec.priority_class_name;
            let is_listed = values.iter().any(|value| value.as_str() == Some(&**class));
            match operator {
                "In" => !class.is_empty() && is_listed,
                "NotIn" => class.is_empty() || !is_listed,
                "DoesNotExist" => class.is_empty(),
                _ => !class.is_empty(),
            }
        }
        _ => false,
    }
}

/// Whether a pod's place depends on pods of other namespaces.
///
/// Upstream: `usesCrossNamespacePodAffinity`.
fn looks_elsewhere(spec: &PodSpec) -> bool {
    let Some(affinity) = &spec.affinity else { return false };
    let elsewhere = |term: &PodAffinityTerm| !term.namespaces.is_empty() || term.namespace_selector.is_some();
    let near = affinity
        .pod_affinity
        .iter()
        .any(|it| it.required.iter().any(elsewhere) || it.preferred.iter().any(|it| elsewhere(&it.pod_affinity_term)));
    let apart = affinity
        .pod_anti_affinity
        .iter()
        .any(|it| it.required.iter().any(elsewhere) || it.preferred.iter().any(|it| elsewhere(&it.pod_affinity_term)));
    near || apart
}

/// What everything in a quota's namespace comes to, for the resources that the quota limits.
pub fn total(quota: &ResourceQuota, objects: &Objects, now: Time) -> BTreeMap<Name, Quantity> {
    let mut sum: Usage = quota.spec.hard.keys().map(|resource| (resource.clone(), 0)).collect();
    let namespace = &quota.metadata.namespace;
    for kind in objects.kinds().filter(|kind| kind.is_namespaced() && *kind != Kind::Event) {
        let kept = objects.list(kind).into_iter().filter(|object| object.meta().namespace == *namespace);
        for object in kept.filter(|object| matches(quota, object)) {
            for (resource, amount) in usage(&object, now) {
                sum.entry(resource).and_modify(|sum| *sum += amount);
            }
        }
    }
    sum.into_iter().map(|(resource, amount)| (resource.clone(), text(&resource, amount))).collect()
}

/// The canonical text of an amount: `3`, `250m`, `64Mi`.
pub fn text(resource: &str, millis: i128) -> Quantity {
    let binary = resource.ends_with("memory") || resource.ends_with("storage");
    let units = millis / 1_000;
    Quantity(if millis % 1_000 != 0 {
        format!("{millis}m").into()
    } else if binary {
        Quantity::binary_text(units).into()
    } else {
        let suffixes = [("M", 1_000_000), ("k", 1_000)];
        let fits = suffixes.iter().find(|(_, unit)| units != 0 && units % unit == 0);
        fits.map_or(units.to_string(), |(suffix, unit)| format!("{}{suffix}", units / unit)).into()
    })
}

/// Whether a new object, or what is added to an old one, fits into the quotas of its namespace, and what they say then.
///
/// Upstream: `CheckRequest`.
///
/// # Errors
/// `Forbidden` with what is exceeded, what must be specified, or that a quota has not been counted yet.
pub fn charge(
    object: &Object,
    old: Option<&Object>,
    objects: &Objects,
    now: Time,
) -> Result<Vec<ResourceQuota>, ApiError> {
    let namespace = &object.meta().namespace;
    let mut asked = usage(object, now);
    if let Some(old) = old {
        usage(old, now).into_iter().for_each(|(resource, had)| *asked.entry(resource).or_default() -= had);
        asked.retain(|_, amount| *amount != 0);
    }
    let refuse = |cause: String| {
        let meta = object.meta();
        let name = if meta.name.is_empty() { &meta.generate_name } else { &meta.name };
        Err(ApiError::Forbidden { kind: object.kind(), name: name.clone(), cause: cause.into() })
    };
    let mut charged = Vec::new();
    for quota in objects.quotas.in_namespace(namespace).filter(|quota| matches(quota, object)) {
        let limited: Vec<&Name> = quota.status.hard.keys().filter(|resource| asked.contains_key(*resource)).collect();
        let wanted = quota.spec.hard.keys().map(|name| &**name).filter(|name| asked.contains_key(*name));
        let uncounted: Vec<&str> = wanted.filter(|_| quota.status.hard.is_empty()).collect();
        if !uncounted.is_empty() {
            let (name, resources) = (&quota.metadata.name, uncounted.join(","));
            return refuse(format!("status unknown for quota: {name}, resources: {resources}"));
        }
        if let Object::Pod(pod) = object {
            let missing = unspecified(pod, &limited);
            if !missing.is_empty() {
                return refuse(format!("failed quota: {}: must specify {missing}", quota.metadata.name));
            }
        }
        let millis = |amounts: &BTreeMap<Name, Quantity>, resource: &Name| {
            amounts.get(resource).and_then(Quantity::millis).unwrap_or(0)
        };
        let asked_for: Vec<&Name> = limited.into_iter().filter(|resource| asked[*resource] != 0).collect();
        let exceeds = |resource: &&Name| {
            millis(&quota.status.used, resource) + asked[*resource] > millis(&quota.status.hard, resource)
        };
        let exceeded: Vec<&Name> = asked_for.iter().copied().filter(exceeds).collect();
        if !exceeded.is_empty() {
            let list = |amount: &dyn Fn(&Name) -> Quantity| {
                let texts: Vec<String> = exceeded.iter().map(|name| format!("{name}={}", amount(name))).collect();
                texts.join(",")
            };
            let stored = |amounts: &BTreeMap<Name, Quantity>, name: &Name| {
                amounts.get(name).cloned().unwrap_or_else(|| Quantity("0".into()))
            };
            return refuse(format!(
                "exceeded quota: {}, requested: {}, used: {}, limited: {}",
                quota.metadata.name,
                list(&|name| text(name, asked[name])),
                list(&|name| stored(&quota.status.used, name)),
                list(&|name| stored(&quota.status.hard, name)),
            ));
        }
        if !asked_for.is_empty() {
            let mut quota = (**quota).clone();
            for resource in asked_for {
                let sum = millis(&quota.status.used, resource) + asked[resource];
                Rc::make_mut(&mut quota.status).used.insert(resource.clone(), text(resource, sum));
            }
            charged.push(quota);
        }
    }
    Ok(charged)
}

/// Which requests and limits are missing, by container: `limits.cpu for: a,b; limits.memory for: a`.
///
/// Upstream: `podEvaluator.Constraints`.
fn unspecified(pod: &Pod, limited: &[&Name]) -> String {
    let required = limited.iter().filter(|resource| MUST_BE_SPECIFIED.iter().any(|name| *name == &****resource));
    let mut missing: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for resource in required {
        for container in pod.spec.containers.iter().chain(&pod.spec.init_containers) {
            let (amounts, name) = match resource.split_once('.') {
                Some(("limits", name)) => (&container.resources.limits, name),
                Some((_, name)) => (&container.resources.requests, name),
                None => (&container.resources.requests, &***resource),
            };
            if !amounts.contains_key(name) {
                missing.entry(resource).or_default().insert(&container.name);
            }
        }
    }
    let texts = missing.iter().map(|(resource, containers)| {
        format!("{resource} for: {}", containers.iter().copied().collect::<Vec<_>>().join(","))
    });
    texts.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(json: &str) -> Object {
        let value = Value::from_json(json).expect("the test's own JSON");
        Object::decode(Kind::Pod, &value, &mut record::Decode::default())
    }

    #[test]
    fn amounts_have_their_canonical_text() {
        let cases = [("pods", 3_000, "3"), ("cpu", 250, "250m"), ("cpu", 2_000_000, "2k")];
        for (resource, millis, expected) in cases {
            assert_eq!(&*text(resource, millis).0, expected);
        }
        assert_eq!(&*text("requests.memory", (192 << 20) * 1_000).0, "192Mi");
        assert_eq!(&*text("requests.storage", 0).0, "0");
    }

    #[test]
    fn a_quota_of_a_class_is_about_the_pods_of_that_class() {
        let quota = |operator: &str, values: &str| {
            let json = format!(
                r#"{{"metadata":{{"name":"q"}},"spec":{{"hard":{{"pods":"1"}},"scopeSelector":{{"matchExpressions":[
                {{"scopeName":"PriorityClass","operator":"{operator}","values":{values}}}]}}}}}}"#
            );
            let value = Value::from_json(&json).expect("the test's own JSON");
            ResourceQuota::decode(&value, &mut record::Decode::default())
        };
        let of = |class: &str| pod(&format!(r#"{{"spec":{{"priorityClassName":"{class}","containers":[]}}}}"#));
        for (operator, values, expected) in [
            ("In", r#"["high"]"#, [true, false, false]),
            ("NotIn", r#"["high"]"#, [false, true, true]),
            ("Exists", "[]", [true, true, false]),
            ("DoesNotExist", "[]", [false, false, true]),
        ] {
            let matched = ["high", "low", ""].map(|class| matches(&quota(operator, values), &of(class)));
            assert_eq!(matched, expected, "{operator}");
        }
    }

    #[test]
    fn a_pod_counts_until_it_has_ended() {
        let asks = r#"{"metadata":{"name":"p","namespace":"n"},"spec":{"containers":[
            {"name":"a","resources":{"requests":{"cpu":"100m"},"limits":{"memory":"64Mi"}}},{"name":"b"}],
            "initContainers":[{"name":"i","resources":{"requests":{"cpu":"500m"}}}]}}"#;
        let used = usage(&pod(asks), Time(0));
        let get = |resource: &str| used.get(resource).copied();
        assert_eq!((get("pods"), get("count/pods")), (Some(1_000), Some(1_000)));
        assert_eq!((get("cpu"), get("requests.cpu")), (Some(500), Some(500)), "the largest init container counts");
        assert_eq!(get("limits.memory"), Some((64 << 20) * 1_000));
        let ended = pod(r#"{"metadata":{"name":"p"},"spec":{"containers":[]},"status":{"phase":"Failed"}}"#);
        assert!(usage(&ended, Time(0)).is_empty());
    }
}
