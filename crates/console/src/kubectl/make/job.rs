//! `kubectl create job --from=cronjob/NAME`: the Job that a CronJob would make, now.
//!
//! Upstream: `createJobWithCronJob` of kubectl.

use crate::kubectl::context::not_found;
use crate::output::Failure;
use crate::select::{kind_of, reference};
use petri_objects::{Map, Name, Value, batch};
use petri_sim::world::World;

/// # Errors
/// kubectl's, if there is no such CronJob.
pub(super) fn of_cron_job(from: &str, name: &str, namespace: &str, world: &World) -> Result<Map, Failure> {
    let (kind, owner) = from.split_once('/').ok_or("error: from must be an existing cronjob")?;
    let kind = kind_of(kind)?;
    let found = world.objects().get(&reference(kind, namespace, owner)).ok_or_else(|| not_found(kind, owner))?;
    let Some(cron) = batch::cron_job(&found) else {
        return Err(format!("error: unknown object type *v1.{}", kind.name()));
    };
    let template = |key: &str| cron.at(&["spec", "jobTemplate", key]);
    let mut made = Map::new();
    let mut put = |path: &[&str], value: Value| batch::put(&mut made, path, value);
    put(&["apiVersion"], Value::from("batch/v1"));
    put(&["kind"], Value::from("Job"));
    for key in ["annotations", "labels"] {
        if let Some(map) = template("metadata").and_then(|metadata| metadata.at(&[key])) {
            put(&["metadata", key], map.clone());
        }
    }
    put(&["metadata", "annotations", "cronjob.kubernetes.io/instantiate"], Value::from("manual"));
    put(&["metadata", "name"], Value::from(name));
    let uid = cron.metadata.uid.to_string();
    let owner = [("apiVersion", "batch/v1"), ("kind", "CronJob"), ("name", &*cron.metadata.name), ("uid", &*uid)];
    let mut owner: Map = owner.into_iter().map(|(key, text)| (Name::from(key), Value::from(text))).collect();
    owner.insert("controller", Value::Bool(true));
    put(&["metadata", "ownerReferences"], Value::List(vec![Value::Map(owner)]));
    put(&["spec"], template("spec").cloned().unwrap_or_default());
    Ok(made)
}
