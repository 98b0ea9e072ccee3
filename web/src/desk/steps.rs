//! What commands did to files, so that a command that is taken back takes its file back.

use crate::state::File;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What a command did to a file.
pub struct Step {
    /// The run that it is of.
    pub run: u32,
    /// How many commands there were after it.
    pub commands: usize,
    pub before: Rc<File>,
    /// The text after it.
    pub after: Rc<str>,
}

/// Takes the steps back that came with commands which there are no more, as far as nobody has gone on from there.
pub fn take_back(steps: &mut Vec<Step>, commands: usize, files: &[Rc<File>]) -> Vec<Rc<File>> {
    let mut files: BTreeMap<u32, Rc<File>> = files.iter().map(|file| (file.id, file.clone())).collect();
    let mut changed = BTreeSet::new();
    while let Some(step) = steps.pop_if(|step| step.commands > commands) {
        let id = step.before.id;
        if files.get(&id).is_some_and(|file| file.text == step.after) {
            files.insert(id, step.before);
            changed.insert(id);
        }
    }
    files.retain(|id, _| changed.contains(id));
    files.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_back_takes_its_file_back() {
        let file = |text: &str| Rc::new(File { id: 1, name: "a.yaml".into(), text: text.into(), applied: None });
        let step =
            |commands, before: &str, after: &str| Step { run: 0, commands, before: file(before), after: after.into() };
        let text = |files: &[Rc<File>]| files.iter().map(|file| file.text.to_string()).collect::<Vec<_>>();
        let steps = || vec![step(3, "one", "two"), step(4, "two", "three")];
        assert_eq!(text(&take_back(&mut steps(), 3, &[file("three")])), ["two"]);
        assert_eq!(text(&take_back(&mut steps(), 2, &[file("three")])), ["one"]);
        let mut left = steps();
        assert_eq!(
            text(&take_back(&mut left, 4, &[file("three")])),
            Vec::<String>::new(),
            "its command is still there"
        );
        assert_eq!(left.len(), 2);
        assert_eq!(
            text(&take_back(&mut steps(), 3, &[file("mine")])),
            Vec::<String>::new(),
            "somebody went on writing"
        );
        assert_eq!(text(&take_back(&mut steps(), 3, &[])), Vec::<String>::new(), "it was closed");
    }
}
