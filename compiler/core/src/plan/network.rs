//! How a network is addressed, and the rules of its security groups.

use super::value::Value;
use super::{LogicalId, ids};
use crate::model::{ClientGroup, Id, Model, Network, NetworkKind};
use crate::spec::given::Given;

/// Where every service of AWS listens.
pub(crate) const HTTPS: i64 = 443;

/// Every address.
pub(crate) const ANYWHERE: &str = "0.0.0.0/0";

/// The id of a network's VPC.
pub(crate) fn vpc(model: &Model, network: Id<Network>) -> Value {
    let network = &model.networks[network];
    match &network.kind {
        NetworkKind::Own { .. } => Value::Ref(ids::network(network)),
        NetworkKind::Imported { vpc: Given::Here(id), .. } => id.as_str().into(),
        NetworkKind::Imported { .. } => Value::Ref(vpc_parameter(network)),
    }
}

/// The ids of a network's private subnets.
pub(crate) fn subnets(model: &Model, network: Id<Network>) -> Value {
    subnets_at_most(model, network, usize::MAX)
}

/// The ids of some of a network's private subnets. Those of a parameter are all taken.
pub(crate) fn subnets_at_most(model: &Model, network: Id<Network>, most: usize) -> Value {
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
pub(crate) fn vpc_parameter(network: &Network) -> LogicalId {
    part(network, "vpc")
}

/// The parameter with the ids of subnets: `OfficeNetworkSubnets`.
pub(crate) fn subnets_parameter(network: &Network) -> LogicalId {
    part(network, "subnets")
}

/// The parameter with the ids of security groups: `OfficeNetworkSecurityGroups`.
pub(crate) fn groups_parameter(network: &Network) -> LogicalId {
    part(network, "security-groups")
}

/// A rule that lets a security group get to another.
pub(crate) fn to_group(group: &LogicalId, port: Value, what: &str) -> Value {
    Value::map([
        ("DestinationSecurityGroupId", Value::Ref(group.clone())),
        ("IpProtocol", "tcp".into()),
        ("FromPort", port.clone()),
        ("ToPort", port),
        ("Description", what.into()),
    ])
}

/// A rule that lets a security group get to a port anywhere that there is a route to.
pub(crate) fn to_anywhere(port: Value, what: &str) -> Value {
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
pub(crate) fn nowhere() -> Value {
    Value::map([
        ("CidrIp", "127.0.0.1/32".into()),
        ("IpProtocol", "tcp".into()),
        ("FromPort", Value::Integer(HTTPS)),
        ("ToPort", Value::Integer(HTTPS)),
        ("Description", "nowhere".into()),
    ])
}

/// The logical id of what belongs to a network.
pub(crate) fn part(network: &Network, what: &str) -> LogicalId {
    ids::of(&ids::network(network), what)
}

/// The network that a group of functions is in.
pub(crate) fn of_group(model: &Model, group: ClientGroup) -> Option<Id<Network>> {
    match group {
        ClientGroup::Cache(cache) => model.caches[cache].network.map(|network| network.value),
        ClientGroup::Network(network) => Some(network),
    }
}

/// The logical id of the security group of functions.
pub(crate) fn client_group(model: &Model, group: ClientGroup) -> LogicalId {
    match group {
        ClientGroup::Cache(cache) => ids::cache_clients(&model.caches[cache]),
        ClientGroup::Network(network) => part(&model.networks[network], "functions"),
    }
}

/// Where a function stands that has this group.
pub(crate) fn vpc_config(model: &Model, group: ClientGroup) -> Option<Value> {
    let network = of_group(model, group)?;
    let own = Value::Ref(client_group(model, group));
    let groups = match &model.networks[network].kind {
        NetworkKind::Imported { security_groups: Some(Given::Here(groups)), .. } => {
            Value::list(std::iter::once(own).chain(groups.iter().map(|group| group.as_str().into())))
        }
        // Two lists are one by way of a text.
        NetworkKind::Imported { security_groups: Some(Given::Parameter), .. } => {
            let given = Value::Ref(groups_parameter(&model.networks[network]));
            let all = Value::list([own, Value::Join(",", Box::new(given))]);
            Value::Split(",", Box::new(Value::Join(",", Box::new(all))))
        }
        NetworkKind::Own { .. } | NetworkKind::Imported { security_groups: None, .. } => Value::list([own]),
    };
    Some(Value::map([("SubnetIds", subnets(model, network)), ("SecurityGroupIds", groups)]))
}
