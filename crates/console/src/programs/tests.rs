use super::system::{Ran, System};
use super::{pattern, text};
use petri_objects::Time;
use petri_sim::reality::files::Fault;
use std::collections::BTreeMap;

#[derive(Default)]
struct Files(BTreeMap<String, String>);

impl System for Files {
    fn read(&self, path: &str) -> Result<String, Fault> {
        self.0.get(path).cloned().ok_or(Fault::Missing)
    }
    fn write(&mut self, path: &str, text: &str, append: bool) -> Result<(), Fault> {
        let file = self.0.entry(path.into()).or_default();
        if !append {
            file.clear();
        }
        file.push_str(text);
        Ok(())
    }
    fn now(&self) -> Time {
        Time::parse_rfc3339("2026-01-02T03:04:05Z").unwrap()
    }
}

fn ran(line: &str, input: &str) -> Ran {
    let words = shlex::split(line).unwrap();
    let mut files = Files([("f".to_owned(), "b 2\na 10\nb 2\n".to_owned())].into());
    text::run(&words, Some(input), &mut files).unwrap_or_else(|| panic!("{line} is a program"))
}
fn says(line: &str, input: &str) -> String {
    let ran = ran(line, input);
    format!("{}{}", ran.stdout, ran.stderr)
}

#[test]
fn texts_are_filtered_as_the_usual_programs_do() {
    for (line, input, expected) in [
        ("echo -n a b", "", "a b"),
        ("printf '%s=%d\\n' a 1 b 2", "", "a=1\nb=2\n"),
        ("cat f", "", "b 2\na 10\nb 2\n"),
        ("head -1 f", "", "b 2\n"),
        ("head -n -1 f", "", "b 2\na 10\n"),
        ("tail -n +2 f", "", "a 10\nb 2\n"),
        ("tail -1", "a\nb\n", "b\n"),
        ("grep -c b f", "", "2\n"),
        ("grep -v b f", "", "a 10\n"),
        ("sed 's/\\(image: [a-z]*\\):.*$/\\1:v4/'", "  - image: my:1\n", "  - image: my:v4\n"),
        ("sed -E 's/(a*)(a+)(b?)/<\\3\\2\\1>/'", "aaab", "<baaa>\n"),
        ("sed 's/b/[&]\\n/'", "abc", "a[b]\nc\n"),
        ("sed -E 's/(ab)*c/x/'", "ababc", "sed: * behind a group is not understood here\n"),
        ("sed 's/\\(a/x/'", "a", "sed: Unmatched ( or \\(\n"),
        ("jq '.a[]?.b'", "{\"a\":1}", ""),
        ("jq -r '.a[] | select(.n | test(\"^x\")).n'", "{\"a\":[{\"n\":\"xy\"},{\"n\":\"yx\"}]}", "xy\n"),
        ("jq -c 'paths|join(\".\")'", "{\"a\":[{\"n\":1}]}", "\"a\"\n\"a.0\"\n\"a.0.n\"\n"),
        ("grep -E '^(a|b)' f", "", "grep: ( is not understood here\n"),
        ("grep -E '^a|2$' f", "", "b 2\na 10\nb 2\n"),
        ("grep -o '[0-9][0-9]*' f", "", "2\n10\n2\n"),
        ("grep -i B", "abc\n", "abc\n"),
        ("grep -A1 a", "a\nb\nc\n", "a\nb\n"),
        ("wc -l f", "", "3 f\n"),
        ("sort f", "", "a 10\nb 2\nb 2\n"),
        ("sort -u -k2 -n f", "", "b 2\na 10\n"),
        ("uniq -c", "a\na\nb\n", "      2 a\n      1 b\n"),
        ("cut -d ' ' -f 2 f", "", "2\n10\n2\n"),
        ("cut -c1-3", "abcdef\n", "abc\n"),
        ("tr a-z A-Z", "abc", "ABC"),
        ("tr -d '\\n'", "a\nb\n", "ab"),
        ("sed 's/b/x/g; /a/d' f", "", "x 2\nx 2\n"),
        ("sed -n 2p f", "", "a 10\n"),
        ("awk '{print $2, $1}' f", "", "2 b\n10 a\n2 b\n"),
        ("awk 'NR>1 {print $1}' f", "", "a\nb\n"),
        ("awk -F: '{print $2}'", "a:b\n", "b\n"),
        ("seq 1 3", "", "1\n2\n3\n"),
        ("base64", "abc", "YWJj\n"),
        ("base64 -d", "YWJj", "abc"),
        ("jq .a.b[1]", "{\"a\":{\"b\":[1,2]}}", "2\n"),
        ("jq -r '.items[].name'", "{\"items\":[{\"name\":\"x\"},{\"name\":\"y\"}]}", "x\ny\n"),
        ("jq .", "{\"a\":[1]}", "{\n  \"a\": [\n    1\n  ]\n}\n"),
        ("date", "", "Fri Jan  2 03:04:05 UTC 2026\n"),
        ("date +%F", "", "2026-01-02\n"),
        ("basename /a/b.txt .txt", "", "b\n"),
        ("expr 2 + 3", "", "5\n"),
        ("tee out", "x", "x"),
        ("cat none", "", "cat: none: No such file or directory\n"),
    ] {
        assert_eq!(says(line, input), expected, "{line}");
    }
    assert_eq!(ran("grep x f", "").code, 1);
    assert_eq!(ran("[ 1 -lt 2 ]", "").code, 0);
    assert_eq!(ran("test -z x", "").code, 1);
    assert_eq!(ran("sleep 90s", "").slept, petri_objects::Span::seconds(90));
    assert_eq!(says("seq 1 9999999999", ""), "seq writes at most 100,000 lines here\n".replace("seq", "error: seq"));
}

#[test]
fn a_hostile_pattern_comes_to_an_end() {
    let hostile = "a*".repeat(90) + "b";
    let pattern = pattern::Pattern::read(&hostile, false, false, false).unwrap();
    assert_eq!(pattern.find(&"a".repeat(300)), None);
    assert!(pattern::Pattern::read(&"a".repeat(10_000), false, false, false).is_err());
    assert!(pattern::Pattern::read("[a", false, false, false).is_err());
}

#[test]
fn addresses_are_taken_apart() {
    let address = |text: &str| super::web::address(text).map(|a| (a.host, a.port, a.path));
    assert_eq!(address("http://web-0.nginx:8080/a?b"), Some(("web-0.nginx".into(), 8080, "/a?b".into())));
    assert_eq!(address("localhost"), Some(("localhost".into(), 80, "/".into())));
    assert_eq!(address("https://x"), Some(("x".into(), 443, "/".into())));
    assert_eq!(address("http://"), None);
    assert_eq!(address("a:b"), None);
}
