//! The business logic of `hooks`: one module a function of the spec.

pub mod ask_runner;
pub mod show_build;
pub mod take_push;
pub mod take_report;
