//! Functions that a first visit runs hold much that it does not: refusals, rare states, other kinds. Such a piece always
//! reaches from some fork to the end of the block around it, for behind a place that control never comes to, nothing of
//! the same block runs. Here each becomes a function of its own, which takes the locals that it reads and gives back
//! those that are read after it, along with the way on where there are several. Then it can move like any other.

use std::collections::{BTreeMap, BTreeSet};

use wasm_encoder::reencode::{Error as EncodeError, Reencode, utils};
use wasm_encoder::{CodeSection, Encode, Function, FunctionSection, Instruction, TypeSection};
use wasmparser::{FuncType, FunctionBody, Operator, Parser, ValType};

use super::Module;
use super::code::{Code, block_values};
use super::liveness::{Liveness, Locals};
use super::marks::Reached;
use super::piece::{Piece, declare, encoded, order};
use crate::Outcome;

/// How many bytes a move must save. Each move makes both parts together a little larger: see the crate's figures.
const WORTH: usize = 32;

impl Module<'_> {
    /// The functions that ran, and the module in which every piece that did not run is a function of its own. Old
    /// functions keep their indices; new ones follow them.
    pub fn with_tails(&self, reached: &Reached) -> Outcome<(BTreeSet<u32>, Vec<u8>)> {
        self.cut(reached, Some(WORTH))
    }

    /// The same for pieces that save so many bytes; without a number, for all pieces.
    pub fn cut(&self, reached: &Reached, worth: Option<usize>) -> Outcome<(BTreeSet<u32>, Vec<u8>)> {
        let mut ran = BTreeSet::new();
        let mut moved = Moved { signatures: self.signatures.clone(), functions: Vec::new(), first: self.end() };
        let mut bodies = Vec::new();
        let mut marks = 0..;
        for (function, code) in self.defined().zip(&self.codes) {
            let came: BTreeSet<Option<usize>> = code
                .forks()
                .zip(&mut marks)
                .filter(|(_, mark)| reached.marks.contains(mark))
                .map(|(at, _)| at)
                .collect();
            if came.contains(&None) {
                ran.insert(function);
                let cutter = Cutter { module: self, code, came: &came, worth, tails: Vec::new() };
                bodies.push(cutter.cut(&mut moved)?);
            } else {
                bodies.push(None);
            }
        }
        let mut module = wasm_encoder::Module::new();
        let mut writer = Writer { bodies: bodies.into_iter(), moved };
        writer
            .parse_core_module(&mut module, Parser::new(0), self.bytes)
            .map_err(|error| format!("what never runs could not be moved out of functions that do: {error}"))?;
        Ok((ran, module.finish()))
    }

    /// The index of the first function that is not there yet.
    fn end(&self) -> u32 {
        self.defined().end
    }
}

/// The functions that the pieces become.
pub(super) struct Moved {
    /// All function types, old and new.
    signatures: Vec<FuncType>,
    /// The type and the code of each.
    functions: Vec<(u32, Function)>,
    /// The index of the first one.
    first: u32,
}

impl Moved {
    pub(super) fn signature(&mut self, parameters: Vec<ValType>, results: Vec<ValType>) -> u32 {
        let ty = FuncType::new(parameters, results);
        let known = self.signatures.iter().position(|known| *known == ty);
        let index = known.unwrap_or_else(|| {
            self.signatures.push(ty);
            self.signatures.len() - 1
        });
        u32::try_from(index).unwrap_or(u32::MAX)
    }

    fn next(&self) -> u32 {
        self.first + u32::try_from(self.functions.len()).unwrap_or(u32::MAX)
    }
}

/// A piece that may move: operators from `from` up to the end of its block, before `to`.
#[derive(Clone)]
pub(super) struct Tail {
    pub(super) from: usize,
    pub(super) to: usize,
    /// The blocks around, outermost first, by where they begin.
    pub(super) around: Vec<usize>,
    /// Whether control can come to its end.
    pub(super) falls: bool,
}

/// A way on from a piece.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Exit {
    /// How many blocks a branch there leaves, counted from the piece's own block; none for its end.
    pub(super) depth: Option<u32>,
    pub(super) values: Vec<ValType>,
}

pub(super) struct Cutter<'a, 'b> {
    module: &'b Module<'a>,
    pub(super) code: &'b Code<'a>,
    came: &'b BTreeSet<Option<usize>>,
    worth: Option<usize>,
    tails: Vec<Tail>,
}

impl<'a> Cutter<'a, '_> {
    /// The function without what never ran, or nothing where it stays as it is.
    fn cut(mut self, moved: &mut Moved) -> Outcome<Option<Function>> {
        self.search(0, self.code.ops.len() - 1, &mut Vec::new(), false);
        if self.tails.is_empty() {
            return Ok(None);
        }
        let wanted = self.tails.iter().map(|tail| tail.from).collect();
        let liveness = Liveness::of(self.code, &wanted);
        let tails = std::mem::take(&mut self.tails);
        let mut cuts: BTreeMap<usize, (usize, Vec<Instruction<'a>>)> = BTreeMap::new();
        let mut free = 0;
        for tail in tails {
            // A piece inside of one that has moved already moves along.
            if tail.from < free {
                continue;
            }
            if let Some(call) = self.moved(&tail, &liveness, moved)? {
                free = tail.to;
                cuts.insert(tail.from, (tail.to, call));
            }
        }
        if cuts.is_empty() {
            return Ok(None);
        }
        let mut function = declare(self.code.locals.iter().skip(self.code.parameters));
        let mut at = 0;
        while at < self.code.ops.len() {
            if let Some((to, call)) = cuts.get(&at) {
                for instruction in call {
                    function.instruction(instruction);
                }
                at = *to;
            } else {
                function.instruction(&encoded(&self.code.ops[at])?);
                at += 1;
            }
        }
        Ok(Some(function))
    }

    /// Finds pieces between `at` and the end of the block at `to`, whether this is one (`cold`) or holds some.
    fn search(&mut self, mut at: usize, to: usize, around: &mut Vec<usize>, mut cold: bool) {
        let mut begun = false;
        while at < to {
            let Some(height) = self.code.heights[at] else { return };
            if cold && !begun && height == 0 {
                begun = true;
                let falls = self.code.heights[to].is_some();
                self.tails.push(Tail { from: at, to, around: around.clone(), falls });
            }
            match self.code.ops[at] {
                Operator::Block { .. } | Operator::Loop { .. } => {
                    let end = self.end(at);
                    around.push(at);
                    self.search(at + 1, end, around, cold);
                    around.pop();
                    at = end;
                    cold |= !self.came.contains(&Some(end));
                }
                Operator::If { .. } => {
                    let end = self.end(at);
                    let otherwise = self.code.elses[at];
                    around.push(at);
                    self.search(at + 1, otherwise.unwrap_or(end), around, cold || !self.came.contains(&Some(at)));
                    if let Some(otherwise) = otherwise {
                        self.search(otherwise + 1, end, around, cold || !self.came.contains(&Some(otherwise)));
                    }
                    around.pop();
                    at = end;
                    cold |= !self.came.contains(&Some(end));
                }
                Operator::BrIf { .. } => cold |= !self.came.contains(&Some(at)),
                _ => {}
            }
            at += 1;
        }
    }

    fn end(&self, start: usize) -> usize {
        self.code.ends[start].unwrap_or(self.code.ops.len() - 1)
    }

    /// What a branch over `depth` blocks from inside of `around` leads to.
    pub(super) fn exit(&self, around: &[usize], depth: u32) -> Exit {
        match around.len().checked_sub(1 + depth as usize).map(|at| around[at]) {
            None => {
                let depth = u32::try_from(around.len()).ok().filter(|depth| *depth > 0);
                Exit { depth, values: self.code.results.clone() }
            }
            Some(start) => {
                let (ends, starts) = self.values(start);
                match self.code.ops[start] {
                    Operator::Loop { .. } => Exit { depth: Some(depth), values: starts },
                    _ if depth == 0 => Exit { depth: None, values: ends },
                    _ => Exit { depth: Some(depth), values: ends },
                }
            }
        }
    }

    /// The values that a block ends with, and that a loop begins with.
    fn values(&self, start: usize) -> (Vec<ValType>, Vec<ValType>) {
        match self.code.ops[start] {
            Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } => {
                block_values(blockty, &self.module.signatures)
            }
            _ => (Vec::new(), Vec::new()),
        }
    }

    /// What is live behind an exit.
    fn live<'l>(&self, around: &[usize], exit: &Exit, liveness: &'l Liveness, none: &'l Locals) -> &'l Locals {
        let start = match exit.depth {
            None => around.last(),
            Some(depth) => around.len().checked_sub(1 + depth as usize).map(|at| &around[at]),
        };
        match start {
            None => none,
            Some(&start) => match (&self.code.ops[start], exit.depth) {
                (Operator::Loop { .. }, Some(_)) => liveness.again(start),
                _ => liveness.behind(start),
            },
        }
    }

    /// Makes a function of a piece. Gives the call that takes its place, or nothing where that would not be worth it.
    fn moved(&self, tail: &Tail, liveness: &Liveness, moved: &mut Moved) -> Outcome<Option<Vec<Instruction<'a>>>> {
        let size = self.code.offsets[tail.to] - self.code.offsets[tail.from];
        let exits = self.exits(tail);
        let values: Vec<&[ValType]> =
            exits.iter().map(|exit| exit.values.as_slice()).filter(|values| !values.is_empty()).collect();
        let value = match values.as_slice() {
            [] => None,
            [[value], others @ ..] if others.iter().all(|other| *other == [*value]) => Some(*value),
            _ => return Ok(None),
        };
        if exits.len() > 2 && value.is_some() && exits.iter().any(|exit| exit.values.is_empty()) {
            return Ok(None);
        }

        let none = Locals::default();
        let mut after = Locals::default();
        for exit in &exits {
            after.join(self.live(&tail.around, exit, liveness, &none));
        }
        let (mut read, mut written) = (BTreeSet::new(), BTreeSet::new());
        for op in &self.code.ops[tail.from..tail.to] {
            match op {
                Operator::LocalGet { local_index } => drop(read.insert(*local_index)),
                Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
                    written.insert(*local_index);
                }
                _ => {}
            }
        }
        let mut given: Vec<u32> = written.iter().copied().filter(|local| after.holds(*local)).collect();
        let before = liveness.before(tail.from);
        let known = |local: &u32| before.holds(*local);
        let mut taken: Vec<u32> = read.union(&given.iter().copied().collect()).copied().filter(known).collect();
        // In the order of their types, so that few signatures serve all.
        let rank = |local: &u32| (order(self.code.locals[*local as usize]), *local);
        taken.sort_by_key(rank);
        given.sort_by_key(rank);

        let piece = Piece { cutter: self, tail, exits: &exits, value, taken: &taken, given: &given };
        let call = piece.call(moved.next());
        let mut bytes = Vec::new();
        call.iter().for_each(|instruction| instruction.encode(&mut bytes));
        // In the first part the call also names a place in the table.
        if self.worth.is_some_and(|worth| bytes.len() + 3 + worth > size) {
            return Ok(None);
        }
        let ty = piece.signature(moved);
        moved.functions.push((ty, piece.function(&read.union(&written).copied().collect())?));
        Ok(Some(call))
    }

    /// The ways on from a piece: its end first, if control comes there.
    fn exits(&self, tail: &Tail) -> Vec<Exit> {
        let ends = tail.around.last().map(|start| self.values(*start).0);
        let end = Exit { depth: None, values: ends.unwrap_or_else(|| self.code.results.clone()) };
        let mut exits = if tail.falls { vec![end] } else { Vec::new() };
        self.branches(tail, |exit| {
            if !exits.contains(&exit) {
                exits.push(exit);
            }
        });
        // The end is the way that is taken where the piece does not choose another one.
        exits.sort_by_key(|exit| exit.depth.is_some());
        exits
    }

    fn branches(&self, tail: &Tail, mut found: impl FnMut(Exit)) {
        let mut inner = 0u32;
        for op in &self.code.ops[tail.from..tail.to] {
            let mut branch = |depth: u32| {
                if let Some(depth) = depth.checked_sub(inner) {
                    found(self.exit(&tail.around, depth));
                }
            };
            match op {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => inner += 1,
                Operator::End => inner -= 1,
                Operator::Br { relative_depth } | Operator::BrIf { relative_depth } => branch(*relative_depth),
                Operator::BrTable { targets } => {
                    targets.targets().flatten().chain([targets.default()]).for_each(branch);
                }
                Operator::Return => {
                    branch(inner + u32::try_from(tail.around.len()).unwrap_or(u32::MAX));
                }
                _ => {}
            }
        }
    }
}

struct Writer<I> {
    /// What each function becomes, in order; nothing where it stays as it is.
    bodies: I,
    moved: Moved,
}

impl<I: Iterator<Item = Option<Function>>> Reencode for Writer<I> {
    type Error = std::convert::Infallible;

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: wasmparser::TypeSectionReader<'_>,
    ) -> Result<(), EncodeError> {
        let old = section.count() as usize;
        utils::parse_type_section(self, types, section)?;
        for ty in self.moved.signatures.clone().into_iter().skip(old) {
            let ty = self.func_type(ty)?;
            types.ty().func_type(&ty);
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Result<(), EncodeError> {
        utils::parse_function_section(self, functions, section)?;
        for (ty, _) in &self.moved.functions {
            functions.function(*ty);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: wasmparser::CodeSectionReader<'_>,
    ) -> Result<(), EncodeError> {
        utils::parse_code_section(self, code, section)?;
        for (_, function) in &self.moved.functions {
            code.function(function);
        }
        Ok(())
    }

    fn parse_function_body(&mut self, code: &mut CodeSection, body: FunctionBody<'_>) -> Result<(), EncodeError> {
        match self.bodies.next().flatten() {
            Some(function) => drop(code.function(&function)),
            None => utils::parse_function_body(self, code, body)?,
        }
        Ok(())
    }
}
