//! Roles that lack what they are there for: of a rule, a schedule, a pipe or a state machine, and what these call.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html>,
//! <https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html>

use crate::audit::iam::{ALIAS, Pattern, READS, rights};
use crate::audit::machines::{definition, integration, named, tasks};
use crate::audit::template::Node;
use crate::audit::view::{Named, View, values};
use crate::diagnostics::{Code, Diagnostic, list};
use crate::source::Span;

/// What calls a target, by the target's type: its ARN's attribute, and the actions of which one is enough.
const CALLS: [(&str, &str, &[&str]); 9] = [
    ("AWS::Lambda::Function", "Arn", &["lambda:InvokeFunction"]),
    (ALIAS, "", &["lambda:InvokeFunction"]),
    ("AWS::StepFunctions::StateMachine", "Arn", &["states:StartExecution", "states:StartSyncExecution"]),
    ("AWS::SQS::Queue", "Arn", &["sqs:SendMessage"]),
    ("AWS::SNS::Topic", "TopicArn", &["sns:Publish"]),
    ("AWS::Events::EventBus", "Arn", &["events:PutEvents"]),
    ("AWS::Kinesis::Stream", "Arn", &["kinesis:PutRecord", "kinesis:PutRecords"]),
    ("AWS::KinesisFirehose::DeliveryStream", "Arn", &["firehose:PutRecord", "firehose:PutRecordBatch"]),
    ("AWS::CodeBuild::Project", "Arn", &["codebuild:StartBuild"]),
];

/// Targets that a rule calls by their resource policies, whatever role it has.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html>
const BY_POLICY: [&str; 4] = ["AWS::Lambda::Function", ALIAS, "AWS::SQS::Queue", "AWS::SNS::Topic"];

/// What a step calls, by how its `Resource` ends: the argument that names the target, the action, and the target's ARN.
const STEPS: [(&str, &str, &[&str], &str); 9] = [
    ("lambda:invoke", "FunctionName", &["lambda:InvokeFunction"], "Arn"),
    ("sqs:sendMessage", "QueueUrl", &["sqs:SendMessage"], "Arn"),
    ("sns:publish", "TopicArn", &["sns:Publish"], "TopicArn"),
    ("states:startExecution", "StateMachineArn", &["states:StartExecution"], "Arn"),
    ("dynamodb:getItem", "TableName", &["dynamodb:GetItem"], "Arn"),
    ("dynamodb:putItem", "TableName", &["dynamodb:PutItem"], "Arn"),
    ("dynamodb:updateItem", "TableName", &["dynamodb:UpdateItem"], "Arn"),
    ("dynamodb:deleteItem", "TableName", &["dynamodb:DeleteItem"], "Arn"),
    ("events:putEvents", "Entries", &["events:PutEvents"], "Arn"),
];

/// Something that is called with a role.
struct Use<'v> {
    who: Named<'v>,
    role: Named<'v>,
    target: Named<'v>,
    attribute: &'static str,
    /// Each a list of actions of which one is enough.
    actions: Vec<&'static [&'static str]>,
    place: Span,
}

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for schedule in view.of_type("AWS::Scheduler::Schedule") {
        let of = |key| schedule.resource.property("Target").and_then(|target| target.get(key));
        call(view, schedule, of("RoleArn"), of("Arn"), diagnostics);
    }
    for rule in view.of_type("AWS::Events::Rule") {
        for target in rule.resource.property("Targets").into_iter().flat_map(|targets| values(targets, &["*"])) {
            let to = target
                .get("Arn")
                .filter(|arn| view.resource_of(arn).is_some_and(|it| !BY_POLICY.contains(&&*it.resource.type_.text)));
            call(view, rule, target.get("RoleArn"), to, diagnostics);
        }
    }
    for pipe in view.of_type("AWS::Pipes::Pipe") {
        let role = pipe.resource.property("RoleArn");
        for property in ["Target", "Enrichment"] {
            call(view, pipe, role, pipe.resource.property(property), diagnostics);
        }
        if let Some(source) = pipe.resource.property("Source") {
            read(view, pipe, role, source, diagnostics);
        }
        for parameters in ["DynamoDBStreamParameters", "KinesisStreamParameters"] {
            let letters =
                pipe.resource.property("SourceParameters").and_then(|it| it.at(&[parameters, "DeadLetterConfig"]));
            call(view, pipe, role, letters.and_then(|letters| letters.get("Arn")), diagnostics);
        }
    }
    failures(view, diagnostics);
    for machine in view.of_type("AWS::StepFunctions::StateMachine") {
        let role = machine.resource.property("RoleArn").and_then(|role| role_of(view, role));
        let Some(role) = role.filter(|role| !view.is_settled(&[machine, *role])) else { continue };
        // What is wrong with a definition is told elsewhere.
        let Some(definition) = definition(view, machine, &mut Vec::new()) else { continue };
        for task in tasks(&definition) {
            step(view, machine, role, task, diagnostics);
        }
    }
}

/// What Lambda sends failures and results to, with the role of the function. SAM gives the roles that it makes these rights.
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>
fn failures(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for function in view.of_type("AWS::Lambda::Function") {
        let letters = function.resource.property("DeadLetterConfig").and_then(|config| config.get("TargetArn"));
        call(view, function, written_role(view, function), letters, diagnostics);
    }
    for type_ in ["AWS::Lambda::EventInvokeConfig", "AWS::Lambda::EventSourceMapping"] {
        for of in view.of_type(type_) {
            let function = of.resource.property("FunctionName").and_then(|function| view.function_of(function));
            let Some(role) = function.and_then(|function| written_role(view, function)) else { continue };
            for end in ["OnSuccess", "OnFailure"] {
                let to = of.resource.property("DestinationConfig").and_then(|it| it.at(&[end, "Destination"]));
                call(view, of, Some(role), to, diagnostics);
            }
        }
    }
}

/// What names the role of a function, if the role is not SAM's.
fn written_role<'v>(view: &View<'_>, function: Named<'v>) -> Option<&'v Node<'v>> {
    let role = function.resource.property("Role")?;
    view.template.resources.contains_key(role_of(view, role)?.id).then_some(role)
}

fn role_of<'v>(view: &'v View<'_>, arn: &Node<'_>) -> Option<Named<'v>> {
    view.resource_of(arn).filter(|role| &*role.resource.type_.text == "AWS::IAM::Role")
}

fn call(
    view: &View<'_>,
    who: Named<'_>,
    role: Option<&Node<'_>>,
    to: Option<&Node<'_>>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let (Some(role), Some(to)) = (role.and_then(|role| role_of(view, role)), to) else { return };
    let Some(target) = view.resource_of(to) else { return };
    let calls = CALLS.iter().find(|(type_, ..)| *type_ == target.resource.type_.text);
    let Some((_, attribute, action)) = calls else { return };
    let place = to.place.unwrap_or(who.resource.place);
    report(view, &Use { who, role, target, attribute, actions: vec![*action], place }, diagnostics);
}

/// A pipe reads with its role.
fn read(
    view: &View<'_>,
    pipe: Named<'_>,
    role: Option<&Node<'_>>,
    source: &Node<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let (Some(role), Some(target)) = (role.and_then(|role| role_of(view, role)), view.resource_of(source)) else {
        return;
    };
    let reads = READS.iter().find(|(type_, ..)| *type_ == target.resource.type_.text);
    let Some((_, attribute, actions)) = reads else { return };
    let place = source.place.unwrap_or(pipe.resource.place);
    report(
        view,
        &Use { who: pipe, role, target, attribute, actions: actions.iter().map(std::slice::from_ref).collect(), place },
        diagnostics,
    );
}

fn step(view: &View<'_>, machine: Named<'_>, role: Named<'_>, task: &Node<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let Some(resource) = task.get("Resource") else { return };
    let place = resource.place.unwrap_or(machine.resource.place);
    if let Some(function) = named(view, machine, resource) {
        let invoked = CALLS[..2].iter().find(|(type_, ..)| *type_ == function.resource.type_.text);
        if let Some((_, attribute, action)) = invoked {
            let it = Use { who: machine, role, target: function, attribute, actions: vec![*action], place };
            report(view, &it, diagnostics);
        }
        return;
    }
    let Some(what) = integration(resource) else { return };
    let Some((_, argument, action, attribute)) = STEPS.iter().find(|(step, ..)| *step == what) else { return };
    let arguments = task.get("Parameters").or_else(|| task.get("Arguments"));
    let Some(argument) = arguments.and_then(|arguments| arguments.get(argument)) else { return };
    let targets = if what == "events:putEvents" { values(argument, &["*", "EventBusName"]) } else { vec![argument] };
    for target in targets {
        let Some(target) = named(view, machine, target) else { continue };
        // Of an alias, `Ref` is the ARN.
        let attribute = if &*target.resource.type_.text == ALIAS { "" } else { attribute };
        let place = argument.place.unwrap_or(place);
        report(view, &Use { who: machine, role, target, attribute, actions: vec![*action], place }, diagnostics);
    }
}

fn report(view: &View<'_>, it: &Use<'_>, diagnostics: &mut Vec<Diagnostic>) {
    if view.is_settled(&[it.who, it.role, it.target]) {
        return;
    }
    let (rights, target) = (rights(view, it.role), Pattern::of_resource(it.target, it.attribute));
    let may = |one_of: &&[&str]| one_of.iter().any(|action| rights.may(view, action, target.as_ref()));
    let missing: Vec<&str> =
        it.actions.iter().filter(|one_of| !may(one_of)).filter_map(|one_of| one_of.first().copied()).collect();
    if missing.is_empty() {
        return;
    }
    let does = if missing.iter().any(|action| READS.iter().any(|(.., reads)| reads.contains(action))) {
        "read"
    } else {
        "call"
    };
    let message = format!("`{}` may not {does} `{}` with role `{}`", it.who.id, it.target.id, it.role.id);
    diagnostics.push(
        Diagnostic::new(Code::EVC1079, it.place, message)
            .secondary(it.role.resource.place, format!("nothing here allows {}", list(&missing)))
            .note("it deploys, and each call is refused"),
    );
}
