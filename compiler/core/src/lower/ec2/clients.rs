//! The security group of what talks to a cache.

use super::services::{endpoint_group, services};
use crate::model::{Cache, CacheKind, Id, Model, Network, NetworkKind};
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
    ways.extend(ways_out(model, network.value, id));
    let about = format!("What talks to cache {name} of {}", model.service.value);
    let origin = format!("security group of what talks to cache `{name}`");
    let vpc = network::vpc(model, network.value);
    b.security_group(&ids::cache_clients(cache), about, vpc, ways, &origin, cache.head.name_span);
}

/// The ways out of the security group of a cache's clients, beside the one to the cache.
fn ways_out(model: &Model, id: Id<Network>, cache: Id<Cache>) -> Vec<Value> {
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
        calls.into_iter().filter(|(_, caches)| caches.contains(&cache)).map(|(service, _)| service).collect();
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
