//! The console: what was said and answered, and the line that is being typed.

use crate::desk::shell;
use crate::desk::use_desk;
use crate::session::use_slice;
use crate::state::{Action, LogKind, LogLine};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{ClipboardEvent, Element, HtmlInputElement};
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub struct ConsoleProps {
    pub wide: bool,
    /// Whether what was said is in sight. Where the console is one line, it opens upward over the timeline.
    pub open: bool,
    pub log: Rc<Vec<LogLine>>,
}

#[component]
pub fn Console(props: &ConsoleProps) -> Html {
    let desk = use_desk();
    let scroller = use_node_ref();
    {
        let scroller = scroller.clone();
        use_effect_with((props.log.last().map(|line| line.number), props.open), move |_| {
            if let Some(scroller) = scroller.cast::<Element>() {
                scroller.set_scroll_top(scroller.scroll_height());
            }
        });
    }
    let waits = {
        let desk = desk.clone();
        use_slice((), move |_, ()| shell::waits(&desk))
    };
    let toggle = desk.sends(Action::Drawer(!props.open));
    let fold = {
        let desk = desk.clone();
        let folds = props.wide && props.open;
        Callback::from(move |event: KeyboardEvent| {
            if folds && event.key() == "Escape" {
                event.stop_propagation();
                desk.send(Action::Drawer(false));
            }
        })
    };
    let stop = Callback::from(move |_: MouseEvent| {
        shell::interrupt(&desk);
        desk.session.changed();
    });
    let last =
        props.log.last().filter(|_| !props.open).map(|line| line.text.lines().last().unwrap_or_default().to_owned());
    let line = |line: &LogLine| {
        let class = match line.kind {
            LogKind::Input => "in",
            LogKind::Output => "out",
            LogKind::Warning => "w",
            LogKind::Error => "err",
        };
        let prompt = (line.kind == LogKind::Input).then(|| html! { <span class="p">{ "$ " }</span> });
        html! { <div key={line.number} {class}>{ prompt }{ &line.text }</div> }
    };
    html! {
        <section class={classes!("con", props.open.then_some("open"))} aria-label="Console" onkeydown={fold}>
            <div class="term" ref={scroller} tabindex={if props.open { "0" } else { "-1" }} role="log" aria-label="Console output">{ for props.log.iter().map(line) }</div>
            if !waits.is_empty() {
                <div key="waits" class="still" role="status">
                    <span title={waits.join("\n")}>{ format!("waiting for {}", waits.join("; ")) }</span>
                    <button class="btn quiet" onclick={stop}>{ "Stop waiting" }</button>
                </div>
            }
            <div key="prompt" class="prompt">
                if props.wide {
                    <button class="btn quiet" id="drawer-button" aria-expanded={props.open.to_string()} onclick={toggle}>
                        { if props.open { "▾ Console" } else { "▴ Console" } }
                    </button>
                }
                <CommandLine key="line" id="console-line" placeholder={if props.wide { "kubectl, dig, cut node-1, run 6m · Tab completes · help" } else { "kubectl get pods, or help" }} />
                <span class="last" hidden={last.is_none()}>{ last }</span>
            </div>
        </section>
    }
}

#[derive(PartialEq, Properties)]
pub struct CommandLineProps {
    pub id: &'static str,
    pub placeholder: &'static str,
}

thread_local! {
    /// What was said before, the newest last: shared by the console and the palette.
    static HISTORY: std::cell::RefCell<Vec<String>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Lines that are remembered.
const REMEMBERED: usize = 200;

pub(super) fn remember(line: &str) {
    HISTORY.with_borrow_mut(|history| {
        if history.last().map(String::as_str) != Some(line) {
            history.push(line.to_owned());
        }
        let over = history.len().saturating_sub(REMEMBERED);
        history.drain(..over);
    });
}

/// One line of text that becomes a command: history with the arrows, completion with Tab.
#[component]
pub fn CommandLine(props: &CommandLineProps) -> Html {
    let desk = use_desk();
    let input = use_node_ref();
    let back = use_mut_ref(|| 0usize);
    let choices = use_state(Vec::<String>::new);
    // That of a shell in a container, or of a line that is not done.
    let prompt = {
        let desk = desk.clone();
        use_slice((), move |_, ()| match shell::waits(&desk).is_empty() {
            true => shell::prompt(&desk).unwrap_or_else(|| "$".to_owned()),
            false => "…".to_owned(),
        })
    };
    let said = {
        let (desk, input, back, choices) = (desk.clone(), input.clone(), back.clone(), choices.setter());
        Callback::from(move |line: String| {
            if let Some(input) = input.cast::<HtmlInputElement>() {
                input.set_value("");
            }
            *back.borrow_mut() = 0;
            choices.set(Vec::new());
            if !line.trim().is_empty() {
                // History keeps what fits into a line.
                if !line.trim().contains('\n') {
                    remember(line.trim());
                }
                // The console itself shows what went wrong.
                desk.send(Action::Drawer(true));
                shell::say(&desk, &line);
            }
        })
    };
    // Several lines are run at once, as in a terminal: here they would become one, and a here-document would lose its end.
    let onpaste = {
        let (input, said) = (input.clone(), said.clone());
        Callback::from(move |event: Event| {
            let pasted = event.unchecked_ref::<ClipboardEvent>().clipboard_data();
            let text = pasted.and_then(|data| data.get_data("text/plain").ok()).unwrap_or_default();
            let Some(input) = input.cast::<HtmlInputElement>() else { return };
            if text.trim().contains('\n') {
                event.prevent_default();
                said.emit(input.value() + &text);
            }
        })
    };
    let onkeydown = {
        let (input, setter) = (input.clone(), choices.setter());
        Callback::from(move |event: KeyboardEvent| {
            let Some(input) = input.cast::<HtmlInputElement>() else { return };
            match event.key().as_str() {
                // No form: a sandboxed frame may not have any. Whoever composes a word ends it with this key.
                "Enter" if !event.is_composing() => {
                    event.prevent_default();
                    said.emit(input.value());
                }
                "ArrowUp" | "ArrowDown" => {
                    event.prevent_default();
                    let line = HISTORY.with_borrow(|history| {
                        let mut back = back.borrow_mut();
                        *back = if event.key() == "ArrowUp" {
                            (*back + 1).min(history.len())
                        } else {
                            back.saturating_sub(1)
                        };
                        history.len().checked_sub(*back).and_then(|at| history.get(at)).cloned().unwrap_or_default()
                    });
                    input.set_value(&line);
                }
                // An empty line leaves Tab to the page: the console must not trap the keyboard.
                "Tab" if !event.shift_key() && !input.value().is_empty() => {
                    event.prevent_default();
                    let line = input.value();
                    let found = complete(&desk, &line);
                    if let Some(longer) = found.0 {
                        input.set_value(&longer);
                    }
                    setter.set(found.1);
                }
                // With a selection the keys copy it; with nothing that waits there is nothing to stop.
                "c" if event.ctrl_key()
                    && input.selection_start() == input.selection_end()
                    && shell::interrupt(&desk) =>
                {
                    event.prevent_default();
                    desk.session.changed();
                }
                _ => {}
            }
        })
    };
    let choices_id = format!("{}-choices", props.id);
    html! {
        <div class="command-line">
            <div class="choices" id={choices_id.clone()} role="status" hidden={choices.is_empty()}>{ choices.join("  ") }</div>
            <label class="p" for={props.id} aria-hidden="true">{ &*prompt }</label>
            <input id={props.id} ref={input} type="text" aria-label="Command" aria-describedby={choices_id} placeholder={props.placeholder}
                autocomplete="off" autocapitalize="off" spellcheck="false" enterkeyhint="go" {onkeydown} {onpaste} />
        </div>
    }
}

/// The line with what is common to all completions, and the completions if there are several.
pub(super) fn complete(desk: &crate::desk::Desk, line: &str) -> (Option<String>, Vec<String>) {
    let timeline = desk.session.timeline();
    let found = petri_console::complete(line, line.len(), timeline.world());
    let word = line.rfind(' ').map_or(0, |at| at + 1);
    let (before, typed) = line.split_at(word);
    let found: Vec<String> = found.into_iter().filter(|choice| choice.starts_with(typed)).collect();
    match &found[..] {
        [] => (None, Vec::new()),
        [one] => (Some(format!("{before}{one} ")), Vec::new()),
        [first, rest @ ..] => {
            let common = rest.iter().fold(first.as_str(), |common, other| {
                let same = common.char_indices().zip(other.chars()).find(|((_, a), b)| a != b);
                let end = same.map_or(common.len().min(other.len()), |((at, _), _)| at);
                &common[..end]
            });
            (Some(format!("{before}{common}")), found.clone())
        }
    }
}
