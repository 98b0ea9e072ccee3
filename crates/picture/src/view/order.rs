//! The order in which people count.

/// Names in the order in which people count: `node-2` before `node-10`.
pub fn natural(name: &str) -> (String, u64, String) {
    match name.rsplit_once('-') {
        Some((stem, number)) => match number.parse() {
            Ok(number) => (stem.to_owned(), number, String::new()),
            Err(_) => (name.to_owned(), 0, String::new()),
        },
        None => (name.to_owned(), 0, String::new()),
    }
}
