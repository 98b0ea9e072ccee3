//! What a person has done in a run that explains what would otherwise be a fault of the engine.

use crate::script::{Script, Step};

/// The deeds of a script.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Deeds {
    /// Somebody has told the API server that something has stopped that may well run.
    pub lies: bool,
    /// Claims, volumes, classes or attachments were made, changed or deleted by hand.
    pub storage: bool,
    /// Labels by which pods are selected were changed, or owners taken away.
    pub labels: bool,
    /// What the StatefulSet controller hears was held back.
    pub late: bool,
    /// What the disruption controller hears was held back, or it was started anew: evictions trust the status that it left.
    pub late_budgets: bool,
    /// Somebody has asked for more or fewer pods.
    pub scaled: bool,
    /// Finalizers were taken away from whoever relied on them.
    pub finalizers: bool,
}

impl Deeds {
    pub fn of(script: &Script) -> Deeds {
        let mut deeds = Deeds::default();
        for step in &script.steps {
            match step {
                Step::Line(line) => deeds.line(line),
                Step::Manifest { manifest, .. } => {
                    let kind = manifest["kind"].as_str().unwrap_or_default();
                    // A pod whose grace is 0 is forgotten the moment that it is deleted, as if by force.
                    deeds.lies |= manifest.to_string().contains("\"terminationGracePeriodSeconds\":0");
                    deeds.storage |= matches!(kind, "PersistentVolumeClaim" | "PersistentVolume" | "StorageClass");
                }
                Step::Run(_) => {}
            }
        }
        deeds
    }

    fn line(&mut self, line: &str) {
        let has = |words: &[&str]| words.iter().any(|word| line.contains(word));
        self.lies |= has(&["--force", "delete node ", "out-of-service"]);
        let deletes = has(&["kubectl delete"]);
        let storage = ["persistentvolume", "pvc", "storageclass", "volumeattachment", "namespace"];
        self.storage |= deletes && has(&storage);
        self.storage |= has(&["patch persistentvolume"]);
        self.labels |= has(&["kubectl label", "orphan", "\"app\":\"other\""]);
        self.late |= has(&["cache statefulset", "pause controller statefulset"]);
        let disruption = ["controller disruption", "cache disruption", "controllermanager", "controller-manager"];
        self.late_budgets |= has(&disruption);
        self.scaled |= has(&["kubectl scale", "replicas"]);
        self.finalizers |= has(&["\"finalizers\":null"]);
    }
}
