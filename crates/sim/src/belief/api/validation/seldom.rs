//! What few manifests have, and what is refused of it: old drivers of volumes, security contexts, fields that nothing in
//! the simulation depends on, most of a Service for clouds.

pub(super) mod annotations;
pub(super) mod grammar;
pub(super) mod pods;
pub(super) mod quota;
pub(super) mod security;
pub(super) mod services;
pub(super) mod volumes;
