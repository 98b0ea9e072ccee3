//! `jq`, as far as paths go: `.`, `.a.b[0]`, `.items[].metadata.name`, `|`, `length`, `keys`, `paths`, `select(...)`,
//! `test("...")`, `join("...")`.

use petri_objects::Value;

/// Values that one filter looks at.
const MOST_VALUES: usize = 100_000;

/// # Errors
/// The text is no JSON, or what of the filter is not understood.
pub(super) fn run(filter: &str, text: &str, raw: bool, compact: bool) -> Result<String, String> {
    if text.trim().is_empty() {
        return Ok(String::new());
    }
    let value = Value::from_json(text.trim()).ok_or("jq: parse error: Invalid numeric literal at line 1, column 1")?;
    let values = filtered(filter, value)?;
    let mut out = String::new();
    for value in values {
        match (&value, raw) {
            (Value::String(text), true) => out.push_str(text),
            _ if compact => out.push_str(&value.to_json()),
            _ => out.push_str(two_spaces(&value).trim_end()),
        }
        out.push('\n');
    }
    Ok(out)
}

/// The steps of a filter: those in brackets belong to the step that they stand in.
fn steps(filter: &str) -> Vec<&str> {
    let (mut all, mut from, mut deep, mut quoted) = (Vec::new(), 0, 0_usize, false);
    for (at, c) in filter.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => deep += 1,
            ')' if !quoted => deep = deep.saturating_sub(1),
            '|' if !quoted && deep == 0 => {
                all.push(filter[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    all.push(filter[from..].trim());
    all
}

fn filtered(filter: &str, value: Value) -> Result<Vec<Value>, String> {
    let mut values = vec![value];
    for step in steps(filter) {
        let mut next = Vec::new();
        for value in values {
            path(step, value, &mut next)?;
        }
        values = next;
    }
    Ok(values)
}

/// Whether `select(...)` keeps a value: `.a == "b"`, `.a | test("b")`, `.a`.
fn keeps(condition: &str, value: &Value) -> Result<bool, String> {
    for (sign, same) in [(" == ", true), (" != ", false), ("==", true), ("!=", false)] {
        if let Some((left, right)) = condition.split_once(sign) {
            let right = Value::from_json(right.trim()).ok_or_else(|| format!("jq: {right} is not understood here"))?;
            return Ok(filtered(left, value.clone())?.iter().any(|left| (*left == right) == same));
        }
    }
    Ok(filtered(condition, value.clone())?.iter().any(|value| !matches!(value, Value::Null | Value::Bool(false))))
}

/// The paths of everything in a value.
fn paths(value: &Value, at: &mut Vec<Value>, out: &mut Vec<Value>) -> Result<(), String> {
    let inner: Vec<(Value, &Value)> = match value {
        Value::Map(map) => map.iter().map(|(key, value)| (Value::String(key.clone()), value)).collect(),
        Value::List(list) => (0_i64..).map(Value::Int).zip(list.iter()).collect(),
        _ => Vec::new(),
    };
    for (key, value) in inner {
        at.push(key);
        out.push(Value::List(at.clone().into_iter().collect()));
        if out.len() > MOST_VALUES {
            return Err("jq: this is too much".into());
        }
        paths(value, at, out)?;
        at.pop();
    }
    Ok(())
}

/// As jq indents: two blanks a level.
fn two_spaces(value: &Value) -> String {
    let text = value.to_json_pretty();
    text.lines()
        .map(|line| {
            let inner = line.trim_start();
            format!("{}{inner}\n", " ".repeat((line.len() - inner.len()) / 2))
        })
        .collect()
}

fn path(step: &str, value: Value, out: &mut Vec<Value>) -> Result<(), String> {
    let unknown = || format!("jq: {step} is not understood here: paths like .items[].metadata.name are");
    match (step, &value) {
        ("." | "", _) => {
            out.push(value);
            return Ok(());
        }
        ("length", value) => {
            let length = match value {
                Value::List(list) => list.len() as i64,
                Value::Map(map) => map.len() as i64,
                Value::String(text) => text.chars().count() as i64,
                _ => 0,
            };
            out.push(Value::Int(length));
            return Ok(());
        }
        ("keys", Value::Map(map)) => {
            let keys = map.sorted().into_iter().map(|(key, _)| Value::String(key.clone()));
            out.push(Value::List(keys.collect()));
            return Ok(());
        }
        ("paths", value) => return paths(value, &mut Vec::new(), out),
        _ => {}
    }
    // `select(CONDITION)` and a path behind it, `test("PATTERN")`, `join("SIGN")`.
    if let Some((name, inner)) = step.split_once('(')
        && let Some((inner, rest)) = inner.rsplit_once(')')
        && name.chars().all(|c| c.is_ascii_alphabetic())
    {
        let word = inner.trim().trim_matches('"');
        match (name, &value) {
            ("select", _) if rest.is_empty() || rest.starts_with('.') => {
                return if keeps(inner, &value)? { path(rest, value, out) } else { Ok(()) };
            }
            ("test", Value::String(text)) if rest.is_empty() => {
                let pattern = super::pattern::Pattern::read(word, false, true, false);
                let pattern = pattern.map_err(|why| format!("jq: {word}: {why}"))?;
                out.push(Value::Bool(pattern.find(text).is_some()));
                return Ok(());
            }
            ("join", Value::List(list)) if rest.is_empty() => {
                let words = list.iter().map(|value| match value {
                    Value::String(text) => text.to_string(),
                    Value::Null => String::new(),
                    other => other.to_json(),
                });
                out.push(Value::String(words.collect::<Vec<_>>().join(word).into()));
                return Ok(());
            }
            ("test" | "join", _) if rest.is_empty() => {
                return Err(format!("jq: error: {name} cannot be had of this value"));
            }
            _ => return Err(unknown()),
        }
    }
    let mut values = vec![value];
    let mut rest = step.strip_prefix('.').ok_or_else(unknown)?;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (inside, after) = inner.split_once(']').ok_or_else(unknown)?;
            let forgives = after.starts_with('?');
            rest = after.strip_prefix('?').unwrap_or(after);
            let mut next = Vec::new();
            for value in values {
                match (inside, value) {
                    ("", Value::List(list)) => next.extend(list.iter().cloned()),
                    ("", Value::Map(map)) => next.extend(map.iter().map(|(_, value)| value.clone())),
                    ("", _) if forgives => {}
                    ("", _) => return Err("jq: error: Cannot iterate over this value".into()),
                    (key, value) if key.starts_with('"') => {
                        next.push(value.at(&[key.trim_matches('"')]).cloned().unwrap_or(Value::Null));
                    }
                    (index, Value::List(list)) => {
                        let index: i64 = index.parse().map_err(|_| unknown())?;
                        let at = if index < 0 { index + list.len() as i64 } else { index };
                        let found = usize::try_from(at).ok().and_then(|at| list.get(at));
                        next.push(found.cloned().unwrap_or(Value::Null));
                    }
                    _ => next.push(Value::Null),
                }
                if next.len() > MOST_VALUES {
                    return Err("jq: this is too much".into());
                }
            }
            values = next;
        } else {
            rest = rest.strip_prefix('.').unwrap_or(rest);
            let end = match rest.strip_prefix('"') {
                Some(inner) => inner.find('"').ok_or_else(unknown)? + 2,
                None => rest.find(['.', '[', '?']).unwrap_or(rest.len()),
            };
            let (key, after) = rest.split_at(end);
            rest = after.strip_prefix('?').unwrap_or(after);
            let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '"' || key.starts_with('"');
            if !key.chars().all(is_name) {
                return Err(unknown());
            }
            if key.is_empty() {
                continue;
            }
            let key = key.trim_matches('"');
            values = values.into_iter().map(|value| value.at(&[key]).cloned().unwrap_or(Value::Null)).collect();
        }
    }
    out.append(&mut values);
    Ok(())
}
