//! Log groups of the class that is read by queries alone, as they are after overrides: nothing else may want to read them.

use crate::diagnostics::{Code, Diagnostic};
use crate::plan::builder::{Builder, INFREQUENT_ACCESS};
use crate::plan::value::{Map, Value};
use crate::plan::{LogicalId, Resource};

/// Looks at everything that reads a log group.
pub(super) fn finish(b: &mut Builder<'_>) {
    let mut found = Vec::new();
    for (id, group) in b.plan.resources.iter().filter(|(_, it)| is_infrequent(it)) {
        let reader = b.plan.resources.values().find_map(|it| Some((it, reads(it, id)?)));
        if let Some((reader, why)) = reader {
            found.push(diagnostic(b, group, reader, why));
        }
    }
    b.diagnostics.extend(found);
}

fn is_infrequent(group: &Resource) -> bool {
    group.properties.get("LogGroupClass") == Some(&Value::String(INFREQUENT_ACCESS.to_owned()))
}

/// Why a resource cannot do without what the class leaves out of a log group.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html>
fn reads(resource: &Resource, group: &LogicalId) -> Option<&'static str> {
    let is_of = |properties: &Map, name: &str| match properties.get(name) {
        Some(Value::Ref(id)) => id == group,
        Some(Value::Parameter(id)) => id == group.as_str(),
        _ => false,
    };
    match resource.type_.as_str() {
        "AWS::Logs::MetricFilter" if is_of(&resource.properties, "LogGroupName") => {
            Some("a metric filter counts its entries, and groups of this class have none")
        }
        "AWS::Logs::SubscriptionFilter" if is_of(&resource.properties, "LogGroupName") => {
            Some("a subscription filter reads it, and groups of this class have none")
        }
        "AWS::Serverless::Function" => match resource.properties.get("LoggingConfig") {
            Some(Value::Map(logging)) if is_of(logging, "LogGroup") => Some(
                "the function writes its metrics into it, in the embedded metric format, which nobody reads from groups of this class: \
                 its alarm would go off for errors of the business, and not for failures that are answered",
            ),
            _ => None,
        },
        _ => None,
    }
}

fn diagnostic(b: &Builder<'_>, group: &Resource, reader: &Resource, why: &str) -> Diagnostic {
    let classes = &b.model.observability.log_classes;
    let at = group.overridden.or_else(|| classes.said()).unwrap_or(group.span);
    let message = format!("the {} cannot be of the class `infrequent-access`", group.origin);
    let mut diagnostic = Diagnostic::new(Code::EVC0695, at, message).note(why);
    if reader.span != at {
        diagnostic = diagnostic.secondary(reader.place(), format!("read by {}", reader.origin));
    }
    diagnostic.help(
        "say the class for those that nothing reads so, as in `class: { apis: infrequent-access, events: infrequent-access }`",
    )
}
