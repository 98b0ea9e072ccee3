//! When a schedule fires: five fields as cron reads them, or `@hourly` and its like. Times are UTC.
//!
//! Upstream: `github.com/robfig/cron/v3`, `ParseStandard` and `SpecSchedule.Next`.

use crate::ground::clock::{Span, Time};

const MINUTE: u64 = 60_000_000;
const DAY: u64 = 24 * 60 * MINUTE;
/// So many days are looked through; a day that does not come in five years never comes.
const DAYS: u64 = 5 * 366;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// A bit for each value of a field.
    Fields { minutes: u64, hours: u64, days: u64, months: u64, weekdays: u64, either_day: bool },
    /// `@every`, in seconds.
    Every(u64),
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl Schedule {
    /// `None` for what cron does not read.
    pub fn read(text: &str) -> Option<Schedule> {
        if let Some(delay) = text.strip_prefix("@every ") {
            return Some(Schedule::Every(duration(delay.trim())?.max(1)));
        }
        let text = match text.trim() {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            other => other,
        };
        let words: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = words[..] else { return None };
        // A field that is not told does not widen the other.
        let is_open = |field: &str| field.split(',').any(|part| matches!(part, "*" | "?" | "*/1" | "?/1"));
        Some(Schedule::Fields {
            minutes: bits(minutes, 0, 59, &[])?,
            hours: bits(hours, 0, 23, &[])?,
            days: bits(days, 1, 31, &[])?,
            months: bits(months, 1, 12, &MONTHS)?,
            weekdays: bits(weekdays, 0, 6, &WEEKDAYS)?,
            either_day: !is_open(days) && !is_open(weekdays),
        })
    }

    /// The first time after an instant at which it fires.
    pub fn next(&self, after: Time) -> Option<Time> {
        let (minutes, hours) = match self {
            Schedule::Every(seconds) => return Some(after.whole_seconds() + Span::seconds(*seconds)),
            Schedule::Fields { minutes, hours, .. } => (*minutes, *hours),
        };
        let from = (after.0 / MINUTE + 1) * MINUTE;
        let today = from / DAY;
        for day in today..today + DAYS {
            if !self.fires_on(day) {
                continue;
            }
            let first = if day == today { from % DAY / MINUTE } else { 0 };
            let fires = |at: &u64| has(hours, at / 60) && has(minutes, at % 60);
            if let Some(at) = (first..24 * 60).find(fires) {
                return Some(Time(day * DAY + at * MINUTE));
            }
        }
        None
    }

    fn fires_on(&self, day: u64) -> bool {
        let Schedule::Fields { days, months, weekdays, either_day, .. } = self else { return true };
        let (_, month, date, ..) = Time(day * DAY).civil();
        // 1970-01-01 was a Thursday.
        let (by_date, by_weekday) = (has(*days, date), has(*weekdays, (day + 4) % 7));
        has(*months, month) && if *either_day { by_date || by_weekday } else { by_date && by_weekday }
    }
}

fn has(bits: u64, value: u64) -> bool {
    bits >> value & 1 == 1
}

/// A field as the set of its values: `*/5`, `1-5`, `MON,WED`.
fn bits(field: &str, low: u32, high: u32, names: &[&str]) -> Option<u64> {
    let value = |word: &str| {
        let lower = word.to_ascii_lowercase();
        let named = names.iter().position(|name| *name == lower).map(|at| at as u32 + low);
        named.or_else(|| word.parse().ok()).filter(|value| (low..=high).contains(value))
    };
    let mut all = 0;
    for part in field.split(',') {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let step = match step {
            None => 1,
            Some(text) => text.parse::<usize>().ok().filter(|step| *step > 0)?,
        };
        let (from, to) = match range.split_once('-') {
            _ if matches!(range, "*" | "?") => (low, high),
            Some((from, to)) => (value(from)?, value(to)?),
            // `5/15` goes on to the end.
            None => (value(range)?, if part.contains('/') { high } else { value(range)? }),
        };
        (from..=to).step_by(step).for_each(|value| all |= 1 << value);
    }
    Some(all)
}

/// Go's durations, cut to whole seconds: `1h30m`.
fn duration(text: &str) -> Option<u64> {
    let (mut total, mut rest) = (0u64, text);
    while !rest.is_empty() {
        let (number, tail) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let (unit, next) = tail.split_at(tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len()));
        let seconds = match unit {
            "h" => 3_600,
            "m" => 60,
            "s" => 1,
            _ => return None,
        };
        total = total.saturating_add(number.parse::<u64>().ok()?.saturating_mul(seconds));
        rest = next;
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fires(schedule: &str, after: &str, count: usize) -> Vec<String> {
        let schedule = Schedule::read(schedule).expect("cron reads it");
        let mut at = Time::parse_rfc3339(after).expect("it is a time");
        let mut times = Vec::new();
        for _ in 0..count {
            let Some(next) = schedule.next(at) else { break };
            at = next;
            times.push(next.rfc3339());
        }
        times
    }

    #[test]
    fn schedules_fire_when_cron_says() {
        let cases = [
            ("*/5 * * * *", "2026-01-01T00:04:59Z", "2026-01-01T00:05:00Z 2026-01-01T00:10:00Z"),
            ("30 6-8/2 * * *", "2026-01-01T06:30:00Z", "2026-01-01T08:30:00Z 2026-01-02T06:30:00Z"),
            ("0 0 29 FEB *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("0 0 13 * 5", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z 2026-01-09T00:00:00Z 2026-01-13T00:00:00Z"),
            ("0 12 * * mon-tue", "2026-01-01T00:00:00Z", "2026-01-05T12:00:00Z 2026-01-06T12:00:00Z"),
            ("@hourly", "2026-12-31T23:00:00Z", "2027-01-01T00:00:00Z"),
            ("@every 1m30s", "2026-01-01T00:00:00.5Z", "2026-01-01T00:01:30Z 2026-01-01T00:03:00Z"),
            ("0 0 30 2 *", "2026-01-01T00:00:00Z", ""),
        ];
        for (schedule, after, expected) in cases {
            let expected: Vec<&str> = expected.split_whitespace().collect();
            assert_eq!(fires(schedule, after, expected.len().max(1)), expected, "{schedule}");
        }
        for bad in ["", "* * * *", "60 * * * *", "* * * * 7", "*/0 * * * *", "@every", "x * * * *"] {
            assert_eq!(Schedule::read(bad), None, "{bad}");
        }
    }
}
