//! Gives back what was paid for an order, if anything was.

use evc_runtime::{Timestamp, Unit, tracing};
use orders_contract::{
    Order, Orders, PaymentRefunded, PaymentResult, RefundPayment, RefundPaymentError, RefundPaymentInput,
    RefundPaymentOutput,
};

use crate::order::load;

/// Refunds the order's payment once. An order without a payment, or with one that was given back, is left as it is.
pub async fn refund_payment(
    cx: &RefundPayment,
    input: RefundPaymentInput,
) -> Result<RefundPaymentOutput, RefundPaymentError> {
    let (key, order) = load(cx.orders(), input.order_id, input.customer_id).await?;
    let Order { order_id, customer_id, total_amount, payment_id, refund_id, .. } = order;
    let (None, Some(payment_id)) = (&refund_id, payment_id) else { return Ok(RefundPaymentOutput { refund_id }) };
    let refund_id = format!("ref_{}", order_id.simple());
    let update = cx
        .orders()
        .update(&key)
        .set(Orders::REFUND_ID, refund_id.as_str())
        .set(Orders::UPDATED_AT, Timestamp::now())
        .when(Orders::REFUND_ID.not_exists());
    let event = PaymentResult { order_id, customer_id, payment_id, amount: total_amount };
    cx.transact().update(update).publish(&PaymentRefunded(event)).commit().await?;
    tracing::info!(%order_id, refund_id, "refunded");
    cx.metric("PaymentsRefunded", 1.0, Unit::Count);
    Ok(RefundPaymentOutput { refund_id: Some(refund_id) })
}

#[cfg(test)]
mod tests {
    use orders_contract::OrderStatus;

    use super::*;
    use crate::testing::{World, order, world};

    async fn refund(world: &World, order: &Order, delivery: &str) -> RefundPaymentOutput {
        let input = RefundPaymentInput { order_id: order.order_id, customer_id: order.customer_id.clone() };
        refund_payment(&world.refund_payment(delivery), input).await.unwrap()
    }

    #[tokio::test]
    async fn a_payment_is_given_back_once() {
        let world = world();
        let paid = Order { status: OrderStatus::InventoryFailed, payment_id: Some("pay_1".into()), ..order() };
        let paid = world.with(paid);
        let first = refund(&world, &paid, "first").await;
        assert!(first.refund_id.is_some());
        assert_eq!(refund(&world, &paid, "second").await, first);
        let stored = &world.orders()[0];
        assert_eq!((stored.status, &stored.refund_id), (OrderStatus::InventoryFailed, &first.refund_id));
        let events = world.events();
        assert_eq!(events.len(), 1);
        assert_eq!(
            (events[0].detail_type.as_str(), &events[0].detail["paymentId"]),
            ("Payment Refunded", &"pay_1".into())
        );
    }

    #[tokio::test]
    async fn an_order_without_a_payment_is_left_as_it_is() {
        let world = world();
        let order = world.with(Order { status: OrderStatus::PaymentFailed, ..order() });
        assert_eq!(refund(&world, &order, "k").await, RefundPaymentOutput { refund_id: None });
        assert_eq!(world.orders(), [order]);
        assert!(world.events().is_empty());
    }
}
