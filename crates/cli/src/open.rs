//! `petri open`: a recording, from a file or a link, told and played.

use petri_sim::ground::clock::elapsed;
use petri_sim::story::link;
use petri_sim::story::recording::{ENGINE, said};
use petri_sim::story::shared::{Refused, Shared};
use petri_sim::story::timeline::Timeline;
use petri_sim::words::invariants::Standing;
use petri_sim::words::note::What;
use std::process::ExitCode;

/// Opens what the first word names; `--json` and `--link` write it in one of its two forms instead.
pub fn run(words: &[String]) -> ExitCode {
    let (flags, names): (Vec<&str>, Vec<&str>) = words.iter().map(String::as_str).partition(|w| w.starts_with("--"));
    let ([name], [] | ["--json"] | ["--link"]) = (&names[..], &flags[..]) else {
        eprintln!("petri open: one recording, please: petri open FILE|LINK [--json|--link]");
        return ExitCode::from(2);
    };
    let shared = match read(name) {
        Ok(shared) => shared,
        Err(refused) => {
            eprintln!("error: {name} could not be opened: {refused}");
            for manifest in &refused.manifests {
                println!("---\n{}", petri_manifest::to_yaml(manifest).trim_end());
            }
            return ExitCode::FAILURE;
        }
    };
    match flags[..] {
        ["--json"] => println!("{}", shared.to_json()),
        ["--link"] => println!("#{}", link::to_fragment(&shared)),
        _ => return tell(shared),
    }
    ExitCode::SUCCESS
}

/// From a link, or from a file with a recording or a link in it.
pub fn read(name: &str) -> Result<Shared, Refused> {
    let of_link = |text: &str| text.split_once('#').and_then(|(_, fragment)| link::from_fragment(fragment.trim_end()));
    if let Some(result) = of_link(name) {
        return result;
    }
    let text = std::fs::read_to_string(name)
        .map_err(|problem| Refused { words: problem.to_string(), manifests: Vec::new() })?;
    match text.trim_start().starts_with('{') {
        true => Shared::from_json(&text),
        false => of_link(&text).unwrap_or_else(|| Shared::from_json(&text)),
    }
}

fn tell(shared: Shared) -> ExitCode {
    let older = shared.is_older();
    let Shared { recording, moment, end, bookmarks, .. } = shared;
    let start = recording.scenario.start;
    let (machines, engine) = (recording.scenario.machines.len(), &recording.engine);
    println!("{machines} machines ({}), seed {}, made with Petri {engine}", recording.scenario.name, recording.seed);
    if older {
        println!("This is Petri {ENGINE}: what follows may differ from what its sender saw.");
    }
    for (number, stamped) in recording.commands.iter().enumerate() {
        println!("  {}  {}", elapsed(stamped.at.since(start)), said(&recording.commands, number));
    }
    for bookmark in bookmarks.iter() {
        println!("  {}  bookmark: {}", elapsed(bookmark.at.since(start)), bookmark.name);
    }
    println!("it ends at {}, and {} is shown", elapsed(end.since(start)), elapsed(moment.since(start)));
    let mut timeline = Timeline::new(recording);
    timeline.play_until(end);
    for note in timeline.notes() {
        if let What::Guarantee { guarantee, standing: Standing::Broken { evidence, .. }, .. } = &note.what {
            println!("  {}  {} is broken: {}", elapsed(note.at.since(start)), guarantee.title(), evidence.sentence);
        }
    }
    if let Some(standstill) = timeline.world().standstill() {
        println!("  {}  {standstill}", elapsed(standstill.elapsed));
    }
    if let Some(words) = timeline.ended().filter(|_| timeline.now() < end) {
        println!("{words}");
    }
    match timeline.misfit() {
        None => ExitCode::SUCCESS,
        Some(misfit) => {
            eprintln!("error: {misfit}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use petri_sim::ground::scenario::Scenario;
    use petri_sim::story::recording::Recording;

    #[test]
    fn a_recording_is_read_from_a_file_and_from_a_link() {
        let start = Scenario::standard().start;
        let shared = Shared::new(Recording::new(Scenario::standard(), 3), start, start);
        let link = format!("https://petri.example/#{}", link::to_fragment(&shared));
        assert_eq!(read(&link), Ok(shared.clone()));
        let file = std::env::temp_dir().join(format!("petri-open-{}", std::process::id()));
        for text in [shared.to_json(), format!("{link}\n")] {
            std::fs::write(&file, text).expect("there is room for a file");
            assert_eq!(read(&file.to_string_lossy()), Ok(shared.clone()));
        }
        std::fs::remove_file(&file).expect("it is there");
        assert!(read(&file.to_string_lossy()).is_err(), "there is no such file");
    }
}
