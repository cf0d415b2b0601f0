//! What the steps share: the order that a step is about.

use evc_runtime::table::TableClient;
use evc_runtime::{Error, Kind, Uuid, grant};
use orders_contract::{Order, Orders, OrdersKey};

/// Reads an order, with its key.
pub(crate) async fn load<F>(
    orders: TableClient<'_, Orders, F>,
    order_id: Uuid,
    customer_id: String,
) -> Result<(OrdersKey, Order), Error>
where
    F: grant::Get<Orders>,
{
    let key = OrdersKey { order_id, customer_id };
    match orders.get(&key).consistent().send().await? {
        Some(order) => Ok((key, order)),
        None => Err(Error::new(Kind::InvalidInput, format!("customer and order do not belong together: {order_id}"))),
    }
}

/// The error of a step that comes at the wrong time.
pub(crate) fn out_of_turn(order: &Order, step: &str) -> Error {
    Error::new(Kind::Internal, format!("{step} does not follow on {} of order {}", order.status, order.order_id))
}
