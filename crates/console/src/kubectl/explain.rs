//! `kubectl explain` and `kubectl api-resources`, from the declarations of the types.
//!
//! Deviation: the sentences are the simulator's own; upstream prints the API's documentation.

use crate::args::{self, Flag, optional, switch, value};
use crate::output::{Failure, Output};
use crate::select::kind_of;
use crate::tables::write;
use petri_objects::kept::types;
use petri_objects::order::Order as _;
use petri_objects::{FieldInfo, Kind, Schema, Type};
use petri_sim::belief::api::custom;
use petri_sim::belief::api::shelf::Objects;

/// What every object says first.
pub const API_VERSION_DOC: &str = "The version of the schema that the object is written in.";
pub const KIND_DOC: &str = "What the object is: the name of its type.";

const FLAGS: &[Flag] = &[switch("recursive"), value("api-version")];
const RESOURCES: &[Flag] = &[
    optional("namespaced", "true"),
    optional("cached", "true"),
    value("api-group"),
    value("verbs"),
    value("categories"),
    value("sort-by"),
    switch("no-headers"),
];

/// What stands where nothing is described.
const NO_DESCRIPTION: &str = "<no description>";

#[inline(never)]
pub(super) fn run(words: &[String]) -> Result<Output, Failure> {
    let arguments = args::parse(words, FLAGS, "kubectl explain")?;
    let Some(word) = arguments.words.first() else {
        return Err("error: You must specify the type of resource to explain. Use \"kubectl api-resources\" for a \
                    complete list of supported resources."
            .into());
    };
    let mut path = word.split('.');
    // kubectl leaves out that it is an error.
    let kind =
        kind_of(path.next().unwrap_or("")).map_err(|problem| problem.trim_start_matches("error: ").to_owned())?;
    let mut out = Output::default();
    if !kind.group().is_empty() {
        out.stdout.push_str(&format!("GROUP:      {}\n", kind.group()));
    }
    out.stdout.push_str(&format!("KIND:       {}\nVERSION:    {}\n\n", kind.name(), kind.version()));
    let (mut schema, mut field) = (Some(kind.schema()), None);
    for (depth, name) in path.enumerate() {
        let own = OF_EVERY_KIND.iter().find(|own| depth == 0 && own.name == name);
        let Some(next) = own.or_else(|| schema.and_then(|schema| schema.field(name))) else {
            out.fail(format!("error: field \"{name}\" does not exist"));
            return Ok(out);
        };
        field = Some(next);
        schema = schema_of(next.kind);
    }
    let text = &mut out.stdout;
    let mut docs = Vec::new();
    if let Some(field) = field {
        text.push_str(&format!("FIELD: {} <{}>\n\n\n", field.name, type_name(field.kind)));
        docs.push(field.doc);
    }
    docs.extend(schema.map(|schema| schema.doc));
    docs.retain(|doc| !doc.is_empty());
    text.push_str("DESCRIPTION:\n");
    docs.iter().for_each(|doc| text.push_str(&wrapped(doc)));
    text.push_str(if docs.is_empty() { "    <empty>\n" } else { "    \n" });
    if let Some(schema) = schema {
        text.push_str("FIELDS:\n");
        fields(schema, field.is_none(), 1, arguments.is_set("recursive"), text);
    }
    text.push('\n');
    Ok(out)
}

/// What objects of every kind say first.
const OF_EVERY_KIND: [FieldInfo; 2] = [
    FieldInfo { name: "apiVersion", doc: API_VERSION_DOC, kind: &Type::String },
    FieldInfo { name: "kind", doc: KIND_DOC, kind: &Type::String },
];

fn fields(schema: &Schema, whole: bool, depth: usize, recursive: bool, text: &mut String) {
    let mut all: Vec<&FieldInfo> = schema.named().collect();
    if whole {
        all.extend(OF_EVERY_KIND.iter().filter(|own| schema.field(own.name).is_none()));
    }
    all.order_by_key(|field| field.name);
    for field in all {
        let required = types::field_of(schema.name, field.name).is_some_and(|own| own.required);
        let required = if required { " -required-" } else { "" };
        text.push_str(&format!("{}{}\t<{}>{required}\n", "  ".repeat(depth), field.name, type_name(field.kind)));
        if recursive && depth < 12 {
            if let Some(inner) = schema_of(field.kind) {
                fields(inner, false, depth + 1, true, text);
            }
        } else if !recursive {
            text.push_str(&wrapped(if field.doc.is_empty() { NO_DESCRIPTION } else { field.doc }));
            text.push('\n');
        }
    }
}

/// A sentence in lines of at most 76 characters, indented by four.
fn wrapped(sentence: &str) -> String {
    let mut lines = vec![String::new()];
    for word in sentence.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        if !line.is_empty() && line.len() + 1 + word.len() > 76 {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.iter().map(|line| format!("    {line}\n")).collect()
}

fn schema_of(kind: &'static Type) -> Option<&'static Schema> {
    match kind {
        Type::Record(schema) => Some(schema),
        Type::List(inner) | Type::Map(inner) => schema_of(inner),
        _ => None,
    }
}

fn type_name(kind: &Type) -> String {
    match kind {
        Type::String | Type::Time => "string".into(),
        Type::Integer(_) => "integer".into(),
        Type::Boolean => "boolean".into(),
        Type::Quantity => "Quantity".into(),
        Type::IntOrString => "IntOrString".into(),
        Type::List(inner) => format!("[]{}", type_name(inner)),
        Type::Map(inner) => format!("map[string]{}", type_name(inner)),
        Type::Record(schema) if schema.name == "Meta" => "ObjectMeta".into(),
        Type::Record(schema) => schema.name.into(),
        Type::Opaque => "Object".into(),
    }
}

/// What one can do with objects of any kind.
const CAN: &str = "create,delete,deletecollection,get,list,patch,update,watch";
/// What `kubectl get all` shows.
const ALL: [&str; 10] = [
    "cronjobs",
    "daemonsets",
    "deployments",
    "horizontalpodautoscalers",
    "jobs",
    "pods",
    "replicasets",
    "replicationcontrollers",
    "services",
    "statefulsets",
];

/// `kubectl api-resources`.
#[inline(never)]
pub(super) fn resources(words: &[String], objects: &Objects) -> Result<Output, Failure> {
    let arguments = args::parse(words, RESOURCES, "kubectl api-resources")?;
    let output = arguments.last("output");
    if !matches!(output, None | Some("name" | "wide")) {
        return Err(format!(
            "error: --output {} is not available in kubectl api-resources",
            output.unwrap_or_default()
        ));
    }
    let mut lines: Vec<Vec<String>> = Vec::new();
    if output != Some("name") && !arguments.is_set("no-headers") {
        let wide: &[&str] = if output.is_some() { &["VERBS", "CATEGORIES"] } else { &[] };
        let headers = ["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"];
        lines.push(headers.iter().chain(wide).map(|word| (*word).to_owned()).collect());
    }
    let mut kinds: Vec<Kind> = Kind::every().chain(custom::kinds(objects)).collect();
    kinds.retain(|kind| {
        let is_all = kind.group() != "events.k8s.io" && ALL.contains(&kind.plural());
        arguments.last("namespaced").is_none_or(|wanted| wanted == kind.is_namespaced().to_string())
            && arguments.last("api-group").is_none_or(|wanted| wanted == kind.group())
            && arguments.last("categories").is_none_or(|wanted| wanted == "all" && is_all)
            && arguments
                .last("verbs")
                .is_none_or(|list| list.split(',').all(|verb| CAN.split(',').any(|own| own == verb)))
    });
    match arguments.last("sort-by") {
        None => kinds.order_by_key(|kind| (kind.group(), kind.plural())),
        Some("name") => kinds.order_by_key(|kind| kind.plural()),
        Some("kind") => kinds.order_by_key(|kind| kind.name()),
        Some(_) => return Err("error: --sort-by accepts only name or kind".into()),
    }
    for kind in kinds {
        if output == Some("name") {
            let dot = if kind.group().is_empty() { "" } else { "." };
            lines.push(vec![format!("{}{dot}{}", kind.plural(), kind.group())]);
            continue;
        }
        let mut line = vec![
            kind.plural().into(),
            kind.short_names().join(","),
            kind.api_version().into(),
            kind.is_namespaced().to_string(),
            kind.name().into(),
        ];
        if output.is_some() {
            line.extend([CAN.into(), if ALL.contains(&kind.plural()) { "all".into() } else { String::new() }]);
        }
        lines.push(line);
    }
    Ok(Output::text(write(&lines)))
}
