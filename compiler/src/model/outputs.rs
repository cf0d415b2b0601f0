//! What a stack tells: `outputs:`, whose paths, such as `tables.orders.name`, are resolved.

use super::names::{find, unresolved};
use super::{Api, Bus, Cache, Function, Id, Outbox, Queue, Rule, Schedule, Table, Workflow};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::spec::decode::Declared;
use crate::spec::{Sections, output};

/// An output of the stack.
#[derive(Debug, Clone)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// Its place.
    pub span: Span,
    /// What it is.
    pub description: Option<String>,
    /// What it tells.
    pub value: OutputValue,
}

/// What an output tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputValue {
    /// The name of a thing.
    Name(Thing),
    /// The ARN of a thing.
    Arn(Thing),
    /// The URL of a queue.
    QueueUrl(Id<Queue>),
    /// The URL of a queue's dead-letter queue.
    DeadLetterQueueUrl(Deadly),
    /// The URL of a cache, as `evc workflow` takes it.
    CacheUrl(Id<Cache>),
    /// The URL of an API.
    ApiUrl(Id<Api>),
    /// The id of an API, which is part of its URL and of its ARN.
    ApiId(Id<Api>),
    /// The name of the dashboard.
    DashboardName,
    /// The URL of the dashboard in the console.
    DashboardUrl,
}

/// A thing that has a name and an ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Thing {
    /// A bus.
    Bus(Id<Bus>),
    /// A table.
    Table(Id<Table>),
    /// A function.
    Function(Id<Function>),
    /// A queue.
    Queue(Id<Queue>),
    /// A workflow.
    Workflow(Id<Workflow>),
    /// The table of an outbox.
    Outbox(Id<Outbox>),
}

/// A thing that has a dead-letter queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Deadly {
    /// What a queue's function could not work off.
    Queue(Id<Queue>),
    /// What a rule could not deliver.
    Rule(Id<Rule>),
    /// What an outbox could not publish.
    Outbox(Id<Outbox>),
    /// What a function could not do when invoked asynchronously.
    Function(Id<Function>),
    /// What a schedule could not start.
    Schedule(Id<Schedule>),
    /// Work of workflows on Redis that could not be handed to a function.
    Work(Id<Function>),
    /// Events that could not start a workflow; on Redis, whatever the engine of the service could not do.
    Workflow(Id<Workflow>),
}

/// The sections whose things have outputs.
const SECTIONS: [&str; 12] = [
    "buses",
    "caches",
    "tables",
    "functions",
    "queues",
    "workflows",
    "outboxes",
    "rules",
    "schedules",
    "apis",
    "api",
    "dashboard",
];

/// Resolves an output. `None` has been reported.
pub(super) fn output(
    sections: &Sections,
    name: &str,
    item: &Declared<output::Output>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Output> {
    let value = match item.path.as_slice() {
        [section, property] if section.as_str() == "api" => api(sections, section, property, diagnostics)?,
        [section, property] if section.as_str() == "dashboard" => match property.as_str() {
            "name" => OutputValue::DashboardName,
            "url" => OutputValue::DashboardUrl,
            _ => {
                diagnostics.push(unresolved("property of `dashboard`", property, ["name", "url"]));
                return None;
            }
        },
        [section, thing, property] if section.as_str() == "caches" => {
            let id = find(&sections.caches, "cache", thing, diagnostics)?;
            if property.as_str() != "url" {
                diagnostics.push(unresolved("property of `caches`", property, ["url"]));
                return None;
            }
            OutputValue::CacheUrl(id)
        }
        [section, thing, property] if section.as_str() == "apis" => {
            let id: Id<Api> = find(&sections.apis, "API", thing, diagnostics)?;
            match property.as_str() {
                "url" => OutputValue::ApiUrl(id),
                "id" => OutputValue::ApiId(id),
                _ => {
                    diagnostics.push(unresolved("property of `apis`", property, ["url", "id"]));
                    return None;
                }
            }
        }
        [section, thing, property] => of_thing(sections, section, thing, property, diagnostics)?,
        _ => {
            diagnostics.push(
                Diagnostic::new(Code::EVC0105, item.span, format!("`{}` is not a property of something", item.text))
                    .help("write `section.name.property`, as in `tables.orders.name`, or `api.url`, `dashboard.url`"),
            );
            return None;
        }
    };
    Some(Output { name: name.to_owned(), span: item.name_span, description: item.description.clone(), value })
}

fn api(
    sections: &Sections,
    section: &Spanned<String>,
    property: &Spanned<String>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<OutputValue> {
    if property.as_str() != "url" {
        diagnostics.push(unresolved("property of `api`", property, ["url"]));
        return None;
    }
    if sections.functions.items.values().all(|function| function.api.is_none()) {
        diagnostics.push(
            Diagnostic::new(Code::EVC0101, section.span, "there is no API").help("give a function an `api` route"),
        );
        return None;
    }
    // The stack's own API comes after those declared.
    Some(OutputValue::ApiUrl(Id::new(sections.apis.items.len())))
}

fn of_thing(
    sections: &Sections,
    section: &Spanned<String>,
    thing: &Spanned<String>,
    property: &Spanned<String>,
    found: &mut Vec<Diagnostic>,
) -> Option<OutputValue> {
    // A thing that has a name and an ARN, and one that has a dead-letter queue.
    let (named, deadly) = match section.as_str() {
        "buses" => (Some(Thing::Bus(find(&sections.buses, "bus", thing, found)?)), None),
        "tables" => (Some(Thing::Table(find(&sections.tables, "table", thing, found)?)), None),
        "functions" => {
            let id = find(&sections.functions, "function", thing, found)?;
            (Some(Thing::Function(id)), Some(Deadly::Function(id)))
        }
        "queues" => {
            let id = find(&sections.queues, "queue", thing, found)?;
            (Some(Thing::Queue(id)), Some(Deadly::Queue(id)))
        }
        "workflows" => {
            let id = find(&sections.workflows, "workflow", thing, found)?;
            (Some(Thing::Workflow(id)), Some(Deadly::Workflow(id)))
        }
        "outboxes" => {
            let id = find(&sections.outboxes, "outbox", thing, found)?;
            (Some(Thing::Outbox(id)), Some(Deadly::Outbox(id)))
        }
        "rules" => (None, Some(Deadly::Rule(find(&sections.rules, "rule", thing, found)?))),
        "schedules" => (None, Some(Deadly::Schedule(find(&sections.schedules, "schedule", thing, found)?))),
        _ => {
            found.push(unresolved("section with outputs", section, SECTIONS));
            return None;
        }
    };
    let value = match (property.as_str(), named, deadly) {
        ("name", Some(named), _) => Some(OutputValue::Name(named)),
        ("arn", Some(named), _) => Some(OutputValue::Arn(named)),
        ("url", Some(Thing::Queue(queue)), _) => Some(OutputValue::QueueUrl(queue)),
        ("dead-letter-queue-url", _, Some(deadly)) => Some(OutputValue::DeadLetterQueueUrl(deadly)),
        ("work-dead-letter-queue-url", Some(Thing::Function(id)), _) => {
            Some(OutputValue::DeadLetterQueueUrl(Deadly::Work(id)))
        }
        _ => None,
    };
    if value.is_none() {
        let known = [
            named.map(|_| "name"),
            named.map(|_| "arn"),
            matches!(named, Some(Thing::Queue(_))).then_some("url"),
            deadly.map(|_| "dead-letter-queue-url"),
            matches!(named, Some(Thing::Function(_))).then_some("work-dead-letter-queue-url"),
        ];
        let what = format!("property of `{}`", section.value);
        found.push(unresolved(&what, property, known.into_iter().flatten()));
    }
    value
}
