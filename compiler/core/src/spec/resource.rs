//! `resources:` CloudFormation resources that evc does not make itself.

use evc_macros::Section;

use super::allow::Allows;
use super::decode::Decoder;
use super::raw::{Attributes, DeletionPolicy, UpdateReplacePolicy, a_map, a_map_schema};
use super::scalar::{Json, Name};
use crate::source::Spanned;

/// A resource of CloudFormation as it stands in the template; its name is its logical id.
#[derive(Debug, Clone, Section)]
#[section(what = "a resource")]
pub struct Resource {
    /// Its CloudFormation type: `AWS::SNS::Topic`, `Custom::Seed`, or a module as in `Acme::Shop::Bucket::MODULE`.
    #[key(
        pattern = r"^(Custom::[A-Za-z0-9_@-]{1,52}|[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}(::MODULE)?)$",
        check = resource_type
    )]
    pub type_: Spanned<String>,
    /// Properties by their CloudFormation names.
    #[key(check = a_map, schema = a_map_schema)]
    pub properties: Option<Spanned<Json>>,
    /// What must be there before it, beyond what its properties refer to: names of the spec or logical ids.
    #[key(default)]
    pub depends_on: Vec<Name>,
    /// The condition, of `conditions`, under which it is made.
    pub condition: Option<Name>,
    /// What becomes of it when it leaves the stack: `Delete` by default.
    pub deletion_policy: Option<Spanned<DeletionPolicy>>,
    /// What becomes of the old one when a change replaces it: `Delete` by default.
    pub update_replace_policy: Option<Spanned<UpdateReplacePolicy>>,
    /// When it counts as made.
    #[key(check = a_map, schema = a_map_schema)]
    pub creation_policy: Option<Spanned<Json>>,
    /// How updates of it go on.
    #[key(check = a_map, schema = a_map_schema)]
    pub update_policy: Option<Spanned<Json>>,
    /// Anything for tools that read the template.
    #[key(check = a_map, schema = a_map_schema)]
    pub metadata: Option<Spanned<Json>>,
    /// Warnings that are fine here, each with the reason.
    #[key(default)]
    pub allow: Allows,
}

impl Resource {
    /// What it says beside its type.
    pub fn attributes(&self) -> Attributes {
        Attributes {
            properties: self.properties.clone(),
            depends_on: self.depends_on.clone(),
            condition: self.condition.clone(),
            deletion_policy: self.deletion_policy,
            update_replace_policy: self.update_replace_policy,
            creation_policy: self.creation_policy.clone(),
            update_policy: self.update_policy.clone(),
            metadata: self.metadata.clone(),
        }
    }
}

/// The most characters of the type of a custom resource, `Custom::` among them.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html>
const MAX_CUSTOM: usize = 60;

fn resource_type(type_: &Spanned<String>, cx: &mut Decoder) {
    let parts: Vec<&str> = type_.split("::").collect();
    let plain = |part: &&str| (2..=64).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric());
    let fits = match parts.as_slice() {
        ["Custom", name] => {
            !name.is_empty()
                && type_.len() <= MAX_CUSTOM
                && name.chars().all(|c| c.is_ascii_alphanumeric() || "_@-".contains(c))
        }
        [organization, service, resource] => [organization, service, resource].into_iter().all(plain),
        [organization, service, resource, "MODULE"] => [organization, service, resource].into_iter().all(plain),
        _ => false,
    };
    if !fits {
        cx.bad_value(type_.span, format!("`{}` is not a CloudFormation resource type", type_.value))
            .help
            .push("write it as in `AWS::SNS::Topic`, `Custom::Seed` or `Acme::Shop::Bucket::MODULE`".to_owned());
    }
}
