//! Claims held against a world.

use super::fact::{Amount, Fact, Says, Standing, Subject, Verdict, Wanted};
use super::numbers::{self, number, places};
use super::states::{self, Stated};
use crate::dig;
use crate::path::{self, Path};
use crate::select::{Filter, LabelFilter, reference};
use petri_objects::value::quoted;
use petri_objects::{Kind, Object, ObjectRef};
use petri_sim::reality::dns::{Data, RecordType};
use petri_sim::words::invariants::{self, Guarantee};
use petri_sim::world::World;

/// So many are named before the rest is counted.
const NAMED: usize = 3;

pub(super) fn fact(fact: &Fact, world: &World) -> Verdict {
    match fact {
        Fact::Promise { guarantee, standing } => promise(*guarantee, *standing, world),
        Fact::Answers { name, kind, wanted } => answers(name, *kind, wanted, world),
        Fact::Count { amount, kind, selector, namespace, states } => {
            let labels = LabelFilter::parse(selector).unwrap_or_default();
            let namespace = kind.is_namespaced().then(|| namespace.clone());
            let all = Filter { namespace, labels, ..Filter::default() }.list(world.objects(), *kind);
            count(*amount, *kind, &all, states, world)
        }
        Fact::Object { subject, says } => match resolve(subject, world) {
            Ok(target) => object(&target, &shown(subject, &target), says, world),
            Err(found) => Verdict { holds: false, found },
        },
    }
}

/// The object that is meant.
pub(super) fn resolve(subject: &Subject, world: &World) -> Result<ObjectRef, String> {
    let inner = match subject {
        Subject::Named(target) => return Ok(target.clone()),
        Subject::NodeOf(of) | Subject::ClaimOf(of) | Subject::VolumeOf(of) => resolve(of, world)?,
    };
    let object = world.objects().get(&inner).ok_or_else(|| format!("{inner} does not exist"))?;
    match (subject, &object) {
        (Subject::NodeOf(_), Object::Pod(pod)) if !pod.spec.node_name.is_empty() => {
            Ok(reference(Kind::Node, "", pod.spec.node_name.clone()))
        }
        (Subject::NodeOf(_), Object::Pod(_)) => Err(format!("{inner} is on no node")),
        (Subject::NodeOf(_), Object::PersistentVolume(volume)) => {
            let disk = world.disks.get(&volume.metadata.name);
            let node = disk.and_then(|disk| disk.attached.keys().next());
            node.map(|node| reference(Kind::Node, "", node.clone()))
                .ok_or_else(|| format!("{inner} is attached nowhere"))
        }
        (Subject::ClaimOf(_), Object::Pod(pod)) => {
            let claim = pod.claims().next().ok_or_else(|| format!("{inner} has no claim"))?;
            Ok(reference(Kind::PersistentVolumeClaim, &pod.metadata.namespace, claim.clone()))
        }
        (Subject::VolumeOf(_), Object::PersistentVolumeClaim(claim)) if !claim.spec.volume_name.is_empty() => {
            Ok(reference(Kind::PersistentVolume, "", claim.spec.volume_name.clone()))
        }
        (Subject::VolumeOf(_), Object::PersistentVolumeClaim(_)) => Err(format!("{inner} is bound to no volume")),
        (Subject::VolumeOf(_), Object::Pod(_)) => {
            let claim = resolve(&Subject::ClaimOf(Box::new(Subject::Named(inner))), world)?;
            resolve(&Subject::VolumeOf(Box::new(Subject::Named(claim))), world)
        }
        _ => Err(format!("{inner} points to nothing of that kind")),
    }
}

fn shown(subject: &Subject, target: &ObjectRef) -> String {
    match subject {
        Subject::Named(_) => target.to_string(),
        Subject::NodeOf(of) => format!("{target} (node of {})", pointed(of)),
        Subject::ClaimOf(of) => format!("{target} (claim of {})", pointed(of)),
        Subject::VolumeOf(of) => format!("{target} (volume of {})", pointed(of)),
    }
}

fn pointed(subject: &Subject) -> String {
    match subject {
        Subject::Named(target) => target.to_string(),
        Subject::NodeOf(of) => format!("node of {}", pointed(of)),
        Subject::ClaimOf(of) => format!("claim of {}", pointed(of)),
        Subject::VolumeOf(of) => format!("volume of {}", pointed(of)),
    }
}

fn promise(guarantee: Guarantee, wanted: Standing, world: &World) -> Verdict {
    let (standing, subject) = world.invariants.worst(guarantee);
    let title = guarantee.title();
    let first = world.invariants.first_broken.get(&guarantee);
    let (now, found) = match standing {
        invariants::Standing::Holding => (Standing::Holds, format!("{title} holds")),
        invariants::Standing::AtRisk { evidence, .. } => {
            (Standing::AtRisk, format!("{title} is at risk: {}", evidence.sentence))
        }
        invariants::Standing::Broken { evidence, .. } => {
            (Standing::Broken, format!("{title} is broken: {}", evidence.sentence))
        }
    };
    let _ = subject;
    match wanted {
        Standing::WasBroken | Standing::NeverBroken => {
            let found = match first {
                Some((_, subject, evidence)) => format!("{title} was broken by {subject}: {}", evidence.sentence),
                None => format!("{title} was never broken"),
            };
            Verdict { holds: first.is_some() == (wanted == Standing::WasBroken), found }
        }
        wanted => Verdict { holds: now == wanted, found },
    }
}

fn answers(name: &str, kind: RecordType, wanted: &Wanted, world: &World) -> Verdict {
    let (asked, answer) = dig::ask(world.objects(), name, kind, Some("default"));
    let mut values: Vec<String> = answer.records.iter().map(|record| record.data.to_string()).collect();
    values.sort();
    let holds = match wanted {
        Wanted::Nothing => values.is_empty(),
        Wanted::Number(number) => *number == answer.records.iter().fold(0, |sum, _| sum + 1),
        Wanted::Values(wanted) => {
            let says = |value: &str, data: &Data| {
                let plain = |text: &str| text.trim_end_matches('.').to_owned();
                let target = match data {
                    Data::Srv { target, .. } => target.to_string(),
                    data => data.to_string(),
                };
                let short = |text: &str| plain(text).split('.').next().unwrap_or("").to_owned();
                plain(value) == plain(&data.to_string())
                    || plain(value) == plain(&target)
                    || (matches!(data, Data::Srv { .. }) && !value.contains('.') && short(&target) == value)
            };
            let data: Vec<&Data> = answer.records.iter().map(|record| &record.data).collect();
            data.iter().all(|data| wanted.iter().any(|value| says(value, data)))
                && wanted.iter().all(|value| data.iter().any(|data| says(value, data)))
        }
    };
    let found = match values.is_empty() {
        true => format!("{asked} answers nothing ({})", answer.rcode.as_str()),
        false => format!("{asked} answers {}", values.join(", ")),
    };
    Verdict { holds, found }
}

fn count(amount: Amount, kind: Kind, all: &[Object], wanted: &[Stated], world: &World) -> Verdict {
    let (mut number, mut of, mut others) = (0u64, 0u64, Vec::new());
    let mut names = Vec::new();
    for object in all {
        let target = object.reference();
        of += 1;
        if wanted.iter().all(|stated| stated.holds(&target, Some(object), world)) {
            number += 1;
            names.push(target.name.to_string());
        } else {
            others.push(states::found(&target, &target.name, Some(object), world));
        }
    }
    let state: Vec<String> = wanted.iter().map(Stated::words).collect();
    let kinds = kind.plural();
    let mut found = match of {
        0 => format!("there are no {kinds} of that sort"),
        _ => format!("{number} of {of} {kinds} {} {}", if number == 1 { "is" } else { "are" }, state.join(" and ")),
    };
    let tell = match amount {
        // What stands in the way: those that are not, or those that are.
        Amount::Every | Amount::AtLeast(_) => &others,
        Amount::Exactly(_) | Amount::AtMost(_) => &names,
    };
    if !tell.is_empty() {
        let more = tell.len().saturating_sub(NAMED);
        found.push_str(&format!(
            " ({}{})",
            tell[..tell.len().min(NAMED)].join("; "),
            if more > 0 { format!("; and {more} more") } else { String::new() }
        ));
    }
    Verdict { holds: amount.holds(number, of), found }
}

fn object(target: &ObjectRef, shown: &str, says: &Says, world: &World) -> Verdict {
    let object = world.objects().get(target);
    match says {
        Says::Is(wanted) => Verdict {
            holds: wanted.iter().all(|stated| stated.holds(target, object.as_ref(), world)),
            found: states::found(target, shown, object.as_ref(), world),
        },
        Says::Has(wanted) => {
            // Processes go by the pod's name, whether it has an object or not.
            let counted = |word: &str| match (&object, word, target.kind) {
                (_, "processes", Kind::Pod) => Some(numbers::processes(&target.namespace, &target.name, world)),
                (Some(object), word, _) => Some(number(object, word, world)),
                (None, ..) => None,
            };
            let numbers: Option<Vec<(u64, &str)>> =
                wanted.iter().map(|(_, word)| Some((counted(word)?, word.as_str()))).collect();
            let Some(numbers) = numbers else {
                return Verdict { holds: false, found: format!("{shown} does not exist") };
            };
            let holds = wanted.iter().zip(&numbers).all(|((amount, _), (number, _))| amount.holds(*number, *number));
            let list: Vec<String> = numbers.iter().map(|(number, word)| format!("{number} {word}")).collect();
            Verdict { holds, found: format!("{shown} has {}", list.join(" and ")) }
        }
        Says::RunsOn(nodes) => {
            let mut places = places(&target.namespace, &target.name, world);
            places.dedup();
            let holds = places.len() == nodes.len() && nodes.iter().all(|node| places.contains(&&**node));
            Verdict { holds, found: runs(shown, &places) }
        }
        Says::RunsNowhere => {
            let mut places = places(&target.namespace, &target.name, world);
            places.dedup();
            Verdict { holds: places.is_empty(), found: runs(shown, &places) }
        }
        Says::Field { path: typed, value } => {
            let Some(object) = object else {
                return Verdict { holds: false, found: format!("{shown} does not exist") };
            };
            let whole = object.to_value();
            let read = Path::parse(typed);
            match read.as_ref().map_err(Clone::clone).and_then(|path| path.values(&whole)) {
                Ok(found) => {
                    let texts: Vec<String> = found.iter().map(|value| path::plain(value)).collect();
                    let holds = texts.join(" ") == *value;
                    let found = match texts.is_empty() {
                        true => format!("{shown} {typed} is nothing"),
                        false => format!("{shown} {typed} is {}", texts.join(" ")),
                    };
                    Verdict { holds, found }
                }
                Err(problem) => Verdict { holds: false, found: format!("{} cannot be read: {problem}", quoted(typed)) },
            }
        }
    }
}

fn runs(shown: &str, places: &[&str]) -> String {
    match places {
        [] => format!("{shown} runs nowhere"),
        places => format!("{shown} runs on {}", places.join(" and ")),
    }
}
