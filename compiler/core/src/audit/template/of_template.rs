//! The template that somebody wrote, as CloudFormation or SAM reads it: its sections, and what stands where it cannot.

use std::borrow::Cow;

use indexmap::IndexMap;

use super::{
    Condition, Entry, Kind, Map, Mapping, Name, Origin, Output, Parameter, Resource, Template, condition, node,
};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::yaml::{self, NodeKind};

/// The sections of a template.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html>, and `Globals` of SAM.
const SECTIONS: [&str; 11] = [
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Transform",
    "Globals",
    "Resources",
    "Outputs",
];

/// What a resource has beside its properties.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-product-attribute-reference.html>; `Connectors` and
/// `IgnoreGlobals` are SAM's; templates that are deployed have descriptions and versions.
const ATTRIBUTES: [&str; 13] = [
    "Description",
    "Version",
    "Type",
    "Properties",
    "DependsOn",
    "Condition",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "CreationPolicy",
    "UpdatePolicy",
    "Metadata",
    "Connectors",
    "IgnoreGlobals",
];

/// Reads a template. What is not where it should be is reported, and left out.
pub fn of_template<'a>(root: &'a yaml::Node, diagnostics: &mut Vec<Diagnostic>) -> Template<'a> {
    let mut template = Template::default();
    let NodeKind::Mapping(sections) = &root.kind else {
        if !matches!(root.kind, NodeKind::Error) {
            let message = format!("a template is a map with `Resources`, found {}", root.describe());
            diagnostics.push(Diagnostic::new(Code::EVC1060, root.span, message));
        }
        return template;
    };
    for section in &sections.entries {
        let name = section.key.text.as_str();
        if !SECTIONS.contains(&name) && !is_loop(name) {
            let message = format!("a template has no section `{name}`");
            diagnostics.push(Diagnostic::new(Code::EVC1060, section.key.span, message).suggest(name, SECTIONS));
        }
    }
    let mut each = |name: &str, read: &mut dyn FnMut(&'a yaml::Entry, &mut Vec<Diagnostic>)| {
        let Some(section) = sections.get(name) else { return };
        for entry in entries(&section.value, name, diagnostics) {
            // What a loop makes is not known.
            if !is_loop(&entry.key.text) && entry.key.text != "Fn::Transform" {
                read(entry, diagnostics);
            }
        }
    };
    each("Parameters", &mut |it, _| {
        template.parameters.insert(Cow::Borrowed(&it.key.text), parameter(it));
    });
    each("Mappings", &mut |it, _| {
        template.mappings.insert(Cow::Borrowed(&it.key.text), mapping(it));
    });
    each("Conditions", &mut |it, _| {
        let value = Condition { place: it.key.span, value: condition(node(&it.value)) };
        template.conditions.insert(Cow::Borrowed(&it.key.text), value);
    });
    each("Resources", &mut |it, diagnostics| {
        if let Some(resource) = resource(it, diagnostics) {
            template.resources.insert(Cow::Borrowed(&it.key.text), resource);
        }
    });
    each("Outputs", &mut |it, diagnostics| {
        if let Some(output) = output(it, diagnostics) {
            template.outputs.insert(Cow::Borrowed(&it.key.text), output);
        }
    });
    if sections.get("Resources").is_none() && !sections.entries.iter().any(|entry| is_loop(&entry.key.text)) {
        let message = "a template has `Resources`, and this one does not";
        diagnostics.push(Diagnostic::new(Code::EVC1060, root.span, message));
    }
    template.transforms = sections.get("Transform").map(|section| transforms(&section.value)).unwrap_or_default();
    template.globals = sections.get("Globals").map(|section| node(&section.value));
    template
}

/// Whether a key is a loop of the language extensions, whose entries are made when the template is deployed.
fn is_loop(key: &str) -> bool {
    key.starts_with("Fn::ForEach::")
}

/// The entries of a map that has to be one.
fn entries<'a>(value: &'a yaml::Node, what: &str, diagnostics: &mut Vec<Diagnostic>) -> &'a [yaml::Entry] {
    match &value.kind {
        NodeKind::Mapping(mapping) => &mapping.entries,
        // An empty section is as good as none.
        NodeKind::Null | NodeKind::Error => &[],
        NodeKind::Scalar(_) | NodeKind::Sequence(_) => {
            let message = format!("`{what}` is a map, found {}", value.describe());
            diagnostics.push(Diagnostic::new(Code::EVC1060, value.span, message));
            &[]
        }
    }
}

fn transforms(value: &yaml::Node) -> Vec<Cow<'_, str>> {
    let one = |value: &yaml::Node| match &value.kind {
        NodeKind::Scalar(scalar) => Some(Cow::Owned(scalar.text.clone())),
        NodeKind::Mapping(mapping) => match &mapping.get("Name")?.value.kind {
            NodeKind::Scalar(scalar) => Some(Cow::Owned(scalar.text.clone())),
            _ => None,
        },
        NodeKind::Null | NodeKind::Sequence(_) | NodeKind::Error => None,
    };
    match &value.kind {
        NodeKind::Sequence(items) => items.iter().filter_map(one).collect(),
        _ => one(value).into_iter().collect(),
    }
}

fn text(mapping: &yaml::Mapping, key: &str) -> Option<String> {
    match &mapping.get(key)?.value.kind {
        NodeKind::Scalar(scalar) => Some(scalar.text.clone()),
        _ => None,
    }
}

fn parameter(entry: &yaml::Entry) -> Parameter<'_> {
    let mut parameter =
        Parameter { place: entry.key.span, type_: Cow::Borrowed("String"), default: None, allowed: Vec::new() };
    let NodeKind::Mapping(mapping) = &entry.value.kind else { return parameter };
    if let Some(type_) = text(mapping, "Type") {
        parameter.type_ = Cow::Owned(type_);
    }
    parameter.default = text(mapping, "Default").map(Cow::Owned);
    if let Some(NodeKind::Sequence(items)) = mapping.get("AllowedValues").map(|entry| &entry.value.kind) {
        let texts = items.iter().filter_map(|item| match &item.kind {
            NodeKind::Scalar(scalar) => Some(Cow::Borrowed(scalar.text.as_str())),
            _ => None,
        });
        parameter.allowed = texts.collect();
    }
    parameter
}

fn mapping(entry: &yaml::Entry) -> Mapping<'_> {
    let mut keys = IndexMap::new();
    if let NodeKind::Mapping(tops) = &entry.value.kind {
        for top in &tops.entries {
            let NodeKind::Mapping(seconds) = &top.value.kind else { continue };
            let seconds = seconds.entries.iter().map(|it| (Cow::Borrowed(it.key.text.as_str()), node(&it.value)));
            keys.insert(Cow::Borrowed(top.key.text.as_str()), seconds.collect());
        }
    }
    Mapping { place: entry.key.span, keys }
}

fn name(value: &yaml::Node) -> Option<Name<'_>> {
    match &value.kind {
        NodeKind::Scalar(scalar) => Some(Name { text: Cow::Borrowed(&scalar.text), place: Some(value.span) }),
        _ => None,
    }
}

fn resource<'a>(entry: &'a yaml::Entry, diagnostics: &mut Vec<Diagnostic>) -> Option<Resource<'a>> {
    let NodeKind::Mapping(mapping) = &entry.value.kind else {
        if !matches!(entry.value.kind, NodeKind::Error) {
            let message = format!("a resource is a map with a `Type`, found {}", entry.value.describe());
            diagnostics.push(Diagnostic::new(Code::EVC1060, at(&entry.value, entry.key.span), message));
        }
        return None;
    };
    let Some(type_) = mapping.get("Type").and_then(|type_| name(&type_.value)) else {
        // Anything may be in what a macro makes.
        if mapping.get("Fn::Transform").is_none() {
            let message = format!("resource `{}` has no `Type`", entry.key.text);
            diagnostics.push(Diagnostic::new(Code::EVC1060, entry.key.span, message));
        }
        return None;
    };
    let mut resource = Resource {
        place: entry.key.span,
        origin: Origin::Written,
        type_,
        condition: mapping.get("Condition").and_then(|condition| name(&condition.value)),
        depends_on: Vec::new(),
        deletion_policy: None,
        update_replace_policy: None,
        others: Vec::new(),
        properties: Map::default(),
        touched: false,
    };
    for attribute in &mapping.entries {
        let key = attribute.key.text.as_str();
        match key {
            "DependsOn" => {
                resource.depends_on = match &attribute.value.kind {
                    NodeKind::Sequence(items) => items.iter().filter_map(name).collect(),
                    _ => name(&attribute.value).into_iter().collect(),
                };
            }
            "DeletionPolicy" => resource.deletion_policy = Some(node(&attribute.value)),
            "UpdateReplacePolicy" => resource.update_replace_policy = Some(node(&attribute.value)),
            "Properties" => {
                entries(&attribute.value, "Properties", diagnostics);
                resource.properties = match node(&attribute.value).kind {
                    Kind::Map(map) => map,
                    _ => Map::default(),
                };
            }
            "Type" | "Condition" => {}
            _ if ATTRIBUTES.contains(&key) => {
                let name = Name { text: Cow::Borrowed(key), place: Some(attribute.key.span) };
                resource.others.push(Entry { key: name, value: node(&attribute.value) });
            }
            _ if key.starts_with("Fn::") => {}
            _ => {
                let message = format!("a resource has no `{key}` beside its properties");
                let diagnostic = Diagnostic::new(Code::EVC1060, attribute.key.span, message).suggest(key, ATTRIBUTES);
                diagnostics.push(diagnostic.help("what a type has stands under `Properties`"));
            }
        }
    }
    Some(resource)
}

fn output<'a>(entry: &'a yaml::Entry, diagnostics: &mut Vec<Diagnostic>) -> Option<Output<'a>> {
    let mapping = match &entry.value.kind {
        NodeKind::Mapping(mapping) => mapping,
        NodeKind::Error => return None,
        NodeKind::Null | NodeKind::Scalar(_) | NodeKind::Sequence(_) => {
            let message = format!("an output is a map with a `Value`, found {}", entry.value.describe());
            diagnostics.push(Diagnostic::new(Code::EVC1060, at(&entry.value, entry.key.span), message));
            return None;
        }
    };
    let Some(value) = mapping.get("Value") else {
        let message = format!("output `{}` has no `Value`", entry.key.text);
        diagnostics.push(Diagnostic::new(Code::EVC1060, entry.key.span, message));
        return None;
    };
    let export = mapping.get("Export").map(|export| node(&export.value));
    Some(Output {
        place: entry.key.span,
        condition: mapping.get("Condition").and_then(|condition| name(&condition.value)),
        value: node(&value.value),
        export: export.and_then(|export| export.get("Name").cloned()),
    })
}

/// The place of a value, or of its key where the value is empty.
fn at(value: &yaml::Node, key: Span) -> Span {
    if matches!(value.kind, NodeKind::Null) { key } else { value.span }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;

    #[test]
    fn what_is_not_where_it_should_be_is_reported_and_the_rest_is_read() {
        let text = "Transform: AWS::Serverless-2016-10-31\nResorces: {}\nResources:\n  A: { Type: AWS::SQS::Queue, \
                    Propertys: {}, DependsOn: B }\n  B: { Properties: {} }\n  C: nothing\nOutputs:\n  O: { Value: !Ref A, \
                    Export: { Name: x } }\n  P: {}\n";
        let mut sources = SourceMap::default();
        let file = sources.add(std::path::Path::new("template.yaml"), text);
        let (root, _) = yaml::parse_template(&sources, file);
        let mut diagnostics = Vec::new();
        let template = of_template(&root, &mut diagnostics);
        let messages: Vec<&str> = diagnostics.iter().map(|it| it.message.as_str()).collect();
        let expected = [
            "a template has no section `Resorces`",
            "a resource has no `Propertys` beside its properties",
            "resource `B` has no `Type`",
            "a resource is a map with a `Type`, found text",
            "output `P` has no `Value`",
        ];
        assert_eq!(messages, expected);
        assert_eq!(template.transforms, ["AWS::Serverless-2016-10-31"]);
        assert_eq!(template.resources.keys().collect::<Vec<_>>(), ["A"]);
        assert_eq!(template.resources["A"].depends_on[0].text, "B");
        assert!(template.outputs["O"].export.is_some());
    }
}
