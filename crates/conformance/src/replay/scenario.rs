//! `scenario.json`: the cluster that was recorded, as a scenario of ours.

use super::trace::Purpose;
use petri_objects::{Map, Name, Namespace, Object, Span, Time, Value};
use petri_sim::ground::scenario::{MachineSpec, Scenario};
use petri_sim::ground::settings::Settings;
use std::collections::BTreeSet;

/// What a recording is about.
pub struct About {
    pub name: String,
    pub namespace: String,
    pub scenario: Scenario,
    pub seed: u64,
    pub duration: Span,
    /// The moment that the script counts from; the cluster runs for a while before it.
    pub begins: Time,
    /// The machines that the recording tells of.
    pub pool: BTreeSet<Name>,
    /// Names that the recorded cluster generated, and what for, in the order of creation.
    pub generated_names: Vec<(Purpose, String)>,
}

/// How long the cluster runs before the script begins.
const WARM_UP: Span = Span::seconds(120);

/// Reads the description, the recorded placements and the setup manifest.
///
/// # Errors
/// A sentence about what is missing.
pub fn read(description: &Value, placements: &Value, setup: &str) -> Result<About, String> {
    let text = |path: &[&str]| description.at(path).and_then(Value::as_str);
    let namespace = text(&["namespace"]).ok_or("scenario.json names no namespace")?.to_owned();
    let name = text(&["name"]).unwrap_or("recording").to_owned();
    let mut scenario = Scenario::empty(&name);
    let begins = text(&["start"]).and_then(Time::parse_rfc3339).unwrap_or(scenario.start);
    scenario.start = begins - WARM_UP;
    scenario.settings = settings(description);
    scenario.settings.placements = placed(placements);
    scenario.settings.pod_names = pod_names(placements);
    scenario.settings.limiter_busy = busy(description, begins);
    scenario.settings.taint_order = taint_order(placements);
    scenario.machines = machines(description);
    let account = petri_sim::belief::controllers::service_account::default_account(&Name::from(&*namespace));
    scenario.setup = vec![namespace_object(&namespace), account.into()];
    for document in petri_manifest::parse(setup).documents {
        scenario.setup.extend(document.object);
    }
    let duration = description.at(&["duration"]).and_then(seconds).unwrap_or(Span::seconds(60));
    let pool = pool(description);
    let generated_names = generated_names(placements);
    Ok(About { name, namespace, scenario, seed: 1, duration, begins, pool, generated_names })
}

fn namespace_object(name: &str) -> Object {
    let mut namespace = Namespace::default();
    namespace.metadata.name = name.into();
    namespace.into()
}

/// A number of seconds, with a fraction.
pub fn seconds(value: &Value) -> Option<Span> {
    match value {
        Value::Int(number) => Some(Span::seconds(u64::try_from(*number).ok()?)),
        Value::Number(text) => {
            let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
            let fraction: String = fraction.chars().chain("000000".chars()).take(6).collect();
            Some(Span::seconds(whole.parse().ok()?) + Span::micros(fraction.parse().ok()?))
        }
        _ => None,
    }
}

/// A rate or share as thousandths.
fn thousandths(value: &Value) -> Option<u64> {
    seconds(value).map(|span| span.0 / 1_000)
}

fn settings(description: &Value) -> Settings {
    let mut settings = Settings::default();
    let span = |path: &[&str]| description.at(path).and_then(seconds);
    let manager = |key: &'static str| ["settings", "controllerManager", key];
    let agent = |key: &'static str| ["nodeAgent", key];
    let set = |target: &mut Span, path: &[&str]| {
        if let Some(span) = span(path) {
            *target = span;
        }
    };
    let whole = |path: &[&str]| span(path).map(|span| span.as_seconds() as i64);
    let tolerations = ["settings", "apiServer", "defaultTolerationSeconds"];
    let toleration = |key: &'static str| [tolerations[0], tolerations[1], tolerations[2], key];
    if let Some(seconds) = whole(&toleration("notReady")) {
        settings.not_ready_toleration_seconds = seconds;
    }
    if let Some(seconds) = whole(&toleration("unreachable")) {
        settings.unreachable_toleration_seconds = seconds;
    }
    set(&mut settings.node_monitor_period, &manager("nodeMonitorPeriod"));
    set(&mut settings.node_monitor_grace_period, &manager("nodeMonitorGracePeriod"));
    set(&mut settings.pod_gc_period, &manager("podGCPeriod"));
    set(&mut settings.pod_gc_quarantine, &manager("podGCNodeQuarantine"));
    set(&mut settings.force_detach_after, &manager("attachDetachForceDetachAfter"));
    set(&mut settings.attach_detach_period, &manager("attachDetachReconcilePeriod"));
    set(&mut settings.claim_sync_period, &manager("volumeClaimSyncPeriod"));
    let count = |key: &'static str| description.at(&manager(key)).and_then(thousandths).map(|number| number / 1_000);
    settings.client.requests_per_second = count("qps").unwrap_or(settings.client.requests_per_second);
    // The recorded machine was busy: between the writes of one worker lie 20 to 60 ms.
    settings.client.request = Span::millis(40);
    settings.client.burst = count("burst").unwrap_or(settings.client.burst);
    let share = |key: &'static str| description.at(&manager(key)).and_then(thousandths);
    settings.node_eviction_rate_millis = share("nodeEvictionRate").unwrap_or(settings.node_eviction_rate_millis);
    settings.secondary_node_eviction_rate_millis =
        share("secondaryNodeEvictionRate").unwrap_or(settings.secondary_node_eviction_rate_millis);
    settings.unhealthy_zone_threshold_millis =
        share("unhealthyZoneThreshold").unwrap_or(settings.unhealthy_zone_threshold_millis);
    let gate = ["settings", "apiServer", "featureGates", "MaxUnavailableStatefulSet"];
    if let Some(Value::Bool(on)) = description.at(&gate) {
        settings.gates.max_unavailable_stateful_set = *on;
    }
    let kubelet = &mut settings.kubelet;
    set(&mut kubelet.lease_interval, &agent("leaseInterval"));
    // The mean of what the recorded node agent draws: nodes that came up together stay together.
    if let Some(jitter) = description.at(&agent("leaseIntervalJitter")).and_then(thousandths) {
        kubelet.lease_interval = Span(kubelet.lease_interval.0 * (2_000 + jitter) / 2_000);
        kubelet.lease_jitter_millis = 0;
    }
    set(&mut kubelet.status_interval, &agent("statusInterval"));
    set(&mut kubelet.start, &agent("containerStartDelay"));
    set(&mut kubelet.ready, &agent("readyDelay"));
    set(&mut kubelet.stop, &agent("stopDelay"));
    set(&mut kubelet.confirm, &agent("deleteConfirmDelay"));
    set(&mut kubelet.volume_poll, &agent("volumePollInterval"));
    set(&mut kubelet.pull_error_to_back_off, &agent("imagePullErrorToBackOff"));
    if let Some(span) = span(&agent("leaseDuration")) {
        kubelet.lease_duration_seconds = span.as_seconds() as i32;
    }
    // The recorded node agent pulls nothing, boots at once, and removes Terminating pods when it comes up.
    kubelet.pull = Span::ZERO;
    kubelet.boot = Span::ZERO;
    kubelet.mount = Span::ZERO;
    kubelet.unmount = Span::ZERO;
    kubelet.delete_terminating_at_boot = true;
    kubelet.recorded_agent = true;
    kubelet.minimum_grace = Span::ZERO;
    let version = description.at(&["kubernetes"]).and_then(Value::as_str).unwrap_or("1.36.2");
    kubelet.version = format!("v{}-fakelet", version.trim_start_matches('v')).into();
    set(&mut settings.storage.provision, &agent("provisionDelay"));
    set(&mut settings.storage.attach, &agent("attachDelay"));
    set(&mut settings.storage.detach, &agent("detachDelay"));
    settings
}

fn machines(description: &Value) -> Vec<MachineSpec> {
    let text = |value: &Value, key: &str| value.at(&[key]).and_then(Value::as_str).unwrap_or("").to_owned();
    let capacity = description.at(&["nodePool", "capacityPerNode"]).cloned().unwrap_or_default();
    let nodes = description.at(&["nodePool", "nodes"]).and_then(Value::as_list).unwrap_or_default();
    nodes
        .iter()
        .zip(0..)
        .map(|(node, index)| {
            let mut spec = MachineSpec::new(&text(node, "name"), &text(node, "zone"), index);
            spec.internal_ip = text(node, "internalIP").into();
            if let Some(labels) = node.at(&["labels"]).and_then(Value::as_map) {
                spec.labels = labels.iter().filter_map(|(k, v)| Some((k.clone(), Name::from(v.as_str()?)))).collect();
            }
            spec.cpu = text(&capacity, "cpu").into();
            spec.memory = text(&capacity, "memory").into();
            spec.pods = text(&capacity, "pods").parse().unwrap_or(110);
            spec
        })
        .collect()
}

fn pool(description: &Value) -> BTreeSet<Name> {
    let wanted = description.at(&["podPool"]).and_then(Value::as_str);
    let nodes = description.at(&["nodePool", "nodes"]).and_then(Value::as_list).unwrap_or_default();
    let text = |node: &Value, key: &str| node.at(&[key]).and_then(Value::as_str).map(str::to_owned);
    let mine = nodes.iter().filter(|node| wanted.is_none() || text(node, "pool").as_deref() == wanted);
    mine.filter_map(|node| text(node, "name")).map(Name::from).collect()
}

fn placed(placements: &Value) -> Vec<(Name, Name)> {
    let pods = placements.at(&["pods"]).and_then(Value::as_list).unwrap_or_default();
    pods.iter()
        .filter_map(|pod| Some((pod.at(&["pod"])?.as_str()?.into(), pod.at(&["node"])?.as_str()?.into())))
        .collect()
}

/// Nodes in the order of their NoExecute taints.
fn taint_order(placements: &Value) -> Vec<Name> {
    let nodes = placements.at(&["noExecuteTaints"]).and_then(Value::as_list).unwrap_or_default();
    nodes.iter().filter_map(Value::as_str).map(Name::from).collect()
}

fn generated_names(placements: &Value) -> Vec<(Purpose, String)> {
    let map = |key: &str| placements.at(&[key]).and_then(Value::as_map).cloned().unwrap_or_default();
    let mut names = Vec::new();
    let mut add = |purpose: String, value: &Value| {
        for name in value.as_list().unwrap_or_default().iter().filter_map(Value::as_str) {
            names.push((purpose.clone(), name.to_owned()));
        }
    };
    map("persistentVolumes").iter().for_each(|(claim, volumes)| add(format!("PersistentVolumeClaim/{claim}"), volumes));
    map("revisions")
        .iter()
        .filter(|(owner, _)| owner.starts_with("StatefulSet/"))
        .for_each(|(o, r)| add(o.to_string(), r));
    for (slice, service) in map("endpointSlices").iter() {
        names.push((format!("Service/{}", service.as_str().unwrap_or_default()), slice.to_string()));
    }
    names
}

/// Names that ReplicaSets drew for their pods, by prefix, in the order of creation.
fn pod_names(placements: &Value) -> Vec<(Name, Name)> {
    let pods = placements.at(&["pods"]).and_then(Value::as_list).unwrap_or_default();
    let entry = |pod: &Value| {
        let owner = pod.at(&["owner"])?.as_str()?.strip_prefix("ReplicaSet/")?;
        let (prefix, name) = (format!("{owner}-"), pod.at(&["pod"])?.as_str()?);
        name.starts_with(&prefix).then(|| (prefix.into(), name.into()))
    };
    pods.iter().filter_map(entry).collect()
}

fn busy(description: &Value, start: Time) -> Vec<(Name, Time)> {
    let nodes = description.at(&["evictionLimiterBusy"]).and_then(Value::as_list).unwrap_or_default();
    let entry = |node: &Value| {
        let map: &Map = node.as_map()?;
        Some((map.get("node")?.as_str()?.into(), start + seconds(map.get("noExecuteAt")?)?))
    };
    nodes.iter().filter_map(entry).collect()
}
