//! Who reads the lines that a person types on after a command has opened a container: a shell, or the client of a database.

use crate::limits::LONGEST_LINE;

/// A program that reads line after line until one leaves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interpreter {
    /// How it was started.
    words: Vec<String>,
    takes: Takes,
    /// The lines of a statement that does not end yet.
    begun: String,
    /// The database that statements are about.
    pub database: Option<String>,
}

/// What is done with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    /// A shell runs it.
    Script,
    /// Its words are a command.
    Words,
    /// Lines up to the next semicolon are a statement of SQL.
    Statements,
}

/// What carries out what was typed.
pub(crate) enum Typed {
    Script(String),
    Program(Vec<String>, Option<String>),
    /// The statement goes on.
    More,
}

const SHELLS: [&str; 3] = ["sh", "bash", "ash"];

impl Interpreter {
    /// What a command starts at a terminal, if it reads lines there: nothing at all starts a shell.
    pub fn of(command: &[String]) -> Option<Interpreter> {
        let usual = ["sh".to_owned()];
        let words = if command.is_empty() { &usual[..] } else { command };
        let (name, rest) = (base(&words[0]), &words[1..]);
        let is_flag = |word: &String| word.starts_with('-');
        let asks = |word: &String| word == "--help" || word == "--version";
        let plain = || positional(name, rest).next().is_none() && !rest.iter().any(asks);
        let takes = match name {
            // `sh -c` runs what it is given.
            name if SHELLS.contains(&name) => {
                (rest.iter().all(|word| is_flag(word) && !word.contains('c'))).then_some(Takes::Script)
            }
            "redis-cli" | "zkCli.sh" => plain().then_some(Takes::Words),
            "mysql" | "psql" => reads_terminal(name, rest).then_some(Takes::Statements),
            _ => None,
        };
        let takes = takes?;
        let database = (takes == Takes::Statements).then(|| database(name, rest)).flatten().map(str::to_owned);
        Some(Interpreter { words: words.to_vec(), takes, begun: String::new(), database })
    }

    pub fn name(&self) -> &str {
        base(&self.words[0])
    }
    /// Whether it is a client, which knows nothing of a shell.
    pub fn is_client(&self) -> bool {
        self.takes != Takes::Script
    }
    /// A command that fails as the start of this would.
    pub fn probe(&self) -> Vec<String> {
        let end: &[&str] = match (self.takes, self.name()) {
            (Takes::Script, _) => return vec![self.words[0].clone(), "-c".into(), ":".into()],
            (Takes::Statements, "mysql") => &["-e", ""],
            (Takes::Statements, _) => &["-c", ""],
            (Takes::Words, "redis-cli") => &["PING"],
            (Takes::Words, _) => &[],
        };
        self.words.iter().cloned().chain(end.iter().map(|word| (*word).to_owned())).collect()
    }
    /// Whether a line leaves it.
    pub fn is_left_by(&self, line: &str) -> bool {
        let first = line.split_whitespace().next().unwrap_or_default();
        let word = first.trim_end_matches(';').to_lowercase();
        match self.takes {
            Takes::Script => matches!(first, "exit" | "logout"),
            Takes::Words => matches!(&*word, "exit" | "quit"),
            Takes::Statements => matches!(&*word, "exit" | "quit" | "\\q"),
        }
    }
    /// What stands before the next line of a client.
    pub fn prompt(&self) -> Option<String> {
        let goes_on = !self.begun.is_empty();
        match (self.takes, self.name()) {
            (Takes::Script, _) => None,
            (Takes::Statements, "mysql") => Some(if goes_on { "    -> " } else { "mysql> " }.into()),
            (Takes::Statements, _) => {
                let database = self.database.as_deref().unwrap_or("postgres");
                Some(format!("{database}{}# ", if goes_on { '-' } else { '=' }))
            }
            (Takes::Words, "redis-cli") => Some("127.0.0.1:6379> ".into()),
            (Takes::Words, _) => Some("[zk: localhost:2181(CONNECTED)] ".into()),
        }
    }
    /// Takes a line.
    pub fn take(&mut self, line: &str) -> Typed {
        match self.takes {
            Takes::Script => Typed::Script(line.into()),
            Takes::Words => {
                let own = shlex::split(line).unwrap_or_else(|| line.split_whitespace().map(str::to_owned).collect());
                Typed::Program(self.words.iter().cloned().chain(own).collect(), None)
            }
            Takes::Statements => {
                let text = format!("{}{line}\n", std::mem::take(&mut self.begun));
                let end = text.trim_end();
                let ends = [";", "\\g", "\\G"].iter().any(|sign| end.ends_with(sign));
                if !(end.is_empty() || ends || end.starts_with('\\')) && text.len() < LONGEST_LINE {
                    self.begun = text;
                    return Typed::More;
                }
                Typed::Program(self.words.clone(), Some(text))
            }
        }
    }
}

fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// What a client was told with a flag, in any of the ways to say it.
pub(crate) fn told<'w, W: AsRef<str>>(words: &'w [W], short: &str, long: &str) -> Option<&'w str> {
    let mut found = None;
    let mut words = words.iter().map(AsRef::as_ref);
    while let Some(word) = words.next() {
        let long_value = word.strip_prefix("--").and_then(|word| word.strip_prefix(long));
        let value = match (long_value, word.strip_prefix(short)) {
            (Some(""), _) | (_, Some("")) => words.next(),
            (Some(rest), _) => rest.strip_prefix('='),
            (None, Some(rest)) => Some(rest),
            (None, None) => None,
        };
        found = value.or(found);
    }
    found
}

/// Flags of a client whose value is the next word.
fn with_value(name: &str) -> &'static [&'static str] {
    match name {
        "mysql" => &["-h", "-u", "-P", "-D", "-e", "-S", "--host", "--user", "--port", "--database", "--execute"],
        "redis-cli" => &["-h", "-p", "-a", "-n", "-u", "--user", "--pass"],
        "zkCli.sh" => &["-server", "-timeout"],
        _ => &["-h", "-U", "-p", "-d", "-c", "-f", "--host", "--username", "--port", "--dbname", "--command", "--file"],
    }
}

/// The words of a client that are neither flags nor their values.
fn positional<'w, W: AsRef<str>>(name: &str, words: &'w [W]) -> impl Iterator<Item = &'w str> {
    let with_value = with_value(name);
    let mut words = words.iter().map(AsRef::as_ref);
    std::iter::from_fn(move || {
        loop {
            match words.next()? {
                word if with_value.contains(&word) => drop(words.next()),
                word if word.starts_with('-') => {}
                word => return Some(word),
            }
        }
    })
}

/// The database that a client was started with, if its tables lie in a folder of their own.
pub(crate) fn database<'w, W: AsRef<str>>(name: &str, words: &'w [W]) -> Option<&'w str> {
    let (short, long) = if name == "mysql" { ("-D", "database") } else { ("-d", "dbname") };
    told(words, short, long).or_else(|| positional(name, words).next()).filter(|own| is_apart(name, own))
}

/// Whether a client that is started like that reads statements from its terminal.
pub(crate) fn reads_terminal(name: &str, words: &[String]) -> bool {
    let ends: &[&str] = match name {
        "mysql" => &["-e", "--execute", "-V", "--version", "-?", "--help"],
        _ => &["-c", "--command", "-f", "--file", "-l", "--list", "-V", "--version", "-?", "--help"],
    };
    !words.iter().any(|word| ends.contains(&word.split('=').next().unwrap_or(word)))
}

/// Whether the tables of a database lie in a folder of their own: those of PostgreSQL's first database do not.
pub(crate) fn is_apart(name: &str, database: &str) -> bool {
    name == "mysql" || database != "postgres"
}
