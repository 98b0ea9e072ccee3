//! What a run's settings change about those of Kubernetes 1.36, as it stands in a recording.
//!
//! Only what differs is written, so that a link without settings means the defaults, and old links stay true.
//!
//! Deviation: what only recordings of real clusters set, the order in which nodes were tainted for instance, is not
//! written.

use super::int;
use petri_objects::{Name, Span, Value};
use petri_sim::ground::settings::Settings;

/// A setting that a recording can carry, and where it is.
enum Place {
    /// A duration, in microseconds.
    Span(fn(&mut Settings) -> &mut Span),
    /// A duration after which something happens again and again: it takes some time.
    Period(fn(&mut Settings) -> &mut Span),
    Switch(fn(&mut Settings) -> &mut bool),
    Count(fn(&mut Settings) -> &mut u64),
    Seconds(fn(&mut Settings) -> &mut i64),
}

use Place::{Count, Period, Seconds, Span as Lasts, Switch};

/// By the name that a recording uses. A name never gets another meaning.
const PLACES: [(&str, Place); 37] = [
    ("watchLag", Lasts(|s| &mut s.watch_lag)),
    ("notReadyTolerationSeconds", Seconds(|s| &mut s.not_ready_toleration_seconds)),
    ("unreachableTolerationSeconds", Seconds(|s| &mut s.unreachable_toleration_seconds)),
    ("nodeMonitorPeriod", Period(|s| &mut s.node_monitor_period)),
    ("nodeMonitorGracePeriod", Lasts(|s| &mut s.node_monitor_grace_period)),
    ("nodeEvictionRate", Count(|s| &mut s.node_eviction_rate_millis)),
    ("secondaryNodeEvictionRate", Count(|s| &mut s.secondary_node_eviction_rate_millis)),
    ("unhealthyZoneThreshold", Count(|s| &mut s.unhealthy_zone_threshold_millis)),
    ("largeClusterSizeThreshold", Count(|s| &mut s.large_cluster_size_threshold)),
    ("podGCPeriod", Period(|s| &mut s.pod_gc_period)),
    ("podGCQuarantine", Lasts(|s| &mut s.pod_gc_quarantine)),
    ("forceDetachAfter", Lasts(|s| &mut s.force_detach_after)),
    ("attachDetachPeriod", Period(|s| &mut s.attach_detach_period)),
    ("claimSyncPeriod", Period(|s| &mut s.claim_sync_period)),
    ("MaxUnavailableStatefulSet", Switch(|s| &mut s.gates.max_unavailable_stateful_set)),
    ("StaleControllerConsistency", Switch(|s| &mut s.gates.stale_controller_consistency)),
    ("leaseInterval", Period(|s| &mut s.kubelet.lease_interval)),
    ("statusInterval", Period(|s| &mut s.kubelet.status_interval)),
    ("start", Lasts(|s| &mut s.kubelet.start)),
    ("pull", Lasts(|s| &mut s.kubelet.pull)),
    ("ready", Lasts(|s| &mut s.kubelet.ready)),
    ("stop", Lasts(|s| &mut s.kubelet.stop)),
    ("confirm", Lasts(|s| &mut s.kubelet.confirm)),
    ("volumePoll", Period(|s| &mut s.kubelet.volume_poll)),
    ("boot", Lasts(|s| &mut s.kubelet.boot)),
    ("pullErrorToBackOff", Lasts(|s| &mut s.kubelet.pull_error_to_back_off)),
    ("restart", Lasts(|s| &mut s.kubelet.restart)),
    ("minimumGrace", Lasts(|s| &mut s.kubelet.minimum_grace)),
    ("mount", Lasts(|s| &mut s.kubelet.mount)),
    ("unmount", Lasts(|s| &mut s.kubelet.unmount)),
    ("provision", Lasts(|s| &mut s.storage.provision)),
    ("attach", Lasts(|s| &mut s.storage.attach)),
    ("detach", Lasts(|s| &mut s.storage.detach)),
    ("zonalDisks", Switch(|s| &mut s.storage.zonal)),
    ("kubeAPIQPS", Count(|s| &mut s.client.requests_per_second)),
    ("kubeAPIBurst", Count(|s| &mut s.client.burst)),
    ("request", Lasts(|s| &mut s.client.request)),
];

/// No duration is longer: sums of moments must not overflow.
const LONGEST: Span = Span::minutes(60 * 24 * 400);
/// What happens again and again takes so long at least: a link must not keep the page busy for ever.
const SHORTEST_PERIOD: Span = Span::millis(10);
const LARGEST: u64 = 1_000_000;

fn get(place: &Place, settings: &mut Settings) -> Value {
    match place {
        Lasts(at) | Period(at) => int(at(settings).0),
        Switch(at) => Value::Bool(*at(settings)),
        Count(at) => int(*at(settings)),
        Seconds(at) => Value::Int(*at(settings)),
    }
}

fn set(place: &Place, settings: &mut Settings, value: &Value) -> Option<()> {
    let number = || value.as_int().and_then(|n| u64::try_from(n).ok());
    match place {
        Lasts(at) => *at(settings) = Span(number()?).min(LONGEST),
        Period(at) => *at(settings) = Span(number()?).min(LONGEST).max(SHORTEST_PERIOD),
        Switch(at) => {
            *at(settings) = match value {
                Value::Bool(on) => *on,
                _ => return None,
            }
        }
        Count(at) => *at(settings) = number()?.min(LARGEST),
        Seconds(at) => *at(settings) = value.as_int()?.clamp(0, LONGEST.as_seconds() as i64),
    }
    Some(())
}

/// What differs from the defaults, if anything does.
pub(super) fn value(settings: &Settings) -> Option<Value> {
    // Almost every run, and all that a first visit sees.
    if *settings == Settings::default() { None } else { Some(differing(settings)) }
}

#[inline(never)]
fn differing(settings: &Settings) -> Value {
    let (mut own, mut usual) = (settings.clone(), Settings::default());
    let differing = PLACES.iter().filter_map(|(name, place)| {
        let value = get(place, &mut own);
        (value != get(place, &mut usual)).then(|| (Name::from(*name), value))
    });
    Value::Map(differing.collect())
}

/// Reads them; without any they are the defaults.
///
/// # Errors
/// A setting that is not known, or whose value is none: without it the run would unfold differently.
pub(super) fn read(value: Option<&Value>) -> Result<Settings, String> {
    let mut settings = Settings::default();
    let Some(value) = value else { return Ok(settings) };
    for (name, value) in value.as_map().ok_or("settings is not a map")?.iter() {
        let place = PLACES.iter().find(|(known, _)| *known == &**name);
        let (_, place) = place.ok_or_else(|| format!("unknown setting {name}"))?;
        set(place, &mut settings, value).ok_or_else(|| format!("the setting {name} has no such value"))?;
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_written_and_read() {
        assert_eq!(value(&Settings::default()), None);
        for (name, place) in &PLACES {
            let mut settings = Settings::default();
            let other = match get(place, &mut settings) {
                Value::Bool(on) => Value::Bool(!on),
                Value::Int(n) => Value::Int(n + 70_000),
                other => panic!("{other:?}"),
            };
            set(place, &mut settings, &other).expect("it is a value of it");
            let written = value(&settings).unwrap_or_else(|| panic!("{name} is written"));
            assert_eq!(written.at(&[name]), Some(&other));
            assert_eq!(read(Some(&written)), Ok(settings));
        }
    }

    #[test]
    fn what_cannot_be_is_refused_or_kept_within_bounds() {
        let one = |name: &str, value: Value| Value::Map([(Name::from(name), value)].into_iter().collect());
        assert_eq!(read(Some(&one("weather", Value::Int(1)))).unwrap_err(), "unknown setting weather");
        let words = "the setting watchLag has no such value";
        assert_eq!(read(Some(&one("watchLag", Value::Int(-1)))).unwrap_err(), words);
        assert_eq!(read(Some(&one("watchLag", Value::Bool(true)))).unwrap_err(), words);
        let period = read(Some(&one("nodeMonitorPeriod", Value::Int(0)))).unwrap().node_monitor_period;
        assert_eq!(period, SHORTEST_PERIOD);
        let late = read(Some(&one("forceDetachAfter", Value::Int(i64::MAX)))).unwrap().force_detach_after;
        assert_eq!(late, LONGEST);
    }
}
