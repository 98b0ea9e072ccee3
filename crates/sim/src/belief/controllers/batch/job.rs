//! A Job runs pods until as many have succeeded as it asks for, or too many have failed.
//!
//! Upstream: `syncJob` in `pkg/controller/job/job_controller.go`.
//!
//! Deviation: instead of counting what it expects to see, the controller always waits until it sees its own writes.
//!
//! Deviation: `backoffLimitPerIndex` and `maxFailedIndexes` are not acted on.

use super::back_off::BackOff;
use super::course::{Course, is_tracked, release};
use super::indexes::Indexes;
use super::pods;
use super::policy::{self, Verdict};
use super::spec::{self, Spec};
use super::status::{JobCondition, Status};
use super::tracking;
use crate::belief::api::request::Patch;
use crate::belief::api::shelf::Key;
use crate::belief::client::call::{Api, Done, Outcome, Stop};
use crate::belief::controllers::ref_manager::{claim_pods, pods_by_owner};
use crate::ground::clock::{Span, Time};
use crate::words::batch::Wait;
use crate::words::reason::Reason;
use petri_objects::*;
use std::rc::Rc;

/// How long a sync waits for more news of pods.
///
/// Upstream: `syncJobBatchPeriod`.
pub const BATCH: Span = Span::seconds(1);

/// Before the name of a pod that has to lose its finalizer, in the key of a Job: no name has a slash.
pub const ORPHAN: &str = "pod/";

/// What the controller keeps between syncs: the failures of each Job since its last success.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Memory {
    back_offs: Vec<(Key, BackOff)>,
}

impl Memory {
    fn of(&self, key: &Key) -> BackOff {
        self.back_offs.iter().find(|(known, _)| known == key).map(|(_, known)| known.clone()).unwrap_or_default()
    }
    fn keep(&mut self, key: &Key, back_off: BackOff) {
        self.back_offs.retain(|(known, _)| known != key);
        if back_off != BackOff::default() {
            self.back_offs.push((key.clone(), back_off));
        }
    }
}

#[inline(never)]
pub fn sync(key: &Key, api: &mut Api<'_, Memory>) -> Outcome {
    if let Some(pod) = key.name.strip_prefix(ORPHAN) {
        return let_go(&key.sibling(pod), api);
    }
    let Some(job) = spec::job(&api.cache(), key) else {
        api.memory.keep(key, BackOff::default());
        return Ok(Done::settled());
    };
    let (asked, status) = (Spec::of(&job), Status::of(&job));
    if status.end().is_some() {
        api.memory.keep(key, BackOff::default());
        return Ok(Done::settled());
    }
    if asked.is_managed_elsewhere {
        return Ok(Done::settled());
    }
    let pods = own_pods(&job, api)?;
    let mut course = begin(key, job, asked, status, pods, api);
    let mut after = None;
    find_end(&mut course, api.now, &mut after);

    let active = course.active.len() as i64;
    let (mut now_active, mut refused, mut wait, mut changed) = (active, None, Span::ZERO, false);
    if course.end.is_some() {
        let pods = course.active.clone();
        let (deleted, error) = pods::delete(&mut course, &pods, false, api)?;
        if deleted != active {
            // It cannot be over while there are pods that nobody has asked to stop.
            course.end = None;
        }
        (now_active, refused) = (active - deleted, error);
    } else {
        let manages = !course.is_terminating();
        if manages {
            let managed = pods::manage(&mut course, api)?;
            (now_active, refused, wait) = (managed.active, managed.refused, managed.wait);
        }
        let enough = match course.spec.completions {
            None => course.succeeded > 0,
            Some(completions) => course.succeeded >= completions,
        };
        if enough && now_active == 0 {
            course.end = Some(JobCondition::holds("SuccessCriteriaMet", "CompletionsReached", REACHED, api.now));
        } else if manages {
            changed = suspend_or_resume(&mut course, api);
        }
    }

    let status = &mut course.status;
    changed |=
        (status.active, status.ready, status.terminating) != (now_active, Some(course.ready), Some(course.terminating));
    (status.active, status.ready, status.terminating) = (now_active, Some(course.ready), Some(course.terminating));
    tracking::track(&mut course, changed, api, |course, api| api.memory.keep(key, course.back_off.clone()))?;
    match refused {
        Some(error) => Err(Stop::Failed(error)),
        None => Ok(outlook(&course, wait, after, api.now)),
    }
}

/// What is said of a Job that has all of its completions.
const REACHED: &str = "Reached expected number of succeeded pods";

/// The pods of a Job: those that it has, and orphans that it adopts.
///
/// Upstream: `getPodsForJob`.
fn own_pods(job: &Rc<KeptObject>, api: &mut Api<'_, Memory>) -> Result<Vec<Rc<Pod>>, Stop> {
    let (owner, selector) = (Object::Kept(job.clone()), batch::selector(job));
    let candidates = pods_by_owner(&api.cache(), &job.metadata);
    let mut pods = claim_pods(&owner, &selector, |_| true, candidates, api)?;
    for pod in &mut pods {
        if pod.metadata.controller().is_some() || is_tracked(pod) {
            continue;
        }
        // Adopted just now: its end is to be counted as well.
        let pod = Rc::make_mut(pod);
        pod.metadata.finalizers.push(batch::TRACKING.into());
        let finalizers = pod.metadata.finalizers.iter().cloned().map(Value::String).collect();
        let value = Value::nested(&["metadata", "finalizers"], Value::List(finalizers));
        let target = Key::of(&pod.metadata).to_ref(Kind::Pod);
        api.patch(target, Some(pod.metadata.uid), Patch::Merge { value, status: false })??;
    }
    Ok(pods)
}

fn begin(
    key: &Key,
    job: Rc<KeptObject>,
    spec: Spec,
    status: Status,
    pods: Vec<Rc<Pod>>,
    api: &Api<'_, Memory>,
) -> Course {
    let active: Vec<Rc<Pod>> = pods.iter().filter(|pod| pod.is_active()).cloned().collect();
    let completions = u32::try_from(spec.completions.unwrap_or(0)).unwrap_or(0);
    let succeeded_before = Indexes::read(&status.completed_indexes, completions);
    let mut course = Course {
        ready: active.iter().filter(|pod| pod.is_ready()).count() as i64,
        terminating: pods.iter().filter(|pod| pod.is_terminating() && !pod.phase().is_terminal()).count() as i64,
        succeeded: 0,
        failed: 0,
        succeeded_indexes: succeeded_before.clone(),
        succeeded_before,
        end: None,
        back_off: BackOff::default(),
        job,
        spec,
        status,
        pods,
        active,
    };
    let (succeeded, failed) = course.newly_ended();
    let uncounted = course.status.uncounted.get_or_insert_default();
    let (known_succeeded, known_failed) = (uncounted.succeeded.len() as i64, uncounted.failed.len() as i64);
    let rules = course.spec.failure_rules.as_deref().unwrap_or_default();
    let counted = failed.iter().filter(|pod| policy::verdict(rules, pod) != Verdict::Ignore).count() as i64;
    course.succeeded = course.status.succeeded + succeeded.len() as i64 + known_succeeded;
    course.failed = course.status.failed + counted + known_failed;
    if course.spec.is_indexed {
        for pod in &succeeded {
            course.succeeded_indexes.extend(course.index(pod));
        }
        course.succeeded = course.succeeded_indexes.count();
    }
    if course.status.started.is_none() && !course.spec.is_suspended {
        course.status.started = Some(api.now.whole_seconds());
    }
    course.back_off = api.memory.of(key).and(&succeeded, &failed);
    course
}

/// Whether the Job is to end now, and how. What has been announced is not decided again.
fn find_end(course: &mut Course, now: Time, after: &mut Option<Span>) {
    let (spec, status) = (&course.spec, &course.status);
    let fails = |reason: &str, message: &str| JobCondition::holds("FailureTarget", reason, message, now);
    let by_rule = || {
        let rules = spec.failure_rules.as_deref()?;
        let failed = course.pods.iter().filter(|pod| spec.has_failed(pod));
        let mut told = failed.filter_map(|pod| match policy::verdict(rules, pod) {
            Verdict::FailJob(message) => Some(fails("PodFailurePolicy", &message)),
            _ => None,
        });
        told.next()
    };
    let announced = |kind: &str, last: &str| {
        let known = status.holds(kind)?;
        let kind = if last.is_empty() { kind } else { last };
        Some(JobCondition::holds(kind, known.reason.clone(), known.message.clone(), now))
    };
    let mut end = announced("SuccessCriteriaMet", "").or_else(|| announced("FailureTarget", "Failed")).or_else(by_rule);
    if end.is_none() {
        let deadline = spec.deadline_seconds.filter(|_| !spec.is_suspended).zip(status.started);
        let left = deadline.map(|(seconds, started)| (started + Span::seconds(seconds.max(0) as u64)).since(now));
        if course.failed > spec.backoff_limit || restarts_exceed(course) {
            end = Some(fails("BackoffLimitExceeded", "Job has reached the specified backoff limit"));
        } else if left == Some(Span::ZERO) {
            end = Some(fails("DeadlineExceeded", "Job was active longer than specified deadline"));
        } else {
            *after = left;
        }
    }
    if end.is_none() && spec.is_indexed {
        let met = policy::success(&spec.success_rules, spec.completions.unwrap_or(0), &course.succeeded_indexes);
        end = met.map(|message| JobCondition::holds("SuccessCriteriaMet", "SuccessPolicy", message, now));
    }
    course.end = end;
}

/// Whether the containers that run have been restarted too often.
///
/// Upstream: `pastBackoffLimitOnFailure`.
fn restarts_exceed(course: &Course) -> bool {
    if !course.spec.restarts_on_failure {
        return false;
    }
    let runs = course.pods.iter().filter(|pod| matches!(pod.phase(), Phase::Running | Phase::Pending));
    let of = |pod: &Rc<Pod>| -> i64 {
        let statuses = pod.status.init_container_statuses.iter().chain(&pod.status.container_statuses);
        statuses.map(|status| i64::from(status.restart_count)).sum()
    };
    let restarts: i64 = runs.map(of).sum();
    restarts >= course.spec.backoff_limit.max(1)
}

/// Tells that the Job is suspended, or that it goes on; `true` if that is news.
fn suspend_or_resume(course: &mut Course, api: &mut Api<'_, Memory>) -> bool {
    let (suspended, now) = (course.spec.is_suspended, api.now);
    let (status, reason, message, event) = match suspended {
        true => ("True", "JobSuspended", "Job suspended", "Suspended"),
        false => ("False", "JobResumed", "Job resumed", "Resumed"),
    };
    let condition = JobCondition { status: status.into(), ..JobCondition::holds("Suspended", reason, message, now) };
    let news = course.status.set(condition);
    if news {
        api.normal(&course.object(), event, message);
        // The deadline counts from here, and stops while the Job is suspended.
        course.status.started = (!suspended).then(|| now.whole_seconds());
    }
    news
}

/// What the Job still waits for, and when to look again.
fn outlook(course: &Course, wait: Span, after: Option<Span>, now: Time) -> Done {
    if course.status.end().is_some() || course.is_terminating() {
        return Done::settled();
    }
    let reason = if course.spec.is_suspended {
        Wait::JobSuspended
    } else if course.end.is_some() || course.status.holds("FailureTarget").is_some() {
        Wait::JobEnds { stopping: course.terminating }
    } else if wait > Span::ZERO {
        Wait::JobBackOff { failures: course.back_off.failures, until: now + wait }
    } else {
        let (active, succeeded) = (course.status.active, course.succeeded);
        Wait::JobRuns { active, succeeded, completions: course.spec.completions }
    };
    let again = (wait > Span::ZERO).then(|| wait.max(BATCH));
    Done::waiting(Reason::Batch(reason)).or_after(again).or_after(after)
}

/// Takes the finalizer from a pod whose end nobody counts any more.
///
/// Upstream: `syncOrphanPod`.
fn let_go(key: &Key, api: &mut Api<'_, Memory>) -> Outcome {
    let cache = api.cache();
    let Some(pod) = cache.pods.get(key).filter(|pod| is_tracked(pod)) else { return Ok(Done::settled()) };
    if let Some(owner) = pod.metadata.controller() {
        if &*owner.kind != "Job" || !owner.api_version.starts_with("batch/") {
            return Ok(Done::settled());
        }
        let job = spec::job(&cache, &key.sibling(owner.name.clone())).filter(|job| job.metadata.uid == owner.uid);
        if job.is_some_and(|job| Spec::of(&job).is_managed_elsewhere || Status::of(&job).end().is_none()) {
            return Ok(Done::settled());
        }
    }
    match release(pod, api)? {
        Ok(()) => Ok(Done::settled()),
        Err(error) => Err(Stop::Failed(error)),
    }
}
