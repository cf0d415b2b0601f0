//! The ways that expressions mean: plain names and places, and what gives the same each time it is written.

use super::{Base, Names, Way, number};
use crate::expr::ast::{Ast, AstKind, Place};
use crate::types::Step;

impl Names<'_> {
    /// The way to what an expression means: of plain names and places, or of one that gives the same each time it is written.
    pub(in crate::expr) fn way(&self, ast: &Ast) -> Option<Way> {
        self.plain(ast).or_else(|| Some(Way { base: Base::Call(self.same(ast)?), steps: Vec::new() }))
    }

    /// The way to what plain names and places mean, from where something is known.
    fn plain(&self, ast: &Ast) -> Option<Way> {
        let from = |base: Base| Some(Way { base, steps: Vec::new() });
        match &ast.kind {
            AstKind::Name { name, place: Place::Root, .. } => from(Base::Root(name.clone())),
            AstKind::Name { name, place: Place::Head, .. } => {
                Some(Way { base: Base::Item(self.depth), steps: vec![Step::Field(name.clone())] })
            }
            AstKind::Variable(name) if name.is_empty() => from(Base::Item(self.depth)),
            AstKind::Variable(name) => match self.locals.iter().rposition(|(local, _)| local == name) {
                Some(at) => from(Base::Local(at)),
                None => from(Base::Root(self.scope.by_variable(name)?.0.to_owned())),
            },
            AstKind::Path(left, right) => {
                let mut way = self.way(left)?;
                steps(right, &mut way.steps)?;
                Some(way)
            }
            AstKind::Filter(base, predicate) => {
                let at = index(predicate)?;
                let mut way = self.way(base)?;
                way.steps.push(Step::At(at));
                Some(way)
            }
            AstKind::Block(parts) => match parts.as_slice() {
                [only] => self.way(only),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Adds what follows a dot.
fn steps(ast: &Ast, to: &mut Vec<Step>) -> Option<()> {
    match &ast.kind {
        AstKind::Name { name, .. } => to.push(Step::Field(name.clone())),
        AstKind::Filter(base, predicate) => {
            steps(base, to)?;
            to.push(Step::At(index(predicate)?));
        }
        _ => return None,
    }
    Some(())
}

/// The place that a literal index names; JSONata rounds down.
pub(in crate::expr) fn index(predicate: &Ast) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "a place beyond all lists is still beyond them")]
    number(predicate).map(|at| at.floor() as i64)
}
