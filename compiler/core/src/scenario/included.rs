//! `{ file: order.json }` in the place of a value: what the file has, with the file's own places.

use std::path::Path;

use crate::diagnostics::{Code, Diagnostic};
use crate::source::{SourceMap, World};
use crate::yaml::{self, Node, NodeKind};

/// Puts what files have in the place of maps whose only key is `file` and names a file of JSON. `path` gives where a file is, if it is in
/// the project.
pub(crate) fn include(
    node: &mut Node,
    world: &dyn World,
    path: &dyn Fn(&Path) -> Option<std::path::PathBuf>,
    sources: &mut SourceMap,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if let Some((name, span)) = named(node) {
        let place = path(Path::new(&name));
        let read = place.as_deref().map(|place| world.read(place));
        match (place, read) {
            (Some(place), Some(Ok(bytes))) => {
                let (file, found) = yaml::decode_bytes(sources, &place, bytes);
                diagnostics.extend(found);
                let (included, found) = yaml::parse(sources, file);
                diagnostics.extend(found);
                *node = included;
            }
            (_, read) => {
                let why = match read {
                    Some(Err(error)) => format!("cannot read `{name}`: {error}"),
                    _ => format!("`{name}` leads out of the project"),
                };
                diagnostics.push(Diagnostic::new(Code::EVC0110, span, why));
                node.kind = NodeKind::Error;
            }
        }
        return;
    }
    match &mut node.kind {
        NodeKind::Sequence(items) => {
            for item in items {
                include(item, world, path, sources, diagnostics);
            }
        }
        NodeKind::Mapping(mapping) => {
            for entry in &mut mapping.entries {
                include(&mut entry.value, world, path, sources, diagnostics);
            }
        }
        NodeKind::Null | NodeKind::Scalar(_) | NodeKind::Error => {}
    }
}

/// The file that a value names, and where.
fn named(node: &Node) -> Option<(String, crate::source::Span)> {
    let NodeKind::Mapping(mapping) = &node.kind else { return None };
    let [only] = mapping.entries.as_slice() else { return None };
    let name = only.value.scalar_text().filter(|_| only.key.text == "file")?;
    let is_json = Path::new(name).extension().is_some_and(|extension| extension == "json");
    is_json.then(|| (name.to_owned(), only.value.span))
}
