//! What kubectl says of itself: `kubectl`, `kubectl get --help`, `kubectl create -h`.
//!
//! Upstream: the short descriptions and usage lines of `kubectl/pkg/cmd`; examples and flags are left out.

use crate::output::Output;

/// A line for each command: its words, what it does, and how it is said, with tabs between; those of the top in groups.
const TEXT: &str = include_str!("usage.txt");

fn commands() -> impl Iterator<Item = [&'static str; 3]> {
    TEXT.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let mut parts = line.split('\t');
        [(); 3].map(|()| parts.next().unwrap_or_default())
    })
}

fn row(name: &str, what: &str, width: usize) -> String {
    format!("  {name:width$}{what}\n")
}

/// `kubectl`, and `kubectl --help`.
#[inline(never)]
pub(crate) fn all() -> String {
    let mut text = String::from(
        "kubectl controls the Kubernetes cluster manager.\n\n Find more information at: \
         https://kubernetes.io/docs/reference/kubectl/\n",
    );
    for line in TEXT.lines() {
        if let Some(group) = line.strip_prefix("# ") {
            text.push_str(&format!("\n{group}:\n"));
        } else if line == "#" {
            break;
        } else {
            let mut parts = line.split('\t');
            text.push_str(&row(parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), 16));
        }
    }
    text + "\nUsage:\n  kubectl [flags] [options]\n\nUse \"kubectl <command> --help\" for more information about a given \
            command.\nUse \"kubectl options\" for a list of global command-line options (applies to all commands).\n"
}

/// `kubectl VERB --help`; of the words behind the verb the first ones may name one of its own commands.
#[inline(never)]
pub(super) fn help(verb: &str, words: &[String]) -> Output {
    let mut name = verb.to_owned();
    for word in words.iter().filter(|word| !word.starts_with('-')) {
        let longer = format!("{name} {word}");
        if !commands().any(|[own, ..]| own == longer) {
            break;
        }
        name = longer;
    }
    let [_, what, usage] = commands().find(|[own, ..]| *own == name).unwrap_or(["", "", "[flags]"]);
    let below: Vec<[&str; 3]> =
        commands().filter(|[own, ..]| own.rsplit_once(' ').is_some_and(|(before, _)| before == name)).collect();
    let mut text = if what.is_empty() { String::new() } else { format!("{what}.\n\n") };
    if !below.is_empty() {
        text.push_str("Available Commands:\n");
        let last = |own: &'static str| own.rsplit(' ').next().unwrap_or_default();
        let width = below.iter().map(|[own, ..]| last(own).len()).max().unwrap_or(0) + 3;
        below.iter().for_each(|[own, what, _]| text.push_str(&row(last(own), what, width)));
        text.push('\n');
    }
    text.push_str(&format!("Usage:\n  kubectl {name} {usage} [options]\n\n"));
    if !below.is_empty() {
        text.push_str(&format!(
            "Use \"kubectl {name} <command> --help\" for more information about a given command.\n"
        ));
    }
    Output::text(
        text + "Use \"kubectl options\" for a list of global command-line options (applies to all commands).\n",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_tells_how_it_is_said_and_what_is_below_it() {
        let words = |line: &str| line.split(' ').map(String::from).collect::<Vec<_>>();
        let said = help("rollout", &[]).stdout;
        assert!(said.contains("  status    Show the status of the rollout\n"), "{said}");
        assert!(said.contains("Usage:\n  kubectl rollout SUBCOMMAND [options]\n"), "{said}");
        let said = help("rollout", &words("status sts/web --help")).stdout;
        assert!(
            said.contains("Usage:\n  kubectl rollout status (TYPE NAME | TYPE/NAME) [flags] [options]\n"),
            "{said}"
        );
        assert!(help("create", &words("secret tls -h")).stdout.contains("kubectl create secret tls NAME --cert="));
        let all = all();
        assert!(all.contains("\nBasic Commands (Beginner):\n  create          Create a resource"), "{all}");
        assert_eq!(all.matches("Commands").count(), 8, "{all}");
    }
}
