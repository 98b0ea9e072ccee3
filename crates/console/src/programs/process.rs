//! Programs about the container itself: its name, its environment, its processes.

use super::environment::environment;
use super::facts::{command_of, groups, host_name, user};
use super::given;
use super::inside::Container;
use super::system::{Ran, System};

pub(super) fn run(name: &str, words: &[&str], own: &mut Container<'_>) -> Ran {
    match name {
        "hostname" => host(words, own),
        "env" | "printenv" => variables(name, words, own),
        "whoami" => Ran::text(format!(
            "{}\n",
            if user(&own.inside) == 0 { "root".into() } else { user(&own.inside).to_string() }
        )),
        "id" => {
            let named = |id: &i64| if *id == 0 { "0(root)".to_owned() } else { id.to_string() };
            let (user, all) = (user(&own.inside), groups(&own.inside));
            match words {
                ["-g"] => Ran::text(format!("{}\n", all[0])),
                ["-G"] => Ran::text(all.iter().map(i64::to_string).collect::<Vec<_>>().join(" ") + "\n"),
                ["-u"] => Ran::text(format!("{user}\n")),
                ["-un"] => Ran::text(format!("{}\n", if user == 0 { "root".into() } else { user.to_string() })),
                _ => {
                    let (user, group) = (named(&user), named(&all[0]));
                    let mut sorted = all;
                    sorted.sort_unstable();
                    let all: Vec<String> = sorted.iter().map(named).collect();
                    Ran::text(format!("uid={user} gid={group} groups={}\n", all.join(",")))
                }
            }
        }
        "uname" => match words {
            ["-n"] => Ran::text(format!("{}\n", host_name(&own.inside))),
            ["-r"] => Ran::text("6.12.0\n"),
            ["-a"] => Ran::text(format!("Linux {} 6.12.0 #1 SMP x86_64 GNU/Linux\n", host_name(&own.inside))),
            _ => Ran::text("Linux\n"),
        },
        "ps" | "top" => Ran::text(processes(name, words, own)),
        "pgrep" => {
            let process = command_of(&own.inside).join(" ");
            let found = words.iter().any(|word| !word.starts_with('-') && process.contains(word));
            if found { Ran::text("1\n") } else { Ran::code(1) }
        }
        "kill" | "pkill" | "killall" => kill(name, words, own),
        "nproc" => Ran::text("2\n"),
        "uptime" => {
            let since = own.now().since(own.inside.machine.power_since);
            Ran::text(format!(" up {} min,  load average: 0.00, 0.00, 0.00\n", since.as_seconds() / 60))
        }
        "nginx" if words.contains(&"-v") => Ran { stderr: "nginx version: nginx/1.27.0\n".into(), ..Ran::default() },
        "nginx" if words.contains(&"-t") => Ran {
            stderr: "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\nnginx: configuration file \
                     /etc/nginx/nginx.conf test is successful\n"
                .into(),
            ..Ran::default()
        },
        "apt-get" | "apt" | "apk" | "yum" => Ran::failed(
            100,
            format!("{name}: nothing is fetched into a simulated container; the usual programs are there already"),
        ),
        _ => Ran::failed(1, format!("{name}: nothing of it is simulated here")),
    }
}

fn host(words: &[&str], own: &Container<'_>) -> Ran {
    let short = host_name(&own.inside).to_string();
    match words {
        [] | ["-s"] => Ran::text(short + "\n"),
        ["-f" | "--fqdn"] => Ran::text(given::full_name(&own.inside).unwrap_or(short) + "\n"),
        ["-i" | "-I"] => Ran::text(format!("{}\n", own.inside.process.ip)),
        ["-d"] => {
            let full = given::full_name(&own.inside).unwrap_or_default();
            Ran::text(format!("{}\n", full.split_once('.').map_or("", |(_, domain)| domain)))
        }
        [name, ..] if name.starts_with('-') => Ran::failed(1, format!("hostname: invalid option -- '{name}'")),
        _ => Ran::failed(1, "hostname: you must be root to change the host name"),
    }
}

fn variables(name: &str, words: &[&str], own: &mut Container<'_>) -> Ran {
    if name == "printenv" && !words.is_empty() {
        let found: String =
            words.iter().filter_map(|word| own.variables.get(word)).map(|value| format!("{value}\n")).collect();
        return Ran { code: i32::from(found.is_empty()), ..Ran::text(found) };
    }
    // `env NAME=VALUE COMMAND`.
    let assigned = words.iter().take_while(|word| word.contains('=')).count();
    for word in &words[..assigned] {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        if let Err(problem) = own.variables.set(name, value.into()) {
            return Ran::failed(1, problem);
        }
    }
    if assigned < words.len() {
        let rest: Vec<String> = words[assigned..].iter().map(|word| (*word).to_owned()).collect();
        return own.program(&rest, None);
    }
    // In the order in which the runtime gives them; what was set later follows.
    let first = environment(&own.inside, own.world);
    let mut text = String::new();
    for (name, _) in &first {
        if let Some(value) = own.variables.get(name) {
            text.push_str(&format!("{name}={value}\n"));
        }
    }
    for (name, value) in own.variables.iter().filter(|(name, _)| !first.iter().any(|(known, _)| known == *name)) {
        text.push_str(&format!("{name}={value}\n"));
    }
    Ran::text(text)
}

/// Those of the container: its own, and the one that asks. Nothing here takes time of a processor.
fn processes(name: &str, words: &[&str], own: &Container<'_>) -> String {
    let who = if user(&own.inside) == 0 { "root".to_owned() } else { user(&own.inside).to_string() };
    let clock = |seconds: u64| format!("{:02}:{:02}", seconds / 3_600 % 24, seconds / 60 % 60);
    let (started, now) = (clock(own.inside.process.started.0 / 1_000_000), clock(own.now().0 / 1_000_000));
    let own_line = format!("{name} {}", words.join(" "));
    let rows = [(1, 0, started, command_of(&own.inside).join(" ")), (27, 0, now, own_line.trim().to_owned())];
    let flags: String = words.iter().map(|word| word.trim_start_matches('-')).collect();
    let mut text = String::new();
    if name == "top" {
        text.push_str("CPU:   0% usr   0% sys   0% nic 100% idle   0% io   0% irq   0% sirq\n");
        text.push_str("Load average: 0.00 0.00 0.00 1/2 27\n  PID  PPID USER     STAT   VSZ %VSZ CPU %CPU COMMAND\n");
        for (id, parent, _, command) in &rows {
            let state = if *id == 1 { 'S' } else { 'R' };
            text.push_str(&format!("{id:>5} {parent:>5} {who:<8} {state}     4508   0%   0   0% {command}\n"));
        }
    } else if flags.contains('l') && flags.contains('f') {
        text.push_str("F S UID        PID  PPID  C PRI  NI ADDR SZ WCHAN  STIME TTY          TIME CMD\n");
        for (id, parent, time, command) in &rows {
            let state = if *id == 1 { 'S' } else { 'R' };
            text.push_str(&format!(
                "4 {state} {who:<8} {id:>5} {parent:>5}  0  80   0 - 1127 -      {time} ?        00:00:00 {command}\n"
            ));
        }
    } else if flags.contains('f') || flags.contains('e') {
        text.push_str("UID        PID  PPID  C STIME TTY          TIME CMD\n");
        for (id, parent, time, command) in &rows {
            text.push_str(&format!("{who:<8} {id:>5} {parent:>5}  0 {time} ?        00:00:00 {command}\n"));
        }
    } else if flags.contains('u') {
        text.push_str("USER       PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n");
        for (id, _, time, command) in &rows {
            text.push_str(&format!("{who:<8} {id:>5}  0.0  0.1   4508  1800 ?        Ss   {time}   0:00 {command}\n"));
        }
    } else {
        text.push_str("PID   USER     TIME  COMMAND\n");
        for (id, _, _, command) in &rows {
            text.push_str(&format!("{id:>5} {who:<8}  0:00 {command}\n"));
        }
    }
    text
}

/// Signals that end a process, by name and number.
const SIGNALS: [(&str, i32); 6] = [("HUP", 1), ("INT", 2), ("QUIT", 3), ("KILL", 9), ("TERM", 15), ("USR1", 10)];

fn kill(name: &str, words: &[&str], own: &mut Container<'_>) -> Ran {
    let (mut signal, mut targets) = (15, Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.strip_prefix('-') {
            Some("s") => signal = words.next().and_then(|word| signal_of(word)).unwrap_or(15),
            Some("f" | "x" | "-") if name != "kill" => {}
            Some("l") => return Ran::text("HUP INT QUIT KILL USR1 TERM STOP CONT\n"),
            Some(word) => match signal_of(word) {
                Some(known) => signal = known,
                None => return Ran::failed(1, format!("{name}: unknown signal '{word}'")),
            },
            None => targets.push(*word),
        }
    }
    if targets.is_empty() {
        return Ran::failed(2, format!("usage: {name} [-SIGNAL] {}", if name == "kill" { "PID..." } else { "NAME" }));
    }
    let command = command_of(&own.inside).join(" ");
    let family = own.family.command();
    for target in targets {
        let is_main = match name {
            "kill" => target == "1",
            _ => command.contains(target) || family.contains(target) || own.inside.container.image.contains(target),
        };
        match (name, is_main) {
            (_, true) if signal == 0 => {}
            // The first process of a container ignores signals that it has no handler for, and nobody can kill it from
            // inside with -9; servers handle SIGTERM.
            (_, true) if matches!(signal, 15 | 2 | 3) || name != "kill" => {
                own.exit_code = Some(if name == "kill" && signal == 15 { 0 } else { 128 + signal });
            }
            (_, true) => {}
            ("kill", false) => return Ran::failed(1, format!("sh: can't kill pid {target}: No such process")),
            ("killall", false) => return Ran::failed(1, format!("{target}: no process found")),
            _ => return Ran::code(1),
        }
    }
    Ran::default()
}

fn signal_of(word: &str) -> Option<i32> {
    let word = word.strip_prefix("SIG").unwrap_or(word);
    let named = SIGNALS.iter().find(|(name, _)| *name == word).map(|(_, number)| *number);
    named.or_else(|| word.parse().ok().filter(|number| (0..=64).contains(number)))
}
