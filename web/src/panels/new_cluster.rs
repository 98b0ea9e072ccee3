//! The dialog that makes another cluster.

use super::float::{FloatBox, Place};
use crate::desk::use_desk;
use crate::openings::{Content, open_cluster};
use crate::plan::{self, Distance, Plan};
use crate::state::Action;
use petri_lessons::{EXAMPLES, Example};
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

#[derive(PartialEq, Properties)]
struct ChoiceProps {
    label: &'static str,
    /// Each with its word for tests.
    options: Vec<(String, bool, Callback<MouseEvent>)>,
}

/// One of a few.
#[component]
fn Choice(props: &ChoiceProps) -> Html {
    html! {
        <span class="seg" role="group" aria-label={props.label}>
            { for props.options.iter().map(|(text, on, onclick)| html! {
                <button key={text.clone()} class={classes!(on.then_some("on"))} aria-pressed={on.to_string()} {onclick}>{ text.clone() }</button>
            }) }
        </span>
    }
}

#[derive(PartialEq, Properties)]
struct NumberProps {
    id: &'static str,
    label: &'static str,
    value: String,
    /// Hears what was typed; what it is no number for stays as it was.
    on_typed: Callback<String>,
}

/// A field for a number, or for a duration.
#[component]
fn Number(props: &NumberProps) -> Html {
    let on_typed = props.on_typed.clone();
    let onchange = Callback::from(move |event: Event| {
        on_typed.emit(event.target_unchecked_into::<HtmlInputElement>().value());
    });
    html! {
        <input id={props.id} class="field" type="text" inputmode="numeric" autocomplete="off" aria-label={props.label} value={props.value.clone()} {onchange} />
    }
}

#[component]
pub fn NewClusterDialog() -> Html {
    let desk = use_desk();
    let plan = use_state_eq(Plan::default);
    let files = desk.files();
    let names: Vec<String> =
        files.iter().filter(|file| !file.text.trim().is_empty()).map(|file| file.name.clone()).collect();
    let content = use_state_eq(|| if names.is_empty() { Content::Nothing } else { Content::Files });
    let changes = |change: fn(&mut Plan, u64)| {
        let plan = plan.clone();
        move |number: u64| {
            let mut next = (*plan).clone();
            change(&mut next, number);
            plan.set(next.bounded());
        }
    };
    let one_of = |label: &'static str, numbers: &[u64], own: u64, change: fn(&mut Plan, u64)| {
        let option = |number: &u64| {
            let (set, number) = (changes(change), *number);
            (number.to_string(), number == own, Callback::from(move |_: MouseEvent| set(number)))
        };
        let options: Vec<_> = numbers.iter().map(option).collect();
        html! { <Choice {label} {options} /> }
    };
    let number = |id: &'static str, label: &'static str, value: u64, change: fn(&mut Plan, u64)| {
        let set = changes(change);
        let on_typed = Callback::from(move |text: String| {
            // Whatever is no number is taken for what stood there.
            set(text.trim().parse().unwrap_or(value));
        });
        html! { <Number {id} {label} value={value.to_string()} {on_typed} /> }
    };
    let delay = |id: &'static str, label: &'static str, value: u32, change: fn(&mut Plan, u64)| {
        let set = changes(change);
        let on_typed = Callback::from(move |text: String| set(u64::from(plan::seconds(&text).unwrap_or(value))));
        html! { <Number {id} {label} value={plan::spelled(value)} {on_typed} /> }
    };
    let starts = {
        let choose = |text: &str, own: Content| {
            let content = content.clone();
            (text.to_owned(), *content == own, Callback::from(move |_: MouseEvent| content.set(own)))
        };
        let of_files = (!names.is_empty()).then(|| choose("the open files", Content::Files));
        let example = match *content {
            Content::Example(_) => choose("an example", *content),
            _ => choose("an example", Content::Example(&EXAMPLES[0])),
        };
        let options: Vec<_> =
            [choose("empty", Content::Nothing)].into_iter().chain(of_files).chain([example]).collect();
        html! { <Choice label="Start with" {options} /> }
    };
    let note = match *content {
        Content::Nothing => html! { { "Nodes, and nothing on them." } },
        Content::Files => html! { { format!("{} applied at 0:00.", listed(&names)) } },
        Content::Example(own) => {
            let content = content.clone();
            let onchange = Callback::from(move |event: Event| {
                let name = event.target_unchecked_into::<HtmlSelectElement>().value();
                if let Some(example) = Example::named(&name) {
                    content.set(Content::Example(example));
                }
            });
            html! {
                <select id="new-example" class="field" aria-label="Example" {onchange}>
                    { for EXAMPLES.iter().map(|example| html! {
                        <option key={example.name} value={example.name} selected={example == own}>{ example.title }</option>
                    }) }
                </select>
            }
        }
    };
    let distances: Vec<_> = Distance::ALL
        .into_iter()
        .map(|distance| {
            let (is_on, plan) = (plan.distance == distance, plan.clone());
            let onclick = Callback::from(move |_: MouseEvent| plan.set(Plan { distance, ..(*plan).clone() }));
            (distance.title().to_owned(), is_on, onclick)
        })
        .collect();
    let distances = html! { <Choice label="Latency" options={distances} /> };
    let another = {
        let plan = plan.clone();
        Callback::from(move |_: MouseEvent| {
            // Any number will do, as long as it is another one and short enough to be read aloud.
            let seed = plan.seed.wrapping_mul(48_271).wrapping_add(11) % 9_973;
            plan.set(Plan { seed, ..(*plan).clone() });
        })
    };
    let gate = {
        let plan = plan.clone();
        Callback::from(move |_: MouseEvent| {
            plan.set(Plan { max_unavailable: !plan.max_unavailable, ..(*plan).clone() });
        })
    };
    let create = {
        let (desk, plan, content) = (desk.clone(), plan.clone(), content.clone());
        Callback::from(move |()| {
            desk.send(Action::Close);
            open_cluster(&desk, plan.recording(), *content);
        })
    };
    let onkeydown = {
        let create = create.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
                // It is the page's key for applying a file.
                event.prevent_default();
                event.stop_propagation();
                create.emit(());
            }
        })
    };
    let onclick = Callback::from(move |_: MouseEvent| create.emit(()));
    let changed = match plan.changed() {
        0 => "the defaults of 1.36".to_owned(),
        count => format!("defaults of 1.36; {count} changed"),
    };
    html! {
        <FloatBox place={Place::Middle} label="New cluster" role="dialog" class="dialog new-cluster">
            <style>{ include_str!("../../styles/late/new-cluster.css") }</style>
            <div class="new-body" {onkeydown}>
                <h2>{ "New cluster" }</h2>
                <div class="new-fields">
                    <h3>{ "Start with" }</h3>
                    <span>{ "Manifest" }</span><span>{ starts }</span><small>{ note }</small>
                    <h3>{ "Machines" }</h3>
                    <span>{ "Nodes" }</span>
                    <span class="pair">
                        { one_of("Nodes", &[3, 4, 6, 30], plan.nodes.into(), |plan, number| plan.nodes = short(number)) }
                        { number("new-nodes", "Number of nodes", plan.nodes.into(), |plan, number| plan.nodes = short(number)) }
                    </span>
                    <span>{ "Zones" }</span>
                    { one_of("Zones", &[1, 2, 3], plan.zones.into(), |plan, number| plan.zones = short(number)) }
                    <label for="new-pods">{ "Room per node" }</label>
                    <span class="pair">{ number("new-pods", "Pods per node", plan.pods.into(), |plan, number| plan.pods = short(number)) }{ "pods" }</span>
                    <h3>{ "Chance and time" }</h3>
                    <label for="new-seed">{ "Seed" }</label>
                    <span class="pair">
                        { number("new-seed", "Seed", plan.seed, |plan, number| plan.seed = number) }
                        <button class="btn quiet" onclick={another}>{ "Another" }</button>
                    </span>
                    <small>{ "Same seed, same run, to the microsecond." }</small>
                    <span>{ "Latency" }</span>{ distances }<small>{ plan.distance.about() }</small>
                    <h3>{ "Kubernetes" }<span>{ changed }</span></h3>
                    <label for="new-grace">{ "NotReady after silence" }</label>
                    <span class="pair">{ delay("new-grace", "node-monitor-grace-period", plan.grace, |plan, number| plan.grace = short(number)) }<code>{ "node-monitor-grace-period" }</code></span>
                    <label for="new-toleration">{ "Then evict after" }</label>
                    <span class="pair">{ delay("new-toleration", "tolerationSeconds", plan.toleration, |plan, number| plan.toleration = short(number)) }<code>{ "tolerationSeconds" }</code></span>
                    <label for="new-detach">{ "Detach by force after" }</label>
                    <span class="pair">{ delay("new-detach", "Forced detach", plan.detach, |plan, number| plan.detach = short(number)) }<code>{ "attach-detach controller" }</code></span>
                    <span>{ "Feature gate" }</span>
                    <button class="check" id="new-gate" role="checkbox" aria-checked={plan.max_unavailable.to_string()} onclick={gate}><code>{ "MaxUnavailableStatefulSet" }</code></button>
                </div>
                <div class="new-preview">
                    <b>{ "What you get" }</b>
                    { preview(&plan) }
                    <p role="status">{ plan.sentence() }</p>
                    <p>{ "The link of the run holds all of this." }</p>
                </div>
                <div class="new-foot">
                    <span>{ "It takes the place of the run that is open; Undo brings that back." }</span>
                    <button class="btn" onclick={desk.sends(Action::Close)}>{ "Cancel" }</button>
                    <button class="btn primary" id="create-cluster" data-autofocus="true" {onclick}>{ "Create " }<kbd>{ "Ctrl ↵" }</kbd></button>
                </div>
            </div>
        </FloatBox>
    }
}

/// What a plan takes of a number that was typed.
fn short(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn listed(names: &[String]) -> String {
    match names {
        [one] => format!("{one} is"),
        [rest @ .., last] => format!("{} and {last} are", rest.join(", ")),
        [] => "Nothing is".into(),
    }
}

/// The cluster, very small.
fn preview(plan: &Plan) -> Html {
    const WIDTH: u32 = 240;
    // Every zone has as many columns as the fullest one needs, in rows of so many.
    let per_zone = plan.nodes.div_ceil(plan.zones);
    let zone_width = (WIDTH - (plan.zones - 1) * 4) / plan.zones;
    let columns = per_zone.min((zone_width.saturating_sub(8) / 9).max(1));
    let pitch = (zone_width - 8) / columns;
    let rows = per_zone.div_ceil(columns);
    let height = (66 / rows).clamp(4, 48);
    let tall = 8 + rows * (height + 3) + 14;
    let mut counts = vec![0; plan.zones as usize];
    let nodes = (0..plan.nodes).map(|node| {
        let zone = plan.zone(node);
        let at = counts[zone as usize];
        counts[zone as usize] += 1;
        let x = zone * (zone_width + 4) + 4 + at % columns * pitch;
        let y = 29 + 6 + at / columns * (height + 3);
        html! { <rect class="n" x={x.to_string()} y={y.to_string()} width={pitch.saturating_sub(3).clamp(3, 30).to_string()} height={height.to_string()} rx="2"/> }
    });
    let nodes: Vec<Html> = nodes.collect();
    let zone = |zone: u32| {
        let x = zone * (zone_width + 4);
        let name = format!("{}{}", if zone_width > 50 { "zone " } else { "" }, (b'a' + zone as u8) as char);
        html! { <>
            <rect class="z" x={x.to_string()} y="27" width={zone_width.to_string()} height={tall.to_string()} rx="4"/>
            <text x={(x + 5).to_string()} y={(27 + tall - 4).to_string()}>{ name }</text>
        </> }
    };
    let label = format!("{} nodes in {} zones", plan.nodes, plan.zones);
    html! {
        <svg viewBox={format!("-1 0 {} {}", WIDTH + 2, 28 + tall)} role="img" aria-label={label}>
            <rect class="n" x="0" y="1" width={WIDTH.to_string()} height="20" rx="4"/>
            <text x="9" y="15">{ "control plane" }</text>
            { for (0..plan.zones).map(zone) }
            { for nodes }
        </svg>
    }
}
