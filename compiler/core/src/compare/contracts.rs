//! Contracts that changed under executions in flight: the input and output of a function, the detail of an event, the answer that a step
//! waits for.
//!
//! The old workflows are resolved and checked again with one contract at a time as it is now. What is wrong then and was not before
//! is what the change breaks: arguments that the function no longer takes, paths into a result that it no longer gives. New types get
//! names of their own, since those of the two specs may be the same.

use super::signals::waits;
use super::{Before, OldCall, Pair, calls_of, function_named, place_of, ways_out};
use crate::check;
use crate::diagnostics::{Code, Diagnostic};
use crate::expr::Template;
use crate::model::{self, Event, Function, Input, Model};
use crate::source::{Span, Spanned};
use crate::spec::File;
use crate::spec::decode::Declared;
use crate::spec::scalar::TypeExpr;
use crate::spec::workflow as spec;
use crate::types::{Kind, Record, Type};

/// One contract of the old spec that is not what it was.
enum Change<'a> {
    Input(&'a Function, Type),
    Output(&'a Function, Type),
    Detail(&'a Event, Type),
    /// The answer that a step of a workflow waits for: the names of the workflow and the step.
    Answer(&'a str, &'a str, Type),
}

/// Reports what a changed contract breaks.
pub(super) fn check(before: Before<'_>, now: &Model, pairs: &[Pair<'_>], diagnostics: &mut Vec<Diagnostic>) {
    let Some(all) = resolved(&with_types(before.file, now)) else { return };
    for old in before.model.functions.values() {
        let Some(new) = function_named(now, &old.head.name) else { continue };
        let is_called = |call: &OldCall<'_>| before.model.functions[call.function].head.name == old.head.name;
        if !pairs.iter().any(|pair| calls_of(pair.old).iter().any(is_called)) {
            continue;
        }
        input(before, now, &all, (old, new), pairs, diagnostics);
        let nothing = Type { kind: Kind::Record(Record::default()), span: new.head.name_span };
        let (was, is) = match (&old.output, &new.output) {
            // Nothing was known of it, and nothing could be read with a promise.
            (None, _) => continue,
            (Some(was), is) => (was.clone(), renamed(is.as_ref().unwrap_or(&nothing))),
        };
        if differ(&all, &was, &is) {
            broken(before, now, pairs, &Change::Output(new, is), diagnostics);
        }
    }
    for old in before.model.events.values() {
        let Some(new) = now.events.values().find(|new| new.head.name == old.head.name) else { continue };
        let is = renamed(&new.detail);
        if differ(&all, &old.detail, &is) {
            broken(before, now, pairs, &Change::Detail(new, is), diagnostics);
        }
    }
    for pair in pairs {
        let now_waits = waits(pair.new);
        for (step, was) in waits(pair.old) {
            let Some((_, is)) = now_waits.iter().find(|(new, _)| new.name == step.name) else { continue };
            let is = renamed(is);
            if differ(&all, was, &is) {
                broken(before, now, &[*pair], &Change::Answer(&pair.old.head.name, &step.name, is), diagnostics);
            }
        }
    }
}

/// The input of one function, as it was and as it is.
fn input(
    before: Before<'_>,
    now: &Model,
    all: &Model,
    (old, new): (&Function, &Function),
    pairs: &[Pair<'_>],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let Some(is) = input_of(now, new) else {
        // Several events, which a step's call is none of. Where that was so before, nothing changed.
        if input_of(before.model, old).is_some() {
            diagnostics.extend(pairs.iter().filter_map(|pair| takes_events(pair, old, new)));
        }
        return;
    };
    let Some(was) = input_of(before.model, old) else { return };
    let is = renamed(&is);
    if !differ(all, &was, &is) || broken(before, now, pairs, &Change::Input(new, is.clone()), diagnostics) {
        return;
    }
    for pair in pairs {
        let calls = calls_of(pair.old);
        let called = calls.iter().filter(|call| pair.before.functions[call.function].head.name == old.head.name);
        diagnostics.extend(called.filter_map(|call| narrower(pair, call, all, &was, &is, new)));
    }
}

/// Reports a call whose arguments the function may refuse for their values: bounds, or what is `any` where they come from.
fn narrower(
    pair: &Pair<'_>,
    call: &OldCall<'_>,
    all: &Model,
    was: &Type,
    is: &Type,
    new: &Function,
) -> Option<Diagnostic> {
    let scope = if call.undo { &call.step.undo_scope } else { &call.step.scope };
    let sent = call.call.with.as_ref().map(|with| with.ty(scope, &all.types));
    let known: Vec<&Type> = sent.iter().chain([was]).collect();
    let reason = all.types.within(is, &known).err()?;
    let message = format!(
        "`{}` may refuse what executions in flight of `{}` give it: {reason}",
        new.head.name, pair.old.head.name
    );
    let given = call.call.with.as_ref().map_or(call.call.span, Template::span);
    Some(
        Diagnostic::new(Code::EVC1002, place_of(new, Some(is.span)), message)
            .secondary(given, format!("step `{}` of the old spec gives it this", call.step.name))
            .note("it fails with `InvalidInput` where a value is not what its input now says"),
    )
}

fn takes_events(pair: &Pair<'_>, old: &Function, new: &Function) -> Option<Diagnostic> {
    let call =
        calls_of(pair.old).into_iter().find(|call| pair.before.functions[call.function].head.name == old.head.name)?;
    let message = format!(
        "executions in flight of `{}` call `{}`, which now tells several events apart and refuses a call with none",
        pair.old.head.name, new.head.name
    );
    Some(
        Diagnostic::new(Code::EVC1001, new.head.name_span, message)
            .secondary(call.call.span, format!("step `{}` of the old spec calls it", call.step.name))
            .help(ways_out(&pair.old.head.name)),
    )
}

/// Checks the old workflows with one change; whether it breaks any.
fn broken(
    before: Before<'_>,
    now: &Model,
    pairs: &[Pair<'_>],
    change: &Change<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> bool {
    let Some(changed) = resolved(&with_change(before.file, now, change)) else { return false };
    let count = diagnostics.len();
    for pair in pairs {
        let Some(again) = changed.workflows.values().find(|workflow| workflow.head.name == pair.old.head.name) else {
            continue;
        };
        let was = check::expressions(before.model, pair.old);
        let mut problems = check::expressions(&changed, again);
        problems.retain(|problem| {
            !was.iter().any(|known| known.code == problem.code && known.primary.span == problem.primary.span)
        });
        if !problems.is_empty() {
            diagnostics.push(report(pair, change, problems));
        }
    }
    diagnostics.len() > count
}

fn report(pair: &Pair<'_>, change: &Change<'_>, problems: Vec<Diagnostic>) -> Diagnostic {
    let workflow = &pair.old.head.name;
    let (place, message) = match change {
        Change::Input(function, ty) => (
            place_of(function, Some(ty.span)),
            format!("`{}` no longer takes what executions in flight of `{workflow}` give it", function.head.name),
        ),
        Change::Output(function, ty) => (
            place_of(function, Some(ty.span)),
            format!("`{}` no longer gives what executions in flight of `{workflow}` read of it", function.head.name),
        ),
        Change::Answer(_, step, ty) => (
            ty.span,
            format!("`{step}` is no longer answered with what executions in flight of `{workflow}` read of the answer"),
        ),
        Change::Detail(event, ty) => {
            (ty.span, format!("`{}` no longer is what executions in flight of `{workflow}` publish", event.head.name))
        }
    };
    let mut diagnostic = Diagnostic::new(Code::EVC1001, place, message).help(ways_out(workflow));
    for problem in problems {
        diagnostic = diagnostic.secondary(problem.primary.span, format!("the old spec: {}", problem.message));
    }
    if !matches!(change, Change::Output(..) | Change::Answer(..)) {
        return diagnostic
            .help("an optional field can be added at any time, and a field that is no longer needed can go");
    }
    diagnostic.help("a field can be added at any time; one that the old definition reads has to stay")
}

/// Whether two types differ in any value that is of one and not of the other.
fn differ(all: &Model, a: &Type, b: &Type) -> bool {
    all.types.within(a, &[b]).is_err() || all.types.within(b, &[a]).is_err()
}

/// What a step's call of a function has to give; `None` if it tells several events apart.
fn input_of(model: &Model, function: &Function) -> Option<Type> {
    match &function.input {
        Input::Value(ty) => Some(ty.clone()),
        Input::Nothing => Some(Type { kind: Kind::Record(Record::default()), span: function.head.name_span }),
        Input::Events(events) if events.len() == 1 => Some(model.events[events[0]].detail.clone()),
        Input::Events(_) => None,
    }
}

/// The name of a declared type of the new spec among those of the old.
fn name_now(name: &str) -> String {
    format!("{name} (now)")
}

fn renamed(ty: &Type) -> Type {
    ty.renamed(&name_now)
}

fn resolved(file: &File) -> Option<Model> {
    // What is wrong with the old spec has been said where it was read.
    model::resolve(file).0
}

/// The old spec with the declared types of the new one beside its own.
fn with_types(file: &File, now: &Model) -> File {
    let mut file = file.clone();
    let types = &mut file.sections.types.items;
    types.extend(now.types.declared.iter().map(|(name, ty)| {
        let value = TypeExpr(renamed(ty));
        (name_now(name), Declared { name_span: ty.span, span: ty.span, value })
    }));
    file
}

/// Gives the step of this name, at any depth, another answer to wait for.
fn set_answer(steps: &mut spec::Steps, name: &str, ty: &Type) {
    for (own, step) in &mut steps.items {
        let kind = &mut step.value.kind;
        if own == name
            && let Some(answer) = kind.answer_mut()
        {
            *answer = Spanned::new(TypeExpr(ty.clone()), ty.span);
        }
        for steps in kind.nested_mut() {
            set_answer(steps, name, ty);
        }
    }
}

fn with_change(file: &File, now: &Model, change: &Change<'_>) -> File {
    let mut file = with_types(file, now);
    let spanned = |ty: &Type, at: Span| Some(Spanned::new(TypeExpr(ty.clone()), at));
    match change {
        Change::Input(function, ty) => {
            if let Some(old) = file.sections.functions.items.get_mut(&function.head.name) {
                old.value.input = spanned(ty, ty.span);
            }
        }
        Change::Output(function, ty) => {
            if let Some(old) = file.sections.functions.items.get_mut(&function.head.name) {
                old.value.output = spanned(ty, ty.span);
            }
        }
        Change::Answer(workflow, step, ty) => {
            if let Some(old) = file.sections.workflows.items.get_mut(*workflow) {
                set_answer(&mut old.value.steps.value, step, ty);
            }
        }
        Change::Detail(event, ty) => {
            if let Some(old) = file.sections.events.items.get_mut(&event.head.name) {
                old.value.detail = Spanned::new(TypeExpr(ty.clone()), ty.span);
            }
        }
    }
    file
}
