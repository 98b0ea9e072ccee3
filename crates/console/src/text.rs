//! Small texts that tables and descriptions share.

use petri_objects::order::Order as _;
use petri_objects::{Event, LabelSelector, LabelSelectorRequirement, Name, Node, Time, Value};

/// `app=web,tier in (a,b)`, or `<none>`.
///
/// Upstream: `metav1.FormatLabelSelector`.
pub fn selector(selector: Option<&LabelSelector>) -> String {
    let Some(selector) = selector.filter(|s| !s.is_empty()) else { return "<none>".into() };
    let mut parts: Vec<(Name, String)> =
        selector.match_labels.iter().map(|(key, value)| (key.clone(), format!("{key}={value}"))).collect();
    parts.extend(selector.match_expressions.iter().map(|r| (r.key.clone(), requirement(r))));
    parts.order();
    parts.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(",")
}

fn requirement(requirement: &LabelSelectorRequirement) -> String {
    let key = &requirement.key;
    let mut values: Vec<&str> = requirement.values.iter().map(|v| &**v).collect();
    values.order();
    match &*requirement.operator {
        "In" => format!("{key} in ({})", values.join(",")),
        "NotIn" => format!("{key} notin ({})", values.join(",")),
        "DoesNotExist" => format!("!{key}"),
        _ => key.to_string(),
    }
}

/// `RWO,ROX`, in a fixed order.
pub fn access_modes(modes: &[Name]) -> String {
    let short =
        [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];
    let present = short.iter().filter(|(long, _)| modes.iter().any(|m| &**m == *long));
    present.map(|(_, short)| *short).collect::<Vec<_>>().join(",")
}

/// The roles of a node by its labels, or `<none>`.
pub fn node_roles(node: &Node) -> String {
    let roles: Vec<&str> =
        node.metadata.labels.iter().filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/")).collect();
    if roles.is_empty() { "<none>".into() } else { roles.join(",") }
}

/// `80/TCP`, `80:30080/TCP`.
pub fn or_none(text: &str) -> String {
    if text.is_empty() { "<none>".into() } else { text.to_owned() }
}

/// When an event was first and last seen, and how often.
pub fn event_times(event: &Event) -> (Time, Time, i32) {
    let first = if event.first_timestamp == Time::ZERO { event.event_time.0 } else { event.first_timestamp };
    let last = if event.last_timestamp == Time::ZERO { first } else { event.last_timestamp };
    match &event.series {
        Some(series) => (first, series.last_observed_time.0, series.count),
        None => (first, last, event.count.max(1)),
    }
}

/// A value as Go's `fmt` prints it.
pub fn printed(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".into(),
        Value::String(text) => text.to_string(),
        Value::List(list) => format!("[{}]", list.iter().map(printed).collect::<Vec<_>>().join(" ")),
        Value::Map(map) => {
            let pairs = map.sorted().into_iter().map(|(key, value)| format!("{key}:{}", printed(value)));
            format!("map[{}]", pairs.collect::<Vec<_>>().join(" "))
        }
        other => other.to_json(),
    }
}

/// `Thu, 01 Jan 2026 00:00:00 +0000`: RFC 1123 with a numeric zone, as `describe` prints instants.
pub fn instant(time: Time) -> String {
    if time == Time::ZERO {
        return "<unset>".into();
    }
    let (year, month, day, hour, minute, second) = time.civil();
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    // 1970-01-01 was a Thursday.
    let weekday = DAYS[(time.0 / 86_400_000_000 % 7) as usize];
    let month = MONTHS[(month as usize + 11) % 12];
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} +0000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_name_the_day() {
        let text = |t: &str| instant(Time::parse_rfc3339(t).unwrap());
        assert_eq!(text("2026-01-01T00:00:00Z"), "Thu, 01 Jan 2026 00:00:00 +0000");
        assert_eq!(text("2026-11-21T09:08:07Z"), "Sat, 21 Nov 2026 09:08:07 +0000");
    }
}
