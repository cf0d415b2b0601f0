//! The business logic of `hooks`: one module a function of the spec.
//!
//! A build has the id of the push that it is of, so that a push which GitHub tells twice is one build; and its execution has that id as its
//! name, so that whoever shows a build asks the execution itself how it is.

pub mod ask_runner;
pub mod show_build;
pub mod take_push;
pub mod take_report;
#[cfg(test)]
mod testing;
