//! Shows an order.

use shop_contract::{Order, OrdersKey, ShowOrder, ShowOrderError, ShowOrderInput};

/// The order with this id.
pub async fn show_order(cx: &ShowOrder, input: ShowOrderInput) -> Result<Order, ShowOrderError> {
    let found = cx.orders().get(&OrdersKey { order_id: input.order_id }).send().await?;
    found.ok_or_else(|| ShowOrderError::OrderNotFound(format!("there is no order {}", input.order_id)))
}

#[cfg(test)]
mod tests {
    use evc_runtime::testing::{HttpRequest, World};
    use evc_runtime::{Money, Uuid, serde_json::json};
    use shop_contract::Orders;

    use super::*;

    #[tokio::test]
    async fn an_order_is_shown_and_one_that_is_not_there_is_a_problem() {
        let world = World::new().table::<Orders>();
        let order = Order { order_id: Uuid::nil(), customer: "kim".into(), total: Money::cents(4200).unwrap() };
        world.put::<Orders>(&order).unwrap();
        let ask = async |id: Uuid| {
            let request = HttpRequest::to("GET /orders/{orderId}").path("orderId", &id.to_string());
            let request = request.claims(json!({ "sub": "kim" }));
            world.http::<ShowOrder, _>(request, show_order).await
        };
        assert_eq!(ask(Uuid::nil()).await.json::<Order>().unwrap(), order);
        let missing = ask(Uuid::max()).await;
        assert_eq!((missing.status, missing.header("content-type")), (404, Some("application/problem+json")));
        let problem: evc_runtime::serde_json::Value = missing.json().unwrap();
        let detail = format!("there is no order {}", Uuid::max());
        assert_eq!(problem, json!({ "title": "OrderNotFound", "status": 404, "detail": detail }));
    }
}
