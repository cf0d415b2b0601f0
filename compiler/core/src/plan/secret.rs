//! What the template says of secrets.

use super::value::Value;
use super::{LogicalId, ids};
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
    }
}

/// The parameter with the ARN of a secret that exists already: `StripeSecretArn`.
pub(crate) fn arn_parameter(secret: &Secret) -> LogicalId {
    ids::of(&ids::secret(secret), "arn")
}
