//! Requests of routes to workflows as requests to start an execution.

use indexmap::IndexMap;

use super::attribute::listed;
use super::source::caller;
use super::{RESOURCE, about, escaped, fits};
use crate::model::{CallerFact, MappingValue, Model, Request, Route, Workflow};
use crate::plan::ids;
use crate::plan::value::{Part, Value};

/// The template of a request. The input is a JSON text in a JSON string, so that what stands in a string of it is escaped twice.
pub(crate) fn start(model: &Model, workflow: &Workflow, route: &Route, request: &Request<'_>) -> Value {
    let input = if request.path.is_empty() && request.query.is_empty() && route.with.is_empty() {
        match &request.body {
            Some(_) => escaped("$input.json('$')"),
            None => "{}".to_owned(),
        }
    } else {
        fields(model, route, request)
    };
    // What is no JSON is refused by Step Functions.
    let input = match conditions(model, workflow, route, request) {
        Some(condition) => format!("#if({condition}){input}#{{else}}-#end"),
        None => input,
    };
    let template = format!("{{\n  \"stateMachineArn\": \"{RESOURCE}\",\n  \"input\": \"{input}\"\n}}");
    about(&template, Part::Ref(ids::workflow(workflow)))
}

/// What has to hold of what stands beside the body and of who calls, to be of the types that the workflow says.
fn conditions(model: &Model, workflow: &Workflow, route: &Route, request: &Request<'_>) -> Option<String> {
    let types = &model.types;
    let fields = types.record(&workflow.input).unwrap_or_default();
    let beside = request.path.iter().map(|it| ("path", it)).chain(request.query.iter().map(|it| ("querystring", it)));
    let parameters = beside.filter_map(|(place, parameter)| {
        let condition = fits::of_parameter(types, &at(place, parameter.name), parameter.ty?)?;
        let is_there = format!("$input.params().get('{place}').containsKey('{}')", parameter.name);
        Some(if parameter.required { condition } else { format!("(!{is_there} || {condition})") })
    });
    let given = route.with.iter().flat_map(|mapping| {
        fits::of_mapping(types, mapping, fields.get(mapping.attribute.as_str()).map(|field| &field.ty))
    });
    fits::all(parameters.chain(given))
}

/// A parameter of the request.
fn at(place: &str, name: &str) -> String {
    format!("$input.params().get('{place}').get('{name}')")
}

/// A parameter, which is a text: a check refuses fields of another type there.
fn beside_the_body(place: &str, name: &str) -> String {
    format!("\\\"{}\\\"", escaped(&escaped(&at(place, name))))
}

/// What API Gateway knows itself of a request: the text of its JSON within a JSON string.
fn given(value: &MappingValue) -> String {
    match value {
        MappingValue::RequestTime => "$context.requestTimeEpoch".to_owned(),
        // It has its quotes.
        MappingValue::Caller(fact @ CallerFact::Claim(_)) => escaped(&caller(fact)),
        MappingValue::Caller(fact) => format!("\\\"{}\\\"", escaped(&escaped(&caller(fact)))),
        _ => format!("\\\"{}\\\"", escaped(&escaped("$context.requestId"))),
    }
}

/// The input from its fields: first those that are always there.
fn fields(model: &Model, route: &Route, request: &Request<'_>) -> String {
    let types = &model.types;
    let (mut always, mut maybe, mut conditions) = (Vec::new(), Vec::new(), IndexMap::new());
    let beside = request.path.iter().map(|it| ("path", it)).chain(request.query.iter().map(|it| ("querystring", it)));
    for (place, parameter) in beside {
        let name = parameter.name;
        let entry = (name, format!("\\\"{name}\\\": {}", beside_the_body(place, name)));
        conditions.insert(name, format!("$input.params().get('{place}').containsKey('{name}')"));
        (if parameter.required { &mut always } else { &mut maybe }).push(entry);
    }
    for mapping in &route.with {
        always.push((mapping.attribute.as_str(), format!("\\\"{}\\\": {}", mapping.attribute, given(&mapping.value))));
    }
    let body = request.body.as_deref().and_then(|body| types.record(body)).unwrap_or_default();
    for (name, field) in body {
        let entry = (name, format!("\\\"{name}\\\": {}", escaped(&format!("$input.json('$.{name}')"))));
        conditions.insert(name, format!("$input.path('$').containsKey('{name}')"));
        (if field.optional { &mut maybe } else { &mut always }).push(entry);
    }
    let has = |name: &str| conditions.get(name).cloned().unwrap_or_default();
    format!("{{ {} }}", listed(&always, &maybe, &has, "$comma", ", "))
}
