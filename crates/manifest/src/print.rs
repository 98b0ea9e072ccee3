//! YAML as `kubectl get -o yaml` prints it: sorted keys, lists flush with their key, quotes only where needed.
//!
//! Upstream: `sigs.k8s.io/yaml`, `Marshal`.

use crate::quote::{Out, write_key, write_text};
use petri_objects::order::Order as _;
use petri_objects::{Map, Name, Value};
use std::cmp::Ordering;

/// Longer keys are written after a question mark.
const LONGEST_SIMPLE_KEY: usize = 128;

/// The value as YAML, with a final line break.
pub fn to_yaml(value: &Value) -> String {
    let mut out = Out::default();
    match value {
        Value::Map(map) if !map.is_empty() => write_map(&mut out, map, 0),
        Value::List(list) if !list.is_empty() => write_list(&mut out, list, 0),
        other => write_scalar(&mut out, other, 2),
    }
    out.put('\n');
    out.text
}

/// The entries begin where the output stands; later lines begin at `indent`.
fn write_map(out: &mut Out, map: &Map, indent: usize) {
    let mut entries: Vec<(&Name, &Value)> = map.iter().collect();
    entries.order_by(|a, b| natural_order(a.0, b.0));
    for (i, (key, value)) in entries.into_iter().enumerate() {
        if i > 0 {
            out.line(indent);
        }
        if key.len() > LONGEST_SIMPLE_KEY {
            out.write("? ");
            write_key(out, key);
            out.line(indent);
        } else {
            write_key(out, key);
        }
        out.put(':');
        match value {
            Value::Map(inner) if !inner.is_empty() => {
                out.line(indent + 2);
                write_map(out, inner, indent + 2);
            }
            Value::List(inner) if !inner.is_empty() => {
                out.line(indent);
                write_list(out, inner, indent);
            }
            other => {
                out.put(' ');
                write_scalar(out, other, indent + 2);
            }
        }
    }
}

fn write_list(out: &mut Out, list: &[Value], indent: usize) {
    for (i, item) in list.iter().enumerate() {
        if i > 0 {
            out.line(indent);
        }
        out.write("- ");
        match item {
            Value::Map(inner) if !inner.is_empty() => write_map(out, inner, indent + 2),
            Value::List(inner) if !inner.is_empty() => write_list(out, inner, indent + 2),
            other => write_scalar(out, other, indent + 2),
        }
    }
}

fn write_scalar(out: &mut Out, value: &Value, indent: usize) {
    match value {
        Value::String(text) => write_text(out, text, indent),
        Value::Map(_) => out.write("{}"),
        Value::List(_) => out.write("[]"),
        other => out.write(&other.to_json()),
    }
}

/// Numbers inside of keys are compared as numbers, and letters come after everything else.
///
/// Upstream: `go-yaml` v2, `keyList.Less`.
fn natural_order(a: &str, b: &str) -> Ordering {
    let (left, right): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(at) = left.iter().zip(&right).position(|(x, y)| x != y) else { return left.len().cmp(&right.len()) };
    let (x, y) = (left[at], right[at]);
    // Beyond ASCII everything counts as a letter: Unicode's tables would be a tenth of the page's data.
    let letter = |c: char| c.is_ascii_alphabetic() || !c.is_ascii();
    match (letter(x), letter(y)) {
        (true, true) => return x.cmp(&y),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let digits = |chars: &[char]| chars.iter().take_while(|c| c.is_ascii_digit()).count();
    // A zero inside of a number counts as a digit of it, so that 10 sorts behind 1 and not beside 01.
    let inside_number =
        (x == '0' || y == '0') && left[..at].iter().rev().take_while(|c| c.is_ascii_digit()).any(|c| *c != '0');
    let number = |chars: &[char]| {
        chars
            .iter()
            .map_while(|c| c.to_digit(10))
            .fold(u64::from(inside_number), |n, digit| n.wrapping_mul(10).wrapping_add(u64::from(digit)))
    };
    let (rest_left, rest_right) = (&left[at..], &right[at..]);
    number(rest_left).cmp(&number(rest_right)).then(digits(rest_left).cmp(&digits(rest_right))).then(x.cmp(&y))
}
