//! Takes an order, and says that it was placed.

use evc_runtime::{Error, Money, MoneyError, Timestamp, tracing};
use shop_contract::{Item, NewOrder, Order, OrderPlaced, OrderStatus, PlaceOrder, PlaceOrderError, PlaceOrderOutput};

/// The most that an order may cost.
const MOST: i64 = 10_000;

/// Stores the order and its event in one transaction. A request that is repeated with the same `Idempotency-Key` is the same order.
pub async fn place_order(cx: &PlaceOrder, input: NewOrder) -> Result<PlaceOrderOutput, PlaceOrderError> {
    let total = total(&input.items).map_err(Error::from)?;
    if total > Money::try_from(MOST).map_err(Error::from)? {
        return Err(PlaceOrderError::TooExpensive(format!("the items cost {total}, at most {MOST} is taken")));
    }
    let placed = OrderPlaced(Order {
        order_id: cx.stable_id(&["order", &input.customer]),
        customer: input.customer,
        items: input.items,
        status: OrderStatus::Placed,
        total,
        placed_at: Timestamp::now(),
    });
    cx.transact().put(cx.orders().put(&placed.0).if_absent()).publish(&placed).commit().await?;
    let OrderPlaced(order) = placed;
    tracing::info!(order_id = %order.order_id, "order placed");
    Ok(PlaceOrderOutput { order_id: order.order_id, total })
}

/// What the items cost together, exactly.
fn total(items: &[Item]) -> Result<Money, MoneyError> {
    items.iter().try_fold(Money::ZERO, |sum, item| sum.plus(item.price.times(item.quantity)?))
}

#[cfg(test)]
mod tests {
    use evc_runtime::testing::World;
    use evc_runtime::{Function, FunctionError};
    use shop_contract::{OrderEvents, Orders};

    use super::*;

    /// Tables and outboxes in memory: no test needs AWS.
    fn world() -> World {
        World::new().table::<Orders>().outbox::<OrderEvents>()
    }

    async fn place(world: &World, key: &str, quantity: i64) -> Result<PlaceOrderOutput, PlaceOrderError> {
        let item = Item { product: "tea".into(), quantity, price: "4.99".parse().unwrap() };
        let cx = PlaceOrder::new(world.request("place-order", key));
        place_order(&cx, NewOrder { customer: "kim".into(), items: vec![item] }).await
    }

    #[tokio::test]
    async fn the_order_and_its_event_are_stored_together() {
        let world = world();
        let output = place(&world, "k", 3).await.unwrap();
        assert_eq!(output.total.to_string(), "14.97");
        let stored = &world.items::<Orders>().unwrap()[0];
        assert_eq!((stored.order_id, stored.status), (output.order_id, OrderStatus::Placed));
        let event = &world.events::<OrderEvents>()[0];
        assert_eq!((event.detail_type.as_str(), &event.detail["customer"]), ("Order Placed", &"kim".into()));
    }

    #[tokio::test]
    async fn what_is_too_expensive_is_not_stored() {
        let world = world();
        assert_eq!(place(&world, "k", 1000).await.unwrap().total.to_string(), "4990");
        let error = place(&world, "l", 3000).await.unwrap_err();
        assert_eq!((error.name(), error.status()), ("TooExpensive", 422));
        assert_eq!(world.events::<OrderEvents>().len(), 1);
    }

    #[tokio::test]
    async fn a_repeated_request_is_the_same_order() {
        let world = world();
        let first = place(&world, "k", 1).await.unwrap();
        assert_eq!(place(&world, "k", 1).await.unwrap(), first);
        assert_eq!((world.items::<Orders>().unwrap().len(), world.events::<OrderEvents>().len()), (1, 1));
    }
}
