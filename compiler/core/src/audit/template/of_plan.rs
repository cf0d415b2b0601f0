//! The template that a plan is: what evc derived has the place of the thing in the spec, what `overrides` say has its own.

use std::borrow::Cow;

use super::of_node::{call, is_function};
use super::{Call, Entry, Kind, Map, Mapping, Name, Node, Origin, Output, Parameter, Part, Resource, Template, node};
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
    for (id, it) in &plan.resources {
        template.resources.insert(Cow::Borrowed(id.as_str()), resource(it, id.as_str(), plan));
    }
    for (name, output) in &plan.outputs {
        let written = plan.model.outputs.iter().find(|it| it.name == *name);
        let place = written.map_or(here, |it| it.span);
        let output = Output { place, condition: None, value: value(&output.value), export: None };
        template.outputs.insert(Cow::Borrowed(name.as_str()), output);
    }
    template
}

fn resource<'p>(it: &'p plan::Resource, id: &str, plan: &'p Plan<'_>) -> Resource<'p> {
    let written = plan.model.overrides.get_full(id).map(|(_, name, change)| (name.span, change));
    let type_ = written.and_then(|(_, change)| change.type_.as_ref());
    let mut resource = Resource {
        place: if type_.is_some() { written.map_or(it.span, |(place, _)| place) } else { it.span },
        origin: if type_.is_some() { Origin::Written } else { Origin::Derived(&it.origin) },
        type_: Name { text: it.type_.as_str().into(), place: type_.map(|type_| type_.span) },
        condition: it.condition.as_deref().map(Name::derived),
        depends_on: it.depends_on.iter().map(|id| Name::derived(id.as_str())).collect(),
        deletion_policy: it.removal.as_ref().map(value),
        update_replace_policy: it.removal.as_ref().map(value),
        others: Vec::new(),
        properties: map(&it.properties),
        touched: false,
    };
    if !it.metadata.is_empty() {
        let metadata = Node::derived(Kind::Map(map(&it.metadata)));
        resource.others.push(Entry { key: Name::derived("Metadata"), value: metadata });
    }
    resource.touched = written.is_some();
    if let Some((_, change)) = written
        && let Some(properties) = &change.properties
        && let NodeKind::Mapping(written) = &properties.value.0.kind
    {
        overlay(&mut resource.properties, &it.properties, written);
    }
    resource
}

/// Gives what is as it was written its own place. What a later step changed has none.
fn overlay<'p>(map: &mut Map<'p>, planned: &'p indexmap::IndexMap<String, Value>, written: &'p yaml::Mapping) {
    for from in &written.entries {
        let Some(entry) = map.entries.iter_mut().find(|entry| entry.key.text == from.key.text) else { continue };
        entry.key.place = Some(from.key.span);
        match (&mut entry.value.kind, planned.get(&from.key.text), &from.value.kind) {
            (Kind::Map(inner), Some(Value::Map(planned)), NodeKind::Mapping(written)) => {
                entry.value.place = Some(from.value.span);
                overlay(inner, planned, written);
            }
            (_, Some(planned), _) if Value::from_node(&from.value).as_ref() == Some(planned) => {
                entry.value = node(&from.value);
            }
            _ => {}
        }
    }
}

fn map(entries: &indexmap::IndexMap<String, Value>) -> Map<'_> {
    let entries = entries.iter().map(|(key, it)| Entry { key: Name::derived(key.as_str()), value: value(it) });
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
