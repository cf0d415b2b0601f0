//! What can be wrong with a system whose parts are all right: one file a check, each read-only over the model.

#![warn(clippy::wildcard_enum_match_arm, reason = "a kind of anything that is forgotten here must not compile")]

mod alarms;
mod api;
mod aws_events;
mod caches;
mod changes;
mod deployments;
mod disabled;
mod dual_write;
pub(crate) mod dynamic_reference;
mod encryption;
mod environment;
mod event_detail;
mod event_source;
mod events;
mod expiry;
mod fixed_arns;
mod fixed_names;
mod forgotten;
mod forwarded_to_nobody;
mod forwarding;
mod gathered;
mod indexes;
mod inputs;
mod loops;
mod lost_update;
mod names_by_environment;
mod one_delivery;
mod one_parameter;
mod one_secret;
mod outbox;
mod own;
mod patterns;
mod permissions;
mod published_twice;
mod queries;
mod queues;
mod quotas;
mod reference_as_text;
mod repeated_input;
mod requests;
mod restarts;
mod routes;
mod same_bus;
mod same_target;
mod sizes;
mod table_limits;
mod tables;
mod transforms;
mod two_inputs;
mod unmade;
mod unused;
pub(crate) mod wildcards;
mod workflow;

use indexmap::IndexMap;

use crate::diagnostics::{Code, Diagnostic, Severity};
use crate::model::{Event, Id, Model, Relation, Setting, Thing, Workflow};
use crate::source::Span;
use crate::spec::scalar::Duration;

/// A check: looks at the model and adds what it finds.
type Check = fn(&Model, &mut Vec<Diagnostic>);

/// Every check of what is there. The order does not matter: reports sort by place.
const CHECKS: &[Check] = &[
    alarms::check,
    api::auth::check,
    api::authorizers::check,
    api::before::check,
    api::bodies::check,
    api::cookies::check,
    api::cors::check,
    api::groups::check,
    api::health::check,
    api::held_claims::check,
    api::keys::check,
    api::limits::check,
    api::mappings::check,
    api::meant::check,
    api::puts::check,
    api::responses::check,
    api::rest_only::check,
    api::siblings::check,
    api::sources::check,
    api::statuses::check,
    api::templates::check,
    api::timeouts::check,
    api::tokens::check,
    api::updates::check,
    api::webhooks::check,
    api::without_body::check,
    aws_events::check,
    caches::breakers::check,
    caches::nowhere::check,
    caches::plaintext::check,
    caches::replicas::check,
    caches::unreachable::check,
    caches::unreachable_services::check,
    caches::two_networks::check,
    caches::zones::check,
    changes::check,
    deployments::check,
    dual_write::check,
    encryption::check,
    environment::check,
    event_detail::check,
    event_source::check,
    expiry::check,
    fixed_arns::check,
    fixed_names::check,
    forgotten::check,
    forwarding::check,
    indexes::check,
    inputs::check,
    loops::check,
    lost_update::check,
    names_by_environment::check,
    one_delivery::check,
    one_parameter::check,
    one_secret::check,
    outbox::check,
    own::check,
    patterns::check,
    permissions::check,
    queues::concurrency::check,
    published_twice::check,
    queries::check,
    queues::fifo::check,
    queues::message::check,
    queues::retention::check,
    queues::visibility::check,
    quotas::check,
    reference_as_text::check,
    repeated_input::check,
    requests::check,
    restarts::check,
    routes::check,
    same_bus::check,
    same_target::check,
    sizes::check,
    table_limits::check,
    tables::check,
    transforms::check,
    two_inputs::check,
    wildcards::check,
    workflow::answers::check,
    workflow::assigned::check,
    workflow::back::check,
    workflow::bounds::check,
    workflow::arithmetic::check,
    workflow::error_names::check,
    workflow::calls::check,
    workflow::choices::check,
    workflow::claims::check,
    workflow::compensation::check,
    workflow::concurrency::check,
    workflow::crowded::check,
    workflow::cut_off::check,
    workflow::dead_ways::check,
    workflow::engine::check,
    workflow::errors::check,
    workflow::expressions::check,
    workflow::fan_out::check,
    workflow::grows::check,
    workflow::history::check,
    workflow::idle::check,
    workflow::only_fails::check,
    workflow::outcomes::check,
    workflow::overlapping::check,
    workflow::pending::check,
    workflow::routes::check,
    workflow::swallowed::check,
    workflow::timeouts::check,
    workflow::undone_in_time::check,
    workflow::until::check,
];

/// Checks that say that something is missing. What they miss may stand in a part of the spec that could not be read, or that
/// is wrong in another way.
const CHECKS_OF_A_WHOLE: &[Check] = &[
    disabled::check,
    events::check,
    forwarded_to_nobody::check,
    loops::arrives::check,
    unmade::check,
    unused::check,
    workflow::signals::check,
    workflow::variables::check,
];

/// Runs every check. `whole` is whether all of the spec could be read and resolved.
pub(crate) fn check(model: &Model, whole: bool) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for check in CHECKS {
        check(model, &mut found);
    }
    let is_error = |diagnostic: &Diagnostic| diagnostic.severity() == Severity::Error;
    if whole && !found.iter().any(is_error) {
        for check in CHECKS_OF_A_WHOLE {
            check(model, &mut found);
        }
    }
    found
}

/// What is wrong with the expressions of one workflow.
pub(crate) fn expressions(model: &Model, workflow: &Workflow) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    workflow::expressions::of(model, workflow, &mut found);
    // What is not known is for those to say who ask whether values fit.
    found.retain(|diagnostic| diagnostic.code != Code::EVC0423);
    found
}

/// Where a duration is said that is too long or too short, each with what it is there: "`1m`", or "`1m` in `prod`" where not every
/// environment has it. `top` is where the top level says it.
fn said_where(
    model: &Model,
    setting: &Setting<Duration>,
    top: Span,
    is_wrong: impl Fn(Duration) -> bool,
) -> Vec<(Span, String)> {
    let mut places: IndexMap<Span, (Duration, Vec<String>)> = IndexMap::new();
    for (environment, (value, place)) in model.environments.iter().zip(setting.said()) {
        if is_wrong(*value) {
            let place = places.entry(place.unwrap_or(top)).or_insert_with(|| (*value, Vec::new()));
            place.1.push(format!("`{}`", environment.name));
        }
    }
    let everywhere = model.environments.len();
    let text = |(span, (value, environments)): (Span, (Duration, Vec<String>))| match environments.len() {
        count if count == everywhere => (span, format!("`{value}`")),
        _ => (span, format!("`{value}` in {}", environments.join(" and "))),
    };
    places.into_iter().map(text).collect()
}

/// Whether something in the spec publishes an event. An outbox that carries it does only if no function has the outbox: that is what
/// is reported then.
fn is_published(model: &Model, event: Id<Event>) -> bool {
    let graph = model.graph();
    let has_writer = |outbox| graph.to(outbox).any(|edge| edge.relation == Relation::WritesOutbox);
    graph.to(Thing::Event(event)).any(|edge| match edge.relation {
        Relation::PublishesThroughOutbox | Relation::PublishesIn(_) => true,
        Relation::Publishes => !matches!(edge.from, Thing::Outbox(_)) || !has_writer(edge.from),
        Relation::TravelsOn
        | Relation::Reads
        | Relation::Matches
        | Relation::Delivers
        | Relation::Starts
        | Relation::Describes
        | Relation::Routes
        | Relation::Asks
        | Relation::Feeds
        | Relation::Calls(_)
        | Relation::Undoes(_)
        | Relation::ReadsTable
        | Relation::WritesTable
        | Relation::WritesOutbox
        | Relation::Sends
        | Relation::ReadsConfig
        | Relation::ReadsSecret
        | Relation::Signals
        | Relation::Keeps
        | Relation::TakesChanges
        | Relation::SendsWork
        | Relation::IsIn
        | Relation::Refers => false,
    })
}
