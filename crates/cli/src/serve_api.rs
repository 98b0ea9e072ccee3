//! `petri serve-api`: a cluster for real kubectl, for Helm and for client libraries.

use petri_kube_api::cluster::Cluster;
use petri_kube_api::serve::{self, Pace};
use petri_sim::ground::limits::MAX_MACHINES;
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HELP: &str = "petri serve-api [flags]
  the cluster of the page behind a Kubernetes API over plain HTTP, on this machine only

  --port N           the port (8001); 0 for any
  --scenario S       what it begins with: standard (four machines), empty, sized-N (N machines), or the name of an example,
                     which is applied to the four machines
  --seed N           what chance makes of it (1)
  --speed N          how fast its clock runs: 1 as yours, 60 a minute in a second, 0 only when it is told to (1);
                     `watched` for a clock that stands still unless a client waits for something
  --recording FILE   keep the run there, for `petri open` and for the page; a run that is there already goes on
  --kubeconfig FILE  write a configuration for kubectl
  --address IP       listen on another address than 127.0.0.1: whoever reaches it may do everything
";

struct Options {
    port: u16,
    address: IpAddr,
    scenario: String,
    seed: u64,
    pace: Pace,
    recording: Option<PathBuf>,
    kubeconfig: Option<PathBuf>,
}

pub fn run(words: &[String]) -> ExitCode {
    if words.iter().any(|word| word == "--help" || word == "-h") {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let options = match options(words) {
        Ok(options) => options,
        Err(problem) => {
            eprint!("petri serve-api: {problem}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match start(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn options(words: &[String]) -> Result<Options, String> {
    let mut options = Options {
        port: 8001,
        address: Ipv4Addr::LOCALHOST.into(),
        scenario: "standard".into(),
        seed: 1,
        pace: Pace::Times(1),
        recording: None,
        kubeconfig: None,
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (flag, value) = match word.split_once('=') {
            Some((flag, value)) => (flag, value.to_owned()),
            None => {
                let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
                (word.as_str(), value.clone())
            }
        };
        let wrong = |what: &str| format!("{flag}: `{value}` is no {what}");
        match flag {
            "--port" => options.port = value.parse().map_err(|_| wrong("port"))?,
            "--address" => options.address = value.parse().map_err(|_| wrong("address"))?,
            "--scenario" => options.scenario = value,
            "--seed" => options.seed = value.parse().map_err(|_| wrong("number"))?,
            "--speed" if value == "watched" => options.pace = Pace::WhileWatched,
            "--speed" => {
                let times = value.parse().ok().filter(|times| *times <= 100_000);
                options.pace = Pace::Times(times.ok_or_else(|| wrong("speed"))?);
            }
            "--recording" => options.recording = Some(value.into()),
            "--kubeconfig" => options.kubeconfig = Some(value.into()),
            _ => return Err(format!("this is not understood: {word}")),
        }
    }
    Ok(options)
}

fn start(options: &Options) -> Result<(), String> {
    let timeline = timeline(options)?;
    let listener = TcpListener::bind(SocketAddr::new(options.address, options.port))
        .map_err(|error| format!("{}:{} cannot be used: {error}", options.address, options.port))?;
    let at = listener.local_addr().map_err(|error| error.to_string())?;
    let url = format!("http://{at}");
    if let Some(file) = &options.kubeconfig {
        write(file, &kubeconfig(&url))?;
    }
    match options.address.is_loopback() {
        true => println!("Serving a cluster on {url}, for this machine only."),
        false => println!(
            "Serving a cluster on {url}.\nWARNING: there is no authentication: whoever reaches this address may do everything."
        ),
    }
    match &options.kubeconfig {
        Some(file) => println!("  export KUBECONFIG={}", file.display()),
        None => println!("  kubectl --server={url} get nodes"),
    }
    match options.pace {
        Pace::Times(0) => println!("Its clock stands still: petri ctl --server={url} run 60s"),
        Pace::Times(1) => {}
        Pace::Times(times) => println!("Its clock runs {times} times as fast as yours."),
        Pace::WhileWatched => println!("Its clock stands still unless a client waits for something."),
    }
    let file = options.recording.clone();
    let keep = move |cluster: &Cluster| {
        let Some(file) = &file else { return };
        if let Err(problem) = write(file, &cluster.run.timeline.shared().to_json()) {
            eprintln!("error: {problem}");
        }
    };
    serve::run(listener, Cluster::new(timeline), options.pace, Box::new(keep)).map_err(|error| error.to_string())
}

/// A file is whole, whatever happens while it is written.
fn write(file: &Path, text: &str) -> Result<(), String> {
    let told = |error: std::io::Error| format!("{} cannot be written: {error}", file.display());
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, text).map_err(told)?;
    std::fs::rename(&beside, file).map_err(told)
}

fn kubeconfig(url: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: petri\n  cluster:\n    server: {url}\nusers:\n- name: petri\n  user: \
         {{}}\ncontexts:\n- name: petri\n  context:\n    cluster: petri\n    user: petri\n    namespace: \
         default\ncurrent-context: petri\n"
    )
}

/// What is served: the run of a file that is there, or a new one.
fn timeline(options: &Options) -> Result<Timeline, String> {
    if let Some(file) = options.recording.as_ref().filter(|file| file.exists()) {
        let shared = crate::open::read(&file.to_string_lossy())
            .map_err(|refused| format!("{} holds no run that could go on: {refused}", file.display()))?;
        let end = shared.end;
        let mut timeline = Timeline::opened(shared);
        timeline.play_until(end);
        return Ok(timeline);
    }
    let name = options.scenario.as_str();
    let sized = name.strip_prefix("sized-").and_then(|count| count.parse::<u32>().ok());
    let scenario = match (name, sized) {
        ("standard", _) => Some(Scenario::standard()),
        ("empty", _) => Some(Scenario::empty("empty")),
        (_, Some(count)) if count as usize <= MAX_MACHINES => Some(Scenario::sized(count)),
        _ => None,
    };
    if let Some(scenario) = scenario {
        return Ok(Timeline::new(Recording::new(scenario, options.seed)));
    }
    let examples = petri_lessons::examples();
    let stem = |file: &'static str| file.split('.').next().unwrap_or(file);
    let Some((_, text)) = examples.iter().find(|(file, _)| stem(file) == name || *file == name) else {
        let names: Vec<&str> = examples.iter().map(|(file, _)| stem(file)).collect();
        return Err(format!(
            "there is no scenario `{name}`: standard, empty, sized-N (up to {MAX_MACHINES}), or one of {}",
            names.join(", ")
        ));
    };
    let mut timeline = Timeline::new(Recording::new(Scenario::standard(), options.seed));
    let files = BTreeMap::from([("example.yaml".to_owned(), (*text).to_owned())]);
    let output = petri_console::run("kubectl apply -f example.yaml", &mut timeline, &files);
    timeline.says(None);
    if output.code != 0 {
        return Err(format!("the example could not be applied: {}", output.stderr.trim_end()));
    }
    Ok(timeline)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Options, String> {
        let words: Vec<String> = line.split(' ').filter(|word| !word.is_empty()).map(String::from).collect();
        options(&words)
    }

    #[test]
    fn flags_are_read_in_both_forms() {
        let read_well = read("--port=0 --speed 60 --seed 7 --scenario lease").expect("they are all right");
        assert_eq!((read_well.port, read_well.pace, read_well.seed), (0, Pace::Times(60), 7));
        assert!(read_well.address.is_loopback());
        assert_eq!(read("--speed watched").map(|options| options.pace), Ok(Pace::WhileWatched));
        for wrong in ["--port x", "--speed fast", "--seed", "--what 1", "--address here"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_scenario_is_known_by_its_name_or_refused_with_all_of_them() {
        let of = |name: &str| timeline(&read(&format!("--scenario {name}")).expect("it is a flag"));
        assert_eq!(of("sized-7").map(|timeline| timeline.world().machines.len()), Ok(7));
        assert_eq!(of("lease").map(|timeline| timeline.recording().commands.is_empty()), Ok(false));
        let refused = of("nothing").map(|_| ()).expect_err("there is none");
        assert!(refused.contains("standard, empty") && refused.contains("lease"), "{refused}");
        assert!(of("sized-900").is_err());
    }
}
