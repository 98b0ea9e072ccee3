//! A shell: from a line to what is run, in which order, with what is put into its words.
//!
//! [`read()`] takes a text apart, [`Rest`] is a script on its way, and [`Around`] is what a shell stands in: the console,
//! or a container. Nothing here knows what the commands are.
//!
//! A parser of our own: those that are kept well (brush, conch, yash) bring all of bash with a runtime of their own, which
//! starts processes, and none of them can put a script aside in the middle.

mod expand;
mod machine;
mod marks;
mod plain;
pub(crate) mod prompt;
mod read;
mod script;
mod variables;

pub(crate) use expand::{Around, is_like};
pub(crate) use machine::{Next, Rest, Step, floor};
pub(crate) use plain::{joined, plain};
pub(crate) use read::read;
pub(crate) use script::List;
pub use variables::Variables;

use crate::limits::LONGEST_LINE;
use marks::{Delimiter, Problem};
use read::documents_of;
use std::collections::VecDeque;

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
            // What is wrong with it is said when it is run.
            if self.text.len() <= LONGEST_LINE {
                match documents_of(&self.text) {
                    Ok(open) => self.open = open,
                    Err(Problem::Open(_)) => self.goes_on = is_block(&self.text),
                    Err(Problem::Wrong(_)) => {}
                }
            }
        } else if self.open.front().is_some_and(|delimiter| delimiter.ends(line)) {
            self.open.pop_front();
        }
        if self.is_open() { None } else { self.end() }
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

/// Whether a text that is not whole ends inside of a loop or of brackets, rather than behind a sign.
fn is_block(text: &str) -> bool {
    !text.trim_end().ends_with("&&") && !text.trim_end().ends_with("||")
}

#[cfg(test)]
mod tests;
