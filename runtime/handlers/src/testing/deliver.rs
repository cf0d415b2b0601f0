//! Deliveries the whole way that Lambda's take: the input is read as the function reads it, the guard and the circuit breaker stand before
//! the handler, and whoever delivered is told its result or a named error.

use super::World;
use crate::adapter::Failure;
#[cfg(feature = "idempotency")]
use crate::idempotency::Once;
use crate::serve::{App, Guard, Unguarded};
use crate::{Context, Error, Function, Payload};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How a delivery failed, as its deliverer is told: what `Retry` and `Catch` see, and the API's client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// The error's name: of the spec, or one of the runtime such as `InProgress`.
    pub name: String,
    /// What it says.
    pub message: String,
    /// The HTTP status of it.
    pub status: u16,
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self { name: failure.name, message: failure.message, status: failure.status }
    }
}

impl World {
    /// Delivers an input to a function as [`serve`](crate::serve) does: it is read from its JSON, ranges and all; a panic and a timeout
    /// are errors with a name; a circuit breaker counts, if [`Self::cache`] says in which cache.
    ///
    /// A context with an event ([`Self::event`]) makes the input its detail. A key that is used again with another input is refused where
    /// AWS would be asked to: by the guard of `idempotent: true`, and by an outbox, if the first row is of another input.
    pub async fn deliver<F, H>(&self, context: Context, input: &impl Serialize, handler: H) -> Result<F::Output, Failed>
    where
        F: Function,
        F::Output: DeserializeOwned,
        H: AsyncFn(&F, F::Input) -> Result<F::Output, F::Error>,
    {
        self.through(Unguarded, context, input, handler).await
    }

    async fn through<F, H, G>(
        &self,
        guard: G,
        context: Context,
        input: &impl Serialize,
        handler: H,
    ) -> Result<F::Output, Failed>
    where
        F: Function,
        F::Output: DeserializeOwned,
        H: AsyncFn(&F, F::Input) -> Result<F::Output, F::Error>,
        G: Guard,
    {
        let other = |error: serde_json::Error| Failed::from(Failure::from(Error::other(error)));
        let json = serde_json::to_string(input).map_err(other)?;
        let payload = match context.event() {
            Some(event) => Payload::of_event(json, &event.source, &event.detail_type),
            None => Payload::new(json),
        };
        let context = context.asking_for(&payload);
        let app = App::<F, H, G>::new(handler, guard, self.services()).map_err(Failure::from)?;
        // Boxed: it is large, and so would be each test that calls it.
        let output = Box::pin(app.handle(&context, &payload)).await?;
        serde_json::from_str(&output).map_err(other)
    }
}

#[cfg(feature = "idempotency")]
impl World {
    /// Makes the table that the deliveries of functions with `idempotent: true` are remembered in.
    #[must_use]
    pub fn idempotency(self) -> Self {
        use crate::idempotency::{ID, TABLE};
        self.raw_table(TABLE, &[ID])
    }

    /// The same as [`Self::deliver`] for a function with `idempotent: true`: the work of a delivery that comes again is not done again,
    /// and it gets the stored answer. Needs [`Self::idempotency`].
    ///
    /// ```ignore
    /// let world = World::new().idempotency();
    /// let again = async || world.deliver_once::<Charge, _>(world.delivery("charge", "key"), &input, charge).await;
    /// assert_eq!(again().await, again().await);
    /// ```
    ///
    /// A handler that dies in the middle of its work is one whose delivery is dropped, as `tokio::time::timeout` does: the next one is told
    /// `InProgress` until [`Self::end_claims`].
    pub async fn deliver_once<F, H>(
        &self,
        context: Context,
        input: &impl Serialize,
        handler: H,
    ) -> Result<F::Output, Failed>
    where
        F: Function,
        F::Output: DeserializeOwned,
        H: AsyncFn(&F, F::Input) -> Result<F::Output, F::Error>,
    {
        self.through(Once, context, input, handler).await
    }

    /// The time of all who claimed a delivery and did not end is over, as if one waited for it: the next delivery does the work.
    pub fn end_claims(&self) {
        use crate::attribute::Attribute;
        use crate::idempotency::{LEASE, TABLE};
        self.tables.change(TABLE, |item| {
            item.insert(LEASE.to_owned(), Attribute::N("0".to_owned()));
        });
    }
}
