//! Environment variables of functions: names that Lambda takes, and a size that fits. Names that evc sets itself are refused
//! where it sets them, when the system is planned.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Function, MAX_VARIABLE_BYTES, Model, Variable};

/// Names that Lambda sets itself and refuses in a function's configuration.
const RESERVED: [&str; 21] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
    "AWS_LAMBDA_MAX_CONCURRENCY",
    "AWS_LAMBDA_METADATA_API",
    "AWS_LAMBDA_METADATA_TOKEN",
];

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for function in model.functions.values() {
        for name in function.environment.keys() {
            let refuse = |message: String| Diagnostic::new(Code::EVC0608, name.span, message);
            if RESERVED.contains(&name.as_str()) {
                diagnostics.push(
                    refuse(format!("Lambda sets `{}` itself", name.value)).help("give the variable another name"),
                );
            } else if !is_name(name) {
                diagnostics.push(
                    refuse(format!("`{}` cannot name an environment variable", name.value))
                        .help("write a letter, then letters, digits and underscores, two characters at least"),
                );
            }
        }
        diagnostics.extend(size(model, function));
    }
}

/// What Lambda takes: `[a-zA-Z]([a-zA-Z0-9_])+`.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_Environment.html>
fn is_name(name: &str) -> bool {
    name.len() >= 2
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The text of a variable in this environment, if it is no reference there.
fn text(variable: &Variable, environment: usize) -> Option<&str> {
    variable.texts.values().get(environment)?.as_deref()
}

/// Counts what the spec writes. The variables that evc sets come on top; they are known when the system is planned (`finish/variables.rs`).
fn size(model: &Model, function: &Function) -> Option<Diagnostic> {
    let bytes_in = |at: usize| -> usize {
        let pairs = function.environment.iter();
        pairs.map(|(name, variable)| name.len() + text(variable, at).map_or(0, str::len)).sum()
    };
    let sizes = model.environments.iter().enumerate().map(|(at, environment)| (bytes_in(at), at, environment));
    let (bytes, at, environment) = sizes.max_by_key(|(bytes, ..)| *bytes)?;
    if bytes <= MAX_VARIABLE_BYTES {
        return None;
    }
    let values = function.environment.iter().filter_map(|(name, variable)| {
        Some((name, text(variable, at)?, variable.texts.said().nth(at).and_then(|(_, place)| place)))
    });
    let longest = values.max_by_key(|(_, text, _)| text.len());
    let span = longest.map_or(function.head.name_span, |(name, _, place)| place.unwrap_or(name.span));
    let message = format!(
        "the environment variables of function `{}` have {bytes} bytes in `{}`, at most {MAX_VARIABLE_BYTES} fit",
        function.head.name, environment.name
    );
    Some(
        Diagnostic::new(Code::EVC0608, span, message)
            .label("this one is the longest")
            .help("keep long values in the user's crate, in a table or in a bucket"),
    )
}
