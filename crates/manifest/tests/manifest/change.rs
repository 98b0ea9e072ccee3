//! An object changed, and the text that declares it follows.

use petri_manifest::{change, parse};
use petri_objects::Value;

fn value(text: &str) -> Value {
    parse(text).documents[0].value.clone()
}

/// The text after the change, what it says about it, and what it could not do.
fn check(text: &str, old: &str, new: &str, expected: &str, done: &[&str], left: &[&str]) {
    let changed = change(text, 0, &value(old), &value(new));
    assert_eq!(changed.text, expected);
    assert_eq!(changed.done, done, "{text}");
    assert_eq!(changed.left, left, "{text}");
}

const SET: &str = "# mine
kind: StatefulSet
metadata:
  name: web # its name
  labels: {app: web} # short
spec:
  replicas: 2
  template:
    metadata:
      labels:
        app: web # the same
    spec:
      containers:
      # the first one
      - name: log
        image: 'log:1'
      - name: main # the second
        image: nginx:1.25 # pinned
";

/// Old and new as the API server has them: with defaults, and in another order.
const OLD: &str = "
kind: StatefulSet
metadata: {name: web, namespace: default, labels: {app: web}, resourceVersion: '7', generation: 1}
spec:
  replicas: 2
  revisionHistoryLimit: 10
  template:
    metadata: {labels: {app: web}}
    spec:
      restartPolicy: Always
      containers:
      - {name: log, image: 'log:1', imagePullPolicy: IfNotPresent}
      - {name: main, image: 'nginx:1.25', imagePullPolicy: IfNotPresent}
status: {replicas: 2}
";

fn check_set(from: &str, to: &str, old: &str, new: &str, done: &[&str], left: &[&str]) {
    let changed = OLD.replace(from, to).replace("resourceVersion: '7'", "resourceVersion: '9'");
    check(SET, OLD, &changed, &SET.replace(old, new), done, left);
}

#[test]
fn an_image_changes_at_its_place_and_only_there() {
    check_set("nginx:1.25", "nginx:1.26", "nginx:1.25", "nginx:1.26", &["image: nginx:1.26"], &[]);
    check_set("log:1", "log:2", "log:1", "log:2", &["image: log:2"], &[]);
}

#[test]
fn what_the_server_writes_is_no_change() {
    check_set("replicas: 2}", "replicas: 3}", "", "", &[], &[]);
    check_set("generation: 1", "generation: 2", "", "", &[], &[]);
}

#[test]
fn a_label_joins_those_that_are_there() {
    check_set(
        "labels: {app: web}, r",
        "labels: {app: web, tier: a}, r",
        "labels: {app: web} #",
        "labels: {app: web, tier: a} #",
        &["tier: a"],
        &[],
    );
    check_set(
        "metadata: {labels: {app: web}}",
        "metadata: {labels: {app: web, a.b/c: 'yes'}}",
        "app: web # the same\n",
        "app: web # the same\n        a.b/c: \"yes\"\n",
        &["a.b/c: \"yes\""],
        &[],
    );
}

#[test]
fn a_map_that_is_not_there_is_written() {
    check_set(
        "metadata: {labels: {app: web}}",
        "metadata: {labels: {app: web}, annotations: {kubectl.kubernetes.io/restartedAt: '2026-01-01T00:00:00Z'}}",
        "      labels:\n        app: web # the same\n",
        "      annotations:\n        kubectl.kubernetes.io/restartedAt: \"2026-01-01T00:00:00Z\"\n      labels:\n        app: web # the same\n",
        &["kubectl.kubernetes.io/restartedAt: \"2026-01-01T00:00:00Z\""],
        &[],
    );
    let old = "{metadata: {name: a}}";
    let new = "{metadata: {name: a, annotations: {b: c}}}";
    check(
        "metadata:\n  name: a # it\n",
        old,
        new,
        "metadata:\n  name: a # it\n  annotations:\n    b: c\n",
        &["b: c"],
        &[],
    );
    check("metadata:\r\n  name: a\r\n", old, "{metadata: {name: b}}", "metadata:\r\n  name: b\r\n", &["name: b"], &[]);
    let empty = "metadata:\n  annotations:\n  name: a\n";
    check(
        empty,
        "{metadata: {name: a, annotations: {}}}",
        new,
        "metadata:\n  annotations:\n    b: c\n  name: a\n",
        &["b: c"],
        &[],
    );
}

#[test]
fn what_is_gone_goes_with_its_line() {
    let old = "{metadata: {labels: {a: x, b: y}}}";
    let text = "metadata:\n  labels:\n    a: x # first\n    b: y # second\n";
    check(text, old, "{metadata: {labels: {a: x}}}", "metadata:\n  labels:\n    a: x # first\n", &["b removed"], &[]);
    check(text, old, "{metadata: {labels: {b: y}}}", "metadata:\n  labels:\n    b: y # second\n", &["a removed"], &[]);
    let flow = "metadata: {labels: {a: x, b: y}}\n";
    check(flow, old, "{metadata: {labels: {a: x}}}", "metadata: {labels: {a: x}}\n", &["b removed"], &[]);
    check(flow, old, "{metadata: {labels: {b: y}}}", "metadata: {labels: {b: y}}\n", &["a removed"], &[]);
    check("metadata: {}\n", old, "{metadata: {labels: {b: y}}}", "metadata: {}\n", &[], &[]);
}

#[test]
fn what_has_no_single_place_is_told_and_left_alone() {
    let left = |text: &str, old: &str, new: &str, path: &str| check(text, old, new, text, &[], &[path]);
    left("a: &x 1\nb: *x\n", "{a: 1, b: 1}", "{a: 1, b: 2}", "b");
    left("a: |\n  x\n", "{a: x}", "{a: y}", "a");
    left("a: [1, 2]\n", "{a: [1, 2]}", "{a: [1, 2, 3]}", "a");
    left("a:\n  b: 1\n", "{a: {b: 1}}", "{a: {}}", "a.b");
    left("a: {b: 1}\n", "{a: {b: 1}}", "{a: {b: 1, c: {d: 1}}}", "a.c.d");
    left("- a: 1\n", "{a: 1}", "{a: 2}", "a");
}

#[test]
fn what_the_text_says_already_is_nothing_new() {
    check("a: 2 # new\n", "{a: 1}", "{a: 2}", "a: 2 # new\n", &[], &[]);
    check("b: 2\n", "{a: 1, b: 2}", "{b: 2}", "b: 2\n", &[], &[]);
}

#[test]
fn other_documents_are_not_touched() {
    let text = "a: 1\n---\na: 1 # here\n---\na: 1\n";
    let changed = change(text, 1, &value("a: 1"), &value("a: 5"));
    assert_eq!(changed.text, "a: 1\n---\na: 5 # here\n---\na: 1\n");
}

#[test]
fn a_broken_neighbour_does_not_forbid_a_change() {
    check("a: 1\n---\nb: [\n", "a: 1", "a: 2", "a: 2\n---\nb: [\n", &["a: 2"], &[]);
    check(
        "spec:\n  replicas:\n  x: y\n",
        "{spec: {replicas: null, x: y}}",
        "{spec: {replicas: 5, x: y}}",
        "spec:\n  replicas: 5\n  x: y\n",
        &["replicas: 5"],
        &[],
    );
    check("a: {b: x}\n", "{a: {b: x}}", "{a: {b: 'y: z'}}", "a: {b: \"y: z\"}\n", &["b: 'y: z'"], &[]);
    check("a:\n- b: 'x' # c\n", "{a: [{b: x}]}", "{a: [{b: w}]}", "a:\n- b: 'w' # c\n", &["b: w"], &[]);
}
