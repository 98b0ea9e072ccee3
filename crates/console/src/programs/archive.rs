//! `tar`: what `kubectl cp` packs at one end and unpacks at the other. Files and folders, uncompressed; texts alone.
//!
//! Upstream: POSIX `ustar`, and the messages of GNU tar and of busybox.

use super::family::Family;
use super::folders::make_folder;
use super::inside::Container;
use super::system::{Ran, System};
use petri_sim::reality::files::normal;

/// How many bytes a record of an archive has.
const BLOCK: usize = 512;

/// What a line asks for.
#[derive(Default)]
struct Asked {
    creates: bool,
    lists: bool,
    verbose: bool,
    file: String,
    folder: String,
    paths: Vec<String>,
}

impl Asked {
    /// `None` if it does not say what is to be done.
    fn of(words: &[&str]) -> Option<Asked> {
        let mut asked = Asked { file: "-".into(), ..Asked::default() };
        let (mut known, mut rest, mut first) = (false, words.iter(), true);
        while let Some(word) = rest.next() {
            let letters = match word.strip_prefix('-') {
                Some(_) if word.starts_with("--") => continue,
                Some("") => None,
                Some(letters) => Some(letters),
                // The first word needs no dash.
                None => first.then_some(*word),
            };
            first = false;
            let Some(letters) = letters else {
                asked.paths.push((*word).to_owned());
                continue;
            };
            for letter in letters.chars() {
                match letter {
                    'c' => (asked.creates, known) = (true, true),
                    'x' => known = true,
                    't' => (asked.lists, known) = (true, true),
                    'v' => asked.verbose = true,
                    'f' => asked.file = rest.next().map(|word| (*word).to_owned())?,
                    'C' => asked.folder = rest.next().map(|word| (*word).to_owned())?,
                    _ => {}
                }
            }
        }
        known.then_some(asked)
    }
}

pub(super) fn run(words: &[&str], input: Option<&str>, own: &mut Container<'_>) -> Ran {
    let Some(asked) = Asked::of(words) else {
        return Ran::failed(2, "tar: You must specify one of the '-Acdtrux', '--delete' or '--test-label' options");
    };
    if !asked.folder.is_empty() && !own.stat(&own.path(&asked.folder)).is_some_and(|stat| stat.folder) {
        return Ran::failed(2, format!("tar: {}: Cannot open: No such file or directory", asked.folder));
    }
    if asked.creates {
        return pack(&asked, own);
    }
    let text = match asked.file.as_str() {
        "-" => input.unwrap_or_default().to_owned(),
        path => match System::read(own, path) {
            Ok(text) => text,
            Err(fault) => return Ran::failed(2, format!("tar: {path}: Cannot open: {}", fault.as_str())),
        },
    };
    unpack(&asked, &text, own)
}

/// A path as the line means it: below the folder that it names.
fn place(asked: &Asked, path: &str, own: &Container<'_>) -> String {
    match asked.folder.is_empty() || path.starts_with('/') {
        true => own.path(path),
        false => normal(&format!("{}/{path}", own.path(&asked.folder))),
    }
}

fn pack(asked: &Asked, own: &mut Container<'_>) -> Ran {
    let (mut archive, mut ran) = (String::new(), Ran::default());
    if asked.paths.iter().any(|path| path.starts_with('/')) {
        ran.stderr.push_str(match own.family {
            Family::Busybox | Family::Alpine => "tar: removing leading '/' from member names\n",
            _ => "tar: Removing leading `/' from member names\n",
        });
    }
    for path in &asked.paths {
        let root = place(asked, path, own);
        if own.stat(&root).is_none() {
            ran.stderr.push_str(&format!("tar: {path}: Cannot stat: No such file or directory\n"));
            ran.code = 2;
            continue;
        }
        let Ok(mut all) = own.walk(&root) else { continue };
        all.reverse();
        for full in all {
            let below = full.strip_prefix(&root).unwrap_or_default();
            let name = format!("{}{below}", path.trim_end_matches('/')).trim_start_matches('/').to_owned();
            match own.stat(&full) {
                Some(stat) if stat.folder => archive.push_str(&header(&format!("{name}/"), 0, '5', stat.mode)),
                Some(stat) => {
                    let text = own.text(&full).map(|text| text.to_string()).unwrap_or_default();
                    archive.push_str(&header(&name, text.len(), '0', stat.mode));
                    archive.push_str(&text);
                    archive.push_str(&"\0".repeat(text.len().next_multiple_of(BLOCK) - text.len()));
                }
                None => {}
            }
        }
    }
    if ran.code != 0 {
        ran.stderr.push_str("tar: Exiting with failure status due to previous errors\n");
    }
    archive.push_str(&"\0".repeat(2 * BLOCK));
    match asked.file.as_str() {
        "-" => ran.stdout = archive,
        path => {
            if let Err(fault) = System::write(own, path, &archive, false) {
                return Ran::failed(2, format!("tar: {path}: Cannot open: {}", fault.as_str()));
            }
        }
    }
    ran
}

/// The record in front of a file: all of it is ASCII, so a character is a byte.
fn header(name: &str, size: usize, kind: char, mode: u32) -> String {
    let name: String = name.chars().filter(char::is_ascii).take(99).collect();
    let mut text = format!("{name:\0<100}{mode:07o}\0{zero:07o}\0{zero:07o}\0{size:011o}\0{zero:011o}\0", zero = 0);
    text.push_str(&format!("        {kind}{:\0<100}ustar\0{:\0<249}", "", "00"));
    let sum: u32 = text.bytes().map(u32::from).sum();
    text.replace_range(148..156, &format!("{sum:06o}\0 "));
    text
}

fn unpack(asked: &Asked, archive: &str, own: &mut Container<'_>) -> Ran {
    let (bytes, mut at, mut ran) = (archive.as_bytes(), 0, Ran::default());
    while let Some(record) = bytes.get(at..at + BLOCK) {
        at += BLOCK;
        let word = |from: usize, to: usize| {
            let field = record[from..to].split(|byte| *byte == 0).next().unwrap_or_default();
            String::from_utf8_lossy(field).trim().to_owned()
        };
        let name = word(0, 100);
        if name.is_empty() {
            break;
        }
        let Ok(size) = usize::from_str_radix(&word(124, 136), 8) else {
            return Ran::failed(2, "tar: This does not look like a tar archive");
        };
        let Some(body) = at.checked_add(size).and_then(|end| archive.get(at..end)) else {
            return Ran::failed(2, "tar: Unexpected EOF in archive");
        };
        at += size.next_multiple_of(BLOCK);
        if asked.lists || asked.verbose {
            ran.stdout.push_str(&format!("{name}\n"));
        }
        if asked.lists {
            continue;
        }
        let path = place(asked, name.trim_start_matches('/'), own);
        let done = match record[156] {
            b'5' => make_folder(own, &path, true),
            b'0' | 0 => {
                let folder =
                    path.rsplit_once('/').map_or("/", |(folder, _)| if folder.is_empty() { "/" } else { folder });
                let mode = u32::from_str_radix(&word(100, 108), 8).unwrap_or(0o644) & 0o7777;
                make_folder(own, folder, true).and_then(|()| own.put(&path, body, mode))
            }
            _ => Ok(()),
        };
        if let Err(fault) = done {
            ran.stderr.push_str(&format!("tar: {name}: Cannot open: {}\n", fault.as_str()));
            ran.code = 2;
        }
    }
    ran
}
