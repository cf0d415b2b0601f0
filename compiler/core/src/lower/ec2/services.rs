//! What functions in a network call: the services that it has endpoints of, and that its security groups lead to.

use std::collections::BTreeMap;

use crate::model::{Cache, Id, Model, Network};
use crate::plan::LogicalId;
use crate::plan::network::part;
use crate::spec::network::Service;

/// What functions in a network call, each with the caches whose clients do.
pub(super) fn services(model: &Model, network: Id<Network>) -> BTreeMap<Service, Vec<Id<Cache>>> {
    let mut services: BTreeMap<Service, Vec<Id<Cache>>> = BTreeMap::new();
    for client in model.cache_clients() {
        if model.caches[client.cache].network.is_none_or(|of| of.value != network) {
            continue;
        }
        for service in client.services.into_keys() {
            let caches = services.entry(service).or_default();
            if !caches.contains(&client.cache) {
                caches.push(client.cache);
            }
        }
    }
    services
}

/// The logical id of the security group of a service's endpoint.
pub(super) fn endpoint_group(network: &Network, service: Service) -> LogicalId {
    part(network, &format!("{}-endpoint-group", service.key()))
}
