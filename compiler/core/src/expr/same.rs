//! Parts of an expression that give the same wherever they are written: calls of functions that give the same each time, and paths
//! with predicates. What a condition has shown of one holds for the other.

use super::ast::{Ast, AstKind, Place};
use super::facts::Names;
use super::functions::{self, Function};

impl Names<'_> {
    /// A call, predicate or path as a text that is the same only where it means the same; none of what may differ each time.
    pub(super) fn same(&self, ast: &Ast) -> Option<String> {
        match &ast.kind {
            AstKind::Call(..) | AstKind::Filter(..) | AstKind::Path(..) => {}
            _ => return None,
        }
        // What starts after a dot is of what stands before that.
        if starts_in_a_path(ast) {
            return None;
        }
        let mut writer = Writer { names: *self, params: Vec::new(), out: String::new() };
        writer.write(ast, self.depth)?;
        Some(writer.out)
    }
}

fn starts_in_a_path(ast: &Ast) -> bool {
    match &ast.kind {
        AstKind::Path(left, _) | AstKind::Filter(left, _) => starts_in_a_path(left),
        AstKind::Name { place, .. } => *place == Place::Step,
        _ => false,
    }
}

struct Writer<'a> {
    names: Names<'a>,
    /// The parameters of functions that are written in it, innermost last.
    params: Vec<&'a str>,
    out: String,
}

impl<'a> Writer<'a> {
    fn write(&mut self, ast: &'a Ast, depth: usize) -> Option<()> {
        match &ast.kind {
            AstKind::String(text) => self.put(&format!("{text:?}")),
            AstKind::Number(number) => self.put(&number.to_string()),
            AstKind::Boolean(value) => self.put(&value.to_string()),
            AstKind::Null => self.put("null"),
            AstKind::Name { name, place, .. } => match place {
                Place::Root => self.put(&format!("@{name:?}")),
                Place::Head => self.put(&format!("#{depth}.{name:?}")),
                Place::Step => self.put(&format!("{name:?}")),
            },
            AstKind::Variable(name) => {
                let text = self.variable(name, depth)?;
                self.put(&text);
            }
            AstKind::Path(left, right) => {
                self.write(left, depth)?;
                self.put(".(");
                self.write(right, depth + 1)?;
                self.put(")");
            }
            AstKind::Filter(base, predicate) => {
                self.put("(");
                self.write(base, depth)?;
                self.put(")[");
                self.write(predicate, depth + 1)?;
                self.put("]");
            }
            AstKind::Binary(operator, left, right) => {
                self.put("(");
                self.write(left, depth)?;
                self.put(&format!(" {} ", operator.as_str()));
                self.write(right, depth)?;
                self.put(")");
            }
            AstKind::Negate(operand) => {
                self.put("-");
                self.write(operand, depth)?;
            }
            AstKind::Array(items) => self.list("[", items, depth, "]")?,
            AstKind::Block(parts) if parts.len() == 1 => self.list("(", parts, depth, ")")?,
            AstKind::Call(callee, arguments) => {
                let AstKind::Variable(name) = &callee.kind else { return None };
                if !functions::find(name).is_some_and(Function::is_pure) {
                    return None;
                }
                self.write(callee, depth)?;
                self.list("(", arguments, depth, ")")?;
            }
            AstKind::Lambda { params, body } => {
                let outer = self.params.len();
                self.params.extend(params.iter().map(|(name, _)| name.as_str()));
                self.put(&format!("function/{}{{", params.len()));
                self.write(body, depth)?;
                self.put("}");
                self.params.truncate(outer);
            }
            AstKind::Regex
            | AstKind::Wildcard
            | AstKind::Descendant
            | AstKind::Parent
            | AstKind::Placeholder
            | AstKind::KeepArray(_)
            | AstKind::Group(..)
            | AstKind::Sort(..)
            | AstKind::Focus(..)
            | AstKind::Apply(..)
            | AstKind::Bind { .. }
            | AstKind::Conditional(..)
            | AstKind::Object(_)
            | AstKind::Block(_)
            | AstKind::Transform(_) => return None,
        }
        Some(())
    }

    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn list(&mut self, open: &str, items: &'a [Ast], depth: usize, close: &str) -> Option<()> {
        self.put(open);
        for item in items {
            self.write(item, depth)?;
            self.put(",");
        }
        self.put(close);
        Some(())
    }

    /// What a variable means: a parameter, one that is bound, the value at hand, a name of the scope, or a function.
    fn variable(&self, name: &str, depth: usize) -> Option<String> {
        if name.is_empty() {
            return Some(format!("#{depth}"));
        }
        if let Some(at) = self.params.iter().rposition(|param| *param == name) {
            return Some(format!("^{at}"));
        }
        if let Some(at) = self.names.locals.iter().rposition(|(local, _)| local == name) {
            return Some(format!("~{at}"));
        }
        if let Some((root, _)) = self.names.scope.by_variable(name) {
            return Some(format!("@{root:?}"));
        }
        functions::find(name).filter(|function| function.is_pure()).map(|function| format!("${}", function.name))
    }
}
