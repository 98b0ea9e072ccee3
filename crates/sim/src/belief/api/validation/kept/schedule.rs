//! The schedule of a CronJob.
//!
//! Upstream: `pkg/apis/batch/validation`.

use super::super::field::{Errors, Path};
use super::super::format;
use super::read::not_negative;
use petri_objects::KeptObject;

/// Upstream: `validateScheduleFormat`, and `cron.ParseStandard`.
pub(super) fn cron_job(errors: &mut Errors, object: &KeptObject) {
    let spec = Path::root("spec");
    let schedule = object.text(&["spec", "schedule"]);
    not_negative(errors, object, &["failedJobsHistoryLimit", "successfulJobsHistoryLimit", "startingDeadlineSeconds"]);
    if schedule.is_empty() {
        return;
    }
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    const RANGES: [(u32, u32); 5] = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)];
    let detail = match fields[..] {
        [word] if word.starts_with('@') => {
            let known = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];
            if known.contains(&word) || word == "@every" {
                return;
            }
            format!("unrecognized descriptor: {word}")
        }
        ["@every", _] => return,
        _ if fields.len() != 5 => {
            format!("expected exactly 5 fields, found {}: [{}]", fields.len(), fields.join(" "))
        }
        _ => match fields.iter().zip(RANGES).find_map(|(field, range)| cron_problem(field, range)) {
            Some(problem) => problem,
            None => return,
        },
    };
    errors.invalid(&spec.key("schedule"), format::text(schedule), detail);
}

/// What is wrong with one field of a schedule: `*/5`, `1-5`, `MON,WED`.
fn cron_problem(field: &str, (low, high): (u32, u32)) -> Option<String> {
    const NAMES: [&str; 19] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "sun", "mon", "tue", "wed",
        "thu", "fri", "sat",
    ];
    let number = |word: &str| -> Result<Option<u32>, String> {
        if NAMES.contains(&&*word.to_ascii_lowercase()) && high <= 12 {
            return Ok(None);
        }
        word.parse()
            .map(Some)
            .map_err(|_| format!("failed to parse int from {word}: strconv.Atoi: parsing \"{word}\": invalid syntax"))
    };
    for part in field.split(',') {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let ends: Vec<&str> = range.split('-').collect();
        if matches!(ends[..], ["*" | "?"]) {
            if let Some(step) = step.filter(|step| !step.parse::<u32>().is_ok_and(|step| step > 0)) {
                return Some(format!(
                    "failed to parse int from {step}: strconv.Atoi: parsing \"{step}\": invalid syntax"
                ));
            }
            continue;
        }
        if ends.len() > 2 {
            return Some(format!("too many hyphens: {part}"));
        }
        for end in ends {
            match number(end) {
                Err(problem) => return Some(problem),
                Ok(Some(n)) if n < low => {
                    return Some(format!("beginning of range ({n}) below minimum ({low}): {part}"));
                }
                Ok(Some(n)) if n > high => return Some(format!("end of range ({n}) above maximum ({high}): {part}")),
                Ok(_) => {}
            }
        }
    }
    None
}
