//! Takes the money, in a simulation that succeeds at a given rate.

use evc_runtime::{Error, Kind};
use orders_contract::{ProcessPayment, ProcessPaymentError, ProcessPaymentInput, ProcessPaymentOutput};

/// What `process-payment` does. Its signature follows from `specs/orders.yaml`.
///
/// `cx` has what the spec lets the function do, and nothing else; `cx.env("NAME")?` reads a variable of its `environment`.
/// A business error goes out as `Err(ProcessPaymentError::PaymentDeclined("why".into()))`.
pub async fn process_payment(cx: &ProcessPayment, input: ProcessPaymentInput) -> Result<ProcessPaymentOutput, ProcessPaymentError> {
    // Yours from here on: evc never writes this file again.
    let _ = (cx, input);
    Err(Error::new(Kind::Internal, "`process-payment` is not written yet").into())
}
