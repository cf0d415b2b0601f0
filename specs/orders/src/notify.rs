//! Tells the customer how the order ended.

use evc_runtime::{Error, Kind};
use orders_contract::{Notify, NotifyError, NotifyInput, NotifyOutput};

/// What `notify` does. Its signature follows from `specs/orders.yaml`.
///
/// `cx` has what the spec lets the function do, and nothing else; `cx.env("NAME")?` reads a variable of its `environment`.
pub async fn notify(cx: &Notify, input: NotifyInput) -> Result<NotifyOutput, NotifyError> {
    // Yours from here on: evc never writes this file again.
    let _ = (cx, input);
    Err(Error::new(Kind::Internal, "`notify` is not written yet"))
}
