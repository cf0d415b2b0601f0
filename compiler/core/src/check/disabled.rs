//! Rules and schedules that run in no environment, where nothing else does what they would: it never happens.

use std::collections::HashSet;

use super::unused::told;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Model, Relation, Thing};

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let told = told(model);
    let mut missed: HashSet<Thing> = HashSet::new();
    for thing in model.things().filter(|thing| runs_nowhere(model, *thing)) {
        let idle: Vec<Thing> = model
            .graph()
            .from(thing)
            .filter(|edge| does(&edge.relation))
            .map(|edge| edge.to)
            .filter(|of| !told.contains(of) && !is_done(model, *of))
            .filter(|of| missed.insert(*of))
            .collect();
        if idle.is_empty() {
            continue;
        }
        let of = model.describe(thing);
        let what: Vec<String> = idle.iter().map(|of| format!("{} {}", verb(*of), model.describe(*of))).collect();
        let message = format!("{of} runs in no environment, and nothing else {}", what.join(" or "));
        diagnostics.push(
            Diagnostic::new(Code::EVC0923, model.head(thing).name_span, message)
                .on(model.path(thing))
                .help("enable it in an environment, or take out what is for it alone"),
        );
    }
}

/// Whether something is disabled in each environment.
fn runs_nowhere(model: &Model, thing: Thing) -> bool {
    let enabled = match thing {
        Thing::Rule(id) => &model.rules[id].enabled,
        Thing::Schedule(id) => &model.schedules[id].enabled,
        Thing::Api(_)
        | Thing::Bus(_)
        | Thing::Cache(_)
        | Thing::Event(_)
        | Thing::Function(_)
        | Thing::Network(_)
        | Thing::Outbox(_)
        | Thing::Queue(_)
        | Thing::Resource(_)
        | Thing::Config(_)
        | Thing::Secret(_)
        | Thing::Table(_)
        | Thing::Workflow(_) => return false,
    };
    enabled.same() == Some(&false)
}

/// What a rule or a schedule does that nothing may do instead.
fn does(relation: &Relation) -> bool {
    matches!(relation, Relation::Matches | Relation::Delivers | Relation::Starts)
}

/// Whether something that runs reads an event, invokes a function, starts a workflow or fills a queue. A bus has other uses.
fn is_done(model: &Model, thing: Thing) -> bool {
    let by = |is: &dyn Fn(&Relation) -> bool| {
        model.graph().to(thing).any(|edge| is(&edge.relation) && !runs_nowhere(model, edge.from))
    };
    match thing {
        Thing::Event(id) => model.events[id].consumed_outside || by(&|relation| *relation == Relation::Matches),
        Thing::Function(id) => model.triggers(id).into_iter().any(|trigger| !runs_nowhere(model, trigger)),
        Thing::Workflow(_) => {
            by(&|relation| matches!(relation, Relation::Delivers | Relation::Starts | Relation::Routes))
        }
        Thing::Queue(_) => by(&|relation| matches!(relation, Relation::Sends | Relation::Delivers)),
        Thing::Api(_)
        | Thing::Bus(_)
        | Thing::Cache(_)
        | Thing::Network(_)
        | Thing::Outbox(_)
        | Thing::Resource(_)
        | Thing::Rule(_)
        | Thing::Config(_)
        | Thing::Secret(_)
        | Thing::Schedule(_)
        | Thing::Table(_) => true,
    }
}

fn verb(thing: Thing) -> &'static str {
    match thing {
        Thing::Event(_) => "reads",
        Thing::Function(_) => "invokes",
        Thing::Queue(_) => "sends to",
        Thing::Workflow(_)
        | Thing::Api(_)
        | Thing::Bus(_)
        | Thing::Cache(_)
        | Thing::Network(_)
        | Thing::Outbox(_)
        | Thing::Resource(_)
        | Thing::Rule(_)
        | Thing::Config(_)
        | Thing::Secret(_)
        | Thing::Schedule(_)
        | Thing::Table(_) => "starts",
    }
}
