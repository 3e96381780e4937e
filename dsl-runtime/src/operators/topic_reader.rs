//! What a source's reader makes of the records of its topic: rows, and what is no row.

use std::marker::PhantomData;
use std::mem;

use log_store::{RecordRef, Records};

use crate::flow::{
    Aside, BATCH_ROWS, Decoded, Meta, OldRows, PartitionClock, Row, RowReader, Slice, Undecodable, Why,
};
use crate::handles::Topic;
use crate::place::{Place, Position};
use crate::plan::OnUndecodablePolicy;
use crate::record::heartbeat;
use crate::record::{DecodeError, FieldMask, Record, TopicDecoder};
use crate::time::Timestamp;

use super::with_meta::{RecordMeta, WithMeta};

/// What a source gives of each record: its row, or the row with more of the record.
pub(crate) trait OfRecord<R: Record>: Sized + 'static {
    /// Makes one.
    fn decode(
        rows: &mut TopicDecoder<R>,
        record: &RecordRef<'_>,
        partition: u16,
        mask: FieldMask,
    ) -> Result<Self, DecodeError>;
    /// The same, over one that there is already.
    fn decode_into(
        &mut self,
        rows: &mut TopicDecoder<R>,
        record: &RecordRef<'_>,
        partition: u16,
        mask: FieldMask,
    ) -> Result<(), DecodeError>;
    /// The row.
    fn row(&self) -> &R;
}

impl<R: Record> OfRecord<R> for R {
    #[inline]
    fn decode(
        rows: &mut TopicDecoder<R>,
        record: &RecordRef<'_>,
        _: u16,
        mask: FieldMask,
    ) -> Result<Self, DecodeError> {
        rows.decode(record.value.unwrap_or_default(), mask)
    }

    #[inline]
    fn decode_into(
        &mut self,
        rows: &mut TopicDecoder<R>,
        record: &RecordRef<'_>,
        _: u16,
        mask: FieldMask,
    ) -> Result<(), DecodeError> {
        rows.decode_into(record.value.unwrap_or_default(), mask, self)
    }

    #[inline]
    fn row(&self) -> &R {
        self
    }
}

impl<R: Record> OfRecord<R> for WithMeta<R> {
    fn decode(
        rows: &mut TopicDecoder<R>,
        record: &RecordRef<'_>,
        partition: u16,
        mask: FieldMask,
    ) -> Result<Self, DecodeError> {
        let row = rows.decode(record.value.unwrap_or_default(), mask)?;
        Ok(WithMeta { row, meta: RecordMeta::of(record, u32::from(partition)) })
    }

    fn decode_into(
        &mut self,
        rows: &mut TopicDecoder<R>,
        record: &RecordRef<'_>,
        partition: u16,
        mask: FieldMask,
    ) -> Result<(), DecodeError> {
        rows.decode_into(record.value.unwrap_or_default(), mask, &mut self.row)?;
        self.meta = RecordMeta::of(record, u32::from(partition));
        Ok(())
    }

    fn row(&self) -> &R {
        &self.row
    }
}

/// Of a row whose event time is not known yet.
const NOWHERE: Meta = Meta {
    place: Place {
        time: Timestamp::MIN,
        position: Position { maker: 0, first: 0, rest: (0, 0), sub_index: 0 },
    },
    watermark_before: Timestamp::MIN,
};

/// The reader of topic `P`, which makes `V`s.
pub(crate) struct TopicReader<P: Topic, V> {
    rows: TopicDecoder<P::Row>,
    undecodable: OnUndecodablePolicy,
    mask: FieldMask,
    old: OldRows<V>,
    marker: PhantomData<fn(P)>,
}

impl<P: Topic, V: OfRecord<P::Row>> TopicReader<P, V> {
    pub(crate) fn new(rows: TopicDecoder<P::Row>, undecodable: OnUndecodablePolicy, mask: FieldMask) -> Self {
        TopicReader { rows, undecodable, mask, old: OldRows::default(), marker: PhantomData }
    }

    /// The event time of a record and its row.
    #[inline]
    fn time(record: &RecordRef<'_>, row: &P::Row) -> Timestamp {
        if P::TIME_IS_APPEND { Timestamp::from_millis(record.timestamp) } else { P::time(row) }
    }

    /// What becomes of a record that cannot be decoded.
    #[cold]
    fn undecodable(&self, offset: u64, reason: DecodeError, out: &mut Decoded) -> Result<(), Undecodable> {
        // A record of a newer type is whole, and this program the wrong one for it: it is not skipped.
        let is_whole = matches!(reason, DecodeError::Schema(_));
        match self.undecodable {
            OnUndecodablePolicy::Skip if !is_whole => out.skipped += 1,
            OnUndecodablePolicy::DeadLetter if !is_whole => {
                out.aside.push(Aside { offset, why: Why::Undecodable(reason) });
            }
            _ => return Err(Undecodable { offset, reason }),
        }
        Ok(())
    }

    /// Takes note of an event time that no row has.
    fn heartbeat(offset: u64, at: Timestamp, clock: &mut PartitionClock, out: &mut Decoded) {
        if P::TIME.is_empty() {
            return;
        }
        match clock.is_ahead(at) {
            true => out.aside.push(Aside { offset, why: Why::HeartbeatAhead }),
            false => clock.heartbeat(at),
        }
    }
}

impl<P: Topic, V: OfRecord<P::Row>> RowReader for TopicReader<P, V> {
    fn decode(
        &mut self,
        records: Records<'_>,
        slice: Slice,
        clock: &mut PartitionClock,
    ) -> Result<Decoded, Undecodable> {
        let Slice { source, partition } = slice;
        let mut out = Decoded { batches: Vec::new(), rows: 0, skipped: 0, aside: Vec::new() };
        let mut records_left = records.len();
        // Of these, the first so many are filled; the others are old.
        let (mut rows, mut filled): (Vec<Row<V>>, _) = (Vec::new(), 0);
        for record in records {
            records_left -= 1;
            let offset = record.offset.0;
            if let Some(told) = heartbeat(&record) {
                match told {
                    Ok(at) => Self::heartbeat(offset, at, clock, &mut out),
                    Err(reason) => self.undecodable(offset, reason, &mut out)?,
                }
                continue;
            }
            if rows.capacity() == 0 {
                rows = self.old.take(BATCH_ROWS.min(records_left + 1));
            }
            let decoded = match rows.get_mut(filled) {
                Some(row) => row.value.decode_into(&mut self.rows, &record, partition, self.mask),
                None => V::decode(&mut self.rows, &record, partition, self.mask)
                    .map(|value| rows.push(Row { meta: NOWHERE, value })),
            };
            if let Err(reason) = decoded {
                self.undecodable(offset, reason, &mut out)?;
                continue;
            }
            let row = &mut rows[filled];
            let time = Self::time(&record, row.value.row());
            let watermark_before = clock.watermark();
            if clock.is_ahead(time) {
                // What is decoded next is written over it.
                out.aside.push(Aside { offset, why: Why::Ahead { watermark_before } });
                continue;
            }
            let place = Place { time, position: Position::of_record(source, partition, offset) };
            row.meta = Meta { place, watermark_before };
            clock.advance(time);
            filled += 1;
            out.rows += 1;
            if filled == BATCH_ROWS {
                out.batches.push(self.old.batch_of(mem::take(&mut rows)));
                filled = 0;
            }
        }
        if filled > 0 {
            rows.truncate(filled);
            out.batches.push(self.old.batch_of(rows));
        }
        Ok(out)
    }
}
