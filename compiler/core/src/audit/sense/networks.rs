//! Functions in a network whose role may not make network interfaces there.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions>

use crate::audit::iam::rights;
use crate::audit::template::Node;
use crate::audit::view::View;
use crate::diagnostics::{Code, Diagnostic};

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for function in view.of_type("AWS::Lambda::Function") {
        let subnets = function.resource.property("VpcConfig").and_then(|config| config.get("SubnetIds"));
        // None at all take a function out of its network; what a condition decides is not known.
        if subnets.and_then(Node::as_list).is_none_or(<[Node<'_>]>::is_empty) {
            continue;
        }
        let role = function.resource.property("Role").and_then(|role| view.resource_of(role));
        let Some(role) = role.filter(|role| &*role.resource.type_.text == "AWS::IAM::Role") else { continue };
        if view.is_settled(&[function, role]) || rights(view, role).may(view, "ec2:CreateNetworkInterface", None) {
            continue;
        }
        let message = format!("function `{}` is in a network, and its role may not join one", function.id);
        diagnostics.push(
            Diagnostic::new(Code::EVC1077, function.place_of("VpcConfig"), message)
                .secondary(role.resource.place, "nothing here allows `ec2:CreateNetworkInterface`")
                .note("Lambda refuses to make the function")
                .help("`ManagedPolicyArns: [arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole]`"),
        );
    }
}
