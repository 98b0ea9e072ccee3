//! How many replicas a workload may ask for: beyond it the answer is one clear sentence instead of a frozen page.

use crate::{Object, batch};

/// Replicas of one workload.
pub const MAX_REPLICAS: i32 = 5_000;

/// The replicas that a workload asks for, if they are more than Petri simulates.
pub fn too_many_replicas(object: &Object) -> Option<i32> {
    let replicas = match object {
        Object::StatefulSet(set) => set.replicas(),
        Object::ReplicaSet(set) => set.replicas(),
        Object::Deployment(deployment) => deployment.replicas(),
        Object::Kept(job) if job.kind.is_acted_on() => batch::pods(job),
        _ => return None,
    };
    (replicas > MAX_REPLICAS).then_some(replicas)
}

/// The sentence about a number of replicas that is more than Petri simulates.
pub fn too_many_replicas_number(replicas: i32) -> Option<String> {
    (replicas > MAX_REPLICAS).then(|| replica_limit_message(i64::from(replicas)))
}

/// The sentence for it, for manifests as well as for `kubectl scale`.
pub fn replica_limit_message(replicas: i64) -> String {
    format!(
        "Petri simulates at most {} replicas per workload; this asks for {}, so nothing was changed.",
        grouped(i64::from(MAX_REPLICAS)),
        grouped(replicas)
    )
}

/// `12345` as `12,345`.
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::from(if number < 0 { "-" } else { "" });
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
