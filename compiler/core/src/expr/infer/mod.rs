//! Types of expressions: a walk over the tree that gives each part a type and reports what cannot be meant.

mod bindings;
mod calls;
mod conditions;
mod fixed;
mod lambdas;
mod never;
mod objects;
mod operators;
mod outside;
mod paths;
mod regex;
mod returns;
mod risks;
mod shape;
mod texts;
mod times;
mod value;
mod wholes;

use std::ops::Range as Bytes;

use indexmap::IndexMap;

use super::ast::{Ast, AstKind, Operator};
use super::facts::{Base, Facts, Names, Way, established};
use super::{Expr, Scope, literals};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::source::Span;
use crate::types::{Field, Kind, MAX_INTEGER, Record, Step, Type, Types};

pub(super) use risks::Risk;
pub use risks::Without;
pub(super) use value::{Absent, Class, Special, Value, WayOut, join, lengths, show};

/// Values by the bytes of the part that gives them.
pub(super) type Parts = std::collections::HashMap<Bytes<usize>, Value>;

/// What a check found.
pub(super) struct Found {
    pub(super) value: Value,
    /// What the parts of objects, lists and conditions give.
    pub(super) parts: Parts,
    pub(super) untyped: bool,
    /// Parts that have no result for some of their values.
    pub(super) risks: Vec<Risk>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Checks an expression in a scope.
pub(super) fn infer(expr: &Expr, scope: &Scope, types: &Types) -> Found {
    infer_with(Decimals::Number, expr, scope, types)
}

/// What the type of a decimal literal is: 0.5 is a double to what computes with it, and an exact amount where it is money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decimals {
    /// A `number`.
    Number,
    /// `money`, with which nothing is computed.
    Money,
}

/// Checks an expression in a scope, with decimal literals of either type.
pub(super) fn infer_with(decimals: Decimals, expr: &Expr, scope: &Scope, types: &Types) -> Found {
    let mut found = narrowing(true, decimals, expr, scope, types);
    let is_dead = |diagnostic: &Diagnostic| diagnostic.code == Code::EVC0410;
    if found.diagnostics.iter().any(is_dead) {
        // What can never be equal only because a condition before has said so is no mistake: it is said twice.
        let unknowing = narrowing(false, decimals, expr, &scope.unknowing(), types).diagnostics;
        let is_known = |one: &Diagnostic| unknowing.iter().any(|other| is_dead(other) && other.primary == one.primary);
        found.diagnostics.retain(|diagnostic| !is_dead(diagnostic) || is_known(diagnostic));
    }
    found
}

/// Checks an expression; `narrows` is whether its own conditions make types narrower.
fn narrowing(narrows: bool, decimals: Decimals, expr: &Expr, scope: &Scope, types: &Types) -> Found {
    let mut infer = Infer {
        expr,
        scope,
        narrows,
        types,
        diagnostics: Vec::new(),
        locals: Vec::new(),
        aliases: Vec::new(),
        composed: Vec::new(),
        lambdas: Vec::new(),
        running: Vec::new(),
        calls: 0,
        facts: scope.facts().clone(),
        shown: Facts::default(),
        taken_apart: None,
        untyped: false,
        risks: Vec::new(),
        weighs: false,
        decimals,
        parts: Parts::new(),
        keeps_sequences: false,
    };
    let value = infer.value(&expr.tree, &Context { item: None, depth: 0 });
    Found { value, parts: infer.parts, untyped: infer.untyped, risks: infer.risks, diagnostics: infer.diagnostics }
}

#[expect(clippy::struct_excessive_bools, reason = "each says something of its own about the walk")]
struct Infer<'a> {
    expr: &'a Expr,
    scope: &'a Scope,
    /// Whether conditions make types narrower.
    narrows: bool,
    types: &'a Types,
    diagnostics: Vec<Diagnostic>,
    /// `$variables` bound by the expression itself, innermost last.
    locals: Vec<(String, Value)>,
    /// What of these is another name for the same value: its place among them, and the way to the value.
    aliases: Vec<(usize, Way)>,
    /// What of these is made of functions of JSONata's own, one after the other: its place among them, and the functions.
    composed: Vec<(usize, Vec<Ast>)>,
    /// What of these is a function that is only called: its place among them, and the function.
    lambdas: Vec<(usize, lambdas::Named)>,
    /// The functions that call themselves and are being looked at.
    running: Vec<lambdas::Run>,
    /// How many calls of such functions were looked into.
    calls: u32,
    /// What is known where this part stands.
    facts: Facts,
    /// What conditions of the expression itself have shown of that.
    shown: Facts,
    /// A name with hyphens that was taken apart into a subtraction, and reported as one: `reserve-inventry`.
    taken_apart: Option<Bytes<usize>>,
    /// Whether something was met that the compiler has no types for.
    untyped: bool,
    /// Parts that have no result for some of their values.
    risks: Vec<Risk>,
    /// Whether it is being looked whether a part is such a one.
    weighs: bool,
    /// What decimal literals are taken for.
    decimals: Decimals,
    /// What the parts of objects, lists and conditions give, by their bytes.
    parts: Parts,
    /// Whether a sequence was kept as a list, which it is until JSONata takes it for a sequence again.
    keeps_sequences: bool,
}

/// What a bare name is looked up in.
struct Context {
    /// The value at hand inside a predicate, map or grouping; none outside.
    item: Option<Value>,
    /// How many such are around this part.
    depth: usize,
}

impl Context {
    fn inside(&self, item: Value) -> Self {
        Self { item: Some(item), depth: self.depth + 1 }
    }
}

impl Infer<'_> {
    fn value(&mut self, ast: &Ast, context: &Context) -> Value {
        let mut value = self.part(ast, context);
        // A condition has asked for the very same.
        if value.absent.is_some() && self.is_present(ast, context) {
            value.absent = None;
        }
        // Inside of what nothing is known of, no type can be narrowed; of this very part something is known.
        if value.ty.kind == Kind::Any
            && value.special == Special::No
            && let Some(shown) = self.names(context).way(ast).and_then(|way| self.facts.shown(&way))
            && let Some(ty) = self.types.narrowed(&value.ty, &[], shown)
        {
            value.ty = ty;
        }
        value
    }

    fn part(&mut self, ast: &Ast, context: &Context) -> Value {
        let span = self.span(&ast.range);
        match &ast.kind {
            AstKind::String(text) => value::literal(text, span),
            AstKind::Number(number) => self.number(ast, *number),
            AstKind::Boolean(_) => Value::new(Kind::Boolean, span),
            AstKind::Null => Value::special(Special::Null, span),
            AstKind::Regex => {
                self.regex(ast);
                Value::special(Special::Function, span)
            }
            AstKind::Placeholder => Value::special(Special::Function, span),
            AstKind::Name { name, place, quoted } => {
                let value = self.name(ast, name, *place, *quoted, context);
                self.guarded(ast, value, context)
            }
            AstKind::Variable(name) => {
                // What is made of functions is known where it is called, and not where it is handed on.
                self.untyped |= self.composed_of(name).is_some();
                let value = self.variable(ast, name, context);
                self.guarded(ast, value, context)
            }
            AstKind::Path(left, right) => {
                let value = self.path(ast, left, right, context);
                self.guarded(ast, value, context)
            }
            AstKind::Filter(base, predicate) => self.filter(ast, base, predicate, context),
            AstKind::KeepArray(base) => self.keep_array(base, context),
            AstKind::Sort(base, terms) => {
                let value = self.value(base, context);
                let element = value.item(self.types);
                let inside = context.inside(element.clone());
                for term in terms {
                    let by = self.value(term, &inside);
                    self.ordering(term, &by);
                }
                element.many().counted(value.lengths(self.types)).maybe(value.absent)
            }
            AstKind::Binary(operator, left, right) => self.binary(*operator, left, right, context),
            AstKind::Negate(operand) => {
                let value = self.value(operand, context);
                self.operand(Operator::Subtract, operand, &value);
                value.unbounded(self.types)
            }
            AstKind::Conditional(condition, then, otherwise) => {
                self.conditional(condition, then, otherwise.as_deref(), context)
            }
            AstKind::Array(items) => self.array(items, span, context),
            AstKind::Object(entries) => self.object(entries, span, context),
            AstKind::Block(parts) => {
                let outer = self.locals.len();
                let mut last = Value::any(span);
                for part in parts {
                    last = self.value(part, context);
                }
                self.locals.truncate(outer);
                last
            }
            AstKind::Bind { name, name_range, value } => self.binding(name, name_range, value, context),
            AstKind::Call(callee, arguments) => self.call(ast, callee, arguments, None, context),
            AstKind::Apply(left, right) => self.apply(left, right, context),
            AstKind::Lambda { params, body } => {
                self.lambda(params, body, &[], context);
                Value::special(Special::Function, span)
            }
            AstKind::Group(base, entries) => {
                let (element, _) = self.value(base, context).element(self.types);
                let inside = context.inside(element);
                for (key, value) in entries {
                    self.value(key, &inside);
                    self.value(value, &inside);
                }
                self.untyped = true;
                Value::new(Kind::Map(Box::new(Type { kind: Kind::Any, span })), span)
            }
            AstKind::Focus(base, name) => {
                let (element, _) = self.value(base, context).element(self.types);
                self.untyped = true;
                self.locals.push((name.clone(), Value::any(span)));
                element.many()
            }
            AstKind::Transform(_) => {
                self.untyped = true;
                Value::special(Special::Function, span)
            }
            AstKind::Wildcard => self.wildcard(ast, context),
            AstKind::Descendant | AstKind::Parent => {
                self.untyped = true;
                Value::any(span)
            }
        }
    }

    /// A number literal; one that a double cannot hold to the last digit is reported.
    fn number(&mut self, ast: &Ast, number: f64) -> Value {
        let span = self.span(&ast.range);
        if literals::is_inexact(self.text(ast)) {
            let message = format!("`{}` is beyond ±{MAX_INTEGER}", self.text(ast));
            let diagnostic = Diagnostic::new(Code::EVC0420, span, message)
                .note("JSONata and JSON carry whole numbers as doubles, which would change its last digits without a word")
                .help("write it as a text, in quotes of its own, if it is a name rather than an amount");
            self.report(diagnostic);
        }
        let value = value::number(number, span);
        match (self.decimals, value.ty.kind) {
            (Decimals::Money, Kind::Number(range)) => Value::new(Kind::Money(range), span),
            (_, kind) => Value::new(kind, span),
        }
    }

    fn array(&mut self, items: &[Ast], span: Span, context: &Context) -> Value {
        let mut element: Option<Type> = None;
        let (mut least, mut most) = (0_u64, Some(0_u64));
        for item in items {
            let value = self.value(item, context);
            self.remember(item, &value);
            // A list in a list constructor adds its elements, unless it is itself one.
            let (ty, count) = if item.is_list() {
                (self.kept(&value), lengths(u64::from(!value.may_be_absent()), Some(1)))
            } else if is_empty_list(&value, self.types) {
                continue;
            } else {
                (self.kept(&value.item(self.types)), value.lengths(self.types))
            };
            least = least.saturating_add(count.min.unwrap_or(0));
            most = most.zip(count.max).map(|(all, more)| all.saturating_add(more));
            element = Some(element.map_or_else(|| ty.clone(), |joined| join(&joined, &ty, self.types)));
        }
        let range = match &element {
            Some(_) => lengths(least, most),
            None => lengths(0, Some(0)),
        };
        let element = element.unwrap_or(Type { kind: Kind::Any, span });
        Value::new(Kind::List(Box::new(element), range), span)
    }

    fn object(&mut self, entries: &[(Ast, Ast)], span: Span, context: &Context) -> Value {
        if context.item.as_ref().is_some_and(|item| item.element(self.types).1) {
            // Of a list at hand, an object groups the elements.
            self.untyped = true;
            for (key, value) in entries {
                self.value(key, context);
                self.value(value, context);
            }
            return Value::any(span);
        }
        let mut fields = IndexMap::new();
        // What is under keys that are computed.
        let mut open: Option<Type> = None;
        for (key, value) in entries {
            let key_type = self.value(key, context);
            let given = self.value(value, context);
            self.remember(value, &given);
            let ty = self.kept(&given);
            let AstKind::String(name) = &key.kind else {
                if !matches!(key_type.class(self.types), Class::Text | Class::Any) || key_type.special != Special::No {
                    let message = format!("a key is a text; found {}", operators::describe(&key_type));
                    self.report(Diagnostic::new(Code::EVC0408, self.span(&key.range), message));
                } else if key_type.may_be_absent() || key_type.many {
                    self.absent_argument(key, &key_type, "a key is a text");
                }
                open = Some(open.map_or_else(|| ty.clone(), |open| join(&open, &ty, self.types)));
                continue;
            };
            let field = Field { ty, optional: given.may_be_absent(), name_span: self.span(&key.range) };
            if let Some(Field { name_span, .. }) = fields.get(name) {
                let message = format!("the key `{name}` is given twice, and the expression fails");
                let diagnostic = Diagnostic::new(Code::EVC0422, field.name_span, message);
                self.report(diagnostic.secondary(*name_span, "first given here").help("keep one of them"));
            }
            fields.insert(name.clone(), field);
        }
        if let Some(open) = open {
            let known = fields.values().map(|field: &Field| &field.ty);
            let joined = self.types.join(std::iter::once(&open).chain(known)).unwrap_or(Type { kind: Kind::Any, span });
            return Value::new(Kind::Map(Box::new(joined)), span);
        }
        let made = Type { kind: Kind::Record(Record { extends: None, exact: true, fields }), span }.bounded();
        Value::new(made.kind, span)
    }

    /// What a value is where it is kept. A sequence that is a list there is still a sequence to JSONata.
    fn kept(&mut self, value: &Value) -> Type {
        self.keeps_sequences |= value.is_list();
        value.kept(self.types)
    }

    /// Keeps what a part of the expression gives, so that it can be compared with what is wanted of it.
    fn remember(&mut self, ast: &Ast, value: &Value) {
        self.parts.insert(ast.range.clone(), value.clone());
    }

    /// What names mean here.
    fn names(&self, context: &Context) -> Names<'_> {
        Names { scope: self.scope, locals: &self.locals, depth: context.depth }
    }

    /// Whether a condition around this part has shown that there is a value.
    fn is_present(&self, ast: &Ast, context: &Context) -> bool {
        !self.facts.is_empty() && self.names(context).way(ast).is_some_and(|way| self.facts.is_present(&way))
    }

    /// The value of a path, filled if a condition around it has shown that the list it leads to has an element.
    fn guarded(&self, ast: &Ast, value: Value, context: &Context) -> Value {
        let is_list = value.many || value.class(self.types) == Class::List;
        if !is_list || self.facts.is_empty() {
            return value;
        }
        let Some(mut way) = self.names(context).way(ast) else { return value };
        let least = self.facts.shown(&way).map_or(0, |shown| shown.count);
        way.steps.push(Step::At(0));
        value.at_least(least.max(u64::from(self.facts.is_present(&way))), self.types)
    }

    /// The value that a base means, as far as conditions of the expression narrow it.
    fn narrowed(&self, base: &Base, mut value: Value) -> Value {
        if !self.shown.is_empty() && !value.many {
            if self.narrows
                && let Some(narrower) = self.shown.narrowed(base, &value.ty, self.types)
            {
                value.ty = narrower;
            }
            if self.shown.is_present(&Way { base: base.clone(), steps: Vec::new() }) {
                value.absent = None;
            }
        }
        value
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn span(&self, range: &Bytes<usize>) -> Span {
        self.expr.span_of(range)
    }

    fn text(&self, ast: &Ast) -> &str {
        &self.expr.text[ast.range.clone()]
    }

    /// Whether spans are exact, so that a fix can replace a part of the expression.
    fn exact(&self) -> bool {
        super::shift(self.expr.span, &self.expr.text).is_some()
    }

    /// "did you mean", with a fix where the place is exact.
    fn suggest(&self, diagnostic: Diagnostic, found: &str, known: &[&str]) -> Diagnostic {
        if self.exact() {
            return diagnostic.suggest(found, known.iter().copied());
        }
        match nearest(found, known) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic,
        }
    }
}

/// Whether this is a list that never has an element, of which nothing is known.
fn is_empty_list(value: &Value, types: &Types) -> bool {
    !value.many && value::is_empty_list(&value.ty, types)
}
