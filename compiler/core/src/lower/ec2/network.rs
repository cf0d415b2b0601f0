//! Networks: VPCs with private subnets and the endpoints of what their functions call, and ways between security groups.

use std::net::Ipv4Addr;

use super::services::{endpoint_group, services};
use crate::model::{Id, Network, NetworkKind};
use crate::plan::builder::Builder;
use crate::plan::names::of_stack;
use crate::plan::network::{ANYWHERE, HTTPS, client_group, nowhere, part, subnets};
use crate::plan::value::{Part, Value, text};
use crate::plan::{LogicalId, Resource, ids};
use crate::spec::network::Service;

/// A network is cut into so many subnets: the first half are private, the second half public.
const SUBNETS: u32 = 16;

/// Adds each network that this stack makes, with the endpoints in it.
pub(crate) fn lower(b: &mut Builder<'_>) {
    for (id, network) in b.model.networks.iter() {
        let NetworkKind::Own { cidr, zones, .. } = &network.kind else { continue };
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

fn named(network: &Network) -> Value {
    text(of_stack().into_iter().chain([format!("-{}", network.head.name).as_str().into()]))
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
    Value::Zone(number - 1)
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
    for group_of in services(model, id).remove(&service).unwrap_or_default() {
        let clients = client_group(model, group_of);
        let origin = format!("who gets to {} from network `{}`", service.name(), network.head.name);
        b.ingress(&group, &clients, Value::Integer(HTTPS), &origin, network.head.name_span);
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
