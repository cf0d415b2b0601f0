//! From a request's method and path to the route that takes it.

use crate::model::{Api, Model, Route};

/// The route of a request, `POST /orders?x=1`, with its API. Routes without parameters come before those with some, as in API Gateway.
pub fn find<'m>(model: &'m Model, text: &str) -> Option<(&'m Api, &'m Route)> {
    let (method, path) = text.split_once(' ')?;
    let path = path.split('?').next().unwrap_or_default();
    let routes = model.apis.values().flat_map(|api| api.routes.iter().map(move |route| (api, route)));
    let fitting = routes.filter(|(_, route)| route.method == method && takes(&route.path, path));
    fitting.min_by_key(|(_, route)| route.parameters().count())
}

/// Whether a path with parameters takes this one.
fn takes(route: &str, path: &str) -> bool {
    let (mut parts, mut given) = (route.split('/'), path.trim_end_matches('/').split('/'));
    loop {
        match (parts.next(), given.next()) {
            (None, None) => return true,
            (Some(part), Some(_)) if part.starts_with('{') && part.ends_with("+}") => return true,
            (Some(part), Some(given)) if part == given || part.starts_with('{') && !given.is_empty() => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::takes;

    #[test]
    fn paths_fit_their_routes() {
        for (route, path, fits) in [
            ("/orders", "/orders", true),
            ("/orders", "/orders/", true),
            ("/orders", "/orders/1", false),
            ("/orders/{id}", "/orders/1", true),
            ("/orders/{id}", "/orders/", false),
            ("/orders/{id}/lines", "/orders/1/lines", true),
            ("/files/{path+}", "/files/a/b/c", true),
        ] {
            assert_eq!(takes(route, path), fits, "{route} {path}");
        }
    }
}
