//! What is known of an event as somebody publishes it: the type of its detail, and the booleans in it that are always the same.

use crate::expr::{Plain, Template};
use crate::model::{ChangeEvent, Event, Id, Model, Rule, Step};
use crate::pattern::{self, Constraint, Pattern, Verdict};
use crate::types::Type;

/// An event as it is published in one place, or brought to another bus.
#[derive(Debug, Clone)]
pub(in crate::check) struct Published {
    pub(in crate::check) event: Id<Event>,
    detail: Type,
    booleans: Vec<(Vec<String>, bool)>,
    /// Texts of which the start is always the same, by their paths.
    starts: Vec<(Vec<String>, String)>,
}

/// Whether an event passes a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::check) enum Passes {
    Always,
    Sometimes,
    /// While a whole number is within a bound.
    WithinABound,
    Never,
}

impl Published {
    /// By a handler, of which no more is known than that it fits.
    pub(in crate::check) fn by_handler(model: &Model, event: Id<Event>) -> Self {
        Self { event, detail: model.events[event].detail.clone(), booleans: Vec::new(), starts: Vec::new() }
    }

    /// By an outbox, as a change of a table.
    pub(in crate::check) fn by_change(model: &Model, change: &ChangeEvent) -> Self {
        let published = Self::by_handler(model, change.event.value);
        let Some(filter) = &change.filter else { return published };
        let filter = of_event(model, change, filter);
        Self { detail: taken(model, &filter, &published.detail), booleans: pattern::booleans(&filter), ..published }
    }

    /// By a step of a workflow that a rule has started with an event.
    pub(in crate::check) fn by_step(
        model: &Model,
        event: Id<Event>,
        step: &Step,
        detail: Option<&Template>,
        start: &Start,
    ) -> Self {
        let published = Self::by_handler(model, event);
        let Some(template) = detail else { return published };
        let scope = match &start.input {
            Some(input) => step.scope.clone().with("input", input.clone()),
            None => step.scope.clone(),
        };
        let mut booleans = Vec::new();
        collect(template, &mut Vec::new(), &start.booleans, &mut booleans);
        let mut starts = Vec::new();
        texts(template, &mut Vec::new(), &mut starts);
        Self { detail: template.ty(&scope, &model.types), booleans, starts, ..published }
    }

    /// The same event as another bus knows it, to which a rule has brought it.
    pub(in crate::check) fn brought(&self, model: &Model, rule: &Rule, arrives: Id<Event>) -> Self {
        let mut brought = Self { event: arrives, ..self.clone() };
        if let Some((filter, detail)) = self.filter(model, rule).filter(|_| is_of_detail(rule)) {
            brought.detail = taken(model, &filter, &detail);
            brought.booleans.extend(pattern::booleans(&filter));
            brought.starts.extend(pattern::starts(&filter));
        }
        brought
    }

    /// Whether it passes the pattern of a rule that can match such events.
    pub(in crate::check) fn passes(&self, model: &Model, rule: &Rule) -> Passes {
        let Some((filter, root)) = self.filter(model, rule) else { return Passes::Always };
        match pattern::can_match(&filter, &model.types, &root) {
            Verdict::Never(..) => Passes::Never,
            _ if pattern::rules_out(&filter, &self.booleans) => Passes::Never,
            _ if pattern::rules_out_starts(&filter, &self.starts) => Passes::Never,
            Verdict::Always if rule.of_metadata => Passes::Sometimes,
            Verdict::Always => Passes::Always,
            Verdict::Sometimes if pattern::bounds_a_count(&filter, &model.types, &root) => Passes::WithinABound,
            Verdict::Sometimes => Passes::Sometimes,
        }
    }

    /// What a rule says of the detail, and the detail.
    fn filter(&self, model: &Model, rule: &Rule) -> Option<(Pattern, Type)> {
        let of_detail = match (&rule.detail_pattern, &rule.written_pattern) {
            (Some(filter), _) => return Some((filter.clone(), self.detail.clone())),
            (None, written) => written.as_ref()?,
        };
        let event = &model.events[self.event];
        let root = pattern::envelope(Some(&event.source), Some(&event.detail_type), &self.detail, event.head.name_span);
        let detail = of_detail.root.fields.iter().find(|field| field.name.value == "detail");
        match detail.map(|field| &field.constraint) {
            // The envelope has matched, or the event would not be one of the rule's.
            Some(Constraint::Object(detail)) if of_detail.root.or.is_empty() => {
                Some((Pattern { root: detail.clone() }, self.detail.clone()))
            }
            _ => Some((of_detail.clone(), root)),
        }
    }
}

/// What is known of the input of a workflow that a rule starts.
#[derive(Debug, Clone, Default)]
pub(in crate::check) struct Start {
    input: Option<Type>,
    booleans: Vec<(Vec<String>, bool)>,
}

impl Start {
    /// By this event, whose detail is the input unless the rule makes another of it.
    pub(in crate::check) fn by(model: &Model, rule: &Rule, event: Id<Event>, as_it_is: bool) -> Self {
        let published = Published::by_handler(model, event);
        match published.filter(model, rule).filter(|_| as_it_is && is_of_detail(rule)) {
            Some((filter, detail)) => {
                Self { input: Some(taken(model, &filter, &detail)), booleans: pattern::booleans(&filter) }
            }
            None => Self::default(),
        }
    }
}

/// Whether what a written pattern says of the detail stands alone.
fn is_of_detail(rule: &Rule) -> bool {
    if rule.detail_pattern.is_some() {
        return true;
    }
    let Some(written) = &rule.written_pattern else { return false };
    let detail = written.root.fields.iter().find(|field| field.name.value == "detail");
    written.root.or.is_empty() && matches!(detail.map(|field| &field.constraint), Some(Constraint::Object(_)))
}

/// What a filter of items says of the event that is made of one: its fields under the names that they have there.
fn of_event(model: &Model, change: &ChangeEvent, filter: &Pattern) -> Pattern {
    let fields = model.types.record(&model.events[change.event.value].detail).unwrap_or_default();
    let mut root = filter.root.clone();
    root.fields.clear();
    root.or.clear();
    for name in fields.keys() {
        let (source, _) = change.source(name);
        if let Some(field) = filter.root.fields.iter().find(|field| field.name.value == source) {
            let mut field = field.clone();
            (*name).clone_into(&mut field.name.value);
            root.fields.push(field);
        }
    }
    Pattern { root }
}

/// The booleans that a template always makes: literals, and fields of the input that are always the same.
fn collect(
    template: &Template,
    path: &mut Vec<String>,
    input: &[(Vec<String>, bool)],
    into: &mut Vec<(Vec<String>, bool)>,
) {
    match template {
        Template::Expr(expr) => {
            let value = match expr.plain() {
                Some(Plain::Literal(serde_json::Value::Bool(value))) => Some(value),
                Some(Plain::Path(names)) if names.first() == Some(&"input") => {
                    let known = input
                        .iter()
                        .find(|(known, _)| names.iter().skip(1).copied().eq(known.iter().map(String::as_str)));
                    known.map(|(_, value)| *value)
                }
                Some(Plain::Literal(_) | Plain::Path(_)) | None => None,
            };
            into.extend(value.map(|value| (path.clone(), value)));
            if let (Some(Plain::Path(names)), true) = (expr.plain(), path.is_empty())
                && names == ["input"]
            {
                into.extend(input.iter().cloned());
            }
        }
        Template::Object(fields, _) => {
            for (key, value) in fields {
                path.push(key.text.clone());
                collect(value, path, input, into);
                path.pop();
            }
        }
        Template::List(..) | Template::Null(_) | Template::Error(_) => {}
    }
}

/// The texts that a template makes of which the start is written: `'robot-' & input.by`.
fn texts(template: &Template, path: &mut Vec<String>, into: &mut Vec<(Vec<String>, String)>) {
    match template {
        Template::Expr(expr) => into.extend(expr.starts_with().map(|start| (path.clone(), start.to_owned()))),
        Template::Object(fields, _) => {
            for (key, value) in fields {
                path.push(key.text.clone());
                texts(value, path, into);
                path.pop();
            }
        }
        Template::List(..) | Template::Null(_) | Template::Error(_) => {}
    }
}

/// Whether a field of what a step publishes is counted, and the choices before it bound what it is counted from: `attempt: input.attempt + 1`
/// where `input.attempt < 5`.
pub(in crate::check) fn counts_within_a_bound(step: &Step, detail: Option<&Template>) -> bool {
    let Some(Template::Object(fields, _)) = detail else { return false };
    fields.iter().any(|(_, value)| {
        let Template::Expr(expr) = value else { return false };
        expr.counts_from().is_some_and(|(path, by)| step.scope.bounds(&path, by > 0.0))
    })
}

/// What a filter lets through of values of a type.
fn taken(model: &Model, filter: &Pattern, ty: &Type) -> Type {
    pattern::narrowed(filter, ty, &model.types).unwrap_or_else(|| ty.clone())
}
