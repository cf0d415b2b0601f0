//! What surrounds a function, and pushes as GitHub tells them.

use evc_runtime::serde_json::json;
use hooks_contract::{Github, GithubNext, Jobs, Runner};

pub(crate) use evc_runtime::testing::World;

/// What the runner signs with.
pub(crate) const RUNNER: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A world without builds, in which GitHub goes over from `key` to `next`.
pub(crate) fn world() -> World {
    World::new()
        .idempotency()
        .table::<Jobs>()
        .secret::<Github>("key")
        .secret::<GithubNext>("next")
        .secret::<Runner>(RUNNER)
}

/// The body of a push to a branch.
pub(crate) fn push(repository: &str, branch: &str, commit: &str) -> String {
    let name = format!("refs/heads/{branch}");
    json!({ "ref": name, "after": commit, "repository": { "full_name": repository, "private": true } }).to_string()
}
