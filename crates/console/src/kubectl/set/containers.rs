//! The containers that a change is about.

use crate::args::Arguments;
use crate::output::Failure;
use petri_objects::{Map, Value};

/// What becomes of a part of an object, and what is said of it; `None` for nothing.
pub(super) type Change = Option<(Value, &'static str)>;

/// Whether `--containers` means a container.
pub(super) fn is_meant(name: &str, arguments: &Arguments) -> bool {
    crate::shell::is_like(name, arguments.last("containers").unwrap_or("*"))
}

/// The containers with those that `--containers` names changed; `None` if nothing differs, of which kubectl says nothing.
pub(super) fn containers(
    old: &Value,
    arguments: &Arguments,
    mut change: impl FnMut(&mut Map),
) -> Result<Option<Value>, Failure> {
    let before = old.at(&["containers"]).and_then(Value::as_list).unwrap_or_default();
    let mut all = before.to_vec();
    let mut hit = false;
    for own in &mut all {
        let named = own.at(&["name"]).and_then(Value::as_str).is_some_and(|name| is_meant(name, arguments));
        if let (Value::Map(map), true) = (own, named) {
            change(map);
            hit = true;
        }
    }
    match hit {
        true if all == before => Ok(None),
        true => Ok(Some(Value::Map([("containers".into(), Value::List(all))].into_iter().collect()))),
        false => Err(format!("error: unable to find container named {}", arguments.last("containers").unwrap_or("*"))),
    }
}
