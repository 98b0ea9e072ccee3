//! The files that the official documentation names by an address, `https://k8s.io/examples/application/web/web.yaml`: they
//! come with the product, in `official/`, with the same names, values and order. Nothing else is ever fetched.
//!
//! The page has their paths alone and fetches a text when a line names it; the feature `content` compiles all of them in.

use petri_console::{Files, Unread};

include!(concat!(env!("OUT_DIR"), "/official.rs"));

/// Where the documentation keeps them: below each of these the path of a file follows.
const PLACES: [&str; 7] = [
    "k8s.io/examples/",
    "kubernetes.io/examples/",
    "kubernetes.io/docs/examples/",
    "raw.githubusercontent.com/kubernetes/website/main/content/en/examples/",
    "raw.githubusercontent.com/kubernetes/website/master/content/en/examples/",
    "raw.githubusercontent.com/kubernetes/website/refs/heads/main/content/en/examples/",
    "github.com/kubernetes/website/raw/main/content/en/examples/",
];

/// The path of the file that an address means, if it comes with the product.
pub fn path_of(address: &str) -> Option<&'static str> {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let rest = rest.strip_prefix("www.").unwrap_or(rest);
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    // The examples of the book on patterns end with `.yml` at their addresses.
    let of_patterns =
        || Some(format!("k8spatterns/{}", rest.strip_prefix("k8spatterns.com/")?.replace(".yml", ".yaml")));
    let own = PLACES.iter().find_map(|place| rest.strip_prefix(place)).map(str::to_owned).or_else(of_patterns);
    let path = own?;
    FILES.iter().find(|(known, _)| *known == path).map(|(known, _)| *known)
}

/// The path of the only file of this name, for a tutorial that has it downloaded.
pub fn named(name: &str) -> Option<&'static str> {
    let mut found = paths().filter(|path| path.rsplit('/').next() == Some(name));
    found.next().filter(|_| found.next().is_none())
}

/// The file that a name means where no file of one's own has it: its path there, or the only one of that name.
pub fn meant(name: &str) -> Option<&'static str> {
    if name.contains("://") {
        return None;
    }
    let name = name.trim_start_matches("./");
    paths().find(|path| *path == name).or_else(|| named(name))
}

/// All of them by their paths.
pub fn paths() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(path, _)| *path)
}

/// The paths of the files that a line names, by an address or by a name that only one of them has.
pub fn named_in(line: &str) -> Vec<&'static str> {
    let words = line.split(|c: char| c.is_whitespace() || "'\";&|()<>,=".contains(c));
    let own = |word: &str| match word.contains("://") {
        true => path_of(word),
        false => meant(word).filter(|_| word.contains('.')),
    };
    let mut found: Vec<&str> = words.filter_map(own).collect();
    found.dedup();
    found
}

/// The text of a file, if it is compiled in.
pub fn text(path: &str) -> Option<&'static str> {
    TEXTS.iter().find(|(known, _)| *known == path).map(|(_, text)| *text)
}

/// Changes whenever the text does: for caches that go by the address.
pub fn version(path: &str) -> u64 {
    FILES.iter().find(|(known, _)| *known == path).map_or(0, |(_, version)| u64::from(*version))
}

/// Whether this text is the file's.
pub fn is_text(path: &str, text: &str) -> bool {
    let print = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    print >> 32 == version(path)
}

/// Somebody's files, and those of the documentation by their addresses.
pub struct WithOfficial<'a>(pub &'a dyn Files);

impl Files for WithOfficial<'_> {
    fn read(&self, name: &str) -> Result<String, Unread> {
        match path_of(name).filter(|_| name.contains("://")).and_then(text) {
            Some(text) => Ok(text.to_owned()),
            None => self.0.read(name).or_else(|why| match meant(name).and_then(text) {
                Some(text) if why == Unread::Missing => Ok(text.to_owned()),
                _ => Err(why),
            }),
        }
    }
    fn names(&self) -> Vec<String> {
        self.0.names()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_means_a_file_wherever_the_documentation_keeps_it() {
        let path = "application/web/web.yaml";
        for place in PLACES {
            assert_eq!(path_of(&format!("https://{place}{path}")), Some(path), "{place}");
        }
        assert_eq!(path_of("https://k8s.io/examples/application/web/web.yaml?raw=true"), Some(path));
        for other in ["https://k8s.io/examples/none.yaml", "https://example.org/application/web/web.yaml", path] {
            assert_eq!(path_of(other), None, "{other}");
        }
        let line = "kubectl apply -f https://k8s.io/examples/application/web/web.yaml; curl https://example.org/";
        assert_eq!(named_in(line), [path]);
        assert_eq!(named("cassandra-statefulset.yaml"), Some("application/cassandra/cassandra-statefulset.yaml"));
        assert_eq!(named("mysql-deployment.yaml"), None, "there are two");
        let patterns = "https://k8spatterns.com/StatefulService/pvs.yml";
        assert_eq!(path_of(patterns), Some("k8spatterns/StatefulService/pvs.yaml"));
    }

    #[test]
    #[cfg(feature = "content")]
    fn every_file_is_a_manifest_without_faults() {
        assert!(paths().count() > 60);
        for path in paths() {
            let own = text(path).expect("it is compiled in");
            assert!(is_text(path, own), "{path}");
            if path.ends_with(".conf") || path.ends_with(".properties") {
                continue;
            }
            let parsed = petri_manifest::parse(own);
            let errors: Vec<_> =
                parsed.problems.iter().filter(|problem| problem.grade == petri_manifest::Grade::Error).collect();
            // These need a definition that comes first, and have a field that no server knows.
            let is_faulty = path.ends_with("shirt-resources.yaml") || path.ends_with("replicaset-with-pv.yaml");
            assert!((errors.is_empty() || is_faulty) && !parsed.documents.is_empty(), "{path}: {errors:?}");
        }
    }
}
