//! Edits by button: one scalar changes, everything else stays.

use petri_manifest::{parse, replace_scalar, set_scalar};
use petri_objects::Value;

fn check(text: &str, path: &str, new: impl Into<Value>, expected: Option<&str>) {
    let document = &parse(text).documents[0];
    assert_eq!(replace_scalar(text, document, path, &new.into()).as_deref(), expected, "{path}");
}

#[test]
fn a_scalar_is_replaced_and_the_comment_stays() {
    check("spec:\n  replicas: 3 # three\n  x: y\n", "spec.replicas", 5, Some("spec:\n  replicas: 5 # three\n  x: y\n"));
    check("spec: {replicas: 3, é: 1}\n", "spec.replicas", 5, Some("spec: {replicas: 5, é: 1}\n"));
    check("a:\n- b: 'x' # c\n", "a[0].b", "y: z", Some("a:\n- b: \"y: z\" # c\n"));
    check("a: x\r\nb: y\r\n", "a", "yes", Some("a: \"yes\"\r\nb: y\r\n"));
}

#[test]
fn an_empty_value_is_filled_in() {
    check("spec:\n  replicas:\n  x: y\n", "spec.replicas", 5, Some("spec:\n  replicas: 5\n  x: y\n"));
}

#[test]
fn what_is_no_plain_scalar_is_left_alone() {
    check("a: {b: 1}\n", "a", 5, None);
    check("a: |\n  b\n", "a", 5, None);
    check("a: 1\n", "b", 5, None);
    check("a: &x 1\nb: *x\n", "b", 5, None);
    check("a: 1\n", "a", "two\nlines", None);
}

#[test]
fn a_missing_key_joins_its_block() {
    let add = |text: &str, path: &str| set_scalar(text, &parse(text).documents[0], path, &Value::Int(5));
    assert_eq!(add("spec:\n  x: y # c\n", "spec.replicas").as_deref(), Some("spec:\n  replicas: 5\n  x: y # c\n"));
    assert_eq!(add("a:\n- x: y\n", "a[0].replicas").as_deref(), Some("a:\n- replicas: 5\n  x: y\n"));
    assert_eq!(add("x: y\n", "replicas").as_deref(), Some("replicas: 5\nx: y\n"));
    assert_eq!(add("x: {y: z}\n", "x.replicas"), None);
    assert_eq!(add("x: 1\n", "x.y"), None);
}

#[test]
fn a_broken_neighbour_does_not_forbid_an_edit() {
    check("a: 1\n---\nb: [\n", "a", 2, Some("a: 2\n---\nb: [\n"));
}
