//! EC2: networks, and the security groups of what talks to caches.

pub(super) mod clients;
pub(super) mod network;
mod services;
