//! Reading a topic's committed rows.

use log_store::{Offset, Partition, Scan, Topic as LogTopic};

use super::Positions;
use super::records::{Records, unreadable};
use super::signposts::{AllThere, BegunOtherwise};
use crate::error::Result;
use crate::handles::Topic;
use crate::not_there::not_there;
use crate::operators::{RecordMeta, WithMeta};
use crate::record::is_heartbeat;
use crate::record::{FieldMask, Record, TopicDecoder};
use crate::time::Timestamp;

/// An iterator over a topic's committed rows: partition after partition, in the order of offsets. It holds some of them at a
/// time, however many there are.
///
/// They are those that were committed when [`TypedTopic::rows`](crate::TypedTopic::rows) was called, from the first one on; its methods begin
/// elsewhere. A row that cannot be read, or the log's failure, is its last item, behind the rows before it.
pub struct Rows<P: Topic> {
    decoder: TopicDecoder<P::Row>,
    records: Records,
}

impl<P: Topic> Rows<P> {
    pub(super) fn of(topic: &LogTopic, decoder: TopicDecoder<P::Row>) -> Self {
        Rows { decoder, records: Records::of(topic) }
    }

    /// Begins a partition at an offset; the others begin where they did. A row that was deleted is an
    /// [error](crate::Error::RowsGone), and so is an offset beyond the end.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// # fn main() -> waterwheel::Result<()> {
    /// # let store = store();
    /// let payments = TypedTopic::open(&store, Payments)?;
    /// payments.append([1, 2, 3].map(|cents| payment(4000, cents, 0)))?;
    /// let amounts = payments.rows().seek(0, 1).map(|row| Ok(row?.cents));
    /// assert_eq!(amounts.collect::<waterwheel::Result<Vec<_>>>()?, [2, 3]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn seek(mut self, partition: u32, offset: u64) -> Self {
        self.records.seek(partition, offset);
        self
    }

    /// Begins where a reader of the topic stood, such as a [`Tail`](crate::Tail) of an earlier run of the program. [`Positions`](crate::Positions) has an
    /// example.
    #[must_use]
    pub fn seek_to(mut self, positions: &Positions) -> Self {
        self.records.seek_to(positions);
        self
    }

    /// Begins each partition at the first row that was appended at that time or later: by the time at which its record was
    /// appended, not by its event time. Rows behind it are given whatever their time.
    ///
    /// The log is read from its start to find it, at the speed of a read.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// # fn main() -> waterwheel::Result<()> {
    /// # let store = store();
    /// let payments = TypedTopic::open(&store, Payments)?;
    /// payments.append(payment(4000, 1, 0))?;
    /// let later = Timestamp::now() + Duration::from_hours(1);
    /// assert_eq!(payments.rows().seek_to_time(later).count(), 0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn seek_to_time(mut self, time: Timestamp) -> Self {
        self.records.seek_to_time(time);
        self
    }

    /// Gives each row with its partition, offset, append time and headers.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// # fn main() -> waterwheel::Result<()> {
    /// # let store = store();
    /// let payments = TypedTopic::open(&store, Payments)?;
    /// payments.append(&payment(4000, 1, 0))?;
    /// for payment in payments.rows().with_meta() {
    ///     let payment = payment?;
    ///     assert_eq!((payment.cents, payment.meta.partition, payment.meta.offset), (1, 0, 0));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_meta(self) -> RowsWithMeta<P> {
        RowsWithMeta { rows: self }
    }

    /// Where it stands: a reader that begins there is given the rows that this one did not give.
    pub fn positions(&self) -> Positions {
        self.records.positions()
    }
}

impl<P: Topic> Iterator for Rows<P> {
    type Item = Result<P::Row>;

    fn next(&mut self) -> Option<Self::Item> {
        let decoder = &mut self.decoder;
        self.records.next_row(|_, record| decoder.decode(record.value.unwrap_or_default(), FieldMask::ALL))
    }
}

/// As [`Rows`], each row with what the log knows of its record.
pub struct RowsWithMeta<P: Topic> {
    rows: Rows<P>,
}

impl<P: Topic> RowsWithMeta<P> {
    /// As [`Rows::positions`].
    pub fn positions(&self) -> Positions {
        self.rows.positions()
    }

    /// Goes on to the last commit. False if nothing is new since.
    pub(crate) fn extend(&mut self) -> Result<bool> {
        self.rows.records.extend()
    }

    /// Goes on to a commit that is not before the one at which it stands, with these ends of its partitions.
    pub(crate) fn extend_to(&mut self, ends: &[Offset]) {
        self.rows.records.extend_to(ends.iter().copied());
    }

    /// Fails if there is nothing to go on to: the store was closed, or the topic deleted.
    pub(crate) fn check(&self) -> Result<()> {
        self.rows.records.check()
    }

    pub(crate) fn partitions(&self) -> impl Iterator<Item = Partition> {
        self.rows.records.partitions()
    }
}

impl<P: Topic> Iterator for RowsWithMeta<P> {
    type Item = Result<WithMeta<P::Row>>;

    fn next(&mut self) -> Option<Self::Item> {
        next_with_meta(&mut self.rows.records, &mut self.rows.decoder)
    }
}

/// The next row with what the log knows of its record.
pub(super) fn next_with_meta<R: Record>(
    records: &mut Records,
    decoder: &mut TopicDecoder<R>,
) -> Option<Result<WithMeta<R>>> {
    records.next_row(|partition, record| {
        let row = decoder.decode(record.value.unwrap_or_default(), FieldMask::ALL)?;
        Ok(WithMeta { row, meta: RecordMeta::of(record, partition) })
    })
}

/// The committed row at an offset, with every field.
pub(super) fn at<R: Record>(
    log: &Partition,
    offset: u64,
    decoder: &mut TopicDecoder<R>,
) -> Result<Option<R>> {
    if offset < log.log_start_offset().0 || offset >= log.last_stable_offset().0 {
        return Ok(None);
    }
    let mut records = log.scan(Offset(offset), Offset(offset + 1));
    let Some(record) = records.next()?.filter(|record| !is_heartbeat(record)) else { return Ok(None) };
    let decoded = decoder.decode(record.value.unwrap_or_default(), FieldMask::ALL);
    decoded.map(Some).map_err(|source| unreadable(log, offset, source))
}

/// Whether there is any row among records.
pub(super) fn have_row(mut records: Scan) -> log_store::Result<bool> {
    while let Some(record) = records.next()? {
        if !is_heartbeat(&record) {
            return Ok(true);
        }
    }
    Ok(false)
}

not_there! {
    [P: Topic] Rows<P>, whatever is given:
    BegunOtherwise: from_time from_timestamp since after at_time from from_offset starting_at start_at seek_time seek_to_offset seek_to_timestamp;
}

not_there! {
    [P: Topic] Rows<P>:
    [(&self) -> usize] where [Self: AllThere]: len length size;
    [(&self) -> bool] where [Self: AllThere]: is_empty;
    [(&self) -> Option<P::Row>] where [Self: AllThere]: first;
    [<I>(&self, _: I) -> Option<P::Row>] where [Self: AllThere]: get;
}
