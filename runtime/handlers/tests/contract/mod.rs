//! A contract crate as evc generates it, for the tests: what generated code may look like, it looks like here.

#![allow(
    dead_code,
    clippy::expect_used,
    missing_docs,
    clippy::struct_field_names,
    unreachable_pub,
    reason = "each test uses a part; generated crates are documented from their spec"
)]

use evc_runtime::serde::{Deserialize, Serialize};
use evc_runtime::table::{Attr, Index, Table, TableClient};
use evc_runtime::{
    Carries, Context, Error, Event, Function, FunctionError, Money, Outbox, Payload, Source, Timestamp, Transaction,
    Uuid, grant,
};

/// An order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "evc_runtime::serde", rename_all = "camelCase")]
pub struct Order {
    pub order_id: Uuid,
    pub customer_id: String,
    pub total_amount: Money,
    pub status: OrderStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<String>,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(crate = "evc_runtime::serde")]
pub enum OrderStatus {
    #[serde(rename = "PENDING")]
    Pending,
    #[serde(rename = "PAID")]
    Paid,
    #[serde(rename = "PAYMENT_FAILED")]
    PaymentFailed,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "evc_runtime::serde", transparent)]
pub struct OrderCreated(pub Order);

impl Event for OrderCreated {
    const SOURCE: &'static str = "order.service";
    const DETAIL_TYPE: &'static str = "Order Created";

    fn aggregate(&self) -> Option<String> {
        Some(self.0.order_id.to_string())
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "evc_runtime::serde", rename_all = "camelCase")]
pub struct PaymentProcessed {
    pub order_id: Uuid,
    pub amount: Money,
}

impl Event for PaymentProcessed {
    const SOURCE: &'static str = "payment.service";
    const DETAIL_TYPE: &'static str = "Payment Processed";

    fn aggregate(&self) -> Option<String> {
        Some(self.order_id.to_string())
    }
}

/// An event that is as large as a test wants it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "evc_runtime::serde")]
pub struct Large {
    pub text: String,
}

impl Event for Large {
    const SOURCE: &'static str = "test";
    const DETAIL_TYPE: &'static str = "Large";
}

pub struct Orders;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "evc_runtime::serde", rename_all = "camelCase")]
pub struct OrdersKey {
    pub order_id: Uuid,
    pub customer_id: String,
}

impl Table for Orders {
    type Item = Order;
    type Key = OrdersKey;
    const NAME: &'static str = "orders";
    const ENV: &'static str = "ORDERS_TABLE";
    const KEY: &'static [&'static str] = &["orderId", "customerId"];
    const VERSION: Option<&'static str> = Some("version");
}

pub struct OrdersByCustomer;

impl Index for OrdersByCustomer {
    type Table = Orders;
    type Partition = String;
    type Sort = Timestamp;
    const NAME: Option<&'static str> = Some("by-customer");
    const PARTITION: &'static str = "customerId";
    const SORT: Option<&'static str> = Some("createdAt");
}

/// The attributes of `orders`.
pub mod orders {
    use super::{Attr, Money, OrderStatus, Orders};

    pub const STATUS: Attr<Orders, OrderStatus> = Attr::new("status");
    pub const PAYMENT_ID: Attr<Orders, String> = Attr::new("paymentId");
    pub const TOTAL_AMOUNT: Attr<Orders, Money> = Attr::new("totalAmount");
}

pub struct OrderEvents;

impl Outbox for OrderEvents {
    const ENV: &'static str = "ORDER_EVENTS_TABLE";
}

impl Carries<OrderCreated> for OrderEvents {}
impl Carries<PaymentProcessed> for OrderEvents {}
impl Carries<Large> for OrderEvents {}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "evc_runtime::serde", rename_all = "camelCase")]
pub struct ProcessPaymentInput {
    pub order_id: Uuid,
    pub customer_id: String,
    pub amount: Money,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "evc_runtime::serde", rename_all = "camelCase")]
pub struct ProcessPaymentOutput {
    pub payment_id: String,
}

#[derive(Debug)]
pub enum ProcessPaymentError {
    /// `PaymentDeclined`.
    PaymentDeclined(String),
    /// Anything outside the business logic.
    Other(Error),
}

impl From<Error> for ProcessPaymentError {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl std::fmt::Display for ProcessPaymentError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::PaymentDeclined(message) => f.write_str(message),
            Self::Other(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ProcessPaymentError {}

impl FunctionError for ProcessPaymentError {
    fn name(&self) -> &str {
        match self {
            Self::PaymentDeclined(_) => "PaymentDeclined",
            Self::Other(error) => error.name(),
        }
    }

    fn status(&self) -> u16 {
        match self {
            Self::Other(error) => error.status(),
            Self::PaymentDeclined(_) => 422,
        }
    }

    fn infrastructure(&self) -> Option<&Error> {
        match self {
            Self::Other(error) => Some(error),
            Self::PaymentDeclined(_) => None,
        }
    }
}

/// What `process-payment` may do.
pub struct ProcessPayment {
    context: Context,
}

impl Function for ProcessPayment {
    type Input = ProcessPaymentInput;
    type Output = ProcessPaymentOutput;
    type Error = ProcessPaymentError;
    const NAME: &'static str = "process-payment";
    const SOURCES: &'static [Source] = &[Source::Step, Source::Direct, Source::HttpApi];

    fn new(context: Context) -> Self {
        Self { context }
    }
}

impl std::ops::Deref for ProcessPayment {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.context
    }
}

impl grant::Get<Orders> for ProcessPayment {}
impl grant::Check<Orders> for ProcessPayment {}
impl grant::Query<Orders> for ProcessPayment {}
impl grant::Put<Orders> for ProcessPayment {}
impl grant::Update<Orders> for ProcessPayment {}
impl grant::Delete<Orders> for ProcessPayment {}
impl grant::Outbox for ProcessPayment {
    type Outbox = OrderEvents;
}
impl grant::Publish<PaymentProcessed> for ProcessPayment {
    const BUS_ENV: &'static str = "ORDERS_BUS";
}
impl grant::Publish<Large> for ProcessPayment {
    const BUS_ENV: &'static str = "ORDERS_BUS";
}

impl ProcessPayment {
    /// The table `orders`.
    pub fn orders(&self) -> TableClient<'_, Orders, Self> {
        self.context.table()
    }

    /// Several writes and events, all or none.
    pub fn transact(&self) -> Transaction<'_, Self> {
        self.context.transaction()
    }
}

/// The inputs of `notify`: one of several events.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(crate = "evc_runtime::serde")]
pub enum NotifyInput {
    OrderCreated(OrderCreated),
    PaymentProcessed(PaymentProcessed),
}

/// What `notify` may do: nothing.
pub struct Notify {
    context: Context,
}

impl Function for Notify {
    type Input = NotifyInput;
    type Output = ();
    type Error = Error;
    const NAME: &'static str = "notify";
    const SOURCES: &'static [Source] = &[Source::EventBridge, Source::Sqs];

    fn new(context: Context) -> Self {
        Self { context }
    }

    fn decode(payload: &Payload<'_>) -> Result<Self::Input, Error> {
        match payload.detail_type() {
            Some(OrderCreated::DETAIL_TYPE) => Ok(NotifyInput::OrderCreated(payload.decode()?)),
            Some(PaymentProcessed::DETAIL_TYPE) => Ok(NotifyInput::PaymentProcessed(payload.decode()?)),
            _ => Err(payload.unexpected()),
        }
    }
}

impl std::ops::Deref for Notify {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.context
    }
}

/// An order that waits for its payment.
pub fn order(customer: &str) -> Order {
    Order {
        order_id: Uuid::from_u128(1),
        customer_id: customer.to_owned(),
        total_amount: "109.97".parse().expect("money"),
        status: OrderStatus::Pending,
        payment_id: None,
        created_at: "2026-11-21T04:50:00Z".parse().expect("timestamp"),
    }
}

impl Order {
    pub fn key(&self) -> OrdersKey {
        OrdersKey { order_id: self.order_id, customer_id: self.customer_id.clone() }
    }
}
