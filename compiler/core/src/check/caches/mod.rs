//! Caches: what they lose or show, and who can get to them.

pub(super) mod breakers;
pub(super) mod nowhere;
pub(super) mod plaintext;
pub(super) mod replicas;
pub(super) mod two_networks;
pub(super) mod unreachable;
pub(super) mod unreachable_services;
pub(super) mod zones;
