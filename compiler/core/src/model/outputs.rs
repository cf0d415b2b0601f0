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
    /// The path as it is written.
    pub path: Spanned<String>,
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
    /// Something else that the plan has: a resource of the spec's own, a part of a thing, an attribute. The thing whose use it is, if any.
    Other(Option<Thing>),
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
        [section, property, ..] if section.as_str() == "api" => api(sections, section, property, diagnostics)?,
        [section, property] if section.as_str() == "dashboard" => match property.as_str() {
            "name" => OutputValue::DashboardName,
            "url" => OutputValue::DashboardUrl,
            _ => {
                diagnostics.push(no_property("dashboard", property, ["name", "url"]));
                return None;
            }
        },
        [section, thing, rest @ ..] if !rest.is_empty() || section.as_str() == "resources" => {
            of_thing(sections, section, thing, rest, diagnostics)?
        }
        _ => {
            diagnostics.push(
                Diagnostic::new(Code::EVC0105, item.span, format!("`{}` is not a property of something", item.text))
                    .help("write `section.name.property`, as in `tables.orders.name`, or `api.url`, `dashboard.url`"),
            );
            return None;
        }
    };
    let path = Spanned::new(item.text.clone(), item.span);
    Some(Output { name: name.to_owned(), span: item.name_span, description: item.description.clone(), value, path })
}

fn api(
    sections: &Sections,
    section: &Spanned<String>,
    property: &Spanned<String>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<OutputValue> {
    if sections.functions.items.values().all(|function| function.api.is_none()) {
        diagnostics.push(
            Diagnostic::new(Code::EVC0101, section.span, "there is no API").help("give a function an `api` route"),
        );
        return None;
    }
    if crate::diagnostics::nearest(property, &["url"]).is_some_and(|_| property.as_str() != "url") {
        diagnostics.push(no_property("api", property, ["url"]));
        return None;
    }
    if property.as_str() != "url" {
        return Some(OutputValue::Other(None));
    }
    // The stack's own API comes after those declared.
    Some(OutputValue::Of(Thing::Api(Id::new(sections.apis.items.len())), Property::Url))
}

fn of_thing(
    sections: &Sections,
    section: &Spanned<String>,
    name: &Spanned<String>,
    rest: &[Spanned<String>],
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<OutputValue> {
    let found = Thing::find(section, name, sections, diagnostics);
    let known = || Thing::sections_with_properties().chain(["resources"]);
    let Some(thing) = found else {
        let known: Vec<&str> = known().chain(["api", "dashboard"]).collect();
        let diagnostic = unresolved("section", section, known.iter().copied());
        let is_helped = !diagnostic.help.is_empty();
        let told = format!("expected one of {}", list(&known));
        diagnostics.push(if is_helped { diagnostic } else { diagnostic.help(told) });
        return None;
    };
    // Events are nothing that the template has.
    if let Some(Thing::Event(_)) = thing {
        let known: Vec<&str> = known().collect();
        diagnostics.push(
            Diagnostic::new(Code::EVC0101, section.span, format!("there are no outputs of `{}`", section.value))
                .help(format!("those that have are {}", list(&known))),
        );
        return None;
    }
    let thing = thing?;
    let [property] = rest else { return Some(OutputValue::Other(None)) };
    if let Some(property) = thing.properties().iter().find(|known| known.key() == property.as_str()) {
        return Some(OutputValue::Of(thing, *property));
    }
    // What a thing has beyond these is known when the template is; a slip is told at once.
    let known: Vec<&str> = thing.properties().iter().map(|property| property.key()).collect();
    if crate::diagnostics::nearest(property, &known).is_some() {
        diagnostics.push(no_property(section, property, known));
        return None;
    }
    Some(OutputValue::Other(tells_of_thing(property).then_some(thing)))
}

/// Whether the last part of a path that leads to a thing tells something of the thing itself, and not of a part of it, whose use is not
/// its own.
pub(super) fn tells_of_thing(property: &str) -> bool {
    let own = ["name", "arn", "url", "id", "stream-arn"];
    own.contains(&property) || property.starts_with(|c: char| c.is_ascii_uppercase())
}

/// A property that nothing of a section has.
fn no_property<'k>(section: &str, property: &Spanned<String>, known: impl IntoIterator<Item = &'k str>) -> Diagnostic {
    let message = format!("there is no output `{}` of `{section}`", property.value);
    Diagnostic::new(Code::EVC0101, property.span, message).suggest(property, known)
}
