//! Programs about files and folders, and about what is mounted where.

use super::inside::{Container, Stat};
use super::system::{Ran, System};
use petri_sim::reality::files::{Fault, FileChange, FileKind, LARGEST_FILE, Place, normal};
use std::collections::BTreeSet;

/// Flags and words.
fn parted<'a>(words: &[&'a str]) -> (String, Vec<&'a str>) {
    let flags = words.iter().filter(|word| word.starts_with('-') && word.len() > 1);
    let flags = flags.map(|word| word.trim_start_matches('-')).collect::<Vec<_>>().join("");
    (flags, words.iter().filter(|word| !word.starts_with('-') || word.len() == 1).copied().collect())
}

pub(super) fn run(name: &str, words: &[&str], own: &mut Container<'_>) -> Ran {
    let (flags, paths) = parted(words);
    match name {
        "ls" => list(&flags, &paths, own),
        "df" => disks(&flags, &paths, own),
        "mount" => Ran::text(mounts(own)),
        "du" => each(name, if paths.is_empty() { &["."] } else { &paths }, own, |own, path, out| {
            let mut bytes = 0;
            for path in own.walk(path)? {
                bytes += own.stat(&path).map_or(0, |stat| stat.size);
            }
            out.push_str(&format!("{}\t{path}\n", bytes.div_ceil(1024)));
            Ok(())
        }),
        "find" | "tree" => find(words, own),
        "stat" => each(name, &paths, own, |own, path, out| {
            let stat = own.stat(path).ok_or(Fault::Missing)?;
            let kind = if stat.folder { "directory" } else { "regular file" };
            out.push_str(&format!(
                "  File: {path}\n  Size: {:<10}\t{kind}\nAccess: ({:04o}/{})\n",
                stat.size,
                stat.mode,
                letters(&stat)
            ));
            Ok(())
        }),
        "rm" | "rmdir" => remove(name, &flags, &paths, own),
        "mkdir" => each(name, &paths, own, |own, path, _| make_folder(own, path, flags.contains('p'))),
        "touch" => each(name, &paths, own, |own, path, _| match own.stat(path) {
            Some(_) => Ok(()),
            None => own.put(path, "", 0o644),
        }),
        "chmod" => match paths.split_first() {
            Some((mode, paths)) if !paths.is_empty() => {
                let mode = *mode;
                each(name, paths, own, |own, path, _| change_mode(own, path, mode))
            }
            _ => Ran::failed(1, "chmod: missing operand"),
        },
        // Deviation: files have no owners here.
        "chown" | "sync" | "ln" => Ran::default(),
        "readlink" => Ran::text(paths.iter().map(|path| format!("{}\n", own.path(path))).collect::<String>()),
        "mv" | "cp" => carry(name, &flags, &paths, own),
        "truncate" => match (words.iter().position(|word| *word == "-s"), paths.last()) {
            (Some(at), Some(path)) => fill(own, path, words.get(at + 1).copied().unwrap_or("0"), "1"),
            _ => Ran::failed(1, "truncate: you must specify '--size'"),
        },
        _ => {
            let value = |key: &str| words.iter().find_map(|word| word.strip_prefix(key));
            match value("of=") {
                Some(path) => fill(own, path, value("bs=").unwrap_or("512"), value("count=").unwrap_or("1000000")),
                None => Ran::failed(1, "dd: of= is missing"),
            }
        }
    }
}

/// The same for each path; what goes wrong is said as the C library says it.
fn each(
    name: &str,
    paths: &[&str],
    own: &mut Container<'_>,
    mut act: impl FnMut(&mut Container<'_>, &str, &mut String) -> Result<(), Fault>,
) -> Ran {
    if paths.is_empty() {
        return Ran::failed(1, format!("{name}: missing operand"));
    }
    let mut ran = Ran::default();
    for path in paths {
        let full = own.path(path);
        if let Err(fault) = act(own, &full, &mut ran.stdout) {
            let doing = match name {
                "mkdir" => format!("cannot create directory '{path}'"),
                "touch" => format!("cannot touch '{path}'"),
                "chmod" => format!("cannot access '{path}'"),
                "stat" | "du" => format!("cannot access '{path}'"),
                _ => (*path).to_owned(),
            };
            ran.stderr.push_str(&format!("{name}: {doing}: {}\n", fault.as_str()));
            ran.code = 1;
        }
    }
    ran
}

/// `-rw-r--r--`.
fn letters(stat: &Stat) -> String {
    let mut text = String::from(if stat.folder { "d" } else { "-" });
    for shift in [6, 3, 0] {
        let bits = stat.mode >> shift & 7;
        for (bit, letter) in [(4, 'r'), (2, 'w'), (1, 'x')] {
            text.push(if bits & bit > 0 { letter } else { '-' });
        }
    }
    text
}

/// Who owns what is at a path: the kubelet gives volumes to the group of the pod, and what was written belongs to the user
/// of the container.
fn owners(own: &Container<'_>, path: &str) -> (String, String) {
    let named = |id: i64| if id == 0 { "root".to_owned() } else { id.to_string() };
    let is_shared = own.is_shared(path);
    let user = if own.is_written(path) { named(super::facts::user(&own.inside)) } else { named(0) };
    let group = if is_shared || own.is_in_shared(path) { super::facts::shared_group(&own.inside) } else { None };
    (user, named(group.unwrap_or(0)))
}

fn list(flags: &str, paths: &[&str], own: &Container<'_>) -> Ran {
    let paths = if paths.is_empty() { &["."] } else { paths };
    let mut ran = Ran::default();
    let line = |path: &str, name: &str, ran: &mut Ran| {
        let Some(stat) = own.stat(path) else { return };
        if !flags.contains('l') {
            ran.stdout.push_str(&format!("{name}\n"));
            return;
        }
        let text = petri_sim::ground::clock::Time::rfc3339(own.inside.process.started);
        let time = text.get(11..16).unwrap_or_default();
        let month = text.get(5..7).and_then(|month| month.parse::<usize>().ok()).unwrap_or(1);
        const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let (user, group) = owners(own, path);
        let shared = own.is_shared(path) && stat.folder;
        ran.stdout.push_str(&format!(
            "{} {} {user} {group} {:>5} {} {:>2} {time} {name}\n",
            // The kubelet lets the group of the pod write what it mounts, and hands it down.
            if shared { "drwxrwsrwx".to_owned() } else { letters(&stat) },
            if stat.folder { 2 } else { 1 },
            stat.size,
            MONTHS[(month.clamp(1, 12)) - 1],
            text.get(8..10).unwrap_or_default().trim_start_matches('0'),
        ));
    };
    for path in paths {
        let full = own.path(path);
        match own.stat(&full) {
            None => {
                ran.stderr.push_str(&format!("ls: cannot access '{path}': No such file or directory\n"));
                ran.code = 2;
            }
            Some(stat) if stat.folder && !flags.contains('d') => {
                if paths.len() > 1 {
                    ran.stdout.push_str(&format!("{path}:\n"));
                }
                let names: BTreeSet<String> = own.names_below(&full);
                if flags.contains('l') {
                    ran.stdout.push_str(&format!("total {}\n", names.len() * 4));
                }
                if flags.contains('a') {
                    line(&full, ".", &mut ran);
                    line("/", "..", &mut ran);
                }
                for name in names.iter().filter(|name| flags.contains(['a', 'A']) || !name.starts_with('.')) {
                    line(&normal(&format!("{full}/{name}")), name, &mut ran);
                }
            }
            Some(_) => line(&full, path, &mut ran),
        }
    }
    ran
}

fn remove(name: &str, flags: &str, paths: &[&str], own: &mut Container<'_>) -> Ran {
    if paths.is_empty() {
        return if flags.contains('f') { Ran::default() } else { Ran::failed(1, format!("{name}: missing operand")) };
    }
    let mut ran = Ran::default();
    for path in paths {
        let full = own.path(path);
        let problem = match own.stat(&full) {
            None if flags.contains('f') => None,
            None => Some("No such file or directory".to_owned()),
            Some(stat) if stat.folder && name == "rm" && !flags.contains(['r', 'R']) => {
                Some("Is a directory".to_owned())
            }
            Some(_) if own.spot(&full).path.is_empty() || full == "/" => Some("Device or resource busy".to_owned()),
            Some(_) if name == "rmdir" && !own.names_below(&full).is_empty() => Some("Directory not empty".to_owned()),
            Some(_) => {
                let removed = own.walk(&full).and_then(|all| all.iter().try_for_each(|path| own.take(path)));
                removed.err().map(|fault| fault.as_str().to_owned())
            }
        };
        if let Some(problem) = problem {
            ran.stderr.push_str(&format!("{name}: cannot remove '{path}': {problem}\n"));
            ran.code = 1;
        }
    }
    ran
}

fn folder(path: &str, mode: u32) -> FileChange {
    FileChange { path: path.into(), what: FileKind::Folder, text: "".into(), mode }
}

pub(super) fn make_folder(own: &mut Container<'_>, path: &str, with_parents: bool) -> Result<(), Fault> {
    match own.stat(path) {
        Some(stat) if stat.folder && with_parents => return Ok(()),
        Some(_) => return Err(Fault::Exists),
        None => {}
    }
    let mut parents: Vec<&str> = path.match_indices('/').skip(1).map(|(at, _)| &path[..at]).collect();
    parents.push(path);
    for parent in parents {
        match own.stat(parent) {
            Some(stat) if stat.folder => {}
            Some(_) => return Err(Fault::NoFolder),
            None if parent != path && !with_parents => return Err(Fault::Missing),
            None => own.change(folder(parent, 0))?,
        }
    }
    Ok(())
}

/// `755`, `u+x`, `a-w`.
fn change_mode(own: &mut Container<'_>, path: &str, words: &str) -> Result<(), Fault> {
    let stat = own.stat(path).ok_or(Fault::Missing)?;
    let mode = match u32::from_str_radix(words, 8) {
        Ok(mode) => mode & 0o7777,
        Err(_) => {
            let Some(at) = words.find(['+', '-', '=']) else { return Err(Fault::Missing) };
            let (who, rest) = words.split_at(at);
            let bits = rest[1..].chars().fold(0, |bits, c| {
                bits | match c {
                    'r' => 4,
                    'w' => 2,
                    'x' | 'X' => 1,
                    _ => 0,
                }
            });
            let all = who.is_empty() || who.contains('a');
            let shifts = [('u', 6), ('g', 3), ('o', 0)].into_iter().filter(|(c, _)| all || who.contains(*c));
            let mask = shifts.fold(0, |mask, (_, shift)| mask | bits << shift);
            if rest.starts_with('-') { stat.mode & !mask } else { stat.mode | mask }
        }
    };
    if stat.folder {
        return own.change(folder(path, mode));
    }
    let text = own.text(path)?;
    // A file of mode 0 has the usual one in a recording.
    own.put(path, &text, mode.max(1))
}

fn carry(name: &str, flags: &str, paths: &[&str], own: &mut Container<'_>) -> Ran {
    let Some((to, from)) = paths.split_last().filter(|(_, from)| !from.is_empty()) else {
        return Ran::failed(1, format!("{name}: missing file operand"));
    };
    let target = own.path(to);
    let into = own.stat(&target).is_some_and(|stat| stat.folder);
    for path in from {
        let source = own.path(path);
        let Some(stat) = own.stat(&source) else {
            return Ran::failed(1, format!("{name}: cannot stat '{path}': No such file or directory"));
        };
        if stat.folder && name == "cp" && !flags.contains(['r', 'R', 'a']) {
            return Ran::failed(1, format!("cp: -r not specified; omitting directory '{path}'"));
        }
        let base = source.rsplit('/').next().unwrap_or_default();
        let end = if into { normal(&format!("{target}/{base}")) } else { target.clone() };
        if end == source || end.starts_with(&format!("{source}/")) {
            return Ran::failed(1, format!("{name}: '{path}' and '{to}' are the same file"));
        }
        let carried = own.walk(&source).and_then(|all| {
            for path in all.iter().rev() {
                let place = format!("{end}{}", &path[source.len()..]);
                let Some(stat) = own.stat(path) else { continue };
                if stat.folder {
                    make_folder(own, &place, true)?;
                } else {
                    let text = own.text(path)?;
                    own.put(&place, &text, stat.mode)?;
                }
            }
            if name == "mv" { all.iter().try_for_each(|path| own.take(path)) } else { Ok(()) }
        });
        if let Err(fault) = carried {
            return Ran::failed(1, format!("{name}: cannot create '{to}': {}", fault.as_str()));
        }
    }
    Ran::default()
}

/// A file of so many bytes, as `dd` and `truncate` make one.
fn fill(own: &mut Container<'_>, path: &str, size: &str, count: &str) -> Ran {
    let number = |text: &str| {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = match &text[digits.len()..] {
            "" | "c" => 1,
            "k" | "K" | "kB" | "KB" => 1 << 10,
            "M" | "MB" => 1 << 20,
            "G" | "GB" => 1 << 30,
            _ => 0,
        };
        digits.parse::<u64>().unwrap_or(0).saturating_mul(unit)
    };
    let bytes = number(size).saturating_mul(number(count));
    let fits = usize::try_from(bytes).ok().filter(|bytes| *bytes <= LARGEST_FILE);
    let written = fits.ok_or(Fault::NoSpace).and_then(|bytes| System::write(own, path, &"0".repeat(bytes), false));
    match written {
        Ok(()) => Ran { stderr: format!("{bytes} bytes copied\n"), ..Ran::default() },
        Err(fault) => Ran::failed(1, format!("dd: error writing '{path}': {}", fault.as_str())),
    }
}

fn find(words: &[&str], own: &Container<'_>) -> Ran {
    let start = words.first().filter(|word| !word.starts_with('-')).unwrap_or(&".");
    let value = |flag: &str| words.iter().position(|word| *word == flag).and_then(|at| words.get(at + 1));
    let full = own.path(start);
    if own.stat(&full).is_none() {
        return Ran::failed(1, format!("find: '{start}': No such file or directory"));
    }
    let Ok(mut all) = own.walk(&full) else { return Ran::failed(1, "find: there are too many files") };
    all.sort();
    let mut text = String::new();
    for path in all {
        let name = path.rsplit('/').next().unwrap_or_default();
        let is_folder = own.stat(&path).is_some_and(|stat| stat.folder);
        let named = value("-name").is_none_or(|pattern| crate::shell::is_like(name, pattern));
        let typed = value("-type").is_none_or(|kind| is_folder == (*kind == "d"));
        if named && typed {
            let shown =
                path.strip_prefix(&full).map_or(path.clone(), |rest| format!("{}{rest}", start.trim_end_matches('/')));
            text.push_str(&format!("{}\n", if shown.is_empty() { "/" } else { &shown }));
        }
    }
    Ran::text(text)
}

/// What stands behind each mount, as the kernel names it.
fn sources(own: &Container<'_>) -> Vec<(String, String, bool)> {
    let mut all = vec![("overlay".to_owned(), "/".to_owned(), false)];
    for mount in &own.inside.container.volume_mounts {
        let at = normal(&mount.mount_path);
        let spot = own.spot(&at);
        let source = match &spot.place {
            Place::Disk(name) => format!("/dev/disk/by-id/{name}"),
            Place::Volume(name) => name.to_string(),
            Place::Given { .. } => "tmpfs".into(),
            _ => "/dev/vda1".into(),
        };
        all.push((source, at, own.world.is_read_only(&spot)));
    }
    all
}

fn mounts(own: &Container<'_>) -> String {
    let lines = sources(own).into_iter().map(|(source, at, read_only)| {
        let kind = if source == "overlay" || source == "tmpfs" { source.as_str() } else { "ext4" };
        format!("{source} on {at} type {kind} ({},relatime)\n", if read_only { "ro" } else { "rw" })
    });
    lines.collect()
}

fn disks(flags: &str, paths: &[&str], own: &Container<'_>) -> Ran {
    let wanted: Vec<String> = paths.iter().map(|path| own.spot(&own.path(path)).mount).collect();
    let human = flags.contains('h');
    let size = |kilobytes: u64| match (human, kilobytes) {
        (false, n) => n.to_string(),
        (true, n) if n >= 1 << 20 => format!("{}.{}G", n >> 20, ((n * 10) >> 20) % 10),
        (true, n) if n >= 1 << 10 => format!("{}M", n >> 10),
        (true, n) => format!("{n}K"),
    };
    let mut text =
        format!("Filesystem\t{}\tUsed\tAvailable\tUse%\tMounted on\n", if human { "Size" } else { "1K-blocks" });
    for (source, at, _) in sources(own) {
        if !wanted.is_empty() && !wanted.contains(&at) {
            continue;
        }
        let spot = own.spot(&at);
        let used = own.world.tree(&spot.place).map_or(0, |tree| tree.bytes()).div_ceil(1024);
        // The machine's own disk stands behind what is no disk of its own.
        let total = if matches!(spot.place, Place::Disk(_)) { spot.capacity / 1024 } else { 64 << 20 };
        let left = total.saturating_sub(used);
        let percent = (used * 100).checked_div(total).unwrap_or(0);
        text.push_str(&format!("{source}\t{}\t{}\t{}\t{percent}%\t{at}\n", size(total), size(used), size(left)));
    }
    Ran::text(crate::columns::DESCRIBE.align(&text))
}
