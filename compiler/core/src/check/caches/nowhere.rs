//! Functions that say a network from which they get to nothing.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Client, ClientGroup, Model, NetworkKind};

/// A function that names its network is there for something: what it calls, a cache, what a NAT gateway or a security group of the VPC leads to.
pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for client in model.clients() {
        let Client::Function(id) = client.who else { continue };
        let Some(said) = model.functions[id].network else { continue };
        let network = &model.networks[said.value];
        let calls = !client.services.is_empty() || !client.others.is_empty() || client.cache.is_some();
        let is_led = match &network.kind {
            NetworkKind::Own { .. } => network.nat,
            NetworkKind::Imported { security_groups, .. } => network.nat || security_groups.is_some(),
        };
        if calls || is_led || model.client_group_of(id) != Some(ClientGroup::Network(said.value)) {
            continue;
        }
        let (function, name) = (&model.functions[id].head, &network.head.name);
        let message = format!("network `{name}` leads function `{}` nowhere", function.name);
        let diagnostic = Diagnostic::new(Code::EVC0696, said.span, message)
            .label("nothing can be called from here")
            .secondary(network.head.name_span, "it has no NAT gateway")
            .note("its security group leads to what its line says that it calls, and it says nothing: no table, event, queue, secret or cache")
            .on(format!("functions.{}", function.name));
        diagnostics.push(match network.kind {
            NetworkKind::Own { .. } => diagnostic.help(
                "say `nat: true` on the network if it calls something on the internet, or leave `network` out if it calls nothing",
            ),
            NetworkKind::Imported { .. } => diagnostic.help(
                "say `nat: true` if the VPC has a NAT gateway, or `security-groups` with those that lead to what it calls there",
            ),
        });
    }
}
