//! Object metadata and the small values that many kinds share.

use crate::record::{Decode, Field, Type};
use crate::{Map, Name, Time, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

/// A unique id of an object, for ever. Its text has the shape of a random UUID.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid(pub u64);

/// The store's counter at an object's last change (`metadata.resourceVersion`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.0;
        if let Some(word) = self.word() {
            return f.write_str(&word);
        }
        // All 64 bits are in the text, so that it can be read back; the version and variant digits are fixed.
        write!(f, "{:08x}-{:04x}-4000-8000-00000000{:04x}", n >> 32, (n >> 16) & 0xffff, n & 0xffff)
    }
}

impl Uid {
    /// The first four digits: enough to tell two pods of one name apart on a small picture.
    pub fn short(self) -> String {
        format!("{:04x}", self.0 >> 48)
    }
    /// A uid that somebody made up: up to six characters, which are kept below a mark that drawn uids have once in 65536
    /// times, and then no text below it.
    fn from_word(text: &str) -> Option<Uid> {
        let fits = (1..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        let bytes = text.bytes().chain(std::iter::repeat(0)).take(6);
        fits.then(|| Uid(bytes.fold(0xffff, |n, byte| n << 8 | u64::from(byte))))
    }
    fn word(self) -> Option<String> {
        if self.0 >> 48 != 0xffff {
            return None;
        }
        let bytes = &self.0.to_be_bytes()[2..];
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(6);
        let is_word = end > 0 && bytes[..end].iter().all(u8::is_ascii_graphic) && bytes[end..].iter().all(|b| *b == 0);
        is_word.then(|| bytes[..end].iter().copied().map(char::from).collect())
    }
    pub fn parse(text: &str) -> Option<Uid> {
        let part = |from: usize, to: usize| u64::from_str_radix(text.get(from..to)?, 16).ok();
        (text.len() == 36).then_some(())?;
        Some(Uid(part(0, 8)? << 32 | part(9, 13)? << 16 | part(32, 36)?))
    }
}

impl Field for Uid {
    const TYPE: Type = Type::String;
    const GO: &'static str = "types.UID";
    fn encode(&self) -> Option<Value> {
        (self.0 != 0).then(|| Value::String(self.to_string().into()))
    }
    fn decode(value: &Value, at: &mut Decode) -> Uid {
        match value.as_str() {
            Some("") => Uid::default(),
            // Any other text keeps its identity, though not its characters.
            Some(text) => Uid::parse(text).or_else(|| Uid::from_word(text)).unwrap_or_else(|| {
                Uid(text.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3)))
            }),
            None => {
                at.wrong_type(value, "types.UID");
                Uid::default()
            }
        }
    }
}

impl Field for Revision {
    const TYPE: Type = Type::String;
    const GO: &'static str = "string";
    fn encode(&self) -> Option<Value> {
        (self.0 != 0).then(|| Value::String(self.0.to_string().into()))
    }
    fn decode(value: &Value, at: &mut Decode) -> Revision {
        match value.as_str().map(str::parse) {
            Some(Ok(number)) => Revision(number),
            _ => {
                at.wrong_type(value, "string");
                Revision::default()
            }
        }
    }
}

/// Labels, annotations, selectors: shared, because pods of one set carry mostly the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Labels(pub Rc<BTreeMap<Name, Name>>);

impl Labels {
    pub fn get(&self, key: &str) -> Option<&Name> {
        self.0.get(key)
    }
    pub fn insert(&mut self, key: impl Into<Name>, value: impl Into<Name>) {
        Rc::make_mut(&mut self.0).insert(key.into(), value.into());
    }
    pub fn remove(&mut self, key: &str) {
        if self.0.contains_key(key) {
            Rc::make_mut(&mut self.0).remove(key);
        }
    }
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &Name)> {
        self.0.iter()
    }
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Whether every pair of `self` is also in `other`: the meaning of `matchLabels`.
    pub fn is_subset_of(&self, other: &Labels) -> bool {
        Rc::ptr_eq(&self.0, &other.0) || self.0.iter().all(|(key, value)| other.0.get(key) == Some(value))
    }
}

impl<K: Into<Name>, V: Into<Name>> FromIterator<(K, V)> for Labels {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Labels {
        let mut labels = BTreeMap::new();
        for (key, value) in pairs {
            labels.insert(key.into(), value.into());
        }
        Labels(Rc::new(labels))
    }
}

impl Field for Labels {
    const TYPE: Type = Type::Map(&Type::String);
    const GO: &'static str = "map[string]string";
    fn encode(&self) -> Option<Value> {
        (!self.0.is_empty())
            .then(|| Value::Map(self.0.iter().map(|(k, v)| (k.clone(), Value::String(v.clone()))).collect()))
    }
    fn encode_always(&self) -> Value {
        self.encode().unwrap_or(Value::Map(Map::new()))
    }
    fn blank() -> Labels {
        thread_local!(static BLANK: Labels = Labels::default());
        BLANK.with(Labels::clone)
    }
    fn decode(value: &Value, at: &mut Decode) -> Labels {
        Labels(Rc::new(BTreeMap::decode(value, at)))
    }
}

/// A whole number or a percentage (`maxUnavailable: 1`, `maxSurge: 25%`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum IntOrString {
    Int(i32),
    String(Name),
}

impl Default for IntOrString {
    fn default() -> Self {
        IntOrString::Int(0)
    }
}

impl IntOrString {
    /// The number that this means out of `total`; a percentage is rounded up or down. `None` for any other text.
    ///
    /// Upstream: `intstr.GetScaledValueFromIntOrPercent`.
    pub fn scaled(&self, total: i32, round_up: bool) -> Option<i32> {
        match self {
            IntOrString::Int(number) => Some(*number),
            IntOrString::String(text) => {
                let percent: i64 = text.strip_suffix('%')?.parse().ok()?;
                let product = percent * i64::from(total);
                let scaled = if round_up { (product + 99).div_euclid(100) } else { product.div_euclid(100) };
                i32::try_from(scaled).ok()
            }
        }
    }
}

impl fmt::Display for IntOrString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IntOrString::Int(number) => write!(f, "{number}"),
            IntOrString::String(text) => f.write_str(text),
        }
    }
}

impl Field for IntOrString {
    const TYPE: Type = Type::IntOrString;
    const GO: &'static str = "intstr.IntOrString";
    fn encode(&self) -> Option<Value> {
        Some(match self {
            IntOrString::Int(number) => Value::Int(i64::from(*number)),
            IntOrString::String(text) => Value::String(text.clone()),
        })
    }
    fn decode(value: &Value, at: &mut Decode) -> IntOrString {
        match value {
            Value::String(text) => IntOrString::String(text.clone()),
            Value::Int(_) => IntOrString::Int(i32::decode(value, at)),
            other => {
                at.wrong_type(other, "intstr.IntOrString");
                IntOrString::default()
            }
        }
    }
}

/// An amount of a resource: `1Gi`, `500m`. Decoded ones are as the API server writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Quantity(pub Name);

impl Quantity {
    /// What the API server says of a text that is no quantity.
    pub const GRAMMAR: &str =
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

    /// The canonical text of whole units of memory or storage: `64Mi`.
    pub fn binary_text(units: i128) -> String {
        let suffixes = [("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10)];
        let fits = suffixes.iter().find(|(_, shift)| units != 0 && units % (1i128 << shift) == 0);
        fits.map_or_else(|| units.to_string(), |(suffix, shift)| format!("{}{suffix}", units >> shift))
    }
    /// Thousandths of the unit, rounded up; `None` if the text is no quantity.
    ///
    /// Upstream: the grammar of `resource.Quantity`.
    pub fn millis(&self) -> Option<i128> {
        let (negative, digits, places, suffix) = self.parts()?;
        let (up, down) = match suffix {
            "n" => (1, 1_000_000),
            "u" => (1, 1_000),
            "m" => (1, 1),
            suffix => (1_000 * units(suffix)?, 1),
        };
        let divisor = 10i128.pow(places) * down;
        let value = digits.saturating_mul(up).saturating_add(divisor - 1) / divisor;
        Some(if negative { -value } else { value })
    }
    /// The sign, the digits, how many of them stand behind the point, and the suffix.
    fn parts(&self) -> Option<(bool, i128, u32, &str)> {
        let text = &*self.0;
        let split =
            text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '+' || c == '-')).unwrap_or(text.len());
        let (number, suffix) = text.split_at(split);
        let (negative, number) = match number.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, number.strip_prefix('+').unwrap_or(number)),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty())
            || !is_number(whole)
            || !is_number(fraction)
            || fraction.len() > 9
            || whole.len() > 18
        {
            return None;
        }
        let digits: i128 = match fraction {
            "" => whole.parse::<i64>().ok()?.into(),
            _ => format!("{whole}{fraction}").parse().ok()?,
        };
        Some((negative, digits, fraction.len() as u32, suffix))
    }
    /// The same amount as the API server writes it: without a point, with the largest suffix that loses nothing. What is
    /// too large to be counted stays as it was written.
    ///
    /// Upstream: `resource.Quantity.CanonicalizeBytes`.
    fn canonical(self) -> Quantity {
        // Nearly all are written so already.
        let is_short = |text: &str| text.len() < 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_short(&self.0) && (!self.0.starts_with('0') || &*self.0 == "0") {
            return self;
        }
        let counted = self.parts().and_then(|(negative, digits, places, suffix)| {
            let up = match suffix {
                "n" => 1,
                "u" => 1_000,
                "m" => 1_000_000,
                suffix => units(suffix)?.checked_mul(NANO)?,
            };
            let divisor = 10i128.pow(places);
            let nanos = digits.checked_mul(up)?.checked_add(divisor - 1)? / divisor;
            Some((negative, nanos, suffix))
        });
        let Some((negative, nanos, suffix)) = counted else { return self };
        let sign = if negative && nanos != 0 { "-" } else { "" };
        let binary = suffix.ends_with('i') && nanos % NANO == 0 && nanos >= 1_024 * NANO;
        let text = if binary {
            let (mut left, mut step) = (nanos / NANO, 0);
            while left % 1_024 == 0 && step < 6 {
                (left, step) = (left / 1_024, step + 1);
            }
            format!("{sign}{left}{}", ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][step])
        } else {
            let (mut left, mut step) = (nanos, if nanos == 0 { 3 } else { 0 });
            while left != 0 && left % 1_000 == 0 && step < 9 {
                (left, step) = (left / 1_000, step + 1);
            }
            let exponent = 3 * step as i32 - 9;
            match suffix.starts_with(['e', 'E']) && suffix != "E" && exponent != 0 {
                true => format!("{sign}{left}e{exponent}"),
                false => format!("{sign}{left}{}", ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"][step]),
            }
        };
        if *self.0 == *text { self } else { Quantity(text.into()) }
    }
    /// Whole units, rounded up, away from zero.
    pub fn value(&self) -> Option<i64> {
        let millis = self.millis()?;
        i64::try_from(millis.abs().saturating_add(999) / 1_000 * millis.signum()).ok()
    }
}

/// Billionths in a unit: what quantities are counted in at the least.
const NANO: i128 = 1_000_000_000;

/// How many units a suffix for whole ones stands for.
fn units(suffix: &str) -> Option<i128> {
    Some(match suffix {
        "" => 1,
        "k" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "T" => 1_000_000_000_000,
        "P" => 1_000_000_000_000_000,
        "E" => 1_000_000_000_000_000_000,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        "Ti" => 1 << 40,
        "Pi" => 1 << 50,
        "Ei" => 1 << 60,
        exponent => {
            let power: u32 = exponent.strip_prefix(['e', 'E'])?.parse().ok().filter(|power| *power <= 18)?;
            10i128.pow(power)
        }
    })
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Field for Quantity {
    const TYPE: Type = Type::Quantity;
    const GO: &'static str = "resource.Quantity";
    fn encode(&self) -> Option<Value> {
        (!self.0.is_empty()).then(|| Value::String(self.0.clone()))
    }
    fn decode(value: &Value, at: &mut Decode) -> Quantity {
        let quantity = Quantity(match value {
            Value::String(text) => text.clone(),
            Value::Int(number) => number.to_string().into(),
            Value::Number(text) => text.clone(),
            other => {
                at.wrong_type(other, "resource.Quantity");
                return Quantity::default();
            }
        });
        if quantity.millis().is_none() {
            at.report(crate::DecodeProblemKind::WrongType(Quantity::GRAMMAR.into()));
            return Quantity::default();
        }
        quantity.canonical()
    }
}

record! {
    /// What every object has: a name, labels, owners, and the marks of its life and death.
    Meta {
        /// Free-form notes for tools.
        annotations "annotations": Labels,
        /// When the API server stored the object.
        creation_timestamp "creationTimestamp": Time,
        /// How long the object may take to end, in seconds.
        deletion_grace_period_seconds "deletionGracePeriodSeconds": Option<i64>,
        /// When the object must be gone; for a pod this lies in the future while it stops.
        deletion_timestamp "deletionTimestamp": Time,
        /// Who must let go before the object can disappear.
        finalizers "finalizers": Vec<Name>,
        /// A prefix to which the API server adds five random characters.
        generate_name "generateName": Name,
        /// Counts the changes of the spec.
        generation "generation": i64,
        /// What selectors select by.
        labels "labels": Labels,
        /// The name, unique within its kind and namespace.
        name "name": Name,
        /// The namespace, empty for cluster-wide kinds.
        namespace "namespace": Name,
        /// The objects that this one belongs to; when all are gone the garbage collector deletes it.
        owner_references "ownerReferences": Vec<OwnerReference>,
        /// The store's counter at the last change.
        resource_version "resourceVersion": Revision,
        /// Unique for ever, also when the name is used again.
        uid "uid": Uid,
        /// Who wrote which field; kept, not simulated.
        managed_fields "managedFields": crate::record::Opaque,
        /// Not used by the API server any more.
        self_link "selfLink": Name,
    }

    /// A link from an object to one that owns it.
    OwnerReference {
        /// The owner's API version.
        api_version "apiVersion" always: Name,
        /// Whether a foreground deletion of the owner waits for this object.
        block_owner_deletion "blockOwnerDeletion": Option<bool>,
        /// Whether the owner is the managing controller; at most one may be.
        controller "controller": Option<bool>,
        /// The owner's kind.
        kind "kind" always: Name,
        /// The owner's name.
        name "name" always: Name,
        /// The owner's uid: an owner of the same name and another uid does not count.
        uid "uid" always: Uid,
    }

    /// Which objects are meant, by their labels. All requirements must hold.
    LabelSelector {
        /// Requirements with operators.
        match_expressions "matchExpressions": Vec<LabelSelectorRequirement>,
        /// Labels that must be present with exactly these values.
        match_labels "matchLabels": Labels,
    }

    /// One requirement: a key, an operator, values.
    LabelSelectorRequirement {
        /// The label's key.
        key "key" always: Name,
        /// In, NotIn, Exists or DoesNotExist.
        operator "operator" always: Name,
        /// The values for In and NotIn.
        values "values": Vec<Name>,
    }

    /// A pointer to another object.
    ObjectReference {
        /// API version of the object.
        api_version "apiVersion": Name,
        /// A part of the object, such as `spec.containers{web}`.
        field_path "fieldPath": Name,
        /// Kind of the object.
        kind "kind": Name,
        /// Name of the object.
        name "name": Name,
        /// Namespace of the object.
        namespace "namespace": Name,
        /// Version of the object that is meant.
        resource_version "resourceVersion": Revision,
        /// Uid of the object.
        uid "uid": Uid,
    }

    /// One aspect of an object's state, and since when.
    Condition {
        /// When the aspect was last probed.
        last_probe_time "lastProbeTime": Option<Time>,
        /// When the kubelet last confirmed it.
        last_heartbeat_time "lastHeartbeatTime": Time,
        /// When the status last changed.
        last_transition_time "lastTransitionTime": Time,
        /// When it was last written, for Deployments.
        last_update_time "lastUpdateTime": Time,
        /// A sentence for people.
        message "message": Name,
        /// The generation that was looked at.
        observed_generation "observedGeneration": i64,
        /// A word for machines.
        reason "reason": Name,
        /// True, False or Unknown.
        status "status" always: Name,
        /// The aspect: Ready, PodScheduled, Available ...
        kind "type" always: Name,
    }
}

impl Meta {
    pub fn is_terminating(&self) -> bool {
        self.deletion_timestamp != Time::ZERO
    }
    /// The owner that manages this object, if there is one.
    ///
    /// Upstream: `metav1.GetControllerOf`.
    pub fn controller(&self) -> Option<&OwnerReference> {
        self.owner_references.iter().find(|owner| owner.controller == Some(true))
    }
    pub fn is_controlled_by(&self, uid: Uid) -> bool {
        self.controller().is_some_and(|owner| owner.uid == uid)
    }
    pub fn has_finalizer(&self, finalizer: &str) -> bool {
        self.finalizers.iter().any(|f| &**f == finalizer)
    }
}

impl LabelSelector {
    /// Whether the selector selects an object with these labels. An empty selector selects everything.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.match_labels.is_subset_of(labels)
            && self.match_expressions.iter().all(|requirement| {
                let value = labels.get(&requirement.key);
                match &*requirement.operator {
                    "In" => value.is_some_and(|v| requirement.values.contains(v)),
                    "NotIn" => value.is_none_or(|v| !requirement.values.contains(v)),
                    "Exists" => value.is_some(),
                    "DoesNotExist" => value.is_none(),
                    _ => false,
                }
            })
    }
    pub fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }
}

/// Finds a condition by its type.
pub fn condition<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|c| &*c.kind == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_written_as_the_server_writes_them() {
        let canonical = |text: &str| Quantity(text.into()).canonical().to_string();
        let table = "0 0|1 1|100 100|1000 1k|1500 1500|0.5 500m|1000m 1|1100m 1100m|1.5Gi 1536Mi|2048Mi 2Gi|0.1Ki 102400m|\
                     1Ki 1Ki|1023Ki 1023Ki|512Mi 512Mi|0.5Gi 512Mi|64M 64M|128974848 128974848|129e6 129e6|129M 129M|\
                     1e3 1e3|1000000 1M|0Gi 0|0.0001 100u|0.3n 1n|-0.5 -500m|007 7|1.0 1|+5 5|1024 1024|1024Mi 1Gi|1E 1E|\
                     12E3 12e3|100000000Ei 100000000Ei|1024Ei 1024Ei|9000000000000000000000Gi 9000000000000000000000Gi";
        for row in table.split('|') {
            let (text, wanted) = row.trim().split_once(' ').expect("two words");
            assert_eq!(canonical(text), wanted, "{text}");
        }
    }

    #[test]
    fn quantities_follow_the_grammar() {
        let millis = |t: &str| Quantity(t.into()).millis();
        assert_eq!(millis("1"), Some(1_000));
        assert_eq!(millis("500m"), Some(500));
        assert_eq!(millis("1.5"), Some(1_500));
        assert_eq!(millis("1Gi"), Some(1_073_741_824_000));
        assert_eq!(millis("1e3"), Some(1_000_000));
        assert_eq!(millis("10u"), Some(1));
        assert_eq!(millis("abc"), None);
        assert_eq!(millis(""), None);
    }

    #[test]
    fn percentages_round_as_asked() {
        let p = IntOrString::String("25%".into());
        assert_eq!((p.scaled(3, true), p.scaled(3, false)), (Some(1), Some(0)));
        assert_eq!(IntOrString::String("abc".into()).scaled(3, true), None);
    }

    #[test]
    fn a_uid_reads_back_from_its_text() {
        let uid = Uid(0x3f1a_9c41_d81e_77b2);
        assert_eq!(Uid::parse(&uid.to_string()), Some(uid));
        for word in ["1", "xyz", "abc-12"] {
            assert_eq!(Uid::from_word(word).unwrap().to_string(), word);
        }
        assert_eq!(Uid::from_word("seven-7"), None);
        assert_eq!(Uid(0xffff_0000_0000_0001).to_string(), "ffff0000-0000-4000-8000-000000000001");
        assert_eq!(uid.short(), "3f1a");
    }
}
