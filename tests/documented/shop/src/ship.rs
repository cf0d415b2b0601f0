//! Sends what was ordered.

use shop_contract::{Order, OrderShipped, Ship, ShipError, Shipment};

/// Stands for a call of a carrier, and tells what became of it.
pub async fn ship(cx: &Ship, input: Order) -> Result<(), ShipError> {
    let tracking = cx.stable_id(&["parcel"]).to_string();
    cx.publish(&OrderShipped(Shipment { order_id: input.order_id, tracking })).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use evc_runtime::testing::World;
    use evc_runtime::{Function, Money, Uuid};

    use super::*;

    #[tokio::test]
    async fn a_shipment_is_told_with_the_same_number_each_time() {
        let world = World::new().env("DEFAULT_BUS", "default");
        let order = Order { order_id: Uuid::nil(), customer: "kim".into(), total: Money::cents(4200).unwrap() };
        for attempt in 0..2 {
            let cx = Ship::new(world.step("ship", "shipment").attempt(attempt).context());
            ship(&cx, order.clone()).await.unwrap();
        }
        let told = world.published();
        assert_eq!(told[0].detail["tracking"], told[1].detail["tracking"]);
        assert_eq!(told[0].detail_type, "Order Shipped");
    }
}
