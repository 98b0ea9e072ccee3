//! A run behind an API: one request after the other, from whoever it comes.

use crate::ask::{Answer, Ask, Body, LARGEST_BODY};
use crate::resource;
use crate::route;
use crate::run::Run;
use crate::status::{Failure, Outcome};
use crate::watch::Watchers;
use crate::{discovery, openapi, petri, reviews};
use petri_objects::{Span, Time};
use petri_sim::story::timeline::Timeline;

/// What is served.
#[derive(Debug)]
pub struct Cluster {
    pub run: Run,
    pub watchers: Watchers,
}

/// How many events happen at most before requests are looked at again.
const AT_ONCE: u64 = 2_000;

impl Cluster {
    pub fn new(timeline: Timeline) -> Cluster {
        let mut cluster = Cluster { run: Run::new(timeline), watchers: Watchers::default() };
        cluster.watchers.tell(&cluster.run);
        cluster
    }

    /// Answers one request, and tells whoever watches what came of it.
    pub fn answer(&mut self, ask: &Ask) -> Answer {
        let answer = self.outcome(ask).unwrap_or_else(|failure| failure.answer());
        self.after();
        answer
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
            if self.run.world().next_due().is_none_or(|due| due > until) || !self.run.timeline.step() {
                break;
            }
            self.after();
            if self.watchers.sent != sent {
                return true;
            }
        }
        false
    }

    fn after(&mut self) {
        if !self.run.serves() {
            self.watchers.close();
        }
        self.watchers.tell(&self.run);
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
        if let Some(review) = reviews::answer(ask) {
            return review;
        }
        if let Some(place) = route::place(&ask.path, self.run.objects()) {
            return resource::answer(&mut self.run, &mut self.watchers, ask, &place);
        }
        let objects = self.run.objects();
        let known = match first.as_str() {
            "" => Some(discovery::root(objects)),
            "healthz" | "livez" | "readyz" => Some(Answer::plain("ok")),
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
