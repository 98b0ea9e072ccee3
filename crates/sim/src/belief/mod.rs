//! What the API server and its clients hold true: objects, and everybody who only ever reads and writes those.

pub mod api;

pub mod client;

pub mod controllers;

pub mod scheduler;
