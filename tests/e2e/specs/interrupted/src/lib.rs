//! The business logic of `interrupted`: work in two halves, between which the handler dies as often as it is told to; and questions with
//! their answers.

pub mod ask;
pub mod decide;
pub mod meddle;
pub mod quick;
pub mod slow;
mod work;
