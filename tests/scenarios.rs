//! The conformance scenarios have numbers, C-001 and on, and each number is named by the test or transcript that plays it.

use petri_console::Files;
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// From and to, by topic: API, StatefulSets, ReplicaSets and Deployments, nodes, scheduler and storage, Services and DNS,
/// disruption, locks, kubectl.
const SCENARIOS: [(u32, u32); 9] =
    [(1, 15), (20, 58), (60, 76), (80, 105), (110, 125), (130, 139), (140, 150), (160, 167), (170, 179)];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests have a workspace").to_owned()
}

fn read_all(folder: &Path, texts: &mut String) {
    for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !matches!(&*name, "target" | "node_modules" | "dist") {
                read_all(&path, texts);
            }
        } else if (name.ends_with(".rs") || name.ends_with(".md")) && name != "scenarios.rs" {
            texts.push_str(&std::fs::read_to_string(&path).unwrap_or_default());
        }
    }
}

/// The scenarios that no text names.
fn unnamed(texts: &str) -> Vec<u32> {
    let all = SCENARIOS.iter().flat_map(|(from, to)| *from..=*to);
    all.filter(|number| !texts.contains(&format!("C-{number:03}"))).collect()
}

#[test]
fn every_scenario_is_played_by_a_test_that_names_it() {
    let mut texts = String::new();
    read_all(&root().join("crates"), &mut texts);
    read_all(&root().join("tests"), &mut texts);
    assert_eq!(unnamed(&texts), [0; 0], "scenarios without a test");
}

#[test]
fn a_scenario_that_nobody_names_is_found() {
    let texts: String = SCENARIOS
        .iter()
        .flat_map(|(from, to)| *from..=*to)
        .filter(|n| *n != 42)
        .map(|n| format!("C-{n:03} "))
        .collect();
    assert_eq!(unnamed(&texts), [42]);
}

/// Every part of the golden files is compared with something.
#[test]
fn every_golden_table_and_description_is_compared() {
    let console = root().join("crates/console");
    let read = |path: &str| std::fs::read_to_string(console.join(path)).expect("the console has its golden files");
    for (golden, mark, tests) in [
        ("golden/kubectl-get-tables.txt", "#### # ", "src/tables/golden.rs"),
        ("golden/kubectl-describe.txt", "######## describe ", "src/describe/tests.rs"),
    ] {
        let (golden, tests) = (read(golden), read(tests));
        let titles: Vec<&str> = golden.lines().filter_map(|line| line.strip_prefix(mark)).collect();
        assert!(titles.len() >= 11, "only {} parts", titles.len());
        for title in titles {
            assert!(tests.contains(&format!("\"{title}\"")) || tests.contains(&format!("{mark}{title}\\n")), "{title}");
        }
    }
}

/// A console on a fresh cluster.
struct Console {
    timeline: Timeline,
    files: BTreeMap<String, String>,
}

impl Console {
    fn new() -> Console {
        Console { timeline: Timeline::new(Recording::new(Scenario::standard(), 1)), files: BTreeMap::new() }
    }
    fn run(&mut self, line: &str) -> String {
        let files: &dyn Files = &self.files;
        petri_console::run(line, &mut self.timeline, files).shown().trim_end().to_owned()
    }
}

/// Which kinds count the changes of their spec: the generation is 1 after the creation, or there is none.
#[test]
fn kinds_with_a_generation_begin_at_one() {
    const MANIFESTS: &str = "
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: x}
spec: {replicas: 0, selector: {matchLabels: {a: s}}, template: {metadata: {labels: {a: s}}, spec: {containers: [{name: c, image: i}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: x}
spec: {replicas: 0, selector: {matchLabels: {a: d}}, template: {metadata: {labels: {a: d}}, spec: {containers: [{name: c, image: i}]}}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: x}
spec: {replicas: 0, selector: {matchLabels: {a: r}}, template: {metadata: {labels: {a: r}}, spec: {containers: [{name: c, image: i}]}}}
---
apiVersion: v1
kind: Pod
metadata: {name: x}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: x}
spec: {minAvailable: 1, selector: {matchLabels: {a: b}}}
---
apiVersion: v1
kind: Service
metadata: {name: x}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: x}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: x}
provisioner: example.org/disk
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: x}
";
    let mut console = Console::new();
    console.files.insert("all.yaml".into(), MANIFESTS.into());
    let created = console.run("kubectl apply -f all.yaml");
    assert_eq!(created.lines().count(), 9, "{created}");
    for (kind, generation) in [
        ("statefulset", "1"),
        ("deployment", "1"),
        ("replicaset", "1"),
        ("pod", "1"),
        ("pdb", "1"),
        ("service", ""),
        ("pvc", ""),
        ("storageclass", ""),
        ("lease", ""),
    ] {
        assert_eq!(
            console.run(&format!("kubectl get {kind} x -o jsonpath={{.metadata.generation}}")),
            generation,
            "{kind}"
        );
    }
}
