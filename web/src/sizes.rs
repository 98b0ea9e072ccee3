//! How large elements and the window are, and when that changes: the one thing that gloo has no listener for.

use wasm_bindgen::prelude::*;
use web_sys::{Element, ResizeObserver};
use yew::prelude::*;

/// Calls back when elements change their size, as long as it lives.
pub struct Resizes {
    observer: Option<ResizeObserver>,
    /// What the observer calls.
    _callback: Closure<dyn FnMut()>,
}

impl Resizes {
    /// A browser that has no such observer keeps the sizes that it started with.
    pub fn of(elements: &[&Element], callback: impl FnMut() + 'static) -> Resizes {
        let callback = Closure::new(callback);
        let observer = ResizeObserver::new(callback.as_ref().unchecked_ref()).ok();
        if let Some(observer) = &observer {
            elements.iter().for_each(|element| observer.observe(element));
        }
        Resizes { observer, _callback: callback }
    }
}

impl Drop for Resizes {
    fn drop(&mut self) {
        if let Some(observer) = &self.observer {
            observer.disconnect();
        }
    }
}

/// The window's width and height, in pixels.
pub fn window() -> (f64, f64) {
    let window = gloo::utils::window();
    let pixels = |size: Result<JsValue, JsValue>, usual: f64| size.ok().and_then(|size| size.as_f64()).unwrap_or(usual);
    (pixels(window.inner_width(), 1440.0), pixels(window.inner_height(), 800.0))
}

/// The width of an element in whole pixels, and again when it changes.
#[hook]
pub fn use_width(host: &NodeRef, first: i32) -> i32 {
    let width = use_state_eq(|| first);
    {
        let (host, width) = (host.clone(), width.setter());
        use_effect_with((), move |()| {
            let resizes = host.cast::<Element>().map(|element| {
                let measure = {
                    let element = element.clone();
                    move || {
                        if element.client_width() > 0 {
                            width.set(element.client_width());
                        }
                    }
                };
                measure();
                Resizes::of(&[&element], measure)
            });
            move || drop(resizes)
        });
    }
    *width
}
