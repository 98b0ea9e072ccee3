//! The first part: what ran, stubs for what did not, and the exports that the second part takes.

use wasm_encoder::reencode::{Error as EncodeError, Reencode, utils};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, Instruction, TableSection, TypeSection, ValType,
};
use wasmparser::{FuncType, FunctionBody, Operator, Parser};

use super::data::{address_of, overlap, within};
use super::parts::{Plan, span};
use crate::{ARRIVED, Outcome};

impl Plan<'_, '_> {
    pub(super) fn first_part(&self) -> Outcome<Vec<u8>> {
        let mut module = wasm_encoder::Module::new();
        let mut writer = First { plan: self, next: self.module.imported_functions };
        writer
            .parse_core_module(&mut module, Parser::new(0), self.module.bytes)
            .map_err(|error| format!("the first part could not be written: {error}"))?;
        Ok(module.finish())
    }
}

struct First<'a, 'b, 'c> {
    plan: &'c Plan<'a, 'b>,
    /// The function whose code comes next.
    next: u32,
}

impl First<'_, '_, '_> {
    /// Asks for the second part unless it is there, then calls the function through the table whose place the last
    /// parameter tells.
    fn stub(&self, ty: u32) -> Function {
        let plan = self.plan;
        let mut stub = Function::new([]);
        stub.instruction(&Instruction::GlobalGet(self.arrived()));
        stub.instruction(&Instruction::I32Eqz);
        stub.instruction(&Instruction::If(BlockType::Empty));
        stub.instruction(&Instruction::Call(plan.ask));
        stub.instruction(&Instruction::End);
        let parameters = self.parameters(ty);
        for parameter in 0..=parameters {
            stub.instruction(&Instruction::LocalGet(parameter));
        }
        stub.instruction(&Instruction::CallIndirect { type_index: ty, table_index: plan.table });
        stub.instruction(&Instruction::End);
        stub
    }

    /// A function that stands for the one at this place of the table.
    fn named_stub(&self, ty: u32, place: u32) -> Function {
        let mut stub = Function::new([]);
        for parameter in 0..self.parameters(ty) {
            stub.instruction(&Instruction::LocalGet(parameter));
        }
        stub.instruction(&self.plan.place(place));
        stub.instruction(&Instruction::Call(self.plan.stubs[&ty]));
        stub.instruction(&Instruction::End);
        stub
    }

    fn parameters(&self, ty: u32) -> u32 {
        u32::try_from(self.plan.module.signatures[ty as usize].params().len()).unwrap_or(u32::MAX)
    }

    /// The global that says whether the second part is there; it comes after all others.
    fn arrived(&self) -> u32 {
        u32::try_from(self.plan.module.globals.len()).unwrap_or(u32::MAX)
    }
}

impl Reencode for First<'_, '_, '_> {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, EncodeError> {
        Ok(self.plan.first[&function])
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: wasmparser::TypeSectionReader<'_>,
    ) -> Result<(), EncodeError> {
        utils::parse_type_section(self, types, section)?;
        for ty in self.plan.stubs.keys() {
            let ty = &self.plan.module.signatures[*ty as usize];
            let parameters = ty.params().iter().copied().chain([wasmparser::ValType::I32]);
            let ty = self.func_type(FuncType::new(parameters, ty.results().iter().copied()))?;
            types.ty().func_type(&ty);
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        _: wasmparser::FunctionSectionReader<'_>,
    ) -> Result<(), EncodeError> {
        for function in self.plan.module.defined().filter(|function| self.plan.first.contains_key(function)) {
            functions.function(self.plan.module.types[function as usize]);
        }
        let types = u32::try_from(self.plan.module.signatures.len()).unwrap_or(u32::MAX);
        for ty in (types..).take(self.plan.stubs.len()) {
            functions.function(ty);
        }
        Ok(())
    }

    fn parse_table_section(
        &mut self,
        tables: &mut TableSection,
        section: wasmparser::TableSectionReader<'_>,
    ) -> Result<(), EncodeError> {
        for (index, table) in (0..).zip(section) {
            let mut table = table?;
            if index == self.plan.table {
                table.ty.initial += self.plan.places();
                table.ty.maximum = None;
            }
            self.parse_table(tables, table)?;
        }
        Ok(())
    }

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: wasmparser::GlobalSectionReader<'_>,
    ) -> Result<(), EncodeError> {
        utils::parse_global_section(self, globals, section)?;
        let ty = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        globals.global(ty, &ConstExpr::i32_const(0));
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: wasmparser::ExportSectionReader<'_>,
    ) -> Result<(), EncodeError> {
        utils::parse_export_section(self, exports, section)?;
        exports.export(ARRIVED, ExportKind::Global, self.arrived());
        for (index, _) in (0..).zip(&self.plan.module.tables) {
            exports.export(&Plan::thing("t", index), ExportKind::Table, index);
        }
        for (index, _) in (0..).zip(&self.plan.module.memories) {
            exports.export(&Plan::thing("m", index), ExportKind::Memory, index);
        }
        for (index, _) in (0..).zip(&self.plan.module.globals) {
            exports.export(&Plan::thing("g", index), ExportKind::Global, index);
        }
        for (place, &function) in (0..).zip(&self.plan.lent) {
            let index = self.function_index(function)?;
            exports.export(&Plan::function(place), ExportKind::Func, index);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: wasmparser::CodeSectionReader<'_>,
    ) -> Result<(), EncodeError> {
        utils::parse_code_section(self, code, section)?;
        for ty in self.plan.stubs.keys() {
            code.function(&self.stub(*ty));
        }
        Ok(())
    }

    fn parse_function_body(&mut self, code: &mut CodeSection, body: FunctionBody<'_>) -> Result<(), EncodeError> {
        let index = self.next;
        self.next += 1;
        if let Some(place) = self.plan.cold.get(&index) {
            if self.plan.named.contains(&index) {
                let place = place.unwrap_or(u32::MAX);
                code.function(&self.named_stub(self.plan.module.types[index as usize], place));
            }
            return Ok(());
        }
        let mut function = self.new_function_with_parsed_locals(&body)?;
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            let operator = operators.read()?;
            let callee = match operator {
                Operator::Call { function_index } => function_index,
                _ => u32::MAX,
            };
            if let Some(place) = self.plan.cold.get(&callee) {
                function.instruction(&self.plan.place(place.unwrap_or(u32::MAX)));
                let ty = self.plan.module.types[callee as usize];
                function.instruction(&Instruction::Call(self.plan.stubs[&ty]));
            } else {
                function.instruction(&self.instruction(operator)?);
            }
        }
        code.function(&function);
        Ok(())
    }

    fn parse_data(&mut self, section: &mut DataSection, datum: wasmparser::Data<'_>) -> Result<(), EncodeError> {
        let Some(address) = address_of(&datum.kind)? else {
            return utils::parse_data(self, section, datum);
        };
        let mut bytes = datum.data.to_vec();
        for range in self.plan.elsewhere() {
            if let Some(common) = overlap(range, &span(address, datum.data)) {
                bytes[within(&common, address)].fill(0);
            }
        }
        section.active(0, &ConstExpr::i32_const(address.cast_signed()), bytes);
        Ok(())
    }

    fn parse_custom_section(
        &mut self,
        _: &mut wasm_encoder::Module,
        _: wasmparser::CustomSectionReader<'_>,
    ) -> Result<(), EncodeError> {
        // Names and producers speak of functions by their old indices.
        Ok(())
    }
}
