//! Redrives: for each outbox with a table of its own, a function that people invoke to publish its events again.

use indexmap::IndexMap;

use evc_interface::environment;

use crate::plan::builder::{Builder, Lambda, Why};
use crate::plan::names::of_stack;
use crate::plan::value::{Value, text};
use crate::plan::variables::purposes;
use crate::plan::{Handler, HandlerKind, bus, ids};

/// As long as Lambda allows, in seconds: what is left says where it goes on.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const TIMEOUT: i64 = 900;

/// Memory in MB: a page of the table has at most 1 MB.
const MEMORY: i64 = 256;

/// Adds them.
pub(crate) fn lower(b: &mut Builder<'_>) {
    for (id, outbox) in b.model.outboxes.iter().filter(|(_, outbox)| outbox.changes.is_none()) {
        let Some(bus) = b.model.bus_of(outbox) else { continue };
        let (name, span) = (&outbox.head.name, outbox.head.name_span);
        let table = ids::outbox(outbox);
        let variables = IndexMap::from([
            (environment::METRICS_NAMESPACE.to_owned(), (text(of_stack()), "the namespace of its metrics".to_owned())),
            (environment::OUTBOX_TABLE.to_owned(), (Value::Ref(table.clone()), "the table of the outbox".to_owned())),
            (environment::EVENT_BUS.to_owned(), (bus::name(bus), "the bus that events are put on".to_owned())),
        ]);
        let binary = ids::redrive_binary(b.model, outbox);
        b.plan.handlers.push(Handler {
            binary: binary.clone(),
            kind: HandlerKind::Redrive(id),
            environment: purposes(&variables),
        });
        let role = b.lambda(Lambda {
            id: ids::redrive(outbox),
            name: format!("{name}-redrive"),
            principal: format!("redrive of outbox `{name}`"),
            description: Some(format!("Publishes events of outbox {name} again, when somebody asks").into()),
            binary,
            memory: Value::Integer(MEMORY),
            timeout: Value::Integer(TIMEOUT),
            concurrency: None,
            variables,
            cache: None,
            group: None,
            span,
        });
        let why = Why::new("finds the events to publish again", span);
        b.grant(&role, &["dynamodb:Query", "dynamodb:Scan"], [Value::arn(&table)], why);
        let publishes = outbox.publishes.first().map_or(span, |event| event.span);
        b.publish(&role, bus, &outbox.publishes, Why::new("`publishes` of the outbox", publishes));
    }
}
