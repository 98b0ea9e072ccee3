//! The guarantees as meters: holding, at risk, broken, or broken once.

use super::facts::Facts;
use super::words;
use petri_sim::words::invariants::{Guarantee, Standing};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeterView {
    pub guarantee: Guarantee,
    pub title: &'static str,
    pub state: MeterState,
    /// `until 13:04`, `broken`, `7:04`, or nothing.
    pub short: String,
    /// The evidence, or that it holds.
    pub sentence: String,
    pub definition: &'static str,
    /// How many subjects are affected now.
    pub subjects: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MeterState {
    Holding,
    /// It holds, because somebody was refused what would break it.
    Refusing,
    /// It holds again, after it did not.
    WasBroken,
    AtRisk,
    Broken,
}

impl MeterState {
    pub fn class(self) -> &'static str {
        match self {
            MeterState::Holding => "meter",
            MeterState::Refusing => "meter told",
            MeterState::WasBroken => "meter was",
            MeterState::AtRisk => "meter risk",
            MeterState::Broken => "meter bad",
        }
    }
    pub fn word(self) -> &'static str {
        match self {
            MeterState::Holding => "holding",
            MeterState::Refusing => "refuses",
            MeterState::WasBroken => "was broken",
            MeterState::AtRisk => "at risk",
            MeterState::Broken => "broken",
        }
    }
}

/// One meter per guarantee that somebody gives here, and one for each other that is or was in danger or refuses something,
/// always in the same order.
pub fn view(facts: &Facts) -> Vec<MeterView> {
    meters(facts, |guarantee| guarantee.is_general() && subjectless(guarantee, facts).is_none())
}

/// The same with those that nobody gives here.
pub fn all(facts: &Facts) -> Vec<MeterView> {
    meters(facts, Guarantee::is_general)
}

fn meters(facts: &Facts, always: impl Fn(Guarantee) -> bool) -> Vec<MeterView> {
    let refused = super::budgets::refuses(facts).map(|(_, why)| why);
    let told = |guarantee: &Guarantee| {
        always(*guarantee) || refused.is_some() && *guarantee == Guarantee::Budget || is_touched(*guarantee, facts)
    };
    let meter = |guarantee| meter(guarantee, facts, refused.as_deref().filter(|_| guarantee == Guarantee::Budget));
    Guarantee::ALL.into_iter().filter(told).map(meter).collect()
}

/// Whether it is or was in danger.
fn is_touched(guarantee: Guarantee, facts: &Facts) -> bool {
    facts.invariants.is_some_and(|invariants| {
        invariants.first_broken.contains_key(&guarantee) || *invariants.worst(guarantee).0 != Standing::Holding
    })
}

/// What is missing for a promise to be about anything.
fn subjectless(guarantee: Guarantee, facts: &Facts) -> Option<&'static str> {
    let (none, words) = match guarantee {
        Guarantee::AtLeast => (
            facts.objects.replica_sets.is_empty(),
            "Nobody makes this promise here: there is no ReplicaSet and no Deployment. A StatefulSet promises at most one of each name, and rather has too few.",
        ),
        Guarantee::AtMostOne | Guarantee::Ordered => {
            (facts.objects.stateful_sets.is_empty(), "Nobody makes this promise here: there is no StatefulSet.")
        }
        Guarantee::OneWriter => {
            (facts.objects.claims.is_empty(), "Nobody makes this promise here: there is no claim, and so no disk.")
        }
        _ => return None,
    };
    none.then_some(words)
}

/// `refused` is why somebody was refused what would break it.
fn meter(guarantee: Guarantee, facts: &Facts, refused: Option<&str>) -> MeterView {
    let worst = facts.invariants.map(|invariants| invariants.worst(guarantee).0);
    let first = facts.invariants.and_then(|invariants| invariants.first_broken.get(&guarantee));
    let (state, short, sentence) = match (worst, first, refused) {
        (Some(Standing::Broken { since, evidence }), ..) => {
            let lasting = words::duration(facts.now.since(*since));
            (MeterState::Broken, "broken".to_owned(), format!("{} Broken for {lasting}.", evidence.sentence))
        }
        (Some(Standing::AtRisk { until, evidence, .. }), ..) => {
            let duplicate = facts.next_duplicate().filter(|_| guarantee == Guarantee::AtMostOne);
            let short = match duplicate.as_ref().or(until.as_ref()) {
                Some(at) if *at > facts.now => format!("until {}", words::moment(facts.start, *at)),
                _ => "at risk".to_owned(),
            };
            (MeterState::AtRisk, short, evidence.sentence.to_string())
        }
        (_, Some((at, _, evidence)), _) => {
            let moment = words::moment(facts.start, *at);
            (MeterState::WasBroken, moment.clone(), format!("First broken at {moment}: {}", evidence.sentence))
        }
        (_, _, Some(why)) => (MeterState::Refusing, "refuses".to_owned(), why.to_owned()),
        _ => {
            let sentence = subjectless(guarantee, facts).unwrap_or("It holds, and has since the beginning.");
            (MeterState::Holding, String::new(), sentence.to_owned())
        }
    };
    let subjects = facts.invariants.map_or(0, |invariants| {
        invariants.standing.iter().filter(|((g, _), s)| *g == guarantee && **s != Standing::Holding).count()
    });
    MeterView {
        guarantee,
        title: guarantee.title(),
        state,
        short,
        sentence,
        definition: guarantee.definition(),
        subjects: subjects as u32,
    }
}
