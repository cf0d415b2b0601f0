//! Ships an order that was placed, once however often its event arrives.

use evc_runtime::tracing;
use shop_contract::{OrderPlaced, OrderStatus, Orders, OrdersKey, Ship, ShipError};

/// Sets the status. Events arrive at least once: the second time, the order is shipped already, and nothing is left to do.
pub async fn ship(cx: &Ship, input: OrderPlaced) -> Result<(), ShipError> {
    let OrderPlaced(order) = input;
    let key = OrdersKey { order_id: order.order_id };
    let placed = Orders::STATUS.eq(OrderStatus::Placed);
    match cx.orders().update(&key).set(Orders::STATUS, OrderStatus::Shipped).when(placed).send().await {
        Ok(()) => tracing::info!(order_id = %order.order_id, "order shipped"),
        Err(error) if error.is_conflict() => tracing::info!(order_id = %order.order_id, "order was shipped before"),
        Err(error) => return Err(error),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use evc_runtime::testing::World;
    use evc_runtime::{Function, Money, Timestamp, Uuid};
    use shop_contract::Order;

    use super::*;

    #[tokio::test]
    async fn an_order_is_shipped_once() {
        let world = World::new().table::<Orders>();
        let order = Order {
            order_id: Uuid::nil(),
            customer: "kim".into(),
            items: Vec::new(),
            status: OrderStatus::Placed,
            total: Money::ZERO,
            placed_at: Timestamp::now(),
        };
        world.put::<Orders>(&order).unwrap();
        for _ in 0..2 {
            ship(&Ship::new(world.context("ship")), OrderPlaced(order.clone())).await.unwrap();
            assert_eq!(world.items::<Orders>().unwrap()[0].status, OrderStatus::Shipped);
        }
    }
}
