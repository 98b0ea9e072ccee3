use super::*;

/// A shell that has nothing but variables and files; commands answer with their own words.
#[derive(Default)]
struct Bare {
    variables: Variables,
    files: std::collections::BTreeMap<String, String>,
    rest: Rest,
}

impl Around for Bare {
    fn variables(&mut self) -> &mut Variables {
        &mut self.variables
    }
    fn output_of(&mut self, list: &List) -> Result<String, String> {
        let rest = self.rest.part(list);
        Ok(drive(rest, self).0)
    }
    fn read(&mut self, name: &str) -> Result<String, String> {
        self.files.get(name).cloned().ok_or_else(|| "No such file or directory".into())
    }
    fn write(&mut self, name: &str, text: &str, append: bool) -> Result<(), String> {
        let file = self.files.entry(name.into()).or_default();
        if !append {
            file.clear();
        }
        file.push_str(text);
        Ok(())
    }
}

/// What a script shows, what it says of itself, and the words of every command.
fn drive(mut rest: Rest, bare: &mut Bare) -> (String, String, Vec<String>) {
    bare.rest = rest.part(&List::default());
    let (mut shown, mut said, mut all) = (String::new(), String::new(), Vec::new());
    loop {
        match rest.next(bare) {
            Next::Over => return (shown, said, all),
            Next::Said { stdout, stderr } => {
                shown.push_str(&stdout);
                said.push_str(&stderr);
            }
            Next::Run(step) => {
                all.push(step.words.join(" "));
                let (text, code) = match step.words[0].as_str() {
                    "echo" => (step.words[1..].join(" ") + "\n", 0),
                    "cat" => (step.input.unwrap_or_default(), 0),
                    "upper" => (step.input.unwrap_or_default().to_uppercase(), 0),
                    "false" => (String::new(), 1),
                    _ => (String::new(), 0),
                };
                let (stdout, stderr) = rest.emit(text, String::new(), bare);
                shown.push_str(&stdout);
                said.push_str(&stderr);
                rest.done(code, bare);
            }
        }
    }
}

fn shown(text: &str) -> String {
    let script = read(text).unwrap_or_else(|problem| panic!("{text}: {problem:?}"));
    let (shown, said, _) = drive(Rest::new(&script), &mut Bare::default());
    format!("{shown}{said}")
}
fn words(text: &str) -> Vec<String> {
    drive(Rest::new(&read(text).unwrap()), &mut Bare::default()).2
}

#[test]
fn commands_stand_apart_outside_of_quotes_only() {
    assert_eq!(words("a b; c 'd;e' && f # g"), ["a b", "c d;e", "f"]);
    assert_eq!(words("a # it's; b\nc\\\nd e\\;f"), ["a", "cd e;f"]);
    assert_eq!(words("a#b; c;#d\r\ne"), ["a#b", "c", "e"]);
    assert_eq!(words("a && b || c; false && d || e"), ["a", "b", "false", "e"]);
    assert_eq!(words("patch sts/web -p '{\"a\": 1}'"), ["patch sts/web -p {\"a\": 1}"]);
    assert_eq!(words(";; a ;\n; "), ["a"]);
    assert_eq!(
        words("get -o jsonpath={.items[*].metadata.name} --template {{.spec.nodeName}}"),
        ["get -o jsonpath={.items[*].metadata.name} --template {{.spec.nodeName}}"]
    );
}

#[test]
fn words_are_quoted_where_they_have_to_be() {
    for line in ["set image sts/web pg=postgres:16", "patch sts/web -p '{\"a\": 1}'", "label pod a b=''"] {
        let own: Vec<String> = shlex::split(line).unwrap();
        assert_eq!(shlex::split(&joined(&own).unwrap()).unwrap(), own);
    }
}

#[test]
fn variables_and_what_commands_write_are_put_into_words() {
    assert_eq!(shown("a='x  y'; echo $a; echo \"$a\"; echo '$a' \\$a"), "x y\nx  y\n$a $a\n");
    assert_eq!(shown("echo $(echo b; echo c) \"$(echo d)\" `echo e`"), "b c d e\n");
    assert_eq!(shown("n=3; echo $((n * (2 + 1) - 4)) ${n}th ${none:-other} ${#n}"), "5 3th other 1\n");
    assert_eq!(shown("f=a.tar.gz; echo ${f%.*} ${f%%.*} ${f#*.} ${f##*.}"), "a.tar a tar.gz gz\n");
    assert_eq!(shown("false; echo $?; echo $?"), "1\n0\n");
    let array = "a=(foo 'b c'\nbaz); i=1; echo ${a[$i]} ${a[i+1]} ${#a[@]} ${a[*]} $a ${a[7]}";
    assert_eq!(shown(array), "b c baz 3 foo b c baz foo\n");
    assert_eq!(shown("echo web-{0..2} $ $. cost$"), "web-0 web-1 web-2 $ $. cost$\n");
    assert_eq!(shown("export A=1 B=2; unset A; echo [$A] [$B]"), "[] [2]\n");
}

#[test]
fn loops_and_conditions_go_round() {
    assert_eq!(shown("for i in 0 1; do echo \"web-$i\"; done"), "web-0\nweb-1\n");
    assert_eq!(shown("i=0; while test_; do i=$((i+1)); if false; then echo no; else break; fi; done; echo $i"), "1\n");
    assert_eq!(shown("if false; then echo a; elif true_; then echo b; else echo c; fi"), "b\n");
    assert_eq!(shown("for i in 1 2 3; do false || continue; echo no; done; echo after"), "after\n");
    assert_eq!(
        shown("until true_; do echo no; done; { echo a; echo b; } && (x=1; echo $x); echo \"[$x]\""),
        "a\nb\n1\n[]\n"
    );
    assert_eq!(shown("! false && echo yes"), "yes\n");
    let endless = shown("while true_; do echo x; done; echo after");
    assert!(endless.ends_with("error: a line runs at most 5,000 commands, loops included: it ends here\n"));
}

#[test]
fn output_goes_where_the_line_says() {
    assert_eq!(shown("echo a | upper | cat"), "A\n");
    assert_eq!(shown("for i in a b; do echo $i; done | upper"), "A\nB\n");
    assert_eq!(shown("echo a > f; echo b >> f; cat < f; upper <<< c"), "a\nb\nC\n");
    assert_eq!(shown("echo a > /dev/null; echo b >/dev/null 2>&1; echo c"), "c\n");
    assert_eq!(shown("echo x y | while read a b; do echo $b $a; done"), "y x\n");
    assert_eq!(shown("cat < none || echo missing"), "missing\nsh: none: No such file or directory\n");
    assert_eq!(shown("echo '|'; echo a\\|b"), "|\na|b\n");
}

#[test]
fn a_here_document_is_standard_input() {
    assert_eq!(shown("n=web; cat <<EOF\nname: $n\n$(echo inner)\nEOF\necho after"), "name: web\ninner\nafter\n");
    assert_eq!(shown("cat <<'EOF'\nname: $n\nEOF"), "name: $n\n");
    assert_eq!(shown("cat <<-A && cat <<\"B\"\n\tone\n\tA\n\ttwo\nB\n"), "one\n\ttwo\n");
    assert_eq!(shown("for i in 1; do cat <<EOF\n$i\nEOF\ndone"), "1\n");
}

#[test]
fn what_is_not_understood_is_refused_with_a_sentence() {
    assert!(matches!(read("a=(b"), Err(Problem::Open(_))));
    for (text, why) in [
        ("echo 'a", "a quote does not end"),
        ("echo \"a", "a quote does not end"),
        ("apply -f - <<EOF\na", "the here-document does not end with EOF"),
        ("apply <<", "needs a word after <<"),
        ("a && ; b", "nothing stands after &&"),
        ("|| b", "nothing stands before ||"),
        ("a ||", "nothing stands after ||"),
        ("a |", "nothing stands after |"),
        ("kubectl cordon <node-name>", "<node-name> stands for something of your own"),
        ("apply -f <file.yaml>", "<file.yaml> stands for something of your own"),
        ("echo a >", "unexpected token `newline'"),
        ("for i in 1; do echo", "the line ends before its done"),
        ("done", "unexpected token `done'"),
        ("case x in a) ;; esac", "case is not understood here"),
        ("f() { echo; }", "functions are not understood here"),
        ("echo $(echo a", "a bracket does not end"),
        (&"a;".repeat(201), "a line has at most 200 commands"),
        (&vec!["a"; 10_000].join("|"), "a line has at most 200 commands"),
        (&"a ".repeat(30_001), "a line has at most 30,000 words"),
        (&"( ".repeat(100_000), "at most 16 deep"),
        (&"$(".repeat(100_000), "at most 16 deep"),
        (&"a".repeat(LONGEST_LINE + 1), "this line has 1025 kB; Petri reads at most 1024 kB"),
    ] {
        let problem = read(text).err().unwrap_or_else(|| panic!("{text} is read")).words();
        assert!(problem.starts_with("error: ") && problem.contains(why), "{problem}");
    }
    assert_eq!(shown("echo $((1 / 0))"), "division by 0\n");
    assert_eq!(shown(&format!("echo $(({}1{}))", "(".repeat(100), ")".repeat(100))), "this sum is nested too deeply\n");
}

#[test]
fn lines_that_come_one_by_one_are_put_together() {
    let mut typed = Typed::default();
    assert_eq!(typed.line("get nodes").as_deref(), Some("get nodes\n"));
    assert_eq!(typed.line("apply -f - <<A && apply -f - <<-B"), None);
    assert!(typed.is_open());
    for line in ["x", "B", "A", "y"] {
        assert_eq!(typed.line(line), None, "{line}");
    }
    let whole = typed.line("\tB").unwrap();
    assert_eq!(whole, "apply -f - <<A && apply -f - <<-B\nx\nB\nA\ny\n\tB\n");
    assert_eq!(typed.line("get \\"), None);
    assert_eq!(typed.line("nodes").as_deref(), Some("get \\\nnodes\n"));
    for line in ["for i in 0 1", "do", "  echo $i"] {
        assert_eq!(typed.line(line), None, "{line}");
    }
    assert_eq!(typed.line("done").as_deref(), Some("for i in 0 1\ndo\n  echo $i\ndone\n"));
    assert_eq!(typed.line("apply <<EOF"), None);
    assert_eq!(typed.end().as_deref(), Some("apply <<EOF\n"));
    assert!(!typed.is_open());
    assert_eq!(typed.line("echo 'a").as_deref(), Some("echo 'a\n"), "what is wrong is said when it is run");
}

#[test]
fn what_is_left_is_told_in_the_words_that_were_typed() {
    let mut bare = Bare::default();
    let mut rest = Rest::new(&read("a; b 'c d' && e | f; for i in 1; do g; done").unwrap());
    assert!(matches!(rest.next(&mut bare), Next::Run(_)));
    assert_eq!(rest.words(), "b 'c d' && e | f; for i in 1; do g; done");
    assert_eq!(rest.left(), 3);
}

#[test]
fn patterns_stand_for_names() {
    for (text, pattern, fits) in [
        ("web-0", "web-*", true),
        ("a.yaml", "*.yaml", true),
        ("abc", "a?c", true),
        ("abc", "a*d", false),
        ("", "*", true),
    ] {
        assert_eq!(is_like(text, pattern), fits, "{text} {pattern}");
    }
    assert!(!is_like(&"a".repeat(5_000), &"*a".repeat(200).replace("*a*a", "*b*a")), "it ends");
}

#[test]
fn a_plain_line_has_the_words_that_the_shell_makes_of_it() {
    for line in [
        "kubectl get pods -o wide",
        "kubectl patch sts web -p '{\"spec\": {\"replicas\": 3}}' --type=merge",
        "kubectl annotate pod web-0 \"note=two words\" empty= ''",
        "run 60s; cut node-0 ;  run 5m;",
        "kubectl label pod/a'b c'd x=y",
        "  dig +search web-0.web A  ",
    ] {
        let own = |word: &str| ["kubectl", "run", "cut", "dig"].contains(&word);
        let plain = plain(line, own).unwrap_or_else(|| panic!("{line}"));
        let script = read(line).unwrap_or_else(|_| panic!("{line}"));
        let (mut a, mut b) = (Bare::default(), Bare::default());
        let (plain, whole) = (drive(Rest::of_words(plain), &mut a), drive(Rest::new(&script), &mut b));
        assert_eq!(plain, whole, "{line}");
    }
}

#[test]
fn what_a_shell_has_to_do_with_is_not_plain() {
    for line in [
        "kubectl get pods | wc -l",
        "kubectl get pod $POD",
        "kubectl get pods > file",
        "kubectl get pods && kubectl get svc",
        "kubectl get pods; echo done",
        "X=1 kubectl get pods",
        "kubectl delete pod web-*",
        "kubectl get pods # all of them",
        "kubectl get pod \"$POD\"",
        "kubectl get pods 'without an end",
        "kubectl get pods\nkubectl get svc",
        "; kubectl get pods",
        "kubectl get pods;; kubectl get svc",
        "",
    ] {
        assert_eq!(plain(line, |word| word == "kubectl"), None, "{line}");
    }
}
