//! Posters of real runs: small, sound, the same twice, light and dark, and safe whatever the names are.

use super::*;
use petri_objects::{Name, Span};
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::Recording;
use petri_sim::words::command::Command;
use roxmltree::Document;

fn timeline(scenario: Scenario, manifests: &[&str]) -> Timeline {
    let mut timeline = Timeline::new(Recording::new(scenario, 1));
    for text in manifests {
        for document in &petri_manifest::parse(text).documents {
            let mut object = document.object.clone().expect("the manifest is sound");
            object.set_namespace_if_none("default");
            timeline.command(Command::Apply(Box::new(object)));
        }
    }
    timeline
}

fn example(name: &str) -> String {
    petri_lessons::examples().iter().find(|(n, _)| *n == name).map(|(_, text)| (*text).to_owned()).expect("it is there")
}
