//! `kubectl set env`.
//!
//! Upstream: `kubectl/pkg/cmd/set/set_env.go`.

use super::super::context::{Context, not_found, read_file};
use super::containers::{Change, containers, is_meant};
use crate::args::{Arguments, namespace};
use crate::limits::{MOST_NAMES, beyond};
use crate::output::{Failure, Output};
use crate::select;
use petri_objects::value::quoted;
use petri_objects::{Map, Object, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What a line asks of the variables of containers.
#[derive(Default)]
pub(super) struct Changes {
    /// In the order in which they were said: of one name the first counts.
    set: Vec<(String, Value)>,
    /// Where each name stands.
    places: BTreeMap<String, usize>,
    removed: BTreeSet<String>,
}

impl Changes {
    /// From `--env` and words as `A=b` and `A-`, from standard input where one of them is `-`, and from the keys of `--from`.
    pub fn of(
        words: &[String],
        arguments: &Arguments,
        context: &Context<'_>,
        out: &mut Output,
    ) -> Result<Changes, Failure> {
        let mut changes = Changes::default();
        let mut said = BTreeSet::new();
        for word in arguments.all("env").chain(words.iter().map(String::as_str)) {
            match (word.split_once('='), word.strip_suffix('-')) {
                _ if word == "-" => changes.read(&read_file("-", context)?)?,
                (Some((name, value)), _) => {
                    if !is_env_name(name) {
                        return Err(format!("error: {} is not a valid key name: {ENV_NAME}", quoted(name)));
                    }
                    said.insert(name);
                    changes.put(name, ("value", text(value)))?;
                }
                (None, Some(name)) => drop(changes.removed.insert(name.into())),
                (None, None) => return Err(format!("error: unknown environment variable: {word}")),
            }
        }
        if changes.removed.iter().any(|name| said.contains(name.as_str())) {
            let told = "can not both modify and remove the same environment variable in the same command";
            return Err(format!("error: {told}"));
        }
        if let Some(from) = arguments.last("from") {
            changes.refer(from, arguments, context, out)?;
        } else if arguments.last("keys").is_some() {
            return Err("error: when specifying --keys, a configmap or secret must be provided with --from".into());
        }
        if let Some(prefix) = arguments.last("prefix") {
            changes.places.clear();
            for (place, (name, entry)) in changes.set.iter_mut().enumerate() {
                name.insert_str(0, prefix);
                if let Value::Map(entry) = entry {
                    entry.insert("name", text(name));
                }
                changes.places.entry(name.clone()).or_insert(place);
            }
        }
        Ok(changes)
    }

    fn put(&mut self, name: &str, (key, value): (&'static str, Value)) -> Result<(), Failure> {
        if self.set.len() >= MOST_NAMES {
            return Err(beyond("a command names", MOST_NAMES, "variables"));
        }
        self.places.entry(name.into()).or_insert(self.set.len());
        let entry = [("name".into(), text(name)), (key.into(), value)].into_iter().collect();
        self.set.push((name.into(), Value::Map(entry)));
        Ok(())
    }

    /// Upstream: `readEnv`; what stands behind `#` is for people.
    fn read(&mut self, lines: &str) -> Result<(), Failure> {
        let own = lines.lines().map(|line| line.split('#').next().unwrap_or_default());
        let mut pairs = own.filter_map(|line| line.split_once('='));
        pairs.try_for_each(|(name, value)| self.put(name, ("value", text(value))))
    }

    /// A variable for each key of a ConfigMap or Secret, or for those that `--keys` names.
    fn refer(
        &mut self,
        from: &str,
        arguments: &Arguments,
        context: &Context<'_>,
        out: &mut Output,
    ) -> Result<(), Failure> {
        const UNFIT: &str = "error: unsupported resource specified in --from";
        let objects = context.host.world().objects();
        let Ok(select::Selection::Named(named)) = select::selection(&[from.to_owned()], objects) else {
            return Err(UNFIT.into());
        };
        let own: Vec<&str> = arguments.all("keys").flat_map(|keys| keys.split(',')).collect();
        for (kind, name) in named {
            let reference = match kind.name() {
                "ConfigMap" => "configMapKeyRef",
                "Secret" => "secretKeyRef",
                _ => return Err(UNFIT.into()),
            };
            let target = select::reference(kind, &namespace(arguments), name.clone());
            let found = objects.get(&target).ok_or_else(|| not_found(kind, &name))?.to_value();
            for (key, _) in found.at(&["data"]).and_then(Value::as_map).into_iter().flat_map(Map::iter) {
                if !own.is_empty() && !own.contains(&&**key) {
                    continue;
                }
                let variable = variable(key);
                if variable != **key {
                    out.stderr.push_str(&format!("Warning: key {key} transferred to {variable}\n"));
                }
                let source = [("key".into(), text(key)), ("name".into(), text(&name))].into_iter().collect();
                self.put(&variable, ("valueFrom", Value::nested(&[reference], Value::Map(source))))?;
            }
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.set.is_empty() && self.removed.is_empty()
    }

    /// What is set of a name.
    fn of_name(&self, name: &str) -> Option<&Value> {
        self.places.get(name).map(|place| &self.set[*place].1)
    }

    /// Upstream: `updateEnv`; what is there keeps its place.
    fn apply(&self, existing: &[Value]) -> Vec<Value> {
        let mut covered = BTreeSet::new();
        let mut all = Vec::new();
        for entry in existing.iter().filter(|entry| !self.removed.contains(name(entry))) {
            match self.of_name(name(entry)) {
                Some(newer) if covered.insert(name(entry)) => all.push(newer.clone()),
                Some(_) => {}
                None => all.push(entry.clone()),
            }
        }
        for (name, newer) in &self.set {
            if !self.removed.contains(name) && covered.insert(name) {
                all.push(newer.clone());
            }
        }
        all
    }
}

/// What is said of a name that no variable can have.
const ENV_NAME: &str = "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and \
                        must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for \
                        validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')";

fn is_env_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    name.bytes().all(fits) && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

/// Upstream: `keyToEnvName`.
fn variable(key: &str) -> String {
    let fit = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c.to_ascii_uppercase() } else { '_' };
    key.chars().map(fit).collect()
}

fn text(word: &str) -> Value {
    Value::String(word.into())
}

fn name(entry: &Value) -> &str {
    entry.at(&["name"]).and_then(Value::as_str).unwrap_or_default()
}

fn variables(own: &Map) -> &[Value] {
    own.get("env").and_then(Value::as_list).unwrap_or_default()
}

pub(super) fn env(
    old: &Value,
    changes: &Changes,
    arguments: &Arguments,
    object: &Object,
    out: &mut Output,
) -> Result<Change, Failure> {
    let (kind, called) = (object.kind().name(), &object.meta().name);
    if arguments.is_set("list") {
        let all = old.at(&["containers"]).and_then(Value::as_list).unwrap_or_default();
        for own in all.iter().filter(|own| is_meant(name(own), arguments)) {
            out.line(format!("# {kind} {called}, container {}", name(own)));
            for entry in &changes.apply(own.as_map().map(variables).unwrap_or_default()) {
                out.line(match entry.at(&["valueFrom"]) {
                    None => {
                        let value = entry.at(&["value"]).and_then(Value::as_str).unwrap_or_default();
                        format!("{}={value}", name(entry))
                    }
                    Some(source) => format!("# {} from {}", name(entry), referred(source)),
                });
            }
        }
        return Ok(None);
    }
    if changes.is_empty() {
        return Ok(None);
    }
    let keeps = arguments.last("overwrite").is_some_and(|word| word == "false");
    let mut taken = None;
    let changed = containers(old, arguments, |own| {
        let existing = variables(own);
        if keeps {
            let value = |entry: &Value| entry.at(&["value"]).and_then(Value::as_str).unwrap_or_default().to_owned();
            let differs = |entry: &&Value| changes.of_name(name(entry)).is_some_and(|new| value(new) != value(entry));
            let clash = existing.iter().find(differs);
            taken = taken.take().or(clash.cloned());
        }
        let all = changes.apply(existing);
        if all != existing {
            // An empty list is none.
            own.insert("env", if all.is_empty() { Value::Null } else { Value::List(all) });
        }
    });
    let Ok(changed) = changed else {
        let wanted = arguments.last("containers").unwrap_or("*");
        let told = format!("Warning: {kind}/{called} does not have any containers matching \"{wanted}\"\n");
        out.stderr.push_str(&told);
        return Ok(None);
    };
    if let Some(taken) = taken {
        let value = taken.at(&["value"]).and_then(Value::as_str).unwrap_or_default();
        let kind = object.kind().plural();
        let name = name(&taken);
        return Err(format!("error: {kind}/{called} '{name}' already has a value ({value}), and --overwrite is false"));
    }
    Ok(changed.map(|changed| (changed, "env updated")))
}

/// Upstream: `GetEnvVarRefString`.
fn referred(source: &Value) -> String {
    let word = |path: &[&str]| source.at(path).and_then(Value::as_str).map(str::to_owned);
    let key = |what: &str, reference: &str| {
        Some(format!("{what} {}, key {}", word(&[reference, "name"])?, word(&[reference, "key"])?))
    };
    key("configmap", "configMapKeyRef")
        .or_else(|| key("secret", "secretKeyRef"))
        .or_else(|| Some(format!("field path {}", word(&["fieldRef", "fieldPath"])?)))
        .or_else(|| {
            let of = word(&["resourceFieldRef", "containerName"]).map_or(String::new(), |name| format!("{name}/"));
            Some(format!("resource field {of}{}", word(&["resourceFieldRef", "resource"])?))
        })
        .unwrap_or_else(|| "invalid valueFrom".into())
}
