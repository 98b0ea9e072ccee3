//! The DNS: a question as a pod would ask it, every record that is served, and what clients still remember.

use super::facts::{named, tone};
use crate::desk::use_desk;
use crate::session::use_world;
use crate::state::Action;
use petri_objects::ObjectRef;
use petri_picture::view::Target;
use petri_picture::view::clients::{self, Client, Remembered};
use petri_picture::view::dns::{self, Row, Served};
use petri_picture::view::facts::Facts;
use petri_sim::reality::dns::{Answer, Rcode, Record, RecordType};
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub struct DnsProps {
    pub selection: Option<Target>,
}

#[derive(Clone, PartialEq)]
struct Question {
    name: String,
    kind: RecordType,
    search: bool,
}

impl Question {
    /// The console line that asks the same.
    fn line(&self) -> String {
        format!("dig {}{} {}", if self.search { "+search " } else { "" }, self.name, self.kind.as_str())
    }
}

#[derive(PartialEq)]
struct Shown {
    suggested: String,
    served: Vec<Served>,
    missing: Vec<Row>,
    clients: Vec<Client>,
    answer: Option<(String, Answer)>,
}

#[component]
pub fn DnsTab(props: &DnsProps) -> Html {
    let desk = use_desk();
    let (name, kind, search) = (use_node_ref(), use_node_ref(), use_node_ref());
    let question = use_state(|| None::<Question>);
    let pod = props.selection.as_ref().and_then(Target::object);
    let shown =
        use_world((pod, (*question).clone()), |timeline, (pod, question): &(Option<ObjectRef>, Option<Question>)| {
            let facts = Facts::of(timeline.world(), &timeline.recording().commands);
            Shown {
                suggested: dns::worth_asking(pod.as_ref(), &facts),
                served: dns::served(&facts),
                missing: dns::rows(&facts).into_iter().filter(Row::is_missing).collect(),
                clients: clients::clients(&facts),
                answer: question.as_ref().map(|q| dns::ask(&facts, &q.name, q.kind, q.search)),
            }
        });
    let asks = {
        let (desk, name, kind, search, setter) =
            (desk.clone(), name.clone(), kind.clone(), search.clone(), question.setter());
        let suggested = shown.suggested.clone();
        Callback::from(move |()| {
            let typed = name.cast::<HtmlInputElement>().map(|input| input.value()).unwrap_or_default();
            let typed: String = typed.split_whitespace().collect();
            let word = kind.cast::<HtmlSelectElement>().map(|select| select.value()).unwrap_or_default();
            let asked = Question {
                name: if typed.is_empty() { suggested.clone() } else { typed },
                kind: RecordType::parse(&word).unwrap_or(RecordType::A),
                search: search.cast::<HtmlInputElement>().is_some_and(|input| input.checked()),
            };
            desk.say(&asked.line());
            setter.set(Some(asked));
        })
    };
    // No form: a sandboxed frame may not have any.
    let onclick = asks.reform(|_: MouseEvent| ());
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        if event.key() == "Enter" && !event.is_composing() {
            event.prevent_default();
            asks.emit(());
        }
    });
    let kinds = RecordType::ALL
        .into_iter()
        .map(|kind| html! { <option key={kind.as_str()} value={kind.as_str()} selected={kind == RecordType::A}>{ kind.as_str() }</option> });
    html! {
        <div class="questions" data-panel="dns">
            <section class="q ask">
                <h2>{ "Ask" }</h2>
                <div class="ask-row">
                    <label class="vh" for="dns-name">{ "Name" }</label>
                    <input id="dns-name" class="field mono" ref={name} type="text" placeholder={shown.suggested.clone()} autocomplete="off"
                        autocapitalize="off" spellcheck="false" enterkeyhint="go" {onkeydown} />
                    <label class="vh" for="dns-type">{ "Type" }</label>
                    <select id="dns-type" class="field" ref={kind}>{ for kinds }</select>
                    <button class="btn" id="dns-ask" {onclick}>{ "Ask" }</button>
                </div>
                <label class="check"><input id="dns-search" type="checkbox" ref={search} checked=true />{ "with the search list of a pod in default" }</label>
                <div role="status" class="answer" data-answered={shown.answer.is_some().to_string()}>
                    { shown.answer.as_ref().map(|(name, found)| answer(question.as_ref(), name, found)) }
                </div>
            </section>
            { records(&shown.served, &shown.missing) }
            <section class="q" key="clients">
                <h2>{ "What clients remember" }</h2>
                <p class="note" hidden={!shown.clients.is_empty()}>{ "No process looks names up. A pod with the image petri.dev/client:1 does, again and again." }</p>
                { for shown.clients.iter().map(|client| {
                    let select = desk.sends(Action::Select(Some(client.target.clone())));
                    remembering(client, select)
                }) }
            </section>
        </div>
    }
}

/// What came back, as dig sorts it. It is asked again whenever the cluster changes.
fn answer(question: Option<&Question>, name: &str, found: &Answer) -> Html {
    let kind = question.map_or("", |question| question.kind.as_str());
    let (class, sentence) = match (found.rcode, found.records.is_empty()) {
        (Rcode::NxDomain, _) => ("verdict warn", "there is no such name, of any type".to_owned()),
        (Rcode::NoError, true) => ("verdict warn", format!("the name exists, and has no {kind} record")),
        (Rcode::NoError, false) => {
            ("verdict", petri_picture::view::words::plural(found.records.len() as u32, "record"))
        }
    };
    let section = |title: &'static str, records: &[Record]| {
        (!records.is_empty()).then(|| html! {
            <tbody key={title}>
                <tr><th colspan="3" scope="rowgroup">{ title }</th></tr>
                { for records.iter().enumerate().map(|(i, record)| html! {
                    <tr key={i}><td>{ format!("{} s", record.ttl) }</td><td>{ record.data.kind().as_str() }</td><td>{ record.data.to_string() }</td></tr>
                }) }
            </tbody>
        })
    };
    html! {
        <>
            <p {class}><b>{ found.rcode.as_str() }</b>{ format!(": {sentence}.") }</p>
            <p class="asked">{ format!("asked: {}.", name.trim_end_matches('.')) }</p>
            <table class="rows mono" aria-label="Answer">
                { section("answer", &found.records) }
                { section("additional", &found.additional) }
                { section("authority", found.authority.as_slice()) }
            </table>
            <p class="note" hidden={found.authority.is_none()}>{ format!("Whoever asked may keep this \"no\" for {} s.", petri_sim::reality::dns::TTL) }</p>
        </>
    }
}

/// Every record, and every name that should be one and is not.
fn records(served: &[Served], missing: &[Row]) -> Html {
    let name = |namespace: &str, name: &str| {
        if namespace == "default" { name.to_owned() } else { format!("{name} ({namespace})") }
    };
    html! {
        <section class="q" key="records">
            <h2>{ "Records served now" }</h2>
            <p class="note">{ format!("Names below default.svc.{}; each answer may be kept for {} s.", petri_sim::reality::dns::ZONE, petri_sim::reality::dns::TTL) }</p>
            <table class="rows mono" aria-label="Records served now">
                <thead><tr><th scope="col">{ "NAME" }</th><th scope="col">{ "TYPE" }</th><th scope="col">{ "DATA" }</th></tr></thead>
                <tbody>
                    { for served.iter().enumerate().map(|(i, record)| html! {
                        <tr key={i} data-record={record.name.clone()}>
                            <td>{ name(&record.namespace, &record.name) }</td><td class="w">{ record.kind }</td><td>{ &record.data }</td>
                        </tr>
                    }) }
                    { for missing.iter().map(|row| html! {
                        <tr key={format!("{}/{}", row.namespace, row.name)} data-record={row.name.clone()}>
                            <td>{ name(&row.namespace, &row.name) }</td><td class="warn w">{ "none" }</td><td class="warn">{ row.answer() }</td>
                        </tr>
                    }) }
                </tbody>
            </table>
            <p class="note" hidden={!(served.is_empty() && missing.is_empty())}>{ "No Service has a name yet." }</p>
        </section>
    }
}

/// One client: what it does, and its cache with what is left of each answer.
fn remembering(client: &Client, select: Callback<MouseEvent>) -> Html {
    let row = |(i, kept): (usize, &Remembered)| {
        html! {
            <tr key={i} data-cached={kept.name.clone()} data-stale={kept.now.is_some().to_string()}>
                <td>{ &kept.name }</td>
                <td>{ &kept.answer }{ kept.now.as_ref().map(|now| html! { <span class="warn">{ format!(" stale: now {now}") }</span> }) }</td>
                <td class="w">{ format!("{} s", kept.left) }</td>
            </tr>
        }
    };
    html! {
        <div class="client" key={client.key.clone()} data-client={client.name.clone()}>
            <button class="link" onclick={select}>{ named(&client.identity, true, &client.name) }</button>
            <span class="dim-text">{ format!(" on {}", client.node) }</span>
            <p>{ &client.does }</p>
            <p class={tone("", client.tone)}>{ &client.last }</p>
            <table class="rows mono" aria-label={format!("What {} remembers", client.name)} hidden={client.cache.is_empty()}>
                <thead><tr><th scope="col">{ "NAME" }</th><th scope="col">{ "ANSWER" }</th><th scope="col">{ "KEPT FOR" }</th></tr></thead>
                <tbody>{ for client.cache.iter().enumerate().map(row) }</tbody>
            </table>
            <p class="note" hidden={!client.cache.is_empty()}>{ "It remembers nothing." }</p>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_a_line_of_the_console() {
        let question = Question { name: "web-0.web".into(), kind: RecordType::Srv, search: true };
        assert_eq!(question.line(), "dig +search web-0.web SRV");
        let exact = Question { search: false, ..question };
        assert_eq!(exact.line(), "dig web-0.web SRV");
    }
}
