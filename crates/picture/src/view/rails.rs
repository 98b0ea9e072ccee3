//! Services, where there is something to tell of them: who is behind the address, which names resolve, what calls come to.
//!
//! A Service that nobody calls has no rail: its pods show whether they are behind it, and the inspector which names resolve.
//! So a rail comes with those who call, and not with trouble, which would move what stands below the picture.

use super::dns;
use super::facts::Facts;
use super::marks::{PlugEnd, ServicePlug, ServiceView, Target, Tone};
use super::words;
use petri_objects::order::Order as _;
use petri_objects::{Endpoint, Kind, Name, ObjectRef, Service, Span};
use petri_sim::belief::api::shelf::Key;
use petri_sim::reality::workload::calls::CallResult;
use petri_sim::reality::workload::program::Program;
use petri_sim::reality::workload::role::Role;

/// A call that came to nothing is drawn for so long.
const FRESH: Span = Span::seconds(5);

/// A rail for each Service of which there is something to tell, in order of names.
pub fn rails(facts: &Facts) -> Vec<ServiceView> {
    facts.objects.services.values().filter_map(|service| rail(service, facts)).collect()
}

fn rail(service: &Service, facts: &Facts) -> Option<ServiceView> {
    let callers = callers(service, facts);
    (!callers.is_empty()).then(|| told(service, &callers, plugs(service, facts), facts))
}

#[inline(never)]
fn told(service: &Service, callers: &[&Program], mut plugs: Vec<ServicePlug>, facts: &Facts) -> ServiceView {
    let meta = &service.metadata;
    let headless = &*service.spec.cluster_ip == "None";
    let ready = plugs.iter().filter(|plug| plug.end == PlugEnd::Ready).count() as u32;
    let address = match (headless, service.spec.ports.first()) {
        (true, _) => String::new(),
        (false, Some(port)) => format!("{}:{}", service.spec.cluster_ip, port.port),
        (false, None) => service.spec.cluster_ip.to_string(),
    };
    let says = match (headless, ready) {
        (true, 1) => "1 address".to_owned(),
        (true, _) => format!("{ready} addresses"),
        (false, _) => words::plural(ready, "endpoint"),
    };
    let failed = last_failure(callers, &mut plugs, facts);
    let missing = || if headless { missing(service, facts) } else { String::new() };
    let trouble = failed.unwrap_or_else(missing);
    let calls = calls(callers);
    let mut label = format!("Service {}, {says}", meta.name);
    for part in [&trouble, &calls] {
        if !part.is_empty() {
            label.push_str("; ");
            label.push_str(part);
        }
    }
    ServiceView {
        target: Target::Object(ObjectRef::new(Kind::Service, meta.namespace.clone(), meta.name.clone())),
        name: meta.name.to_string(),
        kind: if headless { "headless Service" } else { "Service" },
        address,
        says,
        tone: if trouble.is_empty() { Tone::Calm } else { Tone::Risk },
        trouble,
        calls,
        plugs,
        callers: callers.iter().map(|program| program.uid).collect(),
        label,
    }
}

/// Every pod behind the Service, by machine and name.
fn plugs(service: &Service, facts: &Facts) -> Vec<ServicePlug> {
    let meta = &service.metadata;
    let slices = facts.objects.endpoint_slices.in_namespace(&meta.namespace);
    let own = slices.filter(|slice| slice.service_name() == Some(&meta.name));
    let mut plugs: Vec<ServicePlug> =
        own.flat_map(|slice| slice.endpoints.iter()).filter_map(|endpoint| plug(endpoint, meta, facts)).collect();
    plugs.order_by(|a, b| a.pod.cmp(&b.pod));
    plugs
}

fn plug(endpoint: &Endpoint, service: &petri_objects::Meta, facts: &Facts) -> Option<ServicePlug> {
    let name = &endpoint.target_ref.as_ref()?.name;
    let pod = facts.objects.pods.get(&Key::new(service.namespace.clone(), name.clone()))?;
    let conditions = &endpoint.conditions;
    let end = match (conditions.ready, conditions.serving, conditions.terminating) {
        (Some(true) | None, ..) => PlugEnd::Ready,
        (_, Some(true), Some(true)) => PlugEnd::Stopping,
        _ => PlugEnd::Out,
    };
    let address = endpoint.addresses.first().cloned().unwrap_or_default();
    Some(ServicePlug { pod: name.clone(), tile: pod.metadata.uid, address, end, failed: false })
}

/// The clients that call the Service, by its own name or by one below it.
fn callers<'w>(service: &Service, facts: &Facts<'w>) -> Vec<&'w Program> {
    if facts.programs.is_none_or(|programs| programs.running.is_empty()) {
        return Vec::new();
    }
    calling(service, facts)
}

#[inline(never)]
fn calling<'w>(service: &Service, facts: &Facts<'w>) -> Vec<&'w Program> {
    let (name, namespace) = (&*service.metadata.name, &*service.metadata.namespace);
    let calls = |program: &Program| match &*program.role {
        Role::Client { target, .. } => means(target, &program.identity.namespace, name, namespace),
        _ => false,
    };
    facts.running_programs().map(|(_, program)| program).filter(|program| calls(program)).collect()
}

/// Whether a name, as a process in a namespace writes it, is that of a Service or of a pod behind it.
fn means(target: &str, from: &str, service: &str, namespace: &str) -> bool {
    let labels: Vec<&str> = target.trim_end_matches('.').split('.').collect();
    let at = labels.iter().position(|label| *label == "svc").unwrap_or(labels.len());
    let fits = |place: usize| labels.get(place) == Some(&service);
    match at == labels.len() {
        // `web.shop.svc`, `web-0.web.shop.svc`: the namespace stands before the word.
        false => at >= 2 && labels[at - 1] == namespace && fits(at - 2),
        true => {
            let here = from == namespace && (labels.len() <= 2 && fits(labels.len() - 1));
            here || labels.len() >= 2 && labels[labels.len() - 1] == namespace && fits(labels.len() - 2)
        }
    }
}

/// The latest call that came to nothing, if it is not long ago; its plug is marked.
fn last_failure(callers: &[&Program], plugs: &mut [ServicePlug], facts: &Facts) -> Option<String> {
    let failures = callers.iter().filter_map(|program| program.calls.last.as_ref());
    let (at, result) = failures
        .filter(|(at, result)| !matches!(result, CallResult::Answered(..)) && facts.now.since(*at) <= FRESH)
        .max_by_key(|(at, _)| *at)?;
    let ago = words::duration(facts.now.since(*at));
    Some(match result {
        CallResult::NoAnswer(address) => {
            for plug in plugs.iter_mut().filter(|plug| plug.address == *address) {
                plug.failed = true;
            }
            format!("{address} did not answer a call {ago} ago")
        }
        CallResult::NoAddress => format!("a call found nobody ready {ago} ago"),
        CallResult::NoName | CallResult::Answered(..) => format!("a call found no such name {ago} ago"),
    })
}

/// Which names of pods do not resolve, and why the first of them does not.
fn missing(service: &Service, facts: &Facts) -> String {
    let suffix = format!(".{}", service.metadata.name);
    let own = |row: &dns::Row| row.namespace == service.metadata.namespace && row.name.ends_with(&suffix);
    let rows: Vec<dns::Row> = dns::rows(facts).into_iter().filter(|row| own(row) && row.is_missing()).collect();
    match &rows[..] {
        [] => String::new(),
        [row] => format!("{} does not resolve: {}", row.name, row.note),
        [first, ..] => format!("{} and {} more do not resolve", first.name, rows.len() - 1),
    }
}

/// `client: 212 answered, 1 failed`.
fn calls(callers: &[&Program]) -> String {
    let Some(first) = callers.first() else { return String::new() };
    let (answered, failed) = callers.iter().fold((0, 0), |(answered, failed), program| {
        (answered + program.calls.answered, failed + program.calls.failed())
    });
    let who: Name = match callers.len() {
        1 => first.identity.pod.clone(),
        count => format!("{count} clients").into(),
    };
    format!("{who}: {answered} answered, {failed} failed")
}
