//! `apis:` and the `api:` of functions, resolved to one shape.

use std::collections::BTreeSet;

use super::{Api, ApiKind, Auth, Cors, Domain, Integration, Route, THROTTLING, Throttling, Webhook, table, webhook};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::names::{find, head};
use crate::model::{self, Arena, Head, Id, Model};
use crate::source::{Span, Spanned};
use crate::spec::decode::Declared;
use crate::spec::function::Function;
use crate::spec::scalar::Duration;
use crate::spec::{Sections, api as spec};
use crate::types::Types;
use evc_interface::call::IDEMPOTENCY_HEADER;

/// The statuses of a success where the spec does not say.
pub(in crate::model) const OK: u16 = 200;
const CREATED: u16 = 201;
const ACCEPTED: u16 = 202;

/// The names of all functions that a route leads to.
pub(in crate::model) fn routed(sections: &Sections) -> BTreeSet<&str> {
    let declared =
        sections.apis.items.values().flat_map(|api| &api.routes.0).filter_map(|route| match &route.integration {
            spec::Integration::Function(name) => Some(name.as_str()),
            spec::Integration::Workflow(_) | spec::Integration::Table(_) => None,
        });
    let own = sections.functions.iter().filter(|(_, function)| function.api.is_some()).map(|(name, _)| name);
    declared.chain(own).collect()
}

/// The declared APIs and, after them, the stack's own if any function has an `api`.
pub(in crate::model) fn apis(sections: &Sections, model: &Model, diagnostics: &mut Vec<Diagnostic>) -> Arena<Api> {
    let declared: Vec<Api> =
        sections.apis.iter().map(|(name, item)| api(sections, model, name, item, diagnostics)).collect();
    let own = own(sections, diagnostics);
    declared.into_iter().chain(own).collect()
}

fn api(
    sections: &Sections,
    model: &Model,
    name: &str,
    item: &Declared<spec::Api>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Api {
    if name == OWN {
        let diagnostic = Diagnostic::new(Code::EVC0106, item.name_span, format!("`{OWN}` cannot name an API"));
        diagnostics.push(diagnostic.note("it is what the stack's own is called, of the functions that say `api:`"));
    }
    // What the whole API says is looked up once, so that it is reported once.
    let of_api = item.auth.as_ref().and_then(|auth| authorizer(sections, &auth.value, diagnostics));
    let routes = item.routes.0.iter().filter_map(|it| route(sections, model, (item, of_api), it, diagnostics));
    let routes: Vec<Route> = routes.collect();
    Api {
        head: head(name, item, item.description.as_ref(), &item.allow),
        declared: true,
        kind: item.kind,
        cors: item.cors.as_ref().map(|it| cors(sections, &model.types, it, &routes)),
        throttling: throttling(&item.throttling, THROTTLING),
        domain: item.domain.as_ref().map(|domain| Domain {
            name: domain.name.clone(),
            certificate: domain.certificate.clone(),
            zone: domain.zone.as_ref().map(|zone| zone.value.clone()),
        }),
        web_acl: item.web_acl.clone(),
        routes,
    }
}

/// What the stack's own API is called.
const OWN: &str = "api";

/// The API of functions that say `api:` themselves. Its name and place are those of the first one's route.
fn own(sections: &Sections, diagnostics: &mut Vec<Diagnostic>) -> Option<Api> {
    let mut routes: Vec<Route> = Vec::new();
    for (index, function) in sections.functions.items.values().enumerate() {
        let Some(api) = &function.api else { continue };
        let text = &api.text;
        let authorizer = api.auth.as_ref().and_then(|auth| authorizer(sections, &auth.value, diagnostics));
        routes.push(Route {
            method: text.method.clone(),
            path: text.path.clone(),
            span: text.span,
            description: None,
            integration: Integration::Function(Id::new(index)),
            status: status(api.status.as_ref(), OK),
            status_span: api.status.as_ref().map(|status| status.span),
            auth: api.auth.as_ref().map_or(Auth::Iam, |auth| auth.value.clone()),
            auth_span: api.auth.as_ref().map_or(text.span, |auth| auth.span),
            authorizer,
            webhook: api.auth.as_ref().and_then(|auth| signed(sections, &auth.value)),
            throttling: None,
            sources: api.sources(),
            with: Vec::new(),
        });
    }
    let span = routes.first()?.span;
    let head = Head {
        name: OWN.to_owned(),
        name_span: span,
        span,
        description: None,
        allow: crate::spec::allow::Allows::default(),
    };
    Some(Api {
        head,
        declared: false,
        kind: ApiKind::Http,
        cors: None,
        throttling: THROTTLING,
        domain: None,
        web_acl: None,
        routes,
    })
}

/// The function that says who calls, if it is one that does.
fn authorizer(sections: &Sections, auth: &Auth, diagnostics: &mut Vec<Diagnostic>) -> Option<Id<model::Function>> {
    let Auth::Function(name) = auth else { return None };
    let id = find(sections, name, diagnostics)?;
    let (_, function) = sections.functions.items.get_index(id.index())?;
    if function.authorizer.is_some() {
        return Some(id);
    }
    let message = format!("function `{}` does not say what of a request it decides by", name.as_str());
    let diagnostic = Diagnostic::new(Code::EVC0659, name.span, message);
    let help =
        "make it an authorizer: `authorizer: { headers: { Authorization: token } }`, with the fields of its input";
    diagnostics.push(diagnostic.secondary(function.name_span, "it is declared here").help(help));
    None
}

fn route(
    sections: &Sections,
    model: &Model,
    (api, of_api): (&spec::Api, Option<Id<model::Function>>),
    item: &spec::Route,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Route> {
    let text = &item.text;
    let auth = item.auth.as_ref().or(api.auth.as_ref());
    let known = auth.map_or(&Auth::Iam, |auth| &auth.value);
    let authorizer = match &item.auth {
        Some(own) => authorizer(sections, &own.value, diagnostics),
        None => of_api,
    };
    let context = authorizer.and_then(|id| model.functions[id].output.as_ref());
    let (integration, usual) = match &item.integration {
        spec::Integration::Function(name) => (Integration::Function(find(sections, name, diagnostics)?), OK),
        spec::Integration::Workflow(name) => (Integration::Workflow(find(sections, name, diagnostics)?), ACCEPTED),
        spec::Integration::Table(to) => {
            let puts = matches!(to.operation.value, spec::Operation::Put(_));
            let to = table::route(sections, &model.tables, &model.types, (text, known, context), to, diagnostics)?;
            (Integration::Table(Box::new(to)), if puts { CREATED } else { OK })
        }
    };
    let with = super::mapping::of_workflow(&model.types, (known, context), &item.with, diagnostics);
    let usual_throttling = throttling(&api.throttling, THROTTLING);
    Some(Route {
        method: text.method.clone(),
        path: text.path.clone(),
        span: text.span,
        description: item.description.clone(),
        integration,
        status: status(item.status.as_ref(), usual),
        status_span: item.status.as_ref().map(|status| status.span),
        auth: known.clone(),
        auth_span: auth.map_or(text.span, |auth| auth.span),
        authorizer,
        webhook: signed(sections, known),
        throttling: item.throttling.as_ref().map(|it| throttling(it, usual_throttling)),
        sources: item.sources.clone(),
        with,
    })
}

/// How requests are signed that this lets in.
fn signed(sections: &Sections, auth: &Auth) -> Option<Box<Webhook>> {
    match auth {
        Auth::Webhook(said) => Some(Box::new(webhook::webhook(sections, said))),
        Auth::Iam | Auth::None | Auth::ApiKey | Auth::Jwt(_) | Auth::Function(_) => None,
    }
}

/// A status that is said and possible; impossible ones are reported where they are read.
fn status(said: Option<&Spanned<u64>>, usual: u16) -> u16 {
    said.and_then(|status| u16::try_from(status.value).ok()).unwrap_or(usual)
}

fn throttling(said: &spec::Throttling, usual: Throttling) -> Throttling {
    let of = |said: &Option<Spanned<u64>>, usual| said.as_ref().map_or(usual, |it| it.value);
    Throttling { rate: of(&said.rate, usual.rate), burst: of(&said.burst, usual.burst) }
}

/// How long a browser remembers an answer when the spec does not say.
const MAX_AGE: Duration = Duration::seconds(600);

fn cors(sections: &Sections, types: &Types, said: &Spanned<spec::Cors>, routes: &[Route]) -> Cors {
    let mut methods: Vec<String> = match &said.methods {
        Some(methods) => methods.iter().map(|method| method.value.0.clone()).collect(),
        None => routes.iter().map(|route| route.method.clone()).collect(),
    };
    methods.sort_unstable();
    methods.dedup();
    let headers = match &said.headers {
        Some(headers) => headers.iter().map(|header| header.value.0.clone()).collect(),
        None => usual_headers(sections, routes),
    };
    // Without leave, a browser neither sends cookies to another origin nor keeps those that come from there.
    let credentials = match &said.credentials {
        Some(said) => Some(said.span).filter(|_| said.value),
        None => cookie(sections, routes),
    };
    Cors {
        origins: said.origins.iter().map(|origin| Spanned::new(origin.value.0.clone(), origin.span)).collect(),
        methods,
        headers,
        exposed: exposed(sections, types, routes),
        max_age: said.max_age.as_ref().map_or(MAX_AGE, |age| age.value),
        credentials,
        span: said.span,
    }
}

/// What pages send to these routes: the type of the body, the key of a retry, what says who calls, and the headers that the routes name.
fn usual_headers(sections: &Sections, routes: &[Route]) -> Vec<String> {
    let mut headers = vec!["content-type", IDEMPOTENCY_HEADER];
    let has = |is: fn(&Auth) -> bool| routes.iter().any(|route| is(&route.auth));
    if has(|auth| matches!(auth, Auth::Jwt(_) | Auth::Iam)) {
        headers.push("authorization");
    }
    if has(|auth| matches!(auth, Auth::ApiKey)) {
        headers.push("x-api-key");
    }
    if has(|auth| matches!(auth, Auth::Iam)) {
        headers.extend(["x-amz-date", "x-amz-security-token"]);
    }
    let mut headers: Vec<String> = headers.into_iter().map(str::to_owned).collect();
    let asked = authorizers(sections, routes).flat_map(|authorizer| authorizer.headers.keys());
    for name in routes.iter().flat_map(|route| route.sources.headers.keys()).chain(asked) {
        let name = name.to_ascii_lowercase();
        if !headers.contains(&name) {
            headers.push(name);
        }
    }
    headers
}

/// The functions that routes lead to, as the spec has them.
fn functions<'s>(sections: &'s Sections, routes: &[Route]) -> Vec<&'s Declared<Function>> {
    let ids: BTreeSet<usize> = routes.iter().filter_map(Route::function).map(Id::index).collect();
    let all = sections.functions.items.values().enumerate();
    all.filter(|(index, _)| ids.contains(index)).map(|(_, function)| function).collect()
}

/// What the authorizers of routes decide by.
fn authorizers<'s>(sections: &'s Sections, routes: &[Route]) -> impl Iterator<Item = &'s spec::Authorizer> {
    let ids: BTreeSet<usize> = routes.iter().filter_map(|route| route.authorizer).map(Id::index).collect();
    let functions = ids.into_iter().filter_map(|index| sections.functions.items.get_index(index));
    functions.filter_map(|(_, function)| Some(&function.authorizer.as_ref()?.value))
}

/// The first cookie that a request brings or a response sets.
fn cookie(sections: &Sections, routes: &[Route]) -> Option<Span> {
    let brought = routes.iter().find_map(|route| route.sources.cookies.keys().next());
    let set = || functions(sections, routes).into_iter().flat_map(|function| function.responses.values());
    let asked = || authorizers(sections, routes).find_map(|authorizer| authorizer.cookies.keys().next());
    brought.or_else(asked).or_else(|| set().find_map(|response| response.cookies.keys().next())).map(|name| name.span)
}

/// The headers of a response that every page may read.
/// <https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name>
const OPEN: [&str; 7] =
    ["cache-control", "content-language", "content-length", "content-type", "expires", "last-modified", "pragma"];

/// The headers of responses that a page may read only with leave.
fn exposed(sections: &Sections, types: &Types, routes: &[Route]) -> Vec<String> {
    let mut exposed: Vec<String> = Vec::new();
    let responses = functions(sections, routes).into_iter().flat_map(|function| function.responses.values());
    for headers in responses.filter_map(|response| response.headers.as_ref()) {
        for name in types.record(&headers.0).unwrap_or_default().into_keys().map(str::to_ascii_lowercase) {
            if !OPEN.contains(&name.as_str()) && !exposed.contains(&name) {
                exposed.push(name);
            }
        }
    }
    exposed
}
