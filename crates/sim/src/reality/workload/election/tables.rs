//! Upstream's own tables for leader election: `client-go/tools/leaderelection/leaderelection_test.go`
//! (`TestTryAcquireOrRenewLeases`, `TestTryCoordinatedRenew`, `TestFastPathLeaderElection`, `TestReleaseLeaseLeases`,
//! `TestReleaseMethodCallsGet`, `TestReleaseOnCancellation_Leases`), and what its package comment promises.

use super::*;

const NOW: Time = Time(1_767_225_600_000_000);
const ME: &str = "baz";

/// An API server with one record, which refuses some requests.
struct Store {
    object: Option<Object>,
    /// Verbs that are refused, in order; `get` fails once for each time it is listed.
    refuses: Vec<&'static str>,
    asked: Vec<&'static str>,
}

impl Store {
    fn serve(&mut self, request: Request) -> Reply {
        let verb = match &request {
            Request::Get(_) => "get",
            Request::Create(_) => "create",
            Request::Update(_) => "update",
            other => panic!("{other:?}"),
        };
        self.asked.push(verb);
        if let Some(at) = self.refuses.iter().position(|refused| *refused == verb) {
            self.refuses.remove(at);
            return Err(ApiError::Unreachable);
        }
        match request {
            Request::Get(target) => {
                self.object.clone().ok_or_else(|| ApiError::not_found(target.kind, target.name.clone()))
            }
            Request::Create(object) | Request::Update(object) => {
                self.object = Some(object.clone());
                Ok(object)
            }
            _ => unreachable!("only these three were let through"),
        }
    }
}

fn lock(kind: Kind) -> ObjectRef {
    ObjectRef::new(kind, "default", "leader")
}

/// `bing 15 x2`: held by bing, for fifteen seconds, after two changes of hands. `-` is nobody.
fn record(text: &str, kind: Kind) -> Option<Object> {
    let mut words = text.split(' ');
    let who = words.next().filter(|word| !word.is_empty())?;
    let mut object = empty(&lock(kind));
    let seconds = words.next().and_then(|word| word.parse().ok());
    if let Some(seconds) = seconds {
        let transitions = words.next().and_then(|word| word.strip_prefix('x')?.parse().ok()).unwrap_or(0);
        let who = if who == "-" { "" } else { who };
        let before = NOW - Span::seconds(100);
        write(&mut object, &who.into(), seconds, Some(before), before, transitions);
    }
    Some(object)
}

fn stand<'a>(id: &'a Name, lock: &'a ObjectRef) -> Stand<'a> {
    let [duration, deadline, retry] = [15, 10, 2].map(Span::seconds);
    Stand { id, lock, duration, deadline, retry }
}

#[test]
fn one_try_to_acquire_or_to_renew() {
    struct Row {
        what: &'static str,
        stored: &'static str,
        /// The record that was seen before, and how many milliseconds ago it first looked so.
        seen: Option<(&'static str, u64)>,
        refuses: &'static [&'static str],
        asked: &'static [&'static str],
        /// The record afterwards; the lock is mine if it says so.
        after: &'static str,
        succeeds: bool,
    }
    const fn row(
        what: &'static str,
        stored: &'static str,
        seen: Option<(&'static str, u64)>,
        asked: &'static [&'static str],
        after: &'static str,
        succeeds: bool,
    ) -> Row {
        Row { what, stored, seen, refuses: &[], asked, after, succeeds }
    }
    const GET: &[&str] = &["get"];
    const TAKE: &[&str] = &["get", "update"];
    const FAST: &[&str] = &["update"];
    const SLOW: &[&str] = &["update", "get", "update"];
    let table = [
        row("there is no record", "", None, &["get", "create"], "baz 15", true),
        row("a record without any field", "-", None, TAKE, "baz 15 x1", true),
        row("a record that nobody holds", "- 0 x0", None, TAKE, "baz 15 x1", true),
        row("held for three seconds, never seen before", "bing 3", None, GET, "bing 3", false),
        row(
            "held for three seconds, seen three seconds ago",
            "bing 3",
            Some(("bing 3", 3_000)),
            TAKE,
            "baz 15 x1",
            true,
        ),
        row("held for no time, seen long ago", "bing 0", Some(("bing 0", 3_600_000)), TAKE, "baz 15 x1", true),
        row("held by nobody, seen just now", "- 15", Some(("- 15", 0)), TAKE, "baz 15 x1", true),
        row("held by another, seen just now", "bing 15", Some(("bing 15", 0)), GET, "bing 15", false),
        row("held by another until the next millisecond", "bing 15", Some(("bing 15", 14_999)), GET, "bing 15", false),
        row("held by another until now", "bing 15", Some(("bing 15", 15_000)), TAKE, "baz 15 x1", true),
        row("the holder's duration counts, not mine", "bing 60", Some(("bing 60", 59_000)), GET, "bing 60", false),
        row("a shorter duration of the holder's", "bing 5 x4", Some(("bing 5 x4", 5_000)), TAKE, "baz 15 x5", true),
        row(
            "renewed since, so the time begins anew",
            "bing 15 x1",
            Some(("bing 15", 60_000)),
            GET,
            "bing 15 x1",
            false,
        ),
        row("another holder since", "bong 15", Some(("bing 15", 60_000)), GET, "bong 15", false),
        row("given back by its holder", "- 1 x3", Some(("bing 15 x3", 1_000)), TAKE, "baz 15 x4", true),
        row("mine, and seen as such", "baz 15", Some(("baz 15", 2_000)), FAST, "baz 15", true),
        row("mine, after changes of hands", "baz 15 x7", Some(("baz 15 x7", 2_000)), FAST, "baz 15 x7", true),
        row("mine, but not renewed in time", "baz 15", Some(("baz 15", 15_000)), TAKE, "baz 15", true),
        row("mine, from an earlier life of that name", "baz 15 x2", None, TAKE, "baz 15 x2", true),
        row("mine once, another's by now", "bing 15 x1", Some(("baz 0", 1_000)), GET, "bing 15 x1", false),
        Row {
            refuses: &["update"],
            ..row("mine, and the fast write is refused once", "baz 15", Some(("baz 15", 2_000)), SLOW, "baz 15", true)
        },
        Row {
            refuses: &["update", "update"],
            ..row("mine, and every write is refused", "baz 15", Some(("baz 15", 2_000)), SLOW, "baz 15", false)
        },
        Row {
            refuses: &["update", "get"],
            ..row("mine, and nobody answers", "baz 15", Some(("baz 15", 2_000)), &["update", "get"], "baz 15", false)
        },
        Row {
            refuses: &["update"],
            ..row(
                "I think that it is mine, and another has it",
                "bing 15 x1",
                Some(("baz 15", 2_000)),
                &["update", "get"],
                "bing 15 x1",
                false,
            )
        },
        Row { refuses: &["get"], ..row("nobody answers", "bing 15", None, GET, "bing 15", false) },
        Row {
            refuses: &["create"],
            ..row("another creates the record first", "", None, &["get", "create"], "", false)
        },
        Row { refuses: &["update"], ..row("another takes it first", "- 1", None, TAKE, "- 1", false) },
    ];
    for kind in [Kind::Lease, Kind::ConfigMap] {
        for row in &table {
            let (id, lock) = (Name::from(ME), lock(kind));
            let seen = row.seen.and_then(|(text, ago)| Some((record(text, kind)?, NOW - Span::millis(ago))));
            let mut hold = Hold { seen, ..Hold::default() };
            let mut store =
                Store { object: record(row.stored, kind), refuses: row.refuses.to_vec(), asked: Vec::new() };
            let result = stand(&id, &lock).attempt(&mut hold, NOW, NOW, &mut |request| store.serve(request));
            let what = row.what;
            assert_eq!(result.is_ok(), row.succeeds, "{what}: {result:?}");
            assert_eq!(store.asked, row.asked, "{what}");
            let (after, wanted) = (store.object, record(row.after, kind));
            assert_eq!(after.as_ref().map(holder), wanted.as_ref().map(holder), "{what}");
            assert_eq!(after.as_ref().map(seconds), wanted.as_ref().map(seconds), "{what}");
            assert_eq!(after.as_ref().map(transitions), wanted.as_ref().map(transitions), "{what}");
            if let Ok(count) = result {
                assert_eq!(Some(count), after.as_ref().map(transitions), "{what}: the fencing token");
                assert!(hold.seen.as_ref().is_some_and(|(_, at)| *at == NOW), "{what}: its own write is news");
            }
        }
    }
}

#[test]
fn a_renewal_leaves_the_time_of_the_acquisition_as_it_is() {
    let (id, lock) = (Name::from(ME), lock(Kind::Lease));
    let mut hold = Hold::default();
    let mut store = Store { object: None, refuses: Vec::new(), asked: Vec::new() };
    for second in [0, 2, 4] {
        let now = NOW + Span::seconds(second);
        stand(&id, &lock).attempt(&mut hold, now, now, &mut |request| store.serve(request)).expect("it is alone");
        let Some(Object::Lease(lease)) = &store.object else { panic!("it is a Lease") };
        assert_eq!((lease.spec.acquire_time.0, lease.spec.renew_time.0), (NOW, now));
    }
    assert_eq!(store.asked, ["get", "create", "update", "update"], "a leader need not read");
}

#[test]
fn giving_the_lock_back() {
    // What is stored, what is refused; what is asked, what is stored then, whether it was given back.
    type Row = (&'static str, &'static [&'static str], &'static [&'static str], &'static str, bool);
    const TABLE: [Row; 6] = [
        ("baz 15", &[], &["get", "update"], "- 1", true),
        ("baz 15 x3", &[], &["get", "update"], "- 1 x3", true),
        ("bing 15 x1", &[], &["get"], "bing 15 x1", false),
        ("- 1 x1", &[], &["get"], "- 1 x1", false),
        ("", &[], &["get"], "", false),
        ("baz 15", &["get"], &["get"], "baz 15", false),
    ];
    for kind in [Kind::Lease, Kind::ConfigMap] {
        for (stored, refuses, asked, after, given) in TABLE {
            let (id, lock) = (Name::from(ME), lock(kind));
            let mut store = Store { object: record(stored, kind), refuses: refuses.to_vec(), asked: Vec::new() };
            assert_eq!(stand(&id, &lock).release(NOW, &mut |request| store.serve(request)), given, "{stored}");
            assert_eq!(store.asked, asked, "{stored}");
            let wanted = record(after, kind);
            assert_eq!(store.object.as_ref().map(holder), wanted.as_ref().map(holder), "{stored}");
            assert_eq!(store.object.as_ref().map(seconds), wanted.as_ref().map(seconds), "{stored}");
            assert_eq!(store.object.as_ref().map(transitions), wanted.as_ref().map(transitions), "{stored}");
        }
    }
}

/// A leader tries every two seconds and gives up ten seconds after its first failure; the others wait a little longer
/// than two seconds each time.
#[test]
fn how_long_a_leader_tries_and_a_follower_waits() {
    // Whether it leads, since when its tries fail, whether this one does; how long to wait, whether its time is over.
    type Row = (bool, Option<u64>, bool, u64, bool);
    const TABLE: [Row; 9] = [
        (true, None, false, 2_000, false),
        (true, None, true, 2_000, false),
        (true, Some(2_000), true, 2_000, false),
        (true, Some(8_000), true, 2_000, false),
        (true, Some(9_000), true, 1_000, false),
        (true, Some(9_999), true, 1, false),
        (true, Some(10_000), true, 0, true),
        (true, Some(9_999), false, 2_000, false),
        (false, None, true, 3_700, false),
    ];
    for (leads, failing, fails, wait, over) in TABLE {
        let (id, lock) = (Name::from(ME), lock(Kind::Lease));
        let failing_since = failing.map(|ago| NOW - Span::millis(ago));
        let mut hold = Hold { acts: leads, failing_since, ..Hold::default() };
        let stand = stand(&id, &lock);
        assert_eq!(stand.is_over(&hold, NOW), over, "{failing:?}");
        let refuses = if fails { vec!["get"] } else { Vec::new() };
        let mut store = Store { object: record("baz 15", Kind::Lease), refuses, asked: Vec::new() };
        let result = stand.attempt(&mut hold, NOW, NOW, &mut |request| store.serve(request));
        assert_eq!(result.is_err(), fails);
        assert_eq!(hold.failing_since.is_some(), leads && fails);
        assert_eq!(stand.wait(&hold, NOW, Span::millis(3_700)), Span::millis(wait), "{failing:?}, {fails}");
    }
}
