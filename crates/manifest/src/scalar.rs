//! What an unquoted word means: the rules of YAML 1.1 as kubectl's parser applies them.
//!
//! `yes` and `on` are booleans, `012` is ten, `1_000` is a thousand, and `1.10` is the number 1.1. These are the
//! classic surprises of manifests, so they must surprise here as well.
//!
//! Upstream: `go-yaml` v2, `resolve`; numbers are written the way Go's JSON encoder writes them.

use petri_objects::{Name, Value};

/// What a plain word turns into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    Value(Value),
    /// `.inf` and `.nan`, which JSON cannot say; the text is Go's.
    Unsupported(&'static str),
    /// `<<`
    Merge,
    /// A date. It stays a text, but must be quoted when printed.
    Timestamp,
}

/// Resolves a plain scalar without tag.
pub fn resolve(text: &str) -> Resolved {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Resolved::Value(Value::Bool(true));
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Resolved::Value(Value::Bool(false));
        }
        "" | "~" | "null" | "Null" | "NULL" => return Resolved::Value(Value::Null),
        ".nan" | ".NaN" | ".NAN" => return Resolved::Unsupported("NaN"),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Resolved::Unsupported("+Inf"),
        "-.inf" | "-.Inf" | "-.INF" => return Resolved::Unsupported("-Inf"),
        "<<" => return Resolved::Merge,
        _ => {}
    }
    let string = || Resolved::Value(Value::String(text.into()));
    match text.as_bytes()[0] {
        b'.' => float(text).map_or_else(string, Resolved::Value),
        b'0'..=b'9' | b'+' | b'-' => {
            if is_timestamp(text) {
                return Resolved::Timestamp;
            }
            let plain: Name = text.chars().filter(|c| *c != '_').collect::<String>().into();
            integer(&plain).or_else(|| float(&plain)).map_or_else(string, Resolved::Value)
        }
        _ => string(),
    }
}

/// Whether the text can be written without quotes and stay a text.
pub(crate) fn is_plain_string(text: &str) -> bool {
    matches!(resolve(text), Resolved::Value(Value::String(_))) && !is_base_60(text)
}

/// Go's `strconv.ParseInt(text, 0, 64)`, then `ParseUint`: `0x`, `0o`, `0b` and a leading zero choose the base.
fn integer(text: &str) -> Option<Value> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    let prefix = digits.get(..2).map(str::to_ascii_lowercase);
    let (base, digits) = match prefix.as_deref() {
        Some("0x") => (16, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        _ if digits.len() > 1 && digits.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(base)) {
        return None;
    }
    let number = i128::from_str_radix(digits, base).ok()?;
    let number = if negative { -number } else { number };
    match i64::try_from(number) {
        Ok(number) => Some(Value::Int(number)),
        Err(_) if u64::try_from(number).is_ok() && !text.starts_with('+') => {
            Some(Value::Number(number.to_string().into()))
        }
        Err(_) => None,
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn float(text: &str) -> Option<Value> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let mantissa_is_right = match mantissa.split_once('.') {
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
        None => digits(mantissa),
    };
    if !mantissa_is_right || !exponent.is_none_or(|e| digits(e.strip_prefix(['-', '+']).unwrap_or(e))) {
        return None;
    }
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i64 = exponent.map_or(Ok(0), str::parse).ok()?;
    json_number(text.starts_with('-'), whole, fraction, exponent)
}

/// A float as Go's JSON encoder writes it, which is an integer's text when it has no fraction.
///
/// Deviation: the digits are moved as text, without a float in between, so numbers with 16 or 17 significant digits keep
/// theirs where a float would take its nearest neighbour. (Reading floats exactly takes tables of 10 kB.)
fn json_number(negative: bool, whole: &str, fraction: &str, exponent: i64) -> Option<Value> {
    /// What a float can tell apart.
    const SIGNIFICANT: usize = 17;
    const LARGEST: &str = "17976931348623157";
    let sign = if negative { "-" } else { "" };
    let all: String = [whole, fraction].concat();
    let leading = all.bytes().take_while(|b| *b == b'0').count();
    let mut digits: Vec<u8> = all.into_bytes().split_off(leading);
    // The power of ten of the first digit.
    let mut power = (whole.len() as i64 - leading as i64 - 1).saturating_add(exponent);
    if digits.len() > SIGNIFICANT {
        let up = digits[SIGNIFICANT] >= b'5';
        digits.truncate(SIGNIFICANT);
        if up {
            let nines = digits.iter().rev().take_while(|digit| **digit == b'9').count();
            digits.truncate(SIGNIFICANT - nines);
            match digits.last_mut() {
                Some(digit) => *digit += 1,
                None => {
                    digits.push(b'1');
                    power += 1;
                }
            }
        }
    }
    while digits.last() == Some(&b'0') {
        digits.pop();
    }
    let digits: String = digits.into_iter().map(char::from).collect();
    if power > 308 || power == 308 && *digits > *LARGEST {
        return None;
    }
    if digits.is_empty() || power < -324 {
        return Some(if negative { Value::Number("-0".into()) } else { Value::Int(0) });
    }
    let text = if !(-6..21).contains(&power) {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        format!("{sign}{first}{point}{rest}e{power:+}")
    } else if power < 0 {
        format!("{sign}0.{}{digits}", "0".repeat((-power - 1) as usize))
    } else {
        let places = power as usize + 1;
        match digits.split_at_checked(places) {
            Some((whole, "")) => format!("{sign}{whole}"),
            Some((whole, fraction)) => format!("{sign}{whole}.{fraction}"),
            None => format!("{sign}{digits}{}", "0".repeat(places - digits.len())),
        }
    };
    Some(text.parse().map_or_else(|_| Value::Number(text.into()), Value::Int))
}

/// `1:30` was a number in YAML 1.1; nothing reads it so any more, but it is still printed with quotes.
fn is_base_60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let mut parts = unsigned.split(':');
    let first = parts.next().unwrap_or("");
    if !first.starts_with(|c: char| c.is_ascii_digit()) || !first.bytes().all(|b| b.is_ascii_digit() || b == b'_') {
        return false;
    }
    let mut rest: Vec<&str> = parts.collect();
    let Some(last) = rest.last_mut() else { return false };
    if let Some((whole, fraction)) = last.split_once('.') {
        if !fraction.bytes().all(|b| b.is_ascii_digit() || b == b'_') {
            return false;
        }
        *last = whole;
    }
    rest.iter().all(|part| match part.as_bytes() {
        [b] => b.is_ascii_digit(),
        [a, b] => (b'0'..=b'5').contains(a) && b.is_ascii_digit(),
        _ => false,
    })
}

/// The four date forms that go-yaml takes: a date alone, with a time after a blank, or RFC 3339 with either `T`.
fn is_timestamp(text: &str) -> bool {
    let year = text.bytes().take_while(u8::is_ascii_digit).count();
    if year != 4 || text.as_bytes().get(4) != Some(&b'-') {
        return false;
    }
    let (date, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[5..at.max(5)], Some((&text[at..=at], &text[at + 1..]))),
        None => (&text[5..], None),
    };
    let number = |text: &str, low: u32, high: u32| {
        matches!(text.len(), 1 | 2)
            && text.bytes().all(|b| b.is_ascii_digit())
            && text.parse().is_ok_and(|n: u32| (low..=high).contains(&n))
    };
    let Some((month, day)) = date.split_once('-') else { return false };
    if !number(month, 1, 12) || !number(day, 1, 31) {
        return false;
    }
    let Some((separator, time)) = time else { return true };
    let clock = match separator {
        " " => time,
        _ => match time.strip_suffix('Z') {
            Some(clock) => clock,
            None => {
                let Some(at) = time.rfind(['+', '-']) else { return false };
                let offset = &time[at + 1..];
                if offset.len() != 5
                    || !matches!(offset.split_once(':'), Some((h, m)) if number(h, 0, 24) && number(m, 0, 60))
                {
                    return false;
                }
                &time[..at]
            }
        },
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let parts: Vec<&str> = clock.split(':').collect();
    matches!(parts[..], [h, m, s] if number(h, 0, 23) && number(m, 0, 59) && number(s, 0, 59))
        && !fraction.is_empty()
        && fraction.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, json: &str) {
        let got = match resolve(text) {
            Resolved::Value(value) => value.to_json(),
            other => format!("{other:?}"),
        };
        assert_eq!(got, json, "{text}");
    }

    #[test]
    fn words_of_yaml_1_1_are_booleans_and_nulls() {
        for word in ["yes", "Yes", "y", "on", "ON", "true", "True"] {
            check(word, "true");
        }
        for word in ["no", "NO", "n", "off", "Off", "false", "FALSE"] {
            check(word, "false");
        }
        for word in ["", "~", "null", "Null", "NULL"] {
            check(word, "null");
        }
        check("yEs", r#""yEs""#);
        check("nil", r#""nil""#);
    }

    #[test]
    fn integers_choose_their_base_by_prefix() {
        check("012", "10");
        check("0o17", "15");
        check("0x1F", "31");
        check("0b101", "5");
        check("-0x10", "-16");
        check("+7", "7");
        check("1_000", "1000");
        check("08", "8");
        check("0", "0");
        check("18446744073709551615", "18446744073709551615");
        check("-9223372036854775808", "-9223372036854775808");
        check("1-2", r#""1-2""#);
        check("-", r#""-""#);
        check("+", r#""+""#);
        check("0x", r#""0x""#);
        check("1é", r#""1é""#);
    }

    #[test]
    fn floats_lose_their_spelling() {
        check("1.10", "1.1");
        check("3.0", "3");
        check("1e3", "1000");
        check(".5", "0.5");
        check("1.", "1");
        check("1e21", "1e+21");
        check("1e-7", "1e-7");
        check("1.2.3", r#""1.2.3""#);
        check("10Mi", r#""10Mi""#);
        check("1e", r#""1e""#);
        check(".", r#"".""#);
        check("1e999", r#""1e999""#);
        check(".inf", r#"Unsupported("+Inf")"#);
    }

    #[test]
    fn dates_are_texts_that_need_quotes() {
        for text in
            ["2026-01-01", "2026-1-1", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5+01:00", "2026-01-01 1:2:3"]
        {
            check(text, "Timestamp");
        }
        for text in ["2026-13-01", "2026-01", "2026-01-01T", "2026-01-01Tx", "2026-01-01T00:00:00"] {
            check(text, &format!("{text:?}"));
        }
    }

    #[test]
    fn texts_that_would_read_otherwise_are_not_plain() {
        for text in ["yes", "1", "1.5", "", "null", "2026-01-01", "1:30", "<<", "0x1", "~"] {
            assert!(!is_plain_string(text), "{text}");
        }
        for text in ["web", "10Gi", "1.2.3", "a:b", "500m"] {
            assert!(is_plain_string(text), "{text}");
        }
    }
}
