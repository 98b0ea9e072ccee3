//! Jobs, CronJobs and ReplicationControllers: kept kinds for which the simulation acts. What the API server fills into them, and how their parts
//! are read.
//!
//! Upstream: `pkg/apis/batch/v1/defaults.go`, `pkg/registry/batch/job/strategy.go`.

use crate::kept::types;
use crate::{
    Decode, KeptKind, KeptObject, Kind, LabelSelector, Labels, Map, Name, Object, PodSpec, PodTemplateSpec, Record,
    ReplicaSet, ReplicaSetSpec, Value,
};
use std::rc::Rc;

/// What a Job's pods carry until their end is counted.
pub const TRACKING: &str = "batch.kubernetes.io/job-tracking";
/// The labels by which a Job finds its pods, the older names behind the newer ones.
pub const UID_LABELS: [&str; 2] = ["batch.kubernetes.io/controller-uid", "controller-uid"];
pub const NAME_LABELS: [&str; 2] = ["batch.kubernetes.io/job-name", "job-name"];

/// Where the pod template stands.
const OF_JOB: &[&str] = &["spec", "template"];
const OF_CRON_JOB: &[&str] = &["spec", "jobTemplate", "spec", "template"];

/// The kind, of the built-in ones.
///
/// # Panics
/// If there is none of that name.
pub fn kind(name: &str) -> Kind {
    let found = KeptKind::built_in().find(|kind| kind.entry().name == name);
    Kind::Kept(found.expect("Jobs and CronJobs are kinds of every cluster"))
}

/// The object, if it is a Job.
pub fn job(object: &Object) -> Option<&Rc<KeptObject>> {
    of(object, "Job")
}

/// The object, if it is a CronJob.
pub fn cron_job(object: &Object) -> Option<&Rc<KeptObject>> {
    of(object, "CronJob")
}

fn of<'o>(object: &'o Object, name: &str) -> Option<&'o Rc<KeptObject>> {
    match object {
        Object::Kept(kept) if kept.kind.is_acted_on() && kept.kind.entry().name == name => Some(kept),
        _ => None,
    }
}

/// The pods that a Job makes, or those of the Jobs that a CronJob makes.
pub fn template(object: &KeptObject) -> PodTemplateSpec {
    read(object.at(place(object)))
}

/// Which pods are a Job's.
pub fn selector(job: &KeptObject) -> LabelSelector {
    read(job.at(&["spec", "selector"]))
}

/// How many pods a Job comes to, or one of a CronJob's: as many as run at once, or as have to succeed. A
/// ReplicationController says it.
pub fn pods(object: &KeptObject) -> i32 {
    let spec = &place(object)[..place(object).len() - 1];
    let number = |key: &str| object.at(&[spec, &[key]].concat()).and_then(Value::as_int).unwrap_or(1);
    let most = ["parallelism", "completions", "replicas"].map(number).into_iter().max();
    i32::try_from(most.unwrap_or(1)).unwrap_or(i32::MAX)
}

/// Whether a time zone is the one that schedules are read in here.
pub fn is_utc(zone: &str) -> bool {
    let zone = zone.to_ascii_uppercase();
    matches!(
        zone.strip_prefix("ETC/").unwrap_or(&zone),
        "" | "UTC" | "UCT" | "GMT" | "ZULU" | "UNIVERSAL" | "GREENWICH"
    )
}

/// A ReplicationController, read as the ReplicaSet that it comes to: its selector is plain labels.
///
/// Upstream: `convertRCtoRS`.
pub fn as_replica_set(object: &KeptObject) -> ReplicaSet {
    let mut spec: ReplicaSetSpec = read(object.at(&["spec"]));
    let match_labels = read_labels(object.at(&["spec", "selector"]));
    spec.selector = Some(LabelSelector { match_labels, match_expressions: Vec::new() });
    ReplicaSet { metadata: object.metadata.clone(), spec: Rc::new(spec), status: read(object.at(&["status"])) }
}

fn read<T: Record>(value: Option<&Value>) -> T {
    value.map(|value| T::from_value(value, &mut Decode::default())).unwrap_or_default()
}

fn place(object: &KeptObject) -> &'static [&'static str] {
    if object.kind.entry().name == "CronJob" { OF_CRON_JOB } else { OF_JOB }
}

/// Fills in what is not said; `fill` completes the specification of a pod.
pub(crate) fn complete(object: &mut KeptObject, fill: fn(&mut Rc<PodSpec>)) {
    let place = place(object);
    if object.kind.entry().name == "Job" {
        let lacks = |key: &str| object.at(&["spec", key]).is_none();
        let (no_completions, no_parallelism) = (lacks("completions"), lacks("parallelism"));
        // With a limit for each index there is none for all of them, unless somebody asks for it.
        let limit = if lacks("backoffLimitPerIndex") { 6 } else { i64::from(i32::MAX) };
        let mut or = |key: &str, value: Value| {
            if object.at(&["spec", key]).is_none() {
                put(&mut object.fields, &["spec", key], value);
            }
        };
        if no_completions && no_parallelism {
            or("completions", Value::Int(1));
        }
        or("parallelism", Value::Int(1));
        or("backoffLimit", Value::Int(limit));
        or("manualSelector", Value::Bool(false));
    }
    let Some(Value::Map(written)) = object.at(place) else { return };
    let mut template: PodTemplateSpec = read(Some(&Value::Map(written.clone())));
    // A policy that is missing is refused for its absence, so it must not be filled in.
    let says_policy = !template.spec.restart_policy.is_empty() || object.kind.entry().name == "ReplicationController";
    fill(&mut template.spec);
    if !says_policy {
        Rc::make_mut(&mut template.spec).restart_policy = Name::default();
    }
    let completed = types::ordered(&template.to_value());
    if object.at(place) != Some(&completed) {
        put(&mut object.fields, place, completed);
    }
}

/// Gives a new Job the labels that only its pods have, and the selector that asks for them.
///
/// Upstream: `generateSelector`, and `SetDefaults_Job` for the labels of the Job itself.
pub fn select_own_pods(job: &mut KeptObject) {
    let labels = [OF_JOB, &["metadata", "labels"]].concat();
    if job.at(&["spec", "manualSelector"]) != Some(&Value::Bool(true)) {
        let uid = job.metadata.uid.to_string();
        for (keys, value) in [(UID_LABELS, &*uid), (NAME_LABELS, &*job.metadata.name)] {
            for key in keys {
                let path = [&labels[..], &[key]].concat();
                if job.at(&path).is_none() {
                    put(&mut job.fields, &path, Value::from(value));
                }
            }
        }
        let path = ["spec", "selector", "matchLabels", UID_LABELS[0]];
        if job.at(&path).is_none() {
            put(&mut job.fields, &path, Value::from(&*uid));
        }
    }
    if job.metadata.labels.is_empty() {
        job.metadata.labels = read_labels(job.at(&labels));
    }
}

fn read_labels(value: Option<&Value>) -> Labels {
    let pairs = value.and_then(Value::as_map).into_iter().flat_map(Map::iter);
    pairs.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default())).collect()
}

/// Sets a field at its place in the order, and makes what surrounds it.
pub fn put(map: &mut Map, path: &[&str], value: Value) {
    let Some((key, rest)) = path.split_first() else { return };
    match map.entry_mut(key) {
        Some(Value::Map(inner)) if !rest.is_empty() => return put(inner, rest, value),
        Some(known) if rest.is_empty() => {
            *known = value;
            return;
        }
        _ => {}
    }
    let mut made = value;
    for key in rest.iter().rev() {
        made = Value::Map([(Name::from(*key), made)].into_iter().collect());
    }
    map.insert(*key, made);
    *map = map.sorted().into_iter().map(|(key, value)| (key.clone(), value.clone())).collect();
}
