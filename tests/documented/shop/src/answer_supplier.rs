//! Takes a supplier's offer.

use evc_runtime::{Kind, tracing};
use shop_contract::{AnswerSupplier, AnswerSupplierError, AnswerSupplierInput};

/// Lets the step that waits go on with the offer, or fail without one.
pub async fn answer_supplier(cx: &AnswerSupplier, input: AnswerSupplierInput) -> Result<(), AnswerSupplierError> {
    tracing::info!(from = ?cx.source_ip(), api_request = cx.api_request_id(), invocation = cx.request_id(), "answered");
    let answered = match &input.offer {
        Some(offer) => cx.signal(&input.token, offer).await,
        None => cx.signal_error(&input.token, "Refused", "the supplier has none").await,
    };
    match answered {
        Err(error) if error.kind() == Kind::Conflict => {
            Err(AnswerSupplierError::TooLate("nobody waits for this offer any more".to_owned()))
        }
        other => Ok(other?),
    }
}

#[cfg(test)]
mod tests {
    use evc_runtime::testing::World;
    use evc_runtime::{Function, FunctionError, Money, Uuid, serde_json::json};
    use shop_contract::{AskSupplier, AskSupplierInput, Mails, Offer};

    use super::*;
    use crate::ask_supplier::ask_supplier;

    async fn answer(world: &World, offer: Option<Offer>) -> Result<(), AnswerSupplierError> {
        let cx = AnswerSupplier::new(world.context("answer-supplier"));
        answer_supplier(&cx, AnswerSupplierInput { token: "t".into(), offer }).await
    }

    async fn waiting() -> World {
        let world = World::new().queue::<Mails>();
        let cx = AskSupplier::new(world.step("ask-supplier", "offer").token("t").context());
        ask_supplier(&cx, AskSupplierInput { order_id: Uuid::nil() }).await.unwrap();
        world
    }

    #[tokio::test]
    async fn an_offer_answers_the_step_once() {
        let world = waiting().await;
        let offer = Offer { price: Money::cents(4200).unwrap(), days: 3 };
        answer(&world, Some(offer.clone())).await.unwrap();
        assert_eq!(world.signals()[0].answer, Ok(json!({ "price": 42, "days": 3 })));
        assert_eq!(answer(&world, Some(offer)).await.unwrap_err().name(), "TooLate");
    }

    #[tokio::test]
    async fn no_offer_lets_the_step_fail() {
        let world = waiting().await;
        answer(&world, None).await.unwrap();
        let refused = ("Refused".to_owned(), "the supplier has none".to_owned());
        assert_eq!(world.signals()[0].answer, Err(refused));
        assert!(AskSupplier::new(world.context("ask-supplier")).task_token().is_none());
    }
}
