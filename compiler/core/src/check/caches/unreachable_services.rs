//! Services that a function or an engine cannot get to from the network of its cache.

use std::collections::BTreeMap;

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{CacheClient, Id, Model, Network, NetworkKind};
use crate::source::Span;
use crate::spec::network::Service;

/// What calls a service, and where that is said.
type Need<'a> = (&'a CacheClient, Span);

/// What is missing in a network is said once for each service, where it is first needed.
pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let clients = model.cache_clients();
    let mut missing: BTreeMap<(Id<Network>, Service), Vec<Need<'_>>> = BTreeMap::new();
    for client in &clients {
        let Some(network) = model.caches[client.cache].network else { continue };
        let NetworkKind::Imported { reaches, .. } = &model.networks[network.value].kind else { continue };
        if model.networks[network.value].nat {
            continue;
        }
        for (service, span) in &client.services {
            if !reaches.iter().any(|reached| reached.value == *service) {
                missing.entry((network.value, *service)).or_default().push((client, *span));
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
            .secondary(head.name_span, format!("has no way to {}", service.name()))
            .note(format!("it is in that network because its cache `{}` is", model.caches[client.cache].head.name));
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
fn others(model: &Model, client: &CacheClient) -> Option<Diagnostic> {
    let network = &model.networks[model.caches[client.cache].network?.value];
    let first = client.others.first().filter(|_| !network.nat)?;
    let name = &network.head.name;
    Some(
        Diagnostic::new(
            Code::EVC0682,
            first.span,
            format!("{} cannot get to `{}` from network `{name}`", client.name, first.value),
        )
        .label("this is called")
        .secondary(network.head.name_span, "has no way to it")
        .note(format!("it is in that network because its cache `{}` is", model.caches[client.cache].head.name))
        .help("say `nat: true`, or let a function without a cache call it"),
    )
}
