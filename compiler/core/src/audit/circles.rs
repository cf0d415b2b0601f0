//! Resources that wait for each other, by whatever makes one wait: `Ref`, `Fn::GetAtt`, `Fn::Sub`, `DependsOn`.

use super::View;
use super::template::{From, Origin, Reference, To};
use crate::diagnostics::{Code, Diagnostic};

/// Reports each circle. Taking away all that wait for nothing leaves the circles, and what waits for them.
pub(super) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let resources = &view.deployed.resources;
    let references = view.deployed.references();
    let mut waits_for: Vec<Vec<(usize, &Reference<'_>)>> = vec![Vec::new(); resources.len()];
    let mut waited_for_by = vec![Vec::new(); resources.len()];
    for reference in &references {
        let From::Resource(from) = reference.from else { continue };
        if matches!(reference.to, To::Condition | To::Mapping(..)) {
            continue;
        }
        let (Some(from), Some(to)) = (resources.get_index_of(from), resources.get_index_of(reference.name)) else {
            continue;
        };
        waits_for[from].push((to, reference));
        waited_for_by[to].push(from);
    }
    let mut left: Vec<usize> = waits_for.iter().map(Vec::len).collect();
    let mut free: Vec<usize> = (0..left.len()).filter(|&at| left[at] == 0).collect();
    loop {
        while let Some(at) = free.pop() {
            for &waiting in &waited_for_by[at] {
                match left[waiting] {
                    0 => {}
                    1 => {
                        left[waiting] = 0;
                        free.push(waiting);
                    }
                    _ => left[waiting] -= 1,
                }
            }
        }
        let Some(start) = left.iter().position(|&left| left > 0) else { break };
        let circle = circle(&waits_for, &left, start);
        diagnostics.extend(report(view, &circle));
        // What is in it has been reported; what else waits for it is not in a circle by that.
        for (at, _) in circle {
            left[at] = 0;
            free.push(at);
        }
    }
}

/// The way round from a resource that waits for itself, or leads to one that does: each with the reference to the next.
fn circle<'v>(
    waits_for: &[Vec<(usize, &'v Reference<'v>)>],
    left: &[usize],
    start: usize,
) -> Vec<(usize, &'v Reference<'v>)> {
    let mut path: Vec<(usize, &Reference<'_>)> = Vec::new();
    let mut at = start;
    while let Some(&(next, by)) = waits_for[at].iter().find(|(next, _)| left[*next] > 0) {
        path.push((at, by));
        if let Some(start) = path.iter().position(|(seen, _)| *seen == next) {
            path.drain(..start);
            break;
        }
        at = next;
    }
    path
}

fn report(view: &View<'_>, circle: &[(usize, &Reference<'_>)]) -> Option<Diagnostic> {
    let resources = &view.deployed.resources;
    // Somebody wrote one of them: evc makes no circle.
    let written = circle.iter().find(|(_, reference)| reference.exact).or(circle.first())?;
    let ids = circle.iter().map(|(at, _)| *at).chain(circle.first().map(|(at, _)| *at));
    let ids = ids.filter_map(|at| resources.get_index(at)).map(|(id, _)| format!("`{id}`"));
    let way = ids.collect::<Vec<_>>().join(" → ");
    let (_, resource) = resources.get_index(written.0)?;
    let diagnostic = Diagnostic::new(Code::EVC0705, written.1.place, "resources of the template wait for each other")
        .note(format!("{way}, where each refers to the next"))
        .help("take one of these references out");
    Some(match resource.origin {
        Origin::Derived(origin) if !written.1.exact => diagnostic.label(origin),
        Origin::Derived(_) | Origin::Written => diagnostic,
    })
}
