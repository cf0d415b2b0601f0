//! Mappings whose function may not read what they read: Lambda reads with the function's role.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html>

use crate::audit::iam::{Pattern, READS, rights};
use crate::audit::view::View;
use crate::diagnostics::{Code, Diagnostic, list};

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for mapping in view.of_type("AWS::Lambda::EventSourceMapping") {
        let source = mapping.resource.property("EventSourceArn").and_then(|value| view.resource_of(value));
        let function = mapping.resource.property("FunctionName").and_then(|value| view.function_of(value));
        let (Some(source), Some(function)) = (source, function) else { continue };
        let role = function.resource.property("Role").and_then(|role| view.resource_of(role));
        let Some(role) = role.filter(|role| &*role.resource.type_.text == "AWS::IAM::Role") else { continue };
        if view.is_settled(&[mapping, source, function, role]) {
            continue;
        }
        let reads = READS.iter().find(|(type_, ..)| *type_ == source.resource.type_.text);
        let Some((_, attribute, actions)) = reads else { continue };
        let (rights, target) = (rights(view, role), Pattern::of_resource(source, attribute));
        let missing: Vec<&str> =
            actions.iter().copied().filter(|action| !rights.may(view, action, target.as_ref())).collect();
        if missing.is_empty() {
            continue;
        }
        let message = format!("function `{}` may not read `{}`", function.id, source.id);
        diagnostics.push(
            Diagnostic::new(Code::EVC1078, mapping.place_of("EventSourceArn"), message)
                .secondary(role.resource.place, format!("its role lacks {}", list(&missing)))
                .note("Lambda reads with the function's role, and refuses the mapping"),
        );
    }
}
