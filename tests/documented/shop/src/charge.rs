//! Takes the money for an order.

use evc_runtime::{Money, tracing};
use shop_contract::{Charge, ChargeError, ChargeInput, ChargeOutput};

/// Stands for a call of a payment provider, which declines more than 1,000.
pub async fn charge(cx: &Charge, input: ChargeInput) -> Result<ChargeOutput, ChargeError> {
    if input.total > Money::cents(100_000).map_err(evc_runtime::Error::from)? {
        return Err(ChargeError::PaymentDeclined("that is more than the card allows".to_owned()));
    }
    let payment_id = cx.stable_id(&["payment"]).to_string();
    tracing::info!(order_id = %input.order_id, payment_id, "charged");
    Ok(ChargeOutput { payment_id })
}

#[cfg(test)]
mod tests {
    use evc_runtime::Uuid;
    use evc_runtime::testing::World;

    use super::*;

    async fn pay(world: &World, attempt: u32, cents: i64) -> Result<ChargeOutput, evc_runtime::testing::Failed> {
        let input = ChargeInput { order_id: Uuid::nil(), total: Money::cents(cents).unwrap() };
        let cx = world.step("charge", "payment").attempt(attempt).context();
        world.deliver_once::<Charge, _>(cx, &input, charge).await
    }

    #[tokio::test]
    async fn each_attempt_of_the_step_gets_the_same_payment() {
        let world = World::new().idempotency();
        assert_eq!(pay(&world, 0, 4200).await.unwrap(), pay(&world, 1, 4200).await.unwrap());
    }

    #[tokio::test]
    async fn what_is_too_much_is_a_business_error() {
        let declined = pay(&World::new().idempotency(), 0, 100_001).await.unwrap_err();
        assert_eq!((declined.name.as_str(), declined.status), ("PaymentDeclined", 422));
    }
}
