//! A standard library for `wasm32-unknown-unknown`, without which no page can be built.
//!
//! rustup's own target comes first. Where rustup is missing or may not download, Debian's Rust for web browsers carries
//! the library's sources, and cargo builds the library along with the page.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shop::{Outcome, Setting, Shop, capture, find_program, run, say, warn};
use crate::tools;

pub const TARGET: &str = "wasm32-unknown-unknown";
const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld-19"];

/// What cargo needs around it to build for the browser.
pub fn ensure(shop: &Shop) -> Outcome<Setting> {
    if has_std(shop) {
        return Ok(Setting::default());
    }
    let mut problems = Vec::new();
    match through_rustup(shop) {
        Ok(()) if has_std(shop) => return Ok(Setting::default()),
        Ok(()) => problems.push("rustup added the target to another toolchain than the one in use".to_owned()),
        Err(problem) => problems.push(problem),
    }
    warn(&problems[0]);
    match through_debian(shop) {
        Ok(setting) => return Ok(setting),
        Err(problem) => problems.push(problem),
    }
    Err(format!(
        "Rust's standard library for {TARGET} is missing:\n{}\nThis would help:\n    rustup target add {TARGET}",
        problems.join("\n")
    ))
}

/// What a page for development is built with on top: no debug information. wasm-bindgen drops all of it, five sixths of what
/// the linker writes, and names of functions are apart from it.
pub fn development(setting: Setting) -> Setting {
    setting.with("CARGO_PROFILE_DEV_DEBUG", "0")
}

/// What the optimized page is built with on top: a standard library of its own, made for size, whose failures stop the
/// program without a word. The recording that the page hands out then is what tells them; see the boot script.
///
/// Both flags are not stable yet, so the compiler is told to accept them. Without the library's sources, or with a
/// compiler that does not know the flags, the page is the same and a tenth larger.
pub fn small(shop: &Shop, setting: &Setting) -> Setting {
    match small_std(shop, setting) {
        Ok(()) => Setting::default()
            .with("RUSTC_BOOTSTRAP", "1")
            .with("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort")
            .with("CARGO_UNSTABLE_BUILD_STD_FEATURES", "optimize_for_size")
            .with(RUSTFLAGS, format!("{SMALL_FLAGS} {NOTES}")),
        Err(problem) => {
            warn(&format!("the page is built with the standard library as it comes, and larger for it: {problem}"));
            Setting::default().with(RUSTFLAGS, NOTES)
        }
    }
}

const SMALL_FLAGS: &str = "-Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none -Zfmt-debug=none";

/// Tells the linker to leave notes of constants, for `split`.
const NOTES: &str = "-Clink-arg=--emit-relocs";
const RUSTFLAGS: &str = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS";

fn small_std(shop: &Shop, setting: &Setting) -> Outcome {
    let rustc = setting.variables.iter().find(|(name, _)| name == "RUSTC").map(|(_, program)| PathBuf::from(program));
    let rustc = rustc.unwrap_or_else(|| "rustc".into());
    let mut check = shop.program(&rustc, &["--print", "cfg", "--target", TARGET]);
    check.args(SMALL_FLAGS.split(' ')).env("RUSTC_BOOTSTRAP", "1");
    capture(&mut check).map_err(|_| "this compiler does not know its flags".to_owned())?;
    if sources(shop, &rustc).is_some() {
        return Ok(());
    }
    find_program(&["rustup"]).ok_or("its sources are not there, and rustup is not on PATH")?;
    say("adding the standard library's sources to the Rust toolchain", "5 seconds, once");
    run(shop.program("rustup", &["component", "add", "rust-src"]).stdout(std::io::stderr()))?;
    sources(shop, &rustc).map(drop).ok_or_else(|| "rustup added its sources to another toolchain".to_owned())
}

fn has_std(shop: &Shop) -> bool {
    let words = ["--print", "target-libdir", "--target", TARGET];
    capture(&mut shop.program("rustc", &words)).is_ok_and(|folder| holds_std(Path::new(folder.trim())))
}

fn holds_std(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    })
}

fn through_rustup(shop: &Shop) -> Outcome {
    find_program(&["rustup"]).ok_or("rustup is not on PATH")?;
    say(&format!("adding the target {TARGET} to the Rust toolchain"), "5 seconds, once");
    let mut command = shop.program("rustup", &["target", "add", TARGET]);
    command.stdout(std::io::stderr());
    run(&mut command)
}

fn through_debian(shop: &Shop) -> Outcome<Setting> {
    let rustc = Path::new("/usr/bin/rustc");
    let cargo = Path::new("/usr/bin/cargo");
    if sources(shop, rustc).is_none() || !cargo.is_file() || find_program(&["wasm-ld-19"]).is_none() {
        tools::install_packages(&DEBIAN_PACKAGES)?;
    }
    sources(shop, rustc).ok_or("Debian's rust-web-src did not bring the library's sources")?;
    say("using Debian's Rust for the browser; its standard library is built along", "45 seconds more, once");
    debian_setting(rustc, cargo)
}

/// The sources that `rustc` would build its library from, if they are there.
fn sources(shop: &Shop, rustc: &Path) -> Option<PathBuf> {
    let sysroot = capture(&mut shop.program(rustc, &["--print", "sysroot"])).ok()?;
    let sources = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library");
    sources.join("std/Cargo.toml").is_file().then_some(sources)
}

fn debian_setting(rustc: &Path, cargo: &Path) -> Outcome<Setting> {
    // A folder that holds these two alone: the rest of /usr/bin must not overtake the user's PATH.
    let programs = tools::cache()?.join("debian-rust/bin");
    crate::shop::make_folder(&programs)?;
    for (name, program) in [("rustc", rustc), ("cargo", cargo)] {
        let link = programs.join(name);
        let _ = std::fs::remove_file(&link);
        let script = format!("#!/bin/sh\nexec {} \"$@\"\n", program.display());
        crate::shop::write(&link, script)?;
        run(Command::new("chmod").arg("+x").arg(&link))?;
    }
    Ok(Setting::default()
        .with_path(programs)
        .with("RUSTC", rustc)
        .with("CARGO", cargo)
        .with("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld-19")
        // The library is built from source with the page's own profile, which also lets link-time optimization see it.
        .with("RUSTC_BOOTSTRAP", "1")
        .with("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_the_library_does_not_count() {
        let folder = std::env::temp_dir().join(format!("petri-xtask-std-{}", std::process::id()));
        assert!(!holds_std(&folder));
        crate::shop::write(&folder.join("libcore-1.rlib"), "").expect("a temporary folder is writable");
        assert!(!holds_std(&folder));
        crate::shop::write(&folder.join("libstd-1.rlib"), "").expect("a temporary folder is writable");
        assert!(holds_std(&folder));
        crate::shop::remove_folder(&folder).expect("the folder is ours");
    }
}
