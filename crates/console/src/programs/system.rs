//! What a program finds around it: files and a clock; and what came of it.

use petri_objects::{Span, Time};
use petri_sim::reality::files::Fault;

/// What a program finds around it.
pub(crate) trait System {
    /// The text of a file.
    ///
    /// # Errors
    /// As the C library has them.
    fn read(&self, path: &str) -> Result<String, Fault>;
    /// # Errors
    /// The same.
    fn write(&mut self, path: &str, text: &str, append: bool) -> Result<(), Fault>;
    fn now(&self) -> Time;
}

/// What came of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ran {
    pub stdout: String,
    pub stderr: String,
    pub code: i32,
    /// How long it has slept.
    pub slept: Span,
}

impl Ran {
    pub(crate) fn text(stdout: impl Into<String>) -> Ran {
        Ran { stdout: stdout.into(), ..Ran::default() }
    }
    pub(crate) fn code(code: i32) -> Ran {
        Ran { code, ..Ran::default() }
    }
    /// A message on standard error, a line break added.
    pub(crate) fn failed(code: i32, message: impl Into<String>) -> Ran {
        let mut stderr = message.into();
        stderr.push('\n');
        Ran { stderr, code, ..Ran::default() }
    }
}
