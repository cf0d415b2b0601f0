//! Stores the event, once however often it arrives.

use std::time::Duration;

use evc_runtime::{Error, Kind, serde_json, tracing};
use event_store_contract::{OrderPlaced, OrderProcessor, OrderProcessorError, StoredEvent};

const DAY: u64 = 24 * 60 * 60;

/// Stores the event under its id and time, both the same in every delivery, unless it is there.
pub async fn order_processor(cx: &OrderProcessor, input: OrderPlaced) -> Result<(), OrderProcessorError> {
    let event = cx.event().ok_or_else(|| Error::new(Kind::InvalidInput, "expected an event, found a bare order"))?;
    let stored = StoredEvent {
        id: event.id.clone(),
        timestamp: event.time,
        event_type: event.detail_type.clone(),
        source: event.source.clone(),
        order_id: input.order_id.clone(),
        detail: serde_json::to_value(&input).map_err(Error::other)?,
        expires_at: event.time.after(retention(cx)?).seconds(),
    };
    match cx.events().put(&stored).if_absent().send().await {
        Ok(()) => tracing::info!(order_id = stored.order_id, "event stored"),
        Err(error) if error.is_conflict() => tracing::info!(order_id = stored.order_id, "event was stored before"),
        Err(error) => return Err(error),
    }
    Ok(())
}

/// How long events are kept.
fn retention(cx: &OrderProcessor) -> Result<Duration, Error> {
    let days: u64 = cx.env("RETENTION_DAYS")?.parse().map_err(|_| {
        Error::new(Kind::Configuration, "the environment variable `RETENTION_DAYS` is not a whole number of days")
    })?;
    Ok(Duration::from_secs(days.saturating_mul(DAY)))
}

#[cfg(test)]
mod tests {
    use evc_runtime::testing::World;
    use evc_runtime::{EventMetadata, Function, Timestamp};
    use event_store_contract::{Events, Item, OrderPlacedStatus};

    use super::*;

    fn order() -> OrderPlaced {
        OrderPlaced {
            order_id: "TEST-1234".to_owned(),
            status: OrderPlacedStatus::Placed,
            customer: "John Doe".to_owned(),
            items: vec![Item { id: "product-123".to_owned(), quantity: 2 }],
            timestamp: Timestamp::from_millis(1_700_000_000_000).unwrap(),
        }
    }

    fn event(id: &str) -> EventMetadata {
        EventMetadata {
            id: id.to_owned(),
            source: "custom.myapp".to_owned(),
            detail_type: "order_placed".to_owned(),
            time: Timestamp::from_millis(1_700_000_000_123).unwrap(),
            aggregate: None,
            sequence: None,
        }
    }

    fn world() -> World {
        World::new().table::<Events>().env("RETENTION_DAYS", "90")
    }

    async fn deliver(world: &World, id: &str) -> Result<(), OrderProcessorError> {
        order_processor(&OrderProcessor::new(world.event("order-processor", event(id))), order()).await
    }

    #[tokio::test]
    async fn an_event_is_stored_once_with_all_that_is_known_of_it() {
        let world = world();
        deliver(&world, "e-1").await.unwrap();
        deliver(&world, "e-1").await.unwrap();
        deliver(&world, "e-2").await.unwrap();
        let stored = world.items::<Events>().unwrap();
        assert_eq!(stored.iter().map(|item| item.id.as_str()).collect::<Vec<_>>(), ["e-1", "e-2"]);
        assert_eq!((stored[0].event_type.as_str(), stored[0].source.as_str()), ("order_placed", "custom.myapp"));
        assert_eq!(stored[0].timestamp, event("e-1").time);
        assert_eq!(stored[0].detail, serde_json::to_value(order()).unwrap());
        // Seconds, and 90 days after the event.
        assert_eq!(stored[0].expires_at, 1_700_000_000 + 90 * 86_400);
    }

    #[tokio::test]
    async fn a_failing_table_is_an_error() {
        let world = world();
        world.fail_next(evc_runtime::testing::Fault::Unavailable);
        assert_eq!(deliver(&world, "e-1").await.unwrap_err().kind(), Kind::Transient);
        assert!(world.items::<Events>().unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_is_no_event_and_a_retention_that_is_no_number_are_errors() {
        let bare = OrderProcessor::new(world().context("order-processor"));
        assert_eq!(order_processor(&bare, order()).await.unwrap_err().kind(), Kind::InvalidInput);
        let odd = World::new().table::<Events>().env("RETENTION_DAYS", "soon");
        assert_eq!(deliver(&odd, "e-1").await.unwrap_err().kind(), Kind::Configuration);
    }
}
