//! Takes the money, in a simulation that succeeds at a given rate.

use evc_runtime::{Timestamp, tracing};
use orders_contract::{
    OrderStatus, Orders, OrdersKey, PaymentFailed, PaymentProcessed, PaymentResult, OrderProblem, ProcessPayment,
    ProcessPaymentError, ProcessPaymentInput, ProcessPaymentOutput,
};

/// Charges a pending order, and says what came of it.
///
/// The order's status and the event are written together, and only while the order is pending: a second charge of one order
/// is a conflict. Fails with `PaymentDeclined` where the simulation says so.
pub async fn process_payment(
    cx: &ProcessPayment,
    input: ProcessPaymentInput,
) -> Result<ProcessPaymentOutput, ProcessPaymentError> {
    let ProcessPaymentInput { order_id, customer_id, amount } = input;
    let key = OrdersKey { order_id, customer_id: customer_id.clone() };
    let pending = Orders::STATUS.eq(OrderStatus::Pending);
    if !cx.simulate("SUCCESS_RATE", &order_id.to_string())? {
        let reason = "the card was declined".to_owned();
        let update = cx
            .orders()
            .update(&key)
            .set(Orders::STATUS, OrderStatus::PaymentFailed)
            .set(Orders::UPDATED_AT, Timestamp::now())
            .when(pending);
        let event = PaymentFailed(OrderProblem { order_id, customer_id, reason: reason.clone() });
        cx.transact().update(update).publish(&event).commit().await?;
        tracing::info!(%order_id, "payment declined");
        return Err(ProcessPaymentError::PaymentDeclined(reason));
    }
    let payment_id = format!("pay_{order_id}");
    let update = cx
        .orders()
        .update(&key)
        .set(Orders::STATUS, OrderStatus::Paid)
        .set(Orders::PAYMENT_ID, payment_id.as_str())
        .set(Orders::UPDATED_AT, Timestamp::now())
        .when(pending);
    let event = PaymentProcessed(PaymentResult { order_id, customer_id, payment_id: payment_id.clone(), amount });
    cx.transact().update(update).publish(&event).commit().await?;
    tracing::info!(%order_id, "paid");
    Ok(ProcessPaymentOutput { payment_id })
}
