//! Secrets: made by the stack, or there already.

use super::cache::is_secret;
use super::graph::{Relates, Relation};
use super::names::head;
use super::{Head, Model, Thing};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::spec::decode::Declared;
use crate::spec::given::Given;
use crate::spec::scalar::Duration;
use crate::spec::secret as spec;
use crate::types::{Kind, Type};

/// How long a function may use a value that it has read, where the spec does not say.
const MAX_AGE: Duration = Duration::minutes(5);

/// The length of a value that is made up, where the spec does not say: what Secrets Manager has itself.
/// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html>
const LENGTH: u64 = 32;

/// A secret.
#[derive(Debug, Clone)]
pub struct Secret {
    /// Name, places, description.
    pub head: Head,
    /// What the spec says that its value is.
    pub ty: Option<Type>,
    /// What its value is as JSON. `None`: it is a text.
    pub json: Option<Type>,
    /// Who makes it.
    pub kind: SecretKind,
    /// How old a value may be that a function uses.
    pub max_age: Duration,
}

/// Who makes a secret.
#[derive(Debug, Clone)]
pub enum SecretKind {
    /// This stack, with a random value, or without one.
    Own(Option<Random>),
    /// It exists already in Secrets Manager, and has this ARN.
    Imported(Spanned<Given<String>>),
    /// It exists already in Parameter Store, and has this name.
    Parameter(Given<String>),
}

/// A random value.
#[derive(Debug, Clone, Copy)]
pub struct Random {
    /// How many characters it has.
    pub length: u64,
    /// Whether it has punctuation.
    pub punctuation: bool,
}

pub(super) fn secret(
    model: &Model,
    name: &str,
    item: &Declared<spec::Secret>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Secret {
    let ty = item.type_.as_ref().map(|ty| &ty.0);
    if let Some(ty) = ty {
        diagnostics.extend(model.types.check_type(ty));
    }
    let json = ty.filter(|ty| !matches!(model.types.resolve(ty).kind, Kind::String(_))).cloned();
    if let (Some(json), Some(generate)) = (&json, &item.generate) {
        let message = "what is made up is a text, and no JSON";
        let diagnostic = Diagnostic::new(Code::EVC0105, generate.span, message).secondary(json.span, "it is said here");
        diagnostics.push(diagnostic.help("leave `type` out"));
    }
    let kind = match (&item.arn, &item.parameter) {
        (None, Some(parameter)) => SecretKind::Parameter(parameter.value.clone()),
        (Some(arn), _) => {
            if let Given::Here(text) = &arn.value
                && !is_secret(text)
            {
                diagnostics.push(super::cache::no_secret(text, arn.span));
            }
            SecretKind::Imported(arn.clone())
        }
        (None, None) => SecretKind::Own(item.generate.as_ref().map(|generate| Random {
            length: generate.length.as_ref().map_or(LENGTH, |length| length.value),
            punctuation: generate.punctuation.as_ref().is_some_and(|punctuation| punctuation.value),
        })),
    };
    Secret {
        head: head(name, item, item.description.as_ref(), &item.allow),
        ty: ty.cloned(),
        json,
        kind,
        max_age: item.max_age.as_ref().map_or(MAX_AGE, |age| age.value),
    }
}

/// It says nothing of others.
impl Relates for Secret {
    fn relate(&self, _: &mut dyn FnMut(Relation, Thing, Span)) {}
}
