//! Of a function: what of its input comes from where in the requests of each route, for those that bring more than a body or a query of texts.

use std::fmt::Write as _;

use indexmap::IndexMap;

use super::print::literal;
use crate::model::{
    Authorizer, AuthorizerPlace, Content, Function, Id, Input, Model, Parameter, Route, parameter_kind,
};

/// The item of the function's implementation that says so, if there is such a route.
pub(super) fn routes(model: &Model, id: Id<Function>) -> Option<String> {
    let mut lines = String::new();
    // The runtime takes a request to a function with a webhook, or with groups, by a route that it knows, and by no other.
    let all = model.routes_of(id).any(|(_, route)| route.webhook.is_some() || route.of_groups().is_some());
    for (_, route) in model.routes_of(id) {
        let Some(parameters) = parameters(model, route, all) else { continue };
        let _ = writeln!(lines, "        {} {{", literal(&route.key()));
        for parameter in parameters {
            let _ = writeln!(lines, "            {parameter};");
        }
        lines.push_str("        }\n");
    }
    if let Some(authorizer) = &model.functions[id].authorizer {
        asked(model, id, authorizer, &mut lines);
    }
    (!lines.is_empty()).then(|| format!("\n    evc_runtime::routes! {{\n{lines}    }}\n"))
}

/// What comes beside the body; `None` where the runtime needs no word of it: texts, each called as its field is.
fn parameters(model: &Model, route: &Route, all: bool) -> Option<Vec<String>> {
    let request = model.request(route);
    let kind =
        |parameter: &Parameter<'_>| parameter.ty.and_then(|ty| parameter_kind(&model.types, ty)).unwrap_or("Text");
    let is_plain = |parameter: &Parameter<'_>| {
        parameter.name == parameter.field && parameter.default.is_none() && kind(parameter) == "Text"
    };
    let mut in_query = request.query.iter();
    let is_said = all
        || !route.sources.headers.is_empty()
        || !route.sources.cookies.is_empty()
        || request.whole.is_some()
        || (route.has_body() && !request.query.is_empty())
        || request.path.iter().any(|parameter| !is_plain(parameter))
        || in_query.any(|parameter| !is_plain(parameter));
    let headers =
        request.headers.iter().filter(|header| route.sources.headers.keys().any(|name| name.as_str() == header.name));
    let all = request
        .path
        .iter()
        .map(|it| ("path", it))
        .chain(request.query.iter().map(|it| ("query", it)))
        .chain(headers.map(|it| ("header", it)))
        .chain(request.cookies.iter().map(|it| ("cookie", it)));
    let lines = all.map(|(place, parameter)| {
        let default = parameter.default.as_ref().map(|value| format!(", {}", literal(&value.to_string())));
        let (name, field) = (literal(parameter.name), literal(parameter.field));
        format!("{place}({name}, {field}, {}{})", kind(parameter), default.unwrap_or_default())
    });
    let whole = request.whole.map(|(field, content)| {
        let text = match content {
            Content::Json => "Json",
            Content::Text => "Text",
            Content::Bytes => "Bytes",
        };
        format!("body(\"body\", {}, {text})", literal(field))
    });
    is_said.then(|| lines.chain(whole).collect())
}

/// What an authorizer decides by, as the one route that it has.
fn asked(model: &Model, id: Id<Function>, authorizer: &Authorizer, lines: &mut String) {
    let fields = match &model.functions[id].input {
        Input::Value(input) => model.types.record(input).unwrap_or_default(),
        Input::Nothing | Input::Events(_) => IndexMap::default(),
    };
    lines.push_str("        \"authorizer\" {\n");
    for (place, name, field) in authorizer.sources() {
        let place = match place {
            AuthorizerPlace::Query => "query",
            AuthorizerPlace::Header => "header",
            AuthorizerPlace::Cookie => "cookie",
            AuthorizerPlace::Said => "said",
        };
        let kind =
            fields.get(field.as_str()).and_then(|field| parameter_kind(&model.types, &field.ty)).unwrap_or("Text");
        let _ = writeln!(lines, "            {place}({}, {}, {kind});", literal(name), literal(field));
    }
    lines.push_str("        }\n");
}
