//! Shows an order.

use shop_contract::{GetOrder, GetOrderError, GetOrderInput, Order, OrdersKey};

/// Reads the order as it is now.
pub async fn get_order(cx: &GetOrder, input: GetOrderInput) -> Result<Order, GetOrderError> {
    let GetOrderInput { order_id } = input;
    let order = cx.orders().get(&OrdersKey { order_id }).consistent().send().await?;
    order.ok_or_else(|| GetOrderError::OrderNotFound(format!("there is no order {order_id}")))
}

#[cfg(test)]
mod tests {
    use evc_runtime::testing::World;
    use evc_runtime::{Function, FunctionError, Money, Timestamp, Uuid};
    use shop_contract::{OrderStatus, Orders};

    use super::*;

    #[tokio::test]
    async fn an_order_is_shown_or_is_not_there() {
        let world = World::new().table::<Orders>();
        let order = Order {
            order_id: Uuid::nil(),
            customer: "kim".into(),
            items: Vec::new(),
            status: OrderStatus::Placed,
            total: Money::ZERO,
            placed_at: Timestamp::now(),
        };
        let cx = GetOrder::new(world.context("get-order"));
        let input = GetOrderInput { order_id: order.order_id };
        let error = get_order(&cx, input.clone()).await.unwrap_err();
        assert_eq!((error.name(), error.status()), ("OrderNotFound", 404));
        world.put::<Orders>(&order).unwrap();
        assert_eq!(get_order(&cx, input).await.unwrap(), order);
    }
}
