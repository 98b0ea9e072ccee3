//! Console lines that are not done yet.

use crate::session::Subscription;
use petri_console::Follow;
use std::cell::{Cell, RefCell};

/// Lines that are not done, oldest first, and the subscription that asks them again.
#[derive(Default)]
pub struct Waiting {
    pub(super) follows: RefCell<Vec<Follow>>,
    pub(super) subscription: RefCell<Option<Subscription>>,
    pub(super) polling: Cell<bool>,
    /// The run that they wait in.
    pub(super) run: Cell<u32>,
}

impl Waiting {
    /// Lines of another run have nothing to wait for in this one.
    pub(super) fn enter(&self, run: u32) {
        if self.run.replace(run) != run {
            self.follows.take();
        }
    }
}
