//! Jobs and CronJobs.
//!
//! Upstream: `JobDescriber`, `CronJobDescriber`.

use super::page::{Page, true_false};
use crate::tables::job_duration;
use crate::text::{instant, selector};
use petri_objects::{KeptObject, Kind, Meta, Time, Value, batch};

pub(super) fn job(page: &mut Page<'_>, job: &KeptObject) {
    let meta = &job.metadata;
    page.name_and_namespace(meta);
    page.line(format_args!("Selector:\t{}", selector(Some(&batch::selector(job)))));
    labels(page, meta);
    if let Some(owner) = meta.controller() {
        page.line(format_args!("Controlled By:\t{}/{}", owner.kind, owner.name));
    }
    let spec = |key: &str| job.at(&["spec", key]);
    let status = |key: &str| job.at(&["status", key]).and_then(Value::as_int).unwrap_or(0);
    if let Some(parallelism) = spec("parallelism") {
        page.line(format_args!("Parallelism:\t{}", plain(parallelism)));
    }
    page.line(format_args!("Completions:\t{}", or_unset(spec("completions"))));
    for (title, key) in [
        ("Completion Mode", "completionMode"),
        ("Suspend", "suspend"),
        ("Backoff Limit", "backoffLimit"),
        ("TTL Seconds After Finished", "ttlSecondsAfterFinished"),
    ] {
        if let Some(value) = spec(key) {
            page.line(format_args!("{title}:\t{}", plain(value)));
        }
    }
    let time = |key: &str| Time::parse_rfc3339(job.text(&["status", key]));
    for (title, key) in [("Start Time", "startTime"), ("Completed At", "completionTime")] {
        if let Some(at) = time(key) {
            page.line(format_args!("{title}:\t{}", instant(at)));
        }
    }
    if time("completionTime").is_some() {
        page.line(format_args!("Duration:\t{}", job_duration(job, page.now)));
    }
    deadline(page, spec("activeDeadlineSeconds"));
    let ready = job.at(&["status", "ready"]).map(|ready| format!(" ({} Ready)", plain(ready))).unwrap_or_default();
    let (active, succeeded, failed) = (status("active"), status("succeeded"), status("failed"));
    page.line(format_args!("Pods Statuses:\t{active} Active{ready} / {succeeded} Succeeded / {failed} Failed"));
    if job.text(&["spec", "completionMode"]) == "Indexed" {
        let indexes = crate::text::or_none(job.text(&["status", "completedIndexes"]));
        page.line(format_args!("Completed Indexes:\t{indexes}"));
    }
    super::pod::template(page, &batch::template(job));
    page.events(Kind::Kept(job.kind), meta);
}

pub(super) fn cron_job(page: &mut Page<'_>, cron: &KeptObject) {
    let meta = &cron.metadata;
    page.name_and_namespace(meta);
    labels(page, meta);
    let spec = |key: &str| cron.at(&["spec", key]);
    let of_job = |key: &str| cron.at(&["spec", "jobTemplate", "spec", key]);
    page.line(format_args!("Schedule:\t{}", cron.text(&["spec", "schedule"])));
    page.line(format_args!("Concurrency Policy:\t{}", cron.text(&["spec", "concurrencyPolicy"])));
    page.line(format_args!("Suspend:\t{}", true_false(spec("suspend") == Some(&Value::Bool(true)))));
    page.line(format_args!("Time Zone:\t{}", or_unset(spec("timeZone"))));
    page.line(format_args!("Successful Job History Limit:\t{}", or_unset(spec("successfulJobsHistoryLimit"))));
    page.line(format_args!("Failed Job History Limit:\t{}", or_unset(spec("failedJobsHistoryLimit"))));
    let seconds = spec("startingDeadlineSeconds").map_or("<unset>".into(), |value| format!("{}s", plain(value)));
    page.line(format_args!("Starting Deadline Seconds:\t{seconds}"));
    page.line(format_args!("Selector:\t<unset>"));
    page.line(format_args!("Parallelism:\t{}", or_unset(of_job("parallelism"))));
    page.line(format_args!("Completions:\t{}", or_unset(of_job("completions"))));
    deadline(page, of_job("activeDeadlineSeconds"));
    super::pod::template(page, &batch::template(cron));
    let last = Time::parse_rfc3339(cron.text(&["status", "lastScheduleTime"]));
    page.line(format_args!("Last Schedule Time:\t{}", last.map_or("<unset>".into(), instant)));
    let names = cron.list(&["status", "active"]).iter().filter_map(|job| job.at(&["name"])?.as_str());
    let names = names.collect::<Vec<_>>().join(", ");
    page.line(format_args!("Active Jobs:\t{}", crate::text::or_none(&names)));
    page.events(Kind::Kept(cron.kind), meta);
}

fn labels(page: &mut Page<'_>, meta: &Meta) {
    page.labels("Labels", &meta.labels);
    page.annotations(&meta.annotations);
}

fn deadline(page: &mut Page<'_>, seconds: Option<&Value>) {
    if let Some(seconds) = seconds {
        page.line(format_args!("Active Deadline Seconds:\t{}s", plain(seconds)));
    }
}

fn or_unset(value: Option<&Value>) -> String {
    value.map_or("<unset>".into(), plain)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_json(), str::to_owned)
}
