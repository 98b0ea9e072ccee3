//! Completion and explanations: a place in half-written text, and what the schema says about it.

use petri_manifest::assist::{self, Completion, explain};
use petri_manifest::parse;
use petri_objects::{Kind, Object};

/// What is offered where nothing else is there.
fn complete(text: &str, at: usize) -> Option<Completion> {
    assist::complete(text, at, &|_| Vec::new())
}

/// The labels that are offered at the `|` of a text.
fn offered(text: &str) -> Vec<String> {
    let at = text.find('|').expect("a place is marked");
    let found = complete(&text.replacen('|', "", 1), at);
    found.map(|found| found.choices.into_iter().map(|choice| choice.label).collect()).unwrap_or_default()
}

/// The text after the choice of this label at the `|`.
fn chosen(text: &str, label: &str) -> String {
    let at = text.find('|').expect("a place is marked");
    let text = text.replacen('|', "", 1);
    let found = complete(&text, at).expect("something is offered");
    let choice = found.choices.iter().find(|choice| choice.label == label).expect("it is offered");
    format!("{}{}{}", &text[..found.from], choice.insert, &text[at..])
}

const SET: &str = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: web\nspec:\n";

#[test]
fn a_document_begins_with_what_it_is() {
    assert_eq!(offered("|"), ["apiVersion", "kind"]);
    assert!(offered("kind: |").contains(&"StatefulSet".to_owned()));
    assert!(!offered("kind: |").contains(&"EndpointSlice".to_owned()), "controllers write those");
    assert_eq!(offered("kind: StatefulSet\napiVersion: |"), ["apps/v1"]);
    assert_eq!(offered(&format!("{SET}  replicas: 1\n---\n|")), ["apiVersion", "kind"]);
}

#[test]
fn fields_are_offered_where_they_belong_and_once() {
    let spec = offered(&format!("{SET}  replicas: 2\n  |\n  serviceName: web\n"));
    assert!(spec.contains(&"template".to_owned()) && spec.contains(&"podManagementPolicy".to_owned()), "{spec:?}");
    assert!(!spec.contains(&"replicas".to_owned()) && !spec.contains(&"serviceName".to_owned()), "{spec:?}");
    let container = offered(&format!("{SET}  template:\n    spec:\n      containers:\n      - name: c\n        |"));
    assert!(container.contains(&"image".to_owned()) && !container.contains(&"name".to_owned()), "{container:?}");
    let second = offered(&format!("{SET}  template:\n    spec:\n      containers:\n      - name: c\n      - |"));
    assert!(second.contains(&"name".to_owned()), "another item has nothing yet: {second:?}");
    assert!(offered("apiVersion: v1\nkind: Pod\n|").iter().all(|field| field != "status"), "nobody writes a status");
    assert!(offered(&format!("{SET}  template:\n    metadata:\n      labels:\n        |")).is_empty());
}

#[test]
fn a_choice_is_written_so_that_one_can_go_on() {
    assert!(chosen(&format!("{SET}  tem|"), "template").ends_with("\n  template:\n    "));
    assert!(chosen(&format!("{SET}  repl|"), "replicas").ends_with("\n  replicas: "));
    let ports = "apiVersion: v1\nkind: Service\nspec:\n  |";
    assert!(chosen(ports, "ports").ends_with("\n  ports:\n    - "));
    let item = "apiVersion: v1\nkind: Service\nspec:\n  ports:\n    |";
    assert!(chosen(item, "targetPort").ends_with("\n    - targetPort: "));
}

#[test]
fn values_are_offered_where_the_api_knows_them() {
    assert_eq!(offered(&format!("{SET}  podManagementPolicy: |")), ["OrderedReady", "Parallel"]);
    assert_eq!(offered(&format!("{SET}  podManagementPolicy: Par|")), ["OrderedReady", "Parallel"]);
    assert_eq!(offered("apiVersion: apps/v1\nkind: Deployment\nspec:\n  paused: |"), ["true", "false"]);
    let claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nspec:\n  accessModes:";
    assert_eq!(offered(&format!("{claim} [|"))[0], "ReadWriteOnce");
    assert_eq!(offered(&format!("{claim} [ReadWriteOnce, Re|")).len(), 4);
    assert_eq!(offered(&format!("{claim}\n  - |")).len(), 4);
    assert!(offered(&format!("{SET}  replicas: |")).contains(&"1".to_owned()), "the default");
}

#[test]
fn nothing_is_offered_where_nothing_is_known() {
    for text in [
        "# kind|",
        "apiVersion: v1\nkind: ConfigMap\ndata:\n  text: |\n    ki|",
        "apiVersion: v1\nkind: Nobody\nspec:\n  |",
        "{ kind: |",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: \"we|",
    ] {
        // The first bar of the block of text is YAML's own.
        let (text, at) = match text.rfind('|') {
            Some(at) => (format!("{}{}", &text[..at], &text[at + 1..]), at),
            None => continue,
        };
        assert_eq!(complete(&text, at), None, "{text}");
    }
}

#[test]
fn a_field_is_explained_with_what_it_is_if_it_is_left_out() {
    let text = format!("{SET}  replicas: 3\n  podManagementPolicy: Parallel\n");
    let about = |word: &str| explain(&text, text.find(word).expect("it is there") + 1).map(|found| found.text);
    assert_eq!(about("replicas").as_deref(), Some("replicas: integer\nHow many pods.\n1 if it is left out."));
    let parallel = about("Parallel").expect("a value is explained");
    assert!(parallel.contains("Parallel: all at once"), "{parallel}");
    assert!(about("StatefulSet").is_some_and(|text| text.starts_with("StatefulSet in apps/v1")));
    assert_eq!(explain("just words", 3), None);
}

#[test]
fn what_is_not_simulated_is_said() {
    let text = "apiVersion: v1\nkind: Pod\nspec:\n  securityContext:\n    runAsUser: 1\n";
    let found = explain(text, text.find("securityContext").expect("it is there")).expect("it is a field");
    assert!(found.text.contains("nothing in the simulation depends on it"), "{}", found.text);
}

#[test]
fn no_place_of_any_text_is_too_much() {
    for text in [
        "",
        "\n",
        "---\n---\n",
        "- - - a",
        "a:\n- b:\n  - c: |\n   x\n",
        "é: ü\n  ö: |",
        "\t- x: y",
        "kind: Pod\n\n\n   ",
    ] {
        for at in 0..=text.len() + 2 {
            let at = at.min(text.len());
            let _ = (complete(text, at), explain(text, at));
        }
    }
}

/// What is in the cluster and in other files.
const OTHERS: &str = "
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {clusterIP: None, selector: {app: web}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: shared}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: elsewhere, namespace: other}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: runner}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
provisioner: disk.petri.dev
---
apiVersion: v1
kind: Node
metadata: {name: node-1, labels: {topology.kubernetes.io/zone: a, disk: 'true'}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: front}
spec: {template: {metadata: {labels: {app: front, tier: edge}}}}
";

fn known(kind: Kind) -> Vec<Object> {
    let parsed = parse(OTHERS);
    parsed
        .documents
        .iter()
        .filter_map(|document| {
            let kind = document.kind.filter(|own| *own == kind)?;
            Some(Object::decode(kind, &document.value, &mut petri_objects::Decode::default()))
        })
        .collect()
}

/// Labels that are offered at the `|`, and what is written if the first is chosen.
fn named(text: &str) -> (Vec<String>, String) {
    let at = text.find('|').expect("a place is marked");
    let found = assist::complete(&text.replacen('|', "", 1), at, &known).map(|found| found.choices).unwrap_or_default();
    let insert = found.first().map(|choice| choice.insert.clone()).unwrap_or_default();
    (found.into_iter().map(|choice| choice.label).collect(), insert)
}

#[test]
fn names_of_other_objects_are_offered_where_a_field_means_one() {
    let pod = "apiVersion: v1\nkind: Pod\nspec:\n";
    let offers = |text: &str, expected: &[&str]| assert_eq!(named(text).0, expected, "{text}");
    offers(&format!("{SET}  serviceName: |"), &["web"]);
    offers(&format!("{pod}  serviceAccountName: |"), &["runner"]);
    offers(&format!("{pod}  nodeName: |"), &["node-1"]);
    offers(&format!("{pod}  volumes:\n  - name: d\n    persistentVolumeClaim:\n      claimName: |"), &["shared"]);
    offers(&format!("{pod}  volumes:\n  - name: d\n    configMap:\n      name: |"), &["settings"]);
    offers("apiVersion: v1\nkind: PersistentVolumeClaim\nspec:\n  storageClassName: |", &["fast", "standard"]);
    let elsewhere = "apiVersion: v1\nkind: Pod\nmetadata:\n  namespace: other\nspec:\n  volumes:\n  - persistentVolumeClaim:\n      claimName: |";
    offers(elsewhere, &["elsewhere"]);
    assert!(named(&format!("{pod}  topologySpreadConstraints:\n  - topologyKey: |")).0.contains(&"disk".to_owned()));
}

#[test]
fn mounts_name_the_volumes_of_their_document() {
    let set = format!(
        "{SET}  template:\n    spec:\n      containers:\n      - name: c\n        volumeMounts:\n        - name: |\n      volumes:\n      \
         - name: cache\n        emptyDir: {{}}\n  volumeClaimTemplates:\n  - metadata:\n      name: data\n"
    );
    assert_eq!(named(&set).0, ["cache", "data"]);
}

#[test]
fn selectors_are_offered_the_labels_of_what_they_select() {
    let own = format!(
        "{SET}  selector:\n    matchLabels:\n      |\n  template:\n    metadata:\n      labels:\n        app: web\n"
    );
    assert_eq!(named(&own), (vec!["app".to_owned()], "app: web".to_owned()));
    let value = own.replace("      |\n", "      app: |\n");
    assert_eq!(named(&value), (vec!["web".to_owned()], "web".to_owned()));
    let template = format!(
        "{SET}  selector:\n    matchLabels:\n      app: web\n  template:\n    metadata:\n      labels:\n        |\n"
    );
    assert_eq!(named(&template).0, ["app"]);
    let service = "apiVersion: v1\nkind: Service\nspec:\n  selector:\n    app: front\n    |";
    assert_eq!(named(service), (vec!["tier".to_owned()], "tier: edge".to_owned()));
    let budget = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nspec:\n  selector:\n    matchLabels:\n      app: |";
    assert_eq!(named(budget).0, ["front"]);
    let nodes = "apiVersion: v1\nkind: Pod\nspec:\n  nodeSelector:\n    |";
    assert_eq!(
        named(nodes),
        (vec!["disk".to_owned(), "topology.kubernetes.io/zone".to_owned()], "disk: \"true\"".to_owned())
    );
    assert_eq!(named("apiVersion: v1\nkind: Pod\nmetadata:\n  labels:\n    |").0, Vec::<String>::new());
}
