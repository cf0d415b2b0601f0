//! Takes note of a new order.

use order_pipe_contract::{NoteCreated, NoteCreatedError, NoticeKind, OrderCreated};

use crate::notice;

/// Stores a notice under the order's and the event's id, unless it is there.
pub async fn note_created(cx: &NoteCreated, input: OrderCreated) -> Result<(), NoteCreatedError> {
    let noted = notice::of(cx, NoticeKind::Created, input.order_id, input.status)?;
    notice::once(cx.notices().put(&noted).if_absent().send().await)
}

#[cfg(test)]
mod tests {
    use evc_runtime::testing::{Fault, World};
    use evc_runtime::{EventMetadata, Function, Kind, Timestamp, Uuid};
    use order_pipe_contract::{Notices, OrderStatus};

    use super::*;

    async fn deliver(world: &World, id: &str) -> Result<(), NoteCreatedError> {
        let event = EventMetadata {
            id: id.to_owned(),
            source: "order.service".to_owned(),
            detail_type: "Order Created".to_owned(),
            time: Timestamp::now(),
            aggregate: Some(Uuid::nil().to_string()),
            sequence: "300000000000000499659".parse().ok(),
        };
        let cx = NoteCreated::new(world.event("note-created", event));
        note_created(&cx, OrderCreated { order_id: Uuid::nil(), status: OrderStatus::Created }).await
    }

    #[tokio::test]
    async fn an_event_is_noted_once_with_its_place_in_the_stream() {
        let world = World::new().table::<Notices>();
        for id in ["e-1", "e-1", "e-2"] {
            deliver(&world, id).await.unwrap();
        }
        let notices = world.items::<Notices>().unwrap();
        assert_eq!(notices.iter().map(|notice| notice.event_id.as_str()).collect::<Vec<_>>(), ["e-1", "e-2"]);
        assert_eq!(notices[0].kind, NoticeKind::Created);
        assert_eq!(notices[0].sequence.as_deref(), Some("300000000000000499659"));
    }

    #[tokio::test]
    async fn a_failing_table_is_an_error_so_that_the_message_comes_again() {
        let world = World::new().table::<Notices>();
        world.fail_next(Fault::Unavailable);
        assert_eq!(deliver(&world, "e-1").await.unwrap_err().kind(), Kind::Transient);
    }
}
