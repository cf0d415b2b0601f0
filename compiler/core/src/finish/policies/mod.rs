//! Policies and how large AWS lets them be: statements that are too many are merged where that loses nothing, and what is still too large
//! is reported. Small policies stay as they are, one statement for each line of the spec.

mod functions;
mod queues;
mod statement;
mod tables;
#[cfg(test)]
mod tests;

use super::bytes::Estimate;
use crate::diagnostics::{Code, Diagnostic};
use crate::plan::builder::Builder;
use crate::plan::{LogicalId, Resource};

/// A kind of policy.
struct Kind {
    /// The type of the resource that it is in.
    type_: &'static str,
    /// The property, of which all values count together.
    property: &'static str,
    /// What it is called in messages.
    what: fn(&Resource) -> String,
    /// The most bytes.
    most: usize,
}

/// White space does not count. <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length>
const ROLE: Kind = Kind {
    type_: "AWS::IAM::Role",
    property: "Policies",
    what: |role| format!("the inline policies of the {}", role.origin),
    most: 10_240,
};

/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html>
const QUEUE: Kind =
    Kind { type_: "AWS::SQS::QueuePolicy", property: "PolicyDocument", what: statements_of, most: 8_192 };

/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
const BUS: Kind =
    Kind { type_: "AWS::Events::EventBusPolicy", property: "Statement", what: statements_of, most: 10_240 };

/// <https://docs.aws.amazon.com/general/latest/gr/sns.html#limits_sns>
const TOPIC: Kind =
    Kind { type_: "AWS::SNS::TopicPolicy", property: "PolicyDocument", what: statements_of, most: 30_720 };

/// The most bytes of the policy of a function.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const MOST_OF_FUNCTION: usize = 20_480;

/// Merges what is too large in a large stack: one with the longest of its environments' names, in a Region with a long name.
pub(super) fn merge(b: &mut Builder<'_>) {
    let estimate = Estimate::longest(b);
    let wide = functions::too_large(b, &estimate, MOST_OF_FUNCTION);
    let roles = too_large(b, &estimate, &ROLE);
    let queues = too_large(b, &estimate, &QUEUE);
    for function in wide {
        functions::merge(b, &function);
    }
    for id in roles {
        if let Some(role) = b.plan.resources.get_mut(&id) {
            tables::merge(role);
        }
    }
    for id in queues {
        queues::merge(b, &id);
    }
}

/// Reports what is too large even in a small stack, after overrides.
pub(super) fn check(b: &mut Builder<'_>) {
    let estimate = Estimate::shortest(b);
    let mut found = Vec::new();
    for kind in [ROLE, QUEUE, BUS, TOPIC] {
        for id in too_large(b, &estimate, &kind) {
            let Some(resource) = b.plan.resources.get(&id) else { continue };
            found.push(report(&id, resource, &kind, estimate.of(b, resource, kind.property)));
        }
    }
    for function in functions::too_large(b, &estimate, MOST_OF_FUNCTION) {
        let Some(resource) = b.plan.resources.get(&function) else { continue };
        let bytes = functions::bytes(b, &estimate).get(&function).copied().unwrap_or(0);
        let message =
            format!("the policy of {} has about {bytes} bytes, and Lambda takes {MOST_OF_FUNCTION}", resource.origin);
        found.push(
            Diagnostic::new(Code::EVC0711, resource.span, message)
                .note("each rule and each route that invokes the function is a statement of it; those of one bus or API are one already")
                .help("bring the events to a queue that the function works off, or divide the function"),
        );
    }
    b.diagnostics.extend(found);
}

fn report(id: &LogicalId, resource: &Resource, kind: &Kind, bytes: usize) -> Diagnostic {
    let message = format!("{} have about {bytes} bytes, and AWS takes {}", (kind.what)(resource), kind.most);
    Diagnostic::new(Code::EVC0711, resource.span, message)
        .note(format!("`{id}` has them in the template; how long names are depends on that of the stack"))
        .help("let it have leave for less, by dividing what has it into several functions, rules or queues")
}

/// The resources of a kind whose policies are larger than AWS takes.
fn too_large(b: &Builder<'_>, estimate: &Estimate, kind: &Kind) -> Vec<LogicalId> {
    let of_kind = b.plan.resources.iter().filter(|(_, resource)| resource.type_ == kind.type_);
    let over = of_kind.filter(|(_, resource)| estimate.of(b, resource, kind.property) > kind.most);
    over.map(|(id, _)| id.clone()).collect()
}

/// The statements of the policy of a queue, a bus or a topic.
fn statements_of(policy: &Resource) -> String {
    format!("the statements about {}", policy.origin)
}
