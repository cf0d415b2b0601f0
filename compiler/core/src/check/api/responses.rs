//! What functions answer with: one response for each status, headers that a gateway passes on, bodies where there can be one, cookies that
//! browsers take.

use std::collections::BTreeMap;

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{ApiKind, Content, Function, Id, Model, Response, SameSite, Thing, parameter_kind};
use crate::source::Span;
use crate::types::rust::field_name;
use crate::types::{Kind, describe};

/// No content, reset content, not modified. <https://www.rfc-editor.org/rfc/rfc9110#section-6.4.1>
const WITHOUT_BODY: [u16; 3] = [204, 205, 304];

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for (id, function) in model.functions.iter() {
        let mut found = Vec::new();
        apart(model, id, function, &mut found);
        let mut statuses: BTreeMap<u16, Span> = BTreeMap::new();
        for response in &function.responses {
            if let Some(first) = statuses.insert(response.status.value, response.status.span) {
                let message = format!(
                    "two responses of function `{}` have the status {}",
                    function.head.name, response.status.value
                );
                let diagnostic = Diagnostic::new(Code::EVC0740, response.status.span, message);
                found.push(
                    diagnostic
                        .secondary(first, "the first is here")
                        .help("make one of them, with what both have in common"),
                );
            }
            body(model, id, response, &mut found);
            headers(model, response, &mut found);
            cookies(response, &mut found);
        }
        diagnostics.extend(found.into_iter().map(|found| found.on(format!("functions.{}", function.head.name))));
    }
}

/// Responses stand alone: beside an output, a status of a route, or a step that wants a value, nobody could say which counts.
fn apart(model: &Model, id: Id<Function>, function: &Function, diagnostics: &mut Vec<Diagnostic>) {
    let Some(first) = function.responses.first() else { return };
    let name = &function.head.name;
    if let Some(output) = &function.output {
        let message = format!("function `{name}` has an `output` and `responses`");
        diagnostics.push(
            Diagnostic::new(Code::EVC0741, first.name.span, message)
                .secondary(output.span, "the output is here")
                .help("make the output the `body` of a response"),
        );
    }
    for (_, route) in model.routes_of(id) {
        if let Some(status) = route.status_span {
            let message = format!("function `{name}` says the status of each of its responses");
            let diagnostic = Diagnostic::new(Code::EVC0741, status, message);
            diagnostics.push(diagnostic.secondary(first.name.span, "the first is here").help("leave the `status` out"));
        }
    }
    if model.triggers(id).iter().any(|trigger| matches!(trigger, Thing::Workflow(_))) {
        let message = format!("a step calls function `{name}`, which answers with responses");
        diagnostics.push(
            Diagnostic::new(Code::EVC0741, first.name.span, message)
                .note("a step goes on with the output of a function, and has no use for a status")
                .help("give the step a function of its own, with an `output`"),
        );
    }
}

fn body(model: &Model, id: Id<Function>, response: &Response, diagnostics: &mut Vec<Diagnostic>) {
    let status = response.status.value;
    let Some(body) = &response.body else {
        if let Some(media) = &response.media {
            let message = format!("response `{}` has no body that could be `{}`", response.name.value, media.value);
            diagnostics.push(Diagnostic::new(Code::EVC0742, media.span, message).help("say its `body`"));
        }
        return;
    };
    if WITHOUT_BODY.contains(&status) {
        let message = format!("a response with {status} has no body");
        let diagnostic = Diagnostic::new(Code::EVC0742, body.span, message);
        diagnostics.push(diagnostic.secondary(response.status.span, "the status is here"));
    }
    let content = response.content(&model.types);
    if let (Some(Content::Json), Some(media)) = (content, &response.media)
        && !is_json(media)
    {
        let message = format!("`{}` is no JSON, and `{}` is written as JSON", media.value, describe(body));
        let diagnostic =
            Diagnostic::new(Code::EVC0742, media.span, message).secondary(body.span, "the body is declared here");
        diagnostics.push(
            diagnostic.help(
                "make the body a `string` or `bytes`, or the content type one of JSON: `application/problem+json`",
            ),
        );
    }
    let rest = model.routes_of(id).find(|(api, _)| api.kind == ApiKind::Rest);
    if let (Some(Content::Bytes), Some((_, route))) = (content, rest) {
        let message = "a REST API has no bytes for its callers".to_owned();
        diagnostics.push(
            Diagnostic::new(Code::EVC0742, body.span, message)
                .secondary(route.span, "the function is behind a REST API here")
                .note("it would hand out the base64 text that a function has to give it: its binary media types count for all its routes, and by the `Accept` of the request")
                .help("use an HTTP API, or answer with a link"),
        );
    }
}

/// `application/json` and what ends in `+json`, with or without parameters.
fn is_json(media: &str) -> bool {
    let essence = media.split(';').next().unwrap_or_default().to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

/// Names of headers that are a function's, of types that are text; and every field of the response has a name of its own in Rust.
fn headers(model: &Model, response: &Response, diagnostics: &mut Vec<Diagnostic>) {
    let types = &model.types;
    let mut taken: BTreeMap<String, Span> = BTreeMap::new();
    if let Some(body) = &response.body {
        taken.insert("body".to_owned(), body.span);
    }
    let mut names: Vec<(&str, Span)> = Vec::new();
    if let Some(headers) = &response.headers {
        let Some(fields) = types.record(headers) else {
            if !matches!(types.resolve(headers).kind, Kind::Named(_)) {
                let message = format!("headers are a map from names to types, found `{}`", describe(headers));
                diagnostics.push(
                    Diagnostic::new(Code::EVC0743, headers.span, message)
                        .help("write `{ ETag: string, Cache-Control?: string }`"),
                );
            }
            return;
        };
        for (name, field) in fields {
            let refuse = |message: String| Diagnostic::new(Code::EVC0743, field.name_span, message);
            if !crate::spec::api::is_header(name) || name == "*" {
                diagnostics.push(refuse(format!("`{name}` is not the name of a header")));
                continue;
            }
            names.push((name, field.name_span));
            if let Some((why, help)) = kept(&name.to_ascii_lowercase()) {
                diagnostics
                    .push(refuse(format!("a function cannot answer with the header `{name}`")).note(why).help(help));
            }
            if parameter_kind(types, &field.ty).is_none() {
                let message = format!("`{name}` is `{}`, which cannot be a header", describe(&field.ty));
                let help = "make it a text, a number, a boolean, an enumeration, or a list of these";
                diagnostics.push(Diagnostic::new(Code::EVC0743, field.ty.span, message).help(help));
            }
        }
    }
    names.extend(response.cookies.iter().map(|cookie| (cookie.name.as_str(), cookie.name.span)));
    for (name, span) in names {
        let in_rust = field_name(name);
        if in_rust.is_empty() {
            let message = format!("`{name}` has no letter or digit, and cannot be a field in Rust");
            diagnostics.push(Diagnostic::new(Code::EVC0743, span, message));
        } else if let Some(first) = taken.insert(in_rust.clone(), span) {
            let message = format!("`{name}` would be `{in_rust}` in Rust, as something else of the response is");
            diagnostics.push(Diagnostic::new(Code::EVC0743, span, message).secondary(first, "this one"));
        }
    }
}

/// What browsers do not take: <https://httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html#section-5.7>.
fn cookies(response: &Response, diagnostics: &mut Vec<Diagnostic>) {
    for cookie in &response.cookies {
        let name = &cookie.name;
        let refuse = |at: Span, why: &str| {
            Diagnostic::new(Code::EVC0744, at, format!("browsers drop the cookie `{}`: {why}", name.value))
        };
        if cookie.same_site.value == SameSite::None && !cookie.secure.value {
            diagnostics.push(
                refuse(cookie.secure.span, "one for all sites is sent over TLS alone").help("leave `secure` out"),
            );
        }
        let lower = name.to_ascii_lowercase();
        if (lower.starts_with("__secure-") || lower.starts_with("__host-")) && !cookie.secure.value {
            diagnostics.push(refuse(cookie.secure.span, "its name promises TLS").help("leave `secure` out"));
        }
        if lower.starts_with("__host-") && (cookie.domain.is_some() || cookie.path != "/") {
            diagnostics.push(
                refuse(name.span, "its name promises this host and all paths").help("leave `domain` and `path` out"),
            );
        }
    }
}

/// Headers of a response that a gateway makes, keeps or renames; in lower case. With why, and what to do.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html>,
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-parameter-mapping.html#http-api-mapping-reserved-headers>
fn kept(name: &str) -> Option<(&'static str, &'static str)> {
    const HOPS: [&str; 16] = [
        "connection",
        "content-length",
        "content-md5",
        "date",
        "expect",
        "forwarded",
        "keep-alive",
        "max-forwards",
        "proxy-authenticate",
        "server",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "warn",
    ];
    Some(match name {
        "content-type" => ("it is that of the body", "say `type`"),
        "set-cookie" => ("a cookie has attributes that it is not safe without", "name the cookie under `cookies`"),
        "content-encoding" => ("evc writes no body in an encoding", "leave it out"),
        "www-authenticate" => {
            ("API Gateway renames it, so that no browser asks for a password", "give it another name")
        }
        name if name.starts_with("access-control-") => ("it is of CORS", "say `cors` of the API"),
        name if ["apigw-", "x-amz-", "x-amzn-"].iter().any(|prefix| name.starts_with(prefix)) => {
            ("such names are API Gateway's", "give it another name")
        }
        name if HOPS.contains(&name) => ("API Gateway makes it, or renames it", "give it another name"),
        _ => return None,
    })
}
