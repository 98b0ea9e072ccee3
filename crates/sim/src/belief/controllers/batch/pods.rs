//! How many pods a Job has: it makes those that it lacks, and takes away those that it has too many.
//!
//! Upstream: `manageJob` in `pkg/controller/job/job_controller.go`.
//!
//! Deviation: requests of one batch are sent one after the other, not in parallel.

use super::course::{Course, is_tracked, release};
use super::indexes::INDEX;
use crate::belief::api::shelf::Key;
use crate::belief::client::call::{Api, Stop};
use crate::belief::controllers::replicaset::{ready_since, restarts};
use crate::belief::controllers::util::{controller_ref, is_namespace_terminating, slow_start_batch};
use crate::ground::clock::Span;
use crate::words::api_error::ApiError;
use petri_objects::order::Order as _;
use petri_objects::record::Opaque;
use petri_objects::*;
use std::cmp::Reverse;
use std::rc::Rc;

/// `MaxPodCreateDeletePerSync`.
const MOST_PER_SYNC: i64 = 500;

/// What became of the number of pods.
pub struct Managed {
    pub active: i64,
    pub refused: Option<ApiError>,
    /// How long the next pod has to wait.
    pub wait: Span,
}

/// Creates or deletes pods, as the Job asks for.
///
/// # Errors
/// [`Stop::Awaiting`] alone.
pub fn manage<M>(course: &mut Course, api: &mut Api<'_, M>) -> Result<Managed, Stop> {
    let active = course.active.len() as i64;
    let settled = |active| Managed { active, refused: None, wait: Span::ZERO };
    if course.spec.is_suspended {
        let pods = for_removal(course, active);
        return take_away(course, active, &pods, api);
    }
    let wanted = match course.spec.completions {
        None if course.succeeded > 0 => active,
        None => course.spec.parallelism,
        Some(completions) => (completions - course.succeeded).min(course.spec.parallelism).max(0),
    };
    let surplus = for_removal(course, (active - wanted).max(0));
    if !surplus.is_empty() {
        return take_away(course, active, &surplus[..surplus.len().min(MOST_PER_SYNC as usize)], api);
    }
    let stopping = if course.spec.replaces_failed_only { course.terminating } else { 0 };
    let missing = (wanted - stopping - active).min(MOST_PER_SYNC);
    if missing <= 0 {
        return Ok(settled(active));
    }
    let wait = course.back_off.remaining(api.now);
    if wait > Span::ZERO {
        // Upstream tells of none meanwhile, also where some run.
        return Ok(Managed { active: 0, refused: None, wait });
    }
    let indexes = if course.spec.is_indexed { pending_indexes(course, missing) } else { Vec::new() };
    let count = if course.spec.is_indexed { indexes.len() as i64 } else { missing };
    let template = batch::template(&course.job);
    let (created, refused) = slow_start_batch(u32::try_from(count).unwrap_or(0), |at| {
        create(course, &template, indexes.get(at as usize).copied(), api)
    })?;
    Ok(Managed { active: active + i64::from(created), refused, wait: Span::ZERO })
}

/// Deletes pods of which nobody has to count the end: their finalizer goes first.
///
/// Upstream: `deleteJobPods`.
fn take_away<M>(course: &mut Course, active: i64, pods: &[Rc<Pod>], api: &mut Api<'_, M>) -> Result<Managed, Stop> {
    let (deleted, refused) = delete(course, pods, true, api)?;
    Ok(Managed { active: active - deleted, refused, wait: Span::ZERO })
}

/// Asks for pods to be deleted, and says how many that were.
///
/// # Errors
/// [`Stop::Awaiting`] alone.
///
/// Upstream: `deleteActivePods`, which lets them keep their finalizer.
pub fn delete<M>(
    course: &mut Course,
    pods: &[Rc<Pod>],
    untracked: bool,
    api: &mut Api<'_, M>,
) -> Result<(i64, Option<ApiError>), Stop> {
    let (about, mut refused, mut deleted) = (course.object(), None, 0);
    for pod in pods {
        if untracked
            && is_tracked(pod)
            && let Err(error) = release(pod, api)?
        {
            refused = refused.or(Some(error));
            continue;
        }
        let name = &pod.metadata.name;
        match api.delete(Key::of(&pod.metadata).to_ref(Kind::Pod))? {
            Ok(_) => api.normal(&about, "SuccessfulDelete", format!("Deleted pod: {name}")),
            Err(error) if error.is_not_found() => {}
            Err(error) => {
                api.warning(&about, "FailedDelete", format!("Error deleting: {error}"));
                refused = refused.or(Some(error));
                continue;
            }
        }
        deleted += 1;
        course.terminating += 1;
        course.ready -= i64::from(pod.is_ready());
    }
    Ok((deleted, refused))
}

/// The pods that go first: those with an index that the Job has not, or that another pod has as well, then those whose
/// loss is felt least.
///
/// Upstream: `activePodsForRemoval`, `ActivePods`.
fn for_removal(course: &Course, at_least: i64) -> Vec<Rc<Pod>> {
    let mut pods = course.active.clone();
    let phase = |pod: &Pod| u32::from(pod.phase() == Phase::Running);
    pods.order_by_key(|pod| {
        let meta = &pod.metadata;
        let ready_since = pod.is_ready().then(|| ready_since(pod));
        let age = (Reverse(restarts(pod)), Reverse(meta.creation_timestamp));
        (pod.is_scheduled(), phase(pod), pod.is_ready(), Reverse(ready_since), age, meta.name.clone())
    });
    let (mut first, mut rest) = (Vec::new(), Vec::new());
    let mut taken: Vec<u32> = Vec::new();
    // From the end, so that of several with one index the best stays.
    for pod in pods.into_iter().rev() {
        let index = course.index(&pod);
        let stays = !course.spec.is_indexed || index.is_some_and(|index| !taken.contains(&index));
        taken.extend(index);
        if stays { rest.push(pod) } else { first.push(pod) }
    }
    let more = (at_least - first.len() as i64).max(0) as usize;
    first.extend(rest.into_iter().rev().take(more));
    first
}

/// The first indexes that no pod works on and none has succeeded with.
///
/// Upstream: `firstPendingIndexes`.
fn pending_indexes(course: &Course, count: i64) -> Vec<u32> {
    // A pod that is asked to stop keeps its index until it has ended, if nothing replaces it before.
    let stops = |pod: &&Rc<Pod>| pod.is_terminating() && !pod.phase().is_terminal();
    let stopping = course.pods.iter().filter(stops).filter(|_| course.spec.replaces_failed_only);
    let busy: Vec<u32> = course.active.iter().chain(stopping).filter_map(|pod| course.index(pod)).collect();
    let all = 0..u32::try_from(course.spec.completions.unwrap_or(0)).unwrap_or(0);
    let free = all.filter(|index| !busy.contains(index) && !course.succeeded_indexes.has(*index));
    free.take(count.max(0) as usize).collect()
}

/// Upstream: `RealPodControl.CreatePodsWithGenerateName`.
fn create<M>(
    course: &Course,
    template: &PodTemplateSpec,
    index: Option<u32>,
    api: &mut Api<'_, M>,
) -> Result<(), Stop> {
    let about = course.object();
    match api.create(made_from(&about, template, index))? {
        Ok(pod) => {
            api.normal(&about, "SuccessfulCreate", format!("Created pod: {}", pod.meta().name));
            Ok(())
        }
        // The pod would be gone at once: neither an event nor a failure.
        Err(error) if is_namespace_terminating(&error) => Ok(()),
        Err(error) => {
            api.warning(&about, "FailedCreate", format!("Error creating: {error}"));
            Err(Stop::Failed(error))
        }
    }
}

/// Upstream: `GetPodFromTemplate`, `addCompletionIndexAnnotation`, `addCompletionIndexEnvVariables`.
fn made_from(job: &Object, template: &PodTemplateSpec, index: Option<u32>) -> Pod {
    let (name, namespace) = (&job.meta().name, job.meta().namespace.clone());
    let mut metadata = Meta {
        namespace,
        labels: template.metadata.labels.clone(),
        annotations: template.metadata.annotations.clone(),
        finalizers: template.metadata.finalizers.clone(),
        generate_name: prefix(name, index),
        owner_references: vec![controller_ref(job)],
        ..Meta::default()
    };
    if !metadata.has_finalizer(batch::TRACKING) {
        metadata.finalizers.push(batch::TRACKING.into());
    }
    let mut spec = template.spec.clone();
    if let Some(index) = index {
        metadata.annotations.insert(INDEX, index.to_string());
        metadata.labels.insert(INDEX, index.to_string());
        let spec = Rc::make_mut(&mut spec);
        spec.hostname = format!("{name}-{index}").into();
        spec.init_containers.iter_mut().chain(&mut spec.containers).for_each(tell_index);
    }
    Pod { metadata, spec, ..Pod::default() }
}

/// `pi-`, or `pi-0-` for an index. What is too long for the index loses its end.
///
/// Upstream: `podGenerateNameWithIndex`, `getPodsPrefix`.
fn prefix(name: &Name, index: Option<u32>) -> Name {
    let Some(index) = index else {
        let prefix = format!("{name}-");
        return if prefix.len() <= 253 { prefix.into() } else { name.clone() };
    };
    let end = format!("-{index}-");
    let kept: String = name.chars().take(58 - end.len()).collect();
    (kept + &end).into()
}

/// Gives a container the variable that says which index it works on.
fn tell_index(container: &mut Container) {
    const VARIABLE: &str = "JOB_COMPLETION_INDEX";
    let known = container.env.0.as_deref().and_then(Value::as_list).unwrap_or_default();
    if known.iter().any(|entry| entry.at(&["name"]).and_then(Value::as_str) == Some(VARIABLE)) {
        return;
    }
    let mut entry = Map::new();
    entry.insert("name", Value::from(VARIABLE));
    let path = format!("metadata.labels['{INDEX}']");
    batch::put(&mut entry, &["valueFrom", "fieldRef", "fieldPath"], Value::from(&*path));
    let env = known.iter().cloned().chain([Value::Map(entry)]).collect();
    container.env = Opaque(Some(Rc::new(Value::List(env))));
}
