//! Tells the customer how the order ended.

use aws_sdk_sns::error::DisplayErrorContext;
use evc_runtime::serde_json::json;
use evc_runtime::{Error, Kind, Unit, tracing};
use orders_contract::{Notify, NotifyError, NotifyInput, NotifyOutput};

/// Publishes the notice to the topic of those who send mail. Idempotency sees to it that there is one, but for a crash between the topic and the
/// record of it: then there is another one with the same id.
pub async fn notify(cx: &Notify, input: NotifyInput) -> Result<NotifyOutput, NotifyError> {
    let NotifyInput { order_id, customer_id, status, message } = input;
    let notification_id = format!("note_{}", cx.stable_id(&["notification"]).simple());
    let notice = json!({
        "notificationId": notification_id,
        "customerId": customer_id,
        "orderId": order_id,
        "status": status,
        "message": message,
    });
    let topics = aws_sdk_sns::Client::new(&cx.aws().await);
    let published = topics.publish().topic_arn(cx.env("NOTICES")?).message(notice.to_string()).send().await;
    published.map_err(|error| Error::new(Kind::Transient, DisplayErrorContext(&error).to_string()))?;
    tracing::info!(%order_id, %status, notification_id, "customer notified");
    cx.metric("Notifications", 1.0, Unit::Count);
    Ok(NotifyOutput { notification_id })
}

#[cfg(test)]
mod tests {
    use orders_contract::OrderStatus;

    use super::*;
    use crate::testing::{World, order, world};

    fn input() -> NotifyInput {
        NotifyInput {
            order_id: order().order_id,
            customer_id: order().customer_id,
            status: OrderStatus::Completed,
            message: "Order is complete".into(),
        }
    }

    /// A world in which the topic answers with this status.
    fn topic(status: u16) -> World {
        let answer = "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>";
        let World { world } = world();
        World { world: world.env("NOTICES", "arn:aws:sns:eu-west-1:1:n").aws(move |_| (status, answer.to_owned())) }
    }

    async fn notified(world: &World, delivery: &str) -> NotifyOutput {
        notify(&world.notify(delivery), input()).await.unwrap()
    }

    #[tokio::test]
    async fn a_notice_has_one_id_in_all_attempts() {
        let world = topic(200);
        let first = notified(&world, "k").await;
        assert_eq!(notified(&world, "k").await, first);
        assert_ne!(notified(&world, "l").await, first);
        let published = world.world.aws_requests();
        assert_eq!(published.len(), 3);
        assert!(published[0].body.contains(&first.notification_id) && published[0].body.contains("customer-123"));
    }

    #[tokio::test]
    async fn a_notice_that_cannot_be_published_is_tried_again() {
        let error = notify(&topic(500).notify("k"), input()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Transient);
    }
}
