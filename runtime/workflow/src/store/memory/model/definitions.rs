//! Definitions, and for how long they are kept.

use super::Model;
use crate::store::SWEPT_MS;

impl Model {
    pub(in super::super) fn put_definition(&mut self, id: &str, text: &str) {
        self.definitions.entry(id.to_owned()).or_insert_with(|| text.to_owned());
    }

    pub(in super::super) fn definition(&self, id: &str) -> Option<String> {
        self.definitions.get(id).cloned()
    }

    /// See [`super::super::Store::keep_definitions`].
    pub fn keep_definitions(&mut self, kept: &[(&str, u64)], now: u64) -> Vec<String> {
        let missed = self.kept_ms.map_or(0, |last| now.saturating_sub(last).saturating_sub(SWEPT_MS));
        self.kept.values_mut().for_each(|until| *until += missed);
        self.kept_ms = Some(now);
        for (id, for_ms) in kept {
            let until = self.kept.entry((*id).to_owned()).or_default();
            *until = (*until).max(now + for_ms);
        }
        let mut over: Vec<(u64, String)> =
            self.kept.iter().filter(|(_, until)| **until < now).map(|(id, until)| (*until, id.clone())).collect();
        over.sort();
        over.truncate(100);
        for (_, id) in &over {
            self.kept.remove(id);
            self.definitions.remove(id);
        }
        over.into_iter().map(|(_, id)| id).collect()
    }

    pub(in super::super) fn adopt_definition(&mut self, id: &str, for_ms: u64, now: u64) {
        self.kept.entry(id.to_owned()).or_insert(now + for_ms);
    }
}
