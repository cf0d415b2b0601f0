//! Of a function with a cache: the permission, the method that counts, and its circuit breaker.

use super::print::Code;
use super::text::member_paragraph;
use crate::model::Function;

/// The permission to count.
pub(super) fn grants(function: &Function, context: &str, code: &mut Code) {
    if function.cache.is_some() {
        code.line(format_args!("impl evc_runtime::grant::UseCache for {context} {{}}"));
    }
}

/// The method that gives the cache.
pub(super) fn method(function: &Function, cache: &str) -> Option<String> {
    let docs = member_paragraph(&format!(
        "Counters in the cache `{cache}`: `count_once` counts this delivery once, however often it is repeated."
    ));
    function.cache.as_ref().map(|_| {
        format!(
            "{docs}    pub fn cache(&self) -> evc_runtime::cache::Cache<'_> {{
        self.context.cache::<Self>()
    }}
"
        )
    })
}

/// The constant that says when the runtime stops calling the function.
pub(super) fn breaker(function: &Function) -> Option<String> {
    let breaker = function.circuit_breaker.as_ref()?.value;
    Some(format!(
        "    const CIRCUIT_BREAKER: Option<evc_runtime::CircuitBreaker> =
        Some(evc_runtime::CircuitBreaker {{
            failures: {},
            window_seconds: {},
            open_seconds: {},
        }});
",
        breaker.failures, breaker.window.seconds, breaker.open.seconds
    ))
}
