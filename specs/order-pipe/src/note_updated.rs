//! Takes note of a changed order.

use order_pipe_contract::{NoteUpdated, NoteUpdatedError, NoticeKind, OrderUpdated};

use crate::notice;

/// Stores a notice under the order's and the event's id, unless it is there.
pub async fn note_updated(cx: &NoteUpdated, input: OrderUpdated) -> Result<(), NoteUpdatedError> {
    let noted = notice::of(cx, NoticeKind::Updated, input.order_id, input.status)?;
    notice::once(cx.notices().put(&noted).if_absent().send().await)
}
