//! The machine that starts a workflow for an event: an express one, so that the event's id can name the execution.
//!
//! EventBridge delivers at least once, and as the target of a rule a workflow would run once for each delivery. Step Functions
//! remembers the name of an execution for 90 days, so a second one of the same name is refused, and that is a success here.
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>
//!
//! The rule has done its part once this machine runs, so that what it cannot start goes to a dead-letter queue of its own, with
//! the whole event.

use evc_interface::error::states;
use indexmap::IndexMap;
use serde_json::json;

use super::asl::{
    Catcher, Done, End, Errors, Fail, Retrier, State, StateMachine, StateType, States, Succeed, Task, Then, expression,
};
use super::finished;
use crate::model::Workflow;
use crate::plan::Machine;
use crate::plan::ids;
use crate::plan::starter::TIMEOUT_SECONDS;
use crate::plan::value::Value;

/// What the optimized integration says when the name is taken.
const EXISTS: &str = "StepFunctions.ExecutionAlreadyExistsException";

/// What stands in the definition for the URL of the dead-letter queue.
const DEAD_LETTERS: &str = "DeadLetterQueueUrl";

/// How long one call may take.
const CALL_SECONDS: u64 = 10;

/// The id of the event: the one its publisher gave it, which an event that is sent again keeps, or else EventBridge's. What cannot
/// be an execution's name is hashed: a name has at most 80 characters, and not all of them.
const NAME: &str = "(\
    $given := $states.input.detail.metadata.eventId; \
    $id := $type($given) = 'string' ? $given : $states.input.id; \
    $contains($id, /^[A-Za-z0-9_-]{1,80}$/) ? $id : $hash($id, 'SHA-256')\
    )";

/// The machine that starts `workflow`.
pub(super) fn machine(workflow: &Workflow) -> Machine {
    let name = &workflow.head.name;
    let id = ids::workflow(workflow);
    let substitution = format!("{id}Arn");
    let retrier = |errors: &str, max_attempts| Retrier {
        error_equals: vec![errors.to_owned()],
        interval_seconds: 1,
        max_attempts,
        backoff_rate: 2.0,
        max_delay_seconds: Some(20),
        jitter_strategy: "FULL",
    };
    let start = Task {
        resource: "arn:aws:states:::states:startExecution",
        arguments: json!({
            "StateMachineArn": format!("${{{substitution}}}"),
            "Name": expression(NAME),
            "Input": expression("$states.input.detail"),
        }),
        timeout_seconds: Some(CALL_SECONDS),
        done: Done::default(),
        errors: Errors {
            // The first retrier that matches counts: a name that is taken stays taken.
            retry: vec![retrier(EXISTS, 0), retrier(states::ALL, 5)],
            catch: vec![
                Catcher {
                    error_equals: vec![EXISTS.to_owned()],
                    assign: IndexMap::new(),
                    next: "AlreadyStarted".to_owned(),
                },
                Catcher {
                    error_equals: vec![states::ALL.to_owned()],
                    assign: IndexMap::from([("error".to_owned(), expression("$states.errorOutput"))]),
                    next: "Keep".to_owned(),
                },
            ],
        },
        then: Then::End(End),
    };
    let done = Succeed { output: json!({}) };
    let keep = Task {
        resource: "arn:aws:states:::sqs:sendMessage",
        arguments: json!({
            "QueueUrl": format!("${{{DEAD_LETTERS}}}"),
            "MessageBody": expression("$states.context.Execution.Input"),
            "MessageAttributes": {
                "ERROR_CODE": { "DataType": "String", "StringValue": expression("$error.Error") },
            },
        }),
        timeout_seconds: Some(CALL_SECONDS),
        done: Done::default(),
        errors: Errors { retry: vec![retrier(states::ALL, 5)], catch: Vec::new() },
        then: Then::Next("NotStarted".to_owned()),
    };
    let not_started =
        Fail { error: "NotStarted".to_owned(), cause: Some(json!("the event is in the dead-letter queue")) };
    let definition = StateMachine {
        comment: Some(format!("Starts {name} once for each event, however often the event is delivered.")),
        query_language: "JSONata",
        timeout_seconds: TIMEOUT_SECONDS,
        states: States {
            start_at: "Start".to_owned(),
            states: IndexMap::from([
                ("Start".to_owned(), State::new(StateType::Task(start))),
                ("AlreadyStarted".to_owned(), State::new(StateType::Succeed(done))),
                ("Keep".to_owned(), State::new(StateType::Task(keep))),
                ("NotStarted".to_owned(), State::new(StateType::Fail(not_started))),
            ]),
        },
    };
    let dead = Value::Ref(ids::starter_dead_letters(workflow));
    let substitutions = IndexMap::from([(substitution, Value::arn(&id)), (DEAD_LETTERS.to_owned(), dead)]);
    finished(format!("{name}-starter"), ids::starter(workflow), &definition, substitutions)
}
