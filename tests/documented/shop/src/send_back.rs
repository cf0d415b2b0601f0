//! Notes that a return is on its way.

use shop_contract::{ReturnStatus, Returns, ReturnsKey, SendBack, SendBackError, SendBackInput};

/// Changes some attributes of the return, if it is one that was asked for.
pub async fn send_back(cx: &SendBack, input: SendBackInput) -> Result<(), SendBackError> {
    let key = ReturnsKey { return_id: input.return_id };
    let sent = cx
        .returns()
        .update(&key)
        .set(Returns::STATUS, ReturnStatus::Sent)
        .add(Returns::LETTERS, 1)
        .when(Returns::STATUS.eq(ReturnStatus::Asked).and(Returns::LETTERS.lt(10)));
    let sent = match input.note {
        Some(note) => sent.set(Returns::NOTE, note),
        None => sent.remove(Returns::NOTE),
    };
    match sent.send().await {
        Err(error) if error.is_conflict() => {
            Err(SendBackError::NotAsked(format!("nobody asked to return {}", input.return_id)))
        }
        other => Ok(other?),
    }
}

#[cfg(test)]
mod tests {
    use evc_runtime::testing::World;
    use evc_runtime::{Function, FunctionError, Uuid};

    use super::*;
    use crate::close_return::tests::asked;

    #[tokio::test]
    async fn a_return_is_sent_once() {
        let world = World::new().table::<Returns>();
        world.put::<Returns>(&asked()).unwrap();
        let send = async || {
            let input = SendBackInput { return_id: Uuid::nil(), note: Some("by post".into()) };
            send_back(&SendBack::new(world.context("send-back")), input).await
        };
        send().await.unwrap();
        assert_eq!(send().await.unwrap_err().name(), "NotAsked");
        let [sent] = <[_; 1]>::try_from(world.items::<Returns>().unwrap()).unwrap();
        assert_eq!((sent.status, sent.letters, sent.note.as_deref()), (ReturnStatus::Sent, 1, Some("by post")));
    }
}
