//! What every object's metadata must satisfy.
//!
//! Upstream: `apimachinery/pkg/api/validation/objectmeta.go`.

use super::field::{Errors, Path};
use super::names::{NameRule, annotations, labels, qualified};
use super::{format, kept};
use petri_objects::{Kind, Meta, Name, Object, OwnerReference, Record, Value};

pub(super) fn name_rule(kind: Kind) -> Option<NameRule> {
    match kind {
        // Its pods need it in their host names. Services, because they become DNS labels; namespaces likewise.
        Kind::StatefulSet | Kind::Namespace | Kind::Service => Some(NameRule::Label),
        Kind::Kept(_) => kept::name_rule(kind),
        _ => Some(NameRule::Subdomain),
    }
}

pub(super) fn create(errors: &mut Errors, object: &Object) {
    let (kind, meta, path) = (object.kind(), object.meta(), Path::root("metadata"));
    let rule = name_rule(kind);
    if let Some(rule) = rule.filter(|_| !meta.generate_name.is_empty()) {
        rule.check_prefix(errors, &path.key("generateName"), &meta.generate_name);
    }
    if meta.name.is_empty() {
        errors.required(&path.key("name"), "name or generateName is required");
    } else if let Some(rule) = rule {
        rule.check(errors, &path.key("name"), &meta.name);
    }
    if let Object::Kept(object) = object {
        kept::name(errors, object);
    }
    match (kind.is_namespaced(), meta.namespace.is_empty()) {
        (true, true) => errors.required(&path.key("namespace"), ""),
        (true, false) => NameRule::Label.check(errors, &path.key("namespace"), &meta.namespace),
        (false, false) => errors.forbidden(&path.key("namespace"), "not allowed on this type"),
        (false, true) => {}
    }
    common(errors, meta, &path);
    finalizers(errors, meta, knows_standards(object), &path.key("finalizers"));
}

/// Whether a finalizer without a domain must be one of Kubernetes' own.
///
/// Upstream: `validateKubeFinalizerName`, which kinds of other groups' machinery do not ask.
fn knows_standards(object: &Object) -> bool {
    match object {
        Object::Kept(object) => {
            !object.kind.is_custom() && !matches!(object.kind.entry().name, "CustomResourceDefinition" | "APIService")
        }
        Object::Lease(_) => false,
        _ => true,
    }
}

/// Name, uid and times cannot differ here: the server finds the old object by name and keeps its system fields.
pub(super) fn update(errors: &mut Errors, new: &Object, old: &Object) {
    let (looks, standards) = (looks_at_metadata(new.kind()), knows_standards(new));
    let (new, old, path) = (new.meta(), old.meta(), Path::root("metadata"));
    let finalizers_path = path.key("finalizers");
    if old.is_terminating() {
        let added: Vec<&Name> = new.finalizers.iter().filter(|f| !old.finalizers.contains(f)).collect();
        if !added.is_empty() {
            let list: Vec<String> = added.iter().map(|f| format::text(f)).collect();
            let detail = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                list.join(", ")
            );
            errors.forbidden(&finalizers_path, detail);
        }
    }
    let before = errors.list.len();
    common(errors, new, &path);
    // Who found nothing at first finds nothing later.
    if errors.list.len() > before {
        (1..looks).for_each(|_| common(errors, new, &path));
    }
    if new.finalizers != old.finalizers {
        finalizers(errors, new, standards, &finalizers_path);
    }
}

/// How often an update's metadata is looked at: twice for every kind, and by the kind's own checks of the new object, of
/// the change, or of both. Each look lists what it finds among the causes of the refusal.
///
/// Upstream: `validateCommonFields` in `registry/rest/update.go`, and the kinds' `ValidateUpdate`.
fn looks_at_metadata(kind: Kind) -> u32 {
    match kind {
        Kind::Pod
        | Kind::Service
        | Kind::PersistentVolumeClaim
        | Kind::PersistentVolume
        | Kind::Node
        | Kind::Namespace
        | Kind::ConfigMap => 4,
        _ => 3,
    }
}

fn common(errors: &mut Errors, meta: &Meta, path: &Path<'_>) {
    errors.not_negative(&path.key("generation"), meta.generation);
    labels(errors, &path.key("labels"), &meta.labels);
    annotations(errors, &path.key("annotations"), &meta.annotations);
    owners(errors, meta, &path.key("ownerReferences"));
}

fn owners(errors: &mut Errors, meta: &Meta, path: &Path<'_>) {
    let mut controller: Option<&OwnerReference> = None;
    for (i, owner) in meta.owner_references.iter().enumerate() {
        let path = path.index(i);
        if owner.api_version.is_empty() {
            errors.invalid(&path.key("apiVersion"), format::text(&owner.api_version), "version must not be empty");
        }
        for (key, value) in [("kind", &owner.kind), ("name", &owner.name)] {
            if value.is_empty() {
                errors.invalid(&path.key(key), format::text(value), "must not be empty");
            }
        }
        if owner.uid.0 == 0 {
            errors.invalid(&path.key("uid"), "\"\"", "must not be empty");
        }
        if &*owner.api_version == "v1" && &*owner.kind == "Event" {
            let detail = "/v1, Kind=Event is disallowed from being an owner";
            errors.invalid(&path, owner.to_value().to_json(), detail);
        }
    }
    for owner in meta.owner_references.iter().filter(|owner| owner.controller == Some(true)) {
        let Some(first) = controller else {
            controller = Some(owner);
            continue;
        };
        let all: Vec<String> = meta.owner_references.iter().map(owner_json).collect();
        let detail = format!(
            "Only one reference can have Controller set to true. Found \"true\" in references for {}/{} and {}/{}",
            first.kind, first.name, owner.kind, owner.name
        );
        errors.invalid(path, format!("[{}]", all.join(",")), detail);
    }
}

/// An owner reference as JSON, in the order of the server's own struct.
fn owner_json(owner: &OwnerReference) -> String {
    let text = |key: &str, value: &str| format!("\"{key}\":{}", format::json_text(value));
    let mut fields = vec![
        text("apiVersion", &owner.api_version),
        text("kind", &owner.kind),
        text("name", &owner.name),
        text("uid", &if owner.uid.0 == 0 { String::new() } else { owner.uid.to_string() }),
    ];
    for (key, flag) in [("controller", owner.controller), ("blockOwnerDeletion", owner.block_owner_deletion)] {
        fields.extend(flag.map(|flag| format!("\"{key}\":{flag}")));
    }
    format!("{{{}}}", fields.join(","))
}

fn finalizers(errors: &mut Errors, meta: &Meta, knows_standards: bool, path: &Path<'_>) {
    for finalizer in &meta.finalizers {
        qualified(errors, path, finalizer, finalizer);
    }
    if meta.has_finalizer("orphan") && meta.has_finalizer("foregroundDeletion") {
        let all = Value::List(meta.finalizers.iter().cloned().map(Value::String).collect());
        errors.invalid(path, all.to_json(), "finalizer orphan and foregroundDeletion cannot be both set");
    }
    for (i, finalizer) in meta.finalizers.iter().enumerate().filter(|_| knows_standards) {
        let is_standard = matches!(&**finalizer, "kubernetes" | "orphan" | "foregroundDeletion");
        if !finalizer.contains('/') && !is_standard {
            let detail = "name is neither a standard finalizer name nor is it fully qualified";
            errors.invalid(&path.index(i), format::text(finalizer), detail);
        }
    }
}
