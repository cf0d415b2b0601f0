//! `secrets:` what functions read from Secrets Manager: made by this stack, or there already.

use evc_macros::Section;

use super::allow::Allows;
use super::decode::{Decoder, Fields};
use super::given::Given;
use super::range::Range;
use super::scalar::{Duration, TypeExpr};
use crate::source::Spanned;

/// A secret of Secrets Manager, or a `SecureString` of Parameter Store. Functions that list it read its value when they need it; no template, variable or log has it. Without
/// an `arn` or a `parameter` the stack makes it, without a value: that is put there by hand, or by what rotates it.
#[derive(Debug, Clone, Section)]
#[section(what = "a secret", check = made_or_given)]
pub struct Secret {
    /// What it is for, for people.
    pub description: Option<String>,
    /// What its value is. A `string`, which it is without this, is the text as it stands; a value of any other type is JSON.
    #[key(rename = "type")]
    pub type_: Option<Spanned<TypeExpr>>,
    /// A secret that exists already: its ARN, or `parameter` for a parameter of the template.
    pub arn: Option<Spanned<Given<String>>>,
    /// A `SecureString` of Systems Manager's Parameter Store that exists already: its name, or `parameter` for a parameter of the template.
    /// `{environment}` in it stands for the environment that is deployed.
    #[key(check = super::config::name)]
    pub parameter: Option<Spanned<Given<String>>>,
    /// Has a random value made when the stack is deployed: a text of letters, digits and, if wanted, punctuation.
    pub generate: Option<Spanned<Generate>>,
    /// How old a value may be that a function uses: {range}, `5m` without it. It is read anew after that.
    #[key(range = MAX_AGE)]
    pub max_age: Option<Spanned<Duration>>,
    /// Warnings that are fine here, each with the reason.
    #[key(default)]
    pub allow: Allows,
}

/// A random value.
#[derive(Debug, Clone, Section)]
#[section(what = "`generate`")]
pub struct Generate {
    /// How many characters it has: {range}, 32 without it.
    #[key(range = LENGTH)]
    pub length: Option<Spanned<u64>>,
    /// Whether it has punctuation, which not every protocol takes. `false` without it.
    pub punctuation: Option<Spanned<bool>>,
}

/// How long a password is that Secrets Manager makes up; less than 16 characters can be guessed.
/// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html>
const LENGTH: Range<u64> = Range::new("the length of a secret", 16..=4096);

/// How long a process keeps a value.
const MAX_AGE: Range<Duration> = Range::new("the age of a secret", Duration::seconds(1)..=Duration::hours(24));

fn made_or_given(secret: &Secret, _: &Fields<'_>, cx: &mut Decoder) {
    let imported = secret.arn.as_ref().or(secret.parameter.as_ref());
    if let (Some(imported), Some(generate)) = (imported, &secret.generate) {
        let found = cx.bad_value(generate.span, "a secret that exists already has a value");
        *found = found.clone().secondary(imported.span, "it is imported here");
    }
    if let (Some(arn), Some(parameter)) = (&secret.arn, &secret.parameter) {
        let found = cx.bad_value(parameter.span, "a secret is one of Secrets Manager or of Parameter Store");
        *found = found.clone().secondary(arn.span, "this is one of Secrets Manager");
    }
}
