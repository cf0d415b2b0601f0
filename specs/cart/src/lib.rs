//! The business logic of `cart`: one module a function of the spec.
//!
//! A change of a cart and the event that tells of it are one transaction, on the condition that the cart is still open and as it
//! was read. So the version of a cart counts its changes, and numbers its events: 1, 2, 3, …

pub mod add_items;
mod carts;
pub mod checkout;
pub mod create_cart;
pub mod list_carts;
#[cfg(test)]
mod testing;
