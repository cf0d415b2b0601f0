//! Requests of routes to workflows as requests to start an execution.

use indexmap::IndexMap;

use super::attribute::listed;
use super::{RESOURCE, about, escaped};
use crate::model::{Model, Request, Workflow};
use crate::plan::ids;
use crate::plan::value::{Part, Value};

/// The template of a request. The input is a JSON text in a JSON string, so that what stands in a string of it is escaped twice.
pub(crate) fn start(model: &Model, workflow: &Workflow, request: &Request<'_>) -> Value {
    let input = if request.path.is_empty() && request.query.is_empty() {
        match &request.body {
            Some(_) => escaped("$input.json('$')"),
            None => "{}".to_owned(),
        }
    } else {
        fields(model, request)
    };
    let template = format!("{{\n  \"stateMachineArn\": \"{RESOURCE}\",\n  \"input\": \"{input}\"\n}}");
    about(&template, Part::Ref(ids::workflow(workflow)))
}

/// A parameter, which is a text: a check refuses fields of another type there.
fn beside_the_body(place: &str, name: &str) -> String {
    format!("\\\"{}\\\"", escaped(&escaped(&format!("$input.params().get('{place}').get('{name}')"))))
}

/// The input from its fields: first those that are always there.
fn fields(model: &Model, request: &Request<'_>) -> String {
    let types = &model.types;
    let (mut always, mut maybe, mut conditions) = (Vec::new(), Vec::new(), IndexMap::new());
    let beside = request.path.iter().map(|it| ("path", it)).chain(request.query.iter().map(|it| ("querystring", it)));
    for (place, parameter) in beside {
        let name = parameter.name;
        let entry = (name, format!("\\\"{name}\\\": {}", beside_the_body(place, name)));
        conditions.insert(name, format!("$input.params().get('{place}').containsKey('{name}')"));
        (if parameter.required { &mut always } else { &mut maybe }).push(entry);
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
