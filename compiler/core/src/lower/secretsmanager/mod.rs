//! Secrets that the stack makes. Their values are in no template: CloudFormation has one made up, or somebody puts one there.

use crate::model::SecretKind;
use crate::plan::builder::{Builder, MAX_DESCRIPTION};
use crate::plan::value::{Value, description};
use crate::plan::{Resource, ids};

/// Adds each secret.
pub(super) fn lower(b: &mut Builder<'_>) {
    for secret in b.model.secrets.values() {
        let SecretKind::Own(random) = &secret.kind else { continue };
        let about = description(secret.head.description.as_ref(), MAX_DESCRIPTION).map(|about| ("Description", about));
        let made_up = random.map(|random| {
            let length = ("PasswordLength", Value::count(random.length));
            let plain = (!random.punctuation).then_some(("ExcludePunctuation", true.into()));
            ("GenerateSecretString", Value::map([length].into_iter().chain(plain)))
        });
        let origin = format!("secret `{}`", secret.head.name);
        let properties = about.into_iter().chain(made_up);
        b.add(
            &ids::secret(secret),
            Resource::new("AWS::SecretsManager::Secret", origin, secret.head.name_span, properties),
        );
    }
}
