//! Where objects stand: one persistent ordered map per kind, so that an older root costs a pointer.

use petri_objects::*;
use rpds::RedBlackTreeMap;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::rc::Rc;

/// Namespace (empty for cluster-wide kinds) and name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub namespace: Name,
    pub name: Name,
}

impl Key {
    pub fn new(namespace: impl Into<Name>, name: impl Into<Name>) -> Key {
        Key { namespace: namespace.into(), name: name.into() }
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

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.namespace.is_empty() { f.write_str(&self.name) } else { write!(f, "{}/{}", self.namespace, self.name) }
    }
}

/// A kind as it stands on its shelf.
pub trait Stored: Sized {
    /// The object, if it is of this kind.
    fn of(object: &Object) -> Option<&Rc<Self>>;
    fn into_object(this: Rc<Self>) -> Object;
}

/// All objects of one kind, in key order.
///
/// The tree underneath is the same type for every kind: eighteen copies of it would be a tenth of the page.
#[derive(Clone, Debug)]
pub struct Shelf<T> {
    tree: RedBlackTreeMap<Key, Object>,
    kind: PhantomData<T>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Shelf { tree: RedBlackTreeMap::new(), kind: PhantomData }
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
        state.write_u64(self.tree.size() as u64);
        for (key, value) in self.tree.iter() {
            key.hash(state);
            value.hash(state);
        }
    }
}

impl<T: Stored> Shelf<T> {
    pub fn get(&self, key: &Key) -> Option<&Rc<T>> {
        self.tree.get(key).map(own)
    }
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Rc<T>)> {
        self.tree.iter().map(|(key, object)| (key, own(object)))
    }
    pub fn values(&self) -> impl Iterator<Item = &Rc<T>> {
        self.tree.values().map(own)
    }
    /// The objects of one namespace, in name order.
    pub fn in_namespace<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Rc<T>> {
        let from = Key { namespace: namespace.into(), name: "".into() };
        let rest = self.tree.range(from..);
        rest.take_while(move |(key, _)| &*key.namespace == namespace).map(|(_, object)| own(object))
    }
    pub fn len(&self) -> u64 {
        self.tree.size() as u64
    }
    pub fn is_empty(&self) -> bool {
        self.tree.is_empty()
    }
    pub fn insert(&mut self, key: Key, value: Rc<T>) {
        self.tree.insert_mut(key, T::into_object(value));
    }
    pub fn remove(&mut self, key: &Key) {
        self.tree.remove_mut(key);
    }
}

fn own<T: Stored>(object: &Object) -> &Rc<T> {
    T::of(object).expect("a shelf holds objects of its own kind")
}

/// Things by key that are no objects: what controllers remember. As cheap to clone as a shelf.
#[derive(Clone, Debug)]
pub struct Tree<T>(RedBlackTreeMap<Key, Rc<T>>);

impl<T> Default for Tree<T> {
    fn default() -> Self {
        Tree(RedBlackTreeMap::new())
    }
}
impl<T: PartialEq> PartialEq for Tree<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T: Eq> Eq for Tree<T> {}
impl<T: Hash> Hash for Tree<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.size() as u64);
        for (key, value) in self.0.iter() {
            key.hash(state);
            value.hash(state);
        }
    }
}

impl<T> Tree<T> {
    pub fn get(&self, key: &Key) -> Option<&Rc<T>> {
        self.0.get(key)
    }
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Rc<T>)> {
        self.0.iter()
    }
    pub fn values(&self) -> impl Iterator<Item = &Rc<T>> {
        self.0.values()
    }
    pub fn len(&self) -> u64 {
        self.0.size() as u64
    }
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    pub fn insert(&mut self, key: Key, value: Rc<T>) {
        self.0.insert_mut(key, value);
    }
    pub fn remove(&mut self, key: &Key) {
        self.0.remove_mut(key);
    }
}

macro_rules! shelves {
    ($($kind:ident, $shelf:ident;)*) => {
        $(impl Stored for $kind {
            fn of(object: &Object) -> Option<&Rc<$kind>> {
                match object { Object::$kind(object) => Some(object), _ => None }
            }
            fn into_object(this: Rc<$kind>) -> Object { Object::$kind(this) }
        })*

        /// Every object of the store, or of a cache of it.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
        pub struct Objects { $(pub $shelf: Shelf<$kind>,)* }

        impl Objects {
            pub fn get(&self, target: &ObjectRef) -> Option<Object> {
                let key = Key { namespace: target.namespace.clone(), name: target.name.clone() };
                let tree = match target.kind { $(Kind::$kind => &self.$shelf.tree,)* };
                tree.get(&key).cloned()
            }
            pub fn put(&mut self, object: Object) {
                let key = Key::of(object.meta());
                let tree = match &object { $(Object::$kind(_) => &mut self.$shelf.tree,)* };
                tree.insert_mut(key, object);
            }
            pub fn remove(&mut self, target: &ObjectRef) {
                let key = Key { namespace: target.namespace.clone(), name: target.name.clone() };
                let tree = match target.kind { $(Kind::$kind => &mut self.$shelf.tree,)* };
                tree.remove_mut(&key);
            }
            /// All objects of a kind, in key order.
            pub fn list(&self, kind: Kind) -> Vec<Object> {
                let tree = match kind { $(Kind::$kind => &self.$shelf.tree,)* };
                tree.values().cloned().collect()
            }
        }
    };
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
}
