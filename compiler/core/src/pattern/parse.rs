//! YAML nodes to patterns. Pasted JSON works, since JSON is YAML.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html>

use super::ast::{Constraint, Field, Match, MatchKind, Number, Object, Pattern};
use super::{limits, operators};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::yaml::{Entry, Mapping, Node, NodeKind, Scalar, ScalarStyle};

/// Names that may not be fields inside `$or`, lest an operator be taken for one: the operators, and those that the matcher
/// keeps for later. <https://github.com/aws/event-ruler/blob/main/src/main/software/amazon/event/ruler/Constants.java>
const RESERVED_IN_OR: &[&str] = &[
    "exactly",
    "equals-ignore-case",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "numeric",
    "cidr",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

/// What a node could be read as.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The pattern, without the parts that are none: good for being checked.
    pub readable: Pattern,
    /// Whether that is all of it: a pattern that has lost a part matches other events than the one that was meant.
    pub whole: bool,
}

impl Parsed {
    /// The pattern, if all of it could be read.
    pub fn whole(&self) -> Option<&Pattern> {
        self.whole.then_some(&self.readable)
    }
}

/// The pattern that a node describes; `None` after reporting why it is none. What is wrong in one place hides nothing wrong in
/// another.
pub fn parse(node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<Parsed> {
    let before = diagnostics.len();
    let readable = Pattern { root: object(node, false, diagnostics)? };
    if diagnostics.len() == before {
        limits::check(&readable, diagnostics);
    }
    let whole = diagnostics.iter().skip(before).all(|d| d.severity() != crate::diagnostics::Severity::Error);
    Some(Parsed { readable, whole })
}

fn object(node: &Node, in_or: bool, diagnostics: &mut Vec<Diagnostic>) -> Option<Object> {
    let mapping = match &node.kind {
        NodeKind::Error => return None,
        NodeKind::Mapping(mapping) => mapping,
        _ => {
            let message = format!("expected a map of fields, found {}", node.describe());
            diagnostics.push(Diagnostic::new(Code::EVC0301, node.span, message));
            return None;
        }
    };
    if mapping.entries.is_empty() {
        let message = "expected at least one field, found an empty map";
        diagnostics.push(Diagnostic::new(Code::EVC0301, node.span, message).help("leave it out to match everything"));
        return None;
    }
    let mut object = Object { fields: Vec::new(), or: Vec::new(), span: node.span };
    for entry in &mapping.entries {
        if entry.key.text == "$or" {
            object.or = or(&entry.value, diagnostics).unwrap_or_default();
        } else if in_or && RESERVED_IN_OR.contains(&entry.key.text.as_str()) {
            let message = format!("`{}` cannot be the name of a field inside `$or`", entry.key.text);
            let help = "an operator stands in the list of a field's values: `status: [{ prefix: PAY }]`";
            diagnostics.push(Diagnostic::new(Code::EVC0301, entry.key.span, message).help(help));
        } else if let Some(constraint) = constraint(entry, in_or, diagnostics) {
            let name = Spanned::new(entry.key.text.clone(), entry.key.span);
            object.fields.push(Field { name, constraint });
        }
    }
    Some(object)
}

/// `$or` takes a list of at least two objects.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html#eb-filtering-complex-example-or>
fn or(node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<Vec<Object>> {
    let items = match &node.kind {
        NodeKind::Error => return None,
        NodeKind::Sequence(items) if items.len() >= 2 => items,
        NodeKind::Sequence(items) => {
            let message = format!("`$or` needs at least 2 alternatives, found {}", items.len());
            diagnostics.push(Diagnostic::new(Code::EVC0301, node.span, message));
            return None;
        }
        _ => {
            let message = format!("`$or` takes a list of maps, found {}", node.describe());
            diagnostics.push(Diagnostic::new(Code::EVC0301, node.span, message));
            return None;
        }
    };
    Some(items.iter().filter_map(|item| object(item, true, diagnostics)).collect())
}

fn constraint(entry: &Entry, in_or: bool, diagnostics: &mut Vec<Diagnostic>) -> Option<Constraint> {
    let Entry { key, value } = entry;
    match &value.kind {
        NodeKind::Error => None,
        NodeKind::Mapping(mapping) => match lone_operator(mapping) {
            Some(operator) => {
                let message = format!("the operator `{operator}` must stand in a list");
                let fix = [(value.span.slice(0, 0), "["), (value.span.end_point(), "]")];
                let edits = fix.map(|(span, text)| crate::diagnostics::Edit { span, text: text.into() }).to_vec();
                let mut diagnostic = Diagnostic::new(Code::EVC0301, value.span, message)
                    .help(format!("a field takes a list of what may match: `{}: [{{ {operator}: … }}]`", key.text));
                // Two inserts mend the flow style only; in block style the text would need other lines.
                if mapping.entries.len() == 1
                    && mapping.entries.iter().all(|only| only.key.span.start > value.span.start)
                {
                    let title = "put it in a list".into();
                    diagnostic.fixes.push(crate::diagnostics::Fix { title, edits, certain: true });
                }
                diagnostics.push(diagnostic);
                None
            }
            None => object(value, in_or, diagnostics).map(Constraint::Object),
        },
        NodeKind::Sequence(items) if items.is_empty() => {
            let message = format!("expected at least one value for `{}`, found an empty list", key.text);
            diagnostics.push(Diagnostic::new(Code::EVC0301, value.span, message));
            None
        }
        NodeKind::Sequence(items) => {
            let matches: Vec<Match> = items.iter().filter_map(|item| one(item, diagnostics)).collect();
            (!matches.is_empty()).then_some(Constraint::AnyOf(matches))
        }
        NodeKind::Scalar(_) | NodeKind::Null => {
            let message = format!("expected a list of values for `{}`, found {}", key.text, value.describe());
            let diagnostic = Diagnostic::new(Code::EVC0301, value.span, message);
            diagnostics.push(match &value.kind {
                NodeKind::Scalar(Scalar { style: ScalarStyle::Plain, text }) => {
                    diagnostic.replace("put it in a list", value.span, format!("[{text}]"))
                }
                NodeKind::Scalar(Scalar { text, .. }) if !text.contains(['\'', '\n']) => {
                    diagnostic.replace("put it in a list", value.span, format!("['{text}']"))
                }
                _ => diagnostic,
            });
            None
        }
    }
}

/// The operator of `{ prefix: a }` or `{ numeric: [">", 0] }` that was written without the list around it. Only where the
/// operand cannot be what a field of that name takes, since `cidr: [a]` may well be a field.
fn lone_operator(mapping: &Mapping) -> Option<&str> {
    let [only] = mapping.entries.as_slice() else { return None };
    let name = only.key.text.as_str();
    let operand = match &only.value.kind {
        NodeKind::Scalar(_) => true,
        NodeKind::Sequence(items) => name == "numeric" && items.first().is_some_and(operators::is_comparison),
        _ => false,
    };
    (operand && operators::NAMES.contains(&name)).then_some(name)
}

fn one(node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<Match> {
    let kind = match &node.kind {
        NodeKind::Error => return None,
        NodeKind::Null => MatchKind::Null,
        NodeKind::Scalar(scalar) => match (scalar.as_bool(), number(scalar)) {
            (Some(boolean), _) => MatchKind::Boolean(boolean),
            (None, Some(number)) => MatchKind::Number(number),
            (None, None) => MatchKind::Text(scalar.text.clone()),
        },
        NodeKind::Mapping(mapping) => operators::parse(mapping, node.span, diagnostics)?,
        NodeKind::Sequence(_) => {
            let message = "expected a value or an operator, found a list in a list";
            diagnostics.push(Diagnostic::new(Code::EVC0301, node.span, message));
            return None;
        }
    };
    Some(Match { kind, span: node.span })
}

/// The number that a bare scalar in JSON's grammar is. Others, such as an account id that starts with 0, are texts.
pub(super) fn number(scalar: &Scalar) -> Option<Number> {
    if scalar.style != ScalarStyle::Plain {
        return None;
    }
    let value = serde_json::from_str::<serde_json::Number>(&scalar.text).ok()?.as_f64()?;
    Some(Number { text: scalar.text.clone(), value })
}

/// The place of a part of a scalar's text, or of the whole where escapes have moved it about.
pub(super) fn part(scalar: &Scalar, span: Span, start: usize, len: usize) -> Span {
    match (scalar.style, span.range().len().checked_sub(scalar.text.len())) {
        (ScalarStyle::Plain, Some(0)) => span.slice(start, len),
        (ScalarStyle::Quoted, Some(2)) => span.slice(start + 1, len),
        _ => span,
    }
}
