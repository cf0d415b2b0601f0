//! Raw values: those of `resources:`, `overrides:` and `conditions:`, as they stand in the template, with references by the names of the
//! spec put in.

use super::references::References;
use crate::diagnostics::Diagnostic;
use crate::plan::value::Map;
use crate::plan::value::{Part, Value};
use crate::source::Span;
use crate::yaml::{Entry, Node, NodeKind, Scalar};

/// Reads raw values.
pub(super) struct Raw<'r, 'm> {
    /// What names stand for.
    pub(super) references: &'r References<'m>,
    /// What was found wrong.
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl<'r, 'm> Raw<'r, 'm> {
    pub(super) fn new(references: &'r References<'m>) -> Self {
        Self { references, diagnostics: Vec::new() }
    }

    /// A value of the spec as a value of the template. `None` for `null`, and for what has been reported.
    pub(super) fn value(&mut self, node: &Node) -> Option<Value> {
        match &node.kind {
            NodeKind::Sequence(items) => Some(Value::List(items.iter().filter_map(|item| self.value(item)).collect())),
            NodeKind::Mapping(mapping) => {
                if let [only] = mapping.entries.as_slice() {
                    match (only.key.text.as_str(), &only.value.kind) {
                        ("ref", NodeKind::Scalar(path)) => return self.reference(&path.text, only.value.span),
                        ("Fn::Sub", _) => return self.substitution(only),
                        _ => {}
                    }
                }
                Some(Value::Map(self.map(&mapping.entries)))
            }
            NodeKind::Null | NodeKind::Error | NodeKind::Scalar(_) => Value::from_node(node),
        }
    }

    /// The same; a text in which `${}` stands for something is an `Fn::Sub`.
    pub(super) fn text_or_value(&mut self, node: &Node) -> Option<Value> {
        match &node.kind {
            NodeKind::Scalar(scalar) if scalar.text.contains("${") => {
                let mut names = Map::default();
                let text = self.text(scalar, node.span, &mut names);
                Some(substituted(text, names))
            }
            _ => self.value(node),
        }
    }

    /// The entries of a map, without those that are `null`.
    pub(super) fn map(&mut self, entries: &[Entry]) -> Map {
        entries.iter().filter_map(|entry| Some((entry.key.text.clone(), self.value(&entry.value)?))).collect()
    }

    fn reference(&mut self, path: &str, span: Span) -> Option<Value> {
        self.references.value(path, span, &mut self.diagnostics)
    }

    /// An `Fn::Sub`: names of the spec in its text become what CloudFormation takes there.
    fn substitution(&mut self, entry: &Entry) -> Option<Value> {
        let (text, bound) = match &entry.value.kind {
            NodeKind::Scalar(text) => ((text, entry.value.span), None),
            NodeKind::Sequence(items) => match items.as_slice() {
                [Node { kind: NodeKind::Scalar(text), span }, rest @ ..] => ((text, *span), rest.first()),
                _ => return Value::from_node(&entry.value).map(|value| Value::map([("Fn::Sub", value)])),
            },
            NodeKind::Mapping(_) | NodeKind::Null | NodeKind::Error => return None,
        };
        let mut names = match bound.map(|node| &node.kind) {
            Some(NodeKind::Mapping(mapping)) => self.map(&mapping.entries),
            _ => Map::default(),
        };
        let text = self.text(text.0, text.1, &mut names);
        Some(substituted(text, names))
    }

    /// The text of an `Fn::Sub`. `bound` has the names of its own, and gets further ones.
    fn text(&mut self, scalar: &Scalar, span: Span, bound: &mut Map) -> String {
        let text = &scalar.text;
        // In a text that is written as it is read, what stands in it has a place of its own.
        let quote = usize::from(span.range().len() == text.len() + 2);
        let is_plain = span.range().len() == text.len() + 2 * quote;
        let (mut done, mut at) = (String::new(), 0);
        while let Some(start) = text[at..].find("${").map(|found| at + found) {
            let Some(end) = text[start..].find('}').map(|found| start + found) else { break };
            let name = &text[start + 2..end];
            done.push_str(&text[at..start]);
            at = end + 1;
            let is_of_spec = name.starts_with(|c: char| c.is_ascii_lowercase()) && !bound.contains_key(name);
            if !is_of_spec {
                done.push_str(&text[start..at]);
                continue;
            }
            let place = if is_plain { span.slice(quote + start + 2, name.len()) } else { span };
            if let Some(value) = self.reference(name, place) {
                done.push_str(&in_text(value, bound));
            }
        }
        done.push_str(&text[at..]);
        done
    }
}

/// An `Fn::Sub` of a text, with names of its own.
fn substituted(text: String, names: Map) -> Value {
    let argument =
        if names.is_empty() { Value::String(text) } else { Value::List(vec![Value::String(text), Value::Map(names)]) };
    Value::map([("Fn::Sub", argument)])
}

/// A value as the text of an `Fn::Sub` has it; what no text can have is bound to a name.
fn in_text(value: Value, bound: &mut Map) -> String {
    match value {
        Value::String(text) => text.replace("${", "${!"),
        Value::Ref(id) => format!("${{{id}}}"),
        Value::Parameter(name) => format!("${{{name}}}"),
        Value::Attribute(id, attribute) => format!("${{{id}.{attribute}}}"),
        Value::Text(parts) => parts.into_iter().map(part).collect(),
        other => {
            if let Value::Map(entries) = &other
                && let Some(Value::List(path)) = entries.get("Fn::GetAtt")
                && let [Value::String(id), Value::String(attribute)] = path.as_slice()
            {
                return format!("${{{id}.{attribute}}}");
            }
            let mut name = "Value1".to_owned();
            for number in 2.. {
                match bound.get(&name) {
                    Some(there) if *there != other => name = format!("Value{number}"),
                    _ => break,
                }
            }
            bound.insert(name.clone(), other);
            format!("${{{name}}}")
        }
    }
}

fn part(part: Part) -> String {
    match part {
        Part::Literal(text) => text.replace("${", "${!"),
        Part::Ref(id) => format!("${{{id}}}"),
        Part::Parameter(name) => format!("${{{name}}}"),
        Part::Attribute(id, attribute) => format!("${{{id}.{attribute}}}"),
    }
}

/// The logical ids that a value refers to, by whatever function and as often as it does, raw or not; of what the spec wrote itself, names of
/// parameters are among them.
pub(super) fn names(value: &Value) -> Vec<&str> {
    let mut names = Vec::new();
    collect(value, &mut names);
    names
}

fn collect<'v>(value: &'v Value, names: &mut Vec<&'v str>) {
    match value {
        Value::Ref(id) | Value::Attribute(id, _) => names.push(id.as_str()),
        Value::Text(parts) => names.extend(parts.iter().filter_map(|part| match part {
            Part::Ref(id) | Part::Attribute(id, _) => Some(id.as_str()),
            Part::Literal(_) | Part::Parameter(_) => None,
        })),
        Value::List(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Map(map) => {
            match map.first().filter(|_| map.len() == 1) {
                Some(("Ref" | "Fn::GetAtt", argument)) => names.extend(first_of(argument)),
                Some(("Fn::Sub", argument)) => names.extend(first_text(argument).map(names_in).unwrap_or_default()),
                _ => {}
            }
            map.values().for_each(|value| collect(value, names));
        }
        Value::If(_, yes, no) => {
            collect(yes, names);
            if let Some(no) = no {
                collect(no, names);
            }
        }
        Value::Json(inner)
        | Value::Piece(_, _, inner)
        | Value::Join(_, inner)
        | Value::Split(_, inner)
        | Value::Because(_, inner) => collect(inner, names),
        Value::Bool(_)
        | Value::Integer(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Parameter(_)
        | Value::ByEnvironment(_)
        | Value::Zone(_) => {}
    }
}

/// The name that `Ref` and `Fn::GetAtt` are given: `Orders` of `Orders.Arn` and of `[Orders, Arn]`.
fn first_of(argument: &Value) -> Option<&str> {
    first_text(argument).and_then(|text| text.split('.').next())
}

fn first_text(argument: &Value) -> Option<&str> {
    let first = if let Value::List(items) = argument { items.first()? } else { argument };
    if let Value::String(text) = first { Some(text) } else { None }
}

/// The names in the text of an `Fn::Sub`, without those of attributes.
fn names_in(text: &str) -> Vec<&str> {
    let names = text.split("${").skip(1).filter_map(|rest| rest.split_once('}'));
    names.map(|(name, _)| name.split('.').next().unwrap_or(name).trim()).collect()
}
