//! Takes an order whose total is that of its items, and says that it was created.

use evc_runtime::{Error, Money, MoneyError, Timestamp, Unit, tracing};
use orders_contract::{
    CreateOrder, CreateOrderError, CreateOrderOutput, NewOrder, Order, OrderCreated, OrderLine, OrderStatus,
};

/// Stores the order and its event in one transaction. A repeated request with the same `Idempotency-Key` is the same order.
pub async fn create_order(cx: &CreateOrder, input: NewOrder) -> Result<CreateOrderOutput, CreateOrderError> {
    let total = total(&input.items).map_err(Error::from)?;
    if total != input.total_amount {
        let message = format!("the items come to {total}, and the order says {}", input.total_amount);
        return Err(CreateOrderError::TotalMismatch(message));
    }
    let order = Order {
        // Another customer with the same key gets another order.
        order_id: cx.stable_id(&["order", &input.customer_id]),
        customer_id: input.customer_id,
        items: input.items,
        total_amount: total,
        method: input.method,
        status: OrderStatus::Pending,
        payment_id: None,
        refund_id: None,
        reservation_id: None,
        created_at: Timestamp::now(),
        updated_at: None,
    };
    let created = OrderCreated(order);
    let OrderCreated(order) = &created;
    cx.transact().put(cx.orders().put(order).if_absent()).publish(&created).commit().await?;
    tracing::info!(order_id = %order.order_id, items = order.items.len(), "order created");
    cx.metric("OrdersCreated", 1.0, Unit::Count);
    Ok(CreateOrderOutput { order_id: order.order_id, status: order.status })
}

/// What the items cost together, exactly.
fn total(items: &[OrderLine]) -> Result<Money, MoneyError> {
    items.iter().map(|line| line.price.times(line.quantity)).try_fold(Money::ZERO, |sum, cost| sum.plus(cost?))
}

#[cfg(test)]
mod tests {
    use evc_runtime::{Error, FunctionError, Kind};

    use super::*;
    use crate::testing::{World, line, money, new_order, world};

    async fn create(cx: &CreateOrder, input: NewOrder) -> Result<CreateOrderOutput, CreateOrderError> {
        create_order(cx, input).await
    }

    #[tokio::test]
    async fn the_order_and_its_event_are_stored_together() {
        let world = world();
        let output = create(&world.create_order("k"), new_order()).await.unwrap();
        let orders = world.orders();
        assert_eq!(orders.len(), 1);
        assert_eq!(orders[0].order_id, output.order_id);
        assert_eq!(orders[0].status, OrderStatus::Pending);
        assert_eq!(orders[0].total_amount.to_string(), "109.97");
        let events = world.events();
        assert_eq!(events.len(), 1);
        assert_eq!((events[0].source.as_str(), events[0].detail_type.as_str()), ("order.service", "Order Created"));
        assert_eq!(events[0].detail["orderId"], output.order_id.to_string());
        assert_eq!(events[0].detail["totalAmount"].to_string(), "109.97");
    }

    #[tokio::test]
    async fn a_total_that_is_not_the_sum_is_refused_and_nothing_is_stored() {
        let world = world();
        let input = NewOrder { total_amount: money("109.98"), ..new_order() };
        let error = create(&world.create_order("k"), input).await.unwrap_err();
        assert_eq!((error.name(), error.status()), ("TotalMismatch", 422));
        assert!(world.orders().is_empty() && world.events().is_empty());
    }

    #[tokio::test]
    async fn a_repeated_request_is_the_same_order() {
        let world = world();
        let first = create(&world.create_order("k"), new_order()).await.unwrap();
        let again = create(&world.create_order("k"), new_order()).await.unwrap();
        assert_eq!(first, again);
        assert_eq!((world.orders().len(), world.events().len()), (1, 1));
        let other = NewOrder { customer_id: "customer-456".into(), ..new_order() };
        assert_ne!(create(&world.create_order("k"), other).await.unwrap().order_id, first.order_id);
    }

    #[tokio::test]
    async fn an_answer_that_was_lost_does_not_make_a_second_order() {
        let World { world, .. } = &world();
        world.fail_next(evc_runtime::testing::Fault::AnswerLost);
        let cx = || crate::testing::context::<CreateOrder>(world, "create-order", "k");
        let lost = create(&cx(), new_order()).await.unwrap_err();
        assert_eq!(lost.infrastructure().map(Error::kind), Some(Kind::Transient));
        create(&cx(), new_order()).await.unwrap();
        assert_eq!(world.items::<orders_contract::Orders>().unwrap().len(), 1);
    }

    #[test]
    fn totals_are_exact() {
        let items = [line("prod-001", 2, "29.99"), line("prod-002", 1, "49.99")];
        assert_eq!(total(&items), Ok(money("109.97")));
        assert_eq!(total(&[line("a", 3, "0.1")]), Ok(money("0.3")));
        assert_eq!(total(&[]), Ok(Money::ZERO));
        assert_eq!(total(&[line("a", 1000, "999999999999999")]), Ok(money("999999999999999000")));
        assert_eq!(total(&[line("a", 999, "999999999999999")]), Err(MoneyError::TooPrecise));
    }
}
