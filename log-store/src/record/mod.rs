//! Records and record batches, exactly as Kafka's message format v2 lays them out.

mod builder;
mod carried;
mod compression;
mod control;
mod header;
mod view;

pub use builder::{MAX_RECORD_BYTES, RecordsBuilder};
pub use view::{Headers, RecordRef};

pub(crate) use builder::{BatchSpan, Stamp};
pub(crate) use compression::inflate_batch;
pub(crate) use control::Marker;
pub(crate) use header::{BatchHeader, HEADER_BYTES, Unreadable, parse_batch, peek_batch};
pub(crate) use view::{index_records, record_at};
