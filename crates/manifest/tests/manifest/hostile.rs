//! Whatever is pasted, there is an answer, and soon.

use petri_manifest::{parse, to_yaml};
use std::time::{Duration, Instant};

/// Parses, and returns the first message. Everything about the answer must be usable: spans that cut the text, lines
/// that exist.
fn first_message(text: &str) -> String {
    let begin = Instant::now();
    let parsed = parse(text);
    assert!(begin.elapsed() < Duration::from_secs(5), "took {:?}", begin.elapsed());
    for problem in &parsed.problems {
        assert!(text.get(problem.span.clone()).is_some(), "{problem:?}");
        assert!(problem.line >= 1 && problem.column >= 1);
    }
    for document in &parsed.documents {
        assert!(text.get(document.span.clone()).is_some());
        for path in ["spec.replicas", "", "a[0].b", "[[", "]", "a[", "spec.template.spec.containers[99].x"] {
            assert!(text.get(document.locate(path)).is_some(), "{path}");
        }
        document.path_at(text.len() / 2);
        to_yaml(&document.value);
    }
    parsed.problems.first().map(|problem| problem.message.clone()).unwrap_or_default()
}

#[test]
fn nothing_at_all_is_no_problem() {
    for text in [
        "",
        "\n\n",
        "   ",
        "# only a comment",
        "---",
        "---\n---\n",
        "---\n# x\n---",
        "\u{feff}",
        "null",
        "~\n",
        "%YAML 1.2\n---\n",
    ] {
        assert_eq!(first_message(text), "", "{text:?}");
        assert!(parse(text).documents.is_empty(), "{text:?}");
    }
}

#[test]
fn a_very_long_text_gets_one_sentence() {
    let text = "a: b\n".repeat(210_000);
    assert_eq!(first_message(&text), "This text has 1026 kB; Petri reads at most 512 kB at once, so nothing was read.");
    assert_eq!((parse(&text).problems.len(), parse(&text).documents.len()), (1, 0));
}

#[test]
fn deep_nesting_ends_early() {
    for text in ["[".repeat(300_000), "{a: ".repeat(100_000), "- ".repeat(200_000), "? ".repeat(200_000)] {
        assert!(!first_message(&text).is_empty());
    }
    let block: String = (0..700).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
    assert!(first_message(&block).ends_with("more than 100 levels of nesting"));
}

#[test]
fn an_alias_bomb_does_not_go_off() {
    let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for i in 1..20 {
        let aliases = vec![format!("*a{}", i - 1); 10].join(",");
        bomb += &format!("a{i}: &a{i} [{aliases}]\n");
    }
    assert!(first_message(&bomb).ends_with("document contains excessive aliasing"));
    let wide = format!("a: &a {{x: 1, y: 2}}\nb: [{}]", "*a,".repeat(49_000));
    assert!(first_message(&wide).ends_with("document contains excessive aliasing"));
    let wider = format!("a: &a {{x: 1, y: 2}}\nb: [{}]", "*a,".repeat(100_000));
    assert!(first_message(&wider).ends_with("more than 50000 values in brackets"));
    // Without an alias it is not said to have too many of them, and it is said once.
    let long = petri_manifest::parse(&"- a\n".repeat(125_000));
    let said: Vec<&str> = long.errors().map(|problem| problem.message.as_str()).collect();
    assert!(said[0].ends_with("more than 100000 values in one document"), "{said:?}");
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(first_message("a: &a [*a]").ends_with("anchor 'a' value contains itself"));
}

#[test]
fn strange_characters_are_survived() {
    for text in [
        "a\0b",
        "\0",
        "a: \u{7f}",
        "ключ: значение\nключ: 2\n",
        "🦀: [🦀, \"🦀\"]\n🦀: 1\n",
        "a: b\r\nc: d\r\n---\r\ne: f\r\n",
        "a: b\rc: d\r",
        "\t",
        "\ta: b",
        "a:\u{a0}b",
        "\u{2028}a: b",
        "a: |\n  é\n\t\n b",
        "\"",
        "'",
        "{",
        "}",
        "[",
        "]",
        "*",
        "&",
        "!",
        "!!",
        "%",
        "@",
        "`",
        "|",
        ">",
        "?",
        ":",
        "-",
        "- -",
        "? ? ?",
        "&a",
        "*a",
        "!!str",
        "a: !<",
        "a: !!binary x",
        "<<: <<",
        "<<: [*x]",
        "--- a\n--- b",
        "---a",
        "...",
        "{a: {b: [c}]}",
    ] {
        first_message(text);
    }
}

#[test]
fn many_keys_many_documents_and_many_mistakes_stay_cheap() {
    for text in [
        (0..40_000).map(|i| format!("k{i}: 1\n")).collect::<String>(),
        "a: 1\n".repeat(80_000),
        "---\na: b\n".repeat(50_000),
        format!("apiVersion: v1\nkind: Pod\n{}", (0..1_900).map(|i| format!("field{i}: 1\n")).collect::<String>()),
        format!("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n{}", "  - {x: 1, y: 2}\n".repeat(20_000)),
        format!("apiVersion: v1\nkind: List\nitems:\n{}", "- {kind: Pod}\n".repeat(30_000)),
        "#\n".repeat(250_000),
        "\"a\" ".repeat(100_000),
    ] {
        first_message(&text);
        assert!(parse(&text).problems.len() <= 2_000);
    }
}

/// Cuts and mutations of real manifests: the texts that exist while somebody types.
#[test]
fn half_typed_manifests_are_survived() {
    let text = include_str!("../../../lessons/manifests/nginx-web.yaml");
    for end in 0..text.len() {
        first_message(&text[..end]);
    }
    let mut seed = 7_u64;
    for _ in 0..3_000 {
        let mut next = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize
        };
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..3 {
            let at = next() % bytes.len();
            bytes[at] = b" \n\t:-[]{}'\"&*!|>%#,?0a"[next() % 22];
        }
        first_message(&String::from_utf8(bytes).unwrap());
    }
}
