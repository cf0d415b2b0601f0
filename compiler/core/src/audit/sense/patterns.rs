//! Event patterns wherever they stand: of rules, archives, event source mappings, pipes and subscriptions, as they are or as JSON in a text.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html>,
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-filtering.html>

use crate::audit::template::{Kind, Node};
use crate::audit::text::{Text, UNKNOWN};
use crate::audit::view::{Named, View};
use crate::audit::{Beside, json};
use crate::check::wildcards;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Event, Model, aws, envelope, judged_apart};
use crate::pattern::{self, Pattern, Verdict};
use crate::source::Span;
use crate::types::{Type, Types};
use crate::yaml::{self, NodeKind, Scalar, ScalarStyle};

/// A field that an event has beside those of every event, when an archive replays it.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html>
const REPLAY: &str = "replay-name";

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for type_ in ["AWS::Events::Rule", "AWS::Events::Archive"] {
        for of in view.of_type(type_) {
            let Some(written) = of.resource.property("EventPattern") else { continue };
            if let Some(read) = read(view, of, "EventPattern", written, diagnostics) {
                diagnostics.extend(of_events(view.beside, &read));
            }
        }
    }
    for mapping in view.of_type("AWS::Lambda::EventSourceMapping") {
        filters(view, mapping, mapping.resource.property("FilterCriteria"), "FilterCriteria", diagnostics);
    }
    for pipe in view.of_type("AWS::Pipes::Pipe") {
        let criteria = pipe.resource.property("SourceParameters").and_then(|source| source.get("FilterCriteria"));
        filters(view, pipe, criteria, "SourceParameters", diagnostics);
    }
    for subscription in view.of_type("AWS::SNS::Subscription") {
        super::subscriptions::check(view, subscription, diagnostics);
    }
}

fn filters(
    view: &View<'_>,
    of: Named<'_>,
    criteria: Option<&Node<'_>>,
    property: &str,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for filter in criteria.and_then(|it| it.get("Filters")).and_then(Node::as_list).into_iter().flatten() {
        if let Some(written) = filter.get("Pattern") {
            read(view, of, property, written, diagnostics);
        }
    }
}

/// A pattern.
pub(super) struct Read {
    /// What of it could be read, without what is known when it is deployed only.
    pub pattern: Pattern,
    /// Whether it is known which events it is about: nothing is left out but of their details.
    pub picks: bool,
}

/// The pattern that a node is. Reports what is wrong with it by itself.
pub(super) fn read(
    view: &View<'_>,
    of: Named<'_>,
    property: &str,
    written: &Node<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Read> {
    // What evc derived has been looked at where it comes from.
    let by_hand = of.resource.properties.entry(property).is_some_and(|entry| entry.key.place.is_some());
    if view.is_settled(&[of]) || view.only_written && !by_hand {
        return None;
    }
    let place = written.place.unwrap_or_else(|| of.place_of(property));
    let tree = match &written.kind {
        Kind::Map(map) if map.entries.iter().any(|entry| entry.key.text.starts_with("Fn::")) => return None,
        Kind::Map(_) => tree(written, place),
        Kind::Text(_) | Kind::Call(_) => {
            let text = Text::of(written)?;
            match json::read(&text, view.beside.sources) {
                Ok(node) => tree(&node, place),
                Err((at, problem)) => {
                    if !text.text.contains(UNKNOWN) {
                        let message = format!("the pattern is not JSON: {problem}");
                        diagnostics.push(Diagnostic::new(Code::EVC0301, at.unwrap_or(place), message));
                    }
                    return None;
                }
            }
        }
        Kind::Null | Kind::Error => return None,
        Kind::Bool(_) | Kind::Number(_) | Kind::List(_) => {
            let message = format!("expected a map of fields, found {}", written.describe());
            diagnostics.push(Diagnostic::new(Code::EVC0301, place, message));
            return None;
        }
    };
    // A filter that lets everything through is no mistake.
    if matches!(&tree.kind, NodeKind::Mapping(mapping) if mapping.entries.is_empty()) {
        return None;
    }
    let mut found = Vec::new();
    let parsed = pattern::parse(&tree, &mut found);
    found.extend(parsed.iter().filter_map(|parsed| parsed.whole()).flat_map(wildcards::of));
    // A text in a template may be JSON in quotes of YAML: what mends a spec does not mend that.
    for one in &mut found {
        one.fixes.clear();
    }
    diagnostics.extend(found);
    parsed.map(|parsed| Read { pattern: parsed.readable, picks: is_clear(tree) })
}

/// What is wrong with a pattern for the events that it is about: their shape, and what a spec says of them.
fn of_events(beside: &Beside<'_>, read: &Read) -> Vec<Diagnostic> {
    let pattern = &read.pattern;
    let span = pattern.root.span;
    let any = pattern::envelope(None, None, &Type::any(span), span);
    let mut found = pattern::check(pattern, &Types::default(), &any);
    let is_replay = |one: &Diagnostic| {
        pattern.root.fields.iter().any(|field| field.name.value == REPLAY && field.name.span == one.primary.span)
    };
    found.retain(|one| !is_replay(one));
    if let (true, Some(model)) = (found.is_empty() && read.picks, beside.model) {
        found = of_declared(model, pattern);
    }
    for one in &mut found {
        one.fixes.clear();
    }
    found
}

/// What none of the declared events can have that a pattern picks by their sources.
fn of_declared(model: &Model, pattern: &Pattern) -> Vec<Diagnostic> {
    let sources = pattern.texts("source").unwrap_or_default();
    let is_ours = |text: &str| model.events.values().any(|event| event.source.value == text && !aws::is_source(text));
    if sources.is_empty() || !sources.iter().all(|source| is_ours(source.value)) {
        return Vec::new();
    }
    let mut of_metadata = Vec::new();
    let ours = model.events.values().filter(|event| is_ours(&event.source.value));
    let (pattern, _) = judged_apart(model, pattern.clone(), ours, &mut of_metadata);
    if !of_metadata.is_empty() {
        return of_metadata;
    }
    let around = pattern.only(&|name| name != "detail");
    let detail = pattern.only(&|name| name == "detail");
    let picks =
        |event: &&Event| !matches!(pattern::can_match(&around, &model.types, &envelope(event)), Verdict::Never(..));
    let mut wrong: Option<Vec<Diagnostic>> = None;
    for event in model.events.values().filter(picks) {
        let found = pattern::check(&detail, &model.types, &envelope(event));
        let at = |span: Span| found.iter().any(|one| one.primary.span == span);
        wrong = Some(match wrong {
            None => found,
            Some(before) => before.into_iter().filter(|one| at(one.primary.span)).collect(),
        });
    }
    wrong.unwrap_or_default()
}

/// Whether what stands around the detail is right, and known.
fn is_clear(tree: yaml::Node) -> bool {
    let NodeKind::Mapping(mut mapping) = tree.kind else { return false };
    mapping.entries.retain(|entry| entry.key.text != "detail");
    let around = yaml::Node { kind: NodeKind::Mapping(mapping), span: tree.span };
    let mut found = Vec::new();
    pattern::parse(&around, &mut found);
    found.is_empty() && is_known(&around)
}

/// Whether no part of a value is known when it is deployed only.
fn is_known(node: &yaml::Node) -> bool {
    match &node.kind {
        NodeKind::Error => false,
        NodeKind::Sequence(items) => items.iter().all(is_known),
        NodeKind::Mapping(mapping) => mapping.entries.iter().all(|entry| is_known(&entry.value)),
        NodeKind::Null | NodeKind::Scalar(_) => true,
    }
}

/// A value as patterns are read from. What is known when it is deployed only is taken for right.
fn tree(node: &Node<'_>, outer: Span) -> yaml::Node {
    let span = node.place.unwrap_or(outer);
    let scalar = |text: &str, style| NodeKind::Scalar(Scalar { text: text.to_owned(), style });
    let kind = match &node.kind {
        Kind::Null => NodeKind::Null,
        Kind::Bool(value) => scalar(&value.to_string(), ScalarStyle::Plain),
        Kind::Number(text) => scalar(text, ScalarStyle::Plain),
        Kind::Text(text) if text.contains(UNKNOWN) => NodeKind::Error,
        Kind::Text(text) => scalar(text, ScalarStyle::Quoted),
        Kind::List(items) => NodeKind::Sequence(items.iter().map(|item| tree(item, span)).collect()),
        Kind::Map(map) => {
            let entries = map.entries.iter().map(|entry| {
                let key =
                    yaml::Key { text: entry.key.text.clone().into_owned(), span: entry.key.place.unwrap_or(span) };
                yaml::Entry { key, value: tree(&entry.value, span) }
            });
            NodeKind::Mapping(yaml::Mapping { entries: entries.collect(), ..yaml::Mapping::default() })
        }
        Kind::Call(_) | Kind::Error => NodeKind::Error,
    };
    yaml::Node { kind, span }
}
