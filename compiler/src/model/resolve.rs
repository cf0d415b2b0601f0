//! Spec to model: every name resolved, every default filled in.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::names::{find, find_all, head};
use super::settings::{self, check_names, enabled, environments, of_function, of_tables, setting, variables};
use super::{
    Bus, BusinessError, CircuitBreaker, Destination, Event, EventLog, Function, Id, Index, Input, Model, Observability,
    Queue, Rule, Schedule, Table, TableUse, Target, When, api, cache_resolve, engine, network_resolve, outbox, outputs,
    patterns, workflow_resolve,
};
use crate::diagnostics::{Code, Diagnostic};
use crate::expr::Template;
use crate::source::{Span, Spanned};
use crate::spec::bus::BusKind;
use crate::spec::function::Idempotency;
use crate::spec::observability::LogLevel;
use crate::spec::scalar::{Duration, Name};
use crate::spec::table::Removal;
use crate::spec::target::TargetKind;
use crate::spec::{File, Sections, function, table};
use crate::types::{Type, Types};

/// Resolves a spec whose imports are merged in. `None` if it names no service, which has been reported.
pub fn resolve(file: &File) -> (Option<Model>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let sections = &file.sections;
    let types = types(sections);
    diagnostics.extend(types.check());
    check_names(sections, &mut diagnostics);

    let mut model = Model {
        service: file.service.clone().unwrap_or_else(|| Spanned::new(String::new(), Span::default())),
        description: file.description.as_ref().map(|text| text.value.clone()),
        environments: environments(sections),
        types,
        buses: sections.buses.iter().map(|(name, item)| bus(sections, name, item)).collect(),
        events: super::Arena::default(),
        tables: sections.tables.iter().map(|(name, item)| table(sections, name, item)).collect(),
        outboxes: super::Arena::default(),
        functions: super::Arena::default(),
        caches: super::Arena::default(),
        networks: super::Arena::default(),
        apis: super::Arena::default(),
        rules: super::Arena::default(),
        queues: super::Arena::default(),
        schedules: super::Arena::default(),
        workflows: super::Arena::default(),
        observability: observability(sections),
        outputs: Vec::new(),
        overrides: sections.overrides.clone(),
        tags: sections.tags.iter().map(|(key, value)| (key.value.clone(), value.value.clone())).collect(),
    };
    for table in model.tables.values() {
        diagnostics.extend(model.types.check_type(&table.item));
    }
    for (name, item) in sections.events.iter() {
        let event = event(sections, &mut model, name, item, &mut diagnostics);
        model.events.push(event);
    }
    let found = &mut diagnostics;
    model.outboxes = sections.outboxes.iter().map(|(name, item)| outbox::outbox(sections, name, item, found)).collect();
    outbox::add_streams(&mut model);
    let (caches, networks) = (sections.caches.iter(), sections.networks.iter());
    model.networks = networks.map(|(name, item)| network_resolve::network(name, item, found)).collect();
    model.caches = caches.map(|(name, item)| cache_resolve::cache(sections, name, item, found)).collect();
    let routed = api::routed(sections);
    model.functions = sections
        .functions
        .iter()
        .map(|(name, item)| function(sections, &model, name, item, routed.contains(name), found))
        .collect();
    model.apis = api::apis(sections, &model, found);
    model.derive_statuses();
    model.queues = sections.queues.iter().map(|(name, item)| queue(sections, &model, name, item, found)).collect();
    for (name, item) in sections.rules.iter() {
        let rule = rule(sections, &mut model, name, item, found);
        model.rules.push(rule);
    }
    model.schedules = sections.schedules.iter().map(|(name, item)| schedule(sections, name, item, found)).collect();
    derive_inputs(&mut model);
    let workflows = sections.workflows.iter();
    let engines: Vec<_> =
        workflows.map(|(name, item)| engine::engine(sections, &mut model, name, item, found)).collect();
    let workflows = sections.workflows.iter().zip(engines);
    model.workflows = workflows
        .map(|((name, item), engine)| workflow_resolve::workflow(sections, &model, name, item, engine, found))
        .collect();
    model.derive_triggers();
    model.outputs =
        sections.outputs.iter().filter_map(|(name, item)| outputs::output(sections, name, item, found)).collect();
    (file.service.is_some().then_some(model), diagnostics)
}

/// The declared types. One that could not be read counts as `any`, so that its uses stay silent.
fn types(sections: &Sections) -> Types {
    let read = sections.types.items.iter().map(|(name, ty)| (name.clone(), ty.value.0.clone()));
    let broken = sections.types.broken.iter().map(|name| (name.clone(), Type::any(Span::default())));
    Types { declared: read.chain(broken).collect() }
}

fn bus(sections: &Sections, name: &str, item: &crate::spec::Declared<crate::spec::bus::Bus>) -> Bus {
    let log = item.log.as_ref().map(|log| EventLog {
        retention: match &log.retention {
            Some(retention) => setting(sections, retention.value, |_| None),
            None => settings::log_retention(sections),
        },
        span: log.retention.as_ref().map_or(item.name_span, |retention| retention.span),
    });
    Bus {
        head: head(name, item, item.description.as_ref(), &item.allow),
        kind: item.kind,
        imported_name: item.name.as_ref().map(|name| name.value.clone()),
        archive: item.archive.as_ref().map(|archive| archive.retention),
        log,
    }
}

/// The bus that `name` names, or that a thing without one travels on: the only declared bus, or the account's default one.
pub(super) fn bus_of(
    sections: &Sections,
    model: &mut Model,
    name: Option<&Name>,
    at: Span,
    what: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Id<Bus> {
    let named = match name {
        Some(name) if name.as_str() == "default" && !sections.buses.declares("default") => None,
        Some(name) => find(&sections.buses, "bus", name, diagnostics),
        None => match sections.buses.items.len() {
            0 => None,
            1 => Some(Id::new(0)),
            _ => {
                let known: Vec<&str> = sections.buses.names().collect();
                diagnostics.push(
                    Diagnostic::new(
                        Code::EVC0104,
                        at,
                        format!("{what} needs the key `bus`, for there are several buses"),
                    )
                    .help(format!("say `bus:` and one of {}", crate::diagnostics::list(&known))),
                );
                Some(Id::new(0))
            }
        },
    };
    named.unwrap_or_else(|| default_bus(model, at))
}

/// The account's default bus; added to the model when something first travels on it.
fn default_bus(model: &mut Model, at: Span) -> Id<Bus> {
    if let Some((id, _)) = model.buses.iter().find(|(_, bus)| bus.kind == BusKind::Default) {
        return id;
    }
    let head = super::Head {
        name: "default".to_owned(),
        name_span: at,
        span: at,
        description: None,
        allow: crate::spec::allow::Allows::default(),
    };
    model.buses.push(Bus { head, kind: BusKind::Default, imported_name: None, archive: None, log: None })
}

fn event(
    sections: &Sections,
    model: &mut Model,
    name: &str,
    item: &crate::spec::Declared<crate::spec::event::Event>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Event {
    let bus = bus_of(sections, model, item.bus.as_ref(), item.name_span, &format!("event `{name}`"), diagnostics);
    diagnostics.extend(model.types.check_type(&item.detail.0));
    Event {
        head: head(name, item, item.description.as_ref(), &item.allow),
        source: item.source.clone(),
        detail_type: item.detail_type.clone(),
        detail: item.detail.0.clone(),
        bus,
        published_outside: item.publisher.is_some(),
        consumed_outside: item.consumer.is_some(),
    }
}

fn table(sections: &Sections, name: &str, item: &crate::spec::Declared<table::Table>) -> Table {
    let indexes = item.indexes.iter().map(|(name, index)| Index {
        name: name.to_owned(),
        name_span: index.name_span,
        key: index.key.value.clone(),
        projection: index.projection.clone(),
    });
    let removal = item.removal.unwrap_or(Removal::Retain);
    let protection = item.deletion_protection.unwrap_or(false);
    let recovery = item.point_in_time_recovery.unwrap_or(true);
    Table {
        head: head(name, item, item.description.as_ref(), &item.allow),
        item: item.item.0.clone(),
        key: item.key.value.clone(),
        key_span: item.key.span,
        indexes: indexes.collect(),
        ttl: item.ttl.clone(),
        version: item.version.clone(),
        stream: item.stream,
        billing: item.billing.clone(),
        encryption: item.encryption,
        removal: of_tables(sections, removal, |tables| tables.removal),
        deletion_protection: of_tables(sections, protection, |tables| tables.deletion_protection),
        point_in_time_recovery: of_tables(sections, recovery, |tables| tables.point_in_time_recovery),
    }
}

fn function(
    sections: &Sections,
    model: &Model,
    name: &str,
    item: &crate::spec::Declared<function::Function>,
    routed: bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> Function {
    for ty in [&item.input, &item.output].into_iter().flatten() {
        diagnostics.extend(model.types.check_type(&ty.0));
    }
    let tables = item.tables.iter().filter_map(|(name, operations)| {
        let table = find(&sections.tables, "table", name, diagnostics)?;
        let mut operations: Vec<_> = operations.iter().flat_map(|operation| operation.expand()).copied().collect();
        operations.sort_unstable();
        operations.dedup();
        Some(TableUse { table, operations, span: name.span })
    });
    let tables = tables.collect();
    let outbox = item
        .outbox
        .as_ref()
        .and_then(|name| Some(Spanned::new(find(&sections.outboxes, "outbox", name, diagnostics)?, name.span)));
    let listed: Vec<Spanned<Id<Event>>> = find_all(&sections.events, "event", &item.publishes, diagnostics);
    let carried = outbox.as_ref().map(|outbox| &model.outboxes[outbox.value].publishes);
    let (outbox_events, publishes) = match carried {
        Some(carried) if listed.is_empty() => (carried.clone(), Vec::new()),
        Some(carried) => listed.into_iter().partition(|event| carried.iter().any(|other| other.value == event.value)),
        None => (Vec::new(), listed),
    };
    let timeout = item.timeout.as_ref().map_or(default_timeout(routed), |timeout| timeout.value);
    let memory = item.memory.as_ref().map_or(256, |memory| memory.value);
    Function {
        head: head(name, item, item.description.as_ref(), &item.allow),
        input: item.input.as_ref().map_or(Input::Nothing, |input| Input::Value(input.0.clone())),
        output: item.output.as_ref().map(|output| output.0.clone()),
        errors: item.errors.0.iter().map(business_error).collect(),
        status: api::OK,
        tables,
        outbox,
        outbox_events,
        publishes,
        sends: find_all(&sections.queues, "queue", &item.sends, diagnostics),
        signals: find_all(&sections.workflows, "workflow", &item.signals, diagnostics),
        cache: item
            .cache
            .as_ref()
            .and_then(|name| Some(Spanned::new(find(&sections.caches, "cache", name, diagnostics)?, name.span))),
        circuit_breaker: item.circuit_breaker.as_ref().map(|breaker| {
            let (failures, window, open) = (breaker.failures.value, breaker.window.value, breaker.open.value);
            Spanned::new(CircuitBreaker { failures, window, open }, breaker.span)
        }),
        environment: variables(sections, name, &item.environment),
        timeout: of_function(sections, name, timeout, |function| {
            function.timeout.as_ref().map(|timeout| timeout.value)
        }),
        timeout_span: item.timeout.as_ref().map_or(item.name_span, |timeout| timeout.span),
        memory: of_function(sections, name, memory, |function| function.memory.as_ref().map(|memory| memory.value)),
        concurrency: item.concurrency.as_ref().map(|concurrency| concurrency.value),
        idempotent: match item.idempotent.as_ref().map(|idempotent| &idempotent.value) {
            None | Some(Idempotency::Off) => None,
            Some(Idempotency::On { retention }) => {
                Some(retention.as_ref().map_or(Duration::days(1), |time| time.value))
            }
        },
        idempotent_span: item.idempotent.as_ref().map_or(item.name_span, |idempotent| idempotent.span),
        triggers: Vec::new(),
    }
}

/// An error with the status that callers of an API get: 422 where the spec does not say.
fn business_error((name, status): &(Name, Option<Spanned<u64>>)) -> BusinessError {
    let status = status.as_ref().and_then(|status| u16::try_from(status.value).ok()).unwrap_or(422);
    BusinessError { name: name.clone(), status }
}

/// How long an invocation may take when the spec does not say. Behind an HTTP API, which waits 30 seconds, and a REST API, which
/// waits 29, a function ends before its caller is gone
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>,
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>).
fn default_timeout(behind_api: bool) -> Duration {
    Duration::seconds(if behind_api { 29 } else { 30 })
}

fn queue(
    sections: &Sections,
    model: &Model,
    name: &str,
    item: &crate::spec::Declared<crate::spec::queue::Queue>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Queue {
    if let Some(message) = &item.message {
        diagnostics.extend(model.types.check_type(&message.0));
    }
    let to: Option<Spanned<Id<Function>>> = item
        .to
        .as_ref()
        .and_then(|name| Some(Spanned::new(find(&sections.functions, "function", name, diagnostics)?, name.span)));
    let window = item.batch_window.as_ref().map_or(Duration::seconds(0), |window| window.value);
    // Without a function there is nothing to derive from; 30 seconds is what SQS has.
    let derived = match &to {
        Some(function) => model.functions[function.value].timeout.map(|timeout| least_visibility(*timeout, window)),
        None => setting(sections, Duration::seconds(30), |_| None),
    };
    Queue {
        head: head(name, item, item.description.as_ref(), &item.allow),
        message: item.message.as_ref().map(|message| message.0.clone()),
        group: item.fifo.as_ref().map(|fifo| fifo.group.clone()),
        to,
        batch_size: item.batch_size.as_ref().map_or(10, |size| size.value),
        batch_window: window,
        visibility: match &item.visibility {
            Some(visibility) => setting(sections, visibility.value, |_| None),
            None => derived,
        },
        visibility_span: item.visibility.as_ref().map(|visibility| visibility.span),
        receives: item.receives.as_ref().map_or(5, |receives| receives.value),
        receives_span: item.receives.as_ref().map(|receives| receives.span),
        retention: item.retention.as_ref().map_or(Duration::days(4), |retention| retention.value),
        concurrency: item.concurrency.as_ref().map(|concurrency| concurrency.value),
    }
}

/// The least visibility timeout that AWS recommends for a queue that a function works off: six times the function's timeout,
/// and the batch window (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>).
pub fn least_visibility(timeout: Duration, window: Duration) -> Duration {
    Duration::seconds(timeout.seconds * 6 + window.seconds)
}

fn rule(
    sections: &Sections,
    model: &mut Model,
    name: &str,
    item: &crate::spec::Declared<crate::spec::rule::Rule>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Rule {
    let names: Vec<Name> = item.event.iter().chain(&item.events).cloned().collect();
    let events: Vec<Spanned<Id<Event>>> = find_all(&sections.events, "event", &names, diagnostics);
    let bus = match (&item.bus, events.first()) {
        (None, Some(event)) => model.events[event.value].bus,
        // What it should read is missing or unknown, which is reported: any bus will do.
        (None, None) if item.pattern.is_none() => match model.buses.ids().next() {
            Some(bus) => bus,
            None => default_bus(model, item.name_span),
        },
        (bus, _) => bus_of(sections, model, bus.as_ref(), item.name_span, &format!("rule `{name}`"), diagnostics),
    };
    for event in &events {
        let travels_on = model.events[event.value].bus;
        if travels_on != bus {
            let (event_name, bus_name) = (&model.events[event.value].head.name, &model.buses[bus].head.name);
            diagnostics.push(
                Diagnostic::new(
                    Code::EVC0109,
                    event.span,
                    format!("event `{event_name}` does not travel on bus `{bus_name}`"),
                )
                .label(format!("it travels on bus `{}`", model.buses[travels_on].head.name))
                .help("make one rule for each bus"),
            );
        }
    }
    let targets = item.to.iter().filter_map(|target| target_of(sections, target, diagnostics)).collect();
    let patterns = patterns::of_rule(model, bus, &events, item, diagnostics);
    Rule {
        head: head(name, item, item.description.as_ref(), &item.allow),
        bus,
        events: patterns.events,
        pattern: patterns.whole,
        detail_pattern: patterns.detail,
        written_pattern: patterns.written,
        targets,
        enabled: enabled(sections, name, item.enabled, |environment| &environment.rules),
    }
}

/// How often `EventBridge` tries to deliver, and for how long, when nothing else is said: as AWS does by default, written out
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html>).
const DELIVERY: (u64, Duration) = (185, Duration::days(1));

fn target_of(
    sections: &Sections,
    target: &Spanned<crate::spec::target::Target>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Target> {
    let name = &target.name;
    let to = match target.kind {
        TargetKind::Function => Destination::Function(find(&sections.functions, "function", name, diagnostics)?),
        TargetKind::Workflow => Destination::Workflow(find(&sections.workflows, "workflow", name, diagnostics)?),
        TargetKind::Queue => Destination::Queue(find(&sections.queues, "queue", name, diagnostics)?),
        TargetKind::Bus => Destination::Bus(find(&sections.buses, "bus", name, diagnostics)?),
    };
    let retry = target.retry.as_ref();
    Some(Target {
        to,
        attempts: retry.and_then(|retry| retry.attempts.as_ref()).map_or(DELIVERY.0, |attempts| attempts.value),
        max_age: retry.and_then(|retry| retry.max_age.as_ref()).map_or(DELIVERY.1, |age| age.value),
        input: target.input.as_ref().and_then(|input| Template::decode(&input.0, &BTreeSet::new(), diagnostics)),
        span: name.span,
    })
}

fn schedule(
    sections: &Sections,
    name: &str,
    item: &crate::spec::Declared<crate::spec::schedule::Schedule>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Schedule {
    if !matches!(item.to.kind, TargetKind::Function | TargetKind::Workflow) {
        let message = format!("a schedule starts a function or a workflow, not a {}", item.to.kind.key());
        diagnostics.push(Diagnostic::new(Code::EVC0105, item.to.span, message));
    }
    if let Some(input) = &item.to.input {
        let message = "a schedule has no event to make an input of";
        let diagnostic = Diagnostic::new(Code::EVC0105, input.span, message);
        diagnostics.push(diagnostic.help("write `input` beside `to`: it is what the schedule brings"));
    }
    let zone = item.timezone.as_ref().map_or("UTC", |zone| zone.as_str());
    Schedule {
        head: head(name, item, item.description.as_ref(), &item.allow),
        when: match (&item.every, &item.cron) {
            (_, Some(cron)) => When::Cron(cron.value.clone(), zone.to_owned()),
            (Some(every), None) => When::Every(every.value),
            (None, None) => When::Every(Duration::days(1)),
        },
        target: target_of(sections, &item.to, diagnostics),
        input: item.input.clone(),
        enabled: enabled(sections, name, item.enabled, |environment| &environment.schedules),
    }
}

fn observability(sections: &Sections) -> Observability {
    let spec = &sections.observability;
    let period = spec.dashboard.period.as_ref().map_or(Duration::seconds(300), |period| period.value);
    Observability {
        log_retention: settings::log_retention(sections),
        log_level: spec.logs.level.unwrap_or(LogLevel::Info),
        log_payloads: spec.logs.payloads.unwrap_or(false),
        tracing: spec.tracing.unwrap_or(true),
        dashboard: spec.dashboard.enabled.unwrap_or(true).then_some(period),
        alarms: spec.alarms.enabled.unwrap_or(true),
        alarm_actions: setting(sections, true, |environment| environment.alarms.as_ref().map(|on| on.value)),
        notify: spec.alarms.notify.clone(),
    }
}

/// A function without an `input` takes the events that rules, or queues that rules send to, bring it.
fn derive_inputs(model: &mut Model) {
    let mut brought: IndexMap<Id<Function>, Vec<Id<Event>>> = IndexMap::new();
    for rule in model.rules.values() {
        for target in rule.targets.iter().filter(|target| target.input.is_none()) {
            let function = match target.to {
                Destination::Function(function) => Some(function),
                Destination::Queue(queue) => model.queues[queue].to.as_ref().map(|to| to.value),
                _ => None,
            };
            if let Some(function) = function {
                brought.entry(function).or_default().extend(rule.events.iter().map(|event| event.value));
            }
        }
    }
    for (function, mut events) in brought {
        events.sort_unstable();
        events.dedup();
        if matches!(model.functions[function].input, Input::Nothing) && !events.is_empty() {
            model.functions[function].input = Input::Events(events);
        }
    }
    let from_queues: Vec<_> =
        model.queues.values().filter_map(|queue| Some((queue.to.as_ref()?.value, queue.message.clone()?))).collect();
    for (function, message) in from_queues {
        if matches!(model.functions[function].input, Input::Nothing) {
            model.functions[function].input = Input::Value(message);
        }
    }
}
