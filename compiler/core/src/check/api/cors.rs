//! Pages of other origins: those that may send credentials are named one by one, and what routes need is let through.

use crate::diagnostics::{Code, Diagnostic, list};
use crate::model::{Api, Auth, AuthorizerPlace, Cors, Input, Model, Route};

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for api in model.apis.values() {
        let Some(cors) = &api.cors else { continue };
        let found = credentials(cors)
            .into_iter()
            .chain(methods(api, cors).or_else(|| headers(model, api, cors)).or_else(|| cookies(model, api, cors)));
        diagnostics.extend(found.map(|diagnostic| super::item(api, diagnostic)));
    }
}

fn credentials(cors: &Cors) -> Option<Diagnostic> {
    let (any, credentials) = (cors.any_origin()?, cors.credentials?);
    let message = "pages of every origin cannot be let in with credentials";
    let diagnostic = Diagnostic::new(Code::EVC0623, any.span, message)
        .secondary(credentials, "credentials are allowed here")
        .note("browsers refuse such an answer, since any page could act for whoever looks at it")
        .help("name the origins of the pages, or leave out `credentials`");
    Some(diagnostic)
}

/// Methods that no route has.
fn methods(api: &Api, cors: &Cors) -> Option<Diagnostic> {
    let first = api.routes.first()?;
    if api.routes.iter().any(|route| cors.methods.contains(&route.method)) {
        return None;
    }
    let methods: Vec<&str> = cors.methods.iter().map(String::as_str).collect();
    let message = format!("pages may call with {}, and no route of the API has that method", list(&methods));
    let diagnostic = Diagnostic::new(Code::EVC0697, cors.span, message).secondary(first.span, "a route is here");
    Some(diagnostic.help("leave `methods` out: they are those of the routes then"))
}

/// Headers that a route wants and that pages may not send.
fn headers(model: &Model, api: &Api, cors: &Cors) -> Option<Diagnostic> {
    let is_sent = |name: &str| {
        // A star is no leave for this one: <https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name>.
        // With credentials it is the name of a header.
        let star = |header: &String| {
            header == "*" && cors.credentials.is_none() && !name.eq_ignore_ascii_case("authorization")
        };
        cors.headers.iter().any(|header| header.eq_ignore_ascii_case(name) || star(header))
    };
    let called = api.routes.iter().filter(|route| cors.methods.contains(&route.method));
    let lacking = |route| wanted(model, route).into_iter().filter(|name| !is_sent(name)).collect::<Vec<_>>();
    let (route, lacking) = called.map(|route| (route, lacking(route))).find(|(_, lacking)| !lacking.is_empty())?;
    let message = format!("pages may not send {}, which `{}` wants", list(&lacking), route.key());
    let diagnostic = Diagnostic::new(Code::EVC0697, cors.span, message).secondary(route.span, "the route is here");
    Some(
        diagnostic
            .note("a browser asks before it sends such a header, and does not call if the answer does not name it")
            .help("add them to `headers`, or leave that out: what routes want is in it then"),
    )
}

/// Cookies that a route wants and that pages do not send without leave.
fn cookies(model: &Model, api: &Api, cors: &Cors) -> Option<Diagnostic> {
    let called = api.routes.iter().filter(|route| cors.credentials.is_none() && cors.methods.contains(&route.method));
    let (route, cookie) = called.into_iter().find_map(|route| Some((route, wanted_cookie(model, route)?)))?;
    let message = format!("pages send no cookies, and `{}` wants `{cookie}`", route.key());
    let diagnostic = Diagnostic::new(Code::EVC0697, cors.span, message).secondary(route.span, "the route is here");
    Some(
        diagnostic
            .note("`credentials: false` keeps cookies from all requests of pages of other origins")
            .help("leave `credentials` out, or write the field of the cookie with `?`"),
    )
}

/// A cookie without which a route refuses a request.
fn wanted_cookie<'m>(model: &'m Model, route: &'m Route) -> Option<&'m str> {
    let said = model.request(route).cookies.into_iter().find(|cookie| cookie.required).map(|cookie| cookie.name);
    let is_cookie = |(place, _): &(AuthorizerPlace, &str)| *place == AuthorizerPlace::Cookie;
    said.or_else(|| model.shown(route).into_iter().find(is_cookie).map(|(_, name)| name))
}

/// The headers without which a route refuses a request from a browser.
fn wanted<'m>(model: &'m Model, route: &'m Route) -> Vec<&'m str> {
    let takes = route.function().is_none_or(|id| !matches!(model.functions[id].input, Input::Nothing));
    let mut wanted = if route.has_body() && takes { vec!["content-type"] } else { Vec::new() };
    match &route.auth {
        // No page signs so.
        Auth::None | Auth::Webhook(_) => {}
        Auth::Iam => wanted.extend(["authorization", "x-amz-date"]),
        Auth::ApiKey => wanted.push("x-api-key"),
        Auth::Jwt(_) => wanted.push("authorization"),
        Auth::Function(_) => {
            let shown = model.shown(route).into_iter();
            wanted.extend(shown.filter(|(place, _)| *place == AuthorizerPlace::Header).map(|(_, name)| name));
        }
    }
    let said = model.request(route).headers.into_iter();
    wanted.extend(said.filter(|header| header.required).map(|header| header.name));
    wanted
}
