//! `outputs:` paths such as `tables.orders.name`, resolved.

use super::names::{find, unresolved};
use super::{Api, Deadly, Id, Output, OutputValue, Thing};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Spanned;
use crate::spec::decode::Declared;
use crate::spec::{Sections, output};

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
        "workflows" => (Some(Thing::Workflow(find(&sections.workflows, "workflow", thing, found)?)), None),
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
        _ => None,
    };
    if value.is_none() {
        let known = [
            named.map(|_| "name"),
            named.map(|_| "arn"),
            matches!(named, Some(Thing::Queue(_))).then_some("url"),
            deadly.map(|_| "dead-letter-queue-url"),
        ];
        let what = format!("property of `{}`", section.value);
        found.push(unresolved(&what, property, known.into_iter().flatten()));
    }
    value
}
