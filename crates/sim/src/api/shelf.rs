//! Where objects stand: one persistent ordered map per kind, so that an older root costs a pointer.

use petri_objects::*;
use rpds::RedBlackTreeMap;
use std::hash::{Hash, Hasher};
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

/// All objects of one kind, in key order.
#[derive(Clone, Debug)]
pub struct Shelf<T>(RedBlackTreeMap<Key, Rc<T>>);

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Shelf(RedBlackTreeMap::new())
    }
}
impl<T: PartialEq> PartialEq for Shelf<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T: Eq> Eq for Shelf<T> {}
impl<T: Hash> Hash for Shelf<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.size() as u64);
        for (key, value) in self.0.iter() {
            key.hash(state);
            value.hash(state);
        }
    }
}

impl<T> Shelf<T> {
    pub fn get(&self, key: &Key) -> Option<&Rc<T>> {
        self.0.get(key)
    }
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Rc<T>)> {
        self.0.iter()
    }
    pub fn values(&self) -> impl Iterator<Item = &Rc<T>> {
        self.0.values()
    }
    /// The objects of one namespace, in name order.
    pub fn in_namespace<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Rc<T>> {
        let from = Key { namespace: namespace.into(), name: "".into() };
        self.0.range(from..).take_while(move |(key, _)| &*key.namespace == namespace).map(|(_, value)| value)
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
        /// Every object of the store, or of a cache of it.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
        pub struct Objects { $(pub $shelf: Shelf<$kind>,)* }

        impl Objects {
            pub fn get(&self, target: &ObjectRef) -> Option<Object> {
                let key = Key { namespace: target.namespace.clone(), name: target.name.clone() };
                match target.kind { $(Kind::$kind => self.$shelf.get(&key).cloned().map(Object::$kind),)* }
            }
            pub fn put(&mut self, object: Object) {
                let key = Key::of(object.meta());
                match object { $(Object::$kind(object) => self.$shelf.insert(key, object),)* }
            }
            pub fn remove(&mut self, target: &ObjectRef) {
                let key = Key { namespace: target.namespace.clone(), name: target.name.clone() };
                match target.kind { $(Kind::$kind => self.$shelf.remove(&key),)* }
            }
            /// All objects of a kind, in key order.
            pub fn list(&self, kind: Kind) -> Vec<Object> {
                match kind { $(Kind::$kind => self.$shelf.values().cloned().map(Object::$kind).collect(),)* }
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
