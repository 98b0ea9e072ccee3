use std::collections::{BTreeMap, BTreeSet};

use wasmi::{Engine, Linker, Store, Val};
use wasmparser::{ExternalKind, Parser, Payload, TypeRef};

use super::{ARRIVED, MARKS, Module, Reached, SECOND, SHARED};

fn wasm(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("the module is well formed")
}

/// Imports the request for the second part; `open` calls `hot` and `cold`, `cold` calls `hot` and `colder`, and the
/// table holds `cold`.
fn pages() -> Vec<u8> {
    let long = "(local.set 0 (i32.add (local.get 0) (i32.const 1)))".repeat(20);
    wasm(&format!(
        r#"(module
          (import "./page.js" "__wbg_petriSecondPart_0123" (func $ask))
          (table 2 2 funcref) (memory (export "memory") 1)
          (global (mut i32) (i32.const 1024))
          (elem (i32.const 1) $cold)
          (func $open (export "open") (param i32) (result i32) (call $cold (call $hot (local.get 0))))
          (func $hot (param i32) (result i32) {long} (local.get 0))
          (func $cold (param i32) (result i32) (call $colder (call $hot (local.get 0))))
          (func $colder (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2))))"#
    ))
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
    let whole = pages();
    let parts = Module::read(&whole)
        .and_then(|module| module.split(&BTreeSet::from([1, 2]), &BTreeSet::new(), None))
        .expect("it splits");
    let first = Module::read(&parts.first).expect("the first part is a module");
    let second = Module::read(&parts.second).expect("the second part is a module");
    // `open`, `hot`, `cold` as the table has it, and the stub that calls share; nobody here calls `colder`.
    assert_eq!(first.bodies.len(), 4);
    assert_eq!(second.bodies.len(), 2);
    assert_eq!(first.callees(1), BTreeSet::from([2, 4]), "`open` calls `hot` and the stub");
    assert_eq!(first.callees(4), BTreeSet::from([0]), "the stub asks");
    // The table has room for the one function that the first part calls through it.
    assert_eq!(first.tables[0].initial, 3);
}

#[test]
fn the_first_part_lends_all_that_the_second_one_takes() {
    let whole = pages();
    let parts = Module::read(&whole)
        .and_then(|module| module.split(&BTreeSet::from([1, 2]), &BTreeSet::new(), None))
        .expect("it splits");
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
fn both_parts_together_do_what_the_whole_did() {
    let whole = pages();
    let parts = Module::read(&whole)
        .and_then(|module| module.split(&BTreeSet::from([1, 2]), &BTreeSet::new(), None))
        .expect("it splits");
    let engine = Engine::default();
    let mut store = Store::new(&engine, 0_u32);
    let mut linker = Linker::new(&engine);
    let ask = |mut caller: wasmi::Caller<'_, u32>| *caller.data_mut() += 1;
    linker.func_wrap("./page.js", "__wbg_petriSecondPart_0123", ask).expect("the name is free");
    let first = wasmi::Module::new(&engine, &parts.first).expect("the first part is valid");
    let first = linker.instantiate_and_start(&mut store, &first).expect("the first part starts");
    let lent: Vec<_> = first.exports(&store).map(|export| (export.name().to_owned(), export.into_extern())).collect();
    for (name, thing) in lent {
        linker.define(SHARED, &name, thing).expect("the name is free");
    }
    let second = wasmi::Module::new(&engine, &parts.second).expect("the second part is valid");
    linker.instantiate_and_start(&mut store, &second).expect("the second part finds all that it takes");

    let open = first.get_typed_func::<i32, i32>(&store, "open").expect("it is exported");
    assert_eq!(open.call(&mut store, 1).expect("it runs"), 82);
    assert_eq!(*store.data(), 1, "it asked, for nobody had said that the second part is there");
    let arrived = first.get_global(&store, ARRIVED).expect("it is exported");
    arrived.set(&mut store, Val::I32(1)).expect("it can be set");
    assert_eq!(open.call(&mut store, 1).expect("it runs"), 82);
    assert_eq!(*store.data(), 1, "now it need not ask");
}

/// As `pages`, with what is rare: `rare` and its own `deep` call `cold` and `hot`, `other` is called by both `cold` and
/// `deep`; the table holds `rare` too, and one constant is for `deep` alone.
fn rare_pages() -> Vec<u8> {
    let long = |n: u32| format!("(local.set 0 (i32.add (local.get 0) (i32.const {n})))").repeat(20);
    let (hot, other, deep) = (long(1), long(2), long(3));
    wasm(&format!(
        r#"(module
          (import "./page.js" "__wbg_petriSecondPart_0123" (func $ask))
          (import "./page.js" "__wbg_petriThirdPart_0123" (func $askThird))
          (type $t (func (param i32) (result i32)))
          (table 3 3 funcref) (memory (export "memory") 1) (global (mut i32) (i32.const 1024))
          (elem (i32.const 1) $cold $a::rare::shown)
          (func $open (export "open") (param i32) (result i32) (call $cold (call $hot (local.get 0))))
          (func $table (export "table") (param i32) (result i32) (call_indirect (type $t) (local.get 0) (i32.const 2)))
          (func $hot (param i32) (result i32) {hot} (local.get 0))
          (func $cold (param i32) (result i32)
            (if (i32.gt_s (local.get 0) (i32.const 1000)) (then (return (call $a::rare::one (local.get 0)))))
            (call $other (call $hot (local.get 0))))
          (func $other (param i32) (result i32) {other} (i32.mul (local.get 0) (i32.const 2)))
          (func $a::rare::one (param i32) (result i32) (call $deep (call $hot (i32.sub (local.get 0) (i32.const 1000)))))
          (func $a::rare::shown (param i32) (result i32) (call $cold (call $deep (local.get 0))))
          (func $deep (param i32) (result i32) {deep} (call $other (local.get 0))))"#
    ))
}

#[test]
fn what_is_rare_moves_on_with_all_that_only_it_leads_to() {
    let whole = rare_pages();
    let module = Module::read(&whole).expect("it is valid");
    let rare = module.of_modules(&["a::rare"]);
    assert_eq!(rare, BTreeSet::from([7, 8]));
    let ran = BTreeSet::from([2, 3, 4]);
    let parts = module.split(&ran, &rare, None).expect("it splits");
    let third = parts.third.expect("there is a third part");
    // `cold`, `other`, and a stub for each of the two that are rare.
    assert_eq!(Module::read(&parts.second).expect("it is a module").bodies.len(), 4);
    // `one`, `shown` and `deep`.
    assert_eq!(Module::read(&third).expect("it is a module").bodies.len(), 3);
    assert!(module.split(&ran, &BTreeSet::new(), None).is_ok_and(|parts| parts.third.is_none()));
}

#[test]
fn a_name_that_equal_code_has_by_chance_makes_nothing_rare() {
    let bytes = wat::parse_str(
        r#"(module
          (func $a::rare::door (call $"a::rare::door::{closure#0}") (call $"a::rare::door::{closure#1}"))
          (func $"a::rare::door::{closure#0}" (call $"core::each::<a::rare::Type>"))
          (func $"a::rare::door::{closure#1}")
          (func $"core::each::<a::rare::Type>")
          (func $common (call $a::rare::door) (call $"a::rare::door::{closure#0}") (call $a::rare::is_digit))
          (func $a::rare::is_digit))"#,
    )
    .expect("it is well formed");
    let module = Module::read(&bytes).expect("it is valid");
    // The first closure is called from elsewhere, and so is all that it calls. A short function may be anybody's.
    assert_eq!(module.of_modules(&["a::rare"]), BTreeSet::from([0, 2]));
}

#[test]
fn three_parts_together_do_what_the_whole_did() {
    let whole = rare_pages();
    let module = Module::read(&whole).expect("it is valid");
    let parts = module.split(&BTreeSet::from([2, 3, 4]), &module.of_modules(&["a::rare"]), None).expect("it splits");
    let third = parts.third.expect("there is a third part");
    let engine = Engine::default();
    // What was asked for: the second part, and the third.
    let mut store = Store::new(&engine, [0_u32; 2]);
    let mut page = Linker::new(&engine);
    for (part, name) in ["__wbg_petriSecondPart_0123", "__wbg_petriThirdPart_0123"].into_iter().enumerate() {
        let ask = move |mut caller: wasmi::Caller<'_, [u32; 2]>| caller.data_mut()[part] += 1;
        page.func_wrap("./page.js", name, ask).expect("the name is free");
    }
    let compiled = |bytes: &[u8]| wasmi::Module::new(&engine, bytes).expect("the part is valid");
    let first = page.instantiate_and_start(&mut store, &compiled(&parts.first)).expect("the first part starts");
    let mut later = Linker::new(&engine);
    let lend = |from: &str, instance: &wasmi::Instance, store: &Store<[u32; 2]>, linker: &mut Linker<[u32; 2]>| {
        let lent: Vec<_> =
            instance.exports(store).map(|export| (export.name().to_owned(), export.into_extern())).collect();
        for (name, thing) in lent {
            linker.define(from, &name, thing).expect("the name is free");
        }
    };
    lend(SHARED, &first, &store, &mut later);
    let second = later.instantiate_and_start(&mut store, &compiled(&parts.second)).expect("the second part starts");
    lend(SECOND, &second, &store, &mut later);
    first.get_global(&store, ARRIVED).expect("it is exported").set(&mut store, Val::I32(1)).expect("it can be set");

    let call = |name: &str, value: i32, instance: &wasmi::Instance, store: &mut Store<[u32; 2]>| {
        instance.get_typed_func::<i32, i32>(&*store, name).expect("it is exported").call(store, value).ok()
    };
    assert_eq!(call("open", 1, &first, &mut store), Some(162));
    assert_eq!(store.data(), &[0, 0], "nothing was rare");
    // Nobody has fetched it, so the stub calls itself until the stack ends.
    assert_eq!(call("open", 2000, &first, &mut store), None);
    assert!(store.data()[1] > 0, "it was asked for");

    let asked = store.data()[1];
    later.instantiate_and_start(&mut store, &compiled(&third)).expect("the third part finds all that it takes");
    assert_eq!(call("open", 2000, &first, &mut store), Some(2280));
    assert_eq!(call("table", 1, &first, &mut store), Some(524));
    assert_eq!(store.data()[1], asked, "now nobody asks");
}

#[test]
fn a_module_that_cannot_ask_for_a_second_part_is_left_whole() {
    let mut mute = pages();
    let at = mute.windows(5).position(|window| window == b"petri").expect("the import is there");
    mute[at] = b'x';
    let problem =
        Module::read(&mute).and_then(|module| module.split(&BTreeSet::new(), &BTreeSet::new(), None).map(drop));
    assert_eq!(problem, Err("the module does not import the function that fetches its second part".to_owned()));
    assert!(Module::read(b"no module").is_err());
}

/// Every way out of a piece of code: to the end of its block, out of several blocks, with and without a value, around a
/// loop, out of the function, and not at all; with locals of several types that are read and written across.
const WINDING: &str = r#"(module (memory (export "memory") 1)
  (func $f (export "f") (param $x i32) (param $y i64) (result i64) (local $a i32) (local $b i64) (local $c f64) (local $n i32)
    (local.set $a (i32.const 7))
    ;; One arm of two, with a value.
    (local.set $b (if (result i64) (i32.gt_s (local.get $x) (i32.const 10))
      (then
        (local.set $c (f64.convert_i32_s (local.get $x)))
        (local.set $a (i32.add (local.get $a) (i32.trunc_f64_s (local.get $c))))
        (i64.add (local.get $y) (i64.const 100)))
      (else
        (local.set $a (i32.mul (local.get $a) (i32.const 3)))
        (i64.sub (local.get $y) (i64.extend_i32_s (local.get $a))))))
    ;; The way on behind a branch that depends, out of two blocks, and the end of the function from inside.
    (block $out (block $in
      (br_if $in (i32.lt_s (local.get $x) (i32.const 5)))
      (local.set $b (i64.mul (local.get $b) (i64.const 3)))
      (local.set $a (i32.sub (local.get $a) (i32.const 1)))
      (br_if $out (i32.eq (local.get $x) (i32.const 6)))
      (if (i32.eq (local.get $x) (i32.const 8)) (then
        (i32.store (i32.const 64) (local.get $a))
        (return (i64.add (local.get $b) (i64.const 5)))))
      (local.set $b (i64.add (local.get $b) (i64.load32_u (i32.const 64)))))
      (local.set $b (i64.xor (local.get $b) (i64.const 255)))
      (local.set $a (i32.add (local.get $a) (i32.const 11))))
    ;; A loop that is left in the middle, and one arm that goes around again.
    (block $done (loop $again
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (if (i32.eqz (i32.rem_s (local.get $n) (i32.const 3)))
        (then
          (local.set $b (i64.add (local.get $b) (i64.extend_i32_s (local.get $n))))
          (br_if $done (i32.gt_s (local.get $n) (local.get $x)))
          (br $again))
        (else
          (local.set $b (i64.sub (local.get $b) (i64.const 2)))
          (local.set $a (i32.xor (local.get $a) (local.get $n)))))
      (br_if $again (i32.lt_s (local.get $n) (i32.const 9)))))
    ;; A table of ways on, some with a value.
    (local.set $b (i64.add (local.get $b) (block $value (result i64)
      (block $two (block $one (block $zero
        (br_table $zero $one $two (i32.and (local.get $x) (i32.const 3))))
        (local.set $a (i32.add (local.get $a) (i32.const 1000)))
        (br $value (i64.const 1)))
        (local.set $a (i32.add (local.get $a) (i32.const 2000)))
        (br $value (i64.extend_i32_s (local.get $a))))
      (if (i32.eq (local.get $x) (i32.const 14)) (then (unreachable)))
      (local.set $c (f64.add (local.get $c) (f64.const 0.5)))
      (i64.trunc_f64_s (f64.mul (local.get $c) (f64.const 4))))))
    (i64.add (local.get $b) (i64.extend_i32_s (local.get $a)))))"#;

/// What `f` answers for an argument, and the marks that it leaves if the module has any.
fn run(bytes: &[u8], argument: i32) -> (Option<i64>, BTreeSet<usize>) {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = wasmi::Module::new(&engine, bytes).expect("the module is valid");
    let instance = Linker::new(&engine).instantiate_and_start(&mut store, &module).expect("it starts");
    let f = instance.get_typed_func::<(i32, i64), i64>(&store, "f").expect("it is exported");
    let answer = f.call(&mut store, (argument, 40)).ok();
    let marks = instance.get_memory(&store, MARKS).map(|memory| memory.data(&store).to_vec()).unwrap_or_default();
    (answer, marks.iter().enumerate().filter(|(_, mark)| **mark != 0).map(|(at, _)| at).collect())
}

#[test]
fn a_function_without_what_it_did_not_run_still_does_all_of_it() {
    let whole = wasm(WINDING);
    let module = Module::read(&whole).expect("it is valid");
    let marked = module.with_marks().expect("it can be marked");
    let arguments = -2..20;
    let expected: Vec<_> = arguments.clone().map(|argument| run(&whole, argument).0).collect();
    assert!(expected.contains(&None) && expected.iter().collect::<BTreeSet<_>>().len() > 15, "{expected:?}");
    let mut moved = BTreeSet::new();
    for watched in arguments.clone() {
        let (answer, marks) = run(&marked, watched);
        assert_eq!(answer, run(&whole, watched).0, "marks change nothing");
        // What was watched, and that control never came anywhere but to the start.
        for marks in [marks, BTreeSet::from([0])] {
            let (ran, cut) = module.cut(&Reached { marks }, None).expect("it can be cut");
            assert_eq!(ran, BTreeSet::from([0]));
            moved.insert(Module::read(&cut).expect("it is valid").codes.len());
            let answers: Vec<_> = arguments.clone().map(|argument| run(&cut, argument).0).collect();
            assert_eq!(answers, expected, "watched with {watched}");
        }
    }
    assert!(moved.len() > 3, "different visits leave different functions: {moved:?}");
}

#[test]
fn digits_hold_four_marks_each() {
    let reached = Reached::read("90f\n").expect("they are digits");
    assert_eq!(reached.marks, BTreeSet::from([0, 3, 8, 9, 10, 11]));
    assert!(Reached::read("9g").is_err());
}
