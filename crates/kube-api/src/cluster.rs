//! A run behind an API: one request after the other, from whoever it comes.

use crate::ask::{Answer, Ask, Body, LARGEST_BODY};
use crate::resource;
use crate::route;
use crate::run::Run;
use crate::status::{Failure, Outcome};
use crate::stream;
use crate::watch::Watchers;
use crate::write;
use crate::{discovery, openapi, petri, reviews};
use petri_objects::{Revision, Span, Time};
use petri_sim::story::recording::AGAIN;
use petri_sim::story::timeline::Timeline;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What is served.
#[derive(Debug)]
pub struct Cluster {
    pub run: Run,
    pub watchers: Watchers,
    /// Whether time goes on for clients that ask again and again, rather than to watch.
    pub waits_for_polls: bool,
    /// What was asked, what stood there, and when that was.
    asked: BTreeMap<Question, (Revision, Instant)>,
}

/// Clients that poll look again after so long at the earliest.
const POLL: Duration = Duration::from_millis(400);

/// So many questions are remembered.
const MOST_ASKED: usize = 1_000;

/// Method, path and connection.
type Question = (String, String, u64);

/// How many events happen at most before requests are looked at again.
const AT_ONCE: u64 = 2_000;

impl Cluster {
    pub fn new(timeline: Timeline) -> Cluster {
        let mut cluster = Cluster {
            run: Run::new(timeline),
            watchers: Watchers::default(),
            waits_for_polls: false,
            asked: BTreeMap::new(),
        };
        cluster.watchers.tell(&cluster.run);
        cluster
    }

    /// Answers one request, and tells whoever watches what came of it.
    pub fn answer(&mut self, ask: &Ask) -> Answer {
        if self.waits_for_polls {
            self.wait_for_polls(ask);
        }
        let answer = self.outcome(ask).unwrap_or_else(|failure| failure.answer());
        self.after();
        answer
    }

    /// Does something with the run, and tells whoever watches what came of it.
    pub fn with<T>(&mut self, act: impl FnOnce(&mut Run) -> T) -> T {
        let done = act(&mut self.run);
        self.after();
        done
    }

    /// Lets time pass up to a moment. `false` if it is not there yet: other things may be done first.
    pub fn play_until(&mut self, until: Time) -> bool {
        let there = self.run.timeline.play_for(until, AT_ONCE);
        self.after();
        there
    }

    /// Lets things happen until a client has heard of one, or so much time has passed. `false` if nobody heard anything.
    pub fn play_until_told(&mut self, most: Span) -> bool {
        let (sent, until) = (self.watchers.sent, self.run.timeline.now() + most);
        for _ in 0..AT_ONCE {
            if self.run.world().next_due().is_none_or(|due| due > until) {
                self.run.timeline.play_until(until);
                break;
            }
            if !self.run.timeline.step() {
                break;
            }
            self.after();
            if self.watchers.sent != sent {
                return true;
            }
        }
        false
    }

    /// A client that asks for an object whose state it knows waits for it to change: time goes on to where it does. One
    /// that tries an eviction again has waited for as long as kubectl waits.
    fn wait_for_polls(&mut self, ask: &Ask) {
        let place = route::place(&ask.path, self.run.objects());
        let Some(target) = place.filter(|place| place.name.is_some()).map(|place| write::target(&place)) else {
            return;
        };
        let version =
            |run: &Run| run.objects().get(&target).map_or(Revision(0), |object| object.meta().resource_version);
        let polls = match (ask.method.as_str(), ask.path.ends_with("/eviction")) {
            ("GET", _) => !ask.query.is_on("watch") && !ask.accept.contains("as=Table"),
            ("POST", true) => true,
            _ => false,
        };
        if !polls {
            return;
        }
        let question = (ask.method.clone(), ask.path.clone(), ask.connection);
        let (known, again) = (version(&self.run), ask.method == "POST");
        // Who looks twice in one breath does not wait.
        let waited = |(stood, at): &(Revision, Instant)| *stood == known && at.elapsed() >= POLL;
        if self.asked.get(&question).is_some_and(waited) {
            let until = self.run.timeline.now() + if again { AGAIN } else { Span::minutes(10) };
            while self.run.world().next_due().is_some_and(|due| due <= until) && self.run.timeline.step() {
                if !again && version(&self.run) != known {
                    break;
                }
            }
            if again {
                self.run.timeline.play_until(until);
            }
            self.after();
        }
        if self.asked.len() >= MOST_ASKED {
            self.asked.clear();
        }
        self.asked.insert(question, (version(&self.run), Instant::now()));
    }

    fn after(&mut self) {
        if !self.run.serves() {
            self.watchers.close();
        }
        self.watchers.tell(&self.run);
        let mut followed = std::mem::take(&mut self.run.memory.followed);
        followed.retain(|(pod, container, sink)| sink.is_open() && stream::runs(&self.run, pod, container));
        self.run.memory.followed = followed;
    }

    fn outcome(&mut self, ask: &Ask) -> Outcome {
        if ask.body.len() > LARGEST_BODY {
            let message = format!("Request entity too large: limit is {LARGEST_BODY}");
            return Err(Failure::new(413, "RequestEntityTooLarge", message));
        }
        let first = ask.path.split('/').find(|part| !part.is_empty()).unwrap_or_default().to_owned();
        if first == "petri" {
            return petri::answer(&mut self.run, &mut self.watchers, ask);
        }
        if !self.run.serves() {
            return Ok(Answer { body: Body::Silence, ..Answer::plain("") });
        }
        if let Some(review) = reviews::answer(&self.run, ask) {
            return review;
        }
        if let Some(place) = route::place(&ask.path, self.run.objects()) {
            return resource::answer(&mut self.run, &mut self.watchers, ask, &place);
        }
        let objects = self.run.objects();
        let known = match first.as_str() {
            "" => Some(discovery::root(objects)),
            "healthz" | "livez" | "readyz" => Some(discovery::health(ask)),
            "version" => Some(discovery::version()),
            "api" | "apis" => discovery::answer(ask, objects),
            "openapi" => openapi::answer(ask, objects),
            _ => None,
        };
        match known {
            Some(_) if ask.method != "GET" && ask.method != "HEAD" => Err(Failure::no_method()),
            Some(answer) => Ok(answer),
            None => Err(Failure::no_resource()),
        }
    }
}
