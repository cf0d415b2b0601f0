//! Secrets: read when they are needed, kept for a while, and shown by nothing.
//!
//! A value is read from Secrets Manager at its first use and kept in the memory of the process for as long as the spec's `max-age`. So a
//! process uses a value that was rotated for that long at most. Who uses one that is refused asks for it anew (`fresh`): then it is read
//! again, unless that was done within the last second, so that a wrong value does not become a call to Secrets Manager for every request.
//!
//! If it cannot be read, that is the error: nothing older than `max-age` is used.

use crate::backend::BoxFuture;
use crate::{Context, Error, Kind, grant};
use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use aws_smithy_runtime_api::client::result::SdkError;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How old a value may be that is read anew.
const FRESH: Duration = Duration::from_secs(1);

/// A secret of the spec. The generated contract has a type for each.
pub trait Named {
    /// What its value is.
    type Value;
    /// Its name in the spec.
    const NAME: &'static str;
    /// The environment variable with its ARN.
    const ENV: &'static str;
    /// How old a value may be that is used.
    const MAX_AGE: Duration;

    /// Its value, from what Secrets Manager has.
    fn read(text: &str) -> Result<Self::Value, Unreadable>;
}

/// A value that is no JSON of its type. Where that is, and nothing of what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable {
    line: usize,
    column: usize,
}

/// The value of a secret that is a text.
pub fn text(text: &str) -> Result<String, Unreadable> {
    Ok(text.to_owned())
}

/// The value of a secret that is JSON.
pub fn json<T: DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    // What serde says may have the value in it.
    serde_json::from_str(text).map_err(|error| Unreadable { line: error.line(), column: error.column() })
}

/// The value of a secret. Neither `Debug` nor anything else shows it; [`Secret::expose`] gives it.
#[derive(Clone)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// A value that is not to be shown.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Give it to what needs it, and keep it in nothing that is printed.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The secrets of function `F`. Generated contexts give it with a method for each.
pub struct Secrets<'a, F> {
    context: &'a Context,
    max_age: Option<Duration>,
    function: PhantomData<fn() -> F>,
}

impl<F> Clone for Secrets<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F> Copy for Secrets<'_, F> {}

impl<F> fmt::Debug for Secrets<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

impl<F> Secrets<'_, F> {
    /// The same, each read anew, unless that was done within the last second.
    #[must_use]
    pub fn fresh(self) -> Self {
        Self { max_age: Some(FRESH), ..self }
    }

    /// The value of a secret.
    ///
    /// [`Kind::Configuration`] if it has no value yet, or one that is not of its type; otherwise what Secrets Manager failed with.
    pub async fn read<S: Named>(self) -> Result<Secret<S::Value>, Error>
    where
        F: grant::Read<S>,
    {
        let services = self.context.services();
        let arn = services.settings.require(S::ENV)?;
        let max_age = self.max_age.unwrap_or(S::MAX_AGE);
        let text = services.kept_secrets.get(&arn, max_age, S::NAME, services.secrets().await).await?;
        let value = S::read(text.expose()).map_err(|Unreadable { line, column }| {
            let message =
                format!("the value of secret `{}` is no JSON of its type, at line {line}, column {column}", S::NAME);
            Error::new(Kind::Configuration, message)
        })?;
        Ok(Secret(value))
    }
}

impl Context {
    /// The secrets of function `F`, with which generated contexts make theirs.
    pub fn secrets<F>(&self) -> Secrets<'_, F> {
        Secrets { context: self, max_age: None, function: PhantomData }
    }
}

/// Where values come from: Secrets Manager, or a test.
pub(crate) trait Source: Send + Sync {
    /// The value of a secret as it is now. `None`: it has none yet.
    fn value<'a>(&'a self, arn: &'a str) -> BoxFuture<'a, Result<Option<Secret<String>>, Error>>;
}

/// Secrets Manager.
pub(crate) struct SecretsManager {
    client: Client,
}

impl SecretsManager {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self { client: crate::aws::client!(aws_sdk_secretsmanager, config) }
    }
}

impl Source for SecretsManager {
    fn value<'a>(&'a self, arn: &'a str) -> BoxFuture<'a, Result<Option<Secret<String>>, Error>> {
        Box::pin(async move {
            match self.client.get_secret_value().secret_id(arn).send().await {
                Ok(read) => Ok(read.secret_string.map(Secret)),
                Err(error) if has_no_value(&error) => Ok(None),
                Err(error) => Err(crate::aws::failure("secretsmanager:GetSecretValue", &error)),
            }
        })
    }
}

/// There is a secret, and nothing in it; or there is no secret, which a function with leave for one ARN is not told apart.
fn has_no_value<R>(error: &SdkError<GetSecretValueError, R>) -> bool {
    error.as_service_error().is_some_and(GetSecretValueError::is_resource_not_found_exception)
}

/// The values that a process has read, by ARN.
#[derive(Default)]
pub(crate) struct Kept(Mutex<BTreeMap<String, (Instant, Secret<String>)>>);

impl Kept {
    /// A value that is not older than `max_age`.
    async fn get(
        &self,
        arn: &str,
        max_age: Duration,
        name: &str,
        source: &dyn Source,
    ) -> Result<Secret<String>, Error> {
        if let Some((at, value)) = self.lock().get(arn)
            && at.elapsed() < max_age
        {
            return Ok(value.clone());
        }
        // Before it is asked for, so that its age counts from then.
        let at = Instant::now();
        let Some(value) = source.value(arn).await? else {
            let message = format!(
                "secret `{name}` has no value: `aws secretsmanager put-secret-value --secret-id {arn} --secret-string ..`"
            );
            return Err(Error::new(Kind::Configuration, message));
        };
        self.lock().insert(arn.to_owned(), (at, value.clone()));
        Ok(value)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, (Instant, Secret<String>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
