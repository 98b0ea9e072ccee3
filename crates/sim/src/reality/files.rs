//! Files: what programs that somebody started in a container have left, and where it lies.
//!
//! What lies under a mount of a claim is on the claim's disk, and is there wherever the disk is mounted next. What lies
//! under an `emptyDir` lives as long as its pod, and everything else as long as its container: a restart begins with the
//! image again. A `hostPath` is a folder of one machine.
//!
//! What an image brings with it is no business of the simulation: here is only what has been changed since. Whoever reads
//! a container knows its image, and looks there for what is not told here.
//!
//! Invariant: a world in which nobody wrote a file has the fingerprint that it would have without files.
//!
//! Deviation: only what a program leaves that somebody starts ([`Command::Exec`](crate::words::command::Command::Exec))
//! is a file here. What the commands of containers write is worked out by whoever looks; what a database writes are records
//! in a [journal](super::journal).

use crate::belief::api::shelf::{Key, Objects};
use petri_objects::{Container, Name, Pod, Uid, Value};
use std::collections::BTreeMap;
use std::rc::Rc;

pub use crate::words::command::{FileChange, FileKind};

/// Bytes of one file.
pub const LARGEST_FILE: usize = 64 << 10;
/// Bytes of all files of one file system, their paths included.
pub const LARGEST_TREE: usize = 512 << 10;
/// Files and folders of one file system.
pub const MOST_ENTRIES: usize = 2_000;
/// Bytes of one path.
pub const LONGEST_PATH: usize = 1_024;

/// What has become of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entry {
    File {
        text: Name,
        /// Permissions, as `0o644`.
        mode: u32,
    },
    Folder {
        mode: u32,
    },
    /// What the image had there was removed.
    Gone,
}

/// Why a file cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Missing,
    IsFolder,
    NoFolder,
    NoSpace,
    ReadOnly,
    NameTooLong,
    Exists,
}

impl Fault {
    /// The words of the C library.
    pub fn as_str(self) -> &'static str {
        match self {
            Fault::Missing => "No such file or directory",
            Fault::IsFolder => "Is a directory",
            Fault::NoFolder => "Not a directory",
            Fault::NoSpace => "No space left on device",
            Fault::ReadOnly => "Read-only file system",
            Fault::NameTooLong => "File name too long",
            Fault::Exists => "File exists",
        }
    }
}

/// What was changed in one file system, by path below its root: `html/index.html`; empty for the root itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tree {
    entries: BTreeMap<Name, Entry>,
    /// Bytes of texts and paths.
    bytes: u64,
}

impl Tree {
    pub fn get(&self, path: &str) -> Option<&Entry> {
        self.entries.get(path)
    }
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &Entry)> {
        self.entries.iter()
    }
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
    /// Bytes of the files and their paths.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
    fn weight(path: &str, entry: &Entry) -> u64 {
        let text = if let Entry::File { text, .. } = entry { text.len() } else { 0 };
        (path.len() + text) as u64
    }
    /// Puts an entry at a path, in the place of what was there.
    ///
    /// # Errors
    /// It does not fit: nothing is changed.
    pub fn put(&mut self, path: &str, entry: Entry, capacity: u64) -> Result<(), Fault> {
        if path.len() > LONGEST_PATH {
            return Err(Fault::NameTooLong);
        }
        let before = self.entries.get(path);
        let bytes = self.bytes - before.map_or(0, |before| Tree::weight(path, before)) + Tree::weight(path, &entry);
        let too_large = matches!(&entry, Entry::File { text, .. } if text.len() > LARGEST_FILE);
        let is_more = bytes > self.bytes && bytes > capacity.min(LARGEST_TREE as u64);
        if too_large || is_more || before.is_none() && self.entries.len() >= MOST_ENTRIES {
            return Err(Fault::NoSpace);
        }
        self.bytes = bytes;
        self.entries.insert(path.into(), entry);
        Ok(())
    }
    /// Forgets what is known of a path.
    pub fn forget(&mut self, path: &str) {
        if let Some(entry) = self.entries.remove(path) {
            self.bytes -= Tree::weight(path, &entry);
        }
    }
}

/// A file system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A simulated disk, by the name of its volume.
    Disk(Name),
    /// A volume that is no disk of the simulation, such as an NFS export.
    Volume(Name),
    /// A folder of a machine.
    Folder { node: Name, path: Name },
    /// A folder of a pod, by the name of the volume.
    Local { pod: Uid, volume: Name },
    /// A container from one start to the next.
    Container { pod: Uid, container: Name, restarts: u32 },
    /// What the kubelet puts there from objects, by the name of the volume: nobody can write it.
    Given { volume: Name },
}

/// All file systems but those of disks, which each disk has with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Files {
    trees: BTreeMap<Place, Rc<Tree>>,
}

impl Files {
    pub fn get(&self, place: &Place) -> Option<&Rc<Tree>> {
        self.trees.get(place)
    }
    pub(crate) fn put(&mut self, place: Place, tree: Rc<Tree>) {
        if tree.is_empty() {
            self.trees.remove(&place);
        } else {
            self.trees.insert(place, tree);
        }
    }
    /// Forgets what nobody can come back to.
    pub(crate) fn retain(&mut self, keep: impl Fn(&Place) -> bool) {
        self.trees.retain(|place, _| keep(place));
    }
}

/// Where a container runs, as far as its files depend on it.
#[derive(Clone, Copy)]
pub struct Site<'a> {
    pub pod: &'a Pod,
    pub container: &'a Container,
    pub node: &'a Name,
    pub restarts: u32,
    pub objects: &'a Objects,
}

/// Where a path of a container lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    pub place: Place,
    /// Below the root of the place, without a slash at its beginning.
    pub path: String,
    pub read_only: bool,
    /// Where the place is mounted; `/` for the container's own files.
    pub mount: String,
    /// Bytes.
    pub capacity: u64,
}

/// `/a/./b/../c/` is `/a/c`.
pub fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// `path` below `folder`, without a slash at its beginning, if it is there. Both are [`normal`].
pub fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(folder.trim_end_matches('/'))?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

impl Site<'_> {
    /// Where a [`normal`] path lies.
    pub fn spot(&self, path: &str) -> Spot {
        let mounts = self.container.volume_mounts.iter().map(|mount| (normal(&mount.mount_path), mount));
        let found = mounts.filter(|(at, _)| below(path, at).is_some()).max_by_key(|(at, _)| at.len());
        let Some((at, mount)) = found else {
            let place = Place::Container {
                pod: self.pod.metadata.uid,
                container: self.container.name.clone(),
                restarts: self.restarts,
            };
            let token = "/var/run/secrets/kubernetes.io/serviceaccount";
            if below(path, token).is_some() {
                let place = Place::Given { volume: "kube-api-access".into() };
                return self.made(place, path, token.into(), "", true);
            }
            return self.made(place, path, "/".into(), "", false);
        };
        let (place, read_only) = self.place_of(&mount.name);
        self.made(place, path, at, &mount.sub_path, read_only || mount.read_only)
    }

    fn made(&self, place: Place, path: &str, mount: String, sub_path: &str, read_only: bool) -> Spot {
        let inside = below(path, &mount).unwrap_or_default();
        let path = normal(&format!("{sub_path}/{inside}"))[1..].to_owned();
        let capacity = self.capacity(&place);
        Spot { place, path, read_only, mount, capacity }
    }

    /// What stands behind a volume of the pod, and whether it can only be read.
    fn place_of(&self, name: &Name) -> (Place, bool) {
        let volume = self.pod.spec.volumes.iter().find(|volume| volume.name == *name);
        let Some(volume) = volume else { return (self.local(name), false) };
        if let Some(claim) = &volume.persistent_volume_claim {
            return (self.behind(&claim.claim_name), claim.read_only);
        }
        if volume.ephemeral.0.is_some() {
            return (self.behind(&format!("{}-{name}", self.pod.metadata.name)), false);
        }
        let text = |value: &Value, key: &str| value.at(&[key]).and_then(Value::as_str).map(Name::from);
        if let Some(host) = &volume.host_path.0 {
            let path = text(host, "path").unwrap_or_default();
            return (Place::Folder { node: self.node.clone(), path }, false);
        }
        if let Some(nfs) = &volume.nfs.0 {
            let (server, path) = (text(nfs, "server").unwrap_or_default(), text(nfs, "path").unwrap_or_default());
            return (Place::Volume(format!("{server}:{path}").into()), false);
        }
        let given = [&volume.config_map, &volume.secret, &volume.projected, &volume.downward_api];
        match given.iter().any(|source| source.0.is_some()) {
            true => (Place::Given { volume: name.clone() }, true),
            false => (self.local(name), false),
        }
    }

    fn local(&self, volume: &Name) -> Place {
        Place::Local { pod: self.pod.metadata.uid, volume: volume.clone() }
    }

    fn behind(&self, claim: &str) -> Place {
        let namespace = &self.pod.metadata.namespace;
        let claim = self.objects.claims.get(&Key::new(&**namespace, claim));
        let name = claim.map(|claim| claim.spec.volume_name.clone()).unwrap_or_default();
        let Some(volume) = self.objects.volumes.get(&Key::new("", &*name)) else {
            return Place::Volume(name);
        };
        if volume.spec.csi.is_some() {
            return Place::Disk(name);
        }
        let source = [&volume.spec.host_path, &volume.spec.local].into_iter().find_map(|source| source.0.as_ref());
        match source.and_then(|source| source.at(&["path"])?.as_str().map(Name::from)) {
            Some(path) => Place::Folder { node: self.node.clone(), path },
            None => Place::Volume(name),
        }
    }

    fn capacity(&self, place: &Place) -> u64 {
        let Place::Disk(name) = place else { return LARGEST_TREE as u64 };
        let volume = self.objects.volumes.get(&Key::new("", &**name));
        let asked = volume.and_then(|volume| volume.spec.capacity.get("storage").cloned());
        asked
            .and_then(|quantity| quantity.millis())
            .map_or(LARGEST_TREE as u64, |thousandths| u64::try_from(thousandths / 1_000).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Entry {
        Entry::File { text: text.into(), mode: 0o644 }
    }

    #[test]
    fn paths_are_brought_into_one_form() {
        for (path, expected) in [("/a//b/./c/../d/", "/a/b/d"), ("", "/"), ("/../..", "/"), ("a", "/a")] {
            assert_eq!(normal(path), expected);
        }
        assert_eq!(below("/usr/share", "/usr"), Some("share"));
        assert_eq!(below("/usr", "/usr"), Some(""));
        assert_eq!(below("/user", "/usr"), None);
        assert_eq!(below("/a/b", "/"), Some("a/b"));
    }

    #[test]
    fn a_file_system_takes_what_fits_and_nothing_else() {
        let mut tree = Tree::default();
        tree.put("a", file("1234"), 10).unwrap();
        assert_eq!(tree.bytes(), 5);
        assert_eq!(tree.put("b", file("123456"), 10), Err(Fault::NoSpace));
        assert_eq!(tree.put("a", file(&"x".repeat(LARGEST_FILE + 1)), u64::MAX), Err(Fault::NoSpace));
        assert_eq!(tree.put(&"p".repeat(LONGEST_PATH + 1), file(""), 10_000), Err(Fault::NameTooLong));
        tree.put("a", file("12"), 0).expect("what becomes less always fits");
        tree.forget("a");
        assert_eq!((tree.bytes(), tree.is_empty()), (0, true));
        for number in 0..MOST_ENTRIES {
            tree.put(&number.to_string(), Entry::Folder { mode: 0o755 }, u64::MAX).unwrap();
        }
        assert_eq!(tree.put("one", file(""), u64::MAX), Err(Fault::NoSpace));
    }
}
