//! What a shell remembers by name.

use crate::limits::beyond;
use std::collections::BTreeMap;

/// Variables of a shell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables {
    all: BTreeMap<String, String>,
    /// The exit code of the last command.
    pub(crate) code: i32,
    /// `$0`, `$1`, ...
    pub(crate) words: Vec<String>,
}

/// Variables of one shell.
const MOST_VARIABLES: usize = 1_000;
/// Bytes of one variable.
const LONGEST_VALUE: usize = 1 << 20;

impl Variables {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.all.get(name).map(String::as_str)
    }
    /// # Errors
    /// There are too many, or the value is too long.
    pub(crate) fn set(&mut self, name: &str, value: String) -> Result<(), String> {
        if value.len() > LONGEST_VALUE {
            return Err(beyond("a variable has", LONGEST_VALUE, "bytes"));
        }
        if !self.all.contains_key(name) && self.all.len() >= MOST_VARIABLES {
            return Err(beyond("a shell has", MOST_VARIABLES, "variables"));
        }
        self.all.insert(name.into(), value);
        Ok(())
    }
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
    pub(crate) fn unset(&mut self, name: &str) {
        self.all.remove(name);
    }
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &String)> {
        self.all.iter()
    }
}
