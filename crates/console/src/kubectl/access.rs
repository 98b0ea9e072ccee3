//! Who one is and what one may do: `create token`, `certificate`, `auth`.
//!
//! Upstream: `kubectl/pkg/cmd/create/create_token.go`, `certificates`, `auth`.
//!
//! Deviation: nobody needs a token here and everybody may do anything, so that what a token says is made up.

use super::context::{Context, not_found};
use crate::args::{self, ALL_NAMESPACES, Arguments, Flag, NAMESPACE, namespace, switch};
use crate::errors::{api_error, named};
use crate::output::{Failure, Output};
use crate::select::{kind_of, reference};
use crate::tables::write;
use petri_objects::kept::secret;
use petri_objects::{Kind, Map, Span, Value};
use petri_sim::words::command::Command;

fn text(word: &str) -> Value {
    Value::String(word.into())
}

/// Base64 as tokens have it.
fn coded(json: &str) -> String {
    secret::encode(json.as_bytes()).trim_end_matches('=').replace('+', "-").replace('/', "_")
}

/// `kubectl create token ACCOUNT`.
pub(super) fn token(name: &str, arguments: &Arguments, context: &Context<'_>) -> Result<Output, Failure> {
    let world = context.host.world();
    let own = namespace(arguments);
    let target = reference(Kind::ServiceAccount, &own, name);
    if world.objects().get(&target).is_none() {
        return Err(format!("error: failed to create token: serviceaccounts \"{name}\" not found"));
    }
    let seconds = world.now.rfc3339();
    let lasts = arguments.duration("duration")?.filter(|span| span.0 > 0).unwrap_or(Span::minutes(60));
    let until = (world.now + lasts).rfc3339();
    let audience = arguments.last("audience").unwrap_or("https://kubernetes.default.svc.cluster.local");
    // Times as texts: these tokens are shown, and read by nobody.
    let payload = format!(
        "{{\"aud\":[\"{audience}\"],\"exp\":\"{until}\",\"iat\":\"{seconds}\",\"iss\":\
         \"https://kubernetes.default.svc.cluster.local\",\"kubernetes.io\":{{\"namespace\":\"{own}\",\"serviceaccount\":\
         {{\"name\":\"{name}\"}}}},\"sub\":\"system:serviceaccount:{own}:{name}\"}}"
    );
    let head = coded("{\"alg\":\"RS256\",\"kid\":\"petri\"}");
    let sign = coded(&format!("no signature: {own}/{name} at {seconds}"));
    Ok(Output::text(format!("{head}.{}.{sign}\n", coded(&payload))))
}

/// `kubectl certificate approve NAME`.
#[inline(never)]
pub(super) fn certificate(words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    let arguments = args::parse(words, &[switch("force")], "kubectl certificate")?;
    let (condition, done, reason) = match arguments.words.first().map(String::as_str) {
        Some("approve") => ("Approved", "approved", "KubectlApprove"),
        Some("deny") => ("Denied", "denied", "KubectlDeny"),
        _ => return Ok(super::usage::help("certificate", words)),
    };
    let names = &arguments.words[1..];
    if names.is_empty() {
        return Err("error: one or more CSRs must be specified as <name> or -f <filename>".into());
    }
    let kind = kind_of("csr")?;
    let mut out = Output::default();
    for name in names {
        let target = reference(kind, "", name.as_str());
        if context.host.world().objects().get(&target).is_none() {
            out.fail(not_found(kind, name));
            continue;
        }
        let now = context.host.world().now.rfc3339();
        let message = format!("This CSR was {done} by kubectl certificate {}.", &arguments.words[0]);
        let pairs = [
            ("lastTransitionTime", &*now),
            ("lastUpdateTime", &*now),
            ("message", &*message),
            ("reason", reason),
            ("status", "True"),
            ("type", condition),
        ];
        let own: Map = pairs.into_iter().map(|(key, word)| (key.into(), text(word))).collect();
        let patch = Value::nested(&["status", "conditions"], Value::List(vec![Value::Map(own)]));
        match context.host.command(Command::Patch { target: target.clone(), patch, status: true }) {
            Ok(_) => out.line(format!("{} {done}", named(&target))),
            Err(error) => out.fail(api_error(&error, None)),
        }
    }
    Ok(out)
}

const AUTH: &[Flag] = &[NAMESPACE, ALL_NAMESPACES, switch("list"), switch("quiet").short('q'), switch("no-headers")];

/// `kubectl auth can-i VERB RESOURCE`, `kubectl auth whoami`.
#[inline(never)]
pub(super) fn auth(words: &[String]) -> Result<Output, Failure> {
    let arguments = args::parse(words, AUTH, "kubectl auth")?;
    let plain: Vec<&str> = arguments.words.iter().map(String::as_str).collect();
    match plain[..] {
        ["can-i"] if arguments.is_set("list") => {
            let line = |words: [&str; 4]| words.map(String::from).to_vec();
            Ok(Output::text(write(&[
                line(["Resources", "Non-Resource URLs", "Resource Names", "Verbs"]),
                line(["*.*", "[]", "[]", "[*]"]),
                line(["", "[*]", "[]", "[*]"]),
            ])))
        }
        ["can-i", _, _, ..] if arguments.is_set("quiet") => Ok(Output::default()),
        ["can-i", verb, what, ..] => {
            let mut out = Output::text("yes\n");
            let resource = what.split(['/', '.']).next().unwrap_or(what);
            if !what.starts_with('/') && resource != "*" {
                match kind_of(resource) {
                    Ok(kind) if !kind.is_namespaced() && !arguments.is_set("all-namespaces") => {
                        out.stderr = format!("Warning: resource '{resource}' is not namespace scoped{}\n\n", group(kind));
                    }
                    Ok(_) => {}
                    Err(_) => {
                        out.stderr = format!("Warning: the server doesn't have a resource type '{resource}'\n\n");
                    }
                }
            }
            let _ = verb;
            Ok(out)
        }
        ["can-i", ..] => Err("error: you must specify two arguments: verb resource or verb resource/resourceName.\nSee 'kubectl auth can-i -h' for help and examples".into()),
        ["whoami", ..] => {
            Ok(Output::text("ATTRIBUTE   VALUE\nUsername    petri\nGroups      [system:masters system:authenticated]\n"))
        }
        ["reconcile", ..] => Err("error: must specify one of -f and -k".into()),
        _ => Ok(super::usage::help("auth", words)),
    }
}

fn group(kind: Kind) -> String {
    match kind.group() {
        "" => String::new(),
        group => format!(" in group '{group}'"),
    }
}
