//! What a web server answers: a page from its document root, or its host's name, as upstream's demo images do.

use super::facts::host_name;
use super::family::{Family, family};
use super::inside::Container;
use super::replays::Replays;
use petri_objects::{IntOrString, Kind, Name, ObjectRef, Service, Span};
use petri_sim::ground::digest;
use petri_sim::reality::dns::{Rcode, RecordType};
use petri_sim::reality::machine::{Machine, Process, ProcessId};
use petri_sim::world::World;
use std::rc::Rc;

/// Who asks.
#[derive(Clone, Copy)]
pub(super) struct Asker<'a> {
    /// The machine that it runs on; `None` for a person in front of the cluster.
    pub node: Option<&'a Name>,
    pub namespace: &'a str,
    /// The asker's own address, for `localhost`.
    pub own: Option<&'a str>,
    /// Of several endpoints the one of this number is taken.
    pub salt: u64,
    /// What is known already of what commands wrote.
    pub replays: Option<&'a Rc<Replays>>,
}

/// A program of this container asks.
pub(super) fn asker<'a>(own: &'a Container<'_>) -> Asker<'a> {
    Asker {
        node: Some(&own.inside.machine.name),
        namespace: &own.inside.pod.metadata.namespace,
        own: Some(&own.inside.process.ip),
        salt: own.picks(),
        replays: Some(&own.replays),
    }
}

/// An address taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub host: String,
    pub port: u16,
    /// With its slash.
    pub path: String,
}

/// `http://web-0.nginx:80/index.html`.
pub(super) fn address(text: &str) -> Option<Address> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let host = host.rsplit('@').next().unwrap_or(host);
    let usual = if scheme == "https" { 443 } else { 80 };
    let (host, port) = match host.split_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (host, usual),
    };
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    (!host.is_empty()).then(|| Address { host: host.into(), port, path })
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Call {
    NoName,
    Refused,
    /// Nobody answers, and the caller gives up.
    TimedOut,
    /// A connection; what listens there.
    Open {
        pod: ObjectRef,
        container: Name,
    },
}

/// Addresses of a name, as a pod of a namespace finds them. An address is its own.
pub(super) fn resolve(name: &str, asker: Asker<'_>, world: &World) -> Result<Vec<Name>, Call> {
    if name.parse::<std::net::Ipv4Addr>().is_ok() {
        return Ok(vec![name.into()]);
    }
    if name == "localhost" {
        return Ok(vec!["127.0.0.1".into()]);
    }
    if asker.node.is_some_and(|node| world.network.is_cut(node)) {
        return Err(Call::TimedOut);
    }
    let (_, found) = crate::dig::ask(world.objects(), name, RecordType::A, Some(asker.namespace));
    let addresses = found.addresses();
    match (addresses.is_empty(), found.rcode) {
        (true, Rcode::NxDomain | Rcode::NoError) => Err(Call::NoName),
        _ => Ok(addresses),
    }
}

/// Opens a connection.
pub(super) fn open(host: &str, port: u16, asker: Asker<'_>, world: &World) -> Call {
    let addresses = match resolve(host, asker, world) {
        Ok(addresses) => addresses,
        Err(call) => return call,
    };
    let Some(address) = addresses.get((asker.salt % addresses.len().max(1) as u64) as usize) else {
        return Call::NoName;
    };
    if address.starts_with("127.") {
        return match asker.own {
            Some(own) => at_pod(own, port, asker, world),
            None => Call::Refused,
        };
    }
    if let Some(service) = world.objects().services.values().find(|service| service.spec.cluster_ip == *address) {
        return at_service(service, |own| own.port == i32::from(port), asker, world);
    }
    // A port of the machines leads to a Service as well.
    let is_machine = world.machines.values().any(|machine| machine.internal_ip == *address);
    if is_machine {
        let own =
            |service: &&std::rc::Rc<Service>| service.spec.ports.iter().any(|own| own.node_port == i32::from(port));
        return match world.objects().services.values().find(own) {
            Some(service) => at_service(service, |own| own.node_port == i32::from(port), asker, world),
            None => Call::Refused,
        };
    }
    at_pod(address, port, asker, world)
}

/// One of the ready endpoints of a Service.
pub(super) fn at_service(
    service: &Service,
    is_port: impl Fn(&petri_objects::ServicePort) -> bool,
    asker: Asker<'_>,
    world: &World,
) -> Call {
    let Some(port) = service.spec.ports.iter().find(|port| is_port(port)) else { return Call::TimedOut };
    let meta = &service.metadata;
    let slices = world.objects().endpoint_slices.in_namespace(&meta.namespace);
    let own = slices.filter(|slice| slice.service_name() == Some(&meta.name));
    let ready: Vec<&Name> = own
        .flat_map(|slice| slice.endpoints.iter())
        .filter(|endpoint| endpoint.conditions.ready != Some(false))
        .filter_map(|endpoint| endpoint.addresses.first())
        .collect();
    let Some(chosen) = ready.get((asker.salt % ready.len().max(1) as u64) as usize) else { return Call::Refused };
    let number = match &port.target_port {
        Some(IntOrString::Int(number)) if *number > 0 => u16::try_from(*number).ok(),
        Some(IntOrString::String(name)) => named_port(chosen, name, world),
        _ => u16::try_from(port.port).ok(),
    };
    number.map_or(Call::Refused, |number| at_pod(chosen, number, asker, world))
}

fn named_port(address: &str, name: &str, world: &World) -> Option<u16> {
    let (machine, id, _) = process_at(address, world).into_iter().next()?;
    let worker = machine.kubelet.workers.get(&id.pod)?;
    let mut ports = worker.pod.spec.containers.iter().flat_map(|container| &container.ports);
    ports.find(|port| *port.name == *name).and_then(|port| u16::try_from(port.container_port).ok())
}

fn process_at<'w>(address: &str, world: &'w World) -> Vec<(&'w Machine, &'w ProcessId, &'w Process)> {
    let all = world
        .machines
        .values()
        .flat_map(|machine| machine.processes.iter().map(move |(id, process)| (machine, id, process)));
    all.filter(|(_, _, process)| *process.ip == *address).collect()
}

fn at_pod(address: &str, port: u16, asker: Asker<'_>, world: &World) -> Call {
    let there = process_at(address, world);
    let Some((machine, _, _)) = there.first() else { return Call::TimedOut };
    if asker.node.is_some_and(|node| !world.network.connects(node, &machine.name)) {
        return Call::TimedOut;
    }
    if asker.node.is_none() && !world.network.reaches_control_plane(&machine.name) {
        return Call::TimedOut;
    }
    for (machine, id, process) in there {
        let Some(worker) = machine.kubelet.workers.get(&id.pod) else { continue };
        let container = worker.pod.spec.containers.iter().find(|container| container.name == id.container);
        let Some(container) = container.filter(|container| listens(container, port)) else { continue };
        if !process.answers {
            return Call::TimedOut;
        }
        let meta = &worker.pod.metadata;
        let pod = ObjectRef::new(Kind::Pod, meta.namespace.clone(), meta.name.clone());
        return Call::Open { pod, container: container.name.clone() };
    }
    Call::Refused
}

/// Whether a container listens to a port: those that it declares, and those of its image.
fn listens(container: &petri_objects::Container, port: u16) -> bool {
    let declared = container.ports.iter().any(|own| own.container_port == i32::from(port));
    let family = family(&container.image);
    let by_image = family != Family::Other || container.ports.is_empty();
    declared || by_image && family.ports().contains(&port)
}

/// An answer over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Response {
    pub status: u16,
    pub kind: &'static str,
    pub body: String,
}

impl Response {
    pub(super) fn reason(&self) -> &'static str {
        match self.status {
            200 => "OK",
            403 => "Forbidden",
            404 => "Not Found",
            _ => "Service Unavailable",
        }
    }
}

/// What a web server in a container answers. `None` if none is there.
pub(super) fn answer(
    pod: &ObjectRef,
    container: &str,
    path: &str,
    replays: &Rc<Replays>,
    world: &World,
) -> Option<Response> {
    let own = Container::of(pod, container, world, 0)?.knowing(replays);
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let host = host_name(&own.inside);
    let plain = |body: String| Some(Response { status: 200, kind: "text/plain", body });
    if let Some(root) = own.family.document_root() {
        return Some(page(&own, root, path));
    }
    match own.family {
        Family::Bootcamp => {
            let tag = own.inside.container.image.rsplit(':').next().unwrap_or("v1").trim_start_matches('v').to_owned();
            plain(format!("Hello Kubernetes bootcamp! | Running on: {host} | v={tag}\n"))
        }
        Family::HelloApp => {
            let tag = own.inside.container.image.rsplit(':').next().unwrap_or("1.0").to_owned();
            let whole = if tag.matches('.').count() == 1 { format!("{tag}.0") } else { tag };
            plain(format!("Hello, world!\nVersion: {whole}\nHostname: {host}\n"))
        }
        Family::RandomGenerator => {
            if path == "/logs" {
                let text = own.text(own.variables.get("LOG_FILE").unwrap_or("/logs")).map(|text| text.to_string());
                return plain(text.unwrap_or_default());
            }
            let drawn = digest::of(&(own.inside.pod.metadata.uid, world.now, world.events));
            Some(Response {
                status: 200,
                kind: "application/json",
                body: format!(
                    "{{\"random\":{},\"id\":\"{}\",\"version\":\"1.0\"}}",
                    drawn as i32, own.inside.pod.metadata.uid
                ),
            })
        }
        Family::HostName => plain(format!("{host}\n")),
        Family::Echo => {
            plain(format!("\n\nHostname: {host}\n\nRequest Information:\n\tmethod=GET\n\treal path={path}\n"))
        }
        Family::Redis | Family::MySql | Family::Postgres | Family::ZooKeeper | Family::Cassandra => None,
        _ => plain(format!("{host}\n")),
    }
}

/// A file of the document root, as nginx and Apache show it.
fn page(own: &Container<'_>, root: &str, path: &str) -> Response {
    let full = petri_sim::reality::files::normal(&format!("{root}{path}"));
    let server = match own.family {
        Family::Nginx => {
            let tag = own.inside.container.image.rsplit(':').next().unwrap_or_default();
            let is_number =
                tag.starts_with(|c: char| c.is_ascii_digit()) && !own.inside.container.image.contains("slim:");
            if is_number { format!("nginx/{}", tag.split('-').next().unwrap_or(tag)) } else { "nginx".into() }
        }
        _ => "Apache".into(),
    };
    let failed = |status: u16, reason: &str| Response {
        status,
        kind: "text/html",
        body: format!(
            "<html>\n<head><title>{status} {reason}</title></head>\n<body>\n<center><h1>{status} \
             {reason}</h1></center>\n<hr><center>{server}</center>\n</body>\n</html>\n"
        ),
    };
    let shown = |path: &str| {
        own.text(path).ok().map(|text| Response { status: 200, kind: "text/html", body: text.to_string() })
    };
    match own.stat(&full) {
        None => failed(404, "Not Found"),
        Some(stat) if stat.folder => {
            let index = shown(&format!("{full}/index.html"));
            let is_forbidden = stat.mode & 0o005 != 0o005;
            index.filter(|_| !is_forbidden).unwrap_or_else(|| failed(403, "Forbidden"))
        }
        Some(stat) if stat.mode & 0o004 == 0 => failed(403, "Forbidden"),
        Some(_) => shown(&full).unwrap_or_else(|| failed(404, "Not Found")),
    }
}

/// How long a caller waits for nobody.
pub(super) const PATIENCE: Span = Span::seconds(5);
