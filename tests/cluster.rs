//! A console on a cluster, for tests that read as what a person types.

use petri_console::Files;
use petri_sim::ground::clock::Span;
use petri_sim::ground::scenario::Scenario;
use petri_sim::reality::workload::program::{Program, Tenure};
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::invariants::{Guarantee, Standing};
use petri_sim::world::World;
use std::collections::BTreeMap;

pub struct Cluster {
    pub timeline: Timeline,
    files: BTreeMap<String, String>,
}

impl Cluster {
    pub fn new(seed: u64) -> Cluster {
        Cluster { timeline: Timeline::new(Recording::new(Scenario::standard(), seed)), files: BTreeMap::new() }
    }
    /// Applies a manifest.
    pub fn apply(&mut self, manifest: &str) -> &mut Cluster {
        self.files.insert("it.yaml".into(), manifest.into());
        let out = self.run("kubectl apply -f it.yaml");
        assert!(!out.contains("rror"), "{out}");
        self
    }
    /// A file that commands can name.
    pub fn write(&mut self, name: &str, text: &str) {
        self.files.insert(name.into(), text.into());
    }
    pub fn run(&mut self, line: &str) -> String {
        let files: &dyn Files = &self.files;
        petri_console::run(line, &mut self.timeline, files).shown().trim_end().to_owned()
    }
    /// Several lines, of which only the last one's answer matters.
    pub fn after(&mut self, lines: &[&str]) -> String {
        lines.iter().map(|line| self.run(line)).last().unwrap_or_default()
    }
    pub fn wait(&mut self, millis: u64) {
        let until = self.timeline.now() + Span::millis(millis);
        self.timeline.play_until(until);
    }
    pub fn world(&self) -> &World {
        self.timeline.world()
    }
    /// Seconds since the start, with a fraction of a millisecond's accuracy cut off.
    pub fn millis(&self) -> u64 {
        self.timeline.now().since(self.timeline.start()).as_millis()
    }
    pub fn node_of(&self, pod: &str) -> String {
        let key = petri_sim::belief::api::shelf::Key::new("default", pod);
        self.world().objects().pods.get(&key).map_or(String::new(), |pod| pod.spec.node_name.to_string())
    }
    pub fn program(&self, pod: &str) -> &Program {
        let own = |program: &&Program| &*program.identity.pod == pod;
        self.world().programs.running.values().find(own).expect("the pod has a process that acts")
    }
    pub fn tenures(&self) -> &[Tenure] {
        &self.world().programs.tenures
    }
    pub fn was_broken(&self, guarantee: Guarantee) -> bool {
        self.world().invariants.first_broken.contains_key(&guarantee)
    }
    pub fn is_broken(&self, guarantee: Guarantee) -> bool {
        matches!(self.world().invariants.worst(guarantee).0, Standing::Broken { .. })
    }
}

/// A StatefulSet `name` whose processes are `petri.dev/word`, with annotations, on the shared claim if there is one.
pub fn set(name: &str, replicas: u32, word: &str, notes: &str, claim: Option<&str>) -> String {
    let (mounts, volumes) = match claim {
        None => (String::new(), String::new()),
        Some(claim) => (
            ", volumeMounts: [{name: data, mountPath: /data}]".into(),
            format!(", volumes: [{{name: data, persistentVolumeClaim: {{claimName: {claim}}}}}]"),
        ),
    };
    format!(
        "
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: {name}}}
spec:
  serviceName: {name}
  replicas: {replicas}
  podManagementPolicy: Parallel
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}, annotations: {{{notes}}}}}
    spec: {{containers: [{{name: c, image: 'petri.dev/{word}:1'{mounts}}}]{volumes}}}
"
    )
}

/// A claim that any number of machines may write to.
pub fn shared_claim(name: &str, fencing: bool) -> String {
    let notes = if fencing { "petri.dev/fencing: 'on'" } else { "" };
    format!(
        "
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: {name}, annotations: {{{notes}}}}}
spec: {{accessModes: [ReadWriteMany], resources: {{requests: {{storage: 1Gi}}}}}}
"
    )
}

/// A headless Service for the pods of a set.
pub fn headless(name: &str, more: &str) -> String {
    format!(
        "
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec: {{clusterIP: None, selector: {{app: {name}}}, ports: [{{name: http, port: 80}}]{more}}}
"
    )
}
