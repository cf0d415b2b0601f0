//! What functions in a network call: the services that it has endpoints of, and that its security groups lead to.

use std::collections::BTreeMap;

use crate::model::{ClientGroup, Id, Model, Network};
use crate::plan::LogicalId;
use crate::plan::network::part;
use crate::spec::network::Service;

/// What functions in a network call, each with the groups of those that do.
pub(super) fn services(model: &Model, network: Id<Network>) -> BTreeMap<Service, Vec<ClientGroup>> {
    let mut services: BTreeMap<Service, Vec<ClientGroup>> = BTreeMap::new();
    for client in model.clients().into_iter().filter(|client| client.network == Some(network)) {
        let Some(group) = model.client_group(client.cache, client.network) else { continue };
        for service in client.services.into_keys() {
            let groups = services.entry(service).or_default();
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
    }
    services
}

/// The logical id of the security group of a service's endpoint.
pub(super) fn endpoint_group(network: &Network, service: Service) -> LogicalId {
    part(network, &format!("{}-endpoint-group", service.key()))
}
