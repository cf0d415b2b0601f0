//! Loops: an event that leads to itself, through rules, functions, queues and workflows. Each round costs money, and nothing
//! ends it.
//!
//! One loop is reported for each place that could break it, a rule's target or a queue's function: the shortest one through
//! there. All loops of a dense system could not be listed. Whether a rule's pattern can match what its publisher makes is
//! not looked at.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Flow, Model, Thing};

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let edges = on_loops(model.flow());
    let mut from: BTreeMap<Thing, Vec<&Flow>> = BTreeMap::new();
    for edge in &edges {
        from.entry(edge.from).or_default().push(edge);
    }
    let mut breakable: Vec<&Flow> = edges.iter().filter(|edge| can_break(edge)).collect();
    breakable.sort_by_key(|edge| edge.span);
    let mut reported: BTreeSet<Vec<Thing>> = BTreeSet::new();
    for edge in breakable {
        let Some(back) = shortest(&from, edge.to, edge.from) else { continue };
        let mut nodes: Vec<Thing> = back.iter().map(|hop| hop.from).chain([edge.from]).collect();
        nodes.sort_unstable();
        if reported.insert(nodes) {
            diagnostics.push(report(model, edge, &back));
        }
    }
}

/// Where the spec can be changed to break a loop.
fn can_break(edge: &Flow) -> bool {
    matches!(edge.from, Thing::Event(_) | Thing::Queue(_))
}

/// The edges that remain when those that nothing leads to, or that lead nowhere, are taken away until there are none.
fn on_loops(mut edges: Vec<Flow>) -> Vec<Flow> {
    loop {
        let starts: BTreeSet<Thing> = edges.iter().map(|edge| edge.from).collect();
        let ends: BTreeSet<Thing> = edges.iter().map(|edge| edge.to).collect();
        let before = edges.len();
        edges.retain(|edge| ends.contains(&edge.from) && starts.contains(&edge.to));
        if edges.len() == before {
            return edges;
        }
    }
}

/// The edges of the shortest way between two nodes; none if they are the same.
fn shortest<'e>(from: &BTreeMap<Thing, Vec<&'e Flow>>, start: Thing, end: Thing) -> Option<Vec<&'e Flow>> {
    let mut arrived: BTreeMap<Thing, &Flow> = BTreeMap::new();
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

fn report(model: &Model, edge: &Flow, back: &[&Flow]) -> Diagnostic {
    let path: Vec<String> = [edge.from, edge.to]
        .into_iter()
        .chain(back.iter().map(|hop| hop.to))
        .map(|node| model.describe(node))
        .collect();
    let message = format!("{} leads back to itself", model.describe(edge.from));
    let mut diagnostic = Diagnostic::new(Code::EVC0903, edge.span, message).label(leads(model, edge));
    for hop in back {
        diagnostic = diagnostic.secondary(hop.span, leads(model, hop));
    }
    diagnostic = diagnostic
        .note(path.join(" → "))
        .help("let one of these not follow on the other, or say under `allow` what ends the loop");
    match item(model, edge) {
        Some(item) => diagnostic.on(item),
        None => diagnostic,
    }
}

fn leads(model: &Model, edge: &Flow) -> String {
    format!("{} leads to {}", model.describe(edge.from), model.describe(edge.to))
}

/// What the loop can be allowed on: the rule or the queue that the edge comes from.
fn item(model: &Model, edge: &Flow) -> Option<String> {
    if let Thing::Queue(id) = edge.from {
        return Some(format!("queues.{}", model.queues[id].head.name));
    }
    let rule = model.rules.values().find(|rule| rule.targets.iter().any(|target| target.span == edge.span))?;
    Some(format!("rules.{}", rule.head.name))
}
