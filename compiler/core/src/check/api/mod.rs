//! APIs: what they let in, what their routes lead to, and what goes between a request and a table.

pub(super) mod auth;
pub(super) mod authorizers;
pub(super) mod before;
pub(super) mod bodies;
pub(super) mod cookies;
pub(super) mod cors;
pub(super) mod groups;
pub(super) mod health;
pub(super) mod held_claims;
pub(super) mod keys;
pub(super) mod limits;
pub(super) mod mappings;
pub(super) mod meant;
pub(super) mod puts;
pub(super) mod responses;
pub(super) mod rest_only;
pub(super) mod siblings;
pub(super) mod sources;
pub(super) mod statuses;
pub(super) mod templates;
pub(super) mod timeouts;
pub(super) mod tokens;
pub(super) mod updates;
pub(super) mod webhooks;
pub(super) mod without_body;

use crate::diagnostics::Diagnostic;
use crate::model::{Api, Integration, Model, Route, Table, TableRoute};

/// Headers that are for the next hop alone. <https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1>
const OF_ONE_HOP: [&str; 7] =
    ["connection", "keep-alive", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade"];

/// What an `allow` of such a finding stands on.
fn item(api: &Api, diagnostic: Diagnostic) -> Diagnostic {
    if api.declared { diagnostic.on(format!("apis.{}", api.head.name)) } else { diagnostic }
}

/// A route to a table, with both.
struct ToTable<'m> {
    api: &'m Api,
    route: &'m Route,
    to: &'m TableRoute,
    table: &'m Table,
}

/// Every route to a table whose items are records; of others nothing more can be said.
fn to_tables(model: &Model) -> impl Iterator<Item = ToTable<'_>> {
    model.routes().filter_map(|(api, route)| {
        let Integration::Table(to) = &route.integration else { return None };
        let table = &model.tables[to.table];
        model.types.record(&table.item).map(|_| ToTable { api, route, to, table })
    })
}
