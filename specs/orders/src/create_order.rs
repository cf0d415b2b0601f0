//! Takes an order and says that it was created.

use evc_runtime::{Error, Money, Timestamp, tracing};
use orders_contract::{
    CreateOrder, CreateOrderError, CreateOrderOutput, NewOrder, Order, OrderCreated, OrderStatus,
};

/// Stores the order as pending and publishes `OrderCreated`, both or neither.
///
/// A request that is repeated under its key makes the same order again, which is none. Fails with `TotalMismatch` if the total is not that of the lines: what a customer is charged is what the lines say.
pub async fn create_order(cx: &CreateOrder, input: NewOrder) -> Result<CreateOrderOutput, CreateOrderError> {
    let total = total(&input).map_err(Error::from)?;
    if total != input.total_amount {
        let message = format!("the lines add up to {total}, the order says {}", input.total_amount);
        return Err(CreateOrderError::TotalMismatch(message));
    }
    let order = Order {
        customer_id: input.customer_id,
        items: input.items,
        total_amount: input.total_amount,
        order_id: cx.stable_id(&["order"]),
        status: OrderStatus::Pending,
        payment_id: None,
        reservation_id: None,
        created_at: Timestamp::now(),
        updated_at: None,
    };
    cx.transact()
        .put(cx.orders().put(&order).if_absent())
        .publish(&OrderCreated(order.clone()))
        .commit()
        .await?;
    tracing::info!(order_id = %order.order_id, "order created");
    Ok(CreateOrderOutput { order_id: order.order_id, status: order.status })
}

/// What the lines of an order add up to, exactly.
fn total(order: &NewOrder) -> Result<Money, evc_runtime::MoneyError> {
    order.items.iter().try_fold(Money::ZERO, |sum, line| sum.plus(line.price.times(line.quantity)?))
}
