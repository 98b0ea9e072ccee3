//! `sed` with `s///`, `d` and `p`, and `awk` that prints fields: as far as people use them behind kubectl.

use super::pattern::Pattern;

/// `sed 's/a/b/g'`, `sed -n '2p'`, `sed '/x/d'`.
///
/// # Errors
/// What is not understood, with the name of the program.
pub(super) fn sed(
    words: &[&str],
    script: Option<&str>,
    (quiet, extended): (bool, bool),
    text: &str,
) -> Result<String, String> {
    let script = script.or(words.first().copied()).unwrap_or_default();
    let mut steps = Vec::new();
    for step in script.split(';').map(str::trim).filter(|step| !step.is_empty()) {
        steps.push(Step::read(step, extended)?);
    }
    let count = text.lines().count();
    let mut out = String::new();
    'lines: for (line, number) in text.lines().zip(1..) {
        let mut line = line.to_owned();
        for step in &steps {
            if !step.is_about(&line, number, count) {
                continue;
            }
            match &step.act {
                Act::Delete => continue 'lines,
                Act::Print => out.push_str(&format!("{line}\n")),
                Act::Replace { pattern, with, all } => line = replaced(&line, pattern, with, *all)?,
            }
        }
        if !quiet {
            out.push_str(&line);
            out.push('\n');
        }
    }
    Ok(out)
}

struct Step {
    /// Lines by number, from and to; none for all.
    lines: Option<(usize, usize)>,
    pattern: Option<Pattern>,
    act: Act,
}

enum Act {
    Delete,
    Print,
    Replace { pattern: Pattern, with: String, all: bool },
}

impl Step {
    fn read(text: &str, extended: bool) -> Result<Step, String> {
        let unknown = || format!("sed: {text} is not understood here: s/A/B/g, /A/d and 1,3p are");
        let mut rest = text;
        let (mut lines, mut pattern) = (None, None);
        if let Some(inner) = rest.strip_prefix('/') {
            let (found, after) = inner.split_once('/').ok_or_else(unknown)?;
            pattern = Some(Pattern::read(found, false, extended, false).map_err(|why| format!("sed: {why}"))?);
            rest = after;
        } else {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != ',' && c != '$').unwrap_or(rest.len());
            let (address, after) = rest.split_at(end);
            if !address.is_empty() {
                let (from, to) = address.split_once(',').unwrap_or((address, address));
                let number = |word: &str| match word {
                    "$" => Ok(usize::MAX),
                    word => word.parse().map_err(|_| unknown()),
                };
                lines = Some((number(from)?, number(to)?));
                rest = after;
            }
        }
        let act = match rest.trim() {
            "d" => Act::Delete,
            "p" => Act::Print,
            other => {
                let mut chars = other.chars();
                let (Some('s'), Some(by)) = (chars.next(), chars.next()) else { return Err(unknown()) };
                let parts: Vec<&str> = chars.as_str().split(by).collect();
                let [from, to, flags] = parts[..] else { return Err(unknown()) };
                let pattern = Pattern::read(from, false, extended, flags.contains(['i', 'I']));
                let pattern = pattern.map_err(|why| format!("sed: {why}"))?;
                Act::Replace { pattern, with: to.to_owned(), all: flags.contains('g') }
            }
        };
        Ok(Step { lines, pattern, act })
    }
    fn is_about(&self, line: &str, number: usize, count: usize) -> bool {
        let last = |at: usize| if at == usize::MAX { count } else { at };
        let by_number = self.lines.is_none_or(|(from, to)| (last(from)..=last(to)).contains(&number));
        by_number && self.pattern.as_ref().is_none_or(|pattern| pattern.find(line).is_some())
    }
}

/// What stands for a place that was found: `&` is all of it, `\\1` its first group.
fn put(with: &str, whole: &str, groups: &[&str], out: &mut String) {
    let mut chars = with.chars();
    while let Some(c) = chars.next() {
        match c {
            '&' => out.push_str(whole),
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some('0') => out.push_str(whole),
                Some(digit) if digit.is_ascii_digit() => {
                    let at = digit.to_digit(10).and_then(|digit| usize::try_from(digit).ok()).unwrap_or(0);
                    out.push_str(groups.get(at.wrapping_sub(1)).unwrap_or(&""));
                }
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            c => out.push(c),
        }
    }
}

fn replaced(line: &str, pattern: &Pattern, with: &str, all: bool) -> Result<String, String> {
    let (mut out, mut rest) = (String::new(), line);
    while let Some((start, end)) = pattern.find(rest) {
        out.push_str(&rest[..start]);
        let groups = pattern.groups(rest, (start, end)).map_err(|why| format!("sed: {why}"))?;
        put(with, &rest[start..end], &groups, &mut out);
        rest = &rest[end..];
        if !all || end == start {
            break;
        }
    }
    Ok(out + rest)
}

/// `awk '{print $1, $3}'`, `awk '/x/ {print $NF}'`, `awk 'NR>1 {print $1}'`.
///
/// # Errors
/// What is not understood.
pub(super) fn awk(program: &str, by: Option<&str>, text: &str) -> Result<String, String> {
    let unknown = || format!("awk: {program} is not understood here: {{print $1, $2}} is, behind /PATTERN/ or NR>1");
    let program = program.trim();
    let (condition, body) = program.split_once('{').ok_or_else(unknown)?;
    let body = body.strip_suffix('}').ok_or_else(unknown)?.trim();
    let printed = body.strip_prefix("print").ok_or_else(unknown)?.trim();
    let mut parts = Vec::new();
    for part in printed.split(',') {
        // Words beside each other are written without a blank.
        let mut rest = part.trim();
        let mut joined = Vec::new();
        while !rest.is_empty() {
            let end = match rest.strip_prefix('"') {
                Some(inner) => inner.find('"').ok_or_else(unknown)? + 2,
                None => rest.find([' ', '"']).unwrap_or(rest.len()),
            };
            let (piece, after) = rest.split_at(end);
            joined.push(piece);
            rest = after.trim_start();
        }
        parts.push(joined);
    }
    let condition = condition.trim();
    let pattern = match condition.strip_prefix('/').and_then(|inner| inner.strip_suffix('/')) {
        Some(inner) => Some(Pattern::read(inner, false, true, false).map_err(|why| format!("awk: {why}"))?),
        None => None,
    };
    let rows = match condition.strip_prefix("NR") {
        Some(rest) => {
            let digits = rest.trim_start_matches(['>', '=', '<', '!', ' ']);
            let sign = rest[..rest.len() - digits.len()].trim();
            Some((sign, digits.trim().parse::<usize>().map_err(|_| unknown())?))
        }
        None if condition.is_empty() || pattern.is_some() => None,
        None => return Err(unknown()),
    };
    let mut out = String::new();
    for (line, number) in text.lines().zip(1_usize..) {
        let chosen = rows.is_none_or(|(sign, row)| match sign {
            ">" => number > row,
            ">=" => number >= row,
            "<" => number < row,
            "<=" => number <= row,
            "!=" => number != row,
            _ => number == row,
        });
        if !chosen || pattern.as_ref().is_some_and(|pattern| pattern.find(line).is_none()) {
            continue;
        }
        let fields: Vec<&str> = match by {
            Some(by) => line.split(by).collect(),
            None => line.split_whitespace().collect(),
        };
        let value = |piece: &str| -> Result<String, String> {
            Ok(match piece {
                "$0" => line.into(),
                "$NF" => fields.last().copied().unwrap_or_default().into(),
                "NR" => number.to_string(),
                "NF" => fields.len().to_string(),
                piece if piece.starts_with('"') => piece.trim_matches('"').replace("\\t", "\t").replace("\\n", "\n"),
                piece => {
                    let place: usize = piece.strip_prefix('$').and_then(|at| at.parse().ok()).ok_or_else(unknown)?;
                    fields.get(place.wrapping_sub(1)).copied().unwrap_or_default().into()
                }
            })
        };
        let mut shown = Vec::new();
        for part in &parts {
            shown.push(part.iter().map(|piece| value(piece)).collect::<Result<String, String>>()?);
        }
        let whole = if printed.is_empty() { line.to_owned() } else { shown.join(" ") };
        out.push_str(&whole);
        out.push('\n');
    }
    Ok(out)
}
