//! The permissions boundary: on every role of the template, whoever wrote it.

use crate::plan::arn;
use crate::plan::builder::Builder;

/// The types that take one, and those of SAM for which it makes a role unless they name theirs.
/// <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html>
const BOUNDED: [(&str, Option<&str>); 4] = [
    ("AWS::IAM::Role", None),
    ("AWS::IAM::User", None),
    ("AWS::Serverless::Function", Some("Role")),
    ("AWS::Serverless::StateMachine", Some("Role")),
];

/// Bounds every role that says no boundary of its own.
pub(super) fn finish(b: &mut Builder<'_>) {
    let Some(boundary) = &b.model.security.permissions_boundary else { return };
    let arn = arn::of_boundary(boundary);
    for resource in b.plan.resources.values_mut() {
        let Some((_, own_role)) = BOUNDED.iter().find(|(type_, _)| *type_ == resource.type_) else { continue };
        if own_role.is_none_or(|role| !resource.properties.contains_key(role)) {
            resource.properties.or_insert_with("PermissionsBoundary", || arn.clone());
        }
    }
}
