//! From text to a [`Script`]: quotes, comments, what stands between commands, loops, and here-documents.
//!
//! Read as a POSIX shell does, as far as tutorials go. What is not understood is refused by name: functions, `case`,
//! processes as files.

use super::marks::{Delimiter, Problem, is_name, open, placeholder, wrong};
use super::script::{
    Change, Entry, List, Part, Pipeline, Redirect, Script, Stage, Stream, To, What, When, Word, assignment,
};
use crate::limits::{LONGEST_LINE, MOST_COMMANDS, MOST_NESTED, MOST_WORDS, beyond};
use std::collections::VecDeque;
use std::rc::Rc;

/// Takes a text apart.
///
/// # Errors
/// A quote or a here-document that does not end, signs that are not understood, and more than a line may have.
pub(crate) fn read(text: &str) -> Result<Script, Problem> {
    if text.len() > LONGEST_LINE {
        let kilobytes = text.len().div_ceil(1024);
        return wrong(format!("this line has {kilobytes} kB; Petri reads at most {} kB", LONGEST_LINE / 1024));
    }
    let mut reader = Reader::new(text, true);
    let list = reader.whole()?;
    Ok(Script { list, documents: reader.documents.into() })
}

/// The here-documents of a text that begin on its lines and whose own lines are not in it yet.
pub(super) fn documents_of(text: &str) -> Result<VecDeque<Delimiter>, Problem> {
    let mut reader = Reader::new(text, false);
    reader.whole()?;
    Ok(reader.open.into_iter().map(|(_, delimiter)| delimiter).collect())
}

struct Reader<'t> {
    rest: &'t str,
    depth: u32,
    words: usize,
    commands: usize,
    documents: Vec<Word>,
    /// Here-documents of this line whose lines come after it.
    open: VecDeque<(usize, Delimiter)>,
    /// Whether the lines of here-documents are in the text.
    with_documents: bool,
}

/// Where a list ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Text,
    Parenthesis,
    Words(&'static [&'static str]),
}

const RESERVED: [&str; 9] = ["do", "done", "then", "else", "elif", "fi", "}", "in", "esac"];

impl<'t> Reader<'t> {
    fn new(text: &'t str, with_documents: bool) -> Reader<'t> {
        let (documents, open) = (Vec::new(), VecDeque::new());
        Reader { rest: text, depth: 0, words: 0, commands: 0, documents, open, with_documents }
    }

    fn whole(&mut self) -> Result<List, Problem> {
        let list = self.list(End::Text)?;
        self.lines_of_documents()?;
        Ok(list)
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }
    fn take(&mut self) -> Option<char> {
        let c = self.peek()?;
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
    fn deeper(&mut self) -> Result<(), Problem> {
        self.depth += 1;
        match self.depth > MOST_NESTED {
            true => wrong(format!("brackets and loops lie in each other at most {MOST_NESTED} deep")),
            false => Ok(()),
        }
    }

    /// Passes over blanks, lines that go on, and comments.
    fn blanks(&mut self) {
        loop {
            let before = self.rest.len();
            self.rest = self.rest.trim_start_matches([' ', '\t']);
            while self.take_if("\\\n") || self.take_if("\\\r\n") {}
            if self.rest.starts_with("\r\n") {
                self.rest = &self.rest[1..];
            }
            if self.rest.starts_with('#') {
                self.rest = &self.rest[self.rest.find('\n').unwrap_or(self.rest.len())..];
            }
            if self.rest.len() == before {
                return;
            }
        }
    }
    /// The same with line breaks, behind which here-documents stand.
    fn line_breaks(&mut self) -> Result<(), Problem> {
        loop {
            self.blanks();
            if !self.take_if("\n") {
                return Ok(());
            }
            self.lines_of_documents()?;
        }
    }

    /// A reserved word that stands here, without taking it.
    fn reserved(&self) -> &'t str {
        let end = self.rest.find(|c: char| c.is_whitespace() || ";&|<>()\"'\\$`".contains(c));
        let word = &self.rest[..end.unwrap_or(self.rest.len())];
        // `}` and `{` are words of their own.
        let is_cut = self.rest[word.len()..].starts_with(['"', '\'', '\\', '$', '`']);
        if is_cut { "" } else { word }
    }

    fn list(&mut self, end: End) -> Result<List, Problem> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut when = When::Always;
        loop {
            // What a sign stands before may follow on the next line, and an empty line is nothing.
            self.line_breaks()?;
            let word = self.reserved();
            let is_end = match end {
                End::Text => self.rest.is_empty(),
                End::Parenthesis => self.rest.starts_with(')'),
                End::Words(words) => words.contains(&word),
            };
            if is_end || self.rest.is_empty() {
                if when != When::Always {
                    return open(format!("nothing stands after {}", when.sign()));
                }
                return match end {
                    _ if is_end => Ok(entries.into()),
                    End::Words(words) => open(format!("the line ends before its {}", words[words.len() - 1])),
                    _ => open("a bracket does not end"),
                };
            }
            if self.take_if(";") {
                match (entries.is_empty() || when == When::Always, end) {
                    (false, _) => return wrong(format!("nothing stands after {}", when.sign())),
                    (true, _) => continue,
                }
            }
            for sign in ["&&", "||", "|", "&", ")"] {
                if self.rest.starts_with(sign) {
                    return match when {
                        When::Always => wrong(format!("nothing stands before {sign}")),
                        when => wrong(format!("nothing stands after {}", when.sign())),
                    };
                }
            }
            if RESERVED.contains(&word) && word != "in" {
                return wrong(format!("syntax error near unexpected token `{word}'"));
            }
            if self.commands == MOST_COMMANDS {
                return Err(Problem::Wrong(beyond("a line has", MOST_COMMANDS, "commands")));
            }
            let text = self.rest;
            let mut pipeline = self.pipeline()?;
            self.blanks();
            let length = text.len() - self.rest.len();
            pipeline.background = !self.rest.starts_with("&&") && self.take_if("&");
            let typed = text[..length].split("<<").next().unwrap_or_default().trim();
            entries.push(Entry { when, pipeline: Rc::new(pipeline), text: typed.into() });
            when = When::Always;
            if self.take_if("&&") {
                when = When::Success;
            } else if self.take_if("||") {
                when = When::Failure;
            } else if !self.rest.starts_with("\n") && !self.take_if(";") {
                let is_over = self.rest.is_empty() || self.rest.starts_with(')');
                let is_after = entries.last().is_some_and(|entry| entry.pipeline.background);
                if !is_over && !is_after {
                    let sign = self.peek().unwrap_or_default();
                    return wrong(format!("syntax error near unexpected token `{sign}'"));
                }
            }
        }
    }

    fn pipeline(&mut self) -> Result<Pipeline, Problem> {
        let mut negated = false;
        while self.reserved() == "!" {
            self.rest = &self.rest[1..];
            negated = !negated;
            self.blanks();
        }
        let mut stages = vec![self.stage()?];
        loop {
            self.blanks();
            if self.rest.starts_with("||") || !self.take_if("|") {
                return Ok(Pipeline { negated, background: false, stages });
            }
            if self.take_if("&")
                && let Some(stage) = stages.last_mut()
            {
                stage.redirects.push(Redirect { from: Stream::Errors, to: To::Stream(Stream::Output) });
            }
            self.line_breaks()?;
            if self.rest.is_empty() {
                return open("nothing stands after |");
            }
            if self.rest.starts_with([';', '|', '&', ')']) {
                return wrong("nothing stands after |");
            }
            if self.commands == MOST_COMMANDS {
                return Err(Problem::Wrong(beyond("a line has", MOST_COMMANDS, "commands")));
            }
            stages.push(self.stage()?);
        }
    }

    fn stage(&mut self) -> Result<Stage, Problem> {
        self.commands += 1;
        let what = match self.reserved() {
            "for" => Some(self.for_loop()?),
            "while" => Some(self.while_loop(false)?),
            "until" => Some(self.while_loop(true)?),
            "if" => Some(self.condition()?),
            "{" => Some(What::Group(self.within("{", &["}"])?)),
            "case" | "select" | "function" => {
                return wrong(format!("{} is not understood here: for, while, until and if are", self.reserved()));
            }
            _ if self.rest.starts_with("((") => return wrong("(( is not understood here; $((1 + 1)) is"),
            _ if self.take_if("(") => {
                self.deeper()?;
                let list = self.list(End::Parenthesis)?;
                self.take();
                self.depth -= 1;
                Some(What::Subshell(list))
            }
            _ => None,
        };
        let mut redirects = Vec::new();
        let Some(what) = what else {
            let what = self.simple(&mut redirects)?;
            return Ok(Stage { what, redirects });
        };
        loop {
            self.blanks();
            if !self.redirect(&mut redirects)? {
                break;
            }
        }
        Ok(Stage { what, redirects })
    }

    /// A list behind this word and up to one of those, which is taken as well.
    fn within(&mut self, word: &'static str, ends: &'static [&'static str]) -> Result<List, Problem> {
        self.deeper()?;
        self.rest = &self.rest[word.len()..];
        let list = self.list(End::Words(ends))?;
        self.depth -= 1;
        if list.is_empty() {
            return wrong(format!("syntax error near unexpected token `{}'", self.reserved()));
        }
        if ends.len() == 1 {
            self.rest = &self.rest[ends[0].len()..];
        }
        Ok(list)
    }

    fn expect(&mut self, word: &'static str) -> Result<(), Problem> {
        self.line_breaks()?;
        while self.take_if(";") {
            self.line_breaks()?;
        }
        match self.reserved() {
            found if found == word => Ok(()),
            "" if self.rest.is_empty() => open(format!("the line ends before its {word}")),
            found => wrong(format!("syntax error near unexpected token `{found}': {word} is missing")),
        }
    }

    fn for_loop(&mut self) -> Result<What, Problem> {
        self.rest = &self.rest["for".len()..];
        self.blanks();
        if self.rest.starts_with("((") {
            return wrong("for (( is not understood here; for i in $(seq 1 3) is");
        }
        let name = self.word()?.and_then(|word| word.plain().map(str::to_owned)).filter(|name| is_name(name));
        let Some(name) = name else { return wrong("for needs a name: for i in 0 1 2; do ...; done") };
        self.line_breaks()?;
        let mut words = Vec::new();
        if self.reserved() == "in" {
            self.rest = &self.rest["in".len()..];
            self.blanks();
            while let Some(word) = self.word()? {
                words.push(word);
                self.blanks();
            }
        }
        self.expect("do")?;
        let body = self.within("do", &["done"])?;
        Ok(What::For { name, words, body })
    }

    fn while_loop(&mut self, until: bool) -> Result<What, Problem> {
        let condition = self.within(if until { "until" } else { "while" }, &["do"])?;
        // The word `do` was taken as the end of the condition.
        let body = self.within("", &["done"])?;
        Ok(What::While { until, condition, body })
    }

    fn condition(&mut self) -> Result<What, Problem> {
        let mut branches = Vec::new();
        let mut word = "if";
        loop {
            let condition = self.within(word, &["then"])?;
            let body = self.within("", &["elif", "else", "fi"])?;
            branches.push((condition, body));
            match self.reserved() {
                "elif" => word = "elif",
                "else" => {
                    let otherwise = Some(self.within("else", &["fi"])?);
                    return Ok(What::If { branches: branches.into(), otherwise });
                }
                _ => {
                    self.rest = &self.rest["fi".len()..];
                    return Ok(What::If { branches: branches.into(), otherwise: None });
                }
            }
        }
    }

    fn simple(&mut self, redirects: &mut Vec<Redirect>) -> Result<What, Problem> {
        let (mut assignments, mut words): (Vec<(String, Word)>, Vec<Word>) = (Vec::new(), Vec::new());
        loop {
            self.blanks();
            if self.redirect(redirects)? {
                continue;
            }
            let start = self.rest;
            let Some(word) = self.word()? else { break };
            if words.is_empty()
                && let Some((name, value)) = assignment(&word)
            {
                if value.plain().is_some_and(|text| text.is_empty()) && self.take_if("(") {
                    self.array(&name, &mut assignments)?;
                    continue;
                }
                assignments.push((name, value));
                continue;
            }
            self.words += 1;
            if self.words > MOST_WORDS {
                return Err(Problem::Wrong(beyond("a line has", MOST_WORDS, "words")));
            }
            words.push(word);
            if words.len() == 1 && start.starts_with(|c: char| c.is_alphabetic()) && self.rest.starts_with("()") {
                return wrong("functions are not understood here");
            }
        }
        if self.rest.starts_with('(') {
            return wrong("syntax error near unexpected token `('; put brackets that are meant in quotes");
        }
        Ok(What::Simple { assignments, words })
    }

    /// Takes a redirection, if one stands here.
    fn redirect(&mut self, redirects: &mut Vec<Redirect>) -> Result<bool, Problem> {
        let bytes = self.rest.as_bytes();
        let from = match bytes {
            [b'0', b'<', ..] => Stream::Input,
            [b'1', b'>', ..] => Stream::Output,
            [b'2', b'>', ..] => Stream::Errors,
            [b'&', b'>', ..] => Stream::Both,
            [b'<', ..] => Stream::Input,
            [b'>', ..] => Stream::Output,
            _ => return Ok(false),
        };
        if !matches!(bytes[0], b'<' | b'>') {
            self.take();
        }
        if let Some(name) = placeholder(self.rest) {
            return wrong(format!("<{name}> stands for something of your own: write that in its place"));
        }
        let to = if self.take_if("<<<") {
            To::Text(self.target("<<<")?)
        } else if self.take_if("<<") {
            To::Document(self.document()?)
        } else if self.take_if("<(") || self.take_if(">(") {
            return wrong("processes as files are not understood here");
        } else if self.take_if("<") {
            To::Read(self.target("<")?)
        } else if self.take_if(">>") {
            To::Append(self.target(">>")?)
        } else if self.take_if(">&") {
            match self.take() {
                Some('1') => To::Stream(Stream::Output),
                Some('2') => To::Stream(Stream::Errors),
                Some('-') => To::Closed,
                _ => return wrong(">& is followed by 1 or 2"),
            }
        } else {
            let _ = self.take_if(">|") || self.take_if(">");
            To::Write(self.target(">")?)
        };
        redirects.push(Redirect { from, to });
        Ok(true)
    }

    fn target(&mut self, sign: &str) -> Result<Word, Problem> {
        self.blanks();
        match self.word()? {
            Some(word) => Ok(word),
            None => {
                let found = self.peek().filter(|c| *c != '\n').map_or("newline".into(), String::from);
                wrong(format!("syntax error near unexpected token `{found}': {sign} needs a file"))
            }
        }
    }

    /// What comes after `<<`.
    fn document(&mut self) -> Result<usize, Problem> {
        let without_tabs = self.take_if("-");
        self.rest = self.rest.trim_start_matches([' ', '\t']);
        let end = self.rest.find(|c: char| c.is_whitespace() || ";&|<>()".contains(c)).unwrap_or(self.rest.len());
        let word = self.rest[..end].replace(['\'', '"', '\\'], "");
        if word.is_empty() {
            return wrong("a here-document needs a word after <<");
        }
        let quoted = word.len() != end;
        self.rest = &self.rest[end..];
        let number = self.documents.len();
        self.documents.push(Word::default());
        self.open.push_back((number, Delimiter { word, without_tabs, quoted }));
        Ok(number)
    }

    /// The lines of the here-documents that were begun on the line before.
    fn lines_of_documents(&mut self) -> Result<(), Problem> {
        while self.with_documents
            && let Some((number, delimiter)) = self.open.pop_front()
        {
            let mut text = String::new();
            loop {
                if self.rest.is_empty() {
                    return wrong(format!("the here-document does not end with {}", delimiter.word));
                }
                let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
                self.rest = rest;
                if delimiter.ends(line) {
                    break;
                }
                text.push_str(delimiter.stripped(line.strip_suffix('\r').unwrap_or(line)));
                text.push('\n');
            }
            self.documents[number] = if delimiter.quoted {
                Word(vec![Part::Text { text, quoted: true }])
            } else {
                let mut inner = Reader { depth: self.depth, ..Reader::new(&text, true) };
                let mut word = Word::default();
                inner.quoted(&mut word, None)?;
                word
            };
        }
        Ok(())
    }

    /// The next word, or `None` where none stands.
    fn word(&mut self) -> Result<Option<Word>, Problem> {
        let mut word = Word::default();
        let mut is_there = false;
        while let Some(c) = self.peek() {
            match c {
                c if c.is_whitespace() || ";&|<>()".contains(c) => break,
                '\\' => {
                    if self.take_if("\\\n") || self.take_if("\\\r\n") {
                        continue;
                    }
                    self.take();
                    // At the very end it has nothing to stand before.
                    if let Some(next) = self.take() {
                        word.push(next, true);
                    }
                }
                '\'' => {
                    self.take();
                    let Some(end) = self.rest.find('\'') else { return wrong("a quote does not end") };
                    word.0.push(Part::Text { text: self.rest[..end].into(), quoted: true });
                    self.rest = &self.rest[end + 1..];
                }
                '"' => {
                    self.take();
                    word.0.push(Part::Text { text: String::new(), quoted: true });
                    self.quoted(&mut word, Some('"'))?;
                }
                '$' if self.rest.starts_with("$'") => {
                    self.rest = &self.rest[2..];
                    let Some(end) = self.rest.find('\'') else { return wrong("a quote does not end") };
                    let text = self.rest[..end].replace("\\n", "\n").replace("\\t", "\t");
                    word.0.push(Part::Text { text, quoted: true });
                    self.rest = &self.rest[end + 1..];
                }
                '$' | '`' => self.put_in(&mut word, false)?,
                _ => {
                    self.take();
                    word.push(c, false);
                }
            }
            is_there = true;
        }
        Ok(is_there.then_some(word))
    }

    /// What stands in double quotes, up to their end, or a whole text.
    fn quoted(&mut self, word: &mut Word, end: Option<char>) -> Result<(), Problem> {
        loop {
            let Some(c) = self.peek() else {
                return if end.is_some() { wrong("a quote does not end") } else { Ok(()) };
            };
            match c {
                c if Some(c) == end => {
                    self.take();
                    return Ok(());
                }
                '\\' => {
                    self.take();
                    match self.peek() {
                        Some('\n') => drop(self.take()),
                        Some(next) if "$`\\".contains(next) || Some(next) == end => {
                            self.take();
                            word.push(next, true);
                        }
                        _ => word.push('\\', true),
                    }
                }
                '$' | '`' => self.put_in(word, true)?,
                _ => {
                    self.take();
                    word.push(c, true);
                }
            }
        }
    }

    /// What begins with `$` or a backquote.
    fn put_in(&mut self, word: &mut Word, quoted: bool) -> Result<(), Problem> {
        if self.take_if("`") {
            let Some(end) = self.rest.find('`') else { return wrong("a quote does not end") };
            let text = self.rest[..end].replace("\\$", "$");
            self.rest = &self.rest[end + 1..];
            self.deeper()?;
            let mut inner = Reader { depth: self.depth, commands: self.commands, ..Reader::new(&text, true) };
            let list = inner.whole()?;
            if !inner.documents.is_empty() {
                return wrong("a here-document cannot stand in backquotes here; $(...) takes one");
            }
            self.commands = inner.commands;
            self.depth -= 1;
            word.0.push(Part::Command { list, quoted });
            return Ok(());
        }
        self.take();
        if self.take_if("((") {
            let (mut depth, mut end) = (2, None);
            for (at, c) in self.rest.char_indices() {
                depth = depth + i32::from(c == '(') - i32::from(c == ')');
                if depth == 0 {
                    end = Some(at);
                    break;
                }
            }
            let Some(end) = end else { return open("$(( does not end") };
            let inner = self.rest[..end].strip_suffix(')').unwrap_or(&self.rest[..end]);
            self.rest = &self.rest[end + 1..];
            self.deeper()?;
            let mut text = Word::default();
            Reader { depth: self.depth, ..Reader::new(inner, true) }.quoted(&mut text, None)?;
            self.depth -= 1;
            word.0.push(Part::Sum { text, quoted });
        } else if self.take_if("(") {
            self.deeper()?;
            let list = self.list(End::Parenthesis)?;
            self.take();
            self.depth -= 1;
            word.0.push(Part::Command { list, quoted });
        } else if self.take_if("{") {
            self.braces(word, quoted)?;
        } else {
            let special = self.peek().filter(|c| "?$#@*!-0123456789".contains(*c));
            let name = match special {
                Some(c) => {
                    self.take();
                    c.to_string()
                }
                None => self.name(),
            };
            match name.is_empty() {
                true => word.push('$', quoted),
                false => word.0.push(Part::Variable { name, change: None, quoted }),
            }
        }
        Ok(())
    }

    /// `a b c)` of `NAME=(a b c)`: each word is a variable `NAME[0]`, `NAME[1]` ..., and the first `NAME` as well.
    fn array(&mut self, name: &str, assignments: &mut Vec<(String, Word)>) -> Result<(), Problem> {
        for at in 0_usize.. {
            self.rest = self.rest.trim_start();
            if self.take_if(")") {
                break;
            }
            self.words += 1;
            if self.words > MOST_WORDS {
                return Err(Problem::Wrong(beyond("a line has", MOST_WORDS, "words")));
            }
            let Some(word) = self.word()? else { return open(format!("{name}=( does not end")) };
            if at == 0 {
                assignments.push((name.into(), word.clone()));
            }
            assignments.push((format!("{name}[{at}]"), word));
        }
        Ok(())
    }

    fn name(&mut self) -> String {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let name = &self.rest[..end];
        if !is_name(name) {
            return String::new();
        }
        self.rest = &self.rest[end..];
        name.into()
    }

    /// `${NAME}` and what may stand behind the name.
    fn braces(&mut self, word: &mut Word, quoted: bool) -> Result<(), Problem> {
        let counts = !self.rest.starts_with("#}") && self.take_if("#");
        let name = match self.peek() {
            Some(c) if "?$#@*0123456789".contains(c) => {
                self.take();
                c.to_string()
            }
            _ => self.name(),
        };
        let name = match self.rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((index, rest)) if !name.is_empty() => {
                self.rest = rest;
                format!("{name}[{index}]")
            }
            _ => name,
        };
        if name.is_empty() {
            return wrong("${ is followed by a name: bad substitution");
        }
        let change = if counts {
            Some(Change::Length)
        } else if self.take_if(":-") || self.take_if("-") {
            Some(Change::Default)
        } else if self.take_if(":=") || self.take_if("=") {
            Some(Change::Assign)
        } else if self.take_if(":+") || self.take_if("+") {
            Some(Change::Alternative)
        } else if self.take_if(":?") || self.take_if("?") {
            Some(Change::Required)
        } else if self.take_if("##") {
            Some(Change::WithoutPrefix(true))
        } else if self.take_if("#") {
            Some(Change::WithoutPrefix(false))
        } else if self.take_if("%%") {
            Some(Change::WithoutSuffix(true))
        } else if self.take_if("%") {
            Some(Change::WithoutSuffix(false))
        } else {
            None
        };
        let mut text = Word::default();
        match change {
            None | Some(Change::Length) if self.take_if("}") => {}
            None | Some(Change::Length) => {
                return wrong(format!("${{{name}... is not understood here: bad substitution"));
            }
            Some(_) => {
                self.deeper()?;
                self.quoted(&mut text, Some('}'))?;
                self.depth -= 1;
            }
        }
        word.0.push(Part::Variable { name, change: change.map(|change| (change, text)), quoted });
        Ok(())
    }
}
