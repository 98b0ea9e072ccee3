//! What a path means: a kind, a namespace, a name, a subresource.

use crate::versions::serves;
use petri_objects::Kind;
use petri_sim::belief::api::custom;
use petri_sim::belief::api::shelf::Objects;

/// A kind in one of the versions in which it is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    pub kind: Kind,
    /// `apps/v1`, as the path has it.
    pub api_version: String,
}

/// What a path of the API leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub served: Served,
    /// `None` for all namespaces, and for kinds that have none.
    pub namespace: Option<String>,
    /// `None` for the collection.
    pub name: Option<String>,
    pub subresource: Option<String>,
}

/// Group and version of a path, and what follows them.
pub fn group_version(path: &str) -> Option<(String, Vec<&str>)> {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let (group_version, rest) = match parts.next()? {
        "api" => (parts.next()?.to_owned(), parts.collect()),
        "apis" => {
            let (group, version) = (parts.next()?, parts.next()?);
            (format!("{group}/{version}"), parts.collect())
        }
        _ => return None,
    };
    Some((group_version, rest))
}

/// Every kind that is served, the cluster's own ones included.
pub fn kinds(objects: &Objects) -> impl Iterator<Item = Kind> {
    Kind::every().chain(custom::kinds(objects))
}

/// Where a path leads; `None` if it leads nowhere.
pub fn place(path: &str, objects: &Objects) -> Option<Place> {
    let (api_version, parts) = group_version(path)?;
    let (namespace, rest) = match parts[..] {
        // A namespace is an object as well, with subresources of its own.
        ["namespaces", _] | ["namespaces", _, "status" | "finalize"] => (None, &parts[..]),
        ["namespaces", namespace, _, ..] => (Some(namespace.to_owned()), &parts[2..]),
        _ => (None, &parts[..]),
    };
    let (resource, name, subresource) = match rest[..] {
        [resource] => (resource, None, None),
        [resource, name] => (resource, Some(name), None),
        [resource, name, subresource] => (resource, Some(name), Some(subresource)),
        _ => return None,
    };
    let kind = kinds(objects).find(|kind| kind.plural() == resource && serves(*kind, &api_version))?;
    let fits = kind.is_namespaced() == namespace.is_some() || kind.is_namespaced() && name.is_none();
    fits.then(|| Place {
        served: Served { kind, api_version },
        namespace,
        name: name.map(str::to_owned),
        subresource: subresource.map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str) -> Option<(Kind, [Option<String>; 3])> {
        let place = place(path, &Objects::default())?;
        Some((place.served.kind, [place.namespace, place.name, place.subresource]))
    }

    #[test]
    fn paths_lead_to_objects() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(found("/api/v1/pods"), Some((Kind::Pod, [None, None, None])));
        assert_eq!(
            found("/api/v1/namespaces/web/pods/a/eviction"),
            Some((Kind::Pod, [some("web"), some("a"), some("eviction")]))
        );
        assert_eq!(found("/api/v1/namespaces/web"), Some((Kind::Namespace, [None, some("web"), None])));
        assert_eq!(
            found("/api/v1/namespaces/web/status"),
            Some((Kind::Namespace, [None, some("web"), some("status")]))
        );
        assert_eq!(found("/api/v1/namespaces/status/pods"), Some((Kind::Pod, [some("status"), None, None])));
        assert_eq!(
            found("/apis/apps/v1/namespaces/d/deployments/x"),
            Some((Kind::Deployment, [some("d"), some("x"), None]))
        );
        for nowhere in ["/apis/apps/v1/pods", "/api/v1/pods/a", "/api/v1/namespaces/d/nodes", "/apis/apps", "/", "/x/y"]
        {
            assert_eq!(found(nowhere), None, "{nowhere}");
        }
    }
}
