//! DynamoDB: tables, by dynoxide, in memory or on disk.
//!
//! Where dynoxide differs from AWS, this file mends it: a write that changes nothing makes no stream record, items expire, ARNs are the
//! account's. What is not mended: a transaction is never in conflict with another one that is under way, since calls come one at a time.

use std::path::PathBuf;
use std::sync::Arc;

use dynoxide::{Database, DynoxideError};
use indexmap::IndexMap;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::Refusal;
use crate::stack::{Resource, Stack};
use crate::system::{Caller, System};
use crate::trace::{HopId, Kind, New};

/// How often items that have expired are removed: AWS takes up to days.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html>
const EXPIRY_MS: u64 = 60_000;

/// How many records a millisecond has numbers for, and what stands before a number: those of AWS have 21 digits and more.
const SEQUENCES_EACH_MS: u64 = 10_000;
/// See [`SEQUENCES_EACH_MS`].
const SEQUENCE_PREFIX: &str = "100";

/// The table in which it is kept how far the readers of streams are: by what reads, the number of the last record that needs no more work.
/// The tables of stacks have no dot in their names.
const POSITIONS: &str = "evc.positions";

/// For how long a stream has a record.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html>
const STREAM_MS: u64 = 86_400_000;

/// Where items are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// In memory: they are gone when the system is.
    Memory,
    /// In this file.
    File(PathBuf),
}

/// A table.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) address: String,
    /// The ARN of its stream, if it has one.
    pub(crate) stream: Option<String>,
    /// Where the stream is read on from.
    iterator: Option<String>,
    expires: bool,
}

/// The tables of all stacks.
pub struct Tables {
    database: Database,
    /// Whether they are there after this system.
    kept: bool,
    pub(crate) by_name: IndexMap<String, Table>,
    /// The number of the last record of a stream, while all tables are in memory: greater than any before it.
    sequence: u64,
}

impl std::fmt::Debug for Tables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tables").field("by_name", &self.by_name).finish_non_exhaustive()
    }
}

/// The properties of a table that `CreateTable` takes.
const CREATES: [&str; 6] = [
    "AttributeDefinitions",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "LocalSecondaryIndexes",
    "ProvisionedThroughput",
];

impl Tables {
    /// Opens the database, and makes the tables of the stacks that are not there yet.
    pub(crate) fn open(stacks: &[Arc<Stack>], kept: Kept) -> Result<Self, String> {
        let is_kept = kept != Kept::Memory;
        let database = match kept {
            Kept::Memory => Database::memory(),
            Kept::File(path) => Database::new(&path.to_string_lossy()),
        };
        let database = database.map_err(|error| format!("the database cannot be opened: {error}"))?;
        let mut tables = Self { database, kept: is_kept, by_name: IndexMap::new(), sequence: 0 };
        if is_kept {
            tables.make_positions()?;
        }
        for stack in stacks {
            for (_, resource) in stack.of_type(&["AWS::DynamoDB::Table"]) {
                tables.make(resource)?;
            }
        }
        Ok(tables)
    }

    fn make(&mut self, resource: &Resource) -> Result<(), String> {
        let wrong = |refusal: Refusal| format!("{}: the table cannot be made: {refusal}", resource.address);
        let name = &resource.name;
        let streams = resource.text("/StreamSpecification/StreamViewType").map(str::to_owned);
        let ttl = resource.text("/TimeToLiveSpecification/AttributeName");
        if self.run("DescribeTable", json!({ "TableName": name })).is_err() {
            let mut request = Map::from_iter([("TableName".to_owned(), json!(name))]);
            for property in CREATES {
                request.extend(resource.at(&format!("/{property}")).map(|value| (property.to_owned(), value.clone())));
            }
            request.entry("BillingMode").or_insert(json!("PAY_PER_REQUEST"));
            if let Some(view) = &streams {
                let specification = json!({ "StreamEnabled": true, "StreamViewType": view });
                request.insert("StreamSpecification".to_owned(), specification);
            }
            self.run("CreateTable", Value::Object(request)).map_err(wrong)?;
            if let Some(attribute) = ttl {
                let specification = json!({ "AttributeName": attribute, "Enabled": true });
                let request = json!({ "TableName": name, "TimeToLiveSpecification": specification });
                self.run("UpdateTimeToLive", request).map_err(wrong)?;
            }
        }
        let mut table = Table {
            name: name.clone(),
            arn: resource.arn.clone(),
            address: resource.address.clone(),
            stream: None,
            iterator: None,
            expires: ttl.is_some(),
        };
        if streams.is_some() {
            table.stream = Some(format!("{}/stream/2026-01-01T00:00:00.000", resource.arn));
            table.iterator = Some(self.latest(name).map_err(wrong)?);
        }
        self.by_name.insert(name.clone(), table);
        Ok(())
    }

    /// Makes the tables that are new. What cannot be changed under items that are there is told: their keys.
    pub(crate) fn reconfigure(&mut self, stacks: &[Arc<Stack>]) -> Result<Vec<String>, String> {
        let mut notes = Vec::new();
        for resource in stacks.iter().flat_map(|stack| stack.resources.values()) {
            if resource.type_ != "AWS::DynamoDB::Table" {
                continue;
            }
            if !self.by_name.contains_key(&resource.name) {
                self.make(resource)?;
                notes.push(format!("{} is new", resource.address));
                continue;
            }
            let there = self.run("DescribeTable", json!({ "TableName": resource.name })).unwrap_or_default();
            for (property, what) in [("KeySchema", "key"), ("GlobalSecondaryIndexes", "indexes")] {
                let names = |json: Option<&Value>| keys(json.unwrap_or(&Value::Null));
                if names(there.pointer(&format!("/Table/{property}"))) != names(resource.at(&format!("/{property}"))) {
                    notes.push(format!("{}: its {what} stay as they were; start again with --fresh", resource.address));
                }
            }
        }
        Ok(notes)
    }

    /// Makes the table in which it is kept how far the readers of streams are, if it is not there yet.
    fn make_positions(&self) -> Result<(), String> {
        if self.run("DescribeTable", json!({ "TableName": POSITIONS })).is_ok() {
            return Ok(());
        }
        let request = json!({
            "TableName": POSITIONS, "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{ "AttributeName": "reader", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "reader", "KeyType": "HASH" }],
        });
        let wrong = |refusal: Refusal| format!("the database cannot be written: {refusal}");
        self.run("CreateTable", request).map(|_| ()).map_err(wrong)
    }

    /// Whether items, and how far streams are read, outlive this system.
    pub(crate) fn are_kept(&self) -> bool {
        self.kept
    }

    /// The number of the last record of a stream that a reader is done with, if it ever was with one.
    pub(crate) fn position(&self, reader: &str) -> Option<String> {
        let found =
            self.run("GetItem", json!({ "TableName": POSITIONS, "Key": { "reader": { "S": reader } } })).ok()?;
        found.pointer("/Item/sequence/S").and_then(Value::as_str).map(str::to_owned)
    }

    /// Keeps that a reader is done with a record and all before it.
    pub(crate) fn keep_position(&self, reader: &str, sequence: &str) -> Result<(), Refusal> {
        if !self.kept {
            return Ok(());
        }
        let item = json!({ "reader": { "S": reader }, "sequence": { "S": sequence } });
        self.run("PutItem", json!({ "TableName": POSITIONS, "Item": item })).map(|_| ())
    }

    /// The records of a stream that are younger than a day, from the one after this number on.
    pub(crate) fn records_after(
        &self,
        stream: &str,
        sequence: Option<&str>,
        now_ms: u64,
    ) -> Result<Vec<Value>, Refusal> {
        let Some(table) = self.by_name.values().find(|table| table.stream.as_deref() == Some(stream)) else {
            return Ok(Vec::new());
        };
        let mut iterator = self.iterator(&table.name, sequence)?;
        let mut all = Vec::new();
        loop {
            let mut answer = self.run("GetRecords", json!({ "ShardIterator": iterator }))?;
            let records = answer.get_mut("Records").and_then(Value::as_array_mut).map(std::mem::take);
            let records = records.unwrap_or_default();
            match answer.get("NextShardIterator").and_then(Value::as_str).filter(|_| !records.is_empty()) {
                Some(next) => next.clone_into(&mut iterator),
                None => return Ok(all),
            }
            all.extend(records.into_iter().filter(|record| created_ms(record) + STREAM_MS > now_ms));
        }
    }

    /// Where a stream ends now.
    fn latest(&self, table: &str) -> Result<String, Refusal> {
        self.iterator_of(table, json!({ "ShardIteratorType": "LATEST" }))
    }

    /// The place in a stream behind a record, or its beginning.
    fn iterator(&self, table: &str, after: Option<&str>) -> Result<String, Refusal> {
        let place = match after {
            Some(number) => json!({ "ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": number }),
            None => json!({ "ShardIteratorType": "TRIM_HORIZON" }),
        };
        self.iterator_of(table, place)
    }

    fn iterator_of(&self, table: &str, mut request: Value) -> Result<String, Refusal> {
        let listed = self.run("ListStreams", json!({ "TableName": table }))?;
        let arn = listed.pointer("/Streams/0/StreamArn").cloned().unwrap_or_default();
        let described = self.run("DescribeStream", json!({ "StreamArn": arn }))?;
        let shard = described.pointer("/StreamDescription/Shards/0/ShardId").cloned().unwrap_or_default();
        (request["StreamArn"], request["ShardId"]) = (arn, shard);
        let iterator = self.run("GetShardIterator", request)?;
        Ok(iterator.get("ShardIterator").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// One operation.
    fn run(&self, operation: &str, body: Value) -> Result<Value, Refusal> {
        let db = &self.database;
        match operation {
            "BatchGetItem" => answer(body, |it| db.batch_get_item(it)),
            "BatchWriteItem" => answer(body, |it| db.batch_write_item(it)),
            "CreateTable" => answer(body, |it| db.create_table(it)),
            "DeleteItem" => answer(body, |it| db.delete_item(it)),
            "DescribeStream" => answer(body, |it| db.describe_stream(it)),
            "DescribeTable" => answer(body, |it| db.describe_table(it)),
            "DescribeTimeToLive" => answer(body, |it| db.describe_time_to_live(it)),
            "GetItem" => answer(body, |it| db.get_item(it)),
            "GetRecords" => answer(body, |it| db.get_records(it)),
            "GetShardIterator" => answer(body, |it| db.get_shard_iterator(it)),
            "ListStreams" => answer(body, |it| db.list_streams(it)),
            "ListTables" => answer(body, |it| db.list_tables(it)),
            "PutItem" => answer(body, |it| db.put_item(it)),
            "Query" => answer(body, |it| db.query(it)),
            "Scan" => answer(body, |it| db.scan(it)),
            "TransactGetItems" => answer(body, |it| db.transact_get_items(it)),
            "TransactWriteItems" => answer(body, |it| db.transact_write_items(it)),
            "UpdateItem" => answer(body, |it| db.update_item(it)),
            "UpdateTimeToLive" => answer(body, |it| db.update_time_to_live(it)),
            _ => Err(Refusal::unknown_operation("DynamoDB", operation)),
        }
    }

    /// A table by its name or its ARN.
    pub(crate) fn find(&self, name: &str) -> Option<&Table> {
        let name = name.rsplit(":table/").next().unwrap_or(name);
        self.by_name.get(name.split('/').next().unwrap_or(name))
    }
}

/// When a record of a stream was made, milliseconds since 1970.
pub(crate) fn created_ms(record: &Value) -> u64 {
    let seconds = record.pointer("/dynamodb/ApproximateCreationDateTime").and_then(Value::as_f64).unwrap_or_default();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time of this millennium")]
    let ms = (seconds.max(0.0) * 1_000.0) as u64;
    ms
}

fn answer<Q: DeserializeOwned, R: Serialize>(
    body: Value,
    run: impl FnOnce(Q) -> Result<R, DynoxideError>,
) -> Result<Value, Refusal> {
    let request = serde_json::from_value(body).map_err(|error| unread(&error.to_string()))?;
    let answer = run(request).map_err(|error| refusal(&error))?;
    serde_json::to_value(answer).map_err(|error| Refusal::new("InternalServerError", error.to_string()))
}

/// A request that cannot be read. What dynoxide marks so has the form of a request, and a value that is none.
fn unread(error: &str) -> Refusal {
    match error.split_once("VALIDATION_REQUEST:") {
        Some((_, why)) => Refusal::invalid(why),
        None => Refusal::new("SerializationException", format!("the request cannot be read: {error}")),
    }
}

fn refusal(error: &DynoxideError) -> Refusal {
    let mut body: Map<String, Value> = serde_json::from_str(&error.to_json()).unwrap_or_default();
    let code = body.remove("__type").and_then(|code| code.as_str().map(str::to_owned)).unwrap_or_default();
    let message = body.remove("message").or_else(|| body.remove("Message"));
    let message = message.and_then(|message| message.as_str().map(str::to_owned)).unwrap_or_default();
    Refusal {
        status: error.status_code(),
        code: code.rsplit('#').next().unwrap_or_default().to_owned(),
        message,
        details: Box::new(body),
    }
}

/// What is written, for a trace: the table, what is done with it, and the key or the item.
fn written(operation: &str, body: &Value) -> Vec<(String, &'static str, Value)> {
    let one = |verb: &'static str, of: &Value, field: &str| {
        let table = of.get("TableName").and_then(Value::as_str)?.to_owned();
        Some((table, verb, of.get(field).cloned().unwrap_or_default()))
    };
    match operation {
        "PutItem" => one("put", body, "Item").into_iter().collect(),
        "UpdateItem" => one("update", body, "Key").into_iter().collect(),
        "DeleteItem" => one("delete", body, "Key").into_iter().collect(),
        "TransactWriteItems" => {
            let items = body.get("TransactItems").and_then(Value::as_array);
            let kinds = [("Put", "put", "Item"), ("Update", "update", "Key"), ("Delete", "delete", "Key")];
            let each = |item: &Value| kinds.iter().find_map(|(kind, verb, field)| one(verb, item.get(*kind)?, field));
            items.into_iter().flatten().filter_map(each).collect()
        }
        "BatchWriteItem" => {
            let tables = body.get("RequestItems").and_then(Value::as_object);
            let requests = tables.into_iter().flatten().flat_map(|(table, requests)| {
                requests.as_array().into_iter().flatten().map(move |request| (table.clone(), request))
            });
            let each = |(table, request): (String, &Value)| match request.pointer("/PutRequest/Item") {
                Some(item) => (table, "put", item.clone()),
                None => (table, "delete", request.pointer("/DeleteRequest/Key").cloned().unwrap_or_default()),
            };
            requests.map(each).collect()
        }
        _ => Vec::new(),
    }
}

/// What a key schema or a list of indexes names, sorted.
fn keys(json: &Value) -> Vec<String> {
    let mut names = Vec::new();
    for item in json.as_array().into_iter().flatten() {
        names.extend(
            item.get("AttributeName").or_else(|| item.get("IndexName")).and_then(Value::as_str).map(str::to_owned),
        );
        names.extend(item.get("KeySchema").map(keys).unwrap_or_default());
    }
    names.sort();
    names
}

/// An item as plain JSON, for people.
pub(crate) fn plain(item: &Value) -> Value {
    let Some(attributes) = item.as_object() else { return item.clone() };
    Value::Object(attributes.iter().map(|(name, value)| (name.clone(), plain_value(value))).collect())
}

fn plain_value(value: &Value) -> Value {
    let Some((kind, inner)) = value.as_object().and_then(|it| it.iter().next()) else { return value.clone() };
    match kind.as_str() {
        "N" => inner.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| inner.clone()),
        "M" => plain(inner),
        "L" => inner.as_array().map(|items| items.iter().map(plain_value).collect()).unwrap_or_default(),
        "NULL" => Value::Null,
        _ => inner.clone(),
    }
}

/// Puts the fields of maps in an order that does not change from run to run.
fn sort(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.sort_keys();
            fields.values_mut().for_each(sort);
        }
        Value::Array(items) => items.iter_mut().for_each(sort),
        _ => {}
    }
}

impl System {
    /// An operation of DynamoDB; what it writes reaches the readers of streams.
    pub(crate) fn dynamodb(&mut self, caller: &Caller, operation: &str, body: Value) -> Result<Value, Refusal> {
        let written = written(operation, &body);
        let mut answer = self.tables.run(operation, body)?;
        match operation {
            "DescribeTable" => self.name_as_deployed(&mut answer),
            "ListTables" => {
                if let Some(names) = answer.get_mut("TableNames").and_then(Value::as_array_mut) {
                    names.retain(|name| name != POSITIONS);
                }
            }
            _ => {}
        }
        let mut hops: IndexMap<String, HopId> = IndexMap::new();
        for (table, verb, item) in written {
            let Some(own) = self.tables.find(&table) else { continue };
            let (name, address) = (own.name.clone(), own.address.clone());
            let hop = self.note(New::done(caller.cause, Kind::Row, &address, verb, plain(&item)));
            hops.entry(name).or_insert(hop);
        }
        for (table, hop) in hops {
            self.read_stream(&table, Some(hop));
        }
        Ok(answer)
    }

    /// ARNs as they are in the account, and not as dynoxide makes them.
    fn name_as_deployed(&self, answer: &mut Value) {
        let Some(table) = answer.get_mut("Table") else { return };
        let name = table.get("TableName").and_then(Value::as_str).unwrap_or_default();
        let Some(own) = self.tables.find(name) else { return };
        let (arn, stream) = (own.arn.clone(), own.stream.clone());
        table["TableArn"] = json!(arn);
        if let Some(stream) = stream {
            table["LatestStreamArn"] = json!(stream);
        }
    }

    /// Takes what is new in the stream of a table, and hands it to its readers.
    fn read_stream(&mut self, name: &str, cause: Option<HopId>) {
        let Some(table) = self.tables.by_name.get(name) else { return };
        let (Some(stream), Some(iterator)) = (table.stream.clone(), table.iterator.clone()) else { return };
        let Ok(mut answer) = self.tables.run("GetRecords", json!({ "ShardIterator": iterator })) else { return };
        let next = answer.get("NextShardIterator").and_then(Value::as_str).map(str::to_owned);
        if let (Some(table), Some(next)) = (self.tables.by_name.get_mut(name), next) {
            table.iterator = Some(next);
        }
        let records = answer.get_mut("Records").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
        let mut records = self.as_deployed(&stream, records);
        if !self.tables.are_kept() {
            for record in &mut records {
                self.number(record);
            }
        }
        if !records.is_empty() {
            self.stream_grew(&stream, records, cause);
        }
    }

    /// The records of a stream as those of the account would be.
    pub(crate) fn as_deployed(&self, stream: &str, records: Vec<Value>) -> Vec<Value> {
        let region = self.names().region;
        // A write that changes nothing makes no record: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
        let changes = records.into_iter().filter(|record| {
            let image = |which: &str| record.pointer(&format!("/dynamodb/{which}"));
            image("OldImage").is_none() || image("OldImage") != image("NewImage")
        });
        let named = changes.map(|mut record| {
            record["awsRegion"] = json!(region);
            record["eventSourceARN"] = json!(stream);
            sort(&mut record["dynamodb"]);
            record
        });
        named.collect()
    }

    /// Gives a record the system's id, number and time: dynoxide draws ids and looks at the machine's clock. Where tables are kept, records
    /// keep what the database knows them by: a reader goes on by the number, and a handler knows by the id what it has seen, after a new start.
    fn number(&mut self, record: &mut Value) {
        self.tables.sequence = (self.tables.sequence + 1).max(self.now_ms() * SEQUENCES_EACH_MS);
        record["eventID"] = json!(self.new_id().to_string().replace('-', ""));
        record["dynamodb"]["SequenceNumber"] = json!(format!("{SEQUENCE_PREFIX}{:018}", self.tables.sequence));
        record["dynamodb"]["ApproximateCreationDateTime"] = json!(self.now_ms() / 1_000);
    }

    /// Begins to remove items whose time is over, if a table has such.
    pub(crate) fn start_expiry(&mut self) {
        if self.tables.by_name.values().any(|table| table.expires) {
            self.idle_until(self.now_ms() + EXPIRY_MS, Self::expire);
        }
    }

    fn expire(&mut self) {
        if self.tables.database.sweep_ttl().is_ok_and(|removed| removed > 0) {
            let names: Vec<String> = self.tables.by_name.keys().cloned().collect();
            for name in names {
                self.read_stream(&name, None);
            }
        }
        self.idle_until(self.now_ms() + EXPIRY_MS, Self::expire);
    }

    /// Operations of the streams' own service, for tools that look at them.
    pub(crate) fn dynamodb_streams(&mut self, operation: &str, body: Value) -> Result<Value, Refusal> {
        match operation {
            "ListStreams" | "DescribeStream" | "GetShardIterator" | "GetRecords" => self.tables.run(operation, body),
            _ => Err(Refusal::unknown_operation("DynamoDB Streams", operation)),
        }
    }
}
