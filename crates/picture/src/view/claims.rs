//! The table twin of the disks: every claim, what it is bound to, and where the disk really is.

use super::facts::Facts;
use super::identity::Identity;
use super::marks::{ClusterView, DiskState, Target, Tone};
use super::words;
use petri_console::tables;
use petri_objects::Kind;
use petri_objects::order::Order as _;
use petri_sim::belief::api::shelf::Key;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub target: Target,
    pub identity: Identity,
    pub name: String,
    /// kubectl's STATUS: `Bound`, `Pending`, `Released`.
    pub status: String,
    pub volume: String,
    pub capacity: String,
    /// kubectl's short access modes: `RWO`.
    pub modes: String,
    pub age: String,
    /// Where the disk really is, and who waits for it.
    pub disk: String,
    pub tone: Tone,
}

/// One row per claim, and per volume whose claim is gone.
#[inline(never)]
pub fn rows(view: &ClusterView, facts: &Facts) -> Vec<Row> {
    let mut rows: Vec<Row> = view
        .disks()
        .map(|disk| {
            let mut row = Row {
                target: disk.target.clone(),
                identity: disk.identity.clone(),
                name: disk.name.clone(),
                status: if disk.state == DiskState::Released { "Released" } else { "Pending" }.to_owned(),
                volume: String::new(),
                capacity: String::new(),
                modes: String::new(),
                age: String::new(),
                disk: if disk.right.is_empty() { disk.told.clone() } else { format!("{}; {}", disk.told, disk.right) },
                tone: disk.line_tone,
            };
            let key = disk.target.object().map(|object| (object.kind, Key::new(object.namespace, object.name)));
            match key {
                Some((Kind::PersistentVolumeClaim, key)) => {
                    if let Some(claim) = facts.objects.claims.get(&key) {
                        row.status = claim.status.phase.to_string();
                        row.volume = words::volume(&claim.spec.volume_name);
                        row.capacity =
                            claim.status.capacity.get("storage").map_or_else(String::new, ToString::to_string);
                        row.modes = modes(&claim.spec.access_modes);
                        row.age = tables::age_since(claim.metadata.creation_timestamp, facts.now);
                    }
                }
                Some((_, key)) => {
                    if let Some(volume) = facts.objects.volumes.get(&key) {
                        row.status = volume.status.phase.to_string();
                        row.volume = words::volume(&volume.metadata.name);
                        row.capacity =
                            volume.spec.capacity.get("storage").map_or_else(String::new, ToString::to_string);
                        row.modes = modes(&volume.spec.access_modes);
                        row.age = tables::age_since(volume.metadata.creation_timestamp, facts.now);
                    }
                }
                None => {}
            }
            row
        })
        .collect();
    rows.order_by_key(|row| super::order::natural(&row.name));
    rows
}

fn modes(modes: &[petri_objects::Name]) -> String {
    let short: Vec<String> = modes
        .iter()
        .map(|mode| match &**mode {
            "ReadWriteOnce" => "RWO".to_owned(),
            "ReadWriteOncePod" => "RWOP".to_owned(),
            "ReadOnlyMany" => "ROX".to_owned(),
            "ReadWriteMany" => "RWX".to_owned(),
            other => other.to_owned(),
        })
        .collect();
    short.join(",")
}

/// The summary for the caption: `3 claims, 3 attached`.
pub fn caption(rows: &[Row], view: &ClusterView) -> String {
    let attached = view.disks().filter(|disk| matches!(disk.state, DiskState::Attached | DiskState::Contested)).count();
    format!("{}, {attached} attached", words::plural(rows.len() as u32, "claim"))
}
