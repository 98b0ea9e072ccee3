//! The objects that a command names: by words, by a selector, or by files.

use super::context::{Context, file_names, filter, not_found, read_file};
use super::kustomize;
use crate::args::{Arguments, namespace};
use crate::output::Failure;
use crate::select::{self, LabelFilter};
use petri_manifest::{Document, Grade, Problem};
use petri_objects::{Labels, Name, ObjectRef, Value};

/// The objects that words, a selector or `--all` mean, and an error for each that is missing.
pub(crate) fn targets(
    arguments: &Arguments,
    context: &Context<'_>,
) -> Result<(Vec<petri_objects::Object>, Vec<Failure>), Failure> {
    use select::Selection;
    let objects = context.host.world().objects();
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    if arguments.is_set("local") {
        // The cluster is not asked.
        for (_, text) in texts(arguments, context)? {
            found.extend(select::parse(&text, objects).objects().cloned());
        }
        return match found.is_empty() {
            true => Err("error: one or more files must be specified when --local is set".into()),
            false => Ok((found, missing)),
        };
    }
    if let Some(named) = in_files(arguments, context)? {
        for named in named {
            match named.map(|Named { target, .. }| (objects.get(&target), target)) {
                Ok((Some(object), _)) => found.push(object),
                Ok((None, target)) => missing.push(not_found(target.kind, &target.name)),
                Err(problem) => missing.push(problem),
            }
        }
        return Ok((found, missing));
    }
    match select::selection(&arguments.words, context.host.world().objects())? {
        Selection::Named(named) => {
            let namespace = namespace(arguments);
            for (kind, name) in named {
                match select::find(&select::reference(kind, &namespace, name.clone()), objects) {
                    Some(object) => found.push(object),
                    None => missing.push(not_found(kind, &name)),
                }
            }
        }
        Selection::Kinds(kinds) => {
            let filter = filter(arguments)?;
            if filter.labels.is_empty() && filter.fields.is_empty() && !arguments.is_set("all") {
                return Err("error: resource(s) were provided, but no name was specified".into());
            }
            for kind in kinds {
                found.extend(filter.list(objects, kind));
            }
        }
    }
    Ok((found, missing))
}

/// The texts that `-f` and `-k` name, and what each is called.
pub(crate) fn texts(arguments: &Arguments, context: &Context<'_>) -> Result<Vec<(String, String)>, Failure> {
    let mut texts = Vec::new();
    for name in file_names(arguments, context.files)? {
        let text = read_file(&name, context)?;
        // kubectl names standard input so.
        texts.push((if name == "-" { "STDIN".into() } else { name }, text));
    }
    for folder in arguments.all("kustomize") {
        texts.push((folder.to_owned(), kustomize::build(folder, context)?));
    }
    Ok(texts)
}

/// What files name, in their order: objects, and what is said of that which cannot be read or is of no kind that the cluster
/// knows.
pub(crate) type InFiles = Vec<Result<Named, Failure>>;

/// An object that a file names.
pub(crate) struct Named {
    pub target: ObjectRef,
    /// The file, as kubectl calls it.
    pub source: String,
}

/// The objects that `-f` and `-k` name, those with the labels of `-l` alone; `None` without these.
///
/// Upstream: `resource.Builder` looks at the kind and the name; what else is in a file may be wrong.
pub(crate) fn in_files(arguments: &Arguments, context: &Context<'_>) -> Result<Option<InFiles>, Failure> {
    if arguments.last("filename").is_none() && arguments.last("kustomize").is_none() {
        return Ok(None);
    }
    read_files(arguments, context).map(Some)
}

/// A function of its own, so that the page can fetch it when a line names files.
#[inline(never)]
fn read_files(arguments: &Arguments, context: &Context<'_>) -> Result<InFiles, Failure> {
    let meant = Meant::by(arguments)?;
    let mut found = InFiles::default();
    for (source, text) in texts(arguments, context)? {
        let parsed = select::parse(&text, context.host.world().objects());
        for (i, document) in parsed.documents.iter().enumerate() {
            let own: Vec<&Problem> = parsed.problems.iter().filter(|problem| problem.document == Some(i)).collect();
            let problem = unmapped(&source, document, &own);
            match (document.kind.filter(|_| problem.is_none()), word(document, "name")) {
                (Some(_), _) if !meant.has(document) => {}
                (None, _) => found.extend(problem.map(Err)),
                (Some(_), "") => found.push(Err("error: resource name may not be empty".into())),
                (Some(kind), name) => {
                    let target = select::reference(kind, &namespace_of(document, arguments), Name::from(name));
                    found.push(Ok(Named { target, source: source.clone() }));
                }
            }
        }
        found.extend(unread(&source, &parsed.problems).map(Err));
    }
    Ok(found)
}

/// Which documents of a file a command is about: those with the labels of `-l`.
pub(crate) struct Meant(LabelFilter);

impl Meant {
    pub fn by(arguments: &Arguments) -> Result<Meant, Failure> {
        Ok(Meant(arguments.last("selector").map(LabelFilter::parse).transpose()?.unwrap_or_default()))
    }
    /// Whether no labels are asked for.
    pub fn is_all(&self) -> bool {
        self.0.is_empty()
    }
    pub fn has(&self, document: &Document) -> bool {
        if self.is_all() {
            return true;
        }
        let labels = document.value.at(&["metadata", "labels"]).and_then(Value::as_map);
        let labels: Labels = labels
            .into_iter()
            .flat_map(|map| map.iter())
            .filter_map(|(key, value)| Some((key.clone(), Name::from(value.as_str()?))))
            .collect();
        self.0.matches(&labels)
    }
}

/// A word of a document's metadata, empty if there is none.
fn word<'d>(document: &'d Document, key: &str) -> &'d str {
    document.value.at(&["metadata", key]).and_then(Value::as_str).unwrap_or_default()
}

/// The namespace that a document names, or else the command.
fn namespace_of(document: &Document, arguments: &Arguments) -> String {
    match word(document, "namespace") {
        "" => namespace(arguments),
        own => own.to_owned(),
    }
}

/// What kubectl says of a text that is no YAML.
pub(crate) fn unread<'p>(source: &'p str, problems: &'p [Problem]) -> impl Iterator<Item = Failure> + 'p {
    let whole = problems.iter().filter(|problem| problem.document.is_none() && problem.grade == Grade::Error);
    whole.map(move |problem| format!("error: error parsing {source}: {}", problem.message))
}

/// What kubectl says of a document of no kind, or of one that the cluster does not know.
pub(crate) fn unmapped(source: &str, document: &Document, problems: &[&Problem]) -> Option<Failure> {
    let is_well = document.kind.is_some() && !problems.iter().any(|problem| problem.grade == Grade::Error);
    // What is said is a function of its own, so that the page can fetch it when a document needs it.
    if is_well { None } else { unmapped_words(source, document, problems) }
}

#[inline(never)]
fn unmapped_words(source: &str, document: &Document, problems: &[&Problem]) -> Option<Failure> {
    let errors = || problems.iter().filter(|problem| problem.grade == Grade::Error);
    if let Some(problem) = errors().find(|problem| problem.message.starts_with("no matches for kind")) {
        return Some(format!(
            "error: resource mapping not found for name: \"{}\" namespace: \"{}\" from \"{source}\": {}\nensure CRDs are \
             installed first",
            word(document, "name"),
            word(document, "namespace"),
            problem.message
        ));
    }
    match document.kind {
        Some(_) => None,
        None => {
            Some(errors().next().map_or("error: no object".into(), |problem| format!("error: {}", problem.message)))
        }
    }
}
