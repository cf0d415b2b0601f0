//! The business logic of `orders`: one module a function of the spec.
//!
//! Every step of the workflow may run more than once: it is tried again when it fails, and a crash may hide that it was done.
//! So each one first looks at the order. What an earlier attempt decided stands; a decision is written together with the
//! event that tells of it, on the condition that the order is still as it was seen.

pub mod complete_order;
pub mod create_order;
pub mod list_orders;
pub mod notify;
mod order;
pub mod process_payment;
pub mod refund_payment;
pub mod reserve_inventory;
#[cfg(test)]
mod testing;
