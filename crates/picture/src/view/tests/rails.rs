//! Services on their rails: off in calm, and what they tell in trouble.

use super::*;
use crate::view::layout;

const CALLER: &str = "
apiVersion: v1
kind: Pod
metadata: { name: caller, annotations: { petri.dev/target: TARGET, petri.dev/dns-cache: 'off' } }
spec: { containers: [{ name: c, image: 'petri.dev/client:1' }] }
";

fn caller(target: &str) -> String {
    CALLER.replace("TARGET", target)
}

#[test]
fn a_service_that_nobody_calls_has_no_rail_whatever_happens() {
    let mut run = Run::new(Scenario::standard());
    run.apply(SET);
    run.play(60);
    assert!(run.view().services.is_empty());
    run.command(Command::Cut { node: run.node_of("rg-1") });
    run.play(60);
    assert!(run.view().services.is_empty(), "it would move what stands below");
}

#[test]
fn a_name_that_does_not_resolve_any_more_is_told() {
    let mut run = Run::calm();
    run.apply(&caller("rg-0.rg"));
    let node = run.node_of("rg-1");
    run.command(Command::Cut { node });
    run.play(60);
    let view = run.view();
    let [rail] = &view.services[..] else { panic!("{:?}", view.services) };
    assert_eq!((rail.kind, rail.says.as_str(), rail.address.as_str()), ("headless Service", "2 addresses", ""));
    assert!(rail.trouble.starts_with("rg-1.rg does not resolve: rg-1 is not Ready, since"), "{}", rail.trouble);
    let ends: Vec<PlugEnd> = rail.plugs.iter().map(|plug| plug.end).collect();
    assert_eq!(ends, [PlugEnd::Ready, PlugEnd::Out, PlugEnd::Ready]);
}

#[test]
fn a_call_that_nobody_answers_marks_its_plug() {
    let mut run = Run::calm();
    run.apply(&caller("rg-1.rg"));
    run.play(20);
    let view = run.view();
    assert_eq!(view.services.len(), 1, "somebody calls it");
    let rail = &view.services[0];
    assert!(rail.calls.starts_with("caller: ") && rail.calls.ends_with(" 0 failed"), "{}", rail.calls);
    assert!(rail.trouble.is_empty() && rail.callers.len() == 1, "{rail:?}");
    run.command(Command::PowerOff { node: run.node_of("rg-1") });
    run.play(5);
    let rail = &run.view().services[0];
    assert!(rail.trouble.contains(" did not answer a call "), "{}", rail.trouble);
    let failed: Vec<&str> = rail.plugs.iter().filter(|plug| plug.failed).map(|plug| &*plug.pod).collect();
    assert_eq!(failed, ["rg-1"]);
}

#[test]
fn names_are_understood_as_a_process_writes_them() {
    for (target, known) in [
        ("rg", true),
        ("rg-1.rg", true),
        ("rg.default", true),
        ("rg-1.rg.default.svc.cluster.local", true),
        ("rg.default.svc", true),
        ("rg.shop", false),
        ("shop", false),
        ("rg-1.rg.shop.svc.cluster.local", false),
    ] {
        let mut run = Run::calm();
        run.apply(&caller(target));
        run.play(20);
        assert_eq!(!run.view().services.is_empty(), known, "{target}");
    }
}

#[test]
fn a_rail_moves_nothing_and_its_lines_end_on_it() {
    let mut run = Run::calm();
    run.apply(&caller("rg-0.rg"));
    run.play(20);
    let before = layout::layout(&run.view(), 800);
    let node = run.node_of("rg-1");
    run.command(Command::Cut { node });
    run.play(60);
    let (view, after) = (run.view(), layout::layout(&run.view(), 800));
    let place = |layout: &layout::ClusterLayout| layout.nodes().map(|node| node.rect).collect::<Vec<_>>();
    assert_eq!((place(&before), before.height), (place(&after), after.height));
    let rail = &after.services[0];
    assert!(rail.rect.y >= after.zones.iter().map(|zone| zone.rect.bottom()).max().unwrap_or(0));
    assert!(after.height >= rail.rect.bottom());
    assert_eq!(rail.plugs.len(), view.services[0].plugs.len());
    assert!(rail.plugs.iter().all(|line| line.last().is_some_and(|(x, y)| *y == rail.rect.y && *x < 800)));
    assert!(layout::layout(&view, 360).services[0].plugs.iter().all(Vec::is_empty), "a phone has words alone");
}
