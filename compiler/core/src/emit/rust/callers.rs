//! `contract/src/callers.rs`: what is known of who calls, where that is the claims of a token; and of a function, the enumeration of its
//! callers if they are of several kinds, the reading of one, and the method that gives it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::bounds::is_bounded;
use super::layout;
use super::names::{FunctionNames, Home, Names};
use super::print::{Code, literal};
use super::text::{member_paragraph, paragraph};
use super::types::definitions;
use crate::emit::Input;
use crate::model::{CallerKind, Function, Id, Model, Table, Token, TokenOf, claim_kind};
use crate::plan::api;
use crate::spec::function::claim_of;
use crate::types::rust::field_name;

/// The tokens of routes to functions, in the order of the model.
pub(super) fn tokens(model: &Model) -> Vec<&Token> {
    let taken = model.routes().filter(|(_, route)| route.function().is_some());
    let taken: Vec<&Token> = taken.filter_map(|(_, route)| model.token_of(route)).collect();
    model.tokens.iter().filter(|token| taken.iter().any(|other| std::ptr::eq(*other, *token))).collect()
}

/// The types of claims.
pub(super) fn callers(names: &Names<'_>, input: Input<'_>) -> Code {
    let mut code = Code::default();
    definitions(names, input, Home::Callers, &mut code);
    let mut done: BTreeSet<String> = BTreeSet::new();
    for token in tokens(names.model) {
        let name = names.type_of(&token.claims, Home::Callers);
        if done.insert(name.clone()) {
            claims(names, token, &name, &mut code);
        }
    }
    code
}

/// How claims are read.
fn claims(names: &Names<'_>, token: &Token, name: &str, code: &mut Code) {
    let types = &names.model.types;
    let mut list: Vec<String> = Vec::new();
    for (claim, field) in types.record(&token.claims).unwrap_or_default() {
        // What no claim is has been reported.
        let kind = claim_kind(types, &field.ty).unwrap_or("Text");
        list.push(format!("({}, evc_runtime::caller::Claim::{kind})", literal(claim)));
    }
    let read = if is_bounded(names, &token.claims) { "bounded" } else { "decode" };
    code.item(format_args!(
        "impl evc_runtime::Caller for {name} {{
    fn of(request: &evc_runtime::caller::Request) -> Result<Self, evc_runtime::Error> {{
{}
        claims.{read}()
    }}
}}",
        request(&list)
    ));
}

/// The statement that asks for claims: on one line, or with one for each claim.
fn request(claims: &[String]) -> String {
    let short = format!("        let claims = request.claims(&[{}])?;", claims.join(", "));
    if short.chars().count() <= layout::WIDTH {
        return short;
    }
    let lines: String = claims.iter().map(|claim| format!("            {claim},\n")).collect();
    format!("        let claims = request.claims(&[\n{lines}        ])?;")
}

/// The Rust type of one kind of caller.
fn kind(names: &Names<'_>, kind: &CallerKind<'_>) -> String {
    match kind {
        CallerKind::Token(tokens) => {
            tokens.first().map_or_else(String::new, |token| names.type_of(&token.claims, Home::Callers))
        }
        CallerKind::Principal => "evc_runtime::Principal".to_owned(),
        CallerKind::Key => "evc_runtime::ApiKey".to_owned(),
    }
}

/// What `cx.caller()` gives of a function, if anybody is known.
fn of(names: &Names<'_>, id: Id<Function>) -> Option<String> {
    let callers = names.model.callers(id);
    match (callers.kinds.as_slice(), &names.function(id).caller) {
        ([], _) => None,
        (_, Some(several)) => Some(format!("crate::{several}")),
        ([one, ..], None) => Some(kind(names, one)),
    }
}

/// The enumeration of a function's callers, if they are of several kinds.
pub(super) fn of_function(names: &Names<'_>, id: Id<Function>, known: &FunctionNames, code: &mut Code) {
    let Some(name) = &known.caller else { return };
    let callers = names.model.callers(id);
    let several = callers.kinds.iter().filter(|kind| matches!(kind, CallerKind::Token(_))).count() > 1;
    let (mut variants, mut arms) = (String::new(), String::new());
    for one in &callers.kinds {
        let ty = kind(names, one);
        let (variant, what, is) = match one {
            CallerKind::Token(tokens) => {
                let variant = if several { ty.trim_start_matches("crate::").to_owned() } else { "Token".to_owned() };
                let from: Vec<String> = tokens.iter().map(|token| from(token)).collect();
                let is: Vec<String> = tokens.iter().map(|token| is_of(names.model, id, token)).collect();
                (variant, format!("{}.", capitalized(&from.join(", or "))), is.join(" || "))
            }
            CallerKind::Principal => {
                ("Principal".to_owned(), "Who signed.".to_owned(), "request.is_signed()".to_owned())
            }
            CallerKind::Key => ("ApiKey".to_owned(), "Whose key it is.".to_owned(), "request.has_key()".to_owned()),
        };
        let _ = writeln!(variants, "{}    {variant}({ty}),", member_paragraph(&what));
        let _ = writeln!(
            arms,
            "        if {is} {{
            return evc_runtime::Caller::of(request).map(Self::{variant});
        }}"
        );
    }
    let docs = paragraph(&format!("Who calls `{}`.", names.model.functions[id].head.name));
    code.item(format_args!(
        "{docs}#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(crate = \"evc_runtime::serde\")]
pub enum {name} {{
{variants}}}"
    ));
    code.item(format_args!(
        "impl evc_runtime::Caller for {name} {{
    fn of(request: &evc_runtime::caller::Request) -> Result<Self, evc_runtime::Error> {{
{arms}        Err(request.nobody())
    }}
}}"
    ));
}

/// The condition that a token is one of these.
fn is_of(model: &Model, function: Id<Function>, token: &Token) -> String {
    match &token.of {
        // Known when the function runs.
        TokenOf::Issuer(jwt) if !jwt.is_fixed() => {
            let told = api::told_tokens(model, function)
                .into_iter()
                .find(|(known, ..)| std::ptr::eq(*known, &raw const **jwt));
            let (_, issuer, audience) = told.unwrap_or((jwt, String::new(), String::new()));
            format!("request.is_of_given({}, {})", literal(&issuer), literal(&audience))
        }
        TokenOf::Issuer(jwt) => {
            let audience: Vec<String> = jwt.audience.iter().map(|one| literal(&one.value)).collect();
            format!("request.is_of({}, &[{}])", literal(&jwt.issuer.value), audience.join(", "))
        }
        TokenOf::Function(_, name) => format!("request.is_let_in_by({})", literal(&name.value)),
    }
}

/// Where what is known of a caller comes from, in words.
fn from(token: &Token) -> String {
    match &token.of {
        TokenOf::Issuer(jwt) if jwt.issuer_is_left() => "the claims of a token of the issuer that is given".to_owned(),
        TokenOf::Issuer(jwt) => format!("the claims of a token of `{}`", jwt.issuer.value),
        TokenOf::Function(_, name) => format!("what the authorizer `{}` says", name.value),
    }
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// The field of the caller that an owner is: `sub` of `caller.sub`.
pub(super) fn claim(owner: &str) -> Option<String> {
    claim_of(owner).map(field_name)
}

/// The method that gives the items of a table that are the caller's.
pub(super) fn own_table(table: &Table, name: &str, method: &str, own: &str) -> String {
    let claim = claim(own).unwrap_or_default();
    let docs = member_paragraph(&format!(
        "The items of the table `{}` whose `{}` is the caller's `{}`.",
        table.head.name,
        table.key.first().map_or("", |key| key.as_str()),
        own.trim_start_matches("caller.")
    ));
    let (ty, make) = if table.key.len() > 1 { ("OwnTable", "own_table") } else { ("OwnItem", "own_item") };
    format!(
        "{docs}    pub fn {method}(&self) -> evc_runtime::table::{ty}<'_, crate::{name}, Self> {{
        self.context.{make}(&self.caller().{claim})
    }}
"
    )
}

/// How a delivery's caller is read, before the handler runs.
pub(super) fn admit(names: &Names<'_>, id: Id<Function>) -> Option<String> {
    let ty = of(names, id)?;
    let how = if names.model.callers(id).optional { "admit_if_known" } else { "admit" };
    Some(format!(
        "
    fn admit(context: &evc_runtime::Context) -> Result<(), evc_runtime::Error> {{
        context.{how}::<{ty}>()
    }}
"
    ))
}

/// The method of a context whose function knows its callers.
pub(super) fn method(names: &Names<'_>, id: Id<Function>) -> Option<String> {
    let ty = of(names, id)?;
    Some(if names.model.callers(id).optional {
        let docs = member_paragraph("Who calls; `None` where nobody is known.");
        format!("{docs}    pub fn caller(&self) -> Option<&{ty}> {{\n        self.context.caller_if_known()\n    }}\n")
    } else {
        let docs = member_paragraph("Who calls.");
        format!("{docs}    pub fn caller(&self) -> &{ty} {{\n        self.context.caller_of()\n    }}\n")
    })
}
