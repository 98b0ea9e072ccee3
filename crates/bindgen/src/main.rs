//! wasm-bindgen's command line, as far as trunk uses it: its own library behind the flags that a page needs.
//!
//! The whole command line serves tests too, with a web server and an HTTP client in it, and takes three times as long to
//! build. Tests take that one; the first page does not wait for it.

use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words == ["--version"] {
        println!("wasm-bindgen {}", env!("CARGO_PKG_VERSION"));
        return ExitCode::SUCCESS;
    }
    match Wanted::read(&words).and_then(|wanted| wanted.make()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// What is asked for: a module for `<script type="module">`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wanted {
    input: String,
    out_dir: String,
    out_name: String,
    typescript: bool,
    demangle: bool,
}

impl Wanted {
    fn read(words: &[String]) -> Result<Self, String> {
        let mut wanted = Self { typescript: true, demangle: true, ..Self::default() };
        for word in words {
            match word.split_once('=').unwrap_or((word, "")) {
                ("--target", "web") => {}
                ("--target", other) => return Err(format!("only --target=web can be made here, not {other}")),
                ("--out-dir", folder) => wanted.out_dir = folder.to_owned(),
                ("--out-name", name) => wanted.out_name = name.to_owned(),
                ("--no-typescript", "") => wanted.typescript = false,
                ("--no-demangle", "") => wanted.demangle = false,
                (flag, _) if flag.starts_with('-') => return Err(format!("{flag} is not understood here")),
                _ if wanted.input.is_empty() => wanted.input = word.to_owned(),
                _ => return Err(format!("one module at a time, so not {word} as well")),
            }
        }
        for (value, name) in
            [(&wanted.input, "a module"), (&wanted.out_dir, "--out-dir"), (&wanted.out_name, "--out-name")]
        {
            if value.is_empty() {
                return Err(format!("{name} is missing"));
            }
        }
        Ok(wanted)
    }

    fn make(&self) -> Result<(), String> {
        let made = Bindgen::new().web(true).and_then(|bindgen| {
            bindgen.input_path(&self.input).out_name(&self.out_name).typescript(self.typescript);
            bindgen.demangle(self.demangle).omit_default_module_path(false).generate(&self.out_dir)
        });
        // Alternate form: with what caused it.
        made.map_err(|error| format!("{error:#}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Wanted, String> {
        Wanted::read(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn what_trunk_says_is_understood() {
        let wanted = read("--target=web --out-dir=/t/out --out-name=page /t/page.wasm --no-typescript");
        let expected = Wanted {
            input: "/t/page.wasm".to_owned(),
            out_dir: "/t/out".to_owned(),
            out_name: "page".to_owned(),
            typescript: false,
            demangle: true,
        };
        assert_eq!(wanted, Ok(expected));
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        assert!(read("--target=bundler --out-dir=o --out-name=n m").is_err_and(|why| why.contains("bundler")));
        assert!(read("--out-dir=o --out-name=n m --keep-debug").is_err_and(|why| why.contains("--keep-debug")));
        assert!(read("--out-dir=o --out-name=n m m2").is_err_and(|why| why.contains("m2")));
        assert!(read("--out-dir=o m").is_err_and(|why| why.contains("--out-name")));
    }
}
