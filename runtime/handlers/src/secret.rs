//! Secrets: read when they are needed, kept for a while (src/kept.rs), and shown by nothing.

use crate::backend::BoxFuture;
use crate::kept::{FRESH, Source, Stored};
use crate::{Context, Error, Kind, grant};
use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use aws_smithy_runtime_api::client::result::SdkError;
use serde::de::DeserializeOwned;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

/// A secret of the spec. The generated contract has a type for each.
pub trait Named {
    /// What its value is.
    type Value;
    /// Its name in the spec.
    const NAME: &'static str;
    /// The environment variable with its ARN; for one of Parameter Store, with its name.
    const ENV: &'static str;
    /// Who keeps it.
    const STORE: Store = Store::SecretsManager;
    /// How old a value may be that is used.
    const MAX_AGE: Duration;

    /// Its value, from what the store has.
    fn read(text: &str) -> Result<Self::Value, Unreadable>;
}

/// Who keeps a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// Secrets Manager.
    SecretsManager,
    /// Parameter Store of Systems Manager, as a `SecureString`.
    #[cfg(feature = "config")]
    ParameterStore,
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
    /// [`Kind::Configuration`] if it has no value yet, or one that is not of its type; otherwise what the store failed with.
    pub async fn read<S: Named>(self) -> Result<Secret<S::Value>, Error>
    where
        F: grant::Read<S>,
    {
        let services = self.context.services();
        let name = services.settings.require(S::ENV)?;
        let max_age = self.max_age.unwrap_or(S::MAX_AGE);
        let source = match S::STORE {
            Store::SecretsManager => services.secrets().await,
            #[cfg(feature = "config")]
            Store::ParameterStore => services.parameters().await,
        };
        let Some(stored) = services.kept.get(&name, max_age, source).await? else {
            return Err(Error::new(
                Kind::Configuration,
                format!("secret `{}` has no value: {}", S::NAME, how(S::STORE, &name)),
            ));
        };
        if !stored.is_secret {
            let message = format!("secret `{}` is a parameter in plain text, and no SecureString: {name}", S::NAME);
            return Err(Error::new(Kind::Configuration, message));
        }
        let value = S::read(&stored.text).map_err(|Unreadable { line, column }| {
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

/// How a secret gets a value.
fn how(store: Store, name: &str) -> String {
    match store {
        Store::SecretsManager => {
            format!("`aws secretsmanager put-secret-value --secret-id {name} --secret-string ..`")
        }
        #[cfg(feature = "config")]
        Store::ParameterStore => format!("`aws ssm put-parameter --type SecureString --name {name} --value ..`"),
    }
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
    fn read<'a>(&'a self, arn: &'a str) -> BoxFuture<'a, Result<Option<Stored>, Error>> {
        Box::pin(async move {
            match self.client.get_secret_value().secret_id(arn).send().await {
                Ok(read) => Ok(read.secret_string.map(|text| Stored { text, is_secret: true })),
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

#[cfg(test)]
mod tests;
