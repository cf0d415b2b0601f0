//! Concurrency of queues: Lambda takes no more messages than the function may work on.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html#events-sqs-max-concurrency>

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Function, Id, MAPPING_CONCURRENCY, Model, Queue, WORK_RECEIVES};
use crate::source::{Span, Spanned};

/// How often AWS recommends that a message may be received, so that one whose batches were throttled is not given up.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>
const ENOUGH_RECEIVES: u64 = 5;

/// How often a message may be received that is meant to outlast a busy function: twice as often as AWS recommends of all.
const PATIENT_RECEIVES: u64 = 2 * ENOUGH_RECEIVES;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for (id, function) in model.functions.iter() {
        // What is deployed counts, whether a queue says it or not; the first environment in which it is too much is told.
        let too_many = |(most, at): (&Option<u64>, Option<Span>)| {
            let most = Spanned::new((*most)?, at.unwrap_or(function.concurrency_span));
            let total = model.batches_at_once(id, most.value).filter(|total| *total > most.value)?;
            Some((most, total))
        };
        let Some((most, total)) = function.concurrency.said().find_map(too_many) else { continue };
        let most = &most;
        let lower = |queue: &'_ Queue| {
            queue.concurrency.as_ref().filter(|own| own.value > *MAPPING_CONCURRENCY.start()).copied()
        };
        let said = model.queues_to(id).filter_map(|queue| Some((queue, lower(queue)?)));
        // The greatest is the one to be made smaller.
        match said.max_by_key(|(_, own)| own.value) {
            Some((queue, own)) => diagnostics.push(more_than_runs(function, most, queue, &own, total)),
            None => no_less(model, id, most, total, diagnostics),
        }
    }
}

/// Lambda takes more than a function works on, and can take no less.
fn no_less(model: &Model, id: Id<Function>, most: &Spanned<u64>, total: u64, diagnostics: &mut Vec<Diagnostic>) {
    let function = &model.functions[id];
    let before = diagnostics.len();
    diagnostics.extend(model.queues_to(id).filter_map(|queue| given_up(function, most, queue)));
    let work = model.works_on_redis(id).then_some(WORK_RECEIVES);
    let receives = || model.queues_to(id).map(|queue| queue.receives).chain(work);
    let is_advice = receives().all(|most| most >= ENOUGH_RECEIVES) && receives().any(|most| most < PATIENT_RECEIVES);
    if diagnostics.len() == before && is_advice {
        let diagnostic = less_than_queues_take(function, most, total);
        diagnostics.push(match (work, model.queues_to(id).next()) {
            (None, _) => diagnostic.help(format!(
                "give the function `concurrency: {total}`, or its queues `receives: {PATIENT_RECEIVES}`, so that a message outlasts a function that is busy"
            )),
            (Some(_), None) => diagnostic
                .note("the queue is that of its work in workflows on Redis: work that ends in its dead-letter queue is sent again by the sweep, late and with an alarm")
                .help(format!("give the function `concurrency: {total}`")),
            (Some(_), Some(_)) => diagnostic
                .note("one of the queues is that of its work in workflows on Redis")
                .help(format!("give the function `concurrency: {total}`")),
        });
    }
}

/// More batches of the queues of a function run at once than the function does, and one of the queues could take less.
fn more_than_runs(
    function: &Function,
    most: &Spanned<u64>,
    queue: &Queue,
    own: &Spanned<u64>,
    total: u64,
) -> Diagnostic {
    let name = &function.head.name;
    let found = if total == own.value {
        format!("Lambda takes {total} batches at once from queue `{}`", queue.head.name)
    } else {
        format!("Lambda takes {total} batches at once from the queues of function `{name}`")
    };
    let others = total - own.value;
    let mut diagnostic = Diagnostic::new(
        Code::EVC0641,
        own.span,
        format!("{found}, and `{name}` works on {} at once", most.value),
    )
    .on(format!("queues.{}", queue.head.name))
    .secondary(most.span, "as many run at once")
    .note("what is taken and then throttled counts as received, and ends as a dead letter that nobody has looked at");
    diagnostic.help.push(if others == 0 && most.value >= 2 {
        "leave `concurrency` of the queue out: it is that of the function then".to_owned()
    } else {
        format!("give the function `concurrency: {total}`, or the queues less")
    });
    diagnostic
}

/// A queue of which Lambda takes more than its function works on, since it takes two batches at least, and that gives up messages that
/// were throttled.
fn given_up(function: &Function, most: &Spanned<u64>, queue: &Queue) -> Option<Diagnostic> {
    // A message of idempotent work that is received once is reported as that.
    if queue.receives >= ENOUGH_RECEIVES || (queue.receives == 1 && function.idempotent.is_some()) {
        return None;
    }
    let (name, span) = (&function.head.name, queue.receives_span?);
    let message = format!(
        "messages of queue `{}` may be given up because `{name}` is busy: Lambda takes more batches at once than the {} that it works on",
        queue.head.name, most.value
    );
    Some(
        Diagnostic::new(Code::EVC0641, span, message)
            .on(format!("queues.{}", queue.head.name))
            .secondary(most.span, "as many run at once")
            .note("Lambda takes two batches at once of each queue at least, and a batch that is throttled counts as received")
            .help(format!(
                "leave `receives` out, which gives it {ENOUGH_RECEIVES}, or give the function a `concurrency` of two for each queue"
            )),
    )
}

/// A function that works on fewer batches than Lambda has to take from its queues, whose messages are received as often as AWS recommends.
fn less_than_queues_take(function: &Function, most: &Spanned<u64>, total: u64) -> Diagnostic {
    let name = &function.head.name;
    let message =
        format!("`{name}` works on {} at once, and Lambda takes {total} batches at once from its queues", most.value);
    Diagnostic::new(Code::EVC0567, most.span, message).on(format!("functions.{name}")).note(
        "Lambda takes two batches at once of each queue at least, and a batch that is throttled counts as received",
    )
}
