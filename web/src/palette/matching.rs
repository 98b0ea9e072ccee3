//! Whether a few letters mean a text, and how well they do.
//!
//! Letters mean what stands in the text as they do (`cut` in `shortcuts`), and what they begin the words of: `rg1` is
//! `rg-1`, `cn0` is `cut node-0`. Letters strewn over the middle of words mean nothing: whoever types three of them
//! wants a short list.

use std::ops::Range;

/// How well typed letters fit a text, and which part of it they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// Greater is better; [`WORD`] and above mean that it begins a word.
    pub score: u32,
    /// Bytes of the text, in order.
    pub marks: Vec<Range<usize>>,
}

/// It is the whole text.
const WHOLE: u32 = 100;
/// The text begins with it.
const BEGIN: u32 = 90;
/// A word begins with it.
pub const WORD: u32 = 80;
/// It is the beginnings of several words. Each word more costs.
const WORDS: u32 = 70;
const ANOTHER: u32 = 5;
/// It stands somewhere in a word.
const INSIDE: u32 = 30;
/// Longer words are looked for as they stand only.
const LONG: usize = 24;
/// The most that costs: many words are still more than the middle of one.
const LEAST: u32 = INSIDE + ANOTHER;

/// Whether a word begins with the second of two letters that follow one another.
fn parts(before: char, after: char) -> bool {
    !before.is_alphanumeric()
        || before.is_lowercase() && after.is_uppercase()
        || before.is_alphabetic() && after.is_numeric()
}

struct Letter {
    /// Its byte.
    at: usize,
    /// In lower case, as what is typed.
    lower: char,
    begins: bool,
}

fn letters(text: &str) -> Vec<Letter> {
    let mut before = None;
    let letter = |(at, own): (usize, char)| {
        let begins = own.is_alphanumeric() && before.is_none_or(|before| parts(before, own));
        before = Some(own);
        Letter { at, lower: own.to_lowercase().next().unwrap_or(own), begins }
    };
    text.char_indices().map(letter).collect()
}

/// How one typed word fits a text; `None` if it does not. The word is in lower case.
pub fn fit(word: &str, text: &str) -> Option<Fit> {
    let word: Vec<char> = word.chars().collect();
    if word.is_empty() {
        return None;
    }
    let letters = letters(text);
    // Most texts end here.
    let mut rest = letters.iter();
    if !word.iter().all(|typed| rest.any(|letter| letter.lower == *typed)) {
        return None;
    }
    let end = |last: usize| letters.get(last).map_or(text.len(), |letter| letter.at);
    let found =
        |score, from: usize, to: usize| Fit { score, marks: std::iter::once(letters[from].at..end(to)).collect() };
    let here = |from: usize| letters[from..].iter().zip(&word).all(|(letter, typed)| letter.lower == *typed);
    let mut inside = None;
    for from in 0..=letters.len() - word.len() {
        if !here(from) {
            continue;
        }
        let to = from + word.len();
        match (from, letters[from].begins) {
            (0, _) if to == letters.len() => return Some(found(WHOLE, from, to)),
            (0, _) => return Some(found(BEGIN, from, to)),
            (_, true) => return Some(found(WORD, from, to)),
            // One letter in the middle of a word is no find.
            (_, false) if word.len() > 1 => {
                inside.get_or_insert_with(|| found(INSIDE, from, to));
            }
            _ => {}
        }
    }
    let pieces = if word.len() <= LONG { beginnings(&word, &letters, &end) } else { None };
    pieces.or(inside)
}

/// The word as beginnings of words of the text, as few as possible.
fn beginnings(word: &[char], letters: &[Letter], end: &dyn Fn(usize) -> usize) -> Option<Fit> {
    // Of what is left of the word after so many of its letters, and of the text after so many: in how many pieces it is
    // found there, the place of the first one, and its length.
    let mut best = vec![vec![None::<(u32, usize, usize)>; letters.len() + 1]; word.len() + 1];
    best[word.len()].fill(Some((0, 0, 0)));
    for place in (0..letters.len()).rev() {
        for typed in 0..word.len() {
            let mut least = best[typed][place + 1];
            if letters[place].begins {
                let same =
                    letters[place..].iter().zip(&word[typed..]).take_while(|(letter, own)| letter.lower == **own);
                for length in 1..=same.count() {
                    let Some((pieces, ..)) = best[typed + length][place + length] else { continue };
                    if least.is_none_or(|(least, ..)| pieces + 1 < least) {
                        least = Some((pieces + 1, place, length));
                    }
                }
            }
            best[typed][place] = least;
        }
    }
    let (pieces, ..) = best[0][0]?;
    let (mut marks, mut typed, mut place) = (Vec::new(), 0, 0);
    while typed < word.len() {
        let (_, at, length) = best[typed][place]?;
        marks.push(letters[at].at..end(at + length));
        (typed, place) = (typed + length, at + length);
    }
    Some(Fit { score: (WORDS - (pieces - 1).min(7) * ANOTHER).max(LEAST), marks })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text with what was found in brackets.
    fn marked(word: &str, text: &str) -> Option<String> {
        let fit = fit(word, text)?;
        let mut marked = text.to_owned();
        for mark in fit.marks.iter().rev() {
            marked.insert(mark.end, ']');
            marked.insert(mark.start, '[');
        }
        Some(marked)
    }

    #[test]
    fn letters_are_found_as_they_stand_and_as_beginnings_of_words() {
        for (word, text, found) in [
            ("cut", "Cut node-0 off", Some("[Cut] node-0 off")),
            ("cut", "Keyboard shortcuts", Some("Keyboard short[cut]s")),
            ("rg1", "rg-1", Some("[rg]-[1]")),
            ("rg-1", "rg-1", Some("[rg-1]")),
            ("cn0", "Cut node-0 off", Some("[C]ut [n]ode-[0] off")),
            ("sts", "StatefulSet rg", Some("[St]ateful[S]et rg")),
            ("sfs", "StatefulSet rg", None),
            ("ss", "StatefulSet rg", Some("[S]tateful[S]et rg")),
            ("n0", "node-10", None),
            ("u", "Cut", None),
            ("\u{fc}b", "a \u{fc}b", Some("a [\u{fc}b]")),
            ("cutt", "Cut", None),
            ("", "Cut", None),
        ] {
            assert_eq!(marked(word, text).as_deref(), found, "{word} in {text}");
        }
    }

    #[test]
    fn what_begins_is_before_what_goes_on() {
        let texts = ["share", "Share this run", "This run: share", "Shut the radio", "overshare"];
        let scores: Vec<u32> = texts.iter().filter_map(|text| Some(fit("share", text)?.score)).collect();
        assert_eq!(scores, [WHOLE, BEGIN, WORD, INSIDE]);
        let pieces = |text| fit("abc", text).map(|fit| fit.score);
        assert!(pieces("ab c") > pieces("a b c"));
        assert!(pieces("a b c") > Some(INSIDE));
    }

    #[test]
    fn a_long_word_in_a_long_text_takes_no_time() {
        let text = "a-".repeat(2_000);
        assert!(fit(&"a".repeat(LONG), &text).is_some());
        assert!(fit(&"a".repeat(LONG + 1), &text).is_none());
        assert!(fit(&format!("{}b", "a".repeat(LONG - 1)), &text).is_none());
    }
}
