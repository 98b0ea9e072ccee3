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
            let tiles: Vec<Rect> = node_box.tiles.iter().map(|tile| tile.rect).collect();
            assert_eq!(node.tiles.len(), tiles.len());
            apart("a tile", &tiles);
            for tile in &tiles {
                assert!(node_box.rect.contains(tile), "{context}: {tile:?} leaves {} {:?}", node.name, node_box.rect);
            }
            if node_box.form == NodeForm::Card {
                let text = words::width(&node.line, 11, false) as i32 + 18;
                assert!(text <= node_box.rect.w, "{context}: “{}” does not fit {}", node.line, node_box.rect.w);
            }
        }
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
        low.height <= 280 && low.nodes().all(|node| node.form == NodeForm::Row),
        "{} high in a low window",
        low.height
    );
    let place = layout(&view, 800);
    assert!(place.height <= 320, "the picture of the first visit is {} high", place.height);
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
    run.apply(
        "
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 200
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: nginx }] }
",
    );
    run.play(60);
    let view = run.view();
    assert_eq!(view.tiles().count(), 200);
    for width in WIDTHS {
        let place = check("two hundred pods", &view, width);
        assert!(place.tiles().all(|tile| tile.size == Size::Cell), "at {width}");
    }
    // So does whoever is selected: that is how one looks closer.
    let near = view.near(Some(&Target::Node("node-3".into())));
    for width in WIDTHS {
        let place = check("two hundred pods, one node near", &near, width);
        let large = place.tiles().filter(|tile| tile.size != Size::Cell).count();
        let own = near.nodes().find(|node| &*node.name == "node-3").map_or(0, |node| node.tiles.len());
        assert_eq!(large, own, "at {width}");
    }
    // Trouble is promoted: the pods of the lost node keep their words.
    run.command(Command::Cut { node: "node-7".into() });
    run.play(60);
    let view = run.view();
    for width in WIDTHS {
        let place = check("one lost node", &view, width);
        let full = place.tiles().filter(|tile| tile.size >= Size::Row).count();
        let lost = view.nodes().find(|node| &*node.name == "node-7").map_or(0, |node| node.tiles.len());
        assert_eq!(full, lost, "at {width}");
    }
}

#[test]
fn pods_that_no_node_takes_stand_above_the_zones_and_others_below() {
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
    let top = |place: &ClusterLayout| place.zones.iter().map(|zone| zone.rect.y).min().unwrap_or(0);
    assert!(after.waiting.is_some_and(|waiting| waiting.bottom() < top(&after)), "{:?}", after.waiting);
    let soon = layout(&ClusterView { stuck: false, ..view }, 800);
    assert_eq!(before.zones, soon.zones, "nothing moves for who is on its way");
    assert!(soon.waiting.is_some_and(|waiting| waiting.y > top(&soon)));
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
