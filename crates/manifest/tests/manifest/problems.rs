//! Every kind of mistake: its place, its words, its way out.

use expect_test::{Expect, expect};
use petri_manifest::{Grade, parse};

/// Problems as `line:column "what is underlined" grade: message`, with the help on a line of its own.
fn check(text: &str, expected: Expect) {
    let parsed = parse(text);
    let mut out = String::new();
    for problem in &parsed.problems {
        let grade = match problem.grade {
            Grade::Error => "error",
            Grade::Warning => "warning",
            Grade::NotSimulated => "not simulated",
        };
        let underlined = &text[problem.span.clone()];
        out += &format!("{}:{} {underlined:?} {grade}: {}\n", problem.line, problem.column, problem.message);
        if let Some(help) = &problem.help {
            out += &format!("    {help}\n");
        }
    }
    expected.assert_eq(&out);
}

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n";

#[test]
fn an_unknown_field_is_named_with_what_was_probably_meant() {
    check(
        "apiVersion: apps/v1\nkind: StatefulSet\nspec:\n  replica: 3\n  foo: 1\n  containers: []\n",
        expect![[r#"
            4:3 "replica" error: strict decoding error: unknown field "spec.replica"
                Did you mean `replicas`?
            5:3 "foo" error: strict decoding error: unknown field "spec.foo"
            6:3 "containers" error: strict decoding error: unknown field "spec.containers"
                `containers` belongs in `spec.template.spec.containers`.
        "#]],
    );
}

#[test]
fn an_unquoted_yes_is_a_bool_and_no_label() {
    check(
        "apiVersion: apps/v1\nkind: StatefulSet\nspec:\n  replicas: \"3\"\n  serviceName: 5\n  minReadySeconds: 1.5\n",
        expect![[r#"
            4:13 "\"3\"" error: json: cannot unmarshal string into Go struct field StatefulSetSpec.spec.replicas of type int32
                Write a whole number, without quotes.
            5:16 "5" error: json: cannot unmarshal number into Go struct field StatefulSetSpec.spec.serviceName of type string
                Put the value in quotes: unquoted, YAML takes it for a number or for true or false.
            6:20 "1.5" error: json: cannot unmarshal number 1.5 into Go struct field StatefulSetSpec.spec.minReadySeconds of type int32
        "#]],
    );
    let label = parse(&format!("{POD}  labels:\n    app: yes\n"));
    assert!(label.problems[0].message.starts_with("json: cannot unmarshal bool into Go struct field "));
    assert_eq!(label.problems[0].line, 6);
}

#[test]
fn a_field_without_effect_is_said_to_have_none() {
    check(
        &format!("{POD}spec:\n  hostUsers: true\n  containers:\n  - name: c\n    image: i\n    env:\n    - name: A\n"),
        expect![[r#"
            6:3 "hostUsers" not simulated: spec.hostUsers is accepted, but has no effect in the simulation
        "#]],
    );
}

#[test]
fn a_document_must_say_what_it_is() {
    check(
        "apiVersion: v1\nmetadata: {name: x}\n---\nkind: Pod\n---\njust text\n---\n- a\n",
        expect![[r#"
            1:1 "apiVersion" error: Object 'Kind' is missing in '{"apiVersion":"v1","metadata":{"name":"x"}}'
                Every document says what it describes, for example `kind: StatefulSet`.
            4:1 "kind" error: Object 'apiVersion' is missing in '{"kind":"Pod"}'
                For a Pod write `apiVersion: v1`.
            6:1 "just text" error: json: cannot unmarshal string into Go value of type unstructured.detector
                A manifest is a map that begins with apiVersion, kind and metadata.
            8:1 "- a" error: json: cannot unmarshal array into Go value of type unstructured.detector
                A manifest is a map that begins with apiVersion, kind and metadata.
        "#]],
    );
}

#[test]
fn an_unknown_kind_is_told_apart_from_a_wrong_version_and_from_a_kind_that_is_kept() {
    check(
        "apiVersion: v1\nkind: Foo\n---\napiVersion: v1\nkind: StatefulSet\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n---\napiVersion: apps/v1\nkind: Statefulset\n",
        expect![[r#"
            2:7 "Foo" error: no matches for kind "Foo" in version "v1"
                Kubernetes 1.36 has no such kind; `kubectl api-resources` lists those that it has.
            4:13 "v1" error: no matches for kind "StatefulSet" in version "v1"
                StatefulSet is in `apps/v1`.
            8:7 "NetworkPolicy" not simulated: NetworkPolicy is kept, not simulated
            11:7 "Statefulset" error: no matches for kind "Statefulset" in version "apps/v1"
                Did you mean `StatefulSet`?
        "#]],
    );
}

#[test]
fn of_a_repeated_key_the_last_one_counts() {
    let text = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n  name: b\n";
    check(
        text,
        expect![[r#"
            5:3 "name" warning: "name" stands here twice: the last one counts
        "#]],
    );
    let names: Vec<_> = petri_manifest::parse(text).objects().map(|object| object.meta().name.to_string()).collect();
    assert_eq!(names, ["b"]);
}

#[test]
fn repeated_keys_hide_no_error() {
    let text = format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: a}}\n{}b: *nope\n", "x: 1\n".repeat(500));
    let parsed = petri_manifest::parse(&text);
    assert!(parsed.has_errors(), "{:?}", parsed.problems.first());
    assert_eq!(parsed.objects().count(), 0);
}

#[test]
fn syntax_errors_are_in_the_words_of_kubectl() {
    check(
        "a: b: c\n---\na:\n\tb: 1\n---\na:\n- b: 1\n c: 2\n---\na: \"x\nb: c\n---\na: *nope\n---\na: [1\n---\n- a\nb: c\n---\nx: \u{1}\n",
        expect![[r#"
            1:5 ": c" error: error converting YAML to JSON: yaml: line 1: mapping values are not allowed in this context
                A colon too many on this line, or the line is indented deeper than its neighbours.
            4:2 "b: 1" error: error converting YAML to JSON: yaml: line 4: found character that cannot start any token
                There is a tab here. YAML is indented with spaces only.
            8:2 "c: 2" error: error converting YAML to JSON: yaml: line 8: did not find expected key
                This line fits no open block: check its indentation, and that a key ends with a colon.
            10:4 "\"x" error: error converting YAML to JSON: yaml: line 10: found unexpected end of stream
                A quote is opened here and never closed.
            13:4 "*nope" error: error converting YAML to JSON: yaml: line 13: unknown anchor 'nope' referenced
            15:5 "1" error: error converting YAML to JSON: yaml: line 15: did not find expected ',' or ']'
            18:1 "b: c" error: error converting YAML to JSON: yaml: line 18: did not find expected '-' indicator
                Keys and list items cannot mix at one indentation.
            20:4 "\u{1}" error: error converting YAML to JSON: yaml: line 20: control characters are not allowed
        "#]],
    );
}

#[test]
fn a_separator_stands_alone() {
    check(
        "# first\n--- {a: b}\n",
        expect![[r#"
            2:5 "{a: b}" error: invalid Yaml document separator: {a: b}
                Put `---` on a line of its own.
        "#]],
    );
}

#[test]
fn what_follows_three_dots_is_mentioned() {
    check(
        &format!("{POD}...\nx: y\n"),
        expect![[r#"
            6:1 "x" warning: everything after `...` is ignored
                Start the next document with a line `---`.
        "#]],
    );
}

#[test]
fn values_that_json_cannot_say_are_refused() {
    check(
        "a: .inf\n~: 1\n? [x]\n: 2\nb: !!int word\n<<: 3\n",
        expect![[r#"
            1:4 ".inf" error: error converting YAML to JSON: json: unsupported value: +Inf
            2:1 "~" error: error converting YAML to JSON: yaml: line 2: unsupported map key of type: <nil>
            3:3 "[x]" error: error converting YAML to JSON: yaml: line 3: invalid map key: a key must be a word
            5:4 "!!int word" error: error converting YAML to JSON: yaml: line 5: cannot decode !!str `word` as a !!int
            6:1 "<<" error: error converting YAML to JSON: yaml: line 6: map merge requires map or sequence of maps as the value
        "#]],
    );
}

#[test]
fn more_replicas_than_we_simulate_are_refused_in_a_plain_sentence() {
    check(
        "apiVersion: apps/v1\nkind: Deployment\nspec:\n  replicas: 12000\n---\napiVersion: apps/v1\nkind: ReplicaSet\nspec:\n  replicas: 5000\n",
        expect![[r#"
            4:13 "12000" error: Petri simulates at most 5,000 replicas per workload; this asks for 12,000, so nothing was changed.
        "#]],
    );
}

#[test]
fn a_quantity_must_be_one() {
    check(
        "apiVersion: v1\nkind: PersistentVolumeClaim\nspec:\n  resources:\n    requests:\n      storage: 1 Gigabyte\n",
        expect![[r#"
            6:16 "1 Gigabyte" error: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'
        "#]],
    );
}

#[test]
fn lines_in_brackets_and_quotes_may_stand_anywhere() {
    let read = |text: &str| {
        let parsed = petri_manifest::parse(text);
        assert!(parsed.errors().next().is_none(), "{text}: {:?}", parsed.problems);
        parsed.documents[0].value.clone()
    };
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n    - name: ä\n      image: i\n      args: [\n        \"-g\", \"off;\" # ]\n      ]\n";
    assert_eq!(
        read(&pod.replace('ä', "c")).at(&["spec", "containers"]).map(petri_objects::Value::to_json).as_deref(),
        Some(r#"[{"args":["-g","off;"],"image":"i","name":"c"}]"#)
    );
    let notes =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: 'one\n  two'\n  b: \"three\nfour\"\n";
    assert_eq!(
        read(notes).at(&["data"]).map(petri_objects::Value::to_json).as_deref(),
        Some(r#"{"a":"one two","b":"three four"}"#)
    );
    // Problems are told where they stand in the text as it was written.
    let wrong = format!("{pod}      oops: 1\n");
    let parsed = petri_manifest::parse(&wrong);
    let found: Vec<_> = parsed.problems.iter().map(|problem| &wrong[problem.span.clone()]).collect();
    assert_eq!(found, ["oops"], "{:?}", parsed.problems);
}
