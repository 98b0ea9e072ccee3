//! What can be planned.

use crate::belief::api::shelf::Key;
use crate::reality::agenda::Alarm;
use crate::reality::kubelet::Wake;
use crate::reality::machine::ProcessId;
use crate::words::command::Component;
use crate::words::controller_id::ControllerId;
use petri_objects::Name;

/// Something that is planned.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The caches catch up with the store.
    Observe,
    /// A controller takes the next key from its queue.
    Work(ControllerId),
    /// A key that was put off becomes ready.
    Requeue(ControllerId, Key),
    /// A periodic key becomes ready.
    Period(ControllerId, Key),
    /// A kubelet is woken.
    Kubelet(Name, Wake),
    /// The server answers the request of a sync that is cut in the middle.
    Serve(ControllerId),
    /// A controller hears the answer and goes on.
    Answer(ControllerId),
    /// Events that outlived their hour are removed.
    Sweep,
    /// A process does something by itself.
    Program(ProcessId),
    /// The lock server looks whose session is over.
    SessionExpiry,
    /// A cache that trails hears what happened a while ago.
    Hear(ControllerId),
    /// A process of the control plane that was restarted is there again.
    ComponentStarts(Component),
    /// The API server looks whether the namespaces that every cluster has are there.
    SystemNamespaces,
}

impl From<Alarm> for Event {
    fn from(alarm: Alarm) -> Event {
        match alarm {
            Alarm::Kubelet(node, wake) => Event::Kubelet(node, wake),
            Alarm::Program(id) => Event::Program(id),
            Alarm::SessionExpiry => Event::SessionExpiry,
        }
    }
}
