//! Puts items into a cart, on top of what is there.

use cart_contract::{AddItems, AddItemsError, AddItemsInput, Cart, CartStatus, ItemsAddedToCart};
use evc_runtime::tracing;

use crate::carts::{load, together};

/// Adds the items and says which were added. When somebody else changes the cart at the same time, one of the two reads again what
/// the other made of it: no change is lost.
pub async fn add_items(cx: &AddItems, input: AddItemsInput) -> Result<Cart, AddItemsError> {
    let AddItemsInput { cart_id, items } = input;
    let added = together(items, []).map_err(AddItemsError::TooMuch)?;
    let cart = cx
        .retry_conflicts(async || {
            let Some((mut cart, version)) = load(cx.carts(), cart_id, cx.caller()).await? else {
                return Err(AddItemsError::CartNotFound(format!("there is no cart {cart_id}")));
            };
            if cart.status != CartStatus::Open {
                return Err(AddItemsError::CartClosed(format!("cart {cart_id} is checked out")));
            }
            cart.items = together(cart.items, added.clone()).map_err(AddItemsError::TooMuch)?;
            cart.version += 1;
            let event = ItemsAddedToCart { cart_id, user_id: cart.user_id.clone(), items: added.clone() };
            let put = cx.carts().put(&cart).if_version(version);
            cx.transact().put(put).publish_numbered(&event, version + 1).answer(&cart).commit().await?;
            Ok(cart)
        })
        .await?;
    tracing::info!(%cart_id, items = added.len(), version = cart.version, "items added");
    Ok(cart)
}

#[cfg(test)]
mod tests {
    use evc_runtime::testing::Fault;
    use evc_runtime::{FunctionError, serde_json::json};

    use super::*;
    use crate::testing::{OWNER, World, cart, item, world};

    async fn add(world: &World, items: &[(&str, i64)]) -> Result<Cart, AddItemsError> {
        let items = items.iter().map(|(id, quantity)| item(id, *quantity)).collect();
        add_items(&world.add_items("k", OWNER), AddItemsInput { cart_id: cart().cart_id, items }).await
    }

    #[tokio::test]
    async fn what_is_added_comes_on_top_and_the_event_says_what_was_added() {
        let world = world().with(&cart());
        let changed = add(&world, &[("a", 1), ("c", 2), ("c", 1)]).await.unwrap();
        assert_eq!(changed.items, [item("a", 3), item("b", 1), item("c", 3)]);
        assert_eq!(world.carts(), [changed]);
        let events = world.events();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].detail_type, "ItemsAddedToCart");
        let added = json!([{"itemId": "a", "quantity": 1}, {"itemId": "c", "quantity": 3}]);
        assert_eq!(events[0].detail["items"], added);
        assert_eq!(events[0].detail["metadata"]["sequence"], 2);
    }

    #[tokio::test]
    async fn the_sequence_is_the_version() {
        let world = world().with(&cart());
        for number in 2..=5 {
            let input = AddItemsInput { cart_id: cart().cart_id, items: vec![item("a", 1)] };
            let changed = add_items(&world.add_items(&number.to_string(), OWNER), input).await.unwrap();
            assert_eq!(changed.version, number);
            assert_eq!(world.events().last().unwrap().detail["metadata"]["sequence"], number);
        }
    }

    #[tokio::test]
    async fn a_cart_that_is_not_there_checked_out_or_full_takes_nothing() {
        let world = world();
        assert_eq!(add(&world, &[("a", 1)]).await.unwrap_err().name(), "CartNotFound");
        let world = world.with(&Cart { status: CartStatus::CheckedOut, ..cart() });
        assert_eq!(add(&world, &[("a", 1)]).await.unwrap_err().name(), "CartClosed");
        let world = world.with(&Cart { items: vec![item("a", 1000)], ..cart() });
        assert_eq!(add(&world, &[("a", 1)]).await.unwrap_err().name(), "TooMuch");
        assert!(world.events().is_empty());
    }

    #[tokio::test]
    async fn the_cart_of_somebody_else_is_as_one_that_is_not_there() {
        let world = world().with(&cart());
        let input = AddItemsInput { cart_id: cart().cart_id, items: vec![item("a", 1)] };
        let error = add_items(&world.add_items("k", "user-2"), input).await.unwrap_err();
        assert_eq!(error.name(), "CartNotFound");
        assert_eq!((world.carts(), world.events().len()), (vec![cart()], 0));
    }

    #[tokio::test]
    async fn contention_is_waited_for() {
        let world = world().with(&cart());
        (0..6).for_each(|_| world.fail_next(Fault::Contention));
        assert_eq!(add(&world, &[("a", 1)]).await.unwrap().version, 2);
    }
}
