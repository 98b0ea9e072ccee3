//! The names that pods can ask for, and what the cluster's DNS answers.

use super::facts::Facts;
use super::words;
use petri_console::dig;
use petri_objects::order::Order as _;
use petri_objects::{Name, ObjectRef, Span, Time, condition};
use petri_sim::belief::api::shelf::{Key, Objects};
use petri_sim::belief::api::system_services::is_system;
use petri_sim::reality::dns::{self, Absence, Answer, Data, Rcode, RecordType, ZONE};
use std::collections::BTreeSet;

/// One name below the namespace: `rg`, `rg-1.rg`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub namespace: Name,
    pub name: String,
    /// Addresses; empty if the name does not exist.
    pub addresses: Vec<Name>,
    /// Why a name is missing and since when: `rg-1 is not Ready, since 1:51`.
    pub note: String,
}

impl Row {
    /// Whether nothing is behind the name.
    pub fn is_missing(&self) -> bool {
        self.addresses.is_empty()
    }
    pub fn answer(&self) -> String {
        if self.is_missing() && !self.name.contains('.') {
            return self.note.clone();
        }
        if self.is_missing() {
            return if self.note.is_empty() { "NXDOMAIN".to_owned() } else { format!("NXDOMAIN: {}", self.note) };
        }
        self.addresses.iter().map(|address| &**address).collect::<Vec<_>>().join(", ")
    }
}

/// All of it in a line: how many addresses each Service's name has, and which pods' names do not resolve.
pub fn brief(rows: &[Row]) -> String {
    let of_services = rows.iter().filter(|row| !row.name.contains('.')).map(|row| match row.addresses.len() {
        0 => format!("{} has no address", row.name),
        1 => format!("{} has 1 address", row.name),
        number => format!("{} has {number} addresses", row.name),
    });
    let missing = rows.iter().filter(|row| row.name.contains('.') && row.is_missing());
    let missing = missing.map(|row| format!("{} does not resolve", row.name));
    let told: Vec<String> = missing.chain(of_services).collect();
    match told[..] {
        [] => "no Service has a name yet".to_owned(),
        _ => told.join("; "),
    }
}

/// Every name of a Service or a pod that resolves, and every name that a StatefulSet's pod should have.
pub fn rows(facts: &Facts) -> Vec<Row> {
    let objects = facts.objects;
    let namespaces = namespaces(objects);
    let mut rows: Vec<Row> = Vec::new();
    for namespace in namespaces {
        for record in dns::records(objects, namespace) {
            let text = match record.data {
                Data::A(text) | Data::Aaaa(text) | Data::Cname(text) => text,
                _ => continue,
            };
            let name = short(&record.name, namespace);
            if is_of_every_cluster(namespace, &name) {
                continue;
            }
            match rows.last_mut() {
                Some(row) if row.name == name && row.namespace == *namespace => row.addresses.push(text),
                _ => rows.push(Row { namespace: namespace.clone(), name, addresses: vec![text], note: String::new() }),
            }
        }
        for service in objects.services.in_namespace(namespace) {
            let name = service.metadata.name.to_string();
            if is_of_every_cluster(namespace, &name) {
                continue;
            }
            if !rows.iter().any(|row| row.name == name && row.namespace == *namespace) {
                // The Service exists, so the name does: there is just nothing behind it.
                let note = "no address behind it".to_owned();
                rows.push(Row { namespace: namespace.clone(), name, addresses: Vec::new(), note });
            }
        }
    }
    for (name, absence) in dns::expected_names(objects) {
        let Some(absence) = absence else { continue };
        let Some((rest, _)) = name.split_once(".svc.") else { continue };
        let Some((host, namespace)) = rest.rsplit_once('.') else { continue };
        let note = note(&absence, namespace, facts);
        rows.push(Row { namespace: namespace.into(), name: host.to_owned(), addresses: Vec::new(), note });
    }
    rows.order_by_key(|row| {
        let (host, service) = row.name.rsplit_once('.').unwrap_or(("", &row.name));
        (row.namespace.clone(), service.to_owned(), super::order::natural(host))
    });
    rows
}

/// The namespaces in which somebody has made a Service.
fn namespaces(objects: &Objects) -> BTreeSet<&Name> {
    let metas = objects.services.values().map(|service| &service.metadata);
    metas.filter(|meta| !is_system(&meta.namespace, &meta.name)).map(|meta| &meta.namespace).collect()
}

/// Whether a name is of a Service that every cluster has: it resolves, and is not what somebody looks for.
fn is_of_every_cluster(namespace: &str, name: &str) -> bool {
    is_system(namespace, name.rsplit('.').next().unwrap_or(name))
}

/// One record as it is served now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// Without the namespace and the zone, where that is what Services are named under.
    pub name: String,
    pub namespace: Name,
    pub kind: &'static str,
    pub data: String,
    pub ttl: u32,
}

/// Every record of every namespace that has a Service.
pub fn served(facts: &Facts) -> Vec<Served> {
    let mut list = Vec::new();
    for namespace in namespaces(facts.objects) {
        let suffix = format!(".{namespace}.svc.{ZONE}.");
        let records = dns::records(facts.objects, namespace).into_iter();
        let of_people = records.filter(|record| !is_of_every_cluster(namespace, &short(&record.name, namespace)));
        list.extend(of_people.map(|record| Served {
            name: short(&record.name, namespace),
            namespace: namespace.clone(),
            kind: record.data.kind().as_str(),
            data: record.data.to_string().replace(&suffix, ""),
            ttl: record.ttl,
        }));
    }
    list
}

/// What came of a question: the name that was asked for in the end, and the answer.
///
/// A pod that searches is refused below its own domain first: that "no" is the one that it may keep.
pub fn ask(facts: &Facts, name: &str, kind: RecordType, search: bool) -> (String, Answer) {
    let (asked, found) = dig::ask(facts.objects, name, kind, search.then_some("default"));
    if !search || found.rcode == Rcode::NoError || found.authority.is_some() {
        return (asked, found);
    }
    dig::ask(facts.objects, &format!("{}.default.svc.{ZONE}", name.trim_end_matches('.')), kind, None)
}

/// A name that is worth asking for: the selected pod's own, or the first that is served.
pub fn worth_asking(pod: Option<&ObjectRef>, facts: &Facts) -> String {
    let own = pod.and_then(|pod| {
        let pod = facts.objects.pods.get(&Key::new(pod.namespace.clone(), pod.name.clone()))?;
        (!pod.spec.subdomain.is_empty()).then(|| format!("{}.{}", pod.spec.hostname, pod.spec.subdomain))
    });
    own.or_else(|| rows(facts).into_iter().map(|row| row.name).next_back()).unwrap_or_else(|| "kubernetes".to_owned())
}

/// A full name without its namespace and zone.
fn short(name: &str, namespace: &str) -> String {
    let suffix = format!(".{namespace}.svc.{ZONE}.");
    name.strip_suffix(&suffix).unwrap_or(name).to_owned()
}

/// Why a name is missing, and since when if its pod tells.
fn note(absence: &Absence, namespace: &str, facts: &Facts) -> String {
    let pod = match absence {
        Absence::NotReady { pod } | Absence::Terminating { pod } => pod,
        _ => return absence.to_string(),
    };
    let pod = facts.objects.pods.get(&Key::new(namespace, pod.clone()));
    let since = match absence {
        // It was asked to stop a grace before its deletion timestamp.
        Absence::Terminating { .. } => pod.filter(|pod| pod.is_terminating()).map(|pod| {
            let grace = pod.metadata.deletion_grace_period_seconds.unwrap_or_default().max(0).unsigned_abs();
            Time(pod.metadata.deletion_timestamp.0.saturating_sub(Span::seconds(grace).0))
        }),
        _ => pod.and_then(|pod| condition(&pod.status.conditions, "Ready").map(|ready| ready.last_transition_time)),
    };
    let since = since.filter(|at| *at > facts.start);
    match since {
        Some(at) => format!("{absence}, since {}", words::moment(facts.start, at)),
        None => absence.to_string(),
    }
}

/// Processes that still answer at an address that no name leads to.
pub fn ghosts(facts: &Facts) -> Vec<(ObjectRef, String)> {
    facts
        .ghosts()
        .filter(|ghost| !ghost.process.ip.is_empty())
        .map(|ghost| {
            let identity = &ghost.process.identity;
            let text = format!("Ghost {}: no record, still answers inside {}.", ghost.process.ip, ghost.node.name);
            (super::facts::pod_ref(&identity.namespace, &identity.pod), text)
        })
        .collect()
}
