//! When a text needs quotes, and which: the decisions of the emitter behind `kubectl get -o yaml`.
//!
//! Upstream: `go-yaml` v2, `yaml_emitter_analyze_scalar` and `yaml_emitter_select_scalar_style`.

use crate::scalar::is_plain_string;
use petri_objects::Value;

/// Lines are folded at the first blank beyond this column.
const WIDTH: usize = 80;

/// The output, and where in its line it is.
#[derive(Default)]
pub(crate) struct Out {
    pub(crate) text: String,
    column: usize,
}

impl Out {
    pub(crate) fn put(&mut self, c: char) {
        self.text.push(c);
        self.column = if c == '\n' { 0 } else { self.column + 1 };
    }
    pub(crate) fn write(&mut self, text: &str) {
        text.chars().for_each(|c| self.put(c));
    }
    pub(crate) fn line(&mut self, indent: usize) {
        self.put('\n');
        (0..indent).for_each(|_| self.put(' '));
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Single,
    Double,
    Literal,
}

fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}') && c != '\u{feff}'
}

fn form(text: &str) -> Form {
    let wanted = match text {
        _ if text.contains('\n') => Form::Literal,
        _ if is_plain_string(text) => Form::Plain,
        _ => Form::Double,
    };
    if text.is_empty() {
        return Form::Double;
    }
    // Most texts are names, and nothing of what follows concerns them.
    let in_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/');
    if text.as_bytes()[0].is_ascii_alphanumeric() && text.bytes().all(in_name) {
        return wanted;
    }
    let chars: Vec<char> = text.chars().collect();
    let blank = |at: usize| chars.get(at).is_none_or(|c| matches!(c, ' ' | '\t'));
    let mut needs_quotes = text.starts_with("---") || text.starts_with("...");
    let (mut special, mut space_break, mut break_space, mut breaks) = (false, false, false, false);
    for (i, c) in chars.iter().copied().enumerate() {
        let before = i.checked_sub(1).map(|at| chars[at]);
        needs_quotes |= match c {
            '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`'
                if i == 0 =>
            {
                true
            }
            '?' | '-' if i == 0 => blank(1),
            ':' => blank(i + 1),
            '#' => before.is_some_and(|b| matches!(b, ' ' | '\t') || is_break(b)),
            _ => false,
        };
        // Deviation: these three broke lines in YAML 1.1 and do not in 1.2; escaped they mean the same to both.
        special |= !is_printable(c) || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}');
        breaks |= is_break(c);
        break_space |= c == ' ' && before.is_some_and(is_break);
        space_break |= is_break(c) && before == Some(' ');
    }
    let (first, last) = (chars[0], chars[chars.len() - 1]);
    let edges = [first, last].into_iter().any(|c| c == ' ' || is_break(c));
    let plain_allowed = !(needs_quotes || edges || breaks || special);
    let single_allowed = !(break_space || space_break || special);
    let block_allowed = last != ' ' && !space_break && !special;
    match wanted {
        Form::Literal if !block_allowed => Form::Double,
        Form::Plain if plain_allowed => Form::Plain,
        Form::Plain if single_allowed => Form::Single,
        Form::Plain => Form::Double,
        other => other,
    }
}

/// Writes a map key on one line.
pub(crate) fn write_key(out: &mut Out, key: &str) {
    match form(key) {
        Form::Plain => out.write(key),
        Form::Single => write_single(out, key, None),
        Form::Double | Form::Literal => write_double(out, key, None),
    }
}

/// Writes a text value; lines after the first begin at `indent`.
pub(crate) fn write_text(out: &mut Out, text: &str, indent: usize) {
    match form(text) {
        Form::Plain => {
            let mut after_blank = false;
            let mut chars = text.chars().peekable();
            while let Some(c) = chars.next() {
                let folds = c == ' ' && !after_blank && out.column > WIDTH && chars.peek() != Some(&' ');
                after_blank = c == ' ';
                if folds { out.line(indent) } else { out.put(c) }
            }
        }
        Form::Single => write_single(out, text, Some(indent)),
        Form::Double => write_double(out, text, Some(indent)),
        Form::Literal => write_literal(out, text, indent),
    }
}

/// Any scalar on one line, safe in braces and brackets too.
pub(crate) fn one_line(value: &Value) -> String {
    let mut out = Out::default();
    match value {
        Value::String(text) if text.contains([',', '[', ']', '{', '}', ':']) => write_double(&mut out, text, None),
        Value::String(text) => write_key(&mut out, text),
        other => out.write(&other.to_json()),
    }
    out.text
}

fn write_single(out: &mut Out, text: &str, fold: Option<usize>) {
    out.put('\'');
    let mut after_blank = false;
    let last = text.len() - 1;
    for (at, c) in text.char_indices() {
        let next_is_blank = text[at + c.len_utf8()..].starts_with(' ');
        let folds = c == ' ' && !after_blank && out.column > WIDTH && at > 0 && at < last && !next_is_blank;
        after_blank = c == ' ';
        match fold {
            Some(indent) if folds => out.line(indent),
            _ => {
                if c == '\'' {
                    out.put('\'');
                }
                out.put(c);
            }
        }
    }
    out.put('\'');
}

fn write_double(out: &mut Out, text: &str, fold: Option<usize>) {
    out.put('"');
    let mut after_blank = false;
    let last = text.len().saturating_sub(1);
    for (at, c) in text.char_indices() {
        if c == ' ' {
            match fold {
                Some(indent) if !after_blank && out.column > WIDTH && at > 0 && at < last => {
                    out.line(indent);
                    if text[at + 1..].starts_with(' ') {
                        out.put('\\');
                    }
                }
                _ => out.put(' '),
            }
            after_blank = true;
            continue;
        }
        after_blank = false;
        if is_printable(c) && !is_break(c) && c != '"' && c != '\\' {
            out.put(c);
            continue;
        }
        match c {
            '\0' => out.write("\\0"),
            '\u{7}' => out.write("\\a"),
            '\u{8}' => out.write("\\b"),
            '\t' => out.write("\\t"),
            '\n' => out.write("\\n"),
            '\u{b}' => out.write("\\v"),
            '\u{c}' => out.write("\\f"),
            '\r' => out.write("\\r"),
            '\u{1b}' => out.write("\\e"),
            '"' => out.write("\\\""),
            '\\' => out.write("\\\\"),
            '\u{85}' => out.write("\\N"),
            '\u{2028}' => out.write("\\L"),
            '\u{2029}' => out.write("\\P"),
            c if (c as u32) <= 0xff => out.write(&format!("\\x{:02X}", c as u32)),
            c if (c as u32) <= 0xffff => out.write(&format!("\\u{:04X}", c as u32)),
            c => out.write(&format!("\\U{:08X}", c as u32)),
        }
    }
    out.put('"');
}

fn write_literal(out: &mut Out, text: &str, indent: usize) {
    out.put('|');
    if text.starts_with(|c: char| c == ' ' || is_break(c)) {
        out.put('2');
    }
    let mut backwards = text.chars().rev();
    match (backwards.next().is_some_and(is_break), backwards.next()) {
        (false, _) => out.put('-'),
        (true, None) => out.put('+'),
        (true, Some(before)) if is_break(before) => out.put('+'),
        _ => {}
    }
    let body = text.strip_suffix('\n').unwrap_or(text);
    for line in body.split('\n') {
        if line.is_empty() {
            out.put('\n');
        } else {
            out.line(indent);
            out.write(line);
        }
    }
}
