//! What the controller keeps between syncs.

use super::backoff::FailedPods;
use crate::belief::controllers::expectations::Expectations;

/// What the controller keeps between syncs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Memory {
    pub(super) expectations: Expectations,
    pub(super) failed_pods: FailedPods,
}
