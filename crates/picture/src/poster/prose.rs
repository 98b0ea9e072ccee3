//! The words of a poster: sentences in lines, and the whole picture as text.

use crate::view::{ClusterView, Piece, plain, words};

/// Words with the class that they have.
pub type Line = Vec<(String, &'static str)>;

/// More than this is no description, but a list.
const TOLD: usize = 1_200;

/// A sentence in lines of so many pixels, at most so many; words that matter get a class.
pub fn wrap(pieces: &[Piece], strong: &'static str, room: u32, size: u32, most: usize) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut used = 0;
    let mut cut = false;
    for (word, class) in classed(pieces, strong) {
        let width = words::width(&word, size, false);
        if lines.is_empty() || used + words::width(word.trim_end(), size, false) > room {
            cut = lines.len() == most;
            if cut {
                break;
            }
            lines.push(Line::new());
            used = 0;
        }
        used += width;
        let line = lines.last_mut().expect("there is one by now");
        match line.last_mut() {
            Some((words, same)) if *same == class => words.push_str(&word),
            _ => line.push((word, class)),
        }
    }
    if let Some((words, _)) = lines.last_mut().and_then(|line| line.last_mut()) {
        words.truncate(words.trim_end().len());
        if cut {
            words.push('…');
        }
    }
    lines
}

/// Word by word, with the space behind each.
fn classed(pieces: &[Piece], strong: &'static str) -> Vec<(String, &'static str)> {
    let words = pieces.iter().flat_map(|piece| {
        let (text, class) = match piece {
            Piece::Strong(text) => (text, strong),
            Piece::Plain(text) | Piece::Moment { text, .. } => (text, ""),
        };
        text.split_inclusive(' ').map(move |word| (word.to_owned(), class))
    });
    words.collect()
}

/// All that is to be seen, for those who do not see it.
pub fn description(view: &ClusterView, hidden: &str) -> String {
    let mut text = plain(&view.say.sub);
    let mut add = |part: &str| {
        let fits = text.len() + part.len() < TOLD;
        if fits && !part.is_empty() {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(part);
            text.push('.');
        }
        fits
    };
    let parts = view
        .nodes()
        .flat_map(|node| std::iter::once(node.label.as_str()).chain(node.tiles.iter().map(|tile| tile.label.as_str())));
    let parts = parts.chain(view.waiting.iter().map(|tile| tile.label.as_str()));
    let all = parts.chain(view.disks().map(|disk| disk.label.as_str())).all(&mut add);
    add(hidden);
    if !all {
        text.push_str(" And more.");
    }
    text
}
