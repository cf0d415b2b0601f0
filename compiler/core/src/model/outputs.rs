//! What a stack tells: `outputs:`, whose paths, such as `tables.orders.name`, are resolved.

use super::names::unresolved;
use super::{Function, Id, Outbox, Queue, Rule, Schedule, Thing, Workflow};
use crate::diagnostics::{Code, Diagnostic, list};
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
    /// Something of a thing.
    Of(Thing, Property),
    /// The name of the dashboard.
    DashboardName,
    /// The URL of the dashboard in the console.
    DashboardUrl,
}

/// What an output can tell of a thing. The line of its kind in `kinds.rs` says which it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Property {
    /// Its name in AWS.
    Name,
    /// Its ARN.
    Arn,
    /// Where it is called.
    Url,
    /// The id of an API, which is part of its URL and of its ARN.
    Id,
    /// The URL of its dead-letter queue.
    DeadLetterQueueUrl,
    /// The URL of the dead-letter queue of a function's work in workflows on Redis.
    WorkDeadLetterQueueUrl,
}

impl Property {
    /// Its word in the path of an output.
    pub fn key(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Arn => "arn",
            Self::Url => "url",
            Self::Id => "id",
            Self::DeadLetterQueueUrl => "dead-letter-queue-url",
            Self::WorkDeadLetterQueueUrl => "work-dead-letter-queue-url",
        }
    }
}

/// A thing that has a dead-letter queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeadLetterSource {
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

impl DeadLetterSource {
    /// What workflows on Redis could not hand to a function. `None` if the thing is none.
    pub fn of_work(thing: Thing) -> Option<Self> {
        if let Thing::Function(id) = thing { Some(Self::Work(id)) } else { None }
    }
}

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
                diagnostics.push(no_property("dashboard", property, ["name", "url"]));
                return None;
            }
        },
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
        diagnostics.push(no_property("api", property, ["url"]));
        return None;
    }
    if sections.functions.items.values().all(|function| function.api.is_none()) {
        diagnostics.push(
            Diagnostic::new(Code::EVC0101, section.span, "there is no API").help("give a function an `api` route"),
        );
        return None;
    }
    // The stack's own API comes after those declared.
    Some(OutputValue::Of(Thing::Api(Id::new(sections.apis.items.len())), Property::Url))
}

fn of_thing(
    sections: &Sections,
    section: &Spanned<String>,
    name: &Spanned<String>,
    property: &Spanned<String>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<OutputValue> {
    let known = || Thing::sections_with_properties();
    let thing = match Thing::find(section, name, sections, diagnostics) {
        Some(thing) if known().any(|known| known == section.as_str()) => thing?,
        _ => {
            let is_section = Thing::find(section, name, sections, &mut Vec::new()).is_some();
            diagnostics.push(if is_section {
                let known: Vec<&str> = known().collect();
                Diagnostic::new(Code::EVC0101, section.span, format!("there are no outputs of `{}`", section.value))
                    .help(format!("those that have are {}", list(&known)))
            } else {
                unresolved("section", section, known().chain(["api", "dashboard"]))
            });
            return None;
        }
    };
    let properties = thing.properties();
    if let Some(property) = properties.iter().find(|known| known.key() == property.as_str()) {
        return Some(OutputValue::Of(thing, *property));
    }
    diagnostics.push(no_property(section, property, properties.iter().map(|property| property.key())));
    None
}

/// A property that nothing of a section has.
fn no_property<'k>(section: &str, property: &Spanned<String>, known: impl IntoIterator<Item = &'k str>) -> Diagnostic {
    let message = format!("there is no output `{}` of `{section}`", property.value);
    Diagnostic::new(Code::EVC0101, property.span, message).suggest(property, known)
}
