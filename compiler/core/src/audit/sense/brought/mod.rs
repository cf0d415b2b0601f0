//! What resources that somebody wrote bring to functions, queues and workflows of a spec: it is what these say that they take.
//!
//! What comes is known by who brings it: a notification, a batch of records, an event, or an input that is written out. How a function reads it
//! is what the generated handlers do: a batch of messages and an event are taken apart where the spec has a queue or a rule for it, and
//! anything else is the input as it comes.

mod from;
mod taken;

use serde_json::{Map, Value};

use self::from::{BRINGS, OF_CUSTOM_RESOURCES, OF_EVENTS, OF_TOPICS, Way};
use self::taken::{Given, Taken, taken};
use crate::audit::machines::{definition, integration, named, tasks};
use crate::audit::template::Node;
use crate::audit::view::{Named, View, values};
use crate::diagnostics::Diagnostic;

/// Mappings read these, whose batches have `Records`.
const IN_RECORDS: [&str; 4] =
    ["AWS::SQS::Queue", "AWS::DynamoDB::Table", "AWS::Kinesis::Stream", "AWS::Kinesis::StreamConsumer"];

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    if view.beside.model.is_none() {
        return;
    }
    for (id, resource) in &view.deployed.resources {
        let from = Named { id, resource };
        if view.is_settled(&[from]) {
            continue;
        }
        let type_ = &*resource.type_.text;
        for way in BRINGS.iter().filter(|way| way.type_ == type_) {
            simple(view, from, way, diagnostics);
        }
        match type_ {
            "AWS::SNS::Subscription" => subscription(view, from, diagnostics),
            "AWS::Events::Rule" => rule(view, from, diagnostics),
            "AWS::Scheduler::Schedule" => schedule(view, from, diagnostics),
            "AWS::Pipes::Pipe" => pipe(view, from, diagnostics),
            "AWS::Lambda::EventSourceMapping" => mapping(view, from, diagnostics),
            "AWS::StepFunctions::StateMachine" => machine(view, from, diagnostics),
            "AWS::CloudFormation::CustomResource" => custom(view, from, diagnostics),
            _ if type_.starts_with("Custom::") => custom(view, from, diagnostics),
            _ => {}
        }
    }
}

/// An object of which the fields are known, and not their values.
fn fields(names: &[&str]) -> Value {
    Value::Object(names.iter().map(|name| ((*name).to_owned(), Value::Null)).collect::<Map<_, _>>())
}

fn simple(view: &View<'_>, from: Named<'_>, way: &Way, diagnostics: &mut Vec<Diagnostic>) {
    let (first, rest) = way.path.split_first().unwrap_or((&"", &[]));
    for to in from.resource.property(first).into_iter().flat_map(|node| values(node, rest)) {
        let Some(taken) = taken(view, to) else { continue };
        if !way.taken_apart || !taken.takes_requests() {
            diagnostics.extend(taken.unfit(from, to, way.what, &Given::form(fields(way.fields)), way.help));
        }
    }
}

/// A topic brings messages in an envelope, but for queues that ask for the message alone.
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html>
fn subscription(view: &View<'_>, from: Named<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let Some(to) = from.resource.property("Endpoint") else { return };
    let Some(taken) = taken(view, to) else { return };
    match from.resource.property("Protocol").and_then(Node::as_text) {
        Some("lambda") => {
            let given = Given::form(fields(&["Records"]));
            let help = "let the topic deliver to a queue of the spec, with `RawMessageDelivery: true`";
            diagnostics.extend(taken.unfit(from, to, "a batch of notifications", &given, help));
        }
        Some("sqs") if from.flag("RawMessageDelivery") == Some(false) => {
            let help = "`RawMessageDelivery: true`, and the message alone is delivered";
            diagnostics.extend(taken.unfit(from, to, "the envelope of SNS", &Given::form(fields(&OF_TOPICS)), help));
        }
        _ => {}
    }
}

/// A rule brings the event, a part of it, or what is written out.
fn rule(view: &View<'_>, from: Named<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for target in from.resource.property("Targets").and_then(Node::as_list).into_iter().flatten() {
        let Some(to) = target.get("Arn") else { continue };
        let Some(taken) = taken(view, to) else { continue };
        if let Some(input) = target.get("Input") {
            diagnostics.extend(written(view, from, &taken, input));
            continue;
        }
        let is_timed = from.resource.property("ScheduleExpression").is_some();
        let path = target.get("InputPath").map(Node::as_text);
        if target.get("InputTransformer").is_some() || path.is_some_and(|path| path != Some("$")) {
            continue;
        }
        // Of an event, the detail is the input, where there is something to take events apart.
        let detail = taken.takes_events();
        let given = match detail {
            true if is_timed => Given::form(fields(&[])),
            true => continue,
            false => Given::form(fields(&OF_EVENTS)),
        };
        let what = if is_timed { "the event of a schedule" } else { "a whole event" };
        let help = if detail || is_timed {
            "`Input` with what it takes"
        } else {
            "`InputPath: $.detail`, and it gets the detail alone"
        };
        diagnostics.extend(taken.unfit(from, to, what, &given, help));
    }
}

/// Without an input, Scheduler brings an event of its own.
/// <https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html>
fn schedule(view: &View<'_>, from: Named<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let Some(target) = from.resource.property("Target") else { return };
    let Some(to) = target.get("Arn") else { return };
    let Some(taken) = taken(view, to) else { return };
    if let Some(input) = target.get("Input") {
        diagnostics.extend(written(view, from, &taken, input));
        return;
    }
    let given = if taken.takes_events() { fields(&[]) } else { fields(&OF_EVENTS) };
    diagnostics.extend(taken.unfit(
        from,
        to,
        "the event of a schedule",
        &Given::form(given),
        "`Input` with what it takes",
    ));
}

/// What somebody wrote out as JSON.
fn written(view: &View<'_>, from: Named<'_>, taken: &Taken<'_>, input: &Node<'_>) -> Option<Diagnostic> {
    let given = Given::of_json(view, input)?;
    taken.unfit(from, input, "what is written here", &given, "write what it takes")
}

/// A pipe brings a batch to what takes one, and one record after another to a queue.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html>
fn pipe(view: &View<'_>, from: Named<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let Some(to) = from.resource.property("Target") else { return };
    // What an enrichment gives is not known.
    let Some(taken) = taken(view, to).filter(Taken::takes_batches) else { return };
    if from.resource.property("Enrichment").is_some() {
        return;
    }
    let given = Given::form(Value::Array(Vec::new()));
    let help = "let a queue take the records, and the function work it off; or let the function take a list";
    diagnostics.extend(taken.unfit(from, to, "a list of records", &given, help));
}

fn mapping(view: &View<'_>, from: Named<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let (Some(to), Some(source)) = (from.resource.property("FunctionName"), from.resource.property("EventSourceArn"))
    else {
        return;
    };
    let Some(taken) = taken(view, to) else { return };
    let Some(source) = view.resource_of(source) else { return };
    let type_ = &*source.resource.type_.text;
    if !IN_RECORDS.contains(&type_) || type_ == "AWS::SQS::Queue" && taken.takes_messages() {
        return;
    }
    let help = "declare the queue under `queues`, or the changes under `outboxes`; or let the input take `Records`";
    diagnostics.extend(taken.unfit(from, to, "a batch of records", &Given::form(fields(&["Records"])), help));
}

/// CloudFormation waits for an answer at the URL that it gives, for up to an hour.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref-requesttypes-create.html>
fn custom(view: &View<'_>, from: Named<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let Some(to) = from.resource.property("ServiceToken") else { return };
    let Some(taken) = taken(view, to) else { return };
    let given = Given::form(fields(&OF_CUSTOM_RESOURCES));
    let help = "a function of its own under `resources`, which answers at the `ResponseURL`";
    let found = taken.unfit(from, to, "a request of CloudFormation", &given, help);
    let found = found.or_else(|| (!taken.knows("ResponseURL")).then(|| taken.unanswered(from, to, help)));
    diagnostics.extend(found);
}

/// Steps of a machine that call functions, start workflows and send messages.
fn machine(view: &View<'_>, machine: Named<'_>, diagnostics: &mut Vec<Diagnostic>) {
    // What is wrong with a definition is told elsewhere.
    let Some(definition) = definition(view, machine, &mut Vec::new()) else { return };
    for task in tasks(&definition) {
        let Some(resource) = task.get("Resource") else { continue };
        let arguments = task.get("Arguments").or_else(|| task.get("Parameters"));
        let (to, given) = match integration(resource) {
            Some("lambda:invoke") => ("FunctionName", "Payload"),
            Some("states:startExecution") => ("StateMachineArn", "Input"),
            Some("sqs:sendMessage") => ("QueueUrl", "MessageBody"),
            Some(_) => continue,
            None => {
                if let (Some(taken), Some(given)) = (taken(view, resource), arguments) {
                    let what = "what is written here";
                    diagnostics.extend(taken.unfit(
                        machine,
                        given,
                        what,
                        &Given::of_step(given),
                        "write what it takes",
                    ));
                }
                continue;
            }
        };
        let Some(arguments) = arguments else { continue };
        let (Some(to), Some(given)) = (arguments.get(to), arguments.get(given)) else { continue };
        let Some(target) = named(view, machine, to) else { continue };
        let Some(taken) = taken::of_resource(view, target) else { continue };
        diagnostics.extend(taken.unfit(
            machine,
            given,
            "what is written here",
            &Given::of_step(given),
            "write what it takes",
        ));
    }
}
