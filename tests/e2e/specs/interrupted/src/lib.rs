//! The business logic of `interrupted`: work in two halves, between which the handler dies as often as it is told to; and questions with
//! their answers; and executions that are started and asked about.

pub mod ask;
pub mod begin;
pub mod decide;
pub mod look;
pub mod meddle;
pub mod quick;
pub mod slow;
mod work;
