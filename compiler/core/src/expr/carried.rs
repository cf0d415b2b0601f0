//! Regular expressions as the engine of workflows on Redis takes them: it evaluates JSONata in Rust, with the crate `regex`, which has no
//! lookaround and no backreferences, so that each match takes a time that is linear in the text.
//!
//! <https://docs.rs/regex/latest/regex/#syntax>

use regex_syntax::ast::parse::Parser;

use super::Expr;
use super::ast::{Ast, AstKind};
use crate::source::Spanned;

/// Adds each that is refused.
pub(super) fn collect(expr: &Expr, ast: &Ast, found: &mut Vec<Spanned<String>>) {
    if matches!(ast.kind, AstKind::Regex)
        && let Some((pattern, _)) =
            expr.text[ast.range.clone()].strip_prefix('/').and_then(|rest| rest.rsplit_once('/'))
        && let Err(error) = Parser::new().parse(pattern)
    {
        let place = error.span();
        // Bytes of the pattern, which begins after the slash.
        let (start, end) = (place.start.offset, place.end.offset.max(place.start.offset + 1).min(pattern.len()));
        let start = ast.range.start + 1 + start.min(end);
        let span = expr.span_of(&(start..ast.range.start + 1 + end));
        found.push(Spanned::new(error.kind().to_string(), span));
    }
    for child in ast.children() {
        collect(expr, child, found);
    }
}
