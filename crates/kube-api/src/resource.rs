//! What is done with a kind, an object, a subresource.

use crate::ask::Ask;
use crate::form::Wanted;
use crate::list;
use crate::logs;
use crate::patch;
use crate::route::Place;
use crate::run::Run;
use crate::scale;
use crate::status::{Failure, Outcome};
use crate::subresource;
use crate::watch::Watchers;
use crate::write;
use petri_objects::Kind;
use petri_sim::belief::api::warnings;

/// Answers a request to a place of the API.
pub fn answer(run: &mut Run, watchers: &mut Watchers, ask: &Ask, place: &Place) -> Outcome {
    let wanted = Wanted::of(ask)?;
    let answer = match (&place.name, place.subresource.as_deref()) {
        (None, _) => collection(run, watchers, ask, place, wanted),
        (Some(_), None) => object(run, watchers, ask, place, wanted),
        (Some(_), Some(word)) => part(word, run, ask, place, wanted),
    };
    let Some(old) = warnings::deprecation(place.served.kind) else { return answer };
    // A refusal has the warning as well.
    let mut answer = answer.unwrap_or_else(|failure| failure.answer());
    if answer.warnings.iter().all(|own| own != old) {
        answer.warnings.push(old.to_owned());
    }
    Ok(answer)
}

fn watches(ask: &Ask) -> bool {
    ask.query.is_on("watch")
}

fn collection(run: &mut Run, watchers: &mut Watchers, ask: &Ask, place: &Place, wanted: Wanted) -> Outcome {
    // What all namespaces have together is only looked at.
    let writable = place.served.kind.is_namespaced() == place.namespace.is_some();
    match ask.method.as_str() {
        "GET" if watches(ask) => watchers.open(run, ask, place, wanted),
        "GET" => list::answer(run, ask, place, wanted),
        "POST" if writable => write::create(run, ask, place, wanted),
        "DELETE" if writable && place.served.kind != Kind::Namespace => {
            write::delete_collection(run, ask, place, wanted)
        }
        _ => Err(Failure::no_method()),
    }
}

fn object(run: &mut Run, watchers: &mut Watchers, ask: &Ask, place: &Place, wanted: Wanted) -> Outcome {
    match ask.method.as_str() {
        "GET" if watches(ask) => watchers.open(run, ask, place, wanted),
        "GET" => {
            let found = write::current(run, place)?;
            Ok(write::show(run, place, &found, 200, wanted, Vec::new()))
        }
        "PUT" => write::replace(run, ask, place, wanted),
        "PATCH" => patch::answer(run, ask, place, wanted),
        "DELETE" => write::delete(run, ask, place, wanted),
        _ => Err(Failure::no_method()),
    }
}

/// Whether a kind has a status of its own.
pub fn has_status(kind: Kind) -> bool {
    match kind {
        Kind::Kept(kept) => kept.entry().status,
        Kind::Namespace
        | Kind::Node
        | Kind::Pod
        | Kind::Service
        | Kind::ResourceQuota
        | Kind::PersistentVolumeClaim
        | Kind::PersistentVolume
        | Kind::StatefulSet
        | Kind::ReplicaSet
        | Kind::Deployment
        | Kind::DaemonSet
        | Kind::PodDisruptionBudget
        | Kind::VolumeAttachment => true,
        _ => false,
    }
}

fn part(word: &str, run: &mut Run, ask: &Ask, place: &Place, wanted: Wanted) -> Outcome {
    let kind = place.served.kind;
    match (word, ask.method.as_str()) {
        ("status", method) if has_status(kind) => match method {
            "GET" => {
                let found = write::current(run, place)?;
                Ok(write::show(run, place, &found, 200, wanted, Vec::new()))
            }
            "PUT" => write::replace(run, ask, place, wanted),
            "PATCH" => patch::answer(run, ask, place, wanted),
            _ => Err(Failure::no_method()),
        },
        ("scale", _) if scale::has(kind) => scale::answer(run, ask, place, wanted),
        ("eviction", "POST") if kind == Kind::Pod => subresource::evict(run, ask, place, wanted),
        ("log", "GET") if kind == Kind::Pod => logs::answer(run, ask, place),
        ("eviction" | "log", _) if kind == Kind::Pod => Err(Failure::no_method()),
        _ => Err(Failure::no_resource()),
    }
}
