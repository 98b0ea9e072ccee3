//! The words behind `petri`, which are the attributes of `<petri-cluster>` as well.

use super::Problem;
use petri_objects::value::quoted;
use petri_sim::story::recording::ENGINE;
use petri_sim::story::shared::version;
use std::cmp::Ordering;

/// What there is to say about how a fence looks and plays, and what each word is for.
pub const ATTRIBUTES: &[(&str, &str)] = &[
    ("example", "begin with this example"),
    ("lesson", "begin with this lesson"),
    ("recording", "begin with this run: a link, or the part of it behind `#`"),
    ("title", "what stands above it"),
    ("poster", "a picture of it, shown until it is started: `petri poster` makes some"),
    ("panels", "what is shown, of cluster, timeline, console, why, dns, manifest"),
    ("theme", "auto, light or dark"),
    ("height", "of the running cluster, 160 to 1600 pixels"),
    ("speed", "times as fast as a clock: 1, 10, 100, 1000 or 10000"),
    ("autoplay", "play as soon as it is started"),
    ("engine", "the version of Petri that it was written for"),
    ("scenario", "the machines: standard, empty, or sized-12 for twelve"),
    ("seed", "of everything that is random"),
    ("src", "where Petri lives"),
];

/// How a fence looks and plays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    pub example: Option<String>,
    pub lesson: Option<String>,
    pub recording: Option<String>,
    pub title: Option<String>,
    /// An address, as the page that it is on has it.
    pub poster: Option<String>,
    /// Empty for those that fit.
    pub panels: Vec<Panel>,
    pub theme: Theme,
    /// Pixels.
    pub height: Option<u32>,
    pub speed: Option<Speed>,
    pub autoplay: bool,
    pub engine: Option<String>,
    pub scenario: Option<String>,
    pub seed: Option<u64>,
}

/// A part of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Panel {
    Cluster,
    Timeline,
    Console,
    Why,
    Dns,
    Manifest,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// That of the page around it, or else of the system.
    #[default]
    Auto,
    Light,
    Dark,
}

/// Virtual seconds in a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Speed(pub u32);

/// The heights that a frame may have, in pixels.
pub const HEIGHTS: std::ops::RangeInclusive<u32> = 160..=1_600;
/// The speeds that the page plays at.
pub const SPEEDS: [u32; 5] = [1, 10, 100, 1_000, 10_000];

impl Panel {
    pub const ALL: [Panel; 6] =
        [Panel::Cluster, Panel::Timeline, Panel::Console, Panel::Why, Panel::Dns, Panel::Manifest];

    pub fn word(self) -> &'static str {
        match self {
            Panel::Cluster => "cluster",
            Panel::Timeline => "timeline",
            Panel::Console => "console",
            Panel::Why => "why",
            Panel::Dns => "dns",
            Panel::Manifest => "manifest",
        }
    }
    pub fn parse(word: &str) -> Option<Panel> {
        Panel::ALL.into_iter().find(|panel| panel.word() == word)
    }
}

impl Theme {
    pub fn parse(word: &str) -> Option<Theme> {
        match word {
            "auto" => Some(Theme::Auto),
            "light" => Some(Theme::Light),
            "dark" => Some(Theme::Dark),
            _ => None,
        }
    }
}

impl Attributes {
    /// Reads `height=420 title="A node goes quiet" autoplay`. What is unknown or wrong is told and left out.
    pub fn read(words: &str, problems: &mut Vec<Problem>) -> Attributes {
        let mut attributes = Attributes::default();
        for (name, value) in pairs(words) {
            if let Some(message) = attributes.set(&name, &value) {
                problems.push(Problem { number: 0, is_harmless: true, message });
            }
        }
        attributes
    }

    /// What a reader should know if it was written for another version than this one.
    pub fn other_engine(&self) -> Option<String> {
        let written = self.engine.as_deref()?;
        let older = match version(written).cmp(&version(ENGINE)) {
            Ordering::Equal => return None,
            Ordering::Less => "newer",
            Ordering::Greater => "older",
        };
        Some(format!(
            "It was written for Petri {written}, and this is {ENGINE}, which is {older}: what happens may differ from what is said of it."
        ))
    }

    /// Sets one; answers what is wrong with it.
    pub fn set(&mut self, name: &str, value: &str) -> Option<String> {
        let text = || Some(value.to_owned()).filter(|value| !value.is_empty());
        let wrong = |what: &str| Some(format!("{name}={} is left out: {what}", quoted(value)));
        match name {
            "example" => self.example = text(),
            "lesson" => self.lesson = text(),
            "recording" => self.recording = text(),
            "title" => self.title = text(),
            "engine" => match version(value) {
                Some(_) => self.engine = text(),
                None => return wrong(&format!("it is a version such as {ENGINE}")),
            },
            "poster" => self.poster = text(),
            "scenario" => self.scenario = text(),
            "src" => {}
            "panels" => {
                for word in value.split([',', ' ']).filter(|word| !word.is_empty()) {
                    match Panel::parse(word) {
                        Some(panel) if !self.panels.contains(&panel) => self.panels.push(panel),
                        Some(_) => {}
                        None => {
                            let known: Vec<&str> = Panel::ALL.map(Panel::word).to_vec();
                            return Some(format!("there is no panel {}; there are {}", quoted(word), known.join(", ")));
                        }
                    }
                }
            }
            "theme" => match Theme::parse(value) {
                Some(theme) => self.theme = theme,
                None => return wrong("it is auto, light or dark"),
            },
            "height" => match value.trim_end_matches("px").parse::<u32>() {
                Ok(height) if HEIGHTS.contains(&height) => self.height = Some(height),
                _ => return wrong("it is a number of pixels from 160 to 1600"),
            },
            "speed" => match value.trim_end_matches('x').parse::<u32>() {
                Ok(speed) if SPEEDS.contains(&speed) => self.speed = Some(Speed(speed)),
                _ => return wrong("it is 1, 10, 100, 1000 or 10000"),
            },
            "seed" => match value.parse() {
                Ok(seed) => self.seed = Some(seed),
                Err(_) => return wrong("it is a number"),
            },
            "autoplay" => self.autoplay = !matches!(value, "false" | "no" | "0"),
            _ => {
                let known: Vec<&str> = ATTRIBUTES.iter().map(|(name, _)| *name).collect();
                return Some(format!(
                    "{} is no attribute and is left out; there are {}",
                    quoted(name),
                    known.join(", ")
                ));
            }
        }
        None
    }
}

/// `name=value`, `name="some words"` or a bare `name`, as HTML and the info strings of Markdown have them.
pub fn pairs(words: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = words.trim_matches(|c: char| c.is_whitespace() || c == '{' || c == '}');
    while !rest.is_empty() {
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let (value, after) = match after.strip_prefix('=') {
            None => ("", after),
            Some(after) => match after.chars().next().filter(|c| matches!(c, '"' | '\'')) {
                Some(quote) => match after[1..].split_once(quote) {
                    Some((value, after)) => (value, after),
                    // Quotes that do not close take all that is left.
                    None => (&after[1..], ""),
                },
                None => after.split_at(after.find(char::is_whitespace).unwrap_or(after.len())),
            },
        };
        if !name.is_empty() {
            found.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        rest = after.trim_start();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> (Attributes, Vec<String>) {
        let mut problems = Vec::new();
        let attributes = Attributes::read(words, &mut problems);
        assert!(problems.iter().all(|problem| problem.is_harmless));
        (attributes, problems.into_iter().map(|problem| problem.message).collect())
    }

    #[test]
    fn words_numbers_and_quotes_are_read() {
        let (found, problems) = read(
            "height=420 panels=cluster,timeline title=\"A node goes quiet\" theme='dark' speed=100x autoplay seed=7",
        );
        assert_eq!(problems, [] as [String; 0]);
        let wanted = Attributes {
            height: Some(420),
            panels: vec![Panel::Cluster, Panel::Timeline],
            title: Some("A node goes quiet".into()),
            theme: Theme::Dark,
            speed: Some(Speed(100)),
            autoplay: true,
            seed: Some(7),
            ..Attributes::default()
        };
        assert_eq!(found, wanted);
        assert_eq!(read("{height=200}").0.height, Some(200));
        assert_eq!(read("title=\"open").0.title.as_deref(), Some("open"));
    }

    #[test]
    fn what_is_unknown_or_wrong_is_named_and_left_out() {
        for (words, part) in [
            ("colour=red", "\"colour\" is no attribute"),
            ("height=12", "160 to 1600"),
            ("height=tall", "160 to 1600"),
            ("speed=7", "1, 10, 100, 1000 or 10000"),
            ("engine=new", "a version such as"),
            ("theme=pink", "auto, light or dark"),
            ("panels=cluster,kitchen", "there is no panel \"kitchen\""),
            ("seed=x", "a number"),
        ] {
            let (_, problems) = read(words);
            assert!(problems.len() == 1 && problems[0].contains(part), "{words}: {problems:?}");
        }
        assert_eq!(read("colour=red height=300").0.height, Some(300));
    }

    #[test]
    fn an_engine_that_is_newer_or_older_is_told() {
        let told = |words: &str| read(words).0.other_engine();
        assert_eq!(told(""), None);
        assert_eq!(told(&format!("engine={ENGINE}")), None);
        assert!(told("engine=0.0.1").is_some_and(|words| words.contains("which is newer")));
        assert!(told("engine=99.0.0").is_some_and(|words| words.contains("which is older")));
    }

    #[test]
    fn each_attribute_that_is_listed_is_read() {
        for (name, about) in ATTRIBUTES {
            assert!(!about.is_empty());
            let problem = Attributes::default().set(name, "1").unwrap_or_default();
            assert!(!problem.contains("is no attribute"), "{name}");
        }
    }
}
