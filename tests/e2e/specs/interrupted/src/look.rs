//! How executions are, for who may start none.

use evc_runtime::execution::Execution;
use interrupted_contract::{Doubled, Look, LookError, LookInput, LookInputEngine, LookOutput, LookOutputHow};

/// Tells how an execution of either engine is.
pub async fn look(cx: &Look, input: LookInput) -> Result<LookOutput, LookError> {
    let execution: Option<Execution<Doubled>> = match input.engine {
        LookInputEngine::StepFunctions => cx.workflows().double().get(&input.name).await?,
        LookInputEngine::Redis => cx.workflows().double_on_redis().get(&input.name).await?,
    };
    let how = match execution {
        None => LookOutputHow::None,
        Some(Execution::Running) => LookOutputHow::Running,
        Some(Execution::Succeeded(_)) => LookOutputHow::Succeeded,
        Some(Execution::Failed { .. }) => LookOutputHow::Failed,
        Some(Execution::TimedOut | Execution::Aborted) => LookOutputHow::Other,
    };
    Ok(LookOutput { how })
}
