//! Publishes an order as placed; what the payload leaves out gets a default.

use event_store_contract::{
    EventPublisher, EventPublisherError, EventPublisherOutput, Item, OrderPlaced, OrderPlacedStatus, PlaceOrder,
};
use evc_runtime::{Timestamp, Uuid};

/// Publishes `OrderPlaced` and returns the event's id. Fails if the bus did not take the event.
pub async fn event_publisher(
    cx: &EventPublisher,
    input: PlaceOrder,
) -> Result<EventPublisherOutput, EventPublisherError> {
    let event = OrderPlaced {
        order_id: input.order_id.unwrap_or_else(|| format!("ORDER-{}", Uuid::now_v7())),
        status: OrderPlacedStatus::Placed,
        customer: input.customer.unwrap_or_else(|| "test-customer".to_owned()),
        items: input.items.unwrap_or_else(|| vec![Item { id: "item-1".to_owned(), quantity: 1 }]),
        timestamp: Timestamp::now(),
    };
    let event_id = cx.publish(&event).await?;
    Ok(EventPublisherOutput { event_id: event_id.to_string(), order_id: event.order_id })
}

#[cfg(test)]
mod tests {
    use super::*;
    use evc_runtime::Function as _;
    use evc_runtime::testing::World;

    #[tokio::test(flavor = "current_thread")]
    async fn what_is_left_out_gets_a_default() {
        let world = World::new().env("DEFAULT_BUS", "default");
        let cx = EventPublisher::new(world.context("event-publisher"));
        let nothing = PlaceOrder { order_id: None, customer: None, items: None };
        let output = event_publisher(&cx, nothing).await.unwrap();
        let published = world.published();
        assert_eq!(published.len(), 1);
        let detail = &published[0].detail;
        assert_eq!(detail["orderId"], output.order_id.as_str());
        assert!(output.order_id.starts_with("ORDER-") && output.order_id.len() <= 64);
        assert_eq!(detail["customer"], "test-customer");
        assert_eq!(detail["status"], "PLACED");
        assert_eq!(detail["metadata"]["eventId"], output.event_id.as_str());
    }
}
