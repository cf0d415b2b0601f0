//! What routes to functions say of their requests: names that a gateway lets through, fields that come from one place each, types that a
//! text can be, and defaults that are of their type.

use std::collections::BTreeMap;

use evc_interface::call::IDEMPOTENCY_HEADER;

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Api, ApiKind, Auth, Input, Model, Route, parameter_kind};
use crate::source::Span;
use crate::spec::scalar::Name;
use crate::types::{Kind, Type, describe, json_bytes};

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for (api, route) in model.routes() {
        let Some(function) = route.function() else { continue };
        let input = match &model.functions[function].input {
            Input::Value(input) => Some(input),
            // That a request is none is said elsewhere.
            Input::Events(_) => continue,
            Input::Nothing => None,
        };
        let of = Of { model, api, route, name: &model.functions[function].head.name, input };
        let mut found = Vec::new();
        of.names(&mut found);
        of.fields(&mut found);
        of.defaults(&mut found);
        of.size(&mut found);
        diagnostics.extend(found.into_iter().map(|diagnostic| super::item(api, diagnostic)));
    }
}

/// A route and the function that it calls.
struct Of<'m> {
    model: &'m Model,
    api: &'m Api,
    route: &'m Route,
    name: &'m str,
    input: Option<&'m Type>,
}

/// What a request may say, as an adjective of where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Path,
    Query,
    Header,
    Cookie,
    Body,
}

impl Place {
    fn called(self) -> &'static str {
        match self {
            Self::Path => "the path",
            Self::Query => "the query",
            Self::Header => "a header",
            Self::Cookie => "a cookie",
            Self::Body => "the body",
        }
    }
}

impl<'m> Of<'m> {
    /// What the route says, in its order.
    fn said(&self) -> impl Iterator<Item = (Place, &'m Name, &'m Name)> {
        let of = |place, names: &'m indexmap::IndexMap<Name, Name>| {
            names.iter().map(move |(name, field)| (place, name, field))
        };
        let sources = &self.route.sources;
        let body = sources.body.iter().map(|field| (Place::Body, field, field));
        of(Place::Query, &sources.query)
            .chain(of(Place::Header, &sources.headers))
            .chain(of(Place::Cookie, &sources.cookies))
            .chain(body)
    }

    /// Headers that never come, or not as they were sent; and names that are one.
    fn names(&self, diagnostics: &mut Vec<Diagnostic>) {
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        for name in self.route.sources.headers.keys() {
            let lower = name.to_ascii_lowercase();
            if let Some(why) = kept_back(&lower) {
                let message = format!("a function cannot take the header `{}`", name.as_str());
                diagnostics.push(Diagnostic::new(Code::EVC0731, name.span, message).note(why.0).help(why.1));
            }
            if let Some(first) = seen.insert(lower, name.span) {
                let message = format!("`{}` is named twice: the names of headers have no case", name.as_str());
                diagnostics
                    .push(Diagnostic::new(Code::EVC0731, name.span, message).secondary(first, "the first is here"));
            }
        }
    }

    /// Every name is that of a field, which comes from one place and can be read from it.
    fn fields(&self, diagnostics: &mut Vec<Diagnostic>) {
        let types = &self.model.types;
        let mut taken: BTreeMap<&str, (Place, Span)> =
            self.route.parameters().map(|name| (name, (Place::Path, self.route.parameter_span(name)))).collect();
        for (place, name, field) in self.said() {
            let Some(input) = self.input else {
                let message = format!("function `{}` has no `input` that could take `{}`", self.name, field.as_str());
                let help = format!("say `input: {{ {}: string }}`", field.as_str());
                diagnostics.push(Diagnostic::new(Code::EVC0732, field.span, message).help(help));
                continue;
            };
            let Some(fields) = types.record(input) else {
                if types.resolve(input).kind != Kind::Any && !matches!(types.resolve(input).kind, Kind::Named(_)) {
                    let message =
                        format!("the input of function `{}` is `{}`, which has no fields", self.name, describe(input));
                    diagnostics.push(
                        Diagnostic::new(Code::EVC0732, field.span, message)
                            .secondary(input.span, "it is declared here"),
                    );
                }
                continue;
            };
            let Some(known) = fields.get(field.as_str()) else {
                let message = format!("the input of function `{}` has no field `{}`", self.name, field.as_str());
                diagnostics.push(
                    Diagnostic::new(Code::EVC0732, field.span, message)
                        .secondary(input.span, "the input is declared here")
                        .suggest(field, fields.keys().copied()),
                );
                continue;
            };
            if let Some((first, at)) = taken.get(field.as_str()) {
                let places = match (*first, place) {
                    (Place::Query, Place::Query) => "the query twice".to_owned(),
                    (Place::Header, Place::Header) => "two headers".to_owned(),
                    (Place::Cookie, Place::Cookie) => "two cookies".to_owned(),
                    (first, second) => format!("{} and from {}", first.called(), second.called()),
                };
                let message = format!("`{}` would come from {places}", field.as_str());
                diagnostics.push(
                    Diagnostic::new(Code::EVC0732, field.span, message)
                        .secondary(*at, "it comes from here")
                        .help("give each a field of its own"),
                );
                continue;
            }
            taken.insert(field.as_str(), (place, field.span));
            // Of a route without a body, what is left comes with the query by its own name.
            let twin = fields.get_key_value(name.as_str()).filter(|(other, _)| **other != field.as_str());
            let is_left = |other: &str| !self.route.has_body() && !self.route.sources.fields().contains(&other);
            if let Some((other, known)) = twin.filter(|(other, _)| place == Place::Query && is_left(other)) {
                let message = format!("the query's `{other}` would be `{}` and `{other}`", field.as_str());
                diagnostics.push(
                    Diagnostic::new(Code::EVC0732, name.span, message)
                        .secondary(known.name_span, "this field comes with the query by its own name")
                        .help("give each a name of its own in the query"),
                );
            }
            self.readable(place, name, &known.ty, diagnostics);
        }
    }

    /// A type that the text of a header, a cookie or a parameter can be.
    fn readable(&self, place: Place, name: &Name, ty: &'m Type, diagnostics: &mut Vec<Diagnostic>) {
        let types = &self.model.types;
        let kind = parameter_kind(types, ty);
        let is_list = matches!(types.resolve(ty).kind, Kind::List(..));
        if place == Place::Body {
            if self.route.has_body() {
                diagnostics.extend(self.without_bytes(name, ty));
            } else {
                let message = format!("a request with `{}` has no body", self.route.method);
                let diagnostic = Diagnostic::new(Code::EVC0736, name.span, message);
                diagnostics.push(diagnostic.help("use `POST`, `PUT` or `PATCH`"));
            }
            return;
        }
        if kind.is_some() && !(is_list && place == Place::Cookie) {
            return;
        }
        let message = format!("`{}` is `{}`, which cannot come with {}", name.as_str(), describe(ty), place.called());
        let help = match place {
            Place::Cookie => "make it a text, a number, a boolean or an enumeration, or let it come with the body",
            Place::Path | Place::Query | Place::Header | Place::Body => {
                "make it a text, a number, a boolean, an enumeration, or a list of these, or let it come with the body"
            }
        };
        diagnostics.push(
            Diagnostic::new(Code::EVC0733, name.span, message)
                .secondary(ty.span, "the field is declared here")
                .help(help),
        );
    }

    /// A REST API hands a body over as text, in which bytes that are no UTF-8 are lost. What a webhook sends is signed text.
    fn without_bytes(&self, name: &Name, ty: &'m Type) -> Option<Diagnostic> {
        let is_bytes = self.model.types.resolve(ty).kind == Kind::Bytes;
        if !is_bytes || self.api.kind != ApiKind::Rest || matches!(self.route.auth, Auth::Webhook(_)) {
            return None;
        }
        let message = format!("a REST API hands over no bytes, which `{}` are to be", name.as_str());
        Some(
            Diagnostic::new(Code::EVC0738, name.span, message)
                .secondary(ty.span, "the field is declared here")
                .secondary(self.api.head.name_span, "the API is a REST API")
                .note("it hands a body over as text, in which bytes that are no UTF-8 are lost; its binary media types would count for all its routes")
                .help("let the route be of an API of `kind: http`, or make the field a `string`"),
        )
    }

    /// Defaults are of what may be missing beside the body, and of its type.
    fn defaults(&self, diagnostics: &mut Vec<Diagnostic>) {
        let types = &self.model.types;
        let request = self.model.request(self.route);
        let fields = self.input.and_then(|input| types.record(input)).unwrap_or_default();
        for (name, default) in &self.route.sources.defaults {
            let refuse = |message: String| Diagnostic::new(Code::EVC0734, name.span, message);
            let Some(field) = fields.get(name.as_str()) else {
                let message = format!("the input of function `{}` has no field `{}`", self.name, name.as_str());
                diagnostics.push(refuse(message).suggest(name, fields.keys().copied()));
                continue;
            };
            let is_in_path = self.route.parameters().any(|parameter| parameter == name.as_str());
            if is_in_path || request.beside_the_body().all(|parameter| parameter.field != name.as_str()) {
                let (message, help) = if is_in_path {
                    (format!("`{}` is in the path, and is never missing", name.as_str()), "leave the default out")
                } else {
                    let help = "let it come with the query (`query: { limit: limit }`), or make it optional";
                    (format!("`{}` comes with the body, which is taken as it is", name.as_str()), help)
                };
                diagnostics.push(refuse(message).help(help));
                continue;
            }
            if field.optional {
                let message = format!("`{}` may be absent, and has a default", name.as_str());
                let help = "leave the `?` out: with a default it is always there";
                diagnostics.push(refuse(message).secondary(field.name_span, "it is declared here").help(help));
            }
            let Some(value) = default.0.json() else { continue };
            if let Some(problem) = types.validate(&field.ty, &value).first() {
                let message = format!("the default of `{}` is not of its type: {}", name.as_str(), problem.reason);
                let diagnostic = Diagnostic::new(Code::EVC0734, default.span, message);
                diagnostics.push(diagnostic.secondary(field.ty.span, "it is declared here"));
            }
        }
    }

    /// Headers and cookies that must come and can be no shorter than what a gateway takes.
    fn size(&self, diagnostics: &mut Vec<Diagnostic>) {
        let request = self.model.request(self.route);
        let least: u64 = request
            .headers
            .iter()
            .chain(&request.cookies)
            .filter(|parameter| parameter.required)
            .map(|parameter| {
                let value = parameter.ty.map_or(0, |ty| self.model.types.min_characters(ty));
                json_bytes(parameter.name) + value
            })
            .sum();
        if least <= MAX_HEADER_BYTES {
            return;
        }
        let message = format!("requests would have at least {least} bytes of headers");
        diagnostics.push(
            Diagnostic::new(Code::EVC0735, self.route.span, message)
                .note(format!(
                    "API Gateway takes {MAX_HEADER_BYTES}, and the request line of an HTTP API counts with them"
                ))
                .help("let what is long come with the body"),
        );
    }
}

/// The bytes of all header values of a request; of an HTTP API together with the request line.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>,
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
const MAX_HEADER_BYTES: u64 = 10_240;

/// Headers that a gateway keeps, makes or renames, so that a function does not get what was sent; in lower case. With why, and what to do.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html>,
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-parameter-mapping.html#http-api-mapping-reserved-headers>
fn kept_back(name: &str) -> Option<(&'static str, &'static str)> {
    const HOPS: [&str; 14] = [
        "connection",
        "content-encoding",
        "content-length",
        "content-md5",
        "expect",
        "host",
        "keep-alive",
        "max-forwards",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "proxy-authorization",
    ];
    const OF_GATEWAY: [&str; 4] = ["apigw-", "x-amz-", "x-amzn-", "x-forwarded-"];
    let instead = match name {
        "cookie" => ("a `Cookie` header has all cookies of the page", "name the cookie under `cookies`"),
        "authorization" => {
            ("it says who calls, and is the secret of whoever does", "say `auth`: `cx.caller()` tells who it is")
        }
        IDEMPOTENCY_HEADER => {
            ("it is what a repeated request is known by", "say `idempotent: true`, or ask `cx.idempotency_key()`")
        }
        "origin" => ("it is for browsers, and decides nothing", "say `cors`"),
        "forwarded" => ("API Gateway writes it", "ask `cx.source_ip()`"),
        name if name.starts_with("access-control-") => ("it is of CORS, which the gateway answers", "say `cors`"),
        name if OF_GATEWAY.iter().any(|prefix| name.starts_with(prefix)) => (
            "API Gateway writes it, or a proxy before it",
            "ask `cx.source_ip()` or `cx.api_request_id()`, or give it another name",
        ),
        name if HOPS.contains(&name) => ("API Gateway keeps it, writes it anew or renames it", "give it another name"),
        _ => return None,
    };
    Some(instead)
}
