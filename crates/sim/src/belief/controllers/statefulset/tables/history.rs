//! Revisions: which is made, which is found again, which is forgotten.
//!
//! Upstream: `stateful_set_control_test.go` (`TestStatefulSetControl_getSetRevisions`,
//! `TestStatefulSetHonorRevisionHistoryLimit`, `TestStatefulSetControlLimitsHistory`), `stateful_set_utils_test.go`
//! (`TestCreateApplyRevision`), `pkg/controller/history/controller_history_test.go`.

use super::super::revisions::{revision_name, template_of};
use super::*;
use crate::belief::controllers::history::patch_of;

/// Upstream: `TestStatefulSetControl_getSetRevisions`, under every retention policy. The columns: which images were
/// rolled out before, which is asked for now; how many revisions there are then, the images of the current and of the
/// update revision, and the number of the latter.
#[test]
fn a_template_finds_or_makes_its_revision() {
    type Row = (&'static str, &'static [&'static str], &'static str, usize, &'static str, &'static str, i64);
    const TABLE: [Row; 4] = [
        ("creates initial revision", &[], "one", 1, "one", "one", 1),
        ("creates revision on update", &["one"], "two", 2, "one", "two", 2),
        ("must not recreate a new revision of same set", &["one", "two"], "two", 2, "one", "two", 2),
        ("must rollback to a previous revision", &["one", "two", "three"], "two", 3, "one", "two", 4),
    ];
    for policy in POLICIES {
        for (name, before, now, count, current, update, number) in TABLE {
            let mut set = retention(new_set(1), policy);
            let first = before.first().copied().unwrap_or(now);
            Rc::make_mut(&mut Rc::make_mut(&mut set.spec).template.spec).containers[0].image = first.into();
            let mut stage = Stage::new(set, 3);
            for image in before {
                stage.image(image);
                // A pod that is not ready yet keeps the first revision the current one.
                stage.sync().result.expect("nothing is refused");
            }
            stage.image(now);
            stage.sync().result.expect("nothing is refused");
            let revisions = stage.revisions();
            assert_eq!(revisions.len(), count, "{name}");
            let status = stage.set().status.clone();
            let image = |name: &Name| {
                let revision = revisions.iter().find(|r| r.metadata.name == *name).expect("it is listed");
                (template_of(revision).spec.containers[0].image.to_string(), revision.revision)
            };
            assert_eq!(image(&status.current_revision).0, current, "{name}");
            assert_eq!(image(&status.update_revision), (update.to_owned(), number), "{name}");
        }
    }
}

/// Ten rollouts in a row; after each there are at most so many revisions.
fn roll_ten_times(set: StatefulSet, refuse: bool) -> usize {
    let limit = set.spec.revision_history_limit.unwrap_or(10);
    let mut stage = Stage::new(set, 5);
    stage.scale_up(burst_invariants).expect("nothing is refused");
    for number in 0..10 {
        stage.image(&format!("foo-{number}"));
        if refuse {
            stage.refuse("status statefulset", 2);
        }
        let done = |stage: &Stage| {
            let set = stage.set();
            set.status.current_revision == set.status.update_revision
                && set.status.observed_generation == set.metadata.generation
                && set.status.updated_replicas == set.replicas()
        };
        if stage.play(update_invariants, done).is_err() {
            assert!(refuse, "nothing is refused");
            stage.play(update_invariants, done).expect("one refusal only");
        }
        stage.refusal = None;
        stage.sync().result.expect("nothing is refused");
        let count = stage.revisions().len();
        // Two more are live: the current and the update revision.
        assert!(limit < 0 || count <= limit as usize + 2, "{count} revisions, limit {limit}");
    }
    stage.revisions().len()
}

/// Upstream: `TestStatefulSetControlLimitsHistory`.
#[test]
fn history_is_cut_to_its_limit() {
    let limited = |limit| {
        let mut set = new_set(3);
        Rc::make_mut(&mut set.spec).revision_history_limit = Some(limit);
        set
    };
    // When a rollout is complete only one revision is live.
    let table: [(&str, StatefulSet, usize); 5] = [
        ("monotonic update", new_set(3), 3),
        ("burst update", parallel(new_set(3)), 3),
        ("zero revisionHistoryLimit", limited(0), 1),
        ("negative revisionHistoryLimit", limited(-2), 11),
        ("positive revisionHistoryLimit", limited(5), 6),
    ];
    for (name, set, kept) in table {
        assert_eq!(roll_ten_times(set, false), kept, "{name}");
    }
}

/// Upstream: `TestStatefulSetHonorRevisionHistoryLimit`: history is also cut by syncs whose status write was refused.
#[test]
fn history_is_cut_even_if_the_status_cannot_be_written() {
    for policy in POLICIES {
        assert_eq!(roll_ten_times(retention(new_set(3), policy), true), 3, "{policy:?}");
    }
}

/// Upstream: `TestCreateApplyRevision`: the template that a revision keeps is the one that it was made from.
#[test]
fn a_revision_gives_its_template_back() {
    type Edit = fn(&mut PodTemplateSpec);
    let edits: [(&str, Edit); 5] = [
        ("as it is", |_| {}),
        ("another image", |t| Rc::make_mut(&mut t.spec).containers[0].image = "foo".into()),
        ("another label", |t| t.metadata.labels.insert("new", "label")),
        ("an annotation", |t| t.metadata.annotations.insert("kubectl.kubernetes.io/restartedAt", "now")),
        ("signs that HTML escapes", |t| t.metadata.annotations.insert("a", "<b> & c")),
    ];
    let mut names = Vec::new();
    for (case, edit) in edits {
        let mut template = new_set(1).spec.template.clone();
        edit(&mut template);
        let data = patch_of(&template);
        let revision =
            ControllerRevision { data: Opaque(Some(Rc::new(data.clone()))), ..ControllerRevision::default() };
        let restored = template_of(&revision);
        assert_eq!(patch_of(&restored).to_json(), data.to_json(), "{case}");
        names.push(revision_name("foo", &data.to_json(), 0).0);
    }
    names.order();
    names.dedup();
    assert_eq!(names.len(), 5, "different templates have different names");
}

/// Upstream: `TestStatefulSetCompatibility` and the revisions in its `testdata`: the hash of one template in 1.33, which
/// wrote an empty creation time, and from 1.34 on.
#[test]
fn revisions_have_the_names_that_real_clusters_gave_them() {
    let data = |metadata: &str| {
        format!(
            r#"{{"spec":{{"template":{{"$patch":"replace","metadata":{{"annotations":{{"test":"value"}},{metadata}"labels":{{"app":"foo"}}}},"spec":{{"containers":[{{"image":"test","imagePullPolicy":"Always","name":"test","resources":{{}},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File"}}],"dnsPolicy":"ClusterFirst","restartPolicy":"Always","schedulerName":"default-scheduler","securityContext":{{}},"terminationGracePeriodSeconds":30}}}}}}}}"#
        )
    };
    for (metadata, name) in [("", "test-776999688b"), (r#""creationTimestamp":null,"#, "test-c77f6d978")] {
        assert_eq!(&*revision_name("test", &data(metadata), 0).0, name);
    }
    // The same bytes and the same name come of a set that goes through the API server and a sync.
    let mut set = new_set(1);
    set.metadata.name = "test".into();
    let spec = Rc::make_mut(&mut set.spec);
    spec.volume_claim_templates.clear();
    spec.template = template("foo");
    spec.template.metadata.annotations.insert("test", "value");
    let container = &mut Rc::make_mut(&mut spec.template.spec).containers[0];
    (container.name, container.image) = ("test".into(), "test".into());
    let mut stage = Stage::new(set, 1);
    stage.sync().result.expect("nothing is refused");
    let revision = stage.revisions().remove(0);
    assert_eq!(revision.data.0.as_ref().map(|stored| stored.to_json()), Some(data("")));
    assert_eq!(&*revision.metadata.name, "test-776999688b");
}

/// Upstream: `TestControllerRevisionName` and the collision cases of `TestRealHistory_CreateControllerRevision`.
#[test]
fn a_revision_is_named_after_its_set_and_its_hash() {
    // Length of the set's name, and of the part that is kept.
    for (length, kept) in [(1, 1), (52, 52), (223, 223), (224, 223), (253, 223)] {
        let (name, hash) = revision_name(&"n".repeat(length), "{}", 0);
        assert_eq!(&*name, format!("{}-{hash}", "n".repeat(kept)));
    }
    let hashes: Vec<String> = (0..5).map(|count| revision_name("foo", "{}", count).1).collect();
    let mut different = hashes.clone();
    different.order();
    different.dedup();
    assert_eq!(different.len(), 5, "each collision has a name of its own: {hashes:?}");
}

/// Upstream: `TestRealHistory_CreateControllerRevision` and `TestFakeHistory_CreateControllerRevision`: a name that is
/// taken by other data counts as a collision, one that is taken by the same data is used.
#[test]
fn a_taken_name_is_used_if_it_is_the_same_and_counted_if_it_is_not() {
    for (same, collisions) in [(true, 0), (false, 1)] {
        let mut stage = Stage::new(new_set(1), 1);
        let data = patch_of(&stage.set().spec.template);
        let name = revision_name("foo", &data.to_json(), 0).0;
        let other = Value::Map([(Name::from("spec"), Value::from("else"))].into_iter().collect());
        let mut taken = ControllerRevision {
            data: Opaque(Some(Rc::new(if same { data } else { other }))),
            revision: 1,
            ..ControllerRevision::default()
        };
        // It belongs to somebody else, so that the set does not list it.
        taken.metadata.name = name.clone();
        taken.metadata.namespace = "default".into();
        taken.metadata.owner_references = vec![OwnerReference {
            api_version: "apps/v1".into(),
            kind: "StatefulSet".into(),
            name: "else".into(),
            uid: Uid(9),
            controller: Some(true),
            block_owner_deletion: None,
        }];
        stage.serve(Request::Create(taken.into()));
        stage.sync().result.expect("nothing is refused");
        let status = stage.set().status.clone();
        assert_eq!(status.collision_count, Some(collisions), "same {same}");
        assert_eq!(status.update_revision == name, same);
        assert_eq!(stage.revisions().len(), if same { 1 } else { 2 });
    }
}

/// Upstream: `TestSortControllerRevisions`: by number, then by age, then by name. Seen through the history limit, which
/// takes the first ones.
#[test]
fn the_oldest_revisions_go_first() {
    // Number, seconds of age, name; three of four may stay, one of which is the set's own.
    type Row = (i64, u64, &'static str);
    const TABLE: [([Row; 3], &str); 4] = [
        ([(1, 10, "a"), (2, 10, "b"), (3, 10, "c")], "a"),
        ([(3, 30, "a"), (2, 20, "b"), (1, 10, "c")], "c"),
        ([(1, 10, "a"), (1, 30, "b"), (1, 20, "c")], "b"),
        ([(1, 10, "c"), (1, 10, "b"), (1, 10, "a")], "a"),
    ];
    for (rows, gone) in TABLE {
        let set = Rc::new(StatefulSet { metadata: meta("foo", 7), ..new_set(0) });
        let object = Object::StatefulSet(set.clone());
        let owner = crate::belief::controllers::util::controller_ref(&object);
        let mut bench = Bench::new([object]);
        for (number, age, name) in rows {
            let mut revision = ControllerRevision { metadata: meta(name, 50), revision: number, ..Default::default() };
            revision.metadata.creation_timestamp = bench.now - Span::seconds(age);
            revision.metadata.owner_references = vec![owner.clone()];
            revision.metadata.labels = set.spec.template.metadata.labels.clone();
            bench.cache.put(revision.into());
        }
        let answer = crate::belief::controllers::testing::agree(&bench.cache);
        let run = bench.sync(super::super::sync, &Key::of(&set.metadata), answer);
        let gone = format!("delete controllerrevision/{gone}");
        let deleted: Vec<String> = run.requests().into_iter().filter(|line| line.starts_with("delete")).collect();
        assert_eq!(deleted, [gone], "{rows:?}");
    }
}
