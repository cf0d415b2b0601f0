//! The answer to a batch: the identifiers of the records that failed.
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting>

use crate::Error;
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    batch_item_failures: Vec<Item<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    item_identifier: &'a str,
}

/// The response that reports these records, or none.
pub(crate) fn response<'a>(failed: impl IntoIterator<Item = &'a str>) -> Result<String, Error> {
    let batch_item_failures = failed.into_iter().map(|item_identifier| Item { item_identifier }).collect();
    serde_json::to_string(&Response { batch_item_failures }).map_err(Error::other)
}
