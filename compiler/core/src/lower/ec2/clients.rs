//! The security groups of functions in a network: of what talks to a cache, and of those that talk to none.

use super::services::{endpoint_group, services};
use crate::model::{Cache, CacheKind, ClientGroup, Id, Model, Network, NetworkClient, NetworkKind};
use crate::plan::builder::Builder;
use crate::plan::value::Value;
use crate::plan::{cache, ids, network};
use crate::spec::given::Given;
use crate::spec::network::Service;

/// The security group of what talks to a cache: it gets to the cache, to the endpoints of what it calls, and to nothing else.
pub(crate) fn add(b: &mut Builder<'_>, id: Id<Cache>, cache: &Cache) {
    let Some(network) = cache.network.filter(|_| b.model.has_clients(id)) else { return };
    let (model, name) = (b.model, &cache.head.name);
    let mut ways = vec![match &cache.kind {
        CacheKind::External { endpoint, .. } => {
            let port = match endpoint {
                Given::Here((_, port)) => Value::count(u64::from(*port)),
                Given::Parameter => Value::Piece(1, ":", Box::new(Value::Ref(cache::endpoint_parameter(cache)))),
            };
            network::to_anywhere(port, "the cache")
        }
        _ => network::to_group(&cache::group(cache), Value::Integer(cache::PORT), "the cache"),
    }];
    ways.extend(ways_out(model, network.value, ClientGroup::Cache(id)));
    let about = format!("What talks to cache {name} of {}", model.service.value);
    let origin = format!("security group of what talks to cache `{name}`");
    let vpc = network::vpc(model, network.value);
    b.security_group(&ids::cache_clients(cache), about, vpc, ways, &origin, cache.head.name_span);
}

/// The security group of the functions of a network that talk to no cache in it.
pub(crate) fn of_network(b: &mut Builder<'_>, id: Id<Network>, network: &Network) {
    let (model, group) = (b.model, ClientGroup::Network(id));
    let is_group = |client: &NetworkClient| model.client_group(client.cache, client.network) == Some(group);
    if !model.clients().iter().any(is_group) {
        return;
    }
    let mut ways = ways_out(model, id, group);
    if ways.is_empty() {
        ways.push(network::nowhere());
    }
    let name = &network.head.name;
    let about = format!("Functions of {} in network {name}", model.service.value);
    let origin = format!("security group of functions in network `{name}`");
    let vpc = network::vpc(model, id);
    b.security_group(&network::client_group(model, group), about, vpc, ways, &origin, network.head.name_span);
}

/// The ways out of a group's functions, beside the one to their cache.
fn ways_out(model: &Model, id: Id<Network>, group: ClientGroup) -> Vec<Value> {
    let of = &model.networks[id];
    if of.nat {
        return vec![Value::map([
            ("CidrIp", network::ANYWHERE.into()),
            ("IpProtocol", "-1".into()),
            ("Description", "the internet".into()),
        ])];
    }
    let calls = services(model, id);
    let called: Vec<Service> =
        calls.into_iter().filter(|(_, groups)| groups.contains(&group)).map(|(service, _)| service).collect();
    match of.kind {
        NetworkKind::Own { .. } => called.into_iter().map(|service| way(of, service)).collect(),
        // Where its endpoints are, the network's owner knows; nothing else is at the end of its routes.
        NetworkKind::Imported { .. } if called.is_empty() => Vec::new(),
        NetworkKind::Imported { .. } => {
            let names: Vec<&str> = called.iter().map(|service| service.name()).collect();
            vec![network::to_anywhere(Value::Integer(network::HTTPS), &names.join(", "))]
        }
    }
}

/// The way to a service from a network that this stack makes.
fn way(of: &Network, service: Service) -> Value {
    match service {
        // The addresses behind a gateway endpoint are a list that only the Region knows. There is no other route out.
        Service::DynamoDb => network::to_anywhere(Value::Integer(network::HTTPS), service.name()),
        _ => network::to_group(&endpoint_group(of, service), Value::Integer(network::HTTPS), service.name()),
    }
}
