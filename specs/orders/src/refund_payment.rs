//! Gives the money back.

use evc_runtime::{Error, Kind};
use orders_contract::{RefundPayment, RefundPaymentError, RefundPaymentInput, RefundPaymentOutput};

/// What `refund-payment` does. Its signature follows from `specs/orders.yaml`.
///
/// `cx` has what the spec lets the function do, and nothing else; `cx.env("NAME")?` reads a variable of its `environment`.
pub async fn refund_payment(cx: &RefundPayment, input: RefundPaymentInput) -> Result<RefundPaymentOutput, RefundPaymentError> {
    // Yours from here on: evc never writes this file again.
    let _ = (cx, input);
    Err(Error::new(Kind::Internal, "`refund-payment` is not written yet"))
}
