//! The table of an outbox: events waiting to be published.

use evc_interface::table::{OUTBOX_PARTITION, OUTBOX_SORT, TTL};

use super::table;
use crate::model::Outbox;
use crate::plan::builder::Builder;
use crate::plan::value::Value;
use crate::plan::{Resource, ids};

/// The attributes of an outbox's key; the runtime writes them.
const KEY: [&str; 2] = [OUTBOX_PARTITION, OUTBOX_SORT];

/// Adds the table of an outbox that has one of its own.
pub(crate) fn add(b: &mut Builder<'_>, outbox: &Outbox) {
    if outbox.changes.is_some() {
        return;
    }
    let removal = table::removal(b, &outbox.removal);
    let protection = b.shared_setting("DeletionProtection", &outbox.deletion_protection, |on| (*on).into());
    let recovery = b.shared_setting("PointInTimeRecovery", &outbox.point_in_time_recovery, |on| (*on).into());
    let properties = [
        ("BillingMode", "PAY_PER_REQUEST".into()),
        ("AttributeDefinitions", Value::list(KEY.map(|name| table::attribute(name, "S")))),
        ("KeySchema", table::key_schema(KEY.into_iter())),
        ("TimeToLiveSpecification", table::ttl_of(TTL)),
        ("StreamSpecification", Value::map([("StreamViewType", "NEW_IMAGE".into())])),
        ("SSESpecification", Value::map([("SSEEnabled", true.into())])),
        ("PointInTimeRecoverySpecification", Value::map([("PointInTimeRecoveryEnabled", recovery)])),
        ("DeletionProtectionEnabled", protection),
    ];
    let origin = format!("outbox `{}`", outbox.head.name);
    b.add(
        &ids::outbox(outbox),
        Resource::new("AWS::DynamoDB::Table", origin, outbox.head.name_span, properties).removal(removal),
    );
    table::show(b, &outbox.head.name, &ids::outbox(outbox));
}
