//! Numbers messages: the counter that Redis is for.

use choreography_contract::{Increment, IncrementError, IncrementInput, IncrementOutput};
use evc_runtime::tracing;

/// The name of the counter.
const MESSAGES: &str = "messages";

/// Counts this message once, however often the step runs: a plain `INCR` would count each attempt.
pub async fn increment(cx: &Increment, input: IncrementInput) -> Result<IncrementOutput, IncrementError> {
    let count = cx.cache().count_once(MESSAGES, 1).await?;
    tracing::info!(message_id = %input.message_id, count, "counted");
    Ok(IncrementOutput { count })
}

#[cfg(test)]
mod tests {
    use evc_runtime::testing::World;
    use evc_runtime::{Function, Uuid};

    use super::*;

    #[tokio::test]
    async fn a_message_keeps_its_number() {
        let world = World::new();
        let number = async |delivery: &str| {
            let cx = Increment::new(world.delivery("increment", delivery));
            increment(&cx, IncrementInput { message_id: Uuid::nil() }).await.expect("a number").count
        };
        assert_eq!(number("first").await, 1);
        assert_eq!(number("second").await, 2);
        assert_eq!(number("first").await, 1, "tried again");
        assert_eq!(world.counter(MESSAGES), 2);
    }

    #[tokio::test]
    async fn all_attempts_of_the_step_are_one_count() {
        let world = World::new();
        let number = async |execution: &str, attempt| {
            let step = world.step("increment", "number").execution(execution).attempt(attempt);
            let message = IncrementInput { message_id: Uuid::nil() };
            world.deliver::<Increment, _>(step.context(), &message, increment).await.expect("a number").count
        };
        assert_eq!((number("a", 0).await, number("b", 0).await), (1, 2));
        assert_eq!((number("b", 1).await, number("a", 1).await), (2, 1));
    }
}
