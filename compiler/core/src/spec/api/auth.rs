//! `auth:` who may call a route.
//!
//! Decoded by hand: a word, or a map with one key that is no word.

use std::borrow::Cow;

use evc_macros::Section;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::source::Spanned;
use crate::spec::decode::{Decode, Decoder};
use crate::spec::scalar::TypeExpr;
use crate::yaml::{Node, NodeKind};

/// Who may call a route.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Auth {
    /// Callers that IAM lets in, with a signed request.
    #[default]
    Iam,
    /// Anybody.
    None,
    /// Callers with an API key.
    ApiKey,
    /// Callers with a token of this issuer.
    Jwt(Box<Jwt>),
}

/// The tokens that are taken.
#[derive(Debug, Clone, PartialEq, Section)]
#[section(what = "a JWT authorization")]
pub struct Jwt {
    /// Who signs the tokens: their `iss`, the address under which its keys are found.
    #[key(pattern = r"^https://\S+$", check = issuer)]
    pub issuer: Spanned<String>,
    /// Whom the tokens are for: one of these is the `aud` or the `client_id` of a token.
    #[key(not_empty = "an audience")]
    pub audience: Spanned<Vec<Spanned<String>>>,
    /// Scopes of which a token needs one. Without any, every token of the issuer for the audience is taken.
    #[key(default)]
    pub scopes: Vec<Spanned<String>>,
    /// What `cx.caller()` tells of the token: claims with their types, or the name of a record type. A claim with `?` may be absent; a token
    /// without one of the others, or with one of another type, is refused with 403. `{ sub: string }` without it.
    pub claims: Option<TypeExpr>,
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
        jwt.map(|jwt| Self::Jwt(Box::new(jwt)))
    }
}

fn issuer(issuer: &Spanned<String>, cx: &mut Decoder) {
    let address = |rest: &str| !rest.is_empty() && !rest.contains(char::is_whitespace);
    if !issuer.strip_prefix("https://").is_some_and(address) {
        cx.bad_value(issuer.span, format!("`{}` is not an issuer", issuer.value))
            .help
            .push("write the `iss` of its tokens, an address that starts with `https://`".to_owned());
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
