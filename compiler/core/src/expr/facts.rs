//! What conditions establish: that a path has a value, that a text is one of some, that a list has an element, and what such facts
//! make of a scope.
//!
//! [`Expr::facts`] says what is known where a condition held or did not; [`Facts::and`] and [`Facts::or`] put together what several
//! routes have established; [`Scope::knowing`] gives the scope of a place where facts hold.

mod aliases;
mod either;
mod way_of;

use std::collections::BTreeMap;

use super::ast::{Ast, AstKind, Operator};
use super::infer::Value;
use super::{Expr, Scope};
use crate::types::{Bound, Form, Shown, Step, Type, Types};

use either::Either;
pub(super) use way_of::index;

/// What is known of the values that expressions refer to: of each by itself, and what of several one or the other is so.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts(Known, Vec<Either>);

/// What is known of values, each by itself.
type Known = BTreeMap<Way, Shown>;

/// The way to a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Way {
    pub(super) base: Base,
    pub(super) steps: Vec<Step>,
}

/// Where a way starts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Base {
    /// A name of the scope.
    Root(String),
    /// A variable of the expression, by its place among those that are bound.
    Local(usize),
    /// The value at hand, inside of so many predicates and maps.
    Item(usize),
    /// What gives the same wherever it is written, as a text.
    Call(String),
}

/// What names mean where a condition stands.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) scope: &'a Scope,
    /// The variables that the expression has bound, innermost last.
    pub(super) locals: &'a [(String, Value)],
    /// How many predicates and maps are around it.
    pub(super) depth: usize,
}

impl Expr {
    /// What is known where the expression, as a condition, held (`outcome`) or did not.
    pub fn facts(&self, outcome: bool, scope: &Scope) -> Facts {
        let [held, failed] = established(&self.tree, &Names { scope, locals: &[], depth: 0 });
        let mut facts = if outcome { held } else { failed };
        // What is about a part of the expression says nothing outside of it.
        facts.keep(|way| matches!(way.base, Base::Root(_)));
        facts
    }
}

impl Facts {
    /// One fact about what stands at a path from a name.
    pub fn of(root: impl Into<String>, steps: Vec<Step>, shown: Shown) -> Self {
        let mut facts = Self::default();
        facts.add(Way { base: Base::Root(root.into()), steps }, shown);
        facts
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty() && self.1.is_empty()
    }

    /// What is known where these and the others hold.
    #[must_use]
    pub fn and(mut self, others: &Self) -> Self {
        for (way, shown) in &others.0 {
            let known = self.0.entry(way.clone()).or_default();
            *known = known.and(shown);
        }
        self.decided(&others.1)
    }

    /// What is known where these or the others hold.
    #[must_use]
    pub fn or(mut self, others: &Self) -> Self {
        self.0.retain(|way, shown| match others.0.get(way) {
            Some(other) => {
                *shown = shown.or(other);
                !shown.is_nothing()
            }
            None => false,
        });
        self.1.retain(|one| others.1.contains(one));
        self
    }

    /// Forgets what is known of a name, which has another value now.
    pub fn forget(&mut self, root: &str) {
        self.keep(|way| !matches!(&way.base, Base::Root(of) if of == root));
    }

    /// The greatest number that a name is known to be at most; with `up` unset, the least that it is at least.
    pub fn bound(&self, root: &str, up: bool) -> Option<Bound> {
        self.bound_at(&[root], up)
    }

    /// The same of what stands at a path of names.
    pub(super) fn bound_at(&self, path: &[&str], up: bool) -> Option<Bound> {
        let (root, fields) = path.split_first()?;
        let steps = fields.iter().map(|name| Step::Field((*name).to_owned())).collect();
        let shown = self.0.get(&Way { base: Base::Root((*root).to_owned()), steps })?;
        if up { shown.most } else { shown.least }
    }

    /// Keeps what is known of some names, and forgets the rest.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.keep(|way| matches!(&way.base, Base::Root(root) if keep(root)));
    }

    /// The names of the scope that something is known of, each as often as there is something.
    pub fn roots(&self) -> impl Iterator<Item = &str> {
        self.0.keys().filter_map(|way| if let Base::Root(root) = &way.base { Some(root.as_str()) } else { None })
    }

    /// What is known of values on the ways from a base.
    pub(super) fn from<'a>(&'a self, base: &'a Base) -> impl Iterator<Item = (&'a [Step], &'a Shown)> {
        let first = Way { base: base.clone(), steps: Vec::new() };
        let of_it = self.0.range(first..).take_while(move |(way, _)| way.base == *base);
        of_it.map(|(way, shown)| (way.steps.as_slice(), shown))
    }

    /// The type of what a base means, as far as facts narrow it; none if they contradict it, or do not.
    pub(super) fn narrowed(&self, base: &Base, ty: &Type, types: &Types) -> Option<Type> {
        let mut narrower: Option<Type> = None;
        for (steps, shown) in self.from(base) {
            // What contradicts the type says that nobody comes here.
            narrower = Some(types.narrowed(narrower.as_ref().unwrap_or(ty), steps, shown)?);
        }
        narrower
    }

    /// Whether there is known to be a value.
    pub(super) fn is_present(&self, way: &Way) -> bool {
        self.0.get(way).is_some_and(|shown| shown.present)
    }

    /// What is known of the value on a way.
    pub(super) fn shown(&self, way: &Way) -> Option<&Shown> {
        self.0.get(way)
    }

    fn add(&mut self, way: Way, shown: Shown) {
        // What is there is inside of what is there.
        for end in 0..if shown.present { way.steps.len() } else { 0 } {
            let before = Way { base: way.base.clone(), steps: way.steps[..end].to_vec() };
            self.0.entry(before).or_default().present = true;
        }
        let known = self.0.entry(way).or_default();
        *known = if known.is_nothing() { shown } else { known.and(&shown) };
    }
}

/// What is known if a condition holds, and if it does not.
pub(super) fn established(condition: &Ast, names: &Names<'_>) -> [Facts; 2] {
    match &condition.kind {
        // The right side is evaluated only if the left one leaves it open.
        AstKind::Binary(Operator::And, a, b) => {
            let ([held, failed], [other_held, other_failed]) = (established(a, names), established(b, names));
            let failed = failed.either(&held.clone().and(&other_failed));
            [held.and(&other_held), failed]
        }
        AstKind::Binary(Operator::Or, a, b) => {
            let ([held, failed], [other_held, other_failed]) = (established(a, names), established(b, names));
            let held = held.either(&failed.clone().and(&other_held));
            [held, failed.and(&other_failed)]
        }
        AstKind::Binary(operator, a, b) => compared(*operator, a, b, names),
        AstKind::Block(parts) => match parts.as_slice() {
            [only] => established(only, names),
            _ => [present(condition, names), Facts::default()],
        },
        AstKind::Call(callee, arguments) => match (&callee.kind, arguments.as_slice()) {
            (AstKind::Variable(name), [argument]) if name == "exists" => {
                [present(argument, names), absent(argument, names)]
            }
            (AstKind::Variable(name), [argument]) if name == "boolean" => established(argument, names),
            (AstKind::Variable(name), [argument]) if name == "not" => {
                let [held, failed] = established(argument, names);
                // Of nothing, `$not` gives nothing, which is no more true than false.
                [failed, if is_always_there(argument) { held } else { Facts::default() }]
            }
            (AstKind::Variable(name), [list]) if name == "count" => {
                [truthy(condition, names).and(&filled(list, 1, names)), Facts::default()]
            }
            _ => [truthy(condition, names), Facts::default()],
        },
        _ => [truthy(condition, names), Facts::default()],
    }
}

/// Whether a condition has a value whatever the data.
fn is_always_there(ast: &Ast) -> bool {
    match &ast.kind {
        AstKind::Binary(operator, ..) => matches!(
            operator,
            Operator::And | Operator::Or | Operator::Equal | Operator::NotEqual | Operator::In | Operator::Concatenate
        ),
        AstKind::Block(parts) => matches!(parts.as_slice(), [only] if is_always_there(only)),
        AstKind::Call(callee, arguments) => match (&callee.kind, arguments.as_slice()) {
            (AstKind::Variable(name), [_]) if matches!(name.as_str(), "exists" | "count") => true,
            (AstKind::Variable(name), [argument]) if name == "not" => is_always_there(argument),
            _ => false,
        },
        AstKind::Boolean(_) | AstKind::String(_) | AstKind::Number(_) => true,
        _ => false,
    }
}

/// What a comparison establishes. One with nothing is never true.
fn compared(operator: Operator, a: &Ast, b: &Ast, names: &Names<'_>) -> [Facts; 2] {
    let is_comparison = matches!(
        operator,
        Operator::Equal
            | Operator::NotEqual
            | Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual
            | Operator::In
    );
    let is_arithmetic = matches!(
        operator,
        Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Modulo
    );
    if !is_comparison {
        let parts = [a, b].into_iter().filter(|_| is_arithmetic);
        return [present_in(parts, names), Facts::default()];
    }
    let mut facts = [present_in([a, b], names), Facts::default()];
    for (value, operator, other) in [(a, operator, b), (b, operator.mirrored(), a)] {
        if operator == Operator::In && std::ptr::eq(value, b) {
            continue;
        }
        for (facts, outcome) in facts.iter_mut().zip([true, false]) {
            if let Some((value, shown)) = shown(value, operator, other, outcome)
                && let Some(way) = names.way(value)
            {
                facts.add(way, shown);
            }
            if let Some((list, least)) = counted(value, operator, other, outcome) {
                *facts = std::mem::take(facts).and(&filled(list, least, names));
            }
        }
    }
    facts
}

/// What a comparison with literals says of a value.
fn shown<'a>(value: &'a Ast, operator: Operator, other: &Ast, outcome: bool) -> Option<(&'a Ast, Shown)> {
    if let Some(value) = call(value, "type") {
        let forms: Option<Vec<Form>> = texts(other, operator)?.iter().map(|text| Form::named(text)).collect();
        let is = match operator {
            Operator::Equal | Operator::In => outcome,
            Operator::NotEqual => !outcome,
            _ => return None,
        };
        let forms = forms?;
        let rest = || Form::ALL.into_iter().filter(|form| !forms.contains(form));
        return Some((
            value,
            Shown {
                // Of nothing there is no type, and nothing is neither equal nor unequal.
                present: outcome,
                ..if is { Shown::of_form(forms.iter().copied()) } else { Shown::of_form(rest()) }
            },
        ));
    }
    let there = |shown: Shown| Some((value, Shown { present: outcome, ..shown }));
    match (operator, outcome) {
        (Operator::Equal | Operator::In, true) | (Operator::NotEqual, false) => {
            if let Some(texts) = texts(other, operator) {
                return there(Shown::among(texts));
            }
            let number = (operator != Operator::In).then(|| number(other)).flatten()?;
            let bound = Some(Bound { value: number, open: false });
            there(Shown { least: bound, most: bound, ..Shown::of_form([Form::Number]) })
        }
        (Operator::Equal | Operator::In, false) | (Operator::NotEqual, true) => {
            if number(other) == Some(0.0) {
                return there(Shown { nonzero: true, ..Shown::default() });
            }
            there(Shown { without: texts(other, operator)?.into_iter().collect(), ..Shown::default() })
        }
        (Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual, _) => {
            if outcome && matches!(other.kind, AstKind::String(_)) {
                return there(Shown::of_form([Form::Text]));
            }
            let value = number(other)?;
            let (least, open) = match (operator, outcome) {
                (Operator::Greater, true) | (Operator::LessOrEqual, false) => (true, true),
                (Operator::GreaterOrEqual, true) | (Operator::Less, false) => (true, false),
                (Operator::Less, true) | (Operator::GreaterOrEqual, false) => (false, true),
                _ => (false, false),
            };
            let bound = Some(Bound { value, open });
            let forms = outcome.then(|| [Form::Number].into());
            there(if least {
                Shown { least: bound, forms, ..Shown::default() }
            } else {
                Shown { most: bound, forms, ..Shown::default() }
            })
        }
        _ => None,
    }
}

/// The list that a comparison of its count with a number says something of, and how many elements it has at least.
fn counted<'a>(value: &'a Ast, operator: Operator, other: &Ast, outcome: bool) -> Option<(&'a Ast, u64)> {
    let list = call(value, "count")?;
    let bound = number(other)?;
    let least = match (operator, outcome) {
        (Operator::Greater, true) | (Operator::LessOrEqual, false) => bound.floor() + 1.0,
        (Operator::GreaterOrEqual | Operator::Equal, true) | (Operator::Less, false) => bound.ceil(),
        (Operator::NotEqual, false) => bound.ceil(),
        // Not none, so at least one.
        (Operator::NotEqual, true) | (Operator::Equal, false) if bound == 0.0 => 1.0,
        _ => return None,
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "beyond all counts is still beyond them"
    )]
    (least >= 1.0).then_some((list, least as u64))
}

/// That a list has so many elements: a first and a last one; of a path through lists, one of the lists on the way has.
fn filled(list: &Ast, least: u64, names: &Names<'_>) -> Facts {
    let mut facts = Facts::default();
    let Some(way) = names.way(list) else { return facts };
    for at in [0, -1] {
        let steps = way.steps.iter().cloned().chain([Step::At(at)]).collect();
        facts.add(Way { base: way.base.clone(), steps }, Shown::present());
    }
    facts.add(way, Shown { count: least, ..Shown::present() });
    facts
}

/// That an expression holds as a condition: it has a value, which is not zero.
fn truthy(condition: &Ast, names: &Names<'_>) -> Facts {
    let mut facts = present(condition, names);
    if let Some(way) = names.way(condition) {
        facts.add(way, Shown { nonzero: true, ..Shown::present() });
    }
    facts
}

/// That an expression has a value, and what it takes of nothing but nothing.
fn present(ast: &Ast, names: &Names<'_>) -> Facts {
    present_in([ast], names)
}

/// That an expression has no value.
fn absent(ast: &Ast, names: &Names<'_>) -> Facts {
    let mut facts = Facts::default();
    if let Some(way) = names.way(ast) {
        facts.add(way, Shown::absent());
    }
    facts
}

fn present_in<'a>(parts: impl IntoIterator<Item = &'a Ast>, names: &Names<'_>) -> Facts {
    let mut facts = Facts::default();
    let mut left: Vec<&Ast> = parts.into_iter().collect();
    while let Some(ast) = left.pop() {
        if let Some(way) = names.way(ast) {
            facts.add(way, Shown::present());
        }
        match &ast.kind {
            AstKind::Call(callee, arguments) => {
                if let (AstKind::Variable(name), Some(first)) = (&callee.kind, arguments.first())
                    && super::functions::find(name).is_some_and(super::functions::Function::gives_nothing_of_nothing)
                {
                    left.push(first);
                }
            }
            AstKind::Binary(
                Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Modulo,
                a,
                b,
            ) => left.extend([&**a, &**b]),
            AstKind::Negate(inner) | AstKind::KeepArray(inner) => left.push(inner),
            AstKind::Block(parts) => left.extend(parts.last().filter(|_| parts.len() == 1)),
            // A path has a value only if what it starts from has.
            AstKind::Path(before, _) | AstKind::Filter(before, _) | AstKind::Sort(before, _) => left.push(before),
            _ => {}
        }
    }
    facts
}

/// The only argument of a call of this function.
fn call<'a>(ast: &'a Ast, function: &str) -> Option<&'a Ast> {
    match &ast.kind {
        AstKind::Call(callee, arguments) => match (&callee.kind, arguments.as_slice()) {
            (AstKind::Variable(name), [argument]) if name == function => Some(argument),
            _ => None,
        },
        AstKind::Block(parts) => match parts.as_slice() {
            [only] => call(only, function),
            _ => None,
        },
        _ => None,
    }
}

/// The texts that a value is compared with: a literal, or after `in` a list of literals.
fn texts(ast: &Ast, operator: Operator) -> Option<Vec<String>> {
    match &ast.kind {
        AstKind::String(text) => Some(vec![text.clone()]),
        AstKind::Array(items) if operator == Operator::In => {
            let text = |item: &Ast| if let AstKind::String(text) = &item.kind { Some(text.clone()) } else { None };
            items.iter().map(text).collect()
        }
        AstKind::Block(parts) => match parts.as_slice() {
            [only] => texts(only, operator),
            _ => None,
        },
        _ => None,
    }
}

/// The number that a literal says.
pub(super) fn number(ast: &Ast) -> Option<f64> {
    match &ast.kind {
        AstKind::Number(number) => Some(*number),
        AstKind::Negate(inner) => number(inner).map(|number| -number),
        AstKind::Block(parts) => match parts.as_slice() {
            [only] => number(only),
            _ => None,
        },
        _ => None,
    }
}
