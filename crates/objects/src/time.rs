//! Virtual time as plain integers, and the RFC 3339 text that objects carry.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// An instant of virtual time, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Time(pub u64);

/// A length of virtual time, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span(pub u64);

impl Span {
    pub const ZERO: Span = Span(0);
    pub const fn micros(n: u64) -> Span {
        Span(n)
    }
    pub const fn millis(n: u64) -> Span {
        Span(n.saturating_mul(1_000))
    }
    pub const fn seconds(n: u64) -> Span {
        Span(n.saturating_mul(1_000_000))
    }
    pub const fn minutes(n: u64) -> Span {
        Span::seconds(n.saturating_mul(60))
    }
    pub const fn as_seconds(self) -> u64 {
        self.0 / 1_000_000
    }
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000
    }
    pub const fn times(self, n: u64) -> Span {
        Span(self.0.saturating_mul(n))
    }
}

impl Time {
    pub const ZERO: Time = Time(0);
    pub const MAX: Time = Time(u64::MAX);
    /// The time since an earlier instant, zero if it is not earlier.
    pub const fn since(self, earlier: Time) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
    /// This instant cut to whole seconds, as `creationTimestamp` and its like are stored.
    pub const fn whole_seconds(self) -> Time {
        Time(self.0 - self.0 % 1_000_000)
    }
    /// `2026-01-01T00:00:00Z`.
    pub fn rfc3339(self) -> String {
        let (y, mo, d, h, mi, s) = self.civil();
        format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}Z")
    }
    /// `2026-01-01T00:00:00.000000Z`, the MicroTime form that leases use.
    pub fn rfc3339_micro(self) -> String {
        let (y, mo, d, h, mi, s) = self.civil();
        format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}.{:06}Z", self.0 % 1_000_000)
    }
    /// Year, month, day, hour, minute, second in UTC.
    pub fn civil(self) -> (u64, u64, u64, u64, u64, u64) {
        let seconds = self.0 / 1_000_000;
        let (days, rest) = (seconds / 86_400, seconds % 86_400);
        // Days since 0000-03-01, in eras of 400 years (146,097 days); valid for every date after 1970.
        let z = days + 719_468;
        let (era, doe) = (z / 146_097, z % 146_097);
        let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let day = doy - (153 * mp + 2) / 5 + 1;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        let year = yoe + era * 400 + u64::from(month <= 2);
        (year, month, day, rest / 3_600, rest / 60 % 60, rest % 60)
    }
    /// Reads RFC 3339 with `Z` or a numeric offset; fractions are kept to the microsecond.
    pub fn parse_rfc3339(text: &str) -> Option<Time> {
        let bytes = text.as_bytes();
        let number = |from: usize, to: usize| -> Option<u64> { text.get(from..to)?.parse().ok() };
        if bytes.len() < 20 || bytes[4] != b'-' || bytes[7] != b'-' || !matches!(bytes[10], b'T' | b't' | b' ') {
            return None;
        }
        let (y, mo, d) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (h, mi, s) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        if !(1..=12).contains(&mo) || !(1..=31).contains(&d) || h > 23 || mi > 59 || s > 60 || y < 1970 {
            return None;
        }
        let (mut at, mut micros) = (19, 0);
        if bytes.get(at) == Some(&b'.') {
            let digits: Vec<u8> = bytes[at + 1..].iter().copied().take_while(u8::is_ascii_digit).collect();
            for i in 0..6 {
                micros = micros * 10 + u64::from(digits.get(i).map_or(0, |d| d - b'0'));
            }
            at += 1 + digits.len();
        }
        let offset: i64 = match bytes.get(at)? {
            b'Z' | b'z' => 0,
            sign @ (b'+' | b'-') => {
                let minutes = (number(at + 1, at + 3)? * 60 + number(at + 4, at + 6)?) as i64;
                if *sign == b'+' { minutes } else { -minutes }
            }
            _ => return None,
        };
        let (year, month) = if mo <= 2 { (y - 1, mo + 9) } else { (y, mo - 3) };
        let (era, yoe) = (year / 400, year % 400);
        let doe = yoe * 365 + yoe / 4 - yoe / 100 + (153 * month + 2) / 5 + d - 1;
        let days = era * 146_097 + doe - 719_468;
        let seconds = (days * 86_400 + h * 3_600 + mi * 60 + s) as i64 - offset * 60;
        Some(Time(u64::try_from(seconds).ok()? * 1_000_000 + micros))
    }
}

impl Add<Span> for Time {
    type Output = Time;
    fn add(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}
impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}
impl Sub<Span> for Time {
    type Output = Time;
    fn sub(self, span: Span) -> Time {
        Time(self.0.saturating_sub(span.0))
    }
}
impl Add for Span {
    type Output = Span;
    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}
impl Sub for Span {
    type Output = Span;
    fn sub(self, other: Span) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}

/// Go's duration text: `300ms`, `10s`, `1m20s`, `6m0s`, `1h0m0s`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, micros) = (self.0 / 1_000_000, self.0 % 1_000_000);
        if seconds == 0 && micros > 0 {
            return if micros % 1_000 == 0 { write!(f, "{}ms", micros / 1_000) } else { write!(f, "{micros}µs") };
        }
        if seconds >= 3_600 {
            write!(f, "{}h", seconds / 3_600)?;
        }
        if seconds >= 60 {
            write!(f, "{}m", seconds / 60 % 60)?;
        }
        write!(f, "{}", seconds % 60)?;
        if micros > 0 {
            let digits = format!("{micros:06}");
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        write!(f, "s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_round_trips() {
        for text in ["1970-01-01T00:00:00Z", "2000-02-29T23:59:59Z", "2026-11-21T07:22:23Z", "2100-03-01T00:00:00Z"] {
            assert_eq!(Time::parse_rfc3339(text).unwrap().rfc3339(), text);
        }
        let offset = Time::parse_rfc3339("2026-01-01T01:00:00.250+01:00").unwrap();
        assert_eq!(offset.rfc3339_micro(), "2026-01-01T00:00:00.250000Z");
        assert_eq!(Time::parse_rfc3339("2026-13-01T00:00:00Z"), None);
    }

    #[test]
    fn spans_print_as_go_durations() {
        let text = |s: Span| s.to_string();
        assert_eq!(text(Span::millis(500)), "500ms");
        assert_eq!(text(Span::seconds(80)), "1m20s");
        assert_eq!(text(Span::seconds(300)), "5m0s");
        assert_eq!(text(Span::seconds(3_600)), "1h0m0s");
        assert_eq!(text(Span::millis(1_500)), "1.5s");
    }
}
