//! What is put into words: variables, what commands write, sums; and how a word falls into several.

use super::marks::is_name;
use super::script::{Change, List, Part, Word};
use super::variables::Variables;
use crate::limits::{LARGEST_ANSWER, MOST_NESTED, MOST_WORDS, beyond};

/// What a shell stands in.
pub(crate) trait Around {
    fn variables(&mut self) -> &mut Variables;
    /// What commands write to standard output, for `$(...)`.
    ///
    /// # Errors
    /// Why they cannot be run, as a whole message.
    fn output_of(&mut self, list: &List) -> Result<String, String>;
    /// The text of a file.
    ///
    /// # Errors
    /// Why it cannot be read, as `No such file or directory`.
    fn read(&mut self, name: &str) -> Result<String, String>;
    /// Writes a file, or more to its end.
    ///
    /// # Errors
    /// Why it cannot be written, as `No space left on device`.
    fn write(&mut self, name: &str, text: &str, append: bool) -> Result<(), String>;
    /// The files whose names a pattern with `*` stands for.
    fn matching(&mut self, _pattern: &str) -> Vec<String> {
        Vec::new()
    }
}

/// The words that words come to.
///
/// # Errors
/// What cannot be put in, as a whole message.
pub(super) fn words(words: &[Word], around: &mut dyn Around) -> Result<Vec<String>, String> {
    let mut out = Vec::new();
    for word in words {
        match range_of(word) {
            Some(range) => out.extend(range),
            None => fields(word, around, &mut out)?,
        }
        if out.len() > MOST_WORDS {
            return Err(beyond("a line has", MOST_WORDS, "words"));
        }
    }
    Ok(out)
}

/// The text that a word comes to, in one piece.
///
/// # Errors
/// As for [`words`].
pub(super) fn text(word: &Word, around: &mut dyn Around) -> Result<String, String> {
    let mut text = String::new();
    for part in &word.0 {
        match part {
            Part::Text { text: own, .. } => text.push_str(own),
            other => text.push_str(&value(other, around)?.unwrap_or_default()),
        }
        if text.len() > LARGEST_ANSWER {
            return Err(beyond("a word has", LARGEST_ANSWER, "bytes"));
        }
    }
    Ok(text)
}

/// `web-{0..2}`.
fn range_of(word: &Word) -> Option<Vec<String>> {
    let text = word.plain()?;
    let (before, rest) = text.split_once('{')?;
    let (inner, after) = rest.split_once('}')?;
    let (from, to) = inner.split_once("..")?;
    let (from, to): (i64, i64) = (from.parse().ok()?, to.parse().ok()?);
    if from.abs_diff(to) >= MOST_WORDS as u64 {
        return None;
    }
    let made = |number: i64| format!("{before}{number}{after}");
    Some(if from <= to { (from..=to).map(made).collect() } else { (to..=from).rev().map(made).collect() })
}

fn fields(word: &Word, around: &mut dyn Around, out: &mut Vec<String>) -> Result<(), String> {
    let mut current: Option<String> = None;
    let mut is_pattern = false;
    let mut end = |current: &mut Option<String>, is_pattern: &mut bool, around: &mut dyn Around| {
        let Some(field) = current.take() else { return };
        let found = if std::mem::take(is_pattern) { around.matching(&field) } else { Vec::new() };
        if found.is_empty() { out.push(field) } else { out.extend(found) }
    };
    for part in &word.0 {
        let quoted = match part {
            Part::Text { text, quoted } => {
                is_pattern |= !quoted && text.contains(['*', '?']);
                current.get_or_insert_default().push_str(text);
                continue;
            }
            Part::Variable { quoted, .. } | Part::Command { quoted, .. } | Part::Sum { quoted, .. } => *quoted,
        };
        if let (Part::Variable { name, .. }, true) = (part, quoted)
            && name == "@"
        {
            // Each word of its own.
            let all: Vec<String> = around.variables().words.iter().skip(1).cloned().collect();
            for (at, word) in all.into_iter().enumerate() {
                if at > 0 {
                    end(&mut current, &mut is_pattern, around);
                }
                current.get_or_insert_default().push_str(&word);
            }
            continue;
        }
        let found = value(part, around)?;
        if quoted {
            current.get_or_insert_default().push_str(&found.unwrap_or_default());
            continue;
        }
        let found = found.unwrap_or_default();
        let mut pieces = found.split([' ', '\t', '\n']).peekable();
        while let Some(piece) = pieces.next() {
            if !piece.is_empty() {
                is_pattern |= piece.contains('*');
                current.get_or_insert_default().push_str(piece);
            }
            if pieces.peek().is_some() {
                end(&mut current, &mut is_pattern, around);
            }
        }
    }
    end(&mut current, &mut is_pattern, around);
    Ok(())
}

/// What stands for a part that is no text; `None` for a variable that is not set.
fn value(part: &Part, around: &mut dyn Around) -> Result<Option<String>, String> {
    match part {
        Part::Text { text, .. } => Ok(Some(text.clone())),
        Part::Command { list, .. } => {
            let mut found = around.output_of(list)?;
            found.truncate(found.trim_end_matches('\n').len());
            Ok(Some(found))
        }
        Part::Sum { text: sum, .. } => {
            let written = text(sum, around)?;
            Ok(Some(Sum { rest: &written, variables: around.variables(), depth: 0 }.whole()?.to_string()))
        }
        Part::Variable { name, change, .. } => {
            let variables = around.variables();
            let words = &variables.words;
            let known = match name.as_str() {
                "?" => Some(variables.code.to_string()),
                "#" => Some(words.len().saturating_sub(1).to_string()),
                "$" => Some("1".into()),
                "@" | "*" => Some(words.iter().skip(1).cloned().collect::<Vec<_>>().join(" ")),
                "!" | "-" => None,
                number if number.starts_with(|c: char| c.is_ascii_digit()) => {
                    number.parse().ok().and_then(|at: usize| words.get(at).cloned())
                }
                name => match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
                    None => variables.get(name).map(str::to_owned),
                    Some((array, "@" | "*")) => Some(elements(array, variables).join(" ")),
                    Some((array, index)) => {
                        // A `$` before a name changes nothing in a sum.
                        let index = index.replace(['$', '{', '}', '"'], "");
                        let at = Sum { rest: &index, variables, depth: 0 }.whole()?;
                        variables.get(&format!("{array}[{at}]")).map(str::to_owned)
                    }
                },
            };
            if let (Some((Change::Length, _)), Some(array)) = (change, name.strip_suffix("[@]")) {
                return Ok(Some(elements(array, variables).len().to_string()));
            }
            match change {
                None => Ok(known),
                Some((change, word)) => changed(name, known, *change, word, around).map(Some),
            }
        }
    }
}

/// The words of `NAME=(a b c)`.
fn elements<'v>(array: &str, variables: &'v Variables) -> Vec<&'v str> {
    (0_usize..).map_while(|at| variables.get(&format!("{array}[{at}]"))).collect()
}

fn changed(
    name: &str,
    known: Option<String>,
    change: Change,
    word: &Word,
    around: &mut dyn Around,
) -> Result<String, String> {
    let set = known.clone().filter(|value| !value.is_empty());
    Ok(match change {
        Change::Length => known.unwrap_or_default().chars().count().to_string(),
        Change::Default => set.map_or_else(|| text(word, around), Ok)?,
        Change::Assign => match set {
            Some(value) => value,
            None => {
                let value = text(word, around)?;
                around.variables().set(name, value.clone())?;
                value
            }
        },
        Change::Alternative => {
            if set.is_some() {
                text(word, around)?
            } else {
                String::new()
            }
        }
        Change::Required => match set {
            Some(value) => value,
            None => {
                let why = text(word, around)?;
                let why = if why.is_empty() { "parameter null or not set".into() } else { why };
                return Err(format!("{name}: {why}"));
            }
        },
        Change::WithoutPrefix(longest) => {
            let (value, pattern) = (known.unwrap_or_default(), text(word, around)?);
            let mut ends = value.char_indices().map(|(at, _)| at).chain([value.len()]);
            let fits = |at: &usize| is_like(&value[..*at], &pattern);
            let end = if longest { ends.rfind(fits) } else { ends.find(fits) };
            value[end.unwrap_or(0)..].to_owned()
        }
        Change::WithoutSuffix(longest) => {
            let (value, pattern) = (known.unwrap_or_default(), text(word, around)?);
            let mut starts = value.char_indices().map(|(at, _)| at).chain([value.len()]);
            let fits = |at: &usize| is_like(&value[*at..], &pattern);
            let start = if longest { starts.find(fits) } else { starts.rfind(fits) };
            value[..start.unwrap_or(value.len())].to_owned()
        }
    })
}

/// Whether a text is what a pattern with `*` and `?` stands for.
pub(crate) fn is_like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    let (mut at, mut of) = (0, 0);
    // Where the last star stands, and how far it reaches.
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(of) {
            Some('*') => {
                star = Some((of, at));
                of += 1;
            }
            Some(c) if *c == '?' || *c == text[at] => (at, of) = (at + 1, of + 1),
            _ => match star {
                Some((place, reach)) => {
                    star = Some((place, reach + 1));
                    (at, of) = (reach + 1, place + 1);
                }
                None => return false,
            },
        }
    }
    pattern[of..].iter().all(|c| *c == '*')
}

/// A sum of whole numbers, as in `$((i + 1))`.
pub(super) struct Sum<'a> {
    rest: &'a str,
    variables: &'a Variables,
    depth: u32,
}

/// From the weakest to the strongest; of those that begin alike the longer stands first.
const SIGNS: [&[&str]; 4] = [&["==", "!="], &["<=", ">=", "<", ">"], &["+", "-"], &["*", "/", "%"]];

impl Sum<'_> {
    fn whole(mut self) -> Result<i64, String> {
        let value = self.level(0)?;
        match self.rest.trim() {
            "" => Ok(value),
            rest => Err(format!("arithmetic syntax error near {rest}")),
        }
    }
    fn level(&mut self, level: usize) -> Result<i64, String> {
        let Some(signs) = SIGNS.get(level) else { return self.one() };
        let mut left = self.level(level + 1)?;
        loop {
            self.rest = self.rest.trim_start();
            let Some(sign) = signs.iter().find(|sign| self.rest.starts_with(**sign)) else { return Ok(left) };
            self.rest = &self.rest[sign.len()..];
            let right = self.level(level + 1)?;
            let done = match *sign {
                "+" => left.checked_add(right),
                "-" => left.checked_sub(right),
                "*" => left.checked_mul(right),
                "/" | "%" if right == 0 => return Err("division by 0".into()),
                "/" => left.checked_div(right),
                "%" => left.checked_rem(right),
                "==" => Some(i64::from(left == right)),
                "!=" => Some(i64::from(left != right)),
                "<=" => Some(i64::from(left <= right)),
                ">=" => Some(i64::from(left >= right)),
                "<" => Some(i64::from(left < right)),
                _ => Some(i64::from(left > right)),
            };
            left = done.ok_or("the number is too large")?;
        }
    }
    fn one(&mut self) -> Result<i64, String> {
        self.depth += 1;
        if self.depth > MOST_NESTED * 4 {
            return Err("this sum is nested too deeply".into());
        }
        self.rest = self.rest.trim_start();
        let value = if let Some(rest) = self.rest.strip_prefix('(') {
            self.rest = rest;
            let value = self.level(0)?;
            self.rest = self.rest.trim_start().strip_prefix(')').ok_or("a bracket does not end")?;
            value
        } else if let Some(rest) = self.rest.strip_prefix('-') {
            self.rest = rest;
            self.one()?.checked_neg().ok_or("the number is too large")?
        } else {
            let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(self.rest.len());
            let (word, rest) = self.rest.split_at(end);
            self.rest = rest;
            let text = if is_name(word) { self.variables.get(word).unwrap_or("0") } else { word };
            let text = if text.is_empty() && !word.is_empty() { "0" } else { text };
            text.parse()
                .map_err(|_| format!("arithmetic syntax error near {}", if word.is_empty() { rest } else { word }))?
        };
        self.depth -= 1;
        Ok(value)
    }
}
