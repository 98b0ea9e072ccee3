//! What the address of a page says of its cluster: attributes behind `?`, and a fence's text behind `#fence=`.

use super::{Attributes, Beginning, Fence};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What `encodeURIComponent` does not leave as it is, and the single quote, which ends texts.
const OUTSIDE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'(')
    .remove(b')');

/// Text as a word of an address.
pub fn in_address(text: &str) -> String {
    utf8_percent_encode(text, OUTSIDE).to_string()
}

/// The end of an address that opens a fence: what of its attributes is not about looks, and its text.
pub fn of_fence(attributes: &[(String, String)], body: &str) -> String {
    let says = |name: &str| ["example", "lesson", "recording", "scenario", "seed", "title", "engine"].contains(&name);
    let said: Vec<String> = (attributes.iter().filter(|(name, _)| says(name)))
        .map(|(name, value)| format!("{name}={}", in_address(value)))
        .collect();
    let search = if said.is_empty() { String::new() } else { format!("?{}", said.join("&")) };
    format!("{search}#fence={}", in_address(body))
}

/// The text of a word of an address. What was never encoded stays as it is.
fn plain(word: &str) -> String {
    percent_decode_str(word).decode_utf8().map_or_else(|_| word.to_owned(), Into::into)
}

/// The words of an address behind `?`, with their values.
pub fn words(search: &str) -> impl Iterator<Item = (String, String)> {
    let pairs = search.trim_start_matches('?').split('&').filter(|part| !part.is_empty());
    let spaced = |text: &str| plain(&text.replace('+', " "));
    pairs.map(move |part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (spaced(name), spaced(value))
    })
}

/// The attributes that they name, and what is wrong with them.
pub fn attributes(search: &str) -> (Attributes, Vec<String>) {
    let mut attributes = Attributes::default();
    let given = words(search).filter(|(name, _)| name != "embed");
    let problems = given.filter_map(|(name, value)| attributes.set(&name, &value)).collect();
    (attributes, problems)
}

/// The fence of an address, and its text; `None` if it has none.
///
/// What it begins with may stand in the text or behind `?`, and then the text may be left out: `?example=lease`.
pub fn fence(search: &str, hash: &str) -> Option<(Fence, String)> {
    let hash = hash.trim_start_matches('#');
    let (asked, _) = attributes(search);
    let begins = asked.example.is_some() || asked.lesson.is_some() || asked.recording.is_some();
    let alone = (begins && hash.is_empty()).then_some("");
    let text = hash.split('&').find_map(|part| part.strip_prefix("fence=")).or(alone)?;
    let body = plain(text);
    let mut fence = Fence::read("", &body);
    if begins && fence.beginning == Beginning::Empty {
        let words = [("example", &asked.example), ("lesson", &asked.lesson), ("recording", &asked.recording)];
        let words: Vec<String> =
            words.iter().filter_map(|(name, value)| Some(format!("{name}=\"{}\"", value.as_deref()?))).collect();
        fence = Fence::read(&words.join(" "), &body);
    }
    fence.attributes.scenario = fence.attributes.scenario.take().or(asked.scenario);
    fence.attributes.seed = fence.attributes.seed.or(asked.seed);
    fence.attributes.title = fence.attributes.title.take().or(asked.title);
    fence.attributes.engine = fence.attributes.engine.take().or(asked.engine);
    Some((fence, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_into_an_address_and_comes_back() {
        assert_eq!(in_address("a ä\n'~"), "a%20%C3%A4%0A%27~");
        for text in ["", "a ä\n'~", "100%", "%41 & b=c#d", "\u{1f9eb}"] {
            assert_eq!(plain(&in_address(text)), text);
        }
        assert_eq!(plain("%zz%"), "%zz%");
        assert_eq!(plain("%ff"), "%ff", "no text is made of those bytes");
    }

    #[test]
    fn an_address_has_a_fence_or_names_what_it_begins_with() {
        let begins = |search: &str, hash: &str| fence(search, hash).map(|(fence, _)| fence.beginning);
        assert_eq!(begins("", "#fence=lease%0A%24%20run%201m"), Some(Beginning::Example("lease.yaml")));
        assert_eq!(begins("?embed&height=300", "#fence=lease%0A$ run 1m"), Some(Beginning::Example("lease.yaml")));
        assert_eq!(begins("?lesson=at-most-one", "#fence="), Some(Beginning::Lesson("at-most-one")));
        assert_eq!(begins("?example=lease", ""), Some(Beginning::Example("lease.yaml")));
        // What the reader has done since then counts more.
        assert_eq!(begins("?example=lease", "#r=1abc"), None);
        assert_eq!(begins("?theme=dark", ""), None);
        let (fence, body) = fence("?title=A+claim", "#fence=%3F%20web%20is%20well").expect("it is a fence");
        assert_eq!((fence.attributes.title.as_deref(), body.as_str()), (Some("A claim"), "? web is well"));
        assert!(!fence.is_sound());
    }

    #[test]
    fn the_address_of_a_fence_opens_it() {
        let attributes = [("lesson", "at-most-one"), ("height", "300"), ("title", "A & b")];
        let address = of_fence(&attributes.map(|(name, value)| (name.to_owned(), value.to_owned())), "$ run 1m\n");
        assert_eq!(address, "?lesson=at-most-one&title=A%20%26%20b#fence=%24%20run%201m%0A");
        let (search, hash) = address.split_once('#').expect("it has a hash");
        let (fence, _) = fence(search, hash).expect("it is one");
        assert_eq!(fence.beginning, Beginning::Lesson("at-most-one"));
        assert_eq!((fence.attributes.title.as_deref(), fence.attributes.height), (Some("A & b"), None));
    }
}
