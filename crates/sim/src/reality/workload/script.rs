//! What the command of a container does, where it is a few words of a shell: `sleep`, `touch`, `rm`, `exit` and their like.
//!
//! Enough of it is read for the probes of the official pages to fail and recover as those pages say. A command that is not
//! known here is taken for a server, with all that follows it.
//!
//! Deviation: files are those that the script makes; what an image brings is not there.

use super::asked::Asked;
use crate::ground::clock::Span;
use petri_objects::{Container, ExecAction, Name, Probe};
use std::collections::BTreeMap;

/// How many commands are read; a longer script is taken for a server.
const MOST_COMMANDS: usize = 200;

/// The course of a script, counted from its start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// When each file came and when it went, as far as it did.
    files: BTreeMap<String, (Span, Option<Span>)>,
    /// What `echo` wrote into files, as far as it is plain text; what it printed stands under no name.
    texts: BTreeMap<String, String>,
    /// When it ends by itself, and with which code.
    pub ends: Option<(Span, i32)>,
}

/// What a container does by its command; `None` if nothing is known of it.
pub fn course(container: &Container) -> Option<Course> {
    let words: Vec<&str> = container.command.iter().chain(&container.args).map(|word| &**word).collect();
    match &words[..] {
        [shell, "-c", script, ..] | [shell, "-e" | "-x", "-c", script, ..] if is_shell(shell) => read(script),
        // Several flags in one: `-ec`.
        [shell, flags, script, ..] if is_shell(shell) && flags.starts_with('-') && flags.ends_with('c') => read(script),
        [program, ..] if ["sleep", "exit", "true", "false"].contains(&base(program)) && words.len() <= 2 => {
            read(&words.join(" "))
        }
        // Its words are no script: whatever they are, it prints them and ends.
        [program, ..] if ["echo", "date", "printf"].contains(&base(program)) => {
            Some(Course { ends: Some((Span::ZERO, 0)), ..Course::default() })
        }
        _ => None,
    }
}

/// Images whose program ends at once where nobody gives it anything to do.
const IDLE: [&str; 13] = [
    "alpine",
    "alpine/git",
    "bash",
    "busybox",
    "centos",
    "debian",
    "fedora",
    "golang",
    "hello-world",
    "node",
    "perl",
    "python",
    "ubuntu",
];

/// How long the container of a Job's pod works, where nothing better is known: 10 s for a command, no time for an image
/// that only starts a shell. `None` for a server.
pub fn work(container: &Container) -> Option<Span> {
    let image = container.image.split([':', '@']).next().unwrap_or_default();
    let image = image.rsplit_once("library/").map_or(image, |(_, image)| image);
    let words = container.command.iter().chain(&container.args);
    let text = words.map(|word| &**word).collect::<Vec<_>>().join(" ");
    let for_ever = ["while true", "while :", "tail -f", "sleep infinity", "sleep inf"];
    let is_server = |command: &str| {
        let program = command.split_whitespace().find(|word| *word != "exec").map_or("", base);
        ["nginx", "httpd", "redis-server"].contains(&program)
    };
    // What a shell is told to run stands behind its flag.
    let script = text.split_once(" -c ").map_or(text.as_str(), |(_, script)| script);
    match text.is_empty() {
        true => IDLE.contains(&image).then_some(Span::ZERO),
        false => {
            let stays = for_ever.iter().any(|word| text.contains(word)) || script.split(['|', ';', '&']).any(is_server);
            (!stays).then_some(Span::seconds(10))
        }
    }
}

fn base(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

fn is_shell(word: &str) -> bool {
    matches!(base(word), "sh" | "bash" | "ash" | "dash")
}

/// Bytes of the last words of a container, and of those that are taken from its output.
const LONGEST_MESSAGE: usize = 4_096;
const LONGEST_FALLBACK: usize = 2_048;

/// The last words of a container that ended so long after its start, by its `terminationMessagePath`; with
/// `FallbackToLogsOnError` the end of what it printed.
pub fn last_words(container: &Container, after: Span, code: i32) -> Name {
    let course = course(container).filter(|course| course.ends.is_some_and(|ends| after >= ends.0 && code == ends.1));
    let Some(course) = course else { return Name::default() };
    let falls_back = code != 0 && &*container.termination_message_policy == "FallbackToLogsOnError";
    let text = match course.texts.get(&*container.termination_message_path).filter(|text| !text.is_empty()) {
        Some(text) => &text[..floor(text, LONGEST_MESSAGE)],
        None if falls_back => {
            let text = course.texts.get("").map_or("", String::as_str);
            let from = text.len().saturating_sub(LONGEST_FALLBACK);
            &text[(from..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())..]
        }
        None => "",
    };
    text.into()
}

/// The largest place of a text up to this one at which it can be cut.
fn floor(text: &str, most: usize) -> usize {
    (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Stands before the sign of an operator, so that no quoted word is taken for one.
const OPERATOR: char = '\0';

/// The commands of a script as their words, up to the first that has something a shell would work out.
fn commands(script: &str) -> (Vec<Vec<String>>, bool) {
    let (mut all, mut words, mut word) = (Vec::new(), Vec::new(), None::<String>);
    let mut quote = None;
    let mut rest = script.chars().peekable();
    while let Some(c) = rest.next() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some('"'), '$' | '`' | '\\') | (_, OPERATOR) => return (all, false),
            (Some(_), _) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '>') => {
                if word.as_deref().is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit())) {
                    return (all, false);
                }
                words.extend(word.take());
                let sign = if rest.next_if_eq(&'>').is_some() { ">>" } else { ">" };
                words.push(format!("{OPERATOR}{sign}"));
            }
            (None, ';' | '\n') => {
                words.extend(word.take());
                all.push(std::mem::take(&mut words));
            }
            (None, '&') if rest.next_if_eq(&'&').is_some() => {
                words.extend(word.take());
                all.push(std::mem::take(&mut words));
            }
            (None, '|' | '`' | '$' | '&' | '<' | '(' | '\\') => return (all, false),
            (None, _) if c.is_whitespace() => words.extend(word.take()),
            (None, _) => word.get_or_insert_default().push(c),
        }
        if all.len() > MOST_COMMANDS {
            return (all, false);
        }
    }
    if quote.is_some() {
        // No shell runs any of it.
        return (Vec::new(), false);
    }
    words.extend(word);
    all.push(words);
    (all, true)
}

/// Reads a script up to the first thing that is not known: from there on it runs for ever.
fn read(script: &str) -> Option<Course> {
    let (mut course, mut at, mut code) = (Course::default(), Span::ZERO, 0);
    let (commands, mut is_whole) = commands(script);
    let mut known = false;
    for command in commands.iter().filter(|command| !command.is_empty()) {
        let place = command.iter().position(|word| word.starts_with(OPERATOR));
        let (words, target) = command.split_at(place.unwrap_or(command.len()));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let files = || words.iter().skip(1).filter(|word| !word.starts_with('-')).map(|word| (*word).to_owned());
        match words[..] {
            ["echo", ..] | ["date"] => {
                code = 0;
                let name = match target {
                    [] => "",
                    [_, file] if !file.starts_with(OPERATOR) => file,
                    _ => return known.then_some(course),
                };
                if !name.is_empty() {
                    make(&mut course, name.to_owned(), at);
                }
                let text = course.texts.entry(name.to_owned()).or_default();
                if target.first().is_some_and(|sign| !sign.ends_with(">>")) {
                    text.clear();
                }
                if words[0] == "echo" {
                    text.push_str(&words[1..].join(" "));
                    text.push('\n');
                }
            }
            _ if !target.is_empty() => return known.then_some(course),
            ["sleep", span] => {
                let Some(span) = seconds(span) else { return known.then_some(course) };
                at = at + span;
            }
            ["touch", ..] => files().for_each(|file| make(&mut course, file, at)),
            ["rm", ..] => files().for_each(|file| remove(&mut course, &file, at)),
            ["exit"] => {
                is_whole = true;
                break;
            }
            ["exit", number] => {
                code = number.parse().unwrap_or(2);
                (known, is_whole) = (true, true);
                break;
            }
            ["false"] => code = 1,
            ["true" | ":"] | ["mkdir", ..] | ["set", ..] => code = 0,
            _ => return known.then_some(course),
        }
        known = true;
    }
    course.ends = is_whole.then_some((at, code));
    known.then_some(course)
}

fn make(course: &mut Course, file: String, at: Span) {
    let entry = course.files.entry(file).or_insert((at, None));
    if entry.1.is_some() {
        *entry = (at, None);
    }
}

fn remove(course: &mut Course, file: &str, at: Span) {
    if let Some((_, gone)) = course.files.get_mut(file) {
        *gone = gone.or(Some(at));
    }
}

/// `30`, `5s`, `2m`, `infinity`.
fn seconds(text: &str) -> Option<Span> {
    let (number, unit) = match text.strip_suffix(['s', 'm', 'h', 'd']) {
        Some(number) => (number, &text[number.len()..]),
        None => (text, "s"),
    };
    let factor = match unit {
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => 1,
    };
    Some(Asked::Run.seconds(number.parse::<u64>().ok()?.saturating_mul(factor)))
}

/// When a probe succeeds: from when on, and until when if it does not for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    pub from: Span,
    pub until: Option<Span>,
}

/// When a probe succeeds by what the container does; `None` if that is not known.
pub fn times(container: &Container, probe: &Probe) -> Option<Times> {
    if probe.http_get.is_some() && container.args.first().is_some_and(|word| base(word) == "liveness") {
        // The test image of the official pages is well for ten seconds.
        return Some(Times { from: Span::ZERO, until: Some(Span::seconds(10)) });
    }
    let file = looked_for(probe.exec.as_ref()?)?;
    let course = course(container)?;
    let never = Times { from: Span::ZERO, until: Some(Span::ZERO) };
    Some(course.files.get(&**file).map_or(never, |(from, until)| Times { from: *from, until: *until }))
}

/// The file that a command looks for: `cat FILE`, `ls FILE`, `test -f FILE`.
fn looked_for(exec: &ExecAction) -> Option<&Name> {
    let words: Vec<&str> = exec.command.iter().map(|word| &**word).collect();
    match words[..] {
        ["cat" | "ls" | "/bin/cat" | "/bin/ls", _] | ["test", "-f" | "-e", _] => exec.command.last(),
        _ => None,
    }
}

/// What such a command prints that does not find its file.
pub fn complaint(probe: &Probe) -> String {
    let words = probe.exec.as_ref().map(|exec| &exec.command[..]).unwrap_or_default();
    match words {
        [cat, file] if base(cat) == "cat" => format!("cat: can't open '{file}': No such file or directory"),
        [ls, file] if base(ls) == "ls" => format!("ls: {file}: No such file or directory"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(command: &[&str], args: &[&str]) -> Container {
        let names = |words: &[&str]| words.iter().map(|word| Name::from(*word)).collect();
        Container { command: names(command), args: names(args), ..Container::default() }
    }
    fn cat(file: &str) -> Probe {
        let command = ["cat", file].map(Name::from).to_vec();
        Probe { exec: Some(ExecAction { command }), ..Probe::default() }
    }

    #[test]
    fn a_file_that_comes_and_goes_is_found_meanwhile() {
        let page = container(&[], &["/bin/sh", "-c", "touch /run/healthy; sleep 30; rm -f /run/healthy; sleep 600"]);
        let found = times(&page, &cat("/run/healthy"));
        assert_eq!(found, Some(Times { from: Span::ZERO, until: Some(Span::seconds(30)) }));
        assert_eq!(course(&page).and_then(|course| course.ends), Some((Span::seconds(630), 0)));
        let other = times(&page, &cat("/run/other"));
        assert_eq!(other, Some(Times { from: Span::ZERO, until: Some(Span::ZERO) }));
        let late = container(&["sh", "-c"], &["sleep 20 && touch /ready && sleep infinity"]);
        assert_eq!(times(&late, &cat("/ready")), Some(Times { from: Span::seconds(20), until: None }));
    }

    #[test]
    fn a_script_ends_with_its_code_and_what_is_not_known_runs_on() {
        let ends = |words: &[&str]| course(&container(words, &[])).map(|course| course.ends);
        assert_eq!(ends(&["sh", "-c", "echo hello; sleep 5; exit 3"]), Some(Some((Span::seconds(5), 3))));
        assert_eq!(ends(&["bash", "-ec", "echo a > /f\nsleep 1m"]), Some(Some((Span::seconds(60), 0))));
        assert_eq!(ends(&["sleep", "3600"]), Some(Some((Span::seconds(3_600), 0))));
        assert_eq!(ends(&["/bin/sh", "-c", "touch /a; exec server"]), Some(None));
        assert_eq!(ends(&["sh", "-c", "while true; do sleep 1; done"]), None);
        assert_eq!(ends(&["sh", "-c", "until nslookup db; do sleep 2; done"]), None);
        assert_eq!(ends(&["server", "--flag"]), None);
        assert_eq!(ends(&["sh", "-c", "sleep 99999999999999999999"]), None);
        assert_eq!(ends(&["sh", "-c", ""]), None);
        let page = "echo \"Hello world! I'm going to exit with 0 (success).\" && sleep 90 && exit 0";
        assert_eq!(ends(&["bash", "-c", page]), Some(Some((Span::seconds(90), 0))));
        assert_eq!(ends(&["echo", "Hello; World"]), Some(Some((Span::ZERO, 0))));
        assert_eq!(ends(&["sh", "-c", "echo 'a"]), None);
    }

    #[test]
    fn the_last_words_are_those_of_the_file_or_of_the_log() {
        let words = |script: &str, policy: &str, after: u64, code: i32| {
            let mut container = container(&["/bin/sh", "-c", script], &[]);
            container.termination_message_path = "/dev/termination-log".into();
            container.termination_message_policy = policy.into();
            last_words(&container, Span::seconds(after), code).to_string()
        };
        let page = "sleep 10 && echo Sleep expired > /dev/termination-log";
        assert_eq!(words(page, "File", 10, 0), "Sleep expired\n");
        assert_eq!(words(page, "File", 9, 0), "", "it was ended before");
        assert_eq!(words("echo why; exit 3", "FallbackToLogsOnError", 0, 3), "why\n");
        assert_eq!(words("echo why; exit 3", "File", 0, 3), "");
        assert_eq!(words("echo a >/dev/termination-log; echo b >>/dev/termination-log", "File", 1, 0), "a\nb\n");
    }
}
