//! The sign of a tone: it says without colour how serious something is.

use super::shape::{Shape, path};
use crate::view::Tone;

pub const OCTAGON: &str = "M5.2 1.5h5.6l3.7 3.7v5.6l-3.7 3.7H5.2l-3.7-3.7V5.2z";
pub const TRIANGLE: &str = "M8 1.8l6.6 12H1.4z";

/// A square of sixteen.
pub fn sign(tone: Tone) -> Vec<Shape> {
    match tone {
        Tone::Calm => vec![
            path("sign", "M1.8 8a6.2 6.2 0 1 0 12.4 0a6.2 6.2 0 1 0-12.4 0".into()),
            path("sign", "M5 8.2l2.1 2.1L11 6".into()),
        ],
        Tone::Risk => vec![path("sign warn", TRIANGLE.into()), path("sign warn", "M8 6v4M8 11.4v1.2".into())],
        Tone::Broken => {
            vec![path("sign-face", OCTAGON.into()), path("sign inv", "M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2".into())]
        }
    }
}
