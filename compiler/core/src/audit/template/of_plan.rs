//! The template that a plan is: what evc derived has the place of the thing in the spec, what `overrides` say has its own.

use std::borrow::Cow;

use super::of_functions;
use super::of_node::{call, condition, is_function};
use super::{
    Call, Condition, Entry, Kind, Map, Mapping, Name, Node, Origin, Output, Parameter, Part, Resource, Template, node,
};
use crate::plan::value::{self, Value};
use crate::plan::{self, ENVIRONMENT, Plan};
use crate::source::Span;
use crate::yaml::{self, NodeKind};

/// The mapping that values by environment stand in.
const ENVIRONMENTS: &str = "Environments";

/// The template of a plan.
pub fn of_plan<'p>(plan: &'p Plan<'_>) -> Template<'p> {
    let here = plan.model.service.span;
    let parameters = plan.parameters.iter().map(|(name, it)| {
        let parameter = Parameter {
            place: here,
            type_: it.type_.into(),
            default: it.default.as_deref().map(Cow::Borrowed),
            allowed: it.allowed_values.iter().map(|value| Cow::Borrowed(value.as_str())).collect(),
        };
        (Cow::Borrowed(name.as_str()), parameter)
    });
    let mut template = Template { parameters: parameters.collect(), ..Template::default() };
    template.transforms = vec!["AWS::LanguageExtensions".into(), "AWS::Serverless-2016-10-31".into()];
    if !plan.mappings.is_empty() {
        let keys = plan.mappings.iter().map(|(environment, values)| {
            let values = values.iter().map(|(key, it)| (Cow::Borrowed(key.as_str()), value(it)));
            (Cow::Borrowed(environment.as_str()), values.collect())
        });
        template.mappings.insert(ENVIRONMENTS.into(), Mapping { place: here, keys: keys.collect() });
    }
    for (name, it) in &plan.conditions {
        template
            .conditions
            .insert(Cow::Borrowed(name.as_str()), Condition { place: here, value: condition(value(it)) });
    }
    for (name, written) in &plan.model.conditions {
        let value = condition(node(&written.0));
        template.conditions.insert(Cow::Borrowed(name.as_str()), Condition { place: name.span, value });
    }
    for (id, it) in &plan.resources {
        template.resources.insert(Cow::Borrowed(id.as_str()), resource(it, id.as_str(), plan));
    }
    of_functions::place(&mut template, plan.model);
    for (name, output) in &plan.outputs {
        let written = plan.model.outputs.iter().find(|it| it.name == *name);
        let place = written.map_or(here, |it| it.span);
        let condition = output.condition.as_deref().map(Name::derived);
        let output = Output { place, condition, value: value(&output.value), export: None };
        template.outputs.insert(Cow::Borrowed(name.as_str()), output);
    }
    template
}

fn resource<'p>(it: &'p plan::Resource, id: &str, plan: &'p Plan<'_>) -> Resource<'p> {
    let own = plan.model.resources.values().find(|own| own.head.name == id && own.head.name_span == it.span);
    let change = plan.model.overrides.iter().find(|(name, _)| it.overridden == Some(name.span));
    let written = own.map(|own| &own.attributes).or(change.map(|(_, change)| &change.attributes));
    let condition = written.and_then(|written| written.condition.as_ref());
    let mut resource = Resource {
        place: it.span,
        origin: if own.is_some() { Origin::Written } else { Origin::Derived(&it.origin) },
        type_: Name { text: it.type_.as_str().into(), place: own.map(|own| own.type_.span) },
        condition: it.condition.as_deref().map(|name| Name { text: name.into(), place: condition.map(|it| it.span) }),
        depends_on: it.depends_on.iter().map(|id| Name::derived(id.as_str())).collect(),
        deletion_policy: it.deletion_policy.as_ref().map(value),
        update_replace_policy: it.update_replace_policy.as_ref().map(value),
        others: Vec::new(),
        properties: map(&it.properties),
        touched: written.is_some(),
    };
    if !it.metadata.is_empty() {
        let metadata = Node::derived(Kind::Map(map(&it.metadata)));
        resource.others.push(Entry { key: Name::derived("Metadata"), value: metadata });
    }
    let policies = [("CreationPolicy", &it.creation_policy), ("UpdatePolicy", &it.update_policy)];
    for (name, policy) in policies.into_iter().filter_map(|(name, policy)| Some((name, policy.as_ref()?))) {
        resource.others.push(Entry { key: Name::derived(name), value: value(policy) });
    }
    for (name, tree) in written.into_iter().flat_map(crate::spec::raw::Attributes::trees) {
        let NodeKind::Mapping(written) = &tree.value.0.kind else { continue };
        match (name, resource.others.iter_mut().find(|entry| entry.key.text == name), it.attribute(name)) {
            ("Properties", ..) => overlay(&mut resource.properties, &it.properties, written),
            (_, Some(Entry { value: Node { kind: Kind::Map(map), .. }, .. }), Some(planned)) => {
                overlay(map, planned, written);
            }
            _ => {}
        }
    }
    resource
}

/// Gives what is as it was written its own place. What a later step changed has none.
fn overlay<'p>(map: &mut Map<'p>, planned: &'p plan::value::Map, written: &'p yaml::Mapping) {
    for from in &written.entries {
        let Some(entry) = map.entries.iter_mut().find(|entry| entry.key.text == from.key.text) else { continue };
        entry.key.place = Some(from.key.span);
        if let Some(planned) = planned.get(&from.key.text) {
            place(&mut entry.value, planned, &from.value);
        }
    }
}

/// Gives a value that is as it was written its own place, and else the parts of it that are.
fn place<'p>(into: &mut Node<'p>, planned: &'p Value, written: &'p yaml::Node) {
    if Value::from_node(written).as_ref() == Some(planned) {
        *into = node(written);
        return;
    }
    match (&mut into.kind, planned, &written.kind) {
        (Kind::Map(inner), Value::Map(planned), NodeKind::Mapping(mapping)) => {
            into.place = Some(written.span);
            overlay(inner, planned, mapping);
        }
        // What is written comes after what evc has in a list that is added to.
        (Kind::List(inner), Value::List(planned), NodeKind::Sequence(items)) => {
            let first = planned.len().saturating_sub(items.len());
            for (at, item) in items.iter().enumerate() {
                if let (Some(inner), Some(planned)) = (inner.get_mut(first + at), planned.get(first + at)) {
                    place(inner, planned, item);
                }
            }
        }
        // A call with a reference by the spec's name in it, or this reference itself.
        (Kind::Call(call), ..) => {
            if let Some(again) = placed_call(planned, written) {
                **call = again;
            }
            into.place = Some(written.span);
        }
        _ => {}
    }
}

/// A call of the function that was written, with the arguments that were.
fn placed_call<'p>(planned: &'p Value, written: &'p yaml::Node) -> Option<Call<'p>> {
    let (Value::Map(planned), NodeKind::Mapping(written)) = (planned, &written.kind) else { return None };
    let ((function, argument), [only]) = (planned.first()?, written.entries.as_slice()) else { return None };
    if only.key.text != *function || !is_function(function) {
        return None;
    }
    let mut placed = value(argument);
    place(&mut placed, argument, &only.value);
    Some(call(function, placed))
}

fn map(entries: &plan::value::Map) -> Map<'_> {
    let entries = entries.iter().map(|(key, it)| Entry { key: Name::derived(key), value: value(it) });
    Map { entries: entries.collect() }
}

fn value(it: &Value) -> Node<'_> {
    let call = match it {
        Value::Bool(value) => return Node::derived(Kind::Bool(*value)),
        Value::Integer(number) => return Node::derived(Kind::Number(number.to_string().into())),
        Value::Number(digits) => return Node::derived(Kind::Number(digits.as_str().into())),
        Value::String(text) => return Node::derived(Kind::Text(text.as_str().into())),
        Value::List(items) => return Node::derived(Kind::List(items.iter().map(value).collect())),
        Value::Map(entries) => match entries.first() {
            Some((function, argument)) if entries.len() == 1 && is_function(function) => {
                call(function, value(argument))
            }
            _ => return Node::derived(Kind::Map(map(entries))),
        },
        Value::Ref(id) => Call::Ref(Name::derived(id.as_str())),
        Value::Parameter(name) => Call::Ref(Name::derived(name.as_str())),
        Value::Attribute(id, attribute) => Call::GetAtt(Name::derived(id.as_str()), text(attribute)),
        Value::Text(parts) => Call::Sub { parts: parts.iter().map(part).collect(), bound: Vec::new() },
        Value::ByEnvironment(key) => Call::FindInMap {
            map: text(ENVIRONMENTS),
            top: called(Call::Ref(Name::derived(ENVIRONMENT))),
            second: text(key),
            default: None,
        },
        Value::Json(document) => Call::ToJsonString(value(document)),
        Value::If(condition, yes, no) => {
            let nothing = || called(Call::Ref(Name::derived("AWS::NoValue")));
            let no = no.as_ref().map_or_else(nothing, |no| value(no));
            Call::If(Name::derived(condition.as_str()), value(yes), no)
        }
        Value::Piece(index, separator, of) => {
            let index = Node::derived(Kind::Number(index.to_string().into()));
            Call::Select(index, called(Call::Split(text(separator), value(of))))
        }
        Value::Join(separator, texts) => Call::Join(text(separator), value(texts)),
        Value::Split(separator, of) => Call::Split(text(separator), value(of)),
        Value::Zone(number) => {
            let number = Node::derived(Kind::Number(number.to_string().into()));
            Call::Select(number, called(Call::GetAZs(text(""))))
        }
        Value::Because(reasons, it) => {
            let place: Option<Span> = reasons.first().map(|reason| reason.span);
            let inner = value(it);
            return Node { place: inner.place.or(place), ..inner };
        }
    };
    called(call)
}

fn called(call: Call<'_>) -> Node<'_> {
    Node::derived(Kind::Call(Box::new(call)))
}

fn text(text: &str) -> Node<'_> {
    Node::derived(Kind::Text(text.into()))
}

fn part(part: &value::Part) -> Part<'_> {
    match part {
        value::Part::Literal(text) => Part::Literal(text.as_str().into()),
        value::Part::Ref(id) => Part::Ref(Name::derived(id.as_str())),
        value::Part::Parameter(name) => Part::Ref(Name::derived(*name)),
        value::Part::Attribute(id, attribute) => Part::GetAtt(Name::derived(id.as_str()), (*attribute).into()),
    }
}
