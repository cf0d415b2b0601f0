//! Starts a build of what was pushed to a branch.

use hooks_contract::{Push, TakePush, TakePushError, TakePushInput, TakePushResponse, TakePushStartedBody};

/// What GitHub calls a push, and how the names of branches begin.
const PUSH: &str = "push";
const BRANCH: &str = "refs/heads/";
/// The commit of a branch that was deleted.
const NONE: &str = "0000000000000000000000000000000000000000";

/// The request is GitHub's: the runtime has verified that. The header with the name of the event is not signed, so that the body has to look like a push, too.
pub async fn take_push(cx: &TakePush, input: TakePushInput) -> Result<TakePushResponse, TakePushError> {
    let is_branch = input.ref_.is_some_and(|name| name.starts_with(BRANCH));
    let Some(commit) = input.after.filter(|commit| input.event == PUSH && is_branch && commit != NONE) else {
        return Ok(TakePushResponse::Ignored);
    };
    let build_id = cx.stable_id(&["build"]);
    let push = Push { build_id, repository: input.repository.full_name, commit };
    cx.workflows().build().start(&build_id.to_string(), &push).await?;
    Ok(TakePushResponse::Started { location: format!("/builds/{build_id}"), body: TakePushStartedBody { build_id } })
}

#[cfg(test)]
mod tests {
    use evc_runtime::Timestamp;
    use evc_runtime::testing::HttpRequest;

    use super::*;
    use crate::testing::{World, push, world};

    async fn tell(world: &World, request: HttpRequest) -> evc_runtime::testing::HttpResponse {
        world.http_once::<TakePush, _>(request, take_push).await
    }

    fn request(body: String) -> HttpRequest {
        HttpRequest::to("POST /github").header("X-GitHub-Event", "push").body(body)
    }

    #[tokio::test]
    async fn a_push_is_one_build_however_often_it_is_told() {
        let world = world();
        let first = tell(&world, request(push("shop/cart", "main", "1234567")).signed::<TakePush>("key", "")).await;
        assert_eq!(first.status, 202, "{first:?}");
        assert!(first.header("Location").unwrap().starts_with("/builds/"));
        let again = request(push("shop/cart", "main", "1234567")).header("X-GitHub-Delivery", "another");
        assert_eq!(tell(&world, again.signed::<TakePush>("next", "")).await, first);
        let other = tell(&world, request(push("shop/cart", "main", "7654321")).signed::<TakePush>("key", "")).await;
        assert_ne!(other.header("Location"), first.header("Location"));
        let started = world.executions();
        assert_eq!(started.len(), 2, "{started:?}");
    }

    #[tokio::test]
    async fn what_is_no_push_to_a_branch_builds_nothing() {
        let world = world();
        for (event, body) in [
            ("ping", push("shop/cart", "main", "1234567")),
            ("push", push("shop/cart", "main", NONE)),
            ("push", push("shop/cart", "main", "1234567").replace("refs/heads", "refs/tags")),
            ("issues", r#"{"repository":{"full_name":"shop/cart"}}"#.to_owned()),
        ] {
            let request = HttpRequest::to("POST /github").header("X-GitHub-Event", event).body(body);
            assert_eq!(tell(&world, request.signed::<TakePush>("key", "")).await.status, 204, "{event}");
        }
        assert!(world.executions().is_empty());
    }

    #[tokio::test]
    async fn nobody_else_starts_a_build() {
        let world = world();
        let body = || push("shop/cart", "main", "1234567");
        let signed = request(body()).signed::<TakePush>("key", "");
        for forged in [
            request(body()),
            request(body()).signed::<TakePush>("other", ""),
            // The signature of one body with another.
            signed.clone().body(push("shop/cart", "main", "7654321")),
            signed.body(format!("{} ", body())),
            request(body()).signed_at::<TakePush>("", "", Timestamp::now()),
        ] {
            assert_eq!(tell(&world, forged).await.status, 403);
        }
        assert!(world.executions().is_empty());
    }
}
