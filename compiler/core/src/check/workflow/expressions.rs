//! Expressions of workflows: every name they use is known where they stand, and what they give is what is wanted there.

use super::item;
use crate::diagnostics::{Code, Diagnostic};
use crate::expr::{Scope, Template};
use crate::model::{Argument, Given, Input, Model, Step, Wanted, Workflow};
use crate::source::Span;
use crate::types::{Kind, Range, Record, Type};

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for workflow in model.workflows.values() {
        of(model, workflow, diagnostics);
    }
}

/// The expressions of one workflow.
pub(in crate::check) fn of(model: &Model, workflow: &Workflow, diagnostics: &mut Vec<Diagnostic>) {
    workflow.body.bodies(&mut |body| {
        for variable in &body.variables {
            let value = Held { name: &variable.name, at: variable.name_span, value: variable.value.as_ref() };
            value.check((&variable.ty, variable.optional), &variable.scope, model, workflow, diagnostics);
        }
    });
    workflow.body.walk(&mut |step| {
        Checker { model, workflow, step }.step(diagnostics);
        for assignment in &step.assign {
            let value =
                Held { name: &assignment.name.value, at: assignment.name.span, value: assignment.value.as_ref() };
            value.check((&assignment.ty, assignment.optional), &step.assign_scope, model, workflow, diagnostics);
        }
    });
}

/// What a variable is given.
struct Held<'m> {
    /// The variable.
    name: &'m str,
    /// The place of its name.
    at: Span,
    /// The value.
    value: Option<&'m Template>,
}

impl Held<'_> {
    /// Reports what keeps the value from being what the variable holds.
    fn check(
        &self,
        (ty, optional): (&Type, bool),
        scope: &Scope,
        model: &Model,
        workflow: &Workflow,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let Some(value) = self.value else { return };
        let before = diagnostics.len();
        for diagnostic in value.check_place(ty, optional, self.at, scope, &model.types) {
            let may_be_none = diagnostic.code == Code::EVC0405 && matches!(value, Template::Expr(_));
            let diagnostic = diagnostic.on(item(workflow));
            diagnostics.push(if may_be_none {
                diagnostic.help(format!("or declare the variable as `{}?`, which may have no value", self.name))
            } else {
                diagnostic
            });
        }
        if diagnostics.len() > before {
            return;
        }
        // What expressions believe of a variable has to be so: no handler stands between.
        if let Err(why) = model.types.bounds_hold(ty, &value.ty(scope, &model.types)) {
            let message = format!("variable `{}` is not always what its type says: {why}", self.name);
            diagnostics.push(
                Diagnostic::new(Code::EVC0414, value.span(), message)
                    .on(item(workflow))
                    .note("nothing checks values between the steps of a workflow, so that the bounds of a variable have to hold by themselves")
                    .help("leave the bounds out of the variable's type, or see to them first: `$count(x) > 0 ? x : ['none']`"),
            );
        }
        for found in value.unchecked(ty, optional, scope, &model.types) {
            let of = format!(
                "it is held by variable `{}`, which the steps that follow believe to be of its type",
                self.name
            );
            diagnostics.push(found.on(item(workflow)).note(of));
        }
    }
}

struct Checker<'m> {
    model: &'m Model,
    workflow: &'m Workflow,
    step: &'m Step,
}

impl Checker<'_> {
    fn step(&self, diagnostics: &mut Vec<Diagnostic>) {
        for argument in self.step.arguments() {
            self.argument(argument, argument.scope.unwrap_or(&self.step.scope), diagnostics);
        }
        if let Some(undo) = &self.step.undo {
            self.argument(undo.argument(), &self.step.undo_scope, diagnostics);
        }
    }

    fn argument(&self, argument: Argument<'_>, scope: &Scope, diagnostics: &mut Vec<Diagnostic>) {
        let types = &self.model.types;
        let found = match argument.given {
            Given::Expr(None) => return,
            Given::Expr(Some(expr)) => expr.check_as(&self.wanted(argument.wanted, expr.span), scope, types),
            Given::Template(template) => {
                let expected = self.wanted(argument.wanted, argument.at);
                let nothing = Template::empty(argument.at);
                // A missing `with` lacks the fields that are needed; where anything will do, nothing does too.
                template.unwrap_or(&nothing).check(&expected, argument.at, scope, types)
            }
        };
        if found.is_empty() {
            let before = diagnostics.len();
            self.unchecked(argument, scope, diagnostics);
            if before == diagnostics.len() {
                diagnostics.extend(self.on_trust(argument, scope));
            }
        }
        let item = item(self.workflow);
        diagnostics.extend(found.into_iter().map(|diagnostic| diagnostic.on(item.clone())));
    }

    /// Tells once of each `any` that is given where a type is wanted.
    fn unchecked(&self, argument: Argument<'_>, scope: &Scope, diagnostics: &mut Vec<Diagnostic>) {
        let wanted = self.wanted(argument.wanted, argument.at);
        let unchecked = match argument.given {
            Given::Template(Some(template)) => template.unchecked(&wanted, false, scope, &self.model.types),
            Given::Expr(Some(expr)) => expr.unchecked(&wanted, false, scope, &self.model.types),
            Given::Template(None) | Given::Expr(None) => return,
        };
        let source = |diagnostic: &Diagnostic| {
            diagnostic.secondary.first().map_or(diagnostic.primary.span, |declared| declared.span)
        };
        for found in unchecked {
            let told = |known: &Diagnostic| known.code == found.code && source(known) == source(&found);
            if !diagnostics.iter().any(told) {
                diagnostics.push(found.on(item(self.workflow)));
            }
        }
    }

    /// Tells of an event whose detail may be out of the bounds that its consumers rely on. What a function is given, its handler checks.
    fn on_trust(&self, argument: Argument<'_>, scope: &Scope) -> Option<Diagnostic> {
        let (Wanted::Detail(event), Given::Template(Some(detail))) = (argument.wanted, argument.given) else {
            return None;
        };
        let event = &self.model.events[event];
        let why = self.model.types.bounds_hold(&event.detail, &detail.ty(scope, &self.model.types)).err()?;
        let message = format!("what is published may not be what event `{}` says", event.head.name);
        Some(
            Diagnostic::new(Code::EVC0424, detail.span(), message)
                .label(why)
                .secondary(event.detail.span, "its detail is declared here")
                .on(item(self.workflow))
                .note("nothing checks what a workflow publishes; who gets the event takes it for what is declared, or refuses it")
                .help("let what is published promise as much: by its type, or by a condition before; or let the event promise less"),
        )
    }

    /// The type of what is wanted, as if it were said at `at`.
    fn wanted(&self, wanted: Wanted, at: Span) -> Type {
        let kind = match wanted {
            Wanted::Anything => Kind::Any,
            Wanted::Boolean => Kind::Boolean,
            Wanted::Text => Kind::String(Range::default()),
            Wanted::Timestamp => Kind::Timestamp,
            Wanted::List => Kind::List(Box::new(Type::any(self.step.kind_span)), Range::default()),
            Wanted::Detail(event) => return self.model.events[event].detail.clone(),
            Wanted::Input(function) => match function.map(|function| &self.model.functions[function].input) {
                Some(Input::Value(ty)) => return ty.clone(),
                Some(Input::Nothing) => Kind::Record(Record::default()),
                // What it gets from a step is the detail of its event; with several, another check refuses the call.
                Some(Input::Events(events)) if events.len() == 1 => return self.model.events[events[0]].detail.clone(),
                Some(Input::Events(_)) | None => Kind::Any,
            },
        };
        Type { kind, span: at }
    }
}
