//! Locks that are kept outside of Kubernetes: sessions with ephemeral nodes, and keys that expire.
//!
//! Upstream: the lock recipe of ZooKeeper; the lock building block of Dapr on a Redis.
//!
//! Deviation: both servers are always up and never fail; a process reaches them unless its machine is cut off. Sessions
//! end at their timeout, not at the next tick of two seconds.

use crate::ground::clock::{Span, Time};
use crate::reality::machine::ProcessId;
use petri_objects::Name;
use std::collections::BTreeMap;

/// What the lock servers know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LockServers {
    /// The last transaction: sessions and nodes are numbered by it.
    pub transaction: u64,
    pub sessions: BTreeMap<u64, Session>,
    /// Ephemeral sequential nodes, by number: the lowest of each lock holds it.
    pub nodes: BTreeMap<u64, Node>,
    pub keys: BTreeMap<Name, Key>,
    /// For when an expiry is planned.
    pub planned: Option<Time>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Session {
    pub client: ProcessId,
    pub timeout: Span,
    pub expires: Time,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    pub lock: Name,
    pub session: u64,
}

/// A key that was set only because it was absent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub owner: Name,
    pub expires: Time,
}

/// Whom the record of a lock names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder<'a> {
    Owner(&'a Name, Time),
    Client(&'a ProcessId),
}

/// What an unlock came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlock {
    Success,
    DoesNotExist,
    BelongsToOthers,
}

impl LockServers {
    fn next(&mut self) -> u64 {
        self.transaction += 1;
        self.transaction
    }
    pub fn open(&mut self, client: ProcessId, timeout: Span, now: Time) -> u64 {
        let number = self.next();
        self.sessions.insert(number, Session { client, timeout, expires: now + timeout });
        number
    }
    /// A sign of life. `false` if the server has given the session up.
    pub fn touch(&mut self, session: u64, now: Time) -> bool {
        match self.sessions.get_mut(&session).filter(|session| session.expires > now) {
            Some(session) => {
                session.expires = now + session.timeout;
                true
            }
            None => false,
        }
    }
    /// Stands in the queue for a lock; the number is the fencing token of whoever gets to its head.
    pub fn queue(&mut self, lock: &Name, session: u64) -> u64 {
        let number = self.next();
        self.nodes.insert(number, Node { lock: lock.clone(), session });
        number
    }
    pub fn is_first(&self, number: u64) -> bool {
        let Some(own) = self.nodes.get(&number) else { return false };
        !self.nodes.range(..number).any(|(_, node)| node.lock == own.lock)
    }
    /// Ends a session: its nodes vanish. Says whose watches fire: those next in line.
    pub fn close(&mut self, session: u64) -> Vec<ProcessId> {
        self.sessions.remove(&session);
        let mut told = Vec::new();
        let gone: Vec<u64> = self.nodes.iter().filter(|(_, n)| n.session == session).map(|(k, _)| *k).collect();
        for number in gone {
            let Some(node) = self.nodes.remove(&number) else { continue };
            // Everybody watches only the node before their own, so one watch fires and no herd runs.
            let next = self.nodes.range(number..).find(|(_, other)| other.lock == node.lock);
            if let Some(session) = next.and_then(|(_, next)| self.sessions.get(&next.session)) {
                told.push(session.client.clone());
            }
        }
        told
    }
    /// Sessions that nobody has touched for too long end.
    pub fn expire(&mut self, now: Time) -> Vec<ProcessId> {
        let over: Vec<u64> = self.sessions.iter().filter(|(_, s)| s.expires <= now).map(|(k, _)| *k).collect();
        over.into_iter().flat_map(|session| self.close(session)).collect()
    }
    /// The sessions that want a session lock, by their numbers: the first holds it.
    pub fn line<'a>(&'a self, lock: &'a str) -> impl Iterator<Item = (u64, &'a Session)> {
        let own = self.nodes.iter().filter(move |(_, node)| &*node.lock == lock);
        own.filter_map(|(number, node)| Some((*number, self.sessions.get(&node.session)?)))
    }
    /// Who holds each lock, by its record: the owner of a key and when that ends by itself, or the process whose
    /// session is the first in line.
    pub fn holders(&self, now: Time) -> Vec<(&Name, Holder<'_>)> {
        let keys = self.keys.iter().filter(|(_, key)| key.expires > now);
        let mut holders: Vec<_> = keys.map(|(lock, key)| (lock, Holder::Owner(&key.owner, key.expires))).collect();
        for node in self.nodes.values() {
            let known = holders.iter().any(|(lock, _)| **lock == node.lock);
            if let Some(session) = self.sessions.get(&node.session).filter(|_| !known) {
                holders.push((&node.lock, Holder::Client(&session.client)));
            }
        }
        holders
    }
    pub fn next_expiry(&self) -> Option<Time> {
        self.sessions.values().map(|session| session.expires).min()
    }

    /// Sets the key if it is absent, for so long by the server's clock.
    pub fn try_lock(&mut self, lock: &Name, owner: &Name, ttl: Span, now: Time) -> bool {
        if self.keys.get(lock).is_some_and(|key| key.expires > now) {
            return false;
        }
        self.keys.insert(lock.clone(), Key { owner: owner.clone(), expires: now + ttl });
        true
    }
    pub fn unlock(&mut self, lock: &Name, owner: &Name, now: Time) -> Unlock {
        match self.keys.get(lock).filter(|key| key.expires > now) {
            None => Unlock::DoesNotExist,
            Some(key) if key.owner != *owner => Unlock::BelongsToOthers,
            Some(_) => {
                self.keys.remove(lock);
                Unlock::Success
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use petri_objects::Uid;

    fn client(uid: u64) -> ProcessId {
        ProcessId { pod: Uid(uid), container: "c".into() }
    }

    #[test]
    fn the_lowest_node_holds_and_only_the_next_in_line_is_told() {
        let (mut servers, lock) = (LockServers::default(), Name::from("leader"));
        let sessions: Vec<u64> = (1..=3).map(|uid| servers.open(client(uid), Span::seconds(30), Time::ZERO)).collect();
        let nodes: Vec<u64> = sessions.iter().map(|session| servers.queue(&lock, *session)).collect();
        assert_eq!(nodes.iter().map(|node| servers.is_first(*node)).collect::<Vec<_>>(), [true, false, false]);
        assert!(servers.touch(sessions[1], Time::ZERO + Span::seconds(20)));
        assert!(servers.touch(sessions[2], Time::ZERO + Span::seconds(20)));
        assert_eq!(servers.expire(Time::ZERO + Span::seconds(30)), [client(2)]);
        assert!(servers.is_first(nodes[1]));
        assert!(!servers.touch(sessions[0], Time::ZERO + Span::seconds(31)), "the session is over");
    }

    #[test]
    fn a_key_belongs_to_its_owner_until_it_expires() {
        let (mut servers, lock) = (LockServers::default(), Name::from("leader"));
        let at = |seconds| Time::ZERO + Span::seconds(seconds);
        let (a, b) = (Name::from("a"), Name::from("b"));
        assert!(servers.try_lock(&lock, &a, Span::seconds(15), at(0)));
        assert!(!servers.try_lock(&lock, &b, Span::seconds(15), at(14)));
        assert_eq!(servers.unlock(&lock, &b, at(14)), Unlock::BelongsToOthers);
        assert!(servers.try_lock(&lock, &b, Span::seconds(15), at(15)));
        assert_eq!(servers.unlock(&lock, &a, at(16)), Unlock::BelongsToOthers);
        assert_eq!(servers.unlock(&lock, &b, at(16)), Unlock::Success);
        assert_eq!(servers.unlock(&lock, &b, at(16)), Unlock::DoesNotExist);
    }
}
