//! The card that says what to try next.

use crate::desk::use_desk;
use crate::first_visit;
use crate::guide::{self, Step};
use crate::session::use_world;
use crate::state::{Action, Panel, Popup};
use petri_picture::view::Target;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub struct GuideProps {
    /// Whether something is selected: then the story shows itself only once it has begun.
    pub selected: bool,
}

#[component]
pub fn Guide(props: &GuideProps) -> Html {
    let desk = use_desk();
    let step = use_world((), |timeline, ()| guide::step(timeline));
    let Some(step) = &*step else { return html! { <i hidden=true /> } };
    let (number, text, act, id) = match step {
        Step::Cut { .. } if props.selected => return html! { <i hidden=true /> },
        Step::Cut { node, pod } => (
            "1 of 3",
            format!("Cut {node} off from the control plane. Its pod {pod} runs on, and nobody can tell."),
            format!("Cut {node} off"),
            "try-button",
        ),
        Step::Forget { node, pod } => (
            "2 of 3",
            format!(
                "{pod} still runs on {node}, so Kubernetes starts no second one. A force delete makes the API server forget it, whether it runs or not. You need not wait for anything."
            ),
            format!("Force-delete {pod}"),
            "guide-button",
        ),
        Step::Wait { pod, seconds, foreseen } => (
            "3 of 3",
            format!(
                "The old {pod} runs on. The new one waits for the disk, which is detached by force after 6 minutes."
            ),
            match foreseen {
                true => format!("Run until {pod} runs twice"),
                false => format!("Let {seconds} s pass"),
            },
            "guide-button",
        ),
        Step::Done { pod } => (
            "done",
            format!(
                "Two processes run as {pod}. Go back on the timeline and take another way, or compare it with a day without the force delete."
            ),
            "Compare".to_owned(),
            "guide-button",
        ),
    };
    let onclick = {
        let (desk, step) = (desk.clone(), step.clone());
        Callback::from(move |_: MouseEvent| match (&step, step.line()) {
            (Step::Cut { .. }, _) => first_visit::try_it(&desk),
            (_, Some(line)) => desk.say(&line),
            (_, None) => desk.send(Action::Open(Popup::Compare)),
        })
    };
    let risky = matches!(step, Step::Forget { .. });
    html! {
        <section class="q">
            <div class="try">
                <div class="row">
                    <h2>{ step.title() }</h2>
                    <span class="count">{ number }
                        <button class="x" aria-label="Close what to try" onclick={desk.sends(Action::Tried)}>{ "×" }</button>
                    </span>
                </div>
                <p>{ text }</p>
                <div class="row">
                    <button class={classes!("btn", risky.then_some("risky"))} {id} {onclick}>{ act }</button>
                    <code>{ step.line().unwrap_or_default() }</code>
                </div>
            </div>
        </section>
    }
}

#[derive(PartialEq, Properties)]
pub struct NextStepProps {
    /// Whether the story is told, or was closed.
    pub told: bool,
    pub selection: Option<Target>,
}

/// Where the story is a panel away, on small screens: what comes next, or who is selected, and the way there.
#[component]
pub fn NextStep(props: &NextStepProps) -> Html {
    let desk = use_desk();
    let step = use_world(props.told, |timeline, told| told.then(|| guide::step(timeline)).flatten());
    let words = match (&*step, props.selection.as_ref().and_then(Target::object)) {
        (Some(step @ (Step::Forget { .. } | Step::Wait { .. } | Step::Done { .. })), _) => {
            format!("What next? {}", step.title())
        }
        (_, Some(object)) => format!("About {}", object.name),
        _ => String::new(),
    };
    html! {
        <button class="meter others next" id="next-step" hidden={words.is_empty()} onclick={desk.sends(Action::ShowPanel(Panel::Why))}>
            { words }<span aria-hidden="true">{ "→" }</span>
        </button>
    }
}
