//! Users, groups and profiles, of a pod or of one of its containers.
//!
//! Upstream: `pkg/apis/core/validation` (`validatePodSpecSecurityContext`, `ValidateSecurityContext`).

use super::super::field::{Errors, Path};
use super::super::names::dns_subdomain;
use super::super::pod_sources::{descending, items, text};
use super::super::{format, pod_dump};
use petri_objects::{PodSpec, Value};

const SYSCTL: &str = r"must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";

fn ids(errors: &mut Errors, context: &Value, keys: &[&str], path: &Path<'_>) {
    for key in keys {
        if let Some(number) = context.at(&[key]).and_then(Value::as_int) {
            id(errors, number, &path.key(key));
        }
    }
}

fn id(errors: &mut Errors, id: i64, path: &Path<'_>) {
    if !(0..=i64::from(i32::MAX)).contains(&id) {
        errors.invalid(path, id.to_string(), "must be between 0 and 2147483647, inclusive");
    }
}

fn is_true(value: &Value, key: &str) -> bool {
    value.at(&[key]) == Some(&Value::Bool(true))
}

/// A word of the context, where it says one.
fn word(errors: &mut Errors, context: &Value, key: &str, words: &[&str], path: &Path<'_>) {
    if let Some(found) = context.at(&[key]).and_then(Value::as_str) {
        errors.one_of(&path.key(key), found, words);
    }
}

pub fn of_pod(errors: &mut Errors, spec: &PodSpec, context: &Value, path: &Path<'_>) {
    ids(errors, context, &["fsGroup", "runAsUser", "runAsGroup"], path);
    let groups = path.key("supplementalGroups");
    for (i, group) in items(context.at(&["supplementalGroups"])).iter().enumerate() {
        if let Some(number) = group.as_int() {
            id(errors, number, &groups.index(i));
        }
    }
    sysctls(errors, spec, context, path);
    word(errors, context, "fsGroupChangePolicy", &["Always", "OnRootMismatch"], path);
    profiles(errors, context, path);
    word(errors, context, "supplementalGroupsPolicy", &["Merge", "Strict"], path);
    word(errors, context, "seLinuxChangePolicy", &["MountOption", "Recursive"], path);
}

fn sysctls(errors: &mut Errors, spec: &PodSpec, context: &Value, path: &Path<'_>) {
    let (list, all) = (path.key("sysctls"), items(context.at(&["sysctls"])));
    for (i, sysctl) in all.iter().enumerate() {
        let (at, name) = (list.index(i), text(sysctl, "name"));
        let at = at.key("name");
        if name.is_empty() {
            errors.required(&at, "");
        } else if !is_sysctl(name) {
            errors.invalid(&at, format::text(name), SYSCTL);
        } else if all[..i].iter().any(|other| text(other, "name") == name) {
            errors.duplicate(&at, name);
        }
        let plain = name.replace('/', ".");
        let starts = |starts: &[&str]| starts.iter().any(|start| plain.starts_with(start));
        if spec.host_network && starts(&["net."]) {
            errors.invalid(&at, format::text(name), "may not be specified when 'hostNetwork' is true");
        } else if spec.host_ipc && starts(&["kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue."]) {
            errors.invalid(&at, format::text(name), "may not be specified when 'hostIPC' is true");
        }
    }
}

fn is_sysctl(name: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    let fits = |part: &str| edge(part.chars().next()) && edge(part.chars().last()) && part.bytes().all(inner);
    name.len() <= 253 && name.split(['.', '/']).all(fits)
}

pub fn of_container(errors: &mut Errors, context: &Value, host_users: bool, path: &Path<'_>) {
    ids(errors, context, &["runAsUser", "runAsGroup"], path);
    word(errors, context, "procMount", &["Default", "Unmasked"], path);
    if host_users && text(context, "procMount") == "Unmasked" {
        errors.invalid(&path.key("procMount"), "\"Unmasked\"", "`hostUsers` must be false to use `Unmasked`");
    }
    seccomp(errors, context, path);
    if context.at(&["allowPrivilegeEscalation"]) == Some(&Value::Bool(false)) {
        let shown = || pod_dump::compact("SecurityContext", context);
        if is_true(context, "privileged") {
            let detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
            errors.invalid(path, shown(), detail);
        }
        let added = items(context.at(&["capabilities", "add"]));
        for _ in added.iter().filter(|capability| capability.as_str() == Some("CAP_SYS_ADMIN")) {
            let detail = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
            errors.invalid(path, shown(), detail);
        }
    }
    windows(errors, context, path);
    app_armor(errors, context, path);
}

fn profiles(errors: &mut Errors, context: &Value, path: &Path<'_>) {
    seccomp(errors, context, path);
    windows(errors, context, path);
    app_armor(errors, context, path);
}

/// Upstream: `validateSeccompProfileField`.
fn seccomp(errors: &mut Errors, context: &Value, path: &Path<'_>) {
    let Some(profile @ Value::Map(_)) = context.at(&["seccompProfile"]) else { return };
    let path = path.key("seccompProfile");
    let (kind, file) = (text(profile, "type"), profile.at(&["localhostProfile"]).and_then(Value::as_str));
    match kind {
        "" => errors.required(&path.key("type"), "type is required when seccompProfile is set"),
        kind => errors.one_of(&path.key("type"), kind, &["Localhost", "RuntimeDefault", "Unconfined"]),
    }
    let at = path.key("localhostProfile");
    match (kind, file) {
        ("Localhost", None) => errors.required(&at, "must be set when seccomp type is Localhost"),
        ("Localhost", Some(file)) => descending(errors, file, false, &at),
        (_, Some(file)) => {
            let (kind, file) = (format::json_text(kind), format::json_text(file));
            let shown = format!(r#"{{"Type":{kind},"LocalhostProfile":{file}}}"#);
            errors.invalid(&at, shown, "can only be set when seccomp type is Localhost");
        }
        _ => {}
    }
}

/// Upstream: `ValidateAppArmorProfileField`.
fn app_armor(errors: &mut Errors, context: &Value, path: &Path<'_>) {
    let Some(profile @ Value::Map(_)) = context.at(&["appArmorProfile"]) else { return };
    let path = path.key("appArmorProfile");
    let (at, file) = (path.key("localhostProfile"), profile.at(&["localhostProfile"]).and_then(Value::as_str));
    const NEEDED: &str = "must be set when AppArmor type is Localhost";
    match (text(profile, "type"), file) {
        ("Localhost", None) => errors.required(&at, NEEDED),
        ("Localhost", Some(file)) => {
            if file.trim() != file {
                errors.invalid(&at, format::text(file), "must not be padded with whitespace");
            } else if file.is_empty() {
                errors.required(&at, NEEDED);
            }
            if file.len() > 4095 {
                errors.too_long(&at, "may not be more than 4095 bytes");
            }
        }
        ("RuntimeDefault" | "Unconfined", Some(file)) => {
            errors.invalid(&at, format::text(file), "can only be set when AppArmor type is Localhost");
        }
        ("RuntimeDefault" | "Unconfined", None) => {}
        ("", _) => errors.required(&path.key("type"), "type is required when appArmorProfile is set"),
        (other, _) => errors.one_of(&path.key("type"), other, &["Localhost", "RuntimeDefault", "Unconfined"]),
    }
}

/// Upstream: `validateWindowsSecurityContextOptions`.
fn windows(errors: &mut Errors, context: &Value, path: &Path<'_>) {
    let Some(options) = context.at(&["windowsOptions"]) else { return };
    let path = path.key("windowsOptions");
    let word = |key: &str| options.at(&[key]).and_then(Value::as_str);
    if let Some(name) = word("gmsaCredentialSpecName") {
        dns_subdomain(errors, &path.key("gmsaCredentialSpecName"), name);
    }
    if let Some(spec) = word("gmsaCredentialSpec") {
        let at = path.key("gmsaCredentialSpec");
        if spec.is_empty() {
            errors.invalid(&at, "\"\"", "gmsaCredentialSpec cannot be an empty string");
        } else if spec.len() > 64 << 10 {
            errors.invalid(&at, format::text(spec), "gmsaCredentialSpec size must be under 64 KiB");
        }
    }
    let Some(whole) = word("runAsUserName") else { return };
    let mut said = |detail: &str| errors.invalid(&path.key("runAsUserName"), format::text(whole), detail);
    let parts: Vec<&str> = whole.split('\\').collect();
    match parts[..] {
        _ if whole.is_empty() => said("runAsUserName cannot be an empty string"),
        _ if whole.chars().any(char::is_control) => said("runAsUserName cannot contain control characters"),
        [user] | [_, user] => {
            if user.is_empty() {
                said("runAsUserName's User cannot be empty");
            } else if user.len() > 104 {
                said("runAsUserName's User length must not be longer than 104 characters");
            }
            if !user.is_empty() && user.chars().all(|c| c == '.' || c == ' ') {
                said("runAsUserName's User cannot contain only periods or spaces");
            }
            if user.contains(|c| "\"/\\:;|=,+*?<>@[]".contains(c)) {
                said("runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]");
            }
        }
        _ => said("runAsUserName cannot contain more than one backslash"),
    }
}
