//! What only things of one sort have: the bonds and the ledger of a disk, the candidates for a lock, a budget's pods.

use super::facts::{named, tone};
use super::logs::{self, Written};
use super::why::moment_link;
use crate::desk::{Desk, use_desk};
use crate::session::use_world;
use crate::state::Action;
use petri_objects::{Kind, Time};
use petri_picture::view::bonds::{self, Bond, Kept, Record, Story, Writer};
use petri_picture::view::budgets::{self, Budget, Guarded};
use petri_picture::view::facts::Facts;
use petri_picture::view::locks::{self, Candidate, Lock, Tenure};
use petri_picture::view::{Target, Tone};
use yew::prelude::*;

/// The title of the tab for a target, if it has one.
#[inline(never)]
pub fn title(target: &Target, facts: &Facts) -> Option<&'static str> {
    match target {
        Target::Claim(_) | Target::Volume(_) => Some("Disk"),
        Target::Pod { .. } => Some("Logs"),
        Target::Lock(_) => Some("Lock"),
        Target::Object(object) => match object.kind {
            Kind::PersistentVolumeClaim | Kind::PersistentVolume => Some("Disk"),
            Kind::PodDisruptionBudget => Some("Budget"),
            _ if locks::is_lock(object, facts) => Some("Lock"),
            _ => None,
        },
        _ => None,
    }
}

#[derive(PartialEq)]
enum Shown {
    Disk(Story),
    Lock(Lock),
    Budget(Budget),
    Logs(Written),
    Nothing,
}

fn shown(target: &Target, facts: &Facts) -> Shown {
    match (target, title(target, facts)) {
        (_, Some("Disk")) => bonds::story(target, facts).map_or(Shown::Nothing, Shown::Disk),
        (Target::Lock(lock), _) => Shown::Lock(locks::lock(lock, facts)),
        (Target::Object(object), Some("Lock")) => {
            locks::of_object(object).map_or(Shown::Nothing, |lock| Shown::Lock(locks::lock(&lock, facts)))
        }
        (Target::Object(object), _) => budgets::budget(object, facts).map_or(Shown::Nothing, Shown::Budget),
        _ => Shown::Nothing,
    }
}

#[derive(PartialEq, Properties)]
pub struct OwnProps {
    pub selection: Option<Target>,
}

#[component]
pub fn OwnTab(props: &OwnProps) -> Html {
    let desk = use_desk();
    let found = use_world(props.selection.clone(), |timeline, selection| {
        let facts = Facts::of(timeline.world(), &timeline.recording().commands);
        let shown = match selection {
            Some(Target::Pod { pod, uid }) => Shown::Logs(logs::of(timeline, pod, *uid)),
            Some(target) => shown(target, &facts),
            None => Shown::Nothing,
        };
        (timeline.start(), shown)
    });
    let (start, shown) = &*found;
    match shown {
        Shown::Disk(story) => disk(&desk, *start, story),
        Shown::Lock(held) => lock(&desk, *start, held),
        Shown::Budget(asked) => budget(&desk, asked),
        Shown::Logs(written) => logs::view(written),
        Shown::Nothing => {
            html! { <p class="empty"><b>{ "It does not exist any more." }</b>{ "Go back in time to see it." }</p> }
        }
    }
}

/// A link to something else that can be selected.
fn leads(desk: &Desk, target: &Target, body: Html) -> Html {
    html! { <button class="link" onclick={desk.sends(Action::Select(Some(target.clone())))}>{ body }</button> }
}

/// A list of what and which.
fn pairs(rows: impl Iterator<Item = (String, Html)>) -> Html {
    html! { <dl class="pairs">{ for rows.enumerate().map(|(i, (what, which))| html! { <div key={i}><dt>{ what }</dt><dd>{ which }</dd></div> }) }</dl> }
}

fn disk(desk: &Desk, start: Time, story: &Story) -> Html {
    let bond = |bond: &Bond| {
        let text = bond.target.as_ref().map_or_else(
            || html! { { bond.text.clone() } },
            |target| leads(desk, target, html! { { bond.text.clone() } }),
        );
        let since = bond.since.map(|at| html! { <span class="since">{ moment_link(desk, start, at) }</span> });
        (bond.what.to_owned(), html! { <span class={tone("", bond.tone)}>{ text }{ since }</span> })
    };
    let record = |(i, record): (usize, &Record)| {
        html! {
            <tr key={i} data-verdict={record.verdict}>
                <td class="w">{ moment_link(desk, start, record.first) }</td>
                <td>{ leads(desk, &record.target, named(&record.identity, record.tone != Tone::Risk, &record.writer)) }<span class="dim-text">{ format!(" {}", record.node) }</span></td>
                <td>{ if record.token.is_empty() { "none" } else { &record.token } }</td>
                <td>{ record.count }</td>
                <td class={tone("", record.tone)}>{ record.verdict }</td>
            </tr>
        }
    };
    let writer = |(i, writer): (usize, &Writer)| {
        html! {
            <tr key={i}>
                <td>{ leads(desk, &writer.target, named(&writer.identity, writer.to.is_none(), &writer.name)) }<span class="dim-text">{ format!(" {}", writer.node) }</span></td>
                <td class="w">{ moment_link(desk, start, writer.from) }</td>
                <td>{ match writer.to { Some(to) => moment_link(desk, start, to), None => html! { <span class={tone("", writer.tone)}>{ writer.note }</span> } } }</td>
            </tr>
        }
    };
    let file = |(i, file): (usize, &Kept)| {
        html! { <tr key={i}><td><code>{ &file.path }</code></td><td class="w">{ &file.size }</td><td><code>{ &file.begins }</code></td></tr> }
    };
    html! {
        <div class="questions" data-panel="disk">
            <section class="q" key="bonds"><h2>{ "What it hangs on" }</h2>{ pairs(story.bonds.iter().map(bond)) }</section>
            <section class="q" key="records">
                <h2>{ "The ledger: what arrived, in order" }</h2>
                <p class={tone("note", story.tone)}>{ &story.summary }</p>
                <table class="rows" aria-label="Ledger" hidden={story.records.is_empty()}>
                    <thead><tr>{ for ["FROM", "WRITER", "TOKEN", "RECORDS", "VERDICT"].map(|name| html! { <th key={name} scope="col">{ name }</th> }) }</tr></thead>
                    <tbody>{ for story.records.iter().enumerate().map(record) }</tbody>
                </table>
                <p class="note" hidden={!story.records.is_empty()}>{ "Nothing was written that its writer declared. A pod with the image petri.dev/writer:1 declares what it writes." }</p>
            </section>
            <section class="q" key="files" hidden={story.files.is_empty()}>
                <h2>{ "What programs have left on it" }</h2>
                <table class="rows" aria-label="Files">
                    <thead><tr>{ for ["FILE", "SIZE", "BEGINS"].map(|name| html! { <th key={name} scope="col">{ name }</th> }) }</tr></thead>
                    <tbody>{ for story.files.iter().enumerate().map(file) }</tbody>
                </table>
            </section>
            <section class="q" key="writers">
                <h2>{ "Whose processes could write" }</h2>
                <table class="rows" aria-label="Writers" hidden={story.writers.is_empty()}>
                    <thead><tr>{ for ["POD", "FROM", "TO"].map(|name| html! { <th key={name} scope="col">{ name }</th> }) }</tr></thead>
                    <tbody>{ for story.writers.iter().enumerate().map(writer) }</tbody>
                </table>
                <p class="note" hidden={!story.writers.is_empty()}>{ "No process has had it yet." }</p>
            </section>
        </div>
    }
}

fn lock(desk: &Desk, start: Time, lock: &Lock) -> Html {
    let row = &lock.row;
    let facts = [
        ("Kind", row.kind.to_owned(), Tone::Calm),
        ("The record names", row.holder.clone(), Tone::Calm),
        (
            "Others may take it",
            if row.expires.is_empty() { "now".to_owned() } else { row.expires.clone() },
            if row.expired { Tone::Risk } else { Tone::Calm },
        ),
        (
            "Fencing token",
            if row.token.is_empty() { "this lock gives none".to_owned() } else { row.token.clone() },
            Tone::Calm,
        ),
    ];
    let candidate = |candidate: &Candidate| {
        html! {
            <li key={candidate.name.clone()} data-candidate={candidate.name.clone()}>
                <span>{ leads(desk, &candidate.target, named(&candidate.identity, true, &candidate.name)) }{ format!(" on {}: ", candidate.node) }
                    <span class={tone("", candidate.tone)}>{ &candidate.state }</span></span>
            </li>
        }
    };
    let tenure = |(i, tenure): (usize, &Tenure)| {
        let to = tenure.to.map_or_else(|| html! { { "now" } }, |to| moment_link(desk, start, to));
        html! {
            <tr key={i}>
                <td>{ &tenure.by }<span class="dim-text">{ format!(" {}", tenure.node) }</span></td>
                <td>{ if tenure.token.is_empty() { "none" } else { &tenure.token } }</td>
                <td class="w">{ moment_link(desk, start, tenure.from) }</td><td class="w">{ to }</td>
                <td class={tenure.overlaps.then_some("bad-text")}>{ &tenure.before }</td>
            </tr>
        }
    };
    html! {
        <div class="questions" data-panel="lock">
            <section class="q" key="record">
                <h2>{ "Who leads?" }</h2>
                <p class={tone("note", row.tone)}>{ &lock.sentence }</p>
                { pairs(facts.into_iter().map(|(what, text, how)| (what.to_owned(), html! { <span class={tone("", how)}>{ text }</span> }))) }
            </section>
            <section class="q" key="candidates">
                <h2>{ "Who wants it" }</h2>
                <ul class="chain">{ for lock.candidates.iter().map(candidate) }</ul>
                <p class="note" hidden={!lock.candidates.is_empty()}>{ "No process stands for it now." }</p>
            </section>
            <section class="q" key="tenures">
                <h2>{ "Who held it, the latest first" }</h2>
                <table class="rows" aria-label="Holders" hidden={lock.tenures.is_empty()}>
                    <thead><tr>{ for ["HOLDER", "TOKEN", "FROM", "TO", "BEFORE"].map(|name| html! { <th key={name} scope="col">{ name }</th> }) }</tr></thead>
                    <tbody>{ for lock.tenures.iter().enumerate().map(tenure) }</tbody>
                </table>
                <p class="note" hidden={!lock.tenures.is_empty()}>{ "Nobody has held it." }</p>
            </section>
        </div>
    }
}

fn budget(desk: &Desk, budget: &Budget) -> Html {
    let pod = |pod: &Guarded| {
        let line = pod.evict.line();
        let head = html! { <>{ named(&pod.identity, true, &pod.name) }<span class="dim-text">{ format!(" {}", pod.state) }</span></> };
        let onclick = {
            let (desk, pod) = (desk.clone(), pod.clone());
            Callback::from(move |_: MouseEvent| desk.command(pod.evict.clone()))
        };
        // A refused eviction can be tried all the same: the API server's own words then are in the console.
        html! {
            <li key={pod.target.key()} data-guarded={pod.name.clone()} data-refused={pod.refused.is_some().to_string()}>
                { leads(desk, &pod.target, head) }
                <button class="act" {onclick}>
                    <b>{ format!("Evict {}", pod.name) }</b><code title={line.clone()}>{ line }</code>
                    <span class={classes!(pod.refused.is_some().then_some("risk"))}>
                        { pod.refused.as_ref().map_or_else(|| pod.effect.to_owned(), |words| format!("Refused: {words}")) }
                    </span>
                </button>
            </li>
        }
    };
    html! {
        <div class="questions" data-panel="budget">
            <section class="q" key="numbers">
                <h2>{ "What is left of it" }</h2>
                <p class={tone("note", budget.row.tone)}>{ format!("An eviction now: {}.", budget.row.verdict.trim_end_matches('.')) }</p>
                { pairs(budget.numbers.iter().map(|(what, text)| ((*what).to_owned(), html! { { text.clone() } }))) }
                { for budget.conditions.iter().map(|text| html! { <p key={text.clone()} class="note">{ text }</p> }) }
            </section>
            <section class="q" key="pods">
                <h2>{ "The pods it guards" }</h2>
                <ul class="guarded">{ for budget.pods.iter().map(pod) }</ul>
                <p class="note" hidden={!budget.pods.is_empty()}>{ "No pod has the labels that it selects." }</p>
            </section>
        </div>
    }
}
