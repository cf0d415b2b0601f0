//! What carries a workflow, and over which transport.

use super::bus::bus_of;
use super::names::find_at;
use super::workflow::{Engine, Redis, Transport};
use super::{Cache, Destination, Function, Id, Model, Thing, Workflow};
use crate::diagnostics::{Code, Diagnostic, list};
use crate::source::{Span, Spanned};
use crate::spec::Sections;
use crate::spec::decode::Declared;
use crate::spec::workflow as spec;

/// The engine of a workflow, and where the spec says so. The bus of its transport is added to the model if it is the account's.
pub(super) fn engine(
    sections: &Sections,
    model: &mut Model,
    name: &str,
    item: &Declared<spec::Workflow>,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Engine, Span) {
    let span = item.engine.as_ref().map_or(item.name_span, |engine| engine.span);
    if item.engine.as_ref().map(|engine| engine.value) != Some(spec::Engine::Redis) {
        only_on_redis(name, item, diagnostics);
        return (Engine::StepFunctions, span);
    }
    let cache = cache(sections, name, item, span, diagnostics);
    let transport = transport(sections, model, name, item, diagnostics);
    let bus = item.bus.as_ref().map(|bus| bus.span);
    let transport_span = bus.or(item.transport.map(|transport| transport.span)).unwrap_or(item.name_span);
    (Engine::Redis(Redis { cache, transport, transport_span }), span)
}

/// The cache that a workflow names, or the only one there is.
fn cache(
    sections: &Sections,
    name: &str,
    item: &Declared<spec::Workflow>,
    engine: Span,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Spanned<Id<Cache>>> {
    if let Some(cache) = &item.cache {
        return find_at(sections, cache, diagnostics);
    }
    if !sections.caches.broken.is_empty() {
        return None;
    }
    let message = match sections.caches.items.len() {
        1 => return Some(Spanned::new(Id::new(0), engine)),
        0 => format!("workflow `{name}` has no cache to keep its state in"),
        _ => format!("workflow `{name}` does not say in which cache it keeps its state"),
    };
    let known: Vec<&str> = sections.caches.names().collect();
    let help = match known.as_slice() {
        [] => "declare one under `caches`: `state: {}` is ElastiCache Serverless, or take `engine: step-functions`"
            .to_owned(),
        known => format!("say `cache:` and one of {}", list(known)),
    };
    let diagnostic = Diagnostic::new(Code::EVC0520, engine, message).on(format!("workflows.{name}"));
    diagnostics.push(diagnostic.help(help));
    None
}

/// Reports the keys that say how a workflow runs on Redis, on one that does not.
fn only_on_redis(name: &str, item: &Declared<spec::Workflow>, diagnostics: &mut Vec<Diagnostic>) {
    let keys = [
        ("cache", item.cache.as_ref().map(|cache| cache.span)),
        ("transport", item.transport.as_ref().map(|transport| transport.span)),
        ("bus", item.bus.as_ref().map(|bus| bus.span)),
    ];
    for (key, span) in keys.into_iter().filter_map(|(key, span)| Some((key, span?))) {
        let message = format!("workflow `{name}` runs on Step Functions, and has no `{key}`");
        let diagnostic = Diagnostic::new(Code::EVC0521, span, message).on(format!("workflows.{name}"));
        diagnostics.push(diagnostic.help("take it out, or say `engine: redis`"));
    }
}

fn transport(
    sections: &Sections,
    model: &mut Model,
    name: &str,
    item: &Declared<spec::Workflow>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Transport {
    let item_path = format!("workflows.{name}");
    let Some(Spanned { span, .. }) = item.transport.filter(|transport| transport.value == spec::Transport::EventBridge)
    else {
        if let Some(bus) = &item.bus {
            let message = "a bus carries no work to functions that get it through their queues";
            let diagnostic = Diagnostic::new(Code::EVC0524, bus.span, message).on(item_path);
            diagnostics.push(diagnostic.help("say `transport: eventbridge`, or take it out"));
        }
        return Transport::Sqs;
    };
    if item.bus.is_none() && sections.buses.items.is_empty() {
        let message = format!("workflow `{name}` has no bus to send work over");
        let diagnostic = Diagnostic::new(Code::EVC0524, span, message).on(item_path);
        diagnostics.push(diagnostic.help(
            "declare a bus and name it in `bus:`; `bus: default` is the account's own, which other services use too",
        ));
        return Transport::Sqs;
    }
    let what = format!("workflow `{name}`");
    Transport::EventBridge(bus_of(sections, model, item.bus.as_ref(), span, &what, diagnostics))
}

impl Model {
    /// The workflows that run on Redis.
    pub fn on_redis(&self) -> impl Iterator<Item = (Id<Workflow>, &Workflow, &Redis)> {
        self.workflows.iter().filter_map(|(id, workflow)| Some((id, workflow, workflow.redis()?)))
    }
}

impl Model {
    /// How the work of workflows on Redis reaches functions; none if no workflow runs there. A check sees to it that all say the same.
    pub fn work_transport(&self) -> Option<Transport> {
        self.on_redis().map(|(.., redis)| redis.transport).next()
    }

    /// The functions that workflows on Redis call.
    pub fn workers(&self) -> impl Iterator<Item = (Id<Function>, &Function)> {
        self.functions.iter().filter(|(id, _)| self.works_on_redis(*id))
    }

    /// Whether a target is a workflow on Redis, which starts by a message to the engine.
    pub fn starts_on_redis(&self, to: Destination) -> bool {
        matches!(to, Destination::Workflow(id) if self.workflows[id].redis().is_some())
    }

    /// Whether a workflow on Redis calls a function.
    pub fn works_on_redis(&self, function: Id<Function>) -> bool {
        let calls = |thing| matches!(thing, Thing::Workflow(id) if self.workflows[id].redis().is_some());
        self.triggers(function).into_iter().any(calls)
    }

    /// The workflows on Redis that a function takes part in: those that call it, those whose waits it answers, and those it starts or asks about.
    pub fn redis_workflows(&self, function: Id<Function>) -> Vec<Id<Workflow>> {
        let carried = self.carried_workflows(function);
        let asks = |id: &Id<Workflow>| self.functions[function].describes.iter().any(|asked| asked.value == *id);
        self.on_redis().map(|(id, ..)| id).filter(|id| carried.contains(id) || asks(id)).collect()
    }

    /// Those of them whose work it hands on: all but those that it only asks about.
    pub fn carried_workflows(&self, function: Id<Function>) -> Vec<Id<Workflow>> {
        let triggers = self.triggers(function);
        let calls = |id: &Id<Workflow>| triggers.contains(&Thing::Workflow(*id));
        let Function { signals, starts, .. } = &self.functions[function];
        let says = |id: &Id<Workflow>| signals.iter().chain(starts).any(|said| said.value == *id);
        self.on_redis().map(|(id, ..)| id).filter(|id| calls(id) || says(id)).collect()
    }
}
