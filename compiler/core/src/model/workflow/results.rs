//! What steps give, as far as it is made of expressions and of other steps.

use indexmap::IndexMap;

use super::{Body, Next, Onward};
use crate::expr::{Expr, Scope, Template};
use crate::source::Span;
use crate::types::{Field, Kind, Range, Record, Type, Types, describe};

/// The item of a `for-each` over a list.
pub(super) fn item(items: &Expr, scope: &Scope, types: &Types) -> Type {
    let list = items.check(scope, types).ty;
    if let Kind::List(item, _) = &types.resolve(&list).kind { (**item).clone() } else { Type::any(items.span) }
}

/// What a body gives: the result of the step that ends it; anything, if several do with different results.
pub(super) fn of_body(body: &Body, at: Span, types: &Types) -> Type {
    let ends = body.steps.iter().filter_map(|step| match step.onward() {
        Onward::Ends(output) => Some(output.map_or(Type::any(at), |output| of_template(output, &step.scope, types))),
        Onward::Next | Onward::Ways(_) | Onward::Fails(_) => {
            let ends = step.successors().contains(&Next::End);
            ends.then(|| step.result.clone().unwrap_or(Type::any(at)))
        }
    });
    common(ends, at)
}

pub(super) fn of_template(template: &Template, scope: &Scope, types: &Types) -> Type {
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

/// A list of this.
pub(super) fn list(item: Type, span: Span) -> Type {
    Type { kind: Kind::List(Box::new(item), Range::default()), span }
}

/// A record of fields that are always there.
pub(super) fn record<const N: usize>(span: Span, fields: [(&str, Kind); N]) -> Type {
    let field = |(name, kind): (&str, Kind)| {
        (name.to_owned(), Field { ty: Type { kind, span }, optional: false, name_span: span })
    };
    Type { kind: Kind::Record(Record { extends: None, fields: fields.into_iter().map(field).collect() }), span }
}
