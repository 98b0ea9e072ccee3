//! Opening something else in a page that is already there: an example, or another person's run.

use crate::desk::Desk;
use crate::edge;
use crate::examples;
use crate::first_visit::{self, Named, Opening};
use crate::frames;
use crate::state::{Action, File, LogKind, Panel, Wordless};
use crate::told;
use petri_lessons::Example;
use petri_sim::story::recording::Recording;
use petri_sim::story::shared::{Refused, Shared};
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;

/// After so many milliseconds somebody who waits wants to know what for.
const NOTICEABLE: u32 = 400;

/// Opens an example: at once if its texts are here, and otherwise when they have come. Until then, and if they do not
/// come, everything stays as it is.
pub fn open_example(desk: &Desk, example: &'static Example) {
    open_in(desk, example, None);
}

/// The same in a cluster in which nothing was done yet, if there is one: otherwise in that of the example.
fn open_in(desk: &Desk, example: &'static Example, cluster: Option<Recording>) {
    let is_wanted = desk.wish();
    if show(desk, example, cluster.as_ref()) {
        return;
    }
    desk.send(Action::Close);
    desk.send(Action::Loading(Some(example.name)));
    let desk = desk.clone();
    let says = frames::later(NOTICEABLE, {
        let desk = desk.clone();
        move || desk.toast(format!("{} is on its way.", example.name), None)
    });
    spawn_local(async move {
        let fetched = examples::fetch_all(example).await;
        drop(says);
        if !is_wanted() {
            return;
        }
        desk.send(Action::Loading(None));
        if let Err(words) = fetched {
            let words = format!("{words}. Everything is as it was.");
            desk.log(LogKind::Error, words.clone());
            return desk.toast(words, None);
        }
        show(&desk, example, cluster.as_ref());
    });
}

/// Shows an example, if its texts are here. Answers whether they are.
fn show(desk: &Desk, example: &'static Example, cluster: Option<&Recording>) -> bool {
    if examples::files(example).is_none() {
        return false;
    }
    let left = desk.leave();
    let shown = match cluster {
        Some(cluster) => first_visit::show_in(&desk.session, example, cluster.clone()),
        None => first_visit::show_example(&desk.session, example),
    };
    shown.into_iter().flatten().for_each(|action| desk.send(action));
    desk.arrive(left);
    let suggested = first_visit::suggestion(desk.session.timeline().world()).is_some();
    desk.send(Action::Untried(suggested));
    desk.send(Action::ShowPanel(Panel::Cluster));
    desk.session.play();
    true
}

/// What a new cluster begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Content {
    Nothing,
    /// The files that are open.
    #[default]
    Files,
    Example(&'static Example),
}

/// Puts a cluster in which nothing was done yet in the place of the present one.
pub fn open_cluster(desk: &Desk, cluster: Recording, content: Content) {
    if let Content::Example(example) = content {
        return open_in(desk, example, Some(cluster));
    }
    let _ = desk.wish();
    let left = desk.leave();
    desk.session.replace(cluster);
    desk.send(Action::ClearLog);
    let title = String::from(NEW);
    match content {
        Content::Nothing => desk.send(Action::Example { title, name: "new.yaml".into(), text: "".into() }),
        _ => {
            desk.send(Action::Begin { title });
            for file in desk.files().iter().filter(|file| !file.text.trim().is_empty()) {
                desk.apply(&File { applied: None, ..(**file).clone() });
            }
        }
    }
    desk.send(Action::Untried(first_visit::suggestion(desk.session.timeline().world()).is_some()));
    desk.send(Action::ShowPanel(Panel::Cluster));
    desk.arrive(left);
    desk.session.play();
}

/// The title of a cluster that somebody has made.
const NEW: &str = "New cluster";

/// Opens what an address names, in slices: until it stands, whatever is shown stays.
pub fn open_named(desk: &Desk, named: Result<Named, Refused>) {
    match named {
        Ok(Named::Run(shared)) => open(desk, told::told(&shared), Opening::link(shared)),
        Ok(Named::Unplayed(shared)) => open(desk, told::told(&shared), Opening::unplayed(shared)),
        Ok(Named::Manifests(manifests)) => {
            let (words, files) = told::manifests_alone(&manifests);
            say(desk, words, files);
        }
        Err(refused) => refuse_link(desk, &refused),
    }
}

/// Opens a recording, or a link, from a file's text.
pub fn open_text(desk: &Desk, text: &str) {
    let text = text.trim();
    let named = match text.split_once('#').filter(|_| !text.starts_with('{')) {
        Some((_, fragment)) => first_visit::named(fragment),
        None => Some(Shared::from_json(text).map(Named::Run)),
    };
    let nothing = || Refused { words: "there is no run in it".into(), manifests: Vec::new() };
    open_named(desk, named.unwrap_or_else(|| Err(nothing())));
}

/// Lets a person choose a file with a recording, and opens it.
pub fn choose_file(desk: &Desk) {
    let desk = desk.clone();
    spawn_local(async move {
        if let Some(text) = edge::choose().await {
            edge::expect_third_part().await;
            desk.send(Action::Close);
            open_text(&desk, &text);
        }
    });
}

fn open(desk: &Desk, actions: Vec<Action>, opening: Opening) {
    go_on(desk.clone(), opening, actions, Rc::new(desk.wish()), 0.0);
}

/// Plays one slice of a run that is being opened, and leaves the rest to the next one. `told` is when somebody was last
/// told how far it is.
fn go_on(desk: Desk, mut opening: Opening, actions: Vec<Action>, is_wanted: Rc<dyn Fn() -> bool>, mut told: f64) {
    if !is_wanted() {
        return desk.send(Action::Opening(None));
    }
    if opening.advance() {
        let now = frames::now();
        if now - told > f64::from(NOTICEABLE) {
            // The first time nobody has waited yet.
            if told > 0.0 {
                desk.send(Action::Opening(Some((opening.done_so_far() * 100.0) as u32)));
            }
            told = now;
        }
        let next = desk.clone();
        let later = frames::later(0, move || go_on(next, opening, actions, is_wanted, told));
        return desk.await_opening(later);
    }
    desk.send(Action::Opening(None));
    if let Some(refused) = opening.refusal() {
        return refuse_link(&desk, refused);
    }
    let news = opening.news();
    desk.session.show(opening.into_timeline());
    desk.begin();
    actions.into_iter().chain(news).for_each(|action| desk.send(action));
}

/// Says why a link was not opened. Whatever is shown stays; what could be saved of it lies beside that.
pub fn refuse_link(desk: &Desk, refused: &Refused) {
    let (words, files) = told::not_opened(refused);
    say(desk, words, files);
}

fn say(desk: &Desk, words: String, files: Vec<(&'static str, Rc<str>)>) {
    files.into_iter().for_each(|(name, text)| desk.send(Action::NewFile { name: name.into(), text }));
    told::warned(words).into_iter().for_each(|action| desk.send(action));
}

/// Fetches the own words of files that show what was applied of an example. If they cannot be had, the files stay so.
pub fn reword(desk: &Desk, files: &[Wordless]) {
    for Wordless { example, text } in files.iter().cloned() {
        let desk = desk.clone();
        spawn_local(async move {
            match examples::fetch(example).await {
                Ok(to) => desk.send(Action::Reword { from: text, to }),
                Err(words) => desk.toast(format!("{words}. The file shows what was applied of it."), None),
            }
        });
    }
}
