//! Networks: VPCs with private subnets and the endpoints of what their functions call, and ways between security groups.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use crate::model::{Cache, Id, Model, Network, NetworkKind};
use crate::plan::builder::Builder;
use crate::plan::ids;
use crate::plan::value::{Part, Value, text};
use crate::plan::{LogicalId, Resource};
use crate::source::Span;
use crate::spec::given::Given;
use crate::spec::network::Service;

/// A network is cut into so many subnets: the first half are private, the second half public.
const SUBNETS: u32 = 16;

/// Where every service of AWS listens.
const HTTPS: i64 = 443;

/// Every address.
const ANYWHERE: &str = "0.0.0.0/0";

/// Adds each network that this stack makes, with the endpoints in it.
pub(super) fn lower(b: &mut Builder<'_>) {
    for (id, network) in b.model.networks.iter() {
        let NetworkKind::Own { cidr, zones } = &network.kind else { continue };
        vpc_with_subnets(b, network, *cidr, *zones);
        if network.nat {
            gateways(b, network, *cidr, *zones);
        }
        for service in services(b.model, id).into_keys() {
            match service {
                Service::DynamoDb => gateway_endpoint(b, network, *zones),
                _ if network.nat => {}
                _ => interface_endpoint(b, id, service),
            }
        }
    }
}

/// What functions in a network call, each with the caches whose clients do.
fn services(model: &Model, network: Id<Network>) -> BTreeMap<Service, Vec<Id<Cache>>> {
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

/// The id of a network's VPC.
pub(super) fn vpc(model: &Model, network: Id<Network>) -> Value {
    let network = &model.networks[network];
    match &network.kind {
        NetworkKind::Own { .. } => Value::Ref(ids::network(network)),
        NetworkKind::Imported { vpc: Given::Here(id), .. } => id.as_str().into(),
        NetworkKind::Imported { .. } => Value::Ref(vpc_parameter(network)),
    }
}

/// The ids of a network's private subnets.
pub(super) fn subnets(model: &Model, network: Id<Network>) -> Value {
    subnets_at_most(model, network, usize::MAX)
}

/// The ids of some of a network's private subnets. Those of a parameter are all taken.
pub(super) fn subnets_at_most(model: &Model, network: Id<Network>, most: usize) -> Value {
    let network = &model.networks[network];
    match &network.kind {
        NetworkKind::Own { zones, .. } => {
            Value::list((1..=*zones).take(most).map(|zone| Value::Ref(part(network, &format!("subnet-{zone}")))))
        }
        NetworkKind::Imported { subnets: Given::Here(ids), .. } => {
            Value::list(ids.iter().take(most).map(|id| id.as_str().into()))
        }
        NetworkKind::Imported { .. } => Value::Ref(subnets_parameter(network)),
    }
}

/// The parameter with the id of a VPC: `OfficeNetworkVpc`.
pub(super) fn vpc_parameter(network: &Network) -> LogicalId {
    part(network, "vpc")
}

/// The parameter with the ids of subnets: `OfficeNetworkSubnets`.
pub(super) fn subnets_parameter(network: &Network) -> LogicalId {
    part(network, "subnets")
}

/// The parameter with the ids of security groups: `OfficeNetworkSecurityGroups`.
pub(super) fn groups_parameter(network: &Network) -> LogicalId {
    part(network, "security-groups")
}

/// The ways out of the security group of a cache's clients, beside the one to the cache.
pub(super) fn ways(model: &Model, network: Id<Network>, cache: Id<Cache>) -> Vec<Value> {
    let of = &model.networks[network];
    if of.nat {
        return vec![Value::map([
            ("CidrIp", ANYWHERE.into()),
            ("IpProtocol", "-1".into()),
            ("Description", "the internet".into()),
        ])];
    }
    let calls = services(model, network);
    let called: Vec<Service> =
        calls.into_iter().filter(|(_, caches)| caches.contains(&cache)).map(|(service, _)| service).collect();
    match of.kind {
        NetworkKind::Own { .. } => called.into_iter().map(|service| way(of, service)).collect(),
        // Where its endpoints are, the network's owner knows; nothing else is at the end of its routes.
        NetworkKind::Imported { .. } if called.is_empty() => Vec::new(),
        NetworkKind::Imported { .. } => {
            let names: Vec<&str> = called.iter().map(|service| service.name()).collect();
            vec![to_anywhere(Value::Integer(HTTPS), &names.join(", "))]
        }
    }
}

/// The way to a service from a network that this stack makes.
fn way(network: &Network, service: Service) -> Value {
    match service {
        // The addresses behind a gateway endpoint are a list that only the Region knows. There is no other route out.
        Service::DynamoDb => to_anywhere(Value::Integer(HTTPS), service.name()),
        _ => to_group(&endpoint_group(network, service), Value::Integer(HTTPS), service.name()),
    }
}

/// A rule that lets a security group get to another.
pub(super) fn to_group(group: &LogicalId, port: Value, what: &str) -> Value {
    Value::map([
        ("DestinationSecurityGroupId", Value::Ref(group.clone())),
        ("IpProtocol", "tcp".into()),
        ("FromPort", port.clone()),
        ("ToPort", port),
        ("Description", what.into()),
    ])
}

/// A rule that lets a security group get to a port anywhere that there is a route to.
pub(super) fn to_anywhere(port: Value, what: &str) -> Value {
    Value::map([
        ("CidrIp", ANYWHERE.into()),
        ("IpProtocol", "tcp".into()),
        ("FromPort", port.clone()),
        ("ToPort", port),
        ("Description", what.into()),
    ])
}

/// A rule that leads nowhere. A security group without any rule would lead everywhere.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroup.html>
pub(super) fn nowhere() -> Value {
    Value::map([
        ("CidrIp", "127.0.0.1/32".into()),
        ("IpProtocol", "tcp".into()),
        ("FromPort", Value::Integer(HTTPS)),
        ("ToPort", Value::Integer(HTTPS)),
        ("Description", "nowhere".into()),
    ])
}

/// Lets one security group into another. A resource of its own, for the two know each other.
pub(super) fn ingress(b: &mut Builder<'_>, into: &LogicalId, from: &LogicalId, port: Value, origin: &str, span: Span) {
    let properties = [
        ("GroupId", Value::Ref(into.clone())),
        ("SourceSecurityGroupId", Value::Ref(from.clone())),
        ("IpProtocol", "tcp".into()),
        ("FromPort", port.clone()),
        ("ToPort", port),
    ];
    let id = ids::of(into, &format!("from-{from}"));
    b.add(&id, Resource::new("AWS::EC2::SecurityGroupIngress", origin, span, properties));
}

fn part(network: &Network, what: &str) -> LogicalId {
    ids::of(&ids::network(network), what)
}

fn named(network: &Network) -> Value {
    let project = [Part::Parameter("ProjectName"), "-".into(), Part::Parameter("Environment")];
    text(project.into_iter().chain([format!("-{}", network.head.name).as_str().into()]))
}

/// Adds a resource of a network.
fn add<const N: usize>(
    b: &mut Builder<'_>,
    network: &Network,
    what: &str,
    type_: &str,
    properties: [(&'static str, Value); N],
) {
    let origin = format!("{} of network `{}`", what.replace('-', " "), network.head.name);
    b.add(&part(network, what), Resource::new(type_, origin, network.head.name_span, properties));
}

/// The zone with a number from 1, of those that the account has in the Region.
fn zone(number: u64) -> Value {
    let zones = Value::map([("Fn::GetAZs", "".into())]);
    Value::map([("Fn::Select", Value::list([Value::count(number - 1), zones]))])
}

/// The block of the subnet with a number from 1: those of public subnets come after all private ones.
fn block((first, prefix): (Ipv4Addr, u32), number: u64, public: bool) -> Value {
    let size = (1_u32 << (32 - prefix)) / SUBNETS;
    let number = u32::try_from(number - 1).unwrap_or_default() + if public { SUBNETS / 2 } else { 0 };
    let bits = SUBNETS.trailing_zeros();
    format!("{}/{}", Ipv4Addr::from(u32::from(first) + number * size), prefix + bits).into()
}

fn vpc_with_subnets(b: &mut Builder<'_>, network: &Network, cidr: (Ipv4Addr, u32), zones: u64) {
    let (logical, span) = (ids::network(network), network.head.name_span);
    let properties = [
        ("CidrBlock", format!("{}/{}", cidr.0, cidr.1).into()),
        // The names of endpoints lead to their addresses in the network.
        ("EnableDnsHostnames", true.into()),
        ("EnableDnsSupport", true.into()),
        ("Tags", Value::list([Value::map([("Key", "Name".into()), ("Value", named(network))])])),
    ];
    let origin = format!("network `{}`", network.head.name);
    b.add(&logical, Resource::new("AWS::EC2::VPC", origin, span, properties));
    for number in 1..=zones {
        let subnet = format!("subnet-{number}");
        let properties = [
            ("VpcId", Value::Ref(logical.clone())),
            ("AvailabilityZone", zone(number)),
            ("CidrBlock", block(cidr, number, false)),
        ];
        add(b, network, &subnet, "AWS::EC2::Subnet", properties);
        let routes = format!("routes-{number}");
        add(b, network, &routes, "AWS::EC2::RouteTable", [("VpcId", Value::Ref(logical.clone()))]);
        let properties =
            [("SubnetId", Value::Ref(part(network, &subnet))), ("RouteTableId", Value::Ref(part(network, &routes)))];
        let what = format!("subnet-{number}-routes");
        add(b, network, &what, "AWS::EC2::SubnetRouteTableAssociation", properties);
    }
}

/// The way to the internet: a gateway of the network, and in each zone a public subnet with a NAT gateway for the private one.
fn gateways(b: &mut Builder<'_>, network: &Network, cidr: (Ipv4Addr, u32), zones: u64) {
    let vpc = || Value::Ref(ids::network(network));
    let of = |what: &str| Value::Ref(part(network, what));
    add(b, network, "gateway", "AWS::EC2::InternetGateway", []);
    let properties = [("VpcId", vpc()), ("InternetGatewayId", of("gateway"))];
    add(b, network, "gateway-attachment", "AWS::EC2::VPCGatewayAttachment", properties);
    add(b, network, "public-routes", "AWS::EC2::RouteTable", [("VpcId", vpc())]);
    let attached = part(network, "gateway-attachment");
    let properties = [
        ("RouteTableId", of("public-routes")),
        ("DestinationCidrBlock", ANYWHERE.into()),
        ("GatewayId", of("gateway")),
    ];
    add(b, network, "public-route", "AWS::EC2::Route", properties);
    wait_for(b, network, "public-route", &attached);
    for number in 1..=zones {
        let [subnet, routes, address, nat, route] =
            ["public-subnet", "public-subnet-routes", "address", "nat", "route"].map(|what| format!("{what}-{number}"));
        let properties =
            [("VpcId", vpc()), ("AvailabilityZone", zone(number)), ("CidrBlock", block(cidr, number, true))];
        add(b, network, &subnet, "AWS::EC2::Subnet", properties);
        let properties = [("SubnetId", of(&subnet)), ("RouteTableId", of("public-routes"))];
        add(b, network, &routes, "AWS::EC2::SubnetRouteTableAssociation", properties);
        add(b, network, &address, "AWS::EC2::EIP", [("Domain", "vpc".into())]);
        wait_for(b, network, &address, &attached);
        let allocation = Value::Attribute(part(network, &address), "AllocationId");
        let properties = [("SubnetId", of(&subnet)), ("AllocationId", allocation)];
        add(b, network, &nat, "AWS::EC2::NatGateway", properties);
        wait_for(b, network, &nat, &part(network, "public-route"));
        let properties = [
            ("RouteTableId", of(&format!("routes-{number}"))),
            ("DestinationCidrBlock", ANYWHERE.into()),
            ("NatGatewayId", of(&nat)),
        ];
        add(b, network, &route, "AWS::EC2::Route", properties);
    }
}

fn wait_for(b: &mut Builder<'_>, network: &Network, what: &str, first: &LogicalId) {
    if let Some(resource) = b.plan.resources.get_mut(&part(network, what)) {
        resource.depends_on.push(first.clone());
    }
}

fn service_name(service: Service) -> Value {
    text(["com.amazonaws.".into(), Part::Parameter("AWS::Region"), format!(".{}", service.key()).as_str().into()])
}

/// DynamoDB, through the route tables; it costs nothing.
/// <https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-ddb.html>
fn gateway_endpoint(b: &mut Builder<'_>, network: &Network, zones: u64) {
    let tables = (1..=zones).map(|number| Value::Ref(part(network, &format!("routes-{number}"))));
    let properties = [
        ("VpcId", Value::Ref(ids::network(network))),
        ("ServiceName", service_name(Service::DynamoDb)),
        ("VpcEndpointType", "Gateway".into()),
        ("RouteTableIds", Value::list(tables)),
    ];
    add(b, network, "dynamodb-endpoint", "AWS::EC2::VPCEndpoint", properties);
}

fn endpoint_group(network: &Network, service: Service) -> LogicalId {
    part(network, &format!("{}-endpoint-group", service.key()))
}

/// A service by an interface in every subnet, which lets nobody in but the functions that call it.
fn interface_endpoint(b: &mut Builder<'_>, id: Id<Network>, service: Service) {
    let model = b.model;
    let network = &model.networks[id];
    let group = endpoint_group(network, service);
    let properties = [
        ("GroupDescription", format!("Endpoint of {} in network {}", service.name(), network.head.name).into()),
        ("VpcId", Value::Ref(ids::network(network))),
        ("SecurityGroupEgress", Value::list([nowhere()])),
    ];
    add(b, network, &format!("{}-endpoint-group", service.key()), "AWS::EC2::SecurityGroup", properties);
    for cache in services(model, id).remove(&service).unwrap_or_default() {
        let clients = ids::cache_clients(&model.caches[cache]);
        let origin = format!("who gets to {} from network `{}`", service.name(), network.head.name);
        ingress(b, &group, &clients, Value::Integer(HTTPS), &origin, network.head.name_span);
    }
    let properties = [
        ("VpcId", Value::Ref(ids::network(network))),
        ("ServiceName", service_name(service)),
        ("VpcEndpointType", "Interface".into()),
        ("PrivateDnsEnabled", true.into()),
        ("SubnetIds", subnets(model, id)),
        ("SecurityGroupIds", Value::list([Value::Ref(group)])),
    ];
    add(b, network, &format!("{}-endpoint", service.key()), "AWS::EC2::VPCEndpoint", properties);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subnets_have_blocks_of_their_own() {
        let network = (Ipv4Addr::new(10, 1, 16, 0), 20);
        for (number, public, text) in [
            (1, false, "10.1.16.0/24"),
            (2, false, "10.1.17.0/24"),
            (6, false, "10.1.21.0/24"),
            (1, true, "10.1.24.0/24"),
            (6, true, "10.1.29.0/24"),
        ] {
            assert_eq!(block(network, number, public), text.into());
        }
        assert_eq!(block((Ipv4Addr::new(10, 0, 0, 0), 16), 2, false), "10.0.16.0/20".into());
        assert_eq!(block((Ipv4Addr::new(10, 0, 0, 0), 24), 6, true), "10.0.0.208/28".into());
    }
}
