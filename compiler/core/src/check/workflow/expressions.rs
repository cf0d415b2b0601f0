//! Expressions of workflows: every name they use is known where they stand, and what they give is what is wanted there.

use super::item;
use crate::diagnostics::Diagnostic;
use crate::expr::{Expr, Scope, Template};
use crate::model::{Call, Input, Model, Step, StepKind, Wait, Workflow};
use crate::source::Span;
use crate::types::{Kind, Range, Record, Type};

pub(in crate::check) fn check(model: &Model, out: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values() {
        of(model, workflow, out);
    }
}

/// The expressions of one workflow.
pub(in crate::check) fn of(model: &Model, workflow: &Workflow, out: &mut Vec<Diagnostic>) {
    workflow.body.walk(&mut |step| Checker { model, workflow, step }.step(out));
}

struct Checker<'m> {
    model: &'m Model,
    workflow: &'m Workflow,
    step: &'m Step,
}

impl Checker<'_> {
    fn step(&self, out: &mut Vec<Diagnostic>) {
        let step = self.step;
        let text = Kind::String(Range::default());
        match &step.kind {
            StepKind::Call(call) | StepKind::Wait(Wait::Signal { call, .. }) => self.call(call, &step.scope, out),
            StepKind::Choose { choices, .. } => {
                for when in choices.iter().filter_map(|choice| choice.when.as_ref()) {
                    self.expression(Some(when), Kind::Boolean, out);
                }
            }
            StepKind::ForEach { items, .. } => {
                let any = Box::new(Type::any(step.kind_span));
                self.expression(items.as_ref(), Kind::List(any, Range::default()), out);
            }
            StepKind::Wait(Wait::Until(until)) => self.expression(until.as_ref(), Kind::Timestamp, out),
            StepKind::Publish { event: Some(event), detail, span } => {
                let expected = &self.model.events[*event].detail;
                self.template(detail.as_ref(), expected, *span, &step.scope, out);
            }
            StepKind::Publish { event: None, detail: template, .. }
            | StepKind::Set(template)
            | StepKind::Succeed(template) => {
                let any = Type::any(step.kind_span);
                self.template(template.as_ref(), &any, step.kind_span, &step.scope, out);
            }
            StepKind::Fail { cause, .. } => self.expression(cause.as_ref(), text, out),
            StepKind::Parallel(_) | StepKind::Wait(Wait::For(_)) | StepKind::Compensate => {}
        }
        if let Some(undo) = &step.undo {
            self.call(undo, &step.undo_scope, out);
        }
    }

    fn call(&self, call: &Call, scope: &Scope, out: &mut Vec<Diagnostic>) {
        let expected = match call.function.map(|function| &self.model.functions[function].input) {
            Some(Input::Value(ty)) => ty.clone(),
            Some(Input::Nothing) => Type { kind: Kind::Record(Record::default()), span: call.span },
            // What it gets from a step is the detail of its event; with several, another check refuses the call.
            Some(Input::Events(events)) if events.len() == 1 => self.model.events[events[0]].detail.clone(),
            Some(Input::Events(_)) | None => Type::any(call.span),
        };
        self.template(call.with.as_ref(), &expected, call.span, scope, out);
    }

    fn template(
        &self,
        template: Option<&Template>,
        expected: &Type,
        at: Span,
        scope: &Scope,
        out: &mut Vec<Diagnostic>,
    ) {
        let types = &self.model.types;
        let nothing = Template::empty(at);
        // A missing `with` lacks the fields that are needed; where anything will do, nothing does too.
        out.extend(self.mine(template.unwrap_or(&nothing).check(expected, at, scope, types)));
    }

    fn expression(&self, expr: Option<&Expr>, expected: Kind, out: &mut Vec<Diagnostic>) {
        let Some(expr) = expr else { return };
        let expected = Type { kind: expected, span: expr.span };
        out.extend(self.mine(expr.check_as(&expected, &self.step.scope, &self.model.types)));
    }

    fn mine(&self, found: Vec<Diagnostic>) -> impl Iterator<Item = Diagnostic> {
        let item = item(self.workflow);
        found.into_iter().map(move |diagnostic| diagnostic.on(item.clone()))
    }
}
