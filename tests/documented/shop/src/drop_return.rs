//! Forgets a return that was not sent.

use shop_contract::{DropReturn, DropReturnError, DropReturnInput, ReturnStatus, Returns, ReturnsKey};

/// Removes it; one that is not there, or under way, stays as it is.
pub async fn drop_return(cx: &DropReturn, input: DropReturnInput) -> Result<(), DropReturnError> {
    let key = ReturnsKey { return_id: input.return_id };
    let idle = Returns::STATUS.ne(ReturnStatus::Sent).or(Returns::NOTE.not_exists());
    cx.returns().delete(&key).when(idle).send().await
}

#[cfg(test)]
mod tests {
    use evc_runtime::testing::World;
    use evc_runtime::{Function, Uuid};
    use shop_contract::Return;

    use super::*;
    use crate::close_return::tests::asked;

    #[tokio::test]
    async fn what_is_under_way_stays() {
        let world = World::new().table::<Returns>();
        let drop = async || {
            drop_return(&DropReturn::new(world.context("drop-return")), DropReturnInput { return_id: Uuid::nil() })
                .await
        };
        world.put::<Returns>(&Return { status: ReturnStatus::Sent, note: Some("by post".into()), ..asked() }).unwrap();
        assert!(drop().await.unwrap_err().is_conflict());
        world.put::<Returns>(&asked()).unwrap();
        drop().await.unwrap();
        assert!(world.items::<Returns>().unwrap().is_empty());
    }
}
