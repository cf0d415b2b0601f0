//! Sets the final status of an order.

use evc_runtime::{Error, Kind, Timestamp, tracing};
use orders_contract::{CompleteOrder, CompleteOrderError, CompleteOrderInput, OrderStatus, Orders, OrdersKey};

/// Sets the status if it follows on the one that the order has. The same once more changes nothing that anybody would notice.
pub async fn complete_order(cx: &CompleteOrder, input: CompleteOrderInput) -> Result<(), CompleteOrderError> {
    let CompleteOrderInput { order_id, customer_id, status } = input;
    let Some(before) = before(status) else {
        return Err(Error::new(Kind::InvalidInput, format!("{status} is no final status")));
    };
    let key = OrdersKey { order_id, customer_id };
    let mut update = cx
        .orders()
        .update(&key)
        .set(Orders::STATUS, status)
        .set(Orders::UPDATED_AT, Timestamp::now())
        .when(Orders::STATUS.one_of(before.iter().copied()));
    if status == OrderStatus::InventoryFailed {
        // Goods that were set aside by an attempt nobody heard of again are free for others.
        update = update.remove(Orders::RESERVATION_ID);
    }
    update.send().await?;
    tracing::info!(%order_id, %status, "order completed");
    Ok(())
}

/// The statuses that a final one may follow on; its own among them, for the attempt after one that was not heard of. None for
/// a status that is not final.
fn before(status: OrderStatus) -> Option<&'static [OrderStatus]> {
    use OrderStatus::{Completed, InventoryFailed, InventoryReserved, Paid, PaymentFailed, Pending};
    match status {
        Completed => Some(&[InventoryReserved, Completed]),
        // A payment may have been taken by an attempt that then crashed. It is given back after this.
        PaymentFailed => Some(&[Pending, Paid, PaymentFailed]),
        InventoryFailed => Some(&[Paid, InventoryReserved, InventoryFailed]),
        Pending | Paid | InventoryReserved => None,
    }
}

#[cfg(test)]
mod tests {
    use orders_contract::Order;

    use super::*;
    use crate::testing::{World, order, world};

    async fn complete(world: &World, order: &Order, status: OrderStatus) -> Result<(), CompleteOrderError> {
        let Order { order_id, customer_id, .. } = order.clone();
        complete_order(&world.complete_order("k"), CompleteOrderInput { order_id, customer_id, status }).await
    }

    #[tokio::test]
    async fn an_order_ends_once_and_stays_ended() {
        let world = world();
        let order = world.with(Order { status: OrderStatus::InventoryReserved, ..order() });
        complete(&world, &order, OrderStatus::Completed).await.unwrap();
        complete(&world, &order, OrderStatus::Completed).await.unwrap();
        assert_eq!(world.orders()[0].status, OrderStatus::Completed);
        let late = complete(&world, &order, OrderStatus::PaymentFailed).await.unwrap_err();
        assert!(late.is_conflict());
        assert_eq!(world.orders()[0].status, OrderStatus::Completed);
    }

    #[tokio::test]
    async fn an_order_that_ends_without_goods_keeps_none() {
        let world = world();
        let reserved =
            Order { status: OrderStatus::InventoryReserved, reservation_id: Some("res_1".into()), ..order() };
        let order = world.with(reserved);
        complete(&world, &order, OrderStatus::InventoryFailed).await.unwrap();
        assert_eq!(world.orders()[0].reservation_id, None);
    }

    #[tokio::test]
    async fn only_final_statuses_end_an_order_and_only_if_it_exists() {
        let world = world();
        let missing = complete(&world, &order(), OrderStatus::Completed).await.unwrap_err();
        assert!(missing.is_conflict());
        let paid = complete(&world, &order(), OrderStatus::Paid).await.unwrap_err();
        assert_eq!(paid.kind(), Kind::InvalidInput);
    }
}
