//! Limits of API Gateway that no support case raises: what an authorizer and a route may list, and how long the head of a request is.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>,
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>

use std::collections::HashSet;

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Api, ApiKind, Auth, Input, Integration, Model, Route};
use crate::source::{Span, Spanned};

/// The most audiences of an authorizer.
const AUDIENCES: usize = 50;

/// The most scopes of a route.
const SCOPES: usize = 10;

/// The most authorizers of an API, unless the quota was raised.
const AUTHORIZERS: usize = 10;

/// The most bytes of the request line and the values of the headers together.
const HEAD: u64 = 10_240;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let mut told: HashSet<Span> = HashSet::new();
    for api in model.apis.values() {
        if api.kind == ApiKind::Http {
            tokens(api, &mut told, diagnostics);
        }
        diagnostics.extend(api.routes.iter().filter_map(|route| head(model, route)));
    }
}

fn tokens(api: &Api, told: &mut HashSet<Span>, diagnostics: &mut Vec<Diagnostic>) {
    let asked: HashSet<_> = api.routes.iter().filter_map(|route| route.authorizer).collect();
    let mut authorizers: Vec<(&str, &[Spanned<String>])> = Vec::new();
    for route in &api.routes {
        let Auth::Jwt(jwt) = &route.auth else { continue };
        let lists =
            [("audiences", "an authorizer", &*jwt.audience, AUDIENCES), ("scopes", "a route", &jwt.scopes, SCOPES)];
        for (what, of, list, most) in lists {
            let Some(one_more) = list.get(most).filter(|one| told.insert(one.span)) else { continue };
            let message = format!("{} {what}, and API Gateway takes {most} of {of}", list.len());
            let help = match what {
                "scopes" => "let the issuer put those that are given together under one scope",
                _ => "let the clients share an audience, or divide the routes among several APIs",
            };
            diagnostics.push(
                Diagnostic::new(Code::EVC0714, one_more.span, message).note("the quota cannot be raised").help(help),
            );
        }
        let authorizer = (jwt.issuer.as_str(), jwt.audience.as_slice());
        if authorizers.contains(&authorizer) {
            continue;
        }
        authorizers.push(authorizer);
        if authorizers.len() + asked.len() == AUTHORIZERS + 1 {
            let message = format!(
                "an API with more than {AUTHORIZERS} kinds of tokens, and an account takes {AUTHORIZERS} authorizers of one API"
            );
            let diagnostic = Diagnostic::new(Code::EVC0720, jwt.issuer.span, message)
                .help("divide the routes among several APIs, or have the quota for authorizers of an API raised before this is deployed");
            diagnostics.push(if api.declared { diagnostic.on(format!("apis.{}", api.head.name)) } else { diagnostic });
        }
    }
}

/// A route whose shortest request line is too long: what comes with a path, or without a body, is in it.
fn head(model: &Model, route: &Route) -> Option<Diagnostic> {
    let input = match &route.integration {
        Integration::Function(id) => match &model.functions[*id].input {
            Input::Value(input) => input,
            Input::Nothing | Input::Events(_) => return None,
        },
        Integration::Workflow(id) => &model.workflows[*id].input,
        Integration::Table(_) => return None,
    };
    let (mut least, mut longest) = (route.key().len() as u64, None);
    for (name, field) in model.types.record(input)? {
        let in_path = route.parameters().any(|parameter| parameter == name);
        if field.optional || !in_path && route.has_body() {
            continue;
        }
        let text = model.types.min_characters(&field.ty);
        let bytes = if in_path { text } else { text.saturating_add(name.len() as u64 + 2) };
        least = least.saturating_add(bytes);
        longest = longest.max(Some((bytes, field.ty.span)));
    }
    let (_, place) = longest.filter(|_| least > HEAD)?;
    let message =
        format!("the request line of `{}` has {least} bytes at least, and API Gateway takes {HEAD}", route.key());
    Some(
        Diagnostic::new(Code::EVC0723, route.span, message)
            .secondary(place, "by the bounds of this")
            .note("the headers are counted as well, and the quota cannot be raised")
            .help("let the values come in the body of a `POST` or `PUT`, or bound them"),
    )
}
