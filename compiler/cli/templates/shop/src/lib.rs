//! The business logic of `shop`: one module a function of the spec.

pub mod get_order;
pub mod place_order;
pub mod ship;
