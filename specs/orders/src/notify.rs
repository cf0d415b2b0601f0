//! Tells the customer how the order ended.

use evc_runtime::{Unit, tracing};
use orders_contract::{Notify, NotifyError, NotifyInput, NotifyOutput};

/// Writes the notice to the log, where a real service would send it, and counts it.
pub async fn notify(cx: &Notify, input: NotifyInput) -> Result<NotifyOutput, NotifyError> {
    let notification_id = cx.stable_id(&["notification"]).to_string();
    tracing::info!(order_id = %input.order_id, status = ?input.status, notification_id, "{}", input.message);
    cx.metric("NotificationsSent", 1.0, Unit::Count);
    Ok(NotifyOutput { notification_id })
}
