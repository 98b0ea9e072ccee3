//! The recordings of a real control plane: each keeps the score that it has reached, and the judge can fail.

use petri_conformance::judge::line::{self, Line};
use petri_conformance::judge::{Verdict, judge_lines};
use petri_conformance::recordings::{self, Recording};
use petri_objects::order::Order as _;
use petri_objects::{Map, Name, Value};

/// How many recordings each mutation is tried on.
const TRIES: usize = 3;

fn carried() -> Vec<Recording> {
    let all = recordings::all(&recordings::folder()).expect("they can be read");
    assert!(all.len() >= 50, "the recordings are there: {}", all.len());
    all
}

fn trace(recording: &Recording) -> Vec<Line> {
    line::read(recording.expected().expect("a recording can be read"))
}

#[test]
fn every_recording_keeps_its_score() {
    let text = std::fs::read_to_string(recordings::folder().join("floors.txt")).expect("the floors are there");
    let floors = recordings::floors(&text);
    let mut low = Vec::new();
    for recording in carried() {
        let floor = floors.get(&recording.name).unwrap_or_else(|| panic!("{} has a floor", recording.name));
        let verdict = recording.judge().expect("a carried recording can be played");
        if verdict.overall < *floor {
            let said: Vec<&str> = verdict.differences.iter().take(3).map(|d| d.text.as_str()).collect();
            low.push(format!("{}: {:.2} is below {floor:.2}: {said:#?}", recording.name, verdict.overall));
        }
    }
    assert!(low.is_empty(), "{low:#?}");
}

#[test]
fn a_recording_agrees_with_itself_and_not_with_silence() {
    for recording in carried().iter().step_by(7) {
        let lines = trace(recording);
        let verdict = judge_lines(&lines, &lines);
        assert_eq!(verdict.overall, 100.0, "{}: {:?}", recording.name, verdict.differences.first());
        let silence = judge_lines(&lines, &lines[..1]).overall;
        assert!(silence < 12.0, "{} against nothing: {silence}", recording.name);
    }
}

#[test]
fn two_recordings_of_one_scenario_agree() {
    let all = carried();
    let find = |name: &str| trace(all.iter().find(|recording| recording.name == name).expect("it is carried"));
    let verdict = judge_lines(&find("sts-scale-up-down"), &find("sts-scale-up-down-r2"));
    assert!(verdict.overall >= 97.0, "{}", verdict.overall);
}

#[test]
fn a_little_jitter_is_no_difference() {
    for recording in carried().iter().step_by(9) {
        let lines = trace(recording);
        let (mut late, mut last) = (lines.clone(), 0.0_f64);
        for (i, line) in late.iter_mut().enumerate().filter(|(_, line)| !line.what.starts_with("ACTION")) {
            last = last.max(line.t + (i % 10) as f64 / 100.0);
            line.t = last;
        }
        late.order_by(|a, b| a.t.total_cmp(&b.t));
        let verdict = judge_lines(&lines, &late);
        assert!(verdict.overall >= 97.0, "{}: {}", recording.name, verdict.overall);
    }
}

/// A trace with one thing wrong, and the words that a difference must then say. `None` where the mutation does not fit.
type Mutation = fn(Vec<Line>) -> Option<(Vec<Line>, Vec<String>)>;

fn check(mutate: Mutation) {
    let mut tried = 0;
    for recording in carried() {
        let lines = trace(&recording);
        let Some((wrong, words)) = mutate(lines.clone()) else { continue };
        let verdict: Verdict = judge_lines(&lines, &wrong);
        let said = verdict.differences.iter().any(|d| words.iter().all(|word| d.text.contains(word.as_str())));
        assert!(verdict.overall < 100.0 && said, "{}: {words:?} in {:?}", recording.name, verdict.differences.first());
        tried += 1;
        if tried == TRIES {
            return;
        }
    }
    assert!(tried > 0, "no recording to try it on");
}

fn is(line: &Line, kind: &str, what: &str) -> bool {
    line.text("kind") == Some(kind) && line.what == what
}

/// The line with one field of its `set` changed.
fn with_set(line: &Line, path: &str, value: &str) -> Line {
    let mut set = line.get("set").and_then(Value::as_map).cloned().unwrap_or_default();
    set.insert(path, value.into());
    with(line, "set", Value::Map(set))
}

fn with(line: &Line, key: &str, value: Value) -> Line {
    let mut map = line.value.as_map().cloned().unwrap_or_default();
    map.insert(key, value);
    Line { value: Value::Map(map), ..line.clone() }
}

#[test]
fn a_pod_that_is_never_deleted_is_missed() {
    check(|lines| {
        let gone = lines.iter().rposition(|line| is(line, "Pod", "DELETED"))?;
        let name = lines[gone].short_name().to_owned();
        let born = lines[..gone].iter().rposition(|line| is(line, "Pod", "ADDED") && line.short_name() == name)?;
        let about = |i: usize, line: &Line| {
            let told = line.what == "DELETED" || line.set().contains_key("metadata.deletionTimestamp");
            (born..=gone).contains(&i) && line.text("kind") == Some("Pod") && line.short_name() == name && told
        };
        let kept =
            lines.iter().enumerate().filter(|(i, line)| !about(*i, line)).map(|(_, line)| line.clone()).collect();
        Some((kept, vec!["expected pod".into(), "gone".into(), "did not happen".into()]))
    });
}

#[test]
fn pods_created_in_the_wrong_order_are_noticed() {
    check(|mut lines| {
        let set = |line: &Line| line.set().get("metadata.ownerReferences").and_then(Value::as_str).map(String::from);
        let adds: Vec<usize> = (0..lines.len()).filter(|i| is(&lines[*i], "Pod", "ADDED")).collect();
        let fits = |i: &usize, j: &usize| {
            let (a, b) = (&lines[*i], &lines[*j]);
            b.t - a.t > 0.6
                && a.short_name() != b.short_name()
                && set(a) == set(b)
                && set(a).is_some_and(|owner| owner.starts_with("StatefulSet/"))
        };
        let (i, j) = adds.iter().flat_map(|i| adds.iter().map(move |j| (*i, *j))).find(|(i, j)| fits(i, j))?;
        let word = lines[i].short_name().to_owned();
        let (a, b) = (lines[i].clone(), lines[j].clone());
        lines[i] = Line { t: a.t, ..b.clone() };
        lines[j] = Line { t: b.t, ..a };
        Some((lines, vec!["created".into(), word]))
    });
}

#[test]
fn ten_seconds_too_late_is_noticed() {
    check(|mut lines| {
        let from = lines.iter().find(|line| is(line, "Pod", "MODIFIED"))?.t;
        for line in lines.iter_mut().filter(|line| line.t >= from && !line.what.starts_with("ACTION")) {
            line.t += 10.0;
        }
        lines.order_by(|a, b| a.t.total_cmp(&b.t));
        Some((lines, vec!["came".into(), "expected".into()]))
    });
}

#[test]
fn an_event_with_another_reason_is_noticed() {
    check(|mut lines| {
        let told = |line: &Line| {
            let reason = line.set().get("reason").and_then(Value::as_str).map(String::from);
            is(line, "Event", "ADDED") && reason.is_some_and(|r| ["SuccessfulCreate", "Killing"].contains(&r.as_str()))
        };
        let at = lines.iter().position(told)?;
        lines[at] = with_set(&lines[at], "reason", "Unexplained");
        Some((lines, vec!["events of".into(), "Unexplained".into()]))
    });
}

#[test]
fn one_pod_too_many_is_noticed() {
    check(|mut lines| {
        let at = lines.iter().position(|line| is(line, "Pod", "ADDED"))?;
        let (namespace, base) = lines[at].text("name")?.split_once('/')?;
        let name = format!("{namespace}/{}-99", base.rsplit_once('-').map_or(base, |(base, _)| base));
        let owned = with_set(&lines[at], "metadata.ownerReferences", "StatefulSet/web:00000001:controller:block");
        lines.insert(at + 1, with(&owned, "name", name.as_str().into()));
        Some((lines, vec!["unexpected pod".into(), "-99".into()]))
    });
}

#[test]
fn a_missing_taint_is_noticed() {
    check(|mut lines| {
        let tainted = |line: &Line| {
            is(line, "Node", "MODIFIED")
                && line.set().keys().any(|path| path.starts_with("spec.taints") && path.ends_with(".key"))
        };
        let at = lines.iter().position(tainted)?;
        let name = lines[at].short_name().to_owned();
        let kept: Map = lines[at]
            .set()
            .into_iter()
            .filter(|(path, _)| !path.starts_with("spec.taints"))
            .map(|(path, value)| (Name::from(path.as_str()), value))
            .collect();
        lines[at] = with(&lines[at], "set", Value::Map(kept));
        Some((lines, vec![format!("node {name} taint"), "did not happen".into()]))
    });
}

#[test]
fn a_second_process_under_one_name_is_noticed() {
    check(|mut lines| {
        let at = lines.iter().position(|line| line.what == "LOCAL" && line.text("event") == Some("started"))?;
        let ghost = with(&with(&lines[at], "uid", "ffffffff".into()), "node", "elsewhere".into());
        lines.insert(at + 1, ghost);
        Some((lines, vec!["process".into(), "(2 running)".into()]))
    });
}

#[test]
fn a_deletion_before_its_turn_is_noticed() {
    check(|mut lines| {
        let ordered: Vec<String> = lines
            .iter()
            .filter(|line| is(line, "StatefulSet", "ADDED"))
            .filter(|line| line.set().get("spec.podManagementPolicy") == Some(&Value::from("OrderedReady")))
            .map(|line| line.short_name().to_owned())
            .collect();
        let set = |line: &Line| line.short_name().rsplit_once('-').map_or(String::new(), |(set, _)| set.to_owned());
        let asked = |line: &Line| {
            is(line, "Pod", "MODIFIED")
                && line.set().get("metadata.deletionGracePeriodSeconds") == Some(&Value::Int(10))
        };
        let (i, j) = (0..lines.len()).filter(|i| is(&lines[*i], "Pod", "DELETED")).find_map(|i| {
            let gone = &lines[i];
            let next = lines.iter().skip(i + 1).take(40).position(|line| {
                asked(line) && set(line) == set(gone) && line.short_name() != gone.short_name() && line.t - gone.t < 0.3
            })?;
            ordered.contains(&set(gone)).then_some((i, i + 1 + next))
        })?;
        let mut early = lines.remove(j);
        early.t = lines[i].t - 0.1;
        let at = lines.partition_point(|line| line.t < early.t);
        lines.insert(at, early);
        Some((lines, vec!["before".into(), "deletion requested".into()]))
    });
}

#[test]
fn another_line_of_output_is_noticed() {
    check(|mut lines| {
        let spoke =
            |line: &Line| line.what == "ACTION-DONE" && line.text("stdout").is_some_and(|out| !out.trim().is_empty());
        let at = lines.iter().position(spoke)?;
        lines[at] = with(&lines[at], "stdout", "something else\n".into());
        Some((lines, vec!["output of".into(), "something else".into()]))
    });
}
