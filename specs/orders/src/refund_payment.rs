//! Gives the money back.

use evc_runtime::{Timestamp, tracing};
use orders_contract::{
    Orders, OrdersKey, PaymentRefunded, PaymentResult, RefundPayment, RefundPaymentError, RefundPaymentInput,
    RefundPaymentOutput,
};

/// Refunds the payment that the order was charged with, and says so.
///
/// Only the payment that the order carries can be refunded, and it is taken off the order in the same transaction, so it is
/// refunded once.
pub async fn refund_payment(
    cx: &RefundPayment,
    input: RefundPaymentInput,
) -> Result<RefundPaymentOutput, RefundPaymentError> {
    let RefundPaymentInput { order_id, customer_id, payment_id, amount } = input;
    let key = OrdersKey { order_id, customer_id: customer_id.clone() };
    let update = cx
        .orders()
        .update(&key)
        .remove(Orders::PAYMENT_ID)
        .set(Orders::UPDATED_AT, Timestamp::now())
        .when(Orders::PAYMENT_ID.eq(payment_id.clone()));
    let event = PaymentRefunded(PaymentResult { order_id, customer_id, payment_id: payment_id.clone(), amount });
    cx.transact().update(update).publish(&event).commit().await?;
    tracing::info!(%order_id, "payment refunded");
    Ok(RefundPaymentOutput { payment_id })
}
