//! What names hold where a step runs, as far as literals say: followed from step to step, and put together where ways meet.

use std::collections::{BTreeMap, BTreeSet};

use super::ast::{Ast, AstKind, Operator};
use super::cover::Case;
use super::facts::number;
use super::{Expr, Template, names_of};

/// The most texts that one name is known to hold. Of one that may hold more, nothing is known.
const MOST_TEXTS: usize = 32;

/// What the values at paths are: `tries`, `looked.state`. Of a path that it does not have, nothing is known.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Holds(BTreeMap<String, Held>);

/// What a value is one of.
#[derive(Debug, Clone, PartialEq)]
struct Held(Values);

#[derive(Debug, Clone, PartialEq)]
enum Values {
    Texts(BTreeSet<String>),
    Booleans(BTreeSet<bool>),
    Numbers(Numbers),
}

/// Numbers from one to another, infinities among them.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Numbers {
    least: f64,
    most: f64,
    /// One of them.
    at: f64,
    /// How far each is from the next, if all are whole: 0 where there is one, so that none is between.
    step: Option<f64>,
}

impl Holds {
    fn tree(&self, ast: &Ast) -> Option<Held> {
        match &ast.kind {
            AstKind::String(text) => Some(Held(Values::Texts([text.clone()].into()))),
            AstKind::Boolean(value) => Some(Held(Values::Booleans([*value].into()))),
            AstKind::Block(parts) => match parts.as_slice() {
                [only] => self.tree(only),
                _ => None,
            },
            AstKind::Name { .. } | AstKind::Path(..) => self.0.get(&path(ast)?).cloned(),
            AstKind::Binary(operator, a, b) => self.moved(*operator, a, b),
            _ => Some(Held(Values::Numbers(Numbers::one(number(ast)?)))),
        }
    }

    /// A number that a literal is added to, or taken from.
    fn moved(&self, operator: Operator, a: &Ast, b: &Ast) -> Option<Held> {
        let (of, by) = match (operator, number(a), number(b)) {
            (Operator::Add, _, Some(by)) => (a, by),
            (Operator::Add, Some(by), None) => (b, by),
            (Operator::Subtract, _, Some(by)) => (a, -by),
            _ => return None,
        };
        let Held(Values::Numbers(numbers)) = self.tree(of)? else { return None };
        let step = numbers.step.filter(|_| is_whole(by));
        let (least, most, at) = (numbers.least + by, numbers.most + by, numbers.at + by);
        Some(Held(Values::Numbers(Numbers { least, most, at, step })))
    }

    /// The name holds what a template gives where names hold what they do in `from`.
    pub fn set(&mut self, name: &str, template: Option<&Template>, from: &Self) {
        self.forget(name);
        if let Some(template) = template {
            let mut found = Vec::new();
            from.fields(name.to_owned(), template, &mut found);
            self.0.extend(found);
        }
    }

    fn fields(&self, path: String, template: &Template, found: &mut Vec<(String, Held)>) {
        match template {
            Template::Expr(expr) => found.extend(self.tree(&expr.tree).map(|held| (path, held))),
            Template::Object(fields, _) => {
                for (key, value) in fields {
                    self.fields(format!("{path}.{}", key.text), value, found);
                }
            }
            Template::List(..) | Template::Null(_) | Template::Error(_) => {}
        }
    }

    /// Nothing is known of a name any more.
    pub fn forget(&mut self, name: &str) {
        let is_in =
            |path: &String| path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        self.0.retain(|path, _| !is_in(path));
    }

    /// Keeps what is known of some names.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|path, _| keep(path.split('.').next().unwrap_or(path)));
    }

    /// What is known where two ways meet. `far` is whether a bound that moves is let go of, so that loops come to an end.
    #[must_use]
    pub fn meet(&self, other: &Self, far: bool) -> Self {
        let both = self.0.iter().filter_map(|(path, held)| {
            let met = held.meet(other.0.get(path)?, far)?;
            Some((path.clone(), met))
        });
        Self(both.collect())
    }

    /// What is known of what an expression means that is a path of names.
    fn at(&self, expr: &Expr) -> Option<&Held> {
        if self.0.is_empty() { None } else { self.0.get(&path(&expr.tree)?) }
    }

    /// The cases of a value that make a difference where it is compared with these literals.
    pub(super) fn cases(&self, of: &Expr, literals: &[Case]) -> Option<Vec<Case>> {
        let cases = match &self.at(of)?.0 {
            Values::Texts(texts) => texts.iter().cloned().map(Case::Text).collect(),
            Values::Booleans(values) => values.iter().copied().map(Case::Boolean).collect(),
            Values::Numbers(numbers) => numbers.cases(literals)?,
        };
        Some(cases)
    }

    /// How one value may be compared with another: less, equal, more.
    pub(super) fn compared(&self, a: &Expr, b: &Expr) -> Option<Vec<Case>> {
        let numbers = |side: &Expr| match self.tree(&side.tree)?.0 {
            Values::Numbers(numbers) => Some(numbers),
            Values::Texts(_) | Values::Booleans(_) => None,
        };
        let (a, b) = (numbers(a)?, numbers(b)?);
        let ways = [(-1.0, a.least < b.most), (0.0, a.least <= b.most && b.least <= a.most), (1.0, a.most > b.least)];
        Some(ways.into_iter().filter(|(_, may_be)| *may_be).map(|(way, _)| Case::Number(way)).collect())
    }
}

impl Held {
    fn meet(&self, other: &Self, far: bool) -> Option<Self> {
        let met = match (&self.0, &other.0) {
            (Values::Texts(a), Values::Texts(b)) => {
                let all: BTreeSet<String> = a.union(b).cloned().collect();
                Values::Texts(Some(all).filter(|all| all.len() <= MOST_TEXTS)?)
            }
            (Values::Booleans(a), Values::Booleans(b)) => Values::Booleans(a.union(b).copied().collect()),
            (Values::Numbers(a), Values::Numbers(b)) => Values::Numbers(a.meet(*b, far)),
            (Values::Texts(_) | Values::Booleans(_) | Values::Numbers(_), _) => return None,
        };
        Some(Self(met))
    }
}

impl Numbers {
    fn one(value: f64) -> Self {
        Self { least: value, most: value, at: value, step: is_whole(value).then_some(0.0) }
    }

    fn meet(self, other: Self, far: bool) -> Self {
        let (mut least, mut most) = (self.least.min(other.least), self.most.max(other.most));
        if far && least < self.least {
            least = f64::NEG_INFINITY;
        }
        if far && most > self.most {
            most = f64::INFINITY;
        }
        let step = match (self.step, other.step) {
            (Some(a), Some(b)) => Some(common(common(a, b), (self.at - other.at).abs())),
            _ => None,
        };
        Self { least, most, at: self.at, step }
    }

    /// Those at, between and beyond some literals; nothing if a literal is no number.
    fn cases(self, literals: &[Case]) -> Option<Vec<Case>> {
        let numbers = literals.iter().map(|literal| match literal {
            Case::Number(number) => Some(*number),
            Case::Text(_) | Case::Boolean(_) | Case::Absent | Case::Other => None,
        });
        let mut at: Vec<f64> = numbers.collect::<Option<_>>()?;
        at.sort_by(f64::total_cmp);
        let mut points: Vec<f64> = [self.at, self.least, self.most].into_iter().filter(|at| at.is_finite()).collect();
        match self.step {
            Some(step) if step > 0.0 => {
                for number in at {
                    let below = self.at + ((number - self.at) / step).floor() * step;
                    points.extend([below - step, below, below + step]);
                }
                points.retain(|point| (point - self.at) % step == 0.0);
            }
            Some(_) => {}
            None => {
                for (index, number) in at.iter().enumerate() {
                    let before = index.checked_sub(1).and_then(|before| at.get(before));
                    points.extend([before.map_or(number - 1.0, |before| f64::midpoint(*before, *number)), *number]);
                }
                points.extend(at.last().map(|last| last + 1.0));
                // Between a bound and what is compared with, too.
                points.extend([f64::midpoint(self.least, self.most)].into_iter().filter(|at| at.is_finite()));
            }
        }
        points.retain(|point| self.least <= *point && *point <= self.most);
        points.sort_by(f64::total_cmp);
        points.dedup();
        Some(points.into_iter().map(Case::Number).collect())
    }
}

fn is_whole(number: f64) -> bool {
    number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0
}

/// The greatest whole number that divides both.
fn common(a: f64, b: f64) -> f64 {
    let (mut a, mut b) = (a, b);
    while b > 0.0 {
        (a, b) = (b, a % b);
    }
    a
}

/// The names of a path of nothing but names, with dots between them.
fn path(ast: &Ast) -> Option<String> {
    let mut names = Vec::new();
    names_of(ast, &mut names).then(|| names.join("."))
}
