//! Short input, short answer: every console line, template, selector, patch, label set and manifest of at most 1 MB is
//! answered or refused within 200 ms and 64 MB. A build for development, which is less optimized than what people use, may
//! take seven times as long: a thousand pods as YAML took six times as long in it.
//!
//! Each kind that was slow once is tried, and brothers of it are generated; `PETRI_SHORT=20000 cargo test --profile native -p
//! petri-tests --test short` tries as many as one likes, and `PETRI_SHORT_SEED` others. This is a program of its own because
//! it counts what is allocated.

use peak_alloc::PeakAlloc;
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;
use petri_tests::{Chance, used};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

const LONGEST: Duration = Duration::from_millis(if cfg!(debug_assertions) { 1_400 } else { 200 });
const LARGEST: usize = 64 << 20;
/// The largest text that is tried.
const MOST: usize = 1 << 20;

const WEB: &str = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: web}\nspec:\n  serviceName: web\n  replicas: 3\n  \
                   selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: \
                   [{name: c, image: i}]}\n";

/// A small cluster in which something runs.
fn cluster() -> Timeline {
    let mut timeline = Timeline::new(Recording::new(Scenario::standard(), 1));
    let line = format!("apply -f - <<EOF\n{WEB}EOF\nrun until sts/web Ready");
    assert_eq!(petri_console::run(&line, &mut timeline, &BTreeMap::new()).code, 0);
    timeline
}

/// Runs a line in a copy of the cluster, and answers what it says and what that took.
fn run(line: &str, cluster: &Timeline) -> (String, Duration, usize) {
    let (mut timeline, files) = (cluster.clone(), BTreeMap::new());
    ALLOCATED.reset_peak_usage();
    let (before, started) = (ALLOCATED.current_usage(), Instant::now());
    let from = used(started);
    let output = petri_console::run(line, &mut timeline, &files);
    let took = used(started) - from;
    let peak = ALLOCATED.peak_usage().saturating_sub(before);
    let said = output.shown();
    // The ends say what it is.
    let said: Vec<char> = said.chars().collect();
    let said = match said.len() {
        0..=600 => said.into_iter().collect(),
        length => said[..300].iter().chain(&['…']).chain(&said[length - 300..]).collect(),
    };
    (said, took, peak)
}

/// One test after the other: what they allocate is counted together.
static TURN: Mutex<()> = Mutex::new(());

/// What took the most, and what took too much.
struct Worst {
    slowest: (Duration, String),
    largest: (usize, String),
    beyond: Vec<String>,
    _turn: MutexGuard<'static, ()>,
}

impl Worst {
    fn begin() -> Worst {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        Worst { slowest: Default::default(), largest: Default::default(), beyond: Vec::new(), _turn: turn }
    }
    fn end(self) {
        println!("the slowest: {:?} {}", self.slowest.0, self.slowest.1);
        println!("the largest: {} kB {}", self.largest.0 >> 10, self.largest.1);
        assert!(self.beyond.is_empty(), "{}", self.beyond.join("\n"));
    }
}

fn check(line: &str, cluster: &Timeline, worst: &mut Worst) -> String {
    let (said, mut took, peak) = run(line, cluster);
    // Other programs on the machine disturb a measurement, but not three of them.
    for _ in 0..2 {
        if took > LONGEST {
            took = took.min(run(line, cluster).1);
        }
    }
    let beginning: String = line.chars().take(120).collect();
    if took > worst.slowest.0 {
        worst.slowest = (took, beginning.clone());
    }
    if peak > worst.largest.0 {
        worst.largest = (peak, beginning.clone());
    }
    let bytes = line.len();
    if took > LONGEST || peak > LARGEST {
        let said: String = said.chars().take(160).collect();
        worst.beyond.push(format!("{took:?}, {} kB for {bytes} bytes: {beginning}\n    {said}", peak >> 10));
    }
    said
}

fn many(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).map(one).collect()
}

fn applied(document: &str) -> String {
    format!("apply -f - <<EOF\n{document}\nEOF\n")
}

/// A Pod with so many of something.
fn pod(spec: &str) -> String {
    applied(&format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers: [{{name: c, image: i}}]\n{spec}"
    ))
}

/// Lines that took long, much memory, or all of the stack, once; and what they are answered with.
fn known() -> Vec<(String, &'static str)> {
    let descents = |count: usize| format!("get nodes -o jsonpath='{{{}}}'", "..".repeat(count));
    let labels = |count: usize| many(count, |n| format!(" k{n}=v"));
    vec![
        (descents(12), "invalid multiple recursive descent"),
        (descents(20), "invalid multiple recursive descent"),
        ("step 1000000".into(), "step plays at most 50,000 events at one go"),
        ("step 10000000".into(), "step plays at most 50,000 events at one go"),
        ("step 18446744073709551615".into(), "step plays at most 50,000 events at one go"),
        ("a;".repeat(MOST / 2), "a line has at most 200 commands"),
        (format!("label node node-0{}", labels(20_000)), ""),
        (format!("annotate node node-0{}", labels(20_000)), ""),
        (format!("label pods --all{}", labels(20_000)), ""),
        (
            format!("get nodes -o custom-columns={}", vec!["A:.a"; 30_000].join(",")),
            "a table has at most 1,000 columns",
        ),
        (format!("get nodes -o custom-columns={}", vec!["A:.metadata.name"; 1_000].join(",")), "A"),
        (format!("{}version", "timeout 1s ".repeat(3_000)), "Client Version"),
        (format!("{}run until pod/nobody Ready", "timeout 1s ".repeat(14_000)), ""),
        (applied(&"- a\n".repeat(125_000)), "more than 100000 values in one document"),
        ("a".repeat(MOST), "unknown command"),
        ("run 1000000h".to_owned(), "Petri plays at most 7 days of virtual time in one run"),
        (format!("get {}", vec!["po,no,sts"; 100_000].join(",")), "NAME"),
        (format!("get pod {}", "web-0 ".repeat(29_000)), "a command names at most 1,000 objects"),
        (format!("get {} -o yaml", "pod/web-0 ".repeat(1_000)), "apiVersion"),
        (format!("get pods -l {}", vec!["a!=b"; 200_000].join(",")), "a selector has at most 1,000 requirements"),
        (format!("get pods -l 'a notin ({})'", vec!["b"; 400_000].join(",")), "NAME"),
        (
            format!("get pods -A --field-selector {}", vec!["metadata.name!=x"; 60_000].join(",")),
            "a selector has at most",
        ),
        (format!("get pods -{}", "A".repeat(1_000_000)), "at most 30,000 words and flags"),
        (format!("get pods -o jsonpath='{}'", "{range .items[*]}".repeat(50_000)), "too many ranges in one another"),
        (format!("get pods -o jsonpath='{{{}{}}}'", "[?(@".repeat(90_000), ")]".repeat(90_000)), "too many filters"),
        (format!("get pods -o jsonpath='{}'", "{range ..}{range $..}{$}{end}{end}".repeat(100)), "comes to too much"),
        (format!("get pods -o jsonpath='{}'", "{$}".repeat(300_000)), "comes to too much"),
        (format!("apply -f {}", vec!["-"; 400_000].join(",")), "a command reads at most 100 files"),
        (format!("dig {}", "a.".repeat(500_000)), ""),
        (format!("dig -x {}", "1.".repeat(500_000)), ""),
        (format!("explain pods{}", ".spec".repeat(200_000)), ""),
        (format!("explain {}", "a.".repeat(500_000)), ""),
        (format!("patch sts web -p '{}1{}'", "{\"spec\":".repeat(100_000), "}".repeat(100_000)), "error"),
        (
            format!(
                "patch sts web -p '{{\"metadata\":{{\"labels\":{{{}}}}}}}'",
                many(2_000, |n| format!("\"k{n}\":\"v\",")) + "\"a\":\"b\""
            ),
            "",
        ),
        (format!("patch cm x --type=merge -p '{}'", "[".repeat(500_000)), "error"),
        (format!("taint node node-0{}", many(20_000, |n| format!(" k{n}=v:NoSchedule"))), ""),
        (format!("set image sts/web{}", " c=i".repeat(29_000)), ""),
        (format!("wait pod/web-0 --for=jsonpath='{{{}}}'", "..".repeat(400_000)), "invalid multiple recursive descent"),
        (format!("get pods --sort-by={}", ".a".repeat(500_000)), "too many steps"),
        (format!("get pods -L {}", vec!["app"; 250_000].join(",")), "a table has at most 1,000 columns"),
        (applied(&format!("{}1{}", "{a: ".repeat(100_000), "}".repeat(100_000))), "more than 50000 values in brackets"),
        (applied(&"[".repeat(500_000)), "more than 50000 values in brackets"),
        (applied(&format!("[{}]", "a,".repeat(250_000))), "more than 50000 values in brackets"),
        (applied(&format!("[{}]", "\"\"".repeat(250_000))), "error"),
        (applied(&format!("{{{}}}", "? ".repeat(250_000))), "error"),
        (applied(&many(40_000, |n| format!("k{n}: v\n"))), "more than 2000 keys in one map"),
        (applied(&many(900, |_| "---\napiVersion: v1\nkind: Pod\n".into())), ""),
        (
            applied(&format!("a: &a [{}]\n{}", "x,".repeat(1_000), many(5_000, |n| format!("b{n}: *a\n")))),
            "excessive aliasing",
        ),
        (pod(&format!("  tolerations:\n{}", many(10_000, |n| format!("  - {{key: k{n}}}\n")))), ""),
        (pod(&format!("  volumes:\n{}", many(10_000, |n| format!("  - {{name: v{n}, emptyDir: {{}}}}\n")))), ""),
        (pod(&format!("  initContainers:\n{}", many(8_000, |n| format!("  - {{name: c{n}, image: i}}\n")))), ""),
        (pod(&format!("  nodeSelector: {{{}}}", many(1_900, |n| format!("k{n}: v, ")))), ""),
        (
            applied(&format!(
                "apiVersion: v1\nkind: Service\nmetadata: {{name: s}}\nspec:\n  ports:\n{}",
                many(10_000, |n| format!("  - {{name: p{n}, port: {}}}\n", n + 1))
            )),
            "",
        ),
        (
            applied(&format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata:\n  a: {}",
                "9".repeat(480_000)
            )),
            "",
        ),
        (
            applied(&format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers:\n  - name: c\n    image: i\n    resources: {{requests: {{cpu: \"{}\"}}}}",
                "9".repeat(400_000)
            )),
            "",
        ),
        (format!("create ns {}", "a".repeat(900_000)), ""),
        (format!("{}\n", "\\".repeat(1_000_000)), ""),
        (format!("get pods {}", "'\"'\"".repeat(200_000)), ""),
        (format!("{}x", "x <<EOF ".repeat(100_000)), "error"),
    ]
}

#[test]
fn short_input_has_a_short_answer() {
    let cluster = cluster();
    let mut worst = Worst::begin();
    for (line, answer) in known() {
        let said = check(&line, &cluster, &mut worst);
        let beginning: String = line.chars().take(60).collect();
        if !said.contains(answer) {
            worst.beyond.push(format!("{beginning}: {said}"));
        }
    }
    worst.end();
}

/// What is looked at after twenty thousand labels are there.
#[test]
fn what_was_let_in_is_shown_as_fast() {
    let mut cluster = cluster();
    let mut worst = Worst::begin();
    let set = |line: String, cluster: &mut Timeline| petri_console::run(&line, cluster, &BTreeMap::new()).shown();
    let labels = many(20_000, |n| format!(" k{n}=v{n}"));
    let mut said = String::new();
    for target in ["label node node-0", "annotate pod web-0", "label pod web-0"] {
        said += &set(format!("{target}{labels}"), &mut cluster);
    }
    assert!(said.contains("node/node-0 labeled"), "{said}");
    set(
        format!("annotate node node-1 tabs='{}' lines='{}'", "\t".repeat(200_000), "a\n".repeat(100_000)),
        &mut cluster,
    );
    let data = many(20_000, |n| format!("line {n}\n    "));
    let config = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata:\n  a: |\n    {data}\n");
    set(applied(&config), &mut cluster);
    for line in [
        "describe node node-0".into(),
        "describe node node-1".into(),
        "describe pod web-0".into(),
        "get nodes --show-labels".into(),
        "get nodes -o yaml".into(),
        "get nodes -o json".into(),
        "get node node-0 -o jsonpath='{..k1}'".into(),
        "get pods --show-labels -o wide".into(),
        format!("label node node-0 --overwrite{}", many(20_000, |n| format!(" k{n}=w"))),
        format!("label node node-0{}", many(20_000, |n| format!(" k{n}-"))),
        "label node node-0 --list".into(),
        "patch node node-0 -p '{\"metadata\":{\"labels\":{\"k1\":null}}}'".into(),
        "edit node node-0".into(),
        "kubectl edit node node-0".into(),
        format!("diff -f - <<EOF\n{}\nEOF", config.replace("line", "row")),
        format!("diff -f - <<EOF\n{}\nEOF", config.replace("7\n", "seven\n")),
        applied(&config.replace("7\n", "seven\n")),
        "get cm c -o yaml".into(),
        "describe cm c".into(),
        "why pod/web-0".into(),
        "cordon node-0".into(),
        "drain node-0 --force --timeout=1s".into(),
    ] {
        check(&line, &cluster, &mut worst);
    }
    worst.end();
}

/// A piece of text, a few times or very often.
fn repeated(chance: &mut Chance, piece: &str) -> String {
    let most = match chance.below(8) {
        0 => MOST,
        1 => 100_000,
        2..=4 => 2_000,
        _ => 60,
    };
    piece.repeat(1 + chance.below(most / piece.len().max(1)))
}

/// Path, template, selector, patch, document: something of the kind, mostly wrong.
fn piece(chance: &mut Chance) -> String {
    const PARTS: &[&str] = &[
        "..",
        ".",
        "[*]",
        "[0]",
        "[-1]",
        "['a','b']",
        "[?(@",
        "[?(@.a==1)]",
        "]",
        ")",
        "{",
        "}",
        "{range ",
        "{end}",
        ".items",
        ".metadata",
        ".name",
        "$",
        "@",
        "\"x\"",
        "a",
        "=",
        "==",
        "!=",
        "!",
        ",",
        ":",
        "in (",
        "notin (",
        "- ",
        "? ",
        "*a",
        "&a ",
        "<<: ",
        "a: ",
        "|",
        ">",
        "\t",
        " ",
        "  ",
        "\\",
        "\"",
        "1",
        "9999999999",
        "1e9",
        "0x",
        "Mi",
        "m",
        "/",
        "-",
        "--",
        "-o ",
        "-n ",
        "-l ",
        "--for=",
        "é",
        "\u{202e}",
        "[[",
        "{{",
        "#",
        "%",
        "null",
        "true",
        "~",
        "A:.a,",
        "po,",
        "pod/web-0 ",
        "k=v ",
        "1s",
        "1h1m",
        ";",
        "&&",
        "||",
        "timeout 1s ",
        "<<EOF ",
    ];
    let mut text = String::new();
    for _ in 0..1 + chance.below(6) {
        let part = *chance.one(PARTS);
        let part = if chance.below(2) == 0 { part.to_owned() } else { format!("{part}{}", chance.one(PARTS)) };
        text.push_str(&repeated(chance, &part));
    }
    while text.len() > MOST - 200 {
        text.pop();
    }
    text
}

fn line(chance: &mut Chance) -> String {
    let text = piece(chance);
    let quoted = text.replace('\'', "");
    match chance.below(20) {
        0..=2 => format!("get pods -A -o jsonpath='{{{quoted}}}'"),
        3 => format!("get pods -A -o jsonpath='{quoted}'"),
        4 => format!("get nodes -o custom-columns='{quoted}'"),
        5 => format!("get pods -l '{quoted}'"),
        6 => format!("get pods --field-selector '{quoted}'"),
        7 => format!("get {text}"),
        8 => format!("patch sts web -p '{quoted}'"),
        9 => format!("patch node node-0 --type=merge -p '{{\"metadata\": {{\"labels\": {quoted}}}}}'"),
        10..=12 => applied(&text),
        13 => pod(&text),
        14 => format!("label node node-0 {text}"),
        15 => format!("wait pod/web-0 --timeout=1s --for=jsonpath='{{{quoted}}}'"),
        16 => format!("timeout 1s {text}"),
        17 => format!("diff -f - <<EOF\n{WEB}{text}\nEOF"),
        18 => format!("dig {quoted}"),
        _ => text,
    }
}

#[test]
fn brothers_of_them_have_too() {
    let number =
        |variable: &str, usual: u64| std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    let cluster = cluster();
    let mut chance = Chance::new(number("PETRI_SHORT_SEED", 1));
    let mut worst = Worst::begin();
    let (count, mut refused) = (number("PETRI_SHORT", 2_000), 0);
    for trial in 0..count {
        let line = line(&mut chance);
        if std::env::var("PETRI_SHORT_SHOW").is_ok() {
            println!("{trial}: {} bytes: {}", line.len(), line.chars().take(100).collect::<String>());
        }
        refused += u64::from(check(&line, &cluster, &mut worst).contains("rror"));
        let ending = line.chars().rev().take(40).collect::<Vec<_>>().into_iter().rev().collect::<String>();
        let _ = petri_console::complete(&ending, ending.len(), cluster.world());
    }
    println!("{count} lines, {refused} refused");
    worst.end();
    assert!(refused > count / 10 && refused < count, "the lines reach past the first check");
}
