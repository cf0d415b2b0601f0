//! Arithmetic, comparisons, boolean operators and concatenation.

use std::ops::Range as Bytes;

use evc_interface::expression::LIST_LENGTH;

use super::fixed::may_be_time;
use super::{Class, Context, Facts, Infer, Special, Value, Without, established, never, show};
use crate::diagnostics::{Code, Diagnostic, list};
use crate::expr::ast::{Ast, AstKind, Operator};
use crate::expr::{bounds, literals};
use crate::source::Span;
use crate::types::{Kind, MAX_INTEGER, Range, Type, text_problem};

impl Infer<'_> {
    /// The fewest characters that a value adds to a text.
    fn least_characters(&self, value: &Value) -> u64 {
        let is_one = value.special == Special::No && !value.many && !value.null && !value.may_be_absent();
        if is_one { self.types.min_characters(&value.ty) } else { 0 }
    }

    pub(super) fn binary(&mut self, operator: Operator, left: &Ast, right: &Ast, context: &Context) -> Value {
        let span = self.span(&(left.range.start..right.range.end));
        let a = self.value(left, context);
        // The right side of `and` is reached only if the left holds, and that of `or` only if it does not.
        let facts = match operator {
            Operator::And | Operator::Or => {
                let [held, failed] = established(left, &self.names(context));
                if operator == Operator::And { held } else { failed }
            }
            _ => Facts::default(),
        };
        let b = self.knowing(&facts, |infer| infer.value(right, context));
        if matches!(
            operator,
            Operator::Equal
                | Operator::NotEqual
                | Operator::Less
                | Operator::LessOrEqual
                | Operator::Greater
                | Operator::GreaterOrEqual
                | Operator::In
        ) {
            self.precise_money(left, &b);
            self.precise_money(right, &a);
        }
        match operator {
            Operator::And | Operator::Or => Value::new(Kind::Boolean, span),
            Operator::Concatenate => {
                for (ast, value) in [(left, &a), (right, &b)] {
                    if value.special == Special::Function {
                        self.wrong_operand(operator, ast, "a function", "text");
                    }
                }
                let least = [&a, &b].map(|value| self.least_characters(value)).into_iter().fold(0, u64::saturating_add);
                // No upper bound, which would grow for ever where a step adds to what it gave the round before.
                Value::new(Kind::String(Range { min: (least > 0).then_some(least), max: None }), span)
            }
            Operator::Equal | Operator::NotEqual => {
                self.equality(operator, (left, &a), (right, &b));
                Value::new(Kind::Boolean, span)
            }
            Operator::In => {
                let (element, _) = b.element(self.types);
                let before = self.diagnostics.len();
                self.compatible(operator, (left, &a), (right, &element));
                if self.diagnostics.len() == before {
                    self.listed(&a, right);
                }
                self.compared_times(operator, [(left, &a), (right, &element)]);
                Value::new(Kind::Boolean, span)
            }
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
                self.order(operator, (left, &a), (right, &b));
                Value::new(Kind::Boolean, span).maybe(a.absent.or(b.absent))
            }
            Operator::Range => {
                let ok = self.end(left, &a) && self.end(right, &b);
                if ok { self.range(&a, &b, span) } else { Value::any(span) }
            }
            Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Modulo => {
                self.arithmetic(operator, (left, &a), (right, &b), context)
            }
        }
    }

    /// The list of the whole numbers from one to another, as long as their bounds say. Of one that is sure to be longer than lists may be
    /// it is not said how long, since that is told as an expression that makes too much.
    fn range(&mut self, from: &Value, to: &Value, span: Span) -> Value {
        let bounds = |value: &Value| match (&value.absent, &self.types.resolve(&value.ty).kind) {
            (None, Kind::Integer(range)) => *range,
            _ => Range::default(),
        };
        let (from, to) = (bounds(from), bounds(to));
        let count = |first: Option<i64>, last: Option<i64>| {
            let count = last?.saturating_sub(first?).saturating_add(1);
            Some(u64::try_from(count).unwrap_or(0))
        };
        let least = count(from.max, to.min).unwrap_or(0);
        if least > never::RANGE {
            let message = format!("a range has at most {} items; this one has {least} at least", never::RANGE);
            self.report(Diagnostic::new(Code::EVC0422, span, message));
        }
        let is_told = |most: &u64| *most == least && usize::try_from(*most).is_ok_and(|most| most > LIST_LENGTH);
        let length = super::lengths(least, count(from.min, to.max).filter(|most| *most > 0 && !is_told(most)));
        let element = Type { kind: Kind::Integer(Range { min: from.min, max: to.max }), span };
        Value::new(Kind::List(Box::new(element), length), span)
    }

    fn arithmetic(
        &mut self,
        operator: Operator,
        (left, a): (&Ast, &Value),
        (right, b): (&Ast, &Value),
        context: &Context,
    ) -> Value {
        let span = self.span(&(left.range.start..right.range.end));
        let ok = self.operand(operator, left, a) && self.operand(operator, right, b);
        if a.is_money(self.types) || b.is_money(self.types) {
            self.money(&(left.range.start..right.range.end), &format!("`{}`", operator.as_str()));
            return Value::any(span);
        }
        if !ok {
            return Value::any(span);
        }
        if matches!(operator, Operator::Divide | Operator::Modulo) {
            if self.is_zero(b) {
                self.wrong_operand(operator, right, "`0`", "a number other than zero");
                return Value::any(span);
            }
            self.risk(right, Without::Zero, context);
        }
        if let Some(value) = computed(operator, left, right)
            && !value.is_finite()
        {
            let message = "this is beyond what a number can be, about 1.8e308".to_owned();
            self.report(Diagnostic::new(Code::EVC0422, span, message));
            return Value::any(span);
        }
        let kind = match (&self.types.resolve(&a.ty).kind, &self.types.resolve(&b.ty).kind) {
            (Kind::Integer(a), Kind::Integer(b)) if operator != Operator::Divide => {
                Kind::Integer(bounds_of(operator, a, b))
            }
            _ => Kind::Number(Range::default()),
        };
        Value::new(kind, span).maybe(a.absent.clone()).maybe(b.absent.clone())
    }

    /// Reports a literal that is compared with money and has more digits than an amount has.
    fn precise_money(&mut self, literal: &Ast, other: &Value) {
        let is_amount = matches!(literal.kind, AstKind::Number(_)) && other.is_money(self.types);
        if is_amount && !literals::is_inexact(self.text(literal)) {
            self.diagnostics.extend(literals::digits_diagnostic(self.expr, literal));
        }
    }

    /// Reports arithmetic on money.
    pub(super) fn money(&mut self, range: &std::ops::Range<usize>, what: &str) {
        let message = format!("{what} computes with `money`, which Step Functions would do in binary floating point");
        let diagnostic = Diagnostic::new(Code::EVC0409, self.span(range), message)
            .note("`money` is an exact decimal everywhere else; 0.1 + 0.2 is 0.30000000000000004 in an expression")
            .help(
                "compute it in a function's handler, where `money` is a decimal, and use the result; comparing is fine",
            );
        self.report(diagnostic);
    }

    /// Reports an operand of arithmetic that is no number; says whether it is one.
    pub(super) fn operand(&mut self, operator: Operator, ast: &Ast, value: &Value) -> bool {
        if value.special == Special::No && matches!(value.class(self.types), Class::Number | Class::Any) {
            if value.many {
                self.one_or_many(ast, value, "one number");
            }
            self.unknown(ast, value, "a number");
            return true;
        }
        let found = describe(value);
        self.wrong_operand(operator, ast, &found, "a number");
        false
    }

    /// Reports an end of a range that is no whole number, of which JSONata makes an error; says whether it is one.
    fn end(&mut self, ast: &Ast, value: &Value) -> bool {
        if !self.operand(Operator::Range, ast, value) {
            return false;
        }
        let is_whole = matches!(self.types.resolve(&value.ty).kind, Kind::Integer(_) | Kind::Any | Kind::Named(_));
        if !is_whole {
            let message = format!("`..` takes whole numbers; found {}", describe(value));
            let help = format!("write `$floor({})`", self.text(ast));
            self.report(Diagnostic::new(Code::EVC0408, self.span(&ast.range), message).help(help));
        }
        is_whole
    }

    fn wrong_operand(&mut self, operator: Operator, ast: &Ast, found: &str, expected: &str) {
        let message = format!("`{}` takes {expected}; found {found}", operator.as_str());
        let mut diagnostic = Diagnostic::new(Code::EVC0408, self.span(&ast.range), message);
        if operator == Operator::Add {
            diagnostic = diagnostic.help("texts are put together with `&`");
        }
        self.report(diagnostic);
    }

    fn equality(&mut self, operator: Operator, (left, a): (&Ast, &Value), (right, b): (&Ast, &Value)) {
        for (ast, value) in [(left, a), (right, b)] {
            let other = if std::ptr::eq(ast, left) { b } else { a };
            if value.many && other.class(self.types) != Class::List && !other.many {
                let list = self.text(ast).to_owned();
                let single = self.text(if std::ptr::eq(ast, left) { right } else { left }).to_owned();
                let message = format!("`{}` compares one value with what may be none or several", operator.as_str());
                let help = format!("write `{single} in {list}` to ask whether one of them equals it");
                self.report(Diagnostic::new(Code::EVC0417, self.span(&ast.range), message).help(help));
                return;
            }
        }
        self.compatible(operator, (left, a), (right, b));
        self.compared_times(operator, [(left, a), (right, b)]);
    }

    /// Reports a comparison whose outcome does not depend on the values.
    fn compatible(&mut self, operator: Operator, (left, a): (&Ast, &Value), (right, b): (&Ast, &Value)) {
        let outcome = if operator == Operator::NotEqual { "true" } else { "false" };
        let range = left.range.start..right.range.end;
        if [a, b].iter().any(|value| value.special == Special::Null) {
            let message = format!("nothing is ever `null` here, so this is always {outcome}");
            let other = self.text(if a.special == Special::Null { right } else { left }).to_owned();
            let help = format!("an absent field is absent, not null: write `$exists({other})`");
            self.report(Diagnostic::new(Code::EVC0410, self.span(&range), message).help(help));
            return;
        }
        if let Some((literal, _, reason)) = self.no_such_text((left, a), (right, b)) {
            let message = format!("{reason}, so this is always {outcome}");
            self.report(Diagnostic::new(Code::EVC0410, self.span(&literal), message));
            return;
        }
        if overlap(&a.ty, &b.ty, self.types) {
            return;
        }
        let (one, other) = (&self.types.resolve(&a.ty).kind, &self.types.resolve(&b.ty).kind);
        // A literal outside of an enumeration: point at the literal.
        for (literal_ast, literal, all) in [(left, one, other), (right, other, one)] {
            if let (AstKind::String(text), Kind::Enum(_), Kind::Enum(allowed)) = (&literal_ast.kind, literal, all) {
                let allowed: Vec<String> = allowed.iter().map(|literal| literal.value.clone()).collect();
                let allowed: Vec<&str> = allowed.iter().map(String::as_str).collect();
                let span = self.span(&(literal_ast.range.start + 1..literal_ast.range.end - 1));
                let message =
                    format!("`{text}` is none of the values it is compared with, so this is always {outcome}");
                let diagnostic = self.suggest(Diagnostic::new(Code::EVC0410, span, message), text, &allowed);
                let diagnostic = if diagnostic.help.is_empty() {
                    diagnostic.help(format!("the values are {}", list(&allowed)))
                } else {
                    diagnostic
                };
                self.report(diagnostic);
                return;
            }
        }
        let (one, other) = (describe(a), describe(b));
        let message = format!("{one} is never equal to {other}, so this is always {outcome}");
        self.report(Diagnostic::new(Code::EVC0410, self.span(&range), message));
    }

    /// Reports literals of a list that what is looked for in it never is.
    fn listed(&mut self, sought: &Value, list_ast: &Ast) {
        let AstKind::Array(items) = &list_ast.kind else { return };
        let kind = &self.types.resolve(&sought.ty).kind;
        for item in items {
            let AstKind::String(text) = &item.kind else { continue };
            let span = self.span(&(item.range.start + 1..item.range.end - 1));
            if let Some(reason) = text_problem(kind, text).filter(|_| has_form(kind)) {
                let message = format!("{reason}, so this is never what is looked for");
                self.report(Diagnostic::new(Code::EVC0410, span, message));
                continue;
            }
            let Kind::Enum(allowed) = kind else { continue };
            if allowed.iter().any(|literal| literal.value == *text) {
                continue;
            }
            let allowed: Vec<&str> = allowed.iter().map(|literal| literal.value.as_str()).collect();
            let message = format!("`{text}` is none of the values that are looked for, so this is never one of them");
            let diagnostic = self.suggest(Diagnostic::new(Code::EVC0410, span, message), text, &allowed);
            self.report(if diagnostic.help.is_empty() {
                diagnostic.help(format!("the values are {}", list(&allowed)))
            } else {
                diagnostic
            });
        }
    }

    /// A literal that is compared with a text of a form that it does not have: where it stands, and why it has not.
    fn no_such_text<'a>(
        &self,
        (left, a): (&'a Ast, &Value),
        (right, b): (&'a Ast, &Value),
    ) -> Option<(Bytes<usize>, &'a str, String)> {
        [(left, b), (right, a)].into_iter().find_map(|(literal, other)| {
            let AstKind::String(text) = &literal.kind else { return None };
            let kind = &self.types.resolve(&other.ty).kind;
            let reason = text_problem(kind, text).filter(|_| has_form(kind))?;
            Some((literal.range.clone(), text.as_str(), reason))
        })
    }

    fn order(&mut self, operator: Operator, (left, a): (&Ast, &Value), (right, b): (&Ast, &Value)) {
        for (ast, value) in [(left, a), (right, b)] {
            let reason = match &self.types.resolve(&value.ty).kind {
                _ if value.special != Special::No => Some(NO_ORDER),
                Kind::Union(members) if value.class(self.types) == Class::Mixed => {
                    let reason = members.iter().find_map(|member| no_order(&self.types.resolve(member).kind));
                    reason.or(Some("JSONata fails at run time unless both are numbers or both are texts"))
                }
                Kind::Union(members) => members.iter().find_map(|member| no_order(&self.types.resolve(member).kind)),
                kind => no_order(kind),
            };
            if let Some(reason) = reason {
                let message = format!(
                    "`{}` takes a number, a text, a timestamp or a date; found {}",
                    operator.as_str(),
                    describe(value)
                );
                self.report(Diagnostic::new(Code::EVC0408, self.span(&ast.range), message).note(reason));
                return;
            }
            if value.many {
                self.one_or_many(ast, value, "one value");
                return;
            }
            let other = if std::ptr::eq(ast, left) { b } else { a };
            self.unknown(ast, value, if other.class(self.types) == Class::Text { "a text" } else { "a number" });
        }
        if let Some((literal, text, reason)) = self.no_such_text((left, a), (right, b)) {
            // `2026` and `2026-11` come before all that begin so, if there are such: `2026-13` and `2026-02-30` begin none.
            let is_day = text.get(..DAY).is_none_or(|day| text_problem(&Kind::Date, day).is_none());
            let is_start = text.as_bytes().get(4).is_none_or(|next| *next == b'-') && may_be_time(text) && is_day;
            if !is_start {
                let message = format!("{reason}, and is compared by its spelling");
                self.report(Diagnostic::new(Code::EVC0410, self.span(&literal), message));
                return;
            }
        }
        let (one, other) = (a.class(self.types), b.class(self.types));
        if one != other && one != Class::Any && other != Class::Any {
            let message = format!("`{}` compares {} with {}", operator.as_str(), describe(a), describe(b));
            let range = left.range.start..right.range.end;
            let diagnostic = Diagnostic::new(Code::EVC0408, self.span(&range), message);
            self.report(diagnostic.note("JSONata fails at run time unless both are numbers or both are texts"));
            return;
        }
        self.compared_times(operator, [(left, a), (right, b)]);
    }

    /// Reports what may be several values where one is taken.
    pub(super) fn one_or_many(&mut self, ast: &Ast, value: &Value, expected: &str) {
        let message = format!("`{}` may be none, one or several values; expected {expected}", self.text(ast));
        let diagnostic = Diagnostic::new(Code::EVC0417, self.span(&ast.range), message)
            .note(format!("a path through a list gives each {} in it", show(&value.ty)))
            .help(format!(
                "take the first with `{}`, or all with `$sum`, `$count`, `$join` or `$map`",
                crate::expr::fits::first_of(ast, self.text(ast))
            ));
        self.report(diagnostic);
    }
}

/// How long a day is, as it is written: `2026-11-21`.
const DAY: usize = 10;

/// Whether texts of a kind have a form of their own.
fn has_form(kind: &Kind) -> bool {
    matches!(kind, Kind::Uuid | Kind::Timestamp | Kind::Date | Kind::Duration)
}

/// The bounds of what whole numbers within bounds come to.
fn bounds_of(operator: Operator, a: &Range<i64>, b: &Range<i64>) -> Range<i64> {
    // Beyond what a double holds exactly, nothing is known of the last digits.
    let exact = |bound: Option<i64>| bound.filter(|bound| (-MAX_INTEGER..=MAX_INTEGER).contains(bound));
    let sum = |a: Option<i64>, b: Option<i64>| a.zip(b).and_then(|(a, b)| a.checked_add(b));
    let less = |a: Option<i64>, b: Option<i64>| a.zip(b).and_then(|(a, b)| a.checked_sub(b));
    let product = |a: Option<i64>, b: Option<i64>| a.zip(b).and_then(|(a, b)| a.checked_mul(b));
    let (min, max) = match operator {
        Operator::Add => (sum(a.min, b.min), sum(a.max, b.max)),
        Operator::Subtract => (less(a.min, b.max), less(a.max, b.min)),
        Operator::Multiply if a.min.is_some_and(|min| min >= 0) && b.min.is_some_and(|min| min >= 0) => {
            (product(a.min, b.min), product(a.max, b.max))
        }
        _ => (None, None),
    };
    Range { min: exact(min), max: exact(max) }
}

/// What literals come to.
fn computed(operator: Operator, left: &Ast, right: &Ast) -> Option<f64> {
    let (left, right) = (bounds::number(left)?, bounds::number(right)?);
    match operator {
        Operator::Add => Some(left + right),
        Operator::Subtract => Some(left - right),
        Operator::Multiply => Some(left * right),
        Operator::Divide => Some(left / right),
        _ => None,
    }
}

/// Why values of other kinds are not compared by order.
const NO_ORDER: &str = "only numbers and texts have an order";

/// Why values of a kind are not compared by order; none if they are.
fn no_order(kind: &Kind) -> Option<&'static str> {
    match kind {
        Kind::Any | Kind::Named(_) | Kind::Integer(_) | Kind::Number(_) | Kind::Money(_) => None,
        Kind::String(_) | Kind::Timestamp | Kind::Date => None,
        Kind::Enum(literals) if literals.len() == 1 => None,
        Kind::Enum(_) => Some("values of an enumeration would be compared by spelling"),
        Kind::Uuid => Some("the order of UUIDs says nothing"),
        Kind::Duration => Some("durations would be compared as text: `PT10M` is before `PT2M`"),
        Kind::Bytes => Some("bytes would be compared in base64"),
        Kind::Boolean | Kind::List(..) | Kind::Map(_) | Kind::Record(_) | Kind::Union(_) | Kind::Tagged(..) => {
            Some(NO_ORDER)
        }
    }
}

/// What a value is, for messages.
pub(super) fn describe(value: &Value) -> String {
    match value.special {
        Special::Null => "`null`".to_owned(),
        Special::Function => "a function".to_owned(),
        Special::No if value.many => format!("each {} of a list", show(&value.ty)),
        Special::No => show(&value.ty),
    }
}

/// Whether some value can be of both types.
fn overlap(a: &Type, b: &Type, types: &crate::types::Types) -> bool {
    match (&types.resolve(a).kind, &types.resolve(b).kind) {
        (Kind::Any | Kind::Named(_), _) | (_, Kind::Any | Kind::Named(_)) => true,
        (Kind::Enum(one), Kind::Enum(other)) => one.iter().any(|literal| other.contains(literal)),
        (Kind::List(one, _), Kind::List(other, _)) => overlap(one, other, types),
        // A general text, and a literal, may say a value of any of the special texts; two different ones never the same.
        (
            one @ (Kind::Uuid | Kind::Timestamp | Kind::Date | Kind::Duration),
            other @ (Kind::Uuid | Kind::Timestamp | Kind::Date | Kind::Duration),
        ) => one == other,
        (Kind::Union(members), _) => members.iter().any(|member| overlap(member, b, types)),
        (_, Kind::Union(members)) => members.iter().any(|member| overlap(a, member, types)),
        _ => super::value::class_of(a, types) == super::value::class_of(b, types),
    }
}
