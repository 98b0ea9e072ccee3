//! Kinds that are kept, not simulated: every one of them can be applied, read, changed and deleted like any other, and
//! what a real API server refuses of them is refused.

use crate::cluster::Cluster;
use petri_objects::kept::types;
use petri_objects::{KeptKind, Kind, Map, Name, Value};
use petri_sim::story::shared::Shared;
use std::collections::BTreeSet;

const MANIFESTS: &str = include_str!("kept.yaml");

/// A manifest, fields that it cannot do without (several that stand for one another on one line), and words that a field
/// does not take.
struct Case {
    text: &'static str,
    value: Value,
    needed: Vec<Vec<&'static str>>,
    words: Vec<(&'static str, &'static str)>,
}

fn cases() -> Vec<Case> {
    let case = |text: &'static str| {
        let value = petri_manifest::parse(text).documents.remove(0).value;
        let marked = |mark: &'static str| text.lines().filter_map(move |line| line.strip_prefix(mark));
        let needed = marked("# ! ").map(|line| line.split(' ').collect()).collect();
        let words = marked("# = ").map(|line| line.split_once(' ').expect("a field and a word")).collect();
        Case { text, value, needed, words }
    };
    MANIFESTS.split("\n---\n").map(case).collect()
}

impl Case {
    fn kind(&self) -> KeptKind {
        let word = |key: &str| self.value.at(&[key]).and_then(Value::as_str).unwrap_or_default();
        match Kind::from_api(word("apiVersion"), word("kind")) {
            Some(Kind::Kept(kind)) => kind,
            other => panic!("{other:?}: {}", self.text),
        }
    }
    fn name(&self) -> String {
        format!(
            "{}/{}",
            self.kind().entry().plural,
            self.value.at(&["metadata", "name"]).and_then(Value::as_str).expect("it has a name")
        )
    }
    /// The object with a change at a path of keys and numbers; `None` takes the field away.
    fn with(&self, path: &str, value: Option<Value>) -> Value {
        let words: Vec<&str> = path.split('.').collect();
        let mut changed = self.value.clone();
        set(&mut changed, &words, value);
        changed
    }
}

fn set(value: &mut Value, path: &[&str], new: Option<Value>) {
    match (value, path) {
        (Value::Map(map), [key]) => match new {
            Some(new) => map.insert(*key, new),
            None => drop(map.remove(key)),
        },
        (Value::List(items), [index]) => {
            items[index.parse::<usize>().expect("lists are counted")] = new.unwrap_or_default()
        }
        (Value::Map(map), [key, rest @ ..]) => set(map.entry_mut(key).unwrap_or_else(|| panic!("no {key}")), rest, new),
        (Value::List(items), [index, rest @ ..]) => {
            set(&mut items[index.parse::<usize>().expect("lists are counted")], rest, new)
        }
        (other, _) => panic!("{path:?} does not lead through {other:?}"),
    }
}

/// Applies a value as JSON; what is said, and whether it was taken.
fn apply(cluster: &mut Cluster, value: &Value) -> (bool, String) {
    cluster.write("it.yaml", &value.to_json());
    let out = cluster.run("kubectl apply -f it.yaml");
    (!out.contains("rror") && !out.contains("is invalid"), out)
}

fn refused(cluster: &mut Cluster, value: &Value, why: &str) {
    let (taken, out) = apply(cluster, value);
    assert!(!taken && out.contains(why), "{why}\n{out}\n{}", value.to_json());
}

#[test]
fn every_kept_kind_is_applied_read_changed_and_deleted() {
    let mut cluster = Cluster::new(1);
    let mut seen = BTreeSet::new();
    for case in cases() {
        let name = case.name();
        seen.insert(case.kind());
        let (taken, out) = apply(&mut cluster, &case.value);
        assert!(taken && out.contains(" created"), "{out}\n{}", case.text);
        let kind = case.kind().entry().name;
        let is_noted = out.contains(&format!("Note: kept, not simulated: {kind}"));
        assert_eq!(is_noted, !case.kind().is_looked_up() && !case.kind().is_acted_on(), "{out}");
        assert!(!out.contains("has no effect"), "one line says it: {out}");
        let (_, out) = apply(&mut cluster, &case.value);
        // The real kubectl says so: what the server fills into a list, or keeps in another field, is sent again and again.
        let sent = ["secrets/db-pass", "mutatingwebhookconfigurations/injector", "rolebindings/leases"];
        let again = if sent.contains(&&*name) { " configured" } else { " unchanged" };
        assert!(out.contains(again), "{name}: {out}");
        for line in
            ["get NAME", "get NAME -o wide", "get NAME -o yaml", "get NAME -o json", "describe NAME", "explain KIND"]
        {
            let line = line.replace("NAME", &name).replace("KIND", case.kind().entry().plural);
            let out = cluster.run(&format!("kubectl {line}"));
            assert!(!out.contains("rror") && !out.is_empty(), "{line}: {out}");
        }
        for (line, said) in [
            ("label NAME a=b", "labeled"),
            ("annotate NAME a=b", "annotated"),
            ("patch NAME --type merge -p '{\"metadata\":{\"labels\":{\"a\":null}}}'", "patched"),
        ] {
            let out = cluster.run(&format!("kubectl {}", line.replace("NAME", &name)));
            assert!(out.ends_with(said), "{line}: {out}");
        }
        let out = cluster.run(&format!("kubectl delete {name}"));
        assert!(out.contains(" deleted"), "{out}");
        assert!(cluster.run(&format!("kubectl get {name}")).contains("NotFound"), "{name} is gone");
    }
    let all: BTreeSet<KeptKind> = KeptKind::built_in().collect();
    assert_eq!(seen, all, "every kind has its case");
}

#[test]
fn what_an_object_needs_is_asked_for_and_words_are_checked() {
    let mut cluster = Cluster::new(1);
    for case in cases() {
        for paths in &case.needed {
            let mut value = case.value.clone();
            for path in paths {
                set(&mut value, &path.split('.').collect::<Vec<_>>(), None);
            }
            let (taken, out) = apply(&mut cluster, &value);
            assert!(!taken && out.contains("is invalid"), "without {paths:?}: {out}\n{}", case.text);
        }
        for (path, word) in &case.words {
            refused(&mut cluster, &case.with(path, Some(Value::from(word.trim_matches('"')))), "is invalid");
        }
    }
}

#[test]
fn names_are_checked_as_each_kind_does() {
    let mut cluster = Cluster::new(1);
    for case in cases() {
        let free = matches!(case.kind().entry().name, "CertificateSigningRequest");
        let bad = case.with("metadata.name", Some(Value::from("Not/a%Name")));
        if !free {
            refused(&mut cluster, &bad, "metadata.name: Invalid value: \"Not/a%Name\"");
        }
        refused(
            &mut cluster,
            &case.with("metadata.name", Some(Value::Int(7))),
            "cannot unmarshal number into Go struct field",
        );
        refused(
            &mut cluster,
            &case.with("metadata.labels", Some(Value::from("a"))),
            "cannot unmarshal string into Go struct field",
        );
        refused(
            &mut cluster,
            &case.with("metadata.colour", Some(Value::from("red"))),
            "unknown field \"metadata.colour\"",
        );
    }
}

/// Every record, list, map and scalar of a value with its path and what the table says that it holds.
fn places(value: &Value, holds: &'static str, path: &str, found: &mut Vec<(String, &'static str)>) {
    found.push((path.into(), holds));
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::List(items) => {
            let inner = holds.strip_prefix('[').expect("a list");
            items.iter().enumerate().for_each(|(i, item)| places(item, inner, &below(&i.to_string()), found));
        }
        Value::Map(map) => {
            for (key, value) in map.iter().filter(|(key, _)| !matches!(&***key, "apiVersion" | "kind" | "metadata")) {
                let inner = match holds.strip_prefix('{') {
                    Some(inner) => Some(inner),
                    None => {
                        types::fields(types::line(holds)).find(|field| field.name == &**key).map(|field| field.holds)
                    }
                };
                if let Some(inner) = inner.filter(|_| !key.contains('.')) {
                    places(value, inner, &below(key), found);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn every_field_has_its_type_and_no_record_takes_another() {
    let mut cluster = Cluster::new(1);
    let mut tried = 0;
    for case in cases() {
        let older = case.text.contains("autoscaling/v1\n").then_some("autoscaling.HorizontalPodAutoscaler");
        let root = older.or(types::of(case.kind())).expect("built in");
        let mut found = Vec::new();
        places(&case.value, root, "", &mut found);
        for (path, holds) in &found {
            let is_map = Value::Map([(Name::from("colour"), Value::from("red"))].into_iter().collect::<Map>());
            // A JSON schema knows many fields, but not this one.
            let is_record = holds.len() > 1 && !holds.starts_with(['[', '{']);
            if is_record || *holds == "1" {
                let field = if path.is_empty() { "colour".into() } else { format!("{path}.colour") };
                let shown = field.split('.').fold(String::new(), |shown, word| match word.parse::<usize>() {
                    Ok(index) => format!("{shown}[{index}]"),
                    Err(_) if shown.is_empty() => word.into(),
                    Err(_) => format!("{shown}.{word}"),
                });
                let value = case.with(&field, Some(Value::from("red")));
                refused(&mut cluster, &value, &format!("strict decoding error: unknown field \"{shown}\""));
                tried += 1;
            }
            if path.is_empty() || matches!(*holds, "j" | "m") {
                continue;
            }
            let wrong = match holds {
                _ if is_record || holds.starts_with('{') => Value::from("red"),
                _ => is_map,
            };
            let (taken, out) = apply(&mut cluster, &case.with(path, Some(wrong)));
            let said = ["cannot unmarshal", "quantities must", "unknown field"].iter().any(|words| out.contains(words));
            assert!(!taken && said, "{path} holds {holds}: {out}\n{}", case.text);
            tried += 1;
        }
    }
    assert!(tried > 500, "only {tried} mutants");
}

#[test]
fn a_secret_holds_base64_and_what_its_type_asks_for() {
    let mut cluster = Cluster::new(1);
    let secret =
        |rest: &str| format!("{{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{{\"name\":\"s\"}},{rest}}}");
    let mut said = |rest: &str| apply(&mut cluster, &Value::from_json(&secret(rest)).expect("JSON")).1;
    assert_eq!(
        said(r#""data":{"a":"not base64!"}"#),
        "Error from server (BadRequest): error when creating \"it.yaml\": Secret in version \"v1\" cannot be handled as a \
         Secret: illegal base64 data at input byte 3"
    );
    let tls = said(r#""type":"kubernetes.io/tls","data":{"tls.crt":""}"#);
    assert!(tls.contains("The Secret \"s\" is invalid: data[tls.key]: Required value"), "{tls}");
    let key = said(r#""data":{"a b":""}"#);
    assert!(key.contains("data[a b]: Invalid value: \"a b\": a valid config key must consist of"), "{key}");
    assert!(said(r#""stringData":{"a":"text"}"#).contains("secret/s created"));
    assert!(said(r#""stringData":{"a":"text"}"#).contains("secret/s configured"));
    assert!(
        said(r#""type":"other","stringData":{"a":"text"}"#)
            .contains("type: Invalid value: \"other\": field is immutable")
    );
    assert_eq!(cluster.run("kubectl get secret s -o jsonpath={.data.a}"), "dGV4dA==");
    assert_eq!(cluster.run("kubectl get secret s -o jsonpath={.stringData}"), "");
}

#[test]
fn what_is_kept_goes_with_its_owner_and_with_its_namespace() {
    let mut cluster = Cluster::new(1);
    cluster.apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: owner}}");
    let uid = cluster.run("kubectl get cm owner -o jsonpath={.metadata.uid}");
    cluster.apply(&format!(
        "
apiVersion: v1
kind: Secret
metadata: {{name: owned, ownerReferences: [{{apiVersion: v1, kind: ConfigMap, name: owner, uid: {uid}}}]}}
---
apiVersion: v1
kind: Namespace
metadata: {{name: team}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {{name: inside, namespace: team}}
rules: []
"
    ));
    cluster.run("kubectl delete cm owner");
    cluster.wait(5_000);
    assert!(cluster.run("kubectl get secret owned").contains("NotFound"));
    cluster.run("kubectl delete ns team --wait=false");
    cluster.wait(30_000);
    assert!(cluster.run("kubectl get ns team").contains("NotFound"));
    assert!(cluster.run("kubectl get role -A").contains("No resources found"));
    // A kept owner takes its own with it, too.
    cluster.apply("{apiVersion: v1, kind: Secret, metadata: {name: owner}}");
    let uid = cluster.run("kubectl get secret owner -o jsonpath={.metadata.uid}");
    cluster.apply(&format!(
        "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: owned, ownerReferences: [{{apiVersion: v1, kind: Secret, name: owner, uid: {uid}}}]}}}}"
    ));
    cluster.run("kubectl delete secret owner");
    cluster.wait(5_000);
    assert!(cluster.run("kubectl get cm owned").contains("NotFound"));
}

const DEFINITION: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: backups.shop.example.com}
spec:
  group: shop.example.com
  scope: Namespaced
  names: {plural: backups, kind: Backup, shortNames: [bk], categories: [all]}
  versions:
    - name: v1beta1
      served: true
      storage: false
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              required: [every]
              properties:
                every: {type: string, enum: [day, week]}
                keep: {type: integer, minimum: 1}
";

#[test]
fn a_definition_brings_its_custom_resources() {
    let mut cluster = Cluster::new(1);
    let backup = |spec: &str| {
        format!("{{apiVersion: shop.example.com/v1, kind: Backup, metadata: {{name: b}}, spec: {{{spec}}}}}")
    };
    let mut said = |text: &str| {
        cluster.write("it.yaml", text);
        cluster.run("kubectl apply -f it.yaml")
    };
    assert_eq!(
        said(&backup("every: day")),
        "error: resource mapping not found for name: \"b\" namespace: \"\" from \"it.yaml\": no matches for kind \"Backup\" in \
         version \"shop.example.com/v1\"\nensure CRDs are installed first"
    );
    assert!(
        said(DEFINITION).contains("customresourcedefinition.apiextensions.k8s.io/backups.shop.example.com created")
    );
    assert!(said(&backup("every: day, colour: red")).contains("strict decoding error: unknown field \"spec.colour\""));
    assert!(
        said(&backup("every: hour"))
            .contains("spec.every: Unsupported value: \"hour\": supported values: \"day\", \"week\"")
    );
    assert!(said(&backup("keep: 3")).contains("spec.every: Required value"));
    assert!(said(&backup("every: day, keep: x")).contains("spec.keep in body must be of type integer: \"string\""));
    assert!(said(&backup("every: day, keep: 0")).contains("spec.keep in body should be greater than or equal to 1"));
    assert!(said(&backup("every: day, keep: 3")).contains("backup.shop.example.com/b created"));
    assert!(said(&backup("every: week, keep: 3")).contains("backup.shop.example.com/b configured"));
    assert!(said(&backup("every: week, keep: 3").replace("/v1,", "/v2,")).contains("no matches for kind"));
    assert_eq!(
        cluster.run("kubectl get bk b -o jsonpath='{.apiVersion} {.spec.every} {.metadata.generation}'"),
        "shop.example.com/v1 week 2"
    );
    assert!(cluster.run("kubectl get all").contains("backup.shop.example.com/b"));
    assert!(cluster.run("kubectl api-resources").contains("backups"));
    assert!(
        cluster.run("kubectl wait --for=condition=Established crd/backups.shop.example.com").contains("condition met")
    );
    assert!(cluster.run("kubectl label backups b a=b").ends_with("labeled"));
    cluster.run("kubectl delete crd backups.shop.example.com");
    assert!(cluster.run("kubectl get backups").contains("the server doesn't have a resource type \"backups\""));
    assert_eq!(cluster.world().objects().kinds().count(), Kind::ALL.len(), "nothing is left of them");
}

#[test]
fn a_version_that_is_gone_says_where_the_kind_is() {
    let mut cluster = Cluster::new(1);
    for (version, kind, now) in [
        ("extensions/v1beta1", "Ingress", "Ingress is in `networking.k8s.io/v1`"),
        ("apps/v1beta1", "StatefulSet", "StatefulSet is in `apps/v1`"),
        ("policy/v1beta1", "PodDisruptionBudget", "PodDisruptionBudget is in `policy/v1`"),
        ("policy/v1beta1", "PodSecurityPolicy", "Kubernetes has no PodSecurityPolicy since 1.25"),
        ("batch/v1beta1", "CronJob", "CronJob is in `batch/v1`"),
        ("autoscaling/v2beta2", "HorizontalPodAutoscaler", "HorizontalPodAutoscaler is in `autoscaling/v2`"),
        ("rbac.authorization.k8s.io/v1beta1", "Role", "Role is in `rbac.authorization.k8s.io/v1`"),
    ] {
        cluster.write("it.yaml", &format!("{{apiVersion: {version}, kind: {kind}, metadata: {{name: a}}}}"));
        let out = cluster.run("kubectl apply -f it.yaml");
        assert!(out.contains(now), "{out}");
        let refusal =
            format!("no matches for kind \"{kind}\" in version \"{version}\"\nensure CRDs are installed first");
        assert!(out.ends_with(&refusal), "{out}");
    }
}

#[test]
fn an_older_autoscaler_is_stored_as_a_newer_one() {
    let mut cluster = Cluster::new(1);
    let text = |percent: u32| {
        format!("
apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata: {{name: web}}
spec: {{scaleTargetRef: {{kind: StatefulSet, name: web, apiVersion: apps/v1}}, maxReplicas: 4, targetCPUUtilizationPercentage: {percent}}}
")
    };
    cluster.apply(&text(50));
    let read = "kubectl get hpa web -o jsonpath='{.apiVersion} {.spec.metrics[0].resource.target.averageUtilization}'";
    assert_eq!(cluster.run(read), "autoscaling/v2 50");
    cluster.apply(&text(60));
    assert_eq!(cluster.run(read), "autoscaling/v2 60");
    assert!(cluster.run("kubectl get hpa").contains("StatefulSet/web   cpu: <unknown>/60%   1         4"));
}

#[test]
fn recordings_carry_what_is_kept() {
    let mut cluster = Cluster::new(1);
    cluster.apply(MANIFESTS).apply(DEFINITION);
    cluster.apply("{apiVersion: shop.example.com/v1, kind: Backup, metadata: {name: b}, spec: {every: day}}");
    cluster.run("kubectl delete backup b");
    cluster.run("kubectl delete secret db-pass");
    cluster.wait(10_000);
    let timeline = &cluster.timeline;
    let shared = Shared::new(timeline.recording().clone(), timeline.now(), timeline.end());
    let again = Shared::from_json(&shared.to_json()).expect("it is read");
    let mut replayed = petri_sim::story::timeline::Timeline::new(again.recording);
    replayed.play_until(cluster.timeline.now());
    assert_eq!(replayed.world().fingerprint(), cluster.world().fingerprint());
    assert!(replayed.world().objects().kinds().count() > Kind::ALL.len() + 30);
}
