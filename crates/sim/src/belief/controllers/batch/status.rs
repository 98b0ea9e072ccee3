//! What a Job reports, read from its object and written into it.

use crate::ground::clock::Time;
use petri_objects::{KeptObject, Map, Name, Object, Value, batch};
use std::rc::Rc;

/// The condition of a Job. Both of its times are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobCondition {
    pub kind: Name,
    pub status: Name,
    pub reason: Name,
    pub message: Name,
    pub at: Time,
}

impl JobCondition {
    pub fn holds(kind: &str, reason: impl Into<Name>, message: impl Into<Name>, now: Time) -> JobCondition {
        JobCondition {
            kind: kind.into(),
            status: "True".into(),
            reason: reason.into(),
            message: message.into(),
            at: now.whole_seconds(),
        }
    }
}

/// What the Job controller last saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    pub active: i64,
    pub succeeded: i64,
    pub failed: i64,
    pub ready: Option<i64>,
    pub terminating: Option<i64>,
    pub started: Option<Time>,
    pub completed: Option<Time>,
    pub completed_indexes: String,
    pub conditions: Vec<JobCondition>,
    /// Pods that have ended and still have the finalizer: their uids.
    pub uncounted: Option<Uncounted>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uncounted {
    pub succeeded: Vec<Name>,
    pub failed: Vec<Name>,
}

impl Status {
    pub fn of(job: &KeptObject) -> Status {
        let number = |key: &str| job.at(&["status", key]).and_then(Value::as_int);
        let time = |key: &str| Time::parse_rfc3339(job.text(&["status", key]));
        let uids = |value: &Value, key: &str| -> Vec<Name> {
            let list = value.at(&[key]).and_then(Value::as_list).unwrap_or_default();
            list.iter().filter_map(Value::as_str).map(Name::from).collect()
        };
        Status {
            active: number("active").unwrap_or(0),
            succeeded: number("succeeded").unwrap_or(0),
            failed: number("failed").unwrap_or(0),
            ready: number("ready"),
            terminating: number("terminating"),
            started: time("startTime"),
            completed: time("completionTime"),
            completed_indexes: job.text(&["status", "completedIndexes"]).to_owned(),
            conditions: job.list(&["status", "conditions"]).iter().map(condition).collect(),
            uncounted: job
                .at(&["status", "uncountedTerminatedPods"])
                .map(|known| Uncounted { succeeded: uids(known, "succeeded"), failed: uids(known, "failed") }),
        }
    }
    /// The condition of a type that is true.
    pub fn holds(&self, kind: &str) -> Option<&JobCondition> {
        self.conditions.iter().find(|condition| &*condition.kind == kind && &*condition.status == "True")
    }
    /// The condition that ends the Job: Complete or Failed.
    pub fn end(&self) -> Option<&JobCondition> {
        self.holds("Complete").or_else(|| self.holds("Failed"))
    }
    /// Sets a condition; `true` if that changed something. What was never true does not become false.
    ///
    /// Upstream: `ensureJobConditionStatus`.
    pub fn set(&mut self, condition: JobCondition) -> bool {
        match self.conditions.iter_mut().find(|known| known.kind == condition.kind) {
            Some(known) => {
                let says = |c: &JobCondition| (c.status.clone(), c.reason.clone(), c.message.clone());
                let changed = says(known) != says(&condition);
                if changed {
                    *known = condition;
                }
                changed
            }
            None if &*condition.status == "False" => false,
            None => {
                self.conditions.push(condition);
                true
            }
        }
    }
    /// The Job with this status.
    pub fn put_into(&self, job: &KeptObject) -> Object {
        let mut job = job.clone();
        batch::put(&mut job.fields, &["status"], self.value());
        Object::Kept(Rc::new(job))
    }
    /// The wire form, its keys in order.
    fn value(&self) -> Value {
        let mut map = Map::new();
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                map.insert(key, value);
            }
        };
        let count = |number: i64| (number != 0).then_some(Value::Int(number));
        let time = |time: Option<Time>| time.map(|time| Value::from(&*time.rfc3339()));
        let conditions = || Value::List(self.conditions.iter().map(written).collect());
        put("active", count(self.active));
        put("completedIndexes", Some(&self.completed_indexes).filter(|it| !it.is_empty()).map(|it| Value::from(&**it)));
        put("completionTime", time(self.completed));
        put("conditions", (!self.conditions.is_empty()).then(conditions));
        put("failed", count(self.failed));
        put("ready", self.ready.map(Value::Int));
        put("startTime", time(self.started));
        put("succeeded", count(self.succeeded));
        put("terminating", self.terminating.map(Value::Int));
        put("uncountedTerminatedPods", self.uncounted.as_ref().map(Uncounted::value));
        Value::Map(map)
    }
}

impl Uncounted {
    pub fn count(&self) -> usize {
        self.succeeded.len() + self.failed.len()
    }
    fn value(&self) -> Value {
        let mut map = Map::new();
        for (key, uids) in [("failed", &self.failed), ("succeeded", &self.succeeded)] {
            if !uids.is_empty() {
                map.insert(key, Value::List(uids.iter().cloned().map(Value::String).collect()));
            }
        }
        Value::Map(map)
    }
}

fn condition(value: &Value) -> JobCondition {
    let text = |key: &str| Name::from(value.at(&[key]).and_then(Value::as_str).unwrap_or_default());
    JobCondition {
        kind: text("type"),
        status: text("status"),
        reason: text("reason"),
        message: text("message"),
        at: Time::parse_rfc3339(&text("lastTransitionTime")).unwrap_or_default(),
    }
}

fn written(condition: &JobCondition) -> Value {
    let time = Value::from(&*condition.at.rfc3339());
    let texts = [("message", &condition.message), ("reason", &condition.reason)];
    let mut map = Map::new();
    map.insert("lastProbeTime", time.clone());
    map.insert("lastTransitionTime", time);
    for (key, text) in texts {
        if !text.is_empty() {
            map.insert(key, Value::String(text.clone()));
        }
    }
    map.insert("status", Value::String(condition.status.clone()));
    map.insert("type", Value::String(condition.kind.clone()));
    Value::Map(map)
}
