//! Reads the sources of one crate and says which file names which.
//!
//! Counted are `use crate::…` and `use super::…`, such paths anywhere else, a parent's `mod` line (parent to child), and
//! an `impl` of another file's type (that file then has methods that it does not hold, so it points back). What is only
//! compiled for tests is not counted: a test may look at anything.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};

/// File to files, each a path below the crate's `src`.
pub type Arrows = BTreeMap<String, BTreeSet<String>>;

/// A module's path: `belief::api` is `["belief", "api"]`, the crate's root is empty.
type Module = Vec<String>;

/// `files`: path below `src`, and text.
///
/// # Panics
/// On a text that is not Rust.
pub fn arrows(files: &[(String, String)]) -> Arrows {
    let read = |(path, text): &(String, String)| {
        let tokens: TokenStream = text.parse().unwrap_or_else(|_| panic!("{path} is not Rust"));
        let mut file = File { path: path.clone(), module: module(path), ..File::default() };
        let module = file.module.clone();
        file.read(tokens, &module, true);
        file
    };
    let mut read: Vec<File> = files.iter().map(read).collect();
    // A file that only tests compile says so in its parent.
    let tests: BTreeSet<Module> = read.iter().flat_map(|file| file.test_modules.clone()).collect();
    read.retain(|file| !(1..=file.module.len()).any(|n| tests.contains(&file.module[..n])));
    let homes = read.iter().map(|file| (file.module.clone(), file.path.clone())).collect();
    let house = House { homes, files: read.iter().map(|file| (file.path.as_str(), file)).collect() };
    let mut arrows: Arrows = read.iter().map(|file| (file.path.clone(), BTreeSet::new())).collect();
    let mut point = |from: &str, to: &str| {
        if from != to {
            arrows.entry(from.to_owned()).or_default().insert(to.to_owned());
        }
    };
    for file in &read {
        for path in &file.paths {
            if let Some(to) = house.home(path) {
                point(&file.path, to);
            }
        }
        for (name, written) in &file.impls {
            if let Some(home) = house.declares(file, name, written.as_ref()) {
                point(&file.path, home);
                point(home, &file.path);
            }
        }
    }
    arrows
}

/// `belief/api/mod.rs` and `belief/api.rs` are `belief::api`.
fn module(path: &str) -> Module {
    let mut parts: Module = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        parts.pop();
    }
    parts
}

#[derive(Default)]
struct File {
    path: String,
    module: Module,
    /// Absolute paths that it names, each with the item at its end.
    paths: BTreeSet<Vec<String>>,
    /// What its `use` lines call what.
    imports: BTreeMap<String, Vec<String>>,
    /// Modules whose everything it uses.
    globs: BTreeSet<Module>,
    /// Types that it declares.
    types: BTreeSet<String>,
    /// Types that it gives methods to: by name, or by path.
    impls: Vec<(String, Option<Vec<String>>)>,
    test_modules: Vec<Module>,
}

struct House<'a> {
    homes: BTreeMap<Module, String>,
    files: BTreeMap<&'a str, &'a File>,
}

impl House<'_> {
    /// The file that holds what a path names: the longest part of it that is a module.
    fn home(&self, path: &[String]) -> Option<&str> {
        (0..=path.len()).rev().find_map(|n| self.homes.get(&path[..n])).map(String::as_str)
    }

    /// The file that declares a type which `file` gives methods to, through re-exports.
    fn declares(&self, file: &File, name: &str, written: Option<&Vec<String>>) -> Option<&str> {
        if let Some(path) = written {
            return self.declared_at(path, 8);
        }
        if file.types.contains(name) {
            return None;
        }
        match file.imports.get(name) {
            Some(path) => self.declared_at(path, 8),
            None => file.globs.iter().find_map(|module| {
                let mut path = module.clone();
                path.push(name.to_owned());
                self.declared_at(&path, 8)
            }),
        }
    }

    fn declared_at(&self, path: &[String], depth: u32) -> Option<&str> {
        let (name, module) = path.split_last()?;
        let home = self.homes.get(module)?;
        let file = self.files.get(home.as_str())?;
        if file.types.contains(name) || depth == 0 {
            return Some(home);
        }
        match file.imports.get(name) {
            Some(path) => self.declared_at(path, depth - 1),
            None => file.globs.iter().find_map(|module| {
                let mut path = module.clone();
                path.push(name.clone());
                self.declared_at(&path, depth - 1)
            }),
        }
    }
}

fn word(token: Option<&TokenTree>) -> Option<String> {
    match token {
        Some(TokenTree::Ident(ident)) => Some(ident.to_string()),
        _ => None,
    }
}

fn is_sign(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

fn is_path_sign(tokens: &[TokenTree], at: usize) -> bool {
    is_sign(tokens.get(at), ':') && is_sign(tokens.get(at + 1), ':')
}

/// The end of the item that begins at `at`: behind its `;` or its braces.
fn item_end(tokens: &[TokenTree], mut at: usize) -> usize {
    let words: Vec<String> = tokens[at..].iter().take(4).map_while(|token| word(Some(token))).collect();
    let closed_by_sign = words.iter().any(|word| matches!(word.as_str(), "use" | "const" | "static" | "type" | "let"))
        && !words.iter().any(|word| word == "fn");
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ';' => return at,
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && !closed_by_sign => return at,
            _ => {}
        }
    }
    at
}

/// The path that begins at `at`, and where it ends: `crate::world::World` without what follows.
fn path_at(tokens: &[TokenTree], at: usize) -> (Vec<String>, usize) {
    let mut path = Vec::new();
    let mut at = at;
    while let Some(name) = word(tokens.get(at)) {
        path.push(name);
        at += 1;
        if !is_path_sign(tokens, at) {
            break;
        }
        at += 2;
    }
    (path, at)
}

/// A written path as an absolute one; `None` if it leads out of the crate.
fn absolute(module: &Module, path: &[String]) -> Option<Vec<String>> {
    let mut base = module.clone();
    let mut rest = path;
    match path.first().map(String::as_str) {
        Some("crate") => {
            base.clear();
            rest = &path[1..];
        }
        Some("self") => rest = &path[1..],
        Some("super") => {
            while rest.first().is_some_and(|first| first == "super") {
                base.pop()?;
                rest = &rest[1..];
            }
        }
        _ => return None,
    }
    base.extend(rest.iter().cloned());
    Some(base)
}

impl File {
    fn read(&mut self, tokens: TokenStream, module: &Module, items: bool) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        // Whether an item may begin here.
        let mut begins = items;
        while at < tokens.len() {
            if let Some(after) = self.attribute(&tokens, at, module) {
                at = after;
                continue;
            }
            match &tokens[at] {
                TokenTree::Ident(ident) => {
                    let name = ident.to_string();
                    let next = word(tokens.get(at + 1));
                    match (name.as_str(), next) {
                        ("use", _) if begins => {
                            let end = item_end(&tokens, at);
                            self.use_tree(&tokens[at + 1..end], &[], module);
                            at = end;
                            begins = items;
                            continue;
                        }
                        ("mod", Some(child)) => {
                            let mut path = module.clone();
                            path.push(child);
                            self.paths.insert(path.clone());
                            if let Some(TokenTree::Group(group)) = tokens.get(at + 2) {
                                self.read(group.stream(), &path, true);
                            }
                            at += 3;
                            begins = items;
                            continue;
                        }
                        ("struct" | "enum" | "trait" | "type" | "union", Some(declared)) => {
                            self.types.insert(declared);
                            at += 2;
                        }
                        ("impl", _) if begins => {
                            self.impl_header(&tokens, at + 1, module);
                            at += 1;
                        }
                        ("crate" | "super" | "self", _) if is_path_sign(&tokens, at + 1) => {
                            let (path, end) = path_at(&tokens, at);
                            self.paths.extend(absolute(module, &path));
                            at = end;
                        }
                        (name, _) => {
                            // An item may stand behind `pub`, `pub(crate)` and `unsafe`.
                            begins = begins && matches!(name, "pub" | "unsafe");
                            at += 1;
                            continue;
                        }
                    }
                    begins = false;
                }
                TokenTree::Group(group) => {
                    let braces = group.delimiter() == Delimiter::Brace;
                    self.read(group.stream(), module, braces);
                    begins = items && (braces || begins);
                    at += 1;
                }
                TokenTree::Punct(punct) => {
                    begins = items && punct.as_char() == ';';
                    at += 1;
                }
                TokenTree::Literal(_) => {
                    begins = false;
                    at += 1;
                }
            }
        }
    }

    /// Steps over an attribute, and over what it leaves to tests.
    fn attribute(&mut self, tokens: &[TokenTree], at: usize, module: &Module) -> Option<usize> {
        if !is_sign(tokens.get(at), '#') {
            return None;
        }
        let mut end = at + 1 + usize::from(is_sign(tokens.get(at + 1), '!'));
        let Some(TokenTree::Group(group)) = tokens.get(end) else { return None };
        end += 1;
        if group.stream().to_string().replace(' ', "") != "cfg(test)" {
            return Some(end);
        }
        while is_sign(tokens.get(end), '#') {
            end += 2;
        }
        let item = item_end(tokens, end);
        if let Some(place) = (end..item).find(|&n| word(tokens.get(n)).as_deref() == Some("mod"))
            && let Some(name) = word(tokens.get(place + 1))
            && is_sign(tokens.get(place + 2), ';')
        {
            let mut path = module.clone();
            path.push(name);
            self.test_modules.push(path);
        }
        Some(item)
    }

    /// `a::{b, c::d as e}`, without its `use`.
    fn use_tree(&mut self, tokens: &[TokenTree], before: &[String], module: &Module) {
        let (part, end) = path_at(tokens, 0);
        let mut path = before.to_vec();
        path.extend(part.into_iter().filter(|name| before.is_empty() || name != "self"));
        match tokens.get(end) {
            Some(TokenTree::Group(group)) => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                for tree in inner.split(|token| is_sign(Some(token), ',')) {
                    if !tree.is_empty() {
                        self.use_tree(tree, &path, module);
                    }
                }
            }
            Some(TokenTree::Punct(punct)) if punct.as_char() == '*' => {
                let path = absolute(module, &path).unwrap_or_else(|| child(module, &path));
                self.globs.insert(path.clone());
                self.paths.insert(path);
            }
            _ => {
                let called = match word(tokens.get(end)).as_deref() {
                    Some("as") => word(tokens.get(end + 1)),
                    _ => path.last().cloned(),
                };
                let path = absolute(module, &path).unwrap_or_else(|| child(module, &path));
                self.imports.extend(called.map(|name| (name, path.clone())));
                self.paths.insert(path);
            }
        }
    }

    /// `impl<T> Name<T> {`: an `impl` of a trait says nothing about where methods are looked for.
    fn impl_header(&mut self, tokens: &[TokenTree], at: usize, module: &Module) {
        let mut depth = 0;
        let mut start = None;
        for (n, token) in tokens.iter().enumerate().skip(at) {
            match token {
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => break,
                TokenTree::Punct(punct) if punct.as_char() == '<' => depth += 1,
                TokenTree::Punct(punct) if punct.as_char() == '>' && !is_sign(tokens.get(n - 1), '-') => depth -= 1,
                TokenTree::Ident(ident) if ident == "for" && depth == 0 => return,
                TokenTree::Ident(_) if depth == 0 && start.is_none() => start = Some(n),
                _ => {}
            }
        }
        let Some(start) = start else { return };
        let (path, _) = path_at(tokens, start);
        if let Some(name) = path.last().cloned() {
            self.impls.push((name, absolute(module, &path)));
        }
    }
}

/// A `use` of a child module needs no `self::`. Names of other crates lead nowhere in this one.
fn child(module: &Module, path: &[String]) -> Vec<String> {
    let mut whole = module.clone();
    whole.extend(path.iter().cloned());
    whole
}
