//! Tells the customer how the order ended.

use evc_runtime::{Unit, tracing};
use orders_contract::{Notify, NotifyError, NotifyInput, NotifyOutput};

/// Writes the notice to the log, which stands in for mail here; the function's idempotency sees to it that there is one.
pub async fn notify(cx: &Notify, input: NotifyInput) -> Result<NotifyOutput, NotifyError> {
    let NotifyInput { order_id, customer_id, status, message } = input;
    let notification_id = format!("note_{}", cx.stable_id(&["notification"]).simple());
    tracing::info!(%order_id, customer_id, %status, notification_id, notice = message, "customer notified");
    cx.metric("Notifications", 1.0, Unit::Count);
    Ok(NotifyOutput { notification_id })
}

#[cfg(test)]
mod tests {
    use orders_contract::OrderStatus;

    use super::*;
    use crate::testing::{order, world};

    #[tokio::test]
    async fn a_notice_has_one_id_in_all_attempts() {
        let world = world();
        let input = || NotifyInput {
            order_id: order().order_id,
            customer_id: order().customer_id,
            status: OrderStatus::Completed,
            message: "Order is complete".into(),
        };
        let first = notify(&world.notify("k"), input()).await.unwrap();
        assert_eq!(notify(&world.notify("k"), input()).await.unwrap(), first);
        assert_ne!(notify(&world.notify("l"), input()).await.unwrap(), first);
    }
}
