//! Loops: an event that leads to itself, through rules, buses, functions, queues and workflows. Each round costs money.
//!
//! A loop of hops that nothing turns aside, as far as the spec says, is an error. One that a function may end, or a filter that some of
//! what is published passes, is a warning; and where a rule bounds a whole number, a note. Only what is published can match leads on.
//!
//! One loop is reported for each place that could break it, a rule's target or a queue's function: the shortest one through
//! there of those that are most certain. All loops of a dense system could not be listed.

pub(super) mod arrives;
mod hops;
pub(super) mod published;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Model, Thing};
use crate::source::Span;
use hops::{Hop, Hops, Node, Sure};

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let hops = Hops::of(model);
    let mut broken: BTreeSet<Span> = BTreeSet::new();
    let mut reported: BTreeSet<Vec<Thing>> = BTreeSet::new();
    for least in [Sure::Certain, Sure::Maybe, Sure::Bounded] {
        for cycle in loops(&hops, least, &broken) {
            let mut things: Vec<Thing> = cycle.iter().map(|hop| hops.thing(hop.from)).collect();
            things.sort_unstable();
            things.dedup();
            broken.extend(cycle.first().map(|hop| hop.span));
            if reported.insert(things) {
                diagnostics.push(report(model, &hops, &cycle, least));
            }
        }
    }
}

/// For each place that can break a loop of hops that are no less sure than `least`, and that is not `broken` yet, the shortest such loop,
/// which starts there.
fn loops<'h>(hops: &'h Hops, least: Sure, broken: &BTreeSet<Span>) -> Vec<Vec<&'h Hop>> {
    let edges = on_loops(hops.all.iter().filter(|hop| hop.sure <= least).collect());
    let mut from: BTreeMap<Node, Vec<&Hop>> = BTreeMap::new();
    for edge in &edges {
        from.entry(edge.from).or_default().push(edge);
    }
    let mut shortest_at: BTreeMap<Span, Vec<&Hop>> = BTreeMap::new();
    for edge in edges.iter().filter(|edge| Hops::can_break(edge) && !broken.contains(&edge.span)) {
        let Some(back) = shortest(&from, edge.to, edge.from) else { continue };
        let cycle: Vec<&Hop> = std::iter::once(*edge).chain(back).collect();
        let known = shortest_at.entry(edge.span).or_insert_with(|| cycle.clone());
        if cycle.len() < known.len() {
            *known = cycle;
        }
    }
    shortest_at.into_values().collect()
}

/// The edges that remain when those that nothing leads to, or that lead nowhere, are taken away until there are none.
fn on_loops(mut edges: Vec<&Hop>) -> Vec<&Hop> {
    loop {
        let starts: BTreeSet<Node> = edges.iter().map(|edge| edge.from).collect();
        let ends: BTreeSet<Node> = edges.iter().map(|edge| edge.to).collect();
        let before = edges.len();
        edges.retain(|edge| ends.contains(&edge.from) && starts.contains(&edge.to));
        if edges.len() == before {
            return edges;
        }
    }
}

/// The edges of the shortest way between two nodes; none if they are the same.
fn shortest<'e>(from: &BTreeMap<Node, Vec<&'e Hop>>, start: Node, end: Node) -> Option<Vec<&'e Hop>> {
    let mut arrived: BTreeMap<Node, &Hop> = BTreeMap::new();
    let mut work = VecDeque::from([start]);
    while let Some(node) = work.pop_front() {
        if node == end {
            let mut way = Vec::new();
            let mut at = end;
            while at != start {
                let edge = *arrived.get(&at)?;
                way.push(edge);
                at = edge.from;
            }
            way.reverse();
            return Some(way);
        }
        for edge in from.get(&node).into_iter().flatten() {
            if edge.to != start && !arrived.contains_key(&edge.to) {
                arrived.insert(edge.to, edge);
                work.push_back(edge.to);
            }
        }
    }
    None
}

fn report(model: &Model, hops: &Hops, cycle: &[&Hop], sure: Sure) -> Diagnostic {
    let nodes = cycle.iter().map(|hop| hop.from).chain(cycle.last().map(|hop| hop.to));
    let path: Vec<String> = nodes.map(|node| hops.describe(model, node)).collect();
    let allowed = cycle.iter().filter_map(|hop| hop.item).find(|item| allows(model, *item));
    // Somebody has said what ends it, if in the wrong place, which is told with the right one.
    let said = allowed.is_some() || cycle.iter().any(|hop| allows(model, hops.thing(hop.from)));
    let (code, how) = match sure {
        _ if said => (Code::EVC0903, ""),
        Sure::Maybe => (Code::EVC0903, ""),
        Sure::Certain => (Code::EVC0908, ", and nothing ends it"),
        Sure::Bounded => (Code::EVC0909, " until a rule's bound ends it"),
    };
    let start = path.first().map_or("", String::as_str);
    let leads = |hop: &Hop| format!("{} leads to {}", hops.describe(model, hop.from), hops.describe(model, hop.to));
    let place = cycle.first().map_or_else(Span::default, |hop| hop.span);
    let mut diagnostic = Diagnostic::new(code, place, format!("{start} leads back to itself{how}"));
    for (at, hop) in cycle.iter().enumerate() {
        diagnostic = if at == 0 { diagnostic.label(leads(hop)) } else { diagnostic.secondary(hop.span, leads(hop)) };
    }
    diagnostic = diagnostic.note(path.join(" → "));
    diagnostic = match sure {
        Sure::Bounded => {
            diagnostic.note("whether each round comes nearer to the bound is up to what publishes the event")
        }
        Sure::Maybe => {
            diagnostic.help("let one of these not follow on the other, or say under `allow` what ends the loop")
        }
        Sure::Certain => {
            let item = cycle.first().and_then(|hop| hop.item).map(|item| format!(" on `{}`", model.path(item)));
            diagnostic.help(format!(
                "let one of these not follow on the other; if the handler ends it, say so{}: `allow: {{ EVC0903: what ends it }}`",
                item.unwrap_or_default()
            ))
        }
    };
    let things = cycle.iter().map(|hop| hops.thing(hop.from));
    for misplaced in things.filter(|thing| allowed.is_none() && allows(model, *thing)) {
        let allows = &model.head(misplaced).allow.0;
        for allow in allows.iter().filter(|allow| allow.code == Code::EVC0903) {
            diagnostic = diagnostic.secondary(allow.span, "this allows nothing here");
        }
    }
    let item = allowed.or_else(|| cycle.first().and_then(|hop| hop.item));
    match item.filter(|_| code == Code::EVC0903) {
        Some(item) => diagnostic.on(model.path(item)),
        None => diagnostic,
    }
}

/// Whether a thing says that the loops through it end.
fn allows(model: &Model, item: Thing) -> bool {
    model.head(item).allow.0.iter().any(|allow| allow.code == Code::EVC0903)
}
