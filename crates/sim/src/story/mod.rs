//! A run as it is told: its timeline, what crosses a boundary, and why something is as it is.

pub mod timeline;

pub mod recording;

pub mod shared;

pub mod link;

pub mod limits;

pub mod why;

pub mod reason_text;
