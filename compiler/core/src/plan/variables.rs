//! The environment of a Lambda function, as the template sets it.

use indexmap::IndexMap;

use super::value::Value;

/// Environment variables by name, each with its value and what it is for.
pub(crate) type Variables = IndexMap<String, (Value, String)>;

/// What each environment variable is for.
pub(crate) fn purposes(variables: &Variables) -> IndexMap<String, String> {
    variables.iter().map(|(name, (_, purpose))| (name.clone(), purpose.clone())).collect()
}
