//! What a handler keeps of an event.

use evc_runtime::{Context, Error, Kind, Uuid};
use order_pipe_contract::{Notice, NoticeKind, OrderStatus};

/// The notice of the event that is being delivered. It has the same key each time.
pub(crate) fn of(cx: &Context, kind: NoticeKind, order_id: Uuid, status: OrderStatus) -> Result<Notice, Error> {
    let event = cx.event().ok_or_else(|| Error::new(Kind::InvalidInput, "expected an event, found a bare change"))?;
    let sequence = event.sequence.as_ref().map(ToString::to_string);
    Ok(Notice { order_id, event_id: event.id.clone(), kind, status, sequence })
}

/// A notice that is there already is done.
pub(crate) fn once(put: Result<(), Error>) -> Result<(), Error> {
    match put {
        Err(error) if error.is_conflict() => Ok(()),
        put => put,
    }
}
