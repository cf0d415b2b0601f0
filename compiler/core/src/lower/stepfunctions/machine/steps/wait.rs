//! `wait`: a `Wait` for time, or a `Task` that goes on when it is answered for.

use evc_interface::call;
use serde_json::{Value as Json, json};

use crate::lower::stepfunctions::machine::asl::{self, Done, StateType, Task, Until, expression};
use crate::lower::stepfunctions::machine::body::Scoped;
use crate::lower::stepfunctions::machine::errors;
use crate::lower::stepfunctions::machine::task::{self, Work};
use crate::model::workflow::steps::{Call, Wait};
use crate::model::{Engine, Next, Step, StepId};

pub(super) fn lower(wait: &Wait, id: StepId, step: &Step, scoped: &mut Scoped<'_, '_>) {
    let kind = match wait {
        Wait::Signal { call, .. } => StateType::Task(ask(call, id, step, scoped)),
        Wait::For(duration) => for_time(Until::Seconds(duration.seconds), step, scoped),
        Wait::Until(until) => {
            let until = until.as_ref().map_or(Json::Null, |until| scoped.expression(step, until));
            for_time(Until::Timestamp(until), step, scoped)
        }
    };
    scoped.add_step(step, kind);
}

fn for_time(until: Until, step: &Step, scoped: &Scoped<'_, '_>) -> StateType {
    // There is no result; if the step is the last of its scope, it gives an empty one.
    let done = Done { assign: scoped.assigned(step, None), output: (step.next == Next::End).then(|| json!({})) };
    StateType::Wait(asl::Wait { until, done, then: scoped.then(step.next) })
}

/// Calls a function that somebody outside is to answer for: with the token under which to do so.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token>
fn ask(call: &Call, id: StepId, step: &Step, scoped: &mut Scoped<'_, '_>) -> Task {
    let work = Work { name: &step.name, repeats: scoped.repeats(id), also: None };
    let errors = errors::of_step(step, scoped);
    let input = task::input(call.with.as_ref(), &scoped.frame.place(&step.scope), scoped);
    let mut arguments = task::call(call, input, work, scoped);
    arguments["Payload"][call::ENVELOPE][call::TOKEN] = expression(TOKEN);
    let answer = expression(ANSWER);
    Task {
        resource: "arn:aws:states:::lambda:invoke.waitForTaskToken",
        arguments,
        timeout_seconds: answer_seconds(step, scoped),
        done: Done { assign: scoped.bound(step, answer.clone(), ANSWER), output: Some(answer) },
        errors,
        then: scoped.then(step.next),
    }
}

/// How long the answer may take: as long as the execution may, if the spec does not say.
fn answer_seconds(step: &Step, scoped: &Scoped<'_, '_>) -> Option<u64> {
    let builder = &*scoped.builder;
    let whole = (builder.engine == Engine::StepFunctions).then_some(builder.timeout);
    step.timeout.as_ref().map(|timeout| timeout.value).or(whole).map(|timeout| timeout.seconds)
}

/// What it was answered with.
const ANSWER: &str = "$states.result";

/// The token under which the work of a state is answered for.
const TOKEN: &str = "$states.context.Task.Token";
