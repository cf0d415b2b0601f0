//! What headers, cookies and statuses mean to those who read them: a browser that gets a time in another form, a redirection without a place, or
//! a cookie of another host does nothing with it, and says nothing.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Cookie, Function, Id, Model, Response};
use crate::source::Span;
use crate::spec::given::Given;
use crate::types::{Kind, Type, describe};

/// Headers of requests that are times as HTTP writes them. <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7>
const ASKED_IN_HTTP_TIME: [&str; 2] = ["if-modified-since", "if-unmodified-since"];

/// Headers of responses that are. `Retry-After` may be a number of seconds as well.
const TOLD_IN_HTTP_TIME: [&str; 3] = ["expires", "last-modified", "retry-after"];

/// Statuses that send whoever asked to another place. <https://www.rfc-editor.org/rfc/rfc9110#section-15.4>
const REDIRECTS: [u16; 5] = [301, 302, 303, 307, 308];

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for (api, route) in model.routes().filter(|(_, route)| route.function().is_some()) {
        let request = model.request(route);
        let headers = request.headers.iter().filter(|it| ASKED_IN_HTTP_TIME.contains(&&*it.name.to_ascii_lowercase()));
        for header in headers {
            let said = route.sources.headers.iter().find(|(name, _)| name.as_str() == header.name);
            if let (Some(ty), Some((name, _))) = (header.ty, said) {
                diagnostics.extend(in_form(model, header.name, ty, name.span).map(|it| super::item(api, it)));
            }
        }
    }
    for (id, function) in model.functions.iter() {
        let mut found = Vec::new();
        for response in &function.responses {
            let fields = response.headers.as_ref().and_then(|headers| model.types.record(headers)).unwrap_or_default();
            for (name, field) in &fields {
                if TOLD_IN_HTTP_TIME.contains(&&*name.to_ascii_lowercase()) {
                    found.extend(in_form(model, name, &field.ty, field.name_span));
                }
            }
            let has_place = fields.keys().any(|name| name.eq_ignore_ascii_case("location"));
            if REDIRECTS.contains(&response.status.value) && !has_place {
                found.push(without_place(response));
            }
            found.extend(response.cookies.iter().filter_map(|cookie| elsewhere(model, id, cookie)));
        }
        diagnostics.extend(found.into_iter().map(|it| it.on(of(function))));
    }
}

fn of(function: &Function) -> String {
    format!("functions.{}", function.head.name)
}

/// A time that is not in the form of the header.
fn in_form(model: &Model, name: &str, ty: &Type, at: Span) -> Option<Diagnostic> {
    if !matches!(model.types.resolve(ty).kind, Kind::Timestamp | Kind::Date | Kind::Duration) {
        return None;
    }
    let message = format!("`{name}` is a time as HTTP writes it, and never a `{}`", describe(model.types.resolve(ty)));
    Some(
        Diagnostic::new(Code::EVC0745, at, message)
            .secondary(ty.span, "its type is here")
            .note("HTTP writes `Sat, 21 Nov 2026 10:00:00 GMT`, and reads nothing else")
            .help("make it a `string`, and let the handler read and write the form of HTTP"),
    )
}

fn without_place(response: &Response) -> Diagnostic {
    let message = format!("response `{}` sends whoever asked to another place, and says none", response.name.value);
    Diagnostic::new(Code::EVC0746, response.status.span, message)
        .note("a browser shows the body, or nothing")
        .help("give it the header: `headers: { Location: string }`")
}

/// A cookie for a domain that the host of an API is not in: browsers drop it.
/// <https://httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html#section-5.7>
fn elsewhere(model: &Model, id: Id<Function>, cookie: &Cookie) -> Option<Diagnostic> {
    let domain = cookie.domain.as_ref()?.trim_start_matches('.').to_ascii_lowercase();
    // What browsers drop wherever it comes from is told by itself.
    let is_host = domain.starts_with(|first: char| first.is_ascii_alphanumeric());
    if !is_host || cookie.name.to_ascii_lowercase().starts_with("__host-") {
        return None;
    }
    let (api, host) =
        model.routes_of(id).find_map(|(api, _)| match api.domain.as_ref().map(|domain| &domain.name.value) {
            None => Some((api, "one of API Gateway's, below `amazonaws.com`".to_owned())),
            Some(Given::Here(host)) => {
                let host = host.to_ascii_lowercase();
                let is_within = host == domain || host.strip_suffix(&domain).is_some_and(|rest| rest.ends_with('.'));
                (!is_within).then(|| (api, format!("`{host}`")))
            }
            Some(Given::Parameter) => None,
        })?;
    let message = format!("cookie `{}` is for `{domain}`, and comes from another host", cookie.name.value);
    Some(
        Diagnostic::new(Code::EVC0747, cookie.name.span, message)
            .secondary(api.head.name_span, format!("the host of this API is {host}"))
            .note("browsers drop a cookie for a domain that the host is not in")
            .help("leave `domain` out, or give the API a `domain` within it"),
    )
}
