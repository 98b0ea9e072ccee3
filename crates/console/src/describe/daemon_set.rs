//! DaemonSets.

use super::page::Page;
use super::workloads::pods_status;
use crate::tables::labels_text;
use crate::text::selector;
use petri_objects::*;

/// Upstream: `describeDaemonSet`.
pub(super) fn daemon_set(page: &mut Page<'_>, set: &DaemonSet) {
    let (meta, spec, status) = (&set.metadata, &set.spec, &set.status);
    page.name_and_namespace(meta);
    page.line(format_args!("Selector:\t{}", selector(spec.selector.as_ref())));
    page.line(format_args!("Node-Selector:\t{}", labels_text(&spec.template.spec.node_selector)));
    page.labels("Labels", &meta.labels);
    page.annotations(&meta.annotations);
    let counts = [
        ("Desired Number of Nodes Scheduled", status.desired_number_scheduled),
        ("Current Number of Nodes Scheduled", status.current_number_scheduled),
        ("Number of Nodes Scheduled with Up-to-date Pods", status.updated_number_scheduled),
        ("Number of Nodes Scheduled with Available Pods", status.number_available),
        ("Number of Nodes Misscheduled", status.number_misscheduled),
    ];
    for (what, count) in counts {
        page.line(format_args!("{what}: {count}"));
    }
    pods_status(page, meta, spec.selector.as_ref());
    super::pod::template(page, &spec.template);
    page.events(Kind::DaemonSet, meta);
}
