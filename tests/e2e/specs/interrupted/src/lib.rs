//! The business logic of `interrupted`: work in two halves, between which the handler dies as often as it is told to.

pub mod quick;
pub mod slow;
mod work;
