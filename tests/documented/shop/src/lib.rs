//! What docs/tutorial.md and docs/handlers.md show, compiled and tested: their Rust stands here line by line.

pub mod answer_supplier;
pub mod ask_return;
pub mod ask_supplier;
pub mod charge;
pub mod close_return;
pub mod drop_return;
pub mod keep_wish;
pub mod list_returns;
pub mod list_wishes;
pub mod place_order;
pub mod refund;
pub mod send_back;
pub mod send_mail;
pub mod ship;
pub mod show_order;
pub mod tell_customers;
