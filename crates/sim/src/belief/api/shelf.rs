//! Where objects stand: one persistent ordered map per kind, so that an older root costs a pointer.

use crate::ground::digest::{self, Kept, Sum};
use petri_objects::*;
use rpds::RedBlackTreeMap;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::rc::Rc;

/// Namespace (empty for cluster-wide kinds) and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub namespace: Name,
    pub name: Name,
}

impl Key {
    pub fn new(namespace: impl AsRef<str> + Into<Name>, name: impl Into<Name>) -> Key {
        let namespace = if namespace.as_ref().is_empty() { blank() } else { namespace.into() };
        Key { namespace, name: name.into() }
    }
    pub fn of(meta: &Meta) -> Key {
        Key { namespace: meta.namespace.clone(), name: meta.name.clone() }
    }
    /// Another object of the same namespace.
    pub fn sibling(&self, name: impl Into<Name>) -> Key {
        Key { namespace: self.namespace.clone(), name: name.into() }
    }
    pub fn to_ref(&self, kind: Kind) -> ObjectRef {
        ObjectRef { kind, namespace: self.namespace.clone(), name: self.name.clone() }
    }
}

impl Default for Key {
    fn default() -> Key {
        Key { namespace: blank(), name: blank() }
    }
}
impl Ord for Key {
    /// The namespaces first. Most keys that are compared share theirs.
    fn cmp(&self, other: &Key) -> Ordering {
        let namespaces = match Rc::ptr_eq(&self.namespace, &other.namespace) {
            true => Ordering::Equal,
            false => self.namespace.cmp(&other.namespace),
        };
        namespaces.then_with(|| self.name.cmp(&other.name))
    }
}
impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Key) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.namespace.is_empty() { f.write_str(&self.name) } else { write!(f, "{}/{}", self.namespace, self.name) }
    }
}

/// A kind as it stands on its shelf.
pub trait Stored: Sized {
    fn meta(&self) -> &Meta;
    /// The object, if it is of this kind.
    fn of(object: &Object) -> Option<&Rc<Self>>;
    fn into_object(this: Rc<Self>) -> Object;
}

/// All objects of one kind, in key order.
///
/// Each is kept with its digest, and the shelf with their sum: to compare two shelves costs nothing, however long they
/// are. An object's digest covers its name, so the key adds nothing to it.
///
/// The tree underneath is the same type for every kind: eighteen copies of it would be a tenth of the page.
#[derive(Clone, Debug)]
pub struct Shelf<T> {
    tree: AnyShelf,
    kind: PhantomData<T>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Shelf { tree: AnyShelf::default(), kind: PhantomData }
    }
}
impl<T> PartialEq for Shelf<T> {
    fn eq(&self, other: &Self) -> bool {
        self.tree == other.tree
    }
}
impl<T> Eq for Shelf<T> {}
impl<T> Hash for Shelf<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.tree.hash(state);
    }
}

/// Objects of one kind, whichever it is.
#[derive(Clone, Debug, Default)]
struct AnyShelf {
    tree: RedBlackTreeMap<Key, Kept<Object>>,
    sum: Sum,
}

impl PartialEq for AnyShelf {
    fn eq(&self, other: &Self) -> bool {
        self.sum == other.sum && self.tree == other.tree
    }
}
impl Eq for AnyShelf {}
impl Hash for AnyShelf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.tree.size() as u64);
        self.sum.hash(state);
    }
}

impl AnyShelf {
    fn get(&self, key: &Key) -> Option<&Kept<Object>> {
        self.tree.get(key)
    }
    fn insert(&mut self, key: Key, object: Kept<Object>) -> Option<Kept<Object>> {
        let old = self.tree.get(&key).cloned();
        self.sum.subtract(old.as_ref().map_or(0, Kept::digest));
        self.sum.add(object.digest());
        self.tree.insert_mut(key, object);
        old
    }
    fn remove(&mut self, key: &Key) -> Option<Kept<Object>> {
        let old = self.tree.get(key).cloned()?;
        self.sum.subtract(old.digest());
        self.tree.remove_mut(key);
        Some(old)
    }
}

impl<T: Stored> Shelf<T> {
    pub fn get(&self, key: &Key) -> Option<&Rc<T>> {
        self.tree.get(key).map(own)
    }
    /// An object with its digest, which is known if it is the one that stands here.
    pub fn keep(&self, object: &Rc<T>) -> Kept<Rc<T>> {
        let stored = self.tree.get(&Key::of(object.meta()));
        match stored.filter(|stored| Rc::ptr_eq(own(stored), object)) {
            Some(stored) => Kept::known(object.clone(), stored.digest()),
            None => object.clone().into(),
        }
    }
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Rc<T>)> {
        self.tree.tree.iter().map(|(key, object)| (key, own(object)))
    }
    pub fn values(&self) -> impl Iterator<Item = &Rc<T>> {
        self.tree.tree.values().map(own)
    }
    /// The objects of one namespace, in name order.
    pub fn in_namespace<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Rc<T>> {
        let from = Key { namespace: namespace.into(), name: blank() };
        let rest = self.tree.tree.range(from..);
        rest.take_while(move |(key, _)| &*key.namespace == namespace).map(|(_, object)| own(object))
    }
    pub fn len(&self) -> u64 {
        self.tree.tree.size() as u64
    }
    pub fn is_empty(&self) -> bool {
        self.tree.tree.is_empty()
    }
    pub fn insert(&mut self, key: Key, value: Rc<T>) {
        self.tree.insert(key, T::into_object(value).into());
    }
    pub fn remove(&mut self, key: &Key) {
        self.tree.remove(key);
    }
}

impl From<Object> for Kept<Object> {
    fn from(object: Object) -> Self {
        let digest = digest::of(&object);
        Kept::known(object, digest)
    }
}
/// The digest is that of an object of any kind, so that the shelf's own serves for both.
impl<T: Stored> From<Rc<T>> for Kept<Rc<T>> {
    fn from(object: Rc<T>) -> Self {
        let digest = digest::of(&T::into_object(object.clone()));
        Kept::known(object, digest)
    }
}

fn own<T: Stored>(object: &Kept<Object>) -> &Rc<T> {
    T::of(object).expect("a shelf holds objects of its own kind")
}

/// Things by key that are no objects: what controllers remember. As cheap to clone and to compare as a shelf.
#[derive(Clone, Debug)]
pub struct Tree<T> {
    tree: RedBlackTreeMap<Key, (Rc<T>, u64)>,
    sum: Sum,
}

impl<T> Default for Tree<T> {
    fn default() -> Self {
        Tree { tree: RedBlackTreeMap::new(), sum: Sum::default() }
    }
}
impl<T: PartialEq> PartialEq for Tree<T> {
    fn eq(&self, other: &Self) -> bool {
        self.sum == other.sum && self.tree == other.tree
    }
}
impl<T: Eq> Eq for Tree<T> {}
impl<T> Hash for Tree<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.tree.size() as u64);
        self.sum.hash(state);
    }
}

impl<T> Tree<T> {
    pub fn get(&self, key: &Key) -> Option<&Rc<T>> {
        self.tree.get(key).map(|(value, _)| value)
    }
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Rc<T>)> {
        self.tree.iter().map(|(key, (value, _))| (key, value))
    }
    pub fn values(&self) -> impl Iterator<Item = &Rc<T>> {
        self.tree.values().map(|(value, _)| value)
    }
    pub fn len(&self) -> u64 {
        self.tree.size() as u64
    }
    pub fn is_empty(&self) -> bool {
        self.tree.is_empty()
    }
    pub fn remove(&mut self, key: &Key) {
        if let Some((_, digest)) = self.tree.get(key) {
            self.sum.subtract(*digest);
            self.tree.remove_mut(key);
        }
    }
}

impl<T: Hash> Tree<T> {
    pub fn insert(&mut self, key: Key, value: Rc<T>) {
        if let Some((_, digest)) = self.tree.get(&key) {
            self.sum.subtract(*digest);
        }
        let digest = digest::of(&(&key, &value));
        self.sum.add(digest);
        self.tree.insert_mut(key, (value, digest));
    }
}

macro_rules! shelves {
    (@hash $shelf:expr, $state:ident, rare) => {
        if !$shelf.is_empty() {
            $shelf.hash($state);
        }
    };
    (@hash $shelf:expr, $state:ident,) => {
        $shelf.hash($state);
    };
    ($($kind:ident, $shelf:ident $(, $rare:ident)?;)*) => {
        $(impl Stored for $kind {
            fn of(object: &Object) -> Option<&Rc<$kind>> {
                match object { Object::$kind(object) => Some(object), _ => None }
            }
            fn into_object(this: Rc<$kind>) -> Object { Object::$kind(this) }
            fn meta(&self) -> &Meta { &self.metadata }
        })*

        /// Every object of the store, or of a cache of it.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Objects {
            $(pub $shelf: Shelf<$kind>,)*
            /// The kinds that are kept, as far as there are objects of them.
            kept: Rc<BTreeMap<KeptKind, AnyShelf>>,
        }

        impl Hash for Objects {
            /// What is not there leaves no trace: most worlds keep nothing.
            fn hash<H: Hasher>(&self, state: &mut H) {
                $(shelves!(@hash self.$shelf, state, $($rare)?);)*
                if !self.kept.is_empty() {
                    self.kept.hash(state);
                }
            }
        }

        impl Objects {
            fn tree(&self, kind: Kind) -> Option<&AnyShelf> {
                match kind { $(Kind::$kind => Some(&self.$shelf.tree),)* Kind::Kept(kind) => self.kept.get(&kind) }
            }
            fn tree_mut(&mut self, kind: Kind) -> &mut AnyShelf {
                match kind {
                    $(Kind::$kind => &mut self.$shelf.tree,)*
                    Kind::Kept(kind) => Rc::make_mut(&mut self.kept).entry(kind).or_default(),
                }
            }
            fn count(&self) -> u64 {
                let kept: u64 = self.kept.values().map(|shelf| shelf.tree.size() as u64).sum();
                kept $(+ self.$shelf.len())*
            }
        }
    };
}

impl Objects {
    pub fn get(&self, target: &ObjectRef) -> Option<Object> {
        let key = Key { namespace: target.namespace.clone(), name: target.name.clone() };
        self.tree(target.kind)?.get(&key).map(|object| Object::clone(object))
    }
    /// An object with its digest, which is known if it is the one that stands here.
    pub fn keep(&self, object: Object) -> Kept<Object> {
        let stored = self.tree(object.kind()).and_then(|shelf| shelf.get(&Key::of(object.meta())));
        match stored.filter(|stored| stored.same(&object)) {
            Some(stored) => stored.clone(),
            None => object.into(),
        }
    }
    pub fn put(&mut self, object: Object) {
        self.replace(object.into());
    }
    /// Puts an object on its shelf, and answers what stood in its place.
    pub fn replace(&mut self, object: Kept<Object>) -> Option<Kept<Object>> {
        let key = Key::of(object.meta());
        self.tree_mut(object.kind()).insert(key, object)
    }
    pub fn remove(&mut self, target: &ObjectRef) {
        self.take(target);
    }
    /// Removes an object, and answers it.
    pub fn take(&mut self, target: &ObjectRef) -> Option<Kept<Object>> {
        let key = Key { namespace: target.namespace.clone(), name: target.name.clone() };
        let shelf = self.tree_mut(target.kind);
        let taken = shelf.remove(&key);
        // An empty shelf of a kept kind is no shelf.
        if let (Kind::Kept(kind), true) = (target.kind, shelf.tree.is_empty()) {
            Rc::make_mut(&mut self.kept).remove(&kind);
        }
        taken
    }
    /// The simulated kinds, and those of what is kept.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> {
        Kind::ALL.iter().copied().chain(self.kept.keys().copied().map(Kind::Kept))
    }
    /// How many objects there are, without those that tell what happened.
    pub fn count_without_events(&self) -> u64 {
        self.count() - self.events.len()
    }
    /// Whether there is a LimitRange: in few clusters is one.
    pub fn has_limits(&self) -> bool {
        self.keeps("LimitRange")
    }
    /// Whether there is an object of a built-in kind that is kept.
    pub fn keeps(&self, name: &str) -> bool {
        self.kept.keys().any(|kind| !kind.is_custom() && kind.entry().name == name)
    }
    /// All objects of a kind, in key order.
    pub fn list(&self, kind: Kind) -> Vec<Object> {
        let shelf = self.tree(kind).into_iter();
        shelf.flat_map(|shelf| shelf.tree.values()).map(|object| Object::clone(object)).collect()
    }
}

shelves! {
    Namespace, namespaces;
    Node, nodes;
    Pod, pods;
    Service, services;
    ConfigMap, config_maps;
    ServiceAccount, service_accounts;
    ResourceQuota, quotas;
    PersistentVolumeClaim, claims;
    PersistentVolume, volumes;
    Event, events;
    StatefulSet, stateful_sets;
    ReplicaSet, replica_sets;
    Deployment, deployments;
    ControllerRevision, revisions;
    PodDisruptionBudget, budgets;
    StorageClass, storage_classes;
    VolumeAttachment, attachments;
    EndpointSlice, endpoint_slices;
    Lease, leases;
    PriorityClass, priority_classes;
    DaemonSet, daemon_sets, rare;
}
