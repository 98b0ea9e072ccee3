//! Claims as they are written: words in, a fact out.

use super::fact::{Amount, Fact, Says, Standing, Subject, Wanted};
use super::numbers;
use super::states::{State, Stated};
use crate::args;
use crate::path::Path;
use crate::select::{LabelFilter, kind_of, reference};
use petri_objects::value::quoted;
use petri_objects::{Kind, Span};
use petri_sim::reality::dns::RecordType;
use petri_sim::words::invariants::Guarantee;

/// Longer texts are no sentence that somebody reads aloud.
const LONGEST: usize = 2_000;

/// Words between which a claim is taken apart; a claim's own namespace is that of its first object.
struct Words<'t> {
    words: Vec<&'t str>,
    at: usize,
}

impl<'t> Words<'t> {
    fn left(&self) -> &[&'t str] {
        &self.words[self.at..]
    }
    fn next(&mut self) -> Option<&'t str> {
        let word = self.words.get(self.at).copied();
        self.at += usize::from(word.is_some());
        word
    }
    fn take(&mut self, wanted: &[&str]) -> bool {
        let here =
            self.left().len() >= wanted.len() && self.left().iter().zip(wanted).all(|(a, b)| a.eq_ignore_ascii_case(b));
        self.at += if here { wanted.len() } else { 0 };
        here
    }
}

/// What a claim says, and for how long it must have been so.
pub(super) fn claim(text: &str, namespace: &str) -> Result<(Fact, Option<Span>), String> {
    let text = text.trim();
    if text.len() > LONGEST {
        return Err(format!("a claim has at most {LONGEST} characters"));
    }
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let during = match words[..] {
        [.., "for", span] => {
            let wrong = || format!("{} is no time; `for 30s`, for example", quoted(span));
            let span = args::duration(span).ok_or_else(wrong)?;
            words.truncate(words.len() - 2);
            Some(span)
        }
        _ => None,
    };
    let mut words = Words { words, at: 0 };
    let fact = fact(&mut words, namespace)?;
    match words.next() {
        None => Ok((fact, during)),
        Some(word) => Err(format!("{} has no place in {}", quoted(word), quoted(text))),
    }
}

/// `node of pod/web-1`; nothing if the words point nowhere by their look.
pub(super) fn pointer(text: &str, namespace: &str) -> Result<Option<Subject>, String> {
    let mut words = Words { words: text.split_whitespace().collect(), at: 0 };
    match words.left() {
        [_, "of", ..] => {}
        _ => return Ok(None),
    }
    let subject = subject(&mut words, namespace)?;
    match words.next() {
        None => Ok(Some(subject)),
        Some(word) => Err(format!("{} has no place in {}", quoted(word), quoted(text))),
    }
}

fn fact(words: &mut Words<'_>, namespace: &str) -> Result<Fact, String> {
    if let Some(guarantee) = Guarantee::ALL.into_iter().find(|g| words.take(&g.title().split(' ').collect::<Vec<_>>()))
    {
        return Ok(Fact::Promise { guarantee, standing: standing(words, guarantee)? });
    }
    if words.take(&["dig"]) {
        return answers(words);
    }
    if let Some(amount) = amount(words)? {
        return count(amount, words, namespace);
    }
    let subject = subject(words, namespace)?;
    let says = says(words, &subject)?;
    Ok(Fact::Object { subject, says })
}

fn standing(words: &mut Words<'_>, guarantee: Guarantee) -> Result<Standing, String> {
    let known: [(&[&str], Standing); 6] = [
        (&["holds"], Standing::Holds),
        (&["is", "at", "risk"], Standing::AtRisk),
        (&["is", "broken"], Standing::Broken),
        (&["was", "broken"], Standing::WasBroken),
        (&["was", "never", "broken"], Standing::NeverBroken),
        (&["never", "broke"], Standing::NeverBroken),
    ];
    let found = known.into_iter().find(|(phrase, _)| words.take(phrase));
    found.map(|(_, standing)| standing).ok_or_else(|| {
        format!("{} holds, is at risk, is broken, was broken or was never broken", quoted(guarantee.title()))
    })
}

fn answers(words: &mut Words<'_>) -> Result<Fact, String> {
    let name = words.next().filter(|word| !word.eq_ignore_ascii_case("answers"));
    let name = name.ok_or("dig which name? `dig web-0.nginx answers 10.244.1.3`, for example")?.to_owned();
    let kind = words.left().first().and_then(|word| RecordType::parse(word));
    words.at += usize::from(kind.is_some());
    if !words.take(&["answers"]) {
        return Err(format!(
            "{} answers what? `answers nothing`, `answers 3 addresses`, or the answers",
            quoted(&name)
        ));
    }
    let rest = words.left().join(" ");
    words.at = words.words.len();
    let (first, behind) = rest.split_once(' ').unwrap_or((&rest, ""));
    let wanted = match first {
        "" => return Err("answers what? `nothing`, `3 addresses`, or the answers".into()),
        "nothing" | "NXDOMAIN" if behind.is_empty() => Wanted::Nothing,
        number if is_number(number) && is_counted(behind) => {
            Wanted::Number(number.parse().map_err(|_| format!("{} is too many", quoted(number)))?)
        }
        _ => Wanted::Values(
            rest.split(',').map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()).collect(),
        ),
    };
    Ok(Fact::Answers { name, kind: kind.unwrap_or(RecordType::A), wanted })
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_counted(behind: &str) -> bool {
    matches!(behind, "" | "address" | "addresses" | "record" | "records" | "name" | "names")
}

/// `every`, `no`, `3`, `at least 2`, `at most 1`, `exactly 1`.
fn amount(words: &mut Words<'_>) -> Result<Option<Amount>, String> {
    if words.take(&["every"]) || words.take(&["all"]) {
        return Ok(Some(Amount::Every));
    }
    if words.take(&["no"]) {
        return Ok(Some(Amount::Exactly(0)));
    }
    let how: fn(u64) -> Amount = if words.take(&["at", "least"]) {
        Amount::AtLeast
    } else if words.take(&["at", "most"]) {
        Amount::AtMost
    } else if words.take(&["exactly"]) || words.left().first().is_some_and(|word| is_number(word)) {
        Amount::Exactly
    } else {
        return Ok(None);
    };
    let word = words.next().unwrap_or("");
    let number = match word {
        "one" => 1,
        word => word.parse().map_err(|_| format!("{} is no number", quoted(word)))?,
    };
    Ok(Some(how(number)))
}

fn count(amount: Amount, words: &mut Words<'_>, namespace: &str) -> Result<Fact, String> {
    let word = words.next().ok_or("of what? `no pod is Pending`, for example")?;
    let kind = kind(word)?;
    let selector = if words.take(&["with"]) { words.next().unwrap_or("").to_owned() } else { String::new() };
    LabelFilter::parse(&selector)?;
    let namespace = in_namespace(words)?.unwrap_or(namespace).to_owned();
    let _ = words.take(&["is"]) || words.take(&["are"]);
    let states = if words.take(&["exist"]) || words.take(&["exists"]) {
        vec![Stated { not: false, state: State::Exists }]
    } else {
        states(words)?
    };
    Ok(Fact::Count { amount, kind, selector, namespace, states })
}

fn kind(word: &str) -> Result<Kind, String> {
    kind_of(word).map_err(|problem| problem.trim_start_matches("error: ").to_owned())
}

fn in_namespace<'t>(words: &mut Words<'t>) -> Result<Option<&'t str>, String> {
    // `in use` is a state.
    match *words.left() {
        ["in", "use", ..] => Ok(None),
        ["in", namespace, ..] => {
            words.at += 2;
            Ok(Some(namespace))
        }
        ["in"] => Err("in which namespace?".into()),
        _ => Ok(None),
    }
}

fn subject(words: &mut Words<'_>, namespace: &str) -> Result<Subject, String> {
    // Each pointer is three words at least, and a claim is short.
    for (phrase, of) in [
        (["node", "of"], Subject::NodeOf as fn(Box<Subject>) -> Subject),
        (["claim", "of"], Subject::ClaimOf),
        (["volume", "of"], Subject::VolumeOf),
        (["disk", "of"], Subject::VolumeOf),
    ] {
        if words.take(&phrase) {
            let depth = words.words.iter().filter(|word| **word == "of").count();
            if depth > 8 {
                return Err("that is too far to point".into());
            }
            return Ok(of(Box::new(subject(words, namespace)?)));
        }
    }
    let word = words.next().ok_or("there is no claim; `pod/web-1 is Terminating`, for example")?;
    let wrong = || format!("{} names no object and no guarantee; write KIND/NAME, pod/web-1 for example", quoted(word));
    let (kind_word, name) = word.split_once('/').ok_or_else(wrong)?;
    if name.is_empty() || name.contains('/') {
        return Err(wrong());
    }
    let kind = kind(kind_word)?;
    let namespace = in_namespace(words)?.unwrap_or(namespace);
    Ok(Subject::Named(reference(kind, namespace, name)))
}

/// The kind that a subject is of in the end.
fn kind_of_subject(subject: &Subject) -> Kind {
    match subject {
        Subject::Named(target) => target.kind,
        Subject::NodeOf(_) => Kind::Node,
        Subject::ClaimOf(_) => Kind::PersistentVolumeClaim,
        Subject::VolumeOf(_) => Kind::PersistentVolume,
    }
}

fn says(words: &mut Words<'_>, subject: &Subject) -> Result<Says, String> {
    if let Some(path) = words.left().first().filter(|word| word.starts_with('{')) {
        let path = (*path).to_owned();
        Path::parse(&path)?;
        words.at += 1;
        if !(words.take(&["is"]) || words.take(&["="])) {
            return Err(format!("{path} is what?"));
        }
        let value = words.left().join(" ");
        words.at = words.words.len();
        return Ok(Says::Field { path, value });
    }
    if words.take(&["has"]) || words.take(&["have"]) {
        return Ok(Says::Has(numbered(words, kind_of_subject(subject))?));
    }
    if words.take(&["runs", "nowhere"]) || words.take(&["does", "not", "run"]) {
        return Ok(Says::RunsNowhere);
    }
    if words.take(&["runs", "on"]) {
        let rest = words.left().join(" ");
        words.at = words.words.len();
        let nodes = rest.replace(" and ", ",");
        let bare = |node: &str| node.trim().rsplit('/').next().unwrap_or("").to_owned();
        let nodes: Vec<String> = nodes.split(',').map(bare).filter(|node| !node.is_empty()).collect();
        return if nodes.is_empty() { Err("runs on which node?".into()) } else { Ok(Says::RunsOn(nodes)) };
    }
    if words.take(&["exists"]) {
        return Ok(Says::Is(vec![Stated { not: false, state: State::Exists }]));
    }
    // `run until pod/web-1 Ready` leaves the verb out.
    let _ = words.take(&["is"]) || words.take(&["are"]);
    Ok(Says::Is(states(words)?))
}

fn states(words: &mut Words<'_>) -> Result<Vec<Stated>, String> {
    let mut found = Vec::new();
    let rest: Vec<&str> = words.left().to_vec();
    words.at = words.words.len();
    for part in rest.split(|word| word.eq_ignore_ascii_case("and")) {
        let not = part.first().is_some_and(|word| word.eq_ignore_ascii_case("not"));
        let part = if not { &part[1..] } else { part };
        if part.is_empty() {
            return Err("is what? `is Ready`, `is gone`, `is Bound and unused`, for example".into());
        }
        found.push(Stated { not, state: State::parse(part)? });
    }
    Ok(found)
}

fn numbered(words: &mut Words<'_>, kind: Kind) -> Result<Vec<(Amount, String)>, String> {
    let rest: Vec<&str> = words.left().to_vec();
    words.at = words.words.len();
    let mut found = Vec::new();
    for part in rest.split(|word| word.eq_ignore_ascii_case("and")) {
        let mut part = Words { words: part.to_vec(), at: 0 };
        let amount = amount(&mut part)?.filter(|amount| *amount != Amount::Every);
        let amount = amount.ok_or("has how many? `has 3 ready`, `has at least 2 available`, `has no processes`")?;
        let typed = part.left().join(" ");
        let word = numbers::word(kind, &typed).ok_or_else(|| {
            let known = numbers::words(kind);
            let one = kind.singular();
            match known.is_empty() {
                true => format!("nothing of a {one} can be counted here; {{.spec.…}} is …, perhaps"),
                false => format!("{} of a {one} cannot be counted; there are {}", quoted(&typed), known.join(", ")),
            }
        })?;
        found.push((amount, word.to_owned()));
    }
    Ok(found)
}
