//! `with_meta`: rows with what the log knows of their records.

use std::ops::Deref;

use log_store::RecordRef;

use super::source;
use super::topic_reader::TopicReader;
use crate::error::Error;
use crate::handles::{EventTime, Source, Stream, Timed, Topic};
use crate::not_there::nowhere;
use crate::record::TopicDecoder;
use crate::time::Timestamp;

use super::signposts::TakesSettings;

impl<P: Topic, E: EventTime> Source<P, E> {
    /// Gives each row with what the log knows of its record: its partition, its offset, the time at which it was appended, and its headers.
    ///
    /// The rows are [`WithMeta`]: `p.meta.offset` is of the record, and `p.card` is a field of the row, as without. They go through `filter`,
    /// `map` and the like, `group_by` and windows. What keeps rows whole, such as a join, takes records alone: a `map` in front makes one of
    /// what is needed. Like the other settings it stands right behind the source.
    ///
    /// All of it is in the log, so it is the same whenever it is read. Every field of the rows is decoded, and the headers are copied: where
    /// most rows need neither, read the topic by a second source.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Audited { card: u64, offset: u64, shop: Option<String> }
    /// # topics! {
    /// #     AuditedPayments("audited-payments"): Audited { key: card }
    /// # }
    /// #[pipeline]
    /// fn audited() {
    ///     let payments = source(Payments).with_meta();
    ///     let audited = payments.map(|p| Audited {
    ///         card: p.card,
    ///         offset: p.meta.offset,
    ///         shop: p.meta.text("shop").map(str::to_owned),
    ///     });
    ///     audited.sink(AuditedPayments);
    /// }
    ///
    /// let mut t = audited().test();
    /// t.push_all(Payments, [payment(7, 250, 0), payment(8, 100, 1)]);
    /// let row = |card, offset| Audited { card, offset, shop: None };
    /// assert_eq!(t.rows(AuditedPayments), [row(7, 0), row(8, 1)]);
    /// ```
    ///
    /// # State
    /// None.
    pub fn with_meta(self) -> Source<P, E, WithMeta<P::Row>> {
        source::set(self.node(), |source| {
            source.with_meta = true;
            source.mask = |_| Err("rows with their metadata are read whole".to_owned());
            source.reader = |kept, undecodable, mask| {
                let rows = TopicDecoder::<P::Row>::open(kept, P::FORMAT)
                    .map_err(|source| Error::Schema { topic: P::NAME.to_owned(), source })?;
                Ok(Box::new(TopicReader::<P, WithMeta<P::Row>>::new(rows, undecodable, mask)))
            };
        });
        Source::at(self.node())
    }
}

#[allow(missing_docs)]
impl<T, E> Stream<T, E> {
    #[doc(hidden)]
    pub fn with_meta(self) -> Stream<WithMeta<T>, Timed>
    where
        Self: TakesSettings,
    {
        nowhere()
    }
}

/// A row, and what the log knows of its record: what [`with_meta`](Source::with_meta) gives in a pipeline, and a
/// [`Tail`](crate::Tail) of a topic. It has the row's fields, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithMeta<T> {
    /// The row.
    pub row: T,
    /// What the log knows of its record.
    pub meta: RecordMeta,
}

impl<T> Deref for WithMeta<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.row
    }
}

/// What the log knows of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordMeta {
    /// The partition of the topic that it is in.
    pub partition: u32,
    /// Its offset there.
    pub offset: u64,
    /// When it was appended, as its writer says: typed topics and pipelines say what the clock says.
    pub append_time: Timestamp,
    /// Its headers in their order, each with its value if it has one. A name may be there several times.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl RecordMeta {
    /// What the log knows of this record.
    pub(crate) fn of(record: &RecordRef<'_>, partition: u32) -> RecordMeta {
        let headers = record.headers().map(|(name, value)| (name.to_owned(), value.map(<[u8]>::to_vec)));
        RecordMeta {
            partition,
            offset: record.offset.0,
            append_time: Timestamp::from_millis(record.timestamp),
            headers: headers.collect(),
        }
    }

    /// The value of the last header of that name; `None` if there is none, or if it has no value.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().rfind(|header| header.0 == name)?.1.as_deref()
    }

    /// The same as text; `None` also if it is none.
    pub fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.header(name)?).ok()
    }
}
