//! What the API server says of faulty objects, rule by rule and word for word: the tables in `tests/validation`.
//!
//! A table is read line by line. `base` gives an object in one line of YAML, `at` a place in it (keys and numbers, with
//! dots between). Then each line that begins with `+` changes that place as a merge patch does and creates the object;
//! one with `~` creates the base as it is and replaces what the cluster made of it by the same with the change. The lines
//! behind it that begin with `>` are the answer, one fault a line; `> ok` where there is none. `#` begins a remark: the upstream test or function that the
//! lines follow. `UPDATE_EXPECT=1` writes the answers.

use crate::cluster::Cluster;
use petri_objects::{Map, Value};
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/validation"))
}

fn value(text: &str) -> Value {
    let parsed = petri_manifest::parse(&format!("{text}\n"));
    match parsed.documents.first() {
        Some(document) => document.value.clone(),
        None => panic!("{text}: {:?}", parsed.problems),
    }
}

/// A merge patch, of which null takes a field away; a place that is not there is made.
fn change(target: &mut Value, place: &[&str], patch: &Value) {
    let [key, rest @ ..] = place else { return merge(target, patch) };
    if let (Value::List(items), Ok(index)) = (&mut *target, key.parse::<usize>()) {
        return change(&mut items[index], rest, patch);
    }
    if !matches!(target, Value::Map(_)) {
        *target = Value::Map(Map::new());
    }
    let Value::Map(map) = target else { return };
    if map.get(key).is_none() {
        map.insert(*key, Value::Null);
    }
    if let Some(inner) = map.entry_mut(key) {
        change(inner, rest, patch);
    }
}

fn merge(target: &mut Value, patch: &Value) {
    let Value::Map(new) = patch else {
        *target = patch.clone();
        return;
    };
    if !matches!(target, Value::Map(_)) {
        *target = Value::Map(Map::new());
    }
    let Value::Map(old) = target else { return };
    for (key, value) in new.iter() {
        match (value, old.entry_mut(key)) {
            (Value::Null, _) => drop(old.remove(key)),
            (Value::Map(_), Some(inner)) => merge(inner, value),
            _ => old.insert(key.clone(), value.clone()),
        }
    }
}

/// The faults that kubectl lists, one a line, without its frame around them.
fn faults(out: &str) -> Vec<String> {
    // What differs, where a refusal shows it, has a test of its own.
    let is_difference = |line: &str| line.starts_with(['@', ' ', '+', '-']);
    let is_own = |line: &str| {
        line.starts_with("Note: ") || line.contains("is accepted, but has no effect") || is_difference(line)
    };
    let mut lines = Vec::new();
    for line in out.lines().filter(|line| !is_own(line)) {
        let framed = line.starts_with("The ") && line.contains(" is invalid: ");
        let rest = if framed { line.split_once(" is invalid: ").map_or(line, |(_, rest)| rest) } else { line };
        let rest = rest.strip_prefix("* ").unwrap_or(rest);
        let is_fine = [" created (server dry run)", " replaced"].iter().any(|end| rest.ends_with(end));
        match rest {
            "" => {}
            _ if is_fine => lines.push("ok".to_owned()),
            rest => lines.push(rest.trim_end().to_owned()),
        }
    }
    lines
}

fn created(cluster: &mut Cluster, object: &Value) -> Vec<String> {
    cluster.write("it.yaml", &object.to_json());
    faults(&cluster.run("kubectl create --dry-run=server -f it.yaml"))
}

/// Replaces what the cluster made of an object by the same with a change.
fn replaced(old: &Value, place: &[&str], patch: &Value) -> Vec<String> {
    let mut cluster = Cluster::new(1);
    cluster.write("old.yaml", &old.to_json());
    let out = cluster.run("kubectl create -f old.yaml");
    assert!(out.contains(" created"), "{out}");
    let out = cluster.run("kubectl get -f old.yaml -o json");
    let mut object = Value::from_json(&out).unwrap_or_else(|| panic!("{out}"));
    change(&mut object, place, patch);
    cluster.write("it.yaml", &object.to_json());
    faults(&cluster.run("kubectl replace -f it.yaml"))
}

/// Plays a table: the text with the answers as they are, and how many there are.
fn play(text: &str) -> (String, usize) {
    let mut cluster = Cluster::new(1);
    let (mut base, mut place, mut count) = (Value::Null, String::new(), 0);
    let mut out = String::new();
    for line in text.lines().filter(|line| !line.starts_with('>')) {
        out += line;
        out.push('\n');
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let path: Vec<&str> = place.split('.').filter(|key| !key.is_empty()).collect();
        let said = match word {
            "base" => {
                (base, place) = (value(rest), String::new());
                continue;
            }
            "at" => {
                place = rest.to_owned();
                continue;
            }
            "+" => {
                let mut object = base.clone();
                change(&mut object, &path, &value(rest));
                created(&mut cluster, &object)
            }
            "~" => replaced(&base, &path, &value(rest)),
            _ => continue,
        };
        count += 1;
        said.iter().for_each(|line| out += &format!("> {line}\n"));
    }
    (out, count)
}

#[test]
fn faulty_objects_are_refused_in_the_words_of_the_api_server() {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("the tables are there")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|end| end == "txt"))
        .collect();
    files.sort();
    let (mut all, mut wrong) = (0, Vec::new());
    for path in files {
        let text = std::fs::read_to_string(&path).expect("a table is text");
        let (played, count) = play(&text);
        all += count;
        if played == text {
            continue;
        }
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&path, &played).expect("the table can be written");
            continue;
        }
        let differs = text.lines().zip(played.lines()).find(|(expected, got)| expected != got);
        wrong.push(format!("{}: {differs:?}", path.display()));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(all > 380, "only {all} cases");
}
