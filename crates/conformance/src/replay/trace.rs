//! The trace: one JSON line per change, in the format of the recordings.

use petri_console::Output;
use petri_objects::{Map, Name, Object, Span, Time, Uid, Value};
use petri_sim::words::actor::Actor;
use petri_sim::words::note::{Note, ProcessChange, Verb, What};
use petri_sim::world::World;
use std::collections::{BTreeMap, BTreeSet};

/// What a name was generated for: `PersistentVolumeClaim/data-web-0`, `Service/web`, `StatefulSet/web`.
pub type Purpose = String;

pub struct Trace {
    out: String,
    start: Time,
    last: Time,
    /// The machines that the recording is about; of all others nothing is told.
    pool: BTreeSet<Name>,
    /// The namespace of the scenario: events elsewhere, those about nodes, were not recorded.
    namespace: Name,
    /// Ids in the order in which the trace names them.
    ids: Vec<Uid>,
    /// Names that were generated here, by what for, in the order of creation.
    generated: BTreeMap<Purpose, Vec<String>>,
    /// The same in the recording.
    recorded_names: Vec<(Purpose, String)>,
    /// Pods whose processes were asked to stop; others end by themselves.
    asked: BTreeSet<Uid>,
}

impl Trace {
    /// A trace whose times count from `start`.
    pub fn new(start: Time, scenario: &str, namespace: &str, pool: BTreeSet<Name>) -> Trace {
        let mut trace = Trace {
            out: String::new(),
            start,
            last: start,
            pool,
            namespace: namespace.into(),
            ids: Vec::new(),
            generated: BTreeMap::new(),
            recorded_names: Vec::new(),
            asked: BTreeSet::new(),
        };
        let fields = [("type", Value::from("HEADER")), ("scenario", scenario.into()), ("ns", namespace.into())];
        trace.line(start, fields.into());
        trace
    }
    pub fn set_recorded_names(&mut self, names: Vec<(Purpose, String)>) {
        self.recorded_names = names;
    }
    pub fn into_text(self) -> String {
        self.out
    }

    /// Every Node, as it is before the first action.
    pub fn nodes(&mut self, world: &World) {
        let pool = self.pool.clone();
        for node in world.objects().nodes.values().filter(|node| pool.contains(&node.metadata.name)) {
            self.change(world.now, "ADDED", &Object::Node(node.clone()), None);
        }
    }

    /// A text of the recording with the names of this trace: generated names stand for those that were generated here
    /// for the same purpose, and ids, which recordings number in the order in which they name them, for the ids here.
    pub fn translated(&self, text: &str) -> String {
        const TAIL: &str = "-0000-4000-8000-000000000000";
        let mut out = text.to_owned();
        let mut taken: BTreeMap<&Purpose, usize> = BTreeMap::new();
        for (purpose, recorded) in &self.recorded_names {
            let at = taken.entry(purpose).or_default();
            if let Some(own) = self.generated.get(purpose).and_then(|names| names.get(*at)) {
                out = out.replace(recorded, own);
            }
            *at += 1;
        }
        for (number, uid) in (1..).zip(&self.ids) {
            out = out.replace(&format!("{number:08x}{TAIL}"), &uid.to_string());
        }
        out
    }

    /// Takes note of an object that is new: of its id, and of its name if that was generated.
    pub fn count(&mut self, object: &Object) {
        self.ids.push(object.meta().uid);
        let owner = object.meta().controller().map(|owner| format!("{}/{}", owner.kind, owner.name));
        let purpose = match object {
            Object::PersistentVolume(volume) => {
                volume.spec.claim_ref.as_ref().map(|claim| format!("PersistentVolumeClaim/{}", claim.name))
            }
            Object::EndpointSlice(slice) => slice.service_name().map(|service| format!("Service/{service}")),
            Object::ControllerRevision(_) => owner,
            _ => None,
        };
        if let Some(purpose) = purpose {
            self.generated.entry(purpose).or_default().push(object.meta().name.to_string());
        }
    }

    /// The answer to a request of `cases.jsonl`.
    pub fn case(&mut self, now: Time, fields: Vec<(&str, Value)>) {
        self.line(now, [vec![("type", "CASE".into())], fields].concat());
    }

    pub fn action(&mut self, now: Time, step: usize, fields: &Value) {
        let mut line = vec![("type", Value::from("ACTION")), ("i", Value::Int(step as i64))];
        let fields: Vec<(Name, Value)> =
            fields.as_map().map(|map| map.iter().map(|(k, v)| (k.clone(), v.clone())).collect()).unwrap_or_default();
        for (key, value) in &fields {
            if !matches!(&**key, "t" | "took") {
                line.push((key, self.translated_value(value)));
            }
        }
        self.line(now, line);
    }

    fn translated_value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.translated(text).as_str().into(),
            Value::List(list) => Value::List(list.iter().map(|value| self.translated_value(value)).collect()),
            other => other.clone(),
        }
    }

    pub fn done(&mut self, now: Time, step: usize, rc: &str, output: &Output) {
        self.line(
            now,
            vec![
                ("type", "ACTION-DONE".into()),
                ("i", Value::Int(step as i64)),
                ("rc", rc.into()),
                ("stdout", output.stdout.as_str().into()),
                ("stderr", output.stderr.as_str().into()),
            ],
        );
    }

    pub fn end(&mut self, now: Time) {
        self.line(now, vec![("type", "END".into())]);
    }

    pub fn note(&mut self, note: &Note) {
        match &note.what {
            What::Write { verb, object, old, by, .. } => {
                let elsewhere = match object {
                    Object::Node(node) => !self.pool.contains(&node.metadata.name),
                    Object::Event(event) => event.metadata.namespace != self.namespace,
                    _ => false,
                };
                if *by == Actor::Setup || elsewhere {
                    return;
                }
                match (object, verb) {
                    (Object::Event(event), Verb::Deleted) if event.count >= 0 => {}
                    (Object::Event(_), verb) => self.event(note.at, *verb, object),
                    (_, Verb::Created) => self.change(note.at, "ADDED", object, None),
                    (_, Verb::Deleted) => self.deleted(note.at, object),
                    _ => self.change(note.at, "MODIFIED", object, old.as_ref()),
                }
            }
            What::Process { node, identity, uid, change, .. } => {
                let (event, detail) = match change {
                    ProcessChange::Started { restarts } => ("started", format!("restarts={restarts}")),
                    ProcessChange::Ready => ("ready", String::new()),
                    ProcessChange::Unready => ("unready", String::new()),
                    ProcessChange::AskedToStop { grace_seconds, orphan: true } => {
                        self.asked.insert(*uid);
                        ("sigterm", format!("orphan(API object gone) grace={grace_seconds}s"))
                    }
                    ProcessChange::AskedToStop { grace_seconds, .. } => {
                        self.asked.insert(*uid);
                        ("sigterm", format!("grace={grace_seconds}s"))
                    }
                    ProcessChange::Stopped { exit_code } if !self.asked.contains(uid) => {
                        ("exited", format!("code={exit_code}"))
                    }
                    ProcessChange::Stopped { exit_code } => ("stopped", format!("code={exit_code}")),
                    ProcessChange::Died => ("died", "power off".into()),
                };
                let mut line = vec![
                    ("type", "LOCAL".into()),
                    ("node", Value::String(node.clone())),
                    ("event", event.into()),
                    ("pod", format!("{}/{}", identity.namespace, identity.pod).as_str().into()),
                    ("uid", uid.to_string()[..8].into()),
                ];
                if !detail.is_empty() {
                    line.push(("detail", detail.as_str().into()));
                }
                self.line(note.at, line);
            }
            What::Program { .. }
            | What::Lock { .. }
            | What::Command { .. }
            | What::Machine { .. }
            | What::Guarantee { .. } => {}
        }
    }

    fn change(&mut self, at: Time, what: &'static str, object: &Object, old: Option<&Object>) {
        if what == "ADDED" {
            self.count(object);
        }
        let new = flatten(&object.to_value(), self.start);
        let before = old.map(|old| flatten(&old.to_value(), self.start)).unwrap_or_default();
        let set: Map = new
            .iter()
            .filter(|(path, value)| before.get(*path) != Some(*value))
            .map(|(path, value)| (Name::from(path.as_str()), value.clone()))
            .collect();
        let unset: Vec<Value> =
            before.keys().filter(|path| !new.contains_key(*path)).map(|path| path.as_str().into()).collect();
        if what == "MODIFIED" && set.is_empty() && unset.is_empty() {
            return;
        }
        let mut line = vec![("type", what.into()), ("kind", object.kind().name().into())];
        line.extend(names(object));
        line.push(("set", Value::Map(set)));
        if !unset.is_empty() {
            line.push(("unset", Value::List(unset)));
        }
        self.line(at, line);
    }

    fn deleted(&mut self, at: Time, object: &Object) {
        let mut line = vec![("type", "DELETED".into()), ("kind", object.kind().name().into())];
        line.extend(names(object));
        self.line(at, line);
    }

    fn event(&mut self, at: Time, verb: Verb, object: &Object) {
        let Object::Event(event) = object else { return };
        let about = &event.involved_object;
        let count = event.series.as_ref().map_or(event.count, |series| series.count);
        let set: Map = [
            ("object", Value::from(format!("{}/{}", about.kind, about.name).as_str())),
            ("reason", Value::String(event.reason.clone())),
            ("message", Value::String(event.message.clone())),
            ("count", if count == 0 { Value::Null } else { Value::Int(i64::from(count)) }),
            ("source", Value::String(event.reporting_component.clone())),
            ("type", Value::String(event.kind.clone())),
        ]
        .into_iter()
        .map(|(k, v)| (Name::from(k), v))
        .collect();
        let what = if verb == Verb::Created { "ADDED" } else { "MODIFIED" };
        let name = format!("{}/{}", event.metadata.namespace, event.metadata.name);
        let line = vec![
            ("type", what.into()),
            ("kind", "Event".into()),
            ("name", name.as_str().into()),
            ("set", Value::Map(set)),
        ];
        self.line(at, line);
    }

    fn line(&mut self, at: Time, fields: Vec<(&str, Value)>) {
        self.last = self.last.max(at);
        let mut map: Map = fields.into_iter().map(|(k, v)| (Name::from(k), v)).collect();
        map.insert("t", Value::Number(decimal(self.last.since(self.start)).into()));
        self.out.push_str(&Value::Map(map).to_json());
        self.out.push('\n');
    }
}

fn decimal(span: Span) -> String {
    format!("{}.{:03}", span.as_seconds(), span.as_millis() % 1_000)
}

fn names(object: &Object) -> Vec<(&'static str, Value)> {
    let meta = object.meta();
    let name = match object.kind().is_namespaced() {
        true => format!("{}/{}", meta.namespace, meta.name),
        false => meta.name.to_string(),
    };
    vec![("name", name.as_str().into()), ("uid", meta.uid.to_string()[..8].into())]
}

/// The paths of an object and their values; times are relative to the start.
fn flatten(value: &Value, start: Time) -> BTreeMap<String, Value> {
    let mut paths = BTreeMap::new();
    if let Value::Map(map) = value {
        for (key, value) in map.iter().filter(|(key, _)| !matches!(&***key, "apiVersion" | "kind")) {
            walk(key, value, start, &mut paths);
        }
    }
    paths
}

fn walk(path: &str, value: &Value, start: Time, paths: &mut BTreeMap<String, Value>) {
    let last = path.rsplit(['.', ']']).next().unwrap_or(path);
    if matches!(last, "lastTransitionTime" | "resourceVersion" | "lastHeartbeatTime" | "renewTime" | "lastUpdateTime") {
        return;
    }
    match value {
        Value::Map(map) if map.is_empty() => {
            paths.insert(path.into(), "{}".into());
        }
        Value::Map(map) => {
            for (key, value) in map.iter() {
                walk(&format!("{path}.{key}"), value, start, paths);
            }
        }
        Value::List(list) if path == "metadata.ownerReferences" => {
            paths.insert(path.into(), list.iter().map(owner).collect::<Vec<_>>().join(",").as_str().into());
        }
        Value::List(list) if path == "spec.tolerations" => {
            paths.insert(path.into(), list.iter().map(toleration).collect::<Vec<_>>().join(",").as_str().into());
        }
        Value::List(list) if list.iter().all(|item| !matches!(item, Value::Map(_))) => {
            paths.insert(path.into(), value.to_json().as_str().into());
        }
        Value::List(list) => {
            for (index, item) in list.iter().enumerate() {
                let by = if path.ends_with("endpoints") { None } else { label(item) };
                walk(&format!("{path}[{}]", by.unwrap_or(index.to_string())), item, start, paths);
            }
        }
        Value::String(text) => {
            let time = Time::parse_rfc3339(text)
                .filter(|_| last.ends_with("Timestamp") || last.ends_with("Time") || last.ends_with("At"));
            let value = match time {
                Some(time) if time >= start => format!("+{}s", decimal(time.since(start))).as_str().into(),
                Some(time) => format!("-{}s", decimal(start.since(time))).as_str().into(),
                None => value.clone(),
            };
            paths.insert(path.into(), value);
        }
        plain => {
            paths.insert(path.into(), plain.clone());
        }
    }
}

fn label(item: &Value) -> Option<String> {
    let text = |key: &str| item.at(&[key])?.as_str().map(str::to_owned);
    // A taint is known by key and effect together.
    if let (Some(key), Some(effect)) = (text("key"), text("effect")) {
        return Some(format!("{key}:{effect}"));
    }
    ["name", "type", "key"].iter().find_map(|key| text(key))
}

fn owner(owner: &Value) -> String {
    let text = |key: &str| owner.at(&[key]).and_then(Value::as_str).unwrap_or("").to_owned();
    let flag = |key: &str| owner.at(&[key]) == Some(&Value::Bool(true));
    let mut out = format!("{}/{}:{}", text("kind"), text("name"), text("uid").chars().take(8).collect::<String>());
    if flag("controller") {
        out.push_str(":controller");
    }
    if flag("blockOwnerDeletion") {
        out.push_str(":block");
    }
    out
}

fn toleration(toleration: &Value) -> String {
    let text = |key: &str| toleration.at(&[key]).and_then(Value::as_str).unwrap_or("").to_owned();
    let seconds = toleration.at(&["tolerationSeconds"]).and_then(Value::as_int).map(|n| n.to_string());
    format!("{}:{}:{}:{}", text("key"), text("operator"), text("effect"), seconds.unwrap_or_default())
}
