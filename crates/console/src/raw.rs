//! What the API server answers to a bare path: `kubectl get --raw`, and `curl` through `kubectl proxy`.

use crate::select::kind_of;
use petri_objects::{Map, Value};
use petri_sim::world::World;

/// The version that `/version` tells.
fn version() -> String {
    "{\n  \"major\": \"1\",\n  \"minor\": \"36\",\n  \"gitVersion\": \"v1.36.3\",\n  \"platform\": \"linux/amd64\"\n}\n"
        .into()
}

/// What stands at a path; `None` if nothing does.
pub(crate) fn answer(path: &str, world: &World) -> Option<String> {
    let is_verbose = path.contains("?verbose");
    let path = path.split('?').next().unwrap_or(path);
    let parts: Vec<&str> = path.trim_matches('/').split('/').filter(|part| !part.is_empty()).collect();
    let kind = |word: &str| kind_of(word).ok();
    let rest = match parts[..] {
        ["version"] => return Some(version()),
        [check @ ("healthz" | "livez" | "readyz"), ..] if is_verbose => {
            let all = ["ping", "log", "etcd", "poststarthook/start-apiserver-admission-initializer"];
            let more = if check == "readyz" { "[+]informer-sync ok\n" } else { "" };
            let lines: String = all.iter().map(|what| format!("[+]{what} ok\n")).collect();
            return Some(format!("{lines}{more}{check} check passed\n"));
        }
        ["healthz" | "livez" | "readyz", ..] => return Some("ok".into()),
        [] => {
            return Some(
                "{\n  \"paths\": [\n    \"/api\",\n    \"/apis\",\n    \"/healthz\",\n    \"/version\"\n  ]\n}\n"
                    .into(),
            );
        }
        ["api"] => return Some("{\n  \"kind\": \"APIVersions\",\n  \"versions\": [\n    \"v1\"\n  ]\n}\n".into()),
        ["api", "v1", ref rest @ ..] => rest,
        ["apis", _, _, ref rest @ ..] => rest,
        _ => return None,
    };
    let (namespace, rest) = match rest {
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some(*namespace), rest),
        rest => (None, rest),
    };
    match rest {
        [resource] => {
            let kind = kind(resource)?;
            let all = world.objects().list(kind);
            let own =
                all.iter().filter(|object| namespace.is_none_or(|namespace| *object.meta().namespace == *namespace));
            let items = Value::List(own.map(|object| object.to_value()).collect());
            let mut list = Map::new();
            list.insert("kind", Value::String(format!("{}List", kind.name()).into()));
            list.insert("apiVersion", Value::String(kind.api_version().into()));
            list.insert("items", items);
            Some(Value::Map(list).to_json() + "\n")
        }
        [resource, name, ..] => {
            let target = crate::select::reference(kind(resource)?, namespace.unwrap_or_default(), *name);
            world.objects().get(&target).map(|object| object.to_value().to_json() + "\n")
        }
        [] => None,
    }
}
