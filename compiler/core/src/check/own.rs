//! `own`: whose items a function has. It needs a caller on every way to the function, and a claim that can be the partition key.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{CallerKind, Callers, Function, Id, Model, Table, Thing, Token};
use crate::source::Spanned;
use crate::spec::function::claim_of;
use crate::spec::scalar::Name;
use crate::types::describe;

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for (id, function) in model.functions.iter() {
        let mut found = Vec::new();
        for used in &function.tables {
            let table = &model.tables[used.table];
            if let (Some(own), Some(key)) = (&used.own, table.key.first()) {
                owner(model, id, own, table, key, &mut found);
            }
        }
        for pattern in &function.queries {
            let table = &model.tables[pattern.table.value];
            // An index that there is not is for another check.
            let Some(key) = pattern.key(model).and_then(|key| key.first()) else { continue };
            if let Some(own) = &pattern.own {
                owner(model, id, own, table, key, &mut found);
            } else if let Some(own) = pattern.owner(function)
                && table.key.first().is_some_and(|first| first.value != key.value)
            {
                let message = format!("`{}` would find items of others than its caller", pattern.name.value);
                let diagnostic = Diagnostic::new(Code::EVC0657, pattern.place(), message)
                    .label(format!("it looks by `{}`", key.value))
                    .secondary(own.span, "the function has its caller's items alone");
                found.push(diagnostic.help("say whose items here as well: `own: caller.x`, a claim that is this key"));
            }
        }
        diagnostics.extend(found.into_iter().map(|found| found.on(format!("functions.{}", function.head.name))));
    }
}

fn owner(
    model: &Model,
    id: Id<Function>,
    own: &Spanned<String>,
    table: &Table,
    key: &Name,
    found: &mut Vec<Diagnostic>,
) {
    let callers = model.callers(id);
    let Some(claim) = claim_of(own) else { return };
    let Some(tokens) = callers.tokens() else {
        let function = &model.functions[id].head;
        let message = format!("nobody is always known to call function `{}`", function.name);
        let diagnostic = Diagnostic::new(Code::EVC0656, own.span, message).note(why(model, id, &callers));
        found.push(diagnostic.help(
            "let only routes lead to it that take the tokens of an issuer, `auth: { jwt: … }`, or ask an authorizer",
        ));
        return;
    };
    if let [first, second, ..] = tokens
        && claim == "sub"
    {
        let message = "`sub` names one caller of an issuer, and two issuers may give the same";
        let diagnostic = Diagnostic::new(Code::EVC0657, own.span, message)
            .secondary(first.of.span(), "one says it")
            .secondary(second.of.span(), "and another");
        found.push(diagnostic.help("give each issuer a function, or own by a claim that both agree on"));
    }
    found.extend(tokens.first().and_then(|token| fits(model, own, claim, token, table, key)));
}

/// On which way nobody is known.
fn why(model: &Model, id: Id<Function>, callers: &Callers<'_>) -> String {
    if callers.kinds.is_empty() && !callers.optional {
        return "no route leads to it".to_owned();
    }
    let other = model.triggers(id).into_iter().find(|trigger| !matches!(trigger, Thing::Api(_)));
    if let Some(other) = other.or_else(|| model.invoked_otherwise(id)) {
        return format!("`{}` brings it work of nobody", model.path(other));
    }
    if let Some((_, route)) = model.routes_of(id).find(|(_, route)| route.auth == crate::model::Auth::None) {
        return format!("everybody may call `{}`", route.key());
    }
    if let Some((_, route)) = model.routes_of(id).find(|(_, route)| route.webhook.is_some()) {
        return format!("`{}` is called by another system, for nobody", route.key());
    }
    let is_token = |kind: &CallerKind<'_>| matches!(kind, CallerKind::Token(_));
    if callers.kinds.iter().all(is_token) {
        "its callers have tokens with different claims".to_owned()
    } else {
        "not all of its callers have a token, whose claims could say who they are".to_owned()
    }
}

/// A claim that every token has, and that can be the key.
fn fits(
    model: &Model,
    own: &Spanned<String>,
    claim: &str,
    token: &Token,
    table: &Table,
    key: &Name,
) -> Option<Diagnostic> {
    let fields = model.types.record(&token.claims)?;
    let Some(field) = fields.get(claim) else {
        let message = format!("there is no claim `{claim}`");
        let diagnostic = Diagnostic::new(Code::EVC0657, own.span, message);
        let diagnostic = diagnostic.secondary(token.claims.span, "these are the claims");
        return Some(diagnostic.suggest(claim, fields.keys().copied()));
    };
    if field.optional {
        let message = format!("not every token has a `{claim}`");
        let diagnostic = Diagnostic::new(Code::EVC0657, own.span, message);
        return Some(diagnostic.secondary(field.name_span, "it may be absent").help("take the `?` away"));
    }
    let stored = model.types.field_at(&table.item, &[key.as_str()]).ok()?;
    let ty = stored.field.map_or(stored.ty, |field| &field.ty);
    let mismatch = model.types.accepts(ty, &field.ty).err()?;
    let message = format!("`{claim}` cannot be the `{}` of an item of `{}`", key.value, table.head.name);
    let diagnostic = Diagnostic::new(Code::EVC0657, own.span, message)
        .label(mismatch.to_string())
        .secondary(field.ty.span, "the claim is declared here")
        .secondary(ty.span, "the key is declared here");
    Some(diagnostic.help(format!("say the type of the key in the claims: `claims: {{ {claim}: {} }}`", describe(ty))))
}
