//! What Jobs and CronJobs wait for.

use crate::ground::clock::elapsed;
use petri_objects::{Name, Time};

/// One variant per way of stopping short; see [`Reason`](crate::words::reason::Reason).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Wait {
    /// Pods of the Job run.
    JobRuns {
        active: i64,
        succeeded: i64,
        completions: Option<i64>,
    },
    /// Pods have failed; the next one comes later.
    JobBackOff {
        failures: u32,
        until: Time,
    },
    JobSuspended,
    /// The Job is to end; pods of it are stopping.
    JobEnds {
        stopping: i64,
    },
    /// The Job has ended and is deleted later.
    TtlRuns {
        until: Time,
    },
    /// The schedule's next time has not come.
    CronWaits {
        until: Time,
    },
    /// A Job of it runs, and there may be no second one.
    CronForbids {
        job: Name,
    },
    CronSuspended,
    /// It has as many Jobs as are simulated.
    CronIsFull {
        jobs: usize,
    },
    /// A time zone that is not known.
    CronZone {
        zone: Name,
    },
}

impl Wait {
    /// The variant's name.
    #[inline(never)]
    pub fn code(&self) -> &'static str {
        match self {
            Wait::JobRuns { .. } => "JobRuns",
            Wait::JobBackOff { .. } => "JobBackOff",
            Wait::JobSuspended => "JobSuspended",
            Wait::JobEnds { .. } => "JobEnds",
            Wait::TtlRuns { .. } => "TtlRuns",
            Wait::CronWaits { .. } => "CronWaits",
            Wait::CronForbids { .. } => "CronForbids",
            Wait::CronSuspended => "CronSuspended",
            Wait::CronIsFull { .. } => "CronIsFull",
            Wait::CronZone { .. } => "CronZone",
        }
    }
    /// Whether somebody is at work on what is waited for, and nobody else has to do anything.
    #[inline(never)]
    pub fn is_under_way(&self) -> bool {
        !matches!(self, Wait::JobSuspended | Wait::CronSuspended | Wait::CronIsFull { .. } | Wait::CronZone { .. })
    }
    /// What a person would say. Moments are counted from the start of the scenario.
    #[inline(never)]
    pub fn sentence(&self, start: Time) -> String {
        let clock = |at: &Time| {
            let text = elapsed(at.since(start));
            text.split('.').next().unwrap_or_default().to_owned()
        };
        let are = |count: &i64, one: &str, many: &str| match count {
            1 => format!("1 {one}"),
            count => format!("{count} {many}"),
        };
        match self {
            Wait::JobRuns { active, succeeded, completions } => {
                let done = match completions {
                    Some(wanted) => format!("{succeeded} of {wanted} completions"),
                    None => format!("{succeeded} succeeded, one is enough"),
                };
                format!("{}; {done}.", are(active, "of its pods runs", "of its pods run"))
            }
            Wait::JobBackOff { failures, until } => {
                let failed = are(&i64::from(*failures), "pod has", "pods have");
                format!("{failed} failed since the last success: the next pod is created at {}.", clock(until))
            }
            Wait::JobSuspended => {
                "The Job is suspended: it has no pods until somebody sets spec.suspend to false.".into()
            }
            Wait::JobEnds { stopping } => {
                format!("The Job ends once {} stopped.", are(stopping, "pod has", "pods have"))
            }
            Wait::TtlRuns { until } => {
                format!("The Job has ended and is deleted at {} (ttlSecondsAfterFinished).", clock(until))
            }
            Wait::CronWaits { until } => format!("The next time of its schedule is {}.", clock(until)),
            Wait::CronForbids { job } => {
                format!("{job} has not ended, and concurrencyPolicy Forbid lets no second Job start beside it.")
            }
            Wait::CronSuspended => "The CronJob is suspended: it starts nothing.".into(),
            Wait::CronIsFull { jobs } => format!("It has {jobs} Jobs, and Petri simulates no more of one CronJob."),
            Wait::CronZone { zone } => {
                format!("The time zone {zone} is not simulated, so nothing is started: only UTC is.")
            }
        }
    }
}
