//! Takes a message: puts it on the bus, and says under which id.

use choreography_contract::{Message, MessageReceived, NewMessage, Receive, ReceiveError, ReceiveOutput};

/// A caller who sends an `Idempotency-Key` may send the message again: it keeps its id, and is carried once.
pub async fn receive(cx: &Receive, input: NewMessage) -> Result<ReceiveOutput, ReceiveError> {
    let message_id = cx.stable_id(&["message"]);
    cx.publish(&MessageReceived(Message { message_id, message: input.message })).await?;
    Ok(ReceiveOutput { message_id })
}

#[cfg(test)]
mod tests {
    use evc_runtime::Function;
    use evc_runtime::testing::World;

    use super::*;

    #[tokio::test]
    async fn a_message_that_is_sent_again_is_the_same_one() {
        let world = World::new().env("SOURCE_BUS", "source");
        let send = async |key: &str| {
            let cx = Receive::new(world.delivery("receive", key));
            receive(&cx, NewMessage { message: "Hello World".into() }).await.expect("an id").message_id
        };
        let first = send("k").await;
        assert_eq!(send("k").await, first);
        assert_ne!(send("l").await, first);
        assert_eq!(world.published()[0].detail["message"], "Hello World");
    }
}
