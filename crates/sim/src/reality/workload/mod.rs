//! What a container does, declared by its image or by annotations of its pod.
//!
//! The image `petri.dev/WORD` or the annotation `petri.dev/workload: WORD` says what it is:
//!
//! | word | what it does | annotations and their defaults |
//! |---|---|---|
//! | `server` | answers as soon as it runs, stops when it is asked to | |
//! | `writer` | writes a record to its disk again and again | `write-every` 1s |
//! | `elector` | elects a leader on a Lease as client-go does; who leads writes to its disk | `lock` leader, `lease-duration` 15s, `renew-deadline` 10s, `retry-period` 2s, `release-on-cancel` false, `write-every` 1s |
//! | `configmap-lock` | the same on a ConfigMap | the same |
//! | `session-lock` | waits in the queue of a session lock, as ZooKeeper has: ephemeral nodes and watches | `lock`, `session-timeout` 30s, `retry-period`, `release-on-cancel`, `write-every` |
//! | `ttl-lock` | takes a key that expires, as Dapr does, works, and gives it back | `lock`, `ttl` 15s, `hold` 10s, `retry-period`, `release-on-cancel`, `write-every` |
//! | `quorum` | accepts a write while it and the members that it finds in the DNS are a majority | `service` (the pod's subdomain), `members` 3, `write-every`, `dns-cache` |
//! | `client` | resolves a name and calls whoever it stands for | `target` web, `call-every` 1s, `dns-cache` 30s (or `30s/5s` for names and missing names, or `off`) |
//! | `crasher` | exits with code 1 a second after each start | `run`, `exit-code` |
//! | `slow-starter` | answers a minute after its start | `ready` |
//! | `slow-stopper` | takes a minute from SIGTERM to exit | `stop-delay` |
//! | `never-ready` | never answers its readiness probe | `ready` |
//!
//! Any other image is taken for a plain server; the console's `workloads` says so. Which images can be pulled stands in
//! [`registry`](crate::reality::registry). Of a command that is a few words of a shell (`touch /ready; sleep 30; exit 1`) the
//! course is known ([`script`]): when the container ends, and what probes find that look for its files. Annotations go
//! before it. The container of a Job's pod ends even where nothing is known of it: a command works for 10 s and succeeds,
//! an image that only starts a shell (`busybox`) ends at once, and other images are servers that never end, as they are
//! in a real Job. For every container:
//!
//! | annotation | meaning |
//! |---|---|
//! | `petri.dev/ready` | `never`: it does not say that it is ready; `true`; or how long after the start it first answers any probe |
//! | `petri.dev/live` | `never`, or how long after each start it says that it is well; for ever if absent |
//! | `petri.dev/startup` | `never`, or how long after the start its startup probe succeeds |
//! | `petri.dev/start-delay` | how long a start takes |
//! | `petri.dev/stop-delay` | how long it takes from SIGTERM to exit |
//! | `petri.dev/pre-stop` | how long a preStop hook takes that runs a command or asks over HTTP |
//! | `petri.dev/run` | it exits by itself after this long |
//! | `petri.dev/exit-code` | the exit code of `run` |
//!
//! A span is written as `500ms`, `1.5s`, `2m` or `1h30m`. What is done again and again (`write-every`, `call-every`,
//! `retry-period`, `renew-deadline`, `hold`) takes 10ms at least, and what is believed (`lease-duration`,
//! `session-timeout`, `ttl`) a second.
//!
//! With a container's name behind it, as in `petri.dev/ready.web`, an annotation is about that container alone. Init
//! containers and sidecars follow only those: an init container runs for a second and succeeds, a sidecar is a plain
//! server.
//!
//! The prefix `sim/` means the same. What a process writes is on the disk of a claim or in an `emptyDir`, and the members
//! of a quorum copy what they accept to all that they reach. A disk asks for fencing tokens if its claim has the annotation
//! `petri.dev/fencing: "on"` or its StorageClass the parameter `fencing: "on"`.

pub mod asked;
pub mod behaviour;
pub mod role;
pub mod script;

pub mod election;
pub mod lock_server;
pub mod resolver;

pub mod calls;
pub mod program;

mod host;
mod records;

mod client;
mod locks;
mod turn;

pub use behaviour::*;
pub(crate) use host::{Host, Loss};
pub(crate) use locks::expire_sessions;
pub(crate) use records::{lose_disk, lose_local_disks};
pub(crate) use turn::{begin, follow, turn};
