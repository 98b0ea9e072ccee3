//! From a line to its steps: quotes, comments, what stands between commands, and here-documents.
//!
//! A step is what stands between two of `;`, `&&`, `||` and a line break. Pipes are refused: they would be a step of
//! several commands.

use crate::limits::{LONGEST_LINE, MOST_COMMANDS, MOST_WORDS, beyond};
use std::collections::VecDeque;
use std::rc::Rc;

/// A command of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub when: When,
    pub words: Vec<String>,
    /// What stands between `<<EOF` and `EOF`: its standard input.
    pub here: Option<String>,
}

/// Words as one types them: quoted where they have to be, and not where they need not. `None` if that cannot be.
pub(crate) fn joined(words: &[String]) -> Option<String> {
    let is_plain =
        |word: &str| !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "-_=:,./@%+".contains(c));
    let typed = |word: &String| match is_plain(word) {
        true => Some(word.clone()),
        false => shlex::try_quote(word).ok().map(|quoted| quoted.into_owned()),
    };
    Some(words.iter().map(typed).collect::<Option<Vec<_>>>()?.join(" "))
}

/// When a step is run, by what came of the one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum When {
    #[default]
    Always,
    /// It stands after `&&`.
    Success,
    /// It stands after `||`.
    Failure,
}

impl When {
    fn sign(self) -> &'static str {
        match self {
            When::Always => ";",
            When::Success => "&&",
            When::Failure => "||",
        }
    }
}

/// The steps of a line that were not run yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rest {
    steps: Rc<[Step]>,
    next: usize,
}

impl Rest {
    pub(crate) fn new(steps: Vec<Step>) -> Rest {
        Rest { steps: steps.into(), next: 0 }
    }
    /// The next step that is run after a command with this exit code; those that are not are passed over.
    pub(crate) fn next(&mut self, code: i32) -> Option<Step> {
        let runs = |step: &Step| match step.when {
            When::Always => true,
            When::Success => code == 0,
            When::Failure => code != 0,
        };
        let at = self.next + self.steps[self.next..].iter().position(runs)?;
        self.next = at + 1;
        Some(self.steps[at].clone())
    }
    pub(crate) fn left(&self) -> usize {
        self.steps.len() - self.next
    }
    /// As one would type it, without here-documents and cut where it becomes long.
    pub(crate) fn words(&self) -> String {
        const LONGEST: usize = 120;
        let mut text = String::new();
        for step in &self.steps[self.next..] {
            if !text.is_empty() {
                text.push_str(if step.when == When::Always { "" } else { " " });
                text.push_str(step.when.sign());
                text.push(' ');
            }
            for (at, word) in step.words.iter().enumerate() {
                text.push_str(if at == 0 { "" } else { " " });
                text.extend(word.chars().take(LONGEST));
                if text.chars().count() > LONGEST {
                    return text.chars().take(LONGEST).chain(['…']).collect();
                }
            }
        }
        text
    }
}

/// What ends a here-document.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Delimiter {
    word: String,
    /// `<<-`: tabs at the beginning of lines do not count.
    without_tabs: bool,
}

impl Delimiter {
    fn stripped<'l>(&self, line: &'l str) -> &'l str {
        if self.without_tabs { line.trim_start_matches('\t') } else { line }
    }
    fn ends(&self, line: &str) -> bool {
        self.stripped(line).trim_end() == self.word
    }
}

/// Takes a line apart; it may be several lines of text.
///
/// # Errors
/// A quote or a here-document that does not end, signs that are not understood, and more than a line may have.
pub(crate) fn read(text: &str) -> Result<Vec<Step>, String> {
    if text.len() > LONGEST_LINE {
        let kilobytes = text.len().div_ceil(1024);
        return Err(format!("error: this line has {kilobytes} kB; Petri reads at most {} kB", LONGEST_LINE / 1024));
    }
    let mut reader = Reader { rest: text, ..Reader::default() };
    reader.all(true)?;
    Ok(reader.steps)
}

#[derive(Default)]
struct Reader<'t> {
    rest: &'t str,
    steps: Vec<Step>,
    words: usize,
    when: When,
    /// The command that is being read, without comments and here-documents.
    piece: String,
    /// Here-documents of this line whose lines come after it, each with its step.
    open: VecDeque<(Option<usize>, Delimiter)>,
    /// Those of the command that is being read.
    own: Vec<Delimiter>,
}

impl<'t> Reader<'t> {
    fn take(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }
    fn take_if(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Reads to the end, with what stands in here-documents or only up to them.
    fn all(&mut self, with_documents: bool) -> Result<(), String> {
        let mut quote: Option<char> = None;
        let mut is_word_start = true;
        while let Some(c) = self.take() {
            let was_word_start = std::mem::replace(&mut is_word_start, quote.is_none() && c.is_whitespace());
            match (quote, c) {
                (Some('\''), c) | (Some(_), c @ '"') => {
                    quote = quote.filter(|q| *q != c);
                    self.piece.push(c);
                }
                (None, '\\') if self.take_if("\n") || self.take_if("\r\n") => is_word_start = was_word_start,
                // At the very end it has nothing to stand before.
                (_, '\\') => {
                    if let Some(next) = self.take() {
                        self.piece.extend([c, next]);
                    }
                }
                (Some(_), c) => self.piece.push(c),
                (None, '\'' | '"') => {
                    quote = Some(c);
                    self.piece.push(c);
                }
                (None, '#') if was_word_start => {
                    self.rest = &self.rest[self.rest.find('\n').unwrap_or(self.rest.len())..];
                }
                (None, '\r') if self.rest.starts_with('\n') => {}
                (None, '\n') => {
                    self.end(When::Always, "a line break")?;
                    if with_documents {
                        self.documents()?;
                    }
                }
                (None, ';') => self.end(When::Always, ";")?,
                (None, '&') if self.take_if("&") => self.end(When::Success, "&&")?,
                (None, '|') if self.take_if("|") => self.end(When::Failure, "||")?,
                (None, '&') => return Err("error: nothing runs in the background here; && and ; are understood".into()),
                (None, '|') => {
                    return Err("error: pipes are not understood here; put a | that is meant in quotes".into());
                }
                (None, '<') if self.take_if("<") => self.document()?,
                (None, c) => self.piece.push(c),
            }
            if matches!(c, ';' | '&' | '|') && quote.is_none() {
                is_word_start = true;
            }
        }
        self.end(When::Always, "the end of the line")?;
        if with_documents { self.documents() } else { Ok(()) }
    }

    /// The command is whole; what comes next is run like this.
    fn end(&mut self, next: When, by: &str) -> Result<(), String> {
        let mut words = shlex::Shlex::new(&self.piece);
        let left = MOST_WORDS - self.words;
        let found: Vec<String> = words.by_ref().take(left + 1).collect();
        if found.len() > left {
            return Err(beyond("a line has", MOST_WORDS, "words"));
        }
        if words.had_error {
            return Err("error: a quote does not end".into());
        }
        self.piece.clear();
        self.words += found.len();
        let place = (!found.is_empty()).then_some(self.steps.len());
        self.open.extend(std::mem::take(&mut self.own).into_iter().map(|delimiter| (place, delimiter)));
        if found.is_empty() {
            if next != When::Always {
                return Err(format!("error: nothing stands before {by}"));
            }
            // A command may stand on the line after its `&&`.
            return match self.when {
                When::Always => Ok(()),
                _ if by == "a line break" => Ok(()),
                when => Err(format!("error: nothing stands after {}", when.sign())),
            };
        }
        if self.steps.len() == MOST_COMMANDS {
            return Err(beyond("a line has", MOST_COMMANDS, "commands"));
        }
        self.steps.push(Step { when: std::mem::replace(&mut self.when, next), words: found, here: None });
        Ok(())
    }

    /// What comes after `<<`.
    fn document(&mut self) -> Result<(), String> {
        if self.take_if("<") {
            return Err("error: <<< is not understood here; a here-document begins with <<EOF".into());
        }
        let without_tabs = self.take_if("-");
        self.rest = self.rest.trim_start_matches([' ', '\t']);
        let end = self.rest.find(|c: char| c.is_whitespace() || ";&|<>".contains(c)).unwrap_or(self.rest.len());
        let word = self.rest[..end].replace(['\'', '"', '\\'], "");
        if word.is_empty() {
            return Err("error: a here-document needs a word after <<".into());
        }
        self.rest = &self.rest[end..];
        self.own.push(Delimiter { word, without_tabs });
        // It parts words as it does in a shell.
        self.piece.push(' ');
        Ok(())
    }

    /// The lines of the here-documents that were begun on the line before.
    fn documents(&mut self) -> Result<(), String> {
        while let Some((place, delimiter)) = self.open.pop_front() {
            let mut text = String::new();
            loop {
                if self.rest.is_empty() {
                    return Err(format!("error: the here-document does not end with {}", delimiter.word));
                }
                let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
                self.rest = rest;
                if delimiter.ends(line) {
                    break;
                }
                text.push_str(delimiter.stripped(line.strip_suffix('\r').unwrap_or(line)));
                text.push('\n');
            }
            if let Some(step) = place.and_then(|place| self.steps.get_mut(place)) {
                step.here = Some(text);
            }
        }
        Ok(())
    }
}

/// Lines as they are typed, put together to what can be run: a here-document and a `\` at the end of a line go on in the
/// next one.
#[derive(Debug, Default)]
pub struct Typed {
    text: String,
    /// The here-documents that have not ended.
    open: VecDeque<Delimiter>,
    /// The last line ended with `\`.
    goes_on: bool,
}

impl Typed {
    /// Takes a line without its line break, and answers everything since the last answer if that is whole.
    pub fn line(&mut self, line: &str) -> Option<String> {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let begins = self.open.is_empty();
        // What is too long is refused whole: that needs no more of it than tells that it is too long.
        if self.text.len() <= LONGEST_LINE {
            self.text.push_str(line);
            self.text.push('\n');
        }
        if begins {
            let slashes = line.bytes().rev().take_while(|byte| *byte == b'\\').count();
            self.goes_on = slashes % 2 == 1;
            if self.goes_on {
                return None;
            }
            let mut reader = Reader { rest: &self.text, ..Reader::default() };
            // What is wrong with it is said when it is run.
            if self.text.len() <= LONGEST_LINE && reader.all(false).is_ok() {
                self.open = reader.open.into_iter().map(|(_, delimiter)| delimiter).collect();
            }
        } else if self.open.front().is_some_and(|delimiter| delimiter.ends(line)) {
            self.open.pop_front();
        }
        if self.open.is_empty() { self.end() } else { None }
    }
    /// Whether a line is missing.
    pub fn is_open(&self) -> bool {
        !self.open.is_empty() || self.goes_on
    }
    /// What was typed and is not whole, if there are no more lines.
    pub fn end(&mut self) -> Option<String> {
        let typed = std::mem::take(self).text;
        (!typed.is_empty()).then_some(typed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Vec<String>> {
        read(text).unwrap().into_iter().map(|step| step.words).collect()
    }

    #[test]
    fn commands_stand_apart_outside_of_quotes_only() {
        assert_eq!(words("a b; c 'd;e' && f # g"), vec![vec!["a", "b"], vec!["c", "d;e"], vec!["f"]]);
        assert_eq!(words("a # it's; b\nc\\\nd e\\;f"), vec![vec!["a"], vec!["cd", "e;f"]]);
        assert_eq!(words("a#b; c;#d\r\ne"), vec![vec!["a#b"], vec!["c"], vec!["e"]]);
        let when: Vec<When> = read("a && b || c; d &&\ne").unwrap().iter().map(|step| step.when).collect();
        assert_eq!(when, [When::Always, When::Success, When::Failure, When::Always, When::Success]);
    }

    #[test]
    fn words_are_quoted_where_they_have_to_be() {
        for line in ["set image sts/web pg=postgres:16", "patch sts/web -p '{\"a\": 1}'", "label pod a b=''"] {
            let again = joined(&words(line)[0]).unwrap();
            assert_eq!(words(&again), words(line), "{again}");
        }
        assert_eq!(joined(&words("k set image sts/web pg=x:16")[0]).unwrap(), "k set image sts/web pg=x:16");
    }

    #[test]
    fn a_here_document_is_standard_input() {
        let steps = read("kubectl apply -f - <<EOF; b\nkind: Pod\nEOF\n").unwrap();
        assert_eq!(steps[0].here.as_deref(), Some("kind: Pod\n"));
        assert_eq!(steps[0].words, ["kubectl", "apply", "-f", "-"]);
        assert_eq!(steps[1].here, None);
        let steps =
            read("x; apply -f - <<-'A' && apply <<\"B\" -f -\n\tone\n\tA\n\ttwo\nB\nafter <<C\r\nthree\r\nC\r\n");
        let all: Vec<(String, Option<String>)> =
            steps.unwrap().into_iter().map(|step| (step.words.join(" "), step.here)).collect();
        let expected =
            [("x", None), ("apply -f -", Some("one\n")), ("apply -f -", Some("\ttwo\n")), ("after", Some("three\n"))];
        assert_eq!(all, expected.map(|(words, here)| (words.to_owned(), here.map(str::to_owned))));
    }

    #[test]
    fn what_is_not_understood_is_refused_with_a_sentence() {
        for (text, why) in [
            ("echo 'a", "a quote does not end"),
            ("apply -f - <<EOF\na", "the here-document does not end with EOF"),
            ("apply <<", "needs a word after <<"),
            ("apply <<<x", "<<< is not understood"),
            ("get pods | grep x", "pipes are not understood"),
            ("run 5s & get pods", "nothing runs in the background"),
            ("a && ; b", "nothing stands after &&"),
            ("|| b", "nothing stands before ||"),
            ("a ||", "nothing stands after ||"),
            (&"a;".repeat(201), "a line has at most 200 commands"),
            (&"a ".repeat(30_001), "a line has at most 30,000 words"),
            (&"a".repeat(LONGEST_LINE + 1), "this line has 1025 kB; Petri reads at most 1024 kB"),
        ] {
            let problem = read(text).unwrap_err();
            assert!(problem.starts_with("error: ") && problem.contains(why), "{problem}");
        }
        assert_eq!(words(";; a ;\n; ").len(), 1);
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
        let here: Vec<_> = read(&whole).unwrap().into_iter().map(|step| step.here.unwrap()).collect();
        assert_eq!(here, ["x\nB\n", "y\n"]);
        assert_eq!(typed.line("get \\"), None);
        assert_eq!(typed.line("nodes").as_deref(), Some("get \\\nnodes\n"));
        assert_eq!(typed.line("apply <<EOF"), None);
        assert_eq!(typed.end().as_deref(), Some("apply <<EOF\n"));
        assert!(!typed.is_open());
        assert_eq!(typed.line("echo 'a").as_deref(), Some("echo 'a\n"), "what is wrong is said when it is run");
    }

    #[test]
    fn the_rest_goes_on_by_what_came_of_the_last_command() {
        let ran = |code: i32| {
            let mut rest = Rest::new(read("a && b || c; d").unwrap());
            std::iter::from_fn(|| rest.next(code).map(|step| step.words.join(" "))).collect::<Vec<_>>()
        };
        assert_eq!(ran(0), ["a", "b", "d"]);
        assert_eq!(ran(1), ["a", "c", "d"]);
        let mut rest = Rest::new(read("a; b 'c d' && e").unwrap());
        rest.next(0);
        assert_eq!(rest.words(), "b c d && e");
    }
}
