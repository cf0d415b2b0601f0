//! Routes of one API: each request goes to one thing.

use std::collections::BTreeMap;

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Api, Integration, Model, Route};

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for api in model.apis.values() {
        let mut taken: BTreeMap<String, &Route> = BTreeMap::new();
        for route in &api.routes {
            match taken.get(&shape(route)) {
                Some(first) => diagnostics.push(same(model, api, first, route)),
                None => drop(taken.insert(shape(route), route)),
            }
        }
    }
}

/// Whether two routes take the same requests.
pub(super) fn are_same(first: &Route, second: &Route) -> bool {
    shape(first) == shape(second)
}

/// A route with the names of its parameters left out: `GET /orders/{}`. A parameter for all that is left, `{+}`, is another
/// than one for a segment.
fn shape(route: &Route) -> String {
    let segments = route.path.split('/').map(|segment| match (segment.starts_with('{'), segment.ends_with("+}")) {
        (true, true) => "{+}",
        (true, false) => "{}",
        _ => segment,
    });
    format!("{} {}", route.method, segments.collect::<Vec<_>>().join("/"))
}

fn same(model: &Model, api: &Api, first: &Route, route: &Route) -> Diagnostic {
    let message = match (&first.integration, &route.integration) {
        (Integration::Function(first), Integration::Function(second)) if !api.declared => {
            let (first, second) = (&model.functions[*first].head.name, &model.functions[*second].head.name);
            format!("functions `{first}` and `{second}` have the same route")
        }
        _ => format!("API `{}` has this route already", api.head.name),
    };
    let diagnostic = Diagnostic::new(Code::EVC0609, route.span, message).secondary(first.span, "the first is here");
    let note = "what a parameter of a path is called makes no difference to where a request goes";
    let diagnostic = if first.path == route.path { diagnostic } else { diagnostic.note(note) };
    diagnostic.help("give one of them another method or path")
}
