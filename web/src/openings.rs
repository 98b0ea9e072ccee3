//! Opening something else in a page that is already there: an example, or another person's run.

use crate::desk::Desk;
use crate::examples;
use crate::first_visit;
use crate::frames;
use crate::state::{Action, LogKind, Panel, Wordless};
use crate::told;
use petri_lessons::Example;
use petri_sim::story::shared::{Refused, Shared};
use wasm_bindgen_futures::spawn_local;

/// After so many milliseconds somebody who waits wants to know what for.
const NOTICEABLE: u32 = 400;

/// Opens an example: at once if its texts are here, and otherwise when they have come. Until then, and if they do not
/// come, everything stays as it is.
pub fn open_example(desk: &Desk, example: &'static Example) {
    let is_wanted = desk.wish();
    if show(desk, example) {
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
        show(&desk, example);
    });
}

/// Shows an example, if its texts are here. Answers whether they are.
fn show(desk: &Desk, example: &'static Example) -> bool {
    let Some(actions) = first_visit::show_example(&desk.session, example) else { return false };
    actions.into_iter().for_each(|action| desk.send(action));
    let suggested = first_visit::suggestion(desk.session.timeline().world()).is_some();
    desk.send(Action::Untried(suggested));
    desk.send(Action::ShowPanel(Panel::Cluster));
    desk.session.play();
    true
}

/// Opens another person's run.
pub fn open_link(desk: &Desk, shared: Shared) {
    // Opened at once, so nobody has to ask later.
    let _ = desk.wish();
    first_visit::show_link(&desk.session, shared).into_iter().for_each(|action| desk.send(action));
}

/// Says why a link was not opened. Whatever is shown stays; what could be saved of it lies beside that.
pub fn refuse_link(desk: &Desk, refused: &Refused) {
    let (words, files) = told::not_opened(refused);
    files.into_iter().for_each(|(name, text)| desk.send(Action::NewFile { name: name.into(), text }));
    desk.log(LogKind::Warning, words.clone());
    desk.toast(words, None);
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
