//! What is seen: a world as plain view models, their drawing as shapes, and that drawing as SVG.
//!
//! * [`view`] turns a world into models: sentences, marks, places;
//! * [`draw`] turns the model of a cluster into shapes, and `draw/picture.css` says what they look like;
//! * [`poster`] writes shapes down as a picture that stands for itself.
//!
//! The page shows the same shapes as elements that can be picked (its `pictures`), so a poster looks as the page does.
//!
//! Invariant: nothing in here knows a browser, a clock or a file.

pub mod poster;

pub mod draw;

pub mod view;
