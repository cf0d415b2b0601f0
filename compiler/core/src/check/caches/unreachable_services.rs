//! Services that a function or an engine cannot get to from its network.

use std::collections::BTreeMap;

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Client, Id, Model, Network, NetworkClient, NetworkKind};
use crate::source::Span;
use crate::spec::network::Service;

/// What calls a service, and where that is said.
type Need<'a> = (&'a NetworkClient, Span);

/// What is missing in a network is said once for each service, where it is first needed.
pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let clients = model.clients();
    let mut missing: BTreeMap<(Id<Network>, Service), Vec<Need<'_>>> = BTreeMap::new();
    for client in &clients {
        let Some(network) = client.network else { continue };
        let NetworkKind::Imported { reaches, .. } = &model.networks[network].kind else { continue };
        if model.networks[network].nat {
            continue;
        }
        for (service, span) in &client.services {
            if !reaches.iter().any(|reached| reached.value == *service) {
                missing.entry((network, *service)).or_default().push((client, *span));
            }
        }
    }
    for client in &clients {
        diagnostics.extend(others(model, client));
    }
    for ((network, service), clients) in missing {
        let Some((client, span)) = clients.first() else { continue };
        let head = &model.networks[network].head;
        let message = format!("{} cannot get to {} from network `{}`", client.name, service.name(), head.name);
        let mut diagnostic = Diagnostic::new(Code::EVC0682, *span, message)
            .label(format!("this calls {}", service.name()))
            .secondary(head.name_span, format!("has no way to {}", service.name()));
        diagnostic.notes.extend(why_inside(model, client));
        if clients.len() > 1 {
            let others: Vec<&str> = clients[1..].iter().map(|(client, _)| client.name.as_str()).collect();
            diagnostic = diagnostic.note(format!("neither can {}", others.join(", ")));
        }
        diagnostics.push(diagnostic.help(format!(
            "add `{}` to `reaches` if the VPC has an endpoint for it, or say `nat: true` if it has a NAT gateway",
            service.key()
        )));
    }
}

/// Services of `may` that evc makes no endpoint for: there is a way to them over the internet, or none.
fn others(model: &Model, client: &NetworkClient) -> Option<Diagnostic> {
    let network = &model.networks[client.network?];
    let first = client.others.first().filter(|_| !network.nat)?;
    let name = &network.head.name;
    let message = format!("{} cannot get to `{}` from network `{name}`", client.name, first.value);
    let mut diagnostic = Diagnostic::new(Code::EVC0682, first.span, message)
        .label("this is called")
        .secondary(network.head.name_span, "has no way to it");
    diagnostic.notes.extend(why_inside(model, client));
    Some(diagnostic.help("say `nat: true`, or let a function that is in no network call it"))
}

/// Why a function is in a network that its own line does not name.
fn why_inside(model: &Model, client: &NetworkClient) -> Option<String> {
    let says_so = matches!(client.who, Client::Function(id) if model.functions[id].network.is_some());
    let cache = client.cache.filter(|_| !says_so)?;
    Some(format!("it is in that network because its cache `{}` is", model.caches[cache].head.name))
}
