//! Values that somebody wrote, with their places: in `overrides`, or in a template of their own.

use std::borrow::Cow;

use super::{Call, Entry, Kind, Map, Name, Node, Part};
use crate::source::Span;
use crate::yaml::{self, NodeKind};

/// A value as it is written. A map whose only key is `Ref`, `Condition` or starts with `Fn::` is a call.
pub fn node(from: &yaml::Node) -> Node<'_> {
    let kind = match &from.kind {
        NodeKind::Null => Kind::Null,
        NodeKind::Error => Kind::Error,
        NodeKind::Scalar(scalar) => {
            if let Some(value) = scalar.as_bool() {
                Kind::Bool(value)
            } else if scalar.as_number().is_some() {
                Kind::Number(Cow::Borrowed(&scalar.text))
            } else {
                Kind::Text(Cow::Borrowed(&scalar.text))
            }
        }
        NodeKind::Sequence(items) => Kind::List(items.iter().map(node).collect()),
        NodeKind::Mapping(mapping) => match mapping.entries.as_slice() {
            [only] if is_function(&only.key.text) => Kind::Call(Box::new(call(&only.key.text, node(&only.value)))),
            entries => Kind::Map(Map { entries: entries.iter().map(entry).collect() }),
        },
    };
    Node { kind, place: Some(from.span) }
}

/// A key with its value.
fn entry(from: &yaml::Entry) -> Entry<'_> {
    let key = Name { text: Cow::Borrowed(&from.key.text), place: Some(from.key.span) };
    Entry { key, value: node(&from.value) }
}

/// Whether a map with this key alone is a call. `Condition` is one only inside of conditions; policies have a map of that name.
pub(super) fn is_function(key: &str) -> bool {
    key == "Ref" || key.starts_with("Fn::")
}

/// The call of a function by its long name, with arguments as they are written.
pub fn call<'a>(function: &'a str, argument: Node<'a>) -> Call<'a> {
    let call = match function {
        "Ref" => name(&argument).map(Call::Ref),
        "Condition" => name(&argument).map(Call::Condition),
        "Fn::GetAtt" => get_att(&argument),
        "Fn::Sub" => sub(&argument),
        "Fn::If" => match argument.as_list() {
            Some([condition, yes, no]) => name(condition).map(|name| Call::If(name, yes.clone(), no.clone())),
            _ => None,
        },
        "Fn::FindInMap" => find_in_map(&argument),
        "Fn::Join" => pair(&argument).map(|(separator, texts)| Call::Join(separator, texts)),
        "Fn::Select" => pair(&argument).map(|(index, list)| Call::Select(index, list)),
        "Fn::Split" => pair(&argument).map(|(separator, text)| Call::Split(separator, text)),
        "Fn::Cidr" => {
            argument.as_list().filter(|list| (2..=3).contains(&list.len())).map(|list| Call::Cidr(list.to_vec()))
        }
        "Fn::ImportValue" => return Call::ImportValue(argument),
        "Fn::Base64" => return Call::Base64(argument),
        "Fn::GetAZs" => return Call::GetAZs(argument),
        "Fn::Transform" => return Call::Transform(argument),
        "Fn::Length" => return Call::Length(argument),
        "Fn::ToJsonString" => return Call::ToJsonString(argument),
        "Fn::And"
        | "Fn::Or"
        | "Fn::Not"
        | "Fn::Equals"
        | "Fn::Contains"
        | "Fn::EachMemberEquals"
        | "Fn::EachMemberIn"
        | "Fn::RefAll"
        | "Fn::ValueOf"
        | "Fn::ValueOfAll" => {
            return Call::Logic(
                Cow::Borrowed(function),
                argument.one_or_many().iter().cloned().map(condition).collect(),
            );
        }
        _ if function.starts_with("Fn::ForEach::") => return Call::ForEach(argument),
        _ => return Call::Unknown(Cow::Borrowed(function), argument),
    };
    call.unwrap_or(Call::Malformed(Cow::Borrowed(function), argument))
}

/// A value where a condition is wanted: there, `{Condition: Name}` is a call.
pub fn condition(node: Node<'_>) -> Node<'_> {
    let named = match &node.kind {
        Kind::Map(map) => match map.entries.as_slice() {
            [only] if only.key.text == "Condition" => name(&only.value),
            _ => None,
        },
        _ => None,
    };
    match named {
        Some(name) => Node { kind: Kind::Call(Box::new(Call::Condition(name))), place: node.place },
        None => node,
    }
}

fn name<'a>(node: &Node<'a>) -> Option<Name<'a>> {
    if let Kind::Text(text) = &node.kind { Some(Name { text: text.clone(), place: node.place }) } else { None }
}

fn pair<'a>(argument: &Node<'a>) -> Option<(Node<'a>, Node<'a>)> {
    match argument.as_list() {
        Some([one, other]) => Some((one.clone(), other.clone())),
        _ => None,
    }
}

/// `[Resource, Attribute]`, or `Resource.Attribute`, where the attribute may have points of its own.
fn get_att<'a>(argument: &Node<'a>) -> Option<Call<'a>> {
    match &argument.kind {
        Kind::Text(text) => {
            let (id, attribute) = text.split_once('.')?;
            let (id, attribute) = (id.to_owned(), attribute.to_owned());
            let place = argument.place;
            let attribute = Node { kind: Kind::Text(attribute.into()), place };
            Some(Call::GetAtt(Name { text: id.into(), place }, attribute))
        }
        Kind::List(path) => match path.as_slice() {
            [id, attribute] => Some(Call::GetAtt(name(id)?, attribute.clone())),
            [id, parts @ ..] if !parts.is_empty() => {
                let parts: Option<Vec<&str>> = parts.iter().map(Node::as_text).collect();
                let attribute = Node { kind: Kind::Text(parts?.join(".").into()), place: argument.place };
                Some(Call::GetAtt(name(id)?, attribute))
            }
            _ => None,
        },
        _ => None,
    }
}

fn find_in_map<'a>(argument: &Node<'a>) -> Option<Call<'a>> {
    let (map, top, second, default) = match argument.as_list()? {
        [map, top, second] => (map, top, second, None),
        [map, top, second, options] => (map, top, second, Some(options.get("DefaultValue")?.clone())),
        _ => return None,
    };
    Some(Call::FindInMap { map: map.clone(), top: top.clone(), second: second.clone(), default })
}

fn sub<'a>(argument: &Node<'a>) -> Option<Call<'a>> {
    let (text, bound) = match &argument.kind {
        Kind::Text(_) => (argument, Vec::new()),
        Kind::List(items) => match items.as_slice() {
            [text] => (text, Vec::new()),
            [text, bound] => (text, bound.as_map()?.entries.clone()),
            _ => return None,
        },
        _ => return None,
    };
    let Kind::Text(written) = &text.kind else { return None };
    Some(Call::Sub { parts: parts(written, text.place), bound })
}

/// The parts of a text with `${Name}`, `${Resource.Attribute}` and `${!literal}`. A `${` that nothing closes is text.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-sub.html>
fn parts<'a>(text: &str, place: Option<Span>) -> Vec<Part<'a>> {
    // In one line and without quotes or escapes, what is read is what is written; in quotes, one further.
    let offset = place.and_then(|place| match place.range().len().checked_sub(text.len()) {
        Some(0) => Some((place, 0)),
        Some(2) => Some((place, 1)),
        _ => None,
    });
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((inside, after)) = after.split_once('}') else { break };
        if !before.is_empty() {
            parts.push(Part::Literal(before.to_owned().into()));
        }
        let start = text.len() - after.len() - 1 - inside.len();
        let name = inside.trim();
        if let Some(literal) = inside.strip_prefix('!') {
            parts.push(Part::Literal(format!("${{{literal}}}").into()));
        } else {
            let leading = inside.len() - inside.trim_start().len();
            let at = |length| offset.map(|(place, by)| place.slice(start + leading + by, length)).or(place);
            parts.push(match name.split_once('.') {
                Some((id, attribute)) => {
                    let name = Name { text: id.to_owned().into(), place: at(name.len()) };
                    Part::GetAtt(name, attribute.to_owned().into())
                }
                None => Part::Ref(Name { text: name.to_owned().into(), place: at(name.len()) }),
            });
        }
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest.to_owned().into()));
    }
    parts
}
