//! The cells of Jobs and CronJobs, behind the name.
//!
//! Upstream: `printJob`, `printCronJob`.

use super::cells::{age, age_since};
use petri_objects::{KeptObject, Time, Value};

#[inline(never)]
pub(super) fn job(job: &KeptObject, now: Time) -> Vec<String> {
    let number = |path: &[&str]| job.at(path).and_then(Value::as_int);
    let succeeded = number(&["status", "succeeded"]).unwrap_or(0);
    let completions = match (number(&["spec", "completions"]), number(&["spec", "parallelism"]).unwrap_or(0)) {
        (Some(wanted), _) => format!("{succeeded}/{wanted}"),
        (None, many) if many > 1 => format!("{succeeded}/1 of {many}"),
        (None, _) => format!("{succeeded}/1"),
    };
    vec![status(job).into(), completions, job_duration(job, now), age_since(job.metadata.creation_timestamp, now)]
}

#[inline(never)]
pub(super) fn cron_job(cron: &KeptObject, now: Time) -> Vec<String> {
    let suspended = cron.at(&["spec", "suspend"]) == Some(&Value::Bool(true));
    let zone = cron.text(&["spec", "timeZone"]);
    let last = Time::parse_rfc3339(cron.text(&["status", "lastScheduleTime"]));
    vec![
        cron.text(&["spec", "schedule"]).to_owned(),
        crate::text::or_none(zone),
        if suspended { "True".into() } else { "False".into() },
        cron.list(&["status", "active"]).len().to_string(),
        last.map_or("<none>".into(), |last| age_since(last, now)),
        age_since(cron.metadata.creation_timestamp, now),
    ]
}

fn status(job: &KeptObject) -> &'static str {
    let holds = |kind: &str| {
        let word =
            |condition: &Value, key: &str, wanted: &str| condition.at(&[key]).and_then(Value::as_str) == Some(wanted);
        let mut conditions = job.list(&["status", "conditions"]).iter();
        conditions.any(|condition| word(condition, "type", kind) && word(condition, "status", "True"))
    };
    match () {
        () if holds("Complete") => "Complete",
        () if holds("Failed") => "Failed",
        () if job.metadata.is_terminating() => "Terminating",
        () if holds("Suspended") => "Suspended",
        () if holds("FailureTarget") => "FailureTarget",
        () if holds("SuccessCriteriaMet") => "SuccessCriteriaMet",
        () => "Running",
    }
}

/// How long a Job has run, or ran.
pub(crate) fn job_duration(job: &KeptObject, now: Time) -> String {
    let time = |key: &str| Time::parse_rfc3339(job.text(&["status", key]));
    match (time("startTime"), time("completionTime")) {
        (None, _) => String::new(),
        (Some(started), ended) => age(ended.unwrap_or(now).since(started)),
    }
}
