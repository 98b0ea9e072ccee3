//! How much memory the page takes, and when that is worth a word: the module can have four gigabytes, and ends beyond.

use std::cell::Cell;

const GIGABYTE: u64 = 1 << 30;
/// From here on somebody should know.
const NEAR: u64 = GIGABYTE;
/// From here on the run stands still until somebody says that it shall go on.
const FULL: u64 = 3 * GIGABYTE;
/// Who was told is told again after so much more.
const AGAIN: u64 = GIGABYTE / 2;

/// How much memory the module has, in bytes. It gives none back, so what was freed counts until it is used again.
#[cfg(all(target_arch = "wasm32", not(test)))]
fn taken() -> u64 {
    core::arch::wasm32::memory_size::<0>() as u64 * (64 << 10)
}
#[cfg(any(not(target_arch = "wasm32"), test))]
fn taken() -> u64 {
    TAKEN.get()
}

#[cfg(any(not(target_arch = "wasm32"), test))]
thread_local! {
    /// What a page that is none is said to have.
    pub static TAKEN: Cell<u64> = const { Cell::new(0) };
}

/// What there is to say about memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want {
    /// Tenths of gigabytes.
    pub tenths: u64,
    /// Whether there is so little left that the run stands still.
    pub is_full: bool,
}

/// Looks at the memory of one run, and remembers what was answered.
#[derive(Debug, Default)]
pub struct Watch {
    /// What the module had when somebody last heard of it and went on.
    answered: Cell<u64>,
}

impl Watch {
    /// What there is to say now.
    pub fn look(&self) -> Option<Want> {
        let taken = taken();
        let answered = self.answered.get();
        let next = if answered < NEAR { NEAR } else { answered + AGAIN };
        (taken >= next).then_some(Want { tenths: taken * 10 / GIGABYTE, is_full: taken >= FULL })
    }
    /// Somebody has heard of it.
    pub fn answer(&self) {
        self.answered.set(taken());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_heard_of_it_hears_again_only_of_more() {
        let watch = Watch::default();
        let look = |taken: u64| {
            TAKEN.set(taken);
            watch.look()
        };
        assert_eq!(look(GIGABYTE - 1), None);
        assert_eq!(look(GIGABYTE), Some(Want { tenths: 10, is_full: false }));
        assert_eq!(look(GIGABYTE), Some(Want { tenths: 10, is_full: false }), "until it is answered");
        watch.answer();
        assert_eq!(look(GIGABYTE + GIGABYTE / 4), None);
        assert_eq!(look(GIGABYTE * 3), Some(Want { tenths: 30, is_full: true }));
        watch.answer();
        assert_eq!(look(GIGABYTE * 3 + GIGABYTE / 4), None);
    }
}
