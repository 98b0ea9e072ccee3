//! Rows of DaemonSets.

use super::cells::labels_text;
use crate::text::selector;
use petri_objects::{Container, DaemonSet};

/// The cells between name and age, and those that `-o wide` adds.
#[inline(never)]
pub(super) fn cells(set: &DaemonSet, name: String, age: String) -> (Vec<String>, Vec<String>) {
    let (spec, status) = (&set.spec.template.spec, &set.status);
    let counts = [
        status.desired_number_scheduled,
        status.current_number_scheduled,
        status.number_ready,
        status.updated_number_scheduled,
        status.number_available,
    ];
    let mut cells = vec![name];
    cells.extend(counts.map(|count| count.to_string()));
    cells.extend([labels_text(&spec.node_selector), age]);
    let join = |pick: fn(&Container) -> &str| spec.containers.iter().map(pick).collect::<Vec<_>>().join(",");
    (cells, vec![join(|c| &c.name), join(|c| &c.image), selector(set.spec.selector.as_ref())])
}
