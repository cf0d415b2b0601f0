//! Circuit breakers need a cache to be in.

use crate::diagnostics::{Code, Diagnostic, list};
use crate::model::Model;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for (id, function) in model.functions.iter() {
        if let Some(breaker) = &function.circuit_breaker
            && model.cache_of(id).is_none()
        {
            let message = format!("the circuit breaker of function `{}` has no cache to be in", function.head.name);
            let diagnostic = Diagnostic::new(Code::EVC0684, breaker.span, message);
            let known: Vec<&str> = model.caches.values().map(|cache| cache.head.name.as_str()).collect();
            diagnostics.push(if known.is_empty() {
                diagnostic.help("declare a cache, and say `cache:` and its name on the function")
            } else {
                diagnostic.help(format!("say `cache:` on the function and one of {}", list(&known)))
            });
        }
    }
}
