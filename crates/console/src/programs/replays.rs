//! What is known of commands that are run again when somebody looks: what they wrote, and how much may still be run.

use petri_objects::{Pod, Span, Time, Uid};
use petri_sim::reality::files::{Place, Tree};
use petri_sim::world::World;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Files by where they lie.
pub(super) type Made = BTreeMap<Place, Tree>;

/// Programs that are run again for one look, and pods whose commands ask each other.
const MOST_PROGRAMS: u32 = 20_000;
const MOST_DEEP: u32 = 3;

/// Runs the commands of all containers of a pod but one.
pub(super) type Runs = fn(&Rc<Replays>, &Rc<Pod>, Option<&str>, &World) -> Made;

/// What was found out during one look: nothing changes meanwhile.
pub(super) struct Replays {
    runs: Runs,
    known: RefCell<BTreeMap<Uid, Rc<Made>>>,
    left: Cell<u32>,
    deep: Cell<u32>,
}

/// Without anything that runs commands there is nothing that they wrote.
impl Default for Replays {
    fn default() -> Replays {
        Replays::new(|_, _, _, _| Made::default())
    }
}

impl Replays {
    pub fn new(runs: Runs) -> Replays {
        Replays { runs, known: RefCell::default(), left: Cell::new(MOST_PROGRAMS), deep: Cell::new(0) }
    }
    /// Whether one more program may be run.
    pub fn takes_one(&self) -> bool {
        let left = self.left.get();
        self.left.set(left.saturating_sub(1));
        left > 0
    }

    /// What the containers of a pod have written.
    pub fn of(self: &Rc<Replays>, pod: &Rc<Pod>, world: &World) -> Rc<Made> {
        let uid = pod.metadata.uid;
        if let Some(known) = self.known.borrow().get(&uid) {
            return known.clone();
        }
        if self.deep.get() >= MOST_DEEP {
            return Rc::default();
        }
        // Pods that ask each other find nothing the second time round.
        self.known.borrow_mut().insert(uid, Rc::default());
        self.deep.set(self.deep.get() + 1);
        let made = Rc::new((self.runs)(self, pod, None, world));
        self.deep.set(self.deep.get() - 1);
        self.known.borrow_mut().insert(uid, made.clone());
        made
    }
}

/// When a command began, and for how long it has run.
pub(super) fn span(began: Time, ended: Option<Time>, now: Time) -> (Time, Span) {
    (began, ended.unwrap_or(now).since(began))
}

/// Whether a program stays, so that what follows it never runs.
pub(super) fn stays(words: &[String]) -> bool {
    const SERVERS: [&str; 7] = ["nginx", "httpd", "java", "redis-server", "mysqld", "postgres", "zkServer.sh"];
    let base = words.first().map_or("", |first| first.rsplit('/').next().unwrap_or(first));
    SERVERS.contains(&base)
}

/// Whether it waits for ever when it has written what is there.
pub(super) fn follows(words: &[String]) -> bool {
    let Some((first, rest)) = words.split_first() else { return false };
    let is_flag = |word: &str| word.starts_with('-') && !word.starts_with("--") && word.contains(['f', 'F']);
    match first.rsplit('/').next() {
        Some("tail") => rest.iter().any(|word| is_flag(word) || word.starts_with("--follow")),
        Some("sleep") => rest.iter().any(|word| word.starts_with("inf")),
        _ => false,
    }
}
