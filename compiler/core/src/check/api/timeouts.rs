//! Functions behind an API answer before it gives up.

use crate::check::said_where;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{ApiKind, Model};
use crate::spec::scalar::Duration;

/// The longest timeout of a function behind an API. An HTTP API waits 30 seconds, a REST API 29.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
const LONGEST: Duration = Duration::seconds(29);

/// The longest timeout of any function. Longer ones are reported where they are read.
const LONGEST_OF_LAMBDA: Duration = Duration::seconds(900);

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for (id, function) in model.functions.iter() {
        let Some((api, route)) = model.routes_of(id).max_by_key(|(api, _)| api.kind == ApiKind::Rest) else { continue };
        let longer = said_where(model, &function.timeout, function.timeout_span, |timeout| {
            timeout > LONGEST && timeout <= LONGEST_OF_LAMBDA
        });
        let Some((first, others)) = longer.split_first() else { continue };
        let message = format!("function `{}` may take longer than the API waits for it", function.head.name);
        let mut diagnostic = Diagnostic::new(Code::EVC0607, first.0, message)
            .label(format!("its timeout is {}", first.1))
            .secondary(route.span, "its route is here")
            .note(format!(
                "after {} seconds the caller gets an error, and the function works on unseen",
                waits(api.kind)
            ))
            .help(format!(
                "give it at most `{LONGEST}`, or answer at once and leave the work to a queue or a workflow"
            ));
        for (place, timeout) in others {
            diagnostic = diagnostic.secondary(*place, format!("its timeout is {timeout}"));
        }
        diagnostics.push(diagnostic);
    }
}

/// How many seconds an API waits for a function.
fn waits(kind: ApiKind) -> u64 {
    match kind {
        ApiKind::Http => 30,
        ApiKind::Rest => 29,
    }
}
