//! Functions that are deployed bit by bit or kept ready: what would never go back, and more ready than may run.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Function, Model};
use crate::spec::function::Deploy;

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for function in model.functions.values() {
        if !model.observability.alarms {
            diagnostics.extend(never_back(function));
        }
        diagnostics.extend(more_ready_than_run(function));
    }
}

fn never_back(function: &Function) -> Option<Diagnostic> {
    let mut ways = function.deploy.said();
    let (_, at) = ways.find(|(way, _)| way.is_some_and(|way| way != Deploy::AllAtOnce))?;
    let message = format!("nothing takes `{}` back to the version before", function.head.name);
    let diagnostic = Diagnostic::new(Code::EVC0689, at.unwrap_or(function.deploy_span), message)
        .note("an alarm of the function ends a deployment, and `alarms` are switched off")
        .help("leave the alarms on; without `notify` they tell nobody");
    Some(diagnostic.on(format!("functions.{}", function.head.name)))
}

/// <https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html>
fn more_ready_than_run(function: &Function) -> Option<Diagnostic> {
    let mut both = function.provisioned.said().zip(function.concurrency.said());
    let ((ready, at), (most, there)) =
        both.find(|((ready, _), (most, _))| ready.zip(**most).is_some_and(|(a, b)| a > b))?;
    let (ready, most) = ((*ready)?, (*most)?);
    let message = format!("{ready} environments of `{}` are kept ready, and {most} may run", function.head.name);
    let diagnostic = Diagnostic::new(Code::EVC0688, at.unwrap_or(function.provisioned_span), message)
        .secondary(there.unwrap_or(function.concurrency_span), "as many run at once")
        .note("what is kept ready counts as reserved");
    Some(diagnostic.help(format!("say `concurrency: {ready}` or more, or keep fewer ready")))
}
