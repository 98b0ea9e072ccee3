//! Files that follow: what a button or a console line changed in an object is changed in the file that declares it, at its
//! place and with every comment kept.

use crate::desk::Desk;
use crate::state::{Action, Applied, LogKind};
use petri_objects::{ObjectRef, Value};
use petri_sim::command::Command;
use std::rc::Rc;

/// The text after a scale, if it declares that object and says another number.
pub fn scaled(text: &str, target: &ObjectRef, replicas: i32) -> Option<String> {
    let parsed = petri_manifest::parse(text);
    let is_it = |own: &ObjectRef| {
        let namespace = if own.namespace.is_empty() { "default" } else { &*own.namespace };
        own.kind == target.kind && own.name == target.name && *namespace == *target.namespace
    };
    let document =
        parsed.documents.iter().find(|d| d.object.as_ref().is_some_and(|object| is_it(&object.reference())))?;
    let written = document.value.at(&["spec", "replicas"]).and_then(Value::as_int);
    if written == Some(i64::from(replicas)) {
        return None;
    }
    petri_manifest::set_scalar(text, document, "spec.replicas", &Value::Int(i64::from(replicas)))
}

/// Lets the files follow the commands that were carried out since then.
pub fn follow(desk: &Desk, commands_before: usize) {
    let (scales, now) = {
        let timeline = desk.session.timeline();
        let new = timeline.recording().commands.iter().skip(commands_before);
        let scales: Vec<(ObjectRef, i32)> = new
            .filter_map(|stamped| match &*stamped.command {
                Command::Scale { target, replicas } => Some((target.clone(), *replicas)),
                _ => None,
            })
            .collect();
        (scales, timeline.now())
    };
    for (target, replicas) in scales {
        for file in desk.files() {
            let Some(text) = scaled(&file.text, &target, replicas) else { continue };
            let text: Rc<str> = text.into();
            desk.log(LogKind::Output, format!("{}: replicas: {replicas}", file.name));
            desk.send(Action::Edit { file: file.id, text: text.clone() });
            // A file that the cluster had is still what the cluster has.
            if let Some(applied) = file.applied.as_ref().filter(|_| !file.is_changed()) {
                let applied = Applied { text, at: now, ..(**applied).clone() };
                desk.send(Action::Applied { file: file.id, applied: Rc::new(applied) });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use petri_objects::Kind;

    #[test]
    fn only_the_number_changes_and_comments_stay() {
        let text = "# mine\napiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: web # its name\nspec:\n  replicas: 2 # two\n";
        let web = ObjectRef::new(Kind::StatefulSet, "default", "web");
        let scaled_to = |replicas| scaled(text, &web, replicas);
        assert_eq!(scaled_to(5), Some(text.replace("replicas: 2", "replicas: 5")));
        assert_eq!(scaled_to(2), None);
        assert_eq!(scaled(text, &ObjectRef::new(Kind::StatefulSet, "other", "web"), 5), None);
        let silent = text.replace("  replicas: 2 # two\n", "  serviceName: web\n");
        assert!(scaled(&silent, &web, 3).is_some_and(|text| text.contains("  replicas: 3\n  serviceName: web\n")));
    }
}
