//! Functions that are authorizers: what they are called for, what they decide by, and what they say of callers.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html>,
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html>

use std::collections::{BTreeMap, BTreeSet};

use evc_interface::call::AUTHORIZER;
use evc_interface::limits::AUTHORIZER_CONTEXT_BYTES;
use serde_json::Value;

use super::OF_ONE_HOP;
use crate::check::said_where;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{
    AUTHORIZER_TIMEOUT, ApiKind, Authorizer, AuthorizerPlace, Function, Id, Input, Model, SUBJECT, Thing, claim_kind,
    parameter_kind,
};
use crate::source::{Span, Spanned};
use crate::types::{Field, Kind, describe, is_text};

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for (id, function) in model.functions.iter() {
        let Some(authorizer) = &function.authorizer else { continue };
        let of = Of { model, id, function, authorizer };
        let mut found = Vec::new();
        of.called_for(&mut found);
        of.decides_by(&mut found);
        of.says(&mut found);
        of.timeout(&mut found);
        diagnostics.extend(found.into_iter().map(|found| found.on(format!("functions.{}", function.head.name))));
    }
}

struct Of<'m> {
    model: &'m Model,
    id: Id<Function>,
    function: &'m Function,
    authorizer: &'m Spanned<Authorizer>,
}

/// The names of what stands beside it in the request's context.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html>
const TAKEN: [&str; 6] = [AUTHORIZER, "claims", "iam", "integrationLatency", "jwt", "principalId"];

impl Of<'_> {
    /// Nothing but APIs that ask it. An event, a message or a request would have to look like the question of an API.
    fn called_for(&self, diagnostics: &mut Vec<Diagnostic>) {
        let name = &self.function.head.name;
        let asks = |edge: &&crate::model::Edge| edge.relation == crate::model::Relation::Asks;
        let graph = self.model.graph();
        let others = self.model.triggers(self.id).into_iter().filter(|trigger| {
            let asked = graph.from(*trigger).filter(asks).any(|edge| edge.to == Thing::Function(self.id));
            !asked || self.model.routes_of(self.id).next().is_some()
        });
        if let Some(other) = others.chain(self.model.invoked_otherwise(self.id)).next() {
            let message =
                format!("`{name}` is an authorizer, and `{}` calls it for something else", self.model.path(other));
            let place = graph.to(Thing::Function(self.id)).find(|edge| edge.from == other && !asks(edge));
            let diagnostic =
                Diagnostic::new(Code::EVC0658, place.map_or(self.authorizer.span, |edge| edge.span), message);
            diagnostics.push(
                diagnostic
                    .secondary(self.authorizer.span, "it is an authorizer")
                    .note("whoever may invoke it otherwise could ask in the name of an API")
                    .help("make a function of each, which share what they do in the crate"),
            );
        }
    }

    /// Each source is a field of the input that a text can be, each field comes from one, and what answers are kept by is always there.
    fn decides_by(&self, diagnostics: &mut Vec<Diagnostic>) {
        let types = &self.model.types;
        let name = &self.function.head.name;
        let input = match &self.function.input {
            Input::Value(input) => Some(input),
            Input::Nothing | Input::Events(_) => None,
        };
        let fields = input.and_then(|input| types.record(input)).unwrap_or_default();
        let mut taken: BTreeMap<&str, Span> = BTreeMap::new();
        let mut headers: BTreeSet<String> = BTreeSet::new();
        for (place, called, field) in self.authorizer.sources() {
            if place == AuthorizerPlace::Header && !headers.insert(called.to_ascii_lowercase()) {
                let message = format!("`{called}` is named twice: the names of headers have no case");
                diagnostics.push(refuse(field.span, message));
            }
            let Some((known, of)) = fields.get_key_value(field.as_str()) else {
                let message = format!("the input of function `{name}` has no field `{}`", field.as_str());
                let help = format!("say `input: {{ {}: string }}`", field.as_str());
                diagnostics.push(refuse(field.span, message).suggest(field, fields.keys().copied()).help(help));
                continue;
            };
            if let Some(first) = taken.insert(known, field.span) {
                let message = format!("`{known}` comes from two places");
                diagnostics.push(refuse(field.span, message).secondary(first, "the first is here"));
            }
            self.source(place, called, of, field.span, diagnostics);
            diagnostics.extend(self.never(place, called, of, field.span));
        }
        for (field, of) in fields.iter().filter(|(name, field)| !field.optional && !taken.contains_key(*name)) {
            let message = format!("nothing of a request is the field `{field}` of the authorizer's input");
            let help = "name it under `headers`, `query`, `cookies`, `method`, `path` or `source-ip`, or take it out";
            diagnostics
                .push(refuse(of.name_span, message).secondary(self.authorizer.span, "what it decides by").help(help));
        }
        if let Some(cache) = &self.authorizer.cache
            && taken.is_empty()
        {
            let message = "an answer that is kept by nothing is everybody's";
            let help = "name what of a request says who calls, or take `cache` out";
            diagnostics.push(refuse(cache.span, message.to_owned()).help(help));
        }
    }

    fn source(&self, place: AuthorizerPlace, called: &str, of: &Field, at: Span, diagnostics: &mut Vec<Diagnostic>) {
        let types = &self.model.types;
        let kind = parameter_kind(types, &of.ty);
        if kind.is_none() || matches!(types.resolve(&of.ty).kind, Kind::List(..)) {
            let message = format!("`{called}` is one text, and the field is `{}`", describe(&of.ty));
            diagnostics.push(refuse(at, message).secondary(of.ty.span, "it is declared here"));
        } else if let Some(cache) = self.authorizer.cache.as_ref().filter(|_| of.optional) {
            let message = format!("a request may lack `{called}`, and answers are kept by it");
            let diagnostic = refuse(cache.span, message).secondary(of.name_span, "it may be absent");
            let note = "API Gateway answers 401 to a request that lacks something by which answers are kept";
            diagnostics.push(diagnostic.note(note).help("take the `?` away, or `cache`"));
        } else if place == AuthorizerPlace::Said && of.optional {
            let message = format!("every request has a `{called}`");
            diagnostics.push(refuse(of.name_span, message).help("take the `?` away"));
        }
    }

    /// What no request has that is asked about: a header that goes no further than the next hop, a method that no route has, a type that an
    /// address or a path never is. Nobody would be let in.
    fn never(&self, place: AuthorizerPlace, called: &str, of: &Field, at: Span) -> Option<Diagnostic> {
        let types = &self.model.types;
        let holds = |text: &str| types.validate(&of.ty, &Value::from(text)).is_empty();
        let kind = &types.resolve(&of.ty).kind;
        let refuse = |message: String| Some(refuse(at, message).secondary(of.ty.span, "the field is declared here"));
        match (place, called) {
            (AuthorizerPlace::Header, name) => {
                let is_kept = OF_ONE_HOP.contains(&name.to_ascii_lowercase().as_str()) && !of.optional;
                is_kept.then(|| refuse(format!("no request has a header `{name}` when API Gateway asks"))).flatten()
            }
            (AuthorizerPlace::Query, name) => {
                // <https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html>
                let is_taken = name.chars().all(|c| c.is_ascii_alphanumeric() || "._$-".contains(c));
                let rest = self.model.asked_by(self.id).find(|api| api.kind == ApiKind::Rest);
                let rest = rest.filter(|_| !is_taken && !of.optional)?;
                let message = format!("a REST API cannot look for a parameter called `{name}`");
                let diagnostic = refuse(message)?.secondary(rest.head.name_span, "the API is here");
                Some(
                    diagnostic
                        .help("use a name of letters, digits, `_`, `-`, `.` and `$`, or write the field with `?`"),
                )
            }
            (AuthorizerPlace::Said, "method") if parameter_kind(types, &of.ty) == Some("Text") => {
                let asks = |(_, route): &(_, &crate::model::Route)| route.authorizer == Some(self.id);
                let (_, route) = self.model.routes().filter(asks).find(|(_, route)| !holds(&route.method))?;
                let message = format!("`{called}` is `{}` here, and never of this type", route.method);
                refuse(message).map(|diagnostic| diagnostic.secondary(route.span, "this route asks"))
            }
            (AuthorizerPlace::Said, "method" | "path") if parameter_kind(types, &of.ty) != Some("Text") => {
                refuse(format!("`{called}` is a text, and never `{}`", describe(&of.ty)))
            }
            (AuthorizerPlace::Said, "path") if !starts_with_a_slash(kind) => {
                refuse(format!("`path` starts with `/`, and is never `{}`", describe(&of.ty)))
            }
            (AuthorizerPlace::Said, "source-ip") if !is_address(kind) => {
                refuse(format!("`source-ip` is an address such as `192.0.2.1`, and never `{}`", describe(&of.ty)))
            }
            _ => None,
        }
    }

    /// A record of what a request's context can carry, with a `sub` by which callers are told apart.
    fn says(&self, diagnostics: &mut Vec<Diagnostic>) {
        let types = &self.model.types;
        let refuse = |at: Span, message: String| Diagnostic::new(Code::EVC0666, at, message);
        let help = "say who calls: `output: { sub: string, … }`";
        let Some(output) = &self.function.output else {
            let message = format!("authorizer `{}` says nothing of callers", self.function.head.name);
            diagnostics.push(refuse(self.authorizer.span, message).help(help));
            return;
        };
        let Some(fields) = types.record(output) else {
            if !matches!(types.resolve(output).kind, Kind::Named(_)) {
                let message = format!("what an authorizer says is a record, found `{}`", describe(output));
                diagnostics.push(refuse(output.span, message).help(help));
            }
            return;
        };
        let least = types.min_json_bytes(output);
        if least > AUTHORIZER_CONTEXT_BYTES as u64 {
            let message =
                format!("this has at least {least} bytes, and API Gateway hands on at most {AUTHORIZER_CONTEXT_BYTES}");
            let help = "say who calls, and let the functions behind look up the rest";
            diagnostics.push(refuse(output.span, message).help(help));
        }
        match fields.get(SUBJECT) {
            Some(sub) if !sub.optional && is_text(&types.resolve(&sub.ty).kind) => {}
            Some(sub) => {
                let message = "`sub` tells callers apart, so that it is a text that is always there";
                diagnostics.push(refuse(sub.name_span, message.to_owned()).help("write `sub: string`"));
            }
            None => {
                let message = "an authorizer has to say who calls: there is no `sub`";
                let note = "keys of idempotency are a caller's own, and `sub` is what is his";
                diagnostics.push(refuse(output.span, message.to_owned()).note(note).help(help));
            }
        }
        for (name, field) in fields {
            if TAKEN.contains(&name) {
                let message = format!("`{name}` is something else in what API Gateway hands on");
                diagnostics.push(refuse(field.name_span, message).help("give it another name"));
            }
            if claim_kind(types, &field.ty).is_none() && !matches!(types.resolve(&field.ty).kind, Kind::Named(_)) {
                let message = format!("`{name}` is `{}`, which API Gateway does not hand on", describe(&field.ty));
                let note = "what an authorizer says reaches a function as texts";
                let help = "it may be `string`, `integer`, `number`, `boolean`, `uuid`, an enumeration, or a list of texts or whole numbers";
                diagnostics.push(refuse(field.ty.span, message).note(note).help(help));
            }
        }
    }

    /// API Gateway does not wait for long.
    fn timeout(&self, diagnostics: &mut Vec<Diagnostic>) {
        let longest = |timeout| timeout > AUTHORIZER_TIMEOUT;
        let longer = said_where(self.model, &self.function.timeout, self.function.timeout_span, longest);
        if let Some((place, timeout)) = longer.first() {
            let message =
                format!("function `{}` may take longer than an API waits for an authorizer", self.function.head.name);
            diagnostics.push(
                Diagnostic::new(Code::EVC0607, *place, message)
                    .label(format!("its timeout is {timeout}"))
                    .secondary(self.authorizer.span, "it is an authorizer")
                    .note("after 10 seconds the caller gets an error, and the function works on unseen")
                    .help(format!("give it at most `{AUTHORIZER_TIMEOUT}`")),
            );
        }
    }
}

/// Whether texts of a kind may be paths.
fn starts_with_a_slash(kind: &Kind) -> bool {
    if let Kind::Enum(literals) = kind {
        return literals.iter().any(|literal| literal.value.starts_with('/'));
    }
    !matches!(kind, Kind::Uuid | Kind::Timestamp | Kind::Date | Kind::Duration)
}

/// Whether texts of a kind may be addresses, of which the shortest is `::1` and the longest has 45 characters.
fn is_address(kind: &Kind) -> bool {
    if let Kind::Enum(literals) = kind {
        return literals.iter().any(|literal| literal.value.parse::<std::net::IpAddr>().is_ok());
    }
    if let Kind::String(range) = kind {
        return range.min.is_none_or(|least| least <= 45) && range.max.is_none_or(|most| most >= 3);
    }
    matches!(kind, Kind::Any | Kind::Named(_))
}

fn refuse(at: Span, message: String) -> Diagnostic {
    Diagnostic::new(Code::EVC0665, at, message)
}
