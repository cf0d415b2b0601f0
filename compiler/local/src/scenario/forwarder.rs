//! What the functions do that evc makes itself, as the runtime does it.

use evc_interface::environment;
use serde_json::{Value, json};

use super::play::Play;
use crate::sim::dynamodb;
use crate::sim::lambda::{Ended, Function};
use crate::system::Caller;

impl Play<'_> {
    /// The forwarder of an outbox with a table of its own: inserted rows become events, in their order.
    pub(super) fn forward(&mut self, function: &Function, caller: &Caller, payload: &Value) -> Ended {
        let bus = function.environment.get(environment::EVENT_BUS).cloned().unwrap_or_default();
        let records = payload.get("Records").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for record in records.iter().filter(|record| record.get("eventName") == Some(&json!("INSERT"))) {
            let row = record.pointer("/dynamodb/NewImage").map(dynamodb::plain).unwrap_or_default();
            let entry = json!({
                "EventBusName": bus,
                "Source": row.get("source"),
                "DetailType": row.get("detailType"),
                "Detail": row.get("detail"),
            });
            let put = self.system.call(caller, "AWSEvents.PutEvents", json!({ "Entries": [entry] }));
            let failed = match &put {
                Ok(answer) => answer.get("FailedEntryCount") != Some(&json!(0)),
                Err(_) => true,
            };
            if failed {
                let number = record.pointer("/dynamodb/SequenceNumber");
                return Ended::Answer(json!({ "batchItemFailures": [{ "itemIdentifier": number }] }).to_string());
            }
        }
        Ended::Answer(json!({ "batchItemFailures": [] }).to_string())
    }
}
