//! Publishing again what lies in an outbox's table: after a bus was broken for longer than a stream remembers, or for a consumer that
//! lost what it had. The events keep their ids, so that consumers that know them drop them.
//!
//! A function of its own, invoked by people. It says what it is to publish:
//!
//! ```json
//! { "aggregate": "o-1", "from": "2026-11-21T10:00:00Z", "to": "2026-11-21T11:00:00Z", "dryRun": true }
//! ```
//!
//! | key | which events |
//! | --- | --- |
//! | `aggregate` | those about this thing; without it, the whole table is read |
//! | `eventIds` | those with one of these ids |
//! | `from`, `to` | those that happened at `from` or later, and before `to` |
//! | `all` | `true`: all that the table has, which has to be said |
//! | `dryRun` | `true`: counts and publishes nothing |
//! | `next` | where an earlier answer says that it stopped |
//!
//! The answer says how many rows were `read`, how many `matched`, how many were `published` and how many `failed`, with the first
//! `failures` and why. If time was over before the end, it has a `next`: the same request with that `next` goes on from there.
//!
//! It reads a page, publishes what matches, and goes to the next: a crash repeats at most what was published since the last answer.

use crate::adapter::rejected;
use crate::attribute::{Attribute, Item};
use crate::backend::Services;
use crate::forward::plan::Pending;
use crate::forward::publisher::Publisher;
use crate::forward::row::{Poison, read_row};
use crate::forward::time_left;
use crate::observe::Metrics;
use crate::outbox::attribute_names as name;
use crate::serve::{Invocation, listen, write_metrics};
use crate::table::{ItemPage, QueryRequest, Store};
use crate::{Error, Kind, Timestamp, payload};
use evc_interface::environment;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Failures that an answer tells of.
const FAILURES: usize = 10;

/// Rows of a page of one aggregate.
const PAGE: i32 = 100;

/// No further page is read when less time than this is left.
const RESERVE: Duration = Duration::from_secs(20);

/// What to publish again.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Request {
    aggregate: Option<String>,
    event_ids: Option<Vec<String>>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    all: bool,
    dry_run: bool,
    next: Option<Item>,
}

/// What was done.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    dry_run: bool,
    read: usize,
    matched: usize,
    published: usize,
    failed: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failures: Vec<Failed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Item>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failed {
    event_id: Option<String>,
    reason: String,
}

/// Runs the redrive of an outbox until Lambda ends the process. `OUTBOX_TABLE` names the table, `EVENT_BUS_NAME` the bus. `name` is what
/// its metrics are of.
pub fn outbox(name: &'static str) -> Result<(), Error> {
    let services = Services::default();
    let table = services.settings.require(environment::OUTBOX_TABLE)?;
    let bus = services.settings.require(environment::EVENT_BUS)?;
    let metrics = Metrics::new(services.settings.parse(environment::METRICS_NAMESPACE, "evc".to_owned())?, name);
    listen(&async |text: &str, invocation: &Invocation| {
        let request: Request = rejected(payload::decode(text))?;
        let time_left = || time_left(invocation.deadline);
        let publisher = Publisher { bus: services.bus().await, metrics: &metrics, time_left };
        let redrive = Redrive { tables: services.tables().await, table: &table, bus: &bus, publisher };
        let answer = rejected(redrive.run(request).await);
        write_metrics(&metrics);
        serde_json::to_string(&answer?).map_err(|error| Error::other(error).into())
    })
}

/// One request on its way.
struct Redrive<'a, T> {
    tables: &'a dyn Store,
    table: &'a str,
    bus: &'a str,
    publisher: Publisher<'a, T>,
}

impl<T: Fn() -> Duration> Redrive<'_, T> {
    async fn run(&self, mut request: Request) -> Result<Answer, Error> {
        request.check()?;
        let mut answer = Answer { dry_run: request.dry_run, next: request.next.take(), ..Answer::default() };
        loop {
            let (rows, next) = self.page(&request, answer.next.clone()).await?;
            answer.read += rows.len();
            let matching: Vec<Item> = rows.into_iter().filter(|row| request.wants(row)).collect();
            answer.matched += matching.len();
            if !request.dry_run {
                self.publish(&matching, &mut answer).await;
            }
            answer.next = next;
            if answer.next.is_none() || (self.publisher.time_left)() < RESERVE {
                break;
            }
        }
        tracing::info!(
            read = answer.read,
            matched = answer.matched,
            published = answer.published,
            failed = answer.failed,
            dryRun = answer.dry_run,
            done = answer.next.is_none(),
            "redriven"
        );
        Ok(answer)
    }

    async fn page(&self, request: &Request, start: Option<Item>) -> Result<ItemPage, Error> {
        let table = self.table.to_owned();
        let Some(aggregate) = &request.aggregate else { return self.tables.scan(table, start).await };
        let query = QueryRequest {
            table,
            index: None,
            partition: (name::AGGREGATE, Attribute::S(aggregate.clone())),
            sort: Some(name::EVENT_ID),
            range: None,
            descending: false,
            consistent: true,
            limit: PAGE,
            start,
        };
        self.tables.query(query).await
    }

    async fn publish(&self, rows: &[Item], answer: &mut Answer) {
        let mut pending = Vec::new();
        let mut poison = Vec::new();
        for (record, row) in rows.iter().enumerate() {
            match read_row(Some(row), self.bus) {
                Ok((entry, bytes)) => {
                    let lane = text(row, name::AGGREGATE).unwrap_or_default();
                    pending.push(Pending { record, entry, bytes, lane });
                }
                Err(found) => poison.push((record, found)),
            }
        }
        let left = self.publisher.publish(pending, &mut poison).await;
        let refused = left.into_iter().map(|record| (record, "the bus did not take it in time".to_owned()));
        let failed: Vec<_> =
            poison.into_iter().map(|(record, Poison { reason })| (record, reason)).chain(refused).collect();
        answer.published += rows.len() - failed.len();
        answer.failed += failed.len();
        for (record, reason) in failed {
            if answer.failures.len() < FAILURES {
                answer.failures.push(Failed { event_id: text(&rows[record], name::EVENT_ID), reason });
            }
        }
    }
}

impl Request {
    /// Everything is published again only when it is asked for.
    fn check(&self) -> Result<(), Error> {
        let chosen = self.aggregate.is_some() || self.event_ids.is_some() || self.from.is_some() || self.to.is_some();
        if chosen == self.all {
            let message = "say which events: `aggregate`, `eventIds`, `from` and `to`, or `all` and none of these";
            return Err(Error::new(Kind::InvalidInput, message));
        }
        Ok(())
    }

    fn wants(&self, row: &Item) -> bool {
        let at = row.get(name::OCCURRED_AT).and_then(Attribute::as_s).and_then(|text| text.parse::<Timestamp>().ok());
        let id = row.get(name::EVENT_ID).and_then(Attribute::as_s);
        let listed =
            self.event_ids.as_ref().is_none_or(|ids| id.is_some_and(|id| ids.iter().any(|wanted| wanted == id)));
        // A row whose time cannot be read is wanted by no time, and shows as a failure where no time is asked for.
        let in_time = |bound: Option<Timestamp>, holds: fn(Timestamp, Timestamp) -> bool| {
            bound.is_none_or(|bound| at.is_some_and(|at| holds(at, bound)))
        };
        listed && in_time(self.from, |at, from| at >= from) && in_time(self.to, |at, to| at < to)
    }
}

fn text(row: &Item, name: &str) -> Option<String> {
    row.get(name).and_then(Attribute::as_s).map(str::to_owned)
}

#[cfg(test)]
mod tests;
