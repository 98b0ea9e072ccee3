//! In which form a client wants its answer: whole objects, tables, or metadata alone.
//!
//! Upstream: `apiserver/pkg/endpoints/handlers/negotiation`.

use crate::ask::{Ask, JSON};
use crate::status::Failure;

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Whole,
    /// What `kubectl get` prints.
    Table(Included),
    /// `PartialObjectMetadata`.
    Metadata,
}

/// What a row of a table carries beside its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Included {
    Nothing,
    Metadata,
    Object,
}

/// A form, and whether it is to be written as YAML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub form: Form,
    pub yaml: bool,
}

impl Wanted {
    /// Reads `Accept`: of what it names the first that can be served.
    ///
    /// # Errors
    /// 406, if there is none.
    pub fn of(ask: &Ask) -> Result<Wanted, Failure> {
        let whole = Wanted { form: Form::Whole, yaml: false };
        if ask.accept.trim().is_empty() {
            return Ok(whole);
        }
        for entry in ask.accept.split(',') {
            let mut parts = entry.split(';').map(str::trim);
            let yaml = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
                JSON | "*/*" | "application/*" => false,
                "application/yaml" => true,
                _ => continue,
            };
            let parameter = |key: &str| parts.clone().find_map(|part| part.strip_prefix(key)?.strip_prefix('='));
            if matches!(parameter("v"), Some(version) if !matches!(version, "v1" | "v2")) {
                continue;
            }
            let form = match parameter("as") {
                None => Form::Whole,
                Some("Table") => Form::Table(match ask.query.get("includeObject") {
                    Some("None") => Included::Nothing,
                    Some("Object") => Included::Object,
                    _ => Included::Metadata,
                }),
                Some("PartialObjectMetadata" | "PartialObjectMetadataList") => Form::Metadata,
                Some(_) => continue,
            };
            return Ok(Wanted { form, yaml });
        }
        let served = "application/json, application/yaml";
        let message = format!("only the following media types are accepted: {served}");
        Err(Failure::new(406, "NotAcceptable", message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(accept: &str) -> Option<Form> {
        let ask = Ask { accept: accept.into(), ..Ask::new("GET", "/api/v1/pods", "") };
        Wanted::of(&ask).ok().map(|wanted| wanted.form)
    }

    #[test]
    fn the_first_that_can_be_served_counts() {
        let table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
        assert_eq!(form(table), Some(Form::Table(Included::Metadata)));
        assert_eq!(form("application/vnd.kubernetes.protobuf, */*"), Some(Form::Whole));
        assert_eq!(form("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"), Some(Form::Metadata));
        assert_eq!(form("text/html"), None);
        assert_eq!(form(""), Some(Form::Whole));
    }
}
