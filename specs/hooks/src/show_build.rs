//! Shows a build to its team.

use evc_runtime::SetCookie;
use evc_runtime::execution::Execution;
use hooks_contract::{
    JobsKey, ReportResult, ShowBuild, ShowBuildError, ShowBuildFoundBody, ShowBuildFoundBodyStatus as Status,
    ShowBuildInput, ShowBuildResponse,
};

/// Browsers keep what they have seen for their owner alone, and ask each time whether it is still right.
const KEPT: &str = "private, no-cache";

/// Who is of another team is told what he is told of builds that there are not.
pub async fn show_build(cx: &ShowBuild, input: ShowBuildInput) -> Result<ShowBuildResponse, ShowBuildError> {
    let job = cx.jobs().get(&JobsKey { build_id: input.build_id }).send().await?;
    if job.is_none_or(|job| job.team != cx.caller().team) {
        return Err(ShowBuildError::UnknownBuild(format!("there is no build {}", input.build_id)));
    }
    let (status, artifact) = match cx.workflows().build().get(&input.build_id.to_string()).await? {
        Some(Execution::Succeeded(report)) => (of(report.result), report.artifact),
        None | Some(Execution::Running) => (Status::Running, None),
        Some(Execution::Failed { .. } | Execution::TimedOut | Execution::Aborted) => (Status::Failed, None),
    };
    let e_tag = format!("\"{status}\"");
    if input.known.as_ref() == Some(&e_tag) {
        return Ok(ShowBuildResponse::Unchanged { e_tag });
    }
    let body = ShowBuildFoundBody { build_id: input.build_id, status, artifact };
    let seen = (input.seen != Some(input.build_id)).then(|| SetCookie::to(input.build_id));
    Ok(ShowBuildResponse::Found { e_tag, cache_control: KEPT.to_owned(), seen, body })
}

/// What the runner says, as teams see it.
fn of(result: ReportResult) -> Status {
    match result {
        ReportResult::Passed => Status::Passed,
        ReportResult::Failed => Status::Failed,
    }
}

#[cfg(test)]
mod tests {
    use evc_runtime::Uuid;
    use evc_runtime::serde_json::json;
    use evc_runtime::testing::{HttpRequest, HttpResponse};
    use hooks_contract::{Build, Job, Jobs};

    use super::*;
    use crate::testing::{World, world};

    fn build() -> Uuid {
        Uuid::from_u128(7)
    }

    async fn ask(world: &World, team: &str, change: impl FnOnce(HttpRequest) -> HttpRequest) -> HttpResponse {
        let request = HttpRequest::to("GET /builds/{buildId}").path("buildId", &build().to_string());
        let request = request.claims(json!({ "sub": "kim", "team": team }));
        world.http::<ShowBuild, _>(change(request), show_build).await
    }

    fn running() -> World {
        let world = world();
        world.put::<Jobs>(&Job { build_id: build(), token: "t".into(), team: "shop".into() }).unwrap();
        world
    }

    #[tokio::test]
    async fn a_team_sees_how_its_build_is() {
        let world = running();
        let first = ask(&world, "shop", |request| request).await;
        assert_eq!((first.status, first.header("ETag")), (200, Some("\"RUNNING\"")));
        let [cookie] = first.cookies.as_slice() else { panic!("{first:?}") };
        assert!(cookie.starts_with(&format!("seen={};", build())), "{cookie}");
        let seen = build().to_string();
        let known = |request: HttpRequest| request.header("if-none-match", "\"RUNNING\"").cookie("seen", &seen);
        let again = ask(&world, "shop", known).await;
        assert_eq!((again.status, again.cookies.len(), again.body.as_deref()), (304, 0, None));
        let report = json!({ "result": "PASSED", "artifact": "s3://builds/7" });
        world.end_execution::<Build>(&build().to_string(), Execution::Succeeded(report));
        let passed = ask(&world, "shop", known).await;
        let body: ShowBuildFoundBody = passed.json().unwrap();
        assert_eq!(
            (passed.status, body.status, body.artifact.as_deref()),
            (200, Status::Passed, Some("s3://builds/7"))
        );
        let failed = Execution::Failed { error: "BuildFailed".to_owned(), cause: None };
        for end in [failed, Execution::TimedOut, Execution::Aborted] {
            world.end_execution::<Build>(&build().to_string(), end);
            let body: ShowBuildFoundBody = ask(&world, "shop", known).await.json().unwrap();
            assert_eq!(body.status, Status::Failed);
        }
    }

    #[tokio::test]
    async fn another_team_is_told_what_it_is_told_of_builds_that_there_are_not() {
        let other = ask(&running(), "bank", |request| request).await;
        let none = ask(&world(), "shop", |request| request).await;
        assert_eq!((other.status, &other), (404, &none));
        let nobody = ask(&running(), "", |request| request).await;
        assert_eq!(nobody.status, 403, "a team has a name");
    }
}
