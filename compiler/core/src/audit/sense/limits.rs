//! Statements that allow nothing: actions on resources that they do not take, and resources that are no ARNs.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>

use crate::audit::iam::{Of, Pattern, Statement, alternatives, is_a_name, statements};
use crate::audit::template::Node;
use crate::audit::text::Text;
use crate::audit::view::View;
use crate::aws::iam;
use crate::aws::regions::Arn;
use crate::diagnostics::{Code, Diagnostic, list};
use crate::source::Span;

/// How many of the ARNs that an action takes are told.
const TOLD: usize = 3;

/// Actions of which AWS lists no resources, and what they are looked up with, or what AWS's examples have.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/using-identity-based-policies.html>
const UNLISTED: [(&str, &str); 2] = [
    ("logs:DescribeLogGroups", "arn:${Partition}:logs:${Region}:${Account}:log-group::log-stream:"),
    ("dynamodb:ListStreams", "arn:${Partition}:dynamodb:${Region}:${Account}:table/${TableName}/stream/${StreamLabel}"),
];

/// What is for the whole account by its nature: measures and traces.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/permissions-reference-cw.html>,
/// <https://docs.aws.amazon.com/xray/latest/devguide/security_iam_service-with-iam.html>
const FOR_ALL: [&str; 3] = ["PutMetricData", "PutTraceSegments", "PutTelemetryRecords"];

/// Policies of resources whose statements name these by their ARNs.
const NAMED_BY_ARN: [&str; 8] = [
    "AWS::SQS::QueuePolicy",
    "AWS::SQS::QueueInlinePolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SNS::TopicInlinePolicy",
    "AWS::KMS::Key",
    "AWS::SecretsManager::ResourcePolicy",
    "AWS::Kinesis::ResourcePolicy",
    "AWS::DynamoDB::Table",
];

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for statement in statements(view).iter().filter(|it| !view.is_settled(&[it.resource])) {
        let of_bucket = &*statement.resource.resource.type_.text == "AWS::S3::BucketPolicy";
        let of_queue = NAMED_BY_ARN.contains(&&*statement.resource.resource.type_.text);
        if statement.of == Of::Identity || of_queue {
            let resources = statement.resources().iter();
            let names = resources.filter_map(|it| no_arn(view, statement, it).or_else(|| of_nowhere(statement, it)));
            let before = diagnostics.len();
            diagnostics.extend(names);
            if diagnostics.len() > before {
                continue;
            }
        }
        if statement.of == Of::Identity && statement.allows() {
            let written = statement.resources().iter().filter(|it| statement.is_written(it));
            diagnostics.extend(written.filter_map(|it| of_nothing(it, statement.place(it))));
        }
        if (statement.of == Of::Identity || of_bucket) && statement.allows() {
            of_statement(view, statement, diagnostics);
        }
    }
}

/// A resource that IAM refuses: a name where an ARN is wanted.
fn no_arn(view: &View<'_>, statement: &Statement<'_>, node: &Node<'_>) -> Option<Diagnostic> {
    if !statement.has_written_resource() {
        return None;
    }
    let place = statement.place(node);
    if let Some(type_) = is_a_name(view, node) {
        let id = node.referent().unwrap_or_default();
        let what = if type_ == "AWS::SQS::Queue" { "the URL" } else { "the name" };
        let message = format!("`Ref` gives {what} of `{id}`, and a statement's resource is an ARN");
        let diagnostic = Diagnostic::new(Code::EVC1080, place, message).note("IAM refuses the policy");
        return Some(diagnostic.help(format!("`Fn::GetAtt: [{id}, Arn]`")));
    }
    let text = node.as_text()?;
    // IAM takes `*` alone, and `?` and `*` within ARNs.
    if text.starts_with("arn:") || text == "*" || text.contains(['{', '$']) {
        return None;
    }
    let message = format!("`{text}` is no ARN, and a statement's resource is one, or `*`");
    Some(Diagnostic::new(Code::EVC1080, place, message).note("IAM refuses the policy"))
}

/// An ARN of a partition, a Region or an account that there is not. IAM refuses the partition; the others are of nothing.
fn of_nowhere(statement: &Statement<'_>, node: &Node<'_>) -> Option<Diagnostic> {
    let written = Text::of(node).filter(|_| statement.is_written(node))?.text;
    let wrong = Arn::parse(&written)?.impossible()?;
    let (code, note) = match wrong.part {
        "partition" => (Code::EVC1080, "IAM refuses the policy"),
        _ => (Code::EVC1074, "a statement on it is about nothing"),
    };
    let message = format!("there is no {} `{}`", wrong.part, wrong.text);
    let diagnostic = Diagnostic::new(code, statement.place(node), message).note(note);
    Some(match wrong.help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    })
}

/// An ARN that nothing has: of a secret without the six characters that Secrets Manager puts behind its name, or of a parameter with two slashes
/// where the name has one.
/// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secrets-iam-permissions.html>,
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html>
fn of_nothing(node: &Node<'_>, place: Span) -> Option<Diagnostic> {
    let text = without_names(&Text::of(node)?.text);
    let parts: Vec<&str> = text.strip_prefix("arn:")?.splitn(5, ':').collect();
    let [_, service, _, _, resource] = parts.as_slice() else { return None };
    if resource.contains(['*', '?', '$']) {
        return None;
    }
    let (message, note, help) = match *service {
        "secretsmanager" => {
            let name = resource.strip_prefix("secret:")?;
            let is_whole = name
                .rsplit_once('-')
                .is_some_and(|(_, end)| end.len() == SUFFIX && end.chars().all(|c| c.is_ascii_alphanumeric()));
            if is_whole {
                return None;
            }
            (
                format!("no secret has the ARN that ends in `secret:{name}`"),
                "Secrets Manager puts a hyphen and six characters behind the name of a secret",
                format!("write `secret:{name}-??????`"),
            )
        }
        "ssm" => {
            let name = resource.strip_prefix("parameter//")?;
            (
                format!("no parameter has the ARN that ends in `parameter//{name}`"),
                "the slash that the name of a parameter begins with is that behind `parameter`",
                format!("write `parameter/{name}`"),
            )
        }
        _ => return None,
    };
    Some(Diagnostic::new(Code::EVC1074, place, message).note(note).help(help))
}

/// A text with `$` for each `${Name}` in it, which may have colons.
fn without_names(text: &str) -> String {
    let mut pieces = text.split("${");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |whole, piece| whole + "$" + piece.split_once('}').map_or("", |(_, after)| after))
}

/// How many characters Secrets Manager puts behind the name of a secret.
const SUFFIX: usize = 6;

fn of_statement(view: &View<'_>, statement: &Statement<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut given = Vec::new();
    for resource in statement.resources().iter().flat_map(alternatives) {
        // What is not known may be right.
        let Some(pattern) = Pattern::of_node(view, resource) else { return };
        given.push(pattern);
    }
    if given.is_empty() || given.iter().any(Pattern::is_all) {
        return;
    }
    let (mut only_all, mut others, mut takes) = (Vec::new(), Vec::new(), Vec::new());
    for action in statement.actions() {
        let Some(service) = action.text.split_once(':').and_then(|(prefix, _)| iam::service(prefix)) else { continue };
        let matching = service.matching(action.text);
        let fits = |arn: &str| {
            let pattern = Pattern::of_reference(arn);
            given.iter().any(|given| given.overlaps(&pattern))
        };
        let may = |it: &&iam::Action| {
            let special = UNLISTED.iter().find(|(name, _)| name.split_once(':') == Some((service.prefix, it.name)));
            it.resources.iter().any(|arn| fits(arn)) || special.is_some_and(|(_, arn)| fits(arn))
        };
        if matching.is_empty() || matching.iter().any(may) {
            continue;
        }
        let taken: Vec<&str> = matching.iter().flat_map(|it| it.resources.iter().map(String::as_str)).collect();
        if !taken.is_empty() {
            others.push(action);
            takes.extend(taken.into_iter().map(str::to_owned));
        } else if matching.iter().all(|it| is_for_all(it.name)) {
            only_all.push(action);
        }
    }
    if let Some(first) = only_all.first() {
        let texts: Vec<&str> = only_all.iter().map(|action| action.text).collect();
        let (verb, they) = if texts.len() == 1 { ("allows", "it takes") } else { ("allow", "they take") };
        let message = format!("{} {verb} nothing here: {they} no resource but `*`", list(&texts));
        diagnostics.push(
            Diagnostic::new(Code::EVC1074, first.place, message)
                .note("such an action is for the whole account; limited to a resource, it is refused each time")
                .help("a statement of its own, with `Resource: \"*\"`"),
        );
    }
    let Some(first) = others.first() else { return };
    let texts: Vec<&str> = others.iter().map(|action| action.text).collect();
    let (verb, they, do_not) = if texts.len() == 1 { ("allows", "it", "does") } else { ("allow", "they", "do") };
    let message = format!("{} {verb} nothing here: {they} {do_not} not take the resource given", list(&texts));
    takes.sort();
    takes.dedup();
    let more = if takes.len() > TOLD { ", and others" } else { "" };
    let takes: Vec<&str> = takes.iter().take(TOLD).map(String::as_str).collect();
    let told = if texts.len() == 1 { "it takes" } else { "they take" };
    let mut diagnostic =
        Diagnostic::new(Code::EVC1074, first.place, message).note(format!("{told} {}{more}", list(&takes)));
    if let Some(place) = statement.node.get("Resource").and_then(|resource| resource.place) {
        diagnostic = diagnostic.secondary(place, "given here");
    }
    diagnostics.push(diagnostic);
}

/// Whether an action of which AWS lists no resources is surely for the whole account. The list is not complete: `states:InvokeHTTPEndpoint`
/// takes state machines. What lists or describes all of a kind can be for nothing else.
fn is_for_all(name: &str) -> bool {
    name.starts_with("List") || name.starts_with("Describe") || FOR_ALL.contains(&name)
}
