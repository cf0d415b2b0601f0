//! Routes of webhooks: what they lead to, and what becomes of a request that is sent again.

use super::OF_ONE_HOP;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Api, Function, Id, Integration, Model, Route, Webhook};
use crate::source::Span;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let mut told: Vec<Span> = Vec::new();
    let mut twice: Vec<(Id<Function>, String)> = Vec::new();
    let mut again: Vec<Id<Function>> = Vec::new();
    for (api, route) in model.routes() {
        let Some(webhook) = route.webhook.as_deref() else { continue };
        let found = match &route.integration {
            Integration::Table(_) => Some(no_function(route, "reads or writes a table by itself")),
            Integration::Workflow(_) => Some(no_function(route, "starts executions by itself")),
            Integration::Function(_) if !route.has_body() => Some(no_body(route)),
            // Once for both.
            Integration::Function(id) => another(model, *id, api, route).filter(|_| {
                let seen = (*id, route.key());
                let is_new = !twice.contains(&seen);
                twice.push(seen);
                is_new
            }),
        };
        let found = found.into_iter().chain(header_of_a_hop(webhook).filter(|_| !told.contains(&webhook.span)));
        let found = found.chain(unsigned_id(webhook).filter(|_| !told.contains(&webhook.span)));
        let function = route.function().filter(|id| !again.contains(id));
        let replayed = function.and_then(|id| replayed(&model.functions[id], route, webhook));
        again.extend(function.filter(|_| replayed.is_some()));
        diagnostics.extend(found.chain(replayed).map(|found| super::item(api, found)));
        told.push(webhook.span);
    }
}

fn no_function(route: &Route, what: &str) -> Diagnostic {
    let message = format!("no function checks the signatures of `{}`", route.key());
    Diagnostic::new(Code::EVC0667, route.span, message)
        .secondary(route.auth_span, "they are signed by another system")
        .note(format!("API Gateway knows no such signatures, and {what}"))
        .help("let the route lead to a function")
}

fn no_body(route: &Route) -> Diagnostic {
    let message = format!("a `{}` has no body that could be signed", route.method);
    Diagnostic::new(Code::EVC0667, route.span, message)
        .secondary(route.auth_span, "its requests are signed by another system")
        .note("its signature would be that of every other request without a body")
        .help("say `POST`; a route by which the sender only asks whether you are there is one of `auth: none`")
}

/// The same method and path in another API, to the same function, which is let in in another way: a function knows routes by these.
fn another(model: &Model, id: Id<Function>, api: &Api, route: &Route) -> Option<Diagnostic> {
    let (_, other) = model.routes_of(id).find(|(other, there)| {
        other.head.name != api.head.name && there.key() == route.key() && !is_same(there, route)
    })?;
    let message =
        format!("function `{}` has `{}` twice, and one is not signed so", model.functions[id].head.name, route.key());
    Some(
        Diagnostic::new(Code::EVC0667, route.span, message)
            .secondary(other.span, "the other one")
            .note("the function tells routes by method and path, and would take each for both")
            .help("give one of them another path, or another function"),
    )
}

/// Whether the requests of both are signed alike.
fn is_same(one: &Route, other: &Route) -> bool {
    match (&one.webhook, &other.webhook) {
        (Some(one), Some(other)) => one.is_same(other),
        _ => false,
    }
}

/// A signature in a header that goes no further than the next hop never comes.
fn header_of_a_hop(webhook: &Webhook) -> Option<Diagnostic> {
    let of_time = webhook.timestamp.as_deref().into_iter().filter(|time| !time.ends_with('='));
    let id = webhook.id.as_ref().map(|id| id.value.as_str());
    let mut headers = [webhook.header.as_str()].into_iter().chain(of_time).chain(id);
    let header = headers.find(|header| OF_ONE_HOP.contains(&header.to_ascii_lowercase().as_str()))?;
    let message = format!("a function cannot take the header `{header}`");
    let diagnostic = Diagnostic::new(Code::EVC0731, webhook.span, message)
        .note("API Gateway keeps it, writes it anew or renames it");
    Some(diagnostic.help("name the header that the sender signs in"))
}

/// What tells deliveries apart can be changed by whoever sends one again.
fn unsigned_id(webhook: &Webhook) -> Option<Diagnostic> {
    let id = webhook.id.as_ref().filter(|_| !webhook.signs_id())?;
    let message = format!("the header `{}`, which tells deliveries apart, is not signed", id.value);
    let mut found = Diagnostic::new(Code::EVC0669, id.span, message)
        .note("whoever has seen a request can send it again with another one, and it is a new delivery")
        .help("leave `id` out: then the body tells them apart, which is signed");
    if webhook.timestamp.is_some() {
        found = found.note("only until the time that is signed is too old");
    }
    Some(found)
}

/// A request without a time is right for ever.
fn replayed(function: &Function, route: &Route, webhook: &Webhook) -> Option<Diagnostic> {
    if webhook.timestamp.is_some()
        && let Some(kept) = function.idempotent
        // It counts before and after.
        && kept.seconds < webhook.tolerance.seconds.saturating_mul(2)
    {
        let message = format!("a request to `{}` is right for longer than it is known", route.key());
        return Some(
            Diagnostic::new(Code::EVC0668, webhook.span, message)
                .secondary(function.idempotent_span, "what was done is forgotten after this")
                .note(format!("it is taken for {} before and after the time that it has", webhook.tolerance))
                .help("give `idempotent` a `retention` of at least twice that, or leave it out, which gives it a day"),
        );
    }
    if webhook.timestamp.is_some() || function.idempotent.is_some() {
        return None;
    }
    let message = format!("whoever has seen a request to `{}` can send it again, at any time", route.key());
    Some(
        Diagnostic::new(Code::EVC0668, webhook.span, message)
            .secondary(function.head.name_span, "the function does its work each time")
            .note("its sender signs no time, so that the signature stays right")
            .help("say `idempotent: true` on the function: it drops what it has had, for a day or for its `retention`"),
    )
}
