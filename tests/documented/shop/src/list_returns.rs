//! Lists the returns of an order.

use shop_contract::{ListReturns, ListReturnsError, ListReturnsInput, ListReturnsOutput, ReturnsByOrder};

/// The latest first, or all since a time.
pub async fn list_returns(cx: &ListReturns, input: ListReturnsInput) -> Result<ListReturnsOutput, ListReturnsError> {
    let returns = match input.since {
        Some(since) => cx.returns_since(&input.order_id, &since).all(100).await?,
        None => cx.returns_of(&input.order_id).descending().limit(20).send().await?.items,
    };
    Ok(ListReturnsOutput { returns })
}

/// The same by the client of the table, for what has no access pattern.
pub async fn before(cx: &ListReturns, input: ListReturnsInput) -> Result<ListReturnsOutput, ListReturnsError> {
    let now = evc_runtime::Timestamp::now();
    let page = cx.returns().query(ReturnsByOrder, &input.order_id).lt(&now).send().await?;
    Ok(ListReturnsOutput { returns: page.items })
}

#[cfg(test)]
mod tests {
    use evc_runtime::testing::World;
    use evc_runtime::{Function, Timestamp, Uuid};
    use shop_contract::{Return, Returns};

    use super::*;
    use crate::close_return::tests::asked;

    #[tokio::test]
    async fn returns_come_latest_first_or_since_a_time() {
        let world = World::new().table::<Returns>();
        for second in 1..=3 {
            let created_at = Timestamp::from_millis(second * 1000).unwrap();
            let return_id = Uuid::from_u128(u128::try_from(second).unwrap());
            world.put::<Returns>(&Return { return_id, created_at, ..asked() }).unwrap();
        }
        let cx = ListReturns::new(world.context("list-returns"));
        let seconds = |output: ListReturnsOutput| -> Vec<i64> {
            output.returns.iter().map(|found| found.created_at.seconds()).collect()
        };
        let input = |since| ListReturnsInput { order_id: Uuid::nil(), since };
        assert_eq!(seconds(list_returns(&cx, input(None)).await.unwrap()), [3, 2, 1]);
        let since = Some(Timestamp::from_millis(2000).unwrap());
        assert_eq!(seconds(list_returns(&cx, input(since)).await.unwrap()), [2, 3]);
        assert_eq!(seconds(before(&cx, input(None)).await.unwrap()), [1, 2, 3]);
    }
}
