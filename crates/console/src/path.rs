//! JSONPath as kubectl understands it: `.metadata.name`, `{.items[*].status.phase}`,
//! `{range .items[?(@.kind=="Pod")]}{.metadata.name}{"\n"}{end}`.
//!
//! Upstream: `k8s.io/client-go/util/jsonpath`. Deviation: an index outside of a list finds nothing rather than failing.

use crate::limits::{MOST_NESTED, MOST_STEPS, MOST_WORK};
use petri_objects::Value;
use petri_objects::value::quoted;
use std::cell::Cell;
use std::cmp::Ordering;

/// A path that was read once.
#[derive(Clone, Debug)]
pub struct Path(Vec<Step>);

impl Path {
    /// Reads a path, with or without braces. A step is `.key`, `['key']`, `[*]`, `[2]`, `[-1]`, `[0:2]`, `['a','b']`,
    /// `..key`, or a filter such as `[?(@.type=="Ready")]`; a backslash takes the character behind it as it is.
    ///
    /// # Errors
    /// What is wrong with the path.
    pub fn parse(path: &str) -> Result<Path, String> {
        let bare = path.trim();
        let bare = bare.strip_prefix('{').and_then(|p| p.strip_suffix('}')).unwrap_or(bare);
        Ok(Path(steps(bare, 0)?))
    }
    /// The values at the path.
    ///
    /// # Errors
    /// It would look at too many values.
    pub fn values<'v>(&'v self, root: &'v Value) -> Result<Vec<&'v Value>, String> {
        walk(root, root, &self.0, &Work::default())
    }
}

/// What reading and filling a template still may cost: steps can multiply what they find.
struct Work(Cell<usize>);

impl Default for Work {
    fn default() -> Work {
        Work(Cell::new(MOST_WORK))
    }
}

impl Work {
    fn spend(&self, units: usize) -> Result<(), String> {
        let left = self
            .0
            .get()
            .checked_sub(units)
            .ok_or("error: this template comes to too much: it asks for the same again and again")?;
        self.0.set(left);
        Ok(())
    }
}

#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Index(i64),
    Slice {
        from: Option<i64>,
        to: Option<i64>,
        step: i64,
    },
    All,
    /// What follows is looked for at every depth.
    Deep,
    Any(Vec<Step>),
    /// One after the other: a key in quotes is a path of its own.
    Chain(Vec<Step>),
    Filter(Operand, Option<(&'static str, Operand)>),
}

#[derive(Clone, Debug)]
enum Operand {
    /// From the item (`@`) or from the top (`$`).
    Path {
        top: bool,
        steps: Vec<Step>,
    },
    Literal(Value),
}

fn walk<'v>(top: &'v Value, from: &'v Value, steps: &'v [Step], work: &Work) -> Result<Vec<&'v Value>, String> {
    let mut found = vec![from];
    for step in steps {
        let mut next = Vec::new();
        for value in found {
            take(top, value, step, &mut next, work)?;
        }
        found = next;
    }
    Ok(found)
}

fn take<'v>(
    top: &'v Value,
    value: &'v Value,
    step: &'v Step,
    out: &mut Vec<&'v Value>,
    work: &Work,
) -> Result<(), String> {
    let before = out.len();
    match (step, value) {
        (Step::Key(key), Value::Map(map)) => out.extend(map.get(key)),
        (Step::Index(index), Value::List(list)) => {
            let from_end = index.checked_add(list.len() as i64).filter(|_| *index < 0);
            out.extend(usize::try_from(from_end.unwrap_or(*index)).ok().and_then(|i| list.get(i)));
        }
        (Step::Slice { from, to, step }, Value::List(list)) => {
            let length = list.len() as i64;
            let bound = |at: i64| (if at < 0 { at.saturating_add(length) } else { at }).clamp(0, length) as usize;
            let (from, to) = (bound(from.unwrap_or(0)), bound(to.unwrap_or(length)));
            let part = list.get(from..to).unwrap_or_default();
            out.extend(part.iter().step_by((*step).max(1) as usize));
        }
        (Step::All, Value::List(list)) => out.extend(list),
        (Step::All, Value::Map(map)) => out.extend(map.iter().map(|(_, item)| item)),
        (Step::Deep, value) => {
            work.spend(1)?;
            out.push(value);
            return match value {
                Value::List(list) => list.iter().try_for_each(|item| take(top, item, step, out, work)),
                Value::Map(map) => map.iter().try_for_each(|(_, item)| take(top, item, step, out, work)),
                _ => Ok(()),
            };
        }
        (Step::Any(steps), value) => return steps.iter().try_for_each(|step| take(top, value, step, out, work)),
        (Step::Chain(steps), value) => out.append(&mut walk(top, value, steps, work)?),
        (Step::Filter(left, test), Value::List(list)) => {
            for item in list {
                if passes(top, item, left, test.as_ref(), work)? {
                    out.push(item);
                }
            }
        }
        _ => {}
    }
    work.spend(1 + out.len() - before)
}

fn passes<'v>(
    top: &'v Value,
    item: &'v Value,
    left: &'v Operand,
    test: Option<&'v (&'static str, Operand)>,
    work: &Work,
) -> Result<bool, String> {
    let Some(left) = first(top, item, left, work)? else { return Ok(false) };
    let Some((operator, right)) = test else { return Ok(true) };
    let Some(right) = first(top, item, right, work)? else { return Ok(false) };
    let order = match (left, right) {
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::String(_), _) | (_, Value::String(_)) => return Ok(*operator == "!="),
        (a, b) => {
            let (a, b) = (plain(a), plain(b));
            work.spend(a.len() + b.len())?;
            match (a.parse::<i64>(), b.parse::<i64>()) {
                (Ok(a), Ok(b)) => a.cmp(&b),
                _ => a.cmp(&b),
            }
        }
    };
    Ok(match *operator {
        "==" => order == Ordering::Equal,
        "!=" => order != Ordering::Equal,
        "<=" => order != Ordering::Greater,
        ">=" => order != Ordering::Less,
        "<" => order == Ordering::Less,
        _ => order == Ordering::Greater,
    })
}

fn first<'v>(top: &'v Value, item: &'v Value, operand: &'v Operand, work: &Work) -> Result<Option<&'v Value>, String> {
    Ok(match operand {
        Operand::Path { top: true, steps } => walk(top, top, steps, work)?.first().copied(),
        Operand::Path { top: false, steps } => walk(top, item, steps, work)?.first().copied(),
        Operand::Literal(value) => Some(value),
    })
}

/// Reads a path that stands in so many filters.
fn steps(path: &str, depth: u32) -> Result<Vec<Step>, String> {
    let mut rest = path.strip_prefix(['$', '@']).unwrap_or(path);
    let mut steps = Vec::new();
    while let Some(c) = rest.chars().next() {
        if steps.len() >= MOST_STEPS {
            return Err(wrong(path, "too many steps"));
        }
        if let Some(tail) = rest.strip_prefix("..") {
            if matches!(steps.last(), Some(Step::Deep)) {
                return Err(wrong(path, "invalid multiple recursive descent"));
            }
            steps.push(Step::Deep);
            rest = tail;
        } else if c == '[' {
            let end = closing(rest).ok_or_else(|| wrong(path, "unterminated array"))?;
            steps.push(bracket(&rest[1..end], depth).map_err(|why| wrong(path, &why))?);
            rest = &rest[end + 1..];
        } else if c == '.' {
            rest = &rest[1..];
        } else {
            let (key, tail) = word(rest);
            if key.contains(['?', '(', ')', '@', ' ', '{', '}', '"', '\'']) {
                return Err(wrong(path, &format!("unrecognized identifier {key}")));
            }
            steps.push(if key == "*" { Step::All } else { Step::Key(key) });
            rest = tail;
        }
    }
    Ok(steps)
}

fn wrong(path: &str, why: &str) -> String {
    format!("error: error parsing jsonpath {{{path}}}, {why}")
}

/// A key up to the next `.` or `[`, and what is left.
fn word(text: &str) -> (String, &str) {
    let mut key = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => key.extend(chars.next().map(|(_, c)| c)),
            '.' | '[' => return (key, &text[at..]),
            c => key.push(c),
        }
    }
    (key, "")
}

/// The characters that stand in no quotes and behind no backslash, with their places.
fn unquoted(text: &str) -> impl Iterator<Item = (usize, char)> + '_ {
    let (mut quote, mut escaped) = (None, false);
    text.char_indices().filter(move |(_, c)| {
        match (quote, *c) {
            _ if escaped => escaped = false,
            (_, '\\') => escaped = true,
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(*c),
            (None, _) => return true,
        }
        false
    })
}

/// Where the bracket ends that the text begins with; brackets within it do not count.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    let mut brackets = unquoted(text).filter(|(_, c)| matches!(c, '[' | ']'));
    let end = brackets.find(|(_, c)| {
        depth += if *c == '[' { 1 } else { -1 };
        depth == 0
    });
    end.map(|(at, _)| at)
}

/// What stands between brackets.
fn bracket(inner: &str, depth: u32) -> Result<Step, String> {
    let inner = inner.trim();
    if let Some(filter) = inner.strip_prefix("?(") {
        return match filter.strip_suffix(')') {
            Some(filter) => condition(filter, depth),
            None => Err("unterminated filter".into()),
        };
    }
    if inner.split(',').nth(MOST_STEPS).is_some() {
        return Err("too many parts in one array".into());
    }
    let mut parts = inner.split(',').map(|part| {
        let part = part.trim();
        let number = |text: &str| text.parse::<i64>().map_err(|_| format!("invalid array index {text}"));
        let bound = |text: &str| if text.is_empty() { Ok(None) } else { number(text).map(Some) };
        let key = part.trim_matches(['\'', '"']);
        match part.split(':').collect::<Vec<_>>()[..] {
            _ if key != part => {
                let mut path = steps(&format!(".{key}"), depth + 1)?;
                Ok(if path.len() == 1 { path.remove(0) } else { Step::Chain(path) })
            }
            ["*"] => Ok(Step::All),
            // Upstream reads it as a slice without bounds.
            [""] => Ok(Step::Slice { from: None, to: None, step: 1 }),
            [from, to] => Ok(Step::Slice { from: bound(from)?, to: bound(to)?, step: 1 }),
            [from, to, step] => Ok(Step::Slice { from: bound(from)?, to: bound(to)?, step: bound(step)?.unwrap_or(1) }),
            _ => number(part).map(Step::Index),
        }
    });
    let only = parts.next().unwrap_or(Ok(Step::All))?;
    let others = parts.collect::<Result<Vec<Step>, String>>()?;
    if others.is_empty() {
        return Ok(only);
    }
    Ok(Step::Any(std::iter::once(only).chain(others).collect()))
}

/// `@.type=="Ready"`, `@.restartCount>2`, or a path that only has to be there.
fn condition(text: &str, depth: u32) -> Result<Step, String> {
    if depth > MOST_NESTED {
        return Err("too many filters in one another".into());
    }
    if let Some((at, _)) = unquoted(text).find(|(_, c)| matches!(c, '=' | '!' | '<' | '>')) {
        if text[at..].starts_with("=~") {
            return Err("unrecognized character in action: U+007E '~'".into());
        }
        let found = ["==", "!=", "<=", ">=", "<", ">"].into_iter().find(|op| text[at..].starts_with(op));
        let operator = found.ok_or_else(|| format!("unrecognized filter operator in {text}"))?;
        let right = operand(&text[at + operator.len()..], depth)?;
        return Ok(Step::Filter(operand(&text[..at], depth)?, Some((operator, right))));
    }
    Ok(Step::Filter(operand(text, depth)?, None))
}

fn operand(text: &str, depth: u32) -> Result<Operand, String> {
    let text = text.trim();
    if text.starts_with(['@', '$']) {
        return Ok(Operand::Path { top: text.starts_with('$'), steps: steps(text, depth + 1)? });
    }
    let bare = text.trim_matches(['"', '\'']);
    Ok(Operand::Literal(match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ if bare != text => Value::from(bare),
        number => Value::from(number.parse::<i64>().map_err(|_| format!("cannot parse {}", quoted(number)))?),
    }))
}

/// A value as a bare text: what JSONPath prints.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        other => other.to_json(),
    }
}

/// A template of texts, `{paths}`, `{"texts"}` and `{range PATH}...{end}`, as `-o jsonpath=` takes it.
///
/// # Errors
/// A path that cannot be read, a brace or a range that is not closed.
pub fn template(root: &Value, template: &str) -> Result<String, String> {
    let mut out = String::new();
    let rest = fill(root, root, template, 0, &mut out, &Work::default())?;
    debug_assert!(rest.is_empty(), "a template is read to its end");
    Ok(out)
}

/// Writes a template up to its end, or up to the `{end}` of the range that it stands in; returns what is left.
fn fill<'t>(
    top: &Value,
    here: &Value,
    template: &'t str,
    depth: u32,
    out: &mut String,
    work: &Work,
) -> Result<&'t str, String> {
    // A path may begin anew at the top.
    let from = |path: &str| if path.starts_with('$') { top } else { here };
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        work.spend(at)?;
        out.push_str(&rest[..at]);
        let inner = &rest[at + 1..];
        let end = unquoted(inner)
            .find(|(_, c)| *c == '}')
            .map(|(at, _)| at)
            .ok_or("error: error parsing jsonpath, unclosed action")?;
        work.spend(end)?;
        let (action, tail) = (inner[..end].trim(), &inner[end + 1..]);
        rest = tail;
        if action == "end" {
            return if depth > 0 { Ok(tail) } else { Err("error: error parsing jsonpath, not in range".into()) };
        }
        if let Some(path) = action.strip_prefix("range ") {
            if depth == MOST_NESTED {
                return Err("error: error parsing jsonpath, too many ranges in one another".into());
            }
            let steps = steps(path.trim(), 0)?;
            let items = walk(top, from(path.trim()), &steps, work)?;
            // Without items the body is passed over.
            rest = fill(top, &Value::Null, tail, depth + 1, &mut String::new(), work)?;
            for item in items {
                fill(top, item, tail, depth + 1, out, work)?;
            }
        } else if let Some(quote) = action.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            let text = action[1..].strip_suffix(quote);
            out.push_str(&unescaped(text.ok_or("error: error parsing jsonpath, unterminated quoted string")?));
        } else {
            let steps = steps(action, 0)?;
            for (at, value) in walk(top, from(action), &steps, work)?.into_iter().enumerate() {
                let text = plain(value);
                work.spend(text.len())?;
                out.push_str(if at > 0 { " " } else { "" });
                out.push_str(&text);
            }
        }
    }
    if depth > 0 {
        return Err("error: error parsing jsonpath, unterminated range".into());
    }
    out.push_str(rest);
    Ok("")
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next().map(|c| match c {
                'n' => '\n',
                't' => '\t',
                other => other,
            })),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pods() -> Value {
        let json = r#"{"kind":"List","items":[
            {"metadata":{"name":"web-0","labels":{"a.b":"x"}},"status":{"restarts":0,"conditions":[
                {"type":"Ready","status":"True"},{"type":"Initialized","status":"False"}]}},
            {"metadata":{"name":"web-1"},"status":{"restarts":12,"conditions":[{"type":"Ready","status":"False"}]}}]}"#;
        Value::from_json(json).unwrap()
    }

    /// Examples of the kubectl reference, and of what people ask of pods.
    #[test]
    fn paths_find_what_kubectl_finds() {
        let cases = [
            ("{.items[*].metadata.name}", "web-0 web-1"),
            ("{$.kind}", "List"),
            (".items[1].metadata.name", "web-1"),
            ("{.items[-1:].metadata.name}", "web-1"),
            ("{.items[-1].metadata.name}", "web-1"),
            ("{.items[0:1].metadata.name}", "web-0"),
            ("{.items[0,1].status.restarts}", "0 12"),
            ("{.items[0]['metadata']['name']}", "web-0"),
            ("{.items[0].metadata['labels','name']}", "{\"a.b\":\"x\"} web-0"),
            ("{.items[0].metadata.labels.a\\.b}", "x"),
            ("{..name}", "web-0 web-1"),
            ("{.items[*]..type}", "Ready Initialized Ready"),
            ("{.items[?(@.status.restarts>5)].metadata.name}", "web-1"),
            ("{.items[?(@.status.restarts<=0)].metadata.name}", "web-0"),
            ("{.items[?(@.metadata.labels)].metadata.name}", "web-0"),
            ("{.items[?(@.metadata.name!='web-0')].metadata.name}", "web-1"),
            ("{.items[*].status.conditions[?(@.type==\"Ready\")].status}", "True False"),
            ("{.none[3].of.it}", ""),
            ("{.items[7]}", ""),
        ];
        for (path, expected) in cases {
            let found: Vec<String> =
                Path::parse(path).unwrap().values(&pods()).unwrap().into_iter().map(plain).collect();
            assert_eq!(found.join(" "), expected, "{path}");
        }
    }

    #[test]
    fn templates_repeat_and_quote() {
        let cases = [
            ("{range .items[*]}{.metadata.name}{\"\\t\"}{.status.restarts}{\"\\n\"}{end}", "web-0\t0\nweb-1\t12\n"),
            ("{range .none[*]}{.x}{end}done", "done"),
            ("all: {.kind}{'}'}", "all: List}"),
            ("{range .items[*]}{range .status.conditions[*]}{.type} {end}/{end}", "Ready Initialized /Ready /"),
        ];
        for (text, expected) in cases {
            assert_eq!(template(&pods(), text).unwrap(), expected, "{text}");
        }
        for text in ["{\"\\n\"\u{202e}}", "{'a' .kind}", "{\"a'}"] {
            assert!(template(&pods(), text).is_err(), "{text}");
        }
    }

    #[test]
    fn steps_that_multiply_are_given_up() {
        let zeros = vec!["0"; 1_000].join(",");
        for text in [
            format!("{{.items[{zeros}].status.conditions[{zeros}].type.x}}"),
            "{range ..}{range $..}{range $..}{$}{end}{end}{end}".repeat(20),
            format!("{{range .items[{zeros}]}}{}{{end}}", "words ".repeat(1_000)),
        ] {
            let error = template(&pods(), &text).unwrap_err();
            assert!(error.contains("comes to too much"), "{error}");
        }
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        for (text, why) in [
            ("{.items[?(@.a}", "unclosed action"),
            ("{.items[?(@.a]}", "unterminated filter"),
            ("{.items[0}", "unterminated array"),
            ("{.items[x]}", "invalid array index x"),
            ("{.items[?(@.a=1)]}", "unrecognized filter operator"),
            ("{range .items[*]}{.a}", "unterminated range"),
            ("{end}", "not in range"),
            ("{.a", "unclosed action"),
            ("{........................}", "invalid multiple recursive descent"),
            (&format!("{{{}}}", "[?(@".repeat(200) + &")]".repeat(200)), "too many filters in one another"),
            (&format!("{{{}}}", ".a".repeat(2_000)), "too many steps"),
            (&format!("{{[{}]}}", "0,".repeat(2_000)), "too many parts in one array"),
            (&"{range .items[*]}".repeat(200), "too many ranges in one another"),
        ] {
            let error = template(&pods(), text).unwrap_err();
            assert!(error.starts_with("error: error parsing jsonpath"), "{text}: {error}");
            assert!(error.contains(why) || text == "{.items[?(@.a}", "{text}: {error}");
        }
    }
}
