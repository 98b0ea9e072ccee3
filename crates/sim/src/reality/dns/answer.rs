//! A question and its answer.

use crate::belief::api::shelf::{Key, Objects};
use petri_objects::*;
use std::collections::BTreeSet;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::rc::Rc;

/// The cluster's domain.
pub const ZONE: &str = "cluster.local";
/// Seconds for which answers may be kept, positive and negative ones alike.
pub const TTL: u32 = 30;
const SCHEMA_VERSION: &str = "1.1.0";
const SCHEMA_VERSION_TTL: u32 = 28_800;
/// How many aliases are followed.
const MAX_ALIASES: u32 = 8;

/// A question: a full name, with or without its final dot, and what is asked about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Query {
    pub name: Name,
    pub kind: RecordType,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordType {
    A,
    Aaaa,
    Cname,
    Mx,
    Ns,
    Ptr,
    Soa,
    Srv,
    Txt,
}

/// An answer. Without records and with [`Rcode::NoError`] it says that the name exists, but nothing of that type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Answer {
    pub rcode: Rcode,
    pub records: Vec<Record>,
    /// The SOA record of a negative answer: for how long it may be kept.
    pub authority: Option<Record>,
    /// Addresses of the targets of SRV records.
    pub additional: Vec<Record>,
}

impl Answer {
    /// The IPv4 addresses in it, in its order.
    pub fn addresses(&self) -> Vec<Name> {
        let address = |record: &Record| match &record.data {
            Data::A(address) => Some(address.clone()),
            _ => None,
        };
        self.records.iter().filter_map(address).collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rcode {
    NoError,
    /// There is no such name, of any type.
    NxDomain,
}

/// A line of an answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Record {
    /// With its final dot.
    pub name: Name,
    /// Seconds.
    pub ttl: u32,
    pub data: Data,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Data {
    A(Name),
    Aaaa(Name),
    Cname(Name),
    Ptr(Name),
    Srv { priority: u16, weight: u16, port: u16, target: Name },
    Txt(Name),
    Soa { serial: u64 },
}

impl Query {
    pub fn new(name: impl Into<Name>, kind: RecordType) -> Query {
        Query { name: name.into(), kind }
    }
}

impl RecordType {
    pub const ALL: [RecordType; 9] = [
        RecordType::A,
        RecordType::Aaaa,
        RecordType::Cname,
        RecordType::Mx,
        RecordType::Ns,
        RecordType::Ptr,
        RecordType::Soa,
        RecordType::Srv,
        RecordType::Txt,
    ];
    /// As dig writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            RecordType::A => "A",
            RecordType::Aaaa => "AAAA",
            RecordType::Cname => "CNAME",
            RecordType::Mx => "MX",
            RecordType::Ns => "NS",
            RecordType::Ptr => "PTR",
            RecordType::Soa => "SOA",
            RecordType::Srv => "SRV",
            RecordType::Txt => "TXT",
        }
    }
    /// In either case.
    pub fn parse(word: &str) -> Option<RecordType> {
        RecordType::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(word))
    }
}

impl Rcode {
    pub fn as_str(self) -> &'static str {
        match self {
            Rcode::NoError => "NOERROR",
            Rcode::NxDomain => "NXDOMAIN",
        }
    }
}

impl Data {
    pub fn kind(&self) -> RecordType {
        match self {
            Data::A(_) => RecordType::A,
            Data::Aaaa(_) => RecordType::Aaaa,
            Data::Cname(_) => RecordType::Cname,
            Data::Ptr(_) => RecordType::Ptr,
            Data::Srv { .. } => RecordType::Srv,
            Data::Txt(_) => RecordType::Txt,
            Data::Soa { .. } => RecordType::Soa,
        }
    }
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Data::A(text) | Data::Aaaa(text) | Data::Cname(text) | Data::Ptr(text) => f.write_str(text),
            Data::Srv { priority, weight, port, target } => write!(f, "{priority} {weight} {port} {target}"),
            Data::Txt(text) => write!(f, "\"{text}\""),
            Data::Soa { serial } => {
                write!(f, "ns.dns.{ZONE}. hostmaster.{ZONE}. {serial} 7200 1800 86400 {TTL}")
            }
        }
    }
}

/// As dig prints it, with single spaces: `web-0.web.default.svc.cluster.local. 30 IN A 10.244.1.5`.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} IN {} {}", self.name, self.ttl, self.data.kind().as_str(), self.data)
    }
}

/// There is no such name.
struct NoName;

/// What stands behind a name, before it is known which type was asked for.
struct Found {
    /// The full name of the Service or endpoint, with its final dot.
    owner: Name,
    host: Host,
    /// `None` where nothing is declared: such an entry has addresses but no SRV record.
    port: Option<u16>,
}

enum Host {
    Address(Name),
    Alias(Name),
}

/// Answers a question from the objects that CoreDNS has seen.
pub fn answer(objects: &Objects, query: &Query) -> Answer {
    let name = query.name.strip_suffix('.').unwrap_or(&query.name).to_ascii_lowercase();
    let Some(base) = strip_zone(&name, ZONE) else { return reverse(objects, query, &name) };
    let records = match query.kind {
        RecordType::Txt => Ok(dns_version(query, base).into_iter().collect()),
        RecordType::Srv => match find(objects, base) {
            Ok(found) => return services(objects, query, &found),
            Err(NoName) => Err(NoName),
        },
        RecordType::Soa if base.is_empty() => Ok(vec![soa(objects)]),
        kind => find(objects, base).map(|found| of_kind(objects, &absolute(&query.name), kind, found, 0)),
    };
    match records {
        Ok(records) if records.is_empty() => negative(objects, Rcode::NoError),
        Ok(records) => Answer { rcode: Rcode::NoError, records, authority: None, additional: Vec::new() },
        Err(NoName) => negative(objects, Rcode::NxDomain),
    }
}

fn strip_zone<'a>(name: &'a str, zone: &str) -> Option<&'a str> {
    let base = name.strip_suffix(zone)?;
    if base.is_empty() { Some(base) } else { base.strip_suffix('.') }
}

fn absolute(name: &str) -> Name {
    if name.ends_with('.') { name.into() } else { format!("{name}.").into() }
}

fn negative(objects: &Objects, rcode: Rcode) -> Answer {
    Answer { rcode, records: Vec::new(), authority: Some(soa(objects)), additional: Vec::new() }
}

fn soa(objects: &Objects) -> Record {
    let slices = objects.endpoint_slices.values().flat_map(|slice| {
        let changed = slice.metadata.annotations.get("endpoints.kubernetes.io/last-change-trigger-time");
        [Some(slice.metadata.creation_timestamp), changed.and_then(|text| Time::parse_rfc3339(text))]
    });
    let services = objects.services.values().map(|service| Some(service.metadata.creation_timestamp));
    let latest = slices.chain(services).flatten().max().unwrap_or(Time::ZERO);
    let serial = latest.since(Time::ZERO).as_seconds();
    Record { name: format!("{ZONE}.").into(), ttl: TTL, data: Data::Soa { serial } }
}

fn dns_version(query: &Query, base: &str) -> Option<Record> {
    (base == "dns-version").then(|| Record {
        name: absolute(&query.name),
        ttl: SCHEMA_VERSION_TTL,
        data: Data::Txt(SCHEMA_VERSION.into()),
    })
}

/// The records of one type. Aliases are followed within the cluster.
///
/// Upstream: `A`, `AAAA`, `CNAME` of `backend_lookup.go`.
fn of_kind(objects: &Objects, name: &Name, kind: RecordType, found: Vec<Found>, depth: u32) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    let mut seen = BTreeSet::new();
    for entry in found {
        match (entry.host, kind) {
            (Host::Address(ip), RecordType::A | RecordType::Aaaa)
                if ip.contains(':') == (kind == RecordType::Aaaa) && seen.insert(ip.clone()) =>
            {
                records.push(address(name, ip));
            }
            (Host::Alias(target), RecordType::Cname) => records.push(alias(name, &target)),
            (Host::Alias(target), RecordType::A | RecordType::Aaaa) if depth < MAX_ALIASES => {
                let bare = target.strip_suffix('.').unwrap_or(&target).to_ascii_lowercase();
                let Some(base) = strip_zone(&bare, ZONE) else {
                    records.push(alias(name, &target));
                    continue;
                };
                let Ok(next) = find(objects, base) else { continue };
                let next = of_kind(objects, &absolute(&target), kind, next, depth + 1);
                if !next.is_empty() {
                    records.push(alias(name, &target));
                    records.extend(next);
                }
            }
            _ => {}
        }
    }
    records
}

fn address(name: &Name, ip: Name) -> Record {
    let data = if ip.contains(':') { Data::Aaaa(ip) } else { Data::A(ip) };
    Record { name: name.clone(), ttl: TTL, data }
}

fn alias(name: &Name, target: &str) -> Record {
    Record { name: name.clone(), ttl: TTL, data: Data::Cname(absolute(target)) }
}

/// SRV records, and the addresses of their targets.
fn services(objects: &Objects, query: &Query, found: &[Found]) -> Answer {
    let name = absolute(&query.name);
    let entries = found.iter().filter_map(|entry| match &entry.host {
        Host::Address(ip) => Some((entry, ip)),
        Host::Alias(_) => None,
    });
    let count = entries.clone().count().max(1) as u64;
    let weight = u16::try_from((100 / count).max(1)).unwrap_or(1);
    let (mut records, mut additional) = (Vec::new(), Vec::new());
    let (mut targets, mut addresses) = (BTreeSet::new(), BTreeSet::new());
    for (entry, ip) in entries {
        let Some(port) = entry.port else { continue };
        let target = entry.owner.clone();
        if targets.insert((target.clone(), port)) {
            let data = Data::Srv { priority: 0, weight, port, target: target.clone() };
            records.push(Record { name: name.clone(), ttl: TTL, data });
        }
        if addresses.insert((target.clone(), ip.clone())) {
            additional.push(address(&target, ip.clone()));
        }
    }
    if records.is_empty() {
        return negative(objects, Rcode::NoError);
    }
    Answer { rcode: Rcode::NoError, records, authority: None, additional }
}

/// The parts of a name below the zone: `[_port._proto.|hostname.]service.namespace.(svc|pod)`.
#[derive(Default)]
struct Request<'a> {
    pods: bool,
    namespace: &'a str,
    service: &'a str,
    endpoint: &'a str,
    port: &'a str,
    protocol: &'a str,
}

/// `None` for the empty names above the namespaces, which exist.
///
/// Upstream: `parseRequest`.
fn parse(base: &str) -> Result<Option<Request<'_>>, NoName> {
    let mut labels = base.rsplit('.');
    let pods = match labels.next() {
        Some("") | None => return Ok(None),
        Some("svc") => false,
        Some("pod") => true,
        Some(_) => return Err(NoName),
    };
    let Some(namespace) = labels.next() else { return Ok(None) };
    let service = labels.next().unwrap_or("");
    let mut request = Request { pods, namespace, service, ..Request::default() };
    let rest: Vec<&str> = labels.collect();
    match rest[..] {
        [] => {}
        [endpoint] => request.endpoint = endpoint,
        [protocol, port] => {
            request.protocol = protocol.strip_prefix('_').unwrap_or(protocol);
            request.port = port.strip_prefix('_').unwrap_or(port);
        }
        // Too long for anything that has a name.
        _ => return Err(NoName),
    }
    Ok(Some(request))
}

/// Upstream: `Records`.
fn find(objects: &Objects, base: &str) -> Result<Vec<Found>, NoName> {
    let Some(request) = parse(base)? else { return Ok(Vec::new()) };
    if objects.namespaces.get(&Key::new("", request.namespace)).is_none() {
        return Err(NoName);
    }
    if request.service.is_empty() {
        return Ok(Vec::new());
    }
    let found = if request.pods { find_pods(&request) } else { find_services(objects, &request) };
    if found.is_empty() { Err(NoName) } else { Ok(found) }
}

/// The address that the name spells, whether a pod has it or not.
///
/// Upstream: `findPods` with `pods insecure`.
fn find_pods(request: &Request<'_>) -> Vec<Found> {
    let name = request.service;
    let ip = match name.matches('-').count() {
        3 if !name.contains("--") => name.replace('-', "."),
        _ => name.replace('-', ":"),
    };
    if ip.parse::<Ipv4Addr>().is_err() && ip.parse::<Ipv6Addr>().is_err() {
        return Vec::new();
    }
    let owner = format!("{name}.{}.pod.{ZONE}.", request.namespace).into();
    vec![Found { owner, host: Host::Address(ip.into()), port: None }]
}

/// Upstream: `findServices`.
fn find_services(objects: &Objects, request: &Request<'_>) -> Vec<Found> {
    let Some(service) = objects.services.get(&Key::new(request.namespace, request.service)) else {
        return Vec::new();
    };
    let owner: Name = of_service(service).into();
    let matches = |name: &str, protocol: &str| {
        (request.port.is_empty() || name.eq_ignore_ascii_case(request.port))
            && (request.protocol.is_empty() || protocol.eq_ignore_ascii_case(request.protocol))
    };
    if &*service.spec.kind == "ExternalName" {
        let is_asked = request.endpoint.is_empty();
        let host = Host::Alias(service.spec.external_name.clone());
        return is_asked.then_some(Found { owner, host, port: None }).into_iter().collect();
    }
    if service.is_headless() || !request.endpoint.is_empty() {
        let mut found = Vec::new();
        for (slice, endpoint) in ready_endpoints(objects, service) {
            let hostname = endpoint_hostname(endpoint);
            if !request.endpoint.is_empty() && !hostname.eq_ignore_ascii_case(request.endpoint) {
                continue;
            }
            for ip in &endpoint.addresses {
                found.extend(ports_of(slice, matches).map(|port| Found {
                    owner: format!("{hostname}.{owner}").into(),
                    host: Host::Address(ip.clone()),
                    port,
                }));
            }
        }
        return found;
    }
    let declared = service.spec.ports.iter().map(|port| (&*port.name, &*port.protocol, u16::try_from(port.port).ok()));
    let sentinel = service.spec.ports.is_empty().then_some(("", "", None));
    let mut found = Vec::new();
    for (_, _, port) in declared.chain(sentinel).filter(|(name, protocol, _)| matches(name, protocol)) {
        for ip in cluster_ips(service) {
            found.push(Found { owner: owner.clone(), host: Host::Address(ip.clone()), port });
        }
    }
    found
}

fn ports_of(slice: &EndpointSlice, matches: impl Fn(&str, &str) -> bool) -> impl Iterator<Item = Option<u16>> {
    let declared = slice.ports.iter().map(|port| {
        let text = |text: &Option<Name>| text.clone().unwrap_or_else(|| "".into());
        (text(&port.name), text(&port.protocol), port.port.and_then(|port| u16::try_from(port).ok()))
    });
    let sentinel = slice.ports.is_empty().then(|| ("".into(), "".into(), None));
    declared.chain(sentinel).filter(move |(name, protocol, _)| matches(name, protocol)).map(|(_, _, port)| port)
}

fn cluster_ips(service: &Service) -> impl Iterator<Item = &Name> {
    let all = service.spec.cluster_ips.iter();
    let only = service.spec.cluster_ips.is_empty().then_some(&service.spec.cluster_ip);
    all.chain(only).filter(|ip| !ip.is_empty() && &***ip != "None")
}

/// The endpoints that CoreDNS lists: an endpoint that is not ready has no name.
///
/// Upstream: `EndpointSliceToEndpoints`.
pub(super) fn ready_endpoints<'o>(
    objects: &'o Objects,
    service: &'o Service,
) -> impl Iterator<Item = (&'o Rc<EndpointSlice>, &'o Endpoint)> {
    let meta = &service.metadata;
    (objects.endpoint_slices.in_namespace(&meta.namespace))
        .filter(|slice| slice.service_name() == Some(&meta.name))
        .flat_map(|slice| slice.endpoints.iter().map(move |endpoint| (slice, endpoint)))
        .filter(|(_, endpoint)| endpoint.conditions.ready != Some(false))
}

/// The host name of the slice, or the address with dashes.
pub(super) fn endpoint_hostname(endpoint: &Endpoint) -> Name {
    match (&endpoint.hostname, endpoint.addresses.first()) {
        (Some(hostname), _) if !hostname.is_empty() => hostname.clone(),
        (_, Some(ip)) => ip.replace(['.', ':'], "-").into(),
        _ => "".into(),
    }
}

/// Which names an address has. What CoreDNS does not know it hands on, and nobody else knows it.
///
/// Upstream: `Reverse`.
fn reverse(objects: &Objects, query: &Query, name: &str) -> Answer {
    let ip = strip_zone(name, "in-addr.arpa").and_then(|base| {
        let text = base.rsplit('.').collect::<Vec<_>>().join(".");
        text.parse::<Ipv4Addr>().ok()
    });
    let targets = match ip {
        Some(ip) if query.kind == RecordType::Ptr => names_of(objects, &ip.to_string()),
        _ => BTreeSet::new(),
    };
    let name = absolute(&query.name);
    let records: Vec<Record> =
        (targets.into_iter()).map(|target| Record { name: name.clone(), ttl: TTL, data: Data::Ptr(target) }).collect();
    let rcode = if records.is_empty() { Rcode::NxDomain } else { Rcode::NoError };
    Answer { rcode, records, authority: None, additional: Vec::new() }
}

fn names_of(objects: &Objects, ip: &str) -> BTreeSet<Name> {
    let has = |ips: &[Name]| ips.iter().any(|other| **other == *ip);
    if let Some(service) = objects.services.values().find(|service| cluster_ips(service).any(|other| **other == *ip)) {
        return [of_service(service).into()].into();
    }
    (objects.services.values())
        .flat_map(|service| ready_endpoints(objects, service).map(move |(_, endpoint)| (service, endpoint)))
        .filter(|(_, endpoint)| has(&endpoint.addresses))
        .map(|(service, endpoint)| format!("{}.{}", endpoint_hostname(endpoint), of_service(service)).into())
        .collect()
}

/// `web.default.svc.cluster.local.`
pub(super) fn of_service(service: &Service) -> String {
    format!("{}.{}.svc.{ZONE}.", service.metadata.name, service.metadata.namespace)
}
