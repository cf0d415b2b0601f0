//! Ways between security groups.

use super::Builder;
use crate::plan::value::Value;
use crate::plan::{LogicalId, Resource, ids};
use crate::source::Span;

impl Builder<'_> {
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
