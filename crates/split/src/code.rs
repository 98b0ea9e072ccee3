//! One function's code as a list of operators, with what moving a piece of it must know.

use wasmparser::{BlockType, FuncType, FuncValidator, FunctionBody, Operator, ValType, WasmModuleResources};

/// The code of one function.
pub struct Code<'a> {
    pub ops: Vec<Operator<'a>>,
    /// How many bytes into the function's code each operator begins; one more for the end.
    pub offsets: Vec<usize>,
    /// How many values lie on the stack above the floor of the block around, before each operator. None where control
    /// never comes because the operator before it branches away.
    pub heights: Vec<Option<u32>>,
    /// For each `block`, `loop` and `if`: its `end`. For an `if` with two arms also its `else`.
    pub ends: Vec<Option<usize>>,
    pub elses: Vec<Option<usize>>,
    /// Parameters, of which there are so many, and other locals.
    pub locals: Vec<ValType>,
    pub parameters: usize,
    pub results: Vec<ValType>,
}

impl<'a> Code<'a> {
    pub fn read<T: WasmModuleResources>(
        body: &FunctionBody<'a>,
        ty: &FuncType,
        mut validator: FuncValidator<T>,
    ) -> wasmparser::Result<Self> {
        let mut reader = body.get_binary_reader();
        validator.read_locals(&mut reader)?;
        let locals = (0..validator.len_locals()).filter_map(|local| validator.get_local_type(local)).collect();
        let mut code = Self {
            ops: Vec::new(),
            offsets: Vec::new(),
            heights: Vec::new(),
            ends: Vec::new(),
            elses: Vec::new(),
            locals,
            parameters: ty.params().len(),
            results: ty.results().to_vec(),
        };
        let mut open = Vec::new();
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            let (op, offset) = operators.read_with_offset()?;
            let frame = validator.get_control_frame(0);
            let height = frame.filter(|frame| !frame.unreachable).map(|frame| frame.height as u32);
            code.heights.push(height.map(|floor| validator.operand_stack_height() - floor));
            code.ends.push(None);
            code.elses.push(None);
            let at = code.ops.len();
            match op {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => open.push(at),
                Operator::Else => {
                    if let Some(&start) = open.last() {
                        code.elses[start] = Some(at);
                    }
                }
                Operator::End => {
                    if let Some(start) = open.pop() {
                        code.ends[start] = Some(at);
                    }
                }
                _ => {}
            }
            validator.op(offset, &op)?;
            code.offsets.push(offset);
            code.ops.push(op);
        }
        code.offsets.push(operators.original_position());
        Ok(code)
    }

    /// The operators behind which control may come or not: the entry (before the first operator, told as `None`), the
    /// way on after a branch that depends, both arms of an `if`, and the way on behind a block.
    pub fn forks(&self) -> impl Iterator<Item = Option<usize>> + '_ {
        let behind = self.ops.iter().enumerate().filter(|(at, op)| match op {
            Operator::BrIf { .. } | Operator::If { .. } | Operator::Else => true,
            Operator::End => at + 1 < self.ops.len(),
            _ => false,
        });
        std::iter::once(None).chain(behind.map(|(at, _)| Some(at)))
    }
}

/// The values that a block leaves behind, and those that a branch to its start takes along.
pub fn block_values(ty: BlockType, types: &[FuncType]) -> (Vec<ValType>, Vec<ValType>) {
    match ty {
        BlockType::Empty => (Vec::new(), Vec::new()),
        BlockType::Type(ty) => (vec![ty], Vec::new()),
        BlockType::FuncType(index) => {
            let ty = types.get(index as usize);
            ty.map(|ty| (ty.results().to_vec(), ty.params().to_vec())).unwrap_or_default()
        }
    }
}
