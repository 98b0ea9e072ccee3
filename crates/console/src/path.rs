//! Paths into an object's wire form: `.metadata.name`, `{.items[*].status.phase}`.

use petri_objects::Value;
use petri_objects::value::quoted;

/// The values at a path. `[*]` takes all items of a list, `['a.b']` and `.a\.b` a key with dots.
///
/// Deviation: filters, ranges and slices of JSONPath are not understood; such a path is an error.
pub fn values<'v>(root: &'v Value, path: &str) -> Result<Vec<&'v Value>, String> {
    let mut found = vec![root];
    for step in steps(path)? {
        let mut next = Vec::new();
        for value in found {
            match (&step, value) {
                (Step::Key(key), Value::Map(map)) => next.extend(map.get(key)),
                (Step::Index(i), Value::List(list)) => next.extend(list.get(*i)),
                (Step::All, Value::List(list)) => next.extend(list),
                _ => {}
            }
        }
        found = next;
    }
    Ok(found)
}

enum Step {
    Key(String),
    Index(usize),
    All,
}

fn steps(path: &str) -> Result<Vec<Step>, String> {
    let path = path.trim().trim_start_matches('{').trim_end_matches('}').trim_start_matches('$');
    let wrong = || format!("error: unrecognized path {}", quoted(path));
    let mut steps = Vec::new();
    let mut chars = path.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '.' => {}
            '[' => {
                let inner: String = chars.by_ref().take_while(|c| *c != ']').collect();
                let step = match inner.trim_matches(['\'', '"']) {
                    "*" => Step::All,
                    key if key != inner => Step::Key(key.into()),
                    number => Step::Index(number.parse().map_err(|_| wrong())?),
                };
                steps.push(step);
            }
            first => {
                let mut key = String::new();
                let mut next = Some(first);
                while let Some(c) = next {
                    key.push(if c == '\\' { chars.next().ok_or_else(wrong)? } else { c });
                    next = chars.next_if(|c| *c != '.' && *c != '[');
                }
                if key.contains(['@', '?', '(', ' ']) {
                    return Err(wrong());
                }
                steps.push(if key == "*" { Step::All } else { Step::Key(key) });
            }
        }
    }
    Ok(steps)
}

/// A value as a bare text: what JSONPath prints.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        other => other.to_json(),
    }
}

/// A template of texts and `{paths}`, as `-o jsonpath=` takes it.
///
/// # Errors
/// A path that cannot be read.
pub fn template(root: &Value, template: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        let end = rest[at..].find('}').ok_or("error: unclosed action")? + at;
        let inner = &rest[at + 1..end];
        match inner.trim().trim_matches('"') {
            "\\n" => out.push('\n'),
            "\\t" => out.push('\t'),
            path => {
                let found: Vec<String> = values(root, path)?.into_iter().map(plain).collect();
                out.push_str(&found.join(" "));
            }
        }
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_follow_keys_and_lists() {
        let item = |name: &str| Value::Map([("a.b".into(), Value::from(name))].into_iter().collect());
        let root = Value::Map([("items".into(), Value::List(vec![item("x"), item("y")]))].into_iter().collect());
        let text = |path: &str| values(&root, path).unwrap().into_iter().map(plain).collect::<Vec<_>>().join(",");
        assert_eq!(text("{.items[*].a\\.b}"), "x,y");
        assert_eq!(text(".items[1]['a.b']"), "y");
        assert_eq!(text(".none"), "");
        assert_eq!(template(&root, "{.items[0].a\\.b}{\"\\n\"}").unwrap(), "x\n");
        assert!(values(&root, "{.items[?(@.a)]}").is_err());
    }
}
