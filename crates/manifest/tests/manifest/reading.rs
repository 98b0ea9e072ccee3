//! What a text means, where its parts are.

use expect_test::{Expect, expect};
use petri_manifest::parse;

/// The documents as JSON, one per line.
fn check(text: &str, expected: Expect) {
    let lines: Vec<String> = parse(text).documents.iter().map(|document| document.value.to_json()).collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn scalars_follow_yaml_1_1() {
    check(
        "{a: yes, b: 012, c: '012', d: 1.10, e: ~, f: 0x1F, g: \"yes\", h: 10Mi, i: !!str 5, j: 2026-01-01, yes: on}",
        expect![[
            r#"{"a":true,"b":10,"c":"012","d":1.1,"e":null,"f":31,"g":"yes","h":"10Mi","i":"5","j":"2026-01-01","true":true}"#
        ]],
    );
}

#[test]
fn anchors_and_merge_keys_are_expanded_and_written_keys_win() {
    check(
        "base: &b {x: 1, y: 2}\none: *b\ntwo:\n  <<: *b\n  y: 3\nthree: {<<: [*b, {z: 4}]}\n",
        expect![[
            r#"{"base":{"true":2,"x":1},"one":{"true":2,"x":1},"three":{"true":2,"x":1,"z":4},"two":{"true":3,"x":1}}"#
        ]],
    );
}

#[test]
fn json_is_read_also_with_tabs() {
    check("{\"a\":\t1,\n\t\"b\": [1,\n\t2]}", expect![[r#"{"a":1,"b":[1,2]}"#]]);
}

#[test]
fn block_texts_keep_their_lines() {
    check("a: |\n  x\n  y\nb: >-\n  x\n  y\nc: |+\n  x\n\n", expect![[r#"{"a":"x\ny\n","b":"x y","c":"x\n\n"}"#]]);
}

#[test]
fn a_list_is_as_many_documents_as_it_has_items() {
    let text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata: {name: a}\n- apiVersion: v1\n  kind: Foo\n";
    check(
        text,
        expect![[r#"
            {"apiVersion":"v1","kind":"Service","metadata":{"name":"a"}}
            {"apiVersion":"v1","kind":"Foo"}"#]],
    );
    let parsed = parse(text);
    assert_eq!(parsed.objects().count(), 1);
    assert_eq!(parsed.problems[0].document, Some(1));
    assert_eq!(parsed.documents[1].line, 7);
}

#[test]
fn a_broken_document_does_not_hide_the_others() {
    let text = "apiVersion: v1\nkind: Pod\n---\na: [\n---\napiVersion: v1\nkind: Service\nmetadata:\n  name: s\n";
    let parsed = parse(text);
    let kinds: Vec<_> = parsed.objects().map(|object| object.kind().name()).collect();
    assert_eq!(kinds, ["Pod", "Service"]);
    assert_eq!(parsed.documents.iter().map(|d| d.line).collect::<Vec<_>>(), [1, 4, 6]);
}

#[test]
fn a_problem_names_its_document_only_if_there_is_one() {
    let parsed = parse("\"\n---\napiVersion: v1\nkind: Foo\n---\na: [\n");
    let of: Vec<_> = parsed.problems.iter().map(|problem| (problem.line, problem.document)).collect();
    assert_eq!(of, [(1, None), (4, Some(0)), (6, Some(1))]);
    assert_eq!(parsed.documents.len(), 2);
}

#[test]
fn the_manifests_of_the_lessons_have_no_problems() {
    for (name, text, objects) in [
        ("my-sts", include_str!("../../../lessons/manifests/my-sts.yaml"), 2),
        ("nginx-web", include_str!("../../../lessons/manifests/nginx-web.yaml"), 2),
        ("pdb", include_str!("../../../lessons/manifests/pdb.yaml"), 1),
        ("random-generator", include_str!("../../../lessons/manifests/random-generator.yaml"), 2),
        ("replicaset", include_str!("../../../lessons/manifests/replicaset.yaml"), 2),
        ("shared-claim", include_str!("../../../lessons/manifests/shared-claim.yaml"), 3),
    ] {
        let parsed = parse(text);
        assert!(!parsed.has_errors(), "{name}: {:?}", parsed.problems);
        assert_eq!(parsed.objects().count(), objects, "{name}");
    }
}

const WEB: &str = "# é\napiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  annotations:\n    a.b/c: x\n  labels: {app.kubernetes.io/name: y}\nspec:\n  replicas:\n  template:\n    spec:\n      containers:\n      - name: c\n        image: nginx # old\n        resources:\n          requests: {storage: 1Gi}\n";

#[test]
fn every_path_has_a_place() {
    let document = &parse(WEB).documents[0];
    for (path, found) in [
        ("spec.template.spec.containers[0].image", "nginx"),
        ("spec.template.spec.containers[0].resources.requests[storage]", "1Gi"),
        ("metadata.annotations[a.b/c]", "x"),
        ("metadata.labels.app.kubernetes.io/name", "y"),
        ("spec.template.spec.containers", "containers"),
        ("spec.template.spec.containers[0].volumeMounts[1].name", "name"),
        ("spec.template.spec.containers[7].name", "containers"),
        ("spec.replicas", "replicas"),
        ("spec.selector", "spec"),
        ("spec", "spec"),
        ("", "apiVersion"),
        ("nope", "apiVersion"),
    ] {
        assert_eq!(&WEB[document.locate(path)], found, "{path}");
    }
    assert_eq!(&WEB[document.locate_key("spec.template.spec.containers[0].image").unwrap()], "image");
}

#[test]
fn every_place_has_a_path() {
    let document = &parse(WEB).documents[0];
    let path = |needle: &str| document.path_at(WEB.find(needle).unwrap() + 1);
    assert_eq!(path("nginx"), "spec.template.spec.containers[0].image");
    assert_eq!(path("image"), "spec.template.spec.containers[0].image");
    assert_eq!(path("1Gi"), "spec.template.spec.containers[0].resources.requests.storage");
    assert_eq!(path("replicas"), "spec.replicas");
    assert_eq!(path("kind"), "kind");
}
