//! Objects for one that is there: `kubectl expose`, `autoscale`.
//!
//! Upstream: `kubectl/pkg/cmd/expose`, `autoscale`.

use super::parts::{map, number, object, pairs, text};
use crate::args::{self, Arguments, FILENAME, Flag, NAMESPACE, OUTPUT, namespace, value};
use crate::kubectl::apply::make;
use crate::kubectl::context::{self, Context};
use crate::kubectl::named::{Named, in_files};
use crate::output::{Failure, Output};
use crate::select::{kind_of, reference};
use petri_objects::{Kind, Map, Object, Quantity, Value};

const EXPOSE: &[Flag] = &[
    NAMESPACE,
    OUTPUT,
    FILENAME,
    value("port"),
    value("target-port"),
    value("type"),
    value("name"),
    value("protocol"),
    value("selector"),
    value("labels").short('l'),
    value("external-ip"),
    value("cluster-ip"),
    value("load-balancer-ip"),
    value("session-affinity"),
    value("field-manager"),
];

/// Upstream: `canBeExposed`.
const EXPOSED: [&str; 5] = ["Deployment", "Pod", "ReplicaSet", "ReplicationController", "Service"];
/// Upstream: `canBeAutoscaled`.
const AUTOSCALED: [&str; 4] = ["Deployment", "ReplicaSet", "ReplicationController", "StatefulSet"];

/// `StatefulSet.apps`.
fn with_group(kind: Kind) -> String {
    match kind.group() {
        "" => kind.name().to_owned(),
        group => format!("{}.{group}", kind.name()),
    }
}

/// `kubectl expose deployment/web --port=80`.
#[inline(never)]
pub fn expose(words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    let arguments = args::parse(words, EXPOSE, "kubectl expose")?;
    let (kind, name) = one_of(&arguments, context)?;
    if !EXPOSED.contains(&kind.name()) {
        return Err(format!("error: cannot expose a {}", with_group(kind)));
    }
    let target = reference(kind, &namespace(&arguments), name.as_str());
    let found = context.host.world().objects().get(&target).ok_or_else(|| context::not_found(kind, &name))?;
    let value = found.to_value();
    let labels = || value.at(&["metadata", "labels"]).cloned();
    let selector = match (arguments.last("selector"), kind) {
        (Some(selector), _) => Some(Value::Map(pairs(&selector.split(',').collect::<Vec<_>>())?)),
        (None, Kind::Service) => value.at(&["spec", "selector"]).cloned(),
        (None, Kind::Pod) => labels(),
        (None, Kind::Kept(_)) => value.at(&["spec", "selector"]).cloned(),
        _ => value.at(&["spec", "selector", "matchLabels"]).cloned(),
    };
    let Some(selector) = selector else {
        return Err("error: couldn't retrieve selectors via --selector flag or introspection: the object has no labels and cannot be exposed".into());
    };
    let containers = match kind {
        Kind::Pod => value.at(&["spec", "containers"]),
        _ => value.at(&["spec", "template", "spec", "containers"]),
    };
    let declared: Vec<i64> = containers
        .and_then(Value::as_list)
        .unwrap_or_default()
        .iter()
        .flat_map(|own| own.at(&["ports"]).and_then(Value::as_list).unwrap_or_default())
        .filter_map(|port| port.at(&["containerPort"])?.as_int())
        .collect();
    let wanted: Vec<i64> = match arguments.last("port") {
        Some(list) => list
            .split(',')
            .map(|port| number(port, "port").map(|value| value.as_int().unwrap_or(0)))
            .collect::<Result<_, _>>()?,
        None => declared,
    };
    if wanted.is_empty() {
        return Err(
            "error: couldn't find port via --port flag or introspection\nSee 'kubectl expose -h' for help and examples"
                .into(),
        );
    }
    let several = wanted.len() > 1;
    let ports = wanted.iter().zip(1..).map(|(port, at)| {
        let mut own = Map::new();
        if several {
            own.insert("name", text(format!("port-{at}")));
        }
        own.insert("port", Value::Int(*port));
        own.insert("protocol", text(arguments.last("protocol").unwrap_or("TCP")));
        let target = arguments.last("target-port").map(|word| word.parse().map_or_else(|_| text(word), Value::Int));
        own.insert("targetPort", target.unwrap_or(Value::Int(*port)));
        Value::Map(own)
    });
    let mut spec = Map::new();
    if let Some(address) = arguments.last("cluster-ip") {
        spec.insert("clusterIP", text(address));
    }
    spec.insert("ports", Value::List(ports.collect()));
    spec.insert("selector", selector);
    if let Some(kind) = arguments.last("type") {
        spec.insert("type", text(kind));
    }
    let labels = match arguments.last("labels") {
        Some(own) => Some(Value::Map(pairs(&own.split(',').collect::<Vec<_>>())?)),
        None => labels(),
    };
    let mut made = object("v1", "Service", arguments.last("name").unwrap_or(&name), labels);
    made.insert("spec", Value::Map(spec));
    make(Value::Map(made), "exposed", &arguments, context)
}

/// `deployment/web`, or `deployment web`.
fn one_of(arguments: &Arguments, context: &Context<'_>) -> Result<(Kind, String), Failure> {
    let words: Vec<&str> = arguments.words.iter().map(String::as_str).collect();
    let (kind, name) = match words[..] {
        [word] if word.contains('/') => word.split_once('/').unwrap_or((word, "")),
        [kind, name] => (kind, name),
        _ if arguments.last("filename").is_some() => {
            let found = in_files(arguments, context)?.unwrap_or_default();
            let found: Vec<Named> = found.into_iter().collect::<Result<_, Failure>>()?;
            let first = found.into_iter().next().ok_or("error: no objects passed to expose")?;
            return Ok((first.target.kind, first.target.name.to_string()));
        }
        _ => return Err(context::NOTHING_NAMED.into()),
    };
    Ok((kind_of(kind.split('.').next().unwrap_or(kind))?, name.to_owned()))
}

const AUTOSCALE: &[Flag] = &[
    NAMESPACE,
    OUTPUT,
    FILENAME,
    value("min"),
    value("max"),
    value("cpu-percent"),
    value("cpu"),
    value("memory"),
    value("name"),
    value("field-manager"),
];

/// `kubectl autoscale deployment/web --min=2 --max=5 --cpu-percent=80`.
#[inline(never)]
pub fn autoscale(words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    let arguments = args::parse(words, AUTOSCALE, "kubectl autoscale")?;
    if arguments.last("max").is_none() {
        return Err("error: required flag(s) \"max\" not set".into());
    }
    let (kind, name) = one_of(&arguments, context)?;
    if !AUTOSCALED.contains(&kind.name()) {
        return Err(format!("error: cannot autoscale a {}", with_group(kind)));
    }
    let target = reference(kind, &namespace(&arguments), name.as_str());
    let found: Object = context.host.world().objects().get(&target).ok_or_else(|| context::not_found(kind, &name))?;
    let Some(most) = arguments.last("max") else {
        return Err("error: required flag(s) \"max\" not set".into());
    };
    let (most, least) = (number(most, "max")?, arguments.last("min").map(|least| number(least, "min")).transpose()?);
    if let (Some(most), Some(least)) = (most.as_int(), least.as_ref().and_then(Value::as_int))
        && most < least
    {
        return Err(format!(
            "error: --max=MAXPODS must be larger or equal to --min=MINPODS, max: {most}, min: {least}"
        ));
    }
    let mut spec = Map::new();
    spec.insert("maxReplicas", most);
    let mut metrics = Vec::new();
    if let Some(percent) = arguments.last("cpu-percent") {
        let percent = number(percent, "cpu-percent")?;
        if percent.as_int().is_some_and(|percent| percent > 0) {
            metrics.push(metric("cpu", [("averageUtilization", percent), ("type", text("Utilization"))]));
        }
    }
    for resource in ["cpu", "memory"] {
        let Some(target) = arguments.last(resource) else { continue };
        metrics.push(match target.strip_suffix('%') {
            Some(percent) => {
                metric(resource, [("averageUtilization", number(percent, resource)?), ("type", text("Utilization"))])
            }
            None if Quantity(target.into()).millis().is_some() => {
                metric(resource, [("averageValue", text(target)), ("type", text("AverageValue"))])
            }
            None => return Err(format!("error: invalid {resource} metric value: {target}")),
        });
    }
    if !metrics.is_empty() {
        spec.insert("metrics", Value::List(metrics));
    }
    if let Some(least) = least {
        spec.insert("minReplicas", least);
    }
    spec.insert(
        "scaleTargetRef",
        map([
            ("apiVersion", text(found.kind().api_version())),
            ("kind", text(found.kind().name())),
            ("name", text(&name)),
        ]),
    );
    let mut made = object("autoscaling/v2", "HorizontalPodAutoscaler", arguments.last("name").unwrap_or(&name), None);
    made.insert("spec", Value::Map(spec));
    let mut out = make(Value::Map(made), "autoscaled", &arguments, context)?;
    if arguments.last("cpu-percent").is_some() {
        out.stderr.insert_str(0, OLD_PERCENT);
    }
    Ok(out)
}

fn metric(resource: &str, target: [(&'static str, Value); 2]) -> Value {
    let resource = map([("name", text(resource)), ("target", map(target))]);
    map([("resource", resource), ("type", text("Resource"))])
}

const OLD_PERCENT: &str = "Flag --cpu-percent has been deprecated, Use --cpu with percentage or resource quantity format \
                           (e.g., '70%' for utilization or '500m' for milliCPU).\n";
