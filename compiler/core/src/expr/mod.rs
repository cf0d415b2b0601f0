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
mod bounds;
mod carried;
mod checks;
mod compared;
mod conversions;
mod cover;
mod example;
mod facts;
mod fits;
pub mod functions;
mod held;
mod infer;
mod literals;
mod order;
mod parse;
mod print;
mod same;
mod scope;
mod size;
mod template;
#[cfg(test)]
mod tests;
mod token;
mod until;

use std::collections::BTreeSet;
use std::ops::Range;

use ast::{Ast, AstKind, Place};
use parse::Problem;

use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::types::{Kind, Range as Bounds, Type, Types};

pub use cover::{Left, left, may_come, never};
pub use facts::Facts;
pub use held::Holds;
use infer::Risk;
pub use infer::Without;
pub use scope::{BOXED, BUILT_IN_ROOTS, Defined, Origin, Root, Scope, variable_name};
pub use template::Template;
pub use until::Until;

/// A parsed expression.
#[derive(Debug, Clone)]
pub struct Expr {
    text: String,
    tree: Ast,
    references: Vec<Spanned<String>>,
    /// Where it stands in the source.
    pub span: Span,
}

/// What a check found out about an expression.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The type of its value; a list if it may be several.
    pub ty: Type,
    /// The type of its value where it is kept, as in a field or as the result of a step: what may be one or several is of either.
    pub kept: Type,
    /// Whether it may give nothing: a field on the way is optional, or nothing is in a list.
    pub may_be_absent: bool,
    /// Whether it gives nothing, one value, or a list of several, as JSONata's paths through lists do.
    pub one_or_many: bool,
    /// Whether it uses something that the compiler has no types for, so that `any` in `ty` says nothing.
    pub untyped: bool,
    /// What is wrong with it.
    pub diagnostics: Vec<Diagnostic>,
}

impl Checked {
    /// What it gives each time, if it gives a list; itself otherwise: the type of `item` in a `for-each`.
    pub fn element(&self, types: &Types) -> Type {
        match &types.resolve(&self.ty).kind {
            Kind::List(item, _) => (**item).clone(),
            _ => self.ty.clone(),
        }
    }
}

/// An expression that computes nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum Plain<'e> {
    /// A root and the fields to go down.
    Path(Vec<&'e str>),
    /// A text, a number or a boolean.
    Literal(serde_json::Value),
}

impl Expr {
    /// Parses the text of a scalar that stands at `span`, quotes and all. `steps` are the names of the workflow's steps, which
    /// may have hyphens.
    ///
    /// Fails with EVC0401 on a text that is not JSONata, EVC0411 on a name that could be a subtraction of two steps, and EVC0412 on
    /// operators that Step Functions does not have.
    #[expect(clippy::result_large_err, reason = "a parse that fails is rare, and its diagnostic is kept")]
    pub fn parse(text: &str, span: Span, steps: &BTreeSet<String>) -> Result<Self, Diagnostic> {
        match parse::parse(text, steps) {
            Ok(tree) => {
                let mut references = Vec::new();
                collect_references(&tree, steps, &mut |name, range| {
                    references.push(Spanned::new(name.to_owned(), slice(span, text, range)));
                });
                Ok(Self { text: text.to_owned(), tree, references, span })
            }
            Err(error) => Err(syntax_diagnostic(error, text, span)),
        }
    }

    /// The path or the literal that the expression is, if it is no more than that: what services take that have no JSONata.
    pub fn plain(&self) -> Option<Plain<'_>> {
        match &self.tree.kind {
            AstKind::String(_) | AstKind::Boolean(_) | AstKind::Number(_) => {
                template::literal(self).map(Plain::Literal)
            }
            _ => {
                let mut names = Vec::new();
                names_of(&self.tree, &mut names).then_some(Plain::Path(names))
            }
        }
    }

    /// Its text as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its regular expressions that the engine of workflows on Redis does not take, each with what is wrong with it there.
    pub fn refused_on_redis(&self) -> Vec<Spanned<String>> {
        let mut found = Vec::new();
        carried::collect(self, &self.tree, &mut found);
        found
    }

    /// The roots it refers to, each time it does, in the order written. Names that are no roots are in it too.
    pub fn references(&self) -> Vec<Spanned<&str>> {
        self.references.iter().map(|reference| Spanned::new(reference.value.as_str(), reference.span)).collect()
    }

    /// Gives the expression a type, with names as `scope` has them.
    pub fn check(&self, scope: &Scope, types: &Types) -> Checked {
        let found = infer::infer(self, scope, types);
        let value = found.value.listed();
        let (kept, may_be_absent) = (value.kept(types), value.may_be_absent());
        let ty = if value.many {
            Type { kind: Kind::List(Box::new(value.ty), Bounds { min: None, max: value.count.max }), span: self.span }
        } else {
            value.ty
        };
        Checked {
            ty,
            may_be_absent,
            kept,
            one_or_many: value.many,
            untyped: found.untyped,
            diagnostics: found.diagnostics,
        }
    }

    /// Reports what keeps the expression from always giving an `expected`: its own mistakes, and another type, no value, or several.
    pub fn check_as(&self, expected: &Type, scope: &Scope, types: &Types) -> Vec<Diagnostic> {
        self.check_field(expected, false, scope, types)
    }

    /// Says where something of which nothing is known is given where an `expected` says more, or where something must be, unless the
    /// place is `optional`.
    pub fn unchecked(&self, expected: &Type, optional: bool, scope: &Scope, types: &Types) -> Vec<Diagnostic> {
        fits::unchecked(self, &infer::infer(self, scope, types), expected, optional, types)
    }

    /// The parts that have no result for some of the values that their types admit, each with its text and place.
    pub fn risks(&self, scope: &Scope, types: &Types) -> Vec<Spanned<(Without, &str)>> {
        let infer::Found { mut risks, diagnostics, .. } = infer::infer(self, scope, types);
        // Of what is wrong in itself, that nothing is known, or that it is partly outside, is not told as well.
        risks.retain(|risk| diagnostics.is_empty() || !matches!(risk.of, Without::AllBut(_) | Without::Outside { .. }));
        let told = |risk: Risk| Spanned::new((risk.of, &self.text[risk.at.clone()]), self.span_of(&risk.at));
        risks.into_iter().map(told).collect()
    }

    fn check_field(&self, expected: &Type, optional: bool, scope: &Scope, types: &Types) -> Vec<Diagnostic> {
        let found = infer::infer(self, scope, types);
        if !found.diagnostics.is_empty() {
            return found.diagnostics;
        }
        let too_precise = literals::too_precise(self, expected, types);
        if !too_precise.is_empty() {
            return too_precise;
        }
        let problems = fits::fits(self, &found, expected, optional, types);
        if problems.is_empty() {
            return problems;
        }
        // A decimal literal is as exact as it is written, so that where nothing is computed with it it can be money.
        let exact = infer::infer_with(infer::Decimals::Money, self, scope, types);
        let is_exact = exact.diagnostics.is_empty()
            && exact.untyped == found.untyped
            && fits::fits(self, &exact, expected, optional, types).is_empty();
        if is_exact { Vec::new() } else { problems }
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

/// Adds the names of a path of nothing but names; whether it is one.
fn names_of<'e>(ast: &'e Ast, names: &mut Vec<&'e str>) -> bool {
    match &ast.kind {
        AstKind::Name { name, .. } => {
            names.push(name);
            true
        }
        AstKind::Path(before, name) => names_of(before, names) && names_of(name, names),
        _ => false,
    }
}

/// Finds the roots that a tree refers to: by name, or as variables, which are written as the step is or as it is in the machine.
fn collect_references(ast: &Ast, steps: &BTreeSet<String>, found: &mut impl FnMut(&str, &Range<usize>)) {
    let is_variable = |name: &str, root: &str| variable_name(root) == name || (root == name && name.contains('-'));
    let root = match &ast.kind {
        AstKind::Name { name, place: Place::Root, .. } => Some(name.as_str()),
        AstKind::Variable(name) => {
            let mut roots = BUILT_IN_ROOTS.into_iter().chain(steps.iter().map(String::as_str));
            roots.find(|root| is_variable(name, root))
        }
        _ => None,
    };
    if let Some(root) = root {
        found(root, &ast.range);
    }
    for child in ast.children() {
        collect_references(child, steps, found);
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

/// A text as a quoted YAML scalar on one line; none if it does not fit on one.
fn quoted(text: &str) -> Option<String> {
    if text.contains(['\n', '\r', '\t']) {
        None
    } else if text.contains(['"', '\\']) {
        Some(format!("'{}'", text.replace('\'', "''")))
    } else {
        Some(format!("\"{text}\""))
    }
}
