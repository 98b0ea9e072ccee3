//! What must hold across crates. The tests are in `main.rs` and its modules; this library is empty.
