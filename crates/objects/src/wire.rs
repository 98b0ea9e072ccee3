//! The wire form met with serde: a [`Value`] is read from and written to any format, and typed data is read from a
//! [`Value`] with complaints that a person understands.
//!
//! What comes in from outside is hostile until proven otherwise: [`Value`] reads no more than [`MAX_VALUES`] values that
//! lie no deeper than [`MAX_DEPTH`].

use crate::record::{Decode, Record};
use crate::value::quoted;
use crate::{Name, Object, Value};
use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};
use serde::ser::{Error as _, SerializeMap};
use serde::{Deserialize, Serialize, Serializer, forward_to_deserialize_any};
use std::fmt;

/// How deeply lists and maps may lie in each other. Manifests need about 20. `serde_json` finds the line of an error anew
/// at every level, so that this many times the text is looked through at worst.
pub const MAX_DEPTH: u32 = 40;
/// Values of one text: ten thousand commands have about as many.
pub const MAX_VALUES: u32 = 128 * 1024;

/// How `serde_json` hands over a number that is no 64-bit integer: as a map of this one key to its text, in which an
/// exponent always has a sign (`arbitrary_precision`).
const NUMBER: &str = "$serde_json::private::Number";

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => to.serialize_unit(),
            Value::Bool(flag) => to.serialize_bool(*flag),
            Value::Int(number) => to.serialize_i64(*number),
            Value::Number(text) => number(text).map_err(S::Error::custom)?.serialize(to),
            Value::String(text) => to.serialize_str(text),
            Value::List(list) => to.collect_seq(list),
            Value::Map(map) => {
                let mut out = to.serialize_map(Some(map.iter().count()))?;
                for (key, value) in map.iter() {
                    out.serialize_entry(&**key, value)?;
                }
                out.end()
            }
        }
    }
}

fn number(text: &str) -> Result<serde_json::Number, String> {
    text.parse().map_err(|_| format!("{} is not a number", quoted(text)))
}

/// A number by its text, in the one form that it is written in again.
fn numeric(text: &str) -> Result<Value, String> {
    let number = number(text)?;
    Ok(number.as_i64().map_or_else(|| Value::Number(number.to_string().into()), Value::Int))
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Value, D::Error> {
        Bounded { depth: MAX_DEPTH, left: &mut { MAX_VALUES } }.deserialize(from)
    }
}

/// Reads a value with what is left of the bounds.
struct Bounded<'a> {
    depth: u32,
    left: &'a mut u32,
}

impl Bounded<'_> {
    fn inner<E: Error>(&mut self) -> Result<Bounded<'_>, E> {
        if self.depth == 0 {
            return Err(E::custom("it is nested too deeply"));
        }
        Ok(Bounded { depth: self.depth - 1, left: self.left })
    }
}

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        *self.left = self.left.checked_sub(1).ok_or_else(|| D::Error::custom("it holds too much"))?;
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = Value;
    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Int(number))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(i64::try_from(number).map_or_else(|_| Value::Number(number.to_string().into()), Value::Int))
    }
    /// A number from our own reader, see below.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, text: D) -> Result<Value, D::Error> {
        numeric(&Name::deserialize(text)?).map_err(D::Error::custom)
    }
    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.into()))
    }
    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Bounded { depth: inner.depth, left: inner.left })? {
            list.push(item);
        }
        Ok(Value::List(list))
    }
    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut map = Vec::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(Bounded { depth: inner.depth, left: inner.left })?;
            if let (NUMBER, Value::String(text)) = (&*key, &value) {
                return numeric(text).map_err(A::Error::custom);
            }
            map.push((key.into(), value));
        }
        Ok(Value::Map(map.into_iter().collect()))
    }
}

/// The value that a JSON text begins with, and how many bytes it takes; `left` is how many values there may be.
pub fn first_json(text: &str, left: &mut u32) -> Option<(Value, usize)> {
    let mut from = serde_json::Deserializer::from_str(text);
    let value = Bounded { depth: MAX_DEPTH, left }.deserialize(&mut from).ok()?;
    let rest = from.into_iter::<serde::de::IgnoredAny>();
    Some((value, rest.byte_offset()))
}

/// Why a value is not what it has to be. It is shown as a sentence without its full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    what: What,
    /// Where, from the inside out.
    path: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Missing(&'static str),
    UnknownField(String),
    UnknownWord(String),
    /// What stands there, and what belongs there.
    Wrong(String, String),
    Said(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(Name),
    /// From 1.
    Item(usize),
    /// Somewhere in what is told by a tag, of which only that is known.
    Inside,
}

impl Unreadable {
    /// In which item of the list of this name the problem lies, from 1.
    pub fn item_of(&self, list: &str) -> Option<usize> {
        self.path.windows(2).find_map(|steps| match steps {
            [Step::Item(number), Step::Key(key)] if **key == *list => Some(*number),
            _ => None,
        })
    }
    fn within(mut self, step: Step) -> Unreadable {
        self.path.push(step);
        self
    }
    fn new(what: What) -> Unreadable {
        Unreadable { what, path: Vec::new() }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = match self.path.first() {
            Some(Step::Key(key)) => Some(&**key),
            _ => None,
        };
        match (&self.what, key) {
            (What::Missing(field), _) => write!(out, "{field} is missing"),
            (What::UnknownField(field), Some("settings")) => write!(out, "unknown setting {field}"),
            (What::UnknownField(field), _) => write!(out, "unknown field {field}"),
            (What::UnknownWord(word), key) => write!(out, "unknown {} {word}", key.unwrap_or("word")),
            (What::Wrong(_, right), Some(key)) => write!(out, "{key} is not {right}"),
            (What::Wrong(found, right), None) => write!(out, "{found} is not {right}"),
            (What::Said(words), _) => out.write_str(words),
        }
    }
}

impl std::error::Error for Unreadable {}

/// The beginning of a word that is not known, for a sentence.
pub fn short(word: &str) -> String {
    match word.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &word[..end]),
        None => word.into(),
    }
}

const A_MAP: &str = "a map";

fn found(what: &Unexpected<'_>) -> String {
    match what {
        Unexpected::Bool(flag) => flag.to_string(),
        Unexpected::Unsigned(number) => number.to_string(),
        Unexpected::Signed(number) => number.to_string(),
        Unexpected::Str(text) => quoted(&short(text)),
        Unexpected::Unit | Unexpected::Option => "nothing".into(),
        Unexpected::Seq => "a list".into(),
        // That is how our own reader hands over what is no 64-bit integer.
        Unexpected::NewtypeStruct => "this number".into(),
        _ => A_MAP.into(),
    }
}

/// serde's words for a type as this product's.
fn right(expected: &dyn Expected) -> String {
    let words = expected.to_string();
    match &*words {
        "a string" => "a text".into(),
        "a boolean" => "true or false".into(),
        "a sequence" => "a list".into(),
        "i32" | "i64" | "u32" | "u64" => "a whole number that fits".into(),
        _ if words.starts_with("struct ") || words.starts_with("internally tagged ") => "a map".into(),
        _ => words,
    }
}

impl Error for Unreadable {
    fn custom<T: fmt::Display>(words: T) -> Unreadable {
        Unreadable::new(What::Said(words.to_string()))
    }
    fn invalid_type(what: Unexpected<'_>, expected: &dyn Expected) -> Unreadable {
        Unreadable::new(What::Wrong(found(&what), right(expected)))
    }
    fn invalid_value(what: Unexpected<'_>, expected: &dyn Expected) -> Unreadable {
        Unreadable::invalid_type(what, expected)
    }
    fn invalid_length(length: usize, expected: &dyn Expected) -> Unreadable {
        Unreadable::new(What::Wrong(format!("a list of {length}"), right(expected)))
    }
    fn unknown_variant(word: &str, _: &'static [&'static str]) -> Unreadable {
        Unreadable::new(What::UnknownWord(short(word)))
    }
    fn unknown_field(field: &str, _: &'static [&'static str]) -> Unreadable {
        Unreadable::new(What::UnknownField(short(field)))
    }
    fn missing_field(field: &'static str) -> Unreadable {
        Unreadable::new(What::Missing(field))
    }
}

struct Items<'de>(std::iter::Enumerate<std::slice::Iter<'de, Value>>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Unreadable;
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Unreadable> {
        let Some((index, value)) = self.0.next() else { return Ok(None) };
        seed.deserialize(value).map(Some).map_err(|problem| problem.within(Step::Item(index + 1)))
    }
}

struct Entries<'de, I> {
    rest: I,
    next: Option<(&'de Name, &'de Value)>,
}

impl<'de, I: Iterator<Item = (&'de Name, &'de Value)>> MapAccess<'de> for Entries<'de, I> {
    type Error = Unreadable;
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Unreadable> {
        self.next = self.rest.next();
        let Some((key, _)) = self.next else { return Ok(None) };
        seed.deserialize(BorrowedStrDeserializer::new(key)).map(Some)
    }
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Unreadable> {
        let Some((key, value)) = self.next.take() else { return Err(Unreadable::custom("a value without its key")) };
        seed.deserialize(value).map_err(|problem| {
            let is_map = matches!(value, Value::Map(_));
            let deeper = is_map && matches!(&problem.what, What::Wrong(found, _) if found != A_MAP);
            let problem = if deeper && problem.path.is_empty() { problem.within(Step::Inside) } else { problem };
            problem.within(Step::Key(key.clone()))
        })
    }
}

/// A word that stands for a variant without fields.
struct Word<'de>(&'de str);

impl<'de> EnumAccess<'de> for Word<'de> {
    type Error = Unreadable;
    type Variant = Bare;
    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Bare), Unreadable> {
        let word: StrDeserializer<'_, Unreadable> = self.0.into_deserializer();
        Ok((seed.deserialize(word)?, Bare))
    }
}

struct Bare;

impl<'de> VariantAccess<'de> for Bare {
    type Error = Unreadable;
    fn unit_variant(self) -> Result<(), Unreadable> {
        Ok(())
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Unreadable> {
        Err(Unreadable::custom("a word stands where more is needed"))
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Unreadable> {
        Err(Unreadable::custom("a word stands where more is needed"))
    }
    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, Unreadable> {
        Err(Unreadable::custom("a word stands where more is needed"))
    }
}

impl<'de> Deserializer<'de> for &'de Value {
    type Error = Unreadable;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self {
            Value::Null => visitor.visit_unit(),
            Value::Bool(flag) => visitor.visit_bool(*flag),
            Value::Int(number) => visitor.visit_i64(*number),
            Value::Number(text) => visitor.visit_newtype_struct(BorrowedStrDeserializer::new(text)),
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::List(list) => visitor.visit_seq(Items(list.iter().enumerate())),
            Value::Map(map) => visitor.visit_map(Entries { rest: map.iter(), next: None }),
        }
    }
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_newtype_struct(self)
    }
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        match self {
            // A list of fields without their names is nobody's.
            Value::List(_) => Err(Error::invalid_type(Unexpected::Seq, &visitor)),
            _ => self.deserialize_any(visitor),
        }
    }
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        match self.as_str() {
            Some(word) => visitor.visit_enum(Word(word)),
            None => self.deserialize_any(visitor),
        }
    }
    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

/// What is wrong with an object or a part of one, if anything is: the field that cannot be read.
fn refused(at: &Decode) -> Option<String> {
    let problem = at.problems.iter().find(|problem| problem.kind.is_error())?;
    Some(format!("the field {} of an object cannot be read", short(&problem.path)))
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(to)
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Object, D::Error> {
        let value = Value::deserialize(from)?;
        let mut at = Decode::default();
        let object = Object::from_value(&value, &mut at).ok_or_else(|| {
            let kind = value.at(&["kind"]).and_then(Value::as_str).unwrap_or("none");
            D::Error::custom(format!("objects of kind {} are not simulated", short(kind)))
        })?;
        refused(&at).map_or(Ok(object), |words| Err(D::Error::custom(words)))
    }
}

/// Parts of objects in a list, such as taints, in their wire form: `#[serde(with = "records")]`.
pub mod records {
    use super::*;

    pub fn serialize<T: Record, S: Serializer>(list: &[T], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(list.iter().map(Record::to_value))
    }
    pub fn deserialize<'de, T: Record, D: Deserializer<'de>>(from: D) -> Result<Vec<T>, D::Error> {
        let (list, mut at) = (Vec::<Value>::deserialize(from)?, Decode::default());
        let read = list.iter().map(|value| T::from_value(value, &mut at)).collect();
        refused(&at).map_or(Ok(read), |words| Err(D::Error::custom(words)))
    }
}

/// Lets serde know a type of words by its `name` and its `from_name`; the last argument is what such a word is called.
#[macro_export]
macro_rules! by_name {
    ($($ty:ty, $what:literal;)*) => {$(
        impl ::serde::Serialize for $ty {
            fn serialize<S: ::serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.name())
            }
        }
        impl<'de> ::serde::Deserialize<'de> for $ty {
            fn deserialize<D: ::serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let word = <$crate::Name as ::serde::Deserialize>::deserialize(from)?;
                <$ty>::from_name(&word)
                    .ok_or_else(|| <D::Error as ::serde::de::Error>::custom(format!("unknown {} {}", $what, $crate::wire::short(&word))))
            }
        }
    )*};
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Value, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn a_value_is_written_as_it_was_read() {
        let text = r#"{"b":[1,-2,null,true,"<\"\\\n"],"a":{"c":1.50,"d":1e+3,"e":18446744073709551615}}"#;
        let value = read(text).unwrap();
        assert_eq!(value.at(&["a", "c"]), Some(&Value::Number("1.50".into())));
        assert_eq!(serde_json::to_string(&value).unwrap(), text);
        let again = Value::deserialize(&value).unwrap();
        assert_eq!(again, value, "and through its own reader");
    }

    #[test]
    fn what_is_too_deep_or_too_much_is_refused() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(MAX_DEPTH as usize)).is_ok());
        assert!(read(&nested(MAX_DEPTH as usize + 1)).unwrap_err().to_string().contains("nested too deeply"));
        let many = format!("[{}0]", "0,".repeat(MAX_VALUES as usize));
        assert!(read(&many).unwrap_err().to_string().contains("holds too much"));
        let keys = |n: u32| format!("{{{}\"z\":0}}", (0..n).map(|i| format!("\"k{i}\":0,")).collect::<String>());
        assert_eq!(
            read(&keys(MAX_VALUES / 2)).unwrap().as_map().map(crate::Map::len),
            Some(u64::from(MAX_VALUES / 2) + 1)
        );
    }

    #[test]
    fn no_text_becomes_a_number_by_a_trick() {
        let trick = format!("{{\"{NUMBER}\":\"1}},evil\"}}");
        assert!(read(&trick).unwrap_err().to_string().contains("is not a number"));
        // Whoever writes the form of a number means one.
        assert_eq!(read(&format!("{{\"{NUMBER}\":\"1.5\"}}")).unwrap(), Value::Number("1.5".into()));
        for (text, value) in [("1", Value::Int(1)), ("-0", Value::Int(0)), ("1e3", Value::Number("1e+3".into()))] {
            let read = read(&format!("{{\"{NUMBER}\":\"{text}\"}}")).unwrap();
            assert_eq!(read, value);
            assert_eq!(serde_json::from_str::<Value>(&serde_json::to_string(&read).unwrap()).unwrap(), value);
        }
    }

    #[test]
    fn the_first_value_of_a_text_leaves_the_rest() {
        let mut left = 10;
        assert_eq!(first_json("[1,2] and so on", &mut left), Some((read("[1,2]").unwrap(), 5)));
        assert_eq!(left, 7);
        assert_eq!(first_json("[1,2", &mut left), None);
    }

    #[test]
    fn complaints_are_sentences() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[allow(dead_code)]
        struct Outer {
            name: Name,
            kind: Option<crate::Kind>,
            list: Vec<u32>,
            settings: Option<Inner>,
        }
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[allow(dead_code)]
        struct Inner {
            on: bool,
        }
        let said = |text: &str| Outer::deserialize(&read(text).unwrap()).unwrap_err().to_string();
        assert_eq!(said("{}"), "name is missing");
        assert_eq!(said("7"), "7 is not a map");
        assert_eq!(said(r#"{"name":7}"#), "name is not a text");
        assert_eq!(said(r#"{"name":"a","colour":1}"#), "unknown field colour");
        assert_eq!(said(r#"{"name":"a","kind":"Gnu"}"#), "unknown kind Gnu");
        assert_eq!(said(r#"{"name":"a","list":1}"#), "list is not a list");
        assert_eq!(said(r#"{"name":"a","list":[],"settings":{"weather":1}}"#), "unknown setting weather");
        assert_eq!(said(r#"{"name":"a","list":[],"settings":{"on":"yes"}}"#), "on is not true or false");
        let wrong = Outer::deserialize(&read(r#"{"name":"a","list":[1,-1]}"#).unwrap()).unwrap_err();
        assert_eq!(
            (wrong.to_string().as_str(), wrong.item_of("list")),
            ("-1 is not a whole number that fits", Some(2))
        );
        let long = format!(r#"{{"name":"a","kind":"{}"}}"#, "x".repeat(1_000_000));
        assert!(said(&long).len() < 300);
        let fraction = said(r#"{"name":"a","list":[1.5]}"#);
        assert_eq!(fraction, "this number is not a whole number that fits");
        let long = format!(r#"{{"{}":1}}"#, "x".repeat(1_000_000));
        assert!(said(&long).len() < 100);
    }

    #[test]
    fn an_object_goes_through_the_reader_of_objects() {
        let text = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"b":"c"}}"#;
        let object: Object = serde_json::from_str(text).unwrap();
        assert_eq!(Object::deserialize(&object.to_value()).unwrap(), object);
        let strange = read(&text.replace("\"data\"", "\"dato\"")).unwrap();
        assert_eq!(
            Object::deserialize(&strange).unwrap_err().to_string(),
            "the field dato of an object cannot be read"
        );
        let other = read(&text.replace("ConfigMap", "Gnu")).unwrap();
        assert_eq!(Object::deserialize(&other).unwrap_err().to_string(), "objects of kind Gnu are not simulated");
    }
}
