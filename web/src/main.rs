//! The page is a library; its boot script starts it once everything that it may ask for is in place.

use petri_web as _;

fn main() {}
