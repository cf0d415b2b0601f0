//! The `evc` binary.
fn main() {}
