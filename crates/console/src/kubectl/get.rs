//! `kubectl get`.

use super::context::{Context, filter, not_found, read_file};
use super::named::in_files;
use crate::args::{
    self, ALL_NAMESPACES, Arguments, FIELDS, Flag, NAMESPACE, OUTPUT, SELECTOR, namespace, switch, value,
};
use crate::host::Host;
use crate::limits::{MOST_COLUMNS, beyond};
use crate::output::{Awaited, Failure, Follow, Output, Trouble};
use crate::path::{self, Path};
use crate::select::{
    Filter, Selection, field_problem, fields as select_fields, find, label_selector_problem, reference, selection,
};
use crate::tables::{TableOptions, cells, table, write};
use crate::template::Template;
use petri_objects::order::Order as _;
use petri_objects::value::quoted;
use petri_objects::{Kind, Map, Name, Object, ObjectRef, Revision, Value};
use petri_sim::world::World;
use std::collections::BTreeMap;

const FLAGS: &[Flag] = &[
    NAMESPACE,
    ALL_NAMESPACES,
    SELECTOR,
    FIELDS,
    OUTPUT,
    value("template"),
    value("label-columns").short('L'),
    value("sort-by"),
    switch("show-labels"),
    switch("no-headers"),
    switch("ignore-not-found"),
    switch("show-kind"),
    switch("watch").short('w'),
    switch("watch-only"),
    switch("output-watch-events"),
];

/// Objects of one kind, in the order in which they are printed.
struct Block {
    kind: Kind,
    objects: Vec<Object>,
}

/// `kubectl get --raw /healthz`.
#[inline(never)]
pub(super) fn raw(words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    let arguments = args::parse(words, &[value("raw")], "kubectl get")?;
    let path = arguments.last("raw").unwrap_or("/");
    let text = crate::raw::answer(path, context.host.world());
    text.map(Output::text)
        .ok_or_else(|| "Error from server (NotFound): the server could not find the requested resource".into())
}

#[inline(never)]
pub(super) fn run(words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    let arguments = args::parse(words, FLAGS, "kubectl get")?;
    let of_files = in_files(&arguments, context)?;
    if arguments.words.is_empty() && of_files.is_none() {
        return Err("You must specify the type of resource to get. Use \"kubectl api-resources\" for a complete list of \
                    supported resources.\n\nerror: Required resource not specified.\nUse \"kubectl explain <resource>\" \
                    for a detailed description of that resource (e.g. kubectl explain pods).\nSee 'kubectl get -h' for \
                    help and examples"
            .into());
    }
    if arguments.all("label-columns").flat_map(|list| list.split(',')).nth(MOST_COLUMNS).is_some() {
        return Err(beyond("a table has", MOST_COLUMNS, "columns"));
    }
    let mut missing: Vec<Trouble> = Vec::new();
    let (selection, named) = match of_files {
        Some(found) => {
            let named: Vec<_> = found.into_iter().map(|named| named.map(|named| named.target)).collect();
            let names = named.iter().flatten().map(|target| (target.kind, target.name.clone())).collect();
            (Selection::Named(names), named)
        }
        None => {
            let selection = selection(&arguments.words, context.host.world().objects())?;
            let own = namespace(&arguments);
            let named = match &selection {
                Selection::Named(named) => {
                    named.iter().map(|(kind, name)| Ok(reference(*kind, &own, name.clone()))).collect()
                }
                Selection::Kinds(_) => Vec::new(),
            };
            (selection, named)
        }
    };
    let filter = filter(&arguments)?;
    let world = context.host.world();
    let objects = world.objects();
    let mut blocks: Vec<Block> = Vec::new();
    match &selection {
        Selection::Kinds(kinds) => {
            if arguments.last("selector").or(arguments.last("field-selector")).is_some() {
                kinds.iter().try_for_each(|kind| check_selectors(*kind, &arguments))?;
            }
            blocks.extend(kinds.iter().map(|kind| Block { kind: *kind, objects: filter.list(objects, *kind) }));
        }
        Selection::Named(_) => {
            if arguments.is_set("all-namespaces") {
                return Err("error: a resource cannot be retrieved by name across all namespaces".into());
            }
            for target in named {
                let target = match target {
                    Ok(target) => target,
                    Err(problem) => {
                        missing.push(Trouble::nested(problem));
                        continue;
                    }
                };
                match find(&target, objects) {
                    Some(object) => match blocks.last_mut() {
                        Some(block) if block.kind == target.kind => block.objects.push(object),
                        _ => blocks.push(Block { kind: target.kind, objects: vec![object] }),
                    },
                    None if arguments.is_set("ignore-not-found") => {}
                    None => missing.push(not_found(target.kind, &target.name).into()),
                }
            }
        }
    }
    if let Some(path) = arguments.last("sort-by") {
        for block in &mut blocks {
            sort_by(&mut block.objects, path)?;
        }
    }
    let watches = arguments.is_set("watch") || arguments.is_set("watch-only");
    if watches && blocks.len() > 1 {
        return Err(format!(
            "error: watch is only supported on individual resources and resource collections - {} resources were found",
            blocks.len()
        ));
    }
    let form = if watches { Form::of(&arguments)? } else { Form::Table };
    let mut out = match &form {
        Form::Text(format) => Output::text(texts(format, &blocks)?),
        _ => print(&arguments, &selection, &blocks, context)?,
    };
    if out.stdout.is_empty() && missing.is_empty() && !arguments.is_set("ignore-not-found") && is_table(&arguments) {
        out.stderr = nothing_found(&blocks, &filter);
    }
    for problem in missing {
        out.gather(problem);
    }
    out.stderr.insert_str(0, &selection.warnings());
    if arguments.is_set("watch-only") {
        out.stdout.clear();
    }
    if watches && out.code == 0 {
        let options = table_options(&arguments, false);
        let names = if let Selection::Named(named) = selection { Some(named) } else { None };
        let kinds = blocks.iter().map(|block| block.kind).collect();
        let watch = Watch::new(kinds, names, filter, (options, form), world);
        out.stderr.clear();
        out.follow = Some(Follow::new(watch, None));
    }
    Ok(out)
}

/// The API server refuses selectors that it cannot read, and fields that it has no index for.
#[inline(never)]
fn check_selectors(kind: Kind, arguments: &Arguments) -> Result<(), Failure> {
    let labels = arguments.last("selector").unwrap_or_default();
    let fields = arguments.last("field-selector").unwrap_or_default();
    let unknown = select_fields(fields)?.into_iter().find_map(|field| field_problem(kind, &field.path));
    let problem = label_selector_problem(labels).or(unknown);
    match problem {
        None => Ok(()),
        Some(problem) => {
            let (group, version) = match kind.api_version().split_once('/') {
                Some((group, version)) => (group, version),
                None => ("", kind.api_version()),
            };
            Err(format!(
                "Error from server (BadRequest): Unable to find \"{group}/{version}, Resource={}\" that match label \
                 selector \"{labels}\", field selector \"{fields}\": {problem}",
                kind.plural()
            ))
        }
    }
}

fn is_table(arguments: &Arguments) -> bool {
    matches!(arguments.last("output"), None | Some("wide"))
}

fn nothing_found(blocks: &[Block], filter: &Filter) -> String {
    match &filter.namespace {
        Some(namespace) if blocks.iter().all(|block| block.kind.is_namespaced()) => {
            format!("No resources found in {namespace} namespace.\n")
        }
        _ => "No resources found\n".into(),
    }
}

fn table_options(arguments: &Arguments, prefixed: bool) -> TableOptions {
    TableOptions {
        wide: arguments.last("output") == Some("wide"),
        namespaces: arguments.is_set("all-namespaces"),
        labels: arguments.is_set("show-labels"),
        label_columns: arguments.all("label-columns").flat_map(|list| list.split(',')).map(String::from).collect(),
        no_headers: arguments.is_set("no-headers"),
        prefixed: prefixed || arguments.is_set("show-kind"),
    }
}

/// The format with what it prints by, wherever that was said: behind `=`, in `--template`, or in a file.
fn format_of(arguments: &Arguments, context: &Context<'_>) -> Result<Option<String>, Failure> {
    let Some(output) = arguments.last("output") else {
        return Ok(arguments.last("template").map(|template| format!("go-template={template}")));
    };
    let (name, by) = match output.split_once('=') {
        Some((name, by)) => (name, Some(by)),
        None => (output, arguments.last("template")),
    };
    let Some(by) = by else { return Ok(Some(output.to_owned())) };
    Ok(Some(match name {
        "go-template" | "template" => format!("go-template={by}"),
        "go-template-file" | "templatefile" => format!("go-template={}", read_file(by, context)?),
        "jsonpath-file" => format!("jsonpath={}", read_file(by, context)?.trim_end()),
        "custom-columns-file" => {
            let text = read_file(by, context)?;
            let mut lines = text.lines().filter(|line| !line.trim().is_empty());
            let headers = lines.next().unwrap_or_default().split_whitespace();
            let paths = lines.next().unwrap_or_default().split_whitespace();
            let specs: Vec<String> = headers.zip(paths).map(|(header, path)| format!("{header}:{path}")).collect();
            if specs.is_empty() {
                return Err("error: custom-columns format specified but no custom columns given".into());
            }
            format!("custom-columns={}", specs.join(","))
        }
        name => format!("{name}={by}"),
    }))
}

fn print(
    arguments: &Arguments,
    selection: &Selection,
    blocks: &[Block],
    context: &Context<'_>,
) -> Result<Output, Failure> {
    let world = context.host.world();
    let all = || blocks.iter().flat_map(|block| block.objects.iter());
    let shown =
        |object: &Object| match object.meta().managed_fields.0.is_some() && !arguments.is_set("show-managed-fields") {
            true => without_managers(object.to_value()),
            false => object.to_value(),
        };
    let value = || match selection {
        Selection::Named(named) if named.len() == 1 => all().next().map(shown),
        _ => Some(list_value(all().map(shown).collect())),
    };
    let output = format_of(arguments, context)?;
    let text = match output.as_deref() {
        None | Some("wide") => {
            let options = table_options(arguments, blocks.len() > 1);
            let filled = blocks.iter().filter(|block| !block.objects.is_empty());
            let tables: Vec<String> =
                filled.map(|block| table(block.kind, &block.objects, &options, world.now)).collect();
            // Blocks stand apart by an empty line, unless they have no headers.
            tables.join(if options.no_headers { "" } else { "\n" })
        }
        Some("name") => {
            let name = |object: &Object| format!("{}\n", crate::errors::named(&object.reference()));
            all().map(name).collect()
        }
        Some("yaml") => value().map_or(String::new(), |value| petri_manifest::to_yaml(&sorted(value))),
        Some("json") => value().map_or(String::new(), |value| value.to_json_pretty() + "\n"),
        Some(format) => match format.split_once('=') {
            Some(("jsonpath", template)) => {
                value().map_or(Ok(String::new()), |value| path::template(&value, template))?
            }
            Some(("jsonpath-as-json", template)) => match value() {
                None => String::new(),
                Some(value) => {
                    let found = Path::parse(template)?.values(&value)?.into_iter().cloned().collect();
                    Value::List(found).to_json_pretty() + "\n"
                }
            },
            Some(("go-template", template)) => filled(template, &value().unwrap_or(Value::Null))?,
            Some(("custom-columns", columns)) => custom_columns(columns, all(), arguments)?,
            _ => {
                return Err(format!(
                    "error: unable to match a printer suitable for the output format \"{format}\", allowed formats are: \
                     custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,name,template,templatefile,wide,yaml"
                ));
            }
        },
    };
    Ok(Output::text(text))
}

/// Who manages which field is shown to those who ask for it.
fn without_managers(mut value: Value) -> Value {
    if let Value::Map(map) = &mut value
        && let Some(Value::Map(metadata)) = map.entry_mut("metadata")
    {
        metadata.remove("managedFields");
    }
    value
}

/// A `List` of objects, as `kubectl get -o yaml` prints several.
fn list_value(items: Vec<Value>) -> Value {
    let metadata: Map = [(Name::from("resourceVersion"), Value::from(""))].into_iter().collect();
    let mut map = Map::new();
    map.insert("apiVersion", Value::from("v1"));
    map.insert("items", Value::List(items));
    map.insert("kind", Value::from("List"));
    map.insert("metadata", Value::Map(metadata));
    Value::Map(map)
}

/// The same value with its keys in order, as kubectl prints YAML.
pub(super) fn sorted(value: Value) -> Value {
    match value {
        Value::Map(map) => {
            Value::Map(map.sorted().into_iter().map(|(key, value)| (key.clone(), sorted(value.clone()))).collect())
        }
        Value::List(items) => Value::List(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

#[inline(never)]
fn sort_by(objects: &mut Vec<Object>, path: &str) -> Result<(), Failure> {
    let path = Path::parse(path)?;
    let key = |object: &Object| {
        let value = object.to_value();
        path.values(&value).ok().and_then(|found| found.first().map(|value| (*value).clone()))
    };
    objects.order_by_key(key);
    Ok(())
}

fn custom_columns<'o>(
    columns: &str,
    objects: impl Iterator<Item = &'o Object>,
    arguments: &Arguments,
) -> Result<String, Failure> {
    let specs = column_specs(columns)?;
    let mut lines = Vec::new();
    if !arguments.is_set("no-headers") {
        lines.push(specs.iter().map(|(header, _)| header.to_string()).collect());
    }
    for object in objects {
        lines.push(column_cells(&specs, object)?);
    }
    Ok(write(&lines))
}

type Specs = Vec<(String, Path)>;

fn column_specs(columns: &str) -> Result<Specs, Failure> {
    if columns.split(',').nth(MOST_COLUMNS).is_some() {
        return Err(beyond("a table has", MOST_COLUMNS, "columns"));
    }
    let spec = |column: &str| {
        let wrong = || format!("error: unexpected custom-columns spec: {column}, expected <header>:<json-path-expr>");
        let (header, path) = column.split_once(':').ok_or_else(wrong)?;
        Ok((header.to_owned(), Path::parse(path)?))
    };
    columns.split(',').map(spec).collect()
}

fn column_cells(specs: &Specs, object: &Object) -> Result<Vec<String>, Failure> {
    let value = object.to_value();
    let cell = |(_, path): &(String, Path)| {
        let found: Vec<String> = path.values(&value)?.into_iter().map(crate::text::printed).collect();
        Ok(if found.is_empty() { "<none>".into() } else { found.join(",") })
    };
    specs.iter().map(cell).collect()
}

/// How a watch prints what it sees.
#[derive(Clone, Debug)]
enum Form {
    Table,
    Columns(Specs),
    /// One text after the other: `name`, `jsonpath=...`, `yaml`, `json`.
    Text(String),
}

impl Form {
    fn of(arguments: &Arguments) -> Result<Form, Failure> {
        Ok(match arguments.last("output") {
            None | Some("wide") => Form::Table,
            Some(format) => match format.split_once('=') {
                Some(("custom-columns", columns)) => Form::Columns(column_specs(columns)?),
                _ => Form::Text(format.to_owned()),
            },
        })
    }
}

/// One object in the format that is asked for, as a watch prints it, and a command that made or changed it.
pub(super) fn text(format: &str, object: &Object) -> Result<String, Failure> {
    shown(format, object.to_value(), &object.reference())
}

/// The same for an object that is not decoded.
pub(super) fn shown(format: &str, value: Value, target: &ObjectRef) -> Result<String, Failure> {
    Ok(match format.split_once('=') {
        None if format == "name" => format!("{}\n", crate::errors::named(target)),
        None if format == "yaml" => petri_manifest::to_yaml(&sorted(value)),
        None if format == "json" => sorted(value).to_json_pretty() + "\n",
        Some(("jsonpath", template)) => path::template(&value, template)?,
        Some(("go-template" | "template", template)) => filled(template, &value)?,
        _ => {
            return Err(format!(
                "error: unable to match a printer suitable for the output format \"{format}\", allowed formats are: \
                 go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,name,template,templatefile,yaml"
            ));
        }
    })
}

fn filled(template: &str, value: &Value) -> Result<String, Failure> {
    let read =
        Template::read(template).map_err(|problem| format!("error: error parsing template {template}, {problem}"))?;
    read.fill(value).map_err(|problem| format!("error: error executing template {}: {problem}", quoted(template)))
}

/// The objects that are there when a watch begins, one by one.
fn texts(format: &str, blocks: &[Block]) -> Result<String, Failure> {
    let all: Result<Vec<String>, Failure> =
        blocks.iter().flat_map(|block| &block.objects).map(|object| text(format, object)).collect();
    Ok(all?.join(if format == "yaml" { "---\n" } else { "" }))
}

/// `kubectl get -w`: one row for every change.
#[derive(Clone, Debug)]
struct Watch {
    kinds: Vec<Kind>,
    names: Option<Vec<(Kind, Name)>>,
    filter: Filter,
    options: TableOptions,
    form: Form,
    seen: BTreeMap<(Kind, Name, Name), (Revision, Object)>,
    /// Column widths, as wide as they ever were.
    widths: Vec<usize>,
}

impl Awaited for Watch {
    fn words(&self, _: &World) -> String {
        "changes".into()
    }
    /// A watch is never done.
    fn look(&mut self, host: &mut dyn Host, out: &mut Output) -> bool {
        self.print_changes(host.world(), out);
        false
    }
    fn copy(&self) -> Box<dyn Awaited> {
        Box::new(self.clone())
    }
}

impl Watch {
    fn new(
        kinds: Vec<Kind>,
        names: Option<Vec<(Kind, Name)>>,
        filter: Filter,
        (options, form): (TableOptions, Form),
        world: &World,
    ) -> Watch {
        let mut watch = Watch { kinds, names, filter, options, form, seen: BTreeMap::new(), widths: Vec::new() };
        let mut first = Output::default();
        watch.print_changes(world, &mut first);
        watch
    }

    /// Prints what has changed.
    fn print_changes(&mut self, world: &World, out: &mut Output) {
        let mut changed: Vec<Object> = Vec::new();
        let mut now = BTreeMap::new();
        for kind in &self.kinds {
            for object in self.filter.list(world.objects(), *kind) {
                let meta = object.meta();
                let wanted = self
                    .names
                    .as_ref()
                    .is_none_or(|names| names.iter().any(|(k, name)| k == kind && *name == meta.name));
                if !wanted {
                    continue;
                }
                let key = (*kind, meta.namespace.clone(), meta.name.clone());
                let revision = meta.resource_version;
                if self.seen.get(&key).is_none_or(|(seen, _)| *seen != revision) {
                    changed.push(object.clone());
                }
                now.insert(key, (revision, object));
            }
        }
        // What is gone is printed once more as it was last.
        let gone = self.seen.iter().filter(|(key, _)| !now.contains_key(*key)).map(|(_, (_, object))| object.clone());
        let mut rows: Vec<Object> = gone.collect();
        rows.append(&mut changed);
        self.seen = now;
        for object in rows {
            let lines = match &self.form {
                Form::Table => cells(object.kind(), std::slice::from_ref(&object), &self.options, world.now),
                Form::Columns(specs) => {
                    let headers = specs.iter().map(|(header, _)| header.clone()).collect();
                    let row = column_cells(specs, &object).unwrap_or_default();
                    if self.options.no_headers { vec![row] } else { vec![headers, row] }
                }
                Form::Text(format) => {
                    let separator = if format == "yaml" && self.options.no_headers { "---\n" } else { "" };
                    out.stdout.push_str(separator);
                    // What cannot be read of one object is left out.
                    out.stdout.push_str(&text(format, &object).unwrap_or_default());
                    Vec::new()
                }
            };
            lines.iter().for_each(|line| self.make_room(line));
            lines.iter().for_each(|line| self.write(line, out));
            // Headers come once, above the first row.
            self.options.no_headers = true;
        }
    }

    fn make_room(&mut self, line: &[String]) {
        for (i, cell) in line.iter().enumerate() {
            let width = cell.chars().count() + 3;
            match self.widths.get_mut(i) {
                Some(known) => *known = width.max(*known),
                None => self.widths.push(width.max(6)),
            }
        }
    }

    fn write(&self, line: &[String], out: &mut Output) {
        for (i, cell) in line.iter().enumerate() {
            out.stdout.push_str(cell);
            if i + 1 < line.len() {
                let blanks = self.widths[i] - cell.chars().count();
                out.stdout.extend(std::iter::repeat_n(' ', blanks));
            }
        }
        out.stdout.push('\n');
    }
}
