//! Streams into containers: exec, attach and port-forward, as kubectl 1.36 asks for them over WebSockets.
//!
//! Upstream: `apiserver/pkg/util/proxy`, `kubelet/pkg/cri/streaming`, `pkg/registry/core/pod`.
//!
//! Deviation: whoever asks for SPDY alone, as kubectl does where no WebSocket was to be had, is refused.

mod channels;
mod door;
mod forward;
mod programs;
mod spdy;

pub use door::{Door, kubelet, runs};

use crate::ask::Ask;
use crate::route::{self, Place};
use crate::run::Run;
use crate::status::{Failure, Outcome};
use crate::subresource::container;
use crate::write::current;
use door::{Target, dialed};
use hyper::Request;
use hyper::body::Incoming;
use hyper::header::HeaderName;
use hyper_util::rt::TokioIo;
use petri_objects::{Kind, Object, ObjectRef};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

/// A connection that becomes a WebSocket.
#[derive(Debug)]
pub struct Switched {
    /// `Sec-WebSocket-Accept`.
    pub accept: String,
    /// `Sec-WebSocket-Protocol`.
    pub protocol: &'static str,
}

/// What a subprotocol carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    /// One channel per stream; those of version 5 can be closed.
    Channels { closable: bool },
    /// The frames of SPDY.
    Tunnel,
}

/// The subprotocols of programs and of ports, the better ones first.
const OF_PROGRAMS: &[(&str, Protocol)] = &[
    ("v5.channel.k8s.io", Protocol::Channels { closable: true }),
    ("v4.channel.k8s.io", Protocol::Channels { closable: false }),
];
const OF_PORTS: &[(&str, Protocol)] =
    &[("SPDY/3.1+portforward.k8s.io", Protocol::Tunnel), ("v4.channel.k8s.io", Protocol::Channels { closable: false })];

/// The place that a request for a stream leads to; `None` if it asks for something else.
pub fn place(path: &str, run: &Run) -> Option<Place> {
    if !["/exec", "/attach", "/portforward"].iter().any(|end| path.ends_with(end)) {
        return None;
    }
    let place = route::place(path, run.objects())?;
    (place.served.kind == Kind::Pod && place.subresource.is_some()).then_some(place)
}

/// Whether what is asked for can be had; where it is then.
fn target(run: &Run, ask: &Ask, place: &Place) -> Outcome<Target> {
    if !matches!(ask.method.as_str(), "GET" | "POST") {
        return Err(Failure::no_method());
    }
    let Object::Pod(pod) = current(run, place)? else { return Err(Failure::no_resource()) };
    let forwards = place.subresource.as_deref() == Some("portforward");
    let container = if forwards { String::new() } else { container(&pod, ask.query.text("container"))? };
    let node = &pod.spec.node_name;
    let name = &pod.metadata.name;
    if node.is_empty() {
        return Err(Failure::bad_request(format!("pod {name} does not have a host assigned")));
    }
    if run.objects().nodes.get(&petri_sim::belief::api::shelf::Key::new("", &**node)).is_none() {
        return Err(petri_sim::words::api_error::ApiError::not_found(Kind::Node, node.clone()).into());
    }
    let key = if forwards { "ports" } else { "command" };
    let commands: Vec<String> = ask.query.all(key).map(str::to_owned).collect();
    if place.subresource.as_deref() == Some("exec") && commands.is_empty() {
        return Err(Failure::bad_request("you must specify at least 1 command to run"));
    }
    Ok(Target {
        pod: ObjectRef::new(Kind::Pod, pod.metadata.namespace.clone(), name.clone()),
        container,
        words: commands,
        stdin: ask.query.is_on("stdin"),
        stdout: ask.query.is_on("stdout"),
        stderr: ask.query.is_on("stderr"),
        tty: ask.query.is_on("tty"),
    })
}

/// Answers a request for a stream: what is said goes over the connection once it is switched.
///
/// # Errors
/// What an API server answers before it switches.
pub fn open(mut request: Request<Incoming>, ask: &Ask, place: &Place, door: &Door) -> Outcome<Switched> {
    let target = door.run(|run| target(run, ask, place))?;
    let text = |name: &'static str| {
        let all = request.headers().get_all(HeaderName::from_static(name)).iter();
        all.filter_map(|value| value.to_str().ok()).collect::<Vec<_>>().join(",")
    };
    let part = place.subresource.as_deref().unwrap_or_default();
    let offered = text("sec-websocket-protocol");
    if text("upgrade").is_empty() {
        return Err(Failure::bad_request("Upgrade request required"));
    }
    // The machine is dialed before anybody speaks of protocols: kubectl asks once more by SPDY where WebSockets fail, and
    // tells what it hears then.
    if part == "portforward"
        && let Some((_, problem)) = door.run(|run| dialed(run, &target))
    {
        return Err(Failure::unknown(format!("error dialing backend: {problem}")));
    }
    if !text("upgrade").eq_ignore_ascii_case("websocket") {
        return Err(Failure::bad_request(format!(
            "unable to upgrade: {} is not served, WebSockets are",
            text("upgrade")
        )));
    }
    let served = if part == "portforward" { OF_PORTS } else { OF_PROGRAMS };
    let chosen = served.iter().find(|(name, _)| offered.split(',').any(|own| own.trim() == *name));
    let (Some((protocol, carries)), key) = (chosen, text("sec-websocket-key")) else {
        return Err(Failure::bad_request(format!("unable to upgrade: none of these protocols is served: {offered}")));
    };
    if key.is_empty() || text("sec-websocket-version") != "13" {
        return Err(Failure::bad_request("unable to upgrade: not a WebSocket handshake of version 13"));
    }
    let switched = Switched { accept: derive_accept_key(key.as_bytes()), protocol };
    let (upgrade, door, carries, part) = (hyper::upgrade::on(&mut request), door.clone(), *carries, part.to_owned());
    tokio::task::spawn_local(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let config = WebSocketConfig::default().max_message_size(Some(4 << 20)).max_frame_size(Some(4 << 20));
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
        match (part.as_str(), carries) {
            ("portforward", Protocol::Tunnel) => forward::tunnel(socket, &target, &door).await,
            ("portforward", Protocol::Channels { .. }) => forward::channels(socket, &target, &door).await,
            (part, carries) => {
                let closable = carries == Protocol::Channels { closable: true };
                programs::serve(part, channels::Channels::new(socket, closable), &target, &door).await;
            }
        }
    });
    Ok(switched)
}
