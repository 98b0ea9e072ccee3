//! The rooms of a crate, from its door to the ground: each uses only those below it, and circles are few and known.

mod sources;

use crate::tidy::sources as texts;
use sources::{Arrows, arrows};
use std::collections::{BTreeMap, BTreeSet};

/// What a crate promises about its own inside.
struct House {
    /// From the repository's root.
    folder: &'static str,
    /// From the door to the ground: a folder or a file below `folder`, without `.rs`. Those of one line are beside each
    /// other and do not know each other.
    rooms: &'static [&'static [&'static str]],
    circles: &'static [Circle],
}

/// Files that need each other, and why that is better than the alternative.
struct Circle {
    /// The folder, or the file's stem, that all of them are in.
    within: &'static str,
    /// Their names below it, without `.rs`.
    files: &'static [&'static str],
    because: &'static str,
}

const SIM: House = House {
    folder: "crates/sim/src",
    rooms: &[&["story"], &["world"], &["promises"], &["reality"], &["belief"], &["words"], &["ground"]],
    circles: &[
        Circle {
            within: "world",
            files: &["mod", "step", "commands", "faults", "files", "processes", "promises", "standstill"],
            because: "one type, the world, with its methods by what they are about: all of them change the same parts",
        },
        Circle {
            within: "reality/kubelet",
            files: &["host", "node_status", "pods", "containers", "probes", "status", "stopping", "volumes", "ills"],
            because: "one controller: a kubelet's methods by upstream's packages; what it remembers stands apart (`state`)",
        },
        Circle {
            within: "belief/controllers/node_lifecycle",
            files: &["mod", "health", "zones", "taints", "course"],
            because: "one controller: what one pass finds out is what the next ones judge and act on",
        },
        Circle {
            within: "belief/controllers/deployment",
            files: &["sync", "scale"],
            because: "one file upstream, `sync.go`: a sync scales, and scaling needs the sets that a sync finds",
        },
        Circle {
            within: "belief/api",
            files: &["server", "eviction"],
            because: "the eviction subresource is served by further requests to the same server, as upstream",
        },
    ],
};

const CONSOLE: House = House {
    folder: "crates/console/src",
    rooms: &[
        &["course"],
        &["complete"],
        &["verbs", "kubectl"],
        &["claims"],
        &["remote"],
        &["programs"],
        &["dig", "raw"],
        &["help", "describe"],
        &["tables"],
        &["select"],
        &["endpoints"],
        &["args", "errors", "path", "template"],
        &["output"],
        &["session"],
        &["interpreter"],
        &["host"],
        &["columns", "text", "shell"],
        &["limits"],
    ],
    circles: &[],
};

const WEB: House = House {
    folder: "web/src",
    rooms: &[
        &["app", "script"],
        &["panels"],
        &["address", "guide", "compare", "host", "keys", "plan"],
        &["openings"],
        &["fences"],
        &["first_visit"],
        &["desk"],
        &["session"],
        &["told", "panic", "palette"],
        &["explain", "pictures"],
        &["state", "verbs", "window", "bench", "examples", "stops", "wide"],
        &["paint"],
        &["check", "edge", "embedding", "frames", "glossary", "memory", "sizes"],
    ],
    circles: &[
        Circle {
            within: "session",
            files: &["handle", "playing"],
            because: "one handle: what it holds, and how time moves it on",
        },
        Circle {
            within: "desk",
            files: &["handle", "acts", "shell", "replaced"],
            because: "one handle: what it holds, and what a person does with it; a line of the console is one way to do it",
        },
    ],
};

const PICTURE: House =
    House { folder: "crates/picture/src", rooms: &[&["poster"], &["draw"], &["view"]], circles: &[] };

/// What is wrong with a house, one sentence each; empty if all is well.
fn faults(house: &House, arrows: &Arrows) -> Vec<String> {
    let mut faults = wrong_arrows(house, arrows);
    let mut known: BTreeSet<BTreeSet<String>> = house.circles.iter().map(Circle::members).collect();
    for circle in circles(arrows) {
        if !known.remove(&circle) {
            let names: Vec<&str> = circle.iter().map(String::as_str).collect();
            faults.push(format!("a circle of {} that nobody has argued for: {}", names.len(), names.join(" ")));
        }
    }
    for gone in known {
        let names: Vec<&str> = gone.iter().map(String::as_str).collect();
        faults.push(format!("this circle is not there any more, so it must leave the table: {}", names.join(" ")));
    }
    faults
}

impl Circle {
    fn members(&self) -> BTreeSet<String> {
        assert!(!self.because.is_empty(), "a circle needs a reason");
        self.files.iter().map(|file| format!("{}/{file}.rs", self.within)).collect()
    }
}

/// The place of a file's room, counted from the door; the crate's root is the door itself.
fn floor(house: &House, file: &str) -> Option<(usize, &'static str)> {
    let inside = |room: &&str| file.strip_prefix(*room).is_some_and(|rest| rest.starts_with('/') || rest == ".rs");
    let place = |rooms: &&[&'static str]| rooms.iter().find(|room| inside(room)).copied();
    house.rooms.iter().enumerate().find_map(|(n, rooms)| Some((n, place(rooms)?)))
}

fn wrong_arrows(house: &House, arrows: &Arrows) -> Vec<String> {
    let mut wrong = Vec::new();
    for (from, tos) in arrows.iter().filter(|(from, _)| !matches!(from.as_str(), "lib.rs" | "main.rs")) {
        let Some((above, room)) = floor(house, from) else {
            wrong.push(format!("{from} is in no room"));
            continue;
        };
        for to in tos {
            match floor(house, to) {
                Some((_, other)) if other == room => {}
                Some((below, _)) if below > above => {}
                _ => wrong.push(format!("{from} must not know {to}")),
            }
        }
    }
    wrong
}

/// Everything that a file leads to, in any number of steps.
fn reach<'a>(arrows: &'a Arrows, from: &'a str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open = vec![from];
    while let Some(file) = open.pop() {
        let next = arrows.get(file).into_iter().flatten().map(String::as_str);
        open.extend(next.filter(|to| found.insert(*to)));
    }
    found
}

/// The largest sets of files that all lead to each other (strongly connected components), those of one file left out.
fn circles(arrows: &Arrows) -> Vec<BTreeSet<String>> {
    let reach: BTreeMap<&str, BTreeSet<&str>> =
        arrows.keys().map(|file| (file.as_str(), reach(arrows, file))).collect();
    let mut circles = Vec::new();
    let mut done = BTreeSet::new();
    for (file, tos) in &reach {
        if !tos.contains(file) || !done.insert(*file) {
            continue;
        }
        let circle: BTreeSet<&str> = tos.iter().filter(|to| reach[**to].contains(file)).copied().collect();
        done.extend(&circle);
        circles.push(circle.into_iter().map(str::to_owned).collect());
    }
    circles
}

fn read(house: &House) -> Arrows {
    let below = |(path, text): (String, String)| (path[house.folder.len() + 1..].to_owned(), text);
    arrows(&texts(house.folder).into_iter().map(below).collect::<Vec<_>>())
}

fn check(house: &House) {
    let faults = faults(house, &read(house));
    assert!(faults.is_empty(), "{}:\n{}", house.folder, faults.join("\n"));
}

#[test]
fn the_rooms_of_the_simulation_look_one_way() {
    check(&SIM);
}

#[test]
fn the_rooms_of_the_console_look_one_way() {
    check(&CONSOLE);
}

#[test]
fn the_rooms_of_the_page_look_one_way() {
    check(&WEB);
}

#[test]
fn the_rooms_of_the_picture_look_one_way() {
    check(&PICTURE);
}

/// Arrows of made-up files.
fn made_up(files: &[(&str, &str)]) -> Arrows {
    arrows(&files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect::<Vec<_>>())
}

/// `from -> to` lines.
fn lines(arrows: &Arrows) -> Vec<String> {
    let line = |(from, tos): (&String, &BTreeSet<String>)| tos.iter().map(|to| format!("{from} -> {to}")).collect();
    arrows.iter().flat_map(|arrow| -> Vec<String> { line(arrow) }).collect()
}

#[test]
fn every_way_of_naming_a_file_is_an_arrow() {
    let roots = [("lib.rs", "pub mod up; pub mod down;"), ("up/mod.rs", "mod a; mod b;"), ("down.rs", "pub struct D;")];
    for (text, wanted) in [
        ("use crate::down::D;", Some("down.rs")),
        ("use crate::{down::{D as E}, up};", Some("down.rs")),
        ("use super::super::down::*;", Some("down.rs")),
        ("fn f() -> crate::down::D { loop {} }", Some("down.rs")),
        ("fn f() { println!(\"{:?}\", crate::down::D) }", Some("down.rs")),
        ("pub(crate) use super::b::B;", Some("up/b.rs")),
        ("mod inner { use super::super::b::B; }", Some("up/b.rs")),
        ("/// [`D`](crate::down::D)\nfn f() {} // crate::down::D", None),
        ("#[cfg(test)] mod tests { use crate::down::D; }", None),
        ("#[cfg(test)]\n#[allow(dead_code)]\nfn f(_: crate::down::D) {}", None),
        ("use std::fmt; fn f() { self::g() } fn g() {}", None),
    ] {
        let mut files = roots.to_vec();
        files.extend([("up/a.rs", text), ("up/b.rs", "")]);
        let found = made_up(&files).remove("up/a.rs").unwrap_or_default();
        assert!(wanted.is_none_or(|to| found.contains(to)), "{text}: {found:?}");
        assert!(wanted.is_some() || found.is_empty(), "{text}: {found:?}");
    }
}

#[test]
fn methods_of_a_type_of_another_file_point_both_ways() {
    let world = ("world.rs", "pub struct World; pub use crate::inner::Inner;");
    let inner = ("inner.rs", "pub struct Inner<T>(T);");
    let root = ("lib.rs", "mod world; mod rooms; mod inner;");
    for (text, wanted) in [
        ("use crate::world::World; impl World { fn f(&self) {} }", "world.rs -> rooms.rs"),
        ("use crate::world::*; impl World {}", "world.rs -> rooms.rs"),
        ("impl crate::world::World {}", "world.rs -> rooms.rs"),
        ("use crate::world::Inner; impl<'a, T: Fn(u8) -> u8> Inner<T> {}", "inner.rs -> rooms.rs"),
        ("use crate::world::World as W; impl W {}", "world.rs -> rooms.rs"),
    ] {
        let found = lines(&made_up(&[root, world, inner, ("rooms.rs", text)]));
        assert!(found.contains(&wanted.to_owned()), "{text}: {found:?}");
    }
    for text in [
        "use crate::world::World; trait T {} impl T for World {}",
        "use crate::world::World; fn f(x: impl Into<World>) {}",
        "struct World; impl World {}",
    ] {
        let found = lines(&made_up(&[root, world, inner, ("rooms.rs", text)]));
        assert!(!found.contains(&"world.rs -> rooms.rs".to_owned()), "{text}: {found:?}");
    }
}

const MADE_UP: House = House {
    folder: "",
    rooms: &[&["door"], &["left", "right"], &["ground"]],
    circles: &[Circle { within: "ground", files: &["a", "b"], because: "they are made up" }],
};

#[test]
fn a_wrong_arrow_and_a_circle_are_found() {
    let root = ("lib.rs", "mod door; mod left; mod right; mod ground;");
    let ground = [
        root,
        ("door.rs", "use crate::left::L; use crate::ground::a::A;"),
        ("left.rs", "use crate::ground::a::A; pub struct L;"),
        ("ground/mod.rs", "pub mod a; pub mod b;"),
        ("ground/a.rs", "use super::b::B; pub struct A;"),
        ("ground/b.rs", "use super::a::A; pub struct B;"),
    ];
    let with = |path: &'static str, text: &'static str| {
        let mut files = ground.to_vec();
        files.retain(|(known, _)| *known != path);
        files.push((path, text));
        faults(&MADE_UP, &made_up(&files))
    };
    assert_eq!(with("right.rs", ""), [""; 0], "all is well");
    assert_eq!(
        with("ground/a.rs", "use crate::door::D;"),
        [
            "ground/a.rs must not know door.rs",
            "a circle of 3 that nobody has argued for: door.rs ground/a.rs left.rs",
            "this circle is not there any more, so it must leave the table: ground/a.rs ground/b.rs",
        ]
    );
    assert_eq!(with("right.rs", "use crate::left::L;"), ["right.rs must not know left.rs"], "rooms side by side");
    assert_eq!(with("attic.rs", ""), ["attic.rs is in no room"]);
    assert_eq!(
        with("right.rs", "use crate::run;"),
        ["right.rs must not know lib.rs", "a circle of 2 that nobody has argued for: lib.rs right.rs"],
        "the door is above all"
    );
    assert_eq!(
        with("ground/mod.rs", "pub mod a; pub mod b; use a::A; impl A {}"),
        [
            "a circle of 3 that nobody has argued for: ground/a.rs ground/b.rs ground/mod.rs",
            "this circle is not there any more, so it must leave the table: ground/a.rs ground/b.rs",
        ]
    );
}
