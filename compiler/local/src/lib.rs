//! The plan of a stack, carried out on one machine: what `evc dev` and `evc test` run.
//!
//! | module | does |
//! | --- | --- |
//! | [`stack`] | resolves a plan for one environment: every resource with the properties, names and ARNs that it would be deployed with |
//! | [`system`] | what runs: a clock, an agenda of what is due, the services, and what is to be done outside |
//! | `sim/` | a file a service of AWS, named as the rooms of the compiler's `lower/`; each reads the stack |
//! | [`faults`] | faults by chance, repeated by a seed |
//! | [`iam`] | whether a role allows a call |
//! | [`trace`] | every hop with its cause |
//! | [`scenario`] | scenarios on virtual time, with mocks in the place of functions |
//! | [`serve`] | the world outside: HTTP, the processes of handlers, real time |
//!
//! The system is a plain value that nothing but its methods changes: no thread, no I/O, no clock, no chance of its own. `evc dev` moves it
//! by real time and real handlers, `evc test` by virtual time and mocks; what it does is the same.

pub mod agenda;
pub mod faults;
pub mod iam;
mod identity;
mod jwt;
mod page;
mod pattern;
mod query;
mod refusal;
pub mod scenario;
pub mod serve;
pub mod sim;
pub mod stack;
pub mod system;
#[cfg(test)]
mod testing;
pub mod trace;
mod velocity;

pub use refusal::Refusal;
pub use stack::Stack;
pub use system::System;
