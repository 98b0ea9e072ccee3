//! A container as its programs see it, and as far as they have changed it.

use super::environment::environment;
use super::family::{Family, family};
use super::image::{self, Base};
use super::names;
use super::replays::{self, Made, Replays};
use super::system::{Ran, System};
use crate::limits::{LARGEST_ANSWER, MOST_NESTED, beyond};
use crate::shell::{self, Around, List, Next, Rest, Variables, is_like};
use petri_objects::{Kind, Name, ObjectRef, Span, Time};
use petri_sim::reality::files::{Entry, Fault, FileChange, FileKind, Place, Spot, Tree, below, normal};
use petri_sim::words::command::Command;
use petri_sim::world::World;
use petri_sim::world::files::{Inside, change_tree};
use std::cell::{Cell, OnceCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What runs a program in a container.
pub(super) type Start = for<'a> fn(&mut Container<'a>, &[String], Option<String>) -> Ran;

/// A container, and what its programs did.
pub(super) struct Container<'w> {
    pub world: &'w World,
    pub inside: Inside<'w>,
    pub family: Family,
    base: BTreeMap<String, Base>,
    trees: BTreeMap<Place, Tree>,
    changes: Vec<FileChange>,
    pub variables: Variables,
    pub folder: String,
    /// The main process was ended.
    pub exit_code: Option<i32>,
    pub slept: Span,
    /// When its programs began, if that is not now, and for how long they run.
    pub since: Option<(Time, Span)>,
    /// Somebody types at a terminal, and reads what is answered.
    pub terminal: Option<Terminal>,
    pub salt: u64,
    /// What servers did that were asked.
    pub elsewhere: Vec<Command>,
    start: Start,
    depth: u32,
    /// The shell's name, for its messages.
    pub shell: String,
    part: Rest,
    /// Connections that it opened, each of which may lead to another endpoint.
    opened: Cell<u64>,
    pub replays: Rc<Replays>,
    /// What the commands of its pod have written.
    made: OnceCell<Rc<Made>>,
    /// It runs again: what it writes is what was made.
    again: bool,
    /// What stays was started, and nothing runs behind it.
    halted: bool,
}

/// What a client at a terminal remembers from one line to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Terminal {
    /// The database that statements are about.
    pub database: Option<String>,
}

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub folder: bool,
    pub mode: u32,
    pub size: u64,
}

impl<'w> Container<'w> {
    /// The container of a pod by its object; `None` if it does not run.
    pub fn of(pod: &ObjectRef, container: &str, world: &'w World, salt: u64) -> Option<Container<'w>> {
        Some(Container::within(world.inside(world.uid_of(pod)?, container)?, world, salt))
    }

    /// A container that is known already.
    pub fn within(inside: Inside<'w>, world: &'w World, salt: u64) -> Container<'w> {
        let family = family(&inside.container.image);
        let mut own = Container {
            base: image::base(&inside, world),
            world,
            family,
            trees: BTreeMap::new(),
            changes: Vec::new(),
            variables: Variables::default(),
            folder: image::folder(&inside.container, family),
            exit_code: None,
            slept: Span::ZERO,
            since: None,
            terminal: None,
            salt,
            elsewhere: Vec::new(),
            start: |_, _, _| Ran::default(),
            depth: 0,
            shell: "sh".into(),
            part: Rest::default(),
            opened: Cell::new(0),
            replays: Rc::default(),
            made: OnceCell::new(),
            again: false,
            halted: false,
            inside,
        };
        for (name, value) in environment(&own.inside, world) {
            // There is room for what an object can hold.
            let _ = own.variables.set(&name, value);
        }
        own
    }

    /// With something that runs its programs: without, there is nothing but its files.
    pub fn with(mut self, start: Start) -> Container<'w> {
        self.start = start;
        self
    }

    /// With what was found out already of what commands wrote.
    pub fn knowing(mut self, replays: &Rc<Replays>) -> Container<'w> {
        self.replays = replays.clone();
        self
    }

    /// As one that runs again, with what was written before it began.
    pub fn again(mut self, made: Made, replays: &Rc<Replays>) -> Container<'w> {
        self.made = OnceCell::from(Rc::new(made));
        self.again = true;
        self.knowing(replays)
    }

    /// What commands have written, with what this one did.
    pub fn made_by_now(self) -> Made {
        self.made.into_inner().map(Rc::unwrap_or_clone).unwrap_or_default()
    }

    /// Which of several endpoints the next connection is led to.
    pub fn picks(&self) -> u64 {
        self.salt.wrapping_add(self.opened.replace(self.opened.get().wrapping_add(1)))
    }

    /// The commands that tell the cluster what was done, here and by what listens elsewhere.
    pub fn did(&mut self, pod: &ObjectRef) -> Vec<Command> {
        let mut all = std::mem::take(&mut self.elsewhere);
        let files = std::mem::take(&mut self.changes);
        if !files.is_empty() || self.exit_code.is_some() {
            let container = self.inside.container.name.clone();
            all.push(Command::Exec { pod: pod.clone(), container, files, exit_code: self.exit_code });
        }
        all
    }

    /// The same containers of the pods of its set that run, answer and are reached, its own among them.
    pub fn reached(&self) -> Vec<Container<'w>> {
        let meta = &self.inside.pod.metadata;
        let owner = meta.controller().map(|owner| owner.uid);
        let world = self.world;
        let pods = world.objects().pods.in_namespace(&meta.namespace);
        let same = pods.filter(|pod| {
            pod.metadata.controller().map(|o| o.uid) == owner && owner.is_some() || pod.metadata.uid == meta.uid
        });
        let found = same.filter_map(|pod| {
            let target = ObjectRef::new(Kind::Pod, pod.metadata.namespace.clone(), pod.metadata.name.clone());
            Some(Container::of(&target, &self.inside.container.name, world, 0)?.knowing(&self.replays))
        });
        let here = &self.inside.machine.name;
        found
            .filter(|other| other.inside.process.answers && world.network.connects(here, &other.inside.machine.name))
            .collect()
    }

    pub fn pod_name(&self) -> &Name {
        &self.inside.pod.metadata.name
    }

    // Programs.

    /// Whether it has a program of this name.
    pub fn has(&self, name: &str) -> bool {
        let base = name.rsplit('/').next().unwrap_or(name);
        if name.contains('/') {
            let path = self.path(name);
            return self.stat(&path).is_some_and(|stat| !stat.folder) || self.is_usual(base) && !self.is_gone(&path);
        }
        if !self.family.has_shell() && !self.family.own_programs().contains(&base) {
            return false;
        }
        let elsewhere = ["/bin", "/usr/bin", "/usr/local/bin", "/sbin", "/usr/sbin", "/opt/zookeeper/bin"];
        let removed = elsewhere.iter().any(|folder| self.is_gone(&format!("{folder}/{base}")));
        !removed
            && (self.is_usual(base) || elsewhere.iter().any(|folder| self.stat(&format!("{folder}/{base}")).is_some()))
    }

    /// Whether images such as this one have it.
    fn is_usual(&self, name: &str) -> bool {
        if names::CLIENTS.contains(&name) {
            return self.family.own_programs().contains(&name);
        }
        (self.family.has_shell() && names::is_program(name) && !self.family.lacks().contains(&name))
            || self.family.own_programs().contains(&name)
    }

    /// Runs a program with everything that it starts.
    pub fn program(&mut self, words: &[String], input: Option<String>) -> Ran {
        if self.again {
            if let Some((_, rest)) = words.split_first().filter(|(first, rest)| *first == "exec" && !rest.is_empty()) {
                let ran = self.program(rest, input);
                self.halted = true;
                return ran;
            }
            let is_last = !self.replays.takes_one() || replays::stays(words);
            self.halted |= is_last || replays::follows(words) || !self.has(words.first().map_or("", String::as_str));
            if is_last {
                return Ran::default();
            }
        }
        let ran = (self.start)(self, words, input);
        // Nobody waits for longer than a run.
        self.slept = (self.slept + ran.slept).min(crate::limits::LONGEST_RUN);
        ran
    }

    /// Runs a text as a shell of this name does.
    pub fn script(&mut self, text: &str, name: &str, input: Option<String>) -> Ran {
        if self.depth >= MOST_NESTED {
            return Ran::failed(2, beyond("a shell is started in a shell", MOST_NESTED as usize, "deep"));
        }
        match shell::read(text) {
            Err(problem) => Ran::failed(2, format!("{name}: {}", problem.words().trim_start_matches("error: "))),
            Ok(script) => {
                let (before, part) = (std::mem::replace(&mut self.shell, name.into()), self.part.clone());
                let ran = self.drive(Rest::new(&script).fed(input));
                (self.shell, self.part) = (before, part);
                ran
            }
        }
    }

    fn drive(&mut self, mut rest: Rest) -> Ran {
        self.depth += 1;
        self.part = rest.part(&List::default());
        let mut ran = Ran::default();
        loop {
            let (stdout, stderr) = match rest.next(self) {
                Next::Over => break,
                Next::Said { stdout, stderr } => (stdout, stderr),
                Next::Run(step) => {
                    let own = self.program(&step.words, step.input);
                    rest.done(own.code, self);
                    rest.emit(own.stdout, own.stderr, self)
                }
            };
            ran.stdout.push_str(&stdout);
            ran.stderr.push_str(&stderr);
            if ran.stdout.len() > LARGEST_ANSWER || ran.stderr.len() > LARGEST_ANSWER {
                ran.stdout.truncate(shell::floor(&ran.stdout, LARGEST_ANSWER));
                ran.stderr = beyond("a program writes", LARGEST_ANSWER, "bytes") + "\n";
                rest.code = 1;
                break;
            }
            let is_over = self.since.is_some_and(|(_, longest)| self.slept > longest);
            if self.exit_code.is_some() || is_over || self.halted {
                break;
            }
        }
        self.depth -= 1;
        ran.code = rest.code;
        ran
    }

    // Files.

    /// A path as a program here means it.
    pub fn path(&self, path: &str) -> String {
        if path.starts_with('/') { normal(path) } else { normal(&format!("{}/{path}", self.folder)) }
    }

    pub fn spot(&self, path: &str) -> Spot {
        self.inside.site(self.world).spot(path)
    }

    fn tree(&self, place: &Place) -> Option<&Tree> {
        self.trees.get(place).or_else(|| self.world.tree(place).map(|tree| &**tree))
    }

    /// What somebody or a command has left at a place.
    fn entry(&self, spot: &Spot) -> Option<&Entry> {
        let own = self.tree(&spot.place).and_then(|tree| tree.get(&spot.path));
        own.or_else(|| self.made().get(&spot.place)?.get(&spot.path))
    }

    fn made(&self) -> &Made {
        self.made.get_or_init(|| self.replays.of(&self.inside.pod, self.world))
    }

    /// What the image or the kubelet has at a path, as long as nothing was changed there.
    fn brought(&self, spot: &Spot, path: &str) -> Option<&Base> {
        let base = self.base.get(path)?;
        let fits = matches!(spot.place, Place::Container { .. } | Place::Given { .. }) || base.seeded;
        fits.then_some(base)
    }

    fn is_gone(&self, path: &str) -> bool {
        let spot = self.spot(path);
        self.entry(&spot) == Some(&Entry::Gone)
    }

    /// Whether somebody or a command has written it.
    pub fn is_written(&self, path: &str) -> bool {
        self.entry(&self.spot(path)).is_some()
    }

    /// Whether it lies on a volume that the kubelet gives to the group of the pod.
    pub fn is_in_shared(&self, path: &str) -> bool {
        let spot = self.spot(path);
        matches!(spot.place, Place::Disk(_) | Place::Local { .. }) && super::facts::shared_group(&self.inside).is_some()
    }

    /// Whether it is such a volume itself.
    pub fn is_shared(&self, path: &str) -> bool {
        self.spot(path).path.is_empty() && self.is_in_shared(path)
    }

    /// What is at a [`normal`] path.
    pub fn stat(&self, path: &str) -> Option<Stat> {
        let spot = self.spot(path);
        match self.entry(&spot) {
            Some(Entry::File { text, mode }) => {
                return Some(Stat { folder: false, mode: *mode, size: text.len() as u64 });
            }
            Some(Entry::Folder { mode }) => return Some(Stat { folder: true, mode: *mode, size: 4096 }),
            Some(Entry::Gone) => return None,
            None => {}
        }
        if let Some(base) = self.brought(&spot, path) {
            return Some(Stat { folder: false, mode: base.mode, size: base.text.len() as u64 });
        }
        let is_there = spot.path.is_empty() || image::has_folder(path) || !self.names_below(path).is_empty();
        is_there.then_some(Stat { folder: true, mode: 0o755, size: 4096 })
    }

    /// The names in a folder.
    pub fn names_below(&self, path: &str) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let first = |rest: &str| rest.split('/').next().unwrap_or(rest).to_owned();
        let spot = self.spot(path);
        let tree = self.tree(&spot.place);
        for (own, entry) in tree.into_iter().chain(self.made().get(&spot.place)).flat_map(Tree::iter) {
            let inside = below(own, &spot.path).or(spot.path.is_empty().then_some(&**own));
            let is_there = || tree.and_then(|tree| tree.get(own)).unwrap_or(entry) != &Entry::Gone;
            if let Some(rest) = inside.filter(|rest| !rest.is_empty() && is_there()) {
                names.insert(first(rest));
            }
        }
        // Sorted: what is below a path follows it.
        let from = format!("{}/", path.trim_end_matches('/'));
        for (own, _) in self.base.range(from.clone()..).take_while(|(own, _)| own.starts_with(&from)) {
            let own_spot = self.spot(own);
            if self.brought(&own_spot, own).is_some() && !self.is_gone(own) {
                names.insert(first(&own[from.len()..]));
            }
        }
        let mounts = self.inside.container.volume_mounts.iter().map(|mount| normal(&mount.mount_path));
        for mount in mounts.chain(image::folders()) {
            if let Some(rest) = below(&mount, path).filter(|rest| !rest.is_empty()) {
                names.insert(first(rest));
            }
        }
        names
    }

    /// Everything below a path, the deepest first, and the path itself.
    pub fn walk(&self, path: &str) -> Result<Vec<String>, Fault> {
        let mut found = vec![path.to_owned()];
        let mut at = 0;
        while at < found.len() {
            let own = found[at].clone();
            if self.stat(&own).is_some_and(|stat| stat.folder) {
                found.extend(self.names_below(&own).into_iter().map(|name| normal(&format!("{own}/{name}"))));
            }
            if found.len() > petri_sim::reality::files::MOST_ENTRIES {
                return Err(Fault::NoSpace);
            }
            at += 1;
        }
        found.reverse();
        Ok(found)
    }

    /// Changes what is at a [`normal`] path.
    pub fn change(&mut self, change: FileChange) -> Result<(), Fault> {
        let spot = self.spot(&change.path);
        if self.world.is_read_only(&spot) {
            return Err(Fault::ReadOnly);
        }
        if self.again {
            self.made();
            let made = self.made.get_mut().map(Rc::make_mut);
            return made
                .map_or(Ok(()), |made| change_tree(made.entry(spot.place.clone()).or_default(), &spot, &change));
        }
        let known = || self.world.tree(&spot.place).map(|tree| Tree::clone(tree)).unwrap_or_default();
        change_tree(self.trees.entry(spot.place.clone()).or_insert_with(known), &spot, &change)?;
        // What was written before and is written again is told once.
        let last = self.changes.iter_mut().rev().find(|last| last.path == change.path);
        if let Some(last) = last.filter(|last| last.what == change.what) {
            *last = change;
            return Ok(());
        }
        self.changes.push(change);
        Ok(())
    }

    pub fn put(&mut self, path: &str, text: &str, mode: u32) -> Result<(), Fault> {
        let folder = path.rsplit_once('/').map_or("/", |(folder, _)| if folder.is_empty() { "/" } else { folder });
        match self.stat(folder) {
            None => return Err(Fault::Missing),
            Some(stat) if !stat.folder => return Err(Fault::NoFolder),
            Some(_) => {}
        }
        if self.stat(path).is_some_and(|stat| stat.folder) {
            return Err(Fault::IsFolder);
        }
        let mode = if mode == 0o644 { 0 } else { mode };
        self.change(FileChange { path: path.into(), what: FileKind::File, text: text.into(), mode })
    }

    /// Takes one path away.
    pub fn take(&mut self, path: &str) -> Result<(), Fault> {
        self.change(FileChange { path: path.into(), what: FileKind::Gone, text: Name::default(), mode: 0 })
    }

    pub fn text(&self, path: &str) -> Result<Rc<str>, Fault> {
        let path = self.path(path);
        let spot = self.spot(&path);
        match self.entry(&spot) {
            Some(Entry::File { text, .. }) => return Ok(text.clone()),
            Some(Entry::Folder { .. }) => return Err(Fault::IsFolder),
            Some(Entry::Gone) => return Err(Fault::Missing),
            None => {}
        }
        if let Some(base) = self.brought(&spot, &path) {
            return Ok(base.text.as_str().into());
        }
        Err(if self.stat(&path).is_some() { Fault::IsFolder } else { Fault::Missing })
    }
}

impl System for Container<'_> {
    fn read(&self, path: &str) -> Result<String, Fault> {
        match path {
            "/dev/null" => Ok(String::new()),
            "/dev/stdin" => Ok(String::new()),
            // There is no end to them; nobody reads more than fits.
            "/dev/zero" | "/dev/urandom" | "/dev/random" => Ok("0".repeat(1 << 20)),
            path => self.text(path).map(|text| text.to_string()),
        }
    }
    fn write(&mut self, path: &str, text: &str, append: bool) -> Result<(), Fault> {
        if path == "/dev/null" {
            return Ok(());
        }
        let path = self.path(path);
        let mode = self.stat(&path).map_or(0o644, |stat| if stat.folder { 0o644 } else { stat.mode });
        let before = if append { self.text(&path).unwrap_or_default() } else { Rc::default() };
        if before.len() + text.len() > petri_sim::reality::files::LARGEST_FILE {
            return Err(Fault::NoSpace);
        }
        self.put(&path, &format!("{before}{text}"), mode)
    }
    fn now(&self) -> Time {
        self.since.map_or(self.world.now, |(began, _)| began) + self.slept
    }
}

impl Around for Container<'_> {
    fn variables(&mut self) -> &mut Variables {
        &mut self.variables
    }
    fn output_of(&mut self, list: &List) -> Result<String, String> {
        if self.depth >= MOST_NESTED {
            return Err(beyond("$(...) lies in $(...)", MOST_NESTED as usize, "deep"));
        }
        let part = self.part.clone();
        let ran = self.drive(part.part(list));
        self.part = part;
        Ok(ran.stdout)
    }
    fn read(&mut self, name: &str) -> Result<String, String> {
        System::read(self, name).map_err(|fault| fault.as_str().into())
    }
    fn write(&mut self, name: &str, text: &str, append: bool) -> Result<(), String> {
        System::write(self, name, text, append).map_err(|fault| fault.as_str().into())
    }
    fn matching(&mut self, pattern: &str) -> Vec<String> {
        // The last part alone, as `ls /data/*` has it.
        let (folder, last) = pattern.rsplit_once('/').map_or(("", pattern), |(folder, last)| (folder, last));
        if folder.contains(['*', '?']) || !last.contains(['*', '?']) {
            return Vec::new();
        }
        let path = self.path(if pattern.starts_with('/') && folder.is_empty() {
            "/"
        } else if folder.is_empty() {
            "."
        } else {
            folder
        });
        let names = self.names_below(&path).into_iter().filter(|name| is_like(name, last) && !name.starts_with('.'));
        let before = &pattern[..pattern.len() - last.len()];
        names.map(|name| format!("{before}{name}")).collect()
    }
}
