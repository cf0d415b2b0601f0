//! evc: a declarative infrastructure compiler. One YAML spec in; SAM templates, state machines and Rust Lambda handlers out.
//!
//! Data runs one way: `yaml` → `spec` → `model` → `check` → `lower` → `emit`.

pub mod diagnostics;
pub mod pattern;
pub mod source;
pub mod types;
pub mod yaml;
