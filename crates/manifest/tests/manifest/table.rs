//! What kubectl makes of a text: values as it sends them, or the error that it ends with. The table is `table.txt`.
//!
//! A case is a name behind `###`, the text, and behind `=>` what becomes of it: a document a line as JSON, faults after
//! `!`. In the text, `\t`, `\r` and `\u{feff}` stand for what an editor does not show. `UPDATE_EXPECT=1` writes the answers.
//!
//! Upstream: `sigs.k8s.io/yaml` on `go-yaml` v2, behind the reader of documents of `apimachinery/pkg/util/yaml`.

use petri_manifest::{Grade, parse};

fn answer(text: &str) -> String {
    let text = text.replace("\\t", "\t").replace("\\r", "\r").replace("\\u{feff}", "\u{feff}");
    let parsed = parse(&text);
    // What an object is asked for is no matter of YAML.
    let is_yaml = |message: &str| {
        ["converting YAML", "stands here twice", "separator", "unsupported value"]
            .iter()
            .any(|words| message.contains(words))
    };
    let faults = parsed.problems.iter().filter(|problem| is_yaml(&problem.message));
    let mut lines: Vec<String> = Vec::new();
    let mut refused = false;
    for problem in faults {
        refused |= problem.grade == Grade::Error;
        lines.push(format!("! {}", problem.message));
    }
    if !refused {
        lines.extend(parsed.documents.iter().map(|document| document.value.to_json()));
    }
    lines.iter().map(|line| format!("=> {line}\n")).collect()
}

#[test]
fn texts_are_read_as_kubectl_reads_them() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/manifest/table.txt");
    let table = std::fs::read_to_string(path).expect("the table is there");
    let mut played = String::new();
    let mut count = 0;
    for case in table.split("### ").filter(|case| !case.trim().is_empty()) {
        let (name, rest) = case.split_once('\n').expect("a name ends its line");
        let text: String =
            rest.lines().filter(|line| !line.starts_with("=>")).map(|line| format!("{line}\n")).collect();
        played += &format!("### {name}\n{text}{}", answer(&text));
        count += 1;
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(path, &played).expect("the table can be written");
    }
    let differs = table.lines().zip(played.lines()).find(|(expected, got)| expected != got);
    assert!(table == played || std::env::var_os("UPDATE_EXPECT").is_some(), "{differs:?}");
    assert!(count > 50, "only {count} cases");
}
