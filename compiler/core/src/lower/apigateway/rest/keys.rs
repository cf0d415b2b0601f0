//! The key of a REST API with routes for holders of one: API Gateway makes its value, which nobody reads in the template.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html>

use super::api::Rest;
use crate::plan::LogicalId;
use crate::plan::builder::Builder;
use crate::plan::ids;
use crate::plan::value::Value;

/// Adds one key, and the usage plan through which it opens the API's stage.
pub(super) fn add(b: &mut Builder<'_>, rest: &Rest<'_>, stage: &LogicalId) {
    let (key, plan) = (ids::of(&rest.id, "key"), ids::of(&rest.id, "usage-plan"));
    let origin = format!("key of {}", rest.origin);
    b.add(&key, rest.resource("AWS::ApiGateway::ApiKey", &origin, [("Enabled", true.into())]));
    let throttling = Value::map([
        ("RateLimit", Value::count(rest.api.throttling.rate)),
        ("BurstLimit", Value::count(rest.api.throttling.burst)),
    ]);
    let stage = Value::map([("ApiId", Value::Ref(rest.id.clone())), ("Stage", Value::Ref(stage.clone()))]);
    let properties = [("ApiStages", Value::list([stage])), ("Throttle", throttling)];
    b.add(&plan, rest.resource("AWS::ApiGateway::UsagePlan", &format!("usage plan of {}", rest.origin), properties));
    let properties =
        [("KeyId", Value::Ref(key.clone())), ("KeyType", "API_KEY".into()), ("UsagePlanId", Value::Ref(plan.clone()))];
    b.add(&ids::of(&plan, "key"), rest.resource("AWS::ApiGateway::UsagePlanKey", &origin, properties));
}
