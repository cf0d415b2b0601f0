//! What steps give, as far as it is made of expressions and of other steps.

use super::{Body, Next, Onward};
use crate::expr::{Expr, Scope};
use crate::source::Span;
use crate::types::{Field, Joined, Kind, Range, Record, Side, Type, Types};

/// What a step's name is bound to, and the ways by which the parts of it come that come by several.
#[derive(Debug)]
pub(in crate::model) struct Made {
    /// Its type.
    pub(in crate::model) ty: Type,
    /// For each part that several ends of a body give: the field of the result, or the result itself, and the ends.
    pub(in crate::model) ways: Vec<(Option<String>, Vec<Side>)>,
}

impl Made {
    /// Something that comes one way.
    pub(super) fn one(ty: Type) -> Self {
        Self { ty, ways: Vec::new() }
    }
}

/// The item of a `for-each` over a list, and how many there are.
pub(super) fn item(items: &Expr, scope: &Scope, types: &Types) -> (Type, Range<u64>) {
    let list = items.check(scope, types).ty;
    let resolved = types.resolve(&list);
    if let Kind::List(item, range) = &resolved.kind {
        return ((**item).clone(), *range);
    }
    // What is no list has been reported.
    let item = if resolved.kind == Kind::Any { Type::any(items.span) } else { Type::unread(items.span) };
    (item, Range::default())
}

/// What a body gives, which is called `what` in messages: the results of the steps that end it, joined.
pub(super) fn of_body(body: &Body, what: &str, at: Span, types: &Types) -> Joined {
    let reached = body.steps.iter().filter(|step| !step.unreachable);
    let ends = reached.filter_map(|step| {
        let ty = match step.onward() {
            Onward::Ends(Some(output)) => output.ty(&step.scope, types),
            Onward::Ends(None) => nothing(step.name_span),
            Onward::Next | Onward::Ways(_) | Onward::Fails(_) => {
                if !step.successors().contains(&Next::End) {
                    return None;
                }
                step.result.clone().unwrap_or_else(|| nothing(step.name_span))
            }
        };
        Some(Side { ty, when: format!("when {what} ends at `{}`", step.name), span: step.name_span })
    });
    // A body that only fails gives nothing that anybody could read.
    Joined::of(ends.collect(), types).unwrap_or_else(|| Joined { ty: Type::any(at), sides: Vec::new() })
}

/// What a step gives that has no result, where it ends its body: an empty object.
fn nothing(span: Span) -> Type {
    Type { kind: Kind::Record(Record::default()), span }
}

/// A list of this.
pub(super) fn list(item: Type, range: Range<u64>, span: Span) -> Type {
    Type { kind: Kind::List(Box::new(item), range), span }
}

/// A record of fields that are always there.
pub(super) fn record<const N: usize>(span: Span, fields: [(&str, Kind); N]) -> Type {
    let field = |(name, kind): (&str, Kind)| {
        (name.to_owned(), Field { ty: Type { kind, span }, optional: false, name_span: span })
    };
    Type {
        kind: Kind::Record(Record { extends: None, exact: false, fields: fields.into_iter().map(field).collect() }),
        span,
    }
}
