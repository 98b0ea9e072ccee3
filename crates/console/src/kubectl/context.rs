//! What every verb works with: the host, the files, and the objects that its words mean.

use crate::args::{Arguments, namespace};
use crate::errors::api_error;
use crate::host::{Files, Host, Unread};
use crate::limits::{MOST_FILES, beyond};
use crate::output::Failure;
use crate::select::{self, Filter, LabelFilter};
use petri_objects::{Span, Time};
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::Command;
use petri_sim::words::note::Answer;
use petri_sim::world::World;

/// What a verb works with.
pub(crate) struct Context<'a> {
    pub host: &'a mut dyn Host,
    pub files: &'a dyn Files,
    /// Standard input, from a here-document or a pipe.
    pub here: Option<&'a str>,
    /// How many commands the console has run before: of several endpoints each call takes the next.
    pub turn: u64,
    /// Nothing is to be changed: `--dry-run`.
    pub dry: bool,
}

/// What is said of a line that names no object.
pub(crate) const NOTHING_NAMED: &str = "error: You must provide one or more resources by argument or filename.\n\
                                        Example resource specifications include:\n   '-f rsrc.yaml'\n   \
                                        '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'";

/// A copy of a world, of which nothing is kept.
pub(crate) struct DryRun {
    pub(crate) world: World,
}

impl Host for DryRun {
    fn world(&self) -> &World {
        &self.world
    }
    fn command(&mut self, command: Command) -> Result<Answer, ApiError> {
        self.world.command(&command, &mut Vec::new())
    }
    fn play_until(&mut self, _: Time) {}
    fn step(&mut self) -> bool {
        false
    }
    fn patience(&self) -> Option<Span> {
        None
    }
}

/// Which objects of a kind a command means.
pub(crate) fn filter(arguments: &Arguments) -> Result<Filter, Failure> {
    Ok(Filter {
        namespace: (!arguments.is_set("all-namespaces")).then(|| namespace(arguments)),
        labels: arguments.last("selector").map(LabelFilter::parse).transpose()?.unwrap_or_default(),
        fields: arguments.last("field-selector").map(select::fields).transpose()?.unwrap_or_default(),
    })
}

pub(crate) fn not_found(kind: petri_objects::Kind, name: &str) -> Failure {
    api_error(&ApiError::not_found(kind, name), None)
}

/// What is said of an address that is none of the official examples.
pub(crate) fn no_address(address: &str) -> Failure {
    format!(
        "error: {address} cannot be had: Petri fetches nothing from elsewhere; the files below https://k8s.io/examples/ that \
         its tutorials use come with it"
    )
}

/// The text of a file of this name, or of the here-document for `-`.
pub(crate) fn read_file(name: &str, context: &Context<'_>) -> Result<String, Failure> {
    if name == "-" {
        return context.here.map(String::from).ok_or_else(|| "error: no objects passed to apply".into());
    }
    context.files.read(name).map_err(|why| match why {
        Unread::Missing if name.contains("://") => no_address(name),
        Unread::Missing => format!("error: the path \"{name}\" does not exist"),
        Unread::Because(why) => format!("error: the path \"{name}\" cannot be read: {why}"),
    })
}

/// The files that `-f` names; of a folder those with manifests, in the order of their names.
pub(crate) fn file_names(arguments: &Arguments, files: &dyn Files) -> Result<Vec<String>, Failure> {
    let mut all = Vec::new();
    for name in arguments.all("filename").flat_map(|list| list.split(',')) {
        let mut inside = folder(name, arguments.is_set("recursive"), files);
        match inside.is_empty() {
            true => all.push(name.to_owned()),
            false => all.append(&mut inside),
        }
        if all.len() > MOST_FILES {
            return Err(beyond("a command reads", MOST_FILES, "files"));
        }
    }
    Ok(all)
}

/// The manifests of a folder, and of those in it if it is to go deeper; none if it is no folder.
fn folder(name: &str, deeper: bool, files: &dyn Files) -> Vec<String> {
    let folder = name.trim_start_matches("./").trim_end_matches('/');
    let is_here = name == "." || name == "./";
    // Whose name ends like a manifest's is one.
    if name.contains("://")
        || name == "-"
        || !is_here && [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end))
    {
        return Vec::new();
    }
    let is_in = |own: &String| {
        let rest =
            if is_here { Some(own.as_str()) } else { own.strip_prefix(folder).and_then(|own| own.strip_prefix('/')) };
        rest.is_some_and(|rest| deeper || !rest.contains('/'))
            && [".yaml", ".yml", ".json"].iter().any(|end| own.ends_with(end))
    };
    let mut found: Vec<String> = files.names().into_iter().filter(is_in).collect();
    found.sort();
    found
}
