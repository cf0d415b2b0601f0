//! Arithmetic that has no result for some values that the types admit: a division by zero, a square root of a negative number.
//!
//! Of `1 / 0` JSONata 2.0.6 makes an infinite number, which no JSON can carry and most of what takes it refuses (D1001, D3001); of
//! `0 / 0` and `x % 0` one that is none; `$sqrt` fails by itself (D3060).
//! <https://github.com/jsonata-js/jsonata/blob/v2.0.6/src/jsonata.js>, `evaluateNumericExpression`

use std::ops::Range as Bytes;

use super::{Context, Infer, Special, Value, established};
use crate::expr::ast::{Ast, AstKind, Operator};
use crate::types::{Bound, Kind, Type, Types};

/// How deep in an operand is looked for what it comes to.
const MAX_DEPTH: usize = 6;

/// A part of an expression that has no result for some of its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::expr) struct Risk {
    /// The operand or argument, by its bytes.
    pub(in crate::expr) at: Bytes<usize>,
    /// The values that it has none for.
    pub(in crate::expr) of: Without,
}

/// The values that something has no result for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Without {
    /// Zero, by which nothing is divided.
    Zero,
    /// Negative numbers, which have no square root.
    Negative,
    /// What is outside of what a function takes: what that is, what it takes, and which bounds are within.
    Outside {
        /// Completes "`n` may be …".
        may_be: &'static str,
        /// Completes "ask first, `n …`".
        ask: &'static str,
        /// A type of which all values are taken.
        bounds: &'static str,
    },
    /// All but those that an operator or a function takes, of something of which nothing is known: "a number".
    AllBut(&'static str),
    /// Texts of one form: what is done with texts of several, and what to do instead.
    OneForm {
        /// Completes "`a < b` …".
        does: &'static str,
        /// What makes one form of them.
        instead: &'static str,
    },
}

/// What numbers an expression comes to.
#[derive(Debug, Clone, Copy, Default)]
struct Extent {
    least: Option<Bound>,
    most: Option<Bound>,
    /// Whether it is known not to be zero.
    nonzero: bool,
}

impl Infer<'_> {
    /// Takes note of an operand for some values of which there is no result.
    pub(super) fn risk(&mut self, ast: &Ast, of: Without, context: &Context) {
        let Some(extent) = self.weighed(ast, context) else { return };
        let is_fine = match of {
            Without::Zero => extent.is_nonzero(),
            Without::Negative => extent.least.is_some_and(|least| least.value >= 0.0),
            Without::Outside { .. } | Without::AllBut(_) | Without::OneForm { .. } => true,
        };
        let risk = Risk { at: ast.range.clone(), of };
        if !is_fine && !self.risks.contains(&risk) {
            self.risks.push(risk);
        }
    }

    /// Takes note of an argument that may be zero, and of what comes of that.
    pub(super) fn not_zero(&mut self, ast: &Ast, of: Without, context: &Context) {
        if self.weighed(ast, context).is_some_and(|extent| !extent.is_nonzero()) {
            self.take_note(ast, of, context);
        }
    }

    /// Takes note of an argument, unless it is known not to be an empty text.
    pub(super) fn take_note(&mut self, ast: &Ast, of: Without, context: &Context) {
        let way = self.names(context).way(ast);
        let shown = way.and_then(|way| self.facts.shown(&way));
        let is_known = shown.is_some_and(|shown| shown.nonzero || shown.among.is_some() || shown.without.contains(""));
        let risk = Risk { at: ast.range.clone(), of };
        if !self.weighs && !is_known && !self.risks.contains(&risk) {
            self.risks.push(risk);
        }
    }

    /// Takes note of an argument that may be less or more than what a function takes.
    pub(super) fn beside(&mut self, ast: &Ast, (least, most): (f64, f64), of: Without, context: &Context) {
        let Some(extent) = self.weighed(ast, context) else { return };
        let above = extent.least.is_some_and(|bound| bound.value >= least || bound.open && bound.value >= least - 1.0);
        let is_fine = above && (most.is_infinite() || extent.most.is_some_and(|bound| bound.value <= most));
        let risk = Risk { at: ast.range.clone(), of };
        if !is_fine && !self.risks.contains(&risk) {
            self.risks.push(risk);
        }
    }

    /// The greatest number that a part comes to, if there is one.
    pub(super) fn greatest(&mut self, ast: &Ast, context: &Context) -> Option<f64> {
        self.weighed(ast, context)?.most.map(|most| most.value)
    }

    /// What a part comes to, looked at once more. Nothing while it is looked at for another.
    fn weighed(&mut self, ast: &Ast, context: &Context) -> Option<Extent> {
        if self.weighs {
            return None;
        }
        let (reported, untyped) = (self.diagnostics.len(), self.untyped);
        self.weighs = true;
        let extent = self.extent(ast, context, 0);
        self.weighs = false;
        self.diagnostics.truncate(reported);
        self.untyped = untyped;
        extent
    }

    /// Takes note of an operand or argument of which nothing is known, and which has to be something.
    pub(super) fn unknown(&mut self, ast: &Ast, value: &Value, wanted: &'static str) {
        let is_any = value.special == Special::No && self.types.resolve(&value.ty).kind == Kind::Any;
        let risk = Risk { at: ast.range.clone(), of: Without::AllBut(wanted) };
        if is_any && !self.weighs && !self.risks.contains(&risk) {
            self.risks.push(risk);
        }
    }

    /// What a part comes to; none of what is no number, or of which nothing is known.
    fn extent(&mut self, ast: &Ast, context: &Context, depth: usize) -> Option<Extent> {
        let value = self.value(ast, context);
        let own = of_type(&value.ty, self.types)?;
        let known = self.names(context).way(ast).and_then(|way| self.facts.shown(&way).cloned());
        let known = known
            .map_or(own, |shown| own.and(&Extent { least: shown.least, most: shown.most, nonzero: shown.nonzero }));
        if depth > MAX_DEPTH {
            return Some(known);
        }
        let inner = self.computed(ast, context, depth + 1).unwrap_or_default();
        Some(known.and(&inner))
    }

    /// What follows from how a part is computed.
    fn computed(&mut self, ast: &Ast, context: &Context, depth: usize) -> Option<Extent> {
        match &ast.kind {
            AstKind::Block(parts) => match parts.as_slice() {
                [only] => self.extent(only, context, depth),
                _ => None,
            },
            AstKind::Negate(inner) => Some(self.extent(inner, context, depth)?.negated()),
            AstKind::Binary(operator, left, right) => {
                let (a, b) = (self.extent(left, context, depth)?, self.extent(right, context, depth)?);
                match operator {
                    Operator::Add => Some(a.plus(&b)),
                    Operator::Subtract => Some(a.plus(&b.negated())),
                    Operator::Multiply => Some(a.times(&b)),
                    _ => None,
                }
            }
            AstKind::Conditional(condition, then, Some(otherwise)) => {
                let [held, failed] = established(condition, &self.names(context));
                let then = self.knowing(&held, |infer| infer.extent(then, context, depth))?;
                let otherwise = self.knowing(&failed, |infer| infer.extent(otherwise, context, depth))?;
                Some(then.or(&otherwise))
            }
            AstKind::Call(callee, arguments) => {
                let AstKind::Variable(name) = &callee.kind else { return None };
                match (name.as_str(), arguments.as_slice()) {
                    ("abs", [of]) => {
                        let nonzero = self.extent(of, context, depth)?.is_nonzero();
                        Some(Extent { least: Some(Bound { value: 0.0, open: false }), most: None, nonzero })
                    }
                    // The greatest of several is no less than any of them.
                    ("max", [Ast { kind: AstKind::Array(items), .. }]) => {
                        let mut greatest = Extent::default();
                        for item in items {
                            let is_there = self.value(item, context);
                            if is_there.may_be_absent() || is_there.element(self.types).1 {
                                continue;
                            }
                            let least = self.extent(item, context, depth).and_then(|extent| extent.least);
                            greatest = greatest.and(&Extent { least, ..Extent::default() });
                        }
                        Some(greatest)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Whether a value is zero, and nothing else.
    pub(super) fn is_zero(&self, value: &Value) -> bool {
        of_type(&value.ty, self.types).is_some_and(|extent| {
            extent.least.is_some_and(|least| least.value == 0.0) && extent.most.is_some_and(|most| most.value == 0.0)
        })
    }

    /// Whether all that a value may be is negative.
    pub(super) fn is_negative(&self, value: &Value) -> bool {
        of_type(&value.ty, self.types).is_some_and(|extent| extent.most.is_some_and(|most| most.value < 0.0))
    }
}

impl Extent {
    fn is_nonzero(&self) -> bool {
        let above = |bound: Bound| bound.value > 0.0 || (bound.open && bound.value == 0.0);
        let below = |bound: Bound| bound.value < 0.0 || (bound.open && bound.value == 0.0);
        self.nonzero || self.least.is_some_and(above) || self.most.is_some_and(below)
    }

    fn and(&self, other: &Self) -> Self {
        let greater = |a: Bound, b: Bound| if (a.value, a.open) > (b.value, b.open) { a } else { b };
        let less = |a: Bound, b: Bound| if (a.value, !a.open) < (b.value, !b.open) { a } else { b };
        Self {
            least: self.least.zip(other.least).map(|(a, b)| greater(a, b)).or(self.least).or(other.least),
            most: self.most.zip(other.most).map(|(a, b)| less(a, b)).or(self.most).or(other.most),
            nonzero: self.nonzero || other.nonzero,
        }
    }

    fn or(&self, other: &Self) -> Self {
        let less = |a: Bound, b: Bound| if (a.value, a.open) < (b.value, b.open) { a } else { b };
        let greater = |a: Bound, b: Bound| if (a.value, !a.open) > (b.value, !b.open) { a } else { b };
        Self {
            least: self.least.zip(other.least).map(|(a, b)| less(a, b)),
            most: self.most.zip(other.most).map(|(a, b)| greater(a, b)),
            nonzero: self.is_nonzero() && other.is_nonzero(),
        }
    }

    fn negated(&self) -> Self {
        let turned = |bound: Bound| Bound { value: -bound.value, open: bound.open };
        Self { least: self.most.map(turned), most: self.least.map(turned), nonzero: self.nonzero }
    }

    fn plus(&self, other: &Self) -> Self {
        let sum = |(a, b): (Bound, Bound)| Bound { value: a.value + b.value, open: a.open || b.open };
        Self { least: self.least.zip(other.least).map(sum), most: self.most.zip(other.most).map(sum), nonzero: false }
    }

    /// Of two that are not negative, neither is the product; of small ones it may round to zero.
    fn times(&self, other: &Self) -> Self {
        let product = |(a, b): (Bound, Bound)| {
            (a.value >= 0.0 && b.value >= 0.0).then_some(Bound { value: a.value * b.value, open: false })
        };
        let is_whole = |extent: &Self| extent.least.is_some_and(|least| least.value.abs() >= 1.0);
        let nonzero = self.is_nonzero() && other.is_nonzero() && (is_whole(self) || is_whole(other));
        Self { least: self.least.zip(other.least).and_then(product), most: None, nonzero }
    }
}

/// What the bounds of a type say; none of what is no number.
fn of_type(ty: &Type, types: &Types) -> Option<Extent> {
    #[expect(clippy::cast_precision_loss, reason = "bounds are within 2^53 - 1")]
    let whole = |bound: i64| Bound { value: bound as f64, open: false };
    let number = |value: f64| Bound { value, open: false };
    match &types.resolve(ty).kind {
        Kind::Integer(range) => {
            Some(Extent { least: range.min.map(whole), most: range.max.map(whole), nonzero: false })
        }
        Kind::Number(range) | Kind::Money(range) => {
            Some(Extent { least: range.min.map(number), most: range.max.map(number), nonzero: false })
        }
        Kind::Union(members) => {
            let mut extents = members.iter().map(|member| of_type(member, types));
            let first = extents.next()??;
            extents.try_fold(first, |joined, extent| Some(joined.or(&extent?)))
        }
        _ => None,
    }
}
