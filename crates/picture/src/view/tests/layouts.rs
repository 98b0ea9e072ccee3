//! Nothing overlaps, nothing leaves its frame, at every width that a page may have.

use super::*;
use crate::view::layout::{ClusterLayout, NodeForm, Rect, Size, density, layout, layout_low};

const WIDTHS: [u32; 8] = [340, 360, 390, 560, 700, 800, 1_000, 1_200];

fn check(what: &str, view: &ClusterView, width: u32) -> ClusterLayout {
    let place = layout(view, width);
    examine(what, view, width, &place);
    let low = layout_low(view, width, density(view.tiles().count()));
    examine(&format!("{what}, low"), view, width, &low);
    place
}

fn examine(what: &str, view: &ClusterView, width: u32, place: &ClusterLayout) {
    let context = format!("{what} at {width}");
    let picture = Rect::new(0, 0, place.width, place.height);
    let apart = |what: &str, rects: &[Rect]| {
        for (index, rect) in rects.iter().enumerate() {
            assert!(rect.w > 0 && rect.h > 0, "{context}: {what} is empty: {rect:?}");
            assert!(picture.contains(rect), "{context}: {what} leaves the picture: {rect:?} in {picture:?}");
            for other in &rects[index + 1..] {
                assert!(!rect.overlaps(other), "{context}: {what} {rect:?} lies on {other:?}");
            }
        }
    };
    let zones: Vec<Rect> = place.zones.iter().map(|zone| zone.rect).chain(place.waiting).collect();
    apart("a zone", &zones);
    assert_eq!(view.tiles().count(), place.tiles().count());
    for (zone, zone_box) in view.zones.iter().zip(&place.zones) {
        assert_eq!((zone.nodes.len(), zone.disks.len()), (zone_box.nodes.len(), zone_box.disks.len()));
        let nodes: Vec<Rect> = zone_box.nodes.iter().map(|node| node.rect).collect();
        // A calm row of a narrow picture has its disk inside.
        let disks = zone_box.disks.iter().filter(|disk| !disk.small).filter_map(|disk| disk.rect);
        let all: Vec<Rect> = nodes.iter().copied().chain(disks).collect();
        apart("a node or disk", &all);
        for rect in &all {
            assert!(zone_box.rect.contains(rect), "{context}: {rect:?} leaves its zone {:?}", zone_box.rect);
        }
        for (node, node_box) in zone.nodes.iter().zip(&zone_box.nodes) {
            assert_eq!(node.tiles.len(), node_box.tiles.len());
            let hidden = node_box.tiles.iter().filter(|tile| tile.rect.w == 0).count();
            assert_eq!(hidden, node_box.more as usize, "{context}: {} counts what has no place", node.name);
            let tiles: Vec<Rect> = node_box.tiles.iter().map(|tile| tile.rect).filter(|rect| rect.w > 0).collect();
            apart("a tile", &tiles);
            for tile in &tiles {
                assert!(node_box.rect.contains(tile), "{context}: {tile:?} leaves {} {:?}", node.name, node_box.rect);
            }
        }
    }
    let brackets: Vec<Rect> = place.brackets.iter().map(|bracket| bracket.rect).collect();
    apart("a bracket", &brackets);
    for (bracket, rail) in brackets.iter().map(|bracket| (bracket, &place.rail)) {
        assert!(place.control_plane.contains(bracket), "{context}: {bracket:?} in {:?}", place.control_plane);
        assert!(rail.as_ref().is_none_or(|rail| !rail.rect.overlaps(bracket)), "{context}: {rail:?} on {bracket:?}");
    }
    for (tile, tile_box) in view.tiles().zip(place.tiles()) {
        if tile_box.size == Size::Tile {
            let text = words::width(&tile.status, 12, false) as i32 + 38;
            assert!(text <= tile_box.rect.w, "{context}: “{}” does not fit {}", tile.status, tile_box.rect.w);
        }
    }
}

#[test]
fn a_calm_cluster_is_laid_out_without_overlaps() {
    let view = Run::calm().view();
    for width in WIDTHS {
        let place = check("calm", &view, width);
        assert_eq!(place.narrow, width < 560);
    }
    let low = layout_low(&view, 640, Size::Tile);
    assert!(
        low.height <= 330 && low.nodes().all(|node| node.form == NodeForm::Row),
        "{} high in a low window",
        low.height
    );
    let place = layout(&view, 800);
    assert!(place.height <= 372, "the picture of the first visit is {} high", place.height);
    assert!(place.zones.iter().all(|zone| zone.disks.iter().all(|disk| disk.plugs.iter().all(|line| line.len() == 2))));
}

#[test]
fn a_ghost_and_its_successor_are_joined_at_every_width() {
    let run = Run::forced();
    let view = run.view();
    for width in WIDTHS {
        let place = check("forced", &view, width);
        assert_eq!(place.bars.len(), 1);
        let bar = &place.bars[0];
        assert!(bar.line.len() >= 2 && bar.cap.x >= 0 && bar.cap.right() <= place.width, "{bar:?}");
    }
}

#[test]
fn several_pods_on_a_node_do_not_lie_on_each_other() {
    let mut run = Run::calm();
    let target = ObjectRef::new(Kind::StatefulSet, "default", "rg");
    run.command(Command::Scale { target, replicas: 9 });
    run.play(120);
    let view = run.view();
    assert_eq!(view.tiles().count(), 9);
    for width in WIDTHS {
        check("nine pods", &view, width);
    }
}

#[test]
fn thirty_nodes_with_two_hundred_pods_become_cells() {
    let mut run = Run::new(Scenario::sized(30));
    run.apply(&web(200));
    run.play(60);
    let view = run.view();
    assert_eq!(view.tiles().count(), 200);
    for width in WIDTHS {
        let place = check("two hundred pods", &view, width);
        assert!(place.tiles().all(|tile| tile.size == Size::Cell), "at {width}");
    }
    // Trouble changes marks, and moves nothing.
    let before: Vec<ClusterLayout> = WIDTHS.iter().map(|width| layout(&view, *width)).collect();
    run.command(Command::Cut { node: "node-7".into() });
    run.play(60);
    let view = run.view();
    for (width, before) in WIDTHS.into_iter().zip(before) {
        let place = check("one lost node", &view, width);
        if !place.narrow {
            stands_still(&format!("one lost node at {width}"), &before, &place);
        }
    }
}

/// No machine, no zone and no bracket is anywhere else.
fn stands_still(what: &str, before: &ClusterLayout, after: &ClusterLayout) {
    let nodes = |place: &ClusterLayout| place.nodes().map(|node| node.rect).collect::<Vec<_>>();
    let zones = |place: &ClusterLayout| place.zones.iter().map(|zone| zone.rect).collect::<Vec<_>>();
    let brackets = |place: &ClusterLayout| place.brackets.iter().map(|bracket| bracket.rect).collect::<Vec<_>>();
    assert_eq!(before.control_plane, after.control_plane, "{what}");
    assert_eq!(brackets(before), brackets(after), "{what}");
    assert_eq!(zones(before), zones(after), "{what}");
    assert_eq!(nodes(before), nodes(after), "{what}");
}

/// The picture after every half second of so many.
fn watched(run: &mut Run, halves: u32, mut look: impl FnMut(&ClusterView)) {
    for _ in 0..halves {
        let until = run.timeline.now() + Span::millis(500);
        run.timeline.play_until(until);
        look(&run.view());
    }
}

#[test]
fn the_map_stands_still_while_a_set_starts_grows_is_updated_and_loses_a_machine() {
    for width in [700, 800, 1_000, 1_200] {
        let mut run = Run::new(Scenario::standard());
        run.apply(SET);
        run.play(1);
        let first = layout(&run.view(), width);
        let mut places = std::collections::BTreeMap::new();
        let mut look = |what: &str, view: &ClusterView| {
            let now = check(what, view, width);
            stands_still(what, &first, &now);
            // A pod that keeps its place has all of it, as long as it shares its machine with as many.
            for (node, place) in view.nodes().zip(now.nodes()) {
                for (tile, at) in node.tiles.iter().zip(&place.tiles) {
                    let key = (tile.uid, node.name.clone(), node.tiles.len());
                    assert_eq!(places.entry(key).or_insert(at.rect), &at.rect, "{what}: {}", tile.label);
                }
            }
        };
        watched(&mut run, 60, |view| look("start", view));
        let set = || ObjectRef::new(Kind::StatefulSet, "default", "rg");
        run.command(Command::Scale { target: set(), replicas: 4 });
        watched(&mut run, 40, |view| look("scale-up", view));
        let newer = SET.replace("rg-log:1.4", "rg-log:1.5").replace("replicas: 3", "replicas: 4");
        run.apply(&newer.replace("{ name: rg }\nspec", "{ name: rg, namespace: default }\nspec"));
        watched(&mut run, 120, |view| look("rolling update", view));
        run.command(Command::Cut { node: "node-1".into() });
        watched(&mut run, 800, |view| look("node failure", view));
        run.command(Command::Heal { node: "node-1".into() });
        watched(&mut run, 120, |view| look("heal", view));
    }
}

#[test]
fn a_pod_that_no_node_takes_waits_on_the_rail_and_moves_nothing() {
    let mut run = Run::calm();
    let before = layout(&run.view(), 800);
    for node in ["node-0", "node-1", "node-2", "node-3"] {
        run.command(Command::Cordon { node: node.into(), on: true });
    }
    let target = ObjectRef::new(Kind::StatefulSet, "default", "rg");
    run.command(Command::Scale { target, replicas: 4 });
    run.play(5);
    let view = run.view();
    for width in WIDTHS {
        check("a pod waits", &view, width);
    }
    let after = layout(&view, 800);
    stands_still("a pod waits", &before, &after);
    let rail = after.rail.clone().expect("a wide picture has one");
    assert!(matches!(&after.waiting_tiles[..], [tile] if rail.rect.contains(&tile.rect)), "{:?}", after.waiting_tiles);
}

#[test]
fn a_claim_that_pods_of_several_nodes_share_is_drawn_once() {
    let mut run = Run::new(Scenario::standard());
    run.apply(petri_lessons::Example::named("lease.yaml").and_then(|example| example.text()).expect("it is there"));
    run.play(60);
    let view = run.view();
    let users = |disk: &DiskView| disk.plugs.iter().filter(|plug| plug.tile.is_some()).count();
    assert!(view.disks().any(|disk| users(disk) > 1), "pods share one");
    for width in WIDTHS {
        check("a shared claim", &view, width);
    }
}
