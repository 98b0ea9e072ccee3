//! One declaration per API type: struct, wire form, strict decoding, schema.

use crate::kept::types;
use crate::{Map, Name, Time, Value};
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// What kubectl explain and the editor know of a type.
#[derive(Debug)]
pub struct Schema {
    /// Upstream's type name: `StatefulSetSpec`.
    pub name: &'static str,
    pub doc: &'static str,
    pub fields: &'static [FieldInfo],
}

#[derive(Debug)]
pub struct FieldInfo {
    /// The wire name: `serviceName`.
    pub name: &'static str,
    pub doc: &'static str,
    pub kind: &'static Type,
}

/// The type of a field.
#[derive(Debug)]
pub enum Type {
    String,
    Integer(&'static str),
    Boolean,
    Quantity,
    IntOrString,
    Time,
    List(&'static Type),
    Map(&'static Type),
    Record(&'static Schema),
    /// Accepted and kept, but without effect in the simulation.
    Opaque,
}

impl Schema {
    /// The fields that have a name.
    pub fn named(&self) -> impl Iterator<Item = &'static FieldInfo> {
        self.fields.iter().filter(|field| !field.name.is_empty())
    }
    pub fn field(&self, name: &str) -> Option<&'static FieldInfo> {
        self.named().find(|f| f.name == name)
    }
}

/// A place in an object where decoding met something it cannot take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeProblem {
    /// `spec.template.spec.containers[0].image`, as the API server writes it.
    pub path: String,
    pub kind: DecodeProblemKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeProblemKind {
    /// The type has no such field: an error under strict validation.
    UnknownField,
    /// Go's decoder refuses the value; the message is its own, without the leading `json: `.
    WrongType(String),
    /// The field is known and kept, but nothing in the simulation depends on it.
    NotSimulated,
}

/// What the API server says of a value of a wrong type: most of it is the JSON decoder's.
pub fn by_decoder(text: &str) -> String {
    let own = text.starts_with("quantities must") || text.starts_with("illegal base64");
    if own { text.into() } else { format!("json: {text}") }
}

/// Fields that are kept word for word and yet have an effect: record and name.
const LOOKED_UP: [(&str, &str); 11] = [
    ("Container", "env"),
    ("Container", "envFrom"),
    ("PodSpec", "dnsConfig"),
    ("PodSpec", "hostAliases"),
    ("PodSpec", "imagePullSecrets"),
    ("PodSpec", "securityContext"),
    ("ResourceQuotaSpec", "scopeSelector"),
    ("Volume", "configMap"),
    ("Volume", "downwardAPI"),
    ("Volume", "projected"),
    ("Volume", "secret"),
];

/// State of one decoding: where we are and what was wrong so far.
#[derive(Debug, Default)]
pub struct Decode {
    path: Vec<Step>,
    pub problems: Vec<DecodeProblem>,
    /// The innermost Go struct, for its name in type errors.
    pub(crate) within: Vec<&'static str>,
}

#[derive(Debug)]
enum Step {
    Key(Name),
    /// A key of a map, which Go's decoder leaves out of its messages.
    Entry(Name),
    Index(usize),
}

impl Decode {
    pub fn path(&self) -> String {
        let mut out = String::new();
        for step in &self.path {
            match step {
                Step::Key(key) | Step::Entry(key) => {
                    if !out.is_empty() {
                        out.push('.');
                    }
                    out.push_str(key);
                }
                Step::Index(i) => out.push_str(&format!("[{i}]")),
            }
        }
        out
    }
    pub fn key<T>(&mut self, key: &Name, inside: impl FnOnce(&mut Decode) -> T) -> T {
        self.path.push(Step::Key(key.clone()));
        let result = inside(self);
        self.path.pop();
        result
    }
    pub fn entry<T>(&mut self, key: &Name, inside: impl FnOnce(&mut Decode) -> T) -> T {
        self.path.push(Step::Entry(key.clone()));
        let result = inside(self);
        self.path.pop();
        result
    }
    pub fn index<T>(&mut self, index: usize, inside: impl FnOnce(&mut Decode) -> T) -> T {
        self.path.push(Step::Index(index));
        let result = inside(self);
        self.path.pop();
        result
    }
    /// Checks a field that has no place of its own in its record; `false` if Kubernetes knows none of this name, or if it
    /// holds nothing. What a cluster reports has no place at all and is not told.
    fn check_other(&mut self, key: &str, value: &Value, is_kept: bool) -> bool {
        let owner = self.within.last().copied().unwrap_or_default();
        match types::field_of(owner, key) {
            None => self.report(DecodeProblemKind::UnknownField),
            Some(_) if matches!(value, Value::Null) => {}
            Some(field) => {
                types::check(field.holds, value, self);
                if is_kept {
                    self.report(DecodeProblemKind::NotSimulated);
                }
                return true;
            }
        }
        false
    }
    /// Checks the type of what nothing in the simulation depends on, where it is known.
    fn check_unused(&mut self, value: &Value) {
        let (owner, step) = (self.within.last().copied().unwrap_or_default(), self.path.last());
        let field = step.and_then(|step| match step {
            Step::Key(key) => types::field_of(owner, key),
            Step::Entry(_) | Step::Index(_) => None,
        });
        if let Some(field) = field {
            types::check(field.holds, value, self);
        }
    }
    /// Whether this is a field that a pod waits for, or that its containers see.
    fn is_looked_up(&self) -> bool {
        let Some(Step::Key(key)) = self.path.last() else { return false };
        LOOKED_UP.contains(&(self.within.last().copied().unwrap_or_default(), &**key))
    }
    pub fn report(&mut self, kind: DecodeProblemKind) {
        let path = self.path();
        self.problems.push(DecodeProblem { path, kind });
    }
    /// `cannot unmarshal string into Go struct field StatefulSetSpec.spec.replicas of type int32`
    pub fn wrong_type(&mut self, value: &Value, go: &str) {
        let keys: Vec<&str> = self
            .path
            .iter()
            .filter_map(|step| match step {
                Step::Key(key) => Some(&**key),
                Step::Entry(_) | Step::Index(_) => None,
            })
            .collect();
        let what = match value {
            // Go tells the number only where the field is a number too, and the value does not fit.
            Value::Number(text) if go.starts_with("int") => format!("number {text}"),
            other => other.go_type().into(),
        };
        let text = match self.within.last() {
            Some(name) if !keys.is_empty() => {
                let name = if *name == "Meta" { "ObjectMeta" } else { name };
                format!("cannot unmarshal {what} into Go struct field {name}.{} of type {go}", keys.join("."))
            }
            _ => format!("cannot unmarshal {what} into Go value of type {go}"),
        };
        self.report(DecodeProblemKind::WrongType(text));
    }
}

/// A value that can stand in a record.
pub trait Field: Sized + Default {
    const TYPE: Type;
    /// Go's name of the type, as its decoder's errors print it.
    const GO: &'static str;
    /// `None` leaves the key out, as Go's `omitempty` does.
    fn encode(&self) -> Option<Value>;
    fn decode(value: &Value, at: &mut Decode) -> Self;
    /// What the field is where nobody has said anything.
    fn blank() -> Self {
        Self::default()
    }
    /// The value even where `encode` would leave it out.
    fn encode_always(&self) -> Value {
        self.encode().unwrap_or(Value::Null)
    }
}

/// A struct declared with [`record!`](crate::record!).
pub trait Record: Sized + Default {
    const SCHEMA: Schema;
    /// What the field at this place of the schema is written as, if it is written.
    fn field(&self, index: usize) -> Option<Value>;
    /// Reads the field at this place of the schema.
    fn set_field(&mut self, index: usize, value: &Value, at: &mut Decode);

    fn encode_fields(&self, map: &mut Map) {
        encode_fields(&Self::SCHEMA, map, &|index| self.field(index));
    }
    // Not inlined: the page has a copy of this for each record, and most of them are not needed to open it.
    #[inline(never)]
    fn to_value(&self) -> Value {
        let mut map = Map::new();
        self.encode_fields(&mut map);
        Value::Map(map)
    }
    #[inline(never)]
    fn from_value(value: &Value, at: &mut Decode) -> Self {
        match value {
            Value::Map(map) => {
                let mut record = Self::default();
                decode_fields(&Self::SCHEMA, map, at, &mut |index, value, at| record.set_field(index, value, at));
                record
            }
            Value::Null => Self::default(),
            other => {
                at.wrong_type(other, &format!("v1.{}", Self::SCHEMA.name));
                Self::default()
            }
        }
    }
}

/// The loop that all records share, so that each of them brings no more than its fields.
fn encode_fields(schema: &Schema, map: &mut Map, field: &dyn Fn(usize) -> Option<Value>) {
    for (index, info) in schema.fields.iter().enumerate() {
        match field(index) {
            Some(Value::Map(others)) if info.name.is_empty() => {
                others.iter().for_each(|(key, value)| map.insert(key.clone(), value.clone()));
            }
            Some(value) => map.insert(info.name, value),
            None => {}
        }
    }
}

fn decode_fields(schema: &Schema, map: &Map, at: &mut Decode, set: &mut dyn FnMut(usize, &Value, &mut Decode)) {
    // The two keys that every top-level object (and every claim template) carries.
    let typed = schema.field("metadata").is_some() && schema.name != "PodTemplateSpec";
    at.within.push(schema.name);
    let (slot, mut others) = (schema.fields.iter().position(|field| field.name.is_empty()), Map::new());
    for (key, value) in map.iter() {
        match schema.fields.iter().position(|field| !key.is_empty() && field.name == &**key) {
            Some(_) if matches!(value, Value::Null) => {}
            Some(index) => at.key(key, |at| set(index, value, at)),
            None if typed && matches!(&**key, "apiVersion" | "kind") => {}
            None => {
                if at.key(key, |at| at.check_other(key, value, slot.is_some())) {
                    others.insert(key.clone(), value.clone());
                }
            }
        }
    }
    if let Some(slot) = slot.filter(|_| !others.is_empty()) {
        set(slot, &Value::Map(others), at);
    }
    at.within.pop();
}

/// Declares API types.
///
/// A field without a name holds what else Kubernetes knows of the record ([`Others`]).
///
/// `field "wireName": Type` leaves an empty value out when encoding; `field "wireName" always: Type` writes it even
/// when it is empty, as upstream does for fields without `omitempty`. `claims`, `probed` and `full` are claim templates
/// and conditions that are written with more than they hold.
#[macro_export]
macro_rules! record {
    ($( $(#[doc = $doc:literal])* $name:ident { $( $(#[doc = $fdoc:literal])* $field:ident $wire:literal $($always:ident)? : $ty:ty ),* $(,)? } )*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name { $( $(#[doc = $fdoc])* pub $field: $ty, )* }

        impl Default for $name {
            fn default() -> Self {
                $name { $( $field: $crate::record::Field::blank(), )* }
            }
        }
        impl $crate::record::Record for $name {
            const SCHEMA: $crate::record::Schema = $crate::record::Schema {
                name: stringify!($name),
                doc: concat!($($doc),*),
                fields: &[ $( $crate::record::FieldInfo {
                    name: $wire,
                    doc: concat!($($fdoc),*),
                    kind: &<$ty as $crate::record::Field>::TYPE,
                }, )* ],
            };
            fn field(&self, index: usize) -> Option<$crate::value::Value> {
                #[allow(non_camel_case_types)]
                enum At { $($field),* }
                $( if index == At::$field as usize { return $crate::record!(@encode self, $field, $($always)?); } )*
                None
            }
            fn set_field(&mut self, index: usize, value: &$crate::value::Value, at: &mut $crate::record::Decode) {
                #[allow(non_camel_case_types)]
                enum At { $($field),* }
                $( if index == At::$field as usize { self.$field = $crate::record::Field::decode(value, at); } )*
            }
        }
        impl $crate::record::Field for $name {
            const TYPE: $crate::record::Type = $crate::record::Type::Record(&<$name as $crate::record::Record>::SCHEMA);
            const GO: &'static str = concat!("v1.", stringify!($name));
            fn encode(&self) -> Option<$crate::value::Value> { Some($crate::record::Record::to_value(self)) }
            fn decode(value: &$crate::value::Value, at: &mut $crate::record::Decode) -> Self {
                <Self as $crate::record::Record>::from_value(value, at)
            }
        }
    )*};
    (@encode $self:ident, $field:ident, ) => { $crate::record::Field::encode(&$self.$field) };
    (@encode $self:ident, $field:ident, always) => { Some($crate::record::Field::encode_always(&$self.$field)) };
    (@encode $self:ident, $field:ident, claims) => { $crate::record::encode_claims(&$self.$field) };
    (@encode $self:ident, $field:ident, probed) => { $crate::record::encode_probed(&$self.$field) };
    (@encode $self:ident, $field:ident, full) => { $crate::record::encode_full(&$self.$field) };
}

/// Claim templates, which name their type as if they were objects.
///
/// Upstream: `Convert_apps_StatefulSetSpec_To_v1_StatefulSetSpec`.
pub fn encode_claims(templates: &[crate::PersistentVolumeClaim]) -> Option<Value> {
    let claim = |template: &crate::PersistentVolumeClaim| {
        let mut map = Map::new();
        map.insert("apiVersion", Value::from("v1"));
        map.insert("kind", Value::from("PersistentVolumeClaim"));
        template.encode_fields(&mut map);
        Value::Map(map)
    };
    (!templates.is_empty()).then(|| Value::List(templates.iter().map(claim).collect()))
}

/// Conditions with the time of a last probe that nobody fills in: `omitempty` does not leave out a Go struct.
pub fn encode_probed(conditions: &[crate::Condition]) -> Option<Value> {
    let probed = |condition: &crate::Condition| {
        let mut map = Map::new();
        map.insert("lastProbeTime", Value::Null);
        condition.encode_fields(&mut map);
        Value::Map(map)
    };
    (!conditions.is_empty()).then(|| Value::List(conditions.iter().map(probed).collect()))
}

/// Conditions of the type that all newer APIs share, whose message is written even if there is none.
pub fn encode_full(conditions: &[crate::Condition]) -> Option<Value> {
    let full = |condition: &crate::Condition| {
        let mut map = Map::new();
        condition.encode_fields(&mut map);
        map.insert("message", Value::String(condition.message.clone()));
        Value::Map(map)
    };
    (!conditions.is_empty()).then(|| Value::List(conditions.iter().map(full).collect()))
}

impl Field for Name {
    const TYPE: Type = Type::String;
    const GO: &'static str = "string";
    fn encode(&self) -> Option<Value> {
        (!self.is_empty()).then(|| Value::String(self.clone()))
    }
    fn encode_always(&self) -> Value {
        Value::String(self.clone())
    }
    fn blank() -> Name {
        crate::blank()
    }
    fn decode(value: &Value, at: &mut Decode) -> Name {
        match value {
            Value::String(text) => text.clone(),
            other => {
                at.wrong_type(other, "string");
                crate::blank()
            }
        }
    }
}

impl Field for bool {
    const TYPE: Type = Type::Boolean;
    const GO: &'static str = "bool";
    fn encode(&self) -> Option<Value> {
        self.then_some(Value::Bool(true))
    }
    fn encode_always(&self) -> Value {
        Value::Bool(*self)
    }
    fn decode(value: &Value, at: &mut Decode) -> bool {
        match value {
            Value::Bool(flag) => *flag,
            other => {
                at.wrong_type(other, "bool");
                false
            }
        }
    }
}

macro_rules! integers {
    ($($ty:ty, $go:literal;)*) => {$(
        impl Field for $ty {
            const TYPE: Type = Type::Integer($go);
            const GO: &'static str = $go;
            fn encode(&self) -> Option<Value> {
                (*self != 0).then_some(Value::Int(*self as i64))
            }
            fn encode_always(&self) -> Value {
                Value::Int(*self as i64)
            }
            fn decode(value: &Value, at: &mut Decode) -> $ty {
                match value {
                    Value::Int(number) => match <$ty>::try_from(*number) {
                        Ok(number) => number,
                        Err(_) => {
                            at.wrong_type(&Value::Number(number.to_string().into()), $go);
                            0
                        }
                    },
                    other => {
                        at.wrong_type(other, $go);
                        0
                    }
                }
            }
        }
    )*};
}
integers! { i32, "int32"; i64, "int64"; u64, "int64"; }

impl Field for Time {
    const TYPE: Type = Type::Time;
    const GO: &'static str = "v1.Time";
    fn encode(&self) -> Option<Value> {
        (*self != Time::ZERO).then(|| {
            Value::String(if self.0.is_multiple_of(1_000_000) { self.rfc3339() } else { self.rfc3339_micro() }.into())
        })
    }
    fn decode(value: &Value, at: &mut Decode) -> Time {
        match value.as_str().and_then(Time::parse_rfc3339) {
            Some(time) => time,
            None => {
                at.wrong_type(value, "v1.Time");
                Time::ZERO
            }
        }
    }
}

impl<T: Field> Field for Option<T> {
    const TYPE: Type = T::TYPE;
    const GO: &'static str = T::GO;
    fn encode(&self) -> Option<Value> {
        self.as_ref().map(Field::encode_always)
    }
    fn decode(value: &Value, at: &mut Decode) -> Option<T> {
        match value {
            Value::Null => None,
            value => Some(T::decode(value, at)),
        }
    }
}

impl<T: Field> Field for Vec<T> {
    const TYPE: Type = Type::List(&T::TYPE);
    const GO: &'static str = "[]";
    fn encode(&self) -> Option<Value> {
        (!self.is_empty()).then(|| Value::List(self.iter().map(Field::encode_always).collect()))
    }
    fn decode(value: &Value, at: &mut Decode) -> Vec<T> {
        match value {
            Value::List(list) => {
                let item = |item: &Value, at: &mut Decode| match item {
                    Value::Null => T::blank(),
                    item => T::decode(item, at),
                };
                list.iter().enumerate().map(|(i, value)| at.index(i, |at| item(value, at))).collect()
            }
            Value::Null => Vec::new(),
            other => {
                at.wrong_type(other, &format!("[]{}", T::GO));
                Vec::new()
            }
        }
    }
}

impl<T: Field> Field for BTreeMap<Name, T> {
    const TYPE: Type = Type::Map(&T::TYPE);
    const GO: &'static str = "map";
    fn encode(&self) -> Option<Value> {
        (!self.is_empty()).then(|| Value::Map(self.iter().map(|(k, v)| (k.clone(), v.encode_always())).collect()))
    }
    fn encode_always(&self) -> Value {
        self.encode().unwrap_or(Value::Map(Map::new()))
    }
    fn decode(value: &Value, at: &mut Decode) -> BTreeMap<Name, T> {
        // Go reads a null as nothing of the type.
        let entry = |value: &Value, at: &mut Decode| match value {
            Value::Null => T::blank(),
            value => T::decode(value, at),
        };
        match value {
            Value::Map(map) => map.iter().map(|(k, v)| (k.clone(), at.entry(k, |at| entry(v, at)))).collect(),
            Value::Null => BTreeMap::new(),
            other => {
                at.wrong_type(other, &format!("map[string]{}", T::GO));
                BTreeMap::new()
            }
        }
    }
}

impl<T: Field> Field for Rc<T> {
    const TYPE: Type = T::TYPE;
    const GO: &'static str = T::GO;
    fn encode(&self) -> Option<Value> {
        (**self).encode()
    }
    fn encode_always(&self) -> Value {
        (**self).encode_always()
    }
    fn decode(value: &Value, at: &mut Decode) -> Rc<T> {
        Rc::new(T::decode(value, at))
    }
}

/// A part of an object that is kept word for word and has no effect in the simulation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Opaque(pub Option<Rc<Value>>);

impl Opaque {
    /// `{}`, which some defaults write.
    pub fn empty_map() -> Opaque {
        Opaque(Some(Rc::new(Value::Map(Map::new()))))
    }
}

impl Field for Opaque {
    const TYPE: Type = Type::Opaque;
    const GO: &'static str = "object";
    fn encode(&self) -> Option<Value> {
        self.0.as_ref().map(|value| (**value).clone())
    }
    fn decode(value: &Value, at: &mut Decode) -> Opaque {
        if !matches!(value, Value::Null) && *value != Value::Map(Map::new()) {
            at.check_unused(value);
            if !at.is_looked_up() {
                at.report(DecodeProblemKind::NotSimulated);
            }
        }
        Opaque(Some(Rc::new(value.clone())))
    }
}

/// Fields of a record that few write, by their names: kept word for word, without effect in the simulation.
///
/// Where there are none, they leave no trace in a digest: worlds are named as they were before these were known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Others(Option<Rc<Map>>);

impl Others {
    /// What one of them says, if it is there and not null.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.as_ref()?.get(name).filter(|value| !matches!(value, Value::Null))
    }
    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.0.iter().flat_map(|map| map.iter()).map(|(key, _)| key)
    }
}

impl Hash for Others {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if let Some(others) = &self.0 {
            others.hash(state);
        }
    }
}

impl Field for Others {
    const TYPE: Type = Type::Opaque;
    const GO: &'static str = "object";
    fn encode(&self) -> Option<Value> {
        self.0.as_ref().map(|others| Value::Map((**others).clone()))
    }
    fn decode(value: &Value, _: &mut Decode) -> Others {
        Others(value.as_map().map(|map| Rc::new(map.clone())))
    }
}
