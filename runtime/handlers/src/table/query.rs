//! Queries: one partition, a range of sort keys, a bounded number of items.

use super::{Index, QueryRequest, Range, Table};
use crate::Bytes;
use crate::attribute::{Attribute, Item, from_item, to_attribute};
use crate::{Context, Error, Kind};
use std::marker::PhantomData;

/// Items of a page, unless [`QueryBuilder::limit`] says otherwise.
const LIMIT: u16 = 100;

/// A query, and how it goes on.
#[must_use = "a query happens when it is sent"]
pub struct QueryBuilder<'a, I> {
    context: &'a Context,
    request: Result<QueryRequest, Error>,
    index: PhantomData<fn() -> I>,
}

/// Some items, in the order of the sort key.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page starts, if there may be one: text for [`QueryBuilder::after`], safe to hand to a caller of an API. It
    /// contains the key of the last item.
    pub next: Option<String>,
}

impl<'a, I: Index> QueryBuilder<'a, I> {
    pub(crate) fn new(context: &'a Context, _index: I, partition: &I::Partition) -> Self {
        Self::of_partition(context, to_attribute(partition))
    }

    pub(super) fn of_partition(context: &'a Context, partition: Result<Attribute, Error>) -> Self {
        let request = context.services().settings.require(I::Table::ENV).and_then(|table| {
            Ok(QueryRequest {
                table,
                index: I::NAME,
                partition: (I::PARTITION, partition?),
                sort: I::SORT,
                range: None,
                descending: false,
                consistent: false,
                limit: i32::from(LIMIT),
                start: None,
            })
        });
        Self { context, request, index: PhantomData }
    }

    fn change(mut self, change: impl FnOnce(&mut QueryRequest) -> Result<(), Error>) -> Self {
        self.request = self.request.and_then(|mut request| change(&mut request).map(|()| request));
        self
    }

    fn range(self, range: Result<Range, Error>) -> Self {
        self.change(|request| {
            let sort = request.sort.ok_or_else(|| Error::new(Kind::Internal, "a query by a range needs a sort key"))?;
            request.range = Some((sort, range?));
            Ok(())
        })
    }

    /// Only the item with this sort key.
    pub fn eq(self, sort: &I::Sort) -> Self {
        self.range(to_attribute(sort).map(Range::Equal))
    }

    /// Only lower sort keys.
    pub fn lt(self, sort: &I::Sort) -> Self {
        self.range(to_attribute(sort).map(Range::Less))
    }

    /// Only lower sort keys and this one.
    pub fn le(self, sort: &I::Sort) -> Self {
        self.range(to_attribute(sort).map(Range::LessOrEqual))
    }

    /// Only higher sort keys.
    pub fn gt(self, sort: &I::Sort) -> Self {
        self.range(to_attribute(sort).map(Range::Greater))
    }

    /// Only higher sort keys and this one.
    pub fn ge(self, sort: &I::Sort) -> Self {
        self.range(to_attribute(sort).map(Range::GreaterOrEqual))
    }

    /// Only sort keys from the one to the other, both included.
    pub fn between(self, low: &I::Sort, high: &I::Sort) -> Self {
        self.range(to_attribute(low).and_then(|low| Ok(Range::Between(low, to_attribute(high)?))))
    }

    /// Only sort keys whose text begins so.
    pub fn begins_with(self, prefix: &str) -> Self {
        self.range(Ok(Range::BeginsWith(Attribute::S(prefix.to_owned()))))
    }

    /// From the highest sort key down.
    pub fn descending(self) -> Self {
        self.change(|request| {
            request.descending = true;
            Ok(())
        })
    }

    /// Sees every write that was acknowledged before. Only on the table itself: an index has no such reads.
    pub fn consistent(self) -> Self {
        self.change(|request| match I::NAME {
            None => {
                request.consistent = true;
                Ok(())
            }
            Some(_) => Err(Error::new(Kind::Internal, "an index cannot be read consistently")),
        })
    }

    /// At most so many items a page.
    pub fn limit(self, items: u16) -> Self {
        self.change(|request| {
            request.limit = i32::from(items.max(1));
            Ok(())
        })
    }

    /// Goes on where an earlier page ended.
    pub fn after(self, next: &str) -> Self {
        self.change(|request| {
            let bad = || Error::new(Kind::InvalidInput, "the text to go on from is not one that a page gave");
            let json = Bytes::from_base64(next).map_err(|_| bad())?;
            let start: Item = serde_json::from_slice(&json.0).map_err(|_| bad())?;
            // A caller may send any text: it must not lead into another partition.
            let (name, value) = &request.partition;
            if start.get(*name) != Some(value) {
                return Err(bad());
            }
            request.start = Some(start);
            Ok(())
        })
    }

    /// One page.
    pub async fn send(self) -> Result<Page<<I::Table as Table>::Item>, Error> {
        let (items, next) = self.context.services().tables().await.query(self.request?).await?;
        let items = items.iter().map(from_item).collect::<Result<_, _>>()?;
        let next = next
            .map(|key| serde_json::to_vec(&key).map(|json| Bytes(json).to_base64()))
            .transpose()
            .map_err(Error::other)?;
        Ok(Page { items, next })
    }

    /// All pages, up to so many items; more is [`Kind::TooLarge`], so that nothing is left out silently.
    pub async fn all(self, at_most: usize) -> Result<Vec<<I::Table as Table>::Item>, Error> {
        let mut request = self.request?;
        let store = self.context.services().tables().await;
        let mut all = Vec::new();
        loop {
            let (items, next) = store.query(request.clone()).await?;
            for item in &items {
                all.push(from_item(item)?);
            }
            if all.len() > at_most {
                return Err(Error::new(
                    Kind::TooLarge,
                    format!("a query of `{}` found more than {at_most} items", I::Table::NAME),
                ));
            }
            match next {
                Some(next) => request.start = Some(next),
                None => return Ok(all),
            }
        }
    }
}
