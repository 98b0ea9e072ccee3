//! The spans that annotations ask for, each with what it is for: how short it may be follows from that.
//!
//! Invariant: nobody but this module reads a span that a person wrote.

use crate::ground::clock::Span;
use crate::ground::pace::Pace;

macro_rules! asked {
    ($($key:ident $text:literal $pace:ident,)*) => {
        /// An annotation `petri.dev/KEY` that gives a span.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Asked { $($key,)* }

        impl Asked {
            pub const ALL: &[Asked] = &[$(Asked::$key,)*];
            /// The annotation's name, without its prefix.
            pub const fn key(self) -> &'static str {
                match self { $(Asked::$key => $text,)* }
            }
            pub const fn pace(self) -> Pace {
                match self { $(Asked::$key => Pace::$pace,)* }
            }
        }
    };
}

asked! {
    StartDelay "start-delay" Once,
    StopDelay "stop-delay" Once,
    PreStop "pre-stop" Once,
    Ready "ready" Once,
    Live "live" Once,
    Startup "startup" Once,
    Run "run" Once,
    DnsCache "dns-cache" Once,
    WriteEvery "write-every" Again,
    CallEvery "call-every" Again,
    RetryPeriod "retry-period" Again,
    RenewDeadline "renew-deadline" Again,
    Hold "hold" Again,
    LeaseDuration "lease-duration" Belief,
    SessionTimeout "session-timeout" Belief,
    TimeToLive "ttl" Belief,
}

impl Asked {
    /// Reads `500ms`, `1s`, `1.5s`, `2m`, `1h`, or sums of them, and keeps it within bounds. `None` if it is no span.
    pub fn read(self, text: &str) -> Option<Span> {
        parse_span(text).map(|span| self.pace().bounded(span))
    }
    /// The same for a number of seconds.
    pub fn seconds(self, seconds: u64) -> Span {
        self.pace().bounded(Span::seconds(seconds))
    }
}

fn parse_span(text: &str) -> Option<Span> {
    let (mut total, mut rest) = (Span::ZERO, text);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let (number, tail) = rest.split_at(digits);
        let unit_end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, next) = tail.split_at(unit_end);
        let micros: u64 = match unit {
            "us" | "µs" => 1,
            "ms" => 1_000,
            "s" => 1_000_000,
            "m" => 60_000_000,
            "h" => 3_600_000_000,
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.len() > 6 || whole.len() > 9 || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        total = total + Span(whole.parse::<u64>().unwrap_or(0).saturating_mul(micros));
        if !fraction.is_empty() {
            total = total + Span(fraction.parse::<u64>().ok()? * micros / 10u64.pow(fraction.len() as u32));
        }
        rest = next;
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::pace::LONGEST;

    #[test]
    fn spans_read_as_go_writes_them() {
        assert_eq!(parse_span("1.5s"), Some(Span::millis(1_500)));
        assert_eq!(parse_span("1m20s"), Some(Span::seconds(80)));
        assert_eq!(parse_span("250ms"), Some(Span::millis(250)));
        for bad in ["", "5", "s", "1x", "1..5s"] {
            assert_eq!(parse_span(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_happens_again_and_again_takes_some_time() {
        for asked in Asked::ALL {
            for text in ["0s", "1us", "0.000001s"] {
                assert!(asked.read(text) >= Some(asked.pace().least()), "{} {text}", asked.key());
            }
            assert_eq!(asked.read(&"999999999h".repeat(9)), Some(LONGEST), "{}", asked.key());
            assert_eq!(asked.seconds(u64::MAX), LONGEST);
        }
        assert_eq!(Asked::Hold.read("0s"), Some(Span::millis(10)));
        assert_eq!(Asked::TimeToLive.read("0s"), Some(Span::seconds(1)));
        assert_eq!(Asked::Run.read("0s"), Some(Span::ZERO), "a back-off follows");
    }
}
