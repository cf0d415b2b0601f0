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
    #[key(pattern = r"^[A-Za-z0-9]+::[A-Za-z0-9]+::[A-Za-z0-9]+$", check = resource_type)]
    pub type_: Option<Spanned<String>>,
}

fn resource_type(type_: &Spanned<String>, cx: &mut Decoder) {
    let parts: Vec<&str> = type_.split("::").collect();
    let plain = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric());
    if parts.len() != 3 || !parts.iter().all(plain) {
        cx.bad_value(type_.span, format!("`{}` is not a CloudFormation resource type", type_.value))
            .help
            .push("write it as in `AWS::SNS::Topic`".to_owned());
    }
}
