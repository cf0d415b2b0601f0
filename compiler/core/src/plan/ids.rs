//! How things of the spec are called in AWS and in the environment of a handler: the names that layers agree on.

use evc_interface::environment;
use evc_interface::workflow::ENGINE;

use super::LogicalId;
use crate::model::{
    Api, Bus, Cache, ChangeKind, Config, DeadLetterSource, Function, Model, Network, Outbox, Queue, Rule, Schedule,
    Secret, Table, Thing, Workflow,
};

/// The logical id of a thing: what it and its kind are called, `CreateOrderFunction`. That of an outbox is its table's.
pub fn thing(model: &Model, thing: Thing) -> LogicalId {
    if let Thing::Api(id) = thing {
        return api(&model.apis[id]);
    }
    LogicalId::new([model.head(thing).name.as_str(), thing.what()])
}

/// The logical id of a function: `CreateOrderFunction`.
pub fn function(function: &Function) -> LogicalId {
    LogicalId::new([&function.head.name, "function"])
}

/// The name of a function's alias.
pub const ALIAS: &str = "Live";

/// The logical id that SAM gives the alias of a function.
/// <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources-function.html>
pub fn alias(function: &LogicalId) -> LogicalId {
    LogicalId::new([function.as_str(), "alias", ALIAS])
}

/// The logical id of a table: `OrdersTable`.
pub fn table(table: &Table) -> LogicalId {
    LogicalId::new([&table.head.name, "table"])
}

/// The logical id of a custom bus: `OrdersBus`.
pub fn bus(bus: &Bus) -> LogicalId {
    LogicalId::new([&bus.head.name, "bus"])
}

/// The logical id of a queue: `JobsQueue`.
pub fn queue(queue: &Queue) -> LogicalId {
    LogicalId::new([&queue.head.name, "queue"])
}

/// The logical id of a configuration value: `PageSizeConfig`.
pub fn config(config: &Config) -> LogicalId {
    LogicalId::new([&config.head.name, "config"])
}

/// The logical id of a secret: `StripeSecret`.
pub fn secret(secret: &Secret) -> LogicalId {
    LogicalId::new([&secret.head.name, "secret"])
}

/// The logical id of a rule: `StartFulfilmentRule`.
pub fn rule(rule: &Rule) -> LogicalId {
    LogicalId::new([&rule.head.name, "rule"])
}

/// The logical id of a schedule: `NightlySchedule`.
pub fn schedule(schedule: &Schedule) -> LogicalId {
    LogicalId::new([&schedule.head.name, "schedule"])
}

/// The logical id of a workflow's state machine: `FulfilOrderWorkflow`.
pub fn workflow(workflow: &Workflow) -> LogicalId {
    LogicalId::new([&workflow.head.name, "workflow"])
}

/// The logical id of the state machine that starts a workflow once an event: `FulfilOrderStarter`.
pub fn starter(workflow: &Workflow) -> LogicalId {
    LogicalId::new([&workflow.head.name, "starter"])
}

/// The logical id of the queue for events that could not start a workflow: `FulfilOrderStarterDeadLetters`.
pub fn starter_dead_letters(workflow: &Workflow) -> LogicalId {
    of(&starter(workflow), "dead-letters")
}

/// The logical id of the queue of a function's work in workflows on Redis: `ProcessPaymentFunctionTasks`.
pub fn task_queue(function: &Function) -> LogicalId {
    of(&self::function(function), "tasks")
}

/// The logical id of the function of the workflows' engine.
pub fn engine() -> LogicalId {
    LogicalId::new([ENGINE])
}

/// The logical id of the queue of that function.
pub fn engine_queue() -> LogicalId {
    of(&engine(), "queue")
}

/// The logical id of an outbox's table: `OrderEventsOutbox`.
pub fn outbox(outbox: &Outbox) -> LogicalId {
    LogicalId::new([&outbox.head.name, "outbox"])
}

/// The logical id of the table whose stream an outbox reads: its own, or the one whose changes are its events.
pub fn outbox_source(model: &Model, outbox: &Outbox) -> LogicalId {
    match &outbox.changes {
        Some(changes) => table(&model.tables[changes.table.value]),
        None => self::outbox(outbox),
    }
}

/// The logical id of the pipe that brings a kind of change to the bus: `OrderChangesInsertPipe`; `OrderChangesInsert2Pipe` for
/// the second event of the kind.
pub fn pipe(outbox: &Outbox, kind: ChangeKind, number: usize) -> LogicalId {
    let number = if number == 1 { String::new() } else { number.to_string() };
    LogicalId::new([&outbox.head.name, kind.key(), &number, "pipe"])
}

/// The logical id of what the pipes of an outbox share: `OrderChangesPipes`.
pub fn pipes(outbox: &Outbox) -> LogicalId {
    LogicalId::new([&outbox.head.name, "pipes"])
}

/// The logical id of an outbox's forwarder: `OrderEventsForwarder`.
pub fn forwarder(outbox: &Outbox) -> LogicalId {
    LogicalId::new([&outbox.head.name, "forwarder"])
}

/// The logical id of the function that publishes an outbox's events again: `OrderEventsRedrive`.
pub fn redrive(outbox: &Outbox) -> LogicalId {
    LogicalId::new([&outbox.head.name, "redrive"])
}

/// The logical id of the dead-letter queue of a thing: `StartFulfilmentRuleDeadLetters`.
pub fn dead_letters(model: &Model, of: DeadLetterSource) -> LogicalId {
    let id = match of {
        DeadLetterSource::Queue(id) => queue(&model.queues[id]),
        DeadLetterSource::Rule(id) => rule(&model.rules[id]),
        DeadLetterSource::Outbox(id) => forwarder(&model.outboxes[id]),
        DeadLetterSource::Function(id) => function(&model.functions[id]),
        DeadLetterSource::Schedule(id) => schedule(&model.schedules[id]),
        DeadLetterSource::Work(id) => task_queue(&model.functions[id]),
        DeadLetterSource::Workflow(id) if model.workflows[id].redis().is_some() => engine_queue(),
        DeadLetterSource::Workflow(id) => return starter_dead_letters(&model.workflows[id]),
    };
    LogicalId::new([id.as_str(), "dead-letters"])
}

/// The logical id of what belongs to a resource: `of(CreateOrderFunction, "role")` is `CreateOrderFunctionRole`.
pub fn of(id: &LogicalId, what: &str) -> LogicalId {
    LogicalId::new([id.as_str(), what])
}

/// The logical id of a cache: `StateCache`. What belongs to it starts with that.
pub fn cache(cache: &Cache) -> LogicalId {
    LogicalId::new([&cache.head.name, "cache"])
}

/// The logical id of the security group of what talks to a cache: `StateCacheClients`.
pub fn cache_clients(cache: &Cache) -> LogicalId {
    of(&self::cache(cache), "clients")
}

/// The logical id of a network: `MainNetwork`. What belongs to it starts with that.
pub fn network(network: &Network) -> LogicalId {
    LogicalId::new([&network.head.name, "network"])
}

/// The logical id of an API: `CartApi`; the stack's own is `Api`.
pub fn api(api: &Api) -> LogicalId {
    if api.declared { LogicalId::new([&api.head.name, "api"]) } else { LogicalId::new(["api"]) }
}

/// What an API's names end with in the account: `-api`, `-cart-api`.
pub fn api_suffix(api: &Api) -> String {
    if api.declared { format!("-{}-api", api.head.name) } else { "-api".to_owned() }
}

pub use crate::model::REST_STAGE;

/// The logical id of the dashboard.
pub fn dashboard() -> LogicalId {
    LogicalId::new(["dashboard"])
}

/// The logical id of the table that holds what idempotent functions have done.
pub fn idempotency() -> LogicalId {
    LogicalId::new([IDEMPOTENCY_TABLE])
}

/// The name of the table that holds what idempotent functions have done.
pub const IDEMPOTENCY_TABLE: &str = "IdempotencyTable";

/// The environment variable with the name of a table.
pub fn table_variable(table: &Table) -> String {
    environment::of_thing(&table.head.name, "table")
}

/// The environment variable with the name of an outbox's table.
pub fn outbox_variable(outbox: &Outbox) -> String {
    environment::of_thing(&outbox.head.name, "outbox")
}

/// The environment variable with the name or ARN of a bus.
pub fn bus_variable(bus: &Bus) -> String {
    environment::of_thing(&bus.head.name, "bus")
}

/// The environment variable with the URL of a queue.
pub fn queue_variable(queue: &Queue) -> String {
    environment::of_thing(&queue.head.name, "queue_url")
}

/// The environment variable with the name of the parameter that is a configuration value.
pub fn config_variable(config: &Config) -> String {
    environment::of_thing(&config.head.name, "config_name")
}

/// The environment variable with the ARN of a secret, or with the name of the parameter that it is.
pub fn secret_variable(secret: &Secret) -> String {
    environment::of_thing(&secret.head.name, "secret_arn")
}

/// The environment variable with the ARN of a workflow's state machine.
pub fn state_machine_variable(workflow: &Workflow) -> String {
    environment::of_thing(&workflow.head.name, "state_machine_arn")
}

/// The folder, crate and binary of a function, unique in the workspace: `orders-create-order`.
pub fn binary(model: &Model, function: &Function) -> String {
    format!("{}-{}", model.service.value, function.head.name)
}

/// The folder, crate and binary of an outbox's forwarder: `orders-order-events-forwarder`.
pub fn forwarder_binary(model: &Model, outbox: &Outbox) -> String {
    format!("{}-{}-forwarder", model.service.value, outbox.head.name)
}

/// The folder, crate and binary of the engine of the workflows on Redis: `orders-workflow-engine`.
pub fn engine_binary(model: &Model) -> String {
    format!("{}-{ENGINE}", model.service.value)
}

/// The folder, crate and binary of an outbox's redrive: `orders-order-events-redrive`.
pub fn redrive_binary(model: &Model, outbox: &Outbox) -> String {
    format!("{}-{}-redrive", model.service.value, outbox.head.name)
}
