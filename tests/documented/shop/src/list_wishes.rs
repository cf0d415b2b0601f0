//! Lists what a customer wishes.

use shop_contract::{ListWishes, ListWishesError, ListWishesInput, ListWishesOutput, WishesByTime};

/// A page of the wishes of who calls.
pub async fn list_wishes(cx: &ListWishes, input: ListWishesInput) -> Result<ListWishesOutput, ListWishesError> {
    let query = cx.wishes().query().limit(20);
    let query = match &input.after {
        Some(after) => query.after(after),
        None => query,
    };
    let page = query.send().await?;
    Ok(ListWishesOutput { wishes: page.items, next: page.next })
}

/// The latest of them.
pub async fn latest(cx: &ListWishes) -> Result<ListWishesOutput, ListWishesError> {
    let page = cx.wishes().query_index(WishesByTime).descending().limit(5).send().await?;
    Ok(ListWishesOutput { wishes: page.items, next: None })
}

#[cfg(test)]
mod tests {
    use evc_runtime::Function;
    use evc_runtime::testing::World;
    use shop_contract::{DeskCaller, Wishes};

    use super::*;
    use crate::keep_wish::tests::keep;

    #[tokio::test]
    async fn pages_follow_each_other() {
        let world = World::new().table::<Wishes>();
        for number in 0..21 {
            keep(&world, "kim", &format!("lamp-{number:02}")).await;
        }
        keep(&world, "lee", "chair").await;
        let cx = ListWishes::new(world.context("list-wishes").called_by(DeskCaller { sub: "kim".into() }));
        let first = list_wishes(&cx, ListWishesInput { after: None }).await.unwrap();
        let second = list_wishes(&cx, ListWishesInput { after: first.next }).await.unwrap();
        assert_eq!((first.wishes.len(), second.wishes.len(), second.next), (20, 1, None));
        assert_eq!(latest(&cx).await.unwrap().wishes.len(), 5);
    }
}
