//! Names, label keys and values, ports: the small grammars, without regular expressions.
//!
//! Upstream: `apimachinery/pkg/util/validation`, `apimachinery/pkg/api/validate/content`.

use super::field::{Errors, Path};
use super::format;
use petri_objects::{IntOrString, Labels};

const LABEL_MESSAGE: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN_MESSAGE: &str = r"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const QUALIFIED_MESSAGE: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE_MESSAGE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const PERCENT_MESSAGE: &str = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

/// `[a-z0-9]([-a-z0-9]*[a-z0-9])?`
pub(super) fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

/// `([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]`
fn is_qualified_part(text: &str) -> bool {
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

const CONFIG_KEY_MESSAGE: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

/// A key of a ConfigMap or a Secret.
///
/// Upstream: `IsConfigMapKey`.
pub(super) fn config_key(errors: &mut Errors, path: &Path<'_>, key: &str) {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let mut refuse = |detail: &str| errors.invalid(path, format::text(key), detail);
    if key.len() > 253 {
        refuse("must be no more than 253 characters");
    }
    if key.is_empty() || !key.bytes().all(fits) {
        refuse(CONFIG_KEY_MESSAGE);
    }
    match key {
        "." => refuse("must not be '.'"),
        ".." => refuse("must not be '..'"),
        _ if key.starts_with("..") => refuse("must not start with '..'"),
        _ => {}
    }
}

/// A DNS label of RFC 1123: at most 63 characters, no dots.
pub(super) fn dns_label(errors: &mut Errors, path: &Path<'_>, name: &str) {
    masked_dns_label(errors, path, name, name);
}

fn masked_dns_label(errors: &mut Errors, path: &Path<'_>, shown: &str, name: &str) {
    if name.len() > 63 {
        errors.invalid(path, format::text(shown), "must be no more than 63 characters");
    }
    if !is_label(name) {
        let message = if is_subdomain(name) { "must not contain dots" } else { LABEL_MESSAGE };
        errors.invalid(path, format::text(shown), message);
    }
}

/// A DNS name of RFC 1123: at most 253 characters.
pub(super) fn dns_subdomain(errors: &mut Errors, path: &Path<'_>, name: &str) {
    masked_dns_subdomain(errors, path, name, name);
}

fn masked_dns_subdomain(errors: &mut Errors, path: &Path<'_>, shown: &str, name: &str) {
    if name.len() > 253 {
        errors.invalid(path, format::text(shown), "must be no more than 253 characters");
    }
    if !is_subdomain(name) {
        errors.invalid(path, format::text(shown), SUBDOMAIN_MESSAGE);
    }
}

/// Upstream: `IsValidPathSegmentName`.
fn path_segment(errors: &mut Errors, path: &Path<'_>, name: &str) {
    if matches!(name, "." | "..") {
        errors.invalid(path, format::text(name), format!("may not be '{name}'"));
        return;
    }
    for mark in ["/", "%"].into_iter().filter(|mark| name.contains(mark)) {
        errors.invalid(path, format::text(name), format!("may not contain '{mark}'"));
    }
}

/// The grammar of a kind's names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum NameRule {
    Label,
    Subdomain,
    /// Anything that can stand in a path.
    PathSegment,
}

impl NameRule {
    pub(super) fn check(self, errors: &mut Errors, path: &Path<'_>, name: &str) {
        match self {
            NameRule::Label => dns_label(errors, path, name),
            NameRule::Subdomain => dns_subdomain(errors, path, name),
            NameRule::PathSegment => path_segment(errors, path, name),
        }
    }
    /// A prefix may end in a dash, because characters will follow.
    pub(super) fn check_prefix(self, errors: &mut Errors, path: &Path<'_>, prefix: &str) {
        let masked = match prefix.strip_suffix('-') {
            Some(rest) if !rest.is_empty() => rest,
            _ => prefix,
        };
        match self {
            NameRule::Label => masked_dns_label(errors, path, prefix, masked),
            NameRule::Subdomain => masked_dns_subdomain(errors, path, prefix, masked),
            NameRule::PathSegment => path_segment(errors, path, prefix),
        }
    }
}

/// A name with an optional DNS prefix: label and annotation keys, finalizers. `shown` is what the error prints.
pub(super) fn qualified(errors: &mut Errors, path: &Path<'_>, shown: &str, name: &str) {
    let mut report = |message: String| errors.invalid(path, format::text(shown), message);
    let mut parts = name.split('/');
    let (prefix, name) = match (parts.next(), parts.next(), parts.next()) {
        (Some(name), None, _) => (None, name),
        (Some(prefix), Some(name), None) => (Some(prefix), name),
        _ => {
            report(format!(
                "a qualified name {QUALIFIED_MESSAGE} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            ));
            return;
        }
    };
    match prefix {
        Some("") => report("prefix part must be non-empty".into()),
        Some(prefix) => {
            if prefix.len() > 253 {
                report("prefix part must be no more than 253 bytes".into());
            }
            if !is_subdomain(prefix) {
                report(format!("prefix part {SUBDOMAIN_MESSAGE}"));
            }
        }
        None => {}
    }
    if name.is_empty() {
        report("name part must be non-empty".into());
    } else if name.len() > 63 {
        report("name part must be no more than 63 bytes".into());
    }
    if !is_qualified_part(name) {
        report(format!("name part {QUALIFIED_MESSAGE}"));
    }
}

pub(super) fn label_value(errors: &mut Errors, path: &Path<'_>, value: &str) {
    if value.len() > 63 {
        errors.invalid(path, format::text(value), "must be no more than 63 bytes");
    }
    if !value.is_empty() && !is_qualified_part(value) {
        errors.invalid(path, format::text(value), LABEL_VALUE_MESSAGE);
    }
}

pub(super) fn labels(errors: &mut Errors, path: &Path<'_>, labels: &Labels) {
    for (key, value) in labels.iter() {
        qualified(errors, path, key, key);
        label_value(errors, path, value);
    }
}

/// Annotation keys may be written in any case; all together have a size limit.
pub(super) fn annotations(errors: &mut Errors, path: &Path<'_>, annotations: &Labels) {
    let mut size = 0;
    for (key, value) in annotations.iter() {
        if key.bytes().any(|b| b.is_ascii_uppercase()) {
            qualified(errors, path, key, &key.to_ascii_lowercase());
        } else {
            qualified(errors, path, key, key);
        }
        size += key.len() + value.len();
    }
    if size > 256 << 10 {
        errors.too_long(path, "may not be more than 262144 bytes");
    }
}

pub(super) fn port_number(errors: &mut Errors, path: &Path<'_>, port: i32) {
    if !(1..=65_535).contains(&port) {
        errors.invalid(path, port.to_string(), "must be between 1 and 65535, inclusive");
    }
}

pub(super) fn port_name(errors: &mut Errors, path: &Path<'_>, name: &str) {
    let mut report = |message: &str| errors.invalid(path, format::text(name), message);
    if name.len() > 15 {
        report("must be no more than 15 characters");
    }
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        report("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
    }
    if !name.bytes().any(|b| b.is_ascii_lowercase()) {
        report("must contain at least one letter (a-z)");
    }
    if name.contains("--") {
        report("must not contain consecutive hyphens");
    }
    if name.starts_with('-') || name.ends_with('-') {
        report("must not begin or end with a hyphen");
    }
}

pub(super) fn port_number_or_name(errors: &mut Errors, path: &Path<'_>, port: &IntOrString) {
    match port {
        IntOrString::Int(number) => port_number(errors, path, *number),
        IntOrString::String(name) => port_name(errors, path, name),
    }
}

fn percent(value: &IntOrString) -> Option<i64> {
    match value {
        IntOrString::String(text) => {
            let digits = text.strip_suffix('%')?;
            (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
                .then(|| digits.parse().unwrap_or(i64::MAX))
        }
        IntOrString::Int(_) => None,
    }
}

/// A number that is not negative, or a percentage.
pub(super) fn positive_or_percent(errors: &mut Errors, path: &Path<'_>, value: &IntOrString) {
    match value {
        IntOrString::Int(number) => errors.not_negative(path, i64::from(*number)),
        IntOrString::String(_) if percent(value).is_none() => {
            errors.invalid(path, format::int_or_string(Some(value)), PERCENT_MESSAGE);
        }
        IntOrString::String(_) => {}
    }
}

pub(super) fn at_most_hundred_percent(errors: &mut Errors, path: &Path<'_>, value: &IntOrString) {
    if percent(value).is_some_and(|percent| percent > 100) {
        errors.invalid(path, format::int_or_string(Some(value)), "must not be greater than 100%");
    }
}
