//! What no API server has: time that runs when it is told to, lines of the console, guarantees, the recording.
//!
//! | | |
//! |---|---|
//! | `GET /petri` | the moment, and the fingerprint of the world |
//! | `POST /petri/run {"for":"60s"}` | lets time pass |
//! | `POST /petri/until {"claim":"pod/web-0 Ready","timeout":"5m"}` | lets time pass until something is so |
//! | `POST /petri/command {"line":"cut node-2","files":{}}` | any line of the console; lines with the same `"session"` share a shell |
//! | `GET /petri/guarantees` | how the guarantees stand |
//! | `GET /petri/why?object=pod/web-0&namespace=default` | why an object is as it is |
//! | `GET /petri/recording` | the run so far, as a file and as a link; `?form=json` and `?form=link` give one alone |
//! | `POST /petri/forget` | older versions than now are forgotten: who goes on from one is told 410 |
//! | `POST /petri/disconnect` | ends all watches |

use crate::ask::{Answer, Ask};
use crate::run::Run;
use crate::status::{Failure, Outcome};
use crate::store::map;
use crate::watch::Watchers;
use petri_console::{Session, args};
use petri_objects::Value;
use petri_sim::ground::clock::elapsed;
use petri_sim::story::{limits, link};
use petri_sim::words::invariants::{Guarantee, Standing};
use std::collections::BTreeMap;

/// Consoles that are remembered at the same time; the one that was not used for the longest time goes first.
const MOST_CONSOLES: usize = 100;

/// Answers `/petri/...`.
pub fn answer(run: &mut Run, watchers: &mut Watchers, ask: &Ask) -> Outcome {
    let parts: Vec<&str> = ask.path.split('/').filter(|part| !part.is_empty()).skip(1).collect();
    let body = || -> Outcome<Value> {
        let text = String::from_utf8_lossy(&ask.body);
        if text.trim().is_empty() {
            return Ok(Value::Null);
        }
        Value::from_json(&text).ok_or_else(|| Failure::bad_request("the body is no JSON"))
    };
    let word = |body: &Value, key: &str| body.at(&[key]).and_then(Value::as_str).map(str::to_owned);
    match (parts.as_slice(), ask.method.as_str()) {
        ([], "GET") => Ok(Answer::json(200, &moment(run))),
        (["run"], "POST") => {
            let text =
                word(&body()?, "for").ok_or_else(|| Failure::bad_request("say for how long: {\"for\":\"60s\"}"))?;
            let span = args::duration(&text)
                .ok_or_else(|| Failure::bad_request(format!("\"{text}\" is no time; write 60s or 5m")))?;
            if let Some(problem) = limits::refuse_run(run.world(), span) {
                return Err(Failure::bad_request(problem));
            }
            let until = run.timeline.now() + span;
            run.timeline.play_until(until);
            Ok(Answer::json(200, &moment(run)))
        }
        (["until"], "POST") => {
            let body = body()?;
            let claim = word(&body, "claim")
                .ok_or_else(|| Failure::bad_request("say what is to be so: {\"claim\":\"pod/web-0 Ready\"}"))?;
            let timeout = word(&body, "timeout").map_or(String::new(), |timeout| format!(" --timeout={timeout}"));
            let namespace = word(&body, "namespace").map_or(String::new(), |name| format!(" -n {name}"));
            if [&claim, &timeout, &namespace].iter().any(|text| text.contains(['\n', ';', '&', '|'])) {
                return Err(Failure::bad_request("one claim at a time, please"));
            }
            line(run, &format!("run until {claim}{namespace}{timeout}"), &BTreeMap::new(), None)
        }
        (["command"], "POST") => {
            let body = body()?;
            let text =
                word(&body, "line").ok_or_else(|| Failure::bad_request("say a line: {\"line\":\"cut node-2\"}"))?;
            let files = body.at(&["files"]).and_then(Value::as_map);
            let files = files.into_iter().flat_map(|files| files.iter());
            let files = files.filter_map(|(name, text)| Some((name.to_string(), text.as_str()?.to_owned()))).collect();
            line(run, &text, &files, word(&body, "session"))
        }
        (["guarantees"], "GET" | "POST") => Ok(Answer::json(200, &guarantees(run))),
        (["why"], "GET" | "POST") => {
            let body = body()?;
            let of = |key: &str| word(&body, key).or_else(|| ask.query.get(key).map(str::to_owned));
            let object =
                of("object").ok_or_else(|| Failure::bad_request("say which object: {\"object\":\"pod/web-0\"}"))?;
            let namespace = of("namespace").unwrap_or_else(|| "default".into());
            if [&object, &namespace]
                .iter()
                .any(|text| text.contains(|c: char| c.is_whitespace() || ";&|'\"".contains(c)))
            {
                return Err(Failure::bad_request("an object is named as pod/web-0"));
            }
            line(run, &format!("why {object} -n {namespace}"), &BTreeMap::new(), None)
        }
        (["recording"], "GET" | "POST") => {
            let shared = run.timeline.shared();
            let json = shared.to_json();
            let fragment = format!("#{}", link::to_fragment(&shared));
            Ok(match ask.query.text("form") {
                "json" => Answer::text(200, crate::ask::JSON, json),
                "link" => Answer::plain(&fragment),
                _ => {
                    let recording = Value::from_json(&json).unwrap_or_default();
                    Answer::json(200, &map([("link", Value::from(fragment.as_str())), ("recording", recording)]))
                }
            })
        }
        (["forget"], "POST") => {
            let now = run.revision();
            run.memory.forget(now);
            Ok(Answer::json(200, &moment(run)))
        }
        (["disconnect"], "POST") => {
            watchers.close();
            Ok(Answer::json(200, &moment(run)))
        }
        ([] | ["run" | "until" | "command" | "guarantees" | "why" | "recording" | "forget" | "disconnect"], _) => {
            Err(Failure::no_method())
        }
        _ => Err(Failure::no_resource()),
    }
}

/// Where the run is.
fn moment(run: &Run) -> Value {
    let (now, world) = (run.timeline.now(), run.world());
    let mut entries = vec![
        ("now", Value::from(now.rfc3339().as_str())),
        ("elapsed", Value::from(elapsed(now.since(run.timeline.start())).to_string().as_str())),
        ("microseconds", Value::Int(i64::try_from(now.0).unwrap_or(i64::MAX))),
        ("events", Value::Int(i64::try_from(world.events).unwrap_or(i64::MAX))),
        ("commands", Value::Int(i64::from(world.commands()))),
        ("resourceVersion", Value::from(run.revision().0.to_string().as_str())),
        ("fingerprint", Value::from(world.fingerprint().to_string().as_str())),
    ];
    if let Some(words) = run.timeline.ended() {
        entries.push(("ended", Value::from(words.as_str())));
    }
    if let Some(standstill) = world.standstill() {
        entries.push(("standstill", Value::from(standstill.to_string().as_str())));
    }
    map(entries)
}

/// A line of the console, and what it says. In a session it is remembered what the shell knows: variables, files that
/// lines wrote, and whose shell it is in.
fn line(run: &mut Run, text: &str, files: &BTreeMap<String, String>, session: Option<String>) -> Outcome {
    let output = match session {
        None => petri_console::run(text, run, files),
        Some(name) => {
            let known = run.consoles.iter().position(|(known, _)| *known == name);
            let (name, mut console) = known.map_or((name, Session::default()), |at| run.consoles.remove(at));
            let output = console.run(text, run, files);
            if run.consoles.len() >= MOST_CONSOLES {
                run.consoles.remove(0);
            }
            run.consoles.push((name, console));
            output
        }
    };
    Ok(Answer::json(
        200,
        &map([
            ("stdout", Value::from(output.stdout.as_str())),
            ("stderr", Value::from(output.stderr.as_str())),
            ("notes", Value::from(output.notes.as_str())),
            ("code", Value::Int(i64::from(output.code))),
            ("now", moment(run).at(&["now"]).cloned().unwrap_or_default()),
        ]),
    ))
}

fn guarantees(run: &Run) -> Value {
    let one = |guarantee: Guarantee| {
        let (standing, subject) = run.world().invariants.worst(guarantee);
        let (word, sentence) = match standing {
            Standing::Holding => ("holds", None),
            Standing::AtRisk { evidence, .. } => ("at risk", Some(evidence.sentence.to_string())),
            Standing::Broken { evidence, .. } => ("broken", Some(evidence.sentence.to_string())),
        };
        let mut entries = vec![("guarantee", Value::from(guarantee.title())), ("standing", word.into())];
        entries.extend(subject.map(|subject| ("subject", Value::String(subject.clone()))));
        entries.extend(sentence.map(|text| ("because", Value::from(text.as_str()))));
        map(entries)
    };
    let all = Guarantee::ALL.iter().map(|guarantee| one(*guarantee)).collect();
    map([("guarantees", Value::List(all))])
}
