//! Word that stays in memory until a test takes it.

use super::{Dispatch, Sending, Sent, Transport};
use std::sync::{Mutex, PoisonError};

/// A transport that keeps what it is given.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Vec<Dispatch>>);

impl Memory {
    /// Takes everything that was sent, in its order.
    pub fn take(&self) -> Vec<Dispatch> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Transport for Memory {
    fn send<'a>(&'a self, dispatches: &'a [Dispatch]) -> Sending<'a> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(dispatches);
        let taken = dispatches.iter().map(|(task, _)| task.clone()).collect();
        Box::pin(async { Sent { taken, error: None } })
    }
}
