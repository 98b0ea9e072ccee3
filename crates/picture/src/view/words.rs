//! How durations, clock readings and numbers are worded for people, and how much room a text needs.

use petri_objects::{Span, Time};

/// `3 s`, `6 m 15 s`, `1 h 2 m`: whole seconds, two units at most.
pub fn duration(span: Span) -> String {
    let seconds = span.as_seconds();
    let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes, rest) {
        (0, 0, s) => format!("{s} s"),
        (0, m, 0) => format!("{m} m"),
        (0, m, s) => format!("{m} m {s} s"),
        (h, 0, _) => format!("{h} h"),
        (h, m, _) => format!("{h} h {m} m"),
    }
}

/// The time until `then`, rounded up, so that a countdown ends at its moment and not a second early.
pub fn countdown(now: Time, then: Time) -> String {
    duration(Span(then.since(now).0.div_ceil(1_000_000) * 1_000_000))
}

/// `7:04`, `1:02:03`: a moment in whole seconds since the scenario began.
pub fn moment(start: Time, at: Time) -> String {
    let seconds = at.since(start).as_seconds();
    let (h, m, s) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if h > 0 { format!("{h}:{m:02}:{s:02}") } else { format!("{m}:{s:02}") }
}

/// `7:04.1`: a moment with tenths.
pub fn moment_tenths(start: Time, at: Time) -> String {
    format!("{}.{}", moment(start, at), at.since(start).0 / 100_000 % 10)
}

/// `7:16.300`: a moment with milliseconds.
pub fn moment_millis(start: Time, at: Time) -> String {
    format!("{}.{:03}", moment(start, at), at.since(start).0 / 1_000 % 1_000)
}

/// `00:07:16` and `.300`: the clock of the top bar, in its two sizes.
pub fn clock(start: Time, at: Time) -> (String, String) {
    let since = at.since(start);
    let seconds = since.as_seconds();
    (
        format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60),
        format!(".{:03}", since.0 / 1_000 % 1_000),
    )
}

/// `Three`, and digits above twelve.
pub fn count(number: u32) -> String {
    const WORDS: [&str; 13] =
        ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve"];
    WORDS.get(number as usize).map_or_else(|| number.to_string(), |word| (*word).to_owned())
}

/// A volume's name: of one that was drawn for a claim as much as tells it from others.
pub fn volume(name: &str) -> String {
    match name.get(..8).filter(|start| start.starts_with("pvc-") && name.len() == 40) {
        Some(start) => format!("{start}…"),
        None => name.to_owned(),
    }
}

/// `1 pod`, `2 pods`.
pub fn plural(number: u32, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// `a`, `a and b`, `a, b and c`; more than four become `a, b and 3 others`.
pub fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [init @ .., last] if items.len() <= 4 => format!("{} and {last}", init.join(", ")),
        [first, second, rest @ ..] => format!("{first}, {second} and {} others", rest.len()),
    }
}

/// A rough width of a text in pixels, on the generous side. Fonts differ; layouts leave room for that.
pub fn width(text: &str, size: u32, mono: bool) -> u32 {
    let thousandths: u32 = text
        .chars()
        .map(|c| match c {
            _ if mono => 605,
            'i' | 'l' | 'j' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' => 305,
            't' | 'f' | 'r' | '-' | '(' | ')' | '/' => 390,
            'm' | 'w' | 'M' | 'W' | '…' => 890,
            'A'..='Z' => 690,
            _ => 600,
        })
        .sum();
    (thousandths * size).div_ceil(1_000)
}

/// The text, cut with `…` to fit so many pixels. The full text belongs in a label.
pub fn fit(text: &str, room: u32, size: u32, mono: bool) -> String {
    if width(text, size, mono) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if width(&kept, size, mono) + width("…", size, mono) > room {
            kept.pop();
            break;
        }
    }
    format!("{}…", kept.trim_end())
}

/// A name, cut with `…` in its middle: what follows the last hyphen tells one pod of a set from the next.
pub fn fit_name(name: &str, room: u32, size: u32) -> String {
    let Some((_, tail)) = name.rsplit_once('-').filter(|(_, tail)| width(name, size, false) > room && tail.len() < 12)
    else {
        return fit(name, room, size, false);
    };
    let tail_width = width(tail, size, false);
    match room.checked_sub(tail_width).filter(|left| *left > width("m…", size, false)) {
        Some(left) => format!("{}{tail}", fit(name, left, size, false)),
        None => fit(name, room, size, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_spaced_units_and_two_of_them_at_most() {
        let text = |seconds| duration(Span::seconds(seconds));
        assert_eq!(text(3), "3 s");
        assert_eq!(text(375), "6 m 15 s");
        assert_eq!(text(360), "6 m");
        assert_eq!(text(3_723), "1 h 2 m");
        assert_eq!(countdown(Time(0), Time(347_700_000)), "5 m 48 s");
    }

    #[test]
    fn moments_count_from_the_start() {
        let start = Time(1_000_000_000);
        let at = start + Span::millis(436_300);
        assert_eq!(moment(start, at), "7:16");
        assert_eq!(moment_tenths(start, at), "7:16.3");
        assert_eq!(moment_millis(start, at), "7:16.300");
        assert_eq!(clock(start, at), ("00:07:16".into(), ".300".into()));
    }

    #[test]
    fn a_drawn_volume_is_called_by_its_first_digits() {
        assert_eq!(volume("pvc-1de0a3f4-1111-4222-8333-0123456789ab"), "pvc-1de0…");
        assert_eq!(volume("disk-of-the-shop"), "disk-of-the-shop");
    }

    #[test]
    fn lists_end_with_and() {
        let names = |n: usize| (0..n).map(|i| format!("rg-{i}")).collect::<Vec<_>>();
        assert_eq!(list(&names(1)), "rg-0");
        assert_eq!(list(&names(3)), "rg-0, rg-1 and rg-2");
        assert_eq!(list(&names(6)), "rg-0, rg-1 and 4 others");
    }

    #[test]
    fn a_cut_text_fits_its_room() {
        let cut = fit("0/4 nodes are available: 4 node(s) had untolerated taint", 110, 11, false);
        assert!(cut.ends_with('…') && width(&cut, 11, false) <= 110, "{cut}");
        assert_eq!(fit("short", 110, 11, false), "short");
        let name = fit_name("api-64bdc5dcdf-pq2bp", 100, 12);
        assert!(name.starts_with("api-") && name.ends_with("…pq2bp") && width(&name, 12, false) <= 100, "{name}");
        assert_eq!(fit_name("rg-0", 100, 12), "rg-0");
    }
}
