//! The schedule of a CronJob.
//!
//! Upstream: `pkg/apis/batch/validation`.

use super::super::field::{Errors, Path};
use super::super::format;
use super::read::not_negative;
use petri_objects::KeptObject;
use petri_objects::schedule::Schedule;

/// Upstream: `validateScheduleFormat`.
pub(super) fn cron_job(errors: &mut Errors, object: &KeptObject) {
    let schedule = object.text(&["spec", "schedule"]);
    not_negative(errors, object, &["failedJobsHistoryLimit", "successfulJobsHistoryLimit", "startingDeadlineSeconds"]);
    if !schedule.is_empty()
        && let Err(detail) = Schedule::read(schedule)
    {
        errors.invalid(&Path::root("spec").key("schedule"), format::text(schedule), detail);
    }
}
