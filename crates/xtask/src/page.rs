//! The page: served while working on it, and built small for everyone else.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use petri_split::{Constants, Module, Reached, without_exports, without_names, without_notes};

use crate::progress::Work;
use crate::shop::{self, Outcome, Setting, Shop, run, say, warn};
use crate::{dist, gates, hosting, licenses, tools, wasm_std};

/// The page's WebAssembly in one part, inside cargo's target folder, for benchmarks.
pub const WHOLE: &str = "page/whole.wasm";
/// The same as the page takes it, in one module still: without what only builds call, and where it comes in parts
/// with the cluster that it opens with. What the parts may weigh is measured by it.
pub const ONE: &str = "page/one.wasm";
/// The same with the names of its functions.
const ONE_NAMED: &str = "page/named.wasm";
/// What only this workshop calls. A page that lacks them, and all that they alone lead to, is 2 % smaller.
const ONLY_FOR_BUILDS: &[&str] = &["bench", "fingerprints", "prepare"];
/// What the linker made of it, with notes.
const LINKED: &str = "wasm32-unknown-unknown/release/petri-web.wasm";
/// Only the first level: the higher ones save raw bytes, and cost compressed ones (703 kB of brotli at level z, 699 kB
/// at level 1, for the whole module).
const SMALLER: &[&str] = &["-O1", "--one-caller-inline-max-function-size=40", NAMED];
/// Functions keep the names by which the third part is chosen, until the parts are written.
const NAMED: &str = "--debuginfo";
/// What wasm-opt may meet, and leave.
const FEATURES: &[&str] = &[
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-sign-ext",
    "--enable-nontrapping-float-to-int",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
    "--enable-call-indirect-overlong",
];
/// What the third part holds, because an ordinary visit has no use for it. Who needs some of it fetches all of it ahead:
/// `boot.js` for what stands in somebody else's page, `web/src/panels/late.rs` for what opens over the page, and so on.
pub const RARE: &[&str] = &[
    // What serves kinds that the product keeps and does not simulate, and the fields that it knows by name only.
    "petri_objects::batch",
    "petri_objects::schedule",
    "petri_objects::kept::defaults",
    "petri_objects::kept::explain",
    "petri_objects::kept::object",
    "petri_objects::kept::older",
    "petri_objects::kept::secret",
    "petri_objects::kept::taught",
    "petri_objects::kept::types",
    "petri_sim::belief::api::custom::definition",
    "petri_sim::belief::api::pod_warnings::overlapping_paths",
    "petri_sim::belief::api::validation::custom",
    "petri_sim::belief::api::validation::drivers",
    "petri_sim::belief::api::validation::kept",
    "petri_sim::belief::api::validation::seldom",
    "petri_sim::belief::api::validation::storage_sources",
    // What is done for Jobs and CronJobs, which few clusters have, and what they wait for.
    "petri_console::tables::jobs",
    "petri_sim::belief::controllers::batch",
    "petri_sim::belief::controllers::replication",
    "petri_sim::words::batch",
    // Descriptions are read in the inspector; who wants kubectl's words asks for them in the console.
    "petri_console::describe",
    "petri_console::kubectl::describe",
    // Links and recordings from elsewhere. Whoever opens one fetches all parts at once.
    "petri_sim::story::link::from_fragment",
    "petri_sim::story::link::read",
    "petri_sim::story::link::to_bytes",
    "petri_sim::story::link::unpack",
    "petri_sim::story::shared::Shared>::from_json",
    "petri_sim::story::shared::manifests",
    // What is claimed of a cluster, for `run until` and for fences.
    "petri_console::claims",
    // Endpoints, which are made of slices when somebody asks.
    "petri_console::endpoints::add_all",
    "petri_console::endpoints::one",
    // A shell, what is typed into containers, objects that a line describes, and paths into objects.
    "petri_console::interpreter",
    "petri_console::path",
    "petri_console::programs",
    "petri_console::raw",
    "petri_console::shell::expand",
    "petri_console::shell::read",
    "petri_console::shell::script",
    "petri_console::kubectl::access",
    "petri_console::kubectl::apply::make",
    "petri_console::kubectl::judged::knows_all_but_fields",
    "petri_console::kubectl::judged::refusal",
    "petri_console::kubectl::judged::without",
    "petri_console::kubectl::apply::exists",
    "petri_console::kubectl::apply::force",
    "petri_console::kubectl::attached",
    "petri_console::kubectl::config",
    "petri_console::kubectl::debug",
    "petri_console::kubectl::delete::of_files",
    "petri_console::kubectl::diff",
    "petri_console::kubectl::edit::label",
    "petri_console::kubectl::edit::open",
    "petri_console::kubectl::edit::patch",
    "petri_console::kubectl::events",
    "petri_console::kubectl::exec",
    "petri_console::kubectl::explain",
    "petri_console::kubectl::get::check_selectors",
    "petri_console::kubectl::get::column_cells",
    "petri_console::kubectl::get::column_specs",
    "petri_console::kubectl::get::filled",
    "petri_console::kubectl::get::raw",
    "petri_console::kubectl::get::sort_by",
    "petri_console::kubectl::json_patch",
    "petri_console::kubectl::kustomize",
    "petri_console::kubectl::last_applied",
    "petri_console::kubectl::logs",
    "petri_console::kubectl::make",
    "petri_console::kubectl::named::read_files",
    "petri_console::kubectl::named::unmapped_words",
    "petri_console::kubectl::nodes::missing",
    "petri_console::kubectl::nodes::no_effect",
    "petri_console::kubectl::nodes::no_taint",
    "petri_console::kubectl::nodes::taken",
    "petri_console::kubectl::prune",
    "petri_console::kubectl::record::cause",
    "petri_console::kubectl::record::keep",
    "petri_console::kubectl::rollout",
    "petri_console::kubectl::server_side",
    "petri_console::kubectl::usage",
    // The function, not the door of all of kubectl, which has the name of the module.
    "petri_console::kubectl::run::run",
    "petri_console::kubectl::set",
    "petri_console::kubectl::wait::run",
    "petri_console::kubectl::ways",
    "petri_console::select::LabelFilter>::parse",
    "petri_console::select::label_selector_problem",
    "petri_console::template",
    "petri_lessons::official",
    "petri_lessons::transcript::told",
    // LimitRanges and ResourceQuotas, and what containers do that are told to sleep, touch and exit.
    "petri_sim::belief::api::limit_ranges",
    "petri_sim::belief::api::quota",
    "petri_sim::reality::workload::script",
    // DaemonSets.
    "petri_console::kubectl::daemon_set",
    "petri_console::tables::daemon_set",
    // Not the module: what two types do alike may have the name of either.
    "petri_objects::daemon_set::DaemonSet as petri_objects::record::Record",
    "petri_objects::daemon_set::DaemonSetSpec as core::cmp::PartialEq",
    "petri_objects::daemon_set::DaemonSetSpec as petri_objects::record::Record",
    "petri_objects::daemon_set::DaemonSetStatus as petri_objects::record::Record",
    "petri_sim::belief::api::daemon_set",
    "petri_sim::belief::api::validation::daemon_set",
    "petri_sim::belief::controllers::daemon",
    // What scripts call has all parts from the start, and the page calls none of it.
    "petri_web::script",
    // What stands in somebody else's page has all parts from the start as well.
    "petri_lessons::fence::Fence>::read",
    "petri_lessons::fence::run",
    "petri_picture::poster",
    "petri_web::fences",
    "petri_web::host",
    "petri_web::panels::diff",
    "petri_web::panels::embedded",
    "petri_web::panels::logs",
    "petri_web::panels::new_cluster",
    // What only disks, locks, budgets and containers have in the inspector.
    "petri_web::panels::own::OwnTab",
    "petri_web::panels::own::Shown",
    "petri_web::panels::reader",
    "petri_web::panels::share",
    "petri_web::panels::snippet",
    // A stage of its own.
    "petri_web::compare",
    "petri_web::panels::compare",
];
/// Where control came in that part during the visits that were watched.
const REACHED: &str = "page/reached.txt";

/// The service worker. Its folder is its reach, so it stands beside the index.
const OFFLINE: &str = "offline.js";

/// How well recordings are reproduced, in `dist/`. The index names it, and the page's help links to it.
const FIDELITY: &str = "fidelity.html";

pub struct ServeOptions {
    pub port: u16,
    pub address: String,
    pub release: bool,
    pub open: bool,
}

/// Builds the page, serves it and rebuilds on change, until it is interrupted.
pub fn serve(shop: &Shop, options: &ServeOptions) -> Outcome {
    let address: IpAddr = options.address.parse().map_err(|_| format!("`{}` is no address", options.address))?;
    let setting = toolchain(shop, options.release)?;
    bundle(shop)?;
    let port = free_port(address, options.port)?;
    let dist = shop.target().join("serve");
    shop::make_folder(&dist)?;

    say("building the page, then serving it until Ctrl-C", "1 minute at first, seconds after a change");
    let mut command = shop.program("trunk", &["serve", "--offline"]);
    command.arg("--address").arg(&options.address).arg("--port").arg(port.to_string()).arg("--dist").arg(&dist);
    if options.release {
        command.arg("--release");
    }
    if options.open {
        command.arg("--open");
    }
    quieten(&mut command);
    setting.apply(&mut command);
    println!("Petri will be at http://{}/ once it is built", SocketAddr::new(address, port));
    shop::become_program(&mut command)
}

/// Builds the page as `serve` does, for tests. Answers its folder.
pub fn for_development(shop: &Shop) -> Outcome<PathBuf> {
    let setting = toolchain(shop, false)?;
    bundle(shop)?;
    let dist = shop.target().join("development");
    say("building the page for development", "1 minute, seconds again");
    let mut command = shop.program("trunk", &["build", "--offline", "--dist"]);
    command.arg(&dist).stdout(std::io::stderr());
    quieten(&mut command);
    setting.apply(&mut command);
    run(&mut command)?;
    Ok(dist)
}

/// In how many modules the page's WebAssembly comes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// In three: what a first visit runs, what a person's visit needs, and what few need. See `petri-split`.
    Parts,
    /// In one, as the compiler and wasm-opt make it.
    Whole,
}

/// Builds `dist/`: optimized, with relative addresses only, and with the licenses of everything inside.
pub fn build(shop: &Shop, shape: Shape) -> Outcome {
    let setting = toolchain(shop, true)?.and(tools::wasm_opt(shop)?);
    bundle(shop)?;
    let dist = shop.path("dist");
    say("building the optimized page", "2 to 4 minutes, 1 to 2 when little changed");
    let mut command = shop.program("trunk", &["build", "--release", "--offline", "--locked"]);
    command.stdout(std::io::stderr());
    quieten(&mut command);
    setting.apply(&mut command);
    run(&mut command)?;
    name_editor_by_content(&dist)?;
    minify_glue(shop, &dist)?;
    let whole = optimize(shop, &gates::file_in(&dist, "_bg.wasm", "petri-web")?)?;
    match shape {
        Shape::Parts => take_apart(shop, &dist, &whole)?,
        Shape::Whole => publish(&dist, &without_names(&shipped(shop, &whole)?)?)?,
    }
    for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
        std::fs::copy(shop.path(name), dist.join(name)).map_err(|error| format!("{name}: {error}"))?;
    }
    shop::write(&dist.join("licenses.txt"), licenses::third_party(shop)?)?;
    tell_fidelity(shop, &dist)?;
    keep_for_offline(shop, &dist)?;
    hosting::tell_hosts(&dist)?;
    check_index(&shop::read(&dist.join("index.html"))?)?;
    gates::without_chance(&dist)?;
    let sizes = gates::sizes(&dist)?;
    println!("{}", gates::size_table(&sizes));
    println!("{}", gates::Parts::weigh(shop, &sizes)?.told());
    println!("dist/ is ready: copy it anywhere, or try it with any static file server");
    Ok(())
}

/// Takes the pictures whose names hold one of these words, or all of them.
pub fn screenshots(shop: &Shop, words: &[String]) -> Outcome {
    tools::node()?;
    dist::ready(shop)?;
    let setting = browser_setting(shop)?;
    say("taking pictures", "2 minutes for all of them");
    let mut command = shop.program("node", &["tests/e2e/screenshots.mjs"]);
    command.args(words);
    setting.apply(&mut command);
    run(&mut command)?;
    println!("the pictures are in tests/e2e/output/");
    Ok(())
}

pub fn clean(shop: &Shop) -> Outcome {
    shop::remove_folder(&shop.path("dist"))?;
    run(shop.cargo(&["clean"]).stdout(std::io::stderr()))?;
    // The bundle is there, wherever cargo's output is.
    shop::remove_folder(&shop.path("target"))
}

/// What the scripts of tests/e2e need: their npm packages and a browser to drive.
pub fn browser_setting(shop: &Shop) -> Outcome<Setting> {
    tools::npm_ci(&shop.path("tests/e2e"))?;
    let browser = tools::browser()?;
    Ok(Setting::default().with("CHROME", browser.chrome).with("CHROMEDRIVER", browser.driver))
}

/// What trunk needs to find; for the optimized page with what makes it small.
fn toolchain(shop: &Shop, small: bool) -> Outcome<Setting> {
    tools::node()?;
    let setting = wasm_std::ensure(shop)?;
    let setting = if small { wasm_std::small(shop, &setting).and(setting) } else { wasm_std::development(setting) };
    let tools = tools::for_page(shop, || compilation(shop, &setting, small))?;
    let setting = setting.and(tools);
    // Trunk is run offline, so that it takes its tools from PATH alone, and hands that on to cargo.
    run(&mut shop.cargo_in(&setting, &["fetch", "--quiet", "--target", wasm_std::TARGET]))?;
    Ok(setting)
}

/// What trunk will ask of cargo first, word for word as far as it matters, so that it finds it done.
fn compilation(shop: &Shop, setting: &Setting, release: bool) -> Work {
    let mut command = shop.cargo_in(setting, &["build", "--target", wasm_std::TARGET, "--bin", "petri-web"]);
    command.arg("--manifest-path").arg(shop.path("web/Cargo.toml")).args(release.then_some("--release"));
    Work { name: "the page".to_owned(), command, help: String::new(), needed: false }
}

/// Editor, styles and boot script. Trunk runs the same script before each of its builds, but it looks for the results
/// before it does so the first time.
fn bundle(shop: &Shop) -> Outcome {
    tools::npm_ci(&shop.path("web/editor"))?;
    run(&mut shop.program("node", &["web/editor/build.mjs"]))
}

/// Trunk takes only `true` and `false` for these two, and stops at the `1` that other programs agree on.
fn quieten(command: &mut Command) {
    command.env_remove("NO_COLOR").env_remove("TRUNK_SKIP_VERSION_CHECK").arg("--skip-version-check");
}

/// wasm-bindgen writes its module for people to read; the first load carries it without comments and long names.
fn minify_glue(shop: &Shop, dist: &Path) -> Outcome {
    let module = gates::file_in(dist, ".js", "petri-web")?;
    run(shop.program("node", &["web/editor/minify.mjs"]).arg(module))
}

/// Splits the WebAssembly into what the first visit runs and the rest, by watching a first visit.
fn take_apart(shop: &Shop, dist: &Path, whole: &[u8]) -> Outcome {
    let wasm = gates::file_in(dist, "_bg.wasm", "petri-web")?;
    let linked = shop::read_bytes(&shop.target().join(LINKED))?;
    let constants = Constants::read(&linked)?;
    if constants.is_none() {
        warn("the linker left no notes of constants, so all of them are part of the first visit");
    }
    let whole = shipped(shop, &Module::read(whole)?.with_memory(&prepare(shop)?)?)?;
    let module = Module::read(&whole)?;

    let setting = browser_setting(shop)?;
    say("watching what the first visit runs, to split the WebAssembly by it", "2 minutes");
    shop::write(&wasm, module.with_marks()?)?;
    let mut command = shop.program("node", &["tests/e2e/first-visit.mjs"]);
    command.arg(dist);
    setting.apply(&mut command);
    let reached = shop::capture(&mut command)?;
    shop::write(&shop.target().join(REACHED), &reached)?;
    let (ran, whole) = module.with_tails(&Reached::read(&reached)?)?;
    let rare = module.of_modules(RARE);
    let parts = Module::read(&whole)?.split(&ran, &rare, constants.as_ref())?;

    publish(dist, &parts.first)?;
    publish_later(dist, "second", &parts.second)?;
    publish_later(dist, "third", &parts.third.ok_or("no function is of the modules of which the third part is made")?)
}

/// Puts a later part into `dist`, under a name that changes with its content, and tells the index.
fn publish_later(dist: &Path, part: &str, module: &[u8]) -> Outcome {
    let name = format!("{part}-{:016x}.wasm", fingerprint(module));
    shop::write(&dist.join(&name), module)?;
    edit_index(dist, "data-wasm=", &format!("data-{part}=\"./{name}\" data-wasm="))
}

/// Puts a module in the place of the one that the page has, under a name that changes with its content.
fn publish(dist: &Path, module: &[u8]) -> Outcome {
    let old = gates::file_in(dist, "_bg.wasm", "petri-web")?;
    let name = format!("petri-web-{:016x}_bg.wasm", fingerprint(module));
    std::fs::remove_file(&old).map_err(|error| format!("{}: {error}", old.display()))?;
    shop::write(&dist.join(&name), module)?;
    edit_index(dist, old.file_name().and_then(|name| name.to_str()).unwrap_or_default(), &name)
}

/// The WebAssembly as wasm-opt makes it. What the linker notes for us is taken out before: it would have to be told of
/// every change.
fn optimize(shop: &Shop, wasm: &Path) -> Outcome<Vec<u8>> {
    say("making the WebAssembly smaller", "20 seconds");
    wasm_opt(shop, WHOLE, &without_notes(&shop::read_bytes(wasm)?)?, SMALLER)
}

/// A module without what no page calls. What is left under its name lacks the names of functions, as what is served does.
fn shipped(shop: &Shop, module: &[u8]) -> Outcome<Vec<u8>> {
    let words = ["--remove-unused-module-elements", NAMED];
    let shipped = wasm_opt(shop, ONE, &without_exports(module, ONLY_FOR_BUILDS)?, &words)?;
    shop::write(&shop.target().join(ONE_NAMED), &shipped)?;
    shop::write(&shop.target().join(ONE), without_names(&shipped)?)?;
    Ok(shipped)
}

/// What wasm-opt makes of a module, which it leaves under this name as well.
fn wasm_opt(shop: &Shop, name: &str, module: &[u8], words: &[&str]) -> Outcome<Vec<u8>> {
    let setting = tools::wasm_opt(shop)?;
    let file = shop.target().join(name);
    shop::write(&file, module)?;
    let mut command = shop.program("wasm-opt", FEATURES);
    command.args(words).arg(&file).arg("-o").arg(&file);
    setting.apply(&mut command);
    run(&mut command)?;
    shop::read_bytes(&file)
}

/// The memory of a module that has made ready what the first visit opens with.
fn prepare(shop: &Shop) -> Outcome<Vec<u8>> {
    let memory = shop.target().join("page/memory");
    let mut command = shop.program("node", &["crates/xtask/tools/prepare.mjs"]);
    run(command.arg(shop.target().join(WHOLE)).arg(&memory))?;
    shop::read_bytes(&memory)
}

/// Gives the editor's file a name that changes with its content, so that no cache can pair it with another page.
fn name_editor_by_content(dist: &Path) -> Outcome {
    let plain = dist.join("editor/editor.js");
    let content = shop::read_bytes(&plain)?;
    let name = format!("editor/editor-{:016x}.js", fingerprint(&content));
    std::fs::rename(&plain, dist.join(&name)).map_err(|error| format!("{name}: {error}"))?;
    edit_index(dist, "./editor/editor.js", &format!("./{name}"))
}

/// The page about fidelity, and the link by which the page's help finds it.
fn tell_fidelity(shop: &Shop, dist: &Path) -> Outcome {
    say("playing the recordings, for the page about fidelity", "1 to 2 minutes to build, 10 seconds to play");
    let words = ["run", "--quiet", "--locked", "-p", "petri-conformance", "--bin", "fidelity"];
    shop::write(&dist.join(FIDELITY), shop::capture(&mut shop.cargo(&words))?)?;
    edit_index(dist, "</head>", &format!("<link rel=\"help\" href=\"./{FIDELITY}\"></head>"))
}

/// The service worker that keeps the page for a time without a network, with the list of what there is to keep. It must
/// come last: the list holds the final names, and its version is a fingerprint of all that they hold.
fn keep_for_offline(shop: &Shop, dist: &Path) -> Outcome {
    edit_index(dist, "data-wasm=", &format!("data-offline=\"./{OFFLINE}\" data-wasm="))?;
    let (mut first, mut later) = (Vec::new(), Vec::new());
    let mut content = Vec::new();
    for size in gates::sizes(dist)? {
        if size.name != OFFLINE {
            let bytes = shop::read_bytes(&dist.join(&size.name))?;
            content.extend(fingerprint(&bytes).to_le_bytes());
            (if size.first_load { &mut first } else { &mut later }).push(size.name);
        }
    }
    let list = serde_json::json!({ "first": first, "later": later });
    let script = shop.read("web/assets/offline.js")?;
    let script =
        replaced(&script, "const VERSION = \"\";", &format!("const VERSION = \"{:016x}\";", fingerprint(&content)))?;
    let script = replaced(&script, "const FILES = { first: [], later: [] };", &format!("const FILES = {list};"))?;
    shop::write(&dist.join(OFFLINE), script)
}

fn replaced(text: &str, from: &str, to: &str) -> Outcome<String> {
    if text.contains(from) { Ok(text.replace(from, to)) } else { Err(format!("offline.js does not hold `{from}`")) }
}

/// Replaces a text in the built index. Without it the page would not find what the build has just put beside it.
fn edit_index(dist: &Path, from: &str, to: &str) -> Outcome {
    let index = dist.join("index.html");
    let text = shop::read(&index)?;
    if !text.contains(from) {
        return Err(format!("index.html does not hold `{from}`, so the page could not find {to}"));
    }
    shop::write(&index, text.replace(from, to))
}

/// FNV-1a, which stays the same wherever and whenever it is computed.
pub fn fingerprint(content: &[u8]) -> u64 {
    content.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// What a strict content security policy and a sub-path would each break.
fn check_index(html: &str) -> Outcome {
    for tag in html.split('<').filter(|tag| tag.starts_with("script")) {
        let (attributes, content) = tag.split_once('>').unwrap_or((tag, ""));
        if !attributes.contains("src=") || !content.trim().is_empty() {
            return Err("index.html holds an inline script, which a strict content security policy refuses".to_owned());
        }
    }
    for root in ["src=\"/", "href=\"/", "src=/", "href=/", "<base"] {
        if html.contains(root) {
            return Err(format!("index.html holds `{root}`, which breaks under a sub-path"));
        }
    }
    Ok(())
}

/// The wanted port, or the next one that nobody listens on; for 0 any.
fn free_port(address: IpAddr, wanted: u16) -> Outcome<u16> {
    let bound = |port| TcpListener::bind((address, port)).and_then(|listener| listener.local_addr());
    (wanted..=wanted.saturating_add(50))
        .find_map(|port| Some(bound(port).ok()?.port()))
        .ok_or_else(|| format!("no port is free on {address} from {wanted} on: choose one with --port"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_that_breaks_a_policy_or_a_sub_path_is_refused() {
        assert_eq!(check_index("<script type=\"module\" src=\"./boot.js\"></script><link href=\"./a.css\">"), Ok(()));
        assert!(check_index("<script>go()</script>").is_err());
        assert!(check_index("<script type=\"module\">\nimport './x.js'</script>").is_err());
        assert!(check_index("<link href=\"/a.css\">").is_err());
        assert!(check_index("<base href=\".\">").is_err());
    }

    #[test]
    fn a_taken_port_is_passed_over() {
        let address = IpAddr::from([127, 0, 0, 1]);
        let taken = TcpListener::bind((address, 0)).expect("some port is free");
        let port = taken.local_addr().expect("it is bound").port();
        assert!(free_port(address, port).is_ok_and(|free| free != port));
        assert!(free_port(address, 0).is_ok_and(|free| free != 0));
    }
}
