//! The trees of the library, walked; and its functions, by how what they give grows.

use std::collections::HashSet;

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage};
use jsonata_core::value::with_stack;

/// How the result of a function of the library grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Growth {
    /// It is a number or a boolean, or the function only looks at its argument.
    None,
    /// It is a part of its argument.
    Part,
    /// It is in proportion to its arguments, this many times their size.
    Linear(u32),
    /// It has parts of the parts of its arguments.
    Deep,
    /// It depends on all arguments together.
    Joint,
}

/// The functions, their parameters and how they grow.
pub(super) fn function(name: &str) -> Option<(usize, Growth)> {
    use Growth::{Deep, Joint, Linear, None as Nothing, Part};
    Some(match name {
        "abs" | "boolean" | "ceil" | "count" | "exists" | "floor" | "length" | "not" | "number" | "sqrt" | "sum"
        | "max" | "min" | "average" | "type" => (1, Nothing),
        "power" | "round" | "formatBase" => (2, Nothing),
        "contains" => (2, Joint),
        "millis" | "random" | "uuid" => (0, Nothing),
        "lookup" => (2, Part),
        "base64decode" | "decodeUrl" | "decodeUrlComponent" | "lowercase" | "trim" | "uppercase" | "reverse"
        | "shuffle" | "clone" => (1, Linear(2)),
        "base64encode" => (1, Linear(3)),
        "merge" | "spread" => (1, Deep),
        "encodeUrl" | "encodeUrlComponent" => (1, Linear(10)),
        // A field of four bytes of JSON takes a hundred.
        "parse" => (1, Linear(32)),
        "append" | "each" | "filter" | "map" | "sift" | "single" | "sort" | "substringAfter" | "substringBefore"
        | "hash" | "partition" => (2, Linear(2)),
        "substring" | "range" | "reduce" => (3, Linear(2)),
        "zip" => (0, Deep),
        "error" | "assert" => (2, Linear(1)),
        "distinct" | "keys" => (1, Joint),
        "string" => (1, Joint),
        "formatInteger" | "parseInteger" | "join" | "toMillis" | "now" => (2, Joint),
        "formatNumber" | "fromMillis" | "match" | "pad" | "split" => (3, Joint),
        "replace" => (4, Joint),
        _ => return None,
    })
}

/// Functions whose result has parts of their arguments in it.
pub(super) const COMBINES: &[&str] = &[
    "append",
    "each",
    "filter",
    "merge",
    "reverse",
    "shuffle",
    "sift",
    "single",
    "sort",
    "spread",
    "zip",
    "partition",
];

/// Functions that go through all of an argument, and give a number or a boolean.
pub(super) const GOES_THROUGH: &[&str] = &["boolean", "not", "number", "length", "sum", "max", "min", "average"];

/// Functions whose result is longer than their argument, so that a chain of them doubles and doubles.
pub(super) const GROWING: &[&str] =
    &["base64encode", "encodeUrl", "encodeUrlComponent", "string", "spread", "zip", "keys"];

/// The place of the function that one of these applies.
pub(super) fn callback(name: &str, arguments: usize) -> Option<usize> {
    match (name, arguments) {
        ("map" | "filter" | "reduce" | "single" | "sort", 2..) => Some(1),
        ("sift" | "each", 1) => Some(0),
        ("sift" | "each", 2..) => Some(1),
        _ => None,
    }
}

pub(super) fn count(node: &AstNode) -> usize {
    let mut nodes = 0;
    walk(node, &mut |_| nodes += 1);
    nodes
}

/// All nodes of a tree.
pub(super) fn walk<'a>(node: &'a AstNode, each: &mut impl FnMut(&'a AstNode)) {
    each(node);
    children(node, &mut |child| with_stack(|| walk(child, each)));
}

pub(super) fn children<'a>(node: &'a AstNode, each: &mut dyn FnMut(&'a AstNode)) {
    match node {
        AstNode::Path { steps } => {
            for step in steps {
                each(&step.node);
                for stage in &step.stages {
                    if let Stage::Filter(predicate) = stage {
                        each(predicate);
                    }
                }
            }
        }
        AstNode::Binary { lhs, rhs, .. } => {
            each(lhs);
            each(rhs);
        }
        AstNode::Unary { operand, .. } => each(operand),
        AstNode::Function { args, .. } => args.iter().for_each(each),
        AstNode::Call { procedure, args } => std::iter::once(&**procedure).chain(args).for_each(each),
        AstNode::Lambda { body, .. } => each(body),
        AstNode::Array(items) | AstNode::ArrayGroup(items) | AstNode::Block(items) => items.iter().for_each(each),
        AstNode::Object(fields) => fields.iter().flat_map(|(name, value)| [name, value]).for_each(each),
        AstNode::ObjectTransform { input, pattern } => {
            each(input);
            pattern.iter().flat_map(|(name, value)| [name, value]).for_each(each);
        }
        AstNode::Conditional { condition, then_branch, else_branch } => {
            for node in [condition, then_branch].into_iter().chain(else_branch) {
                each(node);
            }
        }
        AstNode::FunctionApplication(inner) => each(inner),
        AstNode::Sort { input, terms } => {
            each(input);
            for (term, _) in terms {
                each(term);
            }
        }
        AstNode::Transform { location, update, delete } => {
            for node in [location, update].into_iter().chain(delete) {
                each(node);
            }
        }
        _ => {}
    }
}

/// Whether an expression refers to this function.
pub(super) fn calls(ast: &AstNode, function: &str) -> bool {
    let mut found = false;
    walk(ast, &mut |node| {
        found |= match node {
            AstNode::Function { name, .. } | AstNode::Variable(name) => name == function,
            _ => false,
        };
    });
    found
}

pub(super) fn is_number(node: &AstNode) -> bool {
    match node {
        AstNode::Number(_) => true,
        AstNode::Unary { operand, .. } => is_number(operand),
        _ => false,
    }
}

pub(super) fn makes_rows(step: &PathStep) -> bool {
    step.focus.is_some() || step.index_var.is_some() || step.ancestor_label.is_some()
}

pub(super) fn in_rows(steps: &[PathStep]) -> bool {
    steps.iter().any(|step| step.is_tuple || makes_rows(step))
}

/// The variable that a path begins with and the fields that it goes to from there, if there are some.
pub(super) fn way(node: &AstNode) -> Option<(&str, Vec<&str>)> {
    let AstNode::Path { steps } = node else { return None };
    let (first, rest) = steps.split_first()?;
    let AstNode::Variable(name) = &first.node else { return None };
    let mut fields = Vec::new();
    let mut before = first;
    for step in rest {
        let AstNode::Name(field) = &step.node else { break };
        if !before.stages.is_empty() {
            break;
        }
        fields.push(field.as_str());
        before = step;
    }
    (!name.is_empty() && !fields.is_empty()).then_some((name, fields))
}

/// The variable that the rows of a path begin with.
pub(super) fn rows(node: &AstNode) -> Option<&str> {
    match node {
        AstNode::Path { steps } => match &steps.first()?.node {
            AstNode::Variable(name) if in_rows(steps) => Some(name),
            AstNode::Variable(_) => None,
            first => rows(first),
        },
        AstNode::Sort { input, .. } | AstNode::ObjectTransform { input, .. } => rows(input),
        _ => None,
    }
}

pub(super) fn literal(node: &AstNode) -> bool {
    matches!(node, AstNode::String(_) | AstNode::Number(_) | AstNode::Boolean(_) | AstNode::Null | AstNode::Undefined)
}

/// The names that an expression binds.
pub(super) fn bound_names(ast: &AstNode) -> HashSet<String> {
    let mut bound = HashSet::new();
    walk(ast, &mut |node| match node {
        AstNode::Lambda { params, .. } => bound.extend(params.iter().cloned()),
        AstNode::Binary { op: BinaryOp::ColonEqual, lhs, .. } => {
            if let AstNode::Variable(name) = &**lhs {
                bound.insert(name.clone());
            }
        }
        AstNode::Path { steps } => {
            for step in steps {
                bound.extend(step.focus.iter().chain(&step.index_var).cloned());
                bound.extend(step.stages.iter().filter_map(|stage| match stage {
                    Stage::Index(name) => Some(name.clone()),
                    _ => None,
                }));
            }
        }
        _ => {}
    });
    bound
}
/// A condition over fields of the item at hand, variables and literals: it takes the same time whatever the data.
pub(super) fn flat_condition(node: &AstNode) -> bool {
    use BinaryOp::{And, Equal, GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual, NotEqual, Or};
    match node {
        AstNode::Binary { op: And | Or, lhs, rhs } => flat_condition(lhs) && flat_condition(rhs),
        AstNode::Binary { op: LessThan | LessThanOrEqual | GreaterThan | GreaterThanOrEqual, lhs, rhs } => {
            flat(lhs) && flat(rhs)
        }
        AstNode::Binary { op: Equal | NotEqual, lhs, rhs } => flat(lhs) && flat(rhs) && (literal(lhs) || literal(rhs)),
        _ => false,
    }
}

pub(super) fn flat(node: &AstNode) -> bool {
    match node {
        AstNode::Name(_) | AstNode::Variable(_) => true,
        AstNode::Path { steps } => steps.iter().all(|step| {
            matches!(step.node, AstNode::Name(_) | AstNode::Variable(_)) && step.stages.is_empty() && !makes_rows(step)
        }),
        _ => literal(node),
    }
}
