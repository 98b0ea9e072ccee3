//! Flags, as kubectl's commands take them.

use crate::limits::{MOST_WORDS, beyond};
use crate::output::Failure;
use lexopt::{Arg, Parser};
use petri_objects::Span;

/// What a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// `--force`, and `--force=false`.
    Switch,
    /// `-n web`, `--namespace=web`.
    Value,
    /// `--cascade` alone means this; with `=` it takes a value.
    Optional(&'static str),
}

/// A flag of a command.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    pub long: &'static str,
    pub short: Option<char>,
    pub takes: Takes,
}

pub const fn switch(long: &'static str) -> Flag {
    Flag { long, short: None, takes: Takes::Switch }
}
pub const fn value(long: &'static str) -> Flag {
    Flag { long, short: None, takes: Takes::Value }
}
pub const fn optional(long: &'static str, alone: &'static str) -> Flag {
    Flag { long, short: None, takes: Takes::Optional(alone) }
}

impl Flag {
    pub const fn short(self, short: char) -> Flag {
        Flag { short: Some(short), ..self }
    }
}

/// The words and flags of a command.
#[derive(Clone, Debug, Default)]
pub struct Arguments {
    pub words: Vec<String>,
    flags: Vec<(&'static str, String)>,
}

impl Arguments {
    pub fn last(&self, long: &str) -> Option<&str> {
        self.flags.iter().rev().find(|(name, _)| *name == long).map(|(_, value)| value.as_str())
    }
    pub fn all<'a>(&'a self, long: &'a str) -> impl Iterator<Item = &'a str> {
        self.flags.iter().filter(move |(name, _)| *name == long).map(|(_, value)| value.as_str())
    }
    pub fn is_set(&self, long: &str) -> bool {
        self.last(long).is_some_and(|value| value == "true")
    }
    /// A switch that is on unless it is turned off.
    pub fn is_not_off(&self, long: &str) -> bool {
        self.last(long).is_none_or(|value| value != "false")
    }
    /// # Errors
    /// pflag's words if the value is no number.
    pub fn integer(&self, long: &str) -> Result<Option<i64>, Failure> {
        let Some(text) = self.last(long) else { return Ok(None) };
        let wrong = |_| {
            format!(
                "error: invalid argument \"{text}\" for \"--{long}\" flag: strconv.ParseInt: parsing \"{text}\": invalid syntax"
            )
        };
        text.parse().map(Some).map_err(wrong)
    }
    /// # Errors
    /// pflag's words if the value is no duration.
    pub fn duration(&self, long: &str) -> Result<Option<Span>, Failure> {
        let Some(text) = self.last(long) else { return Ok(None) };
        let wrong =
            || format!("error: invalid argument \"{text}\" for \"--{long}\" flag: time: invalid duration \"{text}\"");
        duration(text).map(Some).ok_or_else(wrong)
    }
}

/// What a flag of the command means, or one that all commands of kubectl take, or many.
fn known<'f>(flags: &'f [Flag], command: &str, is: impl Fn(&&Flag) -> bool) -> Option<&'f Flag> {
    let own = flags.iter().find(&is);
    let Some(verb) = command.strip_prefix("kubectl") else { return own };
    let verb = verb.split(' ').find(|word| !word.is_empty()).unwrap_or_default();
    let takes = |verbs: &str| verbs.split(' ').any(|one| one == verb);
    let given = || GIVEN.iter().filter(|(_, verbs)| takes(verbs)).map(|(flag, _)| flag).find(&is);
    own.or_else(|| SHARED.iter().find(&is)).or_else(given)
}

/// Adds a word to the parts of a command, `-it` as `-i -t` and `-Rf` as `-R -f`: switches stand apart from what follows them.
///
/// # Errors
/// If these are more parts than a command may have.
fn part(word: &str, flags: &[Flag], command: &str, parts: &mut Vec<String>) -> Result<(), Failure> {
    let is_switch = |c: char| {
        known(flags, command, |flag| flag.short == Some(c)).is_some_and(|flag| matches!(flag.takes, Takes::Switch))
    };
    let before = parts.len();
    let mut letters = word.strip_prefix('-').filter(|letters| letters.len() > 1).unwrap_or_default();
    while parts.len() <= MOST_WORDS
        && let Some(first) = letters.chars().next().filter(|c| is_switch(*c))
    {
        // `-w=false` says what the switch is.
        if letters[first.len_utf8()..].starts_with('=') {
            break;
        }
        parts.push(format!("-{first}"));
        letters = &letters[first.len_utf8()..];
    }
    match (parts.len() == before, letters) {
        (true, _) => parts.push(word.to_owned()),
        (false, "") => {}
        (false, rest) => parts.push(format!("-{rest}")),
    }
    match parts.len() > MOST_WORDS {
        true => Err(beyond("a command has", MOST_WORDS, "words and flags")),
        false => Ok(()),
    }
}

/// Reads the words and flags of `command`.
///
/// # Errors
/// pflag's message about an unknown flag or a missing value.
pub fn parse(words: &[String], flags: &[Flag], command: &str) -> Result<Arguments, Failure> {
    let mut parts = Vec::new();
    for word in words {
        part(word, flags, command, &mut parts)?;
    }
    let mut parser = Parser::from_args(parts);
    let mut out = Arguments::default();
    let usage = format!("See '{command} --help' for usage.");
    loop {
        let (flag, shown) = match parser.next().map_err(|e| format!("error: {e}\n{usage}"))? {
            None => return Ok(out),
            Some(Arg::Value(word)) => {
                out.words.push(word.to_string_lossy().into_owned());
                continue;
            }
            Some(Arg::Long(long)) => {
                let flag = known(flags, command, |flag| flag.long == long);
                (flag.ok_or_else(|| format!("error: unknown flag: --{long}\n{usage}"))?, format!("--{long}"))
            }
            Some(Arg::Short(short)) => {
                let flag = known(flags, command, |flag| flag.short == Some(short));
                let unknown = || format!("error: unknown shorthand flag: '{short}' in -{short}\n{usage}");
                (flag.ok_or_else(unknown)?, format!("'{short}' in -{short}"))
            }
        };
        let attached = match flag.takes {
            Takes::Value => {
                let missing = |_| format!("error: flag needs an argument: {shown}\n{usage}");
                Some(parser.value().map_err(missing)?)
            }
            Takes::Switch | Takes::Optional(_) => parser.optional_value(),
        };
        let alone = if let Takes::Optional(alone) = flag.takes { alone } else { "true" };
        let value = attached.map_or(alone.to_owned(), |value| value.to_string_lossy().into_owned());
        out.flags.push((flag.long, value));
    }
}

/// Go's durations: `90s`, `1m30s`, `1.5h`, `500ms`; a bare number means seconds.
pub fn duration(text: &str) -> Option<Span> {
    let (mut rest, mut micros) = (text, 0u64);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let unit: u64 = match unit {
            "h" => 3_600_000_000,
            "m" => 60_000_000,
            "s" => 1_000_000,
            "" if micros == 0 => 1_000_000,
            "ms" => 1_000,
            "us" | "µs" => 1,
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.len() > 6 || fraction.contains('.') {
            return None;
        }
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        micros = micros.checked_add(whole.checked_mul(unit)?)?;
        if !fraction.is_empty() {
            let scale = 10u64.pow(fraction.len() as u32);
            micros = micros.checked_add(fraction.parse::<u64>().ok()?.checked_mul(unit)? / scale)?;
        }
        rest = after;
    }
    Some(Span(micros))
}

/// Flags that most verbs take.
pub(crate) const NAMESPACE: Flag = value("namespace").short('n');
pub(crate) const ALL_NAMESPACES: Flag = switch("all-namespaces").short('A');
pub(crate) const SELECTOR: Flag = value("selector").short('l');
pub(crate) const FIELDS: Flag = value("field-selector");
pub(crate) const FILENAME: Flag = value("filename").short('f');
pub(crate) const OUTPUT: Flag = value("output").short('o');

pub(crate) const FOLDER: Flag = value("kustomize").short('k');

/// The namespace of the context, as the console hands it to every command of kubectl: nobody types this.
pub(crate) const OF_CONTEXT: &str = "namespace-of-context";

/// What every command of kubectl takes (`kubectl options`). Whom one is and how one got here changes nothing in the simulation.
const SHARED: &[Flag] = &[
    value(OF_CONTEXT),
    NAMESPACE,
    value("context"),
    value("kubeconfig"),
    value("kuberc"),
    value("cluster"),
    value("user"),
    value("server").short('s'),
    value("token"),
    value("as"),
    value("as-group"),
    value("as-uid"),
    value("as-user-extra"),
    value("request-timeout"),
    value("v").short('v'),
    value("vmodule"),
    value("log-flush-frequency"),
    value("cache-dir"),
    value("certificate-authority"),
    value("client-certificate"),
    value("client-key"),
    value("username"),
    value("password"),
    value("profile"),
    value("profile-output"),
    value("tls-server-name"),
    switch("disable-compression"),
    switch("insecure-skip-tls-verify"),
    switch("match-server-version"),
    switch("warnings-as-errors"),
];

/// What many commands take that print objects, read files or write: the flag, and which ones do.
const GIVEN: &[(Flag, &str)] = &[
    (
        OUTPUT,
        "annotate apply api-resources auth autoscale certificate config create delete edit events explain expose get kustomize label patch replace rollout run scale set taint version wait",
    ),
    (
        FILENAME,
        "annotate apply auth autoscale certificate create debug delete describe diff edit exec expose get label patch replace rollout run scale set wait",
    ),
    (FOLDER, FILES),
    (switch("recursive").short('R'), FILES),
    (switch("allow-missing-template-keys"), OBJECTS),
    (switch("show-managed-fields"), OBJECTS),
    (value("template"), OBJECTS),
    (
        value("field-manager"),
        "annotate apply autoscale create diff edit expose label patch replace rollout run set taint",
    ),
    (value("chunk-size"), "describe drain events get"),
    (value("resource-version"), "annotate label scale set"),
    (value("subresource"), "apply auth edit get patch replace"),
    (switch("save-config"), "autoscale create edit expose replace run"),
    (switch("windows-line-endings"), "apply create edit"),
    (switch("server-print"), "get"),
    (switch("local"), "annotate label patch set wait"),
    (switch("wait"), "apply delete replace run"),
    (FIELDS, "annotate delete get label top wait"),
];
const FILES: &str = "annotate apply auth autoscale certificate create delete describe diff edit explain expose get label patch replace rollout run scale set wait";
const OBJECTS: &str = "annotate api-resources apply auth autoscale certificate config create diff edit events expose get label patch replace rollout run scale set taint wait";

/// The namespace that a command means.
pub(crate) fn namespace(arguments: &Arguments) -> String {
    let own = arguments.last("namespace").filter(|n| !n.is_empty());
    own.or(arguments.last(OF_CONTEXT)).unwrap_or("default").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAGS: &[Flag] = &[value("namespace").short('n'), switch("force"), optional("cascade", "background")];

    fn read(line: &str) -> Result<Arguments, Failure> {
        parse(&shlex::split(line).unwrap(), FLAGS, "kubectl delete")
    }

    #[test]
    fn flags_and_words_mix() {
        let found = read("pod -n web web-0 --force --cascade=orphan").unwrap();
        assert_eq!(found.words, ["pod", "web-0"]);
        assert_eq!(found.last("namespace"), Some("web"));
        assert!(found.is_set("force"));
        assert_eq!(found.last("cascade"), Some("orphan"));
        assert_eq!(read("--cascade pod").unwrap().last("cascade"), Some("background"));
        assert_eq!(read("-nweb").unwrap().last("namespace"), Some("web"));
        assert!(!read("--force=false").unwrap().is_set("force"));
    }

    #[test]
    fn wrong_flags_get_the_words_of_pflag() {
        assert_eq!(read("--foo").unwrap_err(), "error: unknown flag: --foo\nSee 'kubectl delete --help' for usage.");
        assert_eq!(
            read("-x").unwrap_err(),
            "error: unknown shorthand flag: 'x' in -x\nSee 'kubectl delete --help' for usage."
        );
        assert_eq!(
            read("pod -n").unwrap_err(),
            "error: flag needs an argument: 'n' in -n\nSee 'kubectl delete --help' for usage."
        );
    }

    #[test]
    fn durations_are_those_of_go() {
        assert_eq!(duration("1m30s"), Some(Span::seconds(90)));
        assert_eq!(duration("1.5h"), Some(Span::minutes(90)));
        assert_eq!(duration("500ms"), Some(Span::millis(500)));
        assert_eq!(duration("45"), Some(Span::seconds(45)));
        assert_eq!(duration("5x"), None);
        assert_eq!(duration(""), None);
        assert_eq!(duration("99999999999999h"), None);
    }
}
