//! `overrides:` properties of emitted resources that the spec says differently, and resources that evc does not know.

use schemars::JsonSchema;

use super::decode::{Decode, Decoder};
use super::scalar::Json;
use crate::source::Spanned;
use crate::yaml::Node;

/// What to change on one emitted resource, found by its logical id.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Override {
    /// Properties by their CloudFormation names; maps are merged, `null` removes, anything else replaces.
    pub properties: Option<Spanned<Json>>,
    /// The CloudFormation type of a resource that evc does not make. Without it, the resource must be one that evc makes.
    #[schemars(rename = "type", regex(pattern = r"^[A-Za-z0-9]+::[A-Za-z0-9]+::[A-Za-z0-9]+$"))]
    pub type_: Option<Spanned<String>>,
}

impl Decode for Override {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "an override")?;
        let type_: Option<Spanned<String>> = fields.optional("type", cx);
        let properties = fields.optional("properties", cx);
        fields.finish(cx);
        if let Some(type_) = &type_ {
            let parts: Vec<&str> = type_.split("::").collect();
            let plain = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric());
            if parts.len() != 3 || !parts.iter().all(plain) {
                cx.bad_value(type_.span, format!("`{}` is not a CloudFormation resource type", type_.value))
                    .help
                    .push("write it as in `AWS::SNS::Topic`".to_owned());
            }
        }
        Some(Self { properties, type_ })
    }
}
