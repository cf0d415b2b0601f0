//! Stores the event, once however often it arrives.

use std::time::Duration;

use event_store_contract::{OrderPlaced, OrderProcessor, OrderProcessorError, StoredEvent};
use evc_runtime::{Error, Kind, serde_json, tracing};

/// Puts the event under its id, unless it is there already.
pub async fn order_processor(cx: &OrderProcessor, input: OrderPlaced) -> Result<(), OrderProcessorError> {
    let event = cx.event().ok_or_else(|| Error::new(Kind::InvalidInput, "this function takes events from a bus"))?;
    let days: u32 = cx
        .env("RETENTION_DAYS")?
        .parse()
        .map_err(|_| Error::new(Kind::Configuration, "`RETENTION_DAYS` is not a number of days"))?;
    let stored = StoredEvent {
        id: event.id.clone(),
        timestamp: event.time,
        event_type: event.detail_type.clone(),
        source: event.source.clone(),
        order_id: input.order_id.clone(),
        detail: serde_json::to_value(&input).map_err(Error::other)?,
        expires_at: event.time.after(Duration::from_secs(u64::from(days) * 86_400)).seconds(),
    };
    match cx.events().put(&stored).if_absent().send().await {
        Ok(_) => tracing::info!(order_id = %input.order_id, "event stored"),
        Err(error) if error.is_conflict() => tracing::info!(order_id = %input.order_id, "event was stored before"),
        Err(error) => return Err(error),
    }
    Ok(())
}
