//! What was written to a disk, by whom and in which order, and what the disk refused.

use crate::ground::clock::Time;
pub use crate::words::note::Verdict;
use petri_objects::{Name, Uid};

/// How many entries a disk remembers.
const ENTRIES: usize = 64;

/// Records that arrived at a disk, from processes that declare what they write.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Journal {
    /// Whether the disk asks for a fencing token, and refuses those lower than one that it has seen.
    pub fenced: bool,
    /// Whether the disk refuses every write: its file system was mounted anew after an error, for reading only.
    pub read_only: bool,
    /// The earliest first; records that follow each other and differ in nothing but time share an entry.
    pub entries: Vec<Entry>,
    /// Records that were acknowledged, and those that were refused.
    pub accepted: u64,
    pub refused: u64,
    /// Acknowledged records of a holder that had a successor on this disk already.
    pub stale: u64,
    /// One for each lock whose holders have written.
    pub fences: Vec<Fence>,
    /// A quorum member's copy of what its quorum has acknowledged.
    pub copy: Option<Copy>,
}

/// A copy of a quorum's records.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Copy {
    /// `default/q`.
    pub quorum: Name,
    /// The number of the last record in it.
    pub upto: u64,
}

/// What a disk knows about a lock: tokens of different locks have nothing to do with each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fence {
    pub lock: Name,
    /// The highest fencing token that the disk has seen.
    pub highest: Option<u64>,
    /// The latest holder whose record is on the disk, in the true order of holders.
    latest: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    pub node: Name,
    pub pod: Name,
    pub uid: Uid,
    pub token: Option<u64>,
    /// The true number of the holder's tenure; 0 for writers without a lock.
    pub term: u64,
    pub verdict: Verdict,
    pub first: Time,
    pub last: Time,
    pub count: u64,
}

/// Who writes, and in which right.
pub struct Writer<'a> {
    pub node: &'a Name,
    pub pod: &'a Name,
    pub uid: Uid,
    /// Empty for writers without a lock.
    pub lock: &'a Name,
    pub token: Option<u64>,
    pub term: u64,
}

impl Journal {
    /// Whether the last record began an entry: it differed from the one before in more than time.
    pub fn has_news(&self) -> bool {
        self.entries.last().is_some_and(|entry| entry.count == 1)
    }

    /// A record arrives.
    pub fn record(&mut self, writer: &Writer<'_>, now: Time) -> Verdict {
        let index = self.fences.iter().position(|fence| fence.lock == *writer.lock).unwrap_or(self.fences.len());
        if index == self.fences.len() {
            self.fences.push(Fence { lock: writer.lock.clone(), ..Fence::default() });
        }
        let fence = &mut self.fences[index];
        let old = matches!((writer.token, fence.highest), (Some(token), Some(highest)) if token < highest);
        let verdict = match writer.token {
            _ if self.read_only => Verdict::RefusedReadOnly,
            None if self.fenced => Verdict::RefusedNoToken,
            _ if self.fenced && old => Verdict::RefusedOldToken,
            // Writers without a lock have no order that could be broken.
            _ if writer.term > 0 && writer.term < fence.latest => Verdict::AcceptedStale,
            _ => Verdict::Accepted,
        };
        if verdict.is_accepted() {
            self.accepted += 1;
            self.stale += u64::from(verdict == Verdict::AcceptedStale);
            fence.latest = fence.latest.max(writer.term);
            fence.highest = fence.highest.max(writer.token);
        } else {
            self.refused += 1;
        }
        self.note(writer, verdict, now);
        verdict
    }

    fn note(&mut self, writer: &Writer<'_>, verdict: Verdict, now: Time) {
        if let Some(last) = self.entries.last_mut()
            && (last.uid, last.token, last.term, last.verdict) == (writer.uid, writer.token, writer.term, verdict)
        {
            last.last = now;
            last.count += 1;
            return;
        }
        if self.entries.len() >= ENTRIES {
            self.entries.remove(0);
        }
        self.entries.push(Entry {
            node: writer.node.clone(),
            pod: writer.pod.clone(),
            uid: writer.uid,
            token: writer.token,
            term: writer.term,
            verdict,
            first: now,
            last: now,
            count: 1,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(journal: &mut Journal, uid: u64, token: Option<u64>, term: u64, at: u64) -> Verdict {
        let (node, pod, lock) = (Name::from("node"), Name::from("pod"), Name::from("lock"));
        journal.record(&Writer { node: &node, pod: &pod, uid: Uid(uid), lock: &lock, token, term }, Time(at))
    }

    #[test]
    fn a_fenced_disk_refuses_what_comes_from_the_past() {
        let mut journal = Journal { fenced: true, ..Journal::default() };
        assert_eq!(write(&mut journal, 1, Some(4), 1, 1), Verdict::Accepted);
        assert_eq!(write(&mut journal, 2, Some(5), 2, 2), Verdict::Accepted);
        assert_eq!(write(&mut journal, 1, Some(4), 1, 3), Verdict::RefusedOldToken);
        assert_eq!(write(&mut journal, 3, None, 0, 4), Verdict::RefusedNoToken);
        assert_eq!((journal.accepted, journal.refused, journal.stale), (2, 2, 0));
    }

    #[test]
    fn without_fencing_a_stale_record_is_accepted_and_told() {
        let mut journal = Journal::default();
        for (uid, term, verdict) in
            [(1, 1, Verdict::Accepted), (2, 2, Verdict::Accepted), (1, 1, Verdict::AcceptedStale)]
        {
            assert_eq!(write(&mut journal, uid, Some(term), term, term), verdict);
        }
        assert_eq!(write(&mut journal, 9, None, 0, 9), Verdict::Accepted, "a writer without a lock is never stale");
        assert_eq!(journal.stale, 1);
    }

    #[test]
    fn a_read_only_disk_refuses_even_the_holder() {
        let mut journal = Journal { fenced: true, read_only: true, ..Journal::default() };
        assert_eq!(write(&mut journal, 1, Some(4), 1, 1), Verdict::RefusedReadOnly);
        journal.read_only = false;
        assert_eq!(write(&mut journal, 1, Some(4), 1, 2), Verdict::Accepted);
        assert_eq!((journal.accepted, journal.refused), (1, 1));
    }

    #[test]
    fn records_in_a_row_share_an_entry() {
        let mut journal = Journal::default();
        for at in 1..=5 {
            write(&mut journal, 1, None, 0, at);
        }
        write(&mut journal, 2, None, 0, 6);
        let entries: Vec<_> = journal.entries.iter().map(|e| (e.uid, e.first, e.last, e.count)).collect();
        assert_eq!(entries, [(Uid(1), Time(1), Time(5), 5), (Uid(2), Time(6), Time(6), 1)]);
    }
}
