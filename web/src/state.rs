//! What the interface remembers, as one value that only [`Ui::reduce`] changes.

use petri_lessons::Example;
use petri_objects::Time;
use petri_picture::view::Target;
use petri_picture::view::layout::Density;
use petri_picture::view::timeline::Filter;
pub use petri_sim::story::shared::Bookmark;
use petri_sim::words::invariants::Guarantee;
use std::rc::Rc;
use yew::Reducible;

/// A file of the manifests panel.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    pub id: u32,
    pub name: String,
    pub text: Rc<str>,
    /// The text that the cluster was last given, when, and what came of it.
    pub applied: Option<Rc<Applied>>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Applied {
    pub text: Rc<str>,
    /// What the outcome is about: the same text, or one that was refused.
    pub tried: Rc<str>,
    pub at: Time,
    pub outcome: Outcome,
}

/// What applying a file came to: one line per object, in kubectl's words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    pub lines: Vec<String>,
    pub warnings: Vec<String>,
    pub errors: Vec<String>,
}

impl File {
    pub fn is_changed(&self) -> bool {
        self.applied.as_ref().is_none_or(|applied| applied.text != self.text)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    #[default]
    Why,
    /// What only things of this sort have: a disk's story, a lock's candidates, a budget's pods.
    Own,
    Object,
    Events,
    History,
    Dns,
}

impl Tab {
    pub const ALL: [Tab; 6] = [Tab::Why, Tab::Own, Tab::Object, Tab::Events, Tab::History, Tab::Dns];
    pub fn title(self) -> &'static str {
        match self {
            Tab::Why => "Why",
            // Its title depends on what is selected.
            Tab::Own => "Own",
            Tab::Dns => "DNS",
            Tab::Object => "Object",
            Tab::Events => "Events",
            Tab::History => "History",
        }
    }
}

/// What a narrow screen shows; a wide one shows all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Panel {
    #[default]
    Cluster,
    Manifests,
    Why,
    Console,
    More,
}

impl Panel {
    pub const ALL: [Panel; 5] = [Panel::Manifests, Panel::Cluster, Panel::Why, Panel::Console, Panel::More];
    pub fn title(self) -> &'static str {
        match self {
            Panel::Cluster => "Cluster",
            Panel::Manifests => "Manifests",
            Panel::Why => "Why",
            Panel::Console => "Console",
            Panel::More => "More",
        }
    }
    /// The value of `data-panel` on the page's root.
    pub fn word(self) -> &'static str {
        match self {
            Panel::Cluster => "cluster",
            Panel::Manifests => "manifests",
            Panel::Why => "why",
            Panel::Console => "console",
            Panel::More => "dns",
        }
    }
}

/// The list under the cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Facts {
    #[default]
    Pods,
    Nodes,
    Claims,
    Locks,
    Budgets,
}

impl Facts {
    pub const ALL: [Facts; 5] = [Facts::Pods, Facts::Nodes, Facts::Claims, Facts::Locks, Facts::Budgets];
    pub fn title(self) -> &'static str {
        match self {
            Facts::Pods => "Pods",
            Facts::Nodes => "Nodes",
            Facts::Claims => "Claims",
            Facts::Locks => "Locks",
            Facts::Budgets => "Budgets",
        }
    }
}

/// How the pictures are looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sight {
    pub density: Density,
    pub filter: Filter,
    /// Whether the causes of the selection are drawn as arrows.
    pub arrows: bool,
    /// Whether requests and heartbeats do not move.
    pub still: bool,
}

/// A file that shows what a recording has applied of an example, because the example's own words are not here yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Wordless {
    pub example: &'static Example,
    /// What stands in for them.
    pub text: Rc<str>,
}

/// What the page shows of a run beside the run itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    pub files: Vec<Rc<File>>,
    pub active: u32,
    /// The title of what was opened.
    pub title: String,
    pub bookmarks: Rc<Vec<Bookmark>>,
}

/// What floats over the page. At most one thing does.
#[derive(Clone, Debug, PartialEq)]
pub enum Popup {
    Examples,
    Speed,
    /// What the pictures show, and how.
    Sight,
    Help,
    Share,
    /// One search for everything, with what its line begins with.
    Palette(String),
    /// Another cluster, to start from.
    NewCluster,
    /// What a word means, at client coordinates.
    Term {
        place: usize,
        x: i32,
        y: i32,
    },
    /// What a new file can begin with.
    Templates,
    /// What applying this file would change.
    Diff(u32),
    /// Two courses of events on one clock.
    Compare,
    /// All of them, each with its standing.
    Guarantees,
    Guarantee(Guarantee),
    /// The verbs of a mark, at client coordinates.
    Verbs {
        target: Target,
        x: i32,
        y: i32,
    },
}

/// What becomes of a run that is too long for the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooLong {
    /// This browser keeps it, and the address says where.
    Kept,
    /// Nobody does.
    Unkept,
    /// Somebody has read about it.
    Known,
}

/// A message that has no place of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Toast {
    pub text: String,
    /// The branch that the message offers to go back to.
    pub branch: Option<usize>,
    /// Tells one message from the next of the same words.
    pub number: u64,
}

/// One entry of the console.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    pub number: u64,
    pub kind: LogKind,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogKind {
    /// What was said, by typing or by clicking.
    Input,
    Output,
    Warning,
    Error,
}

/// The console keeps this many entries.
const LOG_LIMIT: usize = 400;

#[derive(Clone, Debug, PartialEq)]
pub struct Ui {
    pub selection: Option<Target>,
    pub tab: Tab,
    pub panel: Panel,
    pub facts: Facts,
    pub files: Vec<Rc<File>>,
    pub active: u32,
    pub popup: Option<Popup>,
    pub toast: Option<Toast>,
    /// Whether what the console said is in sight, where it has no panel of its own.
    pub drawer: bool,
    pub log: Rc<Vec<LogLine>>,
    /// The title of the example that was loaded last.
    pub example: String,
    /// Whether the things to try are offered: see [`guide`](crate::guide).
    pub untried: bool,
    pub sight: Sight,
    pub bookmarks: Rc<Vec<Bookmark>>,
    /// The example that is on its way.
    pub loading: Option<&'static str>,
    /// Files whose own words are on their way.
    pub wordless: Rc<Vec<Wordless>>,
    /// How much of a run that is being opened is played, in hundredths.
    pub opening: Option<u32>,
    /// What becomes of a run that is too long for the address.
    pub too_long: Option<TooLong>,
    next: u64,
}

/// What happens to the interface.
#[derive(Clone, Debug)]
pub enum Action {
    Select(Option<Target>),
    ShowTab(Tab),
    ShowPanel(Panel),
    ShowFacts(Facts),
    Open(Popup),
    Close,
    /// Shows what the console said, or only its line.
    Drawer(bool),
    Toast {
        text: String,
        branch: Option<usize>,
    },
    DropToast(u64),
    Log(LogKind, String),
    ClearLog,
    Edit {
        file: u32,
        text: Rc<str>,
    },
    /// What is said of a file, or its text, is different now.
    Keep(Rc<File>),
    /// The same for the file that is open.
    AppliedLast(Rc<Applied>),
    ShowFile(u32),
    NewFile {
        name: String,
        text: Rc<str>,
    },
    CloseFile(u32),
    /// Another example: its files replace what was there, unless that was edited.
    Example {
        title: String,
        name: String,
        text: Rc<str>,
    },
    /// A run that was left is shown again, with its files.
    Restore(Box<Shown>),
    /// Another run stands in the place of what was there, with the same files.
    Begin {
        title: String,
    },
    /// An example is on its way, or not any more.
    Loading(Option<&'static str>),
    /// Some files have no words of their own yet.
    Wordless(Rc<Vec<Wordless>>),
    /// A file's own words have come. Whoever has changed it by now keeps what it is.
    Reword {
        from: Rc<str>,
        to: Rc<str>,
    },
    Look(Sight),
    Bookmark(Bookmark),
    DropBookmark(Time),
    /// So many hundredths of another run are played, or none is being opened any more.
    Opening(Option<u32>),
    /// The run does not fit into the address, or does again.
    TooLong(Option<TooLong>),
    /// Nothing more to try.
    Tried,
    /// Whether there is something to try.
    Untried(bool),
}

impl Ui {
    pub fn new() -> Ui {
        Ui {
            selection: None,
            tab: Tab::default(),
            panel: Panel::default(),
            facts: Facts::default(),
            files: Vec::new(),
            active: 0,
            popup: None,
            toast: None,
            drawer: false,
            log: Rc::default(),
            example: String::new(),
            untried: false,
            sight: Sight::default(),
            bookmarks: Rc::default(),
            loading: None,
            wordless: Rc::default(),
            opening: None,
            too_long: None,
            next: 1,
        }
    }
    pub fn active_file(&self) -> Option<&Rc<File>> {
        self.files.iter().find(|file| file.id == self.active)
    }
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
    #[inline(never)]
    fn name_moment(&mut self, at: Time, bookmark: Option<Bookmark>) {
        let bookmarks = Rc::make_mut(&mut self.bookmarks);
        bookmarks.retain(|known| known.at != at);
        let place = bookmarks.partition_point(|known| known.at < at);
        bookmarks.splice(place..place, bookmark);
    }
    #[inline(never)]
    fn reword(&mut self, from: &Rc<str>, to: &Rc<str>) {
        for file in self.files.iter_mut().filter(|file| file.text == *from && !file.is_changed()) {
            let file = Rc::make_mut(file);
            file.text = to.clone();
            let applied = file.applied.take();
            let reword = |applied: Rc<Applied>| Applied { text: to.clone(), tried: to.clone(), ..(*applied).clone() };
            file.applied = applied.map(|applied| Rc::new(reword(applied)));
        }
    }
    /// Nothing is selected, open or said of a run that has just begun.
    fn begin(&mut self, title: String) {
        self.example = title;
        self.selection = None;
        self.tab = Tab::Why;
        self.popup = None;
        self.toast = None;
        self.bookmarks = Rc::default();
        self.loading = None;
        self.wordless = Rc::default();
    }
    #[inline(never)]
    fn restore(&mut self, shown: Shown) {
        self.begin(shown.title);
        // What was typed since then is not lost.
        let newer = |file: &Rc<File>| file.is_changed() && !file.text.trim().is_empty();
        let is_there = |file: &Rc<File>| shown.files.iter().any(|known| known.id == file.id);
        let kept: Vec<Rc<File>> = self.files.iter().filter(|file| newer(file) && !is_there(file)).cloned().collect();
        self.files = shown.files.into_iter().chain(kept).collect();
        self.active = shown.active;
        self.bookmarks = shown.bookmarks;
    }
    /// What is shown beside the run.
    pub fn shown(&self) -> Shown {
        let (files, title) = (self.files.clone(), self.example.clone());
        Shown { files, active: self.active, title, bookmarks: self.bookmarks.clone() }
    }
    fn add_file(&mut self, name: String, text: Rc<str>) {
        let id = u32::try_from(self.number()).unwrap_or(u32::MAX);
        let taken = |name: &str, files: &[Rc<File>]| files.iter().any(|file| file.name == name);
        let mut free = name.clone();
        let mut count = 2;
        while taken(&free, &self.files) {
            free = name
                .strip_suffix(".yaml")
                .map_or_else(|| format!("{name}-{count}"), |stem| format!("{stem}-{count}.yaml"));
            count += 1;
        }
        self.files.push(Rc::new(File { id, name: free, text, applied: None }));
        self.active = id;
    }
    fn with_file(&mut self, id: u32, change: impl FnOnce(&mut File)) {
        if let Some(file) = self.files.iter_mut().find(|file| file.id == id) {
            change(Rc::make_mut(file));
        }
    }

    pub fn apply(&mut self, action: Action) {
        match action {
            Action::Select(target) => {
                // What was chosen for a disk has no meaning for a pod.
                if let (Tab::Own, Some(old), Some(new)) = (self.tab, &self.selection, &target)
                    && !is_alike(old, new)
                {
                    self.tab = Tab::Why;
                }
                self.selection = target;
                self.popup = None;
            }
            Action::ShowTab(tab) => self.tab = tab,
            Action::ShowPanel(panel) => {
                self.panel = panel;
                self.popup = None;
            }
            Action::ShowFacts(facts) => self.facts = facts,
            Action::Open(popup) => {
                // The same button closes what it opened.
                self.popup = if self.popup.as_ref() == Some(&popup) { None } else { Some(popup) };
            }
            Action::Close => self.popup = None,
            Action::Drawer(open) => self.drawer = open,
            Action::Toast { text, branch } => {
                let number = self.number();
                self.toast = Some(Toast { text, branch, number });
            }
            Action::DropToast(number) => {
                if self.toast.as_ref().is_some_and(|toast| toast.number == number) {
                    self.toast = None;
                }
            }
            Action::Log(kind, text) => {
                let number = self.number();
                let log = Rc::make_mut(&mut self.log);
                log.push(LogLine { number, kind, text });
                let over = log.len().saturating_sub(LOG_LIMIT);
                log.drain(..over);
            }
            Action::ClearLog => self.log = Rc::default(),
            Action::Edit { file, text } => self.with_file(file, |file| file.text = text),
            Action::Keep(next) => self.with_file(next.id, |file| *file = (*next).clone()),
            Action::AppliedLast(applied) => self.with_file(self.active, |file| file.applied = Some(applied)),
            Action::ShowFile(id) => self.active = id,
            Action::NewFile { name, text } => self.add_file(name, text),
            Action::CloseFile(id) => {
                self.files.retain(|file| file.id != id);
                if self.active == id {
                    self.active = self.files.first().map_or(0, |file| file.id);
                }
            }
            Action::Example { title, name, text } => {
                // What somebody typed and has not applied is never lost: its tab stays.
                self.files.retain(|file| file.is_changed() && !file.text.trim().is_empty());
                self.add_file(name, text);
                self.begin(title);
            }
            Action::Begin { title } => self.begin(title),
            Action::Restore(shown) => self.restore(*shown),
            Action::Loading(name) => self.loading = name,
            Action::Wordless(files) => self.wordless = files,
            Action::Reword { from, to } => self.reword(&from, &to),
            Action::Look(sight) => self.sight = sight,
            Action::Bookmark(bookmark) => self.name_moment(bookmark.at, Some(bookmark)),
            Action::DropBookmark(at) => self.name_moment(at, None),
            Action::Opening(hundredths) => self.opening = hundredths,
            // Who has read about it need not read it again.
            Action::TooLong(Some(_)) if self.too_long == Some(TooLong::Known) => {}
            Action::TooLong(too_long) => self.too_long = too_long,
            Action::Tried => self.untried = false,
            Action::Untried(untried) => self.untried = untried,
        }
    }
}

impl Default for Ui {
    fn default() -> Ui {
        Ui::new()
    }
}

/// Whether two things have the same tab of their own.
fn is_alike(one: &Target, other: &Target) -> bool {
    let is_disk = |target: &Target| matches!(target, Target::Claim(_) | Target::Volume(_));
    is_disk(one) && is_disk(other) || std::mem::discriminant(one) == std::mem::discriminant(other)
}

impl Reducible for Ui {
    type Action = Action;
    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut next = (*self).clone();
        next.apply(action);
        Rc::new(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(ui: &mut Ui, name: &str) {
        ui.apply(Action::Example { title: name.into(), name: name.into(), text: "kind: Pod".into() });
    }
    fn apply_all(ui: &mut Ui) {
        for file in ui.files.clone() {
            let applied =
                Applied { text: file.text.clone(), tried: file.text.clone(), at: Time(0), outcome: Outcome::default() };
            ui.apply(Action::Keep(Rc::new(File { applied: Some(Rc::new(applied)), ..(*file).clone() })));
        }
    }
    fn names(ui: &Ui) -> Vec<&str> {
        ui.files.iter().map(|file| &*file.name).collect()
    }

    #[test]
    fn an_example_replaces_applied_files_and_keeps_edited_ones() {
        let mut ui = Ui::new();
        example(&mut ui, "a.yaml");
        apply_all(&mut ui);
        example(&mut ui, "b.yaml");
        assert_eq!(names(&ui), ["b.yaml"]);
        apply_all(&mut ui);
        ui.apply(Action::Edit { file: ui.active, text: "mine".into() });
        example(&mut ui, "b.yaml");
        assert_eq!(names(&ui), ["b.yaml", "b-2.yaml"]);
        assert_eq!(&*ui.files[0].text, "mine");
    }

    #[test]
    fn words_that_come_late_replace_only_what_nobody_has_changed() {
        let texts = |ui: &Ui| ui.files.iter().map(|file| file.text.to_string()).collect::<Vec<_>>();
        let reword = Action::Reword { from: "kind: Pod".into(), to: "# a pod\nkind: Pod".into() };
        let mut ui = Ui::new();
        example(&mut ui, "a.yaml");
        apply_all(&mut ui);
        let mut edited = ui.clone();
        ui.apply(reword.clone());
        assert_eq!(texts(&ui), ["# a pod\nkind: Pod"]);
        assert!(!ui.files[0].is_changed(), "it is what was applied");
        edited.apply(Action::Edit { file: edited.active, text: "kind: Node".into() });
        edited.apply(reword);
        assert_eq!(texts(&edited), ["kind: Node"]);
    }

    #[test]
    fn a_button_closes_what_it_opened() {
        let mut ui = Ui::new();
        ui.apply(Action::Open(Popup::Help));
        ui.apply(Action::Open(Popup::Share));
        assert_eq!(ui.popup, Some(Popup::Share));
        ui.apply(Action::Open(Popup::Share));
        assert_eq!(ui.popup, None);
    }

    #[test]
    fn the_console_forgets_its_oldest_lines() {
        let mut ui = Ui::new();
        for i in 0..500 {
            ui.apply(Action::Log(LogKind::Output, i.to_string()));
        }
        assert_eq!((ui.log.len(), &*ui.log[0].text), (400, "100"));
    }

    #[test]
    fn an_old_toast_does_not_take_a_new_one_away() {
        let mut ui = Ui::new();
        ui.apply(Action::Toast { text: "one".into(), branch: None });
        let number = ui.toast.as_ref().unwrap().number;
        ui.apply(Action::Toast { text: "two".into(), branch: None });
        ui.apply(Action::DropToast(number));
        assert_eq!(ui.toast.unwrap().text, "two");
    }
}
