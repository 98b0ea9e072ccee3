//! When a schedule fires: five fields as cron reads them, or `@hourly` and its like. Times are UTC.
//!
//! Upstream: `github.com/robfig/cron/v3`, `ParseStandard` and `SpecSchedule.Next`.

use crate::{Span, Time};

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
    /// # Errors
    /// What cron says of a text that it does not read.
    pub fn read(text: &str) -> Result<Schedule, String> {
        let mut text = text;
        if text.is_empty() {
            return Err("empty spec string".into());
        }
        if text.starts_with("TZ=") || text.starts_with("CRON_TZ=") {
            // Which zone it is does not matter: the API server refuses all of them.
            text = text.split_once(' ').map_or("", |(_, rest)| rest).trim();
        }
        if let Some(delay) = text.strip_prefix("@every ") {
            return match duration(delay) {
                Ok(seconds) => Ok(Schedule::Every(seconds.max(1))),
                Err(why) => Err(format!("failed to parse duration {text}: time: {why} \"{delay}\"")),
            };
        }
        let text = match text {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            other if other.starts_with('@') => return Err(format!("unrecognized descriptor: {other}")),
            other => other,
        };
        let words: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = words[..] else {
            return Err(format!("expected exactly 5 fields, found {}: [{}]", words.len(), words.join(" ")));
        };
        // A field that is not told does not widen the other.
        let is_open = |field: &str| field.split(',').any(|part| matches!(part, "*" | "?" | "*/1" | "?/1"));
        Ok(Schedule::Fields {
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
///
/// Upstream: `getField`, `getRange`.
fn bits(field: &str, low: u32, high: u32, names: &[&str]) -> Result<u64, String> {
    let value = |word: &str| {
        let lower = word.to_ascii_lowercase();
        let named = names.iter().position(|name| *name == lower).map(|at| at as i64 + i64::from(low));
        named.map_or_else(|| number(word), Ok)
    };
    let mut all = 0;
    for part in field.split(',').filter(|part| !part.is_empty()) {
        let steps: Vec<&str> = part.split('/').collect();
        let ends: Vec<&str> = steps[0].split('-').collect();
        let (from, mut to) = match ends[..] {
            ["*" | "?", ..] => (i64::from(low), i64::from(high)),
            [one] => (value(one)?, value(one)?),
            [from, to] => (value(from)?, value(to)?),
            _ => return Err(format!("too many hyphens: {part}")),
        };
        let step = match steps[..] {
            [_] => 1,
            [_, step] => {
                // `5/15` goes on to the end.
                if ends.len() == 1 {
                    to = i64::from(high);
                }
                number(step)?
            }
            _ => return Err(format!("too many slashes: {part}")),
        };
        if from < i64::from(low) {
            return Err(format!("beginning of range ({from}) below minimum ({low}): {part}"));
        }
        if to > i64::from(high) {
            return Err(format!("end of range ({to}) above maximum ({high}): {part}"));
        }
        if from > to {
            return Err(format!("beginning of range ({from}) beyond end of range ({to}): {part}"));
        }
        if step == 0 {
            return Err(format!("step of range should be a positive number: {part}"));
        }
        (from..=to).step_by(usize::try_from(step).unwrap_or(usize::MAX)).for_each(|value| all |= 1 << value);
    }
    Ok(all)
}

/// Upstream: `mustParseInt`.
fn number(word: &str) -> Result<i64, String> {
    match word.parse::<i64>() {
        Ok(number) if number < 0 => Err(format!("negative number ({number}) not allowed: {word}")),
        Ok(number) => Ok(number),
        Err(_) => Err(format!("failed to parse int from {word}: strconv.Atoi: parsing \"{word}\": invalid syntax")),
    }
}

/// Go's durations, cut to whole seconds: `1h30m`, `1.5h`. What is wrong is said as `time.ParseDuration` begins to.
fn duration(text: &str) -> Result<u64, &'static str> {
    const WRONG: &str = "invalid duration";
    let mut rest = text.trim_start_matches('+');
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(WRONG);
    }
    let mut micros = 0u128;
    while !rest.is_empty() {
        let is_digit = |c: char| c.is_ascii_digit();
        let (number, tail) = rest.split_at(rest.find(|c| !is_digit(c) && c != '.').unwrap_or(rest.len()));
        let (unit, next) = tail.split_at(tail.find(|c| is_digit(c) || c == '.').unwrap_or(tail.len()));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() || fraction.contains('.') || number.len() > 18 {
            return Err(WRONG);
        }
        let size: u128 = match unit {
            "h" => 3_600_000_000,
            "m" => 60_000_000,
            "s" => 1_000_000,
            "ms" => 1_000,
            "us" | "µs" | "μs" => 1,
            "ns" => 0,
            "" => return Err("missing unit in duration"),
            _ => return Err(WRONG),
        };
        let digits: u128 = format!("0{whole}{fraction}").parse().map_err(|_| WRONG)?;
        micros += digits * size / 10u128.pow(fraction.len() as u32);
        rest = next;
    }
    u64::try_from(micros / 1_000_000).map_err(|_| WRONG)
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
            ("@every 1.5h", "2026-01-01T00:00:00Z", "2026-01-01T01:30:00Z"),
            ("0 0 30 2 *", "2026-01-01T00:00:00Z", ""),
        ];
        for (schedule, after, expected) in cases {
            let expected: Vec<&str> = expected.split_whitespace().collect();
            assert_eq!(fires(schedule, after, expected.len().max(1)), expected, "{schedule}");
        }
        let refused = [
            ("", "empty spec string"),
            ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
            ("60 * * * *", "end of range (60) above maximum (59): 60"),
            ("0 0 0 * *", "beginning of range (0) below minimum (1): 0"),
            ("0 10-5 * * *", "beginning of range (10) beyond end of range (5): 10-5"),
            ("*/0 * * * *", "step of range should be a positive number: */0"),
            ("30/x * * * *", "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax"),
            ("MON * * * *", "failed to parse int from MON: strconv.Atoi: parsing \"MON\": invalid syntax"),
            ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
            ("1/2/3 * * * *", "too many slashes: 1/2/3"),
            ("@every", "unrecognized descriptor: @every"),
            ("@every 5", "failed to parse duration @every 5: time: missing unit in duration \"5\""),
        ];
        for (bad, why) in refused {
            assert_eq!(Schedule::read(bad), Err(why.to_owned()), "{bad}");
        }
    }
}
