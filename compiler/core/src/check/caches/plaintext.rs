//! Caches that exist already and are spoken to without TLS show what goes to them.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{CacheKind, Model};

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for cache in model.caches.values() {
        let CacheKind::External { tls, .. } = &cache.kind else { continue };
        if !tls.value {
            let name = &cache.head.name;
            let message = format!("what goes to cache `{name}` can be read on the way");
            let diagnostic = Diagnostic::new(Code::EVC0686, tls.span, message);
            diagnostics.push(diagnostic.help("leave `tls` out, if the cache speaks TLS").on(format!("caches.{name}")));
        }
    }
}
