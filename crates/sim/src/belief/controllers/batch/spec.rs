//! What a Job asks for, read once for each sync.

use crate::belief::api::shelf::{Key, Objects};
use petri_objects::{KeptObject, Object, Pod, Value, batch};
use std::rc::Rc;

/// The name that `managedBy` has where the controller of Kubernetes is meant.
const OWN_NAME: &str = "kubernetes.io/job-controller";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    pub parallelism: i64,
    /// `None` where one success is enough.
    pub completions: Option<i64>,
    pub backoff_limit: i64,
    pub deadline_seconds: Option<i64>,
    pub is_suspended: bool,
    pub is_indexed: bool,
    /// A pod that is asked to stop is replaced only once it has ended.
    pub replaces_failed_only: bool,
    /// The rules of `podFailurePolicy`.
    pub failure_rules: Option<Vec<Value>>,
    /// The rules of `successPolicy`.
    pub success_rules: Vec<Value>,
    pub restarts_on_failure: bool,
    pub is_managed_elsewhere: bool,
}

impl Spec {
    pub fn of(job: &KeptObject) -> Spec {
        let number = |key: &str| job.at(&["spec", key]).and_then(Value::as_int);
        let text = |key: &str| job.text(&["spec", key]);
        let failure_rules = job.at(&["spec", "podFailurePolicy", "rules"]).and_then(Value::as_list);
        Spec {
            parallelism: number("parallelism").unwrap_or(1),
            completions: number("completions"),
            backoff_limit: number("backoffLimit").unwrap_or(6),
            deadline_seconds: number("activeDeadlineSeconds"),
            is_suspended: job.at(&["spec", "suspend"]) == Some(&Value::Bool(true)),
            is_indexed: text("completionMode") == "Indexed",
            replaces_failed_only: text("podReplacementPolicy") == "Failed" || failure_rules.is_some(),
            failure_rules: failure_rules.map(<[Value]>::to_vec),
            success_rules: job.list(&["spec", "successPolicy", "rules"]).to_vec(),
            restarts_on_failure: job.text(&["spec", "template", "spec", "restartPolicy"]) == "OnFailure",
            is_managed_elsewhere: !matches!(text("managedBy"), "" | OWN_NAME),
        }
    }

    /// Whether a pod counts as failed: also one that is asked to stop, since an orphan may never say how it ended.
    ///
    /// Upstream: `isPodFailed`.
    pub fn has_failed(&self, pod: &Pod) -> bool {
        use petri_objects::Phase;
        match pod.phase() {
            Phase::Failed => true,
            Phase::Succeeded => false,
            _ => !self.replaces_failed_only && pod.metadata.is_terminating(),
        }
    }
}

/// The Job of that name.
pub fn job(objects: &Objects, key: &Key) -> Option<Rc<KeptObject>> {
    objects.get(&key.to_ref(batch::kind("Job"))).as_ref().and_then(batch::job).cloned()
}

/// The CronJob of that name.
pub fn cron_job(objects: &Objects, key: &Key) -> Option<Rc<KeptObject>> {
    objects.get(&key.to_ref(batch::kind("CronJob"))).as_ref().and_then(batch::cron_job).cloned()
}

/// The Jobs of a namespace, in name order.
pub fn jobs_in(objects: &Objects, namespace: &str) -> Vec<Rc<KeptObject>> {
    let all = objects.list(batch::kind("Job"));
    let own = all.iter().filter(|object: &&Object| &*object.meta().namespace == namespace);
    own.filter_map(|object| batch::job(object).cloned()).collect()
}
