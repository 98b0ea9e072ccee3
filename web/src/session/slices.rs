//! Hooks that look at a slice of the run: a component renders again when its slice is different, and not before.

use super::handle::Session;
use petri_sim::story::timeline::Timeline;
use std::rc::Rc;
use yew::prelude::*;

/// The session of the page. Panics outside of [`App`](crate::app::App), which is a mistake in the program.
#[hook]
pub fn use_session() -> Session {
    use_context::<Session>().expect("panels are only used inside of App, which provides the session")
}

struct Slice<T> {
    version: u64,
    value: Rc<T>,
    select: Rc<dyn Fn(&Session) -> T>,
}

/// A slice of the cluster's truth. The component renders again when the slice is different, and not before.
///
/// `deps` are the values from outside on which the selection depends.
#[hook]
pub fn use_world<T, D, F>(deps: D, select: F) -> Rc<T>
where
    T: PartialEq + 'static,
    D: PartialEq + Clone + 'static,
    F: Fn(&Timeline, &D) -> T + 'static,
{
    use_slice(deps, move |session, deps| select(&session.timeline(), deps))
}

/// Like [`use_world`], for what depends on the player as well.
#[hook]
pub fn use_slice<T, D, F>(deps: D, select: F) -> Rc<T>
where
    T: PartialEq + 'static,
    D: PartialEq + Clone + 'static,
    F: Fn(&Session, &D) -> T + 'static,
{
    let session = use_session();
    let render = use_force_update();
    let slice = use_mut_ref(|| None::<Slice<T>>);
    let known_deps = use_mut_ref(|| None::<D>);

    let same_deps = known_deps.borrow().as_ref() == Some(&deps);
    let fresh = same_deps && slice.borrow().as_ref().is_some_and(|slice| slice.version == session.version());
    if !fresh {
        let select: Rc<dyn Fn(&Session) -> T> = {
            let deps = deps.clone();
            Rc::new(move |session| select(session, &deps))
        };
        let value = select(&session);
        let old = slice.borrow_mut().take();
        // An equal slice keeps its address: children compare by it.
        let value = match old {
            Some(old) if *old.value == value => old.value,
            _ => Rc::new(value),
        };
        *slice.borrow_mut() = Some(Slice { version: session.version(), value, select });
        *known_deps.borrow_mut() = Some(deps);
    }

    {
        let slice = slice.clone();
        use_effect_with(session, move |session| {
            let stale = slice.borrow().as_ref().is_some_and(|slice| slice.version != session.version());
            let listener: Rc<dyn Fn()> = {
                let session = session.clone();
                Rc::new(move || {
                    let Some(select) = slice.borrow().as_ref().map(|slice| slice.select.clone()) else { return };
                    let value = select(&session);
                    let mut slice = slice.borrow_mut();
                    let Some(slice) = slice.as_mut() else { return };
                    slice.version = session.version();
                    if *slice.value != value {
                        slice.value = Rc::new(value);
                        render.force_update();
                    }
                })
            };
            let subscription = session.subscribe(listener.clone());
            // Between the first picture and this effect somebody may have done something already.
            if stale {
                listener();
            }
            move || drop(subscription)
        });
    }

    slice.borrow().as_ref().expect("the slice was filled above").value.clone()
}
