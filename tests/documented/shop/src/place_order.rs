//! Takes an order.

use shop_contract::{Order, OrderPlaced, PlaceOrder, PlaceOrderError, PlaceOrderInput, PlaceOrderOutput};

/// Stores the order and tells of it, both or neither.
pub async fn place_order(cx: &PlaceOrder, input: PlaceOrderInput) -> Result<PlaceOrderOutput, PlaceOrderError> {
    let order_id = cx.stable_id(&["order"]);
    let order = Order { order_id, customer: input.customer, total: input.total };
    let put = cx.orders().put(&order).if_absent();
    cx.transact().put(put).publish(&OrderPlaced(order.clone())).commit().await?;
    Ok(PlaceOrderOutput { order_id })
}

#[cfg(test)]
mod tests {
    use evc_runtime::testing::World;
    use evc_runtime::{Function, Money};
    use shop_contract::{OrderEvents, Orders};

    use super::*;

    #[tokio::test]
    async fn an_order_is_stored_and_told_once() {
        let world = World::new().table::<Orders>().outbox::<OrderEvents>();
        let input = PlaceOrderInput { customer: "kim".into(), total: Money::cents(4200).unwrap() };
        let cx = || PlaceOrder::new(world.request("place-order", "key-of-the-client"));
        let first = place_order(&cx(), input.clone()).await.unwrap();
        let again = place_order(&cx(), input).await.unwrap();
        assert_eq!(first.order_id, again.order_id);
        assert_eq!(world.items::<Orders>().unwrap().len(), 1);
        assert_eq!(world.events::<OrderEvents>()[0].detail_type, "Order Placed");
    }
}
