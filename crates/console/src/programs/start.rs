//! From a program's name to what it does.

use super::inside::Container;
use super::system::{Ran, System};
use super::{archive, clients, folders, names, network, process, text};

/// Runs a program of a container.
pub(super) fn start(own: &mut Container<'_>, words: &[String], input: Option<String>) -> Ran {
    let Some((name, rest)) = words.split_first() else { return Ran::default() };
    if !own.has(name) {
        let text = match &*own.shell {
            "bash" => format!("bash: line 1: {name}: command not found"),
            shell => format!("{shell}: {name}: not found"),
        };
        return Ran::failed(127, text);
    }
    let base = name.rsplit('/').next().unwrap_or(name);
    let arguments: Vec<&str> = rest.iter().map(String::as_str).collect();
    let mut named: Vec<String> = words.to_vec();
    named[0] = base.to_owned();
    match base {
        "sh" | "bash" | "ash" | "dash" => shell(base, &arguments, input, own),
        "cd" => {
            let to = arguments.first().copied().unwrap_or("/root");
            let path = own.path(to);
            match own.stat(&path) {
                Some(stat) if stat.folder => {
                    own.folder = path;
                    Ran::default()
                }
                Some(_) => Ran::failed(2, format!("{}: cd: can't cd to {to}: Not a directory", own.shell)),
                None => Ran::failed(2, format!("{}: cd: can't cd to {to}: No such file or directory", own.shell)),
            }
        }
        "pwd" => Ran::text(format!("{}\n", own.folder)),
        "eval" => {
            let text = arguments.join(" ");
            {
                let name = own.shell.clone();
                own.script(&text, &name, input)
            }
        }
        "which" | "type" => {
            let found = arguments.iter().filter(|name| own.has(name)).map(|name| format!("/usr/bin/{name}\n"));
            let text: String = found.collect();
            Ran { code: i32::from(text.is_empty()), ..Ran::text(text) }
        }
        _ if names::TEXT.contains(&base) => text::run(&named, input.as_deref(), own).unwrap_or_default(),
        "tar" => archive::run(&arguments, input.as_deref(), own),
        _ if names::FOLDERS.contains(&base) => folders::run(base, &arguments, own),
        _ if names::PROCESS.contains(&base) => process::run(base, &arguments, own),
        _ if names::NETWORK.contains(&base) => network::run(base, &arguments, own),
        _ if names::CLIENTS.contains(&base) => clients::run(base, &arguments, input.as_deref(), own),
        // A file that somebody made and runs.
        _ => {
            let path = own.path(name);
            match System::read(own, &path) {
                Ok(text) => own.script(&text, "sh", input),
                Err(_) => Ran::default(),
            }
        }
    }
}

/// `sh -c '...'`, `bash FILE`.
fn shell(name: &str, words: &[&str], input: Option<String>, own: &mut Container<'_>) -> Ran {
    let mut words = words;
    while let Some((flag, rest)) = words.split_first().filter(|(flag, _)| flag.starts_with('-')) {
        words = rest;
        if flag.contains('c') && !flag.starts_with("--") {
            let Some((text, rest)) = words.split_first() else {
                return Ran::failed(2, format!("{name}: -c requires an argument"));
            };
            let before = std::mem::take(&mut own.variables.words);
            own.variables.words = match rest.is_empty() {
                true => vec![name.to_owned()],
                false => rest.iter().map(|word| (*word).to_owned()).collect(),
            };
            let ran = own.script(text, name, input);
            own.variables.words = before;
            return ran;
        }
    }
    match (words.first(), input) {
        (Some(path), input) => match System::read(own, path) {
            Ok(text) => own.script(&text, name, input),
            Err(fault) => Ran::failed(127, format!("{name}: {path}: {}", fault.as_str())),
        },
        (None, Some(text)) => own.script(&text, name, None),
        (None, None) => Ran::default(),
    }
}
