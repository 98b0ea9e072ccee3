//! How a container starts, answers and stops, as its image and the annotations of its pod say.

use super::asked::Asked;
use super::script;
use crate::ground::clock::Span;
use crate::ground::pace;
use crate::ground::settings::KubeletSettings;
use petri_objects::{Container, Labels, Pod};

/// Which part of its pod a container is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContainerSort {
    /// It has to succeed before the next one starts.
    Init,
    /// An init container with `restartPolicy: Always`: the next starts as soon as it has started, and it stays.
    Sidecar,
    Regular,
}

/// What will happen when a container is started.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Behaviour {
    pub start: Span,
    pub health: Health,
    /// From SIGTERM to exit.
    pub stop: Span,
    /// It exits by itself after so long, with this code.
    pub run: Option<(Span, i32)>,
}

/// What a container answers to its probes, counted from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Health {
    /// It answers nothing before.
    pub answers: Span,
    /// Whether it says that it is ready, once it answers.
    pub ready: bool,
    /// From when on its startup probe succeeds, if ever.
    pub startup: Option<Span>,
    /// From when on its liveness probe fails, if ever.
    pub unwell: Option<Span>,
}

pub fn behaviour(pod: &Pod, container: &Container, sort: ContainerSort, defaults: &KubeletSettings) -> Behaviour {
    let text = |key: &str| container_annotation(pod, container, sort, key);
    let span = |asked: Asked| text(asked.key()).and_then(|text| asked.read(text));
    let word = word_of(pod, container, sort);
    let declared = |wanted: &str, value: Span| (word == Some(wanted)).then_some(value);
    let crashes = declared("crasher", Span::seconds(1));
    // Most containers are told nothing, and do what their image does.
    let is_told = !container.command.is_empty() || !container.args.is_empty();
    let course = if is_told && word.is_none() { script::course(container) } else { None };
    let ends = match sort {
        ContainerSort::Init => Some(Span::seconds(1)),
        ContainerSort::Regular if word.is_none() && is_of_job(pod) => script::work(container),
        _ => None,
    };
    // The first process of a container does not hear signals that it does not handle, and neither shell nor sleep does.
    let deaf = course.is_some().then_some(pace::LONGEST);
    Behaviour {
        start: span(Asked::StartDelay).unwrap_or(defaults.start),
        health: health(pod, container, sort, defaults.ready),
        stop: span(Asked::StopDelay).or(declared("slow-stopper", Span::seconds(60))).or(deaf).unwrap_or(defaults.stop),
        run: match (span(Asked::Run).or(crashes), course) {
            (None, Some(script::Course { ends: Some(ends), .. })) => Some(ends),
            (declared, _) => declared.or(ends).map(|after| {
                let code = text("exit-code").and_then(|code| code.parse().ok());
                (after, code.unwrap_or(i32::from(crashes.is_some())))
            }),
        },
    }
}

/// Whether a pod is there to end.
fn is_of_job(pod: &Pod) -> bool {
    pod.metadata.controller().is_some_and(|owner| &*owner.kind == "Job")
}

/// Whether an annotation says how a container answers its probes of one kind.
pub fn declares(pod: &Pod, container: &Container, sort: ContainerSort, kind: Asked) -> bool {
    [kind, Asked::Ready].iter().any(|asked| container_annotation(pod, container, sort, asked.key()).is_some())
}

/// What a container answers to its probes, as its image and the annotations say it now.
pub fn health(pod: &Pod, container: &Container, sort: ContainerSort, default: Span) -> Health {
    let text = |key: &str| container_annotation(pod, container, sort, key);
    let word = word_of(pod, container, sort);
    let (answers, ready) = match text(Asked::Ready.key()) {
        None => (if word == Some("slow-starter") { Span::seconds(60) } else { default }, word != Some("never-ready")),
        Some("never" | "false") => (default, false),
        Some("true") => (Span::ZERO, true),
        Some(text) => (Asked::Ready.read(text).unwrap_or(default), true),
    };
    let after = |asked: Asked| match text(asked.key())? {
        "true" => None,
        "never" | "false" => Some(None),
        text => asked.read(text).map(Some),
    };
    Health {
        answers,
        ready,
        startup: after(Asked::Startup).unwrap_or(Some(Span::ZERO)),
        unwell: after(Asked::Live).map(Option::unwrap_or_default),
    }
}

/// How long the hook of a container takes that runs before the stop.
pub fn pre_stop(pod: &Pod, container: &Container, sort: ContainerSort) -> Span {
    let Some(hook) = container.lifecycle.as_ref().and_then(|lifecycle| lifecycle.pre_stop.as_ref()) else {
        return Span::ZERO;
    };
    if let Some(sleep) = &hook.sleep {
        return Asked::PreStop.seconds(sleep.seconds.max(0) as u64);
    }
    if let Some(declared) = container_annotation(pod, container, sort, Asked::PreStop.key()) {
        return Asked::PreStop.read(declared).unwrap_or_default();
    }
    // The usual way to sleep where the action did not exist yet: `sh -c "sleep 15"`.
    let command = hook.exec.iter().flat_map(|exec| &exec.command).flat_map(|word| word.split_whitespace());
    let mut words = command.skip_while(|word| !word.ends_with("sleep")).skip(1);
    let seconds = words.next().map(|word| word.trim_end_matches([';', 's', '"', '\''])).and_then(|n| n.parse().ok());
    Asked::PreStop.seconds(seconds.unwrap_or(0))
}

/// Whether the hook of a container is known to fail as soon as it is run: `sh -c "exit 1"`.
///
/// Deviation: a hook that fails later is not found out.
pub fn pre_stop_fails(container: &Container) -> bool {
    let hook = container.lifecycle.as_ref().and_then(|lifecycle| lifecycle.pre_stop.as_ref());
    let Some(exec) = hook.and_then(|hook| hook.exec.as_ref()) else { return false };
    if let [word] = &exec.command[..] {
        return matches!(&**word, "false" | "/bin/false");
    }
    // Nothing else makes a hook fail at once.
    if !exec.command.iter().any(|word| word.contains("exit") || word.contains("false")) {
        return false;
    }
    let as_container = Container { command: exec.command.clone(), ..Container::default() };
    let ends = script::course(&as_container).and_then(|course| course.ends);
    ends.is_some_and(|(after, code)| after == Span::ZERO && code != 0)
}

/// An annotation about one container: with its name behind the key, or without, which is not heard by init containers.
fn container_annotation<'a>(pod: &'a Pod, container: &Container, sort: ContainerSort, key: &str) -> Option<&'a str> {
    let notes = &pod.metadata.annotations;
    if notes.is_empty() {
        return None;
    }
    let own = annotation(notes, &format!("{key}.{}", container.name));
    own.or_else(|| annotation(notes, key).filter(|_| sort == ContainerSort::Regular))
}

fn word_of<'a>(pod: &'a Pod, container: &'a Container, sort: ContainerSort) -> Option<&'a str> {
    let declared = container_annotation(pod, container, sort, "workload");
    declared.or_else(|| image_word(&container.image))
}

/// The word of an image `petri.dev/WORD:TAG`.
pub fn image_word(image: &str) -> Option<&str> {
    let path = image.strip_prefix("petri.dev/")?;
    Some(path.split([':', '@']).next().unwrap_or(path))
}

pub fn annotation<'a>(notes: &'a Labels, key: &str) -> Option<&'a str> {
    ["petri.dev/", "sim/"].iter().find_map(|prefix| notes.get(&format!("{prefix}{key}"))).map(|text| &**text)
}
