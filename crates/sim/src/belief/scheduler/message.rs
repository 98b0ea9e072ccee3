//! What `FailedScheduling` says: how many nodes were refused for which reason.
//!
//! Upstream: `framework.FitError.Error`, and what the plugins after it append in 1.36.

use super::filters::{Plugins, Rejection};
use petri_objects::order::Order as _;
use std::collections::BTreeMap;

/// What a pod is told when there are no nodes at all.
pub const NO_NODES: &str = "no nodes available to schedule pods";

/// Collects the verdicts of the nodes.
#[derive(Debug, Default)]
pub struct Diagnosis {
    nodes: u32,
    reasons: BTreeMap<String, u32>,
    /// Nodes on which no preemption can help.
    beyond_help: u32,
    pub plugins: Plugins,
}

impl Diagnosis {
    pub fn refuse(&mut self, rejection: Rejection) {
        self.nodes += 1;
        self.beyond_help += u32::from(!rejection.resolvable);
        self.plugins |= rejection.plugins;
        for reason in rejection.reasons {
            *self.reasons.entry(reason.into_owned()).or_default() += 1;
        }
    }
    /// The reasons with their counts, sorted as texts: `10 x` comes before `2 x`.
    fn body(counts: impl Iterator<Item = (String, u32)>) -> String {
        let mut parts: Vec<String> = counts.map(|(reason, count)| format!("{count} {reason}")).collect();
        parts.order();
        parts.join(", ")
    }
    /// No node fits, and preemption found nobody to push away.
    pub fn text(&self) -> String {
        let helpless = [
            ("Preemption is not helpful for scheduling", self.beyond_help),
            ("No preemption victims found for incoming pod", self.nodes - self.beyond_help),
        ];
        let body = Self::body(helpless.into_iter().filter(|(_, n)| *n > 0).map(|(text, n)| (text.to_owned(), n)));
        let nodes = self.nodes;
        format!("{} no new claims to deallocate, preemption: 0/{nodes} nodes are available: {body}.", self.text_alone())
    }
    /// The pod is not one that pushes others away.
    pub fn text_not_eligible(&self) -> String {
        let why = "not eligible due to preemptionPolicy=Never.";
        format!("{} no new claims to deallocate, preemption: {why}", self.text_alone())
    }
    /// The same without a word about preemption: other pods are being pushed away.
    pub fn text_alone(&self) -> String {
        let body = Self::body(self.reasons.iter().map(|(reason, count)| (reason.clone(), *count)));
        format!("0/{} nodes are available: {body}.", self.nodes)
    }
}

/// The pod was refused before any node was looked at.
pub fn before_filtering(nodes: u64, why: &str) -> String {
    format!("0/{nodes} nodes are available: {why}. not found")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    fn refuse(diagnosis: &mut Diagnosis, times: u32, reasons: &[&'static str], resolvable: bool) {
        for _ in 0..times {
            let reasons = reasons.iter().map(|reason| Cow::Borrowed(*reason)).collect();
            diagnosis.refuse(Rejection { plugins: Plugins::RESOURCES, reasons, resolvable });
        }
    }

    #[test]
    fn counts_are_sorted_as_texts() {
        let mut diagnosis = Diagnosis::default();
        refuse(&mut diagnosis, 3, &["Insufficient cpu"], true);
        refuse(&mut diagnosis, 30, &["node(s) didn't match Pod's node affinity/selector"], false);
        assert_eq!(
            diagnosis.text(),
            "0/33 nodes are available: 3 Insufficient cpu, 30 node(s) didn't match Pod's node affinity/selector. \
             no new claims to deallocate, preemption: 0/33 nodes are available: 3 No preemption victims found for \
             incoming pod, 30 Preemption is not helpful for scheduling."
        );
        let mut diagnosis = Diagnosis::default();
        refuse(&mut diagnosis, 10, &["x"], false);
        refuse(&mut diagnosis, 2, &["y"], false);
        assert_eq!(diagnosis.text_alone(), "0/12 nodes are available: 10 x, 2 y.");
    }

    #[test]
    fn a_pod_that_never_preempts_is_told_so() {
        let mut diagnosis = Diagnosis::default();
        refuse(&mut diagnosis, 4, &["Insufficient cpu"], true);
        assert_eq!(
            diagnosis.text_not_eligible(),
            "0/4 nodes are available: 4 Insufficient cpu. no new claims to deallocate, preemption: not eligible due to \
             preemptionPolicy=Never."
        );
    }

    #[test]
    fn a_node_with_two_reasons_counts_for_both() {
        let mut diagnosis = Diagnosis::default();
        refuse(&mut diagnosis, 2, &["Insufficient cpu", "Insufficient memory"], true);
        assert_eq!(diagnosis.text_alone(), "0/2 nodes are available: 2 Insufficient cpu, 2 Insufficient memory.");
    }

    #[test]
    fn a_refusal_before_filtering_has_no_counts() {
        assert_eq!(
            before_filtering(33, "pod has unbound immediate PersistentVolumeClaims"),
            "0/33 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"
        );
    }
}
