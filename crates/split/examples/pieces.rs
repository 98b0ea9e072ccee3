//! What each piece of the split costs and gains, for the page that was built last. Writes the modules into
//! `target/page/pieces/`; `brotli` (or any packer) then says what they weigh.
//!
//! cargo run --release -p petri-split --example pieces

use petri_split::{Constants, Module, Outcome, Reached};
use std::path::Path;

fn main() -> Outcome {
    let target = Path::new("target");
    let read = |name: &str| std::fs::read(target.join(name)).map_err(|error| format!("{name}: {error}"));
    let folder = target.join("page/pieces");
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).map_err(|e| format!("{name}: {e}"));
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;

    let whole = read("page/whole.wasm")?;
    let linked = read("wasm32-unknown-unknown/release/petri-web.wasm")?;
    let reached = Reached::read(&String::from_utf8_lossy(&read("page/reached.txt")?))?;
    let constants = Constants::read(&linked)?;
    write("0-plain.wasm", &whole)?;
    let started = Module::read(&whole)?.with_memory(&read("page/memory")?)?;
    write("1-memory.wasm", &started)?;
    let module = Module::read(&started)?;
    for (name, worth) in [("2-functions", Some(usize::MAX / 2)), ("3-tails", Some(6))] {
        let (ran, cut) = module.cut(&reached, worth)?;
        write(&format!("{name}.cut.wasm"), &cut)?;
        let cut = Module::read(&cut)?;
        for (more, constants) in [("", None), ("-constants", constants.as_ref())] {
            let parts = cut.split(&ran, constants)?;
            write(&format!("{name}{more}.first.wasm"), &parts.first)?;
            write(&format!("{name}{more}.second.wasm"), &parts.second)?;
        }
    }
    Ok(())
}
