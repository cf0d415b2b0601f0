//! Sets the final status of an order.

use evc_runtime::{Timestamp, tracing};
use orders_contract::{CompleteOrder, CompleteOrderError, CompleteOrderInput, Orders, OrdersKey};

/// Writes how the order ended. The order must exist.
pub async fn complete_order(cx: &CompleteOrder, input: CompleteOrderInput) -> Result<(), CompleteOrderError> {
    let key = OrdersKey { order_id: input.order_id, customer_id: input.customer_id };
    cx.orders()
        .update(&key)
        .set(Orders::STATUS, input.status)
        .set(Orders::UPDATED_AT, Timestamp::now())
        .send()
        .await?;
    tracing::info!(order_id = %input.order_id, "order has its final status");
    Ok(())
}
