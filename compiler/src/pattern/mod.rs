//! Placeholder until the branch lands.
/// Placeholder.
#[derive(Debug, Clone)]
pub struct Pattern;
