//! The page's style as a poster carries it: the rules that it needs, light and dark, without variables, for viewers of
//! pictures know less than browsers do.
//!
//! Who a pod is, `var(--id)` on the page, is `currentColor` here.

use std::collections::BTreeSet;
use std::fmt::Write as _;

const SHEETS: [&str; 2] = [include_str!("../draw/picture.css"), include_str!("poster.css")];

/// The page's decisions, light and dark: web/styles/tokens.css, and a test says so.
const PALETTE: [(&str, &str, &str); 24] = [
    ("bg", "#f3f4f1", "#101413"),
    ("panel", "#ffffff", "#171b1a"),
    ("sunken", "#eaece7", "#0c0f0e"),
    ("line", "#d9dcd6", "#2a312f"),
    ("line-strong", "#7d847f", "#6d7772"),
    ("text", "#171c1a", "#e8ecea"),
    ("text-2", "#474f4b", "#b6bfbb"),
    ("text-3", "#5f6763", "#949e99"),
    ("ink-inverse", "#ffffff", "#0c100f"),
    ("accent", "#1f5fd6", "#7aa7ff"),
    ("red", "#c4122f", "#ff6b70"),
    ("amber", "#855400", "#e2a93f"),
    ("amber-soft", "#faf0da", "#2f2511"),
    ("id-0", "#327e77", "#4fd2b7"),
    ("id-1", "#7f26bc", "#b06ae8"),
    ("id-2", "#3e4b00", "#c6cc62"),
    ("id-3", "#104174", "#1ba3c6"),
    ("id-4", "#a750ad", "#e1489b"),
    ("id-5", "#163326", "#74f194"),
    ("id-6", "#455865", "#c8dafe"),
    ("id-7", "#5e134c", "#ad9c96"),
    ("id", "currentColor", "currentColor"),
    ("sans", SANS, SANS),
    ("mono", MONO, MONO),
];
const SANS: &str =
    "-apple-system,\"Segoe UI Variable Text\",\"Segoe UI\",Inter,Cantarell,\"Noto Sans\",system-ui,sans-serif";
const MONO: &str =
    "ui-monospace,\"SF Mono\",\"Cascadia Mono\",\"JetBrains Mono\",Menlo,Consolas,\"DejaVu Sans Mono\",monospace";

/// What begins the part of a style that holds where a reader's system is dark.
pub const BY_NIGHT: &str = "@media (prefers-color-scheme:dark){";

/// Selectors and declarations of every rule.
fn rules() -> impl Iterator<Item = (&'static str, &'static str)> {
    let rules = SHEETS.into_iter().flat_map(|sheet| sheet.split('}'));
    rules.filter_map(|rule| {
        let (selector, declarations) = rule.rsplit_once("*/").map_or(rule, |(_, rule)| rule).split_once('{')?;
        Some((selector.trim(), declarations))
    })
}

/// The classes of a selector that must be there for it to match.
fn classes(selector: &'static str) -> impl Iterator<Item = &'static str> {
    let positive = selector.split(":not").next().unwrap_or_default();
    positive.split('.').skip(1).filter_map(|part| part.split([' ', ',', ':']).next())
}

/// The classes that some rule is about.
pub fn known() -> BTreeSet<&'static str> {
    rules().flat_map(|(selector, _)| selector.split(',')).flat_map(classes).collect()
}

/// The style of a picture with these classes.
pub fn of(used: &BTreeSet<String>) -> String {
    let (mut light, mut dark) = (String::new(), String::new());
    for (selector, declarations) in rules() {
        let matching: Vec<&str> =
            selector.split(',').filter(|one| classes(one).all(|class| used.contains(class))).collect();
        if matching.is_empty() {
            continue;
        }
        let selector = matching.join(",");
        let (mut here, mut there) = (String::new(), String::new());
        for declaration in declarations.split(';').filter(|declaration| !declaration.is_empty()) {
            let [by_day, by_night] = [0, 1].map(|scheme| resolved(declaration, scheme));
            put(&mut here, &by_day);
            if by_day != by_night {
                put(&mut there, &by_night);
            }
        }
        for (sheet, declarations) in [(&mut light, here), (&mut dark, there)] {
            if !declarations.is_empty() {
                // What cannot fail: it is written to a string.
                let _ = write!(sheet, "{selector}{{{declarations}}}");
            }
        }
    }
    format!("{light}{BY_NIGHT}{dark}}}")
}

fn put(declarations: &mut String, one: &str) {
    if !declarations.is_empty() {
        declarations.push(';');
    }
    declarations.push_str(one);
}

/// A declaration without variables. A mixed colour comes after one that every viewer knows: the one that is mixed into.
fn resolved(declaration: &str, scheme: usize) -> String {
    let mut text = declaration.to_owned();
    for (name, light, dark) in PALETTE {
        text = text.replace(&format!("var(--{name})"), [light, dark][scheme]);
    }
    let mixed = text.split_once(':').and_then(|(name, value)| {
        let ground = value.strip_prefix("color-mix(")?.strip_suffix(')')?.rsplit(',').next()?;
        Some(format!("{name}:{ground};"))
    });
    mixed.unwrap_or_default() + &text
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKENS: &str = include_str!("../../../../web/styles/tokens.css");

    #[test]
    fn the_palette_is_that_of_the_page() {
        for (name, light, dark) in PALETTE.iter().filter(|(name, ..)| *name != "id") {
            let value = if light == dark {
                format!("--{name}:{light};")
            } else {
                format!("--{name}:light-dark({light},{dark});")
            };
            assert!(TOKENS.contains(&value), "{value}");
        }
    }

    #[test]
    fn every_rule_is_read_and_leaves_no_variable() {
        let all: BTreeSet<String> = known().into_iter().map(str::to_owned).collect();
        assert!(rules().count() > 60 && all.len() > 50, "{all:?}");
        let style = of(&all);
        assert!(!style.contains("var(") && !style.contains("/*"), "{style}");
        assert_eq!(style.matches('@').count(), 1, "{style}");
        assert_eq!(style.matches('{').count(), style.matches('}').count());
        for sheet in SHEETS {
            assert_eq!(sheet.matches('{').count(), sheet.matches('}').count(), "rules are flat");
            assert!(!sheet.contains('@') && !sheet.contains(":is("), "what is not read must not be written");
        }
    }

    #[test]
    fn only_rules_that_match_are_carried() {
        let used = |words: &[&str]| of(&words.iter().map(|word| (*word).to_owned()).collect());
        let style = used(&["tile", "fill", "id-1"]);
        assert!(
            style.contains(".tile .fill{fill:#ffffff;fill:color-mix(in oklab,currentColor 11%,#ffffff)}"),
            "{style}"
        );
        assert!(style.contains(".id-1{color:#7f26bc}") && style.contains(".id-1{color:#b06ae8}"), "{style}");
        assert!(!style.contains(".hol") && !style.contains(".id-0") && !style.contains(".node"), "{style}");
        let known = known();
        assert!(known.contains("tile") && known.contains("num") && !known.contains("ring") && !known.contains("pick"));
    }
}
