//! What a mock does: calls of services, as its function makes them and with its function's rights.

use evc_compiler::model::{Event, Function, Id, Table};
use evc_compiler::scenario::{Effect, Payload, Reference};
use serde_json::{Map, Value, json};

use super::play::Play;
use super::sample::filled;
use crate::Refusal;
use crate::sim::dynamodb;
use crate::system::{Caller, timestamp};

/// What a mock has at hand.
pub(super) struct Hand<'a> {
    pub(super) function: &'a Function,
    pub(super) caller: Caller,
    pub(super) input: &'a Value,
    /// The claims of the token of who calls.
    pub(super) claims: &'a Value,
    /// The rows that it has written, by table; the last one is the last.
    pub(super) rows: Vec<(String, Value)>,
}

impl Hand<'_> {
    /// What values are taken from by name: the row that was written last, then the input.
    pub(super) fn sources(&self) -> Vec<&Value> {
        self.rows.last().map(|(_, row)| row).into_iter().chain([self.input]).collect()
    }
}

impl Play<'_> {
    /// The value of a payload of a mock: `$input`, `$TABLE` for the row that it last wrote there, and what was captured.
    pub(super) fn said(&self, payload: Option<&Payload>, hand: &Hand<'_>) -> Result<Value, String> {
        let Some(payload) = payload else { return Ok(Value::Null) };
        let lookup = |reference: &Reference| {
            let row = || hand.rows.iter().rev().find(|(table, _)| *table == reference.name).map(|(_, row)| row);
            let root = match reference.name.as_str() {
                "input" => Some(hand.input),
                "caller" => Some(hand.claims),
                _ => row(),
            };
            root.or_else(|| self.captured.get(&reference.name)).and_then(|root| reference.follow(root)).cloned()
        };
        payload.value(&lookup).map_err(|reference| format!("`{reference}` is not there"))
    }

    /// Does what an effect says.
    pub(super) fn do_effect(&mut self, effect: &Effect, hand: &mut Hand<'_>) -> Result<(), String> {
        let model = self.suite.model;
        let refused = |refusal: Refusal| format!("{}: {}", refusal.code, refusal.message);
        match effect {
            Effect::Put(put) => {
                let Some((id, name)) = self.table(&put.put) else { return Ok(()) };
                let said = self.said(put.item.as_ref(), hand)?;
                let item = filled(&mut self.system, &model.types, &model.tables[id].item, said, &[hand.input]);
                let body = json!({ "TableName": name, "Item": attributes(&item) });
                self.system.call(&hand.caller, "DynamoDB_20120810.PutItem", body).map_err(refused)?;
                hand.rows.push((put.put.value.clone(), item));
            }
            Effect::Update(update) => {
                let Some((id, name)) = self.table(&update.update) else { return Ok(()) };
                let key = self.key(&model.tables[id], update.key.as_ref(), hand)?;
                let Value::Object(set) = self.said(Some(&update.set), hand)? else { return Ok(()) };
                let row = self.update(&name, &key, &set, &hand.caller).map_err(refused)?;
                hand.rows.push((update.update.value.clone(), row));
            }
            Effect::Delete(delete) => {
                let Some((id, name)) = self.table(&delete.delete) else { return Ok(()) };
                let key = self.key(&model.tables[id], delete.key.as_ref(), hand)?;
                let body = json!({ "TableName": name, "Key": attributes(&key) });
                self.system.call(&hand.caller, "DynamoDB_20120810.DeleteItem", body).map_err(refused)?;
            }
            Effect::Publish(publish) => {
                let found = model.events.iter().find(|(_, event)| event.head.name == publish.publish.value);
                let Some((id, event)) = found else { return Ok(()) };
                let said = self.said(publish.with.as_ref(), hand)?;
                let detail = filled(&mut self.system, &model.types, &event.detail, said, &hand.sources());
                self.publish(id, event, detail, hand).map_err(refused)?;
            }
            Effect::Send(send) => {
                let found = model.queues.values().find(|queue| queue.head.name == send.send.value);
                let Some(queue) = found else { return Ok(()) };
                let said = self.said(send.with.as_ref(), hand)?;
                let message = match &queue.message {
                    Some(ty) => filled(&mut self.system, &model.types, ty, said, &hand.sources()),
                    None => said,
                };
                self.send_message(&send.send, queue.group.as_ref().map(|group| group.as_str()), &message, &hand.caller)
                    .map_err(refused)?;
            }
        }
        Ok(())
    }

    /// The table of a name, and what it is called in the account.
    pub(super) fn table(&self, name: &str) -> Option<(Id<Table>, String)> {
        let (id, _) = self.suite.model.tables.iter().find(|(_, table)| table.head.name == name)?;
        Some((id, self.deployed(&format!("tables.{name}"), "AWS::DynamoDB::Table")?))
    }

    /// What a thing of the spec is called in the account.
    pub(super) fn deployed(&self, address: &str, type_: &str) -> Option<String> {
        let mut resources = self.suite.stack.resources.values();
        resources.find(|it| it.address == address && it.type_ == type_).map(|it| it.name.clone())
    }

    /// A key: as it is said, or by name from the input.
    fn key(&self, table: &Table, said: Option<&Payload>, hand: &Hand<'_>) -> Result<Value, String> {
        let said = self.said(said, hand)?;
        let mut key = Map::new();
        for name in &table.key {
            let given = said.get(name.as_str()).or_else(|| hand.input.get(name.as_str()));
            let given = given.ok_or_else(|| format!("neither `key` nor the input has `{}`", name.value))?;
            key.insert(name.value.clone(), given.clone());
        }
        Ok(Value::Object(key))
    }

    /// Sets fields of a row; the row as it is then.
    fn update(
        &mut self,
        table: &str,
        key: &Value,
        set: &Map<String, Value>,
        caller: &Caller,
    ) -> Result<Value, Refusal> {
        let (mut names, mut values, mut parts) = (Map::new(), Map::new(), Vec::new());
        for (index, (name, value)) in set.iter().enumerate() {
            names.insert(format!("#{index}"), name.as_str().into());
            values.insert(format!(":{index}"), attribute(value));
            parts.push(format!("#{index} = :{index}"));
        }
        let body = json!({
            "TableName": table,
            "Key": attributes(key),
            "UpdateExpression": format!("SET {}", parts.join(", ")),
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
            "ReturnValues": "ALL_NEW",
        });
        let answer = self.system.call(caller, "DynamoDB_20120810.UpdateItem", body)?;
        Ok(answer.get("Attributes").map(dynamodb::plain).unwrap_or_default())
    }

    /// Publishes an event: as a row of the function's outbox if the event is one of it, else on the bus.
    fn publish(&mut self, id: Id<Event>, event: &Event, detail: Value, hand: &Hand<'_>) -> Result<(), Refusal> {
        let model = self.suite.model;
        let outbox = hand.function.outbox_events.iter().any(|own| own.value == id);
        let outbox = hand.function.outbox.as_ref().filter(|_| outbox).map(|outbox| &model.outboxes[outbox.value]);
        let table = outbox.filter(|outbox| outbox.changes.is_none()).and_then(|outbox| {
            let table = self.deployed(&format!("outboxes.{}", outbox.head.name), "AWS::DynamoDB::Table")?;
            Some((outbox, table))
        });
        let Some((outbox, table)) = table else {
            let entry = self.entry(event, &detail);
            let answer = self.system.call(&hand.caller, "AWSEvents.PutEvents", json!({ "Entries": [entry] }))?;
            let failed = answer.pointer("/Entries/0/ErrorCode").and_then(Value::as_str);
            return failed.map_or(Ok(()), |code| Err(Refusal::new(code, "the event was not put")));
        };
        let event_id = self.system.new_id().to_string();
        let now = timestamp(self.system.now_ms());
        let field = outbox.aggregate.as_ref().and_then(|field| detail.get(field.as_str()));
        let aggregate = field.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        let mut detail = detail;
        detail["metadata"] = json!({ "eventId": event_id, "occurredAt": now });
        if let Some(aggregate) = &aggregate {
            detail["metadata"]["aggregate"] = aggregate.as_str().into();
        }
        let ttl = self.system.now_ms() / 1_000 + outbox.retention.seconds;
        let row = json!({
            "aggregate": aggregate.unwrap_or_else(|| event_id.clone()),
            "eventId": event_id,
            "source": event.source.value,
            "detailType": event.detail_type.value,
            "detail": detail.to_string(),
            "occurredAt": now,
            "ttl": ttl,
        });
        let body = json!({ "TableName": table, "Item": attributes(&row) });
        self.system.call(&hand.caller, "DynamoDB_20120810.PutItem", body).map(|_| ())
    }

    /// An event as an entry of `PutEvents`.
    pub(super) fn entry(&self, event: &Event, detail: &Value) -> Value {
        let bus = &self.suite.model.buses[event.bus];
        let own = self.deployed(&format!("buses.{}", bus.head.name), "AWS::Events::EventBus");
        json!({
            "EventBusName": own.unwrap_or_else(|| "default".to_owned()),
            "Source": event.source.value,
            "DetailType": event.detail_type.value,
            "Detail": detail.to_string(),
        })
    }

    /// Sends a message.
    pub(super) fn send_message(
        &mut self,
        queue: &str,
        group: Option<&str>,
        message: &Value,
        caller: &Caller,
    ) -> Result<(), Refusal> {
        let name = self.deployed(&format!("queues.{queue}"), "AWS::SQS::Queue").unwrap_or_default();
        let mut body = json!({ "QueueUrl": format!("{}/000000000000/{name}", self.suite.stack.place.endpoint), "MessageBody": message.to_string() });
        if let Some(group) = group {
            let group = message.get(group).map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned));
            body["MessageGroupId"] = group.unwrap_or_default().into();
            body["MessageDeduplicationId"] = self.system.new_id().to_string().into();
        }
        self.system.call(caller, "AmazonSQS.SendMessage", body).map(|_| ())
    }
}

/// An item as DynamoDB takes it.
pub(super) fn attributes(item: &Value) -> Value {
    let fields = item.as_object().into_iter().flatten();
    Value::Object(fields.map(|(name, value)| (name.clone(), attribute(value))).collect())
}

fn attribute(value: &Value) -> Value {
    match value {
        Value::Null => json!({ "NULL": true }),
        Value::Bool(value) => json!({ "BOOL": value }),
        Value::Number(number) => json!({ "N": number.to_string() }),
        Value::String(text) => json!({ "S": text }),
        Value::Array(items) => json!({ "L": items.iter().map(attribute).collect::<Vec<_>>() }),
        Value::Object(_) => json!({ "M": attributes(value) }),
    }
}
