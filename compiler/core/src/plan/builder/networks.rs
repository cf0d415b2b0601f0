//! Security groups, and ways between them.

use super::Builder;
use crate::plan::value::Value;
use crate::plan::{LogicalId, Resource, ids};
use crate::source::Span;

impl Builder<'_> {
    /// Adds a security group, with the ways out of it.
    pub(crate) fn security_group(
        &mut self,
        id: &LogicalId,
        description: String,
        vpc: Value,
        ways: Vec<Value>,
        origin: &str,
        span: Span,
    ) {
        let properties =
            [("GroupDescription", description.into()), ("VpcId", vpc), ("SecurityGroupEgress", Value::list(ways))];
        self.add(id, Resource::new("AWS::EC2::SecurityGroup", origin, span, properties));
    }

    /// Lets one security group into another. A resource of its own, for the two know each other.
    pub(crate) fn ingress(&mut self, into: &LogicalId, from: &LogicalId, port: Value, origin: &str, span: Span) {
        let properties = [
            ("GroupId", Value::Ref(into.clone())),
            ("SourceSecurityGroupId", Value::Ref(from.clone())),
            ("IpProtocol", "tcp".into()),
            ("FromPort", port.clone()),
            ("ToPort", port),
        ];
        let id = ids::of(into, &format!("from-{from}"));
        self.add(&id, Resource::new("AWS::EC2::SecurityGroupIngress", origin, span, properties));
    }
}
