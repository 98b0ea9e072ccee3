//! What a page is asked for that stands in somebody else's: the words of its address, which are a fence's attributes.

use petri_lessons::fence::address::{attributes, words};
use petri_lessons::fence::{self, Attributes, Panel, Theme};

/// What the page around it asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Embedded {
    pub attributes: Attributes,
}

impl Embedded {
    /// Of an address; `None` if the page stands for itself.
    pub fn of(search: &str) -> Option<Embedded> {
        let is_embedded = words(search).any(|(name, _)| name == "embed");
        is_embedded.then(|| Embedded { attributes: attributes(search).0 })
    }
    /// What is wrong with its attributes, for the writer of the page around.
    pub fn problems(search: &str) -> Vec<String> {
        attributes(search).1
    }
    /// How many times as fast as real time it plays, if somebody has said so.
    pub fn speed(&self) -> Option<u32> {
        self.attributes.speed.map(|fence::Speed(times)| times)
    }
    /// Whether it plays from the beginning.
    pub fn autoplays(&self) -> bool {
        self.attributes.autoplay
    }
    /// Whether a part of the page is to be seen. Who asks for none gets the cluster and its timeline.
    pub fn shows(&self, panel: Panel) -> bool {
        match &self.attributes.panels[..] {
            [] => matches!(panel, Panel::Cluster | Panel::Timeline),
            panels => panels.contains(&panel),
        }
    }
    /// Whether there is more than one part that takes the middle of the page.
    pub fn has_tabs(&self) -> bool {
        [Panel::Console, Panel::Why, Panel::Dns, Panel::Manifest].into_iter().any(|panel| self.shows(panel))
    }
    pub fn theme(&self) -> Theme {
        self.attributes.theme
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_attributes() {
        let embedded = Embedded::of("?embed&panels=cluster,console&title=A%20node+goes&height=300&nonsense=1");
        let embedded = embedded.expect("it says embed");
        assert_eq!(embedded.attributes.title.as_deref(), Some("A node goes"));
        assert!(embedded.shows(Panel::Console) && !embedded.shows(Panel::Timeline) && embedded.has_tabs());
        let plain = Embedded::of("?embed").expect("it says embed");
        assert!(plain.shows(Panel::Cluster) && plain.shows(Panel::Timeline) && !plain.has_tabs());
        assert_eq!(Embedded::problems("?embed&panels=cluster&height=300"), [] as [String; 0]);
        let wrong = Embedded::problems("?embed&nonsense=1&height=12");
        assert!(wrong.len() == 2 && wrong[0].contains("\"nonsense\" is no attribute"), "{wrong:?}");
        assert_eq!(Embedded::of("?theme=dark"), None);
    }
}
