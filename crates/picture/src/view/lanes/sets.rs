//! What sets asked for in the course of a run, and how much of it was Ready.

use petri_objects::{Kind, Name, Object, ObjectRef, Pod, ReplicaSet, Time};
use petri_sim::belief::controllers::deployment::util;
use petri_sim::words::note::Verb;

/// The course of one set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    pub set: ObjectRef,
    /// Whenever one of its numbers changed, the earliest first.
    pub levels: Vec<Level>,
    /// Whenever another revision was asked for or left behind, the earliest first.
    pub revisions: Vec<Asked>,
    pub gone: Option<Time>,
    /// The highest number of a Deployment's ReplicaSets.
    number: i64,
}

/// How many pods a set asked for, and how many of them the API server believed to be Ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    pub at: Time,
    pub asked: u32,
    pub ready: u32,
}

/// The revision that a set asks for, and the one that it leaves: names of ControllerRevisions. A Deployment asks for a
/// ReplicaSet, and leaves whatever else there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub at: Time,
    pub wanted: Name,
    pub left: Name,
}

impl Course {
    fn level(&mut self, level: Level) {
        if self.levels.last().is_none_or(|last| (last.asked, last.ready) != (level.asked, level.ready)) {
            self.levels.push(level);
        }
    }
    fn revision(&mut self, at: Time, wanted: &Name, left: &Name) {
        let known = |last: &Asked| last.wanted == *wanted && last.left == *left;
        if !wanted.is_empty() && !self.revisions.last().is_some_and(known) {
            self.revisions.push(Asked { at, wanted: wanted.clone(), left: left.clone() });
        }
    }
    /// The moments at which another revision was asked for, with how many there had been.
    pub fn rules(&self) -> impl Iterator<Item = (usize, &Asked)> {
        let changes = self.revisions.windows(2).filter(|pair| pair[0].wanted != pair[1].wanted);
        changes.enumerate().map(|(index, pair)| (index + 2, &pair[1]))
    }
    /// What is asked for at a moment.
    pub fn asked_at(&self, at: Time) -> Option<&Asked> {
        self.revisions.iter().rev().find(|asked| asked.at <= at)
    }
    /// Whether there is more to tell than that its pods came: it was scaled, or updated.
    pub fn is_told(&self) -> bool {
        self.levels.windows(2).any(|pair| pair[0].asked != pair[1].asked) || self.rules().next().is_some()
    }
}

/// What all sets asked for. They are few: a search costs less than one more kind of map.
#[derive(Clone, Debug, Default)]
pub struct Courses {
    all: Vec<Course>,
    /// The Deployments of ReplicaSets.
    makers: Vec<(ObjectRef, ObjectRef)>,
}

impl Courses {
    /// A set was written.
    pub(super) fn set(&mut self, at: Time, verb: Verb, object: &Object) {
        let (level, revision) = match object {
            Object::StatefulSet(set) => {
                let status = &set.status;
                let revision = Some((&status.update_revision, &status.current_revision));
                ((set.replicas(), status.ready_replicas), revision)
            }
            Object::Deployment(set) => ((set.replicas(), set.status.ready_replicas), None),
            Object::ReplicaSet(set) if set.metadata.controller().is_some() => return self.made(at, set),
            Object::ReplicaSet(set) => ((set.replicas(), set.status.ready_replicas), None),
            Object::DaemonSet(set) => ((set.status.desired_number_scheduled, set.status.number_ready), None),
            _ => return,
        };
        let course = self.course_mut(object.reference());
        course.gone = (verb == Verb::Deleted).then_some(at);
        let (asked, ready) = (level.0.max(0).unsigned_abs(), level.1.max(0).unsigned_abs());
        course.level(Level { at, asked, ready });
        if let Some((wanted, left)) = revision {
            course.revision(at, wanted, left);
        }
    }

    /// A Deployment made a ReplicaSet, or took an old one up again.
    #[inline(never)]
    fn made(&mut self, at: Time, set: &ReplicaSet) {
        let Some(owner) = set.metadata.controller().filter(|owner| &*owner.kind == "Deployment") else { return };
        let (namespace, name) = (&set.metadata.namespace, &set.metadata.name);
        let deployment = ObjectRef::new(Kind::Deployment, namespace.clone(), owner.name.clone());
        let number = util::revision(&set.metadata).unwrap_or(0);
        let course = self.course_mut(deployment.clone());
        if number > course.number {
            course.number = number;
            course.revision(at, name, &Name::default());
        }
        let own = ObjectRef::new(Kind::ReplicaSet, namespace.clone(), name.clone());
        if !self.makers.iter().any(|(made, _)| *made == own) {
            self.makers.push((own, deployment));
        }
    }

    /// What a set asked for.
    pub fn of(&self, set: &ObjectRef) -> Option<&Course> {
        self.all.iter().find(|course| course.set == *set)
    }

    /// Whether any set has more to tell than that its pods came.
    pub fn is_told(&self) -> bool {
        self.all.iter().any(Course::is_told)
    }

    fn course_mut(&mut self, set: ObjectRef) -> &mut Course {
        let at = self.all.iter().position(|course| course.set == set).unwrap_or(self.all.len());
        if at == self.all.len() {
            self.all.push(Course { set, levels: Vec::new(), revisions: Vec::new(), gone: None, number: 0 });
        }
        &mut self.all[at]
    }

    /// The set of a pod, with the name of its revision: a ReplicaSet is a revision of its Deployment.
    pub(super) fn set_of(&self, pod: &Pod) -> Option<(ObjectRef, Name)> {
        let owner = pod.metadata.controller()?;
        let namespace = &pod.metadata.namespace;
        match &*owner.kind {
            "StatefulSet" | "DaemonSet" => {
                let kind = if &*owner.kind == "DaemonSet" { Kind::DaemonSet } else { Kind::StatefulSet };
                let revision = pod.metadata.labels.get("controller-revision-hash").cloned().unwrap_or_default();
                Some((ObjectRef::new(kind, namespace.clone(), owner.name.clone()), revision))
            }
            "ReplicaSet" => {
                let own = ObjectRef::new(Kind::ReplicaSet, namespace.clone(), owner.name.clone());
                let made = self.makers.iter().find(|(made, _)| *made == own).map(|(_, deployment)| deployment.clone());
                Some((made.unwrap_or(own), owner.name.clone()))
            }
            _ => None,
        }
    }
}
