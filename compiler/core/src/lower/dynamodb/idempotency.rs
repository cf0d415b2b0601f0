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
    // As durable as the data of the environment: results that are lost, or forgotten by a restored stack, are done again.
    let durability = b.model.durability.clone();
    let removal = table::removal(b, &durability.removal);
    let protection = b.shared_setting("DeletionProtection", &durability.deletion_protection, |on| (*on).into());
    let recovery = b.shared_setting("PointInTimeRecovery", &durability.point_in_time_recovery, |on| (*on).into());
    let properties = [
        ("BillingMode", "PAY_PER_REQUEST".into()),
        ("AttributeDefinitions", Value::list([table::attribute(IDEMPOTENCY_KEY, "S")])),
        ("KeySchema", table::key_schema([IDEMPOTENCY_KEY].into_iter())),
        ("TimeToLiveSpecification", table::ttl_of(TTL)),
        ("SSESpecification", Value::map([("SSEEnabled", true.into())])),
        ("PointInTimeRecoverySpecification", Value::map([("PointInTimeRecoveryEnabled", recovery)])),
        ("DeletionProtectionEnabled", protection),
    ];
    let origin = "what idempotent functions have done";
    let resource = Resource::new("AWS::DynamoDB::Table", origin, first.head.name_span, properties).removal(removal);
    b.add(&ids::idempotency(), resource);
}
