//! The palette: one line that finds everything, and the list of what it finds.
//!
//! The list is made when the palette opens: what one is about to choose does not move while time goes on.

use super::console::{complete, remember};
use super::float::{FloatBox, Place};
use crate::desk::{Desk, shell, use_desk};
use crate::openings;
use crate::paint;
use crate::palette::{self, Deed, Finds, Found, Group, Known, Mark, Pick, Row};
use crate::state::{Action, Panel, Sight};
use crate::verbs::{self, Act};
use crate::wide::use_wide;
use petri_console::Turn;
use petri_lessons::Example;
use petri_picture::view::Target;
use wasm_bindgen::JsCast as _;
use web_sys::{ClipboardEvent, HtmlElement, HtmlInputElement};
use yew::prelude::*;

/// What is left below the chosen row, in pixels.
const EDGE: i32 = 6;

#[derive(PartialEq, Properties)]
pub struct PaletteProps {
    pub selection: Option<Target>,
    pub sight: Sight,
    /// The file that is open.
    pub active: u32,
    /// What the line begins with.
    pub line: String,
}

fn sign(mark: Mark) -> Html {
    let path = match mark {
        Mark::Verb => "M3 4.5v7M3 8h3.5M13 4.5v7M13 8H9.5",
        Mark::Object => "M3 3.5h10v9H3z",
        Mark::Lesson => "M2.5 3.5h11v9h-11zM8 3.5v9",
        Mark::Example => "M4 2.5h5l3 3v8H4zM9 2.5v3h3",
        Mark::Page => {
            "M8 5.6a2.4 2.4 0 1 0 0 4.8a2.4 2.4 0 1 0 0-4.8M8 1.8v2M8 12.2v2M1.8 8h2M12.2 8h2M3.6 3.6L5 5M11 11l1.4 1.4M12.4 3.6L11 5M5 11l-1.4 1.4"
        }
        Mark::Word => "M3 4.5h10M3 8h10M3 11.5h6",
        Mark::Line => "M2 3.5h12v9H2zM4.5 6.5L6.2 8l-1.7 1.5M7.8 10h3",
    };
    html! { <svg viewBox="0 0 16 16" aria-hidden="true"><path d={path} fill="none" stroke="currentColor" stroke-width="1.3"/></svg> }
}

/// A label with the letters that were typed set apart.
fn label(found: &Found<'_>) -> Html {
    let text = &found.row.label;
    let mut parts: Vec<Html> = Vec::new();
    let mut from = 0;
    for mark in &found.marks {
        let (Some(before), Some(typed)) = (text.get(from..mark.start), text.get(mark.clone())) else { continue };
        parts.push(html! { <>{ before.to_owned() }<u>{ typed.to_owned() }</u></> });
        from = mark.end;
    }
    parts.push(html! { { text[from..].to_owned() } });
    html! { <b>{ for parts }</b> }
}

#[component]
pub fn PaletteDialog(props: &PaletteProps) -> Html {
    let desk = use_desk();
    let input = use_node_ref();
    let list = use_node_ref();
    let is_wide = use_wide();
    let typed = use_state_eq(|| props.line.clone());
    let chosen = use_state_eq(|| 0usize);
    let rows = {
        let (desk, active) = (desk.clone(), props.active);
        use_memo((props.selection.clone(), props.sight.clone(), is_wide), move |(selection, sight, is_wide)| {
            let (timeline, files, bookmarks) = (desk.session.timeline(), desk.files(), desk.bookmarks());
            palette::rows(&Known {
                timeline: &timeline,
                selection: selection.as_ref(),
                sight: sight.clone(),
                files: &files,
                active,
                bookmarks: &bookmarks,
                is_wide: *is_wide,
                is_large: paint::is_large(),
            })
        })
    };
    let line = palette::said(&typed);
    let is_line = palette::is_line(&typed, desk.session.timeline().world());
    let finds: Finds<'_> = palette::search(&typed, &rows, line.as_ref(), is_line);
    let flat: Vec<&Row> = finds.groups.iter().flat_map(|(_, found)| found.iter().map(|found| found.row)).collect();
    let at = (*chosen).min(flat.len().saturating_sub(1));
    {
        let input = input.clone();
        use_effect_with((), move |()| {
            if let Some(input) = input.cast::<HtmlInputElement>() {
                let _ = input.focus();
            }
        });
    }
    {
        let list = list.clone();
        use_effect_with((at, (*typed).clone()), move |_| {
            if let Some(list) = list.cast::<HtmlElement>() {
                show_chosen(&list);
            }
        });
    }
    let write = {
        let (typed, chosen) = (typed.setter(), chosen.setter());
        move |text: String| {
            typed.set(text);
            chosen.set(0);
        }
    };
    let pick = {
        let (desk, write, input, selection) = (desk.clone(), write.clone(), input.clone(), props.selection.clone());
        Callback::from(move |row: Row| {
            if row.refused.is_some() {
                return;
            }
            match row.pick.unfinished() {
                // The rest is for whoever chose it to say.
                Some(line) => {
                    write(line.to_owned());
                    if let Some(input) = input.cast::<HtmlInputElement>() {
                        let _ = input.focus();
                    }
                }
                None => carry_out(&desk, &row.pick, selection.as_ref(), is_wide),
            }
        })
    };
    let oninput = {
        let write = write.clone();
        Callback::from(move |event: InputEvent| write(event.target_unchecked_into::<HtmlInputElement>().value()))
    };
    // Several lines are run at once, as in the console.
    let onpaste = {
        let desk = desk.clone();
        Callback::from(move |event: Event| {
            let pasted = event.unchecked_ref::<ClipboardEvent>().clipboard_data();
            let text = pasted.and_then(|data| data.get_data("text/plain").ok()).unwrap_or_default();
            if text.trim().contains('\n') {
                event.prevent_default();
                desk.send(Action::Close);
                desk.send(Action::Drawer(true));
                shell::say(&desk, &text);
            }
        })
    };
    let onkeydown = {
        let count = flat.len();
        let row = flat.get(at).map(|row| (*row).clone());
        let (pick, chosen, desk, text) = (pick.clone(), chosen.setter(), desk.clone(), (*typed).clone());
        let rows = rows.clone();
        Callback::from(move |event: KeyboardEvent| {
            // Who types faster than the page draws means what was typed, and not what is drawn.
            let now = event.target_unchecked_into::<HtmlInputElement>().value();
            match event.key().as_str() {
                "ArrowDown" if count > 0 => chosen.set((at + 1) % count),
                "ArrowUp" if count > 0 => chosen.set((at + count - 1) % count),
                // Whoever composes a word ends it with this key.
                "Enter" if !event.is_composing() && now == text => row.iter().for_each(|row| pick.emit(row.clone())),
                "Enter" if !event.is_composing() => {
                    let line = palette::said(&now);
                    let is_line = palette::is_line(&now, desk.session.timeline().world());
                    let finds = palette::search(&now, &rows, line.as_ref(), is_line);
                    let first =
                        finds.groups.first().and_then(|(_, found)| found.first()).map(|found| found.row.clone());
                    first.into_iter().for_each(|row| pick.emit(row));
                }
                "Tab" if !event.shift_key() && !text.is_empty() => match completed(&desk, &text, row.as_ref()) {
                    Some(longer) => write(longer),
                    None => return,
                },
                _ => return,
            }
            event.prevent_default();
            event.stop_propagation();
        })
    };
    let mut number = 0;
    let mut option = |found: &Found<'_>| {
        let (own, row) = (number, found.row);
        number += 1;
        let onclick = {
            let (pick, row) = (pick.clone(), row.clone());
            Callback::from(move |_: MouseEvent| pick.emit(row.clone()))
        };
        let class = classes!("find-row", row.risky.then_some("risky"));
        html! {
            <div key={own} id={format!("find-{own}")} {class} role="option" aria-selected={(own == at).to_string()}
                aria-disabled={row.refused.is_some().then_some("true")} data-find={row.label.clone()} {onclick}>
                { sign(row.mark) }<span>{ label(found) }{ " " }<i>{ &row.note }</i></span><code>{ &row.line }</code>
            </div>
        }
    };
    let groups: Html = finds
        .groups
        .iter()
        .map(|(group, found)| {
            let id = format!("find-{}", group.word());
            html! {
                <div key={group.word()} role="group" aria-labelledby={id.clone()} data-group={group.word()}>
                    <div class="find-head" role="presentation" {id}>{ heading(*group, props.selection.as_ref()) }</div>
                    { for found.iter().map(&mut option) }
                </div>
            }
        })
        .collect();
    let count = if typed.trim().is_empty() { String::new() } else { format!("{} found", finds.count) };
    let active = (!flat.is_empty()).then(|| format!("find-{at}"));
    html! {
        <FloatBox place={Place::Middle} label="Search or run" role="dialog" class="palette">
            <style>{ include_str!("../../styles/late/palette.css") }</style>
            <div class="find-line">
                { super::glyph::Sign::Find.html() }
                <input id="palette-line" ref={input} type="text" role="combobox" aria-label="Search or run" aria-expanded="true" aria-autocomplete="list"
                    aria-controls="palette-list" aria-activedescendant={active} placeholder="Search, or say a command" data-autofocus="true"
                    autocomplete="off" autocapitalize="off" spellcheck="false" enterkeyhint="go" value={(*typed).clone()} {oninput} {onkeydown} {onpaste} />
                <span role="status">{ count }</span>
            </div>
            <div id="palette-list" class="finds" ref={list} role="listbox" aria-label="What was found">{ groups }</div>
            <p class="find-keys" aria-hidden="true">
                <kbd>{ "↑" }</kbd><kbd>{ "↓" }</kbd>{ " choose " }<kbd>{ "↵" }</kbd>{ " run " }<kbd>{ "Tab" }</kbd>{ " complete " }<kbd>{ "Esc" }</kbd>{ " close" }
                <span>{ "a whole console line runs too" }</span>
            </p>
        </FloatBox>
    }
}

fn heading(group: Group, selection: Option<&Target>) -> String {
    match group {
        Group::Selected => {
            let title = selection.map(verbs::title).unwrap_or_default();
            format!("For what is selected: {title}")
        }
        Group::Verbs => "What can be done".into(),
        Group::Objects => "Objects".into(),
        Group::Lessons => "Lessons and examples".into(),
        Group::Page => "This page".into(),
        Group::Words => "What it means".into(),
        Group::Line => "Console".into(),
    }
}

/// What Tab makes of the line: that of the chosen row, or what the console would make of it.
fn completed(desk: &Desk, typed: &str, row: Option<&Row>) -> Option<String> {
    let of_row = row.filter(|row| matches!(row.pick, Pick::Act(_))).map(|row| row.line.trim_end_matches('\u{2026}'));
    of_row.filter(|line| *line != typed).map(str::to_owned).or_else(|| complete(desk, typed).0)
}

/// Scrolls the chosen row into the list, and no further than it has to.
fn show_chosen(list: &HtmlElement) {
    let row = list.query_selector("[aria-selected=true]").ok().flatten();
    let Some(row) = row.and_then(|row| row.dyn_into::<HtmlElement>().ok()) else { return };
    let (top, bottom) = (row.offset_top(), row.offset_top() + row.offset_height());
    // With the heading of its group, and with air below.
    let (first, last) = (top - row.offset_height(), bottom + EDGE - list.client_height());
    if first < list.scroll_top() {
        list.set_scroll_top(first);
    } else if last > list.scroll_top() {
        list.set_scroll_top(last);
    }
}

fn carry_out(desk: &Desk, pick: &Pick, selection: Option<&Target>, is_wide: bool) {
    // First: whatever is opened next stays open, and the focus is back where it was.
    desk.send(Action::Close);
    match pick {
        Pick::Act(act) => {
            if let Act::Do(_) | Act::Say(_) = act {
                remember(&act.line());
            }
            desk.act(act);
        }
        Pick::Select(target) => desk.select(target.clone()),
        Pick::Example(example) => openings::open_example(desk, example),
        Pick::Lesson(lesson) => {
            if let Some(example) = Example::named(lesson.manifest) {
                openings::open_example(desk, example);
            }
        }
        Pick::Open(popup) => desk.send(Action::Open(popup.clone())),
        Pick::Show(panel) => desk.send(Action::ShowPanel(*panel)),
        Pick::Look(sight) => desk.send(Action::Look(sight.clone())),
        Pick::Page(deed) => carry_out_deed(desk, *deed, selection),
        Pick::Say(line) => {
            remember(line);
            desk.send(Action::Drawer(true));
            desk.say(line);
            // What it answers can be read where the console is.
            if !is_wide {
                desk.send(Action::ShowPanel(Panel::Console));
            }
        }
    }
}

fn carry_out_deed(desk: &Desk, deed: Deed, selection: Option<&Target>) {
    let session = &desk.session;
    match deed {
        Deed::Undo => drop(desk.turn(Turn::Undo)),
        Deed::Redo => drop(desk.turn(Turn::Redo)),
        Deed::Reset => drop(desk.turn(Turn::Reset)),
        Deed::Toggle => session.toggle(),
        Deed::Step => session.step(),
        Deed::StepBack => session.step_back(),
        Deed::Run(span) => desk.run_for(span),
        Deed::Go(at) => desk.seek(at),
        Deed::NextChange => desk.next_change(selection),
        Deed::Bookmark => desk.bookmark(),
        Deed::Apply(file) => {
            if let Some(file) = desk.files().iter().find(|known| known.id == file) {
                desk.apply(file);
            }
        }
        Deed::Save => desk.save(),
        Deed::OpenFile => openings::choose_file(desk),
        Deed::Paint(own) => paint::choose(own),
        Deed::Large(on) => paint::enlarge(on),
    }
}
