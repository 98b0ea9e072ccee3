//! `script.jsonl`: what was done to the recorded cluster, and when.

use super::candidate::Change;
use super::scenario::seconds;
use petri_objects::{Kind, Name, ObjectRef, Span, Value};
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::{Command, Component};
use petri_sim::words::note::Answer;

/// One line of the script.
pub struct Step {
    pub at: Span,
    /// How long the recorded step took until it answered.
    pub took: Span,
    pub fields: Value,
    pub what: What,
}

pub enum What {
    /// A line for the console.
    Line(String),
    /// A manifest, given to kubectl on its standard input.
    Apply(String),
    /// Commands, and how long after the step each is given.
    Commands(Vec<(Span, Command)>),
    Candidate(Change),
    Evict(Command),
}

impl Step {
    /// When the API server hears of the step: kubectl reads and computes first, and asks at the end of what it takes.
    /// A command that then waits has asked within its first moments.
    pub fn takes_effect_after(&self) -> Span {
        let waits = self.fields.at(&["blocking"]) == Some(&Value::Bool(true));
        match &self.what {
            What::Line(_) if waits => Span(self.took.0 * 9 / 10).min(ASKS_WITHIN),
            What::Line(_) | What::Apply(_) => Span(self.took.0 * 9 / 10),
            _ => Span::ZERO,
        }
    }
}

/// What kubectl takes until its first request, on the machines of the recordings.
const ASKS_WITHIN: Span = Span::millis(60);

/// What the processes of the recorded control plane took to start up.
fn start_up(component: Component) -> Span {
    match component {
        Component::ApiServer => Span::millis(800),
        Component::ControllerManager => Span::millis(1_700),
        Component::Scheduler => Span::millis(100),
    }
}

/// Reads the script; each step keeps the number of its line.
///
/// # Errors
/// A sentence about the line that cannot be understood.
pub fn read(text: &str, namespace: &str) -> Result<Vec<(usize, Step)>, String> {
    let mut steps = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let fields = Value::from_json(line).ok_or(format!("script.jsonl:{}: not JSON", index + 1))?;
        let at = fields.at(&["t"]).and_then(seconds).unwrap_or(Span::ZERO);
        let took = fields.at(&["took"]).and_then(seconds).unwrap_or(Span::ZERO);
        let what = what(&fields, namespace);
        steps.push((index, Step { at, took, fields, what }));
    }
    Ok(steps)
}

fn what(fields: &Value, namespace: &str) -> What {
    let text = |key: &str| fields.at(&[key]).and_then(Value::as_str).unwrap_or("");
    let node = || Name::from(text("node"));
    match text("do") {
        "apply" => What::Apply(text("manifest").to_owned()),
        "kubectl" => {
            let words = fields.at(&["args"]).and_then(Value::as_list).unwrap_or_default();
            let words: Vec<String> = words.iter().filter_map(Value::as_str).map(for_shell).collect();
            What::Line(format!("kubectl -n {namespace} {}", words.join(" ")))
        }
        "node" => What::Commands(match text("op") {
            "crash" => at_once(vec![Command::PowerOff { node: node() }]),
            "partition" => at_once(vec![Command::Cut { node: node() }]),
            "heal" | "up" => at_once(vec![Command::Heal { node: node() }, Command::PowerOn { node: node() }]),
            "restart" => {
                let after = fields.at(&["after"]).and_then(seconds).unwrap_or(Span::ZERO);
                vec![(Span::ZERO, Command::PowerOff { node: node() }), (after, Command::PowerOn { node: node() })]
            }
            "register" => at_once(vec![Command::StopKubelet { node: node() }, Command::StartKubelet { node: node() }]),
            _ => Vec::new(),
        }),
        "evict" => {
            What::Evict(Command::Evict { pod: ObjectRef::new(Kind::Pod, namespace, text("pod")), grace_seconds: None })
        }
        "patch" => {
            let patch = fields.at(&["patch"]).cloned().unwrap_or_default();
            let kind = Kind::from_resource(text("kind")).unwrap_or(Kind::Pod);
            let status = text("subresource") == "status";
            let namespace = if kind.is_namespaced() { namespace } else { "" };
            let target = ObjectRef::new(kind, namespace, text("name"));
            What::Commands(at_once(vec![Command::Patch { target, patch, status }]))
        }
        "component" => What::Commands(match (Component::from_name(text("component")), text("op")) {
            (Some(component), "kill") => at_once(vec![Command::StopComponent { component }]),
            (Some(component), "start") => vec![(start_up(component), Command::StartComponent { component })],
            _ => Vec::new(),
        }),
        "candidate" => Change::read(fields, namespace).map_or(What::Commands(Vec::new()), What::Candidate),
        _ => What::Commands(Vec::new()),
    }
}

fn at_once(commands: Vec<Command>) -> Vec<(Span, Command)> {
    commands.into_iter().map(|command| (Span::ZERO, command)).collect()
}

/// A word as a shell reads it back.
pub fn for_shell(word: &str) -> String {
    let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c));
    if plain && !word.is_empty() { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// HTTP code and body of an eviction.
pub fn eviction_answer(result: &Result<Answer, ApiError>) -> (String, String) {
    match result {
        Ok(_) => (
            "201".into(),
            "{\n \"kind\": \"Status\",\n \"apiVersion\": \"v1\",\n \"metadata\": {},\n \"status\": \"Success\",\n \"code\": 201\n}\n".into(),
        ),
        Err(error) => {
            let cause = match error {
                ApiError::TooManyRequests { cause, .. } => {
                    format!(" \"details\": {{\n  \"causes\": [\n   {{\n    \"reason\": \"DisruptionBudget\",\n    \"message\": \"{cause}\"\n   }}\n  ]\n }},\n")
                }
                _ => String::new(),
            };
            let reason = match error {
                ApiError::Internal(_) => String::new(),
                error => format!(" \"reason\": \"{}\",\n", error.reason()),
            };
            let mut message = String::new();
            petri_objects::value::write_json_string(&error.to_string(), &mut message);
            (
                error.code().to_string(),
                format!(
                    "{{\n \"kind\": \"Status\",\n \"apiVersion\": \"v1\",\n \"metadata\": {{}},\n \"status\": \"Failure\",\n \"message\": {message},\n{reason}{cause} \"code\": {}\n}}\n",
                    error.code()
                ),
            )
        }
    }
}
