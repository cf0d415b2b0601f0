//! Secrets and configuration in memory.

use super::World;
use crate::backend::BoxFuture;
use crate::kept::{Source, Stored};
use crate::{Error, Kind};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The values, by the name of the variable that stands for the ARN or the name.
#[derive(Default)]
pub(super) struct Values(Mutex<State>);

#[derive(Default)]
struct State {
    values: BTreeMap<String, Stored>,
    secrets: Told,
    config: Told,
}

/// What a test wants of secrets, or of configuration, and is told of it.
#[derive(Default)]
struct Told {
    names: Vec<String>,
    reads: usize,
    fails: Option<Kind>,
}

impl Values {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source for Values {
    fn read<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Stored>, Error>> {
        let mut state = self.lock();
        let State { values, secrets, config } = &mut *state;
        let told = if config.names.iter().any(|known| known == name) { config } else { secrets };
        told.reads += 1;
        let value = match told.fails.take() {
            Some(kind) => Err(Error::new(kind, "as the test wants it")),
            None => Ok(values.get(name).cloned()),
        };
        Box::pin(async { value })
    }
}

#[cfg(feature = "secrets")]
impl World {
    /// Gives a secret a value, as its store has it: a text, or JSON.
    #[must_use]
    pub fn secret<S: crate::secret::Named>(self, value: &str) -> Self {
        self.rotate::<S>(value);
        self.empty_secret::<S>()
    }

    /// Makes a secret that has no value yet.
    #[must_use]
    pub fn empty_secret<S: crate::secret::Named>(self) -> Self {
        self.env(S::ENV, S::ENV)
    }

    /// Gives a secret another value, while functions may use the one before.
    pub fn rotate<S: crate::secret::Named>(&self, value: &str) {
        let stored = Stored { text: value.to_owned(), is_secret: true };
        self.kept.lock().values.insert(S::ENV.to_owned(), stored);
    }

    /// How often secrets were read, since those that are kept are not.
    pub fn secret_reads(&self) -> usize {
        self.kept.lock().secrets.reads
    }

    /// Lets the next reading of a secret fail.
    pub fn fail_next_secret(&self, kind: Kind) {
        self.kept.lock().secrets.fails = Some(kind);
    }
}

#[cfg(feature = "config")]
impl World {
    /// Gives a value of the configuration.
    #[must_use]
    pub fn config<C: crate::config::Named>(self, value: &C::Value) -> Self
    where
        C::Value: serde::Serialize,
    {
        self.change_config::<C>(value);
        self.env(C::ENV, C::ENV)
    }

    /// Gives a value of the configuration as Parameter Store has it, right or wrong: a text, or JSON.
    #[must_use]
    pub fn config_text<C: crate::config::Named>(self, text: &str) -> Self {
        self.kept.put_config(C::ENV, text.to_owned());
        self.env(C::ENV, C::ENV)
    }

    /// Gives another value, while functions may use the one before.
    pub fn change_config<C: crate::config::Named>(&self, value: &C::Value)
    where
        C::Value: serde::Serialize,
    {
        // Every type of a spec can be written as JSON.
        let text = match serde_json::to_value(value).unwrap_or_default() {
            serde_json::Value::String(text) => text,
            json => json.to_string(),
        };
        self.kept.put_config(C::ENV, text);
    }

    /// How often configuration was read, since values that are kept are not.
    pub fn config_reads(&self) -> usize {
        self.kept.lock().config.reads
    }

    /// Lets the next reading of configuration fail.
    pub fn fail_next_config(&self, kind: Kind) {
        self.kept.lock().config.fails = Some(kind);
    }
}

#[cfg(feature = "config")]
impl Values {
    fn put_config(&self, name: &str, text: String) {
        let mut state = self.lock();
        state.config.names.push(name.to_owned());
        state.values.insert(name.to_owned(), Stored { text, is_secret: false });
    }
}
