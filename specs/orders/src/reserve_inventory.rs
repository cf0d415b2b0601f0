//! Sets goods aside, in a simulation that succeeds at a given rate.

use evc_runtime::{Timestamp, Unit, tracing};
use orders_contract::{
    InventoryReserved, InventoryUnavailable, Order, OrderProblem, OrderStatus, Orders, Reservation, ReserveInventory,
    ReserveInventoryError, ReserveInventoryInput, ReserveInventoryOutput,
};

use crate::order::{load, out_of_turn};

/// Reserves the order's goods once, however often it is asked to: what an earlier attempt decided stands.
pub async fn reserve_inventory(
    cx: &ReserveInventory,
    input: ReserveInventoryInput,
) -> Result<ReserveInventoryOutput, ReserveInventoryError> {
    let (key, order) = load(cx.orders(), input.order_id, input.customer_id).await?;
    if let Some(decided) = decided(&order) {
        return decided;
    }
    let reservation_id = format!("res_{}", order.order_id.simple());
    let available = cx.simulate("SUCCESS_RATE", &reservation_id)?;
    let paid = Orders::STATUS.eq(OrderStatus::Paid);
    let update = cx.orders().update(&key).when(paid).set(Orders::UPDATED_AT, Timestamp::now());
    let Order { order_id, customer_id, .. } = order;
    if available {
        let event = Reservation { order_id, customer_id, reservation_id: reservation_id.clone() };
        let update = update
            .set(Orders::STATUS, OrderStatus::InventoryReserved)
            .set(Orders::RESERVATION_ID, reservation_id.as_str());
        cx.transact().update(update).publish(&InventoryReserved(event)).commit().await?;
        tracing::info!(%order_id, reservation_id, lines = input.items.len(), "goods reserved");
        cx.metric("ReservationsMade", 1.0, Unit::Count);
        Ok(ReserveInventoryOutput { reservation_id })
    } else {
        let event = OrderProblem { order_id, customer_id, reason: OUT_OF_STOCK.to_owned() };
        let update = update.set(Orders::STATUS, OrderStatus::InventoryFailed);
        cx.transact().update(update).publish(&InventoryUnavailable(event)).commit().await?;
        tracing::info!(%order_id, "out of stock");
        cx.metric("ReservationsFailed", 1.0, Unit::Count);
        Err(unavailable())
    }
}

const OUT_OF_STOCK: &str = "some of the goods are out of stock";

fn unavailable() -> ReserveInventoryError {
    ReserveInventoryError::InventoryUnavailable(OUT_OF_STOCK.to_owned())
}

/// What an earlier attempt decided, if one did.
fn decided(order: &Order) -> Option<Result<ReserveInventoryOutput, ReserveInventoryError>> {
    match (order.status, &order.reservation_id) {
        (_, Some(reservation_id)) => Some(Ok(ReserveInventoryOutput { reservation_id: reservation_id.clone() })),
        (OrderStatus::Paid, None) => None,
        (OrderStatus::InventoryFailed, None) => Some(Err(unavailable())),
        (_, None) => Some(Err(out_of_turn(order, "a reservation").into())),
    }
}

#[cfg(test)]
mod tests {
    use evc_runtime::FunctionError;

    use super::*;
    use crate::testing::{World, order, world};

    fn paid() -> Order {
        Order { status: OrderStatus::Paid, payment_id: Some("pay_1".into()), ..order() }
    }

    async fn reserve(
        world: &World,
        order: &Order,
        delivery: &str,
    ) -> Result<ReserveInventoryOutput, ReserveInventoryError> {
        let Order { order_id, customer_id, items, .. } = order.clone();
        reserve_inventory(&world.reserve_inventory(delivery), ReserveInventoryInput { order_id, customer_id, items })
            .await
    }

    #[tokio::test]
    async fn goods_are_reserved_once() {
        let world = world().rate("1");
        let order = world.with(paid());
        let first = reserve(&world, &order, "first").await.unwrap();
        let world = world.rate("0");
        assert_eq!(reserve(&world, &order, "second").await.unwrap(), first);
        let stored = &world.orders()[0];
        assert_eq!(stored.status, OrderStatus::InventoryReserved);
        assert_eq!(stored.reservation_id.as_ref(), Some(&first.reservation_id));
        assert_eq!(world.events().len(), 1);
    }

    #[tokio::test]
    async fn goods_that_are_missing_stay_missing() {
        let world = world().rate("0");
        let order = world.with(paid());
        assert_eq!(reserve(&world, &order, "first").await.unwrap_err().name(), "InventoryUnavailable");
        let world = world.rate("1");
        assert_eq!(reserve(&world, &order, "second").await.unwrap_err().name(), "InventoryUnavailable");
        assert_eq!(world.orders()[0].status, OrderStatus::InventoryFailed);
        let types: Vec<_> = world.events().into_iter().map(|event| event.detail_type).collect();
        assert_eq!(types, ["Inventory Unavailable"]);
    }

    #[tokio::test]
    async fn an_order_that_is_not_paid_gets_no_goods() {
        let world = world().rate("1");
        let order = world.with(order());
        assert_eq!(reserve(&world, &order, "k").await.unwrap_err().name(), "Internal");
        assert_eq!(world.orders(), [order]);
        assert!(world.events().is_empty());
    }
}
