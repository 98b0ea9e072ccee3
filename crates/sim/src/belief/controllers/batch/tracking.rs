//! How the end of each pod is counted exactly once: its uid goes into the status, then its finalizer goes, then it is a
//! number.
//!
//! Upstream: `trackJobStatusAndRemoveFinalizers` in `pkg/controller/job/job_controller.go`.

use super::course::{Course, is_tracked, release, uid};
use super::policy::{Verdict, verdict};
use super::status::{JobCondition, Status};
use crate::belief::client::call::{Api, Stop};
use petri_objects::{Name, Phase, Pod};
use std::rc::Rc;

/// `MaxUncountedPods`.
const MOST_UNCOUNTED: usize = 500;

/// Writes the status, as far as there is something to write, and lets pods go whose end it tells. `stored` is called once
/// the first write has succeeded.
///
/// # Errors
/// What the API server refuses.
pub fn track<M>(
    course: &mut Course,
    needs_write: bool,
    api: &mut Api<'_, M>,
    stored: impl FnOnce(&Course, &mut Api<'_, M>),
) -> Result<(), Stop> {
    let mut needs_write = needs_write;
    let mut tracked: Vec<Name> = course.pods.iter().filter(|pod| is_tracked(pod)).map(|pod| uid(pod)).collect();
    needs_write |= count_released(&mut course.status, &tracked);
    let (released, too_many, changed) = note_ended(course);
    needs_write |= changed;
    needs_write |= announce_end(course, api);
    if needs_write {
        course.write(api)?;
        stored(course, api);
    }
    let mut refused = None;
    for pod in &released {
        match release(pod, api)? {
            Ok(()) => tracked.retain(|known| *known != uid(pod)),
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    let mut left = count_released(&mut course.status, &tracked);
    if let Some(error) = refused {
        if left {
            course.write(api)?;
        }
        return Err(Stop::Failed(error));
    }
    let over = !too_many && end(course);
    left |= over;
    if left {
        course.write(api)?;
    }
    if let Some(end) = course.end.clone().filter(|_| over) {
        tell_end(course, &end, api);
    }
    Ok(())
}

/// Counts those among the uncounted that have no finalizer any more.
///
/// Upstream: `cleanUncountedPodsWithoutFinalizers`.
fn count_released(status: &mut Status, tracked: &[Name]) -> bool {
    let Some(uncounted) = &mut status.uncounted else { return false };
    let mut changed = false;
    for (uids, count) in
        [(&mut uncounted.succeeded, &mut status.succeeded), (&mut uncounted.failed, &mut status.failed)]
    {
        let before = uids.len();
        uids.retain(|uid| tracked.contains(uid));
        *count += (before - uids.len()) as i64;
        changed |= uids.len() != before;
    }
    changed
}

/// Notes whose end is to be counted: the pods to let go, whether there are more, and whether the status has changed.
fn note_ended(course: &mut Course) -> (Vec<Rc<Pod>>, bool, bool) {
    let mut uncounted = course.status.uncounted.clone().unwrap_or_default();
    let (mut released, mut new_indexes, mut changed, mut too_many) = (Vec::new(), 0, false, false);
    let mut pods = course.pods.clone();
    if course.spec.is_indexed {
        pods.sort_by_key(|pod| course.index(pod));
    }
    for pod in pods.iter().filter(|pod| is_tracked(pod)) {
        let (succeeded, failed) = (pod.phase() == Phase::Succeeded, course.spec.has_failed(pod));
        if !course.is_terminating() && course.end.is_none() && !succeeded && !failed {
            continue;
        }
        released.push(pod.clone());
        let (uid, index) = (uid(pod), course.index(pod));
        let is_success = course.end.as_ref().is_some_and(|end| &*end.kind == "SuccessCriteriaMet");
        if succeeded && !uncounted.failed.contains(&uid) {
            match index {
                Some(index) if course.spec.is_indexed => {
                    if !course.succeeded_before.has(index) {
                        course.succeeded_indexes.add(index);
                        new_indexes += 1;
                        changed = true;
                    }
                }
                None if course.spec.is_indexed => {}
                _ if uncounted.succeeded.contains(&uid) => {}
                _ => {
                    uncounted.succeeded.push(uid);
                    changed = true;
                }
            }
        } else if (failed || (course.end.is_some() && !is_success)) && !uncounted.failed.contains(&uid) {
            let rules = course.spec.failure_rules.as_deref().unwrap_or_default();
            if (!course.spec.is_indexed || index.is_some()) && verdict(rules, pod) != Verdict::Ignore {
                uncounted.failed.push(uid);
                changed = true;
            }
        }
        if new_indexes + uncounted.count() >= MOST_UNCOUNTED {
            too_many = true;
            break;
        }
    }
    course.status.uncounted = Some(uncounted);
    if course.spec.is_indexed {
        let text = course.succeeded_indexes.text();
        changed |= text != course.status.completed_indexes;
        course.status.succeeded = course.succeeded_indexes.count();
        course.status.completed_indexes = text;
    }
    (released, too_many, changed)
}

/// Says that the Job is about to end, before the pods may go: FailureTarget or SuccessCriteriaMet. Whether the status has
/// changed.
fn announce_end<M>(course: &mut Course, api: &Api<'_, M>) -> bool {
    let Some(end) = course.end.clone() else { return false };
    let last = match &*end.kind {
        "FailureTarget" => "Failed",
        "SuccessCriteriaMet" => "Complete",
        _ => return false,
    };
    course.end = Some(JobCondition::holds(last, end.reason.clone(), end.message.clone(), api.now));
    let new = course.status.holds(&end.kind).is_none();
    if new {
        course.status.conditions.push(end);
    }
    new
}

/// Ends the Job, if everything is counted and no pod is stopping.
///
/// Upstream: `enactJobFinished`.
fn end(course: &mut Course) -> bool {
    let uncounted = course.status.uncounted.as_ref().map_or(0, |uncounted| uncounted.count());
    let Some(end) = course.end.clone().filter(|_| uncounted == 0 && course.terminating == 0) else { return false };
    if &*end.kind == "Complete" {
        course.status.completed = Some(end.at);
    }
    course.status.set(end);
    true
}

/// Upstream: `recordJobFinished`.
fn tell_end<M>(course: &Course, end: &JobCondition, api: &mut Api<'_, M>) {
    let about = course.object();
    if &*end.kind != "Complete" {
        return api.warning(&about, &end.reason, end.message.clone());
    }
    if course.spec.completions.is_some_and(|wanted| course.status.succeeded > wanted) {
        api.warning(&about, "TooManySucceededPods", "Too many succeeded pods running after completion count reached");
    }
    api.normal(&about, "Completed", "Job completed");
}
