//! `$name := value`: variables of an expression, functions that call themselves, and other names for a value of the scope.

use std::ops::Range as Bytes;

use super::never::always_calls;
use super::{Context, Infer, Special, Value};
use crate::diagnostics::{Code, Diagnostic};
use crate::expr::ast::{Ast, AstKind};
use crate::expr::facts::Base;
use crate::expr::functions;

impl Infer<'_> {
    /// Gives the value, and binds it. A function knows itself, and may call itself.
    pub(super) fn binding(&mut self, name: &str, range: &Bytes<usize>, ast: &Ast, context: &Context) -> Value {
        let outer = self.locals.len();
        if matches!(ast.kind, AstKind::Lambda { .. }) {
            self.locals.push((name.to_owned(), Value::special(Special::Function, self.span(range))));
        }
        let named = self.only_called(name, ast, context);
        let value = match &named {
            Some(_) => Value::special(Special::Function, self.span(&ast.range)),
            None => self.value(ast, context),
        };
        self.locals.truncate(outer);
        // What is at hand inside of a predicate is another value for each element.
        let way = self.names(context).way(ast).filter(|way| matches!(way.base, Base::Root(_) | Base::Local(_)));
        if let AstKind::Lambda { body, .. } = &ast.kind
            && always_calls(body, name)
        {
            let message = format!("`${name}` calls itself whatever it is given, and never comes to an end");
            let help = "let it end where there is no more to do: `$n > 0 ? $f($n - 1) : 0`";
            self.report(Diagnostic::new(Code::EVC0422, self.span(range), message).help(help));
        }
        let composed = if matches!(ast.kind, AstKind::Apply(..)) { self.chain_of(ast) } else { None };
        self.bind(name, range, value.clone());
        self.composed.extend(composed.map(|parts| (outer, parts)));
        self.lambdas.extend(named.map(|named| (outer, named)));
        self.aliases.extend(way.map(|way| (outer, way)));
        value
    }

    /// Binds a `$variable`, unless it would hide something that the expression or the machine needs.
    pub(super) fn bind(&mut self, name: &str, range: &Bytes<usize>, value: Value) {
        let hidden = if self.scope.by_variable(name).is_some() {
            Some("a name of the workflow")
        } else if name == "states" {
            Some("a variable of Step Functions")
        } else if functions::is_known(name) {
            Some("a function")
        } else {
            None
        };
        if let Some(hidden) = hidden {
            let message = format!("`${name}` would hide {hidden}");
            self.report(
                Diagnostic::new(Code::EVC0418, self.span(range), message).help("give the variable another name"),
            );
        }
        self.aliases.retain(|(at, _)| *at < self.locals.len());
        self.composed.retain(|(at, _)| *at < self.locals.len());
        self.lambdas.retain(|(at, _)| *at < self.locals.len());
        self.locals.push((name.to_owned(), value));
    }

    /// The functions of JSONata's own that a part is, one after the other: `$trim`, and `$trim ~> $lowercase`.
    pub(super) fn chain_of(&self, ast: &Ast) -> Option<Vec<Ast>> {
        match &ast.kind {
            AstKind::Variable(name) => {
                let is_own = functions::is_known(name) && !self.locals.iter().any(|(local, _)| local == name);
                is_own.then(|| vec![ast.clone()])
            }
            AstKind::Block(parts) => match parts.as_slice() {
                [only] => self.chain_of(only),
                _ => None,
            },
            AstKind::Apply(left, right) => Some([self.chain_of(left)?, self.chain_of(right)?].concat()),
            _ => None,
        }
    }

    /// The functions that a name stands for, one after the other, if it is bound to such: the first, and the rest.
    pub(super) fn composed_of(&self, name: &str) -> Option<(Ast, Vec<Ast>)> {
        let at = self.locals.iter().rposition(|(local, _)| local == name)?;
        let (_, parts) = self.composed.iter().find(|(of, _)| *of == at)?;
        let (first, rest) = parts.split_first()?;
        Some((first.clone(), rest.to_vec()))
    }
}
