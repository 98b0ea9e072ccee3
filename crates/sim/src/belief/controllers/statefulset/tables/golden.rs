//! The stories that the real controller of v1.36.3 told, sync by sync: `golden/statefulset-controller-syncs.txt`.
//!
//! Conformance scenarios that they tell: A C-020, B C-032, C C-036, D C-037, E C-034 and C-035, F C-033, H C-027,
//! I C-029, J C-038, K C-050, L C-052, M C-053, N C-024, O C-023, Q C-044 and C-045, R C-039, S C-041.
//!
//! `>` lines are what users and kubelets did. The number of a sync tells how many ran without any effect before it.

use super::*;
use std::collections::BTreeMap;

const STORIES: &str = include_str!("../../../../../golden/statefulset-controller-syncs.txt");

/// One printed sync: what was done before it, and what it did.
#[derive(Default)]
struct Step<'a> {
    actions: Vec<&'a str>,
    events: Vec<&'a str>,
    number: u32,
    line: &'a str,
    /// Owners of claims and numbers of revisions, printed after the sync.
    details: Vec<&'a str>,
}

fn steps(story: &str) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    let mut next = Step::default();
    for line in story.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(action) = line.strip_prefix("> ") {
            next.actions.push(action);
        } else if let Some(event) = line.strip_prefix("event: ") {
            next.events.push(event);
        } else if let Some(sync) = line.strip_prefix("sync") {
            let (number, rest) = sync.split_once(' ').expect("a number and a state");
            next.number = number.parse().expect("syncs are numbered");
            next.line = rest.trim();
            steps.push(std::mem::take(&mut next));
        } else if line.starts_with("pvc ") || line.starts_with("revision ") {
            steps.last_mut().expect("details follow a sync").details.push(line);
        } else {
            assert!(line.starts_with('('), "an unknown line: {line}");
        }
    }
    assert!(next.actions.is_empty() && next.events.is_empty(), "a story ends with a sync");
    steps
}

/// The set that a story begins with.
fn set_of(letter: &str) -> (StatefulSet, Settings) {
    let replicas = match letter {
        "J" | "Q" | "R" => 2,
        "S" => 1,
        "L" => 5,
        _ => 3,
    };
    let mut set = new_set(replicas);
    set.metadata.name = "web".into();
    let mut settings = Settings::default();
    let spec = Rc::make_mut(&mut set.spec);
    spec.service_name = "web".into();
    spec.volume_claim_templates[0].metadata.name = "data".into();
    Rc::make_mut(&mut spec.template.spec).containers[0].image = "v1".into();
    spec.update_strategy.rolling_update =
        Some(RollingUpdateStatefulSetStrategy { partition: Some(0), max_unavailable: None });
    let rolling = spec.update_strategy.rolling_update.as_mut().expect("just set");
    match letter {
        "C" => spec.update_strategy.rolling_update = None,
        "E" => rolling.partition = Some(2),
        "J" => {
            spec.update_strategy = StatefulSetUpdateStrategy { kind: "OnDelete".into(), rolling_update: None };
        }
        "K" => {
            rolling.partition = Some(1);
            spec.ordinals = Some(StatefulSetOrdinals { start: 5 });
        }
        "L" | "M" => {
            settings.gates.max_unavailable_stateful_set = true;
            rolling.max_unavailable = Some(IntOrString::Int(if letter == "L" { 2 } else { 1 }));
        }
        "R" => spec.min_ready_seconds = 60,
        _ => {}
    }
    if matches!(letter, "F" | "M") {
        spec.pod_management_policy = "Parallel".into();
    }
    let set = if letter == "Q" { retention(set, Some(("Delete", "Delete"))) } else { set };
    (set, settings)
}

fn act(stage: &mut Stage, action: &str) {
    let words: Vec<&str> = action.split([' ', '=']).collect();
    match words[..] {
        ["pod", pod, "Running", "ready", ready] => {
            stage.phase(pod.parse().expect("an ordinal"), Phase::Running, ready == "true");
        }
        ["pod", pod, "phase", phase] => {
            let phase = if phase == "Failed" { Phase::Failed } else { Phase::Pending };
            stage.phase(pod.parse().expect("an ordinal"), phase, false);
        }
        ["pod", pod, "removed", "from", "etcd"] => stage.remove(pod.parse().expect("an ordinal")),
        ["replicas", count] => {
            let count = count.parse().expect("a number");
            stage.edit(|spec| spec.replicas = Some(count));
        }
        ["template", "image", image] => stage.image(image),
        ["node", "eviction:", "delete", "pod", "1", "(stuck)"] => stage.delete(1),
        ["ordinals.start", "5->6", ..] => stage.edit(|spec| spec.ordinals = Some(StatefulSetOrdinals { start: 6 })),
        ["GC", "removed", claim] => stage.remove_claim(claim),
        // Headings: the next line says what is done.
        ["manual", ..]
        | ["user", "deletes", ..]
        | ["force", "delete"]
        | ["pod", "2", "recovers"]
        | ["pod", "2", "also", "unready"] => {}
        _ => panic!("nobody knows how to do this: {action}"),
    }
}

/// A stage whose revisions are called r1, r2 in the order of their appearance.
struct Told {
    stage: Stage,
    names: BTreeMap<Name, String>,
}

impl Told {
    fn line(&mut self) -> String {
        for revision in self.stage.revisions() {
            let next = format!("r{}", self.names.len() + 1);
            self.names.entry(revision.metadata.name.clone()).or_insert(next);
        }
        let line = self.stage.line();
        self.names.iter().fold(line, |line, (name, short)| line.replace(&**name, short))
    }
    fn sync(&mut self) -> (Vec<String>, String) {
        let run = self.stage.sync();
        assert!(run.result.is_ok(), "{}", run.verdict());
        let events = run
            .events()
            .iter()
            .map(|e| e.replacen(" Create", ": Create", 1).replacen(" Delete", ": Delete", 1))
            .collect();
        (events, self.line())
    }
    fn owners(&self, claim: &str) -> String {
        let claim = self.stage.claim(claim).expect("the claim exists");
        let owners: Vec<String> = claim
            .metadata
            .owner_references
            .iter()
            .map(|o| {
                let (controller, block) = (o.controller == Some(true), o.block_owner_deletion == Some(true));
                format!("{}/{} controller={controller} block={block}", o.kind, o.name)
            })
            .collect();
        format!("[{}]", owners.join(" "))
    }
    fn check_detail(&self, detail: &str) {
        match detail.split_whitespace().collect::<Vec<_>>()[..] {
            ["pvc", claim, "owners:", ..] => {
                let wanted = detail.split_once("owners: ").expect("owners are listed").1;
                assert_eq!(self.owners(claim), wanted, "{claim}");
            }
            ["revision", _, "->", short, "Revision:", number] => {
                let found = self.stage.revisions().into_iter().find(|r| self.names[&r.metadata.name] == short);
                assert_eq!(found.map(|r| r.revision.to_string()).as_deref(), Some(number), "{short}");
            }
            _ => panic!("an unknown detail: {detail}"),
        }
    }
}

fn tell(title: &str, story: &str) -> usize {
    let letter = title.split(' ').next().expect("stories have letters");
    let (set, settings) = set_of(letter);
    let mut told = Told { stage: Stage::with(set, 7, settings), names: BTreeMap::new() };
    let (mut ran, mut before) = (0, String::new());
    let steps = steps(story);
    for step in &steps {
        // Syncs that were not printed ran before the actions, as long as the numbers leave room for them.
        let mut silent = step.number - ran - 1;
        for action in &step.actions {
            if silent > 0 {
                silent -= 1;
                assert_eq!(told.sync(), (Vec::new(), before.clone()), "{title}: before sync{}", step.number);
            }
            act(&mut told.stage, action);
            before = told.line();
        }
        assert_eq!(silent, 0, "{title}: sync{} comes too late", step.number);
        let (mut events, line) = told.sync();
        let mut wanted: Vec<String> = step.events.iter().map(|event| (*event).to_owned()).collect();
        if !told.stage.set().is_monotonic() {
            // Upstream makes the pods of one batch at the same time.
            events.order();
            wanted.order();
        }
        assert_eq!(events, wanted, "{title}: events of sync{}", step.number);
        assert_eq!(line, step.line, "{title}: after sync{}", step.number);
        for detail in &step.details {
            told.check_detail(detail);
        }
        (ran, before) = (step.number, line);
    }
    steps.len()
}

#[test]
fn all_stories_of_the_real_controller_are_told_alike() {
    let mut letters = String::new();
    let mut syncs = 0;
    for story in STORIES.split("###### ").skip(1) {
        let (title, story) = story.split_once('\n').expect("a title and a story");
        println!("{title}");
        syncs += tell(title, story);
        letters.push_str(&title[..1]);
    }
    assert_eq!(letters, "ABCDEFGHIJKNOPQRSLM");
    assert_eq!(syncs, STORIES.matches("\n   sync").count());
}

#[test]
#[should_panic(expected = "after sync4")]
fn a_story_that_is_told_wrong_is_noticed() {
    let story = STORIES.split("###### ").nth(1).expect("there are stories").replacen("rep=3 rdy=3", "rep=3 rdy=2", 1);
    let (title, story) = story.split_once('\n').expect("a title and a story");
    tell(title, story);
}
