//! Grammars that few fields have: addresses, networks, names with wildcards, paths below a domain.
//!
//! Upstream: `apimachinery/pkg/util/validation`.

use super::super::field::{Errors, Path};
use super::super::format;
use super::super::names::dns_subdomain;
use std::net::IpAddr;

const WILDCARD: &str = r"a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const UNDERSCORED: &str = r"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')";
const HEADER: &str = "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";
const HTTP_PATH: &str = r"Invalid path (regex used for validation is '[A-Za-z0-9/\-._~%!$&'()*+,;=:]+')";

/// Whether a text is an address, with zeros in front of its numbers or without.
pub fn lenient_ip(text: &str) -> Option<IpAddr> {
    if let Ok(ip) = text.parse() {
        return Some(ip);
    }
    let parts: Vec<&str> = text.split('.').collect();
    let plain = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if parts.len() != 4 || !parts.iter().all(plain) {
        return None;
    }
    let numbers = parts.iter().map(|part| part.parse::<u32>().ok().filter(|n| *n < 256).map(|n| n.to_string()));
    numbers.collect::<Option<Vec<String>>>()?.join(".").parse().ok()
}

/// Upstream: `IsValidIPForLegacyField`.
pub fn ip(errors: &mut Errors, path: &Path<'_>, text: &str) {
    let refused = match (text.parse::<IpAddr>(), lenient_ip(text)) {
        (_, None) => "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
        (Err(_), Some(_)) => "must not have leading 0s",
        (Ok(IpAddr::V6(ip)), _) if ip.to_ipv4_mapped().is_some() => "must not be an IPv4-mapped IPv6 address",
        _ => return,
    };
    errors.invalid(path, format::text(text), refused);
}

/// An address and the bits that count.
pub fn network(text: &str) -> Option<(IpAddr, u32)> {
    let (address, bits) = text.split_once('/')?;
    let address = lenient_ip(address)?;
    let bits = bits.parse::<u32>().ok().filter(|n| *n <= if address.is_ipv4() { 32 } else { 128 })?;
    Some((address, bits))
}

/// The first `bits` bits of an address, as a number.
fn masked(address: IpAddr, bits: u32) -> u128 {
    let (number, size) = match address {
        IpAddr::V4(ip) => (u128::from(u32::from(ip)), 32),
        IpAddr::V6(ip) => (u128::from(ip), 128),
    };
    let away = size - bits;
    if away >= 128 { 0 } else { number >> away << away }
}

/// Whether a network lies in another one and is smaller.
pub fn is_within(inner: (IpAddr, u32), outer: (IpAddr, u32)) -> bool {
    inner.0.is_ipv4() == outer.0.is_ipv4() && outer.1 < inner.1 && masked(inner.0, outer.1) == masked(outer.0, outer.1)
}

/// Upstream: `IsValidCIDRForLegacyField`.
pub fn cidr(errors: &mut Errors, path: &Path<'_>, text: &str) {
    let Some((address, bits)) = network(text) else {
        let detail = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
        return errors.invalid(path, format::text(text), detail);
    };
    let all = if address.is_ipv4() { 32 } else { 128 };
    let (shown, length) = text.split_once('/').unwrap_or((text, ""));
    if shown.parse::<IpAddr>().is_err() || length != bits.to_string() {
        errors.invalid(path, format::text(text), "must not have leading 0s in IP or prefix length");
    } else if masked(address, bits) != masked(address, all) {
        errors.invalid(path, format::text(text), "must not have bits set beyond the prefix length");
    }
}

/// Upstream: `ValidateEndpointIP`.
pub fn endpoint_ip(errors: &mut Errors, path: &Path<'_>, text: &str) {
    let Some(ip) = lenient_ip(text) else {
        return errors.invalid(path, format::text(text), "must be a valid IP address");
    };
    let (local, group) = match ip {
        IpAddr::V4(ip) => (ip.is_link_local(), ip.octets()[..3] == [224, 0, 0]),
        IpAddr::V6(ip) => (ip.segments()[0] & 0xffc0 == 0xfe80, ip.segments()[0] & 0xff0f == 0xff02),
    };
    let said = |errors: &mut Errors, detail: String| errors.invalid(path, format::text(text), detail);
    if ip.is_unspecified() {
        said(errors, format!("may not be unspecified ({text})"));
    }
    if ip.is_loopback() {
        said(errors, "may not be in the loopback range (127.0.0.0/8, ::1/128)".into());
    }
    if local {
        said(errors, "may not be in the link-local range (169.254.0.0/16, fe80::/10)".into());
    }
    if group {
        said(errors, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)".into());
    }
}

fn is_subdomain(text: &str) -> bool {
    let mut probe = Errors::default();
    dns_subdomain(&mut probe, &Path::root(""), text);
    probe.count() == 0
}

/// A host that may begin with `*.`.
pub fn host(errors: &mut Errors, path: &Path<'_>, text: &str) {
    if !text.contains('*') {
        dns_subdomain(errors, path, text);
    } else if !text.strip_prefix("*.").is_some_and(is_subdomain) {
        errors.invalid(path, format::text(text), WILDCARD);
    }
}

/// Upstream: `IsDNS1123SubdomainWithUnderscore`.
pub fn underscored(errors: &mut Errors, path: &Path<'_>, text: &str) {
    if text.len() > 253 {
        errors.invalid(path, format::text(text), "must be no more than 253 characters");
    }
    let fits = |label: &str| {
        let label = label.strip_prefix('_').unwrap_or(label);
        let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        edge(label.chars().next()) && edge(label.chars().last()) && label.bytes().all(inner)
    };
    if !text.split('.').all(fits) {
        errors.invalid(path, format::text(text), UNDERSCORED);
    }
}

pub fn header(errors: &mut Errors, path: &Path<'_>, name: &str) {
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        errors.invalid(path, format::text(name), HEADER);
    }
}

/// Upstream: `IsDomainPrefixedPath`.
pub fn domain_prefixed_path(errors: &mut Errors, path: &Path<'_>, text: &str) {
    if text.is_empty() {
        return errors.required(path, "");
    }
    match text.split_once('/').filter(|(host, rest)| !host.is_empty() && !rest.is_empty()) {
        None => {
            errors.invalid(path, format::text(text), "must be a domain-prefixed path (such as \"acme.io/foo\")");
        }
        Some((host, rest)) => {
            dns_subdomain(errors, path, host);
            let fits = |b: u8| b.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&b);
            if !rest.bytes().all(fits) {
                errors.invalid(path, format::text(rest), HTTP_PATH);
            }
        }
    }
}
