//! Lists of executions: for people, to be counted, to be archived.

use super::{Execution, Model};
use crate::protocol::{ExecutionId, Finished};
use crate::store::view::{Cursor, Filter, Page, Summary};

impl Model {
    pub(in super::super) fn list(&self, filter: &Filter, after: Option<&Cursor>, limit: usize) -> Page {
        let cursor = |(id, execution): (&ExecutionId, &Execution)| Cursor {
            started_ms: execution.started_ms,
            execution: id.clone(),
        };
        let mut cursors: Vec<Cursor> = self.executions.iter().map(cursor).collect();
        cursors.sort_by(|one, other| other.cmp(one));
        let there = |cursor: &Cursor| cursor.started_ms >= filter.since_ms && after.is_none_or(|after| cursor < after);
        let wanted = cursors.into_iter().filter(there).filter_map(|cursor| {
            let execution = self.executions.get(&cursor.execution)?;
            let wanted =
                filter.wants(&cursor.execution) && filter.status.is_none_or(|status| status == execution.status);
            wanted.then(|| Summary {
                execution: cursor.execution,
                status: execution.status,
                revision: execution.revision,
                definition: execution.definition.clone(),
                started_ms: execution.started_ms,
                finished_ms: execution.finished_ms,
            })
        });
        Page::of(wanted.take(limit.max(1)).collect(), limit)
    }

    /// See [`super::super::Store::ended`].
    pub fn ended(&mut self, partition: u16, limit: usize, now: u64) -> Vec<Summary> {
        let from = self.counted.get(&partition).copied().unwrap_or(0);
        let mut ends = self.finished(partition, now - 1, usize::MAX);
        ends.retain(|end| end.finished_ms > from);
        if ends.len() >= limit && limit > 0 {
            // Those of one millisecond stay together.
            let last = ends[limit - 1].finished_ms;
            if ends[0].finished_ms == last {
                ends.retain(|end| end.finished_ms == last);
            } else {
                ends.truncate(limit);
                ends.retain(|end| end.finished_ms < last);
            }
        }
        let Some(last) = ends.last() else { return Vec::new() };
        self.counted.insert(partition, last.finished_ms);
        let summaries = ends.into_iter().filter_map(|end| {
            let execution = self.executions.get(&end.execution)?;
            Some(Summary {
                execution: end.execution,
                status: execution.status,
                revision: execution.revision,
                definition: execution.definition.clone(),
                started_ms: execution.started_ms,
                finished_ms: execution.finished_ms,
            })
        });
        summaries.filter(|summary| summary.revision != 0).collect()
    }

    /// See [`super::super::Store::finished`]; `before_ms` is the present less the retention.
    pub fn finished(&self, partition: u16, before_ms: u64, limit: usize) -> Vec<Finished> {
        let mut finished: Vec<(u64, &ExecutionId)> = self
            .executions
            .iter()
            .filter(|(id, _)| self.keys.partition(id) == partition)
            .filter_map(|(id, execution)| Some((execution.finished_ms.filter(|at| *at <= before_ms)?, id)))
            .collect();
        finished.sort();
        let first = finished.into_iter().take(limit);
        first.map(|(finished_ms, id)| Finished { execution: id.clone(), finished_ms }).collect()
    }
}
