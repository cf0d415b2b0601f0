//! `$name := value`: variables of an expression, functions that call themselves, and other names for a value of the scope.

use std::ops::Range as Bytes;

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
        let value = self.value(ast, context);
        self.locals.truncate(outer);
        // What is at hand inside of a predicate is another value for each element.
        let way = self.names(context).way(ast).filter(|way| matches!(way.base, Base::Root(_) | Base::Local(_)));
        self.bind(name, range, value.clone());
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
        self.locals.push((name.to_owned(), value));
    }
}
