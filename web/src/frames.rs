//! The browser's frames, timers and clock, and stand-ins for native tests: the one place that tells the two apart.
//!
//! What is waited for is given up when its handle is dropped.

#[cfg(target_arch = "wasm32")]
mod browser {
    use gloo::render::{AnimationFrame, request_animation_frame};
    use gloo::timers::callback::Timeout;

    pub type Frame = AnimationFrame;
    pub type Later = Timeout;

    /// Milliseconds since the page was opened.
    pub fn now() -> f64 {
        gloo::utils::window().performance().map_or_else(js_sys::Date::now, |clock| clock.now())
    }
    /// Calls back before the next repaint.
    #[must_use = "a frame whose handle is dropped never comes"]
    pub fn request(callback: impl FnOnce() + 'static) -> Frame {
        request_animation_frame(move |_| callback())
    }
    /// Calls back after some milliseconds.
    pub fn later(milliseconds: u32, callback: impl FnOnce() + 'static) -> Later {
        Timeout::new(milliseconds, callback)
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    pub struct Frame;
    pub struct Later;

    pub fn now() -> f64 {
        0.0
    }
    /// Nothing is ever drawn natively: whoever waits for a frame calls its own flush.
    pub fn request(_: impl FnOnce() + 'static) -> Frame {
        Frame
    }
    pub fn later(_: u32, _: impl FnOnce() + 'static) -> Later {
        Later
    }
}

#[cfg(target_arch = "wasm32")]
pub use browser::{Frame, Later, later, now, request};
#[cfg(not(target_arch = "wasm32"))]
pub use native::{Frame, Later, later, now, request};
