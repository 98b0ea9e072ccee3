//! Exec and attach: programs that somebody starts in a container, and the one that runs there.

use super::channels::{Channels, Heard, STDERR, STDIN, STDOUT};
use super::door::{Door, Target, dialed, runs};
use crate::ask::LARGEST_BODY;
use crate::status::Failure;
use petri_console::remote::{self, Ran, Shell};
use petri_objects::Object;
use petri_sim::words::command::Command;
use std::time::Duration;
use tokio::time::timeout;

/// How long a client that cannot say that its input has ended may be silent.
const SILENCE: Duration = Duration::from_millis(300);

pub async fn serve(part: &str, channels: Channels, target: &Target, door: &Door) {
    if let Some((ip, problem)) = door.run(|run| dialed(run, target)) {
        let address = target.address(&ip, part);
        let words = format!("error sending request: Post \"{address}\": {problem}");
        return channels.failed(&Failure::internal(&words)).await;
    }
    if !door.run(|run| runs(run, &target.pod, &target.container)) {
        let words = format!("unable to upgrade connection: container not found (\"{}\")", target.container);
        return channels.failed(&Failure::internal(&words)).await;
    }
    match part {
        "exec" => exec(channels, target, &target.words, door).await,
        _ => attach(channels, target, door).await,
    }
}

/// Runs a program to its end.
async fn exec(mut channels: Channels, target: &Target, words: &[String], door: &Door) {
    let code = program(&mut channels, target, words, door).await;
    if let Some(code) = code {
        channels.exited(code).await;
    }
}

/// The code with which a program ends; `None` if its client has gone before.
async fn program(channels: &mut Channels, target: &Target, words: &[String], door: &Door) -> Option<i32> {
    if target.stdin
        && target.tty
        && let Some(shell) = door.run(|run| Shell::open(&target.pod, &target.container, words, run))
    {
        return typed(channels, shell, door).await;
    }
    let input = match target.stdin && !target.tty && remote::reads(words) {
        true => match given(channels).await? {
            Some(input) => Some(input),
            None => {
                let words = format!("petri: a program reads at most {LARGEST_BODY} bytes here\n");
                return channels.say(STDERR, words.as_bytes()).await.then_some(1);
            }
        },
        false => None,
    };
    let ran = door.run(|run| {
        let salt = run.world().events;
        remote::exec(&target.pod, &target.container, words, input.as_deref(), salt, run)
    });
    told(channels, &ran, target.tty, door).await.then_some(ran.code)
}

/// Tells what a program has said, when it has. `false` if nobody hears it any more.
async fn told(channels: &mut Channels, ran: &Ran, tty: bool, door: &Door) -> bool {
    let shown = |text: &str| if tty { text.replace('\n', "\r\n") } else { text.to_owned() };
    let said = channels.say(if tty { STDOUT } else { STDERR }, shown(&ran.stderr).as_bytes()).await;
    if let Some(until) = ran.until {
        door.wait(until).await;
    }
    said && channels.say(STDOUT, shown(&ran.stdout).as_bytes()).await
}

/// All of what a client gives; `None` if it has gone, and nothing if it gives more than is kept.
async fn given(channels: &mut Channels) -> Option<Option<String>> {
    let mut bytes = Vec::new();
    loop {
        let heard = match channels.closable {
            true => channels.hear().await,
            false => timeout(SILENCE, channels.hear()).await.unwrap_or(Heard::Closed(STDIN)),
        };
        match heard {
            Heard::Data(STDIN, more) if bytes.len() + more.len() > LARGEST_BODY => return Some(None),
            Heard::Data(STDIN, more) => bytes.extend_from_slice(&more),
            Heard::Data(..) => {}
            Heard::Closed(STDIN) => return Some(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Heard::Closed(_) => {}
            Heard::Gone => return None,
        }
    }
}

/// A shell that somebody types into, at a terminal.
async fn typed(channels: &mut Channels, mut shell: Shell, door: &Door) -> Option<i32> {
    let (mut line, mut code) = (String::new(), 0);
    channels.say(STDOUT, shell.prompt().as_bytes()).await;
    loop {
        let text = match channels.hear().await {
            Heard::Data(STDIN, bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Heard::Closed(STDIN) => return Some(code),
            Heard::Gone => return None,
            // The size of a window, for one.
            Heard::Data(..) | Heard::Closed(_) => continue,
        };
        for c in text.chars() {
            match c {
                '\r' | '\n' => {
                    channels.say(STDOUT, b"\r\n").await;
                    let said = std::mem::take(&mut line);
                    if shell.is_left_by(&said) {
                        let last = said.split_whitespace().nth(1).and_then(|word| word.parse().ok());
                        return Some(last.unwrap_or(code));
                    }
                    if !said.trim().is_empty() {
                        let (ran, open) = door.run(|run| shell.line(&said, run));
                        code = ran.code;
                        told(channels, &ran, true, door).await;
                        if !open {
                            return Some(137);
                        }
                    }
                    channels.say(STDOUT, shell.prompt().as_bytes()).await;
                }
                '\u{7f}' | '\u{8}' if line.pop().is_some() => {
                    channels.say(STDOUT, b"\x08 \x08").await;
                }
                '\u{3}' => {
                    line.clear();
                    channels.say(STDOUT, format!("^C\r\n{}", shell.prompt()).as_bytes()).await;
                }
                '\u{4}' if line.is_empty() => return Some(code),
                c if c.is_control() => {}
                c if line.len() < LARGEST_BODY => {
                    line.push(c);
                    channels.say(STDOUT, c.encode_utf8(&mut [0; 4]).as_bytes()).await;
                }
                _ => {}
            }
        }
    }
}

/// The container's own process: one that reads does now what it was started for, and ends with it; of another one there is
/// nothing to be heard until it ends.
async fn attach(mut channels: Channels, target: &Target, door: &Door) {
    let words = door.run(|run| {
        let Some(Object::Pod(pod)) = run.objects().get(&target.pod) else { return None };
        let own = pod.spec.containers.iter().find(|own| *own.name == *target.container)?;
        let reads = own.stdin;
        let words = own.command.iter().chain(&own.args).map(|word| word.to_string()).collect::<Vec<_>>();
        reads.then_some(words)
    });
    let Some(words) = words.filter(|_| target.stdin || target.stdout) else {
        return listen(channels, target, door).await;
    };
    let words = if words.is_empty() { vec!["sh".to_owned()] } else { words };
    let Some(code) = program(&mut channels, target, &words, door).await else { return };
    door.run(|run| {
        let (pod, container) = (target.pod.clone(), target.container.as_str().into());
        // It may have ended in the meantime.
        let _ = run.timeline.command(Command::Exec { pod, container, files: Vec::new(), exit_code: Some(code) });
    });
    channels.exited(0).await;
}

async fn listen(mut channels: Channels, target: &Target, door: &Door) {
    loop {
        if !door.run(|run| runs(run, &target.pod, &target.container)) {
            return channels.exited(0).await;
        }
        tokio::select! {
            heard = channels.hear() => if heard == Heard::Gone { return },
            () = door.pause() => {}
        }
    }
}
