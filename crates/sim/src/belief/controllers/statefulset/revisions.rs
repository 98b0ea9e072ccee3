//! Revisions: which template the pods have, and which they should have.
//!
//! Upstream: `stateful_set_control.go` (`getStatefulSetRevisions`, `truncateHistory`), `pkg/controller/history`.

use super::utils::pod_revision;
use crate::belief::client::call::{Api, Stop, expect_kind};
use crate::belief::controllers::history::patch_of;
use crate::belief::controllers::util::{controller_ref, fnv1_32, safe_encode};
use petri_objects::order::Order as _;
use petri_objects::record::Opaque;
use petri_objects::*;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What a set remembers between syncs: that its newest revision still is the one of its template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Memory(BTreeMap<Uid, (i64, Name)>);

impl Memory {
    pub fn is_newest(&self, set: &StatefulSet, newest: Option<&ControllerRevision>) -> bool {
        let known = self.0.get(&set.metadata.uid);
        newest.is_some_and(|n| known.is_some_and(|(g, name)| *g == set.metadata.generation && *name == n.metadata.name))
    }
    pub fn remember(&mut self, set: &StatefulSet, newest: &ControllerRevision) {
        self.0.insert(set.metadata.uid, (set.metadata.generation, newest.metadata.name.clone()));
    }
}

/// The label that carries a revision's hash.
const HASH_LABEL: &str = "controller.kubernetes.io/hash";

/// What a sync needs to know of a set's revisions.
pub struct Revisions {
    pub current: Rc<ControllerRevision>,
    pub update: Rc<ControllerRevision>,
    pub collision_count: i32,
    /// All of them, oldest first.
    pub all: Vec<Rc<ControllerRevision>>,
}

/// The template that a revision keeps.
pub fn template_of(revision: &ControllerRevision) -> PodTemplateSpec {
    let data = revision.data.0.as_deref();
    let template = data.and_then(|data| data.at(&["spec", "template"])).cloned().unwrap_or_default();
    let mut template = template;
    if let Value::Map(map) = &mut template {
        map.remove("$patch");
    }
    PodTemplateSpec::from_value(&template, &mut Decode::default())
}

/// STS-9: `web-5b5fff9b74`.
pub fn revision_name(set: &str, data: &str, collision_count: i32) -> (Name, String) {
    let hash = safe_encode(fnv1_32(&[data.as_bytes(), collision_count.to_string().as_bytes()]));
    let prefix: String = set.chars().take(223).collect();
    (format!("{prefix}-{hash}").into(), hash)
}

/// STS-11, STS-12: finds or makes the update revision, and finds the current one.
pub fn revisions_of(
    set: &Rc<StatefulSet>,
    mut all: Vec<Rc<ControllerRevision>>,
    api: &mut Api<'_, Memory>,
) -> Result<Revisions, Stop> {
    all.order_by(|a, b| {
        let age = |r: &ControllerRevision| (r.revision, r.metadata.creation_timestamp, r.metadata.name.clone());
        age(a).cmp(&age(b))
    });
    let mut collision_count = set.status.collision_count.unwrap_or(0);
    let known = api.memory.is_newest(set, all.last().map(Rc::as_ref));
    let update = match all.last() {
        Some(newest) if known => newest.clone(),
        _ => {
            let data = patch_of(&set.spec.template);
            let update = find_or_create(set, &mut all, data, &mut collision_count, api)?;
            api.memory.remember(set, &update);
            update
        }
    };
    let current = all.iter().find(|r| r.metadata.name == set.status.current_revision).unwrap_or(&update).clone();
    Ok(Revisions { current, update, collision_count, all })
}

fn find_or_create(
    set: &Rc<StatefulSet>,
    all: &mut Vec<Rc<ControllerRevision>>,
    data: Value,
    collision_count: &mut i32,
    api: &mut Api<'_, Memory>,
) -> Result<Rc<ControllerRevision>, Stop> {
    let text = data.to_json();
    let same = |revision: &ControllerRevision| revision.data.0.as_ref().is_some_and(|d| d.to_json() == text);
    let next = all.last().map_or(0, |newest| newest.revision) + 1;
    if let Some(index) = all.iter().rposition(|revision| same(revision)) {
        if index + 1 == all.len() {
            return Ok(all[index].clone());
        }
        // A rollback: the old revision becomes the newest.
        let mut raised = (*all[index]).clone();
        raised.revision = next;
        let raised: Rc<ControllerRevision> = expect_kind(api.update(raised)??);
        all.remove(index);
        all.push(raised.clone());
        return Ok(raised);
    }
    loop {
        let (name, hash) = revision_name(&set.metadata.name, &text, *collision_count);
        let mut revision = ControllerRevision {
            data: Opaque(Some(Rc::new(data.clone()))),
            revision: next,
            ..ControllerRevision::default()
        };
        revision.metadata.name = name.clone();
        revision.metadata.namespace = set.metadata.namespace.clone();
        revision.metadata.labels = set.spec.template.metadata.labels.clone();
        revision.metadata.labels.insert(HASH_LABEL, hash);
        revision.metadata.annotations = set.metadata.annotations.clone();
        revision.metadata.owner_references = vec![controller_ref(&Object::StatefulSet(set.clone()))];
        match api.create(revision)? {
            Ok(created) => {
                let created: Rc<ControllerRevision> = expect_kind(created);
                all.push(created.clone());
                return Ok(created);
            }
            Err(error) if error.is_already_exists() => {
                let target = ObjectRef::new(Kind::ControllerRevision, set.metadata.namespace.clone(), name);
                let existing: Rc<ControllerRevision> = expect_kind(api.get(target)??);
                if same(&existing) {
                    all.push(existing.clone());
                    return Ok(existing);
                }
                *collision_count += 1;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// STS-13: of the revisions that nothing uses, the oldest go until the limit is kept.
pub fn truncate_history(
    set: &StatefulSet,
    pods: &[Rc<Pod>],
    revisions: &Revisions,
    api: &mut Api<'_, Memory>,
) -> Result<(), Stop> {
    let limit = set.spec.revision_history_limit.unwrap_or(10);
    if limit < 0 || revisions.all.len() as i64 <= i64::from(limit) {
        return Ok(());
    }
    let live = |revision: &ControllerRevision| {
        let name = &revision.metadata.name;
        *name == revisions.current.metadata.name
            || *name == revisions.update.metadata.name
            || pods.iter().any(|pod| pod_revision(pod) == &**name)
    };
    let unused: Vec<&Rc<ControllerRevision>> = revisions.all.iter().filter(|revision| !live(revision)).collect();
    let surplus = unused.len().saturating_sub(limit.max(0) as usize);
    for revision in unused.into_iter().take(surplus) {
        let key = revision.metadata.name.clone();
        let target = ObjectRef::new(Kind::ControllerRevision, set.metadata.namespace.clone(), key);
        match api.delete(target)? {
            Err(error) if !error.is_not_found() => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_are_named_as_the_real_controller_names_them() {
        let data = r#"{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"image":"nginx:1.25","imagePullPolicy":"IfNotPresent","name":"nginx","ports":[{"containerPort":80,"name":"http","protocol":"TCP"}],"readinessProbe":{"failureThreshold":3,"httpGet":{"path":"/","port":80,"scheme":"HTTP"},"periodSeconds":10,"successThreshold":1,"timeoutSeconds":1},"resources":{},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","volumeMounts":[{"mountPath":"/data","name":"data"}]}],"dnsPolicy":"ClusterFirst","restartPolicy":"Always","schedulerName":"default-scheduler","securityContext":{},"terminationGracePeriodSeconds":30}}}}"#;
        assert_eq!(&*revision_name("web", data, 0).0, "web-5b5fff9b74");
        assert_eq!(&*revision_name("web", data, 1).0, "web-5b5fff9b75");
        // The same bytes come out of the decoded and defaulted template.
        let value = Value::from_json(data).unwrap();
        let template =
            template_of(&ControllerRevision { data: Opaque(Some(Rc::new(value))), ..ControllerRevision::default() });
        assert_eq!(patch_of(&template).to_json(), data);
    }
}
