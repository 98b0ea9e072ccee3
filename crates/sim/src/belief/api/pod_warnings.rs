//! Warnings of pods that few pods earn: files that hide one another, ports of one name, addresses that are written oddly.
//!
//! Upstream: `pkg/api/pod/warnings.go` (`warningsForOverlappingVirtualPaths`), `GetWarningsForIP`.

use petri_objects::Value;
use petri_objects::value::quoted;
use std::net::IpAddr;

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.at(&[key]).and_then(Value::as_str).unwrap_or_default()
}

fn items<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.at(&[key]).and_then(Value::as_list).unwrap_or_default()
}

/// A file of a volume and, where a volume has several sources, which one it is of.
#[derive(Clone, PartialEq, Eq)]
struct File {
    path: String,
    source: String,
}

impl File {
    fn shown(&self) -> String {
        match &*self.source {
            "" => quoted(&self.path),
            source => format!("{} ({source})", quoted(&self.path)),
        }
    }
}

fn files(of: &Value, source: &str) -> Vec<File> {
    let file = |item: &Value| File { path: text(item, "path").to_owned(), source: source.to_owned() };
    items(of, "items").iter().map(file).collect()
}

/// How many files of one volume are looked at, each beside each, and how many overlaps are told.
const MOST_FILES: usize = 500;
const MOST_OVERLAPS: usize = 100;

/// What each new file lies upon, of those before it.
fn overlaps(taken: &mut Vec<File>, new: Vec<File>) -> Vec<String> {
    let mut found = Vec::new();
    for mut file in new {
        if taken.len() >= MOST_FILES || found.len() >= MOST_OVERLAPS {
            break;
        }
        file.path.truncate(file.path.trim_end_matches('/').len());
        let below = |inner: &str, outer: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let hides = |other: &&File| {
            !file.path.is_empty()
                && !other.path.is_empty()
                && (below(&other.path, &file.path) || below(&file.path, &other.path))
        };
        found.extend(taken.iter().filter(hides).map(|other| format!("{} with {}", file.shown(), other.shown())));
        taken.push(file);
    }
    found
}

/// Files of a volume that hide one another.
pub(super) fn overlapping_paths(spec: &Value, out: &mut Vec<String>) {
    for volume in items(spec, "volumes") {
        let name = quoted(text(volume, "name"));
        let mut say = |what: &str, found: Vec<String>| {
            out.extend(found.into_iter().map(|both| format!("volume {name} ({what}): overlapping paths: {both}")));
        };
        for (key, kind, named) in
            [("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName"), ("downwardAPI", "DownwardAPI", "")]
        {
            let Some(source) = volume.at(&[key]) else { continue };
            let what =
                if named.is_empty() { kind.to_owned() } else { format!("{kind} {}", quoted(text(source, named))) };
            say(&what, overlaps(&mut Vec::new(), files(source, "")));
        }
        let Some(projected) = volume.at(&["projected"]) else { continue };
        let mut taken = Vec::new();
        for source in items(projected, "sources") {
            if source.as_map().is_none_or(|map| map.is_empty()) {
                out.push(format!("volume {name} (Projected) has no sources provided"));
                continue;
            }
            let one = |path: &str, source: String| vec![File { path: path.to_owned(), source }];
            let mut new = Vec::new();
            for (key, kind) in [("configMap", "ConfigMap"), ("secret", "Secret")] {
                if let Some(of) = source.at(&[key]) {
                    new = files(of, &format!("{kind} {}", quoted(text(of, "name"))));
                }
            }
            if let Some(of) = source.at(&["downwardAPI"]) {
                new = files(of, "DownwardAPI");
            } else if let Some(token) = source.at(&["serviceAccountToken"]) {
                new = one(text(token, "path"), "ServiceAccountToken".into());
            } else if let Some(bundle) = source.at(&["clusterTrustBundle"]) {
                let named = match text(bundle, "name") {
                    "" => text(bundle, "signerName"),
                    named => named,
                };
                new = one(text(bundle, "path"), format!("ClusterTrustBundle {}", quoted(named)));
            }
            let found = overlaps(&mut taken, new);
            out.extend(found.into_iter().map(|both| format!("volume {name} (Projected): overlapping paths: {both}")));
        }
    }
}

/// Ports of one name, in whatever containers.
pub(super) fn port_names(containers: &[(String, &Value)], out: &mut Vec<String>) {
    let mut seen: Vec<(&str, String)> = Vec::new();
    for (path, container) in containers {
        for (i, port) in items(container, "ports").iter().enumerate() {
            let (name, place) = (text(port, "name"), format!("{path}ports[{i}]"));
            if name.is_empty() {
                continue;
            }
            match seen.iter().find(|other| other.0 == name) {
                Some((_, other)) => out.push(format!(
                    "{place}: duplicate port name {} with {other}, services and probes that select ports by name will \
                     use {other}",
                    quoted(name)
                )),
                None => seen.push((name, place)),
            }
        }
    }
}

/// An address that is not written as it is printed.
///
/// Upstream: `GetWarningsForIP`.
pub(super) fn address(place: &str, shown: &str, out: &mut Vec<String>) {
    if let Ok(IpAddr::V6(ip)) = shown.parse::<IpAddr>()
        && ip.to_ipv4_mapped().is_none()
        && ip.to_string() != shown
    {
        out.push(format!(
            "{place}: IPv6 address {} should be in RFC 5952 canonical format ({})",
            quoted(shown),
            quoted(&ip.to_string())
        ));
    }
}
