//! The tree under `with:`, `set:` and the like: maps and lists whose scalars are expressions, checked against a type and
//! lowered to the JSON of a state machine.

use std::collections::BTreeSet;

use serde_json::{Map, Number, Value as Json};

use super::ast::AstKind;
use super::infer::{infer, join};
use super::{Expr, Scope};
use crate::diagnostics::{Code, Diagnostic, list, nearest};
use crate::source::{Span, Spanned};
use crate::types::{Field, Kind, Range, Record, Type, Types, describe};
use crate::yaml::{Key, Node, NodeKind};

/// A value to be made when a step runs.
#[derive(Debug, Clone)]
pub enum Template {
    /// An expression; a bare number or boolean is one, and stands for itself.
    Expr(Box<Expr>),
    /// An object with these fields, in the order written.
    Object(Vec<(Key, Template)>, Span),
    /// A list of these.
    List(Vec<Template>, Span),
    /// `null`.
    Null(Span),
    /// Something that has been reported; every check passes it.
    Error(Span),
}

impl Template {
    /// Reads a node; none if nothing of it can be read. Mistakes are added to `diagnostics`, and those inside leave
    /// [`Template::Error`] in their place, so that the rest is checked all the same.
    pub fn decode(node: &Node, steps: &BTreeSet<String>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        match Self::read(node, steps, diagnostics) {
            Self::Error(_) => None,
            template => Some(template),
        }
    }

    fn read(node: &Node, steps: &BTreeSet<String>, diagnostics: &mut Vec<Diagnostic>) -> Self {
        match &node.kind {
            NodeKind::Null => Self::Null(node.span),
            NodeKind::Error => Self::Error(node.span),
            NodeKind::Scalar(scalar) => match Expr::parse(&scalar.text, node.span, steps) {
                Ok(expr) => Self::Expr(Box::new(expr)),
                Err(diagnostic) => {
                    diagnostics.push(diagnostic);
                    Self::Error(node.span)
                }
            },
            NodeKind::Sequence(items) => {
                Self::List(items.iter().map(|item| Self::read(item, steps, diagnostics)).collect(), node.span)
            }
            NodeKind::Mapping(mapping) => {
                let entries = mapping.entries.iter();
                let fields = entries.map(|entry| (entry.key.clone(), Self::read(&entry.value, steps, diagnostics)));
                Self::Object(fields.collect(), node.span)
            }
        }
    }

    /// An object without fields, for a `with:` that is not written.
    pub fn empty(span: Span) -> Self {
        Self::Object(Vec::new(), span)
    }

    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Self::Expr(expr) => expr.span,
            Self::Object(_, span) | Self::List(_, span) | Self::Null(span) | Self::Error(span) => *span,
        }
    }

    /// The roots it refers to, as [`Expr::references`].
    pub fn references(&self) -> Vec<Spanned<&str>> {
        self.expressions().into_iter().flat_map(Expr::references).collect()
    }

    /// The expressions in it, in the order written.
    pub fn expressions(&self) -> Vec<&Expr> {
        match self {
            Self::Expr(expr) => vec![expr],
            Self::Object(fields, _) => fields.iter().flat_map(|(_, value)| value.expressions()).collect(),
            Self::List(items, _) => items.iter().flat_map(Self::expressions).collect(),
            Self::Null(_) | Self::Error(_) => Vec::new(),
        }
    }

    /// Reports what keeps the template from being an `expected`. `at` is blamed for what is missing: the key that the template
    /// belongs to.
    pub fn check(&self, expected: &Type, at: Span, scope: &Scope, types: &Types) -> Vec<Diagnostic> {
        self.check_place(expected, false, at, scope, types)
    }

    /// The same for a place that may stay empty, if `optional`.
    pub fn check_place(
        &self,
        expected: &Type,
        optional: bool,
        at: Span,
        scope: &Scope,
        types: &Types,
    ) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        self.check_into(expected, optional, at, scope, types, &mut found);
        found
    }

    fn check_into(
        &self,
        expected: &Type,
        optional: bool,
        at: Span,
        scope: &Scope,
        types: &Types,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let resolved = types.resolve(expected);
        match (self, &resolved.kind) {
            (Self::Error(_), _) | (Self::Null(_), Kind::Any | Kind::Named(_)) => {}
            (Self::Expr(expr), _) => diagnostics.extend(expr.check_field(expected, optional, scope, types)),
            (Self::Object(fields, _), Kind::Record(_)) => {
                let of = types.expected_of(expected, |name| text_of(fields, name));
                if types.union(of).is_some() {
                    self.one_of(fields, of, at, scope, types, diagnostics);
                } else {
                    record(fields, of, at, scope, types, diagnostics);
                }
            }
            (Self::Object(fields, _), Kind::Map(value)) => {
                for (key, field) in fields {
                    field.check_into(value, true, key.span, scope, types, diagnostics);
                }
            }
            (Self::Object(fields, _), Kind::Any | Kind::Named(_)) => {
                for (key, field) in fields {
                    field.check_into(resolved, true, key.span, scope, types, diagnostics);
                }
            }
            (Self::List(items, _), Kind::List(item, _)) => {
                for value in items {
                    value.check_into(item, false, at, scope, types, diagnostics);
                }
            }
            (Self::List(items, _), Kind::Any | Kind::Named(_)) => {
                for value in items {
                    value.check_into(resolved, false, at, scope, types, diagnostics);
                }
            }
            (Self::Object(..) | Self::List(..) | Self::Null(_), _) => {
                let what = match self {
                    Self::Object(..) => "a map",
                    Self::List(..) => "a list",
                    _ => "nothing",
                };
                let message = format!("found {what}; expected `{}`", describe(expected));
                // A map can be many lines long; its key is the smallest text that says where.
                let place = if matches!(self, Self::Object(..)) { at } else { self.span() };
                diagnostics.push(Diagnostic::new(Code::EVC0414, place, message));
            }
        }
    }

    /// Reports what keeps a map of fields, of which none tells by a literal which of several records it is, from being one of them.
    fn one_of(
        &self,
        fields: &[(Key, Self)],
        expected: &Type,
        at: Span,
        scope: &Scope,
        types: &Types,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let before = diagnostics.len();
        for (key, value) in fields {
            value.check_into(&Type::any(expected.span), true, key.span, scope, types, diagnostics);
        }
        let ty = self.ty(scope, types);
        if let Err(mismatch) = types.accepts(expected, &ty)
            && diagnostics.len() == before
        {
            let message = format!("found `{}`; expected `{}`", describe(&ty), describe(expected));
            diagnostics.push(Diagnostic::new(Code::EVC0414, at, message).note(mismatch.to_string()));
        }
    }

    /// Says where something of which nothing is known is given where an `expected` says more, or where something must be, unless the
    /// place is `optional`.
    pub fn unchecked(&self, expected: &Type, optional: bool, scope: &Scope, types: &Types) -> Vec<Diagnostic> {
        match (self, &types.resolve(expected).kind) {
            (Self::Expr(expr), _) => expr.unchecked(expected, optional, scope, types),
            (Self::Object(fields, _), Kind::Record(_)) => {
                let of = types.expected_of(expected, |name| text_of(fields, name));
                let known = types.record(of).unwrap_or_default();
                let wanted = fields.iter().filter_map(|(key, value)| Some((value, known.get(key.text.as_str())?)));
                wanted.flat_map(|(value, field)| value.unchecked(&field.ty, field.optional, scope, types)).collect()
            }
            (Self::Object(fields, _), Kind::Map(of)) => {
                fields.iter().flat_map(|(_, value)| value.unchecked(of, false, scope, types)).collect()
            }
            (Self::Object(fields, _), Kind::Any) => {
                fields.iter().flat_map(|(_, value)| value.unchecked(expected, false, scope, types)).collect()
            }
            (Self::List(items, _), Kind::Any) => {
                items.iter().flat_map(|value| value.unchecked(expected, false, scope, types)).collect()
            }
            (Self::List(items, _), Kind::List(of, _)) => {
                items.iter().flat_map(|value| value.unchecked(of, false, scope, types)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The type of the value that it makes; mistakes in it are not reported.
    pub fn ty(&self, scope: &Scope, types: &Types) -> Type {
        let kind = match self {
            Self::Expr(expr) => return expr.check(scope, types).kept,
            Self::Null(_) | Self::Error(_) => Kind::Any,
            Self::Object(fields, _) => {
                let field = |(key, value): &(Key, Self)| {
                    let optional = value.may_be_absent(scope, types);
                    (key.text.clone(), Field { ty: value.ty(scope, types), optional, name_span: key.span })
                };
                Kind::Record(Record { extends: None, exact: true, fields: fields.iter().map(field).collect() })
            }
            Self::List(items, span) => {
                let joined = items.iter().map(|item| item.ty(scope, types)).reduce(|a, b| join(&a, &b, types));
                let count = items.len() as u64;
                let range = Range { min: (count > 0).then_some(count), max: (count == 0).then_some(0) };
                Kind::List(Box::new(joined.unwrap_or(Type { kind: Kind::Any, span: *span })), range)
            }
        };
        Type { kind, span: self.span() }.bounded()
    }

    /// The JSON that a state machine evaluates to this value. Optional fields are left out where they are absent.
    ///
    /// Step Functions fails a state if an expression in it gives nothing, but an object that JSONata makes leaves such a field
    /// out; so an object with fields that may be absent becomes one expression.
    pub fn to_asl(&self, scope: &Scope, types: &Types) -> Json {
        match self {
            Self::Expr(expr) => expr_to_asl(expr, scope),
            Self::Object(fields, _) if fields.iter().any(|(_, field)| field.may_be_absent(scope, types)) => {
                Json::String(format!("{{% {} %}}", self.to_jsonata(scope, types)))
            }
            Self::Object(fields, _) => {
                let mut object = Map::new();
                for (key, field) in fields {
                    object.insert(key.text.clone(), field.to_asl(scope, types));
                }
                Json::Object(object)
            }
            Self::List(items, _) => items.iter().map(|item| item.to_asl(scope, types)).collect(),
            Self::Null(_) | Self::Error(_) => Json::Null,
        }
    }

    /// The same as one JSONata expression.
    pub fn to_jsonata(&self, scope: &Scope, types: &Types) -> String {
        match self {
            Self::Expr(expr) => expr.to_asl(scope),
            Self::Object(fields, _) => {
                let field =
                    |(key, value): &(Key, Self)| format!("{}: {}", string(&key.text), value.to_jsonata(scope, types));
                format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
            }
            Self::List(items, _) => {
                let item = |item: &Self| {
                    let text = item.to_jsonata(scope, types);
                    let Self::Expr(expr) = item else { return text };
                    // A list in a list constructor would add its elements; a constructor in it stays a list.
                    match &types.resolve(&expr.check(scope, types).kept).kind {
                        Kind::List(..) => format!("[{text}]"),
                        Kind::Any | Kind::Named(_) | Kind::Union(_) => {
                            format!("($listItem := {text}; $type($listItem) = 'array' ? [[$listItem]] : $listItem)")
                        }
                        _ => text,
                    }
                };
                format!("[{}]", items.iter().map(item).collect::<Vec<_>>().join(", "))
            }
            Self::Null(_) | Self::Error(_) => "null".to_owned(),
        }
    }

    /// Whether it may give nothing. Of `any` nothing is known.
    pub fn may_be_nothing(&self, scope: &Scope, types: &Types) -> bool {
        self.may_be_absent(scope, types) || types.is_any(&self.ty(scope, types))
    }

    fn may_be_absent(&self, scope: &Scope, types: &Types) -> bool {
        match self {
            Self::Expr(expr) => infer(expr, scope, types).value.may_be_absent(),
            _ => false,
        }
    }
}

/// The text that is written as a field of a map.
fn text_of(fields: &[(Key, Template)], name: &str) -> Option<String> {
    let (_, value) = fields.iter().find(|(key, _)| key.text == name)?;
    match value {
        Template::Expr(expr) => literal(expr)?.as_str().map(str::to_owned),
        Template::Object(..) | Template::List(..) | Template::Null(_) | Template::Error(_) => None,
    }
}

fn record(
    fields: &[(Key, Template)],
    expected: &Type,
    at: Span,
    scope: &Scope,
    types: &Types,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let known = types.record(expected).unwrap_or_default();
    let names: Vec<&str> = known.keys().copied().collect();
    for (key, value) in fields {
        if let Some(field) = known.get(key.text.as_str()) {
            value.check_into(&field.ty, field.optional, key.span, scope, types, diagnostics);
            continue;
        }
        let of = if matches!(expected.kind, Kind::Named(_)) {
            format!(" of `{}`", describe(expected))
        } else {
            String::new()
        };
        let message = format!("unknown field `{}`{of}", key.text);
        diagnostics.push(Diagnostic::new(Code::EVC0416, key.span, message).suggest(&key.text, names.iter().copied()));
        // Its own mistakes still count.
        value.check_into(&Type::any(expected.span), true, key.span, scope, types, diagnostics);
    }
    // One that is written wrong is not missing as well.
    let is_misspelt =
        |key: &Key, name: &str| !known.contains_key(key.text.as_str()) && nearest(&key.text, &names) == Some(name);
    let missing = |name: &str, field: &Field| {
        !field.optional && fields.iter().all(|(key, _)| key.text != name && !is_misspelt(key, name))
    };
    let missing: Vec<(&str, &Field)> =
        known.iter().map(|(name, field)| (*name, *field)).filter(|(name, field)| missing(name, field)).collect();
    let Some(diagnostic) = without(&missing, at) else { return };
    let meant = missing.iter().filter_map(|(name, field)| {
        let root = ["input", "item"].into_iter().find(|root| {
            let path = scope.get(root).and_then(|root| types.field_at(&root.ty, &[*name]).ok());
            path.is_some_and(|place| {
                place.field.is_some() && !place.optional && place.ty.kind == types.resolve(&field.ty).kind
            })
        })?;
        Some(format!("{name}: {root}.{name}"))
    });
    let meant: Vec<String> = meant.collect();
    diagnostics.push(match &meant[..] {
        [] => diagnostic,
        meant => diagnostic.help(format!("did you mean to pass `{}`?", meant.join(", "))),
    });
}

/// Reports an object that lacks these fields; none if it lacks none.
pub(super) fn without(missing: &[(&str, &Field)], at: Span) -> Option<Diagnostic> {
    let (first, _) = missing.first()?;
    let message = match missing {
        [(name, field)] => format!("missing field `{name}`: `{}`", describe(&field.ty)),
        _ => format!("missing fields {}", list(&missing.iter().map(|(name, _)| *name).collect::<Vec<_>>())),
    };
    let diagnostic = Diagnostic::new(Code::EVC0415, at, message);
    Some(missing.iter().fold(diagnostic, |diagnostic, (name, field)| {
        let label = if name == first { "declared as required here" } else { "and this here" };
        diagnostic.secondary(field.name_span, label)
    }))
}

/// A literal as itself, anything else in `{% %}`.
fn expr_to_asl(expr: &Expr, scope: &Scope) -> Json {
    match literal(expr) {
        // Text that looks like an expression would be taken for one.
        Some(literal) if !literal.as_str().is_some_and(|text| text.starts_with("{%")) => literal,
        _ => Json::String(format!("{{% {} %}}", expr.to_asl(scope))),
    }
}

/// The value that a literal is.
pub(super) fn literal(expr: &Expr) -> Option<Json> {
    Some(match &expr.tree.kind {
        AstKind::String(text) => Json::String(text.clone()),
        AstKind::Boolean(value) => Json::Bool(*value),
        AstKind::Number(value) => number(expr, *value).map_or(Json::Null, Json::Number),
        _ => return None,
    })
}

/// The number as it is written, so that an integer stays one.
fn number(expr: &Expr, value: f64) -> Option<Number> {
    expr.text.trim().parse().ok().or_else(|| Number::from_f64(value))
}

/// A text as a JSONata literal.
fn string(text: &str) -> String {
    Json::from(text).to_string().replace('%', "\\u0025")
}
