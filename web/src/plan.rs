//! A cluster that somebody is about to make: machines, chance, and the delays that Kubernetes and its network have.
//!
//! Everything in it is part of the recording, so whoever opens the run's link has the same cluster.

use petri_objects::{Name, Span};
use petri_picture::view::words;
use petri_sim::ground::limits::MAX_MACHINES;
use petri_sim::ground::scenario::{MachineSpec, Scenario};
use petri_sim::ground::settings::Settings;
use petri_sim::story::recording::Recording;

/// How far apart the parts of the cluster are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Distance {
    None,
    #[default]
    Centre,
    Regions,
}

impl Distance {
    pub const ALL: [Distance; 3] = [Distance::None, Distance::Centre, Distance::Regions];
    pub fn title(self) -> &'static str {
        match self {
            Distance::None => "none",
            Distance::Centre => "one data centre",
            Distance::Regions => "two regions",
        }
    }
    pub fn about(self) -> &'static str {
        match self {
            Distance::None => "Requests are answered at once.",
            Distance::Centre => "A request takes 10 ms, and caches trail by 1 ms.",
            Distance::Regions => "A request takes 80 ms, and caches trail by 60 ms.",
        }
    }
    fn set(self, settings: &mut Settings) {
        let (request, lag) = match self {
            Distance::None => (Span::ZERO, Span::millis(1)),
            Distance::Centre => return,
            Distance::Regions => (Span::millis(80), Span::millis(60)),
        };
        settings.client.request = request;
        settings.watch_lag = lag;
    }
}

/// What is asked for. Durations are in seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub nodes: u32,
    pub zones: u32,
    /// How many pods a node takes.
    pub pods: u32,
    pub seed: u64,
    pub distance: Distance,
    /// `--node-monitor-grace-period`.
    pub grace: u32,
    /// `tolerationSeconds` of pods that do not say otherwise.
    pub toleration: u32,
    /// How long a node keeps volumes that nobody wants there any more.
    pub detach: u32,
    /// The feature gate MaxUnavailableStatefulSet.
    pub max_unavailable: bool,
}

pub const MOST_ZONES: u32 = 8;
pub const MOST_PODS: u32 = 250;
pub const LONGEST: u32 = 86_400;

impl Default for Plan {
    fn default() -> Plan {
        let settings = Settings::default();
        let seconds = |span: Span| u32::try_from(span.as_seconds()).unwrap_or(LONGEST);
        Plan {
            nodes: 4,
            zones: 2,
            pods: 110,
            seed: crate::first_visit::SEED,
            distance: Distance::default(),
            grace: seconds(settings.node_monitor_grace_period),
            toleration: u32::try_from(settings.unreachable_toleration_seconds).unwrap_or(LONGEST),
            detach: seconds(settings.force_detach_after),
            max_unavailable: settings.gates.max_unavailable_stateful_set,
        }
    }
}

impl Plan {
    /// The nearest that can be.
    pub fn bounded(self) -> Plan {
        let most = u32::try_from(MAX_MACHINES).unwrap_or(u32::MAX);
        let nodes = self.nodes.clamp(1, most);
        Plan {
            nodes,
            zones: self.zones.clamp(1, MOST_ZONES.min(nodes)),
            pods: self.pods.clamp(1, MOST_PODS),
            grace: self.grace.clamp(1, LONGEST),
            toleration: self.toleration.min(LONGEST),
            detach: self.detach.min(LONGEST),
            ..self
        }
    }

    /// The zone of a node, by their numbers: neighbours are in one zone, as in the cluster of the first visit.
    pub fn zone(&self, node: u32) -> u32 {
        node * self.zones / self.nodes.max(1)
    }

    /// How many of Kubernetes' defaults are other ones.
    pub fn changed(&self) -> usize {
        let usual = Plan::default();
        let other = [
            self.grace != usual.grace,
            self.toleration != usual.toleration,
            self.detach != usual.detach,
            self.max_unavailable != usual.max_unavailable,
        ];
        other.into_iter().filter(|other| *other).count()
    }

    /// What it comes to, in words.
    pub fn sentence(&self) -> String {
        // Somebody looks every few seconds, and then the pods have that long.
        let lost = spelled(self.grace.saturating_add(self.toleration));
        format!(
            "{} in {}, room for {}. A node that is cut off loses its pods after {lost}.",
            words::plural(self.nodes, "node"),
            words::plural(self.zones, "zone"),
            words::plural(self.nodes * self.pods, "pod"),
        )
    }

    /// The run in which nothing was done yet.
    pub fn recording(&self) -> Recording {
        let mut scenario = Scenario::empty("new");
        let zone = |node: u32| Name::from(((b'a' + self.zone(node) as u8) as char).to_string());
        let machine = |node: u32| {
            let spec = MachineSpec::new(&format!("node-{node}"), &zone(node), node);
            MachineSpec { pods: self.pods, ..spec }
        };
        scenario.machines = (0..self.nodes).map(machine).collect();
        let settings = &mut scenario.settings;
        self.distance.set(settings);
        settings.node_monitor_grace_period = Span::seconds(u64::from(self.grace));
        settings.not_ready_toleration_seconds = i64::from(self.toleration);
        settings.unreachable_toleration_seconds = i64::from(self.toleration);
        settings.force_detach_after = Span::seconds(u64::from(self.detach));
        settings.gates.max_unavailable_stateful_set = self.max_unavailable;
        Recording::new(scenario, self.seed)
    }
}

/// Seconds as people write them: `50 s`, `5 m`, `5 m 50 s`.
pub fn spelled(seconds: u32) -> String {
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} m"),
        (minutes, seconds) => format!("{minutes} m {seconds} s"),
    }
}

/// A duration as people write it, in seconds: `50`, `50s`, `1m`, `1 m 30 s`.
pub fn seconds(text: &str) -> Option<u32> {
    let text: String = text.split_whitespace().collect();
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    petri_console::args::duration(&text).and_then(|span| u32::try_from(span.as_seconds()).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use petri_sim::story::link;
    use petri_sim::story::shared::Shared;
    use petri_sim::story::timeline::Timeline;

    const ZONE: &str = "topology.kubernetes.io/zone";

    #[test]
    fn the_usual_plan_is_the_cluster_of_the_first_visit() {
        let plan = Plan::default().recording();
        let standard = Scenario::standard();
        assert_eq!((&plan.scenario.machines, &plan.scenario.settings), (&standard.machines, &standard.settings));
        assert_eq!(Plan::default().changed(), 0);
    }

    #[test]
    fn all_of_it_is_in_the_link() {
        let plan = Plan {
            nodes: 6,
            zones: 3,
            pods: 5,
            seed: 7041,
            distance: Distance::Regions,
            grace: 20,
            toleration: 60,
            detach: 30,
            max_unavailable: true,
        };
        assert_eq!(plan.changed(), 4);
        for distance in Distance::ALL {
            let recording = Plan { distance, ..plan.clone() }.recording();
            let start = recording.scenario.start;
            let fragment = link::to_fragment(&Shared::new(recording.clone(), start, start));
            let opened = link::from_fragment(&fragment).expect("it is one").expect("it can be read");
            assert_eq!(opened.recording, recording, "{distance:?}");
            assert!(Timeline::opened(opened).misfit().is_none());
        }
        let machines = plan.recording().scenario.machines.clone();
        let zones: Vec<&str> = machines.iter().filter_map(|spec| Some(&**spec.labels.get(ZONE)?)).collect();
        assert_eq!(zones, ["a", "a", "b", "b", "c", "c"]);
    }

    #[test]
    fn what_cannot_be_is_made_what_can() {
        let wild = Plan { nodes: 0, zones: 99, pods: 0, grace: 0, ..Plan::default() }.bounded();
        assert_eq!((wild.nodes, wild.zones, wild.pods, wild.grace), (1, 1, 1, 1));
        assert_eq!(Plan { nodes: 9_999, ..Plan::default() }.bounded().nodes, 200);
    }

    #[test]
    fn durations_are_read_as_people_write_them() {
        assert_eq!(["50", "50s", "50 s", "1m", "1 m 30 s"].map(seconds), [50, 50, 50, 60, 90].map(Some));
        assert_eq!(["", "soon", "-5"].map(seconds), [None; 3]);
        for own in [0, 50, 60, 350, 86_400] {
            assert_eq!(seconds(&spelled(own)), Some(own));
        }
    }
}
