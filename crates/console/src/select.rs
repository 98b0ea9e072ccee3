//! Which objects the words of a command mean: `pods`, `pod web-0`, `pod/web-0 sts/web`, `sts,pods,pvc`, `all`.

use crate::endpoints;
use crate::limits::{MOST_NAMES, MOST_REQUIREMENTS, beyond};
use crate::output::Failure;
use crate::path::Path;
use petri_manifest::Parsed;
use petri_objects::order::Order as _;
use petri_objects::value::quoted;
use petri_objects::{Kind, Labels, Name, Object, ObjectRef};
use petri_sim::belief::api::custom;
use petri_sim::belief::api::shelf::{Key, Objects};
use petri_sim::belief::api::warnings;
use std::collections::BTreeSet;

/// Kinds and, if names were given, one object each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Every object of these kinds.
    Kinds(Vec<Kind>),
    /// These objects, in the order in which they were named.
    Named(Vec<(Kind, Name)>),
}

impl Selection {
    /// What the API server says to whoever asks for kinds that go out of use.
    pub(crate) fn warnings(&self) -> String {
        let kinds: Vec<Kind> = match self {
            Selection::Kinds(kinds) => kinds.clone(),
            Selection::Named(named) => named.iter().map(|(kind, _)| *kind).collect(),
        };
        let told: BTreeSet<&str> = kinds.into_iter().filter_map(warnings::deprecation).collect();
        told.into_iter().map(|text| format!("Warning: {text}\n")).collect()
    }
}

/// What `all` means in every cluster; definitions can put their kinds there too.
const ALL: [Kind; 6] =
    [Kind::Pod, Kind::Service, Kind::Deployment, Kind::ReplicaSet, Kind::StatefulSet, Kind::DaemonSet];

/// The kinds of a category, in the order of discovery: group by group, and by name within a group.
fn category(word: &str, objects: &Objects) -> Vec<Kind> {
    let of_category = |kind: &Kind| match kind {
        Kind::Kept(kept) => kept.entry().categories.contains(&word),
        kind => word == "all" && ALL.contains(kind),
    };
    let mut kinds: Vec<Kind> = Kind::every().filter(of_category).collect();
    kinds.order_by_key(|kind| (kind.group(), kind.plural()));
    kinds.extend(custom::kinds(objects).into_iter().filter(of_category));
    kinds
}

/// Reads the words that name resources.
///
/// # Errors
/// kubectl's message if they name none.
pub fn selection(words: &[String], objects: &Objects) -> Result<Selection, Failure> {
    let Some((first, names)) = words.split_first() else {
        return Err("error: You must specify the type of resource.".into());
    };
    if words.iter().any(|word| word.contains('/')) {
        if let Some(separate) = words.iter().find(|word| !word.contains('/')) {
            // A word without a slash is a kind behind names; in front of them it has to be one that is known.
            let problem = if separate == first || words[0].contains('/') {
                "there is no need to specify a resource type as a separate argument when passing arguments in \
                 resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource \
                 resource/<resource_name>'"
            } else {
                "arguments in resource/name form may not have more than one slash"
            };
            return Err(format!("error: {problem}"));
        }
        if words.len() > MOST_NAMES {
            return Err(beyond("a command names", MOST_NAMES, "objects"));
        }
        let mut named = Vec::new();
        for word in words {
            let (kind, name) = word.split_once('/').expect("every word has a slash");
            if name.contains('/') {
                return Err("error: arguments in resource/name form may not have more than one slash".into());
            }
            if name.is_empty() {
                return Err("error: arguments in resource/name form must have a single resource and name".into());
            }
            named.push((kind_in(kind, objects)?, name.into()));
        }
        return Ok(Selection::Named(named));
    }
    let mut kinds = Vec::new();
    let mut said = BTreeSet::new();
    for word in first.split(',').filter(|word| !word.is_empty() && said.insert(*word)) {
        match category(word, objects) {
            none if none.is_empty() => kinds.push(kind_in(word, objects)?),
            all => kinds.extend(all),
        }
    }
    // Upstream: `Builder.resourceMappings` takes each kind once.
    let mut seen = BTreeSet::new();
    kinds.retain(|kind| seen.insert(*kind));
    if kinds.len() * names.len() > MOST_NAMES {
        return Err(beyond("a command names", MOST_NAMES, "objects"));
    }
    if names.is_empty() {
        return Ok(Selection::Kinds(kinds));
    }
    Ok(Selection::Named(
        kinds.iter().flat_map(|kind| names.iter().map(move |name| (*kind, Name::from(&**name)))).collect(),
    ))
}

/// A kind that every cluster has by any of its names.
///
/// # Errors
/// kubectl's message.
pub fn kind_of(word: &str) -> Result<Kind, Failure> {
    Kind::from_resource(word).ok_or_else(|| format!("error: the server doesn't have a resource type \"{word}\""))
}

/// A kind of a cluster by any of its names.
///
/// # Errors
/// kubectl's message.
pub fn kind_in(word: &str, objects: &Objects) -> Result<Kind, Failure> {
    let lower = word.to_ascii_lowercase();
    kind_of(word)
        .or_else(|unknown| custom::kinds(objects).into_iter().find(|kind| kind.is_called(&lower)).ok_or(unknown))
}

/// Whether a line names a kind that few clusters have objects of. It may be a name of something else.
pub(crate) fn is_about_rare(line: &str) -> bool {
    let words = line.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).any(|word| Kind::every().any(|kind| kind.is_rare() && kind.is_called(&word)))
}

/// Reads a text for a cluster, which may know more kinds than others.
pub fn parse(text: &str, objects: &Objects) -> Parsed {
    petri_manifest::parse_for(text, &|api_version, name| custom::from_api(objects, api_version, name))
}

/// The namespace that objects of a kind are looked for in: empty for cluster-wide kinds.
pub fn reference(kind: Kind, namespace: &str, name: impl Into<Name>) -> ObjectRef {
    ObjectRef::new(kind, if kind.is_namespaced() { namespace } else { "" }, name)
}

/// An object, stored or made of what is.
pub fn find(target: &ObjectRef, objects: &Objects) -> Option<Object> {
    let key = || Key::new(target.namespace.clone(), target.name.clone());
    let made = || endpoints::are(target.kind).then(|| endpoints::one(target.kind, &key(), objects)).flatten();
    objects.get(target).or_else(made)
}

/// Which objects of a kind are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// `None` for all namespaces.
    pub namespace: Option<String>,
    pub labels: LabelFilter,
    /// `--field-selector`.
    pub fields: Vec<FieldRequirement>,
}

/// `status.phase=Running`.
#[derive(Clone, Debug)]
pub struct FieldRequirement {
    pub path: String,
    read: Path,
    /// `false` for `!=`.
    pub equal: bool,
    pub value: String,
}

impl Filter {
    /// The objects of a kind that pass, in key order.
    pub fn list(&self, objects: &Objects, kind: Kind) -> Vec<Object> {
        let mut all = objects.list(kind);
        if endpoints::are(kind) {
            endpoints::add_all(kind, objects, &mut all);
        }
        all.retain(|object| self.matches(object));
        all
    }

    /// Whether an object passes.
    pub fn matches(&self, object: &Object) -> bool {
        let meta = object.meta();
        let here = !object.kind().is_namespaced() || self.namespace.as_deref().is_none_or(|n| n == &*meta.namespace);
        here && self.labels.matches(&meta.labels) && self.fields_match(object)
    }

    fn fields_match(&self, object: &Object) -> bool {
        if self.fields.is_empty() {
            return true;
        }
        let value = object.to_value();
        self.fields.iter().all(|field| {
            let found = field.read.values(&value).unwrap_or_default();
            let text = found.first().map_or(String::new(), |value| crate::path::plain(value));
            (text == field.value) == field.equal
        })
    }
}

/// The fields that the API server can select objects of a kind by.
///
/// Upstream: the field label conversions of `pkg/apis`.
pub fn selectable_fields(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Pod => &[
            "metadata.name",
            "metadata.namespace",
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.podIPs",
            "status.nominatedNodeName",
        ],
        Kind::Node => &["metadata.name", "spec.unschedulable"],
        Kind::Event => &[
            "metadata.name",
            "metadata.namespace",
            "involvedObject.kind",
            "involvedObject.name",
            "involvedObject.namespace",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        Kind::Namespace => &["metadata.name", "status.phase"],
        Kind::Service => &["metadata.name", "metadata.namespace", "spec.clusterIP", "spec.type"],
        _ => &["metadata.name", "metadata.namespace"],
    }
}

/// What the API server says about a field that it cannot select objects of a kind by; `None` if it can.
///
/// Upstream: the conversions of field labels, and `DefaultMetaV1FieldSelectorConversion` for kinds without one.
pub fn field_problem(kind: Kind, path: &str) -> Option<String> {
    if selectable_fields(kind).contains(&path) {
        return None;
    }
    Some(match kind.name() {
        "Pod"
        | "Node"
        | "Event"
        | "Namespace"
        | "Secret"
        | "Service"
        | "ReplicationController"
        | "CertificateSigningRequest" => format!("field label not supported: {path}"),
        "Job" => format!("field label {} not supported for Job", quoted(path)),
        _ => format!("{} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"", quoted(path)),
    })
}

/// What the API server says about a label selector that it cannot read; `None` if it can.
///
/// Upstream: `labels.Parser`.
pub fn label_selector_problem(text: &str) -> Option<String> {
    let mut parser = SelectorParser { tokens: selector_tokens(text), at: 0 };
    parser.requirements().err()
}

/// Symbols of a label selector, the longer ones first.
const SYMBOLS: [&str; 9] = ["==", "!=", "=", "!", "(", ")", ",", ">", "<"];

/// The words and symbols of a label selector.
fn selector_tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let symbol = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)).map(|symbol| symbol.len());
        let ends = |c: char| c.is_whitespace() || "=!(),><".contains(c);
        let (token, left) = rest.split_at(symbol.unwrap_or_else(|| rest.find(ends).unwrap_or(rest.len())));
        tokens.push(token);
        rest = left.trim_start();
    }
    tokens
}

/// Reads a label selector for what is wrong with it. Past the end stands an empty word.
///
/// Upstream: `labels.Parser`.
/// Deviation: whether the words can be keys and values of labels is not looked at.
struct SelectorParser<'t> {
    tokens: Vec<&'t str>,
    at: usize,
}

impl<'t> SelectorParser<'t> {
    fn look(&self) -> &'t str {
        self.tokens.get(self.at).copied().unwrap_or_default()
    }
    fn take(&mut self) -> &'t str {
        let token = self.look();
        self.at += 1;
        token
    }
    fn is_word(token: &str) -> bool {
        !token.is_empty() && !SYMBOLS.contains(&token)
    }

    fn requirements(&mut self) -> Result<(), String> {
        loop {
            match self.look() {
                "" => return Ok(()),
                token if token == "!" || Self::is_word(token) => {
                    self.requirement().map_err(|why| format!("unable to parse requirement: {why}"))?;
                    match self.take() {
                        "" => return Ok(()),
                        "," => {
                            let next = self.look();
                            if next != "!" && !Self::is_word(next) {
                                return Err(format!("found '{next}', expected: identifier after ','"));
                            }
                        }
                        other => return Err(format!("found '{other}', expected: ',' or 'end of string'")),
                    }
                }
                token => return Err(format!("found '{token}', expected: !, identifier, or 'end of string'")),
            }
        }
    }

    fn requirement(&mut self) -> Result<(), String> {
        let absent = self.look() == "!";
        self.at += usize::from(absent);
        let key = self.take();
        if !Self::is_word(key) {
            return Err(format!("found '{key}', expected: identifier"));
        }
        if absent || matches!(self.look(), "" | ",") {
            return Ok(());
        }
        match self.take() {
            "in" | "notin" => self.values(),
            "=" | "==" | "!=" | ">" | "<" => match self.look() {
                "" | "," => Ok(()),
                value if Self::is_word(value) => {
                    self.at += 1;
                    Ok(())
                }
                other => Err(format!("found '{other}', expected: identifier")),
            },
            other => Err(format!("found '{other}', expected: in, notin, =, ==, !=, gt, lt")),
        }
    }

    /// `(a, b)`, where any of the words may be left out.
    fn values(&mut self) -> Result<(), String> {
        match self.take() {
            "(" => {}
            // Upstream has no comma here.
            other => return Err(format!("found '{other}' expected: '('")),
        }
        match self.look() {
            ")" => {
                self.at += 1;
                return Ok(());
            }
            token if token == "," || Self::is_word(token) => {}
            other => return Err(format!("found '{other}', expected: ',', ')' or identifier")),
        }
        loop {
            match self.take() {
                ")" => return Ok(()),
                "," => {}
                word if Self::is_word(word) => match self.look() {
                    "," | ")" => {}
                    other => return Err(format!("found '{other}', expected: ',' or ')'")),
                },
                other => return Err(format!("found '{other}', expected: ',', or identifier")),
            }
        }
    }
}

/// Reads `--field-selector`.
///
/// # Errors
/// The part that is no comparison.
pub fn fields(text: &str) -> Result<Vec<FieldRequirement>, Failure> {
    let parts = || text.split(',').filter(|part| !part.trim().is_empty());
    if parts().nth(MOST_REQUIREMENTS).is_some() {
        return Err(beyond("a selector has", MOST_REQUIREMENTS, "requirements"));
    }
    parts()
        .map(|part| {
            let (path, equal, value) = match part.split_once("!=") {
                Some((path, value)) => (path, false, value),
                None => {
                    let (path, value) = part
                        .split_once('=')
                        .ok_or_else(|| format!("error: invalid field selector; unable to parse \"{part}\""))?;
                    (path, true, value.trim_start_matches('='))
                }
            };
            let path = path.trim();
            Ok(FieldRequirement { path: path.into(), read: Path::parse(path)?, equal, value: value.trim().into() })
        })
        .collect()
}

/// `-l`: requirements that must all hold.
#[derive(Clone, Debug, Default)]
pub struct LabelFilter(Vec<Requirement>);

#[derive(Clone, Debug)]
enum Requirement {
    In(String, BTreeSet<String>),
    NotIn(String, BTreeSet<String>),
    Exists(String),
    Absent(String),
}

impl LabelFilter {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    pub fn matches(&self, labels: &Labels) -> bool {
        self.0.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => labels.get(key).is_some_and(|value| values.contains(&**value)),
            Requirement::NotIn(key, values) => labels.get(key).is_none_or(|value| !values.contains(&**value)),
            Requirement::Exists(key) => labels.get(key).is_some(),
            Requirement::Absent(key) => labels.get(key).is_none(),
        })
    }

    /// Reads `app=web,tier!=back,env in (a,b),!old`.
    ///
    /// # Errors
    /// The part that is no requirement.
    pub fn parse(text: &str) -> Result<LabelFilter, Failure> {
        let mut parts = vec![String::new()];
        let mut depth = 0_i64;
        for c in text.chars() {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                ',' if depth == 0 => {
                    if parts.len() == MOST_REQUIREMENTS {
                        return Err(beyond("a selector has", MOST_REQUIREMENTS, "requirements"));
                    }
                    parts.push(String::new());
                    continue;
                }
                _ => {}
            }
            parts.last_mut().expect("there is always a part").push(c);
        }
        let mut requirements = Vec::new();
        for part in parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()) {
            let values = |list: &str| -> BTreeSet<String> {
                list.trim().trim_matches(['(', ')']).split(',').map(|v| v.trim().to_owned()).collect()
            };
            let words: Vec<&str> = part.splitn(3, ' ').collect();
            let requirement = match words[..] {
                [key, "in", list] => Requirement::In(key.into(), values(list)),
                [key, "notin", list] => Requirement::NotIn(key.into(), values(list)),
                _ => match (part.split_once("!="), part.split_once('=')) {
                    (Some((key, value)), _) => Requirement::NotIn(key.trim().into(), [value.trim().into()].into()),
                    (None, Some((key, value))) => {
                        let value = value.trim_start_matches('=').trim();
                        Requirement::In(key.trim().into(), [value.into()].into())
                    }
                    (None, None) if part.contains([' ', '(']) => {
                        let unread = || format!("unable to parse requirement: {} is no label selector", quoted(part));
                        return Err(format!("error: {}", label_selector_problem(part).unwrap_or_else(unread)));
                    }
                    (None, None) => match part.strip_prefix('!') {
                        Some(key) => Requirement::Absent(key.trim().into()),
                        None => Requirement::Exists(part.into()),
                    },
                },
            };
            requirements.push(requirement);
        }
        Ok(LabelFilter(requirements))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(String::from).collect()
    }

    fn pick(words: &[String]) -> Result<Selection, Failure> {
        selection(words, &Objects::default())
    }

    #[test]
    fn kinds_and_names_are_told_apart() {
        assert_eq!(
            pick(&words("sts,pods,pvc")).unwrap(),
            Selection::Kinds(vec![Kind::StatefulSet, Kind::Pod, Kind::PersistentVolumeClaim])
        );
        assert_eq!(
            pick(&words("pod/web-0 sts/web")).unwrap(),
            Selection::Named(vec![(Kind::Pod, "web-0".into()), (Kind::StatefulSet, "web".into())])
        );
        assert_eq!(
            pick(&words("pod a b")).unwrap(),
            Selection::Named(vec![(Kind::Pod, "a".into()), (Kind::Pod, "b".into())])
        );
        assert_eq!(pick(&words("foo")).unwrap_err(), "error: the server doesn't have a resource type \"foo\"");
        assert_eq!(
            pick(&words("api-extensions,rc"))
                .map(|picked| matches!(picked, Selection::Kinds(kinds) if kinds.len() == 9)),
            Ok(true)
        );
        assert!(pick(&words("pod pod/web-0")).unwrap_err().contains("no need to specify a resource type"));
    }

    #[test]
    fn label_selectors_that_cannot_be_read_are_told_apart() {
        for right in
            ["", "a", "!a", "a=b,c!=d", "a==b", "a in (x, y),!z", "a in ()", "a notin (,x)", "a=", "a=,b", "in=in"]
        {
            assert_eq!(label_selector_problem(right), None, "{right}");
        }
        for (wrong, why) in [
            ("a in b", "unable to parse requirement: found 'b' expected: '('"),
            ("a=b=c", "found '=', expected: ',' or 'end of string'"),
            ("a===b", "unable to parse requirement: found '=', expected: identifier"),
            ("a b c", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
            ("a,", "found '', expected: identifier after ','"),
            ("=a", "found '=', expected: !, identifier, or 'end of string'"),
            ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
        ] {
            assert_eq!(label_selector_problem(wrong).as_deref(), Some(why), "{wrong}");
        }
    }

    #[test]
    fn label_selectors_take_sets() {
        let labels: Labels = [("app", "web"), ("tier", "front")].into_iter().collect();
        let matches = |text: &str| LabelFilter::parse(text).unwrap().matches(&labels);
        assert!(matches("app=web,tier in (front, back)"));
        assert!(matches("app==web,!old,tier"));
        assert!(!matches("tier notin (front)"));
        assert!(!matches("app!=web"));
        assert!(matches("other!=web"));
        assert!(LabelFilter::parse("a b c").is_err());
    }
}
