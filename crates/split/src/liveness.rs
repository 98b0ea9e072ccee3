//! Which locals are read again: what a moved piece of code must be given, and must give back.

use std::collections::{BTreeMap, BTreeSet};

use wasmparser::Operator;

use super::code::Code;

/// A set of locals.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Locals {
    words: Vec<u64>,
}

impl Locals {
    fn sized(count: usize) -> Self {
        Self { words: vec![0; count.div_ceil(64)] }
    }

    pub fn holds(&self, local: u32) -> bool {
        self.words.get(local as usize / 64).is_some_and(|word| word >> (local % 64) & 1 == 1)
    }

    pub fn insert(&mut self, local: u32) {
        let word = local as usize / 64;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << (local % 64);
    }

    fn remove(&mut self, local: u32) {
        if let Some(word) = self.words.get_mut(local as usize / 64) {
            *word &= !(1 << (local % 64));
        }
    }

    pub fn join(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
    }
}

/// What is live where, in one function.
pub struct Liveness {
    /// Behind each `block`, `loop` and `if`, by where it begins.
    behind: BTreeMap<usize, Locals>,
    /// At the start of each `loop`.
    again: BTreeMap<usize, Locals>,
    /// Before the operators that were asked about.
    before: BTreeMap<usize, Locals>,
}

struct Frame {
    /// What is live where a branch to this block goes.
    label: Locals,
    behind: Locals,
    /// What is live at the start of the `else` arm, or behind an `if` without one.
    otherwise: Locals,
}

impl Liveness {
    /// Follows the code backwards until nothing changes any more; loops are why once is not enough.
    pub fn of(code: &Code<'_>, wanted: &BTreeSet<usize>) -> Self {
        let mut liveness = Self { behind: BTreeMap::new(), again: BTreeMap::new(), before: BTreeMap::new() };
        while liveness.pass(code, wanted) {}
        liveness
    }

    pub fn behind(&self, start: usize) -> &Locals {
        &self.behind[&start]
    }

    pub fn again(&self, start: usize) -> &Locals {
        &self.again[&start]
    }

    pub fn before(&self, at: usize) -> &Locals {
        &self.before[&at]
    }

    fn pass(&mut self, code: &Code<'_>, wanted: &BTreeSet<usize>) -> bool {
        let none = Locals::sized(code.locals.len());
        let mut starts = BTreeMap::new();
        for (start, end) in code.ends.iter().enumerate().filter_map(|(start, end)| Some((start, (*end)?))) {
            starts.insert(end, start);
        }
        let mut changed = false;
        let mut frames: Vec<Frame> = Vec::new();
        let mut live = none.clone();
        for (at, op) in code.ops.iter().enumerate().rev() {
            match op {
                Operator::End => match starts.get(&at) {
                    None => {
                        frames.push(Frame { label: none.clone(), behind: none.clone(), otherwise: none.clone() });
                    }
                    Some(&start) => {
                        let label = match code.ops[start] {
                            Operator::Loop { .. } => self.again.entry(start).or_insert_with(|| none.clone()).clone(),
                            _ => live.clone(),
                        };
                        self.behind.insert(start, live.clone());
                        frames.push(Frame { label, behind: live.clone(), otherwise: live.clone() });
                    }
                },
                Operator::Else => {
                    if let Some(frame) = frames.last_mut() {
                        frame.otherwise = std::mem::replace(&mut live, frame.behind.clone());
                    }
                }
                Operator::Block { .. } => drop(frames.pop()),
                Operator::Loop { .. } => {
                    frames.pop();
                    let known = self.again.entry(at).or_insert_with(|| none.clone());
                    if *known != live {
                        changed = true;
                        known.clone_from(&live);
                    }
                }
                Operator::If { .. } => {
                    if let Some(frame) = frames.pop() {
                        live.join(&frame.otherwise);
                    }
                }
                Operator::Br { relative_depth } => live = label(&frames, *relative_depth).clone(),
                Operator::BrIf { relative_depth } => live.join(label(&frames, *relative_depth)),
                Operator::BrTable { targets } => {
                    live = label(&frames, targets.default()).clone();
                    for depth in targets.targets().flatten() {
                        live.join(label(&frames, depth));
                    }
                }
                Operator::Return
                | Operator::Unreachable
                | Operator::ReturnCall { .. }
                | Operator::ReturnCallIndirect { .. } => live = none.clone(),
                Operator::LocalGet { local_index } => live.insert(*local_index),
                Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => live.remove(*local_index),
                _ => {}
            }
            if wanted.contains(&at) {
                self.before.insert(at, live.clone());
            }
        }
        changed
    }
}

fn label(frames: &[Frame], depth: u32) -> &Locals {
    &frames[frames.len() - 1 - depth as usize].label
}
