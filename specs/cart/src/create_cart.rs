//! Gives who calls a cart.

use cart_contract::{Cart, CartCreated, CartOfUser, CartStatus, CreateCart, CreateCartError, CreateCartInput};
use evc_runtime::{Unit, tracing};

use crate::carts::together;

/// Stores the cart and its event. A repeated request with the same `Idempotency-Key` is the same cart.
pub async fn create_cart(cx: &CreateCart, input: CreateCartInput) -> Result<Cart, CreateCartError> {
    let items = together(input.items.unwrap_or_default(), []).map_err(CreateCartError::TooMuch)?;
    let cart = Cart {
        cart_id: cx.stable_id(&["cart"]),
        user_id: cx.caller().sub.clone(),
        status: CartStatus::Open,
        items,
        version: 1,
    };
    let created = CartCreated { cart_id: cart.cart_id, user_id: cart.user_id.clone(), items: cart.items.clone() };
    let own = CartOfUser { user_id: cart.user_id.clone(), cart_id: cart.cart_id };
    let (put, list) = (cx.carts().put(&cart).if_absent(), cx.user_carts().put(&own));
    cx.transact().put(put).put(list).publish_numbered(&created, 1).answer(&cart).commit().await?;
    tracing::info!(cart_id = %cart.cart_id, items = cart.items.len(), "cart created");
    cx.metric("CartsCreated", 1.0, Unit::Count);
    Ok(cart)
}

#[cfg(test)]
mod tests {
    use evc_runtime::testing::Fault;
    use evc_runtime::{FunctionError, serde_json::json};

    use super::*;
    use crate::testing::{World, item, world};

    async fn create(world: &World, key: &str, user: &str, items: &[(&str, i64)]) -> Result<Cart, CreateCartError> {
        let items = items.iter().map(|(id, quantity)| item(id, *quantity)).collect();
        create_cart(&world.create_cart(key, user), CreateCartInput { items: Some(items) }).await
    }

    #[tokio::test]
    async fn the_cart_and_its_event_are_stored_together() {
        let world = world();
        let cart = create(&world, "k", "user-1", &[("a", 2), ("b", 1), ("a", 1)]).await.unwrap();
        assert_eq!(world.carts(), std::slice::from_ref(&cart));
        assert_eq!((cart.status, cart.version), (CartStatus::Open, 1));
        let events = world.events();
        assert_eq!(events.len(), 1);
        assert_eq!((events[0].source.as_str(), events[0].detail_type.as_str()), ("shopping-cart", "CartCreated"));
        let detail = &events[0].detail;
        assert_eq!((&detail["cartId"], &detail["userId"]), (&json!(cart.cart_id), &json!("user-1")));
        assert_eq!(detail["items"], json!([{"itemId": "a", "quantity": 3}, {"itemId": "b", "quantity": 1}]));
        assert_eq!(detail["metadata"]["sequence"], 1);
    }

    #[tokio::test]
    async fn a_cart_may_start_empty_but_not_too_full() {
        let world = world();
        let cx = world.create_cart("empty", "user-1");
        let input = CreateCartInput { items: None };
        assert_eq!(create_cart(&cx, input).await.unwrap().items, []);
        let error = create(&world, "full", "user-1", &[("a", 600), ("a", 600)]).await.unwrap_err();
        assert_eq!(error.name(), "TooMuch");
        assert_eq!((world.carts().len(), world.events().len()), (1, 1));
    }

    #[tokio::test]
    async fn a_repeated_request_is_the_same_cart_also_when_the_first_answer_was_lost() {
        let world = world();
        world.fail_next(Fault::AnswerLost);
        create(&world, "k", "user-1", &[("a", 1)]).await.unwrap_err();
        let cart = create(&world, "k", "user-1", &[("a", 1)]).await.unwrap();
        assert_eq!(world.carts(), std::slice::from_ref(&cart));
        assert_eq!(world.events().len(), 1);
        assert_ne!(create(&world, "k", "user-2", &[("a", 1)]).await.unwrap().cart_id, cart.cart_id);
    }
}
