//! An expression as Step Functions takes it: the text as written, with each root name replaced by its variable.
//!
//! Splicing names into the user's own text, rather than printing a tree, keeps everything else of it exactly as it was:
//! precedence, comments, number literals.

use std::ops::Range;

use super::ast::{Ast, AstKind, Place};
use super::scope::Scope;

/// The text of `tree` with `$variables` for roots.
pub(super) fn to_asl(text: &str, tree: &Ast, scope: &Scope) -> String {
    let mut edits = Vec::new();
    collect(text, tree, scope, &mut Vec::new(), &mut edits);
    edits.sort_by_key(|(range, _)| range.start);
    let mut out = String::with_capacity(text.len() + 16);
    let mut from = 0;
    for (range, replacement) in edits {
        out.push_str(&text[from..range.start]);
        out.push_str(&replacement);
        from = range.end;
    }
    out.push_str(&text[from..]);
    out.trim().to_owned()
}

type Edits = Vec<(Range<usize>, String)>;

fn collect<'t>(text: &str, ast: &'t Ast, scope: &Scope, locals: &mut Vec<&'t str>, edits: &mut Edits) {
    let outer = locals.len();
    match &ast.kind {
        AstKind::Name { name, place: Place::Root, .. } => {
            edits.push((ast.range.clone(), scope.placed(name)));
        }
        AstKind::Variable(name) if !locals.contains(&name.as_str()) => {
            if let Some((root, _)) = scope.by_variable(name) {
                edits.push((ast.range.clone(), scope.placed(root)));
            } else if let Some(function) = super::conversions::conversion(name) {
                edits.push((ast.range.clone(), function.to_owned()));
            }
        }
        // `%}` ends an expression for a reader that does not know JSONata.
        AstKind::String(_) => {
            let literal = &text[ast.range.clone()];
            if literal.contains("%}") || literal.contains("{%") {
                edits.push((ast.range.clone(), literal.replace('%', "\\u0025")));
            }
        }
        // `[]` on a variable does not make a list of one value as it does on a path; a path of the variable does.
        AstKind::KeepArray(base) if matches!(base.kind, AstKind::Name { place: Place::Root, .. }) => {
            edits.push((base.range.end..base.range.end, ".$".to_owned()));
        }
        AstKind::Lambda { params, .. } => locals.extend(params.iter().map(|(name, _)| name.as_str())),
        AstKind::Bind { name, .. } => locals.push(name),
        AstKind::Focus(_, name) => locals.push(name),
        _ => {}
    }
    for child in ast.children() {
        collect(text, child, scope, locals, edits);
    }
    // A binding is seen by what follows it in its block; a parameter only by its function.
    if matches!(ast.kind, AstKind::Lambda { .. } | AstKind::Block(_)) {
        locals.truncate(outer);
    }
}
