//! A piece of a function as a function of its own, and the call that takes its place.

use std::collections::{BTreeMap, BTreeSet};

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{BlockType, Function, HeapType, Instruction};
use wasmparser::{Operator, ValType};

use super::tails::{Cutter, Exit, Moved, Tail};
use crate::Outcome;

/// A piece and all that is known of it.
pub(super) struct Piece<'a, 'b, 'c> {
    pub(super) cutter: &'c Cutter<'a, 'b>,
    pub(super) tail: &'c Tail,
    pub(super) exits: &'c [Exit],
    /// What some ways on take along on the stack; the others get a zero, and drop it.
    pub(super) value: Option<ValType>,
    /// The locals that it takes.
    pub(super) taken: &'c [u32],
    /// The locals that it gives back.
    pub(super) given: &'c [u32],
}

impl<'a> Piece<'a, '_, '_> {
    /// Results are the value, the number of the way on where there are several, and the locals given back.
    pub(super) fn signature(&self, moved: &mut Moved) -> u32 {
        let locals = &self.cutter.code.locals;
        let parameters = self.taken.iter().map(|local| locals[*local as usize]).collect();
        let mut results = Vec::from_iter(self.value);
        if self.exits.len() > 1 {
            results.push(ValType::I32);
        }
        results.extend(self.given.iter().map(|local| locals[*local as usize]));
        moved.signature(parameters, results)
    }

    /// What stands in the piece's place.
    pub(super) fn call(&self, function: u32) -> Vec<Instruction<'a>> {
        let branch = |exit: &Exit, deeper: u32| exit.depth.map(|depth| depth + deeper);
        let mut call: Vec<_> = self.taken.iter().map(|local| Instruction::LocalGet(*local)).collect();
        call.push(Instruction::Call(function));
        call.extend(self.given.iter().rev().map(|local| Instruction::LocalSet(*local)));
        match self.exits {
            [] => call.push(Instruction::Unreachable),
            [only] => call.extend(branch(only, 0).map(Instruction::Br)),
            [first, second] => {
                // Only the first can be the end.
                call.extend(branch(second, 0).map(Instruction::BrIf));
                match branch(first, 0) {
                    Some(depth) => call.push(Instruction::Br(depth)),
                    None if self.value.is_some() && first.values.is_empty() => call.push(Instruction::Drop),
                    None => {}
                }
            }
            [first, others @ ..] => {
                let ty = match (first.depth, self.value) {
                    (None, Some(value)) => BlockType::Result(val_type(value)),
                    _ => BlockType::Empty,
                };
                let targets: Vec<u32> = others.iter().filter_map(|exit| branch(exit, 1)).collect();
                // The way on is counted from the first exit, and that is the default: it comes last in the table.
                let mut table = vec![branch(first, 1).unwrap_or(0)];
                table.extend(targets);
                let default = table[0];
                call.insert(0, Instruction::Block(ty));
                call.push(Instruction::BrTable(table.into(), default));
                call.push(Instruction::End);
                if first.depth.is_some() {
                    call.push(Instruction::Unreachable);
                }
            }
        }
        call
    }

    /// The piece as a function: one block for each way on, and behind each what it gives back.
    pub(super) fn function(&self, used: &BTreeSet<u32>) -> Outcome<Function> {
        let code = self.cutter.code;
        let mut inside: Vec<u32> = used.iter().copied().filter(|local| !self.taken.contains(local)).collect();
        inside.sort_by_key(|local| (order(code.locals[*local as usize]), *local));
        let names: BTreeMap<u32, u32> = self.taken.iter().chain(&inside).copied().zip(0..).collect();
        let declared: Vec<&ValType> = inside.iter().map(|local| &code.locals[*local as usize]).collect();
        let mut function = declare(declared.into_iter());
        for exit in self.exits.iter().rev() {
            function.instruction(&Instruction::Block(match exit.values.as_slice() {
                [value] => BlockType::Result(val_type(*value)),
                _ => BlockType::Empty,
            }));
        }
        let mut inner = 0u32;
        for op in &code.ops[self.tail.from..self.tail.to] {
            match op {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => inner += 1,
                Operator::End => inner -= 1,
                _ => {}
            }
            let depth = |depth: u32| self.depth(depth, inner);
            let instruction = match op {
                Operator::LocalGet { local_index } => Instruction::LocalGet(names[local_index]),
                Operator::LocalSet { local_index } => Instruction::LocalSet(names[local_index]),
                Operator::LocalTee { local_index } => Instruction::LocalTee(names[local_index]),
                Operator::Br { relative_depth } => Instruction::Br(depth(*relative_depth)),
                Operator::BrIf { relative_depth } => Instruction::BrIf(depth(*relative_depth)),
                Operator::BrTable { targets } => {
                    let table: Vec<u32> = targets.targets().flatten().map(depth).collect();
                    Instruction::BrTable(table.into(), depth(targets.default()))
                }
                Operator::Return => {
                    Instruction::Br(depth(inner + u32::try_from(self.tail.around.len()).unwrap_or(u32::MAX)))
                }
                op => encoded(op)?,
            };
            function.instruction(&instruction);
        }
        if self.exits.is_empty() {
            function.instruction(&Instruction::Unreachable);
        }
        for (number, exit) in (0..).zip(self.exits) {
            function.instruction(&Instruction::End);
            if let Some(value) = self.value.filter(|_| exit.values.is_empty()) {
                function.instruction(&zero(value));
            }
            if self.exits.len() > 1 {
                function.instruction(&Instruction::I32Const(number));
            }
            for local in self.given {
                function.instruction(&Instruction::LocalGet(names[local]));
            }
            function.instruction(&Instruction::Return);
        }
        function.instruction(&Instruction::End);
        Ok(function)
    }

    /// Where a branch over `depth` blocks goes in the new function.
    fn depth(&self, depth: u32, inner: u32) -> u32 {
        let Some(outer) = depth.checked_sub(inner) else { return depth };
        let exit = self.cutter.exit(&self.tail.around, outer);
        let place = self.exits.iter().position(|known| *known == exit).unwrap_or(usize::MAX);
        inner + u32::try_from(place).unwrap_or(u32::MAX)
    }
}

/// A place in the order of types.
pub(super) fn order(ty: ValType) -> u8 {
    match ty {
        ValType::I32 => 0,
        ValType::I64 => 1,
        ValType::F32 => 2,
        ValType::F64 => 3,
        ValType::V128 => 4,
        ValType::Ref(_) => 5,
    }
}

fn zero(ty: ValType) -> Instruction<'static> {
    match ty {
        ValType::I32 => Instruction::I32Const(0),
        ValType::I64 => Instruction::I64Const(0),
        ValType::F32 => Instruction::F32Const(0.0.into()),
        ValType::F64 => Instruction::F64Const(0.0.into()),
        ValType::V128 => Instruction::V128Const(0),
        ValType::Ref(ty) if ty.is_func_ref() => Instruction::RefNull(HeapType::FUNC),
        ValType::Ref(_) => Instruction::RefNull(HeapType::EXTERN),
    }
}

fn val_type(ty: ValType) -> wasm_encoder::ValType {
    RoundtripReencoder.val_type(ty).unwrap_or(wasm_encoder::ValType::I32)
}

pub(super) fn encoded<'a>(op: &Operator<'a>) -> Outcome<Instruction<'a>> {
    RoundtripReencoder.instruction(op.clone()).map_err(|error| format!("an operator could not be copied: {error}"))
}

/// A function with these locals, neighbours of one type together.
pub(super) fn declare<'t>(locals: impl Iterator<Item = &'t ValType>) -> Function {
    let mut runs: Vec<(u32, wasm_encoder::ValType)> = Vec::new();
    for ty in locals.map(|ty| val_type(*ty)) {
        match runs.last_mut() {
            Some((count, last)) if *last == ty => *count += 1,
            _ => runs.push((1, ty)),
        }
    }
    Function::new(runs)
}
