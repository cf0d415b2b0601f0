//! What a role needs to talk to a cache.

use super::{Builder, Role, Why};
use crate::model::{Cache, ClientGroup, Id};
use crate::plan::value::Value;
use crate::plan::{arn, cache};
use crate::source::{Span, Spanned};
use crate::spec::cache::CacheAuth;

impl Builder<'_> {
    /// Lets a role log in to a cache.
    pub(crate) fn log_in(&mut self, role: &Role, used: Spanned<Id<Cache>>) {
        let model = self.model;
        let cache = &model.caches[used.value];
        let why = || Why::new(format!("`cache: {}`", cache.head.name), used.span);
        if cache.auth == CacheAuth::Iam {
            self.grant(role, &["elasticache:Connect"], [cache::arn(cache), Value::arn(&cache::user(cache))], why());
        }
        if let Some(secret) = cache::secret(model, cache) {
            self.grant(role, &["secretsmanager:GetSecretValue"], [secret], why());
        }
    }

    /// What Lambda does with the role to connect a function to a network. The function's own code may not: what it calls has the
    /// function's ARN in it. <https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html>
    pub(crate) fn interfaces(&mut self, role: &Role, group: ClientGroup, span: Span) {
        let place = match group {
            ClientGroup::Cache(cache) => format!("the network of cache `{}`", self.model.caches[cache].head.name),
            ClientGroup::Network(network) => format!("network `{}`", self.model.networks[network].head.name),
        };
        let by_lambda = |reason: &str| {
            let reason = format!("puts it into {place}; {reason}");
            Why::new(reason, span).only_if("Null", "lambda:SourceFunctionArn", "true".into())
        };
        let actions = [
            "ec2:AssignPrivateIpAddresses",
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:UnassignPrivateIpAddresses",
        ];
        let mine = arn::of("ec2", "*/*", []);
        self.grant(role, &actions, [mine], by_lambda("the interfaces have no names before"));
        let actions = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"];
        self.grant(role, &actions, ["*".into()], by_lambda("these actions cannot be limited to a resource"));
    }
}
