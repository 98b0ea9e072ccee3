//! Taking a module apart: who goes where, and how one finds the other.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use wasm_encoder::Instruction;

use super::data::gather;
use super::{Constants, Module, SECOND, SHARED};
use crate::Outcome;

/// The modules.
pub struct Parts {
    pub first: Vec<u8>,
    pub second: Vec<u8>,
    /// Nothing where no function is rare.
    pub third: Option<Vec<u8>>,
}

/// Who goes where, and how one finds the other.
pub(super) struct Plan<'a, 'b> {
    pub(super) module: &'b Module<'a>,
    /// Functions that the first part lacks, and the place in the shared table of those that are called from a part before
    /// their own. Those of the second part come first there.
    pub(super) cold: BTreeMap<u32, Option<u32>>,
    /// Those of them that a function of the first part must stand for, because more than calls refer to them.
    pub(super) named: BTreeSet<u32>,
    /// The stubs that lead to all functions of one type, by that type.
    pub(super) stubs: BTreeMap<u32, u32>,
    /// Functions of the first part that later ones call, those with the most calls first.
    pub(super) lent: Vec<u32>,
    /// The index in the first part of each function that has one there.
    pub(super) first: BTreeMap<u32, u32>,
    pub(super) second: Later,
    /// What is rare. It brings nothing where nothing is.
    pub(super) third: Later,
    /// The table of functions, and its size before.
    pub(super) table: u32,
    pub(super) base: u64,
    pub(super) ask: u32,
    /// The same for the third part, where there is one.
    pub(super) ask_for_third: Option<u32>,
}

/// A part that is fetched later.
pub(super) struct Later {
    /// What it takes from the parts before: the name of the module, the name there, and the function.
    pub(super) taken: Vec<(&'static str, String, u32)>,
    /// Its functions: those that only it has, and copies of those that take less than it takes to lend them. In the order
    /// in which they stand there.
    pub(super) brought: Vec<u32>,
    /// Functions of the part after it, for which it has a stub in the table.
    pub(super) stood_for: Vec<u32>,
    /// What it puts into the table, in the order of the places: functions of its own, and those stubs.
    pub(super) placed: Vec<u32>,
    /// What it lends the part after it, by the names under which it does.
    pub(super) lent: Vec<u32>,
    /// The index in it of each function that has one there.
    pub(super) index: BTreeMap<u32, u32>,
    /// The addresses of constants that it brings.
    pub(super) constants: Vec<Range<u32>>,
}

/// A later part has its own copy of functions with no more bytes than this.
const SMALL: usize = 20;
/// Constants move in stretches of no fewer bytes than this: it takes a few to say where each goes.
const LONG: usize = 32;

impl Module<'_> {
    /// Keeps the functions in `ran` and what the module cannot start without in the first part. Functions in `rare`, and
    /// those that only they lead to, go into a third one. Constants that only a later part reads leave zeros in the first.
    pub fn split(&self, ran: &BTreeSet<u32>, rare: &BTreeSet<u32>, constants: Option<&Constants>) -> Outcome<Parts> {
        let plan = Plan::new(self, ran, &self.only_through(rare, ran), constants)?;
        let third = if plan.third.brought.is_empty() { None } else { Some(plan.later_part(&plan.third, "third")?) };
        let parts = Parts { first: plan.first_part()?, second: plan.later_part(&plan.second, "second")?, third };
        let all = [("first", Some(&parts.first)), ("second", Some(&parts.second)), ("third", parts.third.as_ref())];
        for (part, bytes) in all.into_iter().filter_map(|(part, bytes)| Some((part, bytes?))) {
            let mut validator = wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all());
            validator.validate_all(bytes).map_err(|error| format!("the {part} part came out wrong: {error}"))?;
        }
        Ok(parts)
    }

    /// The rare functions that did not run, and all to which no way leads but through them.
    fn only_through(&self, rare: &BTreeSet<u32>, ran: &BTreeSet<u32>) -> BTreeSet<u32> {
        let is_rare = |function: &u32| rare.contains(function) && !ran.contains(function);
        let mut next: Vec<u32> = ran.union(&self.roots).copied().filter(|function| !is_rare(function)).collect();
        let mut common = BTreeSet::new();
        while let Some(function) = next.pop() {
            if common.insert(function) {
                next.extend(self.callees(function).into_iter().filter(|callee| !is_rare(callee)));
            }
        }
        let reached = self.reached_from(rare.iter().copied().filter(is_rare).collect());
        reached.difference(&common).copied().filter(|function| *function >= self.imported_functions).collect()
    }

    fn reached_from(&self, mut next: Vec<u32>) -> BTreeSet<u32> {
        let mut reached = BTreeSet::new();
        while let Some(function) = next.pop() {
            if reached.insert(function) {
                next.extend(self.callees(function));
            }
        }
        reached
    }

    fn is_small(&self, function: u32) -> bool {
        let small = self.body(function).is_some_and(|body| body.as_bytes().len() <= SMALL);
        small && self.references(function).next().is_none()
    }

    /// What a part with these functions copies, and what others must lend it. Functions that it may only find through
    /// the table are neither.
    fn needs(&self, own: &BTreeSet<u32>, later: &BTreeSet<u32>) -> (BTreeSet<u32>, BTreeSet<u32>) {
        let (mut copied, mut lent) = (BTreeSet::new(), BTreeSet::new());
        let mut next: Vec<u32> = own.iter().flat_map(|function| self.callees(*function)).collect();
        while let Some(function) = next.pop() {
            if own.contains(&function) || later.contains(&function) || lent.contains(&function) {
                continue;
            }
            if !self.is_small(function) {
                lent.insert(function);
            } else if copied.insert(function) {
                next.extend(self.callees(function));
            }
        }
        (copied, lent)
    }

    /// The functions of a part as they stand in it.
    fn in_order(&self, functions: impl Iterator<Item = u32>) -> Vec<u32> {
        let mut brought: Vec<u32> = functions.collect();
        // Long ones first, as in the whole: code beside code of its like packs better.
        brought.sort_by_key(|function| std::cmp::Reverse(self.body(*function).map(|body| body.as_bytes().len())));
        brought
    }
}

impl<'a, 'b> Plan<'a, 'b> {
    fn new(
        module: &'b Module<'a>,
        ran: &BTreeSet<u32>,
        rare: &BTreeSet<u32>,
        constants: Option<&Constants>,
    ) -> Outcome<Self> {
        let [ask, ask_for_third] = module.asks;
        let ask = ask.ok_or("the module does not import the function that fetches its second part")?;
        if ask_for_third.is_none() && !rare.is_empty() {
            return Err("the module does not import the function that fetches its third part".to_owned());
        }
        let table = module.tables.iter().position(|table| table.element_type == wasmparser::RefType::FUNCREF);
        let table = table.ok_or("the module has no table of functions")?;
        let base = module.tables[table].initial;

        let others: BTreeSet<u32> = module.defined().filter(|f| !ran.contains(f) && !rare.contains(f)).collect();
        let (copied, mut lent) = module.needs(&others, rare);
        let (copied_again, lent_again) = module.needs(rare, &BTreeSet::new());
        let (from_second, from_first): (BTreeSet<u32>, BTreeSet<u32>) =
            lent_again.into_iter().partition(|function| others.contains(function));

        let mut named = module.roots.clone();
        let mut called = BTreeSet::new();
        for function in module.defined().filter(|function| ran.contains(function)) {
            called.extend(module.callees(function));
            named.extend(module.references(function));
        }
        let in_second = others.iter().chain(&copied);
        let called_later: BTreeSet<u32> = in_second.clone().flat_map(|function| module.callees(*function)).collect();
        let is_found = |function: &u32| called.contains(function) || named.contains(function);
        let mut places = 0..;
        let mut cold: BTreeMap<u32, Option<u32>> = BTreeMap::new();
        for &function in &others {
            cold.insert(function, if is_found(&function) { places.next() } else { None });
        }
        for &function in rare {
            let found = is_found(&function) || called_later.contains(&function);
            cold.insert(function, if found { places.next() } else { None });
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
        let stubs_of_second: Vec<u32> = rare.iter().copied().filter(|function| cold[function].is_some()).collect();
        lent.extend(ask_for_third.filter(|_| !stubs_of_second.is_empty()));
        let mut all_lent: Vec<u32> = lent.union(&from_first).copied().collect();
        all_lent.sort_by_key(|function| std::cmp::Reverse(calls.get(function).copied()));
        let lent_by_second = Vec::from_iter(from_second);
        let take = |wanted: &BTreeSet<u32>| -> Vec<(&'static str, String, u32)> {
            let lent = (0..).zip(&all_lent).filter(|(_, function)| wanted.contains(function));
            lent.map(|(place, function)| (SHARED, Self::function(place), *function)).collect()
        };
        let mut taken = take(&from_first);
        let by_second = (0..).zip(&lent_by_second).map(|(place, function)| (SECOND, Self::function(place), *function));
        taken.extend(by_second);

        let (unread, unread_later) = unread(module, ran, rare, in_second, constants);
        let called_before = others.iter().copied().filter(|function| cold[function].is_some());
        let second = Later {
            placed: called_before.chain(stubs_of_second.iter().copied()).collect(),
            taken: take(&lent),
            brought: module.in_order(others.iter().chain(&copied).copied()),
            stood_for: stubs_of_second.clone(),
            lent: lent_by_second,
            constants: unread,
            index: BTreeMap::new(),
        };
        let third = Later {
            placed: stubs_of_second,
            taken,
            brought: module.in_order(rare.iter().chain(&copied_again).copied()),
            stood_for: Vec::new(),
            lent: Vec::new(),
            constants: unread_later,
            index: BTreeMap::new(),
        };
        let (second, third) = (second.numbered(), third.numbered());
        let table = u32::try_from(table).map_err(|_| "too many tables")?;
        Ok(Self { module, cold, named, stubs, lent: all_lent, first, second, third, table, base, ask, ask_for_third })
    }

    /// Where in the table a function of a later part is, as an instruction.
    pub(super) fn place(&self, place: u32) -> Instruction<'static> {
        Instruction::I32Const(i32::try_from(self.base + u64::from(place)).unwrap_or(i32::MAX))
    }

    pub(super) fn places(&self) -> u64 {
        self.cold.values().flatten().count() as u64
    }

    /// The addresses of constants that the first part does not bring.
    pub(super) fn elsewhere(&self) -> impl Iterator<Item = &Range<u32>> {
        self.second.constants.iter().chain(&self.third.constants)
    }

    /// The name under which a part lends a function to a later one, by its place among those.
    pub(super) fn function(place: u32) -> String {
        format!("{SHARED}{}", short(place))
    }

    /// The name of anything else that all share; the dot keeps it apart from every function.
    pub(super) fn thing(kind: &str, index: u32) -> String {
        format!("{SHARED}.{kind}{index}")
    }
}

impl Later {
    fn numbered(mut self) -> Self {
        let functions = self.taken.iter().map(|(_, _, function)| function).chain(&self.brought).chain(&self.stood_for);
        self.index = functions.copied().zip(0..).collect();
        self
    }
}

/// The addresses of constants that only the second part reads, and of those that only the third one does.
fn unread<'f>(
    module: &Module<'_>,
    ran: &'f BTreeSet<u32>,
    rare: &BTreeSet<u32>,
    in_second: impl Iterator<Item = &'f u32>,
    constants: Option<&Constants>,
) -> (Vec<Range<u32>>, Vec<Range<u32>>) {
    let Some(constants) = constants else { return (Vec::new(), Vec::new()) };
    let of = |function: u32| module.code(function);
    let others = module.defined().filter(|function| !rare.contains(function));
    let set_aside = constants.rare(rare.iter().copied().filter_map(of), others.filter_map(of));
    let long = |runs: Vec<Range<u32>>| gather(runs, 0).into_iter().filter(|run| run.len() >= LONG).collect::<Vec<_>>();
    let cold = module.defined().filter(|function| !ran.contains(function));
    let mut aside_at_first = constants.texts(cold.filter_map(of), ran.iter().copied().filter_map(of), &module.data);
    aside_at_first.extend(&set_aside);
    let by_first = constants.unread(ran.iter().copied().filter_map(of), &module.data, &aside_at_first);
    let codes = ran.iter().chain(in_second).copied().filter_map(of);
    let by_both = long(constants.unread(codes, &module.data, &set_aside));
    let mut second = Vec::new();
    for run in long(by_first) {
        let mut from = run.start;
        for rare in by_both.iter().filter(|rare| run.start <= rare.start && rare.end <= run.end) {
            second.extend((from < rare.start).then_some(from..rare.start));
            from = rare.end;
        }
        second.extend((from < run.end).then_some(from..run.end));
    }
    (second, by_both)
}

/// The addresses of bytes that begin at this one.
pub(super) fn span(address: u32, bytes: &[u8]) -> Range<u32> {
    address..address + bytes.len() as u32
}

/// A number in few letters: these names are most of what the first part pays for being one of several.
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
