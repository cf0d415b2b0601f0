//! The limits of the AWS services that are checked before a call, each with the page that states it. All sizes are bytes.

/// Entries in one `PutEvents` call.
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>
pub const PUT_EVENTS_ENTRIES: usize = 10;

/// Total size of the entries of one `PutEvents` call must be less than this, and so must a single entry.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html>
pub const PUT_EVENTS_BYTES: usize = 1024 * 1024;

/// What `Time` adds to the size of a `PutEvents` entry.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size>
pub const PUT_EVENTS_TIME_BYTES: usize = 14;

/// Size of one item, names and values.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-items>
pub const ITEM_BYTES: usize = 400 * 1024;

/// Actions in one `TransactWriteItems` call.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>
pub const TRANSACTION_ACTIONS: usize = 100;

/// Total size of the items of one `TransactWriteItems` call.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>
pub const TRANSACTION_BYTES: usize = 4 * 1024 * 1024;

/// Size of one SQS message with its attributes.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
pub const SQS_MESSAGE_BYTES: usize = 1024 * 1024;

/// Messages in one `SendMessageBatch` call.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>
pub const SQS_BATCH_ENTRIES: usize = 10;

/// The longest that a queue keeps a message back, seconds.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
pub const SQS_DELAY_SECONDS: i32 = 900;

/// What an authorizer says of a caller, as JSON with its braces. No page states what API Gateway takes; what is in a request's context has to
/// fit beside its headers, of which it takes 10,240 bytes.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>
pub const AUTHORIZER_CONTEXT_BYTES: usize = 8 * 1024;

/// Input or result of a workflow's state, as JSON: what Step Functions takes, so that a workflow means the same on both engines.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html#service-limits-task-executions>
pub const WORKFLOW_PAYLOAD_BYTES: usize = 256 * 1024;

/// Transitions of an execution on Redis. One that goes round for ever ends there, as one on Step Functions does after 25,000 events.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/bp-history-limit.html>
pub const WORKFLOW_TRANSITIONS: u64 = 1_000_000;

/// Transitions of an execution on Redis whose history is kept: its first, and so many of the last.
pub const WORKFLOW_HISTORY_TRANSITIONS: u64 = 1_000;

/// The history of an execution on Redis that is kept, but for its first transition.
pub const WORKFLOW_HISTORY_BYTES: usize = 512 * 1024;

/// How long a claim of an idempotent function lasts unless it is renewed, seconds: so long after a crash, at most, the next delivery of
/// the same work may run. Retries that end sooner do not outlast a crash.
pub const IDEMPOTENCY_LEASE_SECONDS: u64 = 15;

/// All variables of an execution on Redis. Each transition writes them whole, so that it is less than the 10 MiB of Step Functions.
pub const WORKFLOW_STATE_BYTES: usize = 1024 * 1024;
