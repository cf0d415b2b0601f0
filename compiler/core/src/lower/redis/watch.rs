//! How workflows on Redis are watched: their executions, which whoever ends one counts, and the engine.

use evc_interface::metric::engine;
use evc_interface::metric::executions::{ABORTED, DIMENSION, FAILED, OUTCOMES, SUCCEEDED, TIMED_OUT};
use evc_interface::metric::function::FAILURES;
use evc_interface::workflow::ENGINE;

use crate::model::Workflow;
use crate::plan::alarm::{Alarm, EXECUTIONS, Executions, Kind, Metric, Watched};
use crate::plan::builder::Builder;
use crate::plan::graph::{Graph, Line};
use crate::plan::ids;
use crate::plan::names::of_stack;
use crate::plan::value::{Part, text};
use crate::source::Span;

/// What the engine is called in comments and tables.
pub(super) const PRINCIPAL: &str = "engine of the workflows";

/// Alarms on the executions of a workflow.
pub(super) fn watch(b: &mut Builder<'_>, workflow: &Workflow) {
    let (id, name, span) = (ids::workflow(workflow), &workflow.head.name, workflow.head.name_span);
    let of = |metric| Metric::of(text(of_stack()), metric, (DIMENSION, name.as_str().into()));
    for Executions { kind, metric, suffix, happened, status } in EXECUTIONS {
        // Nobody throttles executions on Redis.
        let Some((_, status)) = status else { continue };
        let has_outcomes = kind == Kind::ExecutionFailures && !workflow.outcomes.is_empty();
        let less = if has_outcomes { vec![of(OUTCOMES)] } else { Vec::new() };
        let happened = format!("Executions of workflow `{name}` {happened}");
        let look = [Part::Literal(format!("evc workflow list --workflow {name} --status {status}"))];
        let alarm = Alarm::new(kind, Watched::Redis, ids::of(&id, suffix), happened, of(metric), span);
        b.alarm(Alarm { less, ..alarm.look(look) });
    }
}

/// Lines of the dashboard on the executions of a workflow. Nobody counts those that start.
pub(super) fn show(b: &mut Builder<'_>, at: usize, workflow: &Workflow) {
    let name = &workflow.head.name;
    for metric in [SUCCEEDED, FAILED, TIMED_OUT, ABORTED] {
        let line = Line::of_stack(metric.trim_start_matches("Executions"), metric, (DIMENSION, name.as_str().into()));
        b.show(Graph::Workflow(at, name.clone()), line);
    }
}

/// Alarms on the engine, and what its sweeps did.
pub(super) fn watch_engine(b: &mut Builder<'_>, span: Span) {
    let of = |metric| Metric::of(text(of_stack()), metric, (engine::DIMENSION, ENGINE.into()));
    let id = ids::engine();
    let errors = Alarm::errors(Kind::EngineErrors, Watched::Redis, &id, format!("The {PRINCIPAL} failed"), span);
    b.alarm(Alarm { added: vec![of(FAILURES)], ..errors });
    let happened =
        format!("The {PRINCIPAL} has not looked after them for a quarter of an hour: nothing that waits goes on");
    let schedule = ids::of(&id, "sweep");
    // By naming the schedule, the alarm comes after it: before there is one, nobody sweeps.
    let look = ["aws scheduler get-schedule --name ".into(), Part::Ref(schedule)];
    let sweep =
        Alarm::new(Kind::EngineSweep, Watched::Redis, ids::of(&id, "sweep"), happened, of(engine::SWEEPS), span);
    b.alarm(sweep.look(look));
    for (metric, label) in [
        (engine::SWEEPS, "sweeps"),
        (engine::MOVED, "executions moved"),
        (engine::SENT_AGAIN, "work sent again"),
        (engine::LEFT, "partitions without time"),
    ] {
        b.show(Graph::Engine, Line::of_stack(label, metric, (engine::DIMENSION, ENGINE.into())));
    }
}
