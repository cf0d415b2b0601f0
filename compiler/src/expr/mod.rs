//! JSONata expressions: bare text in a spec, to a tree with spans, to a type, to the text that Step Functions evaluates.
//!
//! An expression starts from a root: `input`, the name of an earlier step, `error`, `item`, `index` or `execution`. Inside a
//! predicate, a map or a grouping (`items[price > 10]`, `items.(price * 2)`) a bare name is a field of the value at hand, as
//! always in JSONata; there a root is written as its variable, `$input`. A function's body is not such an inside: names in it
//! mean what they mean around it.
//!
//! A step's name may have hyphens: `reserve-inventory.reservationId` is a path from that step if the workflow has one, and a
//! subtraction otherwise. Backticks always make a name.

mod ast;
pub mod functions;
mod parse;
mod print;
mod scope;
mod token;

use std::collections::BTreeSet;
use std::ops::Range;

use ast::{Ast, AstKind, Place};
use parse::Problem;

use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Span, Spanned};

pub use scope::{BUILT_IN_ROOTS, Defined, Root, Scope, variable_name};

/// A parsed expression.
#[derive(Debug, Clone)]
pub struct Expr {
    text: String,
    tree: Ast,
    /// Where it stands in the source.
    pub span: Span,
}

impl Expr {
    /// Parses the text of a scalar that stands at `span`, quotes and all. `steps` are the names of the workflow's steps, which
    /// may have hyphens.
    ///
    /// Fails with EVC0401 on a text that is not JSONata, EVC0411 on a name that could be a subtraction of two steps, and EVC0412 on
    /// operators that Step Functions does not have.
    pub fn parse(text: &str, span: Span, steps: &BTreeSet<String>) -> Result<Self, Diagnostic> {
        match parse::parse(text, steps) {
            Ok(tree) => Ok(Self { text: text.to_owned(), tree, span }),
            Err(error) => Err(syntax_diagnostic(error, text, span)),
        }
    }

    /// Its text as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The roots it refers to, each time it does, in the order written. Names that are no roots are in it too.
    pub fn references(&self) -> Vec<Spanned<&str>> {
        fn walk<'t>(expr: &Expr, ast: &'t Ast, found: &mut Vec<Spanned<&'t str>>) {
            let name = match &ast.kind {
                AstKind::Name { name, place: Place::Root, .. } => Some(name.as_str()),
                AstKind::Variable(name) if BUILT_IN_ROOTS.contains(&name.as_str()) || name.contains('-') => {
                    Some(name.as_str())
                }
                _ => None,
            };
            found.extend(name.map(|name| Spanned::new(name, expr.span_of(&ast.range))));
            for child in ast.children() {
                walk(expr, child, found);
            }
        }
        let mut found = Vec::new();
        walk(self, &self.tree, &mut found);
        found
    }

    /// The JSONata that Step Functions evaluates to the same value, without the `{% %}` around it, with each root in the variable
    /// that [`variable_name`] names.
    pub fn to_asl(&self, scope: &Scope) -> String {
        print::to_asl(&self.text, &self.tree, scope)
    }

    /// The place of some bytes of the text.
    fn span_of(&self, range: &Range<usize>) -> Span {
        slice(self.span, &self.text, range)
    }
}

/// Where bytes of a scalar's text stand in the source. Text that is as long as its source, or in plain quotes, maps byte by byte;
/// folded or escaped text has no such map, and the whole scalar stands for it.
fn slice(span: Span, text: &str, range: &Range<usize>) -> Span {
    match shift(span, text) {
        Some(shift) => span.slice(shift + range.start, range.len()),
        None => span,
    }
}

fn shift(span: Span, text: &str) -> Option<usize> {
    match span.range().len().checked_sub(text.len()) {
        Some(0) => Some(0),
        Some(2) => Some(1),
        _ => None,
    }
}

fn syntax_diagnostic(error: parse::ParseError, text: &str, span: Span) -> Diagnostic {
    let at = slice(span, text, &error.range);
    let diagnostic = match error.problem {
        Problem::Syntax(message) => Diagnostic::new(Code::EVC0401, at, message)
            .help("an expression is JSONata; a text in it is written in quotes: `\"'some text'\"`"),
        Problem::TooNew(operator) => {
            Diagnostic::new(Code::EVC0412, at, format!("`{operator}` is not in JSONata 2.0.6"))
                .note("Step Functions evaluates expressions with JSONata 2.0.6; `??` and `?:` came with 2.1")
        }
        Problem::Ambiguous(name) => {
            Diagnostic::new(Code::EVC0411, at, format!("`{name}` is a step, and also a subtraction of two steps"))
        }
    };
    match error.help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

/// Placeholder until the branch lands.
#[derive(Debug, Clone)]
pub struct Template;
impl Template {
    /// Placeholder.
    pub fn decode(_: &crate::yaml::Node, _: &BTreeSet<String>, _: &mut Vec<Diagnostic>) -> Option<Self> {
        None
    }
}
