//! One disk, two nodes: who gets it, when, and what the others are told.

use super::*;
use crate::belief::controllers::testing::{Bench, NOW, Run, agree};

const UNIQUE: &str = "kubernetes.io/csi/sim.csi^vol-1";

fn node(name: &str, ready: bool, in_use: bool) -> Node {
    let status = if ready { "True" } else { "Unknown" };
    Node {
        metadata: Meta { name: name.into(), ..Meta::default() },
        status: Rc::new(NodeStatus {
            conditions: vec![Condition { kind: "Ready".into(), status: status.into(), ..Condition::default() }],
            volumes_in_use: if in_use { vec![UNIQUE.into()] } else { Vec::new() },
            ..NodeStatus::default()
        }),
        ..Node::default()
    }
}

fn pod(name: &str, node: &str) -> Pod {
    let source = ClaimVolumeSource { claim_name: "data".into(), read_only: false };
    let volumes = vec![Volume { persistent_volume_claim: Some(source), ..Volume::default() }];
    Pod {
        metadata: Meta { name: name.into(), namespace: "default".into(), ..Meta::default() },
        spec: Rc::new(PodSpec { node_name: node.into(), volumes, ..PodSpec::default() }),
        status: Rc::new(PodStatus { phase: Phase::Pending, ..PodStatus::default() }),
    }
}

fn disk(mode: &str) -> [Object; 2] {
    let claim = ObjectReference { namespace: "default".into(), name: "data".into(), ..ObjectReference::default() };
    let csi = CsiVolumeSource { driver: "sim.csi".into(), volume_handle: "vol-1".into(), ..CsiVolumeSource::default() };
    let volume = PersistentVolume {
        metadata: Meta { name: "pv".into(), ..Meta::default() },
        spec: Rc::new(PersistentVolumeSpec {
            access_modes: vec![mode.into()],
            claim_ref: Some(claim),
            csi: Some(csi),
            ..PersistentVolumeSpec::default()
        }),
        ..PersistentVolume::default()
    };
    let claim = PersistentVolumeClaim {
        metadata: Meta { name: "data".into(), namespace: "default".into(), ..Meta::default() },
        spec: Rc::new(PersistentVolumeClaimSpec { volume_name: "pv".into(), ..PersistentVolumeClaimSpec::default() }),
        ..PersistentVolumeClaim::default()
    };
    [volume.into(), claim.into()]
}

fn attachment(node: &str) -> VolumeAttachment {
    VolumeAttachment {
        metadata: Meta { name: state::attachment_name("vol-1", "sim.csi", node).into(), ..Meta::default() },
        spec: VolumeAttachmentSpec {
            attacher: "sim.csi".into(),
            node_name: node.into(),
            source: VolumeAttachmentSource { persistent_volume_name: "pv".into() },
        },
        status: VolumeAttachmentStatus { attached: true },
    }
}

fn reported(mut node: Node) -> Node {
    let listed = AttachedVolume { device_path: "".into(), name: UNIQUE.into() };
    Rc::make_mut(&mut node.status).volumes_attached.push(listed);
    node
}

fn round(bench: &mut Bench, after: Span) -> Run {
    bench.now = NOW + after;
    let answer = agree(&bench.cache);
    bench.sync(sync, &Key::new("", "pv"), answer)
}

/// Requests with the hash of the attachment cut away.
fn requests(run: &Run) -> Vec<String> {
    run.requests().into_iter().map(|line| line.split("/csi-").next().unwrap_or_default().to_owned()).collect()
}

/// A disk on node `a`, for whatever is on it, and the same disk wanted on `b` by web-1.
fn wanted_elsewhere(old: Node, others: impl IntoIterator<Item = Object>) -> Bench {
    let objects = disk("ReadWriteOnce").into_iter().chain(others);
    let objects = objects.chain([attachment("a").into(), reported(old).into(), node("b", true, false).into()]);
    Bench::new(objects.chain([pod("web-1", "b").into()]))
}

#[test]
fn a_disk_is_attached_and_the_node_is_told() {
    let mut bench =
        Bench::new(disk("ReadWriteOnce").into_iter().chain([node("a", true, false).into(), pod("web-0", "a").into()]));
    let run = round(&mut bench, Span::ZERO);
    assert_eq!(requests(&run), ["create volumeattachment"]);
    assert_eq!(run.done().after, Some(Span::millis(500)), "the driver's answer is looked for after half a second");
    assert_eq!(run.sent::<VolumeAttachment>()[0].metadata.name.len(), "csi-".len() + 64);

    bench.cache.put(attachment("a").into());
    assert!(round(&mut bench, Span::millis(300)).events.is_empty());
    let run = round(&mut bench, Span::millis(500));
    assert_eq!(
        run.events(),
        ["Normal SuccessfulAttachVolume AttachVolume.Attach succeeded for volume \"pv\" "],
        "the blank at the end is Kubernetes' own"
    );
    assert_eq!(requests(&run), ["get node/a", "status node/a"]);
    assert_eq!(&*run.sent::<Node>()[0].status.volumes_attached[0].name, UNIQUE);
    assert!(round(&mut bench, Span::millis(600)).exchanges.is_empty());
}

#[test]
fn everything_happens_on_the_grid_of_100_ms() {
    let mut bench =
        Bench::new(disk("ReadWriteOnce").into_iter().chain([node("a", true, false).into(), pod("web-0", "a").into()]));
    bench.now = NOW + Span::millis(30);
    let keys = bench.enqueue(enqueue, None, Some(pod("web-0", "a").into()));
    assert_eq!(keys, [(Key::new("", "pv"), Span::millis(70))]);
    let run = round(&mut bench, Span::millis(30));
    assert!(run.exchanges.is_empty());
    assert_eq!(run.done().after, Some(Span::millis(70)));
}

#[test]
fn a_dead_node_keeps_its_disk_for_six_minutes_after_its_pod_is_gone() {
    let mut bench = wanted_elsewhere(node("a", false, true), []);
    let run = round(&mut bench, Span::ZERO);
    assert!(run.exchanges.is_empty());
    assert_eq!(
        run.events(),
        [
            "Warning FailedAttachVolume Multi-Attach error for volume \"pv\" Volume is already exclusively attached to one \
          node and can't be attached to another"
        ]
    );
    let force = NOW + Span::minutes(6) + Span::millis(100);
    let reason = Reason::AttachedElsewhere {
        volume: "pv".into(),
        node: "a".into(),
        wanted_by: "web-1".into(),
        force_detach: Some(force),
    };
    assert_eq!(run.done().waiting, Some(reason));
    assert_eq!(run.done().after, Some(force.since(NOW)));

    let run = round(&mut bench, Span::minutes(6));
    assert!(
        run.exchanges.is_empty() && run.events.is_empty(),
        "more than six minutes must have passed, and it is told once"
    );
    let run = round(&mut bench, Span::minutes(6) + Span::millis(100));
    assert_eq!(requests(&run), ["get node/a", "status node/a", "delete volumeattachment"]);

    bench.cache.remove(&Object::from(attachment("a")).reference());
    let run = round(&mut bench, Span::minutes(6) + Span::millis(600));
    assert_eq!(requests(&run), ["create volumeattachment"], "half a second later the disk is known to be free");
    assert_eq!(&*run.sent::<VolumeAttachment>()[0].spec.node_name, "b");
}

#[test]
fn six_minutes_are_counted_from_the_moment_nobody_wants_the_disk_and_deleting_the_node_does_not_help() {
    let mut stopping = pod("web-0", "a");
    stopping.metadata.deletion_timestamp = NOW;
    Rc::make_mut(&mut stopping.status).container_statuses.push(ContainerStatus {
        state: ContainerState { running: Some(ContainerStateRunning::default()), ..ContainerState::default() },
        ..ContainerStatus::default()
    });
    let mut bench = wanted_elsewhere(node("a", false, true), [stopping.clone().into()]);
    let run = round(&mut bench, Span::ZERO);
    assert_eq!(
        run.events(),
        ["Warning FailedAttachVolume Multi-Attach error for volume \"pv\" Volume is already used by pod(s) web-0"],
        "a pod that stops on a dead node still runs, as far as anybody knows"
    );
    assert!(matches!(run.done().waiting, Some(Reason::AttachedElsewhere { force_detach: None, .. })));

    bench.cache.remove(&Object::from(stopping.clone()).reference());
    let run = round(&mut bench, Span::minutes(2));
    let force = NOW + Span::minutes(8) + Span::millis(100);
    assert!(
        matches!(run.done().waiting, Some(Reason::AttachedElsewhere { force_detach: Some(at), .. }) if at == force)
    );

    let gone: Object = reported(node("a", false, true)).into();
    bench.cache.remove(&gone.reference());
    bench.now = NOW + Span::minutes(3);
    let keys = bench.enqueue(enqueue, Some(gone), None);
    assert_eq!(keys, [(Key::new("", "pv"), Span::millis(100))]);
    let run = round(&mut bench, Span::minutes(3) + Span::millis(100));
    assert!(run.exchanges.is_empty(), "the last that was heard of the node still counts");
    let run = round(&mut bench, Span::minutes(8) + Span::millis(100));
    assert_eq!(requests(&run), ["get node/a", "delete volumeattachment"]);
}

#[test]
fn a_healthy_node_is_waited_for_until_it_has_unmounted() {
    let mut bench = Bench::new(
        disk("ReadWriteOnce").into_iter().chain([attachment("a").into(), reported(node("a", true, true)).into()]),
    );
    let run = round(&mut bench, Span::ZERO);
    let reason = Reason::MountedByNode { volume: "pv".into(), node: "a".into(), force_detach: None };
    assert_eq!(run.done(), &Done::waiting(reason));
    assert!(round(&mut bench, Span::minutes(60)).exchanges.is_empty(), "for ever if need be");

    let (old, new) = (bench.cache.nodes.get(&Key::new("", "a")).cloned().unwrap(), reported(node("a", true, false)));
    bench.cache.put(new.clone().into());
    let keys = bench.enqueue(enqueue, Some(old.into()), Some(new.into()));
    assert_eq!(keys.len(), 1, "the node's status wakes the loop");
    assert_eq!(
        requests(&round(&mut bench, Span::minutes(61))),
        ["get node/a", "status node/a", "delete volumeattachment"]
    );
}

#[test]
fn out_of_service_detaches_at_once() {
    let mut dead = node("a", false, true);
    dead.spec.taints.push(Taint { key: OUT_OF_SERVICE.into(), effect: "NoExecute".into(), ..Taint::default() });
    let mut bench = wanted_elsewhere(dead, []);
    let run = round(&mut bench, Span::ZERO);
    assert_eq!(requests(&run), ["get node/a", "status node/a", "delete volumeattachment"]);
    assert!(run.events.is_empty(), "the disk is on its way: no Multi-Attach error");
}

#[test]
fn a_disk_for_many_is_attached_to_both() {
    let mut bench = Bench::new(disk("ReadWriteMany").into_iter().chain([
        node("a", true, false).into(),
        node("b", true, false).into(),
        pod("web-0", "a").into(),
        pod("web-1", "b").into(),
    ]));
    assert_eq!(requests(&round(&mut bench, Span::ZERO)), ["create volumeattachment", "create volumeattachment"]);
}

#[test]
fn a_second_pod_on_another_node_is_told_who_uses_the_disk() {
    let mut bench = wanted_elsewhere(node("a", true, true), [pod("web-0", "a").into()]);
    let run = round(&mut bench, Span::ZERO);
    assert_eq!(
        run.events(),
        ["Warning FailedAttachVolume Multi-Attach error for volume \"pv\" Volume is already used by pod(s) web-0"]
    );
    assert!(run.done().after.is_none(), "only a change can help");
    assert!(round(&mut bench, Span::millis(100)).events.is_empty(), "once for each volume and node");
}

/// The same attachment on its way out.
fn leaving(node: &str) -> VolumeAttachment {
    let mut attachment = attachment(node);
    attachment.metadata.deletion_timestamp = NOW;
    attachment
}

#[test]
fn a_driver_that_does_not_answer_is_given_two_minutes_and_asked_again_after_longer_and_longer() {
    let mut pending = attachment("a");
    pending.status.attached = false;
    let mut bench =
        Bench::new(disk("ReadWriteOnce").into_iter().chain([node("a", true, false).into(), pod("web-0", "a").into()]));
    assert_eq!(requests(&round(&mut bench, Span::ZERO)), ["create volumeattachment"]);
    bench.cache.put(pending.into());
    let (mut now, mut failures, mut retries) = (Span::millis(500), Vec::new(), Vec::new());
    while failures.len() < 3 {
        let run = round(&mut bench, now);
        if let Some(event) = run.events().first() {
            assert_eq!(
                event,
                "Warning FailedAttachVolume AttachVolume.Attach failed for volume \"pv\" : timed out waiting for \
                 external-attacher of sim.csi CSI driver to attach volume vol-1"
            );
            assert_eq!(run.verdict(), "DriverStuck");
            failures.push(now.as_millis());
        }
        retries.extend(requests(&run).iter().map(|_| now.as_millis()));
        now = now + run.done().after.expect("it is looked for again");
    }
    assert_eq!(retries, [120_600, 241_700], "half a second after the first failure, a second after the next");
    assert_eq!(failures, [120_000, 240_600, 361_700]);
    let run = round(&mut bench, now);
    assert!(run.events.is_empty());
}

#[test]
fn an_attach_that_failed_leaves_nobody_sure_so_the_disk_is_detached_before_it_goes_elsewhere() {
    let mut bench = Bench::new(disk("ReadWriteOnce").into_iter().chain([
        node("a", true, false).into(),
        node("b", true, false).into(),
        pod("web-0", "a").into(),
    ]));
    round(&mut bench, Span::ZERO);
    let mut pending = attachment("a");
    pending.status.attached = false;
    bench.cache.put(pending.clone().into());
    round(&mut bench, Span::minutes(2));
    bench.cache.remove(&Object::from(pod("web-0", "a")).reference());
    bench.cache.put(pod("web-0", "b").into());
    bench.enqueue(enqueue, None, Some(pod("web-0", "b").into()));
    let run = round(&mut bench, Span::millis(120_100));
    assert_eq!(requests(&run), ["get node/a", "delete volumeattachment"], "at once: it is another operation");
    assert!(run.events.is_empty(), "no Multi-Attach error while the driver detaches");
    assert_eq!(run.verdict(), "DriverBusy");
    bench.cache.remove(&Object::from(pending).reference());
    let run = round(&mut bench, Span::millis(120_600));
    assert_eq!(requests(&run), ["create volumeattachment"]);
    assert_eq!(&*run.sent::<VolumeAttachment>()[0].spec.node_name, "b");
}

/// Upstream: `Test_Run_OneVolumeDetachFailNodeWithReadWriteOnce`.
#[test]
fn a_detach_that_failed_tells_no_pod_and_the_same_node_may_have_the_disk_again() {
    let mut bench = Bench::new(
        disk("ReadWriteOnce").into_iter().chain([attachment("a").into(), reported(node("a", true, false)).into()]),
    );
    assert_eq!(requests(&round(&mut bench, Span::ZERO)), ["get node/a", "status node/a", "delete volumeattachment"]);
    bench.cache.put(leaving("a").into());
    bench.cache.put(node("a", true, false).into());
    let run = round(&mut bench, Span::minutes(2));
    assert!(run.events.is_empty() && run.exchanges.is_empty());

    let mut again = bench.memory.clone();
    assert_eq!(requests(&round(&mut bench, Span::millis(120_600))), ["get node/a", "delete volumeattachment"]);

    std::mem::swap(&mut again, &mut bench.memory);
    bench.cache.put(pod("web-0", "a").into());
    bench.enqueue(enqueue, None, Some(pod("web-0", "a").into()));
    assert_eq!(requests(&round(&mut bench, Span::millis(120_100))), ["create volumeattachment"]);
    let run = round(&mut bench, Span::millis(120_600));
    assert_eq!(
        run.events(),
        [
            "Warning FailedAttachVolume AttachVolume.Attach failed for volume \"pv\" : volume attachment is being deleted"
        ]
    );
}

#[test]
fn after_a_detach_that_failed_another_node_asks_for_the_disk_without_a_multi_attach_error() {
    let mut bench = wanted_elsewhere(node("a", true, false), []);
    assert_eq!(requests(&round(&mut bench, Span::ZERO)), ["get node/a", "status node/a", "delete volumeattachment"]);
    bench.cache.put(leaving("a").into());
    bench.cache.put(node("a", true, false).into());
    let run = round(&mut bench, Span::minutes(2));
    assert_eq!(requests(&run), ["create volumeattachment"]);
    assert_eq!(&*run.sent::<VolumeAttachment>()[0].spec.node_name, "b");
    assert!(run.events.is_empty());
}
