//! `kubectl set env`.
//!
//! Upstream: `kubectl/pkg/cmd/set/set_env.go`.

use super::super::context::{Context, not_found, read_file};
use super::containers::{Change, containers, is_meant};
use crate::args::{Arguments, namespace};
use crate::output::{Failure, Output};
use crate::select;
use petri_objects::{Map, Object, Value};

/// What a line asks of the variables of containers.
#[derive(Default)]
pub(super) struct Changes {
    /// In the order in which they were said.
    set: Vec<(String, Value)>,
    removed: Vec<String>,
}

impl Changes {
    /// From words as `A=b` and `A-`, from standard input where a word is `-`, and from the keys of `--from`.
    pub fn of(
        words: &[String],
        arguments: &Arguments,
        context: &Context<'_>,
        out: &mut Output,
    ) -> Result<Changes, Failure> {
        let mut changes = Changes::default();
        for word in words.iter().map(String::as_str).chain(arguments.all("env")) {
            match word {
                "-" => read_file("-", context)?.lines().try_for_each(|line| changes.take(line))?,
                word => changes.take(word)?,
            }
        }
        if let Some(from) = arguments.last("from") {
            changes.refer(from, arguments, context, out)?;
        } else if arguments.last("keys").is_some() {
            return Err("error: when specifying --keys, a configmap or secret must be provided with --from".into());
        }
        if let Some(prefix) = arguments.last("prefix") {
            for (name, entry) in &mut changes.set {
                name.insert_str(0, prefix);
                if let Value::Map(entry) = entry {
                    entry.insert("name", text(name));
                }
            }
        }
        Ok(changes)
    }

    fn take(&mut self, word: &str) -> Result<(), Failure> {
        match (word.split_once('='), word.strip_suffix('-')) {
            (Some((name, value)), _) => {
                self.removed.retain(|removed| removed != name);
                let pair = [("name".into(), text(name)), ("value".into(), text(value))];
                self.set.push((name.into(), Value::Map(pair.into_iter().collect())));
                Ok(())
            }
            (None, Some(name)) => {
                self.removed.push(name.into());
                Ok(())
            }
            (None, None) if word.trim().is_empty() => Ok(()),
            (None, None) => Err(format!("error: unknown command: {word}")),
        }
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
                let source = Value::nested(&[reference], Value::Map(source));
                let entry = [("name".into(), text(&variable)), ("valueFrom".into(), source)].into_iter().collect();
                self.set.push((variable, Value::Map(entry)));
            }
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.set.is_empty() && self.removed.is_empty()
    }

    /// Upstream: `updateEnv`; what is there keeps its place.
    fn apply(&self, existing: &[Value]) -> Vec<Value> {
        let mut covered: Vec<&str> = self.removed.iter().map(String::as_str).collect();
        let mut all = Vec::new();
        for entry in existing {
            let own = name(entry);
            match self.set.iter().find(|(name, _)| name == own) {
                _ if covered.contains(&own) => {}
                Some((name, newer)) => {
                    covered.push(name);
                    all.push(newer.clone());
                }
                None => all.push(entry.clone()),
            }
        }
        for (name, newer) in &self.set {
            if !covered.contains(&name.as_str()) {
                covered.push(name);
                all.push(newer.clone());
            }
        }
        all
    }
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
            for entry in own.as_map().map(variables).unwrap_or_default() {
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
            let clash = existing.iter().find(|entry| changes.set.iter().any(|(set, _)| set == name(entry)));
            taken = taken.take().or(clash.cloned());
        }
        let all = changes.apply(existing);
        // An empty list is none.
        own.insert("env", if all.is_empty() { Value::Null } else { Value::List(all) });
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
    Ok(Some((changed, "env updated")))
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
