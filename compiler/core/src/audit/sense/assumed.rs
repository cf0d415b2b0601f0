//! Roles that who is to use them cannot take on.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-services>

use crate::audit::iam::{Of, Statement, statements};
use crate::audit::template::{Call, Node, Part};
use crate::audit::view::{View, values};
use crate::diagnostics::{Code, Diagnostic};

/// What uses a role: the type, the way to the role's ARN with `*` for each of a list, and the service that takes the role on.
const USES: [(&str, &[&str], &str); 19] = [
    ("AWS::Lambda::Function", &["Role"], "lambda"),
    ("AWS::StepFunctions::StateMachine", &["RoleArn"], "states"),
    ("AWS::Scheduler::Schedule", &["Target", "RoleArn"], "scheduler"),
    ("AWS::Pipes::Pipe", &["RoleArn"], "pipes"),
    ("AWS::Events::Rule", &["RoleArn"], "events"),
    ("AWS::Events::Rule", &["Targets", "*", "RoleArn"], "events"),
    ("AWS::ApiGateway::Account", &["CloudWatchRoleArn"], "apigateway"),
    ("AWS::ApiGateway::Authorizer", &["AuthorizerCredentials"], "apigateway"),
    ("AWS::ApiGateway::Method", &["Integration", "Credentials"], "apigateway"),
    ("AWS::ApiGatewayV2::Authorizer", &["AuthorizerCredentialsArn"], "apigateway"),
    ("AWS::ApiGatewayV2::Integration", &["CredentialsArn"], "apigateway"),
    ("AWS::AppSync::DataSource", &["ServiceRoleArn"], "appsync"),
    ("AWS::CodeBuild::Project", &["ServiceRole"], "codebuild"),
    ("AWS::CodePipeline::Pipeline", &["RoleArn"], "codepipeline"),
    ("AWS::ECS::TaskDefinition", &["ExecutionRoleArn"], "ecs-tasks"),
    ("AWS::ECS::TaskDefinition", &["TaskRoleArn"], "ecs-tasks"),
    ("AWS::KinesisFirehose::DeliveryStream", &["ExtendedS3DestinationConfiguration", "RoleARN"], "firehose"),
    ("AWS::KinesisFirehose::DeliveryStream", &["S3DestinationConfiguration", "RoleARN"], "firehose"),
    ("AWS::SNS::Subscription", &["SubscriptionRoleArn"], "sns"),
];

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let all = statements(view);
    for (type_, path, service) in USES {
        for user in view.of_type(type_) {
            let Some((property, path)) = path.split_first() else { continue };
            for arn in user.resource.property(property).into_iter().flat_map(|value| values(value, path)) {
                let Some(role) = view.resource_of(arn).filter(|it| &*it.resource.type_.text == "AWS::IAM::Role") else {
                    continue;
                };
                let trust: Vec<&Statement<'_>> =
                    all.iter().filter(|it| it.of == Of::Trust && it.resource.id == role.id).collect();
                if view.is_settled(&[user, role]) || trust.is_empty() || trust.iter().any(|it| admits(it, service)) {
                    continue;
                }
                let place = arn.place.unwrap_or_else(|| user.place_of(property));
                let message = format!("`{}` cannot take on role `{}`", user.id, role.id);
                diagnostics.push(
                    Diagnostic::new(Code::EVC1076, place, message)
                        .secondary(
                            role.place_of("AssumeRolePolicyDocument"),
                            format!("this does not name `{service}.amazonaws.com`"),
                        )
                        .help(format!(
                            "`Principal: {{ Service: {service}.amazonaws.com }}` with `Action: sts:AssumeRole`"
                        )),
                );
            }
        }
    }
}

/// Whether a statement may let a service take the role on.
fn admits(statement: &Statement<'_>, service: &str) -> bool {
    let effect = statement.node.get("Effect");
    let allows = effect.is_some_and(|effect| effect.as_text().is_none_or(|text| text == "Allow"));
    allows
        && statement.names("sts:AssumeRole")
        && (statement.node.get("Principal").is_none()
            || statement.principals().into_iter().any(|(kind, node)| {
                kind.is_empty() && node.as_text().is_none_or(|text| text == "*")
                    || kind == "Service" && may_be(node, service)
            }))
}

/// Whether a principal may be a service: `states.amazonaws.com`, the same of a Region or a partition, or what is not known.
fn may_be(node: &Node<'_>, service: &str) -> bool {
    let begins = |text: &str| text.strip_prefix(service).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    match node.as_call() {
        Some(Call::Sub { parts, .. }) => match parts.first() {
            Some(Part::Literal(text)) => begins(text),
            Some(Part::Ref(_) | Part::GetAtt(..)) | None => true,
        },
        Some(_) => true,
        None => node.as_text().is_none_or(|text| text == "*" || begins(text)),
    }
}
