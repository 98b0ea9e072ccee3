//! `kubectl wait`.

use super::context::Context;
use super::named::targets;
use crate::args::{self, ALL_NAMESPACES, Flag, NAMESPACE, SELECTOR, namespace, switch, value};
use crate::errors::{named, timed_out};
use crate::host::Host;
use crate::output::{Awaited, Failure, Follow, Output};
use crate::path::{self, Path};
use crate::select::{Selection, reference, selection};
use petri_objects::{ObjectRef, Span, Uid, Value};
use petri_sim::world::World;

const FLAGS: &[Flag] = &[NAMESPACE, ALL_NAMESPACES, SELECTOR, switch("all"), value("for"), value("timeout")];

/// What is waited for.
#[derive(Clone, Debug)]
enum Goal {
    Created,
    Gone,
    Condition { kind: String, status: String },
    Path { text: String, path: Path, value: Option<String> },
}

/// A wait under way.
#[derive(Clone, Debug)]
struct Wait {
    goal: Goal,
    /// Those that have not met it, with their uids for `delete`.
    left: Vec<(ObjectRef, Option<Uid>)>,
}

#[inline(never)]
pub(super) fn run(words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    let arguments = args::parse(words, FLAGS, "kubectl wait")?;
    let Some(wanted) = arguments.last("for") else { return Err("error: unrecognized condition: []".into()) };
    let goal = match wanted {
        "create" => Goal::Created,
        "delete" => Goal::Gone,
        text => goal(text)?.ok_or_else(|| format!("error: unrecognized condition: \"{text}\""))?,
    };
    let (mut left, mut out) = (Vec::new(), Output::default());
    match (&goal, selection(&arguments.words, context.host.world().objects())?) {
        // These may not exist.
        (Goal::Created | Goal::Gone, Selection::Named(named)) => {
            let namespace = namespace(&arguments);
            for (kind, name) in named {
                let target = reference(kind, &namespace, name);
                let uid = context.host.world().objects().get(&target).map(|object| object.meta().uid);
                // Nobody waits for the end of what is not there, and nothing is said of it.
                if uid.is_some() || matches!(goal, Goal::Created) {
                    left.push((target, uid));
                }
            }
        }
        _ => {
            let (found, missing) = targets(&arguments, context)?;
            left.extend(found.iter().map(|object| (object.reference(), Some(object.meta().uid))));
            for problem in missing {
                out.fail(problem);
            }
            if left.is_empty() && out.code == 0 {
                return Err("error: no matching resources found".into());
            }
        }
    }
    let timeout = arguments.duration("timeout")?.unwrap_or(Span::seconds(30));
    let now = context.host.world().now;
    let mut wait = Wait { goal, left };
    if !wait.look(context.host, &mut out) {
        out.follow = Some(Follow::new(wait, Some(now + timeout)));
    }
    Ok(out)
}

fn goal(text: &str) -> Result<Option<Goal>, Failure> {
    if let Some(rest) = text.strip_prefix("condition=") {
        let (kind, status) = rest.split_once('=').unwrap_or((rest, "true"));
        return Ok(Some(Goal::Condition { kind: kind.into(), status: status.into() }));
    }
    let Some(rest) = text.strip_prefix("jsonpath=") else { return Ok(None) };
    let Some(end) = rest.rfind('}') else { return Ok(None) };
    let (text, value) = rest.split_at(end + 1);
    let value = value.strip_prefix('=').map(|value| value.trim_matches(['\'', '"']).to_owned());
    Ok(Some(Goal::Path { text: text.into(), path: Path::parse(text)?, value }))
}

impl Wait {
    fn pending(&self) -> impl Iterator<Item = &ObjectRef> {
        self.left.iter().map(|(target, _)| target)
    }
}

impl Awaited for Wait {
    fn words(&self, _: &World) -> String {
        let names: Vec<String> = self.pending().map(ObjectRef::to_string).collect();
        let goal = match &self.goal {
            Goal::Created => "exist".into(),
            Goal::Gone => "be gone".into(),
            Goal::Condition { kind, .. } => format!("be {kind}"),
            Goal::Path { text, .. } => format!("meet {text}"),
        };
        format!("{} to {goal}", names.join(", "))
    }

    /// Says which have met the goal since the last look.
    fn look(&mut self, host: &mut dyn Host, out: &mut Output) -> bool {
        let world = host.world();
        let goal = &self.goal;
        self.left.retain(|(target, uid)| {
            let met = goal.is_met(target, *uid, world);
            if met {
                out.line(format!("{} condition met", named(target)));
            }
            !met
        });
        self.left.is_empty()
    }

    fn expire(&self, out: &mut Output) {
        for target in self.pending() {
            out.fail(timed_out(target));
        }
    }
    fn copy(&self) -> Box<dyn Awaited> {
        Box::new(self.clone())
    }
}

impl Goal {
    fn is_met(&self, target: &ObjectRef, uid: Option<Uid>, world: &World) -> bool {
        let object = world.objects().get(target);
        match self {
            Goal::Created => object.is_some(),
            Goal::Gone => object.is_none_or(|object| Some(object.meta().uid) != uid),
            Goal::Condition { kind, status } => object.is_some_and(|object| {
                let value = object.to_value();
                let text = |condition: &Value, key: &str| {
                    condition.at(&[key]).and_then(Value::as_str).unwrap_or("").to_ascii_lowercase()
                };
                value.at(&["status", "conditions"]).and_then(Value::as_list).unwrap_or(&[]).iter().any(|condition| {
                    text(condition, "type") == kind.to_ascii_lowercase()
                        && text(condition, "status") == status.to_ascii_lowercase()
                })
            }),
            Goal::Path { path, value: wanted, .. } => object.is_some_and(|object| {
                let value = object.to_value();
                let found = path.values(&value).unwrap_or_default();
                match wanted {
                    Some(wanted) => found.iter().any(|value| path::plain(value) == *wanted),
                    None => !found.is_empty(),
                }
            }),
        }
    }
}
