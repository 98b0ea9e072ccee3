//! What `dist/` carries for the hosts that serve it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::gates;
use crate::shop::{self, Outcome, capture, find_program, say};

/// So long browsers may keep what changes its name with its content: a year.
pub const KEPT: &str = "public, max-age=31536000, immutable";
/// What is served as text, or as well compressible as text.
const COMPRESSED: [&str; 11] =
    [".html", ".css", ".js", ".mjs", ".jsx", ".json", ".svg", ".txt", ".wasm", ".yaml", ".md"];

/// Writes the headers that hosts should send.
pub fn tell_hosts(dist: &Path) -> Outcome {
    let names: Vec<String> = gates::names(dist)?;
    shop::write(&dist.join(gates::HEADERS), headers(&names))
}

fn headers(names: &[String]) -> String {
    // Frames in a sandbox have no origin of their own.
    let mut text = String::from(
        "# For a site whose root this folder is. Below another folder, put that before each path.\n\
         /*\n  Access-Control-Allow-Origin: *\n  X-Content-Type-Options: nosniff\n",
    );
    for name in names.iter().filter(|name| is_named_by_content(name)) {
        text.push_str(&format!("/{name}\n  Cache-Control: {KEPT}\n"));
        if name.ends_with(".wasm") {
            text.push_str("  Content-Type: application/wasm\n");
        }
    }
    text
}

/// Whether a name holds a fingerprint of the content.
pub fn is_named_by_content(name: &str) -> bool {
    let parts = name.rsplit('/').next().unwrap_or(name).split(['-', '_', '.']);
    let is_print = |part: &str| part.len() >= 12 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    parts.into_iter().any(is_print)
}

/// Puts a `.br` and a `.gz` beside each file that gets smaller by it.
pub fn precompress(dist: &Path) -> Outcome<usize> {
    let names = gates::names(dist)?;
    let files = names.iter().filter(|name| COMPRESSED.iter().any(|ending| name.ends_with(ending)));
    let files: Vec<PathBuf> = files.map(|name| dist.join(name)).collect();
    say(&format!("compressing {} files", files.len()), "10 seconds");
    let script = "const { brotliCompressSync: br, gzipSync: gz, constants: c } = require('zlib');\
        const { readFileSync: read, writeFileSync: write } = require('fs');\
        for (const name of process.argv.slice(1)) {\
          const file = read(name), hint = { params: { [c.BROTLI_PARAM_SIZE_HINT]: file.length } };\
          for (const [end, packed] of [['.br', br(file, hint)], ['.gz', gz(file, { level: 9 })]])\
            if (packed.length < file.length) write(name + end, packed);\
        }";
    let node = find_program(&["node"]).ok_or("Node is needed to compress with brotli")?;
    capture(Command::new(node).args(["-e", script]).args(&files))?;
    Ok(files.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_a_fingerprint_are_kept_and_others_are_not() {
        for name in [
            "petri-web-0123456789abcdef_bg.wasm",
            "second-0123456789abcdef.wasm",
            "editor/editor-abcdef0123456789.js",
            "page-d7bb4fdd2d9df8ce.css",
        ] {
            assert!(is_named_by_content(name), "{name}");
        }
        for name in ["embed.js", "index.html", "examples/nginx-web.yaml", "offline.js", "deadbeef/embed.js"] {
            assert!(!is_named_by_content(name), "{name}");
        }
        let text = headers(&["embed.js".to_owned(), "second-0123456789abcdef.wasm".to_owned()]);
        assert!(text.contains("/second-0123456789abcdef.wasm\n  Cache-Control: public, max-age=31536000, immutable\n  Content-Type: application/wasm"));
        assert!(!text.contains("embed.js"));
    }
}
