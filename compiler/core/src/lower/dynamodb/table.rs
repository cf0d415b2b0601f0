//! DynamoDB tables.

use indexmap::IndexSet;

use crate::model::{Index, Setting, Table};
use crate::plan::builder::Builder;
use crate::plan::graph::{Graph, Line};
use crate::plan::ids;
use crate::plan::value::Value;
use crate::plan::{LogicalId, Resource};
use crate::spec::table::{Billing, Encryption, Projection, Removal, StreamView};
use crate::types::Attribute;

/// Adds each table.
pub(crate) fn lower(b: &mut Builder<'_>) {
    for table in b.model.tables.values() {
        let id = ids::table(table);
        let span = table.head.name_span;
        let removal = removal(b, &table.removal);
        let protection = b.shared_setting("DeletionProtection", &table.deletion_protection, |on| (*on).into());
        let recovery = b.shared_setting("PointInTimeRecovery", &table.point_in_time_recovery, |on| (*on).into());
        let indexes = table.indexes.iter().map(|index| index_of(table, index));
        let properties = [
            ("BillingMode", billing_mode(&table.billing).into()),
            ("AttributeDefinitions", attributes(b, table)),
            ("KeySchema", key_schema(table.key.iter().map(|name| name.as_str()))),
        ];
        let resource = Resource::new("AWS::DynamoDB::Table", format!("table `{}`", table.head.name), span, properties)
            .with("ProvisionedThroughput", throughput(&table.billing))
            .with("GlobalSecondaryIndexes", (!table.indexes.is_empty()).then(|| Value::list(indexes)))
            .with("TimeToLiveSpecification", table.ttl.as_ref().map(|ttl| ttl_of(ttl)))
            .with("StreamSpecification", table.stream.map(stream))
            .with("SSESpecification", Value::map([("SSEEnabled", is_aws_managed(table).into())]))
            .with("PointInTimeRecoverySpecification", Value::map([("PointInTimeRecoveryEnabled", recovery)]))
            .with("DeletionProtectionEnabled", protection)
            .removal(removal);
        b.add(&id, resource);
        show(b, &table.head.name, &id);
    }
}

/// Whether the key is that of AWS in the account, as it is unless the table says otherwise.
fn is_aws_managed(table: &Table) -> bool {
    table.encryption.is_none_or(|owner| owner.value == Encryption::AwsManaged)
}

/// What is read from a table and written to it, on the dashboard.
pub(super) fn show(b: &mut Builder<'_>, name: &str, table: &LogicalId) {
    for (graph, metric) in [
        (Graph::TableReads, "ConsumedReadCapacityUnits"),
        (Graph::TableWrites, "ConsumedWriteCapacityUnits"),
        (Graph::TableReadThrottles, "ReadThrottleEvents"),
        (Graph::TableWriteThrottles, "WriteThrottleEvents"),
    ] {
        let dimension = [("TableName", Value::Ref(table.clone()))];
        b.show(graph, Line::new(name, "AWS/DynamoDB", metric, dimension));
    }
}

/// What CloudFormation does with a resource that leaves the stack.
pub(crate) fn removal(b: &mut Builder<'_>, removal: &Setting<Removal>) -> Value {
    b.shared_setting("Removal", removal, |removal| match removal {
        Removal::Retain => "Retain".into(),
        Removal::Delete => "Delete".into(),
    })
}

/// A partition key, and a sort key if there are two.
pub(crate) fn key_schema<'a>(names: impl Iterator<Item = &'a str>) -> Value {
    Value::list(
        names
            .zip(["HASH", "RANGE"])
            .map(|(name, kind)| Value::map([("AttributeName", name.into()), ("KeyType", kind.into())])),
    )
}

/// One attribute of a key.
pub(crate) fn attribute(name: &str, kind: &str) -> Value {
    Value::map([("AttributeName", name.into()), ("AttributeType", kind.into())])
}

/// The attribute by which items expire.
pub(crate) fn ttl_of(attribute: &str) -> Value {
    Value::map([("AttributeName", attribute.into()), ("Enabled", true.into())])
}

/// The attributes that are part of some key, each once, as DynamoDB wants them declared.
fn attributes(b: &Builder<'_>, table: &Table) -> Value {
    let keys = table.key.iter().chain(table.indexes.iter().flat_map(|index| &index.key));
    let names: IndexSet<&str> = keys.map(|name| name.as_str()).collect();
    let types = &b.model.types;
    Value::list(names.into_iter().map(|name| {
        // That the attribute is there and can be a key is a check of its own, so that what is left here is one of three.
        let kind = types.field_at(&table.item, &[name]).ok().and_then(|field| types.attribute(field.ty));
        attribute(name, kind.unwrap_or(Attribute::S).as_str())
    }))
}

fn index_of(table: &Table, index: &Index) -> Value {
    let projection = match &index.projection {
        Projection::All => Value::map([("ProjectionType", "ALL".into())]),
        Projection::Keys => Value::map([("ProjectionType", "KEYS_ONLY".into())]),
        Projection::Include(names) => Value::map([
            ("ProjectionType", "INCLUDE".into()),
            ("NonKeyAttributes", Value::list(names.iter().map(|name| name.as_str().into()))),
        ]),
    };
    let entries = [
        ("IndexName", index.name.as_str().into()),
        ("KeySchema", key_schema(index.key.iter().map(|name| name.as_str()))),
        ("Projection", projection),
    ];
    let throughput = throughput(&table.billing).map(|units| ("ProvisionedThroughput", units));
    Value::map(entries.into_iter().chain(throughput))
}

fn billing_mode(billing: &Billing) -> &'static str {
    match billing {
        Billing::OnDemand => "PAY_PER_REQUEST",
        Billing::Provisioned { .. } => "PROVISIONED",
    }
}

fn throughput(billing: &Billing) -> Option<Value> {
    match billing {
        Billing::OnDemand => None,
        Billing::Provisioned { read, write } => {
            Some(Value::map([("ReadCapacityUnits", Value::count(*read)), ("WriteCapacityUnits", Value::count(*write))]))
        }
    }
}

fn stream(view: StreamView) -> Value {
    let view = match view {
        StreamView::NewImage => "NEW_IMAGE",
        StreamView::NewAndOldImages => "NEW_AND_OLD_IMAGES",
    };
    Value::map([("StreamViewType", view.into())])
}
