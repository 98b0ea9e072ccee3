//! What each piece of the split costs and gains, for the page that `cargo xtask build` made last: a table of what brotli
//! makes of the modules, which stay in `target/page/pieces/`.
//!
//! cargo run --release -p petri-split --example pieces -- petri_objects::kept
//!
//! The words are modules whose functions are rare: they are for the third part.

use petri_split::{Constants, Module, Outcome, Reached};
use std::path::Path;
use std::process::Command;

/// Moves no piece of a function.
const NONE: usize = usize::MAX / 2;
const BROTLI: &str = "const {brotliCompressSync: b} = require('zlib'), {readFileSync: r} = require('fs');\
    for (const f of process.argv.slice(1)) console.log(String(b(r(f)).length).padStart(9), f)";

fn main() -> Outcome {
    let target = Path::new("target");
    let folder = target.join("page/pieces");
    let read = |name: &str| std::fs::read(target.join(name)).map_err(|error| format!("{name}: {error}"));
    let mut written = Vec::new();
    let mut write = |name: String, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))?;
        written.push(path);
        Ok::<(), String>(())
    };
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;

    write("0-as-wasm-opt-makes-it.wasm".to_owned(), &read("page/whole.wasm")?)?;
    write("1-opened-and-without-exports-for-builds.wasm".to_owned(), &read("page/one.wasm")?)?;
    let one = read("page/named.wasm")?;
    let reached = Reached::read(&String::from_utf8_lossy(&read("page/reached.txt")?))?;
    let constants = Constants::read(&read("wasm32-unknown-unknown/release/petri-web.wasm")?)?;
    let module = Module::read(&one)?;
    let rare = module.of_modules(&std::env::args().skip(1).collect::<Vec<_>>());
    for (name, worth) in [
        ("2-functions", NONE),
        ("3-tails-from-60-bytes", 60),
        ("3-tails-from-100-bytes", 100),
        ("3-tails-from-200-bytes", 200),
    ] {
        let (ran, cut) = module.cut(&reached, Some(worth))?;
        let cut = Module::read(&cut)?;
        for (more, constants) in [("", None), ("-and-constants", constants.as_ref())] {
            let parts = cut.split(&ran, &rare, constants)?;
            write(format!("{name}{more}-first.wasm"), &parts.first)?;
            write(format!("{name}{more}-second.wasm"), &parts.second)?;
            if let Some(third) = parts.third {
                write(format!("{name}{more}-third.wasm"), &third)?;
            }
        }
    }
    let status =
        Command::new("node").args(["-e", BROTLI]).args(&written).status().map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err("node could not compress the modules".to_owned()) }
}
