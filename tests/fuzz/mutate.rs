//! A seeded mutator: pieces of texts cut, repeated, swapped, and replaced by what does not belong there.

pub use petri_tests::Chance;

/// What is put where it does not belong.
const TOKENS: [&str; 40] = [
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "..",
    ".",
    "*",
    "?",
    "@",
    "$",
    ":",
    ",",
    "\"",
    "'",
    "\\",
    "\n",
    "\t",
    "\0",
    "- ",
    "---\n",
    "&a ",
    "*a",
    "<<",
    "EOF",
    ";",
    "&&",
    "|",
    "#",
    "null",
    "true",
    "-1",
    "0",
    "2147483648",
    "9223372036854775808",
    "1e999",
    "\u{202e}",
    "é",
    "range",
];
const LONGEST: usize = 64 << 10;

/// Something made of one of these texts.
pub fn mutated(texts: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    let Some(first) = texts.get(chance.below(texts.len())) else { return Vec::new() };
    let mut bytes = first.clone();
    for _ in 0..1 + chance.below(6) {
        let (a, b) = (chance.below(bytes.len()), chance.below(bytes.len()));
        let (from, to) = (a.min(b), a.max(b));
        match chance.below(10) {
            0 if !bytes.is_empty() => bytes[a] ^= 1 << chance.below(8),
            1 => bytes.truncate(a),
            2 => drop(bytes.drain(from..to.min(from + 1 + chance.below(40)))),
            3 => {
                let piece = bytes[from..to.min(from + 100)].to_vec();
                let most = if chance.below(30) == 0 { 500 } else { 4 };
                bytes.splice(a..a, piece.repeat(1 + chance.below(most)));
            }
            4 => {
                let other = &texts[chance.below(texts.len())];
                let start = chance.below(other.len());
                let end = (start + chance.below(200)).min(other.len());
                bytes.splice(from..from, other[start..end].iter().copied());
            }
            5 => {
                if let Some(at) = bytes[from..].iter().position(u8::is_ascii_digit) {
                    bytes.splice(from + at..from + at, b"9999999999".iter().copied().take(1 + chance.below(10)));
                }
            }
            6 => {
                let token = TOKENS[chance.below(TOKENS.len())].as_bytes();
                let most = if chance.below(20) == 0 { 2_000 } else { 2 };
                bytes.splice(a..a, token.repeat(1 + chance.below(most)));
            }
            _ => {
                let token = TOKENS[chance.below(TOKENS.len())].as_bytes();
                bytes.splice(from..to.min(from + chance.below(8)), token.iter().copied());
            }
        }
    }
    bytes.truncate(LONGEST);
    bytes
}
