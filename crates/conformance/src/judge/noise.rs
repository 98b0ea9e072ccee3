//! What differs between two runs of the same story without meaning anything: ids, addresses, times, ages.
//!
//! Each rule looks for its words at one place of a text; the rules are applied one after the other.

/// A rule: the text, a place in it; where the match ends and what stands for it.
type Rule = fn(&[u8], usize) -> Option<(usize, String)>;

/// For any text.
const ANYWHERE: [Rule; 7] = [uuid, address, time, drawn_pod_name, volume_handle, combined, assigned_node];
/// For what kubectl prints, additionally.
const PRINTED: [Rule; 7] = [resource_version, container_id, boot_id, token_volume, repeats, age, blanks];

/// Replaces what is noise in any text.
pub fn clean(text: &str) -> String {
    ANYWHERE.iter().fold(text.to_owned(), |text, rule| replace(&text, *rule))
}

/// Replaces what is noise in the output of a command.
pub fn clean_output(text: &str) -> String {
    PRINTED.iter().fold(clean(text), |text, rule| replace(&text, *rule))
}

fn replace(text: &str, rule: Rule) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut kept, mut at) = (String::new(), 0, 0);
    while at < bytes.len() {
        match rule(bytes, at).filter(|(end, _)| *end > at) {
            Some((end, instead)) => {
                out.push_str(&text[kept..at]);
                out.push_str(&instead);
                (kept, at) = (end, end);
            }
            None => at += 1,
        }
    }
    out.push_str(&text[kept..]);
    out
}

pub fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

fn byte(text: &[u8], at: usize) -> Option<u8> {
    text.get(at).copied()
}

/// Where a run of bytes that satisfy a condition ends.
fn run(text: &[u8], from: usize, holds: impl Fn(u8) -> bool) -> usize {
    from + text[from.min(text.len())..].iter().take_while(|byte| holds(**byte)).count()
}

fn exactly(text: &[u8], from: usize, count: usize, holds: impl Fn(u8) -> bool) -> Option<usize> {
    let part = text.get(from..from + count)?;
    part.iter().all(|byte| holds(*byte)).then_some(from + count)
}

fn literal(text: &[u8], from: usize, words: &str) -> Option<usize> {
    text.get(from..)?.starts_with(words.as_bytes()).then_some(from + words.len())
}

fn some_run(text: &[u8], from: usize, holds: impl Fn(u8) -> bool) -> Option<usize> {
    Some(run(text, from, holds)).filter(|end| *end > from)
}

/// Whether a word begins or ends here.
fn is_edge(text: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| byte(text, at)).is_some_and(is_word);
    before != byte(text, at).is_some_and(is_word)
}

fn uuid(text: &[u8], at: usize) -> Option<(usize, String)> {
    let mut end = exactly(text, at, 8, is_hex)?;
    for count in [4, 4, 4, 12] {
        end = exactly(text, literal(text, end, "-")?, count, is_hex)?;
    }
    Some((end, "<uid>".into()))
}

fn address(text: &[u8], at: usize) -> Option<(usize, String)> {
    if !is_edge(text, at) {
        return None;
    }
    let digits = |from| some_run(text, from, |byte| byte.is_ascii_digit());
    let mut end = digits(at)?;
    for _ in 0..3 {
        end = digits(literal(text, end, ".")?)?;
    }
    is_edge(text, end).then(|| (end, "<ip>".into()))
}

fn time(text: &[u8], at: usize) -> Option<(usize, String)> {
    let end = relative_time(text, at).or_else(|| iso_time(text, at)).or_else(|| mail_time(text, at))?;
    Some((end, "<time>".into()))
}

/// `+4.2s`
fn relative_time(text: &[u8], at: usize) -> Option<usize> {
    let start = exactly(text, at, 1, |byte| byte == b'+' || byte == b'-')?;
    let end = literal(text, some_run(text, start, |byte| byte.is_ascii_digit() || byte == b'.')?, "s")?;
    (!byte(text, end).is_some_and(is_word)).then_some(end)
}

/// `2026-11-21T07:27:57Z`
fn iso_time(text: &[u8], at: usize) -> Option<usize> {
    let digits = |from, count| exactly(text, from, count, |byte| byte.is_ascii_digit());
    let month = digits(literal(text, digits(at, 4)?, "-")?, 2)?;
    let clock = literal(text, digits(literal(text, month, "-")?, 2)?, "T")?;
    let end = some_run(text, clock, |byte| byte.is_ascii_digit() || byte == b':' || byte == b'.')?;
    literal(text, end, "Z").or_else(|| literal(text, end, "+00:00"))
}

/// `Sat, 21 Nov 2026 07:42:39 +0000`
fn mail_time(text: &[u8], at: usize) -> Option<usize> {
    let digits = |from, count| exactly(text, from, count, |byte| byte.is_ascii_digit());
    let day = digits(literal(text, exactly(text, at, 3, is_word)?, ", ")?, 2)?;
    let month = exactly(text, literal(text, day, " ")?, 3, is_word)?;
    let clock = literal(text, digits(literal(text, month, " ")?, 4)?, " ")?;
    literal(text, some_run(text, clock, |byte| byte.is_ascii_digit() || byte == b':')?, " +0000")
}

/// `Error creating: pods "web-x7xll"`
fn drawn_pod_name(text: &[u8], at: usize) -> Option<(usize, String)> {
    let start = literal(text, at, "Error creating: pod")?;
    let start = literal(text, literal(text, start, "s").unwrap_or(start), " \"")?;
    let end = run(text, start, |byte| is_word(byte) || byte == b'-');
    let suffix = end.checked_sub(5).filter(|suffix| *suffix > start + 1)?;
    let fits = byte(text, end) == Some(b'"')
        && byte(text, suffix - 1) == Some(b'-')
        && text[suffix..end].iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
    fits.then(|| (end, format!("{}<rand>", String::from_utf8_lossy(&text[at..suffix]))))
}

fn volume_handle(text: &[u8], at: usize) -> Option<(usize, String)> {
    Some((exactly(text, literal(text, at, "vol-")?, 8, is_hex)?, "<volume>".into()))
}

fn combined(text: &[u8], at: usize) -> Option<(usize, String)> {
    Some((literal(text, at, "(combined from similar events): ")?, String::new()))
}

fn assigned_node(text: &[u8], at: usize) -> Option<(usize, String)> {
    let graphic = |byte: u8| !byte.is_ascii_whitespace();
    let pod = some_run(text, literal(text, at, "Successfully assigned ")?, graphic)?;
    let node = literal(text, pod, " to ")?;
    Some((some_run(text, node, graphic)?, format!("{}<node>", String::from_utf8_lossy(&text[at..node]))))
}

fn resource_version(text: &[u8], at: usize) -> Option<(usize, String)> {
    let start = literal(text, at, "resourceVersion: \"")?;
    let end = literal(text, some_run(text, start, |byte| byte.is_ascii_digit())?, "\"")?;
    Some((end, "resourceVersion: <rv>".into()))
}

fn container_id(text: &[u8], at: usize) -> Option<(usize, String)> {
    Some((exactly(text, literal(text, at, "sim://")?, 8, is_hex)?, "sim://<id>".into()))
}

fn boot_id(text: &[u8], at: usize) -> Option<(usize, String)> {
    let start = some_run(text, literal(text, at, "Boot ID:")?, |byte| byte == b' ')?;
    let end = some_run(text, start, |byte| !byte.is_ascii_whitespace())?;
    Some((end, format!("{}<id>", String::from_utf8_lossy(&text[at..start]))))
}

fn token_volume(text: &[u8], at: usize) -> Option<(usize, String)> {
    let start = literal(text, at, "kube-api-access-")?;
    Some((exactly(text, start, 5, is_word)?, "kube-api-access-<rand>".into()))
}

/// ` (x12 over 5m)`
fn repeats(text: &[u8], at: usize) -> Option<(usize, String)> {
    let start = literal(text, run(text, at, |byte| byte.is_ascii_whitespace()), "(x")?;
    let start = literal(text, some_run(text, start, |byte| byte.is_ascii_digit())?, " over ")?;
    Some((literal(text, run(text, start, |byte| byte != b')'), ")")?, String::new()))
}

/// `5m2s`, but not `for 10s` and no part of a name.
fn age(text: &[u8], at: usize) -> Option<(usize, String)> {
    let before = at.checked_sub(1).and_then(|at| byte(text, at));
    if text[..at].ends_with(b"for ") || before.is_some_and(|byte| is_word(byte) || byte == b'=' || byte == b'-') {
        return None;
    }
    let mut ends = Vec::new();
    let mut end = at;
    while let Some(unit) = some_run(text, end, |byte| byte.is_ascii_digit())
        .filter(|unit| byte(text, *unit).is_some_and(|byte| b"dhms".contains(&byte)))
    {
        end = unit + 1;
        ends.push(end);
    }
    let is_whole = |end: &usize| !byte(text, *end).is_some_and(|byte| is_word(byte) || byte == b'.');
    let candidates = ends.iter().rev().flat_map(|end| [literal(text, *end, "s ago"), Some(*end)]).flatten();
    candidates.into_iter().find(is_whole).map(|end| (end, "<age>".into()))
}

fn blanks(text: &[u8], at: usize) -> Option<(usize, String)> {
    some_run(text, at, |byte| byte == b' ' || byte == b'\t').map(|end| (end, " ".into()))
}

/// Replaces whole words out of a list, the first that fits.
pub fn blur(text: &str, words: &[String]) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut kept, mut at) = (String::new(), 0, 0);
    while at < bytes.len() {
        let zone = literal(bytes, at, "zone-").and_then(|end| exactly(bytes, end, 1, |byte| byte.is_ascii_lowercase()));
        let names = words.iter().filter_map(|word| literal(bytes, at, word));
        let found = zone.into_iter().chain(names).find(|end| is_edge(bytes, *end)).filter(|_| is_edge(bytes, at));
        match found {
            Some(end) => {
                out.push_str(&text[kept..at]);
                out.push_str("<node or zone>");
                (kept, at) = (end, end);
            }
            None => at += 1,
        }
    }
    out.push_str(&text[kept..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_times_and_addresses_are_noise() {
        assert_eq!(clean("uid 00000010-0000-4000-8000-000000000000, 10.1.0.5, at +4.2s"), "uid <uid>, <ip>, at <time>");
        assert_eq!(clean("2026-11-21T07:27:57Z and Sat, 21 Nov 2026 07:42:39 +0000"), "<time> and <time>");
        assert_eq!(clean("Successfully assigned ns/web-0 to main-1"), "Successfully assigned ns/web-0 to <node>");
        assert_eq!(
            clean("Error creating: pods \"web-x7xll\" is forbidden"),
            "Error creating: pods \"web-<rand>\" is forbidden"
        );
    }

    #[test]
    fn ages_are_noise_only_where_they_are_ages() {
        assert_eq!(clean_output("web-0   1/1  5m2s"), "web-0 1/1 <age>");
        assert_eq!(clean_output("op=Exists for 10s"), "op=Exists for 10s");
        assert_eq!(clean_output("--timeout=60s p4-2x"), "--timeout=60s p4-2x");
        assert_eq!(clean_output("Started  12s (x4 over 49s)  kubelet"), "Started <age> kubelet");
    }

    #[test]
    fn a_name_is_not_blurred_inside_of_a_longer_one() {
        let words = ["main-1".to_owned(), "main-10".to_owned()];
        assert_eq!(
            blur("main-10 main-1 xmain-1 zone-b", &words),
            "<node or zone> <node or zone> xmain-1 <node or zone>"
        );
    }
}
