//! Configuration: parameters of Systems Manager's Parameter Store, typed, read when they are needed and kept for a while (src/kept.rs).

mod parameter_store;

pub(crate) use self::parameter_store::ParameterStore;
use crate::kept::FRESH;
use crate::{Context, Error, Kind, grant};
use serde::de::DeserializeOwned;
use serde::de::IntoDeserializer;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

/// A value of the spec's `config`. The generated contract has a type for each.
pub trait Named {
    /// What it is.
    type Value;
    /// Its name in the spec.
    const NAME: &'static str;
    /// The environment variable with the name of its parameter.
    const ENV: &'static str;
    /// How old a value may be that is used.
    const MAX_AGE: Duration;

    /// The value, from what the parameter has.
    fn read(text: &str) -> Result<Self::Value, Error>;
}

/// A value that is a text: what the parameter has, as it stands.
pub fn text<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    let text: serde::de::value::StrDeserializer<'_, serde_json::Error> = text.into_deserializer();
    T::deserialize(text).map_err(Error::other)
}

/// A value that is anything else: JSON.
pub fn json<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(Error::other)
}

/// The configuration of function `F`. Generated contexts give it with a method for each value.
pub struct Config<'a, F> {
    context: &'a Context,
    max_age: Option<Duration>,
    function: PhantomData<fn() -> F>,
}

impl<F> Clone for Config<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F> Copy for Config<'_, F> {}

impl<F> fmt::Debug for Config<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Config")
    }
}

impl<F> Config<'_, F> {
    /// The same, each read anew, unless that was done within the last second.
    #[must_use]
    pub fn fresh(self) -> Self {
        Self { max_age: Some(FRESH), ..self }
    }

    /// A value.
    ///
    /// [`Kind::Configuration`] if there is none, or one that is not of its type or out of its range; otherwise what Parameter Store
    /// failed with.
    pub async fn read<C: Named>(self) -> Result<C::Value, Error>
    where
        F: grant::ReadConfig<C>,
    {
        let services = self.context.services();
        let name = services.settings.require(C::ENV)?;
        let max_age = self.max_age.unwrap_or(C::MAX_AGE);
        let wrong = |what: String| Error::new(Kind::Configuration, format!("`config` value `{}`: {what}", C::NAME));
        let stored = services.kept.get(&name, max_age, services.parameters().await).await?;
        let stored = stored.ok_or_else(|| wrong(format!("there is no parameter {name}")))?;
        if stored.is_secret {
            return Err(wrong(format!("parameter {name} is a SecureString, which `secrets` read")));
        }
        C::read(&stored.text).map_err(|error| wrong(format!("what parameter {name} has is not of its type: {error}")))
    }
}

impl Context {
    /// The configuration of function `F`, with which generated contexts make theirs.
    pub fn config<F>(&self) -> Config<'_, F> {
        Config { context: self, max_age: None, function: PhantomData }
    }
}

#[cfg(test)]
mod tests;
