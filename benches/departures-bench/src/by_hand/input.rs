//! What the job by hand reads: rows in the log, or rows in memory.

use std::hint::black_box;
use std::sync::Arc;

use waterwheel::Timestamp;
use waterwheel::log::{Offset, Partition, Store};
use waterwheel::record::{DecodeError, FieldMask, Format, Record, RowCodec, RowRef, TopicSchemas};

use crate::Failure;
use crate::flight::Flight;

/// Bytes of one read of the log: as the compiled pipeline has it.
const READ_BYTES: usize = 256 << 10;

/// What the job reads.
#[derive(Clone)]
pub(crate) enum Input {
    /// Encoded rows in the log, of which only what the job needs is decoded.
    Encoded(Encoded),
    /// Rows that need no decoding.
    Typed(Typed),
}

/// The partitions of a topic, and how its rows are encoded.
#[derive(Clone)]
pub(crate) struct Encoded {
    partitions: Vec<Partition>,
    codec: RowCodec<Flight>,
    fields: Fields,
}

/// The rows of the same partitions, in the same order.
#[derive(Clone)]
pub(crate) struct Typed {
    partitions: Arc<Vec<Vec<Flight>>>,
}

/// What the job needs of a flight; its text is not copied.
pub(super) struct Departure<'a> {
    pub(super) origin: &'a str,
    /// In milliseconds, to the minute.
    pub(super) time: i64,
    pub(super) departed: bool,
    pub(super) delay: Option<i16>,
}

/// The numbers of the fields that the job needs.
#[derive(Clone, Copy)]
struct Fields {
    origin: usize,
    time_hour: usize,
    minute: usize,
    dep_time: usize,
    dep_delay: usize,
}

impl Encoded {
    /// The topic `flights` of a store.
    pub(crate) fn of(store: &Store) -> Result<Self, Failure> {
        let topic = store.topic("flights")?;
        let partitions =
            (0..topic.partitions()).map(|partition| topic.partition(partition)).collect::<Result<_, _>>()?;
        let codec = RowCodec::new(Format::Native, &mut TopicSchemas::new())?;
        Ok(Encoded { partitions, codec, fields: Fields::of_flight()? })
    }

    /// Decodes all rows whole, one partition after the other; gives their number.
    pub(crate) fn decode_whole(&self) -> Result<usize, Failure> {
        let mut rows = 0;
        self.each_row(|row| {
            rows += 1;
            black_box(Flight::decode(&row, FieldMask::ALL)?);
            Ok(())
        })?;
        Ok(rows)
    }

    /// Decodes of all rows what the job needs; gives their number.
    pub(crate) fn decode_needed(&self) -> Result<usize, Failure> {
        let mut rows = 0;
        self.each_row(|row| {
            rows += 1;
            black_box(self.fields.read(&row)?);
            Ok(())
        })?;
        Ok(rows)
    }

    fn each_row(&self, mut take: impl FnMut(RowRef<'_>) -> Result<(), DecodeError>) -> Result<(), Failure> {
        for (partition, log) in self.partitions.iter().enumerate() {
            self.read(partition, 0, log.last_stable_offset().0 as usize, &mut take)?;
        }
        Ok(())
    }

    /// Hands over the rows from an offset up to another.
    fn read(
        &self,
        partition: usize,
        from: usize,
        until: usize,
        take: &mut impl FnMut(RowRef<'_>) -> Result<(), DecodeError>,
    ) -> Result<(), Failure> {
        let mut at = Offset(from as u64);
        while at.0 < until as u64 {
            let fetched = self.partitions[partition].read(at, READ_BYTES)?;
            for record in fetched.records().take_while(|record| record.offset.0 < until as u64) {
                take(self.codec.row(record.value.unwrap_or_default())?)?;
            }
            at = fetched.next_offset();
        }
        Ok(())
    }
}

impl Typed {
    /// Decodes all rows of the partitions.
    pub(crate) fn of(encoded: &Encoded) -> Result<Self, Failure> {
        let mut partitions = Vec::new();
        for (partition, log) in encoded.partitions.iter().enumerate() {
            let mut rows = Vec::new();
            let end = log.last_stable_offset().0 as usize;
            encoded.read(partition, 0, end, &mut |row| {
                rows.push(Flight::decode(&row, FieldMask::ALL)?);
                Ok(())
            })?;
            partitions.push(rows);
        }
        Ok(Typed { partitions: Arc::new(partitions) })
    }
}

impl Input {
    pub(super) fn partitions(&self) -> usize {
        match self {
            Input::Encoded(encoded) => encoded.partitions.len(),
            Input::Typed(typed) => typed.partitions.len(),
        }
    }

    pub(super) fn rows(&self, partition: usize) -> usize {
        match self {
            Input::Encoded(encoded) => encoded.partitions[partition].last_stable_offset().0 as usize,
            Input::Typed(typed) => typed.partitions[partition].len(),
        }
    }

    /// Hands over what the job needs of the rows from one up to another.
    pub(super) fn read(
        &self,
        partition: usize,
        from: usize,
        until: usize,
        mut take: impl FnMut(Departure<'_>),
    ) -> Result<(), Failure> {
        match self {
            Input::Encoded(encoded) => encoded.read(partition, from, until, &mut |row| {
                take(encoded.fields.read(&row)?);
                Ok(())
            }),
            Input::Typed(typed) => {
                typed.partitions[partition][from..until].iter().map(Departure::of).for_each(take);
                Ok(())
            }
        }
    }
}

impl Departure<'_> {
    #[inline]
    fn of(flight: &Flight) -> Departure<'_> {
        Departure {
            origin: &flight.origin,
            time: flight.time_hour.millis() + i64::from(flight.minute) * 60_000,
            departed: flight.dep_time.is_some(),
            delay: flight.dep_delay,
        }
    }
}

impl Fields {
    fn of_flight() -> Result<Self, Failure> {
        let index = |name: &str| {
            Flight::SCHEMA.field_index(name).ok_or_else(|| format!("a flight has no field `{name}`"))
        };
        Ok(Fields {
            origin: index("origin")?,
            time_hour: index("time_hour")?,
            minute: index("minute")?,
            dep_time: index("dep_time")?,
            dep_delay: index("dep_delay")?,
        })
    }

    #[inline]
    fn read<'a>(&self, row: &RowRef<'a>) -> Result<Departure<'a>, DecodeError> {
        let hour = row.get::<Timestamp>(self.time_hour)?.unwrap_or_default();
        let minute = row.get::<u8>(self.minute)?.unwrap_or_default();
        Ok(Departure {
            origin: row.str(self.origin)?.unwrap_or_default(),
            time: hour.millis() + i64::from(minute) * 60_000,
            departed: row.get::<u16>(self.dep_time)?.is_some(),
            delay: row.get(self.dep_delay)?,
        })
    }
}
