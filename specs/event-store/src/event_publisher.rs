//! Publishes an order as placed; what the payload leaves out gets a default.

use evc_runtime::Timestamp;
use event_store_contract::{
    EventPublisher, EventPublisherError, EventPublisherOutput, Item, OrderPlaced, OrderPlacedStatus, PlaceOrder,
};

/// Puts the order's event on the bus. An event that the bus does not take is an error of the function, never a success.
pub async fn event_publisher(
    cx: &EventPublisher,
    input: PlaceOrder,
) -> Result<EventPublisherOutput, EventPublisherError> {
    let order = OrderPlaced {
        order_id: input.order_id.unwrap_or_else(|| format!("ORDER-{}", cx.stable_id(&["order"]))),
        status: OrderPlacedStatus::Placed,
        customer: input.customer.unwrap_or_else(|| "test-customer".to_owned()),
        items: input.items.unwrap_or_else(|| vec![Item { id: "item-1".to_owned(), quantity: 1 }]),
        timestamp: Timestamp::now(),
    };
    let event_id = cx.publish(&order).await?;
    Ok(EventPublisherOutput { event_id: event_id.to_string(), order_id: order.order_id })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use evc_runtime::testing::World;
    use evc_runtime::{Function, serde_json};

    use super::*;

    async fn publish(world: &World, payload: &str) -> EventPublisherOutput {
        let cx = EventPublisher::new(world.context("event-publisher"));
        event_publisher(&cx, serde_json::from_str(payload).unwrap()).await.unwrap()
    }

    fn world() -> World {
        World::new().env("DEFAULT_BUS", "default")
    }

    #[tokio::test]
    async fn the_payload_of_the_readme_is_published_as_it_is() {
        let world = world();
        let payload = r#"{"orderId":"TEST-1234","customer":"John Doe","items":[{"id":"product-123","quantity":2}]}"#;
        let output = publish(&world, payload).await;
        assert_eq!(output.order_id, "TEST-1234");
        let events = world.published();
        assert_eq!(events.len(), 1);
        assert_eq!((events[0].source.as_str(), events[0].detail_type.as_str()), ("custom.myapp", "order_placed"));
        let detail = &events[0].detail;
        assert_eq!((&detail["status"], &detail["customer"]), (&"PLACED".into(), &"John Doe".into()));
        assert_eq!(detail["items"], serde_json::json!([{"id": "product-123", "quantity": 2}]));
        assert_eq!(detail["metadata"]["eventId"], output.event_id);
    }

    #[tokio::test]
    async fn what_is_missing_gets_a_default_and_every_order_an_id_of_its_own() {
        let world = world();
        let mut ids = BTreeSet::new();
        for _ in 0..100 {
            ids.insert(publish(&world, "{}").await.order_id);
        }
        assert_eq!(ids.len(), 100);
        assert!(ids.iter().all(|id| id.starts_with("ORDER-")));
        let detail = &world.published()[0].detail;
        assert_eq!(detail["customer"], "test-customer");
        assert_eq!(detail["items"], serde_json::json!([{"id": "item-1", "quantity": 1}]));
    }

    #[tokio::test]
    async fn an_event_that_is_not_published_is_an_error() {
        let cx = EventPublisher::new(World::new().context("event-publisher"));
        let input = PlaceOrder { order_id: None, customer: None, items: None };
        assert!(event_publisher(&cx, input).await.is_err());
    }
}
