//! References by the names of the spec: `{ ref: functions.pay.arn }`, and `${functions.pay.arn}` in an `Fn::Sub`. What outputs can tell can
//! be referred to, and so can every part and every attribute that CloudFormation gives.

use indexmap::IndexMap;

use crate::aws;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Model, Property, Thing};
use crate::plan::value::Value;
use crate::plan::{LogicalId, Plan, address, pascal_case, told};
use crate::source::{Span, Spanned};

/// What names of the spec stand for.
pub(super) struct References<'m> {
    model: &'m Model,
    things: IndexMap<String, Thing>,
    ids: IndexMap<String, LogicalId>,
    types: IndexMap<LogicalId, String>,
    parameters: Vec<String>,
}

/// What `Ref` gives of a type that evc makes or that people often add, where that is no name.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-ref.html>
const REF: &[(&str, &str)] = &[
    ("AWS::ApiGateway::", "id"),
    ("AWS::ApiGatewayV2::", "id"),
    ("AWS::CloudFront::", "id"),
    ("AWS::CloudWatch::CompositeAlarm", "name"),
    ("AWS::EC2::", "id"),
    ("AWS::ElasticLoadBalancingV2::", "arn"),
    ("AWS::IAM::ManagedPolicy", "arn"),
    ("AWS::KMS::Key", "id"),
    ("AWS::Lambda::EventSourceMapping", "id"),
    ("AWS::SNS::", "arn"),
    ("AWS::SQS::Queue", "url"),
    ("AWS::SSM::Parameter", "name"),
    ("AWS::SecretsManager::Secret", "arn"),
    ("AWS::Serverless::StateMachine", "arn"),
    ("AWS::StepFunctions::StateMachine", "arn"),
    ("AWS::WAFv2::", "id"),
];

impl<'m> References<'m> {
    /// What can be referred to in a plan that has all of its resources.
    pub(super) fn of(plan: &Plan<'m>) -> Self {
        let model = plan.model;
        let things = model.things().map(|thing| (address::of_thing(model, thing), thing)).collect();
        let own = plan.resources.iter().map(|(id, it)| (it.address.clone(), id.clone()));
        let ids = own.chain(address::aliases(plan)).collect();
        let types = plan.resources.iter().map(|(id, it)| (id.clone(), it.type_.clone())).collect();
        let parameters = plan.parameters.keys().cloned().collect();
        Self { model, things, ids, types, parameters }
    }

    /// The resource of this name or logical id.
    pub(super) fn id(&self, name: &str) -> Option<&LogicalId> {
        self.ids.get(name).or_else(|| self.types.get_key_value(name).map(|(id, _)| id))
    }

    /// What a path stands for. `None` has been reported: it stands for nothing. `span` is the place of the path.
    pub(super) fn value(&self, path: &str, span: Span, diagnostics: &mut Vec<Diagnostic>) -> Option<Value> {
        if let Some(id) = self.ids.get(path) {
            return Some(Value::Ref(id.clone()));
        }
        if matches!(path, "dashboard.name" | "dashboard.url") && self.id("dashboard").is_none() {
            let diagnostic = Diagnostic::new(Code::EVC0105, span, "there is no dashboard");
            let why = "it is turned off by `observability`, or there is nothing to show on it";
            diagnostics.push(diagnostic.note(why));
            return None;
        }
        let of = path.rsplit_once('.');
        let known = of.and_then(|(of, property)| {
            let thing = *self.things.get(of)?;
            Some((thing, *thing.properties().iter().find(|known| known.key() == property)?))
        });
        let value = match (path, self.things.get(path), known, of) {
            ("dashboard.url", ..) => Some(told::dashboard_url()),
            (_, Some(thing), ..) => {
                self.told(*thing, Property::Name).filter(|_| thing.properties().contains(&Property::Name))
            }
            (_, None, Some((thing, property)), _) => {
                let value = self.told(thing, property);
                if value.is_none() {
                    diagnostics.push(self.without(thing, property, span));
                    return None;
                }
                value
            }
            (_, None, None, Some(_)) => self.attribute(path),
            (_, None, None, None) => None,
        };
        if value.is_none() {
            diagnostics.push(self.unknown(path, span));
        }
        value
    }

    /// A property of a thing, if the template has what tells it: a workflow on Redis has no state machine.
    fn told(&self, thing: Thing, property: Property) -> Option<Value> {
        let is_there = |id: &LogicalId| self.types.contains_key(id);
        let value = told::of(self.model, thing, property, &is_there)?;
        let is_told = match &value {
            Value::Ref(id) | Value::Attribute(id, _) => {
                is_there(id) || self.parameters.iter().any(|name| name == id.as_str())
            }
            _ => true,
        };
        is_told.then_some(value)
    }

    /// An attribute of a resource; its name may have points: `resources.Store.Endpoint.Address`.
    fn attribute(&self, path: &str) -> Option<Value> {
        let mut splits = path.rmatch_indices('.').map(|(at, _)| (&path[..at], &path[at + 1..]));
        let (id, property) = splits.find_map(|(of, property)| Some((self.id(of)?, property)))?;
        attribute(id, self.types.get(id)?, property)
    }

    /// Why there is nothing to tell of a thing.
    fn without(&self, thing: Thing, property: Property, span: Span) -> Diagnostic {
        let what = match property {
            Property::DeadLetterQueueUrl => "dead-letter queue",
            Property::WorkDeadLetterQueueUrl => "work dead-letter queue",
            Property::Name | Property::Arn | Property::Url | Property::Id => {
                let message = format!("{} has no {}", self.model.describe(thing), property.key());
                return Diagnostic::new(Code::EVC0105, span, message)
                    .secondary(self.model.head(thing).name_span, "declared here");
            }
        };
        let message = format!("{} has no {what}", self.model.describe(thing));
        Diagnostic::new(Code::EVC0105, span, message)
            .secondary(self.model.head(thing).name_span, "declared here")
            .note(
                "a function has one if a rule or a schedule invokes it, its work if a workflow on Redis calls it, an outbox if it \
                publishes something, a workflow if it is on Redis or an event starts it",
            )
    }

    /// That a path leads nowhere: from where on, and what it may go on with there.
    fn unknown(&self, path: &str, span: Span) -> Diagnostic {
        self.nothing(path, span, false)
    }

    fn nothing(&self, path: &str, span: Span, only_parts: bool) -> Diagnostic {
        let mut known = 0;
        for (at, _) in path.match_indices('.').chain([(path.len(), "")]) {
            let start = &path[..at];
            let leads_on = |name: &String| name.strip_prefix(start).is_some_and(|rest| rest.starts_with('.'));
            let is_name = self.id(start).is_some() || self.things.contains_key(start);
            if is_name || self.ids.keys().chain(self.things.keys()).any(leads_on) {
                known = at + 1;
            }
        }
        let known = known.min(path.len());
        let (start, rest) = (path[..known].trim_end_matches('.'), &path[known..]);
        let wrong = rest.split('.').next().unwrap_or_default();
        // The place of a text in quotes has them.
        let quote = usize::from(span.range().len() > path.len());
        let at = span.slice(quote + known, wrong.len());
        let message = match start {
            "" => format!("there is nothing that the spec calls `{wrong}`"),
            start if self.things.contains_key(start) || self.id(start).is_some() => {
                format!("`{start}` has no {} `{wrong}`", if only_parts { "part" } else { "part or property" })
            }
            start => format!("there is no `{wrong}` in `{start}`"),
        };
        let candidates = self.candidates(start, only_parts);
        let attributes = self.id(start).filter(|_| !only_parts).and_then(|id| self.types.get(id));
        let attributes: Vec<String> = attributes.map(|type_| words(type_, false)).unwrap_or_default();
        if candidates.iter().any(|candidate| candidate == wrong) {
            let message = format!("`{start}.{wrong}` is a value, which has no parts");
            let rest = span.slice(quote + known + wrong.len(), path.len() - known - wrong.len());
            return Diagnostic::new(Code::EVC0101, rest, message).propose("take it out", rest, "");
        }
        let diagnostic = Diagnostic::new(Code::EVC0101, at, message);
        let all: Vec<&str> = candidates.iter().chain(&attributes).map(String::as_str).collect();
        if crate::diagnostics::nearest(wrong, &all).is_some() {
            return diagnostic.suggest(wrong, all);
        }
        if candidates.len() <= 12 {
            return diagnostic.suggest(wrong, candidates.iter().map(String::as_str));
        }
        let shown: Vec<&str> = candidates.iter().take(12).map(String::as_str).collect();
        diagnostic.help(format!(
            "known are {}, and more: see `evc build --explain resources`",
            crate::diagnostics::list(&shown)
        ))
    }

    /// That no resource has this name or logical id.
    pub(super) fn no_resource(&self, name: &Spanned<String>) -> Diagnostic {
        if name.contains('.') && self.things.contains_key(name.as_str()) {
            let message = format!("`{}` is no resource of the template", name.value);
            return Diagnostic::new(Code::EVC0101, name.span, message)
                .help("`evc build --explain resources` lists those that are");
        }
        if name.contains('.') {
            return self.nothing(name, name.span, true);
        }
        let ids = self.types.keys().map(LogicalId::as_str);
        let diagnostic = Diagnostic::new(Code::EVC0101, name.span, format!("there is no resource `{}`", name.value));
        let diagnostic = diagnostic.suggest(name, ids.chain(self.ids.keys().map(String::as_str)));
        diagnostic.help("name it as the spec does, as in `functions.pay.role`, or by its logical id; `evc build --explain resources` lists both")
    }

    /// What a path may go on with: parts, and properties unless only resources are looked for.
    fn candidates(&self, start: &str, only_parts: bool) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let names = self.ids.keys().chain(self.things.keys());
        let below = names.filter_map(|name| match start {
            "" => Some(name.as_str()),
            _ => name.strip_prefix(start)?.strip_prefix('.'),
        });
        found.extend(below.filter_map(|rest| rest.split('.').next()).map(str::to_owned));
        if only_parts {
            found.sort_unstable();
            found.dedup();
            return found;
        }
        if let Some(thing) = self.things.get(start) {
            found.extend(thing.properties().iter().map(|property| property.key().to_owned()));
        }
        if let Some(type_) = self.id(start).and_then(|id| self.types.get(id)) {
            found.extend(words(type_, true));
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// A property of a resource: what `Ref` gives under its word, or an attribute by its own name or in lower case with hyphens.
fn attribute(id: &LogicalId, type_: &str, property: &str) -> Option<Value> {
    if property == given_by_ref(type_) {
        return Some(Value::Ref(id.clone()));
    }
    let get_att = |attribute: &str| match attribute {
        "Arn" => Value::arn(id),
        _ => Value::map([("Fn::GetAtt", Value::list([id.as_str().into(), attribute.into()]))]),
    };
    let Some(known) = schema(type_) else {
        let is_attribute = property == "arn" || property.starts_with(|c: char| c.is_ascii_uppercase());
        return is_attribute.then(|| get_att(&pascal_case(property)));
    };
    // Attributes of stacks and custom resources are whatever they give.
    if known.has_attribute(property) {
        return Some(get_att(property));
    }
    let attributes = known.attributes();
    attributes.iter().find(|attribute| word(attribute) == property).map(|attribute| get_att(attribute))
}

/// `StreamArn` as the spec says it: `stream-arn`.
fn word(attribute: &str) -> String {
    let mut word = String::new();
    let mut after_lower = false;
    for c in attribute.chars() {
        if c.is_ascii_uppercase() && after_lower {
            word.push('-');
        }
        after_lower = !c.is_ascii_uppercase();
        word.extend(c.to_lowercase());
    }
    word
}

/// The word for what `Ref` gives.
fn given_by_ref(type_: &str) -> &'static str {
    REF.iter().find(|(start, _)| type_.starts_with(start)).map_or("name", |(_, word)| word)
}

/// What is known of a type. What SAM makes of its own has the attributes of what it makes.
fn schema(type_: &str) -> Option<&'static aws::ResourceType> {
    aws::resource_type(aws::attributes_are_those_of(type_)?)
}

/// What can be referred to of a type: all of it, or what AWS alone gives.
fn words(type_: &str, only_given: bool) -> Vec<String> {
    let Some(known) = schema(type_) else { return vec![given_by_ref(type_).to_owned()] };
    let attributes = known.attributes();
    let is_meant = |attribute: &&String| {
        !attribute.contains(['*', '.']) && (!only_given || known.read_only.contains(&attribute.as_str()))
    };
    let words = attributes.iter().filter(is_meant).map(|attribute| word(attribute));
    words.chain([given_by_ref(type_).to_owned()]).collect()
}
