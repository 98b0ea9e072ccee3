//! The last lines that the containers of a pod have written, as `kubectl logs` has them.

use super::reader::ask;
use petri_objects::{ObjectRef, Uid};
use petri_sim::belief::api::shelf::Key;
use petri_sim::story::timeline::Timeline;
use yew::prelude::*;

/// What a line asks for, and what it shows.
#[derive(PartialEq)]
pub struct Written {
    line: String,
    text: String,
    /// Why there is nothing to read.
    why: &'static str,
}

/// So many lines are shown.
const LAST: usize = 60;

/// What a pod has written by now.
pub fn of(timeline: &Timeline, pod: &ObjectRef, uid: Uid) -> Written {
    let mut line = format!("kubectl logs {} --all-containers --tail={LAST}", pod.name);
    if &*pod.namespace != "default" {
        line.push_str(&format!(" -n {}", pod.namespace));
    }
    let key = Key::new(pod.namespace.clone(), pod.name.clone());
    let is_known = timeline.world().objects().pods.get(&key).is_some_and(|known| known.metadata.uid == uid);
    if !is_known {
        let why = "No object has this uid any more, so nobody can ask its machine for them.";
        return Written { line, text: String::new(), why };
    }
    let text = ask(&line, timeline).shown().trim_end().to_owned();
    let why = if text.is_empty() { "Nothing was written yet." } else { "" };
    Written { line, text, why }
}

pub fn view(written: &Written) -> Html {
    html! {
        <div data-panel="logs">
            <p class="about"><code>{ &written.line }</code></p>
            if written.text.is_empty() {
                <p key="none" class="empty">{ written.why }</p>
            } else {
                <pre key="text" class="yaml" tabindex="0" aria-label="Logs">{ &written.text }</pre>
            }
        </div>
    }
}
