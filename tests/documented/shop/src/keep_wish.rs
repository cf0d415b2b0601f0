//! Keeps what a customer wishes.

use evc_runtime::Timestamp;
use shop_contract::{KeepWish, KeepWishError, KeepWishInput, Wish};

/// Stores a wish of who calls, in the place of one of the same product.
pub async fn keep_wish(cx: &KeepWish, input: KeepWishInput) -> Result<(), KeepWishError> {
    let customer = cx.caller().sub.clone();
    let wish = Wish { customer, product_id: input.product_id, added_at: Timestamp::now() };
    cx.wishes().put(&wish).send().await
}

/// Forgets one again: the table knows whose.
pub async fn forget(cx: &KeepWish, input: KeepWishInput) -> Result<(), KeepWishError> {
    cx.wishes().delete(&input.product_id).send().await
}

#[cfg(test)]
pub(crate) mod tests {
    use evc_runtime::Function;
    use evc_runtime::testing::World;
    use shop_contract::{DeskCaller, Wishes};

    use super::*;

    pub(crate) async fn keep(world: &World, customer: &str, product_id: &str) {
        let kim = DeskCaller { sub: customer.into() };
        let cx = KeepWish::new(world.context("keep-wish").called_by(kim));
        keep_wish(&cx, KeepWishInput { product_id: product_id.into() }).await.unwrap();
    }

    #[tokio::test]
    async fn nobody_forgets_anothers_wish() {
        let world = World::new().table::<Wishes>();
        keep(&world, "kim", "lamp").await;
        for (customer, left) in [("lee", 1), ("kim", 0)] {
            let cx = KeepWish::new(world.context("keep-wish").called_by(DeskCaller { sub: customer.into() }));
            forget(&cx, KeepWishInput { product_id: "lamp".into() }).await.unwrap();
            assert_eq!(world.items::<Wishes>().unwrap().len(), left);
        }
    }
}
