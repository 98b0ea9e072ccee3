//! A pair is played in slices, so that the page answers meanwhile.

use crate::compare::Pair;
use crate::frames::{self, Frame};
use petri_objects::Time;
use petri_sim::story::recording::Recording;
use std::cell::RefCell;
use std::rc::Rc;
use yew::prelude::*;

/// A pair that was played to its end. It is told from another one by its address.
#[derive(Clone)]
pub struct Played(pub Rc<RefCell<Pair>>);

impl PartialEq for Played {
    fn eq(&self, other: &Played) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// How long one slice plays, in milliseconds: a frame has room for it and for the picture.
const SLICE: f64 = 10.0;

/// Hears of the pair and, while there is more to come, how much of it was played, in hundredths.
type Tell = Box<dyn Fn(&Played, Option<u64>)>;

/// A pair that is being played, with the frame in which it goes on.
struct Playing {
    pair: Played,
    next: RefCell<Option<Frame>>,
    tell: Tell,
}

impl Playing {
    fn go_on(self: &Rc<Self>) {
        let playing = Rc::downgrade(self);
        let frame = frames::request(move || {
            if let Some(playing) = playing.upgrade() {
                playing.slice();
            }
        });
        *self.next.borrow_mut() = Some(frame);
    }

    fn slice(self: &Rc<Self>) {
        let since = frames::now();
        let mut more = true;
        while more && frames::now() - since < SLICE {
            more = self.pair.0.borrow_mut().advance();
        }
        let percent = self.pair.0.borrow().percent();
        if more {
            self.go_on();
        }
        (self.tell)(&self.pair, more.then_some(percent));
    }
}

/// The pair once it is there, and until then how much of it has been played, in hundredths.
#[hook]
pub fn use_pair(a: &Rc<Recording>, b: &Rc<Recording>, end: Time) -> (Option<Played>, u64) {
    let played = use_state_eq(|| None::<Played>);
    let percent = use_state_eq(|| 0_u64);
    {
        let (played, percent) = (played.setter(), percent.setter());
        use_effect_with((a.clone(), b.clone()), move |(a, b)| {
            played.set(None);
            percent.set(0);
            let tell = move |pair: &Played, left: Option<u64>| match left {
                Some(now) => percent.set(now),
                None => played.set(Some(pair.clone())),
            };
            let pair = Played(Rc::new(RefCell::new(Pair::new(a, b, end))));
            let playing = Rc::new(Playing { pair, next: RefCell::default(), tell: Box::new(tell) });
            playing.go_on();
            move || drop(playing)
        });
    }
    ((*played).clone(), *percent)
}

/// How many of several parts of a pair are drawn: one more with each frame, so that none of them has to draw all.
#[hook]
pub fn use_turns(pair: &Option<Played>, parts: usize) -> usize {
    let drawn = use_state_eq(|| (None::<Played>, 0_usize));
    let turn = if drawn.0 == *pair { drawn.1 } else { 0 };
    {
        let drawn = drawn.setter();
        use_effect_with((pair.clone(), turn), move |(pair, turn)| {
            let (pair, turn) = (pair.clone(), *turn);
            let next = (pair.is_some() && turn < parts).then(|| frames::request(move || drawn.set((pair, turn + 1))));
            move || drop(next)
        });
    }
    turn
}
