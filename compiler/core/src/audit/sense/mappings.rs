//! Mappings that Lambda refuses, or that fetch more than their function may work on.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html>

use crate::audit::view::{Named, View};
use crate::diagnostics::{Code, Diagnostic};

/// The most messages of a batch: of a FIFO queue, and of a standard one that waits for no more.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>
const MOST_AT_ONCE: f64 = 10.0;

/// What mappings of streams have, and those of queues do not.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html>
const OF_STREAMS: [&str; 7] = [
    "StartingPosition",
    "StartingPositionTimestamp",
    "ParallelizationFactor",
    "BisectBatchOnFunctionError",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "TumblingWindowInSeconds",
];

/// Sources that are read from some point on, which has to be said.
const STREAMS: [&str; 4] =
    ["AWS::Kinesis::Stream", "AWS::Kinesis::StreamConsumer", "AWS::DynamoDB::Table", "AWS::MSK::Cluster"];

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for mapping in view.of_type("AWS::Lambda::EventSourceMapping").filter(|it| !view.is_settled(&[*it])) {
        let of = |property: &str| mapping.resource.property(property).and_then(|value| view.resource_of(value));
        let Some(source) = of("EventSourceArn") else { continue };
        match &*source.resource.type_.text {
            "AWS::SQS::Queue" => {
                of_queue(mapping, source, diagnostics);
                let function = mapping.resource.property("FunctionName").and_then(|it| view.function_of(it));
                if let Some(function) = function {
                    diagnostics.extend(concurrency(mapping, function));
                }
            }
            type_ if STREAMS.contains(&type_) => diagnostics.extend(of_stream(mapping, source)),
            _ => {}
        }
    }
}

fn refused(mapping: Named<'_>, property: &str, message: String) -> Diagnostic {
    Diagnostic::new(Code::EVC1030, mapping.place_of(property), message).note("Lambda refuses the mapping")
}

fn of_queue(mapping: Named<'_>, queue: Named<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for property in OF_STREAMS.into_iter().filter(|property| mapping.resource.property(property).is_some()) {
        let message =
            format!("`{}` has `{property}`, which is for streams, and reads queue `{}`", mapping.id, queue.id);
        diagnostics.push(refused(mapping, property, message));
    }
    let (size, window) =
        (mapping.number("BatchSize", MOST_AT_ONCE), mapping.number("MaximumBatchingWindowInSeconds", 0.0));
    let (Some(fifo), Some(size), Some(window)) = (queue.flag("FifoQueue"), size, window) else { return };
    if fifo && window > 0.0 {
        let message = format!("`{}` waits for messages of queue `{}`, a FIFO queue", mapping.id, queue.id);
        diagnostics.push(refused(mapping, "MaximumBatchingWindowInSeconds", message).help("take it out"));
    }
    if fifo && size > MOST_AT_ONCE {
        let message = format!(
            "`{}` takes {size} messages of queue `{}` at once, a FIFO queue, which gives 10",
            mapping.id, queue.id
        );
        diagnostics.push(refused(mapping, "BatchSize", message));
    } else if size > MOST_AT_ONCE && window < 1.0 {
        let message = format!("`{}` takes {size} messages at once, and does not wait for them", mapping.id);
        diagnostics.push(
            refused(mapping, "BatchSize", message)
                .help("more than 10 want `MaximumBatchingWindowInSeconds: 1`, or more"),
        );
    }
}

fn of_stream(mapping: Named<'_>, source: Named<'_>) -> Option<Diagnostic> {
    let is_table = &*source.resource.type_.text == "AWS::DynamoDB::Table";
    match mapping.resource.property("StartingPosition") {
        None => {
            let message = format!("`{}` does not say from where on it reads `{}`", mapping.id, source.id);
            Some(refused(mapping, "StartingPosition", message).help("`StartingPosition: TRIM_HORIZON`, or `LATEST`"))
        }
        Some(position) if is_table && position.as_text() == Some("AT_TIMESTAMP") => {
            let message = format!("`{}` reads the stream of a table from a time on", mapping.id);
            Some(refused(mapping, "StartingPosition", message).help("`StartingPosition: TRIM_HORIZON`, or `LATEST`"))
        }
        Some(_) => None,
    }
}

/// A mapping that lets more run at once than the function reserves.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html>
fn concurrency(mapping: Named<'_>, function: Named<'_>) -> Option<Diagnostic> {
    let most = mapping.resource.property("ScalingConfig")?.get("MaximumConcurrency")?;
    let reserved = function.resource.property("ReservedConcurrentExecutions")?;
    let (at_once, may) = (most.as_number()?, reserved.as_number()?);
    if at_once <= may {
        return None;
    }
    let message =
        format!("`{}` works on up to {at_once} batches at once, and function `{}` on {may}", mapping.id, function.id);
    Some(
        Diagnostic::new(Code::EVC1031, most.place.unwrap_or_else(|| mapping.place_of("ScalingConfig")), message)
            .secondary(function.place_of("ReservedConcurrentExecutions"), "this is what it may at once")
            .note("batches beyond are throttled; their messages come again, and end as dead letters without having been worked on")
            .help("at least as many reserved executions as all that call the function may use at once"),
    )
}
