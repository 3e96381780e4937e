//! The bids in the log, of which only what a query asks for is decoded.

use std::sync::Arc;

use waterwheel::log::{Offset, Partition};
use waterwheel::record::{Format, Record, RowCodec, RowRef, TopicSchemas};
use waterwheel::{Store, Timestamp};

use crate::Failure;
use crate::model;

/// Bytes of one read of the log: as the compiled pipeline has it.
const READ_BYTES: usize = 256 << 10;

/// The one partition of the topic.
#[derive(Clone)]
pub(super) struct Bids {
    partition: Partition,
    codec: Arc<RowCodec<model::Bid>>,
    fields: Fields,
}

/// A bid; whoever asks for a field decodes it.
pub(super) struct Bid<'a> {
    row: RowRef<'a>,
    fields: Fields,
    /// Event time, in milliseconds.
    pub(super) at: i64,
}

/// The numbers of the fields.
#[derive(Clone, Copy)]
struct Fields {
    auction: usize,
    bidder: usize,
    price: usize,
    date_time: usize,
    extra: usize,
}

impl Bids {
    pub(super) fn of(store: &Store) -> Result<Self, Failure> {
        let index = |name: &str| {
            model::Bid::SCHEMA.field_index(name).ok_or_else(|| format!("a bid has no field `{name}`"))
        };
        let fields = Fields {
            auction: index("auction")?,
            bidder: index("bidder")?,
            price: index("price")?,
            date_time: index("date_time")?,
            extra: index("extra")?,
        };
        let partition = store.topic("bids")?.partition(0)?;
        let codec = RowCodec::new(Format::Native, &mut TopicSchemas::new())?;
        Ok(Bids { partition, codec: Arc::new(codec), fields })
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> u64 {
        self.partition.last_stable_offset().0
    }

    /// Hands over the bids from an offset up to another.
    pub(super) fn read(&self, from: u64, until: u64, mut take: impl FnMut(&Bid<'_>)) {
        let mut at = Offset(from);
        while at.0 < until {
            let fetched = self.partition.read(at, READ_BYTES).expect("the log was just written");
            for record in fetched.records().take_while(|record| record.offset.0 < until) {
                let row = self.codec.row(record.value.unwrap_or_default()).expect("every record is a bid");
                let at =
                    row.get::<Timestamp>(self.fields.date_time).ok().flatten().expect("a bid has a time");
                take(&Bid { row, fields: self.fields, at: at.millis() });
            }
            at = fetched.next_offset();
        }
    }
}

impl Bid<'_> {
    pub(super) fn auction(&self) -> u64 {
        self.number(self.fields.auction)
    }

    pub(super) fn bidder(&self) -> u64 {
        self.number(self.fields.bidder)
    }

    pub(super) fn price(&self) -> u64 {
        self.number(self.fields.price)
    }

    pub(super) fn extra(&self) -> &str {
        self.row.str(self.fields.extra).ok().flatten().expect("a bid has this field")
    }

    fn number(&self, field: usize) -> u64 {
        self.row.get(field).ok().flatten().expect("a bid has this field")
    }
}
