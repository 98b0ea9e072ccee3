//! The examples: what is known of each without its text, and the texts that are compiled in.
//!
//! The page carries the first one's text alone and fetches the others when somebody asks for them; the feature `content`
//! compiles all of them in.

use petri_objects::Value;

/// An example manifest, and what is known of it without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// Its file's name.
    pub name: &'static str,
    /// As menus call it.
    pub title: &'static str,
    /// What it shows, in one line.
    pub about: &'static str,
    /// The heading that it stands under; examples of one heading follow one another.
    pub group: &'static str,
    /// Files that are applied before it, because it makes no sense without them.
    pub needs: &'static [&'static str],
    /// Machines in three zones; none for the standard cluster of four.
    pub machines: u32,
    /// The [`fingerprint`] of each of its documents, by which a recording that applies it is recognized.
    pub documents: &'static [u64],
}

/// All examples in the order of menus, the first visit's first.
pub const EXAMPLES: &[Example] = &[
    Example {
        name: "random-generator.yaml",
        title: "A StatefulSet with disks",
        about: "Two pods, each with a name, a disk and an address",
        group: "Workloads",
        needs: &[],
        machines: 0,
        documents: &[0xa490_fa25_6897_bfb3, 0xcabd_d9a1_9717_3efe],
    },
    Example {
        name: "my-sts.yaml",
        title: "A StatefulSet without disks",
        about: "Five pods that start and stop in order",
        group: "Workloads",
        needs: &[],
        machines: 0,
        documents: &[0x5b17_7480_0d89_5334, 0xa803_f82b_58f3_6770],
    },
    Example {
        name: "replicaset.yaml",
        title: "A ReplicaSet",
        about: "Three pods that can stand for each other",
        group: "Workloads",
        needs: &[],
        machines: 0,
        documents: &[0x4a7b_1dca_8de4_1e83, 0x6a6c_631f_f9d4_c79a],
    },
    Example {
        name: "nginx-web.yaml",
        title: "A claim that waits",
        about: "A StatefulSet whose first pod is Pending, and why",
        group: "Storage",
        needs: &[],
        machines: 0,
        documents: &[0x0ea8_dd99_c5a8_ea47, 0x8374_cf36_283f_a79f],
    },
    Example {
        name: "shared-claim.yaml",
        title: "One claim for three pods",
        about: "A volume that an administrator made, shared by all",
        group: "Storage",
        needs: &[],
        machines: 0,
        documents: &[0xe66e_05ba_5338_6647, 0x67fd_3425_5b42_09ad, 0xc03d_f7f5_25d6_1a28],
    },
    Example {
        name: "lease.yaml",
        title: "Leader election",
        about: "Two pods, one Lease, and a disk that only the leader may write",
        group: "Leaders and budgets",
        needs: &[],
        machines: 0,
        documents: &[0x002a_8890_3340_c5dc, 0x12f8_aecf_fe55_aad7, 0xa3e9_01bf_d299_2695],
    },
    Example {
        name: "pdb.yaml",
        title: "A disruption budget",
        about: "Two of three pods have to stay when a node is drained",
        group: "Leaders and budgets",
        needs: &["replicaset.yaml"],
        machines: 0,
        documents: &[0x7eff_8b42_9080_ee64],
    },
    Example {
        name: "large.yaml",
        title: "Thirty nodes, two hundred pods",
        about: "A cluster of three zones, for zone failures",
        group: "Scale",
        needs: &[],
        machines: 30,
        documents: &[0xde9f_f705_e296_bb14, 0x522e_4875_1a5f_54b1, 0x30a7_f7cd_3df0_8eaf, 0x0b53_a33d_22e2_e919],
    },
];

impl Example {
    /// The example of this file name.
    pub fn named(name: &str) -> Option<&'static Example> {
        EXAMPLES.iter().find(|example| example.name == name)
    }

    /// Its text, if it is compiled in.
    pub fn text(&self) -> Option<&'static str> {
        examples().iter().find(|(name, _)| *name == self.name).map(|(_, text)| *text)
    }

    /// Changes whenever its text does, even by a comment: for caches that go by the address.
    pub fn version(&self) -> u64 {
        VERSIONS.iter().find(|(name, _)| *name == self.name).map_or(0, |(_, version)| *version)
    }

    /// Whether this text holds exactly the documents that are known of the example.
    pub fn is_text(&self, text: &str) -> bool {
        fingerprints_of(text) == self.documents
    }
}

/// The texts that are compiled in, by file name, the first visit's first: all of them with the feature `content`, and
/// only that one without.
pub fn examples() -> &'static [(&'static str, &'static str)] {
    TEXTS
}

include!(concat!(env!("OUT_DIR"), "/examples.rs"));

/// What tells a document from others: its kind and name and what it wants, without what kubectl and the server add to
/// its metadata, and in whichever order its keys were written.
pub fn fingerprint(document: &Value) -> u64 {
    let parts: [&[&str]; 6] =
        [&["kind"], &["metadata", "name"], &["spec"], &["data"], &["provisioner"], &["volumeBindingMode"]];
    let mut hash = 0xcbf2_9ce4_8422_2325;
    for part in parts {
        let json = document.at(part).map_or_else(String::new, Value::to_json);
        // The zero byte, which JSON never holds, keeps what moves from one part to the next apart. FNV-1a otherwise.
        for byte in json.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}

/// The [`fingerprint`] of each document of a text.
pub fn fingerprints_of(text: &str) -> Vec<u64> {
    petri_manifest::parse(text).documents.iter().map(|document| fingerprint(&document.value)).collect()
}

#[cfg(all(test, feature = "content"))]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_first_example_is_that_of_the_first_visit() {
        assert_eq!(examples()[0].0, "random-generator.yaml");
        assert_eq!(EXAMPLES[0].name, "random-generator.yaml");
    }

    /// As a literal of this file is written.
    fn hex(print: u64) -> String {
        let digits = format!("{print:016x}");
        format!("0x{}_{}_{}_{}", &digits[..4], &digits[4..8], &digits[8..12], &digits[12..])
    }

    #[test]
    fn every_file_is_in_the_menu_and_is_what_the_menu_knows() {
        let files: BTreeSet<&str> = examples().iter().map(|(name, _)| *name).collect();
        let listed: BTreeSet<&str> = EXAMPLES.iter().map(|example| example.name).collect();
        assert_eq!(files, listed, "an example is listed in EXAMPLES");
        let mut wrong = String::new();
        for example in EXAMPLES {
            let text = example.text().expect("it was just found");
            if !example.is_text(text) {
                let found: Vec<String> = fingerprints_of(text).iter().map(|print| hex(*print)).collect();
                wrong.push_str(&format!("{}: documents: &[{}],\n", example.name, found.join(", ")));
            }
            assert!(example.needs.iter().all(|name| Example::named(name).is_some()), "{}", example.name);
            assert_ne!(example.version(), 0);
            assert!(!example.title.ends_with('.') && !example.about.ends_with('.'), "{}", example.name);
        }
        assert!(wrong.is_empty(), "these are their documents now:\n{wrong}");
    }

    #[test]
    fn examples_of_a_heading_stand_together() {
        let mut groups: Vec<&str> = EXAMPLES.iter().map(|example| example.group).collect();
        groups.dedup();
        assert_eq!(groups.len(), groups.iter().collect::<BTreeSet<_>>().len(), "{groups:?}");
    }

    #[test]
    fn what_a_document_wants_counts_and_the_order_of_its_keys_does_not() {
        let print = |text: &str| fingerprints_of(text)[0];
        let set = print("{kind: A, metadata: {name: a}, spec: {b: 1, c: [2, 3]}}");
        assert_eq!(print("{spec: {c: [2, 3], b: 1}, kind: A, metadata: {namespace: default, name: a}}"), set);
        assert_ne!(print("{kind: A, metadata: {name: a}, spec: {b: 1, c: [3, 2]}}"), set);
        assert_ne!(print("{kind: A, metadata: {name: b}, spec: {b: 1, c: [2, 3]}}"), set);
        assert_ne!(print("{kind: A, metadata: {name: a}, data: {b: 1, c: [2, 3]}}"), set, "in another place");
    }
}
