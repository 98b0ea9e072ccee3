//! Lists: selectors, pages, and the version that they are as of.
//!
//! Upstream: `apiserver/pkg/endpoints/handlers/get.go`, `apiserver/pkg/storage/etcd3`.

use crate::ask::{Answer, Ask};
use crate::form::{Form, Wanted};
use crate::route::Place;
use crate::run::Run;
use crate::status::{Failure, Outcome};
use crate::store::map;
use crate::table::{self, list_metadata, metadata_of};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use petri_console::select::{self, Filter, LabelFilter};
use petri_objects::{Kind, Object, Revision, Value};
use petri_sim::belief::api::shelf::Objects;
use std::rc::Rc;

/// Which objects of a place are asked for.
///
/// # Errors
/// 400, for selectors that cannot be read or that nothing is indexed by.
pub fn filter(ask: &Ask, place: &Place) -> Outcome<Filter> {
    let labels = ask.query.text("labelSelector");
    if let Some(problem) = select::label_selector_problem(labels) {
        return Err(Failure::bad_request(problem));
    }
    let own = |problem: String| Failure::bad_request(problem.trim_start_matches("error: ").to_owned());
    let labels = LabelFilter::parse(labels).map_err(own)?;
    let mut fields = select::fields(ask.query.text("fieldSelector")).map_err(own)?;
    if let Some(problem) = fields.iter().find_map(|field| select::field_problem(place.served.kind, &field.path)) {
        return Err(Failure::bad_request(problem));
    }
    if let Some(name) = &place.name {
        fields.extend(select::fields(&format!("metadata.name={name}")).map_err(own)?);
    }
    Ok(Filter { namespace: place.namespace.clone(), labels, fields })
}

/// The objects of a list that is as of some version, and that version.
fn as_of(run: &Run, ask: &Ask) -> Outcome<(Rc<Objects>, Revision)> {
    let now = run.revision();
    let asked = version(ask)?;
    if asked > now {
        let message = format!("Too large resource version: {}, current: {}", asked.0, now.0);
        let cause =
            map([("reason", "ResourceVersionTooLarge".into()), ("message", "Too large resource version".into())]);
        let details = map([("causes", Value::List(vec![cause])), ("retryAfterSeconds", Value::Int(1))]);
        let failure = Failure::new(504, "Timeout", format!("Timeout: {message}")).with(Some(details));
        return Err(Failure { retry_after: Some(1), ..failure });
    }
    if ask.query.text("resourceVersionMatch") == "Exact" && asked != now {
        let kept = run.memory.at(asked);
        return kept.map(|objects| (objects, asked)).ok_or_else(|| too_old(asked));
    }
    Ok((run.world().server.root(), now))
}

fn too_old(asked: Revision) -> Failure {
    Failure::expired(format!("The resourceVersion for the provided list is too old: {}", asked.0))
}

/// `resourceVersion` of a request; 0 if it has none.
///
/// # Errors
/// 400 for what is no version.
pub fn version(ask: &Ask) -> Outcome<Revision> {
    let text = ask.query.text("resourceVersion");
    if text.is_empty() {
        return Ok(Revision(0));
    }
    text.parse().map(Revision).map_err(|_| {
        Failure::new(
            422,
            "Invalid",
            format!(
                "resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax"
            ),
        )
    })
}

/// A page token: as of which version, and behind which object it goes on.
fn token(revision: Revision, last: &Object) -> String {
    let meta = last.meta();
    URL_SAFE_NO_PAD.encode(format!("{}\n{}\n{}", revision.0, meta.namespace, meta.name))
}

fn read_token(text: &str) -> Outcome<(Revision, String, String)> {
    let read = || {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let mut parts = text.split('\n');
        Some((Revision(parts.next()?.parse().ok()?), parts.next()?.to_owned(), parts.next()?.to_owned()))
    };
    read().ok_or_else(|| Failure::bad_request("continue key is not valid"))
}

/// Answers a list.
pub fn answer(run: &mut Run, ask: &Ask, place: &Place, wanted: Wanted) -> Outcome {
    let filter = filter(ask, place)?;
    let kind = place.served.kind;
    let limit = match ask.query.text("limit") {
        "" => 0,
        text => text
            .parse::<usize>()
            .map_err(|_| Failure::bad_request(format!("strconv.ParseInt: parsing \"{text}\": invalid syntax")))?,
    };
    let page = Some(ask.query.text("continue")).filter(|text| !text.is_empty()).map(read_token).transpose()?;
    let (objects, revision) = match &page {
        Some((revision, ..)) if *revision == run.revision() => (run.world().server.root(), *revision),
        Some((revision, ..)) => {
            let gone = "The provided continue parameter is too old to display a consistent list result. You can start a new \
                        list without the continue parameter, or use the continue token in this response to retrieve the \
                        remainder of the results. Continuing with the provided token results in an inconsistent list - \
                        objects that were created, modified, or deleted between the time the first chunk was returned and \
                        now may show up in the list.";
            (run.memory.at(*revision).ok_or_else(|| Failure::expired(gone))?, *revision)
        }
        None => as_of(run, ask)?,
    };
    let mut found = filter.list(&objects, kind);
    if let Some((_, namespace, name)) = &page {
        found.retain(|object| (&*object.meta().namespace, &*object.meta().name) > (namespace.as_str(), name.as_str()));
    }
    let mut more = None;
    if limit > 0 && found.len() > limit {
        let rest = (found.len() - limit) as u64;
        found.truncate(limit);
        more = found.last().map(|last| (token(revision, last), rest));
        run.memory.keep(revision, objects);
    }
    let metadata = list_metadata(revision, more);
    let run = &*run;
    let show = |object: &Object| run.show(object, &place.served.api_version);
    let value = match wanted.form {
        Form::Table(included) => table::table(kind, &found, included, run.world().now, metadata, true, &show),
        Form::Metadata => map([
            ("kind", "PartialObjectMetadataList".into()),
            ("apiVersion", "meta.k8s.io/v1".into()),
            ("metadata", metadata),
            ("items", Value::List(found.iter().map(|object| metadata_of(&show(object))).collect())),
        ]),
        Form::Whole => {
            let is_custom = matches!(kind, Kind::Kept(kept) if kept.is_custom());
            let item = |object: &Object| {
                let mut value = show(object);
                // The items of a typed list do not say what they are.
                if let (Value::Map(map), false) = (&mut value, is_custom) {
                    map.remove("kind");
                    map.remove("apiVersion");
                }
                value
            };
            map([
                ("kind", Value::from(format!("{}List", kind.name()).as_str())),
                ("apiVersion", Value::from(place.served.api_version.as_str())),
                ("metadata", metadata),
                ("items", Value::List(found.iter().map(item).collect())),
            ])
        }
    };
    Ok(written(200, &value, wanted))
}

/// An answer as JSON or as YAML.
pub fn written(code: u16, value: &Value, wanted: Wanted) -> Answer {
    match wanted.yaml {
        false => Answer::json(code, value),
        true => Answer::text(code, "application/yaml", petri_manifest::to_yaml(value)),
    }
}
