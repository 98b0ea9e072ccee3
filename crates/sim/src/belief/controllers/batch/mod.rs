//! What the controllers of Jobs and CronJobs do. Few clusters have any, so the doors to all of this
//! ([`job`](super::job), [`cron_job`](super::cron_job), [`ttl_after_finished`](super::ttl_after_finished)) look at a change
//! before anything here is called.

pub mod back_off;
pub mod course;
pub mod cron;
pub mod indexes;
pub mod job;
pub mod pods;
pub mod policy;
pub mod spec;
pub mod status;
pub mod tracking;
pub mod ttl;
pub mod wake;
