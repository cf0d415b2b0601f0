//! Deployments of REST APIs: another content needs another one.

use crate::plan::builder::Builder;
use crate::plan::value::Value;
use crate::plan::{LogicalId, Resource, fingerprint};

/// Gives each deployment an id made of what it serves, when all of that is there, overrides among it: it serves what there was
/// when it was made, so that another content needs another deployment. A table whose keys are others is another table, under
/// another name.
pub(super) fn name_by_content(b: &mut Builder<'_>) {
    let is_deployment = |(_, it): &(&LogicalId, &Resource)| it.type_ == "AWS::ApiGateway::Deployment";
    let deployments = b.plan.resources.iter().filter(is_deployment);
    let deployments: Vec<(LogicalId, LogicalId)> = deployments
        .filter_map(|(id, it)| match it.properties.get("RestApiId") {
            Some(Value::Ref(api)) => Some((id.clone(), api.clone())),
            _ => None,
        })
        .collect();
    let keys: String = b.plan.resources.iter().map(|(id, it)| key_of(id, it)).collect();
    for (deployment, api) in deployments {
        let served: String =
            b.plan.parts_of_api(&api).map(|(id, it)| format!("{id} {} {:?}\n", it.type_, it.properties)).collect();
        let hash = format!("{:016x}", fingerprint(&(served + &keys)));
        rename(b, &deployment, &LogicalId::new([deployment.as_str(), hash.as_str()]));
    }
}

/// What makes a table the table that it is.
fn key_of(id: &LogicalId, resource: &Resource) -> String {
    let property = |name: &str| resource.properties.get(name);
    match (property("KeySchema"), property("AttributeDefinitions"), property("TableName")) {
        (Some(key), attributes, name) => format!("{id} {key:?} {attributes:?} {name:?}\n"),
        _ => String::new(),
    }
}

/// Gives a deployment another id, where it stands and where its stage says it.
fn rename(b: &mut Builder<'_>, from: &LogicalId, to: &LogicalId) {
    let resources = std::mem::take(&mut b.plan.resources);
    b.plan.resources = resources
        .into_iter()
        .map(|(id, mut it)| {
            if let Some(deployment) = it.properties.get_mut("DeploymentId")
                && *deployment == Value::Ref(from.clone())
            {
                *deployment = Value::Ref(to.clone());
            }
            (if id == *from { to.clone() } else { id }, it)
        })
        .collect();
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

    /// The vectors of the draft.
    #[test]
    fn the_fingerprint_is_fnv_1a() {
        assert_eq!(fingerprint(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fingerprint("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fingerprint("foobar"), 0x8594_4171_f739_67e8);
    }
}
