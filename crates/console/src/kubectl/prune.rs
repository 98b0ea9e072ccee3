//! `kubectl apply --prune`: what was applied once and is in no file any more goes.
//!
//! Upstream: `kubectl/pkg/cmd/apply/prune.go`, and the kinds of `kubectl/pkg/util/prune`.

use super::context::Context;
use super::named::{Named, in_files};
use crate::args::{Arguments, namespace};
use crate::errors::{api_error, named};
use crate::output::{Failure, Output};
use crate::select::LabelFilter;
use petri_objects::{Kind, ObjectRef};
use petri_sim::belief::api::apply::LAST_APPLIED;
use petri_sim::words::command::{Command, Propagation};

pub(super) const NEEDS_A_CHOICE: &str = "error: all resources selected for prune without explicitly passing --all. To prune \
                                         all resources, pass the --all flag. If you did not mean to prune all resources, \
                                         specify a label selector";

/// Kinds that are looked through unless a list says others. Namespaces and volumes only where all of the cluster is meant.
const KINDS: [&str; 14] = [
    "/ConfigMap",
    "/Endpoints",
    "/PersistentVolumeClaim",
    "/Pod",
    "/ReplicationController",
    "/Secret",
    "/Service",
    "batch/Job",
    "batch/CronJob",
    "networking.k8s.io/Ingress",
    "apps/DaemonSet",
    "apps/Deployment",
    "apps/ReplicaSet",
    "apps/StatefulSet",
];

#[inline(never)]
pub(super) fn run(arguments: &Arguments, context: &mut Context<'_>, out: &mut Output) -> Result<(), Failure> {
    let applied = in_files(arguments, context)?.unwrap_or_default();
    let applied: Vec<Named> = applied.into_iter().flatten().collect();
    let applied: Vec<ObjectRef> = applied.into_iter().map(|named| named.target).collect();
    let labels = arguments.last("selector").map(LabelFilter::parse).transpose()?.unwrap_or_default();
    let mut namespaces: Vec<String> =
        applied.iter().map(|target| target.namespace.to_string()).filter(|own| !own.is_empty()).collect();
    if namespaces.is_empty() {
        namespaces.push(namespace(arguments));
    }
    let listed: Vec<&str> = arguments.all("prune-allowlist").flat_map(|list| list.split(',')).collect();
    if listed.is_empty() || listed.contains(&"core/v1/Endpoints") {
        // They are listed, and the server warns of that.
        out.stderr.push_str("Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice\n");
    }
    let is_meant = |kind: &Kind| {
        let own = format!("{}/{}", kind.group(), kind.name());
        match listed.is_empty() {
            true => KINDS.contains(&&*own),
            // `core/v1/ConfigMap`
            false => listed.iter().any(|word| {
                let parts: Vec<&str> = word.split('/').collect();
                matches!(parts[..], [group, _, name] if own == format!("{}/{name}", if group == "core" { "" } else { group }))
            }),
        }
    };
    let mut gone = Vec::new();
    for kind in Kind::every().filter(is_meant) {
        for object in context.host.world().objects().list(kind) {
            let meta = object.meta();
            let is_here = !kind.is_namespaced() || namespaces.iter().any(|own| *own == *meta.namespace);
            let was_applied = meta.annotations.get(LAST_APPLIED).is_some();
            let target = object.reference();
            if is_here && was_applied && labels.matches(&meta.labels) && !applied.contains(&target) {
                gone.push(target);
            }
        }
    }
    for target in gone {
        let delete =
            Command::Delete { target: target.clone(), grace_seconds: None, propagation: Propagation::Background };
        match context.host.command(delete) {
            Ok(_) => out.line(format!("{} pruned", named(&target))),
            Err(error) => out.fail(api_error(&error, None)),
        }
    }
    Ok(())
}
