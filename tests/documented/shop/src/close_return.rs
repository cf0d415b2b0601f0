//! Closes a return whose goods have come.

use shop_contract::{
    CloseReturn, CloseReturnError, CloseReturnInput, CloseReturnOutput, ReturnClosed, ReturnStatus, ReturnsKey,
};

/// Reads, decides and writes; once more if somebody else wrote in between.
pub async fn close_return(cx: &CloseReturn, input: CloseReturnInput) -> Result<CloseReturnOutput, CloseReturnError> {
    let key = ReturnsKey { return_id: input.return_id };
    cx.retry_conflicts(async || {
        let Some((mut found, version)) = cx.returns().get(&key).consistent().send_versioned().await? else {
            return Err(CloseReturnError::ReturnNotFound(format!("there is no return {}", key.return_id)));
        };
        if found.status != ReturnStatus::Sent {
            return Err(CloseReturnError::NotSent(format!("return {} is {}", key.return_id, found.status)));
        }
        found.status = ReturnStatus::Refunded;
        found.version += 1;
        let output = CloseReturnOutput { letters: found.letters };
        let put = cx.returns().put(&found).if_version(version);
        let closed = ReturnClosed { return_id: key.return_id };
        cx.transact().put(put).publish_numbered(&closed, version + 1).answer(&output).commit().await?;
        Ok(output)
    })
    .await
}

#[cfg(test)]
pub(crate) mod tests {
    use evc_runtime::testing::{Fault, World};
    use evc_runtime::{Function, FunctionError, Timestamp, Uuid};
    use shop_contract::{Return, ReturnEvents, Returns};

    use super::*;

    /// A return that was asked for.
    pub(crate) fn asked() -> Return {
        Return {
            return_id: Uuid::nil(),
            order_id: Uuid::nil(),
            status: ReturnStatus::Asked,
            reasons: vec!["too small".into()],
            note: None,
            letters: 0,
            created_at: Timestamp::now(),
            version: 1,
        }
    }

    async fn close(world: &World) -> Result<CloseReturnOutput, CloseReturnError> {
        let cx = CloseReturn::new(world.context("close-return"));
        close_return(&cx, CloseReturnInput { return_id: Uuid::nil() }).await
    }

    #[tokio::test]
    async fn a_return_is_closed_once_it_was_sent() {
        let world = World::new().table::<Returns>().outbox::<ReturnEvents>();
        assert_eq!(close(&world).await.unwrap_err().name(), "ReturnNotFound");
        world.put::<Returns>(&asked()).unwrap();
        assert_eq!(close(&world).await.unwrap_err().name(), "NotSent");
        world.put::<Returns>(&Return { status: ReturnStatus::Sent, ..asked() }).unwrap();
        // Another transaction has the item in hand.
        (0..5).for_each(|_| world.fail_next(Fault::Contention));
        close(&world).await.unwrap();
        assert_eq!(world.events::<ReturnEvents>()[0].detail["metadata"]["sequence"], 2);
    }
}
