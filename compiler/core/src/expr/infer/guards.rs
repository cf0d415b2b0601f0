//! What conditions show about the parts that they guard: that a path has a value, that a list has one in it.

use super::paths::index;
use super::{Class, Context, Infer, Value};
use crate::expr::ast::{Ast, AstKind, Operator, Place};
use crate::expr::variable_name;

impl Infer<'_> {
    /// Whether a condition around this part has shown that there is a value.
    pub(super) fn is_present(&self, ast: &Ast, context: &Context) -> bool {
        key(ast, context.depth).is_some_and(|path| self.is_shown(&path))
    }

    /// The value of a path, filled if a condition around it has shown that the list it leads to has an element.
    pub(super) fn guarded(&self, ast: &Ast, value: Value, context: &Context) -> Value {
        let is_list = value.many || value.class(self.types) == Class::List;
        let shown = is_list && key(ast, context.depth).is_some_and(|path| self.is_shown(&format!("{path}[0]")));
        if shown { value.filled(true) } else { value }
    }

    fn is_shown(&self, path: &str) -> bool {
        self.present
            .iter()
            .any(|fact| fact.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['\0', '['])))
    }
}

/// Paths that have a value if the condition gives `outcome`, as keys.
pub(super) fn shown(condition: &Ast, outcome: bool, depth: usize) -> Vec<String> {
    if let Some(list) = counted(condition, outcome) {
        // What has an element has a first and a last; of a path through lists, one of the lists on the way does.
        let key = key(list, depth);
        return key.into_iter().flat_map(|key| [format!("{key}[0]"), format!("{key}[-1]")]).collect();
    }
    let both = |a, b| [shown(a, outcome, depth), shown(b, outcome, depth)].concat();
    match &condition.kind {
        AstKind::Binary(Operator::And, a, b) if outcome => both(a, b),
        AstKind::Binary(Operator::Or, a, b) if !outcome => both(a, b),
        // A comparison with nothing is never true.
        AstKind::Binary(
            Operator::Equal
            | Operator::NotEqual
            | Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual,
            a,
            b,
        ) if outcome => [key(a, depth), key(b, depth)].into_iter().flatten().collect(),
        AstKind::Block(parts) => match parts.as_slice() {
            [only] => shown(only, outcome, depth),
            _ => Vec::new(),
        },
        AstKind::Call(callee, arguments) => match (&callee.kind, arguments.as_slice()) {
            (AstKind::Variable(name), [argument]) if name == "exists" && outcome => {
                key(argument, depth).into_iter().collect()
            }
            (AstKind::Variable(name), [argument]) if name == "not" => shown(argument, !outcome, depth),
            _ => Vec::new(),
        },
        _ if outcome => key(condition, depth).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The list that a condition shows to have an element, by its count: `$count(list) > 0`, or `$count(list) = 0` that is false.
fn counted(condition: &Ast, outcome: bool) -> Option<&Ast> {
    let AstKind::Binary(operator, left, right) = &condition.kind else {
        return count(condition).filter(|_| outcome);
    };
    let (list, operator, bound) = match (count(left), &right.kind, count(right), &left.kind) {
        (Some(list), AstKind::Number(bound), _, _) => (list, *operator, *bound),
        (_, _, Some(list), AstKind::Number(bound)) => (list, mirrored(*operator), *bound),
        _ => return None,
    };
    // Whether a count of none gives the other outcome, so that this one says that there are some.
    let of_none = match operator {
        Operator::Greater => 0.0 > bound,
        Operator::GreaterOrEqual => 0.0 >= bound,
        Operator::Less => 0.0 < bound,
        Operator::LessOrEqual => 0.0 <= bound,
        Operator::Equal => bound == 0.0,
        Operator::NotEqual => bound != 0.0,
        _ => return None,
    };
    (of_none != outcome).then_some(list)
}

/// What `$count` counts.
fn count(ast: &Ast) -> Option<&Ast> {
    match &ast.kind {
        AstKind::Call(callee, arguments) => match (&callee.kind, arguments.as_slice()) {
            (AstKind::Variable(name), [list]) if name == "count" => Some(list),
            _ => None,
        },
        AstKind::Block(parts) => match parts.as_slice() {
            [only] => count(only),
            _ => None,
        },
        _ => None,
    }
}

/// The comparison with its sides exchanged.
fn mirrored(operator: Operator) -> Operator {
    match operator {
        Operator::Less => Operator::Greater,
        Operator::LessOrEqual => Operator::GreaterOrEqual,
        Operator::Greater => Operator::Less,
        Operator::GreaterOrEqual => Operator::LessOrEqual,
        other => other,
    }
}

/// A path of plain names and places, or a function of such, as one text, the same for every place that means the same value.
fn key(ast: &Ast, depth: usize) -> Option<String> {
    match &ast.kind {
        AstKind::Name { name, place: Place::Root, .. } => Some(format!("${}", variable_name(name))),
        AstKind::Name { name, place: Place::Head, .. } => Some(format!("{depth}\0{name}")),
        AstKind::Variable(name) if name.is_empty() => Some(depth.to_string()),
        AstKind::Variable(name) => Some(format!("${name}")),
        AstKind::Path(left, right) => Some(format!("{}\0{}", key(left, depth)?, step(right)?)),
        AstKind::Filter(base, predicate) => Some(format!("{}[{}]", key(base, depth)?, index(predicate)?)),
        AstKind::Call(callee, arguments) => match &callee.kind {
            AstKind::Variable(name) if matches!(name.as_str(), "max" | "min" | "average" | "sum" | "join") => {
                let arguments: Option<Vec<String>> = arguments.iter().map(|argument| key(argument, depth)).collect();
                Some(format!("${name}({})", arguments?.join(",")))
            }
            _ => None,
        },
        _ => None,
    }
}

/// What follows a dot, as a part of a key.
fn step(ast: &Ast) -> Option<String> {
    match &ast.kind {
        AstKind::Name { name, .. } => Some(name.clone()),
        AstKind::Filter(base, predicate) => Some(format!("{}[{}]", step(base)?, index(predicate)?)),
        _ => None,
    }
}
