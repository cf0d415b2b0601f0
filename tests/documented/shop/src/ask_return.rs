//! Takes the wish to return an order.

use evc_runtime::Timestamp;
use shop_contract::{
    AskReturn, AskReturnError, AskReturnInput, AskReturnOutput, OrdersKey, Return, ReturnAsked, ReturnStatus,
};

/// Stores the return if there is such an order, and tells of it.
pub async fn ask_return(cx: &AskReturn, input: AskReturnInput) -> Result<AskReturnOutput, AskReturnError> {
    let AskReturnInput { order_id, reasons } = input;
    let return_id = cx.stable_id(&["return"]);
    let asked = Return {
        return_id,
        order_id,
        status: ReturnStatus::Asked,
        reasons,
        note: None,
        letters: 0,
        created_at: cx.event().map_or_else(Timestamp::now, |event| event.time),
        version: 1,
    };
    let output = AskReturnOutput { return_id };
    let there = cx.orders().check(&OrdersKey { order_id });
    let transaction = cx.transact().check(there).put(cx.returns().put(&asked));
    let committed = transaction.publish(&ReturnAsked { return_id, order_id }).answer(&output).commit().await;
    match committed {
        Ok(_) => Ok(output),
        Err(error) if error.is_conflict() => {
            Err(AskReturnError::OrderNotFound(format!("there is no order {order_id}")))
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use evc_runtime::testing::World;
    use evc_runtime::{Function, FunctionError, Money, Uuid};
    use shop_contract::{Order, Orders, ReturnEvents, Returns};

    use super::*;

    #[tokio::test]
    async fn only_an_order_that_there_is_is_returned() {
        let world = World::new().table::<Orders>().table::<Returns>().outbox::<ReturnEvents>();
        let cx = || AskReturn::new(world.request("ask-return", "key"));
        let input = || AskReturnInput { order_id: Uuid::nil(), reasons: vec!["too small".into()] };
        assert_eq!(ask_return(&cx(), input()).await.unwrap_err().name(), "OrderNotFound");
        let order = Order { order_id: Uuid::nil(), customer: "kim".into(), total: Money::ZERO };
        world.put::<Orders>(&order).unwrap();
        ask_return(&cx(), input()).await.unwrap();
        assert_eq!(world.items::<Returns>().unwrap().len(), 1);
        assert_eq!(world.events::<ReturnEvents>()[0].detail_type, "Return Asked");
    }
}
