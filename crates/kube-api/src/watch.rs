//! Watches: what changes is told as it happens, from a version on.
//!
//! The notes of the run are the history: whoever names an older version is told everything since, up to where the server
//! has forgotten.
//!
//! Upstream: `apiserver/pkg/endpoints/handlers/watch.go`, `apiserver/pkg/storage/cacher`.

use crate::ask::{Answer, Ask, Body};
use crate::form::{Form, Wanted};
use crate::list;
use crate::route::Place;
use crate::run::Run;
use crate::status::{Failure, Outcome};
use crate::store::{MOST_WATCHERS, Sink, map};
use crate::table::{self, list_metadata, metadata_of};
use petri_console::select::Filter;
use petri_objects::{Kind, Object, Revision, Value};
use petri_sim::words::note::{Note, Verb, What};

/// Everybody who watches.
#[derive(Debug, Default)]
pub struct Watchers {
    open: Vec<Watcher>,
    /// How many notes of the run were told.
    told: usize,
    /// How many lines were sent so far.
    pub sent: u64,
}

#[derive(Debug)]
struct Watcher {
    kind: Kind,
    api_version: String,
    filter: Filter,
    form: Form,
    /// What happened up to here is known.
    seen: Revision,
    /// A table's columns are told once.
    headed: bool,
    bookmarks: bool,
    sink: Sink,
}

impl Watchers {
    /// Somebody begins to watch.
    ///
    /// # Errors
    /// Selectors that cannot be read, or too many clients.
    pub fn open(&mut self, run: &Run, ask: &Ask, place: &Place, wanted: Wanted) -> Outcome {
        let filter = list::filter(ask, place)?;
        let asked = list::version(ask)?;
        self.open.retain(|watcher| watcher.sink.is_open());
        if self.open.len() >= MOST_WATCHERS {
            let message = "too many requests, please try again later";
            return Err(Failure { retry_after: Some(1), ..Failure::new(429, "TooManyRequests", message) });
        }
        let (sink, stream) = Sink::open();
        let mut watcher = Watcher {
            kind: place.served.kind,
            api_version: place.served.api_version.clone(),
            filter,
            form: wanted.form,
            seen: run.revision(),
            headed: false,
            bookmarks: ask.query.is_on("allowWatchBookmarks"),
            sink,
        };
        let initial = ask.query.is_on("sendInitialEvents");
        if initial || asked == Revision(0) {
            let held = watcher.filter.list(run.objects(), watcher.kind);
            for object in &held {
                watcher.tell("ADDED", object, run);
            }
            if initial && watcher.bookmarks {
                watcher.bookmark(run, true);
            }
            self.sent += held.len() as u64;
        } else if asked < run.memory.forgotten {
            let message = format!("too old resource version: {} ({})", asked.0, run.memory.forgotten.0);
            watcher.sink.send(line("ERROR", Failure::expired(message).status()));
            // The stream ends with the watcher.
            return Ok(streaming(Body::Stream(stream)));
        } else {
            watcher.seen = asked;
            for note in run.timeline.notes_until_now() {
                watcher.hear(note, run);
            }
        }
        self.open.push(watcher);
        Ok(streaming(Body::Stream(stream)))
    }

    /// Tells everybody what happened since the last time.
    pub fn tell(&mut self, run: &Run) {
        let notes = run.timeline.notes_until_now();
        let news = notes.get(self.told..).unwrap_or_default();
        self.told = notes.len();
        if news.is_empty() {
            return;
        }
        let mut sent = 0;
        self.open.retain_mut(|watcher| {
            sent += news.iter().filter(|note| watcher.hear(note, run)).count();
            watcher.sink.is_open()
        });
        self.sent += sent as u64;
    }

    /// Tells those who want it how far they are.
    pub fn bookmark(&mut self, run: &Run) {
        for watcher in self.open.iter_mut().filter(|watcher| watcher.bookmarks) {
            watcher.bookmark(run, false);
        }
        self.open.retain(|watcher| watcher.sink.is_open());
    }

    /// Ends all watches, as an API server that stops does.
    pub fn close(&mut self) -> usize {
        std::mem::take(&mut self.open).len()
    }
    /// How many clients watch.
    pub fn count(&self) -> usize {
        self.open.iter().filter(|watcher| watcher.sink.is_open()).count()
    }
    /// Whether all that was said was taken.
    pub fn are_up_to_date(&self) -> bool {
        self.open.iter().all(|watcher| watcher.sink.pending() == 0)
    }
}

fn streaming(body: Body) -> Answer {
    Answer { body, ..Answer::text(200, crate::ask::JSON, "") }
}

fn line(kind: &str, object: Value) -> String {
    map([("type", kind.into()), ("object", object)]).to_json() + "\n"
}

impl Watcher {
    /// Whether a note was news to this client.
    fn hear(&mut self, note: &Note, run: &Run) -> bool {
        let What::Write { revision, target, verb, object, old, .. } = &note.what else { return false };
        if *revision <= self.seen || target.kind != self.kind {
            return false;
        }
        self.seen = *revision;
        let is = *verb != Verb::Deleted && self.filter.matches(object);
        let was = match verb {
            Verb::Created => false,
            Verb::Deleted => self.filter.matches(object),
            Verb::Updated | Verb::MarkedForDeletion => old.as_ref().is_some_and(|old| self.filter.matches(old)),
        };
        match (was, is) {
            (false, false) => false,
            (false, true) => self.tell("ADDED", object, run),
            (true, true) => self.tell("MODIFIED", object, run),
            (true, false) => {
                // The object as it last was, as of the write that took it away.
                let mut last = old.clone().filter(|_| *verb != Verb::Deleted).unwrap_or_else(|| object.clone());
                last.meta_mut().resource_version = *revision;
                self.tell("DELETED", &last, run)
            }
        }
    }

    fn tell(&mut self, kind: &str, object: &Object, run: &Run) -> bool {
        let value = match self.form {
            Form::Whole => run.show(object, &self.api_version),
            Form::Metadata => metadata_of(&run.show(object, &self.api_version)),
            Form::Table(included) => {
                let headers = !std::mem::replace(&mut self.headed, true);
                let metadata = list_metadata(object.meta().resource_version, None);
                let version = self.api_version.clone();
                let show = |object: &Object| run.show(object, &version);
                let one = std::slice::from_ref(object);
                table::table(self.kind, one, included, run.world().now, metadata, headers, &show)
            }
        };
        self.send(line(kind, value))
    }

    fn bookmark(&mut self, run: &Run, initial: bool) {
        let mut metadata = vec![("resourceVersion", Value::from(run.revision().0.to_string().as_str()))];
        if initial {
            metadata.push(("annotations", map([("k8s.io/initial-events-end", "true".into())])));
        }
        let object = map([
            ("kind", self.kind.name().into()),
            ("apiVersion", Value::from(self.api_version.as_str())),
            ("metadata", map(metadata)),
        ]);
        let object = match self.form {
            Form::Whole => object,
            Form::Metadata => metadata_of(&object),
            Form::Table(_) => map([
                ("kind", "Table".into()),
                ("apiVersion", "meta.k8s.io/v1".into()),
                ("metadata", list_metadata(run.revision(), None)),
                ("columnDefinitions", Value::Null),
                (
                    "rows",
                    Value::List(vec![map([("cells", Value::List(Vec::new())), ("object", metadata_of(&object))])]),
                ),
            ]),
        };
        self.send(line("BOOKMARK", object));
    }

    /// Who does not read fast enough is let go.
    fn send(&mut self, line: String) -> bool {
        let sent = self.sink.send(line);
        if !sent {
            self.sink = Sink::open().0;
        }
        sent
    }
}
