//! Posters of real runs: small, sound, the same twice, light and dark, and safe whatever their texts are.

use super::*;
use petri_lessons::fence::Fence;
use petri_lessons::fence::run::play;
use roxmltree::{Document, Node};
use std::collections::BTreeMap;

/// A run of a fence, to its end.
fn run(words: &str, body: &str) -> Timeline {
    let texts: BTreeMap<String, String> =
        petri_lessons::examples().iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
    play(&Fence::read(words, body), &texts).unwrap_or_else(|problems| panic!("{body}: {problems:?}")).timeline
}

fn poster(words: &str, body: &str) -> String {
    of(&run(words, body), None, WIDTH)
}

/// All words, each once.
fn texts(document: &Document<'_>) -> Vec<String> {
    let is_text = |node: &Node<'_, '_>| node.has_tag_name("text");
    let words =
        |node: Node<'_, '_>| node.descendants().filter_map(|inner| inner.text().filter(|_| inner.is_text())).collect();
    document.descendants().filter(is_text).map(words).collect()
}

const GHOST: &str = "random-generator\n$ run 60s\n$ cut {node of pod/rg-1}\n$ run 7m\n";

#[test]
fn a_poster_is_sound_small_and_the_same_each_time() {
    for body in ["", "random-generator\n$ run 60s\n", GHOST, "lease\n$ run 2m\n", "replicaset\n$ run 5s\n"] {
        let svg = poster("", body);
        assert!(svg.len() <= LIMIT, "{body}: {} bytes", svg.len());
        assert_eq!(svg, poster("", body), "{body}");
        let document = Document::parse(&svg).unwrap_or_else(|problem| panic!("{body}: {problem}\n{svg}"));
        let root = document.root_element();
        assert_eq!((root.tag_name().name(), root.attribute("width")), ("svg", Some("720")));
        let named: Vec<&str> = root.children().take(3).map(|node| node.tag_name().name()).collect();
        assert_eq!(named, ["title", "desc", "style"]);
        assert_eq!(svg.matches("://").count(), 1, "nothing is fetched, and the one address is SVG's name: {svg}");
        let attributes = || document.descendants().flat_map(|node| node.attributes());
        assert!(attributes().all(|attribute| !attribute.name().starts_with("on")), "{svg}");
        assert!(
            attributes().filter(|attribute| attribute.name() == "href").all(|at| at.value().starts_with('#')),
            "{svg}"
        );
    }
}

#[test]
fn what_is_to_be_seen_is_drawn_and_said() {
    let svg = of(&run("", GHOST), Some("A node goes quiet"), WIDTH);
    let document = Document::parse(&svg).expect("it is sound");
    let words = texts(&document);
    for wanted in ["A node goes quiet", "8:00", "rg-0", "rg-1", "Terminating", "control plane", "block: what runs"] {
        assert!(words.iter().any(|text| text == wanted), "{wanted}: {words:?}");
    }
    let title =
        document.descendants().find(|node| node.has_tag_name("title")).and_then(|node| node.text().map(str::to_owned));
    assert!(title.is_some_and(|title| title.starts_with("A node goes quiet. At 8:00: ")), "{svg}");
    let description =
        document.descendants().find(|node| node.has_tag_name("desc")).and_then(|node| node.text().map(str::to_owned));
    assert!(description.is_some_and(|text| text.contains("rg-1") && text.contains("node-")), "{svg}");
}

#[test]
fn light_and_dark_are_in_one_file() {
    let svg = poster("", GHOST);
    let (light, dark) = svg.split_once("@media (prefers-color-scheme:dark)").expect("there are both");
    assert!(light.contains(".zone{fill:#eaece7}") && dark.contains(".zone{fill:#0c0f0e}"), "{svg}");
    let (night, body) = dark.split_once("</style>").expect("the style ends");
    // Colours are the style's alone: a picture has none that dark would not reach.
    assert_eq!(
        body.matches('#').count(),
        body.matches("url(#p-").count() + body.matches("href=\"#d").count(),
        "{body}"
    );
    assert!(!night.contains("stroke-width"), "only colours differ: {night}");
}

#[test]
fn one_paint_is_taken_out_of_both() {
    let both = poster("", GHOST);
    let [light, dark] = [false, true].map(|dark| painted(&both, dark));
    for svg in [&light, &dark] {
        Document::parse(svg).unwrap_or_else(|problem| panic!("{problem}\n{svg}"));
        assert!(!svg.contains("@media"), "{svg}");
    }
    assert!(light.contains(".zone{fill:#eaece7}") && !light.contains(".zone{fill:#0c0f0e}"));
    // What comes later counts.
    assert!(dark.find(".zone{fill:#eaece7}") < dark.find(".zone{fill:#0c0f0e}"));
}

#[test]
fn a_stage_is_drawn_as_a_whole() {
    let many = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: { name: many }\nspec:\n  serviceName: x\n  podManagementPolicy: Parallel\n  replicas: 300\n  selector: { matchLabels: { app: x } }\n  template:\n    metadata: { labels: { app: x } }\n    spec: { containers: [{ name: x, image: nginx }] }\n---\n$ run 2m\n";
    let svg = of_stage(&run("scenario=sized-12", many), None, 1_000);
    let document = Document::parse(&svg).expect("it is sound");
    let left_out = |text: &String| text.starts_with("And ");
    assert!(svg.len() > LIMIT && !texts(&document).iter().any(left_out), "{} bytes", svg.len());
}

#[test]
fn texts_of_others_stay_texts() {
    let hostile = "</title><script>alert(1)</script>\u{0}\u{1b}\u{ffff} & \"quotes\" ]]> ";
    let timeline = run("", "random-generator\n$ run 10s\n");
    let svg = of(&timeline, Some(hostile), WIDTH);
    let document = Document::parse(&svg).expect("it is sound");
    assert!(document.descendants().all(|node| !node.has_tag_name("script")), "{svg}");
    assert!(texts(&document).iter().any(|text| text.starts_with("</title><script>alert(1)</script> & ")), "{svg}");

    let mut view = view::cluster::view(timeline.world(), &[]);
    let evil: petri_objects::Name = "<image href='https://evil'/>".into();
    for node in view.zones.iter_mut().flat_map(|zone| &mut zone.nodes) {
        node.name = evil.clone();
        node.label = evil.to_string();
        for tile in &mut node.tiles {
            (tile.title, tile.status, tile.fact) = (evil.to_string(), evil.to_string(), "\"><a>\u{8}".into());
        }
    }
    view.zones.iter_mut().for_each(|zone| zone.name = evil.clone());
    let svg = super::svg(&Scene { view: &view, title: Some(&"long ".repeat(9_000)), moment: "0:10", width: 1 });
    let document = Document::parse(&svg).expect("it is sound");
    assert!(document.descendants().all(|node| !node.has_tag_name("image") && !node.has_tag_name("a")), "{svg}");
    assert!(svg.len() <= LIMIT);
}

#[test]
fn a_cluster_without_end_is_drawn_in_part_and_says_so() {
    let many = |replicas: u32| {
        format!(
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{ name: a-rather-long-name-for-a-set }}\nspec:\n  serviceName: x\n  podManagementPolicy: Parallel\n  replicas: {replicas}\n  selector: {{ matchLabels: {{ app: x }} }}\n  template:\n    metadata: {{ labels: {{ app: x }} }}\n    spec: {{ containers: [{{ name: x, image: nginx }}] }}\n---\n"
        )
    };
    for (words, replicas, lines) in [
        ("", 30, "$ run 2m\n"),
        ("scenario=sized-12", 100, "$ run 2m\n"),
        ("scenario=sized-60", 600, "$ run 2m\n$ cut node-1\n$ cut node-2\n$ run 2m\n"),
        ("scenario=empty", 300, "$ run 20s\n"),
        ("", 2_000, "$ run 30s\n"),
    ] {
        let svg = poster(words, &format!("{}{lines}", many(replicas)));
        assert!(svg.len() <= LIMIT, "{words}: {} bytes", svg.len());
        let document = Document::parse(&svg).expect("it is sound");
        // Pods that no node has are counted on their rail.
        let left_out = |text: &String| text.starts_with("And ") && text.contains(" more pod");
        let says =
            texts(&document).iter().any(|text| left_out(text) || text.starts_with('+') && text.ends_with(" more"));
        assert_eq!(says, replicas > 100, "{words} {replicas}: {} bytes, {:?}", svg.len(), texts(&document));
    }
}
