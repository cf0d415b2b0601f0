//! The carts of who calls.

use cart_contract::{ListCarts, ListCartsError, ListCartsInput, ListCartsOutput};
use evc_runtime::Error;

/// The ids of a page of carts. The table gives nobody's but the caller's, and a page that another caller got leads nowhere.
pub async fn list_carts(cx: &ListCarts, input: ListCartsInput) -> Result<ListCartsOutput, ListCartsError> {
    let query = cx.user_carts().query().limit(u16::try_from(input.limit).map_err(Error::other)?);
    let query = match &input.after {
        Some(after) => query.after(after),
        None => query,
    };
    let page = query.send().await?;
    Ok(ListCartsOutput { carts: page.items.into_iter().map(|cart| cart.cart_id).collect(), next: page.next })
}

#[cfg(test)]
mod tests {
    use cart_contract::CreateCartInput;

    use super::*;
    use crate::create_cart::create_cart;
    use crate::testing::{World, world};

    async fn list(world: &World, user: &str) -> usize {
        list_carts(&world.list_carts(user), ListCartsInput { limit: 20, after: None }).await.unwrap().carts.len()
    }

    #[tokio::test]
    async fn everybody_sees_his_own() {
        let world = world();
        for (key, user) in [("a", "user-1"), ("b", "user-1"), ("a", "user-2")] {
            create_cart(&world.create_cart(key, user), CreateCartInput { items: None }).await.unwrap();
        }
        assert_eq!(
            (list(&world, "user-1").await, list(&world, "user-2").await, list(&world, "user-3").await),
            (2, 1, 0)
        );
        let all = world.carts();
        let input = ListCartsInput { limit: 20, after: None };
        let of_one = list_carts(&world.list_carts("user-2"), input).await.unwrap();
        assert!(all.iter().all(|cart| of_one.carts.contains(&cart.cart_id) == (cart.user_id == "user-2")), "{all:?}");
    }
}
