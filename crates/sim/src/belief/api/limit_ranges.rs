//! LimitRanges: what containers get that ask for nothing, and what pods and claims may not ask for.
//!
//! Upstream: the admission plugin `limitranger` (`plugin/pkg/admission/limitranger`).

use super::shelf::Objects;
use crate::words::api_error::ApiError;
use petri_objects::*;
use std::collections::BTreeMap;
use std::rc::Rc;

type Amounts = BTreeMap<Name, Quantity>;

/// In which annotation a pod is told what it was given.
const ANNOTATION: &str = "kubernetes.io/limit-ranger";

fn ranges(objects: &Objects, namespace: &str) -> Vec<Rc<KeptObject>> {
    let kind = Kind::from_api("v1", "LimitRange");
    let all = kind.map(|kind| objects.list(kind)).unwrap_or_default();
    let kept = all.into_iter().filter_map(|object| match object {
        Object::Kept(range) if *range.metadata.namespace == *namespace => Some(range),
        _ => None,
    });
    kept.collect()
}

/// One row of an item: `max`, `defaultRequest`.
fn amounts(item: &Value, key: &str) -> Amounts {
    let map = item.at(&[key]).and_then(Value::as_map);
    let pairs = map.iter().flat_map(|map| map.iter());
    pairs.filter_map(|(name, value)| Some((name.clone(), Quantity(value.as_str()?.into())))).collect()
}

fn kind_of(item: &Value) -> &str {
    item.at(&["type"]).and_then(Value::as_str).unwrap_or_default()
}

/// Gives the containers of a pod the requests and limits that the LimitRanges of its namespace name for those without.
///
/// Upstream: `PodMutateLimitFunc`.
pub fn fill_in(pod: &mut Pod, objects: &Objects) {
    for range in ranges(objects, &pod.metadata.namespace) {
        let (mut limits, mut requests) = (Amounts::new(), Amounts::new());
        for item in range.list(&["spec", "limits"]).iter().filter(|item| kind_of(item) == "Container") {
            limits.extend(amounts(item, "default"));
            requests.extend(amounts(item, "defaultRequest"));
        }
        let mut given = Vec::new();
        let spec = Rc::make_mut(&mut pod.spec);
        for (containers, what) in [(&mut spec.containers, "container"), (&mut spec.init_containers, "init container")] {
            for container in containers {
                let (asked, resources) = (&container.name, &mut container.resources);
                let limited = add(&mut resources.limits, &limits);
                let requested = add(&mut resources.requests, &requests);
                for (names, sort) in [(requested, "request"), (limited, "limit")] {
                    if !names.is_empty() {
                        given.push(format!("{} {sort} for {what} {asked}", names.join(", ")));
                    }
                }
            }
        }
        if !given.is_empty() {
            let text = format!("LimitRanger plugin set: {}", given.join("; "));
            pod.metadata.annotations.insert(ANNOTATION, text);
            Rc::make_mut(&mut pod.status).qos_class = defaults::qos_class(&pod.spec).into();
        }
    }
}

/// Adds what is missing, and says what that was.
fn add(to: &mut Amounts, from: &Amounts) -> Vec<Name> {
    let missing: Vec<Name> = from.keys().filter(|name| !to.contains_key(*name)).cloned().collect();
    to.extend(missing.iter().map(|name| (name.clone(), from[name].clone())));
    missing
}

/// Whether a pod or a claim keeps to the LimitRanges of its namespace.
///
/// # Errors
/// `Forbidden` with all that the first LimitRange has against it.
pub fn check(object: &Object, objects: &Objects) -> Result<(), ApiError> {
    if !matches!(object, Object::Pod(_) | Object::PersistentVolumeClaim(_)) {
        return Ok(());
    }
    for range in ranges(objects, &object.meta().namespace) {
        let mut faults = Vec::new();
        for item in range.list(&["spec", "limits"]) {
            let limit = Limit::of(item);
            match object {
                Object::Pod(pod) => limit.pod(pod, &mut faults),
                Object::PersistentVolumeClaim(claim) if limit.kind == "PersistentVolumeClaim" => {
                    let asked = &claim.spec.resources.requests;
                    limit.min.iter().for_each(|(name, least)| faults.extend(limit.below(name, least, asked, None)));
                    limit.max.iter().for_each(|(name, most)| faults.extend(limit.request_above(name, most, asked)));
                }
                _ => {}
            }
        }
        if let Some(first) = faults.first() {
            let cause = if faults.len() == 1 { first.clone() } else { format!("[{}]", faults.join(", ")) };
            let meta = object.meta();
            let name = if meta.name.is_empty() { &meta.generate_name } else { &meta.name };
            return Err(ApiError::Forbidden { kind: object.kind(), name: name.clone(), cause: cause.into() });
        }
    }
    Ok(())
}

/// One item of a LimitRange.
struct Limit<'r> {
    kind: &'r str,
    min: Amounts,
    max: Amounts,
    ratio: Amounts,
}

fn millis(amounts: &Amounts, name: &Name) -> Option<i128> {
    amounts.get(name).map(|amount| amount.millis().unwrap_or(0))
}

impl<'r> Limit<'r> {
    fn of(item: &'r Value) -> Limit<'r> {
        Limit {
            kind: kind_of(item),
            min: amounts(item, "min"),
            max: amounts(item, "max"),
            ratio: amounts(item, "maxLimitRequestRatio"),
        }
    }

    /// Upstream: `PodValidateLimitFunc`.
    fn pod(&self, pod: &Pod, faults: &mut Vec<String>) {
        let spec = &pod.spec;
        match self.kind {
            "Container" => {
                for container in spec.containers.iter().chain(&spec.init_containers) {
                    self.resources(&container.resources.requests, &container.resources.limits, faults);
                }
            }
            "Pod" => {
                let requests = sum(spec, |container| &container.resources.requests);
                let limits = sum(spec, |container| &container.resources.limits);
                self.resources(&requests, &limits, faults);
            }
            _ => {}
        }
    }

    fn resources(&self, requests: &Amounts, limits: &Amounts, faults: &mut Vec<String>) {
        self.min.iter().for_each(|(name, least)| faults.extend(self.below(name, least, requests, Some(limits))));
        self.max.iter().for_each(|(name, most)| faults.extend(self.above(name, most, requests, limits)));
        self.ratio.iter().for_each(|(name, most)| faults.extend(self.ratio_above(name, most, requests, limits)));
    }

    /// Upstream: `minConstraint`.
    fn below(&self, name: &Name, least: &Quantity, requests: &Amounts, limits: Option<&Amounts>) -> Option<String> {
        let said = format!("minimum {name} usage per {} is {least}", self.kind);
        let Some(request) = millis(requests, name) else { return Some(format!("{said}.  No request is specified")) };
        if Some(request) < least.millis() {
            return Some(format!("{said}, but request is {}", requests[name]));
        }
        let limits = limits?;
        let limit = millis(limits, name)?;
        (Some(limit) < least.millis()).then(|| format!("{said}, but limit is {}", limits[name]))
    }

    /// Upstream: `maxConstraint`.
    fn above(&self, name: &Name, most: &Quantity, requests: &Amounts, limits: &Amounts) -> Option<String> {
        let said = format!("maximum {name} usage per {} is {most}", self.kind);
        let Some(limit) = millis(limits, name) else { return Some(format!("{said}.  No limit is specified")) };
        if Some(limit) > most.millis() {
            return Some(format!("{said}, but limit is {}", limits[name]));
        }
        let request = millis(requests, name)?;
        (Some(request) > most.millis()).then(|| format!("{said}, but request is {}", requests[name]))
    }

    /// Upstream: `maxRequestConstraint`.
    fn request_above(&self, name: &Name, most: &Quantity, requests: &Amounts) -> Option<String> {
        let said = format!("maximum {name} usage per {} is {most}", self.kind);
        let Some(request) = millis(requests, name) else { return Some(format!("{said}.  No request is specified")) };
        (Some(request) > most.millis()).then(|| format!("{said}, but request is {}", requests[name]))
    }

    /// Upstream: `limitRequestRatioConstraint`.
    fn ratio_above(&self, name: &Name, most: &Quantity, requests: &Amounts, limits: &Amounts) -> Option<String> {
        let said = format!("{name} max limit to request ratio per {} is {most}, but", self.kind);
        let some = |amounts: &Amounts| millis(amounts, name).filter(|amount| *amount > 0);
        let Some(request) = some(requests) else {
            return Some(format!("{said} no request is specified or request is 0"));
        };
        let Some(limit) = some(limits) else { return Some(format!("{said} no limit is specified or limit is 0")) };
        let above = limit.saturating_mul(1_000) > most.millis().unwrap_or(0).saturating_mul(request);
        let ratio = (limit.saturating_mul(1_000_000) + request / 2) / request;
        above.then(|| format!("{said} provided ratio is {}.{:06}", ratio / 1_000_000, ratio % 1_000_000))
    }
}

/// What a pod asks for: its containers together, or the largest of its init containers.
///
/// Upstream: `podRequests`, `podLimits`.
fn sum(spec: &PodSpec, amounts: fn(&Container) -> &Amounts) -> Amounts {
    let mut total: BTreeMap<Name, i128> = BTreeMap::new();
    for (name, amount) in spec.containers.iter().flat_map(|container| amounts(container).iter()) {
        *total.entry(name.clone()).or_default() += amount.millis().unwrap_or(0);
    }
    for (name, amount) in spec.init_containers.iter().flat_map(|container| amounts(container).iter()) {
        let total = total.entry(name.clone()).or_default();
        *total = (*total).max(amount.millis().unwrap_or(0));
    }
    total.into_iter().map(|(name, millis)| (name.clone(), super::quota::text(&name, millis))).collect()
}
