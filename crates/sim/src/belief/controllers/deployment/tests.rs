use super::*;
use crate::belief::api::request::Request;
use crate::belief::controllers::testing::{Bench, NOW, Run, agree, meta, ready_pod, selector, template};
use crate::belief::controllers::util::controller_ref;
use crate::ground::clock::Span;
use crate::words::api_error::ApiError;

const RECREATE: &str = "Recreate";
const ROLLING: &str = "RollingUpdate";

fn value(text: &str) -> IntOrString {
    text.parse().map_or_else(|_| IntOrString::String(text.into()), IntOrString::Int)
}

fn deployment(replicas: i32, strategy: &str, surge: &str, unavailable: &str) -> Deployment {
    let rolling = RollingUpdateDeployment { max_surge: Some(value(surge)), max_unavailable: Some(value(unavailable)) };
    let spec = DeploymentSpec {
        replicas: Some(replicas),
        selector: Some(selector("web")),
        template: template("web"),
        strategy: DeploymentStrategy {
            kind: strategy.into(),
            rolling_update: (strategy == ROLLING).then_some(rolling),
        },
        progress_deadline_seconds: Some(600),
        revision_history_limit: Some(10),
        ..DeploymentSpec::default()
    };
    Deployment { metadata: meta("web", 1), spec: Rc::new(spec), ..Deployment::default() }
}

fn key() -> Key {
    Key::new("default", "web")
}

/// A Deployment whose ReplicaSets are filled as the test says.
struct Stage {
    bench: Bench,
    events: Vec<String>,
    /// Image whose pods never become available.
    broken_image: &'static str,
}

impl Stage {
    fn new(deployment: Deployment) -> Stage {
        Stage { bench: Bench::new([deployment.into()]), events: Vec::new(), broken_image: "" }
    }
    fn deployment(&self) -> Deployment {
        (**self.bench.cache.deployments.get(&key()).expect("the Deployment is there")).clone()
    }
    fn edit(&mut self, edit: impl FnOnce(&mut Deployment)) {
        let mut deployment = self.deployment();
        edit(&mut deployment);
        deployment.metadata.generation += 1;
        self.bench.cache.put(deployment.into());
    }
    fn set_image(&mut self, image: &str) {
        self.edit(|d| Rc::make_mut(&mut Rc::make_mut(&mut d.spec).template.spec).containers[0].image = image.into());
    }
    /// One sync, whose writes go into the cache. Uids and creation times follow the clock, which moves on.
    fn sync(&mut self) -> Run {
        let run = self.bench.sync(sync, &key(), agree(&self.bench.cache.clone()));
        self.events.extend(run.events().iter().map(|line| line.replace("Normal ScalingReplicaSet ", "")));
        self.bench.now += Span::seconds(1);
        for exchange in &run.exchanges {
            match (&exchange.request, &exchange.reply) {
                (Request::Create(_), Ok(created)) => {
                    let mut created = created.clone();
                    created.meta_mut().uid = Uid(self.bench.now.as_uid());
                    created.meta_mut().creation_timestamp = self.bench.now;
                    self.bench.cache.put(created);
                }
                (Request::Delete { target, .. }, Ok(_)) => self.bench.cache.remove(target),
                (_, Ok(object)) => self.bench.cache.put(object.clone()),
                _ => {}
            }
        }
        run
    }
    /// What the ReplicaSet controller and the kubelets do.
    fn settle_pods(&mut self) {
        for set in self.sets() {
            let mut set = (*set).clone();
            let replicas = set.replicas();
            let broken = &*set.spec.template.spec.containers[0].image == self.broken_image;
            set.status.replicas = replicas;
            set.status.ready_replicas = if broken { 0 } else { replicas };
            set.status.available_replicas = set.status.ready_replicas;
            set.status.terminating_replicas = Some(0);
            self.bench.cache.put(set.into());
        }
    }
    /// Syncs and settles until nothing changes any more. Answers what was scaled.
    fn roll(&mut self) -> Vec<String> {
        self.events.clear();
        for _ in 0..40 {
            let before = self.bench.cache.clone();
            self.sync();
            self.settle_pods();
            if self.bench.cache == before {
                return std::mem::take(&mut self.events);
            }
        }
        panic!("the rollout never settles");
    }
    fn sets(&self) -> Vec<Rc<ReplicaSet>> {
        let mut sets: Vec<_> = self.bench.cache.replica_sets.values().cloned().collect();
        util::sort_by_creation(&mut sets);
        sets
    }
    fn sizes(&self) -> Vec<i32> {
        self.sets().iter().map(|set| set.replicas()).collect()
    }
    /// `Scaled up replica set v1 from 0 to 3`: ReplicaSets by age.
    fn with_names(&self, lines: Vec<String>) -> Vec<String> {
        let sets = self.sets();
        let rename = |line: String| {
            sets.iter()
                .enumerate()
                .fold(line, |line, (i, set)| line.replace(&*set.metadata.name, &format!("v{}", i + 1)))
        };
        lines.into_iter().map(rename).collect()
    }
    fn progressing(&self) -> (String, String) {
        let deployment = self.deployment();
        let condition = condition(&deployment.status.conditions, "Progressing").expect("the condition is there");
        (condition.status.to_string(), condition.reason.to_string())
    }
}

trait AsUid {
    fn as_uid(&self) -> u64;
}
impl AsUid for crate::ground::clock::Time {
    fn as_uid(&self) -> u64 {
        self.0 / 1_000_000
    }
}

#[test]
fn fenceposts_round_surge_up_and_unavailable_down() {
    let table = [
        (Some("0%"), Some("0%"), 0, (0, 1)),
        (Some("39%"), Some("39%"), 10, (4, 3)),
        (None, Some("39%"), 10, (0, 3)),
        (Some("39%"), None, 10, (4, 0)),
        (None, None, 10, (0, 1)),
        (Some("0"), Some("1%"), 2, (0, 1)),
        (Some("25%"), Some("25%"), 3, (1, 0)),
        (Some("25%"), Some("25%"), 10, (3, 2)),
    ];
    for (surge, unavailable, desired, expected) in table {
        let (surge, unavailable) = (surge.map(value), unavailable.map(value));
        let got = util::resolve_fenceposts(surge.as_ref(), unavailable.as_ref(), desired);
        assert_eq!(got, expected, "{surge:?} {unavailable:?} of {desired}");
    }
}

#[test]
fn unavailable_pods_of_the_new_replica_set_count_against_the_old_ones() {
    let set = |replicas: i32, available: i32| {
        let spec = ReplicaSetSpec { replicas: Some(replicas), ..ReplicaSetSpec::default() };
        let status = ReplicaSetStatus { available_replicas: available, ..ReplicaSetStatus::default() };
        Rc::new(ReplicaSet { spec: Rc::new(spec), status, ..ReplicaSet::default() })
    };
    // replicas, surge, unavailable; old and new as (size, available); how many old pods may go.
    let table = [
        (10, "3", "2", (10, 10), (3, 0), 2),
        (10, "3", "2", (8, 8), (5, 0), 0),
        (10, "3", "2", (8, 8), (5, 5), 5),
        (3, "25%", "25%", (3, 3), (1, 0), 0),
        (3, "25%", "25%", (3, 3), (1, 1), 1),
        (3, "25%", "25%", (0, 0), (3, 3), 0),
    ];
    for (replicas, surge, unavailable, old, new, expected) in table {
        let deployment = deployment(replicas, ROLLING, surge, unavailable);
        let got = rolling::max_scaled_down(&deployment, &[set(old.0, old.1)], &set(new.0, new.1));
        assert_eq!(got.max(0), expected, "{replicas} {surge}/{unavailable} old {old:?} new {new:?}");
    }
}

#[test]
fn the_first_sync_creates_a_replica_set_and_numbers_it() {
    let mut stage = Stage::new(deployment(3, ROLLING, "25%", "25%"));
    stage.edit(|d| d.metadata.annotations.insert("team", "blue"));
    let run = stage.sync();
    let set = stage.sets()[0].clone();
    let hash = template_hash::compute_hash(&template("web"), None);
    assert_eq!(*set.metadata.name, *format!("web-{hash}"));
    assert_eq!(
        run.requests(),
        [format!("create replicaset/web-{hash}"), "status deployment/web".into(), "status deployment/web".into()]
    );
    assert_eq!(stage.events, [format!("Scaled up replica set web-{hash} from 0 to 3")]);
    let annotation = |key: &str| set.metadata.annotations.get(key).map(|v| v.to_string()).unwrap_or_default();
    assert_eq!(
        [util::REVISION, util::DESIRED_REPLICAS, util::MAX_REPLICAS, "team"].map(annotation),
        ["1", "3", "4", "blue"]
    );
    for labels in [
        &set.metadata.labels,
        &set.spec.template.metadata.labels,
        &set.spec.selector.as_ref().expect("it has a selector").match_labels,
    ] {
        assert_eq!(labels.get(util::HASH_LABEL).map(|v| &**v), Some(&*hash));
    }
    let first = &run.sent::<Deployment>()[0];
    assert_eq!(first.metadata.annotations.get(util::REVISION).map(|v| &**v), Some("1"));
    let created = condition(&first.status.conditions, "Progressing").expect("the creation is told");
    assert_eq!(*created.message, *format!("Created new replica set \"web-{hash}\""));
}

#[test]
fn a_second_status_write_in_one_sync_is_stale_and_left_to_the_retry() {
    let mut stage = Stage::new(deployment(1, ROLLING, "25%", "25%"));
    let run = stage.sync();
    let versions: Vec<Revision> = run.sent::<Deployment>().iter().map(|d| d.metadata.resource_version).collect();
    assert_eq!(versions, [Revision(1), Revision(1)]);
}

#[test]
fn three_replicas_at_25_percent_go_one_by_one() {
    let mut stage = Stage::new(deployment(3, ROLLING, "25%", "25%"));
    stage.roll();
    stage.set_image("nginx:2");
    let lines = stage.roll();
    assert_eq!(
        stage.with_names(lines),
        [
            "Scaled up replica set v2 from 0 to 1",
            "Scaled down replica set v1 from 3 to 2",
            "Scaled up replica set v2 from 1 to 2",
            "Scaled down replica set v1 from 2 to 1",
            "Scaled up replica set v2 from 2 to 3",
            "Scaled down replica set v1 from 1 to 0",
        ]
    );
    assert_eq!(stage.progressing(), ("True".into(), "NewReplicaSetAvailable".into()));
    assert_eq!(stage.deployment().metadata.annotations.get(util::REVISION).map(|v| &**v), Some("2"));
}

#[test]
fn a_broken_template_stops_within_the_budget_and_scaling_keeps_the_proportions() {
    let mut stage = Stage::new(deployment(10, ROLLING, "3", "2"));
    stage.roll();
    stage.broken_image = "nginx:broken";
    stage.set_image("nginx:broken");
    let lines = stage.roll();
    assert_eq!(
        stage.with_names(lines),
        [
            "Scaled up replica set v2 from 0 to 3",
            "Scaled down replica set v1 from 10 to 8",
            "Scaled up replica set v2 from 3 to 5",
        ]
    );
    assert_eq!(stage.sync().verdict(), "RolloutWaitsForAvailability");

    stage.edit(|d| Rc::make_mut(&mut d.spec).replicas = Some(30));
    stage.sync();
    assert_eq!(stage.sizes(), [20, 13]);

    stage.edit(|d| Rc::make_mut(&mut d.spec).replicas = Some(10));
    stage.settle_pods();
    stage.sync();
    assert_eq!(stage.sizes(), [8, 5]);
}

#[test]
fn going_back_takes_the_crashing_pods_first_and_gives_the_old_template_a_new_number() {
    let mut stage = Stage::new(deployment(3, ROLLING, "25%", "25%"));
    stage.roll();
    stage.broken_image = "nginx:broken";
    stage.set_image("nginx:broken");
    stage.roll();
    stage.set_image("nginx:1");
    let lines = stage.roll();
    assert_eq!(stage.with_names(lines), ["Scaled down replica set v2 from 1 to 0"]);
    let annotation =
        |i: usize, key: &str| stage.sets()[i].metadata.annotations.get(key).map(|v| v.to_string()).unwrap_or_default();
    assert_eq!(annotation(0, util::REVISION), "3");
    assert_eq!(annotation(0, util::REVISION_HISTORY), "1");
    assert_eq!(annotation(1, util::REVISION), "2");
    assert_eq!(stage.deployment().metadata.annotations.get(util::REVISION).map(|v| &**v), Some("3"));
}

#[test]
fn proportions_give_the_leftover_to_the_largest() {
    let set = |name: &str, replicas: i32, age: u64| {
        let spec = ReplicaSetSpec { replicas: Some(replicas), ..ReplicaSetSpec::default() };
        let mut set = ReplicaSet { metadata: meta(name, age), spec: Rc::new(spec), ..ReplicaSet::default() };
        set.metadata.creation_timestamp = NOW - Span::seconds(age);
        set.metadata.annotations.insert(util::MAX_REPLICAS, "10");
        Rc::new(set)
    };
    // replicas wanted (without surge), sizes before (oldest first), sizes after (largest first).
    let table: &[(i32, &[i32], &[i32])] = &[
        (20, &[5, 5], &[10, 10]),
        (11, &[5, 5], &[6, 5]),
        (11, &[4, 3, 3], &[5, 3, 3]),
        (5, &[5, 5], &[2, 3]),
        (0, &[6, 4], &[0, 0]),
        (10, &[6, 4], &[6, 4]),
    ];
    for (replicas, before, after) in table {
        let deployment = deployment(*replicas, ROLLING, "0", "1");
        let sets = before.iter().enumerate().map(|(i, n)| set(&format!("v{i}"), *n, 100 - i as u64)).collect();
        let sizes = scale::proportional_sizes(&deployment, sets, *replicas);
        assert_eq!(sizes.iter().map(|(_, size)| *size).collect::<Vec<_>>(), *after, "{before:?} to {replicas}");
    }
}

#[test]
fn recreate_waits_for_the_last_old_pod_even_if_it_is_only_stopping() {
    let mut stage = Stage::new(deployment(1, RECREATE, "", ""));
    stage.roll();
    let old = stage.sets()[0].clone();
    stage.set_image("nginx:2");
    stage.sync();
    assert_eq!(stage.events, [format!("Scaled down replica set {} from 1 to 0", old.metadata.name)]);
    stage.settle_pods();

    let mut stopping = ready_pod("web-1-a", 50, "web", Some(&Object::ReplicaSet(old)));
    stopping.metadata.deletion_timestamp = NOW + Span::seconds(30);
    let stopping = Object::from(stopping);
    stage.bench.cache.put(stopping.clone());
    stage.sync();
    let run = stage.sync();
    assert_eq!(run.done().waiting, Some(Reason::RecreateWaitsForPods { pods: 1 }));
    assert_eq!(stage.sizes(), [0]);

    stage.bench.cache.remove(&stopping.reference());
    assert_eq!(stage.bench.enqueue(enqueue, Some(stopping), None), [(key(), Span::ZERO)], "the last pod wakes it");
    stage.events.clear();
    stage.sync();
    assert_eq!(stage.with_names(stage.events.clone()), ["Scaled up replica set v2 from 0 to 1"]);
}

#[test]
fn a_paused_deployment_scales_but_does_not_roll_out() {
    let mut stage = Stage::new(deployment(2, ROLLING, "25%", "25%"));
    stage.roll();
    stage.edit(|d| Rc::make_mut(&mut d.spec).paused = true);
    stage.set_image("nginx:2");
    stage.edit(|d| Rc::make_mut(&mut d.spec).replicas = Some(4));
    let run = stage.sync();
    assert_eq!(run.verdict(), "RolloutPaused");
    assert_eq!(stage.progressing(), ("Unknown".into(), "DeploymentPaused".into()));
    assert_eq!(stage.sizes(), [4]);

    stage.edit(|d| Rc::make_mut(&mut d.spec).paused = false);
    let run = stage.sync();
    let resumed = &run.sent::<Deployment>()[0];
    let condition = condition(&resumed.status.conditions, "Progressing").expect("it is resumed");
    assert_eq!((&*condition.reason, &*condition.message), ("DeploymentResumed", "Deployment is resumed"));
    assert_eq!(stage.sizes().len(), 2, "and rolls out at once");
}

#[test]
fn a_rollout_that_stands_still_is_called_so_after_its_deadline() {
    let mut stage = Stage::new(deployment(1, ROLLING, "25%", "25%"));
    stage.broken_image = "nginx:1";
    stage.roll();
    let last_update =
        condition(&stage.deployment().status.conditions, "Progressing").expect("it progressed").last_update_time;
    let left = stage.sync().done().after.expect("it looks again by itself");
    assert_eq!(left, Span::seconds(601) - (stage.bench.now - Span::seconds(1)).since(last_update));

    stage.bench.now = last_update + Span::seconds(601);
    stage.sync();
    assert_eq!(stage.progressing(), ("False".into(), "ProgressDeadlineExceeded".into()));
    let deployment = stage.deployment();
    let message = &condition(&deployment.status.conditions, "Progressing").expect("the verdict is there").message;
    assert_eq!(**message, *format!("ReplicaSet \"{}\" has timed out progressing.", stage.sets()[0].metadata.name));
    assert_eq!(stage.sync().done().after, None, "nothing more to time");
}

#[test]
fn without_a_deadline_there_is_no_progressing_condition() {
    let mut unbounded = deployment(1, ROLLING, "25%", "25%");
    Rc::make_mut(&mut unbounded.spec).progress_deadline_seconds = Some(i32::MAX);
    let mut stage = Stage::new(unbounded);
    stage.roll();
    let kinds: Vec<String> = stage.deployment().status.conditions.iter().map(|c| c.kind.to_string()).collect();
    assert_eq!(kinds, ["Available"]);
}

#[test]
fn history_is_cut_to_its_limit_when_a_rollout_is_complete() {
    let mut forgetful = deployment(1, ROLLING, "25%", "25%");
    Rc::make_mut(&mut forgetful.spec).revision_history_limit = Some(1);
    let mut stage = Stage::new(forgetful);
    for image in ["nginx:1", "nginx:2", "nginx:3"] {
        stage.set_image(image);
        stage.roll();
        // ReplicaSets are looked at by their controller after each change.
        for set in stage.sets() {
            let mut set = (*set).clone();
            set.status.observed_generation = set.metadata.generation;
            stage.bench.cache.put(set.into());
        }
    }
    stage.roll();
    let images: Vec<String> =
        stage.sets().iter().map(|set| set.spec.template.spec.containers[0].image.to_string()).collect();
    assert_eq!(images, ["nginx:2", "nginx:3"]);
}

#[test]
fn a_name_that_is_taken_by_a_stranger_counts_as_a_collision() {
    let mut stage = Stage::new(deployment(1, ROLLING, "25%", "25%"));
    let name = util::replica_set_name("web", &template_hash::compute_hash(&template("web"), None));
    let mut stranger = ReplicaSet { metadata: meta(&name, 77), ..ReplicaSet::default() };
    stranger
        .metadata
        .owner_references
        .push(controller_ref(&Object::from(Deployment { metadata: meta("other", 78), ..Deployment::default() })));
    stage.bench.cache.put(stranger.into());
    let mut yes = agree(&stage.bench.cache.clone());
    let run = stage.bench.sync(sync, &key(), |request| match request {
        Request::Create(_) => {
            Err(ApiError::AlreadyExists { kind: Kind::ReplicaSet, name: name.clone(), terminating: false })
        }
        _ => yes(request),
    });
    assert_eq!(run.verdict(), format!("replicasets.apps \"{name}\" already exists"));
    assert_eq!(run.sent::<Deployment>()[0].status.collision_count, Some(1));
    assert_ne!(
        template_hash::compute_hash(&template("web"), Some(1)),
        template_hash::compute_hash(&template("web"), None)
    );
}

#[test]
fn a_replica_set_that_cannot_be_created_is_told_in_condition_and_event() {
    let mut stage = Stage::new(deployment(1, ROLLING, "25%", "25%"));
    let mut yes = agree(&stage.bench.cache.clone());
    let run = stage.bench.sync(sync, &key(), |request| match request {
        Request::Create(object) => Err(ApiError::Forbidden {
            kind: Kind::ReplicaSet,
            name: object.meta().name.clone(),
            cause: "exceeded quota".into(),
        }),
        _ => yes(request),
    });
    let name = util::replica_set_name("web", &template_hash::compute_hash(&template("web"), None));
    let text = format!(
        "Failed to create new replica set \"{name}\": replicasets.apps \"{name}\" is forbidden: exceeded quota"
    );
    assert_eq!(run.events(), [format!("Warning ReplicaSetCreateError {text}")]);
    let sent = &run.sent::<Deployment>()[0];
    let failed = condition(&sent.status.conditions, "Progressing").expect("the failure is told");
    assert_eq!((&*failed.status, &*failed.reason, &*failed.message), ("False", "ReplicaSetCreateError", &*text));
}

#[test]
fn an_orphan_of_the_same_template_is_adopted_and_taken_for_the_new_one() {
    let mut stage = Stage::new(deployment(1, ROLLING, "25%", "25%"));
    stage.roll();
    let mut orphan = (*stage.sets()[0]).clone();
    orphan.metadata.owner_references.clear();
    stage.bench.cache.put(orphan.clone().into());
    stage.bench.cache.put(deployment(1, ROLLING, "25%", "25%").into());
    assert_eq!(stage.bench.enqueue(enqueue, None, Some(orphan.into())), [(key(), Span::ZERO)]);
    let requests = stage.sync().requests();
    assert_eq!(
        requests[..2],
        ["get deployment/web", &*format!("patch {} adopt-by web", requests[1].split(' ').nth(1).expect("a target"))]
    );
    assert!(!requests.iter().any(|line| line.starts_with("create")), "{requests:?}");
}

#[test]
fn a_selector_that_selects_all_is_refused_with_an_event() {
    let mut greedy = deployment(1, ROLLING, "25%", "25%");
    Rc::make_mut(&mut greedy.spec).selector = Some(LabelSelector::default());
    let mut stage = Stage::new(greedy);
    let run = stage.sync();
    assert_eq!(run.requests(), ["status deployment/web"]);
    assert_eq!(
        stage.events,
        ["Warning SelectingAll This deployment is selecting all pods. A non-empty selector is required."]
    );
}

#[test]
fn a_terminating_deployment_only_reports() {
    let mut stage = Stage::new(deployment(1, ROLLING, "25%", "25%"));
    stage.edit(|d| d.metadata.deletion_timestamp = NOW);
    let run = stage.sync();
    assert_eq!((run.requests(), run.verdict()), (vec!["status deployment/web".into()], "DeploymentTerminating".into()));
}

#[test]
fn the_old_annotation_still_rolls_back() {
    let mut stage = Stage::new(deployment(1, ROLLING, "25%", "25%"));
    stage.roll();
    stage.set_image("nginx:2");
    stage.roll();
    stage.edit(|d| d.metadata.annotations.insert(util::ROLLBACK_TO, "1"));
    stage.sync();
    assert_eq!(stage.events, ["Normal DeploymentRollback Rolled back deployment \"web\" to revision 1"]);
    let deployment = stage.deployment();
    assert_eq!(&*deployment.spec.template.spec.containers[0].image, "nginx:1");
    assert_eq!(deployment.metadata.annotations.get(util::ROLLBACK_TO), None);
    assert_eq!(deployment.spec.template.metadata.labels.get(util::HASH_LABEL), None);

    stage.edit(|d| d.metadata.annotations.insert(util::ROLLBACK_TO, "9"));
    stage.events.clear();
    stage.sync();
    stage.sync();
    let missing = "Warning DeploymentRollbackRevisionNotFound Unable to find the revision to rollback to.";
    assert_eq!(stage.events[0], missing);
}
