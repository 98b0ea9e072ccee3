//! Rollouts that stop at a partition, that wait for the user, and that are taken back.
//!
//! Upstream: `stateful_set_control_test.go` (`TestStatefulSetControlRollingUpdateWithPartition`,
//! `TestStatefulSetControlOnDeleteUpdate`, `TestStatefulSetControlRollback`).

use super::rollouts::{SHAPES, images, rolled_out, shape};
use super::*;

#[test]
fn pods_below_the_partition_keep_the_old_template() {
    for policy in POLICIES {
        // Without scaling down: upstream's table has four of the six.
        for (name, burst, before, after) in SHAPES.into_iter().filter(|(_, _, before, after)| before <= after) {
            let mut set = retention(shape(before, burst), policy);
            Rc::make_mut(&mut set.spec).update_strategy.rolling_update =
                Some(RollingUpdateStatefulSetStrategy { partition: Some(2), max_unavailable: None });
            let mut stage = Stage::new(set, 11);
            stage.scale_up(burst_invariants).expect("nothing is refused");
            stage.edit(|spec| {
                spec.replicas = Some(after);
                Rc::make_mut(&mut spec.template.spec).containers[0].image = "foo".into();
            });
            stage
                .play(update_invariants, |stage| {
                    let set = stage.set();
                    set.status.ready_replicas == after && set.status.updated_replicas == after - 2
                })
                .expect("nothing is refused");
            let mut wanted = vec!["nginx:1"; 2];
            wanted.resize(after as usize, "foo");
            assert_eq!(images(&stage), wanted, "{name} {policy:?}");
            let status = stage.set().status.clone();
            assert_ne!(status.current_revision, status.update_revision, "with a partition it is never complete");
        }
    }
}

#[test]
fn on_delete_leaves_old_pods_alone_until_somebody_deletes_them() {
    for policy in POLICIES {
        for (name, burst, before, after) in SHAPES {
            let mut set = retention(shape(before, burst), policy);
            Rc::make_mut(&mut set.spec).update_strategy.kind = "OnDelete".into();
            let mut stage = Stage::new(set, 13);
            let invariant = if burst { burst_invariants } else { monotonic_invariants };
            stage.scale_up(invariant).expect("nothing is refused");
            stage.edit(|spec| {
                spec.replicas = Some(after);
                Rc::make_mut(&mut spec.template.spec).containers[0].image = "foo".into();
            });
            let settled =
                |stage: &Stage| stage.pods().len() as i32 == after && stage.set().status.ready_replicas == after;
            stage.play(update_invariants, settled).expect("nothing is refused");
            stage.collect_garbage();
            let mut wanted = vec!["nginx:1"; before.min(after) as usize];
            wanted.resize(after as usize, "foo");
            assert_eq!(images(&stage), wanted, "{name} {policy:?}");
            no_claim_belongs_to_a_pod(&stage);

            stage.edit(|spec| spec.replicas = Some(0));
            stage.sync().result.expect("nothing is refused");
            stage.scale_down(invariant).expect("nothing is refused");
            no_claim_belongs_to_a_pod(&stage);
            stage.edit(|spec| spec.replicas = Some(after));
            stage.sync().result.expect("nothing is refused");
            stage.scale_up(invariant).expect("nothing is refused");
            assert_eq!(images(&stage), vec!["foo"; after as usize], "{name} {policy:?}");
        }
    }
}

fn no_claim_belongs_to_a_pod(stage: &Stage) {
    for claim in stage.server.objects().claims.in_namespace("default") {
        assert!(claim.metadata.owner_references.iter().all(|owner| &*owner.kind != "Pod"), "{}", claim.metadata.name);
    }
}

#[test]
fn a_template_that_comes_back_finds_its_old_revision() {
    for (name, burst, before, after) in SHAPES {
        let mut stage = Stage::new(shape(before, burst), 17);
        stage.scale_up(burst_invariants).expect("nothing is refused");
        let first = stage.set().status.current_revision.clone();
        stage.edit(|spec| {
            spec.replicas = Some(after);
            Rc::make_mut(&mut spec.template.spec).containers[0].image = "foo".into();
        });
        stage.play(update_invariants, rolled_out).expect("nothing is refused");
        assert_eq!(images(&stage), vec!["foo"; after as usize], "{name}");
        stage.image("nginx:1");
        stage.play(update_invariants, rolled_out).expect("nothing is refused");
        assert_eq!(images(&stage), vec!["nginx:1"; after as usize], "{name}");
        assert_eq!(stage.set().status.current_revision, first, "{name}");
        let numbers: Vec<(bool, i64)> =
            stage.revisions().iter().map(|r| (r.metadata.name == first, r.revision)).collect();
        assert_eq!(numbers, [(false, 2), (true, 3)], "{name}: the old revision has a new number");
    }
}
