//! What the template says of secrets.

use super::value::Value;
use super::{LogicalId, config, ids};
use crate::model::{Secret, SecretKind};
use crate::spec::given::Given;

/// The ARN of a secret: what `Ref` gives for one of this stack.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html#aws-resource-secretsmanager-secret-return-values>
pub(crate) fn arn(secret: &Secret) -> Value {
    match &secret.kind {
        SecretKind::Own(_) => Value::Ref(ids::secret(secret)),
        SecretKind::Imported(given) => match &given.value {
            Given::Here(arn) => arn.as_str().into(),
            Given::Parameter => Value::Ref(arn_parameter(secret)),
        },
        SecretKind::Parameter(given) => config::given_arn(given, &name_parameter(secret)),
    }
}

/// What a function reads it by: its ARN, or the name of the parameter that it is.
pub(crate) fn key(secret: &Secret) -> Value {
    match &secret.kind {
        SecretKind::Own(_) | SecretKind::Imported(_) => arn(secret),
        SecretKind::Parameter(given) => config::given_name(given, &name_parameter(secret)),
    }
}

/// The action that reads it.
pub(crate) fn action(secret: &Secret) -> &'static str {
    match &secret.kind {
        SecretKind::Own(_) | SecretKind::Imported(_) => "secretsmanager:GetSecretValue",
        SecretKind::Parameter(_) => "ssm:GetParameter",
    }
}

/// The parameter with the ARN of a secret that exists already: `StripeSecretArn`.
pub(crate) fn arn_parameter(secret: &Secret) -> LogicalId {
    ids::of(&ids::secret(secret), "arn")
}

/// The parameter with the name of a secret that is in Parameter Store: `StripeSecretName`.
pub(crate) fn name_parameter(secret: &Secret) -> LogicalId {
    ids::of(&ids::secret(secret), "name")
}
