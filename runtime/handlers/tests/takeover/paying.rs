//! What the runtime of commit 17e0f7d was asked to do before it was replaced, and the present one is asked again: `write_tables.rs` has
//! the former write its tables, `src/transact/tests/takeover.rs` the latter read them.

use crate::contract::{
    Order, OrderEvents, Orders, PaymentProcessed, ProcessPaymentError, ProcessPaymentInput, ProcessPaymentOutput, order,
};
use crate::table::TableClient;
use crate::{Context, Function, Source, Transaction, Uuid, grant};
use serde_json::json;

/// Takes payments: asked by events and steps, or through an API that anybody may call.
pub(crate) struct Pay<const API: bool> {
    context: Context,
}

impl<const API: bool> Function for Pay<API> {
    type Input = ProcessPaymentInput;
    type Output = ProcessPaymentOutput;
    type Error = ProcessPaymentError;
    const NAME: &'static str = if API { "pay-by-api" } else { "pay" };
    const SOURCES: &'static [Source] = if API { &[Source::HttpApi] } else { &[Source::EventBridge, Source::Step] };

    fn new(context: Context) -> Self {
        Self { context }
    }
}

impl<const API: bool> std::ops::Deref for Pay<API> {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.context
    }
}

impl<const API: bool> grant::Put<Orders> for Pay<API> {}
impl<const API: bool> grant::Outbox for Pay<API> {
    type Outbox = OrderEvents;
}

impl<const API: bool> Pay<API> {
    fn orders(&self) -> TableClient<'_, Orders, Self> {
        self.context.table()
    }

    fn transact(&self) -> Transaction<'_, Self> {
        self.context.transaction()
    }

    /// Stores the order and tells of it; whether an earlier delivery had done so.
    pub(crate) async fn pay(
        &self,
        input: &ProcessPaymentInput,
        answers: bool,
    ) -> Result<(ProcessPaymentOutput, bool), ProcessPaymentError> {
        let paid = PaymentProcessed { order_id: input.order_id, amount: input.amount };
        let stored = Order { order_id: input.order_id, ..order(&input.customer_id) };
        let output = ProcessPaymentOutput { payment_id: format!("of {}", input.customer_id) };
        let mut transaction = self.transact().put(self.orders().put(&stored)).publish(&paid);
        if answers {
            transaction = transaction.answer(&output);
        }
        let committed = transaction.commit().await?;
        Ok((output, committed.before))
    }
}

/// A request for the payment of this order, with a parameter in its query.
pub(crate) fn request(key: &str, order: u128, note: Option<&str>) -> String {
    let body = json!({ "orderId": Uuid::from_u128(order), "customerId": "c", "amount": 109.97 });
    json!({
        "version": "2.0", "headers": { "content-type": "application/json", "idempotency-key": key },
        "queryStringParameters": note.map(|note| json!({ "note": note })),
        "requestContext": { "accountId": "1", "http": { "method": "POST" } },
        "body": body.to_string(), "isBase64Encoded": false,
    })
    .to_string()
}

/// An event that asks for it. As text: that runtime compared the detail's, and in which order a value has its fields is the build's affair.
pub(crate) fn event(id: &str, order: u128) -> String {
    let order = Uuid::from_u128(order);
    let metadata = format!(r#"{{"eventId":"{id}","occurredAt":"2026-11-21T04:50:00Z"}}"#);
    let detail = format!(r#"{{"amount":109.97,"customerId":"c","metadata":{metadata},"orderId":"{order}"}}"#);
    format!(
        r#"{{"id":"{order}","source":"order.service","detail-type":"Order Created","account":"1","time":"2026-11-21T04:50:00Z","region":"us-east-1","resources":[],"detail":{detail}}}"#
    )
}

/// A step that does.
pub(crate) fn step(execution: &str, order: u128) -> String {
    let evc = json!({ "execution": execution, "step": "payment", "attempt": 0, "started": "2026-11-21T04:50:00Z" });
    json!({ "evc": evc, "input": { "orderId": Uuid::from_u128(order), "customerId": "c", "amount": 109.97 } })
        .to_string()
}
