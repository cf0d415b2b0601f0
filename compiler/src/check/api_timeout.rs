//! Functions behind the HTTP API answer before it gives up.

use super::environments_where;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::Model;
use crate::spec::scalar::Duration;

/// The longest timeout of a function behind the HTTP API, which waits 30 seconds for it: one second less.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>
const LONGEST: Duration = Duration::seconds(29);

/// The longest timeout of any function. Longer ones are reported where they are read.
const LONGEST_OF_LAMBDA: Duration = Duration::seconds(900);

pub(super) fn check(model: &Model, found: &mut Vec<Diagnostic>) {
    for function in model.functions.values() {
        let Some(api) = &function.api else { continue };
        let longer =
            environments_where(model, &function.timeout, |timeout| timeout > LONGEST && timeout <= LONGEST_OF_LAMBDA);
        if longer.is_empty() {
            continue;
        }
        let message = format!("function `{}` may take longer than the API waits for it", function.head.name);
        found.push(
            Diagnostic::new(Code::EVC0607, function.timeout_span, message)
                .label(format!("its timeout is {}", longer.join(" and ")))
                .secondary(api.span, "its route is here")
                .note("after 30 seconds the caller gets an error, and the function works on unseen")
                .help(format!(
                    "give it at most `{LONGEST}`, or answer at once and leave the work to a queue or a workflow"
                )),
        );
    }
}
