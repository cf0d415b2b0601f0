//! The compiler of evc as a library: one YAML spec in; SAM templates, state machines and Rust Lambda handlers out, all of it values.
//!
//! Data runs one way: `yaml` → `spec` → `model` → `check` → `lower` → `finish` → `emit`. [`session`] runs it; [`compare`] takes two models.

#[macro_use]
mod kinds;

pub mod audit;
pub mod aws;
mod check;
mod compare;
pub mod delivery;
pub mod diagnostics;
pub mod emit;
pub mod expr;
mod finish;
mod lower;
pub mod model;
pub mod pattern;
pub mod plan;
#[cfg(test)]
mod random;
pub mod report;
pub mod scenario;
pub mod session;
pub mod source;
pub mod spec;
pub mod types;
pub mod yaml;
