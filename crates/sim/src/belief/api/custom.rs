//! Kinds that a cluster was taught: CustomResourceDefinitions, and what they say of their custom resources.
//!
//! Deviation: a definition is established as soon as it is stored, and its resources go with it at once, whatever
//! finalizers they have.
//!
//! Upstream: `staging/src/k8s.io/apiextensions-apiserver`.

mod definition;

pub use definition::{apply_defaults, check_fields, establish};

use super::shelf::Objects;
use petri_objects::kept::{KeptKind, KeptObject};
use petri_objects::{Kind, Object, Value};
use std::rc::Rc;

/// `CustomResourceDefinition`.
const DEFINITION: &str = "CustomResourceDefinition";

/// Whether the object defines a kind.
pub fn is_definition(object: &KeptObject) -> bool {
    !object.kind.is_custom() && object.kind.entry().name == DEFINITION
}

/// The kinds that the definitions of a store define, in the order of their names.
pub fn kinds(objects: &Objects) -> Vec<Kind> {
    definitions(objects).filter_map(|definition| definition::kind(&definition, None)).map(Kind::Kept).collect()
}

/// The kind of a manifest that no cluster knows by itself.
pub fn from_api(objects: &Objects, api_version: &str, name: &str) -> Option<Kind> {
    let (group, version) = api_version.split_once('/')?;
    let defines = |definition: &Rc<KeptObject>| {
        definition.text(&["spec", "group"]) == group && definition.text(&["spec", "names", "kind"]) == name
    };
    definitions(objects)
        .filter(defines)
        .find_map(|definition| definition::kind(&definition, Some(version)))
        .map(Kind::Kept)
}

/// The kind as the store's definition has it now; `None` if nothing defines it any more.
pub fn current(objects: &Objects, custom: KeptKind) -> Option<KeptKind> {
    definition_of(objects, custom).and_then(|definition| definition::kind(&definition, None))
}

/// The custom resources that a definition brings with it.
pub fn resources(objects: &Objects, definition: &KeptObject) -> Vec<Object> {
    let (group, name) = (definition.text(&["spec", "group"]), definition.text(&["spec", "names", "kind"]));
    let kind = objects.kinds().find(|kind| match kind {
        Kind::Kept(custom) => custom.is_custom() && kind.group() == group && kind.name() == name,
        _ => false,
    });
    kind.map(|kind| objects.list(kind)).unwrap_or_default()
}

fn definitions(objects: &Objects) -> impl Iterator<Item = Rc<KeptObject>> {
    let found = KeptKind::built_in().find(|kind| kind.entry().name == DEFINITION);
    let found = found.map(|kind| objects.list(Kind::Kept(kind))).unwrap_or_default();
    found.into_iter().filter_map(|object| match object {
        Object::Kept(definition) => Some(definition),
        _ => None,
    })
}

fn definition_of(objects: &Objects, custom: KeptKind) -> Option<Rc<KeptObject>> {
    let (group, name) = (Kind::Kept(custom).group(), custom.entry().name);
    definitions(objects).find(|definition| {
        definition.text(&["spec", "group"]) == group && definition.text(&["spec", "names", "kind"]) == name
    })
}

/// The schema that custom resources of a kind have to satisfy.
pub fn schema(objects: &Objects, custom: KeptKind) -> Option<Value> {
    definition::schema(&*definition_of(objects, custom)?, Kind::Kept(custom).version())
}
