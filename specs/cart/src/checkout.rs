//! Closes a cart; its customer buys what is in it.

use cart_contract::{Cart, CartCheckedOut, CartStatus, Checkout, CheckoutError, CheckoutInput};
use evc_runtime::{Unit, tracing};

use crate::carts::load;

/// Closes an open cart, once: of two who try at the same time, one reads again and finds it closed.
pub async fn checkout(cx: &Checkout, input: CheckoutInput) -> Result<Cart, CheckoutError> {
    let CheckoutInput { cart_id } = input;
    let cart = cx
        .retry_conflicts(async || {
            let Some((mut cart, version)) = load(cx.carts(), cart_id, cx.caller()).await? else {
                return Err(CheckoutError::CartNotFound(format!("there is no cart {cart_id}")));
            };
            if cart.status != CartStatus::Open {
                return Err(CheckoutError::CartClosed(format!("cart {cart_id} is checked out")));
            }
            if cart.items.is_empty() {
                return Err(CheckoutError::CartEmpty(format!("there is nothing in cart {cart_id}")));
            }
            cart.status = CartStatus::CheckedOut;
            cart.version += 1;
            let event = CartCheckedOut { cart_id, user_id: cart.user_id.clone(), items: cart.items.clone() };
            let put = cx.carts().put(&cart).if_version(version);
            cx.transact().put(put).publish_numbered(&event, version + 1).answer(&cart).commit().await?;
            Ok(cart)
        })
        .await?;
    tracing::info!(%cart_id, version = cart.version, "checked out");
    cx.metric("CartsCheckedOut", 1.0, Unit::Count);
    Ok(cart)
}

#[cfg(test)]
mod tests {
    use evc_runtime::{FunctionError, serde_json::json};

    use super::*;
    use crate::testing::{OWNER, World, cart, world};

    async fn check_out(world: &World, key: &str) -> Result<Cart, CheckoutError> {
        checkout(&world.checkout(key, OWNER), CheckoutInput { cart_id: cart().cart_id }).await
    }

    #[tokio::test]
    async fn a_cart_is_checked_out_once_with_one_event() {
        let world = world().with(&cart());
        let closed = check_out(&world, "first").await.unwrap();
        assert_eq!((closed.status, closed.version), (CartStatus::CheckedOut, 2));
        assert_eq!(check_out(&world, "second").await.unwrap_err().name(), "CartClosed");
        assert_eq!(world.carts(), [closed]);
        let events = world.events();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].detail_type, "CartCheckedOut");
        assert_eq!(events[0].detail["items"], json!(cart().items));
        assert_eq!(events[0].detail["metadata"]["sequence"], 2);
    }

    #[tokio::test]
    async fn the_cart_of_somebody_else_is_as_one_that_is_not_there() {
        let world = world().with(&cart());
        let input = CheckoutInput { cart_id: cart().cart_id };
        let error = checkout(&world.checkout("k", "user-2"), input).await.unwrap_err();
        assert_eq!(error.name(), "CartNotFound");
        assert_eq!((world.carts(), world.events().len()), (vec![cart()], 0));
    }

    #[tokio::test]
    async fn a_cart_that_is_not_there_or_empty_is_not_checked_out() {
        let world = world();
        assert_eq!(check_out(&world, "k").await.unwrap_err().name(), "CartNotFound");
        let world = world.with(&Cart { items: vec![], ..cart() });
        assert_eq!(check_out(&world, "k").await.unwrap_err().name(), "CartEmpty");
        assert!(world.events().is_empty());
    }
}
