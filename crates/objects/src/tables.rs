//! Upstream's own tables for values: `apimachinery/pkg/util/intstr/intstr_test.go`,
//! `apimachinery/pkg/api/resource/quantity_test.go`, `pkg/api/v1/pod/util_test.go` (`TestIsPodAvailable`),
//! `api/core/v1/toleration_test.go`.

use crate::{Condition, IntOrString, Phase, Pod, Quantity, Span, Taint, Time, Toleration};
use std::rc::Rc;

/// Upstream: `TestGetScaledValueFromIntOrPercent`, `TestGetValueFromIntOrPercent`.
#[test]
fn numbers_and_percentages_of_a_total() {
    // Text, total, rounded up, rounded down.
    type Row = (&'static str, i32, Option<(i32, i32)>);
    const TABLE: [Row; 18] = [
        ("123", 100, Some((123, 123))),
        ("0", 100, Some((0, 0))),
        ("-1", 100, Some((-1, -1))),
        ("90%", 100, Some((90, 90))),
        ("90%", 95, Some((86, 85))),
        ("0%", 10, Some((0, 0))),
        ("100%", 7, Some((7, 7))),
        ("150%", 10, Some((15, 15))),
        ("1%", 10, Some((1, 0))),
        ("99%", 10, Some((10, 9))),
        ("33%", 3, Some((1, 0))),
        ("34%", 3, Some((2, 1))),
        ("50%", 0, Some((0, 0))),
        ("%", 100, None),
        ("90#", 100, None),
        ("#%", 100, None),
        ("ninety%", 100, None),
        ("", 100, None),
    ];
    for (text, total, wanted) in TABLE {
        let value = text.parse().map_or_else(|_| IntOrString::String(text.into()), IntOrString::Int);
        let found = value.scaled(total, true).zip(value.scaled(total, false));
        assert_eq!(found, wanted, "{text} of {total}");
    }
    assert_eq!(IntOrString::String("90".into()).scaled(100, true), None, "a number in quotes is no percentage");
}

/// Upstream: `TestQuantityParse`, `TestQuantityParseFail`, `TestQuantityRoundUp`, `TestMilliNewSet`.
#[test]
fn quantities_are_read_and_rounded_up() {
    // Text, thousandths, whole units.
    const TABLE: [(&str, Option<(i128, i64)>); 44] = [
        ("0", Some((0, 0))),
        ("1", Some((1_000, 1))),
        ("+1", Some((1_000, 1))),
        ("-1", Some((-1_000, -1))),
        ("100m", Some((100, 1))),
        ("1100m", Some((1_100, 2))),
        ("1.1", Some((1_100, 2))),
        ("-1.1", Some((-1_100, -2))),
        ("0.001", Some((1, 1))),
        ("0.0001", Some((1, 1))),
        ("1n", Some((1, 1))),
        ("1000000n", Some((1, 1))),
        ("1000001n", Some((2, 1))),
        ("10u", Some((1, 1))),
        ("1500u", Some((2, 1))),
        (".5", Some((500, 1))),
        ("5.", Some((5_000, 5))),
        ("1k", Some((1_000_000, 1_000))),
        ("1M", Some((1_000_000_000, 1_000_000))),
        ("1G", Some((1_000_000_000_000, 1_000_000_000))),
        ("1E", Some((1_000_000_000_000_000_000_000, 1_000_000_000_000_000_000))),
        ("1Ki", Some((1_024_000, 1_024))),
        ("0.5Ki", Some((512_000, 512))),
        ("1Mi", Some((1_048_576_000, 1_048_576))),
        ("1Gi", Some((1_073_741_824_000, 1_073_741_824))),
        ("1.5Gi", Some((1_610_612_736_000, 1_610_612_736))),
        ("1Ti", Some((1_099_511_627_776_000, 1_099_511_627_776))),
        ("1e3", Some((1_000_000, 1_000))),
        ("1E3", Some((1_000_000, 1_000))),
        ("12e0", Some((12_000, 12))),
        ("100Gi", Some((107_374_182_400_000, 107_374_182_400))),
        ("", None),
        (".", None),
        ("-", None),
        ("abc", None),
        ("1.1.M", None),
        ("1+1.0M", None),
        ("0.1mi", None),
        ("--1", None),
        ("+-1", None),
        ("1K", None),
        ("1KI", None),
        ("1 Gi", None),
        ("1e", None),
    ];
    for (text, wanted) in TABLE {
        let quantity = Quantity(text.into());
        assert_eq!(quantity.millis().zip(quantity.value()), wanted, "{text:?}");
    }
}

/// Upstream: `TestIsPodAvailable`, `TestIsPodReady`, `TestIsPodActive`.
#[test]
fn a_pod_is_ready_then_available_and_active_until_it_ends() {
    let now = Time(1_767_225_600_000_000);
    // The Ready condition and since when, minReadySeconds; ready, available.
    type Row = (Option<(&'static str, Option<u64>)>, i32, bool, bool);
    const TABLE: [Row; 11] = [
        (None, 0, false, false),
        (Some(("False", Some(60))), 0, false, false),
        (Some(("Unknown", Some(60))), 0, false, false),
        (Some(("True", None)), 0, true, true),
        (Some(("True", None)), 1, true, false),
        (Some(("True", Some(0))), 0, true, true),
        (Some(("True", Some(0))), 1, true, false),
        (Some(("True", Some(1))), 1, true, true),
        (Some(("True", Some(50))), 51, true, false),
        (Some(("True", Some(51))), 50, true, true),
        (Some(("True", Some(60))), 3_600, true, false),
    ];
    for (ready, seconds, is_ready, is_available) in TABLE {
        let mut pod = Pod::default();
        let status = Rc::make_mut(&mut pod.status);
        status.phase = Phase::Running;
        status.conditions.extend(ready.map(|(word, since)| Condition {
            kind: "Ready".into(),
            status: word.into(),
            last_transition_time: since.map_or(Time::ZERO, |since| now - Span::seconds(since)),
            ..Condition::default()
        }));
        assert_eq!(pod.is_ready(), is_ready, "{ready:?}");
        assert_eq!(pod.is_running_and_ready(), is_ready, "{ready:?}");
        assert_eq!(pod.is_available(seconds, now), is_available, "{ready:?} {seconds}");
    }
    for (phase, stopping, active) in [
        (Phase::Pending, false, true),
        (Phase::Running, false, true),
        (Phase::Unknown, false, true),
        (Phase::Succeeded, false, false),
        (Phase::Failed, false, false),
        (Phase::Running, true, false),
        (Phase::Failed, true, false),
    ] {
        let mut pod = Pod::default();
        Rc::make_mut(&mut pod.status).phase = phase;
        pod.metadata.deletion_timestamp = if stopping { now } else { Time::ZERO };
        assert_eq!(pod.is_active(), active, "{phase:?} {stopping}");
    }
}

/// Upstream: `TestTolerationToleratesTaint`.
#[test]
fn a_toleration_matches_by_key_operator_value_and_effect() {
    // Toleration: key, operator, value, effect. Taint: key, value, effect.
    type Row = ([&'static str; 4], [&'static str; 3], bool);
    const TABLE: [Row; 12] = [
        (["foo", "Exists", "", "NoSchedule"], ["foo", "bar", "NoSchedule"], true),
        (["foo", "Exists", "", "NoSchedule"], ["foobar", "bar", "NoSchedule"], false),
        (["foo", "Exists", "", "NoSchedule"], ["foo", "bar", "NoExecute"], false),
        (["foo", "Equal", "bar", "NoSchedule"], ["foo", "bar", "NoSchedule"], true),
        (["foo", "Equal", "bar", "NoSchedule"], ["foo", "bar1", "NoSchedule"], false),
        (["foo", "Equal", "bar", "NoSchedule"], ["foo", "bar", "NoExecute"], false),
        (["foo", "Equal", "bar", ""], ["foo", "bar", "NoSchedule"], true),
        (["", "Exists", "", "NoSchedule"], ["foo", "bar", "NoSchedule"], true),
        (["", "Exists", "", ""], ["foo", "bar", "NoExecute"], true),
        (["foo", "", "bar", "NoExecute"], ["foo", "bar", "NoExecute"], true),
        (["foo", "", "", "NoExecute"], ["foo", "bar", "NoExecute"], false),
        (["foo", "Near", "bar", "NoExecute"], ["foo", "bar", "NoExecute"], false),
    ];
    for ([key, operator, value, effect], [taint_key, taint_value, taint_effect], wanted) in TABLE {
        let toleration = Toleration {
            key: key.into(),
            operator: operator.into(),
            value: value.into(),
            effect: effect.into(),
            ..Toleration::default()
        };
        let taint =
            Taint { key: taint_key.into(), value: taint_value.into(), effect: taint_effect.into(), ..Taint::default() };
        assert_eq!(
            toleration.tolerates(&taint),
            wanted,
            "{key} {operator} {value} {effect}: {taint_key}={taint_value}"
        );
    }
}
