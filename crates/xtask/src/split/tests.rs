use std::collections::{BTreeMap, BTreeSet};

use wasm_encoder::{
    CodeSection, ConstExpr, ElementSection, Elements, EntityType, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, ImportSection, Instruction, MemorySection, MemoryType, RefType, TableSection, TableType,
    TypeSection, ValType,
};
use wasmparser::{ExternalKind, Parser, Payload, TypeRef};

use super::{ARRIVED, Module};

/// Imports the request for the second part; `open` calls `hot` and `cold`, `cold` calls `hot` and `colder`, and the
/// table holds `cold`.
fn module() -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    types.ty().function([ValType::I32], [ValType::I32]);
    let mut imports = ImportSection::new();
    imports.import("./page.js", "__wbg_petriSecondPart_0123", EntityType::Function(0));
    let mut functions = FunctionSection::new();
    for ty in [1, 1, 1, 1] {
        functions.function(ty);
    }
    let mut tables = TableSection::new();
    let ty = TableType { element_type: RefType::FUNCREF, minimum: 2, maximum: Some(2), table64: false, shared: false };
    tables.table(ty);
    let mut memories = MemorySection::new();
    memories.memory(MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None });
    let mut globals = GlobalSection::new();
    let stack = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
    globals.global(stack, &ConstExpr::i32_const(1024));
    let mut exports = ExportSection::new();
    exports.export("open", ExportKind::Func, 1);
    let mut elements = ElementSection::new();
    elements.active(None, &ConstExpr::i32_const(1), Elements::Functions(vec![3].into()));
    let mut code = CodeSection::new();
    for callees in [vec![2, 3], vec![], vec![2, 4], vec![]] {
        let mut body = Function::new([]);
        body.instruction(&Instruction::LocalGet(0));
        for callee in callees {
            body.instruction(&Instruction::Call(callee));
        }
        body.instruction(&Instruction::End);
        code.function(&body);
    }
    let mut module = wasm_encoder::Module::new();
    module.section(&types).section(&imports).section(&functions).section(&tables).section(&memories);
    module.section(&globals).section(&exports).section(&elements).section(&code);
    module.finish()
}

/// What a module exports, by name; or imports, where `imports`.
fn names(bytes: &[u8], imports: bool) -> BTreeMap<String, ExternalKind> {
    let mut found = BTreeMap::new();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.expect("the module is valid") {
            Payload::ExportSection(section) if !imports => {
                for export in section {
                    let export = export.expect("the export is valid");
                    found.insert(export.name.to_owned(), export.kind);
                }
            }
            Payload::ImportSection(section) if imports => {
                for import in section.into_imports() {
                    let import = import.expect("the import is valid");
                    let kind = match import.ty {
                        TypeRef::Table(_) => ExternalKind::Table,
                        TypeRef::Memory(_) => ExternalKind::Memory,
                        TypeRef::Global(_) => ExternalKind::Global,
                        _ => ExternalKind::Func,
                    };
                    found.insert(import.name.to_owned(), kind);
                }
            }
            _ => {}
        }
    }
    found
}

#[test]
fn what_never_ran_moves_and_a_stub_stands_in_where_it_is_called() {
    let whole = module();
    let parts = Module::read(&whole).and_then(|module| module.split(&BTreeSet::from([1, 2]))).expect("it splits");
    let first = Module::read(&parts.first).expect("the first part is a module");
    let second = Module::read(&parts.second).expect("the second part is a module");
    // `open`, `hot` and the stub of `cold`; nobody in the first part calls `colder`.
    assert_eq!(first.bodies.len(), 3);
    assert_eq!(second.bodies.len(), 2);
    // The stub asks; `hot` calls nobody.
    assert_eq!(first.callees(3).expect("the stub can be read"), BTreeSet::from([0]));
    assert_eq!(first.callees(2).expect("hot can be read"), BTreeSet::new());
    // The table has room for the one function that the first part calls through it.
    assert_eq!(first.tables[0].initial, 3);
}

#[test]
fn the_first_part_lends_all_that_the_second_one_takes() {
    let whole = module();
    let parts = Module::read(&whole).and_then(|module| module.split(&BTreeSet::from([1, 2]))).expect("it splits");
    let lent = names(&parts.first, false);
    let taken = names(&parts.second, true);
    // `hot`, the table, the memory and the stack pointer.
    assert_eq!(taken.len(), 4, "{taken:?}");
    for (name, kind) in taken {
        assert_eq!(lent.get(&name), Some(&kind), "{name}");
    }
    assert_eq!(lent.get(ARRIVED), Some(&ExternalKind::Global));
    assert_eq!(lent.get("open"), Some(&ExternalKind::Func), "the page's own exports stay");
}

#[test]
fn every_function_has_a_counter() {
    let whole = module();
    let counted = Module::read(&whole).and_then(|module| module.with_counters()).expect("it can be counted");
    let exports = names(&counted, false);
    let counters: Vec<_> = exports.keys().filter(|name| name.starts_with(super::COUNTER)).collect();
    assert_eq!(counters, ["~.ran1", "~.ran2", "~.ran3", "~.ran4"]);
}

#[test]
fn a_module_that_cannot_ask_for_a_second_part_is_left_whole() {
    let whole = module();
    let mut mute = whole.clone();
    let at = whole.windows(5).position(|window| window == b"petri").expect("the import is there");
    mute[at] = b'x';
    let problem = Module::read(&mute).and_then(|module| module.split(&BTreeSet::new()).map(drop));
    assert_eq!(problem, Err("the module does not import the function that fetches its second part".to_owned()));
    assert!(Module::read(b"no module").is_err());
}
