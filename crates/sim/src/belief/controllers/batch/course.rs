//! One sync of a Job: what it found, and what it makes of it.

use super::back_off::BackOff;
use super::indexes::{Indexes, index_of};
use super::spec::Spec;
use super::status::{JobCondition, Status};
use crate::belief::client::call::{Api, Stop};
use crate::words::api_error::ApiError;
use petri_objects::{KeptObject, Name, Object, Phase, Pod, batch};
use std::rc::Rc;

/// A Job and its pods, as one sync sees them.
pub struct Course {
    /// As it was read, or as it was last written.
    pub job: Rc<KeptObject>,
    pub spec: Spec,
    /// What will be written.
    pub status: Status,
    pub pods: Vec<Rc<Pod>>,
    pub active: Vec<Rc<Pod>>,
    pub ready: i64,
    pub terminating: i64,
    /// Successes and failures, with those that are not in the status yet.
    pub succeeded: i64,
    pub failed: i64,
    /// The indexes that had succeeded before, and those that have now.
    pub succeeded_before: Indexes,
    pub succeeded_indexes: Indexes,
    /// How the Job is to end, once it is to end.
    pub end: Option<JobCondition>,
    pub back_off: BackOff,
}

impl Course {
    /// The Job, for events and owner references.
    pub fn object(&self) -> Object {
        Object::Kept(self.job.clone())
    }
    pub fn is_terminating(&self) -> bool {
        self.job.metadata.is_terminating()
    }
    /// The completion index of a pod of an Indexed Job.
    pub fn index(&self, pod: &Pod) -> Option<u32> {
        index_of(pod, self.spec.completions.unwrap_or(0))
    }
    /// The pods that have ended and are not in the status yet: those that succeeded, and those that failed.
    ///
    /// Upstream: `getNewFinishedPods`.
    pub fn newly_ended(&self) -> (Vec<Rc<Pod>>, Vec<Rc<Pod>>) {
        let known = self.status.uncounted.clone().unwrap_or_default();
        let valid = |pod: &Pod, counted: &[Name]| {
            let uid = uid(pod);
            is_tracked(pod) && !counted.contains(&uid) && (!self.spec.is_indexed || self.index(pod).is_some())
        };
        let of = |counted: &[Name], fits: &dyn Fn(&Pod) -> bool| {
            self.pods.iter().filter(|pod| valid(pod, counted) && fits(pod)).cloned().collect()
        };
        let succeeded = of(&known.succeeded, &|pod| pod.phase() == Phase::Succeeded);
        (succeeded, of(&known.failed, &|pod| self.spec.has_failed(pod)))
    }
    /// Writes the status.
    ///
    /// # Errors
    /// What the API server refuses.
    pub fn write<M>(&mut self, api: &mut Api<'_, M>) -> Result<(), Stop> {
        let written = api.update_status(self.status.put_into(&self.job))??;
        if let Object::Kept(job) = written {
            self.job = job;
        }
        Ok(())
    }
}

/// Whether a pod's end is still to be counted.
pub fn is_tracked(pod: &Pod) -> bool {
    pod.metadata.has_finalizer(batch::TRACKING)
}

pub fn uid(pod: &Pod) -> Name {
    pod.metadata.uid.to_string().into()
}

/// Lets a pod go whose end is counted. One that is gone is let go.
///
/// # Errors
/// The API server's, as the inner result.
pub fn release<M>(pod: &Pod, api: &mut Api<'_, M>) -> Result<Result<(), ApiError>, Stop> {
    use crate::belief::api::request::Patch;
    use petri_objects::{Kind, ObjectRef};
    let meta = &pod.metadata;
    let target = ObjectRef::new(Kind::Pod, meta.namespace.clone(), meta.name.clone());
    Ok(match api.patch(target, Some(meta.uid), Patch::RemoveFinalizer(batch::TRACKING.into()))? {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    })
}
