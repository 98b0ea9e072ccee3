//! Locks, clients and refusing disks on the timeline.

use super::*;
use crate::view::lanes::{Bar, LaneKey, PinKind};
use crate::view::timeline::{self, Filter, LaneRow, Options, TimelineView};

/// Two candidates for a lock that write to one disk, which asks for fencing tokens or does not.
fn candidates(fencing: &str) -> String {
    format!(
        "
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{ name: shared, annotations: {{ petri.dev/fencing: '{fencing}' }} }}
spec: {{ accessModes: [ReadWriteMany], resources: {{ requests: {{ storage: 1Gi }} }} }}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {{ name: it }}
spec:
  serviceName: it
  replicas: 2
  selector: {{ matchLabels: {{ app: it }} }}
  template:
    metadata: {{ labels: {{ app: it }} }}
    spec:
      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
          - {{ topologyKey: kubernetes.io/hostname, labelSelector: {{ matchLabels: {{ app: it }} }} }}
      containers:
      - {{ name: c, image: 'petri.dev/elector:1', volumeMounts: [{{ name: data, mountPath: /data }}] }}
      volumes: [{{ name: data, persistentVolumeClaim: {{ claimName: shared }} }}]
"
    )
}

/// The holder freezes until another one holds the lock, wakes and writes once more.
fn frozen(fencing: &str) -> Run {
    let mut run = Run::new(Scenario::standard());
    run.apply(&candidates(fencing));
    run.play(60);
    let pod = ObjectRef::new(Kind::Pod, "default", "it-0");
    run.command(Command::Hang { pod: pod.clone(), on: true });
    run.play(40);
    run.command(Command::Hang { pod, on: false });
    run.play(20);
    run
}

fn draw(run: &Run, options: &Options) -> TimelineView {
    timeline::view(&run.timeline, &run.store, None, 1_440, options)
}

fn lane(view: &TimelineView, which: impl Fn(&LaneKey) -> bool) -> Option<&LaneRow> {
    view.lanes.iter().find(|lane| which(&lane.key))
}

fn titles(lane: &LaneRow, bar: Bar) -> Vec<&str> {
    lane.bars.iter().filter(|mark| mark.bar == bar).map(|mark| mark.title.as_str()).collect()
}

#[test]
fn a_lock_shows_its_record_above_and_who_acts_below() {
    let run = frozen("on");
    let view = draw(&run, &Options::default());
    let lock = lane(&view, |key| matches!(key, LaneKey::Lock(_))).expect("the lock has a lane");
    assert_eq!((lock.name.as_str(), lock.open), ("leader", true), "record and reality came apart");
    assert_eq!(lock.target, Target::Lock("default/lease/leader".into()));
    let records = titles(lock, Bar::Record);
    assert!(records[0].starts_with("it-0 on record") && records[1].starts_with("it-1 on record"), "{records:?}");
    let acts = titles(lock, Bar::Acts);
    assert!(acts.iter().any(|title| title.starts_with("it-0 and it-1 act")), "two act at once: {acts:?}");
    assert_eq!(lock.violations.len(), 1, "and that broke the promise of one leader");
    let pins: Vec<_> = view.pins.iter().filter(|pin| pin.label.contains("it-1 leads leader")).collect();
    assert_eq!((pins.len(), pins[0].kind), (1, PinKind::Controller), "the lock changed hands once: {:?}", view.pins);
}

#[test]
fn a_record_names_its_holder_until_it_names_another() {
    let run = frozen("on");
    let lane = run.store.lanes.get(&LaneKey::Lock("default/lease/leader".into())).expect("the lock has a lane");
    let (first, second) = (&lane.belief[0], &lane.belief[1]);
    assert_eq!((first.to, second.to), (Some(second.from), None));
}

#[test]
fn a_disk_has_a_lane_when_it_refuses_or_takes_what_comes_too_late() {
    for (fencing, bar) in [("on", Bar::Refused), ("off", Bar::Stale)] {
        let run = frozen(fencing);
        let view = draw(&run, &Options::default());
        let disk = lane(&view, |key| matches!(key, LaneKey::Volume(_))).expect("the disk has a lane");
        assert!(disk.name == "shared" && disk.open);
        assert!(titles(disk, bar).iter().any(|title| title.contains("it-0")), "{fencing}: {:?}", disk.bars);
    }
    let mut calm = Run::new(Scenario::standard());
    calm.apply(&candidates("on"));
    calm.play(60);
    let calm = draw(&calm, &Options::default());
    assert!(lane(&calm, |key| matches!(key, LaneKey::Volume(_))).is_none_or(|lane| !lane.open));
}

#[test]
fn a_client_has_a_lane_of_what_it_hears() {
    let mut run = Run::calm();
    run.apply(
        "
apiVersion: v1
kind: Pod
metadata: { name: caller, annotations: { petri.dev/target: rg-1.rg } }
spec: { containers: [{ name: c, image: 'petri.dev/client:1' }] }
",
    );
    run.play(20);
    let client = |key: &LaneKey| matches!(key, LaneKey::Client { .. });
    let view = draw(&run, &Options::default());
    let heard = lane(&view, client).expect("the client has a lane");
    assert_eq!(heard.name, "caller → rg-1");
    assert!(titles(heard, Bar::Answered).len() == 1 && titles(heard, Bar::Unanswered).is_empty(), "{:?}", heard.bars);
    run.command(Command::PowerOff { node: run.node_of("rg-1") });
    run.play(20);
    let view = draw(&run, &Options::default());
    let failed = titles(lane(&view, client).expect("still"), Bar::Unanswered);
    assert!(failed.iter().any(|title| title.starts_with("no answer at 10.")), "{failed:?}");
    let hidden = Options { filter: Filter { clients: false, ..Filter::default() }, ..Options::default() };
    assert!(lane(&draw(&run, &hidden), client).is_none());
    run.command(force_delete("caller"));
    run.play(40);
    let lane = &run.store.lanes[&LaneKey::Client { namespace: "default".into(), pod: "caller".into() }];
    assert!(lane.belief.iter().all(|span| span.to.is_some()), "what has ended hears nothing: {:?}", lane.belief);
}

#[test]
fn locks_outside_of_kubernetes_have_records_too() {
    for word in ["elector", "session-lock", "ttl-lock"] {
        let mut run = Run::new(Scenario::standard());
        run.apply(&candidates("on").replace("petri.dev/elector", &format!("petri.dev/{word}")));
        run.play(90);
        let lane = run.store.lanes.iter().find(|(key, _)| matches!(key, LaneKey::Lock(_))).expect("a lock").1;
        assert!(!lane.belief.is_empty() && !lane.reality.is_empty(), "{word}");
        let held = |span: &crate::view::lanes::Span| lane.belief.iter().any(|known| known.who == span.who);
        assert!(lane.reality.iter().all(held), "{word}: who acts was on record: {lane:?}");
        let view = draw(&run, &Options::default());
        let row = view.lanes.iter().find(|lane| matches!(lane.key, LaneKey::Lock(_))).expect("a lane");
        assert!(!row.open, "{word}: record and reality agree");
    }
}
