//! `authorizer:` of a function: what of a request it decides by, and for how long its answer holds.

use evc_macros::Section;
use indexmap::IndexMap;

use super::sources::{Sources, tokens};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::spec::decode::{Decoder, Fields};
use crate::spec::function::{Function, Idempotency};
use crate::spec::range::Range;
use crate::spec::scalar::{Duration, Name, map_of};

/// What of a request decides who calls. What is required of it and missing is answered with 401 before the function runs.
#[derive(Debug, Clone, Section)]
#[section(what = "an authorizer", check = headers)]
pub struct Authorizer {
    /// Parameters of the query, each with the field of the input that it is.
    #[key(default, schema = map_of::<Name>)]
    pub query: IndexMap<Name, Name>,
    /// Headers, each with the field of the input that it is: `{ Authorization: token }`.
    #[key(default, schema = tokens)]
    pub headers: IndexMap<Name, Name>,
    /// Cookies, each with the field of the input that it is.
    #[key(default, schema = tokens)]
    pub cookies: IndexMap<Name, Name>,
    /// The field of the input that the method of the request is: `GET`.
    pub method: Option<Name>,
    /// The field of the input that the path of the request is, as it was asked for.
    pub path: Option<Name>,
    /// The field of the input that the address is from which the request came, as API Gateway saw it.
    pub source_ip: Option<Name>,
    /// How long an answer holds for requests that bring the same in all of these: {range}. Without it, each request is asked about.
    #[key(range = CACHE)]
    pub cache: Option<Spanned<Duration>>,
}

/// <https://docs.aws.amazon.com/apigateway/latest/api/API_CreateAuthorizer.html>
const CACHE: Range<Duration> =
    Range::new("the time that an authorizer's answer holds", Duration::seconds(1)..=Duration::hours(1));

/// Where a field of an authorizer's input comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorizerPlace {
    /// A parameter of the query.
    Query,
    /// A header.
    Header,
    /// A cookie.
    Cookie,
    /// What API Gateway itself says of the request.
    Said,
}

impl Authorizer {
    /// Every source with its name there, and the field that it is. What API Gateway says has the name of its key.
    pub fn sources(&self) -> impl Iterator<Item = (AuthorizerPlace, &str, &Name)> {
        fn of(
            place: AuthorizerPlace,
            names: &IndexMap<Name, Name>,
        ) -> impl Iterator<Item = (AuthorizerPlace, &str, &Name)> {
            names.iter().map(move |(name, field)| (place, name.as_str(), field))
        }
        let said = [("method", &self.method), ("path", &self.path), ("source-ip", &self.source_ip)];
        let said = said.into_iter().filter_map(|(name, field)| Some((AuthorizerPlace::Said, name, field.as_ref()?)));
        of(AuthorizerPlace::Header, &self.headers)
            .chain(of(AuthorizerPlace::Query, &self.query))
            .chain(of(AuthorizerPlace::Cookie, &self.cookies))
            .chain(said)
    }
}

/// Headers and cookies have names that can be.
fn headers(authorizer: &Authorizer, _: &Fields<'_>, cx: &mut Decoder) {
    let (headers, cookies) = (authorizer.headers.clone(), authorizer.cookies.clone());
    Sources { headers, cookies, ..Sources::default() }.check(cx);
}

/// An authorizer says who calls, or refuses: it has an output and no other answer, and is called for nothing else.
pub fn alone(function: &Function, _: &Fields<'_>, cx: &mut Decoder) {
    let Some(authorizer) = &function.authorizer else { return };
    let mut refuse = |at: Span, message: String, help: &str| {
        cx.report(
            Diagnostic::new(Code::EVC0658, at, message).secondary(authorizer.span, "it is an authorizer").help(help),
        );
    };
    if let Some((name, _)) = function.responses.first() {
        let help = "say its `output`, which is who calls; whatever fails is a refusal";
        refuse(name.span, "an authorizer answers no request, so that it has no `responses`".to_owned(), help);
    }
    if let Some(idempotent) = function.idempotent.as_ref().filter(|it| matches!(it.value, Idempotency::On { .. })) {
        let help = "leave it out; `cache` keeps answers";
        refuse(idempotent.span, "nothing that asks an authorizer has a key of idempotency".to_owned(), help);
    }
    for (error, status) in &function.errors.0 {
        if let Some(status) = status.as_ref().filter(|status| status.value != REFUSED) {
            let message =
                format!("`{}` is answered with {REFUSED}, as everything that an authorizer refuses", error.value);
            refuse(status.span, message, "say 403, or no status");
        }
    }
}

/// What API Gateway answers a request with that an authorizer does not let through.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html>
const REFUSED: u64 = 403;
