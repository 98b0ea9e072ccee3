//! Taking a module apart: who goes where, and how one finds the other.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use wasm_encoder::Instruction;

use super::data::gather;
use super::{Constants, Module, SHARED};
use crate::Outcome;

/// The two modules.
pub struct Parts {
    pub first: Vec<u8>,
    pub second: Vec<u8>,
}

/// Who goes where, and how one finds the other.
pub(super) struct Plan<'a, 'b> {
    pub(super) module: &'b Module<'a>,
    /// Functions of the second part, and the place in the shared table of those that the first part calls.
    pub(super) cold: BTreeMap<u32, Option<u32>>,
    /// Those of them that a function of the first part must stand for, because more than calls refer to them.
    pub(super) named: BTreeSet<u32>,
    /// The stubs that lead to all functions of one type, by that type.
    pub(super) stubs: BTreeMap<u32, u32>,
    /// Functions of the first part that the second one calls, those with the most calls first.
    pub(super) lent: Vec<u32>,
    /// The functions of the second part: the cold ones, and copies of those that take less than it takes to lend them. In the
    /// order in which they stand there.
    pub(super) brought: Vec<u32>,
    /// The index in the first part of each function that has one there.
    pub(super) first: BTreeMap<u32, u32>,
    /// The index in the second part, likewise.
    pub(super) second: BTreeMap<u32, u32>,
    /// The table of functions, and its size before.
    pub(super) table: u32,
    pub(super) base: u64,
    pub(super) ask: u32,
    /// The addresses of constants that only the second part reads.
    pub(super) unread: Vec<Range<u32>>,
}

/// The second part has its own copy of functions with no more bytes than this.
const SMALL: usize = 20;
/// Constants move in stretches of no fewer bytes than this: it takes a few to say where each goes.
const LONG: usize = 32;

impl Module<'_> {
    /// Keeps the functions in `ran` and what the module cannot start without in the first part. Those of its constants
    /// that only others read leave zeros there.
    pub fn split(&self, ran: &BTreeSet<u32>, constants: Option<&Constants>) -> Outcome<Parts> {
        let codes = ran.iter().filter_map(|function| self.code(*function));
        let unread = constants.map(|constants| constants.unread(codes, &self.data)).unwrap_or_default();
        let unread = gather(unread, 0).into_iter().filter(|run| run.len() >= LONG).collect();
        let plan = Plan::new(self, ran, unread)?;
        let parts = Parts { first: plan.first_part()?, second: plan.second_part()? };
        for (part, bytes) in [("first", &parts.first), ("second", &parts.second)] {
            let mut validator = wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all());
            validator.validate_all(bytes).map_err(|error| format!("the {part} part came out wrong: {error}"))?;
        }
        Ok(parts)
    }
}

impl<'a, 'b> Plan<'a, 'b> {
    fn new(module: &'b Module<'a>, ran: &BTreeSet<u32>, unread: Vec<Range<u32>>) -> Outcome<Self> {
        let ask = module.ask.ok_or("the module does not import the function that fetches its second part")?;
        let table = module.tables.iter().position(|table| table.element_type == wasmparser::RefType::FUNCREF);
        let table = table.ok_or("the module has no table of functions")?;
        let base = module.tables[table].initial;
        let mut named = module.roots.clone();
        let mut called = BTreeSet::new();
        let mut lent = BTreeSet::new();
        for function in module.defined() {
            let callees = module.callees(function);
            if ran.contains(&function) {
                called.extend(callees);
                named.extend(module.references(function));
            } else {
                lent.extend(callees);
            }
        }
        let mut cold = BTreeMap::new();
        let mut places = 0..;
        for function in module.defined().filter(|function| !ran.contains(function)) {
            let place = if called.contains(&function) || named.contains(&function) { places.next() } else { None };
            cold.insert(function, place);
        }
        let mut copied = BTreeSet::new();
        let mut next: Vec<u32> = std::mem::take(&mut lent).into_iter().collect();
        while let Some(function) = next.pop() {
            let small = module.body(function).is_some_and(|body| body.as_bytes().len() <= SMALL);
            if cold.contains_key(&function) || lent.contains(&function) || copied.contains(&function) {
                continue;
            }
            if small && module.references(function).next().is_none() {
                copied.insert(function);
                next.extend(module.callees(function));
            } else {
                lent.insert(function);
            }
        }
        named.retain(|function| cold.contains_key(function));
        let kept = module.defined().filter(|function| !cold.contains_key(function) || named.contains(function));
        let first: BTreeMap<u32, u32> = (0..module.imported_functions).chain(kept).zip(0..).collect();
        let stood_for = called.union(&named).filter(|function| cold.contains_key(function));
        let types: BTreeSet<u32> = stood_for.map(|function| module.types[*function as usize]).collect();
        let stubs = types.into_iter().zip(u32::try_from(first.len()).unwrap_or(u32::MAX)..).collect();
        let mut calls: BTreeMap<u32, usize> = BTreeMap::new();
        for callee in cold.keys().chain(&copied).flat_map(|function| module.calls(*function)) {
            *calls.entry(callee).or_default() += 1;
        }
        let mut lent = Vec::from_iter(lent);
        lent.sort_by_key(|function| std::cmp::Reverse(calls.get(function).copied()));
        let mut brought: Vec<u32> = cold.keys().chain(&copied).copied().collect();
        // Long ones first, as in the whole: code beside code of its like packs better.
        brought.sort_by_key(|function| std::cmp::Reverse(module.body(*function).map(|body| body.as_bytes().len())));
        let second = lent.iter().chain(&brought).copied().zip(0..).collect();
        let table = u32::try_from(table).map_err(|_| "too many tables")?;
        Ok(Self { module, cold, named, stubs, lent, brought, first, second, table, base, ask, unread })
    }

    /// Where in the table a function of the second part is, as an instruction.
    pub(super) fn place(&self, place: u32) -> Instruction<'static> {
        Instruction::I32Const(i32::try_from(self.base + u64::from(place)).unwrap_or(i32::MAX))
    }

    pub(super) fn places(&self) -> u64 {
        self.cold.values().flatten().count() as u64
    }

    /// The name under which the first part lends a function to the second, by its place among those.
    pub(super) fn function(place: u32) -> String {
        format!("{SHARED}{}", short(place))
    }

    /// The name of anything else that both share; the dot keeps it apart from every function.
    pub(super) fn thing(kind: &str, index: u32) -> String {
        format!("{SHARED}.{kind}{index}")
    }
}

/// The addresses of bytes that begin at this one.
pub(super) fn span(address: u32, bytes: &[u8]) -> Range<u32> {
    address..address + bytes.len() as u32
}

/// A number in few letters: these names are most of what the first part pays for being one of two.
fn short(mut number: u32) -> String {
    const LETTERS: &[u8; 64] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
    let mut name = String::new();
    loop {
        name.insert(0, LETTERS[(number % 64) as usize] as char);
        number /= 64;
        if number == 0 {
            return name;
        }
    }
}
