//! Routes of the HTTP API: one function each.

use std::collections::BTreeMap;

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Api, Function, Model};

pub(super) fn check(model: &Model, found: &mut Vec<Diagnostic>) {
    let mut taken: BTreeMap<String, (&Function, &Api)> = BTreeMap::new();
    for function in model.functions.values() {
        let Some(api) = &function.api else { continue };
        let Some((first, route)) = taken.get(&shape(api)) else {
            taken.insert(shape(api), (function, api));
            continue;
        };
        let (name, other) = (&function.head.name, &first.head.name);
        let same = route.path == api.path;
        let message = format!("functions `{other}` and `{name}` have the same route");
        let diagnostic = Diagnostic::new(Code::EVC0609, api.span, message).secondary(route.span, "the first is here");
        let note = "what a parameter of a path is called makes no difference to where a request goes";
        let diagnostic = if same { diagnostic } else { diagnostic.note(note) };
        found.push(diagnostic.help("give one of them another method or path"));
    }
}

/// A route with the names of its parameters left out: `GET /orders/{}`.
fn shape(api: &Api) -> String {
    let segments = api.path.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment });
    format!("{} {}", api.method, segments.collect::<Vec<_>>().join("/"))
}
