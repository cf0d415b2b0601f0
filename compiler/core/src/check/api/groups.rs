//! Routes for tokens of some groups: API Gateway does not look at groups, the function does.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Integration, Model, Route};
use crate::source::Span;

/// The groups that a route asks for, with their claim.
fn asked(route: &Route) -> Option<(&str, Vec<&str>)> {
    let jwt = route.of_groups()?;
    Some((jwt.groups_claim(), jwt.groups.iter().map(|group| group.as_str()).collect()))
}

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let mut told: Vec<Span> = Vec::new();
    for (api, route) in model.routes() {
        let Some(group) = route.of_groups().and_then(|jwt| jwt.groups.first()) else { continue };
        let found = match &route.integration {
            Integration::Table(_) | Integration::Workflow(_) => {
                let message = format!("nothing looks at the groups of who calls `{}`", route.key());
                let found = Diagnostic::new(Code::EVC0737, route.span, message)
                    .secondary(group.span, "they are asked for here");
                Some(
                    found
                        .note("API Gateway checks scopes, and no groups")
                        .help("let the route lead to a function, or ask for a scope"),
                )
            }
            Integration::Function(id) => {
                let same = |other: &&Route| {
                    !std::ptr::eq(*other, route) && other.key() == route.key() && asked(other) != asked(route)
                };
                let other =
                    model.routes_of(*id).map(|(_, other)| other).find(same).filter(|other| !told.contains(&other.span));
                other.map(|other| {
                    let name = &model.functions[*id].head.name;
                    let message = format!("function `{name}` has `{}` twice, and not for the same groups", route.key());
                    Diagnostic::new(Code::EVC0737, route.span, message)
                        .secondary(other.span, "the other one")
                        .note("the function tells routes by method and path, and would take each for both")
                        .help("give one of them another path, or another function")
                })
            }
        };
        if let Some(found) = found {
            told.push(route.span);
            diagnostics.push(super::item(api, found));
        }
    }
}
