//! Programs that somebody starts in a container: what they do to files, and to the process that runs there.

use crate::belief::api::shelf::Key;
use crate::reality::files::{Entry, Fault, Place, Site, Spot, Tree, normal};
use crate::reality::machine::{Machine, Process, ProcessId};
use crate::words::api_error::ApiError;
use crate::words::command::{FileChange, FileKind, Probed};
use crate::words::note::Note;
use crate::world::World;
use petri_objects::{Container, Name, ObjectRef, Pod, Probe, Uid};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Changes of one program.
const MOST_CHANGES: usize = 2_000;

/// A container that runs, and where.
pub struct Inside<'w> {
    pub machine: &'w Machine,
    pub process: &'w Process,
    pub pod: Rc<Pod>,
    pub container: Container,
}

impl Inside<'_> {
    pub fn site<'a>(&'a self, world: &'a World) -> Site<'a> {
        let (node, restarts) = (&self.machine.name, self.process.restarts);
        Site { pod: &self.pod, container: &self.container, node, restarts, objects: world.objects() }
    }
}

impl World {
    /// The files of a place that were changed since it was made.
    pub fn tree(&self, place: &Place) -> Option<&Rc<Tree>> {
        match place {
            Place::Disk(volume) => self.disks.get(volume).map(|disk| &*disk.files),
            place => self.files.get(place),
        }
    }

    /// A container of a pod, as its machine runs it: by the pod as its kubelet knows it.
    pub fn inside(&self, uid: Uid, container: &str) -> Option<Inside<'_>> {
        let machine = self.machine_running(uid)?;
        let process = machine.processes.get(&ProcessId { pod: uid, container: container.into() })?;
        let worker = machine.kubelet.workers.get(&uid)?;
        let pod: Rc<Pod> = Rc::clone(&worker.pod);
        let all = pod.spec.containers.iter().chain(&pod.spec.init_containers);
        let container = all.into_iter().find(|own| *own.name == *container)?.clone();
        Some(Inside { machine, process, pod, container })
    }

    /// Whether what lies there can only be read just now.
    pub fn is_read_only(&self, spot: &Spot) -> bool {
        let fallen = |name: &Name| self.disks.get(name).is_some_and(|disk| disk.journal.read_only);
        spot.read_only || matches!(&spot.place, Place::Disk(name) if fallen(name))
    }

    /// A program in a container has changed files, and ended the container's process if there is an exit code. All of it
    /// happens or none.
    pub(crate) fn exec(
        &mut self,
        pod: &ObjectRef,
        container: &Name,
        changes: &[FileChange],
        exit_code: Option<i32>,
        notes: &mut Vec<Note>,
    ) -> Result<(), ApiError> {
        let bad = |text: String| ApiError::BadRequest(text.into());
        let (node, uid) = self.process_of(pod)?;
        let inside = self.inside(uid, container);
        let inside = inside.ok_or_else(|| bad(format!("container {container} of {} does not run", pod.name)))?;
        if changes.len() > MOST_CHANGES {
            return Err(bad(format!("a program changes at most {MOST_CHANGES} files here")));
        }
        let site = inside.site(self);
        let mut trees: BTreeMap<Place, Tree> = BTreeMap::new();
        for change in changes {
            let spot = site.spot(&normal(&change.path));
            if self.is_read_only(&spot) {
                return Err(bad(format!("{}: {}", change.path, Fault::ReadOnly.as_str())));
            }
            let known = || self.tree(&spot.place).map(|tree| Tree::clone(tree)).unwrap_or_default();
            let tree = trees.entry(spot.place.clone()).or_insert_with(known);
            change_tree(tree, &spot, change).map_err(|fault| bad(format!("{}: {}", change.path, fault.as_str())))?;
        }
        let (failing, passing) = probes_about(&inside.container, changes);
        let regular = inside.pod.spec.containers.iter().any(|own| own.name == *container);
        self.forget_files();
        for (place, tree) in trees {
            match &place {
                Place::Disk(volume) => self.disks.put_files(volume, Rc::new(tree)),
                _ => self.files.put(place, Rc::new(tree)),
            }
        }
        let id = ProcessId { pod: uid, container: container.clone() };
        self.on_machine(&node, notes, |host| {
            host.with_worker(uid, |host, worker| {
                for (probes, on) in [(failing, true), (passing, false)] {
                    if regular && !probes.is_empty() {
                        host.fail_probes_of(worker, &id, &probes, on);
                    }
                }
                let index = worker.containers.iter().position(|run| run.name == *container);
                if let (Some(code), Some(index)) = (exit_code, index) {
                    host.container_exits(worker, index, code);
                    host.look_again(worker);
                }
            });
        });
        Ok(())
    }

    /// Folders of pods that are gone, and of containers that have ended, are forgotten.
    fn forget_files(&mut self) {
        let mut files = std::mem::take(&mut self.files);
        files.retain(|place| match place {
            Place::Local { pod, .. } => {
                self.machines.values().any(|machine| machine.kubelet.workers.get(pod).is_some() || machine.runs(*pod))
            }
            Place::Container { pod, container, restarts } => {
                let id = ProcessId { pod: *pod, container: container.clone() };
                let runs = |machine: &Machine| machine.processes.get(&id).is_some_and(|own| own.restarts == *restarts);
                self.machines.values().any(runs)
            }
            _ => true,
        });
        self.files = files;
    }

    /// The uid of the pod of this name that the API server knows.
    pub fn uid_of(&self, pod: &ObjectRef) -> Option<Uid> {
        self.objects().pods.get(&Key::new(&*pod.namespace, &*pod.name)).map(|pod| pod.metadata.uid)
    }
}

/// What a change does to the file system that it is about.
///
/// # Errors
/// It does not fit, or the root of a file system would go.
pub fn change_tree(tree: &mut Tree, spot: &Spot, change: &FileChange) -> Result<(), Fault> {
    let mode = |usual| if change.mode == 0 { usual } else { change.mode };
    match change.what {
        FileKind::File if spot.path.is_empty() => Err(Fault::IsFolder),
        FileKind::File => {
            let entry = Entry::File { text: change.text.clone(), mode: mode(0o644) };
            tree.put(&spot.path, entry, spot.capacity)
        }
        FileKind::Folder => tree.put(&spot.path, Entry::Folder { mode: mode(0o755) }, spot.capacity),
        FileKind::Gone => match &spot.place {
            // The image still has it, or a command of the pod has written it.
            Place::Container { .. } | Place::Local { .. } => tree.put(&spot.path, Entry::Gone, u64::MAX),
            _ => {
                tree.forget(&spot.path);
                Ok(())
            }
        },
    }
}

/// The probes that run a program which was removed, or ask for a file that was, and those whose program is back.
fn probes_about(container: &Container, changes: &[FileChange]) -> (Vec<Probed>, Vec<Probed>) {
    let (mut failing, mut passing) = (Vec::new(), Vec::new());
    let names = |probe: &Option<Probe>, path: &str| {
        let exec = probe.as_ref().and_then(|probe| probe.exec.as_ref());
        let base = path.rsplit('/').next().unwrap_or(path);
        let mut words = exec.iter().flat_map(|exec| &exec.command).flat_map(|word| word.split_whitespace());
        words.any(|word| word == path || word == base)
    };
    for change in changes {
        for (probed, probe) in
            [(Probed::Readiness, &container.readiness_probe), (Probed::Liveness, &container.liveness_probe)]
        {
            if names(probe, &change.path) {
                failing.retain(|known| *known != probed);
                passing.retain(|known| *known != probed);
                if change.what == FileKind::Gone { failing.push(probed) } else { passing.push(probed) }
            }
        }
    }
    (failing, passing)
}
