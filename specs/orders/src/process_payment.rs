//! Takes the money, in a simulation that succeeds at a given rate.

use evc_runtime::{Error, Kind, Timestamp, Unit, tracing};
use orders_contract::{
    Order, OrderProblem, OrderStatus, Orders, PaymentFailed, PaymentMethod, PaymentProcessed, PaymentResult,
    ProcessPayment, ProcessPaymentError, ProcessPaymentInput, ProcessPaymentOutput,
};

use crate::order::{load, out_of_turn};

/// Charges the customer once, however often it is asked to: what an earlier attempt decided stands.
pub async fn process_payment(
    cx: &ProcessPayment,
    input: ProcessPaymentInput,
) -> Result<ProcessPaymentOutput, ProcessPaymentError> {
    let (key, order) = load(cx.orders(), input.order_id, input.customer_id).await?;
    if let Some(decided) = decided(&order) {
        return decided;
    }
    if input.amount != order.total_amount {
        let message = format!("{} is not the total of order {}", input.amount, order.order_id);
        return Err(Error::new(Kind::InvalidInput, message).into());
    }
    authenticate(cx).await?;
    let payment_id = payment_id(&order);
    let paid = matches!(order.method, Some(PaymentMethod::Invoice(_))) || cx.simulate("SUCCESS_RATE", &payment_id)?;
    let pending = Orders::STATUS.eq(OrderStatus::Pending);
    let update = cx.orders().update(&key).when(pending).set(Orders::UPDATED_AT, Timestamp::now());
    let Order { order_id, customer_id, total_amount, .. } = order;
    if paid {
        let event = PaymentResult { order_id, customer_id, payment_id: payment_id.clone(), amount: total_amount };
        let update = update.set(Orders::STATUS, OrderStatus::Paid).set(Orders::PAYMENT_ID, payment_id.as_str());
        cx.transact().update(update).publish(&PaymentProcessed(event)).commit().await?;
        tracing::info!(%order_id, payment_id, "paid");
        cx.metric("PaymentsProcessed", 1.0, Unit::Count);
        Ok(ProcessPaymentOutput { payment_id })
    } else {
        let event = OrderProblem { order_id, customer_id, reason: DECLINED.to_owned() };
        let update = update.set(Orders::STATUS, OrderStatus::PaymentFailed);
        cx.transact().update(update).publish(&PaymentFailed(event)).commit().await?;
        tracing::info!(%order_id, "payment declined");
        cx.metric("PaymentsDeclined", 1.0, Unit::Count);
        Err(declined())
    }
}

/// Has the payment provider take the key. One that it refuses may have been rotated a moment ago.
async fn authenticate(cx: &ProcessPayment) -> Result<(), Error> {
    let key = cx.secrets().payment_provider().await?;
    if provider_takes(key.expose()) {
        return Ok(());
    }
    let key = cx.secrets().fresh().payment_provider().await?;
    if provider_takes(key.expose()) {
        return Ok(());
    }
    Err(Error::new(Kind::AccessDenied, "the payment provider refuses the key"))
}

/// The provider is a simulation, which takes every key that is not said to be revoked.
fn provider_takes(key: &str) -> bool {
    !key.starts_with("revoked")
}

/// What the payment is called: an invoice is sent, whatever becomes of it, and a card is charged.
fn payment_id(order: &Order) -> String {
    let prefix = match order.method {
        Some(PaymentMethod::Invoice(_)) => "inv",
        Some(PaymentMethod::Card(_)) | None => "pay",
    };
    format!("{prefix}_{}", order.order_id.simple())
}

const DECLINED: &str = "the payment was declined";

fn declined() -> ProcessPaymentError {
    ProcessPaymentError::PaymentDeclined(DECLINED.to_owned())
}

/// What an earlier attempt decided, if one did.
fn decided(order: &Order) -> Option<Result<ProcessPaymentOutput, ProcessPaymentError>> {
    match (order.status, &order.payment_id) {
        (_, Some(payment_id)) => Some(Ok(ProcessPaymentOutput { payment_id: payment_id.clone() })),
        (OrderStatus::Pending, None) => None,
        (OrderStatus::PaymentFailed, None) => Some(Err(declined())),
        (_, None) => Some(Err(out_of_turn(order, "a payment").into())),
    }
}

#[cfg(test)]
mod tests {
    use evc_runtime::FunctionError;
    use orders_contract::{Invoice, InvoiceKind, PaymentProvider};

    use super::*;
    use crate::testing::{World, money, order, world};

    fn input(order: &Order) -> ProcessPaymentInput {
        let Order { order_id, customer_id, total_amount, .. } = order.clone();
        ProcessPaymentInput { order_id, customer_id, amount: total_amount }
    }

    async fn pay(world: &World, order: &Order, delivery: &str) -> Result<ProcessPaymentOutput, ProcessPaymentError> {
        process_payment(&world.process_payment(delivery), input(order)).await
    }

    #[tokio::test]
    async fn a_payment_is_taken_once() {
        let world = world().rate("1");
        let order = world.with(order());
        let paid = pay(&world, &order, "first").await.unwrap();
        // Another attempt that knows nothing of the first, and would be declined.
        let world = world.rate("0");
        assert_eq!(pay(&world, &order, "second").await.unwrap(), paid);
        let stored = &world.orders()[0];
        assert_eq!((stored.status, stored.payment_id.as_ref()), (OrderStatus::Paid, Some(&paid.payment_id)));
        let events = world.events();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].detail_type, "Payment Processed");
        assert_eq!(events[0].detail["amount"].to_string(), "109.97");
    }

    #[tokio::test]
    async fn all_attempts_of_the_step_get_the_answer_of_the_first() {
        let World { world } = world().rate("1");
        let world = World { world: world.idempotency() };
        let order = world.with(order());
        let attempt = async |number, input: &ProcessPaymentInput| {
            let cx = world.world.step("process-payment", "payment").attempt(number).context();
            world.world.deliver_once::<ProcessPayment, _>(cx, input, process_payment).await
        };
        let paid = attempt(0, &input(&order)).await.unwrap();
        assert_eq!(attempt(1, &input(&order)).await.unwrap(), paid);
        assert_eq!(world.world.metric("PaymentsProcessed"), [1.0], "the handler ran once");
        // Each attempt computes its input anew; execution and step say what the work is.
        let other = ProcessPaymentInput { amount: money("110"), ..input(&order) };
        assert_eq!(attempt(2, &other).await.unwrap(), paid);
        assert_eq!(world.events().len(), 1);
    }

    #[tokio::test]
    async fn without_a_key_that_the_provider_takes_nothing_is_charged() {
        let world = world().rate("1");
        world.world.rotate::<PaymentProvider>("revoked-7");
        let order = world.with(order());
        let refused = pay(&world, &order, "first").await.unwrap_err();
        assert_eq!((refused.name(), refused.to_string().contains("revoked-7")), ("AccessDenied", false));
        assert_eq!(world.orders(), std::slice::from_ref(&order));
        world.world.rotate::<PaymentProvider>("key");
        assert!(pay(&world, &order, "second").await.is_ok());
    }

    #[tokio::test]
    async fn an_invoice_is_sent_where_a_card_would_be_declined() {
        let world = world().rate("0");
        let invoice = Invoice { kind: InvoiceKind::Invoice, purchase_order: "PO-7".into() };
        let order = world.with(Order { method: Some(invoice.into()), ..order() });
        let sent = pay(&world, &order, "first").await.unwrap();
        assert!(sent.payment_id.starts_with("inv_"), "{}", sent.payment_id);
        let stored = &world.orders()[0];
        assert_eq!((stored.status, &stored.method), (OrderStatus::Paid, &order.method));
    }

    #[tokio::test]
    async fn a_declined_payment_stays_declined() {
        let world = world().rate("0");
        let order = world.with(order());
        assert_eq!(pay(&world, &order, "first").await.unwrap_err().name(), "PaymentDeclined");
        let world = world.rate("1");
        assert_eq!(pay(&world, &order, "second").await.unwrap_err().name(), "PaymentDeclined");
        assert_eq!(world.orders()[0].status, OrderStatus::PaymentFailed);
        let types: Vec<_> = world.events().into_iter().map(|event| event.detail_type).collect();
        assert_eq!(types, ["Payment Failed"]);
    }

    #[tokio::test]
    async fn a_payment_of_another_amount_or_order_is_refused() {
        let world = world().rate("1");
        let order = world.with(order());
        let more = ProcessPaymentInput { amount: money("110"), ..input(&order) };
        assert_eq!(process_payment(&world.process_payment("k"), more).await.unwrap_err().name(), "InvalidInput");
        let other = ProcessPaymentInput { customer_id: "somebody-else".into(), ..input(&order) };
        assert_eq!(process_payment(&world.process_payment("k"), other).await.unwrap_err().name(), "InvalidInput");
        assert_eq!(world.orders(), [order]);
        assert!(world.events().is_empty());
    }

    #[tokio::test]
    async fn nothing_is_charged_after_the_order_was_given_up() {
        let world = world().rate("1");
        let order = world.with(Order { status: OrderStatus::InventoryFailed, ..order() });
        assert_eq!(pay(&world, &order, "late").await.unwrap_err().name(), "Internal");
        assert_eq!(world.orders(), [order]);
    }

    #[tokio::test]
    async fn a_seed_fixes_the_outcome_of_each_order() {
        let outcomes = async || {
            let mut outcomes = Vec::new();
            for number in 0..20 {
                let world = world().rate("0.5").seed("7");
                let order = world.with(Order { order_id: evc_runtime::Uuid::from_u128(number), ..order() });
                outcomes.push(pay(&world, &order, "k").await.is_ok());
            }
            outcomes
        };
        let first = outcomes().await;
        assert_eq!(first, outcomes().await);
        assert!(first.contains(&true) && first.contains(&false));
    }
}
