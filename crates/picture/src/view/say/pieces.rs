//! What sentences are put together from.

use super::super::marks::{Piece, Say, Tone};

pub fn text(text: impl Into<String>) -> Piece {
    Piece::Plain(text.into())
}

pub fn risk(headline: String, sub: String) -> Say {
    Say { tone: Tone::Risk, headline: vec![text(headline)], sub: vec![text(sub)] }
}
