//! What revisions keep of a workload.
//!
//! Upstream: `pkg/controller/history`, and `getPatch` of the controllers that keep revisions.

use petri_objects::{Name, PodTemplateSpec, Record, Value};

/// The template as a patch, the data that revisions are compared and named by.
///
/// Upstream: `getPatch`.
pub fn patch_of(template: &PodTemplateSpec) -> Value {
    let mut template = Record::to_value(template);
    if let Value::Map(map) = &mut template {
        map.insert("$patch", Value::from("replace"));
    }
    let wrap = |key: &str, value: Value| Value::Map([(Name::from(key), value)].into_iter().collect());
    wrap("spec", wrap("template", template))
}
