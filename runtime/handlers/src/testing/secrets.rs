//! Secrets in memory.

use super::World;
use crate::backend::BoxFuture;
use crate::secret::{Named, Secret, Source};
use crate::{Error, Kind};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The values, by the name of the variable that stands for the ARN.
#[derive(Default)]
pub(super) struct Values(Mutex<State>);

#[derive(Default)]
struct State {
    values: BTreeMap<String, Secret<String>>,
    reads: usize,
    fails: Option<Kind>,
}

impl Values {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source for Values {
    fn value<'a>(&'a self, arn: &'a str) -> BoxFuture<'a, Result<Option<Secret<String>>, Error>> {
        let mut state = self.lock();
        state.reads += 1;
        let value = match state.fails.take() {
            Some(kind) => Err(Error::new(kind, "as the test wants it")),
            None => Ok(state.values.get(arn).cloned()),
        };
        Box::pin(async { value })
    }
}

impl World {
    /// Gives a secret a value, as Secrets Manager has it: a text, or JSON.
    #[must_use]
    pub fn secret<S: Named>(self, value: &str) -> Self {
        self.rotate::<S>(value);
        self.empty_secret::<S>()
    }

    /// Makes a secret that has no value yet.
    #[must_use]
    pub fn empty_secret<S: Named>(self) -> Self {
        self.env(S::ENV, S::ENV)
    }

    /// Gives a secret another value, while functions may use the one before.
    pub fn rotate<S: Named>(&self, value: &str) {
        self.secrets.lock().values.insert(S::ENV.to_owned(), Secret::new(value.to_owned()));
    }

    /// How often secrets were read, since those that are kept are not.
    pub fn secret_reads(&self) -> usize {
        self.secrets.lock().reads
    }

    /// Lets the next reading of a secret fail.
    pub fn fail_next_secret(&self, kind: Kind) {
        self.secrets.lock().fails = Some(kind);
    }
}
