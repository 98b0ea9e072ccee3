//! The registry that machines pull images from: which names are names, and which images exist.
//!
//! Every image exists, but for these: one whose name has `bad` in it; a tag that says of itself that there is none
//! (`nope`, `sometag`, `does-not-exist`); and of the well-known repositories below a version beyond the newest, or a tag
//! that is neither a version nor one of the words that such tags are made of.
//!
//! Deviation: real registries know more, and refuse most names that somebody makes up.
//!
//! Upstream: `github.com/distribution/reference`, `pkg/kubelet/images/image_manager.go`, and containerd's errors.

/// Why an image cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is no name: nothing is asked for.
    InvalidName(String),
    /// The registry has none, and what the runtime says then.
    Missing(String),
}

/// The repositories whose tags are known: the newest major version, and the largest minor one of it.
const KNOWN: &[(&str, u32, u32)] = &[
    ("docker.io/library/alpine", 3, 30),
    ("docker.io/library/busybox", 1, 40),
    ("docker.io/library/cassandra", 5, 9),
    ("docker.io/library/debian", 14, 20),
    ("docker.io/library/elasticsearch", 9, 30),
    ("docker.io/library/httpd", 2, 4),
    ("docker.io/library/mariadb", 13, 20),
    ("docker.io/library/memcached", 1, 6),
    ("docker.io/library/mongo", 9, 9),
    ("docker.io/library/mysql", 9, 9),
    ("docker.io/library/nginx", 1, 35),
    ("docker.io/library/postgres", 19, 30),
    ("docker.io/library/rabbitmq", 5, 20),
    ("docker.io/library/redis", 9, 9),
    ("docker.io/library/ubuntu", 27, 10),
    ("docker.io/library/zookeeper", 3, 9),
    ("docker.io/jocatalin/kubernetes-bootcamp", 2, 0),
    ("gcr.io/google-samples/kubernetes-bootcamp", 2, 0),
];

/// The words that tags of well-known repositories are made of, where they do not begin with a version.
const WORDS: &str = " alpine apache bionic bookworm bullseye buster cli current debian default devel edge focal fpm glibc \
    innovation jammy jessie latest lts mainline management musl noble noetic oldstable oracle oraclelinux otel perl plucky \
    questing rolling sid slim stable stretch testing trixie uclibc ubi ubuntu unstable windowsservercore xenial ";

/// What a tag says, letters alone, that there is not.
const DENIED: &[&str] =
    &["doesnotexist", "doesntexist", "idontexist", "nonexist", "notexist", "noexist", "nosuch", "notatag", "sometag"];

/// What a whole tag says that there is not.
const NOTHING: &[&str] = &["nope", "notfound", "invalid", "missing", "wrong", "typo", "fake"];

/// Whether an image can be pulled.
///
/// # Errors
/// Why not.
pub fn look(image: &str) -> Result<(), Refusal> {
    let reference = parse(image)
        .map_err(|fault| Refusal::InvalidName(format!("couldn't parse image name \"{image}\": {fault}")))?;
    let tag = reference.tag.unwrap_or("latest");
    let exists = reference.digest.is_some() || has_tag(&reference.name, tag);
    if exists && !image.contains("bad") {
        return Ok(());
    }
    let full = match reference.digest {
        Some(digest) => format!("{}@{digest}", reference.name),
        None => format!("{}:{tag}", reference.name),
    };
    Err(Refusal::Missing(format!(
        "failed to pull and unpack image \"{full}\": failed to resolve reference \"{full}\": {full}: not found"
    )))
}

fn has_tag(name: &str, tag: &str) -> bool {
    let letters: String = tag.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase();
    if NOTHING.contains(&&*letters) || DENIED.iter().any(|word| letters.contains(word)) {
        return false;
    }
    let Some((_, newest, largest)) = KNOWN.iter().find(|(known, ..)| *known == name) else { return true };
    let version = tag.strip_prefix('v').unwrap_or(tag);
    if !version.starts_with(|c: char| c.is_ascii_digit()) {
        let first = tag.split(['-', '.', '_']).next().unwrap_or_default();
        let word = first.trim_end_matches(|c: char| c.is_ascii_digit());
        return WORDS.contains(&format!(" {word} "));
    }
    let mut numbers =
        version.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse::<u32>().unwrap_or(u32::MAX));
    let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    // Of `kubernetes-bootcamp` there are two; of the others no more is known than what has been.
    let is_counted = *largest == 0;
    if is_counted { major <= *newest } else { major != *newest || minor <= *largest || version_is_whole(version) }
}

/// Whether no minor version is named: `17`, `17-alpine3.20`.
fn version_is_whole(version: &str) -> bool {
    !version.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with('.')
}

/// A name of an image, normalized: `docker.io/library/nginx`, `1.27`.
struct Reference<'i> {
    name: String,
    tag: Option<&'i str>,
    digest: Option<&'i str>,
}

const FORMAT: &str = "invalid reference format";

/// Upstream: `ParseNormalizedNamed`.
fn parse(image: &str) -> Result<Reference<'_>, String> {
    let is_hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    if is_hex(image, 64) {
        return Err(format!("invalid repository name ({image}), cannot specify 64-byte hexadecimal strings"));
    }
    let (domain, rest) = split_domain(image);
    let remote = rest.split(':').next().unwrap_or_default();
    let official = if domain == DEFAULT_DOMAIN && !rest.contains('/') { "library/" } else { "" };
    if remote.to_lowercase() != remote {
        return Err(format!("{FORMAT}: repository name ({official}{remote}) must be lowercase"));
    }
    let (named, digest) = match rest.split_once('@') {
        Some((named, digest)) => (named, Some(digest)),
        None => (rest, None),
    };
    let (path, tag) = match named.split_once(':') {
        Some((path, tag)) => (path, Some(tag)),
        None => (named, None),
    };
    let is_tag = |tag: &str| {
        let inside = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
        (1..=128).contains(&tag.len()) && tag.bytes().all(inside) && !tag.starts_with(['.', '-'])
    };
    if !is_domain(domain) || !path.split('/').all(is_component) || !tag.is_none_or(is_tag) {
        return Err(FORMAT.into());
    }
    if let Some(digest) = digest {
        let (algorithm, hex) = digest.split_once(':').ok_or(FORMAT)?;
        let plain = hex.bytes().all(|b| b.is_ascii_hexdigit()) && hex.len() >= 32;
        if !plain || !algorithm.bytes().all(|b| b.is_ascii_alphanumeric()) || algorithm.is_empty() {
            return Err(FORMAT.into());
        }
        if algorithm == "sha256" && !is_hex(hex, 64) {
            return Err("invalid checksum digest length".into());
        }
    }
    let name = format!("{domain}/{official}{path}");
    match name.len() {
        0..=255 => Ok(Reference { name, tag, digest }),
        _ => Err("repository name must not be more than 255 characters".into()),
    }
}

const DEFAULT_DOMAIN: &str = "docker.io";

/// Upstream: `splitDockerDomain`.
fn split_domain(image: &str) -> (&str, &str) {
    match image.split_once('/') {
        Some(("index.docker.io", rest)) => (DEFAULT_DOMAIN, rest),
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" || first.to_lowercase() != first => {
            (first, rest)
        }
        _ => (DEFAULT_DOMAIN, image),
    }
}

fn is_domain(domain: &str) -> bool {
    let (host, port) = match domain.rsplit_once(':') {
        Some((host, port)) if !host.starts_with('[') || host.ends_with(']') => (host, Some(port)),
        _ => (domain, None),
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = match inner {
        Some(address) => !address.is_empty() && address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':'),
        None => host.split('.').all(is_label),
    };
    is_host && port.is_none_or(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
}

/// Letters and digits, with one `.`, one or two `_`, or any number of `-` between them.
fn is_component(component: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = component.as_bytes();
    let ends = bytes.first().is_some_and(|b| plain(*b)) && bytes.last().is_some_and(|b| plain(*b));
    let between = component.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    ends && between.into_iter().all(|gap| matches!(gap, "" | "." | "_" | "__") || gap.bytes().all(|b| b == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_exists() {
        for image in [
            "nginx",
            "nginx:1.27",
            "nginx:2",
            "nginx:1.14.2",
            "nginx:stable-alpine",
            "docker.io/library/nginx:latest",
            "postgres:17",
            "postgres:9.6.24-alpine",
            "mysql:8.0.36-debian",
            "redis:alpine3.19",
            "debian:bookworm-slim",
            "ubuntu:24.04",
            "petri.dev/ttl-lock:1",
            "localhost:5000/a/b_c:x",
            "registry.k8s.io/pause@sha256:0123456789012345678901234567890123456789012345678901234567890123",
            "quay.io/wildfly/wildfly:27.0.0.Final-jdk17",
            "shop:1",
            "k8spatterns/random-generator:2.0",
            "jocatalin/kubernetes-bootcamp:v2",
        ] {
            assert_eq!(look(image), Ok(()), "{image}");
        }
    }

    #[test]
    fn what_cannot_exist_is_not_found() {
        for image in [
            "nginx:1.161",
            "nginx:sometag",
            "postgres:nope",
            "gcr.io/google-samples/kubernetes-bootcamp:v10",
            "a/b:does-not-exist",
            "web:bad",
        ] {
            assert!(matches!(look(image), Err(Refusal::Missing(_))), "{image}");
        }
        let text = "failed to pull and unpack image \"docker.io/library/nginx:1.161\": failed to resolve reference \
            \"docker.io/library/nginx:1.161\": docker.io/library/nginx:1.161: not found";
        assert_eq!(look("nginx:1.161"), Err(Refusal::Missing(text.into())));
    }

    /// Upstream: `TestValidateReferenceName`, `TestReferenceParse`.
    #[test]
    fn what_is_no_name_is_told() {
        let said = |image: &str| match look(image) {
            Err(Refusal::InvalidName(text)) => text,
            other => panic!("{image}: {other:?}"),
        };
        assert_eq!(
            said("Nginx:latest"),
            "couldn't parse image name \"Nginx:latest\": invalid reference format: repository name (library/Nginx) must be \
             lowercase"
        );
        for image in
            ["nginx:", "<your-image>", "a//b", "-a", "a:b:c", "a b", "{{ .image }}", "a.:1", "nginx:.x", "a___b"]
        {
            assert_eq!(said(image), format!("couldn't parse image name \"{image}\": invalid reference format"));
        }
    }
}
