//! What steps give, as far as it is made of expressions and of other steps.

#![warn(clippy::wildcard_enum_match_arm, reason = "a kind of step that is forgotten here must not compile")]

use indexmap::IndexMap;

use super::workflow::{Body, Next, Step, StepKind};
use crate::expr::{Expr, Scope, Template};
use crate::source::Span;
use crate::types::{Field, Kind, Range, Record, Type, Types, describe};

/// The result of a `set`, a `parallel` or a `for-each`, of which the scopes inside are known; `None` for other steps.
pub(super) fn of_step(step: &Step, types: &Types) -> Option<Type> {
    let at = step.kind_span;
    Some(match &step.kind {
        StepKind::Set(values) => of_template(values.as_ref()?, &step.scope, types),
        StepKind::Parallel(branches) => {
            let field = |branch: &super::Branch| {
                let ty = of_body(&branch.body, at, types);
                (branch.name.value.clone(), Field { ty, optional: false, name_span: branch.name.span })
            };
            let fields = branches.iter().map(field).collect();
            Type { kind: Kind::Record(Record { extends: None, fields }), span: at }
        }
        StepKind::ForEach { body, .. } => list(of_body(body, at, types), at),
        StepKind::Call(_)
        | StepKind::Choose { .. }
        | StepKind::Wait(_)
        | StepKind::Publish { .. }
        | StepKind::Compensate
        | StepKind::Succeed(_)
        | StepKind::Fail { .. } => return None,
    })
}

/// The item of a `for-each` over a list.
pub(super) fn item(items: &Expr, scope: &Scope, types: &Types) -> Type {
    let list = items.check(scope, types).ty;
    if let Kind::List(item, _) = &types.resolve(&list).kind { (**item).clone() } else { Type::any(items.span) }
}

/// What a body gives: the result of the step that ends it; anything, if several do with different results.
fn of_body(body: &Body, at: Span, types: &Types) -> Type {
    let ends = body.steps.iter().filter_map(|step| {
        if let StepKind::Succeed(output) = &step.kind {
            return Some(output.as_ref().map_or(Type::any(at), |output| of_template(output, &step.scope, types)));
        }
        let ends = step.successors().contains(&Next::End);
        ends.then(|| step.result.clone().unwrap_or(Type::any(at)))
    });
    common(ends, at)
}

fn of_template(template: &Template, scope: &Scope, types: &Types) -> Type {
    match template {
        Template::Expr(expr) => expr.check(scope, types).ty,
        Template::Object(entries, span) => {
            let field = |(key, value): &(crate::yaml::Key, Template)| {
                let optional = matches!(value, Template::Expr(expr) if expr.check(scope, types).may_be_absent);
                let ty = of_template(value, scope, types);
                (key.text.clone(), Field { ty, optional, name_span: key.span })
            };
            let fields = entries.iter().map(field).collect::<IndexMap<_, _>>();
            Type { kind: Kind::Record(Record { extends: None, fields }), span: *span }
        }
        Template::List(items, span) => {
            list(common(items.iter().map(|item| of_template(item, scope, types)), *span), *span)
        }
        Template::Null(span) | Template::Error(span) => Type::any(*span),
    }
}

/// The type that all of these are; anything, if they differ or there are none.
fn common(all: impl Iterator<Item = Type>, at: Span) -> Type {
    let merged = all.reduce(|first, next| if describe(&first) == describe(&next) { first } else { Type::any(at) });
    merged.unwrap_or(Type::any(at))
}

fn list(item: Type, span: Span) -> Type {
    Type { kind: Kind::List(Box::new(item), Range::default()), span }
}

/// A record of fields that are always there.
pub(super) fn record<const N: usize>(span: Span, fields: [(&str, Kind); N]) -> Type {
    let field = |(name, kind): (&str, Kind)| {
        (name.to_owned(), Field { ty: Type { kind, span }, optional: false, name_span: span })
    };
    Type { kind: Kind::Record(Record { extends: None, fields: fields.into_iter().map(field).collect() }), span }
}
