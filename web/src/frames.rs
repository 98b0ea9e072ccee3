//! The browser's frames and clock, and stand-ins for native tests.

#[cfg(target_arch = "wasm32")]
mod browser {
    use wasm_bindgen::JsCast as _;
    use wasm_bindgen::prelude::*;

    fn window() -> web_sys::Window {
        web_sys::window().expect("the page runs in a window")
    }
    /// Milliseconds since the page was opened.
    pub fn now() -> f64 {
        window().performance().map_or_else(js_sys::Date::now, |clock| clock.now())
    }
    /// Calls back before the next repaint.
    pub fn request(callback: impl FnOnce() + 'static) {
        let callback = Closure::once_into_js(callback);
        // A window without frames (it is being closed) drops the callback: there is nothing left to draw.
        let _ = window().request_animation_frame(callback.unchecked_ref());
    }
    /// Calls back after some milliseconds.
    pub fn later(milliseconds: i32, callback: impl FnOnce() + 'static) {
        let callback = Closure::once_into_js(callback);
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(callback.unchecked_ref(), milliseconds);
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    pub fn now() -> f64 {
        0.0
    }
    /// Nothing is ever drawn natively: whoever waits for a frame calls its own flush.
    pub fn request(_: impl FnOnce() + 'static) {}
    pub fn later(_: i32, _: impl FnOnce() + 'static) {}
}

#[cfg(target_arch = "wasm32")]
pub use browser::{later, now, request};
#[cfg(not(target_arch = "wasm32"))]
pub use native::{later, now, request};
