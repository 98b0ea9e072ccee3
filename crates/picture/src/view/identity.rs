//! Who a pod is: the numeral and the colour that it carries through every picture.

use petri_objects::{Name, Pod};
use petri_sim::reality::machine::Process;

/// An ordinal with its colour, or a pod that has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// What the pod belongs to: the set's name, or the pod's own.
    pub owner: Name,
    /// The number of a StatefulSet's pod.
    pub ordinal: Option<u32>,
    /// How far the set's colours are from those of the first one: see [`Facts::painted`](super::facts::Facts::painted).
    pub hue: u8,
}

impl Identity {
    /// Of a pod object.
    pub fn of(pod: &Pod) -> Identity {
        let name = &pod.metadata.name;
        match pod.metadata.controller() {
            Some(owner) => Identity::new(&owner.kind, &owner.name, name),
            None => Identity { owner: name.clone(), ..Identity::default() },
        }
    }
    /// Of a process, which remembers its owner even when no object does.
    pub fn of_process(process: &Process) -> Identity {
        let name = &process.identity.pod;
        match &process.owner {
            Some(owner) => Identity::new(&owner.kind, &owner.name, name),
            None => Identity { owner: name.clone(), ..Identity::default() },
        }
    }
    pub fn new(owner_kind: &str, owner: &Name, pod: &str) -> Identity {
        let ordinal = (owner_kind == "StatefulSet").then(|| ordinal_of(owner, pod)).flatten();
        Identity { owner: owner.clone(), ordinal, hue: 0 }
    }
    /// Of a claim such as `logs-rg-1`: the ordinal at its end.
    pub fn of_claim(name: &str) -> Identity {
        let parsed = name.rsplit_once('-').and_then(|(owner, n)| Some((owner, n.parse::<u32>().ok()?)));
        match parsed {
            Some((owner, ordinal)) => Identity { owner: owner.into(), ordinal: Some(ordinal), hue: 0 },
            None => Identity { owner: name.into(), ..Identity::default() },
        }
    }
    /// Whether a row or lane of this one begins another owner's: pods without any stand together.
    pub fn parts_from(&self, before: &Identity) -> bool {
        self.owner != before.owner && (self.ordinal.is_some() || before.ordinal.is_some())
    }
    /// The class that sets `--id`: eight colours by ordinal, from where the set begins; slate for pods without one.
    pub fn class(&self) -> &'static str {
        const CLASSES: [&str; 8] = ["id-0", "id-1", "id-2", "id-3", "id-4", "id-5", "id-6", "id-7"];
        self.ordinal.map_or("id-none", |ordinal| CLASSES[(ordinal.wrapping_add(u32::from(self.hue)) % 8) as usize])
    }
    /// The numeral on the block, empty for pods without an ordinal.
    pub fn numeral(&self) -> String {
        self.ordinal.map_or_else(String::new, |ordinal| ordinal.to_string())
    }
}

fn ordinal_of(set: &str, pod: &str) -> Option<u32> {
    pod.strip_prefix(set)?.strip_prefix('-')?.parse().ok()
}

/// What follows the last hyphen: the random part of a Deployment's pod.
pub fn tail(name: &str) -> &str {
    name.rsplit('-').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stateful_pod_has_its_ordinal_and_colours_repeat_after_eight() {
        let identity = Identity::new("StatefulSet", &"rg".into(), "rg-9");
        assert_eq!((identity.ordinal, identity.class(), identity.numeral()), (Some(9), "id-1", "9".into()));
    }

    #[test]
    fn a_second_set_begins_at_another_colour() {
        let first = Identity::new("StatefulSet", &"rg".into(), "rg-0");
        let second = Identity { hue: 4, ..Identity::new("StatefulSet", &"db".into(), "db-0") };
        assert_eq!((first.class(), second.class()), ("id-0", "id-4"));
        assert!(second.parts_from(&first) && !first.parts_from(&first));
    }

    #[test]
    fn a_deployment_pod_has_none() {
        let identity = Identity::new("ReplicaSet", &"web-5c6d".into(), "web-5c6d-x7k2p");
        assert_eq!((identity.ordinal, identity.class()), (None, "id-none"));
        assert_eq!(tail("web-5c6d-x7k2p"), "x7k2p");
    }

    #[test]
    fn a_claim_carries_the_ordinal_of_its_pod() {
        assert_eq!(Identity::of_claim("logs-rg-1").ordinal, Some(1));
        assert_eq!(Identity::of_claim("shared").ordinal, None);
    }
}
