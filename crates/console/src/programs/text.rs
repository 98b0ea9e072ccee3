//! Programs that read texts and write texts, in the console and in containers alike: `grep`, `sort`, `jq .` and their kin.
//!
//! Deviation: patterns of `grep` and `sed` know `.`, `*`, `^`, `$`, `[...]`, `\`, groups that stand once and, for `grep -E`,
//! `|`; `awk` prints fields; `jq` follows paths and selects. What they do not know they refuse.

use super::jq;
use super::names;
use super::pattern::Pattern;
use super::system::{Ran, System};
use crate::args;
use crate::limits::{LARGEST_ANSWER, beyond};
use petri_objects::kept::secret;
use std::collections::BTreeSet;

/// Lines that `seq` and `yes` write.
const MOST_LINES: u64 = 100_000;

/// Runs one of them; `None` if it is none.
#[inline(never)]
pub(crate) fn run(words: &[String], input: Option<&str>, system: &mut dyn System) -> Option<Ran> {
    let (name, rest) = words.split_first()?;
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    let name = name.as_str();
    let answer = match name {
        "true" => Ok(Ran::default()),
        "false" => Ok(Ran::code(1)),
        "echo" => Ok(echo(&rest)),
        "printf" => Ok(Ran::text(printf(&rest))),
        "sleep" => sleep(&rest),
        "date" => Ok(Ran::text(date(&rest, system))),
        "seq" => seq(&rest),
        "yes" => Ok(Ran::text(format!("{}\n", rest.first().unwrap_or(&"y")).repeat(1_000))),
        "test" | "[" | "[[" => Ok(Ran::code(i32::from(!test(name, &rest, system)?))),
        "expr" => expr(&rest),
        "basename" | "dirname" => Ok(part_of_path(name, &rest)),
        _ if names::TEXT.contains(&name) => filter(name, &rest, input, system),
        _ => return None,
    };
    let mut ran = answer.unwrap_or_else(|problem| Ran::failed(if name == "grep" { 2 } else { 1 }, problem));
    if ran.stdout.len() > LARGEST_ANSWER {
        ran.stdout.truncate(crate::shell::floor(&ran.stdout, LARGEST_ANSWER));
        ran.stderr.push_str(&(beyond("a program writes", LARGEST_ANSWER, "bytes") + "\n"));
        ran.code = 1;
    }
    Some(ran)
}

fn echo(words: &[&str]) -> Ran {
    let (mut words, mut breaks, mut escapes) = (words, true, false);
    while let Some((flag @ ("-n" | "-e" | "-ne" | "-en"), rest)) =
        words.split_first().map(|(first, rest)| (*first, rest))
    {
        breaks &= !flag.contains('n');
        escapes |= flag.contains('e');
        words = rest;
    }
    let text = words.join(" ");
    let text = if escapes { escaped(&text) } else { text };
    Ran::text(if breaks { text + "\n" } else { text })
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, chars.as_str().chars().next()) {
            ('\\', Some(next)) => {
                chars.next();
                match next {
                    'n' => out.push('\n'),
                    't' => out.push('\t'),
                    'r' => out.push('\r'),
                    '\\' => out.push('\\'),
                    '0' => out.push('\0'),
                    other => out.extend(['\\', other]),
                }
            }
            (c, _) => out.push(c),
        }
    }
    out
}

/// As often as there are words for it.
fn printf(words: &[&str]) -> String {
    let Some((format, mut words)) = words.split_first() else { return String::new() };
    let mut out = String::new();
    loop {
        let before = words.len();
        let mut rest = *format;
        while let Some(at) = rest.find('%') {
            out.push_str(&escaped(&rest[..at]));
            rest = &rest[at + 1..];
            let end = rest.find(|c: char| c.is_ascii_alphabetic() || c == '%').unwrap_or(rest.len());
            let (flags, kind) = rest.split_at(end);
            let width: usize = flags.trim_start_matches(['-', '0']).parse().unwrap_or(0).min(1_000);
            rest = kind.get(1..).unwrap_or_default();
            if kind.starts_with('%') {
                out.push('%');
                continue;
            }
            let word = words.split_first().map_or("", |(first, rest)| {
                words = rest;
                first
            });
            let word = if kind.starts_with('d') && word.is_empty() { "0" } else { word };
            match (flags.starts_with('-'), flags.starts_with('0')) {
                (true, _) => out.push_str(&format!("{word:<width$}")),
                (_, true) => out.push_str(&format!("{word:0>width$}")),
                _ => out.push_str(&format!("{word:>width$}")),
            }
        }
        out.push_str(&escaped(rest));
        if words.is_empty() || words.len() == before || out.len() > LARGEST_ANSWER {
            return out;
        }
    }
}

fn sleep(words: &[&str]) -> Result<Ran, String> {
    let Some(first) = words.first() else { return Err("sleep: missing operand".into()) };
    let invalid = || format!("sleep: invalid time interval '{first}'");
    let slept = args::duration(first).ok_or_else(invalid)?;
    Ok(Ran { slept, ..Ran::default() })
}

fn date(words: &[&str], system: &dyn System) -> String {
    let text = system.now().rfc3339();
    let (day, time) = text.split_once('T').unwrap_or((&text, ""));
    let time = time.trim_end_matches('Z');
    let format = words.iter().find_map(|word| word.strip_prefix('+'));
    let parts: Vec<&str> = day.split('-').collect();
    let [year, month, number] = parts[..] else { return text + "\n" };
    let seconds = system.now().0 / 1_000_000;
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let month_name = month.parse::<usize>().ok().and_then(|month| MONTHS.get(month.wrapping_sub(1))).unwrap_or(&"Jan");
    let weekday = DAYS[(seconds / 86_400 % 7) as usize];
    let Some(format) = format else {
        return format!("{weekday} {month_name} {:>2} {time} UTC {year}\n", number.trim_start_matches('0'));
    };
    let (hour, minute, second) =
        (&time[..2.min(time.len())], time.get(3..5).unwrap_or("00"), time.get(6..8).unwrap_or("00"));
    let put = [
        ("%s", &*seconds.to_string()),
        ("%Y", year),
        ("%m", month),
        ("%d", number),
        ("%H", hour),
        ("%M", minute),
        ("%S", second),
        ("%F", day),
        ("%T", time),
        ("%N", "000000000"),
        ("%Z", "UTC"),
        ("%b", month_name),
        ("%a", weekday),
    ];
    let mut out = format.to_owned();
    for (sign, value) in put {
        out = out.replace(sign, value);
    }
    out + "\n"
}

fn seq(words: &[&str]) -> Result<Ran, String> {
    let number =
        |word: &str| word.parse::<i64>().map_err(|_| format!("seq: invalid floating point argument: '{word}'"));
    let (from, step, to) = match words {
        [to] => (1, 1, number(to)?),
        [from, to] => (number(from)?, 1, number(to)?),
        [from, step, to] => (number(from)?, number(step)?, number(to)?),
        _ => return Err("seq: missing operand".into()),
    };
    if step == 0 {
        return Err("seq: invalid Zero increment value: '0'".into());
    }
    if to.abs_diff(from) / step.unsigned_abs() >= MOST_LINES {
        return Err(beyond("seq writes", MOST_LINES as usize, "lines here"));
    }
    let (mut at, mut out) = (from, String::new());
    while if step > 0 { at <= to } else { at >= to } {
        out.push_str(&format!("{at}\n"));
        let Some(next) = at.checked_add(step) else { break };
        at = next;
    }
    Ok(Ran::text(out))
}

fn test(name: &str, words: &[&str], system: &dyn System) -> Option<bool> {
    let words = match name {
        "[" => words.strip_suffix(&["]"]).unwrap_or(words),
        "[[" => words.strip_suffix(&["]]"]).unwrap_or(words),
        _ => words,
    };
    let number = |word: &str| word.trim().parse::<i64>().ok();
    Some(match words {
        ["!", rest @ ..] => !test("test", rest, system)?,
        [a, "-a", b @ ..] | [a, "&&", b @ ..] => !a.is_empty() && test("test", b, system)?,
        ["-n", word] => !word.is_empty(),
        ["-z", word] => word.is_empty(),
        ["-f" | "-s" | "-r", path] => system.read(path).is_ok(),
        ["-d", path] => system.read(path) == Err(petri_sim::reality::files::Fault::IsFolder),
        ["-e" | "-x" | "-w", path] => system.read(path) != Err(petri_sim::reality::files::Fault::Missing),
        [a, "=" | "==", b] => a == b,
        [a, "!=", b] => a != b,
        [a, sign @ ("-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge"), b] => {
            let (Some(a), Some(b)) = (number(a), number(b)) else { return Some(false) };
            match *sign {
                "-eq" => a == b,
                "-ne" => a != b,
                "-lt" => a < b,
                "-le" => a <= b,
                "-gt" => a > b,
                _ => a >= b,
            }
        }
        [word] => !word.is_empty(),
        _ => false,
    })
}

fn expr(words: &[&str]) -> Result<Ran, String> {
    let [a, sign, b] = words else { return Err("expr: syntax error".into()) };
    let number = |word: &str| word.parse::<i64>().map_err(|_| "expr: non-integer argument".to_owned());
    let (a, b) = (number(a)?, number(b)?);
    let value = match *sign {
        "+" => a.checked_add(b),
        "-" => a.checked_sub(b),
        "*" => a.checked_mul(b),
        "/" => a.checked_div(b),
        "%" => a.checked_rem(b),
        _ => None,
    };
    Ok(Ran::text(format!("{}\n", value.ok_or("expr: syntax error")?)))
}

fn part_of_path(name: &str, words: &[&str]) -> Ran {
    let path = words.first().map_or("", |path| path.trim_end_matches('/'));
    let (folder, base) = path.rsplit_once('/').unwrap_or((".", path));
    if name == "dirname" {
        return Ran::text(format!("{}\n", if folder.is_empty() { "/" } else { folder }));
    }
    let base = words.get(1).and_then(|ending| base.strip_suffix(ending)).unwrap_or(base);
    Ran::text(format!("{base}\n"))
}

/// Flags, and words that are none. Letters of `values` take the next word.
struct Flags<'a> {
    flags: Vec<(char, &'a str)>,
    words: Vec<&'a str>,
}

impl<'a> Flags<'a> {
    fn read(words: &[&'a str], values: &str) -> Flags<'a> {
        let (mut flags, mut plain) = (Vec::new(), Vec::new());
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty() && *letters != "-") else {
                plain.push(*word);
                continue;
            };
            if let Some(long) = letters.strip_prefix('-') {
                let (name, value) = long.split_once('=').unwrap_or((long, ""));
                let short = match name {
                    "lines" => 'n',
                    "decode" => 'd',
                    "ignore-case" => 'i',
                    "invert-match" => 'v',
                    "count" => 'c',
                    "reverse" => 'r',
                    "raw-output" => 'r',
                    _ => '?',
                };
                flags.push((short, value));
                continue;
            }
            if letters.chars().all(|c| c.is_ascii_digit()) {
                flags.push(('n', letters));
                continue;
            }
            for (at, letter) in letters.char_indices() {
                if values.contains(letter) {
                    let attached = &letters[at + letter.len_utf8()..];
                    let value = if attached.is_empty() { words.next().copied().unwrap_or("") } else { attached };
                    flags.push((letter, value));
                    break;
                }
                flags.push((letter, ""));
            }
        }
        Flags { flags, words: plain }
    }
    fn has(&self, letter: char) -> bool {
        self.flags.iter().any(|(known, _)| *known == letter)
    }
    fn value(&self, letter: char) -> Option<&'a str> {
        self.flags.iter().rev().find(|(known, _)| *known == letter).map(|(_, value)| *value)
    }
    fn values(&self, letter: char) -> impl Iterator<Item = &'a str> {
        self.flags.iter().filter(move |(known, _)| *known == letter).map(|(_, value)| *value)
    }
}

/// Programs whose input is a pipe or the files that they name.
fn filter(name: &str, words: &[&str], input: Option<&str>, system: &mut dyn System) -> Result<Ran, String> {
    let values = match name {
        "head" | "tail" => "nc",
        "cut" => "dfcb",
        "sort" => "kt",
        "grep" | "egrep" | "fgrep" => "eABCm",
        "sed" => "e",
        "awk" => "Fv",
        "base64" => "w",
        "column" => "s",
        _ => "",
    };
    let flags = Flags::read(words, values);
    if name == "tr" {
        return translate(&flags, input.unwrap_or_default());
    }
    // The first word of some is what they do.
    let own = match name {
        "grep" | "egrep" | "fgrep" | "sed" if flags.has('e') => 0,
        "grep" | "egrep" | "fgrep" | "sed" | "awk" | "jq" => 1,
        _ => 0,
    };
    if flags.words.len() < own && name != "jq" {
        return Err(format!("usage: {name} PATTERN [FILE]..."));
    }
    let own = own.min(flags.words.len());
    if name == "tee" {
        let text = input.unwrap_or_default();
        let mut ran = Ran::text(text);
        for path in &flags.words {
            if let Err(fault) = system.write(path, text, flags.has('a')) {
                ran.stderr.push_str(&format!("tee: {path}: {}\n", fault.as_str()));
                ran.code = 1;
            }
        }
        return Ok(ran);
    }
    let names = &flags.words[own..];
    let mut ran = Ran::default();
    let mut texts: Vec<(&str, String)> = Vec::new();
    for path in names {
        match system.read(path) {
            _ if *path == "-" => texts.push(("-", input.unwrap_or_default().to_owned())),
            Ok(text) => texts.push((path, text)),
            Err(fault) => {
                let why = fault.as_str();
                ran.stderr.push_str(&match name {
                    "cat" | "grep" | "wc" => format!("{name}: {path}: {why}\n"),
                    _ => format!("{name}: cannot open '{path}' for reading: {why}\n"),
                });
                ran.code = if name == "grep" { 2 } else { 1 };
            }
        }
    }
    if names.is_empty() {
        texts.push(("", input.unwrap_or_default().to_owned()));
    }
    let several = names.len() > 1;
    let whole = || texts.iter().map(|(_, text)| text.as_str()).collect::<String>();
    let out = match name {
        "cat" => match flags.has('n') {
            true => numbered(&whole()),
            false => whole(),
        },
        "nl" => numbered(&whole()),
        "head" | "tail" => {
            let mut out = String::new();
            for (path, text) in &texts {
                if several {
                    out.push_str(&format!("==> {path} <==\n"));
                }
                out.push_str(&piece(name, &flags, text)?);
            }
            out
        }
        "wc" => {
            let mut out = String::new();
            for (path, text) in &texts {
                out.push_str(&counted(&flags, text, path));
            }
            out
        }
        "grep" | "egrep" | "fgrep" => return grep(name, &flags, &texts, several, ran),
        "sort" => sorted(&flags, &whole()),
        "uniq" => unique(&flags, &whole()),
        "cut" => cut(&flags, &whole())?,
        "sed" => {
            let scripts: Vec<&str> = flags.values('e').collect();
            let script = (!scripts.is_empty()).then(|| scripts.join(";"));
            super::edit::sed(
                &flags.words,
                script.as_deref(),
                (flags.has('n'), flags.has('E') || flags.has('r')),
                &whole(),
            )?
        }
        "awk" => super::edit::awk(flags.words[0], flags.value('F'), &whole())?,
        "tac" => whole().lines().rev().map(|line| format!("{line}\n")).collect(),
        "rev" => whole().lines().map(|line| line.chars().rev().chain(['\n']).collect::<String>()).collect(),
        "column" => crate::columns::DESCRIBE.align(&whole().replace(flags.value('s').unwrap_or(" "), "\t")),
        "base64" if flags.has('d') || flags.has('D') => {
            let bytes = secret::decode(whole().trim()).map_err(|_| "base64: invalid input".to_owned())?;
            String::from_utf8_lossy(&bytes).into_owned()
        }
        "base64" => secret::encode(whole().as_bytes()) + "\n",
        "jq" => jq::run(flags.words.first().copied().unwrap_or("."), &whole(), flags.has('r'), flags.has('c'))?,
        _ => whole(),
    };
    ran.stdout = out;
    Ok(ran)
}

fn numbered(text: &str) -> String {
    text.lines().zip(1..).map(|(line, number)| format!("{number:>6}\t{line}\n")).collect()
}

fn piece(name: &str, flags: &Flags<'_>, text: &str) -> Result<String, String> {
    let wrong = |value: &str| format!("{name}: invalid number of lines: '{value}'");
    if let Some(count) = flags.value('c') {
        let digits = count.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = match &count[digits.len()..] {
            "" => 1,
            "k" | "K" => 1 << 10,
            "M" => 1 << 20,
            "G" => 1 << 30,
            _ => return Err(wrong(count)),
        };
        let count = digits.parse::<usize>().map_err(|_| wrong(count))?.saturating_mul(unit);
        return Ok(match name {
            "head" => text[..crate::shell::floor(text, count)].into(),
            _ => text[crate::shell::floor(text, text.len().saturating_sub(count))..].into(),
        });
    }
    let value = flags.value('n').unwrap_or("10");
    let (sign, digits) =
        if let Some(rest) = value.strip_prefix(['-', '+']) { (&value[..1], rest) } else { ("", value) };
    let count: usize = digits.parse().map_err(|_| wrong(value))?;
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let range = match (name, sign) {
        ("head", "-") => 0..lines.len().saturating_sub(count),
        ("head", _) => 0..count.min(lines.len()),
        (_, "+") => count.saturating_sub(1).min(lines.len())..lines.len(),
        _ => lines.len().saturating_sub(count)..lines.len(),
    };
    Ok(lines[range].concat())
}

fn counted(flags: &Flags<'_>, text: &str, path: &str) -> String {
    let all = [('l', text.matches('\n').count()), ('w', text.split_whitespace().count()), ('c', text.len())];
    let chosen: Vec<String> = all
        .iter()
        .filter(|(letter, _)| flags.flags.is_empty() || flags.has(*letter))
        .map(|(_, count)| if flags.flags.len() == 1 { count.to_string() } else { format!("{count:>7}") })
        .collect();
    let path = if path.is_empty() { String::new() } else { format!(" {path}") };
    format!("{}{path}\n", chosen.join(" "))
}

fn grep(name: &str, flags: &Flags<'_>, texts: &[(&str, String)], several: bool, mut ran: Ran) -> Result<Ran, String> {
    let mut wanted: Vec<&str> = flags.values('e').collect();
    if wanted.is_empty() {
        wanted.push(flags.words.first().copied().unwrap_or_default());
    }
    let fixed = name == "fgrep" || flags.has('F');
    let extended = name == "egrep" || flags.has('E') || flags.has('P');
    let read = |text: &&str| Pattern::read(text, fixed, extended, flags.has('i')).map_err(|why| format!("grep: {why}"));
    let patterns = wanted.iter().map(read).collect::<Result<Vec<Pattern>, String>>()?;
    // Of several patterns the one counts that is found first.
    let first = |line: &str| patterns.iter().filter_map(|one| one.find(line)).min_by_key(|(start, _)| *start);
    let around = |letter: char| {
        flags.value(letter).or(flags.value('C')).and_then(|value| value.parse::<usize>().ok()).unwrap_or(0)
    };
    let (before, after) = (around('B'), around('A'));
    let most = flags.value('m').and_then(|value| value.parse().ok()).unwrap_or(usize::MAX);
    let mut found_any = false;
    for (path, text) in texts {
        let lines: Vec<&str> = text.lines().collect();
        let hits = |line: &&str| {
            let hit =
                patterns.iter().any(|one| if flags.has('w') { one.is_word_in(line) } else { one.find(line).is_some() });
            hit != flags.has('v')
        };
        let found: Vec<usize> = (0..lines.len()).filter(|at| hits(&lines[*at])).take(most).collect();
        found_any |= !found.is_empty();
        let label = if several && !flags.has('h') { format!("{path}:") } else { String::new() };
        if flags.has('q') {
            continue;
        } else if flags.has('c') {
            ran.stdout.push_str(&format!("{label}{}\n", found.len()));
        } else if flags.has('l') {
            ran.stdout.push_str(&if found.is_empty() { String::new() } else { format!("{path}\n") });
        } else if flags.has('o') {
            for at in found {
                let mut rest = lines[at];
                while let Some((start, end)) = first(rest).filter(|(start, end)| end > start) {
                    ran.stdout.push_str(&format!("{label}{}\n", &rest[start..end]));
                    rest = &rest[end..];
                }
            }
        } else {
            let shown: BTreeSet<usize> = found
                .iter()
                .flat_map(|at| at.saturating_sub(before)..=at.saturating_add(after).min(lines.len() - 1))
                .collect();
            let mut last = None;
            for at in shown {
                // What lies apart is set apart, and lines around have another mark than those that were found.
                if before + after > 0 && last.is_some_and(|last| last + 1 < at) {
                    ran.stdout.push_str("--\n");
                }
                last = Some(at);
                let mark = if found.binary_search(&at).is_ok() { ':' } else { '-' };
                let label = if label.is_empty() { String::new() } else { format!("{path}{mark}") };
                let number = if flags.has('n') { format!("{}{mark}", at + 1) } else { String::new() };
                ran.stdout.push_str(&format!("{label}{number}{}\n", lines[at]));
            }
        }
    }
    if ran.code == 0 {
        ran.code = i32::from(!found_any);
    }
    Ok(ran)
}

fn sorted(flags: &Flags<'_>, text: &str) -> String {
    let key = flags.value('k').and_then(|key| key.split([',', 'n', '.']).next()?.parse::<usize>().ok());
    let numbers = flags.has('n') || flags.has('h') || flags.value('k').is_some_and(|key| key.contains('n'));
    let field = |line: &str| match (key, flags.value('t')) {
        (None, _) => line.to_owned(),
        (Some(key), Some(by)) => line.split(by).nth(key - 1).unwrap_or_default().to_owned(),
        (Some(key), None) => line.split_whitespace().skip(key - 1).collect::<Vec<_>>().join(" "),
    };
    let number = |text: &str| {
        let text = text.trim_start();
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(text.len());
        text[..end].parse::<i64>().unwrap_or(0)
    };
    let mut lines: Vec<&str> = text.lines().collect();
    if numbers {
        lines.sort_by_key(|line| number(&field(line)));
    } else {
        lines.sort_by_key(|line| (field(line), (*line).to_owned()));
    }
    if flags.has('r') {
        lines.reverse();
    }
    if flags.has('u') {
        lines.dedup();
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn unique(flags: &Flags<'_>, text: &str) -> String {
    let mut groups: Vec<(&str, usize)> = Vec::new();
    for line in text.lines() {
        match groups.last_mut() {
            Some((last, count)) if *last == line => *count += 1,
            _ => groups.push((line, 1)),
        }
    }
    let shown = groups
        .iter()
        .filter(|(_, count)| !flags.has('d') || *count > 1)
        .filter(|(_, count)| !flags.has('u') || *count == 1);
    shown
        .map(|(line, count)| if flags.has('c') { format!("{count:>7} {line}\n") } else { format!("{line}\n") })
        .collect()
}

/// `1,3-5`, as places from 0.
fn places(list: &str) -> Result<Vec<(usize, usize)>, String> {
    let wrong = || format!("cut: invalid field value '{list}'");
    let mut found = Vec::new();
    for part in list.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let from = if from.is_empty() { 1 } else { from.parse().map_err(|_| wrong())? };
        let to = if to.is_empty() { usize::MAX } else { to.parse().map_err(|_| wrong())? };
        found.push((usize::checked_sub(from, 1).ok_or_else(wrong)?, to));
    }
    Ok(found)
}

fn cut(flags: &Flags<'_>, text: &str) -> Result<String, String> {
    let (list, by) = match (flags.value('f'), flags.value('c').or(flags.value('b'))) {
        (Some(list), _) => (list, flags.value('d').unwrap_or("\t")),
        (None, Some(list)) => (list, ""),
        _ => return Err("cut: you must specify a list of bytes, characters, or fields".into()),
    };
    let places = places(list)?;
    let keeps = |at: usize| places.iter().any(|(from, to)| (*from..*to).contains(&at));
    let mut out = String::new();
    for line in text.lines() {
        if by.is_empty() {
            out.extend(line.chars().enumerate().filter(|(at, _)| keeps(*at)).map(|(_, c)| c));
        } else if !line.contains(by) {
            out.push_str(line);
        } else {
            let kept: Vec<&str> =
                line.split(by).enumerate().filter(|(at, _)| keeps(*at)).map(|(_, part)| part).collect();
            out.push_str(&kept.join(by));
        }
        out.push('\n');
    }
    Ok(out)
}

/// `a-z` as its characters.
fn set_of(text: &str) -> Vec<char> {
    let text = text.replace("[:upper:]", "A-Z").replace("[:lower:]", "a-z").replace("[:space:]", " \t\n");
    let text: Vec<char> = escaped(&text.replace("[:digit:]", "0-9")).chars().collect();
    let mut set = Vec::new();
    let mut at = 0;
    while at < text.len() {
        match (text.get(at + 1), text.get(at + 2)) {
            (Some('-'), Some(end)) if *end >= text[at] => {
                set.extend(text[at]..=*end);
                at += 3;
            }
            _ => {
                set.push(text[at]);
                at += 1;
            }
        }
        if set.len() > 10_000 {
            break;
        }
    }
    set
}

fn translate(flags: &Flags<'_>, text: &str) -> Result<Ran, String> {
    let Some(first) = flags.words.first() else { return Err("tr: missing operand".into()) };
    let (from, to) = (set_of(first), set_of(flags.words.get(1).unwrap_or(&"")));
    let (deletes, squeezes) = (flags.has('d'), flags.has('s'));
    if to.is_empty() && !deletes && !squeezes {
        return Err(format!("tr: missing operand after '{first}'"));
    }
    let mut out = String::new();
    for c in text.chars() {
        let place = from.iter().position(|known| *known == c);
        let place = if flags.has('c') { if place.is_some() { None } else { Some(from.len()) } } else { place };
        match place {
            Some(_) if deletes => {}
            Some(at) => {
                let made = to.get(at).or(to.last()).copied().unwrap_or(c);
                if !(squeezes && out.ends_with(made)) {
                    out.push(made);
                }
            }
            None => out.push(c),
        }
    }
    Ok(Ran::text(out))
}
