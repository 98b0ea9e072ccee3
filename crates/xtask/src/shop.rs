//! Where things are and how a program is run: the ground that every command stands on.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A result whose error is a sentence for the person at the keyboard, with the command that would help.
pub type Outcome<T = ()> = Result<T, String>;

/// The repository, and the cargo that started this program.
pub struct Shop {
    pub root: PathBuf,
    cargo: OsString,
    target: PathBuf,
}

/// What a program needs to find beside the inherited environment.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// Searched before the inherited PATH, first one first.
    pub paths: Vec<PathBuf>,
    pub variables: Vec<(String, OsString)>,
}

impl Setting {
    pub fn with_path(mut self, folder: impl Into<PathBuf>) -> Self {
        self.paths.push(folder.into());
        self
    }

    pub fn with(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    pub fn and(mut self, other: Self) -> Self {
        self.paths.extend(other.paths);
        self.variables.extend(other.variables);
        self
    }

    pub fn apply(&self, command: &mut Command) {
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        if self.paths.is_empty() {
            return;
        }
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let all = self.paths.iter().cloned().chain(std::env::split_paths(&inherited));
        if let Ok(joined) = std::env::join_paths(all) {
            command.env("PATH", joined);
        }
    }
}

impl Shop {
    pub fn open() -> Outcome<Self> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest
            .ancestors()
            .nth(2)
            .filter(|root| root.join("Cargo.lock").is_file())
            .ok_or("the repository was not found: run this as `cargo xtask` inside it")?
            .to_owned();
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
        Ok(Self { root, cargo, target })
    }

    pub fn path(&self, inside: &str) -> PathBuf {
        self.root.join(inside)
    }

    /// Where cargo puts what it builds.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// A cargo command in the repository's root.
    pub fn cargo(&self, words: &[&str]) -> Command {
        let mut command = self.program(&self.cargo, words);
        // Output is read through a pipe, which would otherwise turn colours off.
        if std::io::IsTerminal::is_terminal(&std::io::stdout()) {
            command.env("CARGO_TERM_COLOR", "always");
        }
        command
    }

    /// A cargo command with a setting around it, by the setting's own cargo if it brings one.
    pub fn cargo_in(&self, setting: &Setting, words: &[&str]) -> Command {
        let own = setting.variables.iter().find(|(name, _)| name == "CARGO").map(|(_, program)| program.clone());
        let mut command = match own {
            Some(program) => self.program(program, words),
            None => self.cargo(words),
        };
        setting.apply(&mut command);
        command
    }

    /// Any other program in the repository's root.
    pub fn program(&self, name: impl AsRef<OsStr>, words: &[&str]) -> Command {
        let mut command = Command::new(name);
        command.args(words).current_dir(&self.root);
        // One place for all, also where somebody's own configuration of cargo names another.
        command.env("CARGO_TARGET_DIR", &self.target);
        // These describe this program to itself; a build script that reads them would see a different world inside.
        for (name, _) in std::env::vars_os() {
            let own = name.to_str().is_some_and(|name| {
                name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || name == "OUT_DIR"
            });
            if own {
                command.env_remove(name);
            }
        }
        command
    }

    pub fn read(&self, inside: &str) -> Outcome<String> {
        read(&self.path(inside))
    }
}

/// Announces a piece of work and how long it usually takes.
pub fn say(what: &str, usual: &str) {
    if usual.is_empty() { eprintln!("· {what}") } else { eprintln!("· {what} (usually {usual})") }
}

pub fn warn(what: &str) {
    eprintln!("! {what}");
}

/// Runs a program with its output on screen, and fails if it does.
pub fn run(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|error| not_started(command, &error))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` failed ({status})", shown(command))) }
}

/// Goes on as another program, which then gets the signals that are meant for this one. Returns only if that fails.
pub fn become_program(command: &mut Command) -> Outcome {
    #[cfg(unix)]
    {
        let error = std::os::unix::process::CommandExt::exec(command);
        Err(not_started(command, &error))
    }
    #[cfg(not(unix))]
    run(command)
}

/// Runs a program quietly and returns what it printed on standard output.
pub fn capture(command: &mut Command) -> Outcome<String> {
    let output = command.stderr(Stdio::piped()).output().map_err(|error| not_started(command, &error))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let told = String::from_utf8_lossy(&output.stderr);
    Err(format!("`{}` failed ({}):\n{}", shown(command), output.status, told.trim_end()))
}

/// Runs a program with its output on screen, and also returns its standard output and whether it succeeded.
pub fn tee(command: &mut Command) -> Outcome<(bool, String)> {
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| not_started(command, &error))?;
    let mut text = String::new();
    if let Some(pipe) = child.stdout.take() {
        let mut screen = std::io::stdout();
        let mut reader = BufReader::new(pipe);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            // A closed screen (`| head`) is no reason to stop testing.
            let _ = screen.write_all(&line);
            text.push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
        let _ = screen.flush();
    }
    let status = child.wait().map_err(|error| format!("`{}`: {error}", shown(command)))?;
    Ok((status.success(), text))
}

/// Whether a program can be started and says yes.
pub fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// The first of these programs that is on PATH.
pub fn find_program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    names.iter().find_map(|name| {
        std::env::split_paths(&path).map(|folder| folder.join(name)).find(|candidate| candidate.is_file())
    })
}

pub fn read(path: &Path) -> Outcome<String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

pub fn read_bytes(path: &Path) -> Outcome<Vec<u8>> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

pub fn write(path: &Path, text: impl AsRef<[u8]>) -> Outcome {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

pub fn make_folder(path: &Path) -> Outcome {
    std::fs::create_dir_all(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// What is in a folder, without the packages that npm has put there.
pub fn copy_folder(from: &Path, to: &Path) -> Outcome {
    make_folder(to)?;
    for entry in std::fs::read_dir(from).map_err(|error| format!("{}: {error}", from.display()))?.flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            if entry.file_name() != "node_modules" {
                copy_folder(&path, &target)?;
            }
        } else {
            std::fs::copy(&path, &target).map_err(|error| format!("{}: {error}", path.display()))?;
        }
    }
    Ok(())
}

pub fn remove_folder(path: &Path) -> Outcome {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(format!("{}: {error}", path.display())),
        _ => Ok(()),
    }
}

/// How long something took, as a person would say it.
pub fn lasted(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{}.{} s", seconds, time.subsec_millis() / 100),
        10..120 => format!("{seconds} s"),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

/// Runs a piece of work and tells how long it took.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

fn not_started(command: &Command, error: &std::io::Error) -> String {
    format!("`{}` could not be started: {error}", shown(command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_program_is_reported_with_what_it_said() {
        let failed = capture(Command::new("sh").args(["-c", "echo because >&2; exit 3"]));
        assert!(failed.is_err_and(|problem| problem.contains("because") && problem.contains('3')));
    }

    #[test]
    fn tee_returns_output_and_verdict() {
        assert_eq!(tee(Command::new("sh").args(["-c", "echo one; exit 1"])), Ok((false, "one\n".to_owned())));
        assert!(tee(&mut Command::new("no-such-program-anywhere")).is_err());
    }

    #[test]
    fn a_setting_goes_before_the_inherited_path() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo $PATH $PETRI_TRIAL"]);
        Setting::default().with_path("/first").with_path("/second").with("PETRI_TRIAL", "yes").apply(&mut command);
        let text = capture(&mut command).expect("sh can print its PATH");
        assert!(text.starts_with("/first:/second:"), "{text}");
        assert!(text.ends_with("yes\n"), "{text}");
    }

    #[test]
    fn durations_read_naturally() {
        assert_eq!(lasted(Duration::from_millis(1234)), "1.2 s");
        assert_eq!(lasted(Duration::from_secs(75)), "75 s");
        assert_eq!(lasted(Duration::from_secs(150)), "2 min 30 s");
    }
}
