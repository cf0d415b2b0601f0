//! Spec to model: every name resolved, every default filled in.

use super::bus::bus;
use super::event::event;
use super::function::{brought, function};
use super::observability::observability;
use super::queue::queue;
use super::rule::rule;
use super::schedule::schedule;
use super::security::security;
use super::table::table;
use super::{Id, Model, api, cache, config, engine, network, outbox, outputs, resource, secret, settings, workflow};
use crate::diagnostics::Diagnostic;
use crate::source::{Span, Spanned};
use crate::spec::{File, Sections};
use crate::types::{Type, Types};

/// Resolves a spec whose imports are merged in. `None` if it names no service, which has been reported.
pub fn resolve(file: &File) -> (Option<Model>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let sections = &file.sections;
    let mut types = types(sections);
    diagnostics.extend(types.check());
    types.cut_endless(&diagnostics);
    types.unite();
    settings::check_names(sections, &mut diagnostics);

    let service = file.service.clone().unwrap_or_else(|| Spanned::new(String::new(), Span::default()));
    let (environments, durability) = (settings::environments(sections), settings::durability(sections));
    let mut model = Model::without_things(service, environments, types, observability(sections), durability);
    model.security = security(sections, &mut diagnostics);
    model.description = file.description.as_ref().map(|text| text.value.clone());
    let known = resource::Known::of(sections);
    let overrides = sections.overrides.iter();
    model.overrides = overrides.map(|(name, change)| (name.clone(), resource::change(&known, change))).collect();
    model.resources = sections.resources.iter().map(|(name, item)| resource::resource(&known, name, item)).collect();
    let conditions = sections.conditions.iter();
    model.conditions =
        conditions.map(|(name, item)| (Spanned::new(name.to_owned(), item.name_span), item.value.clone())).collect();
    model.tags = sections.tags.iter().map(|(key, value)| (key.value.clone(), value.value.clone())).collect();
    model.buses = sections.buses.iter().map(|(name, item)| bus(sections, name, item)).collect();
    model.tables = sections.tables.iter().map(|(name, item)| table(sections, name, item)).collect();
    for table in model.tables.values() {
        diagnostics.extend(model.types.check_type(&table.item));
    }
    let is_unread = |event: &crate::spec::event::Event| event.bus.as_ref().is_some_and(|bus| bus.is_empty());
    model.unread_events = !sections.events.broken.is_empty() || sections.events.iter().any(|(_, it)| is_unread(it));
    for (name, item) in sections.events.iter() {
        let event = event(sections, &mut model, name, item, &mut diagnostics);
        model.events.push(event);
    }
    let found = &mut diagnostics;
    model.outboxes = sections.outboxes.iter().map(|(name, item)| outbox::outbox(sections, name, item, found)).collect();
    model.config =
        sections.config.iter().map(|(name, item)| config::config(sections, &model, name, item, found)).collect();
    model.secrets = sections.secrets.iter().map(|(name, item)| secret::secret(&model, name, item, found)).collect();
    let (caches, networks) = (sections.caches.iter(), sections.networks.iter());
    model.networks = networks.map(|(name, item)| network::network(name, item, found)).collect();
    model.caches = caches.map(|(name, item)| cache::cache(sections, &model, name, item, found)).collect();
    let routed = api::routed(sections);
    let queues = sections.queues.iter();
    model.queues = queues.map(|(name, item)| queue(sections, &model, name, item, &routed, found)).collect();
    for (name, item) in sections.rules.iter() {
        let rule = rule(sections, &mut model, name, item, found);
        model.rules.push(rule);
    }
    model.match_forwarded();
    // What rules and queues bring is what a function takes, if it says nothing else: so they are known before.
    let mut brought = brought(&model);
    let functions = sections.functions.iter().enumerate().map(|(index, (name, item))| {
        let calls = (routed.contains(name), brought.swap_remove(&Id::new(index)));
        function(sections, &known, &model, name, item, calls, found)
    });
    model.functions = functions.collect();
    model.apis = api::apis(sections, &model, found);
    api::check_secrets(sections, &model, found);
    model.tokens = api::tokens(&model.types, &model.functions, &model.apis, found);
    model.schedules = sections.schedules.iter().map(|(name, item)| schedule(sections, name, item, found)).collect();
    let workflows = sections.workflows.iter();
    let engines: Vec<_> =
        workflows.map(|(name, item)| engine::engine(sections, &mut model, name, item, found)).collect();
    let workflows = sections.workflows.iter().zip(engines);
    model.workflows = workflows
        .map(|((name, item), engine)| workflow::resolve::workflow(sections, &model, name, item, engine, found))
        .collect();
    model.outputs =
        sections.outputs.iter().filter_map(|(name, item)| outputs::output(sections, name, item, found)).collect();
    (file.service.is_some().then_some(model), diagnostics)
}

/// The declared types. The uses of one that could not be read stay silent.
fn types(sections: &Sections) -> Types {
    let read = sections.types.items.iter().map(|(name, ty)| (name.clone(), ty.value.0.clone()));
    let broken = sections.types.broken.iter().map(|name| (name.clone(), Type::unread(Span::default())));
    Types { declared: read.chain(broken).collect() }
}
