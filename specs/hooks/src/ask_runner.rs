//! Keeps who waits for the runner, which looks for work in the table.

use evc_runtime::{Error, Kind};
use hooks_contract::{AskRunner, AskRunnerError, Job, Push};

/// A build is of the team that has the repository: `shop` of `shop/cart`.
pub async fn ask_runner(cx: &AskRunner, input: Push) -> Result<(), AskRunnerError> {
    let token = cx.task_token().ok_or_else(|| Error::new(Kind::InvalidInput, "nobody waits for the runner"))?;
    let team = input.repository.split('/').next().unwrap_or_default().to_owned();
    cx.jobs().put(&Job { build_id: input.build_id, token: token.to_owned(), team }).send().await
}

#[cfg(test)]
mod tests {
    use evc_runtime::{Function, Uuid};
    use hooks_contract::Jobs;

    use super::*;
    use crate::testing::world;

    #[tokio::test]
    async fn a_job_is_the_teams_that_has_the_repository() {
        let world = world();
        let push = Push { build_id: Uuid::from_u128(7), repository: "shop/cart".into(), commit: "1234567".into() };
        let waiting = AskRunner::new(world.step("ask-runner", "run").token("t").context());
        ask_runner(&waiting, push.clone()).await.unwrap();
        assert_eq!(
            world.items::<Jobs>().unwrap(),
            [Job { build_id: push.build_id, token: "t".into(), team: "shop".into() }]
        );
        let nobody = AskRunner::new(world.context("ask-runner"));
        assert_eq!(ask_runner(&nobody, push).await.unwrap_err().kind(), Kind::InvalidInput);
    }
}
