//! The table in which idempotent functions keep what they have done.

use evc_interface::table::{IDEMPOTENCY_KEY, TTL};

use super::table;
use crate::plan::Resource;
use crate::plan::builder::Builder;
use crate::plan::ids;
use crate::plan::value::Value;

/// Adds the table if any function is idempotent.
pub(crate) fn lower(b: &mut Builder<'_>) {
    let Some(first) = b.model.functions.values().find(|function| function.idempotent.is_some()) else { return };
    let properties = [
        ("BillingMode", "PAY_PER_REQUEST".into()),
        ("AttributeDefinitions", Value::list([table::attribute(IDEMPOTENCY_KEY, "S")])),
        ("KeySchema", table::key_schema([IDEMPOTENCY_KEY].into_iter())),
        ("TimeToLiveSpecification", table::ttl_of(TTL)),
        ("SSESpecification", Value::map([("SSEEnabled", true.into())])),
    ];
    let origin = "what idempotent functions have done";
    // Its records expire within days, and are of no use without the functions: nothing to keep or to restore.
    let resource =
        Resource::new("AWS::DynamoDB::Table", origin, first.head.name_span, properties).removal("Delete".into());
    b.add(&ids::idempotency(), resource);
}
