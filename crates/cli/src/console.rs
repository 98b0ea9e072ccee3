//! `petri console`: lines from standard input.

use petri_console::Files;
use petri_sim::ground::clock::elapsed;
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;
use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;

/// Files of the working folder, and the examples.
struct Folder;

impl Files for Folder {
    fn read(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(name).ok().or_else(|| {
            petri_lessons::examples().iter().find(|(example, _)| *example == name).map(|(_, text)| text.to_string())
        })
    }
    fn names(&self) -> Vec<String> {
        petri_lessons::examples().iter().map(|(name, _)| name.to_string()).collect()
    }
}

pub fn run() -> ExitCode {
    let mut timeline = Timeline::new(Recording::new(Scenario::standard(), 1));
    let interactive = std::io::stdin().is_terminal();
    let mut code = 0;
    let prompt = |timeline: &Timeline| {
        if interactive {
            print!("{} $ ", elapsed(timeline.now().since(timeline.start())));
            // Without a terminal there is nobody to see the prompt.
            let _ = std::io::stdout().flush();
        }
    };
    prompt(&timeline);
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let output = petri_console::run(&line, &mut timeline, &Folder);
        eprint!("{}{}", output.notes, output.stderr);
        print!("{}", output.stdout);
        code = output.code;
        prompt(&timeline);
    }
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
