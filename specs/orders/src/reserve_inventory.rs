//! Sets goods aside, in a simulation that succeeds at a given rate.

use evc_runtime::{Timestamp, tracing};
use orders_contract::{
    InventoryReserved, InventoryUnavailable, OrderProblem, OrderStatus, Orders, OrdersKey, Reservation,
    ReserveInventory, ReserveInventoryError, ReserveInventoryInput, ReserveInventoryOutput,
};

/// Reserves the goods of a paid order, and says what came of it.
///
/// Fails with `InventoryUnavailable` where the simulation says so.
pub async fn reserve_inventory(
    cx: &ReserveInventory,
    input: ReserveInventoryInput,
) -> Result<ReserveInventoryOutput, ReserveInventoryError> {
    let ReserveInventoryInput { order_id, customer_id, items } = input;
    let key = OrdersKey { order_id, customer_id: customer_id.clone() };
    let paid = Orders::STATUS.eq(OrderStatus::Paid);
    if !cx.simulate("SUCCESS_RATE", &order_id.to_string())? {
        let reason = format!("not all of {} products are in stock", items.len());
        let update = cx
            .orders()
            .update(&key)
            .set(Orders::STATUS, OrderStatus::InventoryFailed)
            .set(Orders::UPDATED_AT, Timestamp::now())
            .when(paid);
        let event = InventoryUnavailable(OrderProblem { order_id, customer_id, reason: reason.clone() });
        cx.transact().update(update).publish(&event).commit().await?;
        tracing::info!(%order_id, "out of stock");
        return Err(ReserveInventoryError::InventoryUnavailable(reason));
    }
    let reservation_id = format!("res_{order_id}");
    let update = cx
        .orders()
        .update(&key)
        .set(Orders::STATUS, OrderStatus::InventoryReserved)
        .set(Orders::RESERVATION_ID, reservation_id.as_str())
        .set(Orders::UPDATED_AT, Timestamp::now())
        .when(paid);
    let event = InventoryReserved(Reservation { order_id, customer_id, reservation_id: reservation_id.clone() });
    cx.transact().update(update).publish(&event).commit().await?;
    tracing::info!(%order_id, "inventory reserved");
    Ok(ReserveInventoryOutput { reservation_id })
}
