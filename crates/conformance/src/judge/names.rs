//! Canonical names for everything whose real name is random: revisions, volumes, attachments, slices, the namespace.

use super::line::{Line, shown};
use super::noise::{self, is_word};
use petri_objects::order::Order as _;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, Default)]
pub struct Names {
    pub namespace: Option<String>,
    /// Real name to canonical name.
    pub map: BTreeMap<String, String>,
    /// Pods of ReplicaSets, and the canonical name of their ReplicaSet.
    pub generated: BTreeMap<String, String>,
    /// Nodes whose names are hidden in what kubectl prints, because pods landed elsewhere.
    pub blurred: Option<Vec<String>>,
    /// The names of the map by their first byte, the longest first.
    index: BTreeMap<u8, Vec<String>>,
}

impl Names {
    pub fn new(lines: &[Line], extra: &BTreeMap<String, String>) -> Names {
        let header = lines.iter().find(|line| line.what == "HEADER");
        let mut names =
            Names { namespace: header.and_then(|line| line.text("ns")).map(String::from), ..Names::default() };
        let mut revisions: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        let mut volumes: BTreeMap<String, u32> = BTreeMap::new();
        for line in lines.iter().filter(|line| line.what == "ADDED") {
            names.add(line, &mut revisions, &mut volumes);
        }
        if let Some(namespace) = names.namespace.clone() {
            names.map.insert(namespace, "<ns>".into());
        }
        names.map.extend(extra.iter().map(|(name, canonical)| (name.clone(), canonical.clone())));
        for name in names.map.keys() {
            if let Some(first) = name.bytes().next() {
                names.index.entry(first).or_default().push(name.clone());
            }
        }
        names.index.values_mut().for_each(|names| names.order_by_key(|name| std::cmp::Reverse(name.len())));
        names
    }

    fn add(
        &mut self,
        line: &Line,
        revisions: &mut BTreeMap<(String, String), Vec<String>>,
        volumes: &mut BTreeMap<String, u32>,
    ) {
        let (set, raw) = (line.set(), line.short_name().to_owned());
        let text = |path: &str| set.get(path).map(|value| shown(Some(value)));
        let kind = line.text("kind").unwrap_or_default();
        let has_hash = set.contains_key("metadata.labels.pod-template-hash");
        let canonical = match kind {
            "ControllerRevision" | "ReplicaSet" if kind != "ReplicaSet" || has_hash => {
                let (base, hash) = raw.rsplit_once('-').unwrap_or(("", &raw));
                let known = revisions.entry((kind.into(), base.into())).or_default();
                if !known.iter().any(|known| known == hash) {
                    known.push(hash.into());
                }
                let number = known.iter().position(|known| known == hash).unwrap_or(0) + 1;
                self.map.entry(hash.into()).or_insert(format!("rev{number}"));
                format!("{base}-rev{number}")
            }
            "Pod" => {
                let owners = text("metadata.ownerReferences").unwrap_or_default();
                if !owner_names(&owners).first().is_some_and(|owner| owner.starts_with("ReplicaSet/")) {
                    return;
                }
                let (base, suffix) = raw.rsplit_once('-').unwrap_or(("", &raw));
                let owner = self.map.get(base).cloned().unwrap_or(base.into());
                self.generated.insert(raw.clone(), owner.clone());
                format!("{owner}-{suffix}")
            }
            "PersistentVolume" if raw.starts_with("pvc-") => {
                let claim = text("spec.claimRef.name").unwrap_or("?".into());
                let count = volumes.entry(claim.clone()).or_default();
                *count += 1;
                if *count > 1 { format!("pv({claim})#{count}") } else { format!("pv({claim})") }
            }
            "EndpointSlice" => {
                format!("{}-<slice>", text("metadata.labels.kubernetes.io/service-name").unwrap_or("?".into()))
            }
            "VolumeAttachment" => {
                let volume = text("spec.source.persistentVolumeName").unwrap_or("?".into());
                format!("attachment({})", self.map.get(&volume).unwrap_or(&volume))
            }
            _ => return,
        };
        self.map.insert(raw, canonical);
    }

    /// An object's name without its namespace, canonical.
    pub fn name(&self, name: &str) -> String {
        let name = name.rsplit('/').next().unwrap_or(name);
        self.map.get(name).cloned().unwrap_or_else(|| self.text(name))
    }
    /// Any text with canonical names and without noise.
    pub fn text(&self, text: &str) -> String {
        noise::clean(&self.canonical(text))
    }
    /// What kubectl prints.
    pub fn output(&self, text: &str) -> String {
        let text = noise::clean_output(&self.canonical(text));
        match &self.blurred {
            Some(nodes) => noise::blur(&text, nodes),
            None => text,
        }
    }

    /// Replaces whole names: parts of longer ones stay.
    fn canonical(&self, text: &str) -> String {
        let bytes = text.as_bytes();
        let word_at = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(|byte| is_word(*byte));
        let (mut out, mut kept, mut at) = (String::new(), 0, 0);
        while at < bytes.len() {
            let before = at.checked_sub(1);
            let begins = !word_at(before)
                && before.and_then(|at| bytes.get(at)) != Some(&b'.')
                && !(before.is_some_and(|at| bytes[at] == b'-') && word_at(at.checked_sub(2)));
            let names = self.index.get(&bytes[at]).filter(|_| begins);
            let ends = |end: usize| !(word_at(Some(end)) || bytes.get(end) == Some(&b'-') && word_at(Some(end + 1)));
            let found = names.and_then(|names| {
                names.iter().find(|name| bytes[at..].starts_with(name.as_bytes()) && ends(at + name.len()))
            });
            match found {
                Some(name) => {
                    out.push_str(&text[kept..at]);
                    out.push_str(&self.map[name]);
                    at += name.len();
                    kept = at;
                }
                None => at += 1,
            }
        }
        out.push_str(&text[kept..]);
        out
    }

    /// The real names, for comparing two traces.
    pub fn real(&self) -> BTreeSet<&String> {
        self.map.keys().filter(|name| Some(*name) != self.namespace.as_ref()).collect()
    }
}

/// `Kind/name` of every owner in `Kind/name:uid:controller:block,...`.
pub fn owner_names(owners: &str) -> Vec<String> {
    let owner = |part: &str| {
        let (head, _) = part.split_once(':')?;
        let slash = head.find('/')?;
        let kind = head[..slash].rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default();
        let name = &head[slash + 1..];
        (!kind.is_empty() && !name.is_empty() && !name.contains(char::is_whitespace)).then(|| format!("{kind}/{name}"))
    };
    owners.split(',').filter_map(owner).collect()
}
