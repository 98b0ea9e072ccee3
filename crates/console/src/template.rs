//! Go templates, as `-o go-template` and `--template` take them: `range`, `if`, `with`, variables, pipelines, and the
//! functions that kubectl and the language give them.
//!
//! Upstream: `text/template` and `cli-runtime/pkg/printers/template.go`.
//!
//! Invariants: what is nested is bounded when it is read, and what is written and looked at when it is filled in.

use crate::limits::{MOST_NESTED, MOST_WORK, beyond};
use petri_objects::Value;
use petri_objects::kept::secret;
use petri_objects::value::quoted as quoted_text;

/// A template that was read.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    nodes: Vec<Node>,
}

#[derive(Clone, Debug)]
enum Node {
    Text(String),
    /// `{{.a}}`, and `{{$x := .a}}` with a name.
    Print(Option<String>, Pipe),
    If {
        branches: Vec<(Pipe, Vec<Node>)>,
        otherwise: Vec<Node>,
    },
    With {
        pipe: Pipe,
        body: Vec<Node>,
        otherwise: Vec<Node>,
    },
    Range {
        names: Vec<String>,
        pipe: Pipe,
        body: Vec<Node>,
        otherwise: Vec<Node>,
    },
}

/// Commands of which each gets what the one before it has found as its last argument.
type Pipe = Vec<Vec<Term>>;

#[derive(Clone, Debug)]
enum Term {
    Is(Value),
    /// `.a.b`, or `$x.a` with a name.
    Path {
        from: Option<String>,
        fields: Vec<String>,
    },
    Call(String),
    Inner(Pipe, Vec<String>),
}

fn wrong<T>(words: impl AsRef<str>) -> Result<T, String> {
    Err(format!("template: output:1: {}", words.as_ref()))
}

impl Template {
    /// # Errors
    /// What in it is not understood, as Go's parser says it.
    pub(crate) fn read(text: &str) -> Result<Template, String> {
        let mut reader = Reader { rest: text, trims: false, depth: 0 };
        let (nodes, end) = reader.list()?;
        match end {
            None => Ok(Template { nodes }),
            Some(word) => wrong(format!("unexpected {{{{{word}}}}}")),
        }
    }

    /// The text that it comes to.
    ///
    /// # Errors
    /// What does not fit the value, as Go's executor says it.
    pub(crate) fn fill(&self, value: &Value) -> Result<String, String> {
        let mut filler = Filler { root: value.clone(), variables: Vec::new(), out: String::new(), work: 0 };
        filler.nodes(&self.nodes, value)?;
        Ok(filler.out)
    }
}

struct Reader<'t> {
    rest: &'t str,
    /// The action before ended with `-}}`.
    trims: bool,
    depth: u32,
}

impl Reader<'_> {
    /// Nodes up to the end of the text, or to `end` or `else`, which is answered.
    fn list(&mut self) -> Result<(Vec<Node>, Option<String>), String> {
        self.depth += 1;
        if self.depth > MOST_NESTED {
            return wrong(format!("blocks lie in each other at most {MOST_NESTED} deep"));
        }
        let mut nodes = Vec::new();
        loop {
            let at = self.rest.find("{{").unwrap_or(self.rest.len());
            let (text, rest) = self.rest.split_at(at);
            let before = rest.starts_with("{{- ");
            let text = if self.trims { text.trim_start() } else { text };
            let text = if before { text.trim_end() } else { text };
            if !text.is_empty() {
                nodes.push(Node::Text(text.to_owned()));
            }
            if rest.is_empty() {
                self.rest = rest;
                self.depth -= 1;
                return Ok((nodes, None));
            }
            let inner = &rest[if before { 3 } else { 2 }..];
            let Some(end) = end_of(inner) else { return wrong("unclosed action") };
            let action = &inner[..end];
            self.rest = &inner[end + 2..];
            self.trims = action.ends_with(" -");
            let action = action.strip_suffix(" -").unwrap_or(action).trim();
            if action.starts_with("/*") {
                continue;
            }
            let (word, arguments) = action.split_once(char::is_whitespace).unwrap_or((action, ""));
            let node = match word {
                "end" | "else" => {
                    self.depth -= 1;
                    return Ok((nodes, Some(action.to_owned())));
                }
                "if" => self.condition(arguments)?,
                "with" => {
                    let pipe = pipe(arguments)?;
                    let (body, otherwise) = self.two("with")?;
                    Node::With { pipe, body, otherwise }
                }
                "range" => {
                    let (names, list) = match arguments.split_once(":=") {
                        Some((names, list)) => (names.split(',').map(|name| name.trim().to_owned()).collect(), list),
                        None => (Vec::new(), arguments),
                    };
                    let pipe = pipe(list)?;
                    let (body, otherwise) = self.two("range")?;
                    Node::Range { names, pipe, body, otherwise }
                }
                "define" | "template" | "block" | "break" | "continue" => {
                    return wrong(format!("{word} is not understood here"));
                }
                _ => match action.split_once(":=").filter(|(name, _)| name.trim().starts_with('$')) {
                    Some((name, value)) => Node::Print(Some(name.trim().to_owned()), pipe(value)?),
                    None => Node::Print(None, pipe(action)?),
                },
            };
            nodes.push(node);
        }
    }

    /// What comes up to `else`, and from there to `end`.
    fn two(&mut self, word: &str) -> Result<(Vec<Node>, Vec<Node>), String> {
        let (body, end) = self.list()?;
        match end.as_deref() {
            Some("end") => Ok((body, Vec::new())),
            Some("else") => match self.list()? {
                (otherwise, Some(end)) if end == "end" => Ok((body, otherwise)),
                _ => wrong("unexpected EOF"),
            },
            Some(other) => wrong(format!("unexpected <{other}> in {word}")),
            None => wrong("unexpected EOF"),
        }
    }

    fn condition(&mut self, first: &str) -> Result<Node, String> {
        let (mut branches, mut asked) = (Vec::new(), pipe(first)?);
        loop {
            let (body, end) = self.list()?;
            branches.push((asked, body));
            match end.as_deref() {
                Some("end") => return Ok(Node::If { branches, otherwise: Vec::new() }),
                Some("else") => {
                    return match self.list()? {
                        (otherwise, Some(end)) if end == "end" => Ok(Node::If { branches, otherwise }),
                        _ => wrong("unexpected EOF"),
                    };
                }
                Some(other) => match other.strip_prefix("else if ") {
                    Some(next) => asked = pipe(next)?,
                    None => return wrong(format!("unexpected <{other}> in if")),
                },
                None => return wrong("unexpected EOF"),
            }
        }
    }
}

/// Where an action ends, outside of its texts.
fn end_of(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some('"'), '\\') if !escaped => {
                escaped = true;
                continue;
            }
            (Some(own), c) if c == own && !escaped => quote = None,
            (None, '"' | '`') => quote = Some(c),
            (None, '}') if text[at..].starts_with("}}") => return Some(at),
            _ => {}
        }
        escaped = false;
    }
    None
}

fn pipe(text: &str) -> Result<Pipe, String> {
    let mut rest = text.trim();
    let found = commands(&mut rest, 0)?;
    match rest {
        "" => Ok(found),
        rest => wrong(format!("unexpected {} in operand", quoted_text(rest))),
    }
}

fn commands(rest: &mut &str, depth: u32) -> Result<Pipe, String> {
    if depth > MOST_NESTED {
        return wrong(format!("brackets lie in each other at most {MOST_NESTED} deep"));
    }
    let mut all = vec![Vec::new()];
    loop {
        *rest = rest.trim_start();
        let Some(c) = rest.chars().next() else { break };
        let terms: &mut Vec<Term> = all.last_mut().expect("there is always one");
        match c {
            ')' => break,
            '|' => {
                *rest = &rest[1..];
                all.push(Vec::new());
            }
            '(' => {
                *rest = &rest[1..];
                let inner = commands(rest, depth + 1)?;
                *rest = rest.strip_prefix(')').map_or_else(|| wrong("unclosed left paren"), Ok)?;
                let fields = fields(rest);
                terms.push(Term::Inner(inner, fields));
            }
            '"' | '`' => {
                let (text, length) = quoted(rest, c)?;
                *rest = &rest[length..];
                terms.push(Term::Is(Value::String(text.into())));
            }
            '.' | '$' => {
                let from = (c == '$').then(|| {
                    let end =
                        rest[1..].find(|c: char| !c.is_alphanumeric() && c != '_').map_or(rest.len(), |at| at + 1);
                    let name = rest[..end].to_owned();
                    *rest = &rest[end..];
                    name
                });
                let own = fields(rest);
                if from.is_none() && own.is_empty() {
                    *rest = &rest[1..];
                }
                terms.push(Term::Path { from, fields: own });
            }
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || "|()".contains(c)).unwrap_or(rest.len());
                let word = &rest[..end];
                *rest = &rest[end..];
                terms.push(match word {
                    "true" | "false" => Term::Is(Value::Bool(word == "true")),
                    "nil" => Term::Is(Value::Null),
                    word => match word.parse() {
                        Ok(number) => Term::Is(Value::Int(number)),
                        Err(_) if FUNCTIONS.contains(&word) => Term::Call(word.to_owned()),
                        Err(_) => return wrong(format!("function {} not defined", quoted_text(word))),
                    },
                });
            }
        }
    }
    if all.iter().any(Vec::is_empty) {
        return wrong("missing value for command");
    }
    Ok(all)
}

/// `.a.b` in front of a text, which is taken.
fn fields(rest: &mut &str) -> Vec<String> {
    let mut found = Vec::new();
    while let Some(inner) = rest.strip_prefix('.') {
        let end = inner.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(inner.len());
        if end == 0 {
            break;
        }
        found.push(inner[..end].to_owned());
        *rest = &inner[end..];
    }
    found
}

fn quoted(text: &str, quote: char) -> Result<(String, usize), String> {
    let mut out = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => return Ok((out, at + 1)),
            '\\' if quote == '"' => match chars.next() {
                Some((_, 'n')) => out.push('\n'),
                Some((_, 't')) => out.push('\t'),
                Some((_, other)) => out.push(other),
                None => break,
            },
            c => out.push(c),
        }
    }
    wrong("unterminated quoted string")
}

const FUNCTIONS: [&str; 17] = [
    "index",
    "len",
    "print",
    "printf",
    "println",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "and",
    "or",
    "not",
    "exists",
    "base64decode",
    "slice",
];

struct Filler {
    root: Value,
    variables: Vec<(String, Value)>,
    out: String,
    work: usize,
}

impl Filler {
    fn costs(&mut self, work: usize) -> Result<(), String> {
        self.work += work + 1;
        match self.work > MOST_WORK {
            true => Err(beyond("a template costs", MOST_WORK, "steps")),
            false => Ok(()),
        }
    }

    fn nodes(&mut self, nodes: &[Node], dot: &Value) -> Result<(), String> {
        let known = self.variables.len();
        for node in nodes {
            match node {
                Node::Text(text) => {
                    self.costs(text.len())?;
                    self.out.push_str(text);
                }
                Node::Print(name, pipe) => {
                    let value = self.pipe(pipe, dot)?;
                    match name {
                        Some(name) => self.variables.push((name.clone(), value.unwrap_or(Value::Null))),
                        None => {
                            let text = value.map_or_else(|| "<no value>".to_owned(), |value| shown(&value));
                            self.costs(text.len())?;
                            self.out.push_str(&text);
                        }
                    }
                }
                Node::If { branches, otherwise } => {
                    let mut chosen = otherwise;
                    for (asked, body) in branches {
                        if self.pipe(asked, dot)?.as_ref().is_some_and(is_true) {
                            chosen = body;
                            break;
                        }
                    }
                    self.nodes(chosen, dot)?;
                }
                Node::With { pipe, body, otherwise } => match self.pipe(pipe, dot)?.filter(is_true) {
                    Some(value) => self.nodes(body, &value)?,
                    None => self.nodes(otherwise, dot)?,
                },
                Node::Range { names, pipe, body, otherwise } => self.range(names, pipe, body, otherwise, dot)?,
            }
        }
        // A variable stays for what follows in its own list alone.
        self.variables.truncate(known);
        Ok(())
    }

    fn range(
        &mut self,
        names: &[String],
        pipe: &Pipe,
        body: &[Node],
        otherwise: &[Node],
        dot: &Value,
    ) -> Result<(), String> {
        let items: Vec<(Value, Value)> = match self.pipe(pipe, dot)? {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::List(list)) => {
                list.iter().enumerate().map(|(at, item)| (Value::Int(at as i64), item.clone())).collect()
            }
            Some(Value::Map(map)) => {
                map.sorted().into_iter().map(|(key, item)| (Value::String(key.clone()), item.clone())).collect()
            }
            Some(other) => return wrong(format!("range can't iterate over {}", shown(&other))),
        };
        if items.is_empty() {
            return self.nodes(otherwise, dot);
        }
        for (key, item) in items {
            self.costs(1)?;
            let known = self.variables.len();
            match names {
                [one] => self.variables.push((one.clone(), item.clone())),
                [at, one, ..] => {
                    self.variables.push((at.clone(), key));
                    self.variables.push((one.clone(), item.clone()));
                }
                [] => {}
            }
            self.nodes(body, &item)?;
            self.variables.truncate(known);
        }
        Ok(())
    }

    /// `None` where a key is missing.
    fn pipe(&mut self, pipe: &Pipe, dot: &Value) -> Result<Option<Value>, String> {
        let mut found: Option<Option<Value>> = None;
        for terms in pipe {
            found = Some(self.command(terms, found, dot)?);
        }
        Ok(found.flatten())
    }

    fn command(&mut self, terms: &[Term], last: Option<Option<Value>>, dot: &Value) -> Result<Option<Value>, String> {
        self.costs(terms.len())?;
        let Some((first, rest)) = terms.split_first() else { return wrong("empty command") };
        if let Term::Call(name) = first {
            let mut arguments = Vec::new();
            for term in rest {
                arguments.push(self.term(term, dot)?);
            }
            arguments.extend(last);
            return call(name, arguments);
        }
        if !rest.is_empty() || last.is_some() {
            return wrong("can't give argument to non-function");
        }
        self.term(first, dot)
    }

    fn term(&mut self, term: &Term, dot: &Value) -> Result<Option<Value>, String> {
        Ok(match term {
            Term::Is(value) => Some(value.clone()),
            Term::Call(name) => call(name, Vec::new())?,
            Term::Inner(pipe, fields) => match self.pipe(pipe, dot)? {
                Some(value) => at(&value, fields)?,
                None => None,
            },
            Term::Path { from: None, fields } => at(dot, fields)?,
            Term::Path { from: Some(name), fields } if name == "$" => at(&self.root, fields)?,
            Term::Path { from: Some(name), fields } => {
                match self.variables.iter().rev().find(|(known, _)| known == name) {
                    Some((_, value)) => at(value, fields)?,
                    None => return wrong(format!("undefined variable {}", quoted_text(name))),
                }
            }
        })
    }
}

fn at(value: &Value, fields: &[String]) -> Result<Option<Value>, String> {
    let mut value = value;
    for field in fields {
        value = match value {
            Value::Map(map) => match map.get(field) {
                Some(inner) => inner,
                None => return Ok(None),
            },
            Value::Null => return Ok(None),
            other => return wrong(format!("can't evaluate field {field} in type {}", other.go_type())),
        };
    }
    Ok(Some(value.clone()))
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(yes) => *yes,
        Value::Int(number) => *number != 0,
        Value::String(text) => !text.is_empty(),
        Value::List(list) => !list.is_empty(),
        Value::Map(map) => !map.is_empty(),
        _ => true,
    }
}

/// As a template prints it.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "<no value>".into(),
        other => crate::text::printed(other),
    }
}

fn call(name: &str, arguments: Vec<Option<Value>>) -> Result<Option<Value>, String> {
    let text = |value: &Option<Value>| value.as_ref().map_or_else(|| "<no value>".to_owned(), shown);
    let first = arguments.first().cloned().flatten();
    let order = || {
        let (a, b) = (arguments.first().cloned().flatten(), arguments.get(1).cloned().flatten());
        match (&a, &b) {
            (Some(Value::Int(a)), Some(Value::Int(b))) => Ok(a.cmp(b)),
            (Some(Value::String(a)), Some(Value::String(b))) => Ok(a.cmp(b)),
            _ => wrong(format!("error calling {name}: incompatible types for comparison")),
        }
    };
    let boolean = |yes: bool| Ok(Some(Value::Bool(yes)));
    match name {
        "index" | "exists" => {
            let mut value = first;
            for key in arguments.iter().skip(1) {
                value = match (value, key) {
                    (Some(Value::List(list)), Some(Value::Int(at))) => {
                        let found = usize::try_from(*at).ok().and_then(|at| list.get(at).cloned());
                        if found.is_none() && name == "index" {
                            return wrong(format!("error calling index: index out of range: {at}"));
                        }
                        found
                    }
                    (Some(Value::Map(map)), Some(Value::String(key))) => map.get(key).cloned(),
                    (None | Some(Value::Null), _) if name == "exists" => None,
                    (None | Some(Value::Null), _) => return wrong("error calling index: index of untyped nil"),
                    (Some(other), _) => {
                        if name == "exists" {
                            None
                        } else {
                            return wrong(format!("error calling index: can't index item of type {}", other.go_type()));
                        }
                    }
                };
            }
            if name == "exists" { boolean(value.is_some()) } else { Ok(value) }
        }
        "len" => match first {
            Some(Value::List(list)) => Ok(Some(Value::Int(list.len() as i64))),
            Some(Value::Map(map)) => Ok(Some(Value::Int(map.len() as i64))),
            Some(Value::String(text)) => Ok(Some(Value::Int(text.len() as i64))),
            _ => wrong("error calling len: len of nil pointer"),
        },
        "print" | "println" => {
            let all: Vec<String> = arguments.iter().map(text).collect();
            let text = if name == "print" { all.concat() } else { all.join(" ") + "\n" };
            Ok(Some(Value::String(text.into())))
        }
        "printf" => {
            let mut rest = arguments.iter().skip(1);
            let format = text(&arguments.first().cloned().flatten());
            let (mut out, mut chars) = (String::new(), format.chars());
            while let Some(c) = chars.next() {
                if c != '%' {
                    out.push(c);
                    continue;
                }
                let flags: String = chars.as_str().chars().take_while(|c| !c.is_alphabetic() && *c != '%').collect();
                chars.by_ref().take(flags.chars().count()).for_each(drop);
                let width: usize = flags.trim_start_matches(['-', '0', '+']).parse().unwrap_or(0).min(1_000);
                match chars.next() {
                    Some('%') => out.push('%'),
                    Some('q') => out.push_str(&quoted_text(&rest.next().map(text).unwrap_or_default())),
                    _ => {
                        let word = rest.next().map(text).unwrap_or_default();
                        match flags.starts_with('-') {
                            true => out.push_str(&format!("{word:<width$}")),
                            false => out.push_str(&format!("{word:>width$}")),
                        }
                    }
                }
            }
            Ok(Some(Value::String(out.into())))
        }
        "eq" => boolean(arguments.iter().skip(1).any(|other| *other == arguments[0])),
        "ne" => boolean(arguments.first() != arguments.get(1)),
        "lt" => boolean(order()?.is_lt()),
        "le" => boolean(order()?.is_le()),
        "gt" => boolean(order()?.is_gt()),
        "ge" => boolean(order()?.is_ge()),
        "not" => boolean(!first.as_ref().is_some_and(is_true)),
        "and" | "or" => {
            let stops = |value: &&Option<Value>| value.as_ref().is_some_and(is_true) == (name == "or");
            Ok(arguments.iter().find(stops).or(arguments.last()).cloned().flatten())
        }
        "base64decode" => {
            let bytes = secret::decode(&text(&first)).unwrap_or_default();
            Ok(Some(Value::String(String::from_utf8_lossy(&bytes).into_owned().into())))
        }
        other => wrong(format!("{other} is not understood here")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str) -> String {
        let value = Value::from_json(
            r#"{"kind":"Pod","spec":{"nodeName":"n","ports":[{"port":80},{"port":81}],"on":true},"data":{"w":"YQ=="}}"#,
        )
        .unwrap();
        Template::read(template).and_then(|template| template.fill(&value)).unwrap_or_else(|problem| problem)
    }

    #[test]
    fn templates_are_filled_as_go_fills_them() {
        for (template, expected) in [
            ("{{.spec.nodeName}}", "n"),
            ("a {{ .none.x }} b", "a <no value> b"),
            ("{{range .spec.ports}}{{.port}}{{\"\\n\"}}{{end}}", "80\n81\n"),
            ("{{range $i, $p := .spec.ports}}{{$i}}={{$p.port}} {{end}}", "0=80 1=81 "),
            ("{{(index .spec.ports 1).port}}", "81"),
            ("{{if .spec.on}}yes{{else}}no{{end}}{{if not .spec.on}}x{{else if eq .kind \"Pod\"}}pod{{end}}", "yespod"),
            ("{{with .spec}}{{.nodeName}} {{$.kind}}{{end}}", "n Pod"),
            ("{{.data.w | base64decode}} {{len .spec.ports}} {{.spec.ports}}", "a 2 [map[port:80] map[port:81]]"),
            ("{{range .none}}x{{else}}none{{end}}", "none"),
            ("{{$x := .kind}}{{printf \"%-5s|%q\" $x $x}}", "Pod  |\"Pod\""),
            ("a\n{{- .kind -}}\n b", "aPodb"),
            ("{{and .spec.on (gt 2 1)}}{{/* nothing */}}", "true"),
            ("{{.kind.x}}", "template: output:1: can't evaluate field x in type string"),
            ("{{foo}}", "template: output:1: function \"foo\" not defined"),
            ("{{range .a}}", "template: output:1: unexpected EOF"),
            ("{{.a", "template: output:1: unclosed action"),
            ("{{end}}", "template: output:1: unexpected {{end}}"),
        ] {
            assert_eq!(filled(template), expected, "{template}");
        }
    }

    #[test]
    fn hostile_templates_come_to_an_end() {
        assert!(filled(&"{{if .a}}".repeat(1_000)).contains("at most 16 deep"));
        assert!(filled(&format!("{{{{{}}}}}", "(".repeat(1_000))).contains("at most 16 deep"));
        let body = "{{range $.spec.ports}}".repeat(15) + &"x".repeat(1_000) + &"{{end}}".repeat(15);
        assert!(filled(&body).contains("a template costs at most"), "it is bounded");
    }
}
