//! The business logic of `orders`: one module a function of the spec.

pub mod complete_order;
pub mod create_order;
pub mod notify;
pub mod process_payment;
pub mod refund_payment;
pub mod reserve_inventory;

#[cfg(test)]
mod tests;
