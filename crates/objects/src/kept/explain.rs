//! What editors and `kubectl explain` read of a kept kind, made from the table when it is asked for.

use super::{KeptKind, types};
use crate::record::{Field, FieldInfo, Schema, Type};
use crate::{Meta, Name};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Made once for each type, and kept.
pub(super) fn schema(kind: KeptKind) -> &'static Schema {
    static EMPTY: Schema = Schema { name: "", doc: DOC, fields: &[] };
    match types::of(kind) {
        Some(name) => record(name, &mut Vec::new()),
        None => &EMPTY,
    }
}

const DOC: &str = "Kept, not simulated: nothing in the simulation depends on it.";

fn record(name: &'static str, above: &mut Vec<&'static str>) -> &'static Schema {
    thread_local!(static KNOWN: RefCell<BTreeMap<&'static str, &'static Schema>> = const { RefCell::new(BTreeMap::new()) });
    if let Some(known) = KNOWN.with_borrow(|known| known.get(name).copied()) {
        return known;
    }
    above.push(name);
    let mut fields: Vec<FieldInfo> = types::fields(types::line(name))
        .map(|field| FieldInfo { name: field.name, doc: "", kind: Box::leak(Box::new(holds(field.holds, above))) })
        .collect();
    if above.len() == 1 {
        fields.insert(0, FieldInfo { name: "metadata", doc: "", kind: &Meta::TYPE });
    }
    above.pop();
    let doc = if above.is_empty() { DOC } else { "" };
    let schema: &'static Schema =
        Box::leak(Box::new(Schema { name: types::go_name(name), doc, fields: fields.leak() }));
    KNOWN.with_borrow_mut(|known| known.insert(name, schema));
    schema
}

/// A JSON schema holds others: below the first they are told as any JSON.
fn holds(word: &'static str, above: &mut Vec<&'static str>) -> Type {
    let inner = |word, above: &mut Vec<&'static str>| -> &'static Type { Box::leak(Box::new(holds(word, above))) };
    if let Some(word) = word.strip_prefix('[') {
        return Type::List(inner(word, above));
    }
    if let Some(word) = word.strip_prefix('{') {
        return Type::Map(inner(word, above));
    }
    match word {
        "s" | "y" => Name::TYPE,
        "b" => Type::Boolean,
        "i" => Type::Integer("int32"),
        "l" => Type::Integer("int64"),
        "t" => Type::Time,
        "q" => Type::Quantity,
        "x" => Type::IntOrString,
        "m" => Meta::TYPE,
        _ if word.len() == 1 || above.contains(&word) => Type::Opaque,
        name => Type::Record(record(name, above)),
    }
}
