//! Whether one of several conditions always holds: what is left when none does.
//!
//! What conditions compare with literals, or only ask to be true, is taken through every case that makes a difference: the values of an
//! enumeration, the literals and what is none of them, the numbers at, between and beyond those that are compared with, and that there
//! is nothing. What else there is may hold or not.

use indexmap::IndexMap;

use super::ast::{Ast, AstKind, Operator};
use super::example::example;
use super::held::Holds;
use super::infer::infer;
use super::{Expr, Scope};
use crate::types::{Kind, Type, Types, describe, text_problem};

/// The most cases that are looked at; with more, nothing is known.
const MAX_CASES: usize = 4096;

/// What is left when none of some conditions holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// Nothing: one of them always holds.
    Nothing,
    /// These values of an enumeration, for which none can hold.
    Values {
        /// What has them, as written.
        path: String,
        /// The values.
        values: Vec<String>,
        /// The enumeration.
        of: String,
    },
    /// Something, with a case of it if one can be told: "`order.total` is 100".
    Some(Option<String>),
}

/// What is left when none of these conditions holds.
pub fn left(conditions: &[&Expr], scope: &Scope, types: &Types) -> Left {
    let (domains, count) = domains(conditions, scope, types, &Holds::default());
    if count > MAX_CASES {
        return Left::Some(None);
    }
    let mut falling: Vec<(IndexMap<&str, &Case>, bool)> = Vec::new();
    for number in 0..count {
        let case = case_of(&domains, number);
        match falls(conditions, &case) {
            Some(false) => {}
            Some(true) => falling.push((case, true)),
            None => falling.push((case, false)),
        }
    }
    if falling.is_empty() {
        return Left::Nothing;
    }
    for (key, ty, cases) in &domains {
        let Some(Type { kind: Kind::Enum(_), .. }) = ty else { continue };
        let per_value = count / cases.len().max(1);
        let always = |value: &&Case| {
            let of_value = falling.iter().filter(|(case, certain)| *certain && case.get(key.as_str()) == Some(value));
            of_value.count() == per_value
        };
        let values = cases.iter().filter(always).filter_map(|case| match case {
            Case::Text(text) => Some(text.clone()),
            Case::Number(_) | Case::Boolean(_) | Case::Absent | Case::Other => None,
        });
        let values: Vec<String> = values.collect();
        if !values.is_empty() {
            return Left::Values { path: key.clone(), values, of: ty.as_ref().map(describe).unwrap_or_default() };
        }
    }
    let keys: Vec<&str> = domains.iter().map(|(key, ..)| key.as_str()).collect();
    Left::Some(falling.iter().find(|(_, certain)| *certain).and_then(|(case, _)| example(&keys, case)))
}

/// Whether none of some conditions holds in a case; nothing if one may.
fn falls(conditions: &[&Expr], case: &IndexMap<&str, &Case>) -> Option<bool> {
    let mut falls = Some(true);
    for condition in conditions {
        match holds(condition, &condition.tree, case) {
            Some(true) => return Some(false),
            None => falls = None,
            Some(false) => {}
        }
    }
    falls
}

/// Of some conditions in order, and of what is left when none holds, which may come to pass where names hold this.
pub fn may_come(conditions: &[&Expr], scope: &Scope, types: &Types, known: &Holds) -> Vec<bool> {
    let is_steady = conditions.iter().all(|condition| condition.is_steady());
    let mut may: Vec<bool> = (0..conditions.len())
        .map(|at| !is_steady || !never_where(&conditions[..at], conditions[at], scope, types, known))
        .collect();
    let (domains, count) = domains(conditions, scope, types, known);
    let is_left = |number| falls(conditions, &case_of(&domains, number)) != Some(false);
    may.push(!is_steady || count > MAX_CASES || (0..count).any(is_left));
    may
}

/// Whether a condition never holds where none of those before it does.
pub fn never(before: &[&Expr], condition: &Expr, scope: &Scope, types: &Types) -> bool {
    never_where(before, condition, scope, types, &Holds::default())
}

fn never_where(before: &[&Expr], condition: &Expr, scope: &Scope, types: &Types, known: &Holds) -> bool {
    // Of what gives another value each time, one says nothing of the next.
    let before: Vec<&Expr> = before.iter().copied().filter(|expr| expr.is_steady()).collect();
    let all: Vec<&Expr> = before.iter().copied().chain([condition]).collect();
    if !condition.is_steady() {
        return false;
    }
    let (domains, count) = domains(&all, scope, types, known);
    count <= MAX_CASES
        && (0..count).all(|number| {
            let case = case_of(&domains, number);
            let is_left = before.iter().all(|earlier| holds(earlier, &earlier.tree, &case) != Some(true));
            !is_left || holds(condition, &condition.tree, &case) == Some(false)
        })
}

/// Functions that give another value each time.
const CHANGES: [&str; 5] = ["$random", "$uuid", "$now", "$millis", "$shuffle"];

impl Expr {
    /// Whether it gives the same as long as what it refers to does.
    pub fn is_steady(&self) -> bool {
        !CHANGES.iter().any(|function| self.text.contains(function))
    }
}

/// What each subject of some conditions may be.
type Domains = Vec<(String, Option<Type>, Vec<Case>)>;

/// What conditions ask of, with the cases of each; and how many cases that makes.
fn domains(conditions: &[&Expr], scope: &Scope, types: &Types, known: &Holds) -> (Domains, usize) {
    let mut subjects: IndexMap<String, Subject> = IndexMap::new();
    for condition in conditions {
        collect(condition, &condition.tree, &mut subjects);
    }
    let mut domains: Domains = Vec::new();
    for (key, subject) in subjects {
        let (ty, cases) = match subject.known(known) {
            Some(cases) => (None, cases),
            None => subject.cases(scope, types),
        };
        domains.push((key, ty, cases));
    }
    let count = domains.iter().fold(1_usize, |count, (.., cases)| count.saturating_mul(cases.len()));
    (domains, count)
}

/// One of the cases, by its number.
fn case_of(domains: &Domains, number: usize) -> IndexMap<&str, &Case> {
    let mut rest = number;
    let mut case = IndexMap::new();
    for (key, _, cases) in domains {
        if let Some(one) = cases.get(rest % cases.len().max(1)) {
            case.insert(key.as_str(), one);
        }
        rest /= cases.len().max(1);
    }
    case
}

/// What a subject may be, as far as it makes a difference.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Case {
    Text(String),
    Number(f64),
    Boolean(bool),
    Absent,
    /// None of what it is compared with.
    Other,
}

/// Something that conditions ask of.
struct Subject {
    expr: Expr,
    literals: Vec<Case>,
    /// Whether it is asked to be true itself.
    is_condition: bool,
    /// What is compared, where it is a comparison of two things of which either may be the greater.
    sides: Vec<Expr>,
}

impl Subject {
    /// Whether it says how many there are of something.
    fn is_count(&self) -> bool {
        ["count", "length"].into_iter().any(|function| argument(&self.expr.tree, function).is_some())
    }

    /// Whether it never is a literal: a text that is too long or too short for it, or in the other case.
    fn is_beyond(&self, literal: &Case, kind: &Kind) -> bool {
        let Case::Text(text) = literal else { return false };
        let of_length = matches!(kind, Kind::String(_)) && text_problem(kind, text).is_some();
        let is = |function| argument(&self.expr.tree, function).is_some();
        of_length || is("uppercase") && text.to_uppercase() != *text || is("lowercase") && text.to_lowercase() != *text
    }

    /// Its cases, if it is known what it holds.
    fn known(&self, known: &Holds) -> Option<Vec<Case>> {
        match self.sides.as_slice() {
            [] => known.cases(&self.expr, &self.literals),
            [a, b] => known.compared(a, b),
            _ => None,
        }
    }

    /// Its type if it has one of the spec language, and its cases.
    fn cases(&self, scope: &Scope, types: &Types) -> (Option<Type>, Vec<Case>) {
        if !self.sides.is_empty() {
            let is_absent = |side: &Expr| infer(side, scope, types).value.absent.is_some();
            let absent = self.sides.iter().any(is_absent).then_some(Case::Absent);
            let cases = [-1.0, 0.0, 1.0].map(Case::Number).into_iter().chain(absent);
            return (None, cases.collect());
        }
        let found = infer(&self.expr, scope, types);
        let absent = found.value.absent.is_some().then_some(Case::Absent);
        if self.is_condition && self.literals.is_empty() {
            return (None, vec![Case::Boolean(true), Case::Boolean(false)]);
        }
        let ty = types.resolve(&found.value.ty).clone();
        let is_known = found.diagnostics.is_empty() && !found.value.many;
        let mut cases: Vec<Case> = match &ty.kind {
            Kind::Enum(values) if is_known => values.iter().map(|value| Case::Text(value.value.clone())).collect(),
            Kind::Boolean if is_known => vec![Case::Boolean(true), Case::Boolean(false)],
            Kind::Number(_) | Kind::Money(_) if is_known && self.is_count() => {
                numbers(&self.literals, true, Some(0.0), None)
            }
            Kind::Integer(range) if is_known => {
                #[expect(clippy::cast_precision_loss, reason = "bounds are within 2^53 - 1")]
                let bound = |bound: Option<i64>| bound.map(|bound| bound as f64);
                let least = bound(range.min).or(self.is_count().then_some(0.0));
                numbers(&self.literals, true, least, bound(range.max))
            }
            Kind::Number(range) | Kind::Money(range) if is_known => {
                numbers(&self.literals, false, range.min, range.max)
            }
            _ => {
                let mut cases = Vec::new();
                for literal in &self.literals {
                    if !(cases.contains(literal) || is_known && self.is_beyond(literal, &ty.kind)) {
                        cases.push(literal.clone());
                    }
                }
                cases.push(Case::Other);
                cases
            }
        };
        let unknown = !is_known || types.is_any(&ty);
        cases.extend(absent.or(unknown.then_some(Case::Absent)));
        let known = is_known.then_some(ty);
        (known, cases)
    }
}

/// The numbers at, between and beyond some literals, within bounds.
fn numbers(literals: &[Case], whole: bool, min: Option<f64>, max: Option<f64>) -> Vec<Case> {
    let numbers = literals.iter().filter_map(|literal| match literal {
        Case::Number(number) => Some(*number),
        Case::Text(_) | Case::Boolean(_) | Case::Absent | Case::Other => None,
    });
    let mut at: Vec<f64> = numbers.collect();
    at.sort_by(f64::total_cmp);
    at.dedup();
    let mut points = Vec::new();
    for (index, number) in at.iter().enumerate() {
        let before = match index.checked_sub(1).and_then(|before| at.get(before)) {
            Some(before) => f64::midpoint(*before, *number),
            None => number - 1.0,
        };
        points.extend([before, *number]);
    }
    points.extend(at.last().map(|last| last + 1.0));
    if whole {
        // Between two neighbours there is no whole number.
        points = at.iter().flat_map(|number| [number.ceil() - 1.0, number.floor(), number.floor() + 1.0]).collect();
        points.sort_by(f64::total_cmp);
        points.dedup();
    }
    // What is between a bound and the first number that is compared with, too.
    points.extend(min.into_iter().chain(max).filter(|_| at.is_empty() || !whole));
    points.retain(|point| min.is_none_or(|min| *point >= min) && max.is_none_or(|max| *point <= max));
    if points.is_empty() {
        // All that it is compared with lies beyond its bounds.
        points.extend(min.into_iter().chain(max));
    }
    if points.is_empty() { vec![Case::Other] } else { points.into_iter().map(Case::Number).collect() }
}

/// A comparison with a literal, and with which side it is.
fn comparison(ast: &Ast) -> Option<(Operator, &Ast, Vec<Case>)> {
    let AstKind::Binary(operator, left, right) = &ast.kind else { return None };
    let listed = |ast: &Ast| match &ast.kind {
        AstKind::Array(items) => items.iter().map(literal).collect::<Option<Vec<_>>>(),
        _ => literal(ast).map(|one| vec![one]),
    };
    match operator {
        Operator::In => Some((Operator::In, left, listed(right)?)),
        Operator::Equal
        | Operator::NotEqual
        | Operator::Less
        | Operator::LessOrEqual
        | Operator::Greater
        | Operator::GreaterOrEqual => match (literal(left), literal(right)) {
            (None, Some(literal)) => Some((*operator, left, vec![literal])),
            (Some(literal), None) => Some((operator.mirrored(), right, vec![literal])),
            _ => None,
        },
        _ => None,
    }
}

fn literal(ast: &Ast) -> Option<Case> {
    match &ast.kind {
        AstKind::String(text) => Some(Case::Text(text.clone())),
        AstKind::Number(number) => Some(Case::Number(*number)),
        AstKind::Boolean(value) => Some(Case::Boolean(*value)),
        AstKind::Negate(inner) => match literal(inner)? {
            Case::Number(number) => Some(Case::Number(-number)),
            _ => None,
        },
        AstKind::Block(parts) => match parts.as_slice() {
            [only] => literal(only),
            _ => None,
        },
        _ => None,
    }
}

/// A part of an expression as one of its own.
fn part(expr: &Expr, ast: &Ast) -> Expr {
    Expr { text: expr.text.clone(), tree: ast.clone(), references: Vec::new(), span: expr.span }
}

/// A comparison of two things that are no literals, or of texts by their order: what both are, by their texts in one order, how the first
/// is compared with the second, and both.
fn pair<'a>(expr: &Expr, ast: &'a Ast) -> Option<(String, Operator, Vec<&'a Ast>)> {
    let AstKind::Binary(operator, left, right) = &ast.kind else { return None };
    let of_order = match operator {
        Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => true,
        Operator::Equal | Operator::NotEqual => false,
        _ => return None,
    };
    let is_plain = |ast: &Ast| match literal(ast) {
        None => true,
        Some(Case::Text(_)) => of_order,
        Some(Case::Number(_) | Case::Boolean(_) | Case::Absent | Case::Other) => false,
    };
    if !is_plain(left) || !is_plain(right) {
        return None;
    }
    let (a, b) = (key(expr, left), key(expr, right));
    if a <= b {
        return Some((format!("{a} against {b}"), *operator, vec![left, right]));
    }
    Some((format!("{b} against {a}"), operator.mirrored(), vec![right, left]))
}

/// The argument of a call of a function of one.
fn argument<'a>(ast: &'a Ast, function: &str) -> Option<&'a Ast> {
    let AstKind::Call(callee, arguments) = &ast.kind else { return None };
    match (&callee.kind, arguments.as_slice()) {
        (AstKind::Variable(name), [argument]) if name == function => Some(argument),
        _ => None,
    }
}

/// What a condition asks of, by its text.
fn collect(expr: &Expr, ast: &Ast, subjects: &mut IndexMap<String, Subject>) {
    match &ast.kind {
        AstKind::Boolean(_) => return,
        AstKind::Binary(Operator::And | Operator::Or, a, b) => {
            collect(expr, a, subjects);
            collect(expr, b, subjects);
            return;
        }
        AstKind::Block(parts) if parts.len() == 1 => {
            for part in parts {
                collect(expr, part, subjects);
            }
            return;
        }
        _ => {}
    }
    if let Some(inner) = argument(ast, "not").or_else(|| argument(ast, "boolean")) {
        return collect(expr, inner, subjects);
    }
    if let Some((key, _, sides)) = pair(expr, ast) {
        let sides = sides.into_iter().map(|side| part(expr, side)).collect();
        subjects.entry(key).or_insert_with(|| Subject {
            expr: part(expr, ast),
            literals: Vec::new(),
            is_condition: false,
            sides,
        });
        return;
    }
    let (of, literals, is_condition) = match comparison(ast) {
        Some((_, of, literals)) => (of, literals, false),
        None => match argument(ast, "exists") {
            Some(of) => (of, Vec::new(), false),
            None => (ast, Vec::new(), true),
        },
    };
    let subject = subjects.entry(key(expr, of)).or_insert_with(|| Subject {
        expr: part(expr, of),
        literals: Vec::new(),
        is_condition: false,
        sides: Vec::new(),
    });
    subject.literals.extend(literals);
    subject.is_condition |= is_condition;
}

/// The text of a part, without blanks that make no difference.
fn key(expr: &Expr, ast: &Ast) -> String {
    let text = expr.text.get(ast.range.clone()).unwrap_or_default().trim();
    if text.contains(['"', '\'']) { text.to_owned() } else { text.split_whitespace().collect::<Vec<_>>().join(" ") }
}

/// Whether a condition holds in a case; `None` if it may.
fn holds(expr: &Expr, ast: &Ast, case: &IndexMap<&str, &Case>) -> Option<bool> {
    match &ast.kind {
        AstKind::Boolean(value) => return Some(*value),
        AstKind::Binary(Operator::And, a, b) => {
            return match (holds(expr, a, case), holds(expr, b, case)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            };
        }
        AstKind::Binary(Operator::Or, a, b) => {
            return match (holds(expr, a, case), holds(expr, b, case)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            };
        }
        AstKind::Block(parts) => {
            if let [only] = parts.as_slice() {
                return holds(expr, only, case);
            }
        }
        _ => {}
    }
    if let Some(inner) = argument(ast, "not") {
        return holds(expr, inner, case).map(|holds| !holds);
    }
    if let Some(inner) = argument(ast, "boolean") {
        return holds(expr, inner, case);
    }
    if let Some((key, operator, _)) = pair(expr, ast) {
        return compared(operator, case.get(key.as_str())?, &[Case::Number(0.0)]);
    }
    if let Some((operator, of, literals)) = comparison(ast) {
        return compared(operator, case.get(key(expr, of).as_str())?, &literals);
    }
    if let Some(of) = argument(ast, "exists") {
        return Some(**case.get(key(expr, of).as_str())? != Case::Absent);
    }
    match case.get(key(expr, ast).as_str())? {
        Case::Boolean(value) => Some(*value),
        Case::Absent => Some(false),
        Case::Text(_) | Case::Number(_) | Case::Other => None,
    }
}

/// A comparison in a case. One with nothing is never true.
fn compared(operator: Operator, case: &Case, literals: &[Case]) -> Option<bool> {
    if *case == Case::Absent {
        return Some(false);
    }
    match operator {
        Operator::Equal | Operator::In => Some(literals.contains(case)),
        Operator::NotEqual => Some(!literals.contains(case)),
        _ => {
            let (Case::Number(number), [Case::Number(literal)]) = (case, literals) else { return None };
            Some(match operator {
                Operator::Less => number < literal,
                Operator::LessOrEqual => number <= literal,
                Operator::Greater => number > literal,
                _ => number >= literal,
            })
        }
    }
}

#[cfg(test)]
mod tests;
