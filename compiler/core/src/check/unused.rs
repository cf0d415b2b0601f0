//! Things that are declared and that nothing in the spec uses.
//!
//! What an output tells is used by those who read the output, so it counts as used; and so does what a resource of the spec's own or an
//! override refers to, and what a function is told of by a variable or may do something with.

use std::collections::HashSet;

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Function, Id, Input, Model, Outbox, OutputValue, Property, Relation, Thing, Workflow};

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let told = told(model);
    for thing in model.things() {
        let why = match thing {
            Thing::Function(id) => function(model, id),
            Thing::Table(_) => table(model, thing),
            Thing::Outbox(id) => outbox(model, id),
            Thing::Queue(_) => queue(model, thing),
            Thing::Bus(_) => bus(model, thing),
            Thing::Cache(_) => cache(model, thing),
            Thing::Network(_) => network(model, thing),
            Thing::Config(_) => config(model, thing),
            Thing::Secret(_) => secret(model, thing),
            Thing::Workflow(id) => workflow(model, id),
            // Events have a check of their own. The others are where something starts.
            Thing::Event(_) | Thing::Api(_) | Thing::Rule(_) | Thing::Schedule(_) | Thing::Resource(_) => None,
        };
        let Some((code, message, help)) = why.filter(|_| !told.contains(&thing)) else { continue };
        diagnostics.push(Diagnostic::new(code, model.head(thing).name_span, message).help(help).on(model.path(thing)));
    }
}

/// What to report: code, message, help.
type Unused = Option<(Code, String, String)>;

/// Whether others say something of a thing that `is` true of.
fn has(model: &Model, thing: Thing, is: impl Fn(&Relation) -> bool) -> bool {
    model.graph().to(thing).any(|edge| is(&edge.relation))
}

/// The things that outputs and variables of functions tell of, and that resources, overrides and permissions refer to. Where the dead letters
/// of one go says nothing of its use.
pub(super) fn told(model: &Model) -> HashSet<Thing> {
    let raw = model.resources.values().flat_map(|it| &it.refers);
    let raw = raw.chain(model.overrides.values().flat_map(|it| &it.refers)).map(|thing| thing.value);
    let things = model.outputs.iter().filter_map(|output| match output.value {
        OutputValue::Of(_, Property::DeadLetterQueueUrl | Property::WorkDeadLetterQueueUrl)
        | OutputValue::DashboardName
        | OutputValue::DashboardUrl => None,
        // The table of an outbox and the URL of a cache say how to look into it, and are of no use without something that fills it.
        OutputValue::Of(Thing::Outbox(_) | Thing::Cache(_), _) => None,
        OutputValue::Of(thing, Property::Name | Property::Arn | Property::Url | Property::Id) => Some(thing),
        OutputValue::Other(thing) => thing,
    });
    let functions = || model.functions.values();
    let told = functions().flat_map(|it| it.environment.values()).filter_map(|variable| variable.refers.as_ref());
    let told = told.map(|thing| thing.value).filter(|thing| !matches!(thing, Thing::Outbox(_) | Thing::Cache(_)));
    let may = functions().flat_map(|it| &it.may_use).map(|thing| thing.value);
    things.chain(raw).chain(told).chain(may).collect()
}

/// A function that says an `input` may be invoked by whoever has the right to.
fn function(model: &Model, id: Id<Function>) -> Unused {
    let function = &model.functions[id];
    if !matches!(function.input, Input::Nothing) || !model.triggers(id).is_empty() {
        return None;
    }
    let message = format!("nothing invokes function `{}`", function.head.name);
    let help = "give it a route, make it the target of a rule, a queue or a schedule, or name it in `outputs`";
    Some((Code::EVC0904, message, help.to_owned()))
}

fn workflow(model: &Model, id: Id<Workflow>) -> Unused {
    let starts = |relation: &Relation| matches!(relation, Relation::Delivers | Relation::Starts | Relation::Routes);
    if has(model, Thing::Workflow(id), starts) {
        return None;
    }
    let workflow = &model.workflows[id];
    let message = format!("nothing starts workflow `{}`", workflow.head.name);
    // One on Redis has no ARN that could be told.
    let outside = match workflow.redis() {
        None => "or name it in `outputs` if somebody outside starts it",
        Some(_) => "or say under `allow` who starts it",
    };
    let help = format!(
        "make it the target of a rule or a schedule, give it a route, name it in `starts` of a function, {outside}"
    );
    Some((Code::EVC0912, message, help))
}

fn table(model: &Model, thing: Thing) -> Unused {
    let name = &model.head(thing).name;
    let does = |wanted: Relation| has(model, thing, |relation| *relation == wanted);
    match (does(Relation::ReadsTable), does(Relation::WritesTable)) {
        // Of changes that nobody makes is told by itself.
        (true, false) if !does(Relation::TakesChanges) => {
            let help = "list it with `put` or `write` under `tables` of a function; if somebody outside fills it, name it in `outputs` or say so under `allow`";
            Some((Code::EVC0930, format!("table `{name}` is read, and nothing fills it"), help.to_owned()))
        }
        (false, false) => {
            let help = "list it under `tables` of the functions that use it, or name it in `outputs`";
            Some((Code::EVC0905, format!("no function and no API uses table `{name}`"), help.to_owned()))
        }
        (_, _) => None,
    }
}

fn outbox(model: &Model, id: Id<Outbox>) -> Unused {
    let outbox = &model.outboxes[id];
    if outbox.changes.is_some() || has(model, Thing::Outbox(id), |relation| *relation == Relation::WritesOutbox) {
        return None;
    }
    let message = format!("no function publishes through outbox `{}`", outbox.head.name);
    Some((Code::EVC0905, message, format!("say `outbox: {}` on the functions that do", outbox.head.name)))
}

fn queue(model: &Model, thing: Thing) -> Unused {
    let is_filled = has(model, thing, |relation| matches!(relation, Relation::Sends | Relation::Delivers));
    let is_worked_off = model.graph().from(thing).any(|edge| edge.relation == Relation::Feeds);
    let (what, help) = match (is_filled, is_worked_off) {
        (true, true) => return None,
        (false, true) => (
            "nothing sends to",
            "list it under `sends` of a function, make it the target of a rule, or name it in `outputs`",
        ),
        (true, false) => ("nothing works off", "say `to:` and a function, or name it in `outputs`"),
        (false, false) => ("nothing sends to or works off", "use it, or name it in `outputs`"),
    };
    Some((Code::EVC0905, format!("{what} queue `{}`", model.head(thing).name), help.to_owned()))
}

fn config(model: &Model, thing: Thing) -> Unused {
    if has(model, thing, |relation| matches!(relation, Relation::ReadsConfig | Relation::Refers)) {
        return None;
    }
    let name = &model.head(thing).name;
    let help = format!("say `config: {name}` on the functions that do, or name it in `outputs`");
    Some((Code::EVC0905, format!("no function reads configuration value `{name}`"), help))
}

fn secret(model: &Model, thing: Thing) -> Unused {
    if has(model, thing, |relation| matches!(relation, Relation::ReadsSecret | Relation::Refers)) {
        return None;
    }
    let name = &model.head(thing).name;
    let help = format!("say `secrets: {name}` on the functions that do, or name it in `outputs`");
    Some((Code::EVC0905, format!("no function reads secret `{name}`"), help))
}

fn bus(model: &Model, thing: Thing) -> Unused {
    if model.graph().to(thing).next().is_some() {
        return None;
    }
    let name = &model.head(thing).name;
    let help = format!("say `bus: {name}` on the events that do, or name it in `outputs`");
    Some((Code::EVC0905, format!("no event travels on bus `{name}`"), help))
}

fn cache(model: &Model, thing: Thing) -> Unused {
    if model.graph().to(thing).next().is_some() {
        return None;
    }
    let name = &model.head(thing).name;
    let help = format!("say `cache: {name}` on the functions and workflows that do");
    Some((Code::EVC0905, format!("nothing uses cache `{name}`"), help))
}

fn network(model: &Model, thing: Thing) -> Unused {
    if model.graph().to(thing).next().is_some() {
        return None;
    }
    let name = &model.head(thing).name;
    let help = format!("say `network: {name}` on the caches and functions that are");
    Some((Code::EVC0905, format!("nothing is in network `{name}`"), help))
}
