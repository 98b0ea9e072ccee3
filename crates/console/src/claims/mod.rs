//! Claims: sentences about the cluster that are true or not, and what is there instead.
//!
//! One grammar for what a page of documentation claims, what a lesson wants reached, and what `run until` waits for:
//!
//! ```text
//! claim     fact ["for" SPAN]
//! fact      GUARANTEE "holds" | "is at risk" | "is broken" | "was broken" | "was never broken"
//!         | "dig" NAME [TYPE] "answers" "nothing" | NUMBER ("address" | "record")["es" | "s"] | VALUE {"," VALUE}
//!         | AMOUNT KIND ["with" SELECTOR] ["in" NAMESPACE] ["is" | "are"] STATE {"and" STATE}
//!         | OBJECT ["in" NAMESPACE] ("exists" | "is" STATE {"and" STATE} | "has" NUMBERED {"and" NUMBERED}
//!                                     | "runs on" NODE {"and" NODE} | "runs nowhere" | "{" JSONPATH "} is" VALUE)
//! AMOUNT    "every" | "no" | ["exactly" | "at least" | "at most"] NUMBER
//! OBJECT    KIND "/" NAME | "node of" OBJECT | "claim of" OBJECT | "volume of" OBJECT
//! ```
//!
//! `pod/web-1 is Terminating for 60s`, `At most one holds`, `dig web-0.nginx answers 10.244.1.3`, `pvc/data-web-2 is
//! Bound and unused`, `sts/web has 3 ready`, `node of pod/web-1 is cut`, `no pod with app=nginx is Pending`. `not` stands
//! before a state. Several claims stand apart by `;`.
//!
//! What an *object* is, is what the API server believes. What *runs*, where, and what is *cut* or *off*, is what the
//! machines do.
//!
//! A claim is a value: [`Claim::look`] judges the present moment, a [`Watch`] one moment after the other, which is what
//! `for SPAN` needs.

mod fact;
mod grammar;
mod judge;
mod numbers;
mod states;

use crate::output::Failure;
use fact::{Fact, Says, Subject};
use petri_objects::{ObjectRef, Span, Time};
use petri_sim::world::World;
use states::{State, Stated};
use std::fmt;

pub use fact::Verdict;

/// A sentence about the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// As it was written.
    text: String,
    fact: Fact,
    /// How long it must have been so without a break.
    during: Option<Span>,
}

impl Claim {
    /// Reads one claim. Objects without a namespace are those of `namespace`.
    ///
    /// # Errors
    /// What cannot be read, and what could stand there.
    pub fn parse(text: &str, namespace: &str) -> Result<Claim, Failure> {
        let (fact, during) = grammar::claim(text, namespace)?;
        Ok(Claim { text: text.trim().to_owned(), fact, during })
    }

    /// Reads claims that stand apart by `;`.
    ///
    /// # Errors
    /// As [`Claim::parse`]; the first that cannot be read.
    pub fn list(text: &str, namespace: &str) -> Result<Vec<Claim>, Failure> {
        let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
        let claims: Vec<Claim> = parts.map(|part| Claim::parse(part, namespace)).collect::<Result<_, _>>()?;
        if claims.is_empty() {
            return Err("there is no claim; `pod/web-1 is Terminating`, for example".into());
        }
        Ok(claims)
    }

    /// Whether it is so at this moment, however long it has been.
    pub fn look(&self, world: &World) -> Verdict {
        judge::fact(&self.fact, world)
    }

    /// The object that is to be gone, if that is all that is claimed.
    pub(crate) fn awaits_the_end_of(&self) -> Option<&ObjectRef> {
        match &self.fact {
            Fact::Object { subject: Subject::Named(target), says: Says::Is(states) } => {
                matches!(states[..], [Stated { not: false, state: State::Gone }]).then_some(target)
            }
            _ => None,
        }
    }

    /// How long it must have been so.
    pub fn during(&self) -> Option<Span> {
        self.during
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A claim that is looked at one moment after the other.
#[derive(Clone, Debug)]
pub struct Watch {
    claim: Claim,
    since: Option<Time>,
}

impl Watch {
    pub fn new(claim: Claim) -> Watch {
        Watch { claim, since: None }
    }
    pub fn claim(&self) -> &Claim {
        &self.claim
    }

    /// Looks at the next moment. With `for SPAN` the claim holds once it has held at every look for that long.
    pub fn look(&mut self, world: &World) -> Verdict {
        let mut verdict = self.claim.look(world);
        let Some(during) = self.claim.during else { return verdict };
        if !verdict.holds {
            self.since = None;
            return verdict;
        }
        let since = *self.since.get_or_insert(world.now);
        let so_far = world.now.since(since);
        verdict.holds = so_far >= during;
        verdict.found = format!("{}, for {so_far} so far", verdict.found);
        verdict
    }

    /// When the claim will hold if nothing changes until then: a moment at which nothing may happen in the world.
    pub fn due(&self) -> Option<Time> {
        Some(self.since? + self.claim.during?)
    }
}

/// The line with each `{node of pod/web-1}` replaced by the name of what it points to.
///
/// # Errors
/// What points nowhere, or cannot be read.
pub fn fill(line: &str, namespace: &str, world: &World) -> Result<String, Failure> {
    let (mut out, mut rest) = (String::new(), line);
    while let Some((before, after)) = rest.split_once('{') {
        let Some((inside, behind)) = after.split_once('}') else { break };
        out.push_str(before);
        match grammar::pointer(inside, namespace)? {
            Some(subject) => out.push_str(&judge::resolve(&subject, world)?.name),
            // JSONPath and the like are the line's own.
            None => out.push_str(&format!("{{{inside}}}")),
        }
        rest = behind;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests;
