//! What a Job's own rules say of a pod that failed, and of the indexes that succeeded.
//!
//! Upstream: `pkg/controller/job/pod_failure_policy.go`, `success_policy.go`.

use super::indexes::Indexes;
use petri_objects::{Pod, Value};

/// What a rule of `podFailurePolicy` makes of a failed pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The Job fails at once, with this message.
    FailJob(String),
    /// The failure does not count.
    Ignore,
    Count,
}

/// The verdict of the first rule that fits; what fits none counts.
///
/// Deviation: `FailIndex` counts as a failure of the Job.
///
/// Upstream: `matchPodFailurePolicy`.
pub fn verdict(rules: &[Value], pod: &Pod) -> Verdict {
    for (index, rule) in (0..).zip(rules) {
        let Some(what) = fits(rule, pod) else { continue };
        let action = text(rule, "action");
        return match action {
            "Ignore" => Verdict::Ignore,
            "FailJob" => Verdict::FailJob(format!("{what} matching {action} rule at index {index}")),
            _ => Verdict::Count,
        };
    }
    Verdict::Count
}

/// What of a pod a rule is about, in words; `None` if it is not about it.
fn fits(rule: &Value, pod: &Pod) -> Option<String> {
    let meta = &pod.metadata;
    if let Some(asked) = rule.at(&["onExitCodes"]) {
        let listed = |code: i32| list(asked, "values").iter().any(|value| value.as_int() == Some(i64::from(code)));
        let inside = text(asked, "operator") == "In";
        let name = text(asked, "containerName");
        let statuses = pod.status.container_statuses.iter().chain(&pod.status.init_container_statuses);
        for status in statuses.filter(|status| name.is_empty() || &*status.name == name) {
            let ended = status.state.terminated.as_ref().filter(|ended| ended.exit_code != 0);
            if let Some(ended) = ended.filter(|ended| listed(ended.exit_code) == inside) {
                let (container, code) = (&status.name, ended.exit_code);
                let of = format!("Container {container} for pod {}/{}", meta.namespace, meta.name);
                return Some(format!("{of} failed with exit code {code}"));
            }
        }
        return None;
    }
    let asked = list(rule, "onPodConditions").iter();
    let mut known = asked.flat_map(|asked| {
        let status = Some(text(asked, "status")).filter(|status| !status.is_empty()).unwrap_or("True");
        let fits = move |condition: &&petri_objects::Condition| {
            &*condition.kind == text(asked, "type") && &*condition.status == status
        };
        pod.status.conditions.iter().find(fits)
    });
    let condition = known.next()?;
    Some(format!("Pod {}/{} has condition {}", meta.namespace, meta.name, condition.kind))
}

/// Which rule of `successPolicy` is met by these indexes, as the condition says it.
///
/// Upstream: `matchSuccessPolicy`.
pub fn success(rules: &[Value], completions: i64, succeeded: &Indexes) -> Option<String> {
    let met = |rule: &Value| {
        let count = rule.at(&["succeededCount"]).and_then(Value::as_int);
        match (text(rule, "succeededIndexes"), count) {
            ("", Some(count)) => succeeded.count() >= count,
            ("", None) => false,
            (asked, count) => {
                let asked = Indexes::read(asked, u32::try_from(completions).unwrap_or(0));
                asked.shared(succeeded) >= count.unwrap_or(asked.count())
            }
        }
    };
    let index = rules.iter().position(met)?;
    Some(format!("Matched rules at index {index}"))
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.at(&[key]).and_then(Value::as_str).unwrap_or_default()
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.at(&[key]).and_then(Value::as_list).unwrap_or_default()
}
