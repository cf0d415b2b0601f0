//! Texts that a service of AWS has for functions, secrets and configuration: read when they are needed, and kept for a while.
//!
//! A text is read at its first use and kept in the memory of the process for as long as the spec's `max-age`. So a process uses one that
//! was changed for that long at most. Who asks for it anew (`fresh`) has it read again, unless that was done within the last second, so
//! that a wrong value does not become a call to the service for every request.
//!
//! If it cannot be read, that is the error: nothing older than `max-age` is used.

use crate::Error;
use crate::backend::BoxFuture;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How old a text may be that is read anew.
pub(crate) const FRESH: Duration = Duration::from_secs(1);

/// A text of a service, which may be a secret: nothing shows it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) text: String,
    /// Whether the service keeps it encrypted, as a secret.
    pub(crate) is_secret: bool,
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stored(..)")
    }
}

/// Where texts come from: Secrets Manager, Parameter Store, or a test.
pub(crate) trait Source: Send + Sync {
    /// A text as it is now, by its name or ARN. `None`: there is none yet.
    fn read<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Stored>, Error>>;
}

/// The texts that a process has read, by name or ARN.
#[derive(Default)]
pub(crate) struct Kept(Mutex<BTreeMap<String, (Instant, Stored)>>);

impl Kept {
    /// A text that is not older than `max_age`. `None`: there is none yet.
    pub(crate) async fn get(
        &self,
        name: &str,
        max_age: Duration,
        source: &dyn Source,
    ) -> Result<Option<Stored>, Error> {
        if let Some((at, stored)) = self.lock().get(name)
            && at.elapsed() < max_age
        {
            return Ok(Some(stored.clone()));
        }
        // Before it is asked for, so that its age counts from then.
        let at = Instant::now();
        let stored = source.read(name).await?;
        if let Some(stored) = &stored {
            self.lock().insert(name.to_owned(), (at, stored.clone()));
        }
        Ok(stored)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, (Instant, Stored)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
