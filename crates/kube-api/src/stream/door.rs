//! What a stream works with: the cluster that others ask as well, time, and the container that is meant.

use crate::cluster::Cluster;
use crate::run::Run;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use petri_objects::{Kind, Object, ObjectRef, Time};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::sleep;
use tokio_tungstenite::WebSocketStream;

pub type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// How often a stream looks whether its moment has come.
const LOOK: Duration = Duration::from_millis(20);

/// The way to the cluster.
#[derive(Clone, Debug)]
pub struct Door {
    cluster: Rc<RefCell<Cluster>>,
    /// Time goes on for whoever waits.
    hurries: bool,
}

impl Door {
    pub fn new(cluster: Rc<RefCell<Cluster>>, hurries: bool) -> Door {
        Door { cluster, hurries }
    }
    /// Does something with the run, while nobody else does.
    pub fn run<T>(&self, act: impl FnOnce(&mut Run) -> T) -> T {
        self.cluster.borrow_mut().with(act)
    }
    /// Waits for a moment of the run.
    pub async fn wait(&self, until: Time) {
        while self.run(|run| run.timeline.now()) < until {
            if self.hurries {
                while !self.cluster.borrow_mut().play_until(until) {
                    tokio::task::yield_now().await;
                }
            } else {
                sleep(LOOK).await;
            }
        }
    }
    /// A little later.
    pub async fn pause(&self) {
        sleep(LOOK).await;
    }
}

/// The container that a stream leads to, and what is to be done there.
#[derive(Clone, Debug)]
pub struct Target {
    pub pod: ObjectRef,
    /// Empty for a port of the pod.
    pub container: String,
    /// The program's, or the ports.
    pub words: Vec<String>,
    pub stdin: bool,
    pub stdout: bool,
    pub stderr: bool,
    pub tty: bool,
}

impl Target {
    /// The address at the kubelet, as Go's client tells it in its errors.
    pub fn address(&self, ip: &str, part: &str) -> String {
        /// What `url.QueryEscape` leaves as it is.
        const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b' ');
        let mut query: Vec<String> = Vec::new();
        for word in &self.words {
            query.push(format!("command={}", utf8_percent_encode(word, ESCAPED).to_string().replace(' ', "+")));
        }
        let flags = [("error", self.stderr), ("input", self.stdin), ("output", self.stdout), ("tty", self.tty)];
        query.extend(flags.iter().filter(|(_, on)| *on).map(|(name, _)| format!("{name}=1")));
        let ObjectRef { namespace, name, .. } = &self.pod;
        format!("https://{ip}:10250/{part}/{namespace}/{name}/{}?{}", self.container, query.join("&"))
    }
}

/// Why the API server does not reach the kubelet of a pod: the machine's address, and the words of its network.
pub fn dialed(run: &Run, target: &Target) -> Option<(String, String)> {
    let Some(Object::Pod(pod)) = run.objects().get(&target.pod) else { return None };
    kubelet(run, &pod.spec.node_name)
}

/// Why the API server does not reach the kubelet of a node.
pub fn kubelet(run: &Run, node: &str) -> Option<(String, String)> {
    let world = run.world();
    let Some(machine) = world.machines.values().find(|machine| *machine.name == *node) else {
        return Some((node.to_owned(), format!("dial tcp: lookup {node}: no such host")));
    };
    let ip = machine.internal_ip.to_string();
    let why = match () {
        () if !world.network.reaches_control_plane(&machine.name) => "i/o timeout",
        () if !machine.powered => "connect: no route to host",
        () if !machine.kubelet.running => "connect: connection refused",
        () => return None,
    };
    let problem = format!("dial tcp {ip}:10250: {why}");
    Some((ip, problem))
}

/// Whether the container runs, by what its machine knows.
pub fn runs(run: &Run, pod: &ObjectRef, container: &str) -> bool {
    debug_assert_eq!(pod.kind, Kind::Pod);
    let world = run.world();
    world.uid_of(pod).is_some_and(|uid| world.inside(uid, container).is_some())
}
