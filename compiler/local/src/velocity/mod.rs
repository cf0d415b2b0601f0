//! Velocity, the language of API Gateway's mapping templates: text, references and directives.
//!
//! | module | does |
//! | --- | --- |
//! | `parse` | text to [`Template`] |
//! | `expression` | what stands in the brackets of a directive |
//! | `eval` | a template and its variables to text |
//! | [`value`] | what a variable holds |
//! | `methods` | the methods of texts, numbers, lists and maps, which are those of Java |
//!
//! What it has is what API Gateway documents: `#set`, `#if`, `#elseif`, `#else`, `#foreach`, `#break`, `#stop`, comments, and references with
//! properties, indexes and methods. `#macro`, `#define`, `#include`, `#parse` and `#evaluate` are refused by name.
//! <https://velocity.apache.org/engine/1.7/user-guide.html>
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html>

mod eval;
mod expression;
mod methods;
mod parse;
pub(crate) mod value;

use std::fmt;

pub(crate) use eval::Variables;
pub(crate) use parse::Template;

/// The most times that a loop goes round.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
const ITERATIONS: usize = 1_000;

/// The longest text that a template makes, bytes: the most that the gateway takes or answers.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
const OUTPUT_BYTES: usize = 10 * 1024 * 1024;

/// How deep directives and expressions stand in each other: more than templates have, less than the stack takes.
const DEPTH: usize = 60;

/// Why a template cannot be read or carried out: one sentence, with its line if that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Error(String);

impl Error {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests;
