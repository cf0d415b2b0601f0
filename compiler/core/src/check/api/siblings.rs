//! A REST API is a tree of path parts, and in one place of it there is one parameter.

use std::collections::BTreeMap;

use crate::check::routes;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{ApiKind, Model, Route};

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for api in model.apis.values().filter(|api| api.kind == ApiKind::Rest) {
        // By the path before it: the parameter, and the first route with it.
        let mut known: BTreeMap<String, (&str, &Route)> = BTreeMap::new();
        for route in &api.routes {
            let mut path = String::new();
            for part in route.path.split('/').filter(|part| !part.is_empty()) {
                if part.starts_with('{') {
                    let (first, its_route) = *known.entry(path.clone()).or_insert((part, route));
                    // Routes that differ in nothing else are another check's.
                    if first != part && !routes::are_same(its_route, route) {
                        diagnostics.push(super::item(api, several(&path, (first, its_route), (part, route))));
                        break;
                    }
                }
                path = format!("{path}/{part}");
            }
        }
    }
}

fn several(path: &str, (first, its_route): (&str, &Route), (second, route): (&str, &Route)) -> Diagnostic {
    let message = format!("after `{path}/` there is `{first}` already, and `{second}` would be another parameter");
    Diagnostic::new(Code::EVC0652, route.span, message)
        .secondary(its_route.span, "the first is here")
        .note("a REST API has one parameter in one place of its paths; API Gateway refuses a second one")
        .help(format!("write `{first}` in both, or put a word before one of them"))
}
