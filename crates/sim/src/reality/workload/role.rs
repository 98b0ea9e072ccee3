//! What a container is told to do, as data: the image or the annotations of its pod say it.

use super::asked::Asked;
use super::behaviour::{annotation, image_word};
use crate::ground::clock::Span;
use petri_objects::{Container, Labels, Name, Pod};

/// What a process does beside answering.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// It writes a record to its disk again and again.
    Writer { every: Span },
    /// It wants to be the only one, and writes to its disk while it believes that it is.
    Holder(Candidacy),
    /// It accepts writes while a majority of the members can be reached.
    Member { service: Name, members: u32, every: Span, cache: CacheLimits },
    /// It calls a name again and again.
    Client { target: Name, every: Span, cache: CacheLimits },
}

/// How a process tries to be the only one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Candidacy {
    pub kind: LockKind,
    pub lock: Name,
    /// Between two records, while it holds the lock and has a disk.
    pub every: Span,
    /// How long the lock outlives the last sign of its holder: lease duration, session timeout, or TTL.
    pub duration: Span,
    /// How long a holder tries to renew before it gives up. For a TTL lock: how long it works before it unlocks.
    pub deadline: Span,
    pub retry: Span,
    /// Whether it gives the lock back when it is asked to stop.
    pub releases: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockKind {
    Lease,
    ConfigMap,
    Session,
    Ttl,
}

/// For how long answers of the DNS are kept at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CacheLimits {
    pub positive: Span,
    pub negative: Span,
}

impl LockKind {
    pub fn as_str(self) -> &'static str {
        match self {
            LockKind::Lease => "lease",
            LockKind::ConfigMap => "configmap",
            LockKind::Session => "session",
            LockKind::Ttl => "ttl",
        }
    }
}

impl CacheLimits {
    /// `30s/5s`: positive and negative answers; `5s`: both; `off`.
    fn read(text: Option<&str>) -> CacheLimits {
        let same = |span| CacheLimits { positive: span, negative: span };
        let read = |text: &str| Asked::DnsCache.read(text).unwrap_or_default();
        let Some(text) = text else { return same(Span::seconds(u64::from(crate::reality::dns::TTL))) };
        match text.split_once('/') {
            Some((positive, negative)) => CacheLimits { positive: read(positive), negative: read(negative) },
            None => same(read(text)),
        }
    }
}

impl Role {
    /// What it does, for people.
    pub fn sentence(&self) -> String {
        match self {
            Role::Writer { every } => format!("writes a record to its disk every {every}"),
            Role::Holder(c) => {
                let lock = &c.lock;
                match c.kind {
                    LockKind::Lease => format!("elects a leader on the Lease {lock}"),
                    LockKind::ConfigMap => format!("elects a leader on the ConfigMap {lock}"),
                    LockKind::Session => format!("waits for the session lock {lock}"),
                    LockKind::Ttl => format!("waits for the TTL lock {lock}"),
                }
            }
            Role::Member { service, members, .. } => {
                format!("accepts writes while a majority of {members} members of {service} can be reached")
            }
            Role::Client { target, every, .. } => format!("calls {target} every {every}"),
        }
    }
}

/// The word that names the behaviour: of the annotation `workload`, or of an image `petri.dev/WORD:TAG`.
pub fn word<'a>(notes: &'a Labels, image: &'a str) -> Option<&'a str> {
    if let Some(word) = annotation(notes, "workload") {
        return Some(word);
    }
    image_word(image)
}

/// Whether the word is one of the table.
pub fn is_known(word: &str) -> bool {
    const PLAIN: [&str; 5] = ["server", "crasher", "slow-starter", "slow-stopper", "never-ready"];
    const ACTIVE: [&str; 7] = ["writer", "elector", "configmap-lock", "session-lock", "ttl-lock", "quorum", "client"];
    PLAIN.contains(&word) || ACTIVE.contains(&word)
}

/// What a container does beside answering; `None` for servers.
pub fn role(pod: &Pod, container: &Container) -> Option<Role> {
    let notes = &pod.metadata.annotations;
    let text = |key: &str| annotation(notes, key);
    let span = |asked: Asked, default: u64| {
        text(asked.key()).and_then(|text| asked.read(text)).unwrap_or(Span::seconds(default))
    };
    let every = |asked: Asked| span(asked, 1);
    let cache = || CacheLimits::read(text(Asked::DnsCache.key()));
    let holder = |kind, default: u64, duration: Asked, deadline: Asked| {
        Some(Role::Holder(Candidacy {
            kind,
            lock: text("lock").unwrap_or("leader").into(),
            every: every(Asked::WriteEvery),
            duration: span(duration, default),
            deadline: span(deadline, 10),
            retry: span(Asked::RetryPeriod, 2),
            releases: text("release-on-cancel") == Some("true"),
        }))
    };
    match word(notes, &container.image)? {
        "writer" => Some(Role::Writer { every: every(Asked::WriteEvery) }),
        "elector" => holder(LockKind::Lease, 15, Asked::LeaseDuration, Asked::RenewDeadline),
        "configmap-lock" => holder(LockKind::ConfigMap, 15, Asked::LeaseDuration, Asked::RenewDeadline),
        "session-lock" => holder(LockKind::Session, 30, Asked::SessionTimeout, Asked::RenewDeadline),
        "ttl-lock" => holder(LockKind::Ttl, 15, Asked::TimeToLive, Asked::Hold),
        "quorum" => Some(Role::Member {
            service: text("service").map_or_else(|| pod.spec.subdomain.clone(), Name::from),
            members: text("members").and_then(|count| count.parse().ok()).unwrap_or(3),
            every: every(Asked::WriteEvery),
            cache: cache(),
        }),
        "client" => Some(Role::Client {
            target: text("target").unwrap_or("web").into(),
            every: every(Asked::CallEvery),
            cache: cache(),
        }),
        _ => None,
    }
}

/// What the process of a container does, in one sentence.
pub fn sentence(pod: &Pod, container: &Container) -> String {
    let notes = &pod.metadata.annotations;
    if let Some(role) = role(pod, container) {
        return role.sentence();
    }
    match word(notes, &container.image) {
        Some("server") => "answers".into(),
        Some("crasher") => "exits with code 1 soon after each start".into(),
        Some("slow-starter") => "answers a minute after its start".into(),
        Some("slow-stopper") => "takes a minute to stop".into(),
        Some("never-ready") => "never answers its readiness probe".into(),
        Some(word) => format!("answers: \"{word}\" is no known workload, so it is taken for a plain server"),
        None => "answers: nothing else is declared, so it is taken for a plain server".into(),
    }
}
