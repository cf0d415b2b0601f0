//! What the engine of a workflow cannot do, and what the workflows of a service that run on Redis have in common.

use super::item;
use crate::diagnostics::{Code, Diagnostic};
use crate::expr::Expr;
use crate::model::{CALL_MARGIN, Integration, Model, OutputValue, Property, Redis, Step, Thing, Transport, Workflow};
use crate::spec::bus::BusKind;
use crate::spec::scalar::Duration;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for (_, workflow, _) in model.on_redis() {
        workflow.body.walk(&mut |step| lease(model, workflow, step, diagnostics));
        regexes(workflow, diagnostics);
    }
    differences(model, diagnostics);
    caches(model, diagnostics);
    environment(model, diagnostics);
    shared_bus(model, diagnostics);
    routes(model, diagnostics);
    outputs(model, diagnostics);
}

/// A limit that ends before the handler does leaves work behind of which nobody hears.
fn lease(model: &Model, workflow: &Workflow, step: &Step, diagnostics: &mut Vec<Diagnostic>) {
    let Some(timeout) = &step.timeout else { return };
    let function = step.call().and_then(|call| call.function).map(|function| &model.functions[function]);
    let Some((function, own)) = function.and_then(|function| Some((function, function.timeout.greatest()?))) else {
        return;
    };
    let lease = Duration::seconds(own.seconds + CALL_MARGIN.seconds);
    if timeout.value >= lease {
        return;
    }
    let name = &function.head.name;
    let message = format!("`{}` ends after {}, and `{name}` may still be at it for {lease}", step.name, timeout.value);
    diagnostics.push(
        Diagnostic::new(Code::EVC0523, timeout.span, message)
            .on(item(workflow))
            .secondary(function.greatest_timeout_span(), format!("an invocation may take {own}"))
            .note("the lease of a call on Redis is the function's timeout and 10 seconds for a cold start")
            .help(format!("give the step at least `{lease}`, or the function a shorter `timeout`")),
    );
}

/// Lookaround and backreferences, which Step Functions has and the engine on Redis has not.
fn regexes(workflow: &Workflow, diagnostics: &mut Vec<Diagnostic>) {
    let mut refused = Vec::new();
    workflow.body.bodies(&mut |body| {
        refused.extend(body.first_values().flat_map(Expr::refused_on_redis));
        let own = body.steps.iter().flat_map(Step::expressions);
        refused.extend(own.flat_map(Expr::refused_on_redis));
    });
    for why in refused {
        let message = format!("the engine on Redis does not take this regular expression: {}", why.value);
        diagnostics.push(
            Diagnostic::new(Code::EVC0521, why.span, message)
                .on(item(workflow))
                .secondary(workflow.engine_span, "the engine is said here")
                .note("it matches as the crate `regex` of Rust does, in linear time: without lookaround and without backreferences")
                .help("ask in two steps, as in `$contains(x, /a/) and $not($contains(x, /b/))`, or let a function do it"),
        );
    }
}

/// One engine works for all workflows of a service: with one cache, and over one transport.
fn differences(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let mut workflows = model.on_redis();
    let Some((_, first, common)) = workflows.next() else { return };
    for (_, workflow, redis) in workflows {
        for (what, own, theirs) in [
            ("keeps its state in", cache_of(model, redis), cache_of(model, common)),
            ("hands on work over", Some(transport_of(model, redis)), Some(transport_of(model, common))),
        ] {
            let Some((own, theirs)) = own.zip(theirs).filter(|(own, theirs)| own != theirs) else { continue };
            let message = format!("workflow `{}` {what} {own}, and `{}` {theirs}", workflow.head.name, first.head.name);
            diagnostics.push(
                Diagnostic::new(Code::EVC0522, workflow.head.name_span, message)
                    .on(item(workflow))
                    .secondary(first.head.name_span, "the other one")
                    .note("the workflows of a service on Redis have one engine, which looks after all of them")
                    .help("let them agree, or move one into a service of its own"),
            );
        }
    }
}

fn cache_of(model: &Model, redis: &Redis) -> Option<String> {
    redis.cache.map(|cache| format!("cache `{}`", model.caches[cache.value].head.name))
}

fn transport_of(model: &Model, redis: &Redis) -> String {
    match redis.transport {
        Transport::Sqs => "queues".to_owned(),
        Transport::EventBridge(bus) => format!("bus `{}`", model.buses[bus].head.name),
    }
}

/// A function talks to one cache: its own is that of the workflows that it works for.
fn caches(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for (id, function) in model.functions.iter() {
        let caches = model.caches_of(id);
        let (Some(own), Some(other)) = (function.cache, caches.get(1)) else { continue };
        let name = |cache: crate::model::Id<crate::model::Cache>| &model.caches[cache].head.name;
        let message = format!(
            "function `{}` counts in cache `{}`, and works for a workflow in cache `{}`",
            function.head.name,
            name(own.value),
            name(other.value)
        );
        let diagnostic = Diagnostic::new(Code::EVC0522, own.span, message)
            .on(format!("functions.{}", function.head.name))
            .secondary(other.span, "the workflow keeps its state there");
        diagnostics.push(diagnostic.help("give both one cache"));
    }
}

/// The most bytes of the environment variables of a function, names included.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const ENVIRONMENT_BYTES: usize = 4096;

/// What the other variables of the engine have, about: where the cache is, names of buses.
const OTHER_BYTES: usize = 512;

/// `https://sqs.ap-southeast-1.amazonaws.com/123456789012/`, and what CloudFormation puts around a logical id: hyphens and twelve
/// random characters.
const URL_BYTES: usize = 54 + 14;

/// The longest name of a queue. <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html>
const QUEUE_NAME: usize = 80;

/// The engine knows the queue of every function: their URLs stand in one environment variable. With the stack called after the service
/// and its environment, how long that is follows.
fn environment(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let mut workflows = model.on_redis();
    let Some((_, first, Redis { transport: Transport::Sqs, .. })) = workflows.next() else { return };
    let longest = model.environments.iter().map(|environment| environment.name.len()).max().unwrap_or(0);
    let stack = model.service.value.len() + 1 + longest;
    let functions = model.functions.iter().filter(|(id, _)| model.works_on_redis(*id));
    let sizes: Vec<usize> = functions
        .map(|(_, function)| {
            let name = function.head.name.len();
            // The logical id is the function's name and `FunctionTasks`; the key stands in quotes, the value too.
            name + 8 + URL_BYTES + (stack + name + 13).min(QUEUE_NAME)
        })
        .collect();
    let bytes: usize = OTHER_BYTES + sizes.iter().sum::<usize>();
    if bytes > ENVIRONMENT_BYTES {
        let message = format!("the URLs of the queues of {} functions may not fit into an environment", sizes.len());
        diagnostics.push(
            Diagnostic::new(Code::EVC0527, first.engine_span, message)
                .on(item(first))
                .note(format!("the environment of the engine has about {bytes} bytes, at most {ENVIRONMENT_BYTES} fit"))
                .help("say `transport: eventbridge` on the workflows: then the engine knows one bus"),
        );
    }
}

/// Rules tell work apart by its source and the function's name, which are the same in the next stack.
fn shared_bus(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let mut workflows = model.on_redis();
    // The others have the same transport, or it is reported that they do not.
    let Some((_, first, redis)) = workflows.next() else { return };
    let Transport::EventBridge(bus) = redis.transport else { return };
    let (what, bus) = match model.buses[bus].kind {
        BusKind::Custom => return,
        BusKind::Default => ("the account's default bus", "the default bus"),
        BusKind::Imported => ("an imported bus", "that bus"),
    };
    let message = format!("work on {what} also gets to other stacks that have theirs there");
    diagnostics.push(
        Diagnostic::new(Code::EVC0528, redis.transport_span, message)
            .on(item(first))
            .note(format!(
                "the engine of each stack, and functions of the same name, get the work that any of them puts on {bus}; so do \
                 other environments of this service"
            ))
            .help("declare a bus of this stack for it: `buses: { work: {} }` and `bus: work`"),
    );
}

/// An API starts executions of Step Functions by itself; nothing in it can start one on Redis.
fn routes(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for (api, route) in model.routes() {
        let Integration::Workflow(id) = route.integration else { continue };
        let workflow = &model.workflows[id];
        if workflow.redis().is_none() {
            continue;
        }
        let message = format!("an API cannot start workflow `{}`, which runs on Redis", workflow.head.name);
        let diagnostic = Diagnostic::new(Code::EVC0521, route.span, message)
            .on(format!("apis.{}", api.head.name))
            .secondary(workflow.engine_span, "the engine is said here");
        diagnostics.push(
            diagnostic
                .help("let the route call a function that publishes an event, and a rule start the workflow by it"),
        );
    }
}

/// A workflow on Redis is no resource of AWS.
fn outputs(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for output in &model.outputs {
        let OutputValue::Of(Thing::Workflow(id), Property::Arn) = output.value else { continue };
        let workflow = &model.workflows[id];
        if workflow.redis().is_some() {
            let message = format!("workflow `{}` runs on Redis, and has no ARN", workflow.head.name);
            let diagnostic = Diagnostic::new(Code::EVC0521, output.span, message)
                .secondary(workflow.engine_span, "the engine is said here");
            diagnostics.push(diagnostic.help(format!("tell its name: `workflows.{}.name`", workflow.head.name)));
        }
    }
}
