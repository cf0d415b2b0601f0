//! Functions that are authorizers: what they are called for, what they decide by, and what they say of callers.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html>,
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html>

use std::collections::{BTreeMap, BTreeSet};

use evc_interface::call::AUTHORIZER;

use crate::check::said_where;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{
    AUTHORIZER_TIMEOUT, Authorizer, AuthorizerPlace, Function, Id, Input, Model, SUBJECT, Thing, claim_kind,
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

fn refuse(at: Span, message: String) -> Diagnostic {
    Diagnostic::new(Code::EVC0665, at, message)
}
