//! `petri search`: is there a run that breaks a guarantee?

use petri_console::run as console;
use petri_explore::{Problem, Progress, Search};
use petri_objects::{Kind, ObjectRef};
use petri_sim::ground::clock::{Span, elapsed};
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::Recording;
use petri_sim::story::shared::Shared;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::command::{Command, Propagation};
use petri_sim::words::invariants::Guarantee;
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::rc::Rc;

/// Searches the story of the first visit: a machine is cut off, and with `--lies` a force delete is allowed.
pub fn run(words: &[String]) -> ExitCode {
    let (mut lies, mut out) = (false, None);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--lies" => lies = true,
            "--out" => match words.next() {
                Some(file) => out = Some(file),
                None => {
                    eprintln!("petri search: --out needs the name of a file");
                    return ExitCode::from(2);
                }
            },
            other => {
                eprintln!("petri search: unknown flag {other}");
                return ExitCode::from(2);
            }
        }
    }
    let problem = problem(lies);
    let (scenario, begins) = (problem.scenario.clone(), problem.settle);
    match Search::new(problem).finish() {
        Progress::Found { recording, evidence, states } => {
            println!("broken after {states} states: {}", evidence.sentence);
            print(&recording);
            if let Some(file) = out
                && let Err(problem) = keep(*recording, file)
            {
                eprintln!("error: {file}: {problem}");
            }
            ExitCode::FAILURE
        }
        Progress::Exhausted { states } | Progress::Searching { states } => {
            println!("holds in all {states} states, from {} on ({})", elapsed(begins), scenario.name);
            ExitCode::SUCCESS
        }
    }
}

fn problem(lies: bool) -> Problem {
    // What the console makes of the example is what a person would have applied.
    let scenario = Scenario::standard();
    let mut timeline = Timeline::new(Recording::new(scenario.clone(), 1));
    let files: BTreeMap<String, String> =
        petri_lessons::examples().iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
    console("kubectl apply -f my-sts.yaml; run until sts/my-sts Ready", &mut timeline, &files);
    let setup: Vec<Command> = timeline.recording().commands.iter().map(|stamped| (*stamped.command).clone()).collect();
    let pod = ObjectRef::new(Kind::Pod, "default", "my-sts-0");
    let key = petri_sim::belief::api::shelf::Key::new("default", "my-sts-0");
    let node =
        timeline.world().objects().pods.get(&key).map(|pod| pod.spec.node_name.clone()).unwrap_or("node-0".into());
    let mut menu = vec![Command::Cut { node: node.clone() }, Command::Heal { node }];
    if lies {
        menu.push(Command::Delete { target: pod, grace_seconds: Some(0), propagation: Propagation::Background });
    }
    Problem {
        scenario,
        seed: 1,
        setup,
        settle: timeline.now().since(timeline.start()),
        menu,
        guarantee: Guarantee::AtMostOne,
        horizon: Span::minutes(8),
        step: Span::seconds(30),
    }
}

/// Writes the run, played until its last command has had its consequences, as `petri open` and the page read it.
fn keep(recording: Recording, file: &str) -> std::io::Result<()> {
    let last = recording.commands.last().map_or(recording.scenario.start, |stamped| stamped.at);
    let mut timeline = Timeline::new(recording);
    timeline.play_until(last + Span::seconds(30));
    let shared = Shared::new(timeline.recording().clone(), last, timeline.end());
    std::fs::write(file, shared.to_json() + "\n")
}

fn print(recording: &Recording) {
    for stamped in &recording.commands {
        println!("  {}  {}", elapsed(stamped.at.since(recording.scenario.start)), line(&stamped.command));
    }
}

fn line(command: &Rc<Command>) -> String {
    command.line()
}
