//! The difference that some refusals show: a unified diff of JSON, three lines of context.
//!
//! Upstream: `apimachinery/pkg/util/diff`.

use petri_objects::Value;

const CONTEXT: usize = 3;

/// JSON with one blank per level, as the API server prints it for a diff.
pub(super) fn pretty(value: &Value) -> String {
    // A level is four blanks elsewhere; a quarter of the margin keeps one JSON writer. Texts have no line breaks in JSON.
    let mut out = String::new();
    for line in value.to_json_pretty().lines() {
        let body = line.trim_start_matches(' ');
        out.extend(std::iter::repeat_n(' ', (line.len() - body.len()) / 4));
        out.push_str(body);
        out.push('\n');
    }
    out
}

#[derive(Clone, Copy, PartialEq)]
enum Edit {
    Keep,
    Remove,
    Add,
}

/// Only the hunks, each line ended.
pub(super) fn unified(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let edits = edits(&old, &new);
    let mut out = String::new();
    let mut at = 0;
    while let Some(first) = edits[at..].iter().position(|(edit, ..)| *edit != Edit::Keep).map(|i| at + i) {
        // A hunk goes on while the next change is within twice the context.
        let mut last = first;
        for (i, (edit, ..)) in edits.iter().enumerate().skip(first) {
            if *edit != Edit::Keep {
                if i > last + 2 * CONTEXT + 1 {
                    break;
                }
                last = i;
            }
        }
        let hunk = &edits[first.saturating_sub(CONTEXT)..(last + CONTEXT + 1).min(edits.len())];
        let count = |other: Edit| hunk.iter().filter(|(edit, ..)| *edit != other).count();
        let (_, old_start, new_start) = hunk[0];
        out.push_str(&format!(
            "@@ -{} +{} @@\n",
            range(old_start, count(Edit::Add)),
            range(new_start, count(Edit::Remove))
        ));
        for (edit, i, j) in hunk {
            let (mark, line) = match edit {
                Edit::Keep => (' ', old[*i]),
                Edit::Remove => ('-', old[*i]),
                Edit::Add => ('+', new[*j]),
            };
            out.push(mark);
            out.push_str(line);
            out.push('\n');
        }
        at = last + 1;
    }
    out
}

fn range(start: usize, count: usize) -> String {
    match count {
        1 => format!("{}", start + 1),
        0 => format!("{start},0"),
        _ => format!("{},{count}", start + 1),
    }
}

/// A shortest way from old to new, each step with its place in both.
fn edits(old: &[&str], new: &[&str]) -> Vec<(Edit, usize, usize)> {
    // Specs have some hundred lines; the table stays small.
    let width = new.len() + 1;
    let mut common = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i * width + j] = if old[i] == new[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut out = Vec::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            out.push((Edit::Keep, i, j));
            (i, j) = (i + 1, j + 1);
        } else if i < old.len() && (j == new.len() || common[(i + 1) * width + j] >= common[i * width + j + 1]) {
            out.push((Edit::Remove, i, j));
            i += 1;
        } else {
            out.push((Edit::Add, i, j));
            j += 1;
        }
    }
    out
}
