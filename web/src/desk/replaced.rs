//! Runs that another one has taken the place of: nobody loses one by looking at an example.

use super::handle::Desk;
use crate::session::Session;
use crate::state::{Action, Shown};
use petri_objects::Time;
use petri_sim::story::timeline::Timeline;

/// What a run began with: what was done by then, and the moment.
pub type Beginning = (usize, Time);

/// A run that was left, as the page showed it.
pub struct Left {
    timeline: Timeline,
    shown: Shown,
    beginning: Beginning,
}

/// The run that is open, beside the one that it has replaced.
#[derive(Default)]
pub struct Replaced {
    open: Option<Open>,
    other: Option<Left>,
    /// Whether the other one is what was there later.
    is_later: bool,
}

#[derive(Clone, Copy)]
struct Open {
    /// The number of the run, by which it is known whether it is still the one.
    run: u32,
    beginning: Beginning,
    /// How many commands it had when it came.
    commands: usize,
}

impl Open {
    fn of(session: &Session) -> Open {
        let timeline = session.timeline();
        let beginning = (timeline.done(), timeline.now());
        Open { run: session.run(), beginning, commands: timeline.recording().commands.len() }
    }
}

impl Replaced {
    /// The run that is open now, in whose place nothing stood.
    pub fn nothing(session: &Session) -> Replaced {
        Replaced { open: Some(Open::of(session)), ..Replaced::default() }
    }
}

impl Desk {
    /// The present run, for whoever puts another one in its place.
    pub fn leave(&self) -> Left {
        let beginning = self.beginning();
        let mut timeline = self.session.timeline().clone();
        // It is kept for whoever wants it back, and that is hardly anybody.
        timeline.forget_kept();
        Left { timeline, shown: self.shown(), beginning }
    }

    /// Another run stands in the place of one that was left. What it begins with is what there is now.
    pub fn arrive(&self, left: Left) {
        let was_used = left.timeline.recording().commands.len() > left.beginning.0;
        let title = titled(&left.shown.title);
        let open = Some(Open::of(&self.session));
        *self.replaced.borrow_mut() = Replaced { open, other: Some(left), is_later: false };
        if was_used {
            self.toast(format!("{title} was replaced. Undo brings it back, with all that was done."), None);
        }
    }

    /// Another run was opened that stands in nobody's place, such as that of a link.
    pub fn begin(&self) {
        *self.replaced.borrow_mut() = Replaced::nothing(&self.session);
    }

    /// What the present run began with.
    pub fn beginning(&self) -> Beginning {
        let open = self.replaced.borrow().open.filter(|open| open.run == self.session.run());
        open.map_or_else(|| (0, self.session.timeline().start()), |open| open.beginning)
    }

    /// Brings back the run that the present one has replaced, or the `later` one that was left for it, if nothing was done
    /// since. Answers its title.
    pub(super) fn bring_back(&self, later: bool) -> Option<String> {
        let commands = self.session.timeline().recording().commands.len();
        let is_untouched = |open: Open| open.run == self.session.run() && open.commands == commands;
        let Left { timeline, shown, beginning } = {
            let replaced = &mut *self.replaced.borrow_mut();
            let is_it = replaced.is_later == later && replaced.open.is_some_and(is_untouched);
            replaced.other.take_if(|_| is_it)?
        };
        let other = Some(self.leave());
        self.session.show(timeline);
        let title = titled(&shown.title);
        self.send(Action::Restore(Box::new(shown)));
        let open = Some(Open { beginning, ..Open::of(&self.session) });
        *self.replaced.borrow_mut() = Replaced { open, other, is_later: !later };
        Some(title)
    }
}

/// A run by its title.
fn titled(title: &str) -> String {
    let example = petri_lessons::Example::named(title);
    example.map_or_else(|| "The run before".to_owned(), |example| format!("\u{201c}{}\u{201d}", example.title))
}
