//! Replication groups without a replica lose what they hold with their node.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{CacheKind, Model};

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for cache in model.caches.values() {
        let CacheKind::ReplicationGroup { replicas, replicas_span, .. } = &cache.kind else { continue };
        // One that has none in some environments says so there.
        if replicas.greatest() == Some(&0) {
            let name = &cache.head.name;
            let message = format!("what cache `{name}` holds is gone when a node is");
            let diagnostic = Diagnostic::new(Code::EVC0685, *replicas_span, message);
            diagnostics.push(diagnostic.help("say `replicas: 1`, or more").on(format!("caches.{name}")));
        }
    }
}
