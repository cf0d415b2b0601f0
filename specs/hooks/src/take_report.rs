//! Hands on what the runner says of a build.

use evc_runtime::Kind;
use hooks_contract::{JobsKey, TakeReport, TakeReportError, TakeReportInput};

/// A report that comes again finds nobody waiting: what it said is known.
pub async fn take_report(cx: &TakeReport, input: TakeReportInput) -> Result<(), TakeReportError> {
    let Some(job) = cx.jobs().get(&JobsKey { build_id: input.build_id }).send().await? else {
        return Err(TakeReportError::UnknownBuild(format!("there is no build {}", input.build_id)));
    };
    match cx.signal(&job.token, &input.report).await {
        Err(error) if error.kind() == Kind::Conflict => {
            Err(TakeReportError::NotAwaited("nobody waits for this build any more".to_owned()))
        }
        other => Ok(other?),
    }
}

#[cfg(test)]
mod tests {
    use evc_runtime::serde_json::json;
    use evc_runtime::testing::{HttpRequest, HttpResponse};
    use evc_runtime::{Function, Timestamp, Uuid};
    use hooks_contract::{AskRunner, Push};

    use super::*;
    use crate::ask_runner::ask_runner;
    use crate::testing::{RUNNER, World, world};

    async fn waiting(world: &World) {
        let push = Push { build_id: Uuid::from_u128(7), repository: "shop/cart".into(), commit: "1234567".into() };
        let cx = AskRunner::new(world.step("ask-runner", "run").token("t").context());
        ask_runner(&cx, push).await.unwrap();
    }

    fn report(build: u128) -> HttpRequest {
        let id = Uuid::from_u128(build).to_string();
        let body = json!({ "result": "PASSED", "artifact": "s3://builds/7" }).to_string();
        HttpRequest::to("POST /runner/{buildId}").path("buildId", &id).body(body)
    }

    async fn tell(world: &World, request: HttpRequest) -> HttpResponse {
        world.http::<TakeReport, _>(request, take_report).await
    }

    #[tokio::test]
    async fn the_runner_answers_who_waits_once() {
        let world = world();
        waiting(&world).await;
        let signed = report(7).signed::<TakeReport>(RUNNER, "msg_1");
        assert_eq!(tell(&world, signed.clone()).await.status, 200);
        let [signal] = <[_; 1]>::try_from(world.signals()).unwrap();
        assert_eq!(signal.answer, Ok(json!({ "result": "PASSED", "artifact": "s3://builds/7" })));
        assert_eq!(tell(&world, signed).await.status, 409);
        assert_eq!(tell(&world, report(8).signed::<TakeReport>(RUNNER, "msg_2")).await.status, 404);
    }

    #[tokio::test]
    async fn nobody_else_does() {
        let world = world();
        waiting(&world).await;
        let ago = Timestamp::from_millis(Timestamp::now().millis() - 301_000).unwrap();
        for forged in [
            report(7),
            report(7).signed::<TakeReport>("whsec_b3RoZXI=", "msg_1"),
            report(7).signed_at::<TakeReport>(RUNNER, "msg_1", ago),
            report(7).signed::<TakeReport>(RUNNER, "msg_1").header("webhook-id", "msg_2"),
            report(7).signed::<TakeReport>(RUNNER, "msg_1").header("webhook-timestamp", "1"),
            report(7).signed::<TakeReport>(RUNNER, "msg_1").body(r#"{"result":"FAILED"}"#),
        ] {
            assert_eq!(tell(&world, forged).await.status, 403);
        }
        assert!(world.signals().is_empty());
    }
}
