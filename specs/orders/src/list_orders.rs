//! Lists the orders of a customer.

use orders_contract::{ListOrders, ListOrdersError, ListOrdersInput, ListOrdersOutput};

/// The latest orders of a customer, through the index that knows them: no order of anybody else is read.
pub async fn list_orders(cx: &ListOrders, input: ListOrdersInput) -> Result<ListOrdersOutput, ListOrdersError> {
    let ListOrdersInput { customer_id, since } = input;
    let orders = match since {
        Some(since) => cx.orders_since(&customer_id, &since),
        None => cx.orders_of(&customer_id),
    };
    let most = cx.config().orders_on_a_page().await?;
    let page = orders.descending().limit(u16::try_from(most).unwrap_or(u16::MAX)).send().await?;
    Ok(ListOrdersOutput { orders: page.items })
}

#[cfg(test)]
mod tests {
    use evc_runtime::{Timestamp, Uuid};
    use orders_contract::{Order, OrdersOnAPage};

    use super::*;
    use crate::testing::{World, order, world};

    /// A world with an order a second of one customer, and one of somebody else.
    fn orders(seconds: u8) -> World {
        let world = world();
        for second in 1..=seconds {
            world.with(at(second, "customer-123"));
        }
        world.with(at(seconds + 1, "customer-124"));
        world
    }

    fn at(second: u8, customer: &str) -> Order {
        let order_id = Uuid::from_u128(u128::from(second));
        Order { order_id, customer_id: customer.into(), created_at: time(second), ..order() }
    }

    fn time(second: u8) -> Timestamp {
        Timestamp::from_millis(i64::from(second) * 1000).unwrap()
    }

    async fn listed(world: &World, since: Option<u8>) -> Vec<i64> {
        let input = ListOrdersInput { customer_id: "customer-123".into(), since: since.map(time) };
        let output = list_orders(&world.list_orders("k"), input).await.unwrap();
        assert!(output.orders.iter().all(|order| order.customer_id == "customer-123"));
        output.orders.iter().map(|order| order.created_at.millis() / 1000).collect()
    }

    #[tokio::test]
    async fn orders_of_a_customer_come_latest_first_and_nobody_elses() {
        assert_eq!(listed(&orders(4), None).await, [4, 3, 2, 1]);
        assert_eq!(listed(&world(), None).await, Vec::<i64>::new());
    }

    #[tokio::test]
    async fn orders_since_a_time_have_that_of_this_very_time() {
        assert_eq!(listed(&orders(5), Some(3)).await, [5, 4, 3]);
        assert_eq!(listed(&orders(5), Some(6)).await, Vec::<i64>::new());
    }

    #[tokio::test]
    async fn there_is_one_page() {
        let latest: Vec<i64> = (11..=30).rev().collect();
        assert_eq!(listed(&orders(30), None).await, latest);
        let smaller = orders(30);
        smaller.world.change_config::<OrdersOnAPage>(&2);
        assert_eq!(listed(&smaller, None).await, [30, 29], "the page is as long as the configuration says");
    }
}
