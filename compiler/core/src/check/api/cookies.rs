//! Cookies that an API sets and takes, and that no page sends: they are for pages of its own site, or for other paths.
//!
//! <https://httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html#name-same-site-and-cross-site-re>

use std::collections::BTreeSet;

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Api, ApiKind, AuthorizerPlace, Cookie, Model, REST_STAGE, Route};
use crate::spec::given::Given;
use crate::spec::response::SameSite;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for api in model.apis.values() {
        diagnostics.extend(elsewhere(model, api).map(|diagnostic| super::item(api, diagnostic)));
        let Some(cors) = api.cors.as_ref().filter(|cors| cors.credentials.is_some()) else { continue };
        let Some(host) = host(api) else { continue };
        if cors.origins.iter().any(|origin| of_one_site(host, origin)) {
            continue;
        }
        let taken: BTreeSet<&str> = api.routes.iter().flat_map(|route| taken(model, route)).collect();
        let mut told = BTreeSet::new();
        for cookie in api.routes.iter().flat_map(|route| set(model, route)) {
            let name = cookie.name.value.as_str();
            if cookie.same_site.value == SameSite::None || !taken.contains(name) || !told.insert(cookie.name.span) {
                continue;
            }
            let message = format!("no page that `cors` lets in sends the cookie `{name}`");
            let diagnostic = Diagnostic::new(Code::EVC0748, cookie.same_site.span, message)
                .label("it is for pages of the same site")
                .secondary(cors.span, "these pages are of other sites")
                .note(format!("the site of this API is {}", site(host)))
                .note("a browser neither keeps nor sends such a cookie when a page of another site calls")
                .help("say `same-site: none`, or give the API a `domain` of the site that the pages are of");
            diagnostics.push(super::item(api, diagnostic));
        }
    }
}

/// A cookie for paths of which no route that takes it is one.
/// <https://www.rfc-editor.org/rfc/rfc6265#section-5.1.4>
fn elsewhere(model: &Model, api: &Api) -> Option<Diagnostic> {
    // The stage of a REST API is part of the path, unless a domain leads to it.
    let stage =
        if api.kind == ApiKind::Rest && api.domain.is_none() { format!("/{REST_STAGE}") } else { String::new() };
    let wrong = |cookie: &&Cookie| {
        let mut routes =
            api.routes.iter().filter(|route| taken(model, route).contains(&cookie.name.value.as_str())).peekable();
        routes.peek().is_some() && routes.all(|route| !is_below(&cookie.path, &format!("{stage}{}", route.path)))
    };
    let cookie = api.routes.iter().flat_map(|route| set(model, route)).find(wrong)?;
    let name = &cookie.name.value;
    let route = api.routes.iter().find(|route| taken(model, route).contains(&name.as_str()))?;
    let message = format!("the cookie `{name}` is for `{}`, and no route that takes it is there", cookie.path);
    let diagnostic = Diagnostic::new(Code::EVC0748, cookie.name.span, message)
        .secondary(route.span, format!("it is taken here, at `{stage}{}`", route.path))
        .note("a browser sends a cookie to its path, and to those below it");
    Some(diagnostic.help("leave `path` out, or write one that the route is below"))
}

/// Whether some request of a route is at a path or below it.
fn is_below(path: &str, route: &str) -> bool {
    let words = |path: &str| path.split('/').filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let (path, route) = (words(path), words(route));
    let fits = |(at, word): (usize, &String)| match route.get(at) {
        Some(other) => other == word || other.starts_with('{'),
        None => route.last().is_some_and(|last| last.ends_with("+}")),
    };
    path.iter().enumerate().all(fits)
}

/// The cookies that a route takes, and those that its authorizer decides by.
fn taken<'m>(model: &'m Model, route: &'m Route) -> Vec<&'m str> {
    let said = model.request(route).cookies.into_iter().map(|cookie| cookie.name);
    let shown = model.shown(route).into_iter();
    said.chain(shown.filter(|(place, _)| *place == AuthorizerPlace::Cookie).map(|(_, name)| name)).collect()
}

/// The cookies that the function of a route sets.
fn set<'m>(model: &'m Model, route: &'m Route) -> impl Iterator<Item = &'m Cookie> {
    let responses = route.function().into_iter().flat_map(|id| &model.functions[id].responses);
    responses.flat_map(|response| &response.cookies)
}

/// The host that an API is called by.
#[derive(Debug, Clone, Copy)]
enum Host<'m> {
    /// One of API Gateway's.
    OfGateway,
    /// Its own domain.
    Own(&'m str),
}

/// `None` where each deployment says it.
fn host(api: &Api) -> Option<Host<'_>> {
    match api.domain.as_ref().map(|domain| &domain.name.value) {
        None => Some(Host::OfGateway),
        Some(Given::Here(host)) => Some(Host::Own(host)),
        Some(Given::Parameter) => None,
    }
}

fn site(host: Host<'_>) -> String {
    match host {
        Host::OfGateway => "its own host of API Gateway, which shares its site with no other".to_owned(),
        Host::Own(host) => format!("`{}`", last_two(host)),
    }
}

/// Whether an origin may be of the site of an API. Hosts of API Gateway are each a site of their own; of others, the last two words of a name
/// are taken for the site, which is never less than it.
/// <https://publicsuffix.org/>
fn of_one_site(host: Host<'_>, origin: &str) -> bool {
    let Host::Own(host) = host else { return origin.contains(".execute-api.") };
    let of_origin = origin.split_once("://").map_or(origin, |(_, rest)| rest);
    let of_origin = of_origin.split([':', '/']).next().unwrap_or_default();
    last_two(host).eq_ignore_ascii_case(last_two(of_origin))
}

fn last_two(host: &str) -> &str {
    host.rmatch_indices('.').nth(1).map_or(host, |(at, _)| &host[at + 1..])
}
