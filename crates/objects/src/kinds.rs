//! The table of kinds, and an object of any kind.

use crate::record::{Decode, DecodeProblemKind, Record, Schema};
use crate::*;
use std::fmt;
use std::rc::Rc;

macro_rules! kinds {
    ($( $kind:ident, $api:literal, $plural:literal, $short:expr, $namespaced:literal; )*) => {
        /// A kind: one of those that are simulated, or one that is kept.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($kind,)* Kept(KeptKind) }

        impl Kind {
            /// The simulated kinds.
            pub const ALL: &'static [Kind] = &[$(Kind::$kind,)*];
            /// `StatefulSet`.
            pub fn name(self) -> &'static str { match self { $(Kind::$kind => stringify!($kind),)* Kind::Kept(kind) => kind.entry().name } }
            /// `apps/v1`.
            pub fn api_version(self) -> &'static str { match self { $(Kind::$kind => $api,)* Kind::Kept(kind) => kind.entry().api_version } }
            /// `statefulsets`.
            pub fn plural(self) -> &'static str { match self { $(Kind::$kind => $plural,)* Kind::Kept(kind) => kind.entry().plural } }
            /// `["sts"]`.
            pub fn short_names(self) -> &'static [&'static str] { match self { $(Kind::$kind => &$short,)* Kind::Kept(kind) => kind.entry().short_names } }
            pub fn is_namespaced(self) -> bool { match self { $(Kind::$kind => $namespaced,)* Kind::Kept(kind) => kind.entry().namespaced } }
            pub fn schema(self) -> &'static Schema { match self { $(Kind::$kind => &<$kind as Record>::SCHEMA,)* Kind::Kept(kind) => kind.schema() } }
        }

        /// An object of any kind. Cloning shares it.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum Object { $($kind(Rc<$kind>),)* Kept(Rc<KeptObject>) }

        impl Object {
            pub fn kind(&self) -> Kind { match self { $(Object::$kind(_) => Kind::$kind,)* Object::Kept(object) => Kind::Kept(object.kind) } }
            pub fn meta(&self) -> &Meta { match self { $(Object::$kind(object) => &object.metadata,)* Object::Kept(object) => &object.metadata } }
            pub fn meta_mut(&mut self) -> &mut Meta {
                match self {
                    $(Object::$kind(object) => &mut Rc::make_mut(object).metadata,)*
                    Object::Kept(object) => &mut Rc::make_mut(object).metadata,
                }
            }
            /// The object's fields without `apiVersion` and `kind`.
            fn body(&self) -> Map {
                let mut map = Map::new();
                match self {
                    $(Object::$kind(object) => object.encode_fields(&mut map),)*
                    Object::Kept(object) => object.encode_fields(&mut map),
                }
                map
            }
            /// Reads an object of a known kind; what is wrong with it is in `at.problems`.
            pub fn decode(kind: Kind, value: &Value, at: &mut Decode) -> Object {
                match kind {
                    $(Kind::$kind => Object::$kind(Rc::new(<$kind as Record>::from_value(value, at))),)*
                    Kind::Kept(kind) => Object::Kept(Rc::new(KeptObject::decode(kind, value, at))),
                }
            }
            pub fn same(&self, other: &Object) -> bool {
                match (self, other) {
                    $((Object::$kind(a), Object::$kind(b)) => Rc::ptr_eq(a, b),)*
                    (Object::Kept(a), Object::Kept(b)) => Rc::ptr_eq(a, b),
                    _ => false,
                }
            }
        }

        $(
            impl From<$kind> for Object { fn from(object: $kind) -> Object { Object::$kind(Rc::new(object)) } }
            impl From<Rc<$kind>> for Object { fn from(object: Rc<$kind>) -> Object { Object::$kind(object) } }
            impl TryFrom<Object> for Rc<$kind> {
                type Error = Object;
                fn try_from(object: Object) -> Result<Rc<$kind>, Object> {
                    match object { Object::$kind(object) => Ok(object), other => Err(other) }
                }
            }
        )*
    };
}

kinds! {
    Namespace, "v1", "namespaces", ["ns"], false;
    Node, "v1", "nodes", ["no"], false;
    Pod, "v1", "pods", ["po"], true;
    Service, "v1", "services", ["svc"], true;
    ConfigMap, "v1", "configmaps", ["cm"], true;
    ServiceAccount, "v1", "serviceaccounts", ["sa"], true;
    ResourceQuota, "v1", "resourcequotas", ["quota"], true;
    PersistentVolumeClaim, "v1", "persistentvolumeclaims", ["pvc"], true;
    PersistentVolume, "v1", "persistentvolumes", ["pv"], false;
    Event, "v1", "events", ["ev"], true;
    StatefulSet, "apps/v1", "statefulsets", ["sts"], true;
    ReplicaSet, "apps/v1", "replicasets", ["rs"], true;
    Deployment, "apps/v1", "deployments", ["deploy"], true;
    ControllerRevision, "apps/v1", "controllerrevisions", [], true;
    PodDisruptionBudget, "policy/v1", "poddisruptionbudgets", ["pdb"], true;
    StorageClass, "storage.k8s.io/v1", "storageclasses", ["sc"], false;
    VolumeAttachment, "storage.k8s.io/v1", "volumeattachments", [], false;
    EndpointSlice, "discovery.k8s.io/v1", "endpointslices", [], true;
    Lease, "coordination.k8s.io/v1", "leases", [], true;
    PriorityClass, "scheduling.k8s.io/v1", "priorityclasses", ["pc"], false;
    DaemonSet, "apps/v1", "daemonsets", ["ds"], true;
}

impl Kind {
    /// Every kind that a cluster serves by itself: the simulated ones, then those that are kept.
    pub fn every() -> impl Iterator<Item = Kind> {
        Kind::ALL.iter().copied().chain(KeptKind::built_in().map(Kind::Kept))
    }
    /// The API group, empty for the core group.
    pub fn group(self) -> &'static str {
        self.api_version().split_once('/').map_or("", |(group, _)| group)
    }
    /// The version within the group: `v1`.
    pub fn version(self) -> &'static str {
        self.api_version().rsplit('/').next().unwrap_or("v1")
    }
    /// Whether objects of this kind are stored in the one shape that all kept kinds have.
    pub fn is_kept(self) -> bool {
        matches!(self, Kind::Kept(_))
    }
    /// Whether few clusters have objects of this kind: who is about to make one can fetch ahead what serves it.
    pub fn is_rare(self) -> bool {
        self.is_kept() || matches!(self, Kind::DaemonSet | Kind::ResourceQuota)
    }
    /// Whether objects of this kind are stored and no more: nothing in the simulation depends on them.
    pub fn has_no_effect(self) -> bool {
        matches!(self, Kind::Kept(kind) if !kind.is_looked_up() && !kind.is_acted_on())
    }
    /// Whether it is kept and a controller acts for it all the same.
    pub fn is_acted_on(self) -> bool {
        matches!(self, Kind::Kept(kind) if kind.is_acted_on())
    }
    /// The word for the kind in a recording: `StatefulSet`, and `Widget.example.com` for one that a cluster was taught.
    pub fn word(self) -> std::borrow::Cow<'static, str> {
        match self {
            Kind::Kept(kind) if kind.is_custom() => format!("{}.{}", self.name(), self.group()).into(),
            _ => self.name().into(),
        }
    }
    /// The kind that a word means, and no other spelling of it.
    pub fn from_word(word: &str) -> Option<Kind> {
        match word.split_once('.') {
            Some((name, group)) => KeptKind::named(group, name).map(Kind::Kept),
            None => Kind::every().find(|kind| kind.name() == word),
        }
    }
    /// `statefulset`.
    pub fn singular(self) -> String {
        self.name().to_ascii_lowercase()
    }
    /// `statefulsets.apps`, as error messages name it.
    pub fn qualified_resource(self) -> String {
        self.qualified(self.plural())
    }
    /// `statefulset.apps`, as kubectl prefixes names.
    pub fn qualified_singular(self) -> String {
        self.qualified(&self.singular())
    }
    /// `StatefulSet.apps`, as 422 messages name it.
    pub fn qualified_kind(self) -> String {
        self.qualified(self.name())
    }
    fn qualified(self, name: &str) -> String {
        match self.group() {
            "" => name.into(),
            group => format!("{name}.{group}"),
        }
    }
    /// Whether kubectl takes this word, in lower case, for the kind: `sts`, `statefulset`, `statefulsets.apps`.
    pub fn is_called(self, word: &str) -> bool {
        let (base, group) = word.split_once('.').map_or((word, None), |(base, group)| (base, Some(group)));
        let named = self.plural() == base || self.short_names().contains(&base) || self.singular() == base;
        named && group.is_none_or(|g| g == self.group() || g == format!("{}.{}", self.version(), self.group()))
    }
    /// Whatever kubectl accepts as a resource: `sts`, `statefulset`, `statefulsets`, `statefulsets.apps`, `StatefulSet`.
    pub fn from_resource(word: &str) -> Option<Kind> {
        let word = word.to_ascii_lowercase();
        Kind::every().find(|kind| kind.is_called(&word))
    }
    /// By `apiVersion` and `kind` of a manifest.
    pub fn from_api(api_version: &str, name: &str) -> Option<Kind> {
        let serves = |kind: Kind| kind.api_version() == api_version || kept::older_type(kind, api_version).is_some();
        Kind::every().find(|kind| kind.name() == name && serves(*kind))
    }
}

impl serde::Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.word())
    }
}
impl<'de> serde::Deserialize<'de> for Kind {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Kind, D::Error> {
        let word = <Name as serde::Deserialize>::deserialize(from)?;
        let unknown = || serde::de::Error::custom(format!("unknown kind {}", wire::short(&word)));
        Kind::from_word(&word).ok_or_else(unknown)
    }
}

/// The address of an object: kind, namespace (empty for cluster-wide kinds) and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectRef {
    pub kind: Kind,
    pub namespace: Name,
    pub name: Name,
}

impl ObjectRef {
    pub fn new(kind: Kind, namespace: impl Into<Name>, name: impl Into<Name>) -> ObjectRef {
        ObjectRef { kind, namespace: namespace.into(), name: name.into() }
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.singular(), self.name)
    }
}

impl Object {
    pub fn reference(&self) -> ObjectRef {
        ObjectRef { kind: self.kind(), namespace: self.meta().namespace.clone(), name: self.meta().name.clone() }
    }
    /// The full wire form, `apiVersion` and `kind` first.
    pub fn to_value(&self) -> Value {
        let mut map = Map::new();
        map.insert("apiVersion", Value::from(self.kind().api_version()));
        map.insert("kind", Value::from(self.kind().name()));
        for (key, value) in self.body().iter() {
            map.insert(key.clone(), value.clone());
        }
        Value::Map(map)
    }
    /// Reads an object by its `apiVersion` and `kind`.
    ///
    /// # Errors
    /// `None` if no cluster has the kind by itself; problems of the content are in `at.problems`.
    pub fn from_value(value: &Value, at: &mut Decode) -> Option<Object> {
        let map = value.as_map()?;
        let word = |key: &str| map.get(key).and_then(Value::as_str).unwrap_or("");
        let kind = Kind::from_api(word("apiVersion"), word("kind"))?;
        Some(Object::decode(kind, value, at))
    }
}

impl DecodeProblemKind {
    /// Whether the API server would refuse the object for it.
    pub fn is_error(&self) -> bool {
        !matches!(self, DecodeProblemKind::NotSimulated)
    }
}
