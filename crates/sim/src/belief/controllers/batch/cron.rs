//! A CronJob makes a Job at each time of its schedule, and keeps a few of those that have ended.
//!
//! Upstream: `pkg/controller/cronjob/cronjob_controllerv2.go`, `utils.go`.
//!
//! Deviation: of time zones UTC alone is known; with any other nothing is started, and `why` says so.

use super::spec::{cron_job, jobs_in};
use super::status::Status;
use crate::belief::api::shelf::Key;
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Done, Outcome, Stop};
use crate::belief::client::informer::Enqueue;
use crate::belief::controllers::util::controller_ref;
use crate::ground::clock::{Span, Time};
use crate::words::batch::Wait;
use crate::words::reason::Reason;
use petri_objects::order::Order as _;
use petri_objects::schedule::Schedule;
use petri_objects::*;
use std::rc::Rc;

/// How long after its time a key is looked at.
///
/// Upstream: `nextScheduleDelta`.
const DELTA: Span = Span::millis(100);

/// How many Jobs one CronJob may have: with `Allow`, those that never end would be more and more.
///
/// Deviation: Kubernetes has no such limit.
const MOST_JOBS: usize = 500;

/// The annotation of a Job with the time for which it was made.
const SCHEDULED_AT: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/// Whose Jobs and schedules a change concerns.
///
/// Upstream: `addJob`, `updateJob`, `deleteJob`, `updateCronJob`.
#[inline(never)]
pub fn changed(change: &Change, keys: &mut Enqueue<'_>) {
    let (old, new) = (change.old.as_ref(), change.new.as_ref());
    if let Some(cron) = batch::cron_job(change.object()) {
        let key = Key::of(&cron.metadata);
        let plan = |object: &KeptObject| {
            (object.at(&["spec", "schedule"]).cloned(), object.at(&["spec", "timeZone"]).cloned())
        };
        let replanned = old.and_then(batch::cron_job).zip(new.and_then(batch::cron_job));
        let next = replanned
            .filter(|(old, new)| plan(old) != plan(new))
            .and_then(|(_, new)| next_look(new, Plan::of(new).schedule.as_ref()?, keys.now));
        return match next {
            Some(next) => keys.add_after(key, next),
            None => keys.add(key),
        };
    }
    let mut owners: Vec<Key> = Vec::new();
    for job in [old, new].into_iter().flatten().filter_map(batch::job) {
        let owner = job.metadata.controller().filter(|owner| &*owner.kind == "CronJob");
        let Some(owner) = owner else { continue };
        let key = Key::of(&job.metadata).sibling(owner.name.clone());
        if !owners.contains(&key) && cron_job(keys.cache, &key).is_some_and(|cron| cron.metadata.uid == owner.uid) {
            owners.push(key);
        }
    }
    owners.into_iter().for_each(|key| keys.add(key));
}

/// What a CronJob asks for and reports.
struct Plan {
    schedule: Option<Schedule>,
    /// The Jobs that it knows of and that have not ended: references, as the status has them.
    active: Vec<Value>,
    last_scheduled: Option<Time>,
    last_successful: Option<Time>,
}

impl Plan {
    fn of(cron: &KeptObject) -> Plan {
        let time = |key: &str| Time::parse_rfc3339(cron.text(&["status", key]));
        Plan {
            schedule: Schedule::read(cron.text(&["spec", "schedule"])).ok(),
            active: cron.list(&["status", "active"]).to_vec(),
            last_scheduled: time("lastScheduleTime"),
            last_successful: time("lastSuccessfulTime"),
        }
    }
    fn forget(&mut self, uid: Uid) -> bool {
        let before = self.active.len();
        self.active.retain(|reference| !is_to(reference, uid));
        self.active.len() != before
    }
    fn knows(&self, uid: Uid) -> bool {
        self.active.iter().any(|reference| is_to(reference, uid))
    }
    /// The CronJob with this status.
    fn put_into(&self, cron: &KeptObject) -> Object {
        let mut status = Map::new();
        if !self.active.is_empty() {
            status.insert("active", Value::List(self.active.clone()));
        }
        for (key, time) in [("lastScheduleTime", self.last_scheduled), ("lastSuccessfulTime", self.last_successful)] {
            if let Some(time) = time {
                status.insert(key, Value::from(&*time.rfc3339()));
            }
        }
        let mut cron = cron.clone();
        batch::put(&mut cron.fields, &["status"], Value::Map(status));
        Object::Kept(Rc::new(cron))
    }
}

fn is_to(reference: &Value, uid: Uid) -> bool {
    reference.at(&["uid"]).and_then(Value::as_str).and_then(Uid::parse) == Some(uid)
}

/// Upstream: `sync`, `syncCronJob`.
#[inline(never)]
pub fn sync(key: &Key, api: &mut Api<'_>) -> Outcome {
    let cache = api.cache();
    let Some(cron) = cron_job(&cache, key) else { return Ok(Done::settled()) };
    let mut plan = Plan::of(&cron);
    let own = |job: &Rc<KeptObject>| job.metadata.controller().is_some_and(|owner| owner.name == cron.metadata.name);
    let jobs: Vec<Rc<KeptObject>> = jobs_in(&cache, &key.namespace).into_iter().filter(own).collect();
    let mut news = clean_up(&cron, &mut plan, &jobs, api)?;
    // What was decided before a refusal is written all the same.
    let done = run(&cron, &mut plan, &jobs, &mut news, api);
    if matches!(done, Err(Stop::Awaiting)) {
        return done;
    }
    if news {
        api.update_status(plan.put_into(&cron))??;
    }
    done
}

fn run(cron: &Rc<KeptObject>, plan: &mut Plan, jobs: &[Rc<KeptObject>], news: &mut bool, api: &mut Api<'_>) -> Outcome {
    let about = Object::Kept(cron.clone());
    follow(&about, plan, jobs, news, api)?;
    let spec = |key: &str| cron.at(&["spec", key]);
    if cron.metadata.is_terminating() {
        return Ok(Done::settled());
    }
    let zone = cron.text(&["spec", "timeZone"]);
    if !batch::is_utc(zone) {
        return Ok(waits(Wait::CronZone { zone: zone.into() }));
    }
    if spec("suspend") == Some(&Value::Bool(true)) {
        return Ok(waits(Wait::CronSuspended));
    }
    let Some(schedule) = plan.schedule.clone() else {
        let schedule = cron.text(&["spec", "schedule"]);
        api.warning(&about, "UnparseableSchedule", format!("unparseable schedule: {}", value::quoted(schedule)));
        return Ok(Done::settled());
    };
    let (now, next) = (api.now, next_look(cron, &schedule, api.now));
    let later = |plan: &Plan| {
        let due = schedule.next(now);
        let forbids = spec("concurrencyPolicy").and_then(Value::as_str) == Some("Forbid");
        let running = plan.active.first().filter(|_| forbids).and_then(|job| job.at(&["name"])).and_then(Value::as_str);
        let reason = match running {
            Some(job) => Some(Wait::CronForbids { job: job.into() }),
            None => due.map(|until| Wait::CronWaits { until }),
        };
        let done = reason.map_or(Done::settled(), waits);
        done.or_after(next)
    };
    let Some(due) = due(cron, plan, &schedule, &about, api) else { return Ok(later(plan)) };
    let deadline = spec("startingDeadlineSeconds").and_then(Value::as_int);
    if deadline.is_some_and(|seconds| due + Span::seconds(seconds.max(0) as u64) < api.now) {
        api.warning(&about, "MissSchedule", format!("Missed scheduled time to start a job: {}", rfc1123(due)));
        return Ok(later(plan));
    }
    let name = Name::from(format!("{}-{}", cron.metadata.name, due.0 / 60_000_000));
    let is_named = |job: &Value| job.at(&["name"]).and_then(Value::as_str) == Some(&*name);
    if plan.active.iter().any(is_named) || plan.last_scheduled == Some(due) {
        return Ok(later(plan));
    }
    match spec("concurrencyPolicy").and_then(Value::as_str) {
        Some("Forbid") if !plan.active.is_empty() => {
            let why = "Not starting job because prior execution is running and concurrency policy is Forbid";
            api.normal(&about, "JobAlreadyActive", why);
            return Ok(later(plan));
        }
        Some("Replace") => {
            for name in names(&plan.active) {
                let target = ObjectRef::new(batch::kind("Job"), cron.metadata.namespace.clone(), name);
                let job = match api.get(target)? {
                    Ok(job) => job,
                    Err(error) => {
                        api.warning(&about, "FailedGet", format!("Get job: {error}"));
                        return Err(Stop::Failed(error));
                    }
                };
                delete(&about, plan, &job, api)??;
                *news = true;
            }
        }
        _ => {}
    }
    if jobs.len() >= MOST_JOBS {
        return Ok(waits(Wait::CronIsFull { jobs: jobs.len() }).or_after(next));
    }
    let job = match api.create(made_from(cron, &name, due))? {
        Ok(job) => {
            api.normal(&about, "SuccessfulCreate", format!("Created job {name}"));
            job
        }
        Err(crate::words::api_error::ApiError::AlreadyExists { .. }) => {
            let target = ObjectRef::new(batch::kind("Job"), cron.metadata.namespace.clone(), name);
            let known = api.get(target)??;
            if !known.meta().is_controlled_by(cron.metadata.uid) || plan.knows(known.meta().uid) {
                return Ok(Done::settled());
            }
            known
        }
        Err(error) => {
            if !crate::belief::controllers::util::is_namespace_terminating(&error) {
                api.warning(&about, "FailedCreate", format!("Error creating job: {error}"));
            }
            return Err(Stop::Failed(error));
        }
    };
    plan.active.push(reference_to(&job));
    plan.last_scheduled = Some(due);
    *news = true;
    Ok(later(plan))
}

fn waits(reason: Wait) -> Done {
    Done::waiting(Reason::Batch(reason))
}

fn names(active: &[Value]) -> Vec<Name> {
    active.iter().filter_map(|job| job.at(&["name"])).filter_map(Value::as_str).map(Name::from).collect()
}

/// Compares the Jobs that the status names with those that there are.
fn follow(
    about: &Object,
    plan: &mut Plan,
    jobs: &[Rc<KeptObject>],
    news: &mut bool,
    api: &mut Api<'_>,
) -> Result<(), Stop> {
    for job in jobs {
        let (uid, name) = (job.metadata.uid, &job.metadata.name);
        let status = Status::of(job);
        match status.end() {
            None if !plan.knows(uid) => {
                let live = api.get(about.reference())??;
                let known = batch::cron_job(&live).map(|cron| Plan::of(cron));
                match known.filter(|known| known.knows(uid)) {
                    Some(known) => *plan = Plan { schedule: plan.schedule.take(), ..known },
                    None => {
                        let text = format!("Saw a job that the controller did not create or forgot: {name}");
                        api.warning(about, "UnexpectedJob", text);
                    }
                }
            }
            None => {}
            Some(end) => {
                if plan.forget(uid) {
                    let text = format!("Saw completed job: {name}, condition: {}", end.kind);
                    api.normal(about, "SawCompletedJob", text);
                    *news = true;
                }
                if &*end.kind == "Complete" && status.completed > plan.last_successful {
                    plan.last_successful = status.completed;
                    *news = true;
                }
            }
        }
    }
    for reference in plan.active.clone() {
        if jobs.iter().any(|job| is_to(&reference, job.metadata.uid)) {
            continue;
        }
        for name in names(std::slice::from_ref(&reference)) {
            let target = ObjectRef::new(batch::kind("Job"), about.meta().namespace.clone(), name.clone());
            match api.get(target)? {
                Err(error) if error.is_not_found() => {
                    api.normal(about, "MissingJob", format!("Active job went missing: {name}"));
                    plan.active.retain(|known| *known != reference);
                    *news = true;
                }
                Err(error) => return Err(Stop::Failed(error)),
                Ok(_) => {}
            }
        }
    }
    Ok(())
}

/// Deletes the oldest of the Jobs that have ended.
///
/// Upstream: `cleanupFinishedJobs`.
fn clean_up(cron: &Rc<KeptObject>, plan: &mut Plan, jobs: &[Rc<KeptObject>], api: &mut Api<'_>) -> Result<bool, Stop> {
    let (about, mut news) = (Object::Kept(cron.clone()), false);
    for (end, key) in [("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")] {
        let Some(limit) = cron.at(&["spec", key]).and_then(Value::as_int) else { continue };
        let ended = |job: &&Rc<KeptObject>| Status::of(job).end().is_some_and(|known| &*known.kind == end);
        let mut ended: Vec<&Rc<KeptObject>> = jobs.iter().filter(ended).collect();
        ended.order_by_key(|job| {
            let started = Status::of(job).started;
            // One that never started stands last.
            (started.is_none(), started, job.metadata.name.clone())
        });
        let surplus = ended.len().saturating_sub(usize::try_from(limit).unwrap_or(0));
        for job in ended.into_iter().take(surplus) {
            news |= delete(&about, plan, &Object::Kept(job.clone()), api)?.is_ok();
        }
    }
    Ok(news)
}

/// Upstream: `deleteJob`.
fn delete(about: &Object, plan: &mut Plan, job: &Object, api: &mut Api<'_>) -> Result<Result<(), Stop>, Stop> {
    use crate::belief::api::request::DeleteOptions;
    use crate::words::command::Propagation;
    let options = DeleteOptions { propagation: Some(Propagation::Background), ..DeleteOptions::default() };
    Ok(match api.delete_with(job.reference(), options)? {
        Ok(_) => {
            plan.forget(job.meta().uid);
            api.normal(about, "SuccessfulDelete", format!("Deleted job {}", job.meta().name));
            Ok(())
        }
        Err(error) => {
            api.warning(about, "FailedDelete", format!("Deleted job: {error}"));
            Err(Stop::Failed(error))
        }
    })
}

/// Upstream: `getJobFromTemplate2`.
fn made_from(cron: &Rc<KeptObject>, name: &Name, due: Time) -> Object {
    let template = cron.at(&["spec", "jobTemplate"]).cloned().unwrap_or_default();
    let mut job = Map::new();
    job.insert("spec", template.at(&["spec"]).cloned().unwrap_or_default());
    if let Some(metadata) = template.at(&["metadata"]) {
        job.insert("metadata", metadata.clone());
    }
    let Object::Kept(mut made) = Object::decode(batch::kind("Job"), &Value::Map(job), &mut Decode::default()) else {
        unreachable!("a Job is a kept kind");
    };
    let job = Rc::make_mut(&mut made);
    let (labels, mut annotations) = (job.metadata.labels.clone(), job.metadata.annotations.clone());
    annotations.insert(SCHEDULED_AT, due.rfc3339());
    job.metadata = Meta {
        name: name.clone(),
        namespace: cron.metadata.namespace.clone(),
        labels,
        annotations,
        owner_references: vec![controller_ref(&Object::Kept(cron.clone()))],
        ..Meta::default()
    };
    Object::Kept(made)
}

/// Upstream: `ref.GetReference`.
fn reference_to(job: &Object) -> Value {
    let meta = job.meta();
    let texts = [
        ("apiVersion", "batch/v1".into()),
        ("kind", "Job".into()),
        ("name", meta.name.clone()),
        ("namespace", meta.namespace.clone()),
        ("resourceVersion", meta.resource_version.0.to_string().into()),
        ("uid", Name::from(meta.uid.to_string())),
    ];
    Value::Map(texts.into_iter().map(|(key, text)| (Name::from(key), Value::String(text))).collect())
}

/// The last time of the schedule that has come and that nobody has acted on; `many` if more than a hundred were missed.
struct Missed {
    /// From when on times count.
    since: Time,
    last: Option<Time>,
    any: bool,
    many: bool,
}

/// Upstream: `mostRecentScheduleTime`.
fn missed(cron: &KeptObject, plan: &Plan, schedule: &Schedule, now: Time, by_deadline: bool) -> Missed {
    let mut since = plan.last_scheduled.unwrap_or(cron.metadata.creation_timestamp);
    let deadline = cron.at(&["spec", "startingDeadlineSeconds"]).and_then(Value::as_int);
    if let Some(seconds) = deadline.filter(|_| by_deadline) {
        since = since.max(now - Span::seconds(seconds.max(0) as u64));
    }
    let none = Missed { since, last: None, any: false, many: false };
    let Some(first) = schedule.next(since).filter(|first| *first <= now) else { return none };
    let Some(second) = schedule.next(first).filter(|second| *second <= now) else {
        return Missed { last: Some(first), ..none };
    };
    let between = second.since(first).as_seconds().max(1);
    let count = now.since(first).as_seconds() / between + 1;
    let mut at = first + Span::seconds(between.saturating_mul(count.saturating_sub(2)));
    let mut last = None;
    while let Some(next) = schedule.next(at).filter(|next| *next <= now) {
        last = Some(next);
        at = next;
    }
    Missed { since, last, any: true, many: count > 100 }
}

/// The time to act on now, if one has come.
///
/// Upstream: `nextScheduleTime`.
fn due(cron: &KeptObject, plan: &Plan, schedule: &Schedule, about: &Object, api: &mut Api<'_>) -> Option<Time> {
    let missed = missed(cron, plan, schedule, api.now, true);
    let last = missed.last?;
    if missed.many {
        let text = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
        api.warning(about, "TooManyMissedTimes", text);
    }
    Some(last)
}

/// How long until the key is to be looked at again.
///
/// Upstream: `nextScheduleTimeDuration`.
fn next_look(cron: &KeptObject, schedule: &Schedule, now: Time) -> Option<Span> {
    let plan = Plan::of(cron);
    let missed = missed(cron, &plan, schedule, now, false);
    let from = missed.last.unwrap_or(if missed.any { now } else { missed.since });
    let next = schedule.next(from)?;
    Some((next + DELTA).since(now))
}

/// `Mon, 02 Jan 2006 15:04:05 +0000`.
fn rfc1123(at: Time) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (year, month, date, hour, minute, second) = at.civil();
    let day = DAYS[(at.0 / 86_400_000_000 % 7) as usize];
    let month = MONTHS[(month as usize).saturating_sub(1).min(11)];
    format!("{day}, {date:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} +0000")
}
