//! JSON patches (RFC 6902): `kubectl patch --type=json`.

use petri_objects::Value;

/// What the API server says of a patch that does not fit, whichever of its operations it is.
const REFUSED: &str = "The request is invalid: the server rejected our request due to an error in our request";

/// What the operations make of a value, one after the other.
///
/// # Errors
/// Why they cannot be done: a place that is not there, a test that fails, a word that is no operation.
pub fn apply(old: &Value, operations: &[Value]) -> Result<Value, String> {
    let mut value = old.clone();
    for operation in operations {
        step(&mut value, operation).ok_or(REFUSED)?;
    }
    Ok(value)
}

fn step(root: &mut Value, operation: &Value) -> Option<()> {
    let word = |key: &str| operation.at(&[key]).and_then(Value::as_str);
    let path = pointer(word("path")?)?;
    let given = operation.at(&["value"]).cloned();
    match word("op")? {
        "add" => add(root, &path, given?),
        "remove" => remove(root, &path).map(drop),
        "replace" => {
            *find(root, &path)? = given?;
            Some(())
        }
        "move" => {
            let moved = remove(root, &pointer(word("from")?)?)?;
            add(root, &path, moved)
        }
        "copy" => {
            let copied = find(root, &pointer(word("from")?)?)?.clone();
            add(root, &path, copied)
        }
        "test" => (*find(root, &path)? == given?).then_some(()),
        _ => None,
    }
}

/// The steps of a JSON pointer (RFC 6901).
fn pointer(text: &str) -> Option<Vec<String>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    Some(text.strip_prefix('/')?.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect())
}

fn find<'v>(root: &'v mut Value, path: &[String]) -> Option<&'v mut Value> {
    path.iter().try_fold(root, |value, step| match value {
        Value::Map(map) => map.entry_mut(step),
        Value::List(list) => list.get_mut(step.parse::<usize>().ok()?),
        _ => None,
    })
}

fn add(root: &mut Value, path: &[String], value: Value) -> Option<()> {
    let Some((last, before)) = path.split_last() else {
        *root = value;
        return Some(());
    };
    match find(root, before)? {
        Value::Map(map) => map.insert(last.as_str(), value),
        Value::List(list) => {
            let at = if last == "-" { list.len() } else { last.parse().ok().filter(|at| *at <= list.len())? };
            list.insert(at, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(root: &mut Value, path: &[String]) -> Option<Value> {
    let (last, before) = path.split_last()?;
    match find(root, before)? {
        Value::Map(map) => map.remove(last),
        Value::List(list) => {
            let at = last.parse().ok().filter(|at| *at < list.len())?;
            Some(list.remove(at))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patched(operations: &str) -> Result<String, String> {
        let read = |text| Value::from_json(text).expect("it is JSON");
        let old = read(r#"{"a":{"b/c":1},"list":["x","y"]}"#);
        apply(&old, read(operations).as_list().expect("it is a list")).map(|new| new.to_json())
    }

    #[test]
    fn operations_are_done_in_their_order() {
        let cases = [
            (
                r#"[{"op":"add","path":"/list/-","value":"z"},{"op":"remove","path":"/list/0"}]"#,
                r#"{"a":{"b/c":1},"list":["y","z"]}"#,
            ),
            (r#"[{"op":"replace","path":"/a/b~1c","value":2}]"#, r#"{"a":{"b/c":2},"list":["x","y"]}"#),
            (
                r#"[{"op":"test","path":"/list/1","value":"y"},{"op":"move","from":"/list","path":"/a/list"}]"#,
                r#"{"a":{"b/c":1,"list":["x","y"]}}"#,
            ),
            (r#"[{"op":"copy","from":"/list/1","path":"/list/0"}]"#, r#"{"a":{"b/c":1},"list":["y","x","y"]}"#),
        ];
        for (operations, new) in cases {
            assert_eq!(patched(operations).as_deref(), Ok(new), "{operations}");
        }
        for refused in [
            r#"[{"op":"remove","path":"/nobody"}]"#,
            r#"[{"op":"replace","path":"/list/2","value":1}]"#,
            r#"[{"op":"add","path":"/list/3","value":1}]"#,
            r#"[{"op":"add","path":"/no/where","value":1}]"#,
            r#"[{"op":"test","path":"/list/0","value":"y"}]"#,
            r#"[{"op":"burn","path":"/list"}]"#,
            r#"[{"op":"add","path":"list","value":1}]"#,
            r#"[7]"#,
        ] {
            assert_eq!(patched(refused), Err(REFUSED.to_owned()), "{refused}");
        }
    }
}
