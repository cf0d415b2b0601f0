//! Policies, as IAM writes them.

use super::value::Value;

/// A policy document.
pub(crate) fn document(statements: impl IntoIterator<Item = Value>) -> Value {
    Value::map([("Version", "2012-10-17".into()), ("Statement", Value::list(statements))])
}
