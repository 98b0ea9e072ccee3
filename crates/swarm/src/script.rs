//! A script: what a person types into a fresh cluster, line by line, and when.

use petri_objects::Value;
use petri_sim::ground::clock::Span;
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;
use petri_sim::world::Grain;
use serde_json::Value as Json;

/// Where a run begins, and what is done in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// `standard`, `sized-12`.
    pub scenario: String,
    pub seed: u64,
    pub grain: Grain,
    pub steps: Vec<Step>,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// `kubectl apply -f -` and the like, with the manifest in a here-document.
    Manifest { verb: &'static str, manifest: Json },
    /// Anything else that is typed.
    Line(String),
    /// Time passes.
    Run(Span),
}

impl Step {
    pub fn line(text: impl Into<String>) -> Step {
        Step::Line(text.into())
    }

    /// As it is typed.
    pub fn text(&self) -> String {
        match self {
            Step::Line(line) => line.clone(),
            Step::Run(span) => format!("run {span}"),
            Step::Manifest { verb, manifest } => {
                let yaml = Value::from_json(&manifest.to_string()).map(|value| petri_manifest::to_yaml(&value));
                format!("kubectl {verb} -f - <<EOF\n{}\nEOF", yaml.unwrap_or_default().trim_end())
            }
        }
    }
}

impl Script {
    /// The run at its beginning.
    pub fn begin(&self) -> Timeline {
        let scenario = match self.scenario.strip_prefix("sized-").and_then(|count| count.parse().ok()) {
            Some(count) => Scenario { name: self.scenario.as_str().into(), ..Scenario::sized(count) },
            None => Scenario::standard(),
        };
        Timeline::with_grain(Recording::new(scenario, self.seed), self.grain)
    }

    /// As a transcript that can be run again: its answers are not checked.
    pub fn transcript(&self, title: &str, quiet: &[Step]) -> String {
        let grain = if self.grain == Grain::Fine { ", grain: fine" } else { "" };
        let mut text = format!("# {title}\n\n<!-- scenario: {}, seed: {}{grain} -->\n\n", self.scenario, self.seed);
        text.push_str("```console\n");
        let steps = self.steps.iter().chain(quiet).map(Step::text);
        steps.for_each(|line| text.push_str(&format!("$ {line}\n...\n")));
        text + "```\n"
    }
}
