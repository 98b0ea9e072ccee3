//! Jobs and CronJobs in a whole world: at both grains, with faults, and at no cost where there are none.

use petri_objects::{Decode, KeptObject, Kind, Object, Value, batch};
use petri_sim::ground::clock::Span;
use petri_sim::ground::scenario::Scenario;
use petri_sim::words::command::{Command, Component, Propagation};
use petri_sim::world::{Grain, World};
use std::rc::Rc;

fn object(json: &str) -> Object {
    let value = Value::from_json(json).expect("it is JSON");
    Object::from_value(&value, &mut Decode::default()).expect("it is an object")
}

fn job(name: &str, spec: &str, script: &str) -> Object {
    object(&format!(
        r#"{{"apiVersion":"batch/v1","kind":"Job","metadata":{{"name":"{name}"}},"spec":{{{spec}"template":{{"spec":
        {{"restartPolicy":"Never","containers":[{{"name":"c","image":"busybox:1","command":["sh","-c","{script}"]}}]}}}}}}}}"#
    ))
}

fn world(objects: &[Object], grain: Grain) -> World {
    let mut world = World::new(&Scenario::standard(), 7);
    world.set_grain(grain);
    for object in objects {
        give(&mut world, &Command::Create(object.clone()));
    }
    world
}

fn give(world: &mut World, command: &Command) {
    world.command(command, &mut Vec::new()).expect("the API server takes it");
}

fn run(world: &mut World, seconds: u64) {
    let end = world.now + Span::seconds(seconds);
    world.run_until(end, &mut Vec::new());
    assert!(world.standstill().is_none(), "the clock goes on");
}

fn jobs(world: &World) -> Vec<Rc<KeptObject>> {
    let all = world.objects().list(batch::kind("Job"));
    all.iter().filter_map(|object| batch::job(object).cloned()).collect()
}

fn number(job: &KeptObject, key: &str) -> i64 {
    job.at(&["status", key]).and_then(Value::as_int).unwrap_or(0)
}

fn ended(job: &KeptObject) -> String {
    let conditions = job.list(&["status", "conditions"]).iter();
    let words = conditions.filter_map(|condition| condition.at(&["type"])?.as_str());
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn each_end_is_counted_once_at_both_grains() {
    for grain in [Grain::Coarse, Grain::Fine] {
        let mut world = world(&[job("a", r#""completions":7,"parallelism":3,"#, "sleep 10")], grain);
        run(&mut world, 120);
        let job = &jobs(&world)[0];
        assert_eq!((number(job, "succeeded"), number(job, "failed"), number(job, "active")), (7, 0, 0));
        assert_eq!(ended(job), "SuccessCriteriaMet Complete");
        assert_eq!(world.objects().pods.len(), 7);
        assert!(world.objects().pods.values().all(|pod| pod.metadata.finalizers.is_empty()));
    }
}

#[test]
fn failures_end_a_job_and_a_pod_that_was_deleted_is_replaced() {
    for grain in [Grain::Coarse, Grain::Fine] {
        let mut broken = world(&[job("a", r#""backoffLimit":1,"#, "exit 1")], grain);
        run(&mut broken, 120);
        assert_eq!((number(&jobs(&broken)[0], "failed"), ended(&jobs(&broken)[0])), (2, "FailureTarget Failed".into()));

        let mut deleted = world(&[job("b", "", "sleep 60")], grain);
        run(&mut deleted, 20);
        let first = deleted.objects().pods.values().next().expect("it runs").metadata.clone();
        let target = petri_objects::ObjectRef::new(Kind::Pod, "default", first.name.clone());
        give(&mut deleted, &Command::Delete { target, grace_seconds: None, propagation: Propagation::Background });
        run(&mut deleted, 240);
        let job = &jobs(&deleted)[0];
        assert_eq!((number(job, "succeeded"), number(job, "failed")), (1, 1));
        assert!(
            deleted.objects().pods.values().all(|pod| pod.metadata.uid != first.uid),
            "its finalizer is taken away"
        );
    }
}

#[test]
fn nothing_is_left_behind_by_a_deletion() {
    for propagation in [Propagation::Background, Propagation::Foreground] {
        let mut world = world(&[job("a", r#""parallelism":3,"completions":3,"#, "sleep 600")], Grain::Coarse);
        run(&mut world, 20);
        let target = jobs(&world)[0].metadata.clone();
        let target = petri_objects::ObjectRef::new(batch::kind("Job"), "default", target.name);
        give(&mut world, &Command::Delete { target, grace_seconds: None, propagation });
        run(&mut world, 90);
        assert!(jobs(&world).is_empty() && world.objects().pods.is_empty(), "{propagation:?}");
    }
    let mut world = world(&[job("a", "", "sleep 600")], Grain::Coarse);
    run(&mut world, 20);
    let target = petri_objects::ObjectRef::new(batch::kind("Job"), "default", "a");
    give(&mut world, &Command::Delete { target, grace_seconds: None, propagation: Propagation::Orphan });
    run(&mut world, 30);
    let pods: Vec<_> = world.objects().pods.values().collect();
    assert!(pods.len() == 1 && pods[0].metadata.finalizers.is_empty() && pods[0].metadata.owner_references.is_empty());
}

#[test]
fn a_namespace_with_a_job_goes() {
    let mut own = job("a", r#""parallelism":2,"completions":9,"#, "sleep 30");
    own.meta_mut().namespace = "own".into();
    let namespace = object(r#"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"own"}}"#);
    let mut world = world(&[namespace, own], Grain::Coarse);
    run(&mut world, 10);
    let target = petri_objects::ObjectRef::new(Kind::Namespace, "", "own");
    give(&mut world, &Command::Delete { target, grace_seconds: None, propagation: Propagation::Background });
    run(&mut world, 180);
    assert!(world.objects().namespaces.values().all(|namespace| &*namespace.metadata.name != "own"));
}

#[test]
fn a_cron_job_survives_its_controllers() {
    let cron = object(
        r#"{"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"c"},"spec":{"schedule":"*/2 * * * *",
        "jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"busybox:1",
        "command":["sleep","5"]}]}}}}}}"#,
    );
    for grain in [Grain::Coarse, Grain::Fine] {
        let mut world = world(std::slice::from_ref(&cron), grain);
        run(&mut world, 150);
        assert_eq!(jobs(&world).len(), 1);
        give(&mut world, &Command::StopComponent { component: Component::ControllerManager });
        run(&mut world, 600);
        assert_eq!(jobs(&world).len(), 1, "nobody makes one meanwhile");
        give(&mut world, &Command::StartComponent { component: Component::ControllerManager });
        run(&mut world, 60);
        assert_eq!(jobs(&world).len(), 2, "of the times that were missed the last one is made up for");
        run(&mut world, 1_200);
        let ended = jobs(&world).iter().filter(|job| ended(job).ends_with("Complete")).count();
        assert_eq!(ended, 3, "so many are kept");
    }
}
