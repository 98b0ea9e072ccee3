//! What must hold in a browser as it does natively. The tests are in `engine.rs`; this library is empty.
