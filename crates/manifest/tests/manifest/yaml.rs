//! Printing as kubectl does, and reading it back.

use expect_test::{Expect, expect};
use petri_manifest::{parse, to_yaml};
use petri_objects::{Map, Value};

/// Reads the text, prints it.
fn check(text: &str, expected: Expect) {
    expected.assert_eq(&to_yaml(&parse(text).documents[0].value));
}

#[test]
fn an_object_is_printed_as_by_kubectl() {
    check(
        "{kind: Pod, apiVersion: v1, spec: {volumes: [], containers: [{name: c, args: [-x, '1'], resources: {}}, {name: d}], 'n': [[1, 2], []]}, metadata: {name: p, creationTimestamp: '2026-01-01T00:00:00Z', labels: {b: 'yes', a10: x, a9: 'y'}}}",
        expect![[r#"
            apiVersion: v1
            kind: Pod
            metadata:
              creationTimestamp: "2026-01-01T00:00:00Z"
              labels:
                a9: "y"
                a10: x
                b: "yes"
              name: p
            spec:
              containers:
              - args:
                - -x
                - "1"
                name: c
                resources: {}
              - name: d
              "n":
              - - 1
                - 2
              - []
              volumes: []
        "#]],
    );
}

#[test]
fn texts_are_quoted_only_where_they_must() {
    check(
        r#"[plain, "", "true", "12", "1.5", "null", "a: b", "a #b", "a#b", "- x", "-x", "*", "'q'", '"', "a\tb", " x", "x ", "é", "🦀", "1:30", "a\\b", "{{ x }}", "@x", "x:", "0x1", "012", "~", "%"]"#,
        expect![[r#"
            - plain
            - ""
            - "true"
            - "12"
            - "1.5"
            - "null"
            - 'a: b'
            - 'a #b'
            - a#b
            - '- x'
            - -x
            - '*'
            - '''q'''
            - '"'
            - "a\tb"
            - ' x'
            - 'x '
            - é
            - "\U0001F980"
            - "1:30"
            - a\b
            - '{{ x }}'
            - '@x'
            - 'x:'
            - "0x1"
            - "012"
            - "~"
            - '%'
        "#]],
    );
}

#[test]
fn lines_become_a_block() {
    check(
        r#"{a: "x\ny", b: "x\ny\n", c: "x\n\n", d: " x\ny\n", e: "x \ny", f: {g: "x\n\ny\n"}, h: ["x\ny\n"]}"#,
        expect![[r#"
            a: |-
              x
              y
            b: |
              x
              y
            c: |+
              x

            d: |2
               x
              y
            e: "x \ny"
            f:
              g: |
                x

                y
            h:
            - |
              x
              y
        "#]],
    );
}

#[test]
fn long_texts_fold_at_a_blank_beyond_column_eighty() {
    check(
        r#"{message: "0/3 nodes are available: 3 node(s) had untolerated taint(s). preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.", plain: "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"}"#,
        expect![[r#"
            message: '0/3 nodes are available: 3 node(s) had untolerated taint(s). preemption:
              0/3 nodes are available: 3 Preemption is not helpful for scheduling.'
            plain: one two three four five six seven eight nine ten eleven twelve thirteen fourteen
              fifteen sixteen
        "#]],
    );
}

/// A seeded source of values that are as nasty as possible.
struct Source(u64);

impl Source {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
    fn text(&mut self) -> String {
        let words = [
            "a",
            "web",
            " ",
            "  ",
            "\n",
            "\n\n",
            ":",
            ": ",
            "#",
            " #",
            "-",
            "- ",
            "'",
            "\"",
            "\\",
            "{",
            "}",
            "[",
            "]",
            ",",
            "yes",
            "no",
            "null",
            "~",
            "1",
            "012",
            "1.5",
            "0x1",
            "2026-01-01",
            "é",
            "🦀",
            "\t",
            "\u{1}",
            "|",
            ">",
            "%",
            "@",
            "`",
            "&",
            "*",
            "!",
            "?",
            "---",
            "...",
            "\r",
            "\u{85}",
            "\u{2028}",
            "\u{a0}",
            "\u{feff}",
            "<<",
            "long words ",
        ];
        let length = [0, 1, 1, 2, 3, 5, 8, 60][self.below(8) as usize];
        (0..length).map(|_| words[self.below(words.len() as u64) as usize]).collect()
    }
    fn value(&mut self, depth: u64) -> Value {
        match self.below(if depth == 0 { 5 } else { 9 }) {
            0 => Value::Null,
            1 => Value::Bool(self.below(2) == 0),
            2 => Value::Int(self.below(1 << 31) as i64 - (1 << 30)),
            3 => {
                Value::Number(["1.5", "-0.25", "1e+30", "1e-9", "18446744073709551615"][self.below(5) as usize].into())
            }
            4 | 5 => Value::String(self.text().into()),
            6 => Value::List((0..self.below(4)).map(|_| self.value(depth - 1)).collect()),
            _ => {
                let mut map = Map::new();
                for _ in 0..self.below(5) {
                    let (key, value) = (self.text(), self.value(depth - 1));
                    map.insert(key.as_str(), value);
                }
                Value::Map(map)
            }
        }
    }
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::List(list) => Value::List(list.iter().map(sorted).collect()),
        Value::Map(map) => Value::Map(map.sorted().into_iter().map(|(k, v)| (k.clone(), sorted(v))).collect()),
        other => other.clone(),
    }
}

#[test]
fn what_is_printed_reads_back_the_same() {
    let mut source = Source(42);
    for round in 0..5_000 {
        let value = source.value(4);
        if value == Value::Null {
            continue;
        }
        let text = to_yaml(&value);
        let parsed = parse(&text);
        let read = parsed.documents.first().map(|document| sorted(&document.value));
        assert_eq!(read, Some(sorted(&value)), "round {round}:\n{text}\n{:?}", parsed.problems);
    }
}
