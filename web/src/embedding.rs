//! What a page is asked for that stands in somebody else's: the words of its address, which are a fence's attributes.

use petri_lessons::fence::{self, Attributes, Panel, Theme};

/// What the page around it asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Embedded {
    pub attributes: Attributes,
}

/// The words of an address behind `?`, with their values.
pub fn words(search: &str) -> Vec<(String, String)> {
    let plain = |text: &str| {
        let text = text.replace('+', " ");
        js_decoded(&text).unwrap_or(text)
    };
    let pairs = search.trim_start_matches('?').split('&').filter(|part| !part.is_empty());
    pairs.map(|part| part.split_once('=').map_or((plain(part), String::new()), |(k, v)| (plain(k), plain(v)))).collect()
}

/// Text with `%20` and the like as it was.
pub fn js_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

/// The attributes that an address names.
pub fn attributes(search: &str) -> Attributes {
    told(search).0
}

/// The same, and what is wrong with them.
fn told(search: &str) -> (Attributes, Vec<String>) {
    let mut attributes = Attributes::default();
    let given = words(search).into_iter().filter(|(name, _)| name != "embed");
    let problems = given.filter_map(|(name, value)| attributes.set(&name, &value)).collect();
    (attributes, problems)
}

impl Embedded {
    /// Of an address; `None` if the page stands for itself.
    pub fn of(search: &str) -> Option<Embedded> {
        let is_embedded = words(search).iter().any(|(name, _)| name == "embed");
        is_embedded.then(|| Embedded { attributes: attributes(search) })
    }
    /// What is wrong with its attributes, for the writer of the page around.
    pub fn problems(search: &str) -> Vec<String> {
        told(search).1
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
        assert_eq!(js_decoded("%zz"), None);
        assert_eq!(js_decoded("a%C3%A4"), Some("aä".into()));
    }
}
