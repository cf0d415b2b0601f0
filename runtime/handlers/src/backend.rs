//! The world outside an invocation: settings and service clients, each made once, when it is first needed.
//!
//! Every client stands behind a trait of this crate, so that tests (ours and those of handlers) run against memory.

use crate::{Error, Kind};
use std::env;

/// A boxed future, for the traits that are used as objects.
#[cfg(any(
    feature = "cache",
    feature = "config",
    feature = "dynamodb",
    feature = "eventbridge",
    feature = "secrets",
    feature = "signal",
    feature = "sqs"
))]
pub(crate) type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where settings come from.
#[derive(Debug, Default)]
pub(crate) enum Settings {
    /// The environment of the process.
    #[default]
    Process,
    /// A fixed list, in tests.
    #[cfg(any(test, feature = "testing"))]
    Fixed(std::collections::BTreeMap<String, String>),
}

impl Settings {
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        match self {
            Self::Process => env::var(name).ok(),
            #[cfg(any(test, feature = "testing"))]
            Self::Fixed(settings) => settings.get(name).cloned(),
        }
    }

    pub(crate) fn require(&self, name: &str) -> Result<String, Error> {
        self.get(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| Error::new(Kind::Configuration, format!("the environment variable `{name}` is not set")))
    }

    /// A setting that has a default; one that is there and cannot be read is an error.
    pub(crate) fn parse<T: std::str::FromStr>(&self, name: &str, default: T) -> Result<T, Error> {
        self.get(name).map_or(Ok(default), |text| {
            text.parse().map_err(|_| {
                Error::new(
                    Kind::Configuration,
                    format!("the environment variable `{name}` is not a {}", std::any::type_name::<T>()),
                )
            })
        })
    }
}

/// Settings and clients of the process.
#[derive(Default)]
pub(crate) struct Services {
    pub(crate) settings: Settings,
    #[cfg(feature = "idempotency")]
    pub(crate) renewals: crate::idempotency::Renewals,
    #[cfg(feature = "dynamodb")]
    pub(crate) tables: tokio::sync::OnceCell<std::sync::Arc<dyn crate::table::Store>>,
    #[cfg(feature = "eventbridge")]
    pub(crate) bus: tokio::sync::OnceCell<std::sync::Arc<dyn crate::publish::Bus>>,
    #[cfg(feature = "sqs")]
    pub(crate) queues: tokio::sync::OnceCell<std::sync::Arc<dyn crate::queue::Sender>>,
    #[cfg(feature = "secrets")]
    pub(crate) secrets: tokio::sync::OnceCell<std::sync::Arc<dyn crate::kept::Source>>,
    #[cfg(feature = "config")]
    pub(crate) parameters: tokio::sync::OnceCell<std::sync::Arc<dyn crate::kept::Source>>,
    #[cfg(any(feature = "config", feature = "secrets"))]
    pub(crate) kept: crate::kept::Kept,
    #[cfg(feature = "sdk")]
    pub(crate) sdk: tokio::sync::OnceCell<aws_config::SdkConfig>,
    #[cfg(feature = "cache")]
    pub(crate) redis: tokio::sync::OnceCell<crate::workflow::store::Redis>,
    #[cfg(feature = "cache")]
    pub(crate) counters: tokio::sync::OnceCell<std::sync::Arc<dyn crate::cache::Counters>>,
    #[cfg(feature = "signal")]
    pub(crate) step_functions: tokio::sync::OnceCell<std::sync::Arc<dyn crate::signal::StepFunctions>>,
    #[cfg(feature = "signal")]
    pub(crate) sfn: tokio::sync::OnceCell<aws_sdk_sfn::Client>,
    #[cfg(feature = "engine")]
    pub(crate) workflows: tokio::sync::OnceCell<std::sync::Arc<dyn crate::workflow::store::Store>>,
    #[cfg(feature = "engine")]
    pub(crate) stored_definitions: crate::execution::Stored,
    /// Executions that functions start, in tests.
    #[cfg(all(any(test, feature = "testing"), any(feature = "signal", feature = "engine")))]
    pub(crate) executions: Option<std::sync::Arc<crate::testing::Executions>>,
}

impl Services {
    /// The table store: DynamoDB, unless a test put another one here.
    #[cfg(feature = "dynamodb")]
    pub(crate) async fn tables(&self) -> &dyn crate::table::Store {
        let store = self.tables.get_or_init(|| async {
            let store: std::sync::Arc<dyn crate::table::Store> =
                std::sync::Arc::new(crate::table::DynamoDb::new(crate::aws::config().await));
            store
        });
        store.await.as_ref()
    }

    /// The bus client: EventBridge, unless a test put another one here.
    #[cfg(feature = "eventbridge")]
    pub(crate) async fn bus(&self) -> &dyn crate::publish::Bus {
        let bus = self.bus.get_or_init(|| async {
            let bus: std::sync::Arc<dyn crate::publish::Bus> =
                std::sync::Arc::new(crate::publish::EventBridge::new(crate::aws::config().await));
            bus
        });
        bus.await.as_ref()
    }

    /// The client of all queues: SQS, unless a test put another one here.
    #[cfg(feature = "sqs")]
    pub(crate) async fn queues(&self) -> &dyn crate::queue::Sender {
        let queues = self.queues.get_or_init(|| async {
            let queues: std::sync::Arc<dyn crate::queue::Sender> =
                std::sync::Arc::new(crate::queue::Sqs::new(crate::aws::config().await));
            queues
        });
        queues.await.as_ref()
    }

    /// Where secrets are: Secrets Manager, unless a test put other values here.
    #[cfg(feature = "secrets")]
    pub(crate) async fn secrets(&self) -> &dyn crate::kept::Source {
        let secrets = self.secrets.get_or_init(|| async {
            let secrets: std::sync::Arc<dyn crate::kept::Source> =
                std::sync::Arc::new(crate::secret::SecretsManager::new(crate::aws::config().await));
            secrets
        });
        secrets.await.as_ref()
    }

    /// Where parameters are: Parameter Store, unless a test put other values here.
    #[cfg(feature = "config")]
    pub(crate) async fn parameters(&self) -> &dyn crate::kept::Source {
        let parameters = self.parameters.get_or_init(|| async {
            let parameters: std::sync::Arc<dyn crate::kept::Source> =
                std::sync::Arc::new(crate::config::ParameterStore::new(crate::aws::config().await));
            parameters
        });
        parameters.await.as_ref()
    }

    /// What clients of the SDK are made of: the process's own, unless a test put something else here.
    #[cfg(feature = "sdk")]
    pub(crate) async fn sdk(&self) -> &aws_config::SdkConfig {
        self.sdk.get_or_init(|| async { crate::aws::config().await.clone() }).await
    }

    /// The function's cache.
    #[cfg(feature = "cache")]
    pub(crate) async fn redis(&self) -> Result<&crate::workflow::store::Redis, Error> {
        self.redis.get_or_try_init(|| async { crate::cache::of_environment(&self.settings) }).await
    }

    /// The counters of the cache: in Redis, unless a test put others here.
    #[cfg(feature = "cache")]
    pub(crate) async fn counters(&self) -> Result<&dyn crate::cache::Counters, Error> {
        let counters = self.counters.get_or_try_init(|| async {
            let counters: std::sync::Arc<dyn crate::cache::Counters> = std::sync::Arc::new(self.redis().await?.clone());
            Ok::<_, Error>(counters)
        });
        Ok(counters.await?.as_ref())
    }

    /// The store of workflows: the cache, unless a test put another one here.
    #[cfg(feature = "engine")]
    pub(crate) async fn workflows(&self) -> Result<std::sync::Arc<dyn crate::workflow::store::Store>, Error> {
        let store = self.workflows.get_or_try_init(|| async {
            let store: std::sync::Arc<dyn crate::workflow::store::Store> =
                std::sync::Arc::new(self.redis().await?.clone());
            Ok::<_, Error>(store)
        });
        store.await.cloned()
    }

    /// The client of Step Functions, unless a test put another one here.
    #[cfg(feature = "signal")]
    pub(crate) async fn step_functions(&self) -> &dyn crate::signal::StepFunctions {
        let client = self.step_functions.get_or_init(|| async {
            let client: std::sync::Arc<dyn crate::signal::StepFunctions> =
                std::sync::Arc::new(self.sfn().await.clone());
            client
        });
        client.await.as_ref()
    }

    /// The SDK's client of Step Functions.
    #[cfg(feature = "signal")]
    pub(crate) async fn sfn(&self) -> &aws_sdk_sfn::Client {
        let client = self.sfn.get_or_init(|| async { crate::aws::client!(aws_sdk_sfn, crate::aws::config().await) });
        client.await
    }
}
