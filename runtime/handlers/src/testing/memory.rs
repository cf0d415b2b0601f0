//! Tables in memory, with DynamoDB's conditions, versions, transactions and tokens.

use crate::attribute::{Attribute, Item, item_size};
use crate::backend::BoxFuture;
use crate::limits::ITEM_BYTES;
use crate::rust_decimal::Decimal;
use crate::table::{
    Action, Comparison, ItemPage, Lookup, QueryRequest, Range, Refusal, Refused, Store, Test, Write, WriteKind,
};
use crate::{Error, Kind};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a call does instead of succeeding, for tests of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is written, and the caller sees a transient error.
    Unavailable,
    /// The write happens, and the caller sees a transient error: the answer was lost.
    AnswerLost,
    /// The write happens, its answer is lost, and the SDK sends the call again.
    SentTwice,
    /// Another transaction has the item in hand.
    Contention,
}

/// Tables in memory.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    tables: BTreeMap<String, Rows>,
    tokens: BTreeSet<String>,
    faults: VecDeque<Fault>,
}

#[derive(Debug, Default)]
struct Rows {
    key: Vec<&'static str>,
    items: Vec<Item>,
}

impl Memory {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a table with these key attributes.
    pub(crate) fn create(&self, table: &str, key: &[&'static str]) {
        self.state().tables.insert(table.to_owned(), Rows { key: key.to_vec(), items: Vec::new() });
    }

    /// Stores an item, whatever is there.
    pub(crate) fn put(&self, table: &str, item: Item) -> Result<(), Error> {
        let write = Write { table: table.to_owned(), kind: WriteKind::Put(item), condition: None };
        self.state().rows(table)?.apply(&write)
    }

    /// All items of a table, in the order in which they were created.
    pub(crate) fn items(&self, table: &str) -> Vec<Item> {
        self.state().tables.get(table).map(|rows| rows.items.clone()).unwrap_or_default()
    }

    /// Changes all items of a table.
    #[cfg(feature = "idempotency")]
    pub(crate) fn change(&self, table: &str, change: impl FnMut(&mut Item)) {
        if let Some(rows) = self.state().tables.get_mut(table) {
            rows.items.iter_mut().for_each(change);
        }
    }

    /// The next write or transaction meets this.
    pub(crate) fn fail_next(&self, fault: Fault) {
        self.state().faults.push_back(fault);
    }
}

impl State {
    fn rows(&mut self, table: &str) -> Result<&mut Rows, Error> {
        self.tables
            .get_mut(table)
            .ok_or_else(|| Error::new(Kind::Configuration, format!("there is no table `{table}`")))
    }

    /// Checks the conditions of all writes, then does them.
    fn write(&mut self, writes: &[Write], return_stored: &[usize]) -> Result<(), Refusal> {
        let mut refused = Vec::new();
        for (number, write) in writes.iter().enumerate() {
            let rows = self.rows(&write.table).map_err(Refusal::Error)?;
            let current = rows.find(write.item()).map(|index| &rows.items[index]);
            if write.condition.as_ref().is_some_and(|test| !holds(test, current)) {
                let stored = current.cloned().filter(|_| return_stored.contains(&number));
                refused.push(Refused { write: number, stored });
            }
        }
        if !refused.is_empty() {
            return Err(Refusal::Condition(refused));
        }
        for write in writes {
            self.rows(&write.table).and_then(|rows| rows.apply(write)).map_err(Refusal::Error)?;
        }
        Ok(())
    }

    fn with_faults(&mut self, mut write: impl FnMut(&mut Self) -> Result<(), Refusal>) -> Result<(), Refusal> {
        let unavailable = || Refusal::Error(Error::new(Kind::Transient, "a fault of the test"));
        match self.faults.pop_front() {
            None => write(self),
            Some(Fault::Unavailable) => Err(unavailable()),
            Some(Fault::Contention) => Err(Refusal::Contention),
            Some(Fault::SentTwice) => write(self).and_then(|()| write(self)),
            Some(Fault::AnswerLost) => write(self).and_then(|()| Err(unavailable())),
        }
    }
}

impl Rows {
    fn find(&self, like: &Item) -> Option<usize> {
        self.items.iter().position(|item| self.key.iter().all(|name| item.get(*name) == like.get(*name)))
    }

    fn apply(&mut self, write: &Write) -> Result<(), Error> {
        let found = self.find(write.item());
        let item = match &write.kind {
            WriteKind::Check(_) => return Ok(()),
            WriteKind::Delete(_) => {
                found.map(|index| self.items.remove(index));
                return Ok(());
            }
            WriteKind::Put(item) => item.clone(),
            WriteKind::Update(key, actions) => {
                let mut item = found.map_or_else(|| key.clone(), |index| self.items[index].clone());
                for action in actions {
                    change(&mut item, action)?;
                }
                item
            }
        };
        if item_size(&item) > ITEM_BYTES {
            return Err(Error::new(Kind::TooLarge, "an item is over the limit"));
        }
        match found {
            Some(index) => self.items[index] = item,
            None => self.items.push(item),
        }
        Ok(())
    }
}

fn change(item: &mut Item, action: &Action) -> Result<(), Error> {
    match action {
        Action::Set(name, value) => drop(item.insert((*name).to_owned(), value.clone())),
        Action::Remove(name) => drop(item.remove(*name)),
        Action::Add(name, amount) => {
            let number = |value: &Attribute| {
                value.as_n::<Decimal>().ok_or_else(|| Error::new(Kind::Internal, format!("`{name}` is not a number")))
            };
            let before = item.get(*name).map_or(Ok(Decimal::ZERO), number)?;
            item.insert((*name).to_owned(), Attribute::N((before + number(amount)?).to_string()));
        }
    }
    Ok(())
}

/// The order of two values of one type; none for values that do not compare.
fn order(left: &Attribute, right: &Attribute) -> Option<Ordering> {
    match (left, right) {
        (Attribute::N(_), Attribute::N(_)) => Some(left.as_n::<Decimal>()?.cmp(&right.as_n()?)),
        (Attribute::S(left), Attribute::S(right)) => Some(left.cmp(right)),
        (Attribute::B(left), Attribute::B(right)) => Some(left.cmp(right)),
        _ => (left == right).then_some(Ordering::Equal),
    }
}

fn holds(test: &Test, item: Option<&Item>) -> bool {
    let value = |name: &str| item.and_then(|item| item.get(name));
    match test {
        Test::Exists(name) => value(name).is_some(),
        Test::NotExists(name) => value(name).is_none(),
        Test::All(tests) => tests.iter().all(|test| holds(test, item)),
        Test::Any(tests) => tests.iter().any(|test| holds(test, item)),
        Test::Not(test) => !holds(test, item),
        Test::In(name, values) => {
            value(name).is_some_and(|stored| values.iter().any(|value| order(stored, value) == Some(Ordering::Equal)))
        }
        Test::Compare(name, comparison, expected) => {
            let found = value(name).and_then(|stored| order(stored, expected));
            match comparison {
                Comparison::Equal => found == Some(Ordering::Equal),
                Comparison::NotEqual => found != Some(Ordering::Equal),
                Comparison::Less => found == Some(Ordering::Less),
                Comparison::LessOrEqual => found.is_some_and(Ordering::is_le),
                Comparison::Greater => found == Some(Ordering::Greater),
                Comparison::GreaterOrEqual => found.is_some_and(Ordering::is_ge),
            }
        }
    }
}

fn in_range(range: &Range, value: &Attribute) -> bool {
    let against = |bound| order(value, bound);
    match range {
        Range::Equal(bound) => against(bound) == Some(Ordering::Equal),
        Range::Less(bound) => against(bound) == Some(Ordering::Less),
        Range::LessOrEqual(bound) => against(bound).is_some_and(Ordering::is_le),
        Range::Greater(bound) => against(bound) == Some(Ordering::Greater),
        Range::GreaterOrEqual(bound) => against(bound).is_some_and(Ordering::is_ge),
        Range::Between(low, high) => {
            against(low).is_some_and(Ordering::is_ge) && against(high).is_some_and(Ordering::is_le)
        }
        Range::BeginsWith(prefix) => {
            value.as_s().zip(prefix.as_s()).is_some_and(|(text, prefix)| text.starts_with(prefix))
        }
    }
}

impl Store for Memory {
    fn get(&self, lookup: Lookup) -> BoxFuture<'_, Result<Option<Item>, Error>> {
        Box::pin(async move {
            let mut state = self.state();
            let rows = state.rows(&lookup.table)?;
            Ok(rows.find(&lookup.key).map(|index| rows.items[index].clone()))
        })
    }

    fn query(&self, query: QueryRequest) -> BoxFuture<'_, Result<ItemPage, Error>> {
        Box::pin(async move {
            let mut state = self.state();
            let rows = state.rows(&query.table)?;
            let (partition, wanted) = &query.partition;
            let in_partition = |item: &&Item| item.get(*partition) == Some(wanted);
            let wanted_sort = |item: &&Item| {
                query
                    .range
                    .as_ref()
                    .is_none_or(|(name, range)| item.get(*name).is_some_and(|value| in_range(range, value)))
            };
            let mut items: Vec<Item> = rows.items.iter().filter(in_partition).filter(wanted_sort).cloned().collect();
            if let Some(name) = query.sort {
                items.sort_by(|a, b| {
                    a.get(name).zip(b.get(name)).and_then(|(a, b)| order(a, b)).unwrap_or(Ordering::Equal)
                });
            }
            if query.descending {
                items.reverse();
            }
            if let Some(start) = &query.start {
                let last =
                    items.iter().position(|item| rows.key.iter().all(|name| item.get(*name) == start.get(*name)));
                items = items.split_off(last.map_or(0, |last| last + 1));
            }
            let limit = usize::try_from(query.limit).unwrap_or(0);
            let next = items.get(limit.wrapping_sub(1)).filter(|_| items.len() > limit).map(|last| {
                let names = rows.key.iter().copied().chain([*partition]).chain(query.sort);
                names.filter_map(|name| Some((name.to_owned(), last.get(name)?.clone()))).collect()
            });
            items.truncate(limit);
            Ok((items, next))
        })
    }

    /// Pages of two items, so that tests see more than one.
    #[cfg(feature = "forwarder")]
    fn scan(&self, table: String, start: Option<Item>) -> BoxFuture<'_, Result<ItemPage, Error>> {
        Box::pin(async move {
            let mut state = self.state();
            let rows = state.rows(&table)?;
            let from = start.and_then(|key| rows.find(&key)).map_or(0, |last| last + 1);
            let page: Vec<Item> = rows.items.iter().skip(from).take(2).cloned().collect();
            let more = from + page.len() < rows.items.len();
            let key = |item: &Item| {
                rows.key.iter().filter_map(|name| Some(((*name).to_owned(), item.get(*name)?.clone()))).collect()
            };
            let next = page.last().filter(|_| more).map(key);
            Ok((page, next))
        })
    }

    fn write(&self, write: Write, return_stored: bool) -> BoxFuture<'_, Result<(), Refusal>> {
        let wanted: &[usize] = if return_stored { &[0] } else { &[] };
        Box::pin(async move { self.state().with_faults(|state| state.write(std::slice::from_ref(&write), wanted)) })
    }

    fn transact<'a>(
        &'a self,
        writes: Vec<Write>,
        return_stored: &'a [usize],
        token: String,
    ) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(async move {
            self.state().with_faults(|state| {
                if !state.tokens.contains(&token) {
                    state.write(&writes, return_stored)?;
                    state.tokens.insert(token.clone());
                }
                Ok(())
            })
        })
    }
}
