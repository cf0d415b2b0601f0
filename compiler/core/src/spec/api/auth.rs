//! `auth:` who may call a route.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::source::Spanned;
use crate::spec::decode::{Decode, Decoder};
use crate::spec::scalar::{not_empty, one_or_many, one_or_more};
use crate::yaml::{Node, NodeKind};

/// Who may call a route.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Auth {
    /// Callers that IAM lets in, with a signed request.
    #[default]
    Iam,
    /// Anybody.
    None,
    /// Callers with an API key.
    ApiKey,
    /// Callers with a token of this issuer.
    Jwt(Jwt),
}

/// The tokens that are taken.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Jwt {
    /// Who signs the tokens: their `iss`, the address under which its keys are found.
    #[schemars(regex(pattern = r"^https://\S+$"))]
    pub issuer: Spanned<String>,
    /// Whom the tokens are for: one of these is the `aud` or the `client_id` of a token.
    #[schemars(schema_with = "one_or_more::<String>")]
    pub audience: Spanned<Vec<Spanned<String>>>,
    /// Scopes of which a token needs one. Without any, every token of the issuer for the audience is taken.
    #[schemars(default, schema_with = "one_or_many::<String>")]
    pub scopes: Vec<Spanned<String>>,
}

impl Decode for Auth {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        if !matches!(node.kind, NodeKind::Mapping(_)) {
            let words = [("iam", Self::Iam), ("none", Self::None), ("api-key", Self::ApiKey)];
            let words: Vec<(&str, &Self)> = words.iter().map(|(word, auth)| (*word, auth)).collect();
            return cx.word(node, "a kind of authorization", &words).cloned();
        }
        let mut fields = cx.fields(node, "authorization")?;
        let jwt = fields.required("jwt", cx);
        fields.finish(cx);
        jwt.map(Self::Jwt)
    }
}

impl Decode for Jwt {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "a JWT authorization")?;
        let issuer = fields.required::<Spanned<String>>("issuer", cx);
        let audience: Option<Spanned<Vec<_>>> = fields.required("audience", cx);
        not_empty(audience.as_ref(), "an audience", cx);
        let scopes = fields.or_default("scopes", cx);
        fields.finish(cx);
        let issuer = issuer?;
        if !issuer.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
        {
            cx.bad_value(issuer.span, format!("`{}` is not an issuer", issuer.value))
                .help
                .push("write the `iss` of its tokens, an address that starts with `https://`".to_owned());
        }
        Some(Self { issuer, audience: audience?, scopes })
    }
}

impl JsonSchema for Auth {
    fn schema_name() -> Cow<'static, str> {
        "Auth".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let jwt = generator.subschema_for::<Jwt>();
        json_schema!({
            "description": "Who may call: `iam`, `none` (everybody), `api-key`, or the holders of tokens.",
            "anyOf": [
                {"enum": ["iam", "none", "api-key"]},
                {
                    "type": "object",
                    "properties": {"jwt": jwt},
                    "required": ["jwt"],
                    "additionalProperties": false
                }
            ],
            "examples": ["none", {"jwt": {"issuer": "https://login.example", "audience": ["shop"]}}]
        })
    }
}
