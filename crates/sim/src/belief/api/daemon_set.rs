//! What the API server counts of a DaemonSet's templates.
//!
//! Upstream: `pkg/registry/apps/daemonset/strategy.go`, and `Convert_apps_DaemonSet_To_v1_DaemonSet`, which writes the
//! number into an annotation.

use petri_objects::DaemonSet;

const GENERATION: &str = "deprecated.daemonset.template.generation";

fn generation(set: &DaemonSet) -> i64 {
    set.metadata.annotations.get(GENERATION).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// A new set begins with 1, or with what it says itself.
#[inline(never)]
pub fn begin(set: &mut DaemonSet) {
    let first = generation(set).max(1);
    set.metadata.annotations.insert(GENERATION, first.to_string());
}

/// Another template is one more, whatever the writer says.
#[inline(never)]
pub fn go_on(new: &mut DaemonSet, old: &DaemonSet) {
    let changed = new.spec.template != old.spec.template;
    let number = generation(old) + i64::from(changed);
    if generation(new) != number {
        new.metadata.annotations.insert(GENERATION, number.to_string());
    }
}
