//! The environment variables that the compiler gives functions of every stack, and the runtime reads. Those that are named after a thing of
//! the spec, such as `ORDERS_TABLE`, are not here: the compiler writes their names into the handlers that it generates.

/// How log entries are written: [`LOG_TEXT`], or as JSON without it.
pub const LOG_FORMAT: &str = "EVC_LOG_FORMAT";

/// The value of [`LOG_FORMAT`] for lines of text.
pub const LOG_TEXT: &str = "text";

/// The lowest level that is logged, where Lambda does not say it: it does for JSON alone.
/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>
pub const LOG_LEVEL: &str = "EVC_LOG_LEVEL";

/// Which handler a process is of a program that has all of a stack: the name of its binary, `orders-create-order`.
pub const DEV_HANDLER: &str = "EVC_DEV_HANDLER";

/// Where the cache is: `rediss://host:port`, or `redis://host:port` without TLS.
pub const CACHE_ENDPOINT: &str = "CACHE_ENDPOINT";

/// Whether, by `true`, the cache is a cluster, which serverless caches are.
pub const CACHE_CLUSTER: &str = "CACHE_CLUSTER";

/// Whether, by `true`, the cache is serverless.
pub const CACHE_SERVERLESS: &str = "CACHE_SERVERLESS";

/// How to authenticate with the cache: one of [`cache_auth`].
pub const CACHE_AUTH: &str = "CACHE_AUTH";

/// The values of [`CACHE_AUTH`].
pub mod cache_auth {
    /// Not at all.
    pub const NONE: &str = "none";
    /// By a token of IAM.
    pub const IAM: &str = "iam";
    /// By a secret of Secrets Manager.
    pub const SECRET: &str = "secret";
}

/// The user to be in the cache.
pub const CACHE_USER: &str = "CACHE_USER";

/// The cache's own name, which tokens of IAM are for.
pub const CACHE_NAME: &str = "CACHE_NAME";

/// The ARN of the secret that is the cache's password.
pub const CACHE_SECRET_ARN: &str = "CACHE_SECRET_ARN";

/// What tells a stack's keys in a cache from those of others: counters, breakers, workflows.
pub const NAMESPACE: &str = "WORKFLOW_NAMESPACE";

/// How word of work of workflows on Redis reaches functions: one of [`transport`].
pub const WORKFLOW_TRANSPORT: &str = "WORKFLOW_TRANSPORT";

/// The values of [`WORKFLOW_TRANSPORT`].
pub mod transport {
    /// By a queue for each function.
    pub const SQS: &str = "sqs";
    /// By a bus.
    pub const EVENTBRIDGE: &str = "eventbridge";
}

/// The URLs of the queues of functions, by the functions' names, as a JSON object; that of the engine stands under
/// [`ENGINE_QUEUE`].
pub const WORKFLOW_QUEUES: &str = "WORKFLOW_QUEUES";

/// The engine's key in [`WORKFLOW_QUEUES`]: no function has that name.
pub const ENGINE_QUEUE: &str = "";

/// The name of the bus that work of workflows travels on.
pub const WORKFLOW_BUS: &str = "WORKFLOW_BUS_NAME";

/// How long finished executions are kept, seconds.
pub const WORKFLOW_RETENTION: &str = "WORKFLOW_RETENTION_SECONDS";

/// The name of the table that holds what idempotent functions have done.
pub const IDEMPOTENCY_TABLE: &str = "IDEMPOTENCY_TABLE";

/// How long the results of an idempotent function are kept, seconds.
pub const IDEMPOTENCY_RETENTION: &str = "IDEMPOTENCY_RETENTION_SECONDS";

/// How long events stay in an outbox, seconds.
pub const OUTBOX_RETENTION: &str = "OUTBOX_RETENTION_SECONDS";

/// The name of the outbox's table that a redrive reads.
pub const OUTBOX_TABLE: &str = "OUTBOX_TABLE";

/// The name of the bus that a forwarder or a redrive publishes to.
pub const EVENT_BUS: &str = "EVENT_BUS_NAME";

/// The URL of the queue for what a forwarder can never publish.
pub const DEAD_LETTERS: &str = "DLQ_URL";

/// The CloudWatch namespace of what a function measures.
pub const METRICS_NAMESPACE: &str = "EVC_METRICS_NAMESPACE";

/// The origins whose pages may read what a function behind a REST API answers, with spaces between.
pub const CORS_ORIGINS: &str = "EVC_CORS_ORIGINS";

/// Whether, by `true`, those pages may send credentials.
pub const CORS_CREDENTIALS: &str = "EVC_CORS_CREDENTIALS";

/// The environment variable that tells a function about a thing of the spec: `ORDERS_TABLE`.
pub fn of_thing(name: &str, kind: &str) -> String {
    let upper = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    format!("{name}_{kind}").chars().map(upper).collect()
}

/// The environment variable with the name of a bus, for the engine of workflows on Redis, which finds it by the bus's name: `BUS_ORDERS`.
pub fn engine_bus(bus: &str) -> String {
    of_thing("bus", bus)
}
