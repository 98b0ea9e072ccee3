//! The source of a pod's volume where it is none of the everyday ones, or where there are several.
//!
//! Upstream: `pkg/apis/core/validation` (`validateVolumeSource`).

use super::super::drivers;
use super::super::field::{Errors, Path};
use super::super::format;
use super::super::names::{NameRule, annotations, dns_label, dns_subdomain, labels};
use super::super::pod_sources::{
    FILE_FIELDS, descending, field_ref, files, given, host_path, items, keys, mode, resource_ref, text,
};
use super::super::storage::claim_spec;
use petri_objects::record::Decode;
use petri_objects::*;
use std::collections::BTreeSet;

/// All sources, in the order in which the API server looks at them. What it calls one in a complaint is in brackets.
const SOURCES: [(&str, &str); 30] = [
    ("emptyDir", ""),
    ("hostPath", ""),
    ("gitRepo", ""),
    ("gcePersistentDisk", ""),
    ("awsElasticBlockStore", ""),
    ("secret", ""),
    ("nfs", ""),
    ("iscsi", ""),
    ("glusterfs", ""),
    ("flocker", ""),
    ("persistentVolumeClaim", ""),
    ("rbd", ""),
    ("cinder", ""),
    ("cephfs", "cephFS"),
    ("quobyte", ""),
    ("downwardAPI", "downwarAPI"),
    ("fc", ""),
    ("flexVolume", ""),
    ("configMap", ""),
    ("azureFile", ""),
    ("vsphereVolume", ""),
    ("photonPersistentDisk", ""),
    ("portworxVolume", ""),
    ("azureDisk", ""),
    ("storageos", ""),
    ("projected", ""),
    ("scaleIO", ""),
    ("csi", ""),
    ("ephemeral", ""),
    ("image", ""),
];

/// `pod`: the name of the pod, where the volume is of one and not of a template.
pub fn source(errors: &mut Errors, volume: &Volume, pod: Option<&Name>, path: &Path<'_>) {
    let written = volume.to_value();
    let mut is_first = true;
    for (name, called) in SOURCES {
        let Some(value) = written.at(&[name]).filter(|value| !matches!(value, Value::Null)) else { continue };
        if !is_first {
            let called = if called.is_empty() { name } else { called };
            errors.forbidden(&path.key(called), "may not specify more than 1 volume type");
            continue;
        }
        is_first = false;
        one(errors, name, value, (&volume.name, pod), path);
    }
    if is_first {
        errors.required(path, "must specify a volume type");
    }
}

fn one(errors: &mut Errors, name: &str, value: &Value, owner: (&Name, Option<&Name>), volume: &Path<'_>) {
    let path = volume.key(name);
    match name {
        "emptyDir" => {
            let limit = value.at(&["sizeLimit"]).and_then(Value::as_str).unwrap_or_default();
            if Quantity(limit.into()).millis().is_some_and(|size| size < 0) {
                errors.forbidden(&path.key("sizeLimit"), "SizeLimit field must be a valid resource quantity");
            }
        }
        "hostPath" => host_path(errors, value, &path),
        "secret" => files(errors, value, "secretName", &path),
        "configMap" => files(errors, value, "name", &path),
        "nfs" => drivers::nfs(errors, value, &path),
        "persistentVolumeClaim" => {
            if text(value, "claimName").is_empty() {
                errors.required(&path.key("claimName"), "");
            }
        }
        "downwardAPI" => {
            mode(errors, value, "defaultMode", &path);
            // Upstream says what is wrong with a file of the whole.
            items(value.at(&["items"])).iter().for_each(|file| downward(errors, file, &path));
        }
        "projected" => projected(errors, value, &path),
        "csi" => {
            drivers::driver_name(errors, text(value, "driver"), &path.key("driver"));
            if let Some(secret) = value.at(&["nodePublishSecretRef"]) {
                match text(secret, "name") {
                    "" => errors.required(&path.key("nodePublishSecretRef").key("name"), ""),
                    name => dns_subdomain(errors, &path.key("name"), name),
                }
            }
        }
        "ephemeral" => ephemeral(errors, value, owner, &path),
        "image" => {
            if owner.1.is_some() && text(value, "reference").is_empty() {
                errors.required(&path.key("reference"), "");
            }
            let policy = text(value, "pullPolicy");
            if !policy.is_empty() {
                errors.one_of(&path.key("pullPolicy"), policy, &["Always", "IfNotPresent", "Never"]);
            }
        }
        other => drivers::source(errors, other, value, false, volume),
    }
}

fn ephemeral(errors: &mut Errors, value: &Value, (volume, pod): (&Name, Option<&Name>), path: &Path<'_>) {
    let at = path.key("volumeClaimTemplate");
    let Some(template) = value.at(&["volumeClaimTemplate"]) else { return errors.required(&at, "") };
    let read = PersistentVolumeClaim::from_value(template, &mut Decode::default());
    let metadata = at.key("metadata");
    annotations(errors, &metadata.key("annotations"), &read.metadata.annotations);
    labels(errors, &metadata.key("labels"), &read.metadata.labels);
    for key in ["name", "generateName", "namespace"] {
        if template.at(&["metadata", key]).is_some_and(|value| *value != Value::from("")) {
            errors.forbidden(&metadata.key(key), "cannot be set");
        }
    }
    claim_spec(errors, &read.spec, &at.key("spec"));
    if let Some(pod) = pod.filter(|pod| !pod.is_empty() && !volume.is_empty()) {
        let name = format!("{pod}-{volume}");
        let mut probe = Errors::default();
        NameRule::Subdomain.check(&mut probe, path, &name);
        for error in probe.list {
            let detail = format!("PVC name {}: {}", format::text(&name), error.detail);
            errors.invalid(&path.key("name"), format::text(volume), detail);
        }
    }
}

/// Upstream: `validateDownwardAPIVolumeFile`.
fn downward(errors: &mut Errors, file: &Value, path: &Path<'_>) {
    if text(file, "path").is_empty() {
        errors.required(&path.key("path"), "");
    }
    descending(errors, text(file, "path"), true, &path.key("path"));
    match (file.at(&["fieldRef"]), file.at(&["resourceFieldRef"])) {
        (Some(field), other) => {
            field_ref(errors, field, FILE_FIELDS, &path.key("fieldRef"));
            if other.is_some() {
                let detail = "fieldRef and resourceFieldRef can not be specified simultaneously";
                errors.invalid(path, "\"resource\"", detail);
            }
        }
        (None, Some(resource)) => resource_ref(errors, resource, true, &path.key("resourceFieldRef")),
        (None, None) => errors.required(path, "one of fieldRef and resourceFieldRef is required"),
    }
    mode(errors, file, "mode", path);
}

/// Upstream: `validateProjectionSources`.
fn projected(errors: &mut Errors, value: &Value, path: &Path<'_>) {
    mode(errors, value, "defaultMode", path);
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut take = |errors: &mut Errors, to: &str, shown: &str| {
        if !to.is_empty() && !taken.insert(to.to_owned()) {
            errors.invalid(path, format::text(shown), "conflicting duplicate paths");
        }
    };
    let list = path.key("sources");
    for (i, part) in items(value.at(&["sources"])).iter().enumerate() {
        let at = list.index(i);
        let known =
            ["secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate"];
        let sources = given(part, &known);
        for source in &sources {
            let (Some(value), within) = (part.at(&[source]), at.key(source)) else { continue };
            match *source {
                "secret" | "configMap" => {
                    let name = text(value, "name");
                    if name.is_empty() {
                        errors.required(&within.key("name"), "");
                    }
                    keys(errors, value, &within);
                    for item in items(value.at(&["items"])) {
                        take(errors, text(item, "path"), name);
                    }
                }
                "downwardAPI" => {
                    for file in items(value.at(&["items"])) {
                        downward(errors, file, &within);
                        take(errors, text(file, "path"), text(file, "path"));
                    }
                }
                "serviceAccountToken" => token(errors, value, &within, path),
                "clusterTrustBundle" => {
                    bundle(errors, value, &within);
                    take(errors, text(value, "path"), text(value, "path"));
                }
                _ => certificate(errors, value, &within),
            }
        }
        if sources.len() > 1 {
            errors.forbidden(&at, "may not specify more than 1 volume type per source");
        }
    }
}

fn token(errors: &mut Errors, value: &Value, path: &Path<'_>, volume: &Path<'_>) {
    if let Some(seconds) = value.at(&["expirationSeconds"]).and_then(Value::as_int) {
        let at = path.key("expirationSeconds");
        if seconds < 600 {
            errors.invalid(&at, seconds.to_string(), "may not specify a duration less than 10 minutes");
        }
        if seconds > 1 << 32 {
            errors.invalid(&at, seconds.to_string(), "may not specify a duration larger than 2^32 seconds");
        }
    }
    match text(value, "path") {
        "" => errors.required(&volume.key("path"), ""),
        to => descending(errors, to, true, &volume.key("path")),
    }
}

fn bundle(errors: &mut Errors, value: &Value, path: &Path<'_>) {
    let has = |key: &str| matches!(value.at(&[key]), Some(Value::String(_)));
    match (has("name"), has("signerName")) {
        (true, true) => errors.invalid(path, value.to_json(), "only one of name and signerName may be used"),
        (true, false) => match text(value, "name") {
            "" => errors.required(&path.key("name"), "must be a valid object name"),
            name => {
                let mut probe = Errors::default();
                dns_subdomain(&mut probe, &path.key("name"), name.rsplit(':').next().unwrap_or(name));
                for error in probe.list {
                    let detail = format!("not a valid clustertrustbundlename: {}", error.detail);
                    errors.invalid(&path.key("name"), format::text(name), detail);
                }
            }
        },
        (false, true) => {
            if text(value, "signerName").is_empty() {
                errors.required(&path.key("signerName"), "must be a valid signer name");
            }
        }
        (false, false) => errors.required(path, "either name or signerName must be specified"),
    }
    if text(value, "path").is_empty() {
        errors.required(&path.key("path"), "");
    }
    descending(errors, text(value, "path"), true, &path.key("path"));
}

fn certificate(errors: &mut Errors, value: &Value, path: &Path<'_>) {
    let kinds = ["RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"];
    errors.one_of(&path.key("keyType"), text(value, "keyType"), &kinds);
    if let Some(seconds) = value.at(&["maxExpirationSeconds"]).and_then(Value::as_int).filter(|seconds| *seconds < 3600)
    {
        let detail = "if provided, maxExpirationSeconds must be >= 3600";
        errors.invalid(&path.key("maxExpirationSeconds"), seconds.to_string(), detail);
    }
    let paths = ["credentialBundlePath", "keyPath", "certificateChainPath"];
    for key in paths {
        descending(errors, text(value, key), true, &path.key(key));
    }
    if paths.iter().all(|key| text(value, key).is_empty()) {
        errors.required(path, "specify at least one of credentialBundlePath, keyPath, and certificateChainPath");
    }
}

/// Names of devices that a pod claims.
///
/// Upstream: `validatePodResourceClaims`, `validateResourceClaimNames`.
pub fn resource_claims(errors: &mut Errors, spec: &PodSpec, path: &Path<'_>) {
    let Some(claims) = spec.others.get("resourceClaims").and_then(Value::as_list) else { return };
    let list = path.key("resourceClaims");
    for (i, claim) in claims.iter().enumerate() {
        let (at, name) = (list.index(i), text(claim, "name"));
        if name.is_empty() {
            errors.required(&at.key("name"), "");
        } else if claims[..i].iter().any(|other| text(other, "name") == name) {
            errors.duplicate(&at.key("name"), name);
        } else {
            dns_label(errors, &at.key("name"), name);
        }
        let sources = given(claim, &["resourceClaimName", "resourceClaimTemplateName"]);
        let shown = || {
            let field = |key: &str| claim.at(&[key]).map_or("null".into(), Value::to_json);
            format!(
                r#"{{"Name":{},"ResourceClaimName":{},"ResourceClaimTemplateName":{}}}"#,
                format::json_text(name),
                field("resourceClaimName"),
                field("resourceClaimTemplateName")
            )
        };
        match sources.len() {
            0 => {
                let detail = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`";
                errors.invalid(&at, shown(), detail);
            }
            1 => {}
            _ => {
                let detail = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified";
                errors.invalid(&at, shown(), detail);
            }
        }
        for source in sources {
            dns_subdomain(errors, &at.key(source), text(claim, source));
        }
    }
}
