//! The store that is DynamoDB. Requests become SDK calls here and nowhere else.

use super::expression::Placeholders;
use super::{ItemPage, Lookup, QueryRequest, Refusal, Refused, Store, Write, WriteKind};
use crate::attribute::{Attribute, Item};
use crate::aws::{InTime, failure, failure_of_change, once, short_attempt};
use crate::backend::BoxFuture;
use crate::{Error, Kind};
use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::client::customize::CustomizableOperation;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};
use std::collections::HashMap;

/// DynamoDB.
pub(crate) struct DynamoDb {
    client: Client,
}

impl DynamoDb {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self { client: crate::aws::client!(aws_sdk_dynamodb, config) }
    }
}

impl Store for DynamoDb {
    fn get(&self, lookup: Lookup) -> BoxFuture<'_, Result<Option<Item>, Error>> {
        Box::pin(async move {
            let call = self
                .client
                .get_item()
                .table_name(lookup.table)
                .set_key(Some(to_sdk(lookup.key)))
                .consistent_read(lookup.consistent);
            let output = call.send().await.map_err(|error| failure("dynamodb:GetItem", &error))?;
            output.item.map(from_sdk).transpose()
        })
    }

    fn query(&self, query: QueryRequest) -> BoxFuture<'_, Result<ItemPage, Error>> {
        Box::pin(async move {
            let mut placeholders = Placeholders::default();
            let key_condition = placeholders.key_condition(&query.partition, query.range.as_ref());
            let call = self
                .client
                .query()
                .table_name(query.table)
                .set_index_name(query.index.map(str::to_owned))
                .key_condition_expression(key_condition)
                .set_expression_attribute_names(names(&placeholders))
                .set_expression_attribute_values(placeholders.values().map(to_sdk))
                .scan_index_forward(!query.descending)
                .consistent_read(query.consistent)
                .limit(query.limit)
                .set_exclusive_start_key(query.start.map(to_sdk));
            let output = call.send().await.map_err(|error| failure("dynamodb:Query", &error))?;
            let items = output.items.unwrap_or_default().into_iter().map(from_sdk).collect::<Result<_, _>>()?;
            Ok((items, output.last_evaluated_key.map(from_sdk).transpose()?))
        })
    }

    #[cfg(feature = "forwarder")]
    fn scan(&self, table: String, start: Option<Item>) -> BoxFuture<'_, Result<ItemPage, Error>> {
        Box::pin(async move {
            let call = self.client.scan().table_name(table).set_exclusive_start_key(start.map(to_sdk));
            let output = call.send().await.map_err(|error| failure("dynamodb:Scan", &error))?;
            let items = output.items.unwrap_or_default().into_iter().map(from_sdk).collect::<Result<_, _>>()?;
            Ok((items, output.last_evaluated_key.map(from_sdk).transpose()?))
        })
    }

    fn write(&self, write: Write, return_stored: bool) -> BoxFuture<'_, Result<(), Refusal>> {
        Box::pin(async move {
            let attempts = Attempts::of(&write, return_stored);
            let parts = Parts::of(&write);
            let stored = return_stored.then_some(ReturnValuesOnConditionCheckFailure::AllOld);
            match write.kind {
                WriteKind::Put(item) => {
                    let call = self
                        .client
                        .put_item()
                        .table_name(write.table)
                        .set_item(Some(to_sdk(item)))
                        .set_condition_expression(parts.condition)
                        .set_expression_attribute_names(parts.names)
                        .set_expression_attribute_values(parts.values)
                        .set_return_values_on_condition_check_failure(stored);
                    attempts.give(call.customize()).send().await.map(drop).map_err(|error| {
                        refusal("dynamodb:PutItem", &error, |error| match error {
                            PutItemError::ConditionalCheckFailedException(refused) => Some(refused.item.clone()),
                            _ => None,
                        })
                    })
                }
                WriteKind::Update(key, _) => {
                    let call = self
                        .client
                        .update_item()
                        .table_name(write.table)
                        .set_key(Some(to_sdk(key)))
                        .set_update_expression(parts.update)
                        .set_condition_expression(parts.condition)
                        .set_expression_attribute_names(parts.names)
                        .set_expression_attribute_values(parts.values)
                        .set_return_values_on_condition_check_failure(stored);
                    attempts.give(call.customize()).send().await.map(drop).map_err(|error| {
                        refusal("dynamodb:UpdateItem", &error, |error| match error {
                            UpdateItemError::ConditionalCheckFailedException(refused) => Some(refused.item.clone()),
                            _ => None,
                        })
                    })
                }
                WriteKind::Delete(key) => {
                    let call = self
                        .client
                        .delete_item()
                        .table_name(write.table)
                        .set_key(Some(to_sdk(key)))
                        .set_condition_expression(parts.condition)
                        .set_expression_attribute_names(parts.names)
                        .set_expression_attribute_values(parts.values)
                        .set_return_values_on_condition_check_failure(stored);
                    attempts.give(call.customize()).send().await.map(drop).map_err(|error| {
                        refusal("dynamodb:DeleteItem", &error, |error| match error {
                            DeleteItemError::ConditionalCheckFailedException(refused) => Some(refused.item.clone()),
                            _ => None,
                        })
                    })
                }
                WriteKind::Check(_) => {
                    Err(Refusal::Error(Error::new(Kind::Internal, "a check belongs into a transaction")))
                }
            }
        })
    }

    fn transact<'a>(
        &'a self,
        writes: Vec<Write>,
        return_stored: &'a [usize],
        token: String,
    ) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(async move {
            let items = writes.into_iter().enumerate().map(|(number, write)| {
                let stored = return_stored.contains(&number).then_some(ReturnValuesOnConditionCheckFailure::AllOld);
                action(write, stored)
            });
            let items = items.collect::<Result<Vec<_>, _>>().map_err(Refusal::Error)?;
            let call = self.client.transact_write_items().set_transact_items(Some(items)).client_request_token(token);
            call.send().await.map(drop).map_err(|error| match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    cancellation(cancelled.cancellation_reasons()).unwrap_or_else(Refusal::Error)
                }
                _ => Refusal::Error(failure("dynamodb:TransactWriteItems", &error)),
            })
        })
    }
}

/// The attempts that a write may have.
#[derive(Clone, Copy)]
enum Attempts {
    /// One, unless it certainly did nothing.
    One,
    Several,
    /// Several short ones.
    Short,
}

impl Attempts {
    fn of(write: &Write, return_stored: bool) -> Self {
        match write.may_repeat() {
            // Who asks for the stored item finds his own write in it, and takes no refusal by it for somebody else's. These are the writes
            // of idempotency records, whose leases run meanwhile.
            _ if return_stored => Self::Short,
            true => Self::Several,
            false => Self::One,
        }
    }

    fn give<T, E, B>(self, call: CustomizableOperation<T, E, B>) -> CustomizableOperation<T, E, B> {
        match self {
            Self::One => once!(aws_sdk_dynamodb, call),
            Self::Several => call,
            Self::Short => call.interceptor(InTime { attempt: short_attempt }),
        }
    }
}

/// The expressions of a write.
struct Parts {
    condition: Option<String>,
    update: Option<String>,
    names: Option<HashMap<String, String>>,
    values: Option<HashMap<String, AttributeValue>>,
}

impl Parts {
    fn of(write: &Write) -> Self {
        let mut placeholders = Placeholders::default();
        let update = match &write.kind {
            WriteKind::Update(_, actions) => Some(placeholders.update(actions)).filter(|text| !text.is_empty()),
            _ => None,
        };
        let condition = write.condition.as_ref().map(|test| placeholders.condition(test));
        Self { condition, update, names: names(&placeholders), values: placeholders.values().map(to_sdk) }
    }
}

fn names(placeholders: &Placeholders) -> Option<HashMap<String, String>> {
    placeholders.names().map(|names| names.into_iter().collect())
}

fn action(write: Write, stored: Option<ReturnValuesOnConditionCheckFailure>) -> Result<TransactWriteItem, Error> {
    let parts = Parts::of(&write);
    let item = TransactWriteItem::builder();
    let item = match write.kind {
        WriteKind::Put(content) => {
            let put = Put::builder()
                .table_name(write.table)
                .set_item(Some(to_sdk(content)))
                .set_condition_expression(parts.condition)
                .set_return_values_on_condition_check_failure(stored);
            item.put(
                put.set_expression_attribute_names(parts.names)
                    .set_expression_attribute_values(parts.values)
                    .build()
                    .map_err(Error::other)?,
            )
        }
        WriteKind::Update(key, _) => {
            let update = Update::builder()
                .table_name(write.table)
                .set_key(Some(to_sdk(key)))
                .set_update_expression(parts.update);
            let update = update.set_condition_expression(parts.condition).set_expression_attribute_names(parts.names);
            item.update(update.set_expression_attribute_values(parts.values).build().map_err(Error::other)?)
        }
        WriteKind::Delete(key) => {
            let delete = Delete::builder()
                .table_name(write.table)
                .set_key(Some(to_sdk(key)))
                .set_condition_expression(parts.condition);
            item.delete(
                delete
                    .set_expression_attribute_names(parts.names)
                    .set_expression_attribute_values(parts.values)
                    .build()
                    .map_err(Error::other)?,
            )
        }
        WriteKind::Check(key) => {
            let check = ConditionCheck::builder()
                .table_name(write.table)
                .set_key(Some(to_sdk(key)))
                .set_condition_expression(parts.condition);
            item.condition_check(
                check
                    .set_expression_attribute_names(parts.names)
                    .set_expression_attribute_values(parts.values)
                    .build()
                    .map_err(Error::other)?,
            )
        }
    };
    Ok(item.build())
}

/// Why a transaction was cancelled: the reasons are in the order of its writes.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html#API_TransactWriteItems_Errors>
fn cancellation(reasons: &[CancellationReason]) -> Result<Refusal, Error> {
    let code = |reason: &CancellationReason| reason.code().unwrap_or("None").to_owned();
    let codes: Vec<String> = reasons.iter().map(code).collect();
    let failed = codes.iter().zip(reasons).enumerate().filter(|(_, (code, _))| *code == "ConditionalCheckFailed");
    let refused = failed.map(|(write, (_, reason))| {
        let stored = reason.item().filter(|item| !item.is_empty()).cloned().map(from_sdk).transpose()?;
        Ok(Refused { write, stored })
    });
    let refused = refused.collect::<Result<Vec<_>, Error>>()?;
    if !refused.is_empty() {
        return Ok(Refusal::Condition(refused));
    }
    let first = codes.iter().find(|code| *code != "None").map_or("Cancelled", String::as_str);
    let kind = match first {
        "TransactionConflict" => return Ok(Refusal::Contention),
        "ProvisionedThroughputExceeded" | "ThrottlingError" => Kind::Throttled,
        "ItemCollectionSizeLimitExceeded" => Kind::TooLarge,
        _ => Kind::Internal,
    };
    Ok(Refusal::Error(Error::new(kind, format!("the transaction was cancelled: {first}"))))
}

fn refusal<E: ProvideErrorMetadata + std::error::Error + 'static>(
    operation: &str,
    error: &SdkError<E>,
    condition: impl FnOnce(&E) -> Option<Option<HashMap<String, AttributeValue>>>,
) -> Refusal {
    match error.as_service_error().and_then(condition) {
        Some(stored) => match stored.map(from_sdk).transpose() {
            Ok(stored) => Refusal::Condition(vec![Refused { write: 0, stored }]),
            Err(error) => Refusal::Error(error),
        },
        None if error.code() == Some("TransactionConflictException") => Refusal::Contention,
        None => Refusal::Error(failure_of_change(operation, error)),
    }
}

fn to_sdk(item: Item) -> HashMap<String, AttributeValue> {
    item.into_iter().map(|(name, value)| (name, value_to_sdk(value))).collect()
}

fn value_to_sdk(value: Attribute) -> AttributeValue {
    match value {
        Attribute::S(text) => AttributeValue::S(text),
        Attribute::N(text) => AttributeValue::N(text),
        Attribute::B(bytes) => AttributeValue::B(Blob::new(bytes)),
        Attribute::Bool(value) => AttributeValue::Bool(value),
        Attribute::Null => AttributeValue::Null(true),
        Attribute::L(list) => AttributeValue::L(list.into_iter().map(value_to_sdk).collect()),
        Attribute::M(item) => AttributeValue::M(to_sdk(item)),
        Attribute::Ss(set) => AttributeValue::Ss(set),
        Attribute::Ns(set) => AttributeValue::Ns(set),
        Attribute::Bs(set) => AttributeValue::Bs(set.into_iter().map(Blob::new).collect()),
    }
}

fn from_sdk(item: HashMap<String, AttributeValue>) -> Result<Item, Error> {
    item.into_iter().map(|(name, value)| Ok((name, value_from_sdk(value)?))).collect()
}

fn value_from_sdk(value: AttributeValue) -> Result<Attribute, Error> {
    Ok(match value {
        AttributeValue::S(text) => Attribute::S(text),
        AttributeValue::N(text) => Attribute::N(text),
        AttributeValue::B(bytes) => Attribute::B(bytes.into_inner()),
        AttributeValue::Bool(value) => Attribute::Bool(value),
        AttributeValue::Null(_) => Attribute::Null,
        AttributeValue::L(list) => Attribute::L(list.into_iter().map(value_from_sdk).collect::<Result<_, _>>()?),
        AttributeValue::M(item) => Attribute::M(from_sdk(item)?),
        AttributeValue::Ss(set) => Attribute::Ss(set),
        AttributeValue::Ns(set) => Attribute::Ns(set),
        AttributeValue::Bs(set) => Attribute::Bs(set.into_iter().map(Blob::into_inner).collect()),
        _ => return Err(Error::new(Kind::Internal, "an attribute value of a type that this crate does not know")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reasons(codes: &[&str]) -> Vec<CancellationReason> {
        codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect()
    }

    #[test]
    fn a_failed_condition_outranks_contention() {
        let cancellation = |reasons: &[CancellationReason]| cancellation(reasons).expect("items can be read");
        let mut several = reasons(&["ConditionalCheckFailed", "TransactionConflict", "ConditionalCheckFailed"]);
        several[2].item = Some([("a".to_owned(), AttributeValue::S("b".to_owned()))].into());
        let Refusal::Condition(refused) = cancellation(&several) else { panic!("expected a condition") };
        let refused: Vec<_> = refused.into_iter().map(|refused| (refused.write, refused.stored)).collect();
        let stored: Item = [("a".to_owned(), Attribute::S("b".to_owned()))].into();
        assert_eq!(refused, [(0, None), (2, Some(stored))]);
        assert!(matches!(cancellation(&reasons(&["None", "TransactionConflict"])), Refusal::Contention));
        let Refusal::Error(error) = cancellation(&reasons(&["ThrottlingError"])) else { panic!("expected an error") };
        assert_eq!(error.kind(), Kind::Throttled);
    }

    #[test]
    fn every_type_goes_to_the_sdk_and_back() {
        let item: Item = serde_json::from_str(r#"{"a":{"L":[{"N":"1.10"},{"NULL":true}]},"b":{"B":"AQ=="},"c":{"BS":["AQ=="]},"d":{"SS":["x"]},"e":{"NS":["1"]},"f":{"M":{"g":{"BOOL":true}}}}"#).expect("item");
        assert_eq!(from_sdk(to_sdk(item.clone())).expect("back"), item);
    }
}
