//! What the generated context type of a function says about it.

use crate::request::Route;
use crate::{CircuitBreaker, Context, Error, FunctionError, Payload, Source};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A function of the spec. The generated context type implements this; the user's async function takes it by reference.
pub trait Function: Send + Sync + 'static {
    /// What the function is given: read from JSON.
    type Input: DeserializeOwned;
    /// What it returns.
    type Output: Serialize;
    /// What it fails with.
    type Error: FunctionError;

    /// Its name in the spec.
    const NAME: &'static str;
    /// Who may call it. The shape of an event tells which one did.
    const SOURCES: &'static [Source];
    /// The HTTP status of a success.
    const STATUS: u16 = 200;
    /// Whether its output is a [`Response`](crate::response::Response), with a status of its own.
    const RESPONDS: bool = false;
    /// The routes whose requests bring more than a body or a query of texts.
    const ROUTES: &'static [Route] = &[];

    /// The groups that may call its routes. Those of a function that has some are all in `ROUTES`.
    const GROUPS: &'static [crate::caller::Groups] = &[];
    /// How the requests of its routes are signed that other systems send. Those of a function that has some are all in `ROUTES`.
    #[cfg(feature = "webhooks")]
    const WEBHOOKS: &'static [crate::webhook::Webhook] = &[];

    /// When it is not called for a while; by default never.
    const CIRCUIT_BREAKER: Option<CircuitBreaker> = None;

    /// The context of one delivery.
    fn new(context: Context) -> Self;

    /// Reads who calls. It fails for a delivery without a caller where each has one; where nobody is known, it does nothing.
    fn admit(_context: &Context) -> Result<(), Error> {
        Ok(())
    }

    /// Reads the input of one delivery. A function with several events decides by [`Payload::detail_type`].
    fn decode(payload: &Payload<'_>) -> Result<Self::Input, Error> {
        payload.decode()
    }

    /// Checks the ranges of what it returns, which a workflow goes on with. [`Kind::InvalidInput`](crate::Kind::InvalidInput) for the first value
    /// that is out of its range.
    fn bounded(_output: &Self::Output) -> Result<(), Error> {
        Ok(())
    }
}
