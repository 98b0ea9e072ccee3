//! The workshop: one command each to serve, test, build and measure Petri, from a fresh clone.
//!
//! Every step says what it does and how long it usually takes, installs what it misses into one folder of the user's
//! cache, and fails with the one command that would help. Reading order: `shop` (processes and paths), `progress`, `tools`,
//! `wasm_std`, `page`, `dist`, `checks`, `docs`, `fresh`, `gates`, `hosting`, `judge`, `nginx`, `licenses`, `swarm`, `bench`.

mod shop;

mod bench;
mod checks;
mod counts;
mod dist;
mod docs;
mod fresh;
mod gates;
mod hosting;
mod judge;
mod licenses;
mod nginx;
mod page;
mod progress;
mod swarm;
mod tools;
mod wasm_std;

use std::process::ExitCode;

use shop::{Outcome, Shop};

const HELP: &str = "\
cargo xtask <command>

  serve          build the page, serve it on this machine and rebuild on change
                   --port N       first port to try (8080); 0 for any
                   --address IP   address to listen on (127.0.0.1)
                   --release      serve an optimized build
                   --open         open a browser as well
  test           everything that must hold, browser tests included
                   --only A[,B]   run these steps alone
                   --skip A[,B]   leave these steps out
                   --quick        most of what can break, for daily use
                   --list         name the steps
  build          the optimized page in dist/, for any sub-path of any static host
                   --whole        its WebAssembly in one module, not split by what a first visit runs:
                                  the plain way, which needs no browser
                   --precompressed  a .br and a .gz beside each file, for hosts that serve such
  bench          measure native, WebAssembly and the peer; table on screen, figures in target/bench.json
                   --no-peer      leave the peer out
                   --quick        fewer and smaller runs
  docs           what eight documentation tools make of a page with a cluster, each built by the tool itself and read in a
                 browser; and what the README has a newcomer do
                   --only A[,B]   these tools alone
  fuzz           what a seeded mutator makes of texts, for everything that reads what somebody typed or sent
                   --minutes N    for so long (10)
                   --seed N       other inputs (1)
  judge          the real kubectl says what the console says, line by line, in equal worlds
                   --only WORD    the twins and transcripts whose names hold it
  screenshots    take the pictures of tests/e2e/screenshots.mjs, or only those whose names hold one of the words that follow
  clean          remove dist/ and target/
                   --tools        remove the installed tools from the user's cache instead
  help           this text
";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let command = words.next().unwrap_or_else(|| "help".to_owned());
    let rest: Vec<String> = words.collect();
    match run(&command, rest) {
        Ok(code) => code,
        Err(problem) => {
            eprintln!("\nxtask {command}: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &str, rest: Vec<String>) -> Outcome<ExitCode> {
    if matches!(command, "help" | "--help" | "-h") || rest.iter().any(|word| word == "--help") {
        print!("{HELP}");
        return Ok(ExitCode::SUCCESS);
    }
    let mut flags = Flags { words: rest };
    let shop = Shop::open()?;
    match command {
        "serve" => {
            let options = page::ServeOptions {
                port: flags.value("--port")?.map(|port| number(&port)).transpose()?.unwrap_or(8080),
                address: flags.value("--address")?.unwrap_or_else(|| "127.0.0.1".to_owned()),
                release: flags.switch("--release"),
                open: flags.switch("--open"),
            };
            flags.finish()?;
            page::serve(&shop, &options)?;
        }
        "test" => {
            let choice = checks::Choice {
                only: flags.value("--only")?.map(list),
                skip: flags.value("--skip")?.map(list).unwrap_or_default(),
                quick: flags.switch("--quick"),
                list: flags.switch("--list"),
            };
            flags.finish()?;
            return checks::test(&shop, &choice);
        }
        "build" => {
            let whole = flags.switch("--whole");
            let precompressed = flags.switch("--precompressed");
            flags.finish()?;
            match whole {
                true => {
                    page::build(&shop, page::Shape::Whole)?;
                    if precompressed {
                        hosting::precompress(&shop.path("dist"))?;
                    }
                }
                false => dist::build(&shop, precompressed)?,
            }
        }
        "bench" => {
            let options = bench::Options { peer: !flags.switch("--no-peer"), quick: flags.switch("--quick") };
            flags.finish()?;
            bench::measure(&shop, options)?;
        }
        "docs" => {
            let only = flags.value("--only")?.map(list);
            flags.finish()?;
            return docs::all(&shop, only.as_deref());
        }
        "fuzz" => {
            let minutes = flags.value("--minutes")?.unwrap_or_else(|| "10".to_owned());
            let seed = flags.value("--seed")?.unwrap_or_else(|| "1".to_owned());
            flags.finish()?;
            swarm::fuzz(&shop, &minutes, &seed)?;
        }
        "judge" => {
            let only = flags.value("--only")?.unwrap_or_default();
            flags.finish()?;
            judge::all(&shop, &only)?;
        }
        "screenshots" => {
            page::screenshots(&shop, &flags.words)?;
        }
        "clean" => {
            let installed = flags.switch("--tools");
            flags.finish()?;
            if installed { tools::clean()? } else { page::clean(&shop)? }
        }
        other => return Err(format!("there is no command `{other}`\n\n{HELP}")),
    }
    Ok(ExitCode::SUCCESS)
}

fn list(text: String) -> Vec<String> {
    text.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

fn number(text: &str) -> Outcome<u16> {
    text.parse().map_err(|_| format!("`{text}` is not a port number"))
}

/// The words after the command, taken out one by one; what is left at the end is a mistake.
struct Flags {
    words: Vec<String>,
}

impl Flags {
    fn switch(&mut self, name: &str) -> bool {
        let before = self.words.len();
        self.words.retain(|word| word != name);
        self.words.len() < before
    }

    /// The value of `--name value` or `--name=value`.
    fn value(&mut self, name: &str) -> Outcome<Option<String>> {
        let joined = format!("{name}=");
        if let Some(at) = self.words.iter().position(|word| word.starts_with(&joined)) {
            return Ok(Some(self.words.remove(at)[joined.len()..].to_owned()));
        }
        let Some(at) = self.words.iter().position(|word| word == name) else { return Ok(None) };
        if at + 1 >= self.words.len() {
            return Err(format!("{name} needs a value"));
        }
        self.words.remove(at);
        Ok(Some(self.words.remove(at)))
    }

    fn finish(self) -> Outcome {
        match self.words.first() {
            None => Ok(()),
            Some(word) => Err(format!("`{word}` is not understood\n\n{HELP}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(line: &str) -> Flags {
        Flags { words: line.split_whitespace().map(str::to_owned).collect() }
    }

    #[test]
    fn a_value_may_follow_or_be_joined() {
        assert_eq!(flags("--only e2e").value("--only"), Ok(Some("e2e".to_owned())));
        assert_eq!(flags("--only=e2e,page").value("--only").map(|v| v.map(list)), {
            Ok(Some(vec!["e2e".to_owned(), "page".to_owned()]))
        });
        assert_eq!(flags("").value("--only"), Ok(None));
        assert!(flags("--only").value("--only").is_err());
    }

    #[test]
    fn a_word_that_nobody_took_is_refused() {
        let mut some = flags("--open --typo");
        assert!(some.switch("--open"));
        assert!(some.finish().is_err_and(|problem| problem.contains("--typo")));
        assert!(flags("").finish().is_ok());
    }
}
