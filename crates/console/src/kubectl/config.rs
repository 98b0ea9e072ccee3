//! `kubectl config`: contexts, and the namespace that lines mean.
//!
//! Upstream: `kubectl/pkg/cmd/config`. Whatever a context says, it leads to the same simulated cluster; its namespace counts.

use crate::args::{self, Arguments, Flag, optional, switch, value};
use crate::output::{Failure, Output};
use crate::path;
use crate::programs::desk::HOME;
use crate::tables::write;
use petri_objects::{Map, Value};

/// What kubectl reads before each line: a kubeconfig for each file that lines name, the usual one under the empty name.
pub(crate) type Configs = Vec<(String, Value)>;

const FLAGS: &[Flag] = &[
    value("kubeconfig"),
    value("cluster"),
    value("user"),
    value("server"),
    value("proxy-url"),
    value("exec-command"),
    value("exec-arg"),
    value("exec-env"),
    value("exec-api-version"),
    value("auth-provider"),
    value("auth-provider-arg"),
    optional("embed-certs", "true"),
    optional("insecure-skip-tls-verify", "true"),
    optional("merge", "true"),
    optional("set-raw-bytes", "true"),
    switch("current"),
    switch("minify"),
    switch("flatten"),
    switch("raw"),
    switch("no-headers"),
];

fn text(word: &str) -> Value {
    Value::String(word.into())
}

fn entry(inner: &str, name: &str, fields: Map) -> Value {
    let mut map = Map::new();
    map.insert(inner, Value::Map(fields));
    map.insert("name", text(name));
    Value::Map(map)
}

fn fields(pairs: &[(&'static str, &str)]) -> Map {
    pairs.iter().map(|(key, word)| ((*key).into(), text(word))).collect()
}

/// A kubeconfig that is there from the start: for the usual file; any other one begins empty.
fn begun(file: &str) -> Value {
    let (mut map, is_usual) = (Map::new(), file.is_empty());
    let list = |one: Value| Value::List(if is_usual { vec![one] } else { Vec::new() });
    let cluster = fields(&[("certificate-authority-data", "DATA+OMITTED"), ("server", "https://petri:6443")]);
    let user = fields(&[("client-certificate-data", "DATA+OMITTED"), ("client-key-data", "DATA+OMITTED")]);
    map.insert("apiVersion", text("v1"));
    map.insert("clusters", list(entry("cluster", "petri", cluster)));
    map.insert("contexts", list(entry("context", "petri", fields(&[("cluster", "petri"), ("user", "petri")]))));
    map.insert("current-context", text(if is_usual { "petri" } else { "" }));
    map.insert("kind", text("Config"));
    map.insert("preferences", Value::Map(Map::new()));
    map.insert("users", list(entry("user", "petri", user)));
    Value::Map(map)
}

fn word<'v>(value: &'v Value, path: &[&str]) -> &'v str {
    value.at(path).and_then(Value::as_str).unwrap_or_default()
}

fn items<'v>(config: &'v Value, key: &str) -> &'v [Value] {
    config.at(&[key]).and_then(Value::as_list).unwrap_or_default()
}

fn named<'v>(config: &'v Value, key: &str, name: &str) -> Option<&'v Value> {
    items(config, key).iter().find(|item| word(item, &["name"]) == name)
}

fn set(config: &mut Value, key: &str, value: Value) {
    if let Value::Map(map) = config {
        map.insert(key, value);
    }
}

/// The namespace that the current context names, if it does.
pub(crate) fn namespace(configs: &Configs) -> Option<&str> {
    let (_, config) = configs.iter().find(|(file, _)| file.is_empty())?;
    let context = named(config, "contexts", word(config, &["current-context"]))?;
    Some(word(context, &["context", "namespace"])).filter(|name| !name.is_empty())
}

/// Puts an entry into one of the lists, in the order of names, as kubectl writes them.
fn put(config: &mut Value, key: &str, inner: &str, name: &str, change: &[(&'static str, Option<&str>)]) -> bool {
    let mut all = items(config, key).to_vec();
    let at = all.iter().position(|item| word(item, &["name"]) == name);
    let mut own = at.and_then(|at| all[at].at(&[inner]).and_then(Value::as_map).cloned()).unwrap_or_default();
    for (field, value) in change {
        match value {
            Some("") => drop(own.remove(field)),
            Some("true") if *field == "insecure-skip-tls-verify" => own.insert(*field, Value::Bool(true)),
            // What is off is not written.
            Some("false") if *field == "insecure-skip-tls-verify" => drop(own.remove(field)),
            Some(value) => own.insert(*field, text(value)),
            None => {}
        }
    }
    let made = entry(inner, name, own);
    match at {
        Some(at) => all[at] = made,
        None => {
            let at = all.iter().position(|item| word(item, &["name"]) > name).unwrap_or(all.len());
            all.insert(at, made);
        }
    }
    set(config, key, Value::List(all));
    at.is_some()
}

/// `kubectl config WORDS`.
#[inline(never)]
pub(crate) fn run(words: &[String], configs: &mut Configs) -> Result<Output, Failure> {
    let arguments = args::parse(words, FLAGS, "kubectl config")?;
    let file = arguments.last("kubeconfig").unwrap_or_default().to_owned();
    let shown_file = if file.is_empty() { format!("{HOME}/.kube/config") } else { file.clone() };
    let mut config = configs.iter().find(|(own, _)| *own == file).map_or_else(|| begun(&file), |(_, own)| own.clone());
    let plain: Vec<&str> = arguments.words.iter().map(String::as_str).collect();
    let flag = |name: &'static str| (name, arguments.last(name));
    let current = word(&config, &["current-context"]).to_owned();
    let mut warning = "";
    let out = match plain[..] {
        ["view"] => return view(&config, &arguments),
        ["current-context"] if current.is_empty() => return Err("error: current-context is not set".into()),
        ["current-context"] => return Ok(Output::text(format!("{current}\n"))),
        ["get-contexts", ref names @ ..] => return contexts(&config, &current, names, &arguments),
        [verb @ ("get-clusters" | "get-users"), ..] => {
            let key = &verb["get-".len()..];
            let names = items(&config, key).iter().map(|item| format!("{}\n", word(item, &["name"])));
            return Ok(Output::text(format!("NAME\n{}", names.collect::<String>())));
        }
        ["use-context" | "use", name] => {
            if named(&config, "contexts", name).is_none() {
                return Err(format!("error: no context exists with the name: \"{name}\""));
            }
            set(&mut config, "current-context", text(name));
            format!("Switched to context \"{name}\".")
        }
        ["set-context", ref names @ ..] => {
            let name = match names {
                [] if arguments.is_set("current") && current.is_empty() => {
                    return Err("error: no current context is set".into());
                }
                [] if arguments.is_set("current") => current,
                [name] => (*name).to_owned(),
                _ => return Err("error: you must specify a non-empty context name or --current".into()),
            };
            let was = put(&mut config, "contexts", "context", &name, &OF_CONTEXT.map(flag));
            format!("Context \"{name}\" {}.", if was { "modified" } else { "created" })
        }
        ["set-cluster", name] => {
            put(&mut config, "clusters", "cluster", name, &OF_CLUSTER.map(flag));
            format!("Cluster \"{name}\" set.")
        }
        ["set-credentials", name] => {
            put(&mut config, "users", "user", name, &OF_USER.map(flag));
            format!("User \"{name}\" set.")
        }
        [verb @ ("delete-context" | "delete-cluster" | "delete-user"), name] => {
            let what = &verb["delete-".len()..];
            let key = format!("{what}s");
            let mut left = items(&config, &key).to_vec();
            let before = left.len();
            left.retain(|item| word(item, &["name"]) != name);
            if left.len() == before {
                return Err(format!("error: cannot delete {what} {name}, not in {shown_file}"));
            }
            set(&mut config, &key, Value::List(left));
            if what == "context" && current == name {
                warning = "warning: this removed your active context, use \"kubectl config use-context\" to select a different one\n";
            }
            format!("deleted {what} {name} from {shown_file}")
        }
        ["rename-context", old, new] => {
            let Some(own) = named(&config, "contexts", old).cloned() else {
                return Err(format!("error: cannot rename the context \"{old}\", it's not in {shown_file}"));
            };
            if named(&config, "contexts", new).is_some() {
                return Err(format!(
                    "error: cannot rename the context \"{old}\", the context \"{new}\" already exists in {shown_file}"
                ));
            }
            let mut all = items(&config, "contexts").to_vec();
            all.retain(|item| word(item, &["name"]) != old);
            let inner = own.at(&["context"]).and_then(Value::as_map).cloned().unwrap_or_default();
            all.push(entry("context", new, inner));
            set(&mut config, "contexts", Value::List(all));
            if current == old {
                set(&mut config, "current-context", text(new));
            }
            format!("Context \"{old}\" renamed to \"{new}\".")
        }
        ["set", property, value] => {
            property_of(&mut config, property, Some(value))?;
            format!("Property \"{property}\" set.")
        }
        ["unset", property] => {
            property_of(&mut config, property, None)?;
            format!("Property \"{property}\" unset.")
        }
        [verb, ..] if KNOWN.contains(&verb) => {
            return Err(format!(
                "error: unexpected args: [{}]\nSee 'kubectl config {verb} -h' for help and examples",
                plain[1..].join(" ")
            ));
        }
        _ => return Ok(super::usage::help("config", &[])),
    };
    configs.retain(|(own, _)| *own != file);
    configs.push((file, config));
    // A console knows some files, not any number of them.
    if configs.len() > MOST_FILES {
        configs.remove(0);
    }
    Ok(Output { stderr: warning.into(), ..Output::text(format!("{out}\n")) })
}

const MOST_FILES: usize = 20;

/// What is kept of a cluster, of a context and of a user, by the names of their flags.
const OF_CLUSTER: [&str; 5] =
    ["certificate-authority", "insecure-skip-tls-verify", "proxy-url", "server", "tls-server-name"];
const OF_CONTEXT: [&str; 3] = ["cluster", "namespace", "user"];
const OF_USER: [&str; 5] = ["client-certificate", "client-key", "password", "token", "username"];

const KNOWN: [&str; 14] = [
    "current-context",
    "delete-cluster",
    "delete-context",
    "delete-user",
    "get-clusters",
    "get-contexts",
    "get-users",
    "rename-context",
    "set",
    "set-cluster",
    "set-context",
    "set-credentials",
    "unset",
    "use-context",
];

/// `contexts.petri.namespace`, `current-context`.
///
/// Upstream: `kubectl/pkg/cmd/config/navigation_step_parser.go`, `set.go`.
fn property_of(config: &mut Value, property: &str, value: Option<&str>) -> Result<(), Failure> {
    let key = property.split('.').next().unwrap_or_default();
    let rest = property[key.len()..].trim_start_matches('.');
    let inner = key.trim_end_matches('s');
    match (key, rest.rsplit_once('.')) {
        ("clusters" | "contexts" | "users", Some((name, field))) => {
            let fields: &[&'static str] = match key {
                "clusters" => &OF_CLUSTER,
                "contexts" => &OF_CONTEXT,
                _ => &OF_USER,
            };
            match (fields.iter().copied().find(|known| *known == field), value) {
                (Some("insecure-skip-tls-verify"), Some(word)) if !matches!(word, "true" | "false") => {
                    let word = text(word).to_json();
                    return Err(format!("error: strconv.ParseBool: parsing {word}: invalid syntax"));
                }
                (Some(field), _) => drop(put(config, key, inner, name, &[(field, Some(value.unwrap_or_default()))])),
                (None, Some(_)) => return Err("error: can't set a map to a value".into()),
                (None, None) => {}
            }
        }
        ("clusters" | "contexts" | "users", None) if value.is_some() => {
            return Err("error: can't set a map to a value".into());
        }
        ("clusters" | "contexts" | "users", None) => {
            let mut left = items(config, key).to_vec();
            left.retain(|item| word(item, &["name"]) != rest);
            set(config, key, Value::List(if rest.is_empty() { Vec::new() } else { left }));
        }
        ("current-context" | "kind" | "apiVersion", None) => set(config, key, text(value.unwrap_or_default())),
        ("preferences", _) => {}
        _ => return Err(format!("error: unable to parse {property} after [] at api.Config")),
    }
    Ok(())
}

fn view(config: &Value, arguments: &Arguments) -> Result<Output, Failure> {
    let mut shown = config.clone();
    let current = word(config, &["current-context"]);
    if arguments.is_set("minify") {
        let Some(context) = named(config, "contexts", current) else {
            return Err("error: current-context must exist in order to minify".into());
        };
        for (key, name) in [
            ("contexts", current),
            ("clusters", word(context, &["context", "cluster"])),
            ("users", word(context, &["context", "user"])),
        ] {
            set(&mut shown, key, Value::List(named(config, key, name).cloned().into_iter().collect()));
        }
    }
    if !arguments.is_set("raw") {
        let mut users = items(&shown, "users").to_vec();
        for own in &mut users {
            let mut inner = own.at(&["user"]).and_then(Value::as_map).cloned().unwrap_or_default();
            for key in ["token", "password"] {
                if inner.get(key).is_some() {
                    inner.insert(key, text("REDACTED"));
                }
            }
            *own = entry("user", word(own, &["name"]), inner);
        }
        set(&mut shown, "users", Value::List(users));
    }
    let output = arguments.last("output").unwrap_or("yaml");
    let template = match (output, arguments.last("template")) {
        ("jsonpath", Some(template)) => Some(template),
        _ => output.strip_prefix("jsonpath="),
    };
    match (output, template) {
        (_, Some(template)) => Ok(Output::text(path::template(&shown, template)?)),
        ("json", _) => Ok(Output::text(super::get::sorted(shown).to_json_pretty() + "\n")),
        ("yaml", _) => Ok(Output::text(petri_manifest::to_yaml(&super::get::sorted(shown)))),
        (other, _) => Err(format!(
            "error: unable to match a printer suitable for the output format \"{other}\", allowed formats are: json,jsonpath,yaml"
        )),
    }
}

fn contexts(config: &Value, current: &str, names: &[&str], arguments: &Arguments) -> Result<Output, Failure> {
    let mut lines: Vec<Vec<String>> = Vec::new();
    let only_names = arguments.last("output") == Some("name");
    if !only_names && !arguments.is_set("no-headers") {
        lines.push(["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"].map(String::from).to_vec());
    }
    if let Some(name) = names.iter().find(|name| named(config, "contexts", name).is_none()) {
        return Err(format!("error: context {name} not found"));
    }
    for context in items(config, "contexts") {
        let name = word(context, &["name"]);
        if !names.is_empty() && !names.contains(&name) {
            continue;
        }
        if only_names {
            lines.push(vec![name.to_owned()]);
            continue;
        }
        let of = |key: &str| word(context, &["context", key]).to_owned();
        let star = if name == current { "*" } else { "" };
        lines.push(vec![star.into(), name.into(), of("cluster"), of("user"), of("namespace")]);
    }
    Ok(Output::text(write(&lines)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(configs: &mut Configs, line: &str) -> String {
        run(&shlex::split(line).unwrap(), configs).map_or_else(|problem| problem, |out| out.stdout)
    }

    #[test]
    fn a_context_has_a_namespace_that_lines_mean() {
        let mut configs = Configs::new();
        assert_eq!(namespace(&configs), None);
        assert_eq!(say(&mut configs, "set-context --current --namespace=web"), "Context \"petri\" modified.\n");
        assert_eq!(namespace(&configs), Some("web"));
        assert_eq!(say(&mut configs, "view --minify -o jsonpath={..namespace}"), "web");
        assert_eq!(
            say(&mut configs, "set-context dev --namespace=development --cluster=petri --user=petri"),
            "Context \"dev\" created.\n"
        );
        assert_eq!(say(&mut configs, "use-context dev"), "Switched to context \"dev\".\n");
        assert_eq!(say(&mut configs, "current-context"), "dev\n");
        assert_eq!(namespace(&configs), Some("development"));
        assert_eq!(say(&mut configs, "use-context none"), "error: no context exists with the name: \"none\"");
        assert_eq!(say(&mut configs, "get-contexts -o name"), "dev\npetri\n");
    }

    #[test]
    fn each_file_is_a_config_of_its_own() {
        let mut configs = Configs::new();
        let file = "--kubeconfig=config-demo";
        assert_eq!(
            say(
                &mut configs,
                &format!(
                    "{file} set-cluster development --server=https://1.2.3.4 --certificate-authority=fake-ca-file"
                )
            ),
            "Cluster \"development\" set.\n"
        );
        assert_eq!(
            say(&mut configs, &format!("{file} set-credentials experimenter --username=exp --password=some-password")),
            "User \"experimenter\" set.\n"
        );
        say(
            &mut configs,
            &format!("{file} set-context exp-test --cluster=development --namespace=default --user=experimenter"),
        );
        say(&mut configs, &format!("{file} use-context exp-test"));
        let shown = say(&mut configs, &format!("view {file} --minify"));
        assert!(shown.contains("current-context: exp-test") && shown.contains("password: REDACTED"), "{shown}");
        assert_eq!(say(&mut configs, "current-context"), "petri\n");
        assert_eq!(
            say(&mut configs, &format!("{file} delete-user experimenter")),
            "deleted user experimenter from config-demo\n"
        );
    }
}
