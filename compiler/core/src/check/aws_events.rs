//! Events of AWS and its partners: on the bus that they are published on, or brought to another, and from a service that there is.

use crate::diagnostics::{Code, Diagnostic, list};
use crate::model::aws::{PARTNER_PREFIX, PREFIX, is_source, near_miss};
use crate::model::{Bus, Destination, Event, Forward, Id, Model, Redis, Rule, Transport};
use crate::pattern::{self, Constraint, MatchKind, Pattern};
use crate::source::{Span, Spanned};
use crate::spec::bus::BusKind;
use crate::spec::given::Given;
use crate::yaml::{Node, NodeKind};

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let forwards = model.forwards();
    for (id, event) in model.events.iter().filter(|(_, event)| is_source(&event.source)) {
        diagnostics.extend(unknown(&event.source, event.source.span));
        diagnostics.extend(elsewhere(model, id, event, &forwards));
        diagnostics.extend(untrue(model, event));
    }
    diagnostics.extend(of_partners(model));
    diagnostics.extend(untold_by_buckets(model));
    for rule in model.rules.values() {
        diagnostics.extend(never_said(model, rule));
        let Some(written) = &rule.written_pattern else { continue };
        let mut seen: Vec<Span> = Vec::new();
        for way in pattern::ways(written) {
            for text in way.texts("source").unwrap_or_default() {
                if !seen.contains(&text.span) {
                    seen.push(text.span);
                    diagnostics.extend(unknown(text.value, text.span));
                }
            }
        }
    }
}

/// An event that AWS does not tell, or not so.
fn untrue(model: &Model, event: &Event) -> Option<Diagnostic> {
    let (name, detail_type) = (&event.head.name, &event.detail_type.value);
    if let Some(service) = event.told_by() {
        let message = format!("`{}` never says `{detail_type}`, which `{service}` does", event.source.value);
        let diagnostic = Diagnostic::new(Code::EVC0928, event.source.span, message).on(format!("events.{name}"));
        return Some(diagnostic.note("no such event ever comes").replace(
            format!("replace with `{service}`"),
            event.source.span,
            service,
        ));
    }
    let why = event.untold(&model.types)?;
    let message = format!("the details of event `{name}` are not those of `{detail_type}`");
    let diagnostic = Diagnostic::new(Code::EVC0928, event.detail.span, message).label(why);
    Some(diagnostic.on(format!("events.{name}")).note("a handler refuses each of these events"))
}

/// Values that a rule asks for and that AWS never says in that field.
fn never_said(model: &Model, rule: &Rule) -> Vec<Diagnostic> {
    let Some(Pattern { root, .. }) = &rule.detail_pattern else { return Vec::new() };
    let mut found = Vec::new();
    for field in &root.fields {
        let told = |event: &Spanned<Id<Event>>| {
            let event = &model.events[event.value];
            // What the spec declares as an enumeration is held against that.
            is_source(&event.source).then(|| event.values_told(&field.name.value)).flatten()
        };
        let Some(values) = rule.events.iter().map(told).collect::<Option<Vec<_>>>() else { continue };
        let (Some(first), Constraint::AnyOf(matches)) = (values.first(), &field.constraint) else { continue };
        for one in matches {
            let MatchKind::Text(text) = &one.kind else { continue };
            if values.iter().any(|values| values.contains(&text.as_str())) {
                continue;
            }
            let message = format!("AWS never says `{text}` in `{}`", field.name.value);
            let diagnostic = Diagnostic::new(Code::EVC0928, one.span, message).on(format!("rules.{}", rule.head.name));
            let diagnostic = diagnostic.suggest(text, first.iter().copied());
            found.push(if diagnostic.help.is_empty() {
                diagnostic.help(format!("the values are {}", list(first)))
            } else {
                diagnostic
            });
        }
    }
    found
}

/// Rules for events of S3, where no bucket of the spec tells EventBridge anything. The bucket may be another.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-event-notifications-eventbridge.html>
fn untold_by_buckets(model: &Model) -> Option<Diagnostic> {
    let buckets = || model.resources.values().filter(|it| it.type_.value == "AWS::S3::Bucket");
    let tells = |bucket: &crate::model::Resource| {
        let properties = bucket.attributes.properties.as_ref();
        properties.is_some_and(|properties| mentions(&properties.value.0, "EventBridgeConfiguration"))
    };
    let bucket = buckets().next().filter(|_| !buckets().any(tells))?;
    let is_told = |id: Id<Event>| {
        model.events[id].source.value == "aws.s3" && model.events[id].detail_type.value.starts_with("Object ")
    };
    let rule = model.rules.values().find(|rule| rule.events.iter().any(|event| is_told(event.value)))?;
    let message =
        format!("rule `{}` waits for events of S3, and no bucket of the spec tells EventBridge of any", rule.head.name);
    Some(
        Diagnostic::new(Code::EVC0929, rule.head.name_span, message)
            .on(format!("rules.{}", rule.head.name))
            .secondary(bucket.head.name_span, "this bucket, for one")
            .help("`NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } }` on the bucket, unless it is another"),
    )
}

fn mentions(node: &Node, key: &str) -> bool {
    match &node.kind {
        NodeKind::Mapping(mapping) => {
            mapping.entries.iter().any(|entry| entry.key.text == key || mentions(&entry.value, key))
        }
        NodeKind::Sequence(items) => items.iter().any(|item| mentions(item, key)),
        NodeKind::Scalar(_) | NodeKind::Null | NodeKind::Error => false,
    }
}

/// What is on the bus of a partner beside the partner's events: nothing can be. All have the name of the bus as their source, and what puts
/// them there takes no others.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-saas.html>,
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPartnerEvents.html>
fn of_partners(model: &Model) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let partner = |id: Id<Bus>| name_of(&model.buses[id]).map(own_name).filter(|it| it.starts_with(PARTNER_PREFIX));
    let report = |at: Span, message: String, bus: Id<Bus>| {
        let place = model.buses[bus].head.name_span;
        Diagnostic::new(Code::EVC0927, at, message).secondary(place, "this is the bus of a partner of AWS")
    };
    for event in model.events.values().filter(|event| !is_source(&event.source)) {
        let Some(source) = partner(event.bus) else { continue };
        let (name, bus) = (&event.head.name, &model.buses[event.bus].head.name);
        let message = format!("event `{name}` never comes on bus `{bus}`: its source is not the partner's");
        let diagnostic = report(event.source.span, message, event.bus).note(
            "nobody but the partner can put events there, and all of them have the name of the bus as their source",
        );
        found.push(diagnostic.replace(format!("replace with `{source}`"), event.source.span, source.to_owned()));
    }
    for rule in model.rules.values() {
        for target in &rule.targets {
            let Destination::Bus(to) = target.to else { continue };
            if partner(to).is_some() {
                let (name, bus) = (&rule.head.name, &model.buses[to].head.name);
                let message = format!("rule `{name}` cannot bring events to bus `{bus}`");
                found.push(report(target.span, message, to).note("nobody but the partner can put events there"));
            }
        }
    }
    for workflow in model.workflows.values() {
        let Some(Redis { transport: Transport::EventBridge(bus), transport_span, .. }) = workflow.redis() else {
            continue;
        };
        if partner(*bus).is_some() {
            let message = format!(
                "workflow `{}` cannot send its work over bus `{}`",
                workflow.head.name, model.buses[*bus].head.name
            );
            found.push(report(*transport_span, message, *bus).note("nobody but the partner can put events there"));
        }
    }
    found
}

/// A source that is nearly one of AWS.
fn unknown(source: &str, at: Span) -> Option<Diagnostic> {
    let near = near_miss(source)?;
    let message = format!("`{source}` is no source of AWS that evc knows");
    let meant = format!("{PREFIX}{near}");
    Some(Diagnostic::new(Code::EVC0314, at, message).help(format!("did you mean `{meant}`?")).replace(
        format!("replace with `{meant}`"),
        at,
        meant,
    ))
}

/// An event that is published on another bus than the one that it is said to travel on, and that nothing brings there.
fn elsewhere(model: &Model, id: Id<Event>, event: &Event, forwards: &[Forward]) -> Option<Diagnostic> {
    let bus = &model.buses[event.bus];
    let is_brought = |forward: &Forward| forward.arrives == id && forward.to == event.bus;
    // One that nothing publishes has been reported, and so has one that something of the spec does.
    if !event.published_outside || event.forwarded_outside || forwards.iter().any(is_brought) {
        return None;
    }
    let name = &event.head.name;
    let partner = event.source.starts_with(PARTNER_PREFIX);
    let (where_, help) = match (partner, bus.kind) {
        (false, BusKind::Default) => return None,
        (false, BusKind::Custom) => (
            "services of AWS publish on the account's default bus",
            format!("say `bus: default`, or let a rule of the default bus bring it to bus `{}`", bus.head.name),
        ),
        // Whoever made an imported bus may let a rule bring events there; a partner's has the partner's alone.
        (false, BusKind::Imported) if is_of_a_partner(bus) => (
            "on the bus of a partner only events of that partner are published",
            "say `bus: default`, where services of AWS publish".to_owned(),
        ),
        (true, BusKind::Default | BusKind::Custom) => (
            "a partner publishes on a bus of its own, named like its source",
            format!("declare that bus, `{{ kind: imported, name: {} }}`, and say so under `bus`", event.source.value),
        ),
        (true, BusKind::Imported) if is_of_a_partner(bus) && !is_named(bus, &event.source) => (
            "a partner publishes on a bus of its own, named like its source",
            format!("let the source be that of the bus: `{}`", name_of(bus).unwrap_or_default()),
        ),
        (_, BusKind::Imported) => return None,
    };
    let message = format!("event `{name}` does not arrive on bus `{}`", bus.head.name);
    Some(
        Diagnostic::new(Code::EVC0910, event.source.span, message)
            .on(format!("events.{name}"))
            .secondary(bus.head.name_span, format!("it is said to travel on bus `{}`", bus.head.name))
            .note(where_)
            .help(help)
            .help("if a rule outside this spec brings it, of this account or another, say `publisher: forwarded`"),
    )
}

fn is_of_a_partner(bus: &Bus) -> bool {
    name_of(bus).is_some_and(|name| own_name(name).starts_with(PARTNER_PREFIX))
}

fn is_named(bus: &Bus, source: &str) -> bool {
    name_of(bus).is_some_and(|name| own_name(name) == source)
}

/// The name of an imported bus, if the spec says it.
fn name_of(bus: &Bus) -> Option<&str> {
    bus.imported_name.as_deref().and_then(Given::here).map(String::as_str)
}

/// The name of a bus that may be named by its ARN.
fn own_name(name: &str) -> &str {
    name.split_once(":event-bus/").map_or(name, |(_, name)| name)
}
