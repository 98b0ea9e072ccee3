//! The resolver in a process: it asks the cluster's DNS, and keeps what it heard for as long as the answer allows.
//!
//! Upstream: `resolv.conf` of a pod (`ndots:5` and three search domains); caches like those of a JVM or nscd.
//!
//! Deviation: only addresses of IPv4 are asked for. Lifetimes are counted in true time, whatever the machine's clock
//! says.

use super::role::CacheLimits;
use crate::belief::api::shelf::Objects;
use crate::ground::clock::{Span, Time};
use crate::reality::dns::{self, Query, Rcode, RecordType};
use petri_objects::Name;

/// The names that a pod appends to what it looks up, below its namespace.
const SEARCH: [&str; 2] = ["svc.cluster.local", "cluster.local"];
/// With fewer dots than this a name is tried below the search domains first.
const NDOTS: usize = 5;

/// What a process remembers of the DNS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Resolver {
    /// In the order in which they were asked for.
    pub entries: Vec<Cached>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cached {
    /// With its final dot.
    pub name: Name,
    pub rcode: Rcode,
    pub addresses: Vec<Name>,
    pub until: Time,
}

/// What became of a lookup.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lookup {
    pub rcode: Rcode,
    pub addresses: Vec<Name>,
    /// Whether it was remembered and not asked.
    pub cached: bool,
}

impl Resolver {
    /// Looks a name up as a program in a pod does. `None` if the DNS had to be asked and did not answer.
    pub fn resolve(
        &mut self,
        name: &str,
        namespace: &str,
        limits: CacheLimits,
        now: Time,
        dns: Option<&Objects>,
    ) -> Option<Lookup> {
        self.entries.retain(|entry| entry.until > now);
        let mut last: Option<Lookup> = None;
        for full in expansions(name, namespace) {
            let found = self.ask(full, limits, now, dns)?;
            if !found.addresses.is_empty() {
                return Some(found);
            }
            // The name as it was meant tells more than its relatives under other domains.
            last = match last {
                Some(known) if known.rcode == Rcode::NoError || found.rcode == Rcode::NxDomain => {
                    Some(Lookup { cached: known.cached || found.cached, ..known })
                }
                _ => Some(found),
            };
        }
        last
    }

    fn ask(&mut self, name: Name, limits: CacheLimits, now: Time, dns: Option<&Objects>) -> Option<Lookup> {
        if let Some(entry) = self.entries.iter().find(|entry| entry.name == name) {
            return Some(Lookup { rcode: entry.rcode, addresses: entry.addresses.clone(), cached: true });
        }
        let answer = dns::answer(dns?, &Query::new(name.clone(), RecordType::A));
        let addresses = answer.addresses();
        let records = answer.records.iter().chain(&answer.authority);
        let ttl = Span::seconds(u64::from(records.map(|record| record.ttl).min().unwrap_or(0)));
        let limit = if addresses.is_empty() { limits.negative } else { limits.positive };
        let keep = ttl.min(limit);
        if keep > Span::ZERO {
            let entry = Cached { name, rcode: answer.rcode, addresses: addresses.clone(), until: now + keep };
            self.entries.push(entry);
        }
        Some(Lookup { rcode: answer.rcode, addresses, cached: false })
    }
}

/// The full names that are tried, in order.
fn expansions<'n>(name: &'n str, namespace: &'n str) -> impl Iterator<Item = Name> + 'n {
    let whole = name.strip_suffix('.');
    let comes_first = whole.is_some() || name.matches('.').count() >= NDOTS;
    let (name, turns) = whole.map_or((name, SEARCH.len() + 2), |whole| (whole, 1));
    (0..turns).map(move |turn| {
        let below = if comes_first { turn.checked_sub(1) } else { (turn <= SEARCH.len()).then_some(turn) };
        let full = match below {
            None => format!("{name}."),
            Some(0) => format!("{name}.{namespace}.{}.", SEARCH[0]),
            Some(domain) => format!("{name}.{}.", SEARCH[domain - 1]),
        };
        full.into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_is_tried_below_the_search_domains() {
        let names: Vec<Name> = expansions("web-0.web", "shop").collect();
        let expected = [
            "web-0.web.shop.svc.cluster.local.",
            "web-0.web.svc.cluster.local.",
            "web-0.web.cluster.local.",
            "web-0.web.",
        ];
        assert_eq!(names.iter().map(|name| &**name).collect::<Vec<_>>(), expected);
        assert_eq!(expansions("a.b.", "shop").collect::<Vec<_>>(), ["a.b.".into()]);
        let names: Vec<Name> = expansions("a.b.c.d.e.f", "shop").collect();
        assert_eq!((&*names[0], &*names[1]), ("a.b.c.d.e.f.", "a.b.c.d.e.f.shop.svc.cluster.local."));
    }

    #[test]
    fn without_an_answer_nothing_is_remembered() {
        let mut resolver = Resolver::default();
        let limits = CacheLimits { positive: Span::seconds(30), negative: Span::seconds(30) };
        assert_eq!(resolver.resolve("web", "default", limits, Time(1), None), None);
        assert!(resolver.entries.is_empty());
    }
}
