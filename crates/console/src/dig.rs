//! `dig`: what the cluster's DNS answers, in dig's layout.
//!
//! Deviation: no query id and no times, which would differ from run to run.

use crate::output::{Failure, Output};
use petri_sim::belief::api::shelf::Objects;
use petri_sim::reality::dns::{Answer, Query, Rcode, Record, RecordType, answer};
use petri_sim::world::World;

/// The search list of a pod, below its namespace.
const SEARCH: [&str; 2] = ["svc.cluster.local", "cluster.local"];
/// Names with fewer dots are tried with the search list first.
const NDOTS: usize = 5;

/// A question as it was typed.
#[derive(Debug, Default)]
struct Question {
    name: String,
    kind: Option<RecordType>,
    short: bool,
    search: bool,
}

#[inline(never)]
pub(crate) fn run(words: &[String], world: &World) -> Result<Output, Failure> {
    let question = read(words)?;
    let kind = question.kind.unwrap_or(RecordType::A);
    let (asked, found) = ask(world.objects(), &question.name, kind, question.search.then_some("default"));
    if question.short {
        let lines: String = found.records.iter().map(|record| format!("{}\n", record.data)).collect();
        return Ok(Output::text(lines));
    }
    let mut text = long(&asked, kind, &found);
    let relative = !question.name.ends_with('.') && !asked.ends_with("cluster.local") && !asked.ends_with("arpa");
    if found.rcode == Rcode::NxDomain && relative && !question.search {
        text.push_str(
            "\n;; dig takes a name as it is; +search tries it with default.svc.cluster.local as a pod would\n",
        );
    }
    Ok(Output::text(text))
}

/// Asks for a name as it is, or as a pod of a namespace does. Answers the name that was asked for in the end as well.
pub fn ask(objects: &Objects, name: &str, kind: RecordType, search: Option<&str>) -> (String, Answer) {
    let as_it_is = answer(objects, &Query::new(name, kind));
    if let Some(namespace) = search.filter(|_| !name.ends_with('.') && name.matches('.').count() < NDOTS) {
        let own = format!("{namespace}.{}", SEARCH[0]);
        for suffix in [&*own, SEARCH[0], SEARCH[1]] {
            let name = format!("{name}.{suffix}");
            let next = answer(objects, &Query::new(&*name, kind));
            if !next.records.is_empty() {
                return (name, next);
            }
        }
    }
    (name.to_owned(), as_it_is)
}

fn read(words: &[String]) -> Result<Question, Failure> {
    let mut question = Question::default();
    let (mut words, mut said) = (words.iter(), Vec::new());
    while let Some(word) = words.next() {
        let mut next = |flag: &str| words.next().ok_or_else(|| format!("dig: {flag} needs a value"));
        match word.as_str() {
            "+short" => question.short = true,
            "+search" => question.search = true,
            "-t" => {
                let kind = next("-t")?;
                question.kind = Some(RecordType::parse(kind).ok_or_else(|| format!("dig: unknown type {kind}"))?);
            }
            "-x" => {
                let address = next("-x")?;
                let reversed: Vec<&str> = address.split('.').rev().collect();
                question.name = format!("{}.in-addr.arpa", reversed.join("."));
                question.kind = Some(RecordType::Ptr);
            }
            word if word.starts_with(['+', '@']) || word.eq_ignore_ascii_case("IN") => {}
            word => said.push(word),
        }
    }
    // The type stands before the name or behind it. Where all words are types, as a Service may be called, the first is
    // the name.
    let is_name = |word: &&str| RecordType::parse(word).is_none();
    if !said.is_empty() && (question.name.is_empty() || said.iter().any(is_name)) {
        let name = said.remove(said.iter().rposition(is_name).unwrap_or(0));
        question.name = name.to_owned();
    }
    question.kind = said.iter().rev().find_map(|word| RecordType::parse(word)).or(question.kind);
    if question.name.is_empty() {
        return Err("dig: which name? For example: dig web-0.web.default.svc.cluster.local".into());
    }
    Ok(question)
}

fn long(name: &str, kind: RecordType, found: &Answer) -> String {
    let authority = found.authority.as_slice();
    let dot = if name.ends_with('.') { "" } else { "." };
    let mut text = format!(
        ";; ->>HEADER<<- opcode: QUERY, status: {}\n;; flags: qr aa rd; QUERY: 1, ANSWER: {}, AUTHORITY: {}, ADDITIONAL: \
         {}\n\n;; QUESTION SECTION:\n;{name}{dot}\tIN\t{}\n",
        found.rcode.as_str(),
        found.records.len(),
        authority.len(),
        found.additional.len(),
        kind.as_str()
    );
    for (title, records) in
        [("ANSWER", &found.records[..]), ("AUTHORITY", authority), ("ADDITIONAL", &found.additional[..])]
    {
        if !records.is_empty() {
            text.push_str(&format!("\n;; {title} SECTION:\n"));
            text.extend(records.iter().map(record_line));
        }
    }
    text
}

/// A record with tabs between its fields, as dig prints it.
fn record_line(record: &Record) -> String {
    format!("{}\t{}\tIN\t{}\t{}\n", record.name, record.ttl, record.data.kind().as_str(), record.data)
}
