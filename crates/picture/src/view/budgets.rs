//! Disruption budgets: what they ask for, which pods they guard, and whether one of them may be evicted now.

use super::facts::{Facts, pod_ref};
use super::identity::Identity;
use super::marks::{ClusterView, Target, TileView, Tone};
use super::words;
use petri_objects::order::Order as _;
use petri_objects::{Kind, ObjectRef, Pod, PodDisruptionBudget, Uid};
use petri_sim::belief::api::eviction;
use petri_sim::belief::api::shelf::Key;
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::Command;
use std::rc::Rc;

/// One budget, in kubectl's columns and with its answer to an eviction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub target: Target,
    pub name: String,
    pub min_available: String,
    pub max_unavailable: String,
    pub allowed: i32,
    /// `3 of 2 needed`.
    pub healthy: String,
    /// How many pods it selects.
    pub guards: String,
    /// What an eviction would be told now.
    pub verdict: String,
    pub tone: Tone,
}

/// Everything about one budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    pub row: Row,
    /// The status, field by field.
    pub numbers: Vec<(&'static str, String)>,
    pub conditions: Vec<String>,
    pub pods: Vec<Guarded>,
}

/// A pod that the budget selects.
#[derive(Clone, Debug, PartialEq)]
pub struct Guarded {
    pub target: Target,
    pub identity: Identity,
    pub name: String,
    /// `healthy`, `not Ready`, `stopping`, `evicted, to go`.
    pub state: &'static str,
    /// Why it cannot be evicted now.
    pub refused: Option<String>,
    /// What an allowed eviction does.
    pub effect: &'static str,
    pub evict: Command,
}

impl Eq for Guarded {}

/// Every budget, by name.
#[inline(never)]
pub fn rows(facts: &Facts) -> Vec<Row> {
    facts.objects.budgets.values().map(|budget| row(budget, facts)).collect()
}

fn guarded<'w>(budget: &'w PodDisruptionBudget, facts: &Facts<'w>) -> impl Iterator<Item = &'w Rc<Pod>> {
    let selects = |pod: &&Rc<Pod>| budget.spec.selector.as_ref().is_some_and(|s| s.matches(&pod.metadata.labels));
    facts.objects.pods.in_namespace(&budget.metadata.namespace).filter(selects)
}

/// The sentence that an eviction would be refused with.
fn refusal(error: &ApiError) -> String {
    match error {
        ApiError::TooManyRequests { cause, .. } => format!("{}.", cause.trim_end_matches('.')),
        ApiError::Internal(words) => words.to_string(),
        other => petri_console::api_error(other, None),
    }
}

/// A pod that somebody has tried to evict from a cordoned node, and that may not go: the node waits for it.
#[inline(never)]
pub fn stays<'v>(view: &'v ClusterView, facts: &Facts) -> Option<(&'v TileView, String)> {
    let (uid, why) = refuses(facts)?;
    Some((view.tiles().find(|tile| tile.uid == uid)?, why))
}

/// The pod that a drain was refused and still is, and the budget's answer.
pub fn refuses(facts: &Facts) -> Option<(Uid, String)> {
    let now = facts.commands.iter().take_while(|stamped| stamped.at <= facts.now);
    let mut asked = now.filter_map(|stamped| match &*stamped.command {
        Command::Evict { pod, .. } => facts.objects.pods.get(&Key::new(pod.namespace.clone(), pod.name.clone())),
        _ => None,
    });
    asked.find_map(|pod| {
        let node = facts.objects.nodes.get(&Key::new("", pod.spec.node_name.clone()))?;
        let error = eviction::allows(facts.objects, pod).err().filter(|_| node.spec.unschedulable)?;
        Some((pod.metadata.uid, refusal(&error)))
    })
}

fn row(budget: &PodDisruptionBudget, facts: &Facts) -> Row {
    let meta = &budget.metadata;
    let status = &budget.status;
    let pods: Vec<&Rc<Pod>> = guarded(budget, facts).collect();
    let refused = pods.iter().find_map(|pod| eviction::allows(facts.objects, pod).err());
    let (verdict, tone) = match (&refused, status.disruptions_allowed) {
        _ if pods.is_empty() => ("guards nothing: no pod has its labels".to_owned(), Tone::Risk),
        (Some(error), _) => (format!("refused: {}", refusal(error)), Tone::Risk),
        (None, allowed) => {
            (format!("{} may be evicted", words::plural(allowed.max(0) as u32, "healthy pod")), Tone::Calm)
        }
    };
    let text = |value: &Option<petri_objects::IntOrString>| {
        value.as_ref().map_or_else(|| "N/A".to_owned(), ToString::to_string)
    };
    Row {
        target: Target::Object(ObjectRef::new(Kind::PodDisruptionBudget, meta.namespace.clone(), meta.name.clone())),
        name: meta.name.to_string(),
        min_available: text(&budget.spec.min_available),
        max_unavailable: text(&budget.spec.max_unavailable),
        allowed: status.disruptions_allowed,
        healthy: format!("{}, {} needed", status.current_healthy, status.desired_healthy),
        guards: pods.len().to_string(),
        verdict,
        tone,
    }
}

/// Everything about one budget, if it exists.
pub fn budget(object: &ObjectRef, facts: &Facts) -> Option<Budget> {
    let budget = facts.objects.budgets.get(&Key::new(object.namespace.clone(), object.name.clone()))?;
    let status = &budget.status;
    let seen = if status.observed_generation < budget.metadata.generation { "no, an older one" } else { "yes" };
    let disrupted: Vec<String> = status.disrupted_pods.keys().map(ToString::to_string).collect();
    let numbers = vec![
        ("Allowed disruptions", status.disruptions_allowed.to_string()),
        ("Healthy now", status.current_healthy.to_string()),
        ("Healthy needed", status.desired_healthy.to_string()),
        ("Expected", status.expected_pods.to_string()),
        ("This spec was counted", seen.to_owned()),
        ("Evicted, still to go", if disrupted.is_empty() { "none".to_owned() } else { words::list(&disrupted) }),
        (
            "Pods that are not Ready",
            match budget.spec.unhealthy_pod_eviction_policy.as_deref() {
                Some("AlwaysAllow") => "may always be evicted (AlwaysAllow)".to_owned(),
                _ => "may be evicted while enough are healthy (IfHealthyBudget)".to_owned(),
            },
        ),
    ];
    let conditions = status
        .conditions
        .iter()
        .map(|condition| {
            let message = if condition.message.is_empty() { String::new() } else { format!(": {}", condition.message) };
            format!("{} is {}, {}{message}", condition.kind, condition.status, condition.reason)
        })
        .collect();
    let mut pods: Vec<Guarded> = guarded(budget, facts).map(|pod| guarded_pod(pod, budget, facts)).collect();
    pods.order_by_key(|pod| super::order::natural(&pod.name));
    Some(Budget { row: row(budget, facts), numbers, conditions, pods })
}

fn guarded_pod(pod: &Rc<Pod>, budget: &PodDisruptionBudget, facts: &Facts) -> Guarded {
    let meta = &pod.metadata;
    let reference = pod_ref(&meta.namespace, &meta.name);
    let state = match () {
        () if pod.is_terminating() => "stopping",
        () if budget.status.disrupted_pods.contains_key(&meta.name) => "evicted, to go",
        () if pod.is_ready() => "healthy",
        () => "not Ready",
    };
    let answer = eviction::allows(facts.objects, pod);
    Guarded {
        target: Target::Pod { pod: reference.clone(), uid: meta.uid },
        identity: facts.painted(&meta.namespace, Identity::of(pod)),
        name: meta.name.to_string(),
        state,
        effect: match &answer {
            Ok(Some(_)) => "Allowed: it takes one disruption from the budget.",
            _ => "Allowed: the budget is not asked about a pod in this state.",
        },
        refused: answer.err().as_ref().map(refusal),
        evict: Command::Evict { pod: reference, grace_seconds: None },
    }
}
