//! `config:` what functions read from Systems Manager's Parameter Store: made by this stack, or there already.

use evc_macros::Section;

use super::allow::Allows;
use super::decode::Decoder;
use super::given::Given;
use super::range::Range;
use super::scalar::{Duration, Json, TypeExpr};
use crate::source::Spanned;

/// A parameter of Systems Manager. Functions that list it read it when they need it, so that it can be changed without a deployment.
#[derive(Debug, Clone, Section)]
#[section(what = "a configuration value", one_of("value", "parameter"))]
pub struct Config {
    /// What it is for, for people.
    pub description: Option<String>,
    /// What it is. Texts and what is written as one are kept as they stand, a value of any other type as JSON. `string` without this.
    #[key(rename = "type")]
    pub type_: Option<Spanned<TypeExpr>>,
    /// The value with which this stack makes the parameter. Environments may have others, under their `config`.
    pub value: Option<Spanned<Json>>,
    /// A parameter that exists already: its name, or `parameter` for a parameter of the template. `{environment}` in it stands for the
    /// environment that is deployed.
    #[key(check = name)]
    pub parameter: Option<Spanned<Given<String>>>,
    /// How old a value may be that a function uses: {range}, `1m` without it. It is read anew after that.
    #[key(range = MAX_AGE)]
    pub max_age: Option<Spanned<Duration>>,
    /// Warnings that are fine here, each with the reason.
    #[key(default)]
    pub allow: Allows,
}

/// How long a process keeps a value.
const MAX_AGE: Range<Duration> =
    Range::new("the age of a configuration value", Duration::seconds(1)..=Duration::hours(24));

/// The most characters of a name, of which the ARN has more, and the most levels of one.
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html>
pub const MAX_NAME: usize = 1011;
const MAX_LEVELS: usize = 15;

/// What no name begins with: those are AWS's own.
pub const RESERVED: [&str; 2] = ["aws", "ssm"];

/// Stands for the environment in names.
const ENVIRONMENT: &str = super::bus::ENVIRONMENT;

/// What the names of AWS's own parameters begin with, which everybody may read.
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html>
pub const PUBLIC: &str = "/aws/";

/// The name of a parameter that exists already.
pub(super) fn name(given: &Spanned<Given<String>>, cx: &mut Decoder) {
    let Given::Here(name) = &given.value else { return };
    if let Some(reason) = name_problem(name) {
        cx.bad_value(given.span, format!("`{name}` is no name of a parameter: {reason}")).help.push(format!(
            "such as `/shop/{ENVIRONMENT}/name`, in which `{ENVIRONMENT}` stands for the environment that is deployed"
        ));
    }
}

fn name_problem(name: &str) -> Option<String> {
    problem_of(&name.replace(ENVIRONMENT, "environment"))
}

/// What is wrong with the name of a parameter as it is deployed.
pub fn problem_of(plain: &str) -> Option<String> {
    let levels: Vec<&str> = plain.strip_prefix('/').unwrap_or(plain).split('/').collect();
    let is_char = |character: char| character.is_ascii_alphanumeric() || "_.-".contains(character);
    let lower = plain.to_ascii_lowercase();
    if plain.starts_with("arn:") {
        return Some("leave out what its ARN has before the name".to_owned());
    }
    if levels.iter().any(|level| level.is_empty() || !level.chars().all(is_char)) {
        return Some("it has letters, digits, `_`, `.` and `-`, in levels that `/` sets apart".to_owned());
    }
    if !plain.starts_with('/') && levels.len() > 1 {
        return Some("one of several levels begins with `/`".to_owned());
    }
    if levels.len() > MAX_LEVELS {
        return Some(format!("it has {} levels, and at most {MAX_LEVELS} are allowed", levels.len()));
    }
    if plain.len() > MAX_NAME {
        return Some(format!("it has {} characters, and at most {MAX_NAME} are allowed", plain.len()));
    }
    let first = lower.trim_start_matches('/');
    let reserved = RESERVED.iter().find(|word| first.starts_with(*word));
    reserved.filter(|_| !plain.starts_with(PUBLIC)).map(|word| format!("names that begin with `{word}` are AWS's own"))
}
