//! Executions of one workflow on either engine.

use evc_runtime::execution::Execution;
use interrupted_contract::{
    Begin, BeginError, BeginInput, BeginInputEngine, BeginOutput, BeginOutputHow, Doubled, Number,
};

/// Starts an execution if there is a number, and tells how it is.
pub async fn begin(cx: &Begin, input: BeginInput) -> Result<BeginOutput, BeginError> {
    let number = input.number.map(|number| Number { number });
    let execution = match input.engine {
        BeginInputEngine::StepFunctions => {
            let executions = cx.workflows().double();
            if let Some(number) = &number {
                executions.start(&input.name, number).await?;
            }
            executions.get(&input.name).await?
        }
        BeginInputEngine::Redis => {
            let executions = cx.workflows().double_on_redis();
            if let Some(number) = &number {
                executions.start(&input.name, number).await?;
            }
            executions.get(&input.name).await?
        }
    };
    let (how, doubled, error) = match execution {
        None => (BeginOutputHow::None, None, None),
        Some(Execution::Running) => (BeginOutputHow::Running, None, None),
        Some(Execution::Succeeded(Doubled { doubled })) => (BeginOutputHow::Succeeded, Some(doubled), None),
        Some(Execution::Failed { error, .. }) => (BeginOutputHow::Failed, None, Some(error)),
        Some(_) => (BeginOutputHow::Other, None, None),
    };
    Ok(BeginOutput { how, doubled, error })
}
