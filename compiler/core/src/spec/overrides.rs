//! `overrides:` properties of emitted resources that the spec says differently, and resources that evc does not know.

use evc_macros::Section;

use super::decode::Decoder;
use super::scalar::Json;
use crate::source::Spanned;

/// What to change on one emitted resource, found by its logical id.
#[derive(Debug, Clone, Section)]
#[section(what = "an override")]
pub struct Override {
    /// Properties by their CloudFormation names; maps are merged, `null` removes, anything else replaces.
    pub properties: Option<Spanned<Json>>,
    /// The CloudFormation type of a resource that evc does not make. Without it, the resource must be one that evc makes.
    /// `Custom::Name` is a custom resource.
    #[key(pattern = r"^([A-Za-z0-9]+::[A-Za-z0-9]+::[A-Za-z0-9]+(::MODULE)?|Custom::[A-Za-z0-9_@-]{1,60})$", check = resource_type)]
    pub type_: Option<Spanned<String>>,
}

/// The most characters of the name of a custom resource's type.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html>
const MOST_OF_CUSTOM: usize = 60;

fn resource_type(type_: &Spanned<String>, cx: &mut Decoder) {
    let parts: Vec<&str> = type_.split("::").collect();
    let plain = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric());
    let is_type = match parts.as_slice() {
        ["Custom", name] => {
            (1..=MOST_OF_CUSTOM).contains(&name.len())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || "_@-".contains(c))
        }
        [one, two, three] | [one, two, three, "MODULE"] => [one, two, three].into_iter().all(plain),
        _ => false,
    };
    if !is_type {
        cx.bad_value(type_.span, format!("`{}` is not a CloudFormation resource type", type_.value))
            .help
            .push("write it as in `AWS::SNS::Topic`".to_owned());
    }
}
