//! A durable partitioned log in Kafka's file formats, as a library: one directory, one owning process.
//!
//! Open a [`Store`], make a [`Topic`], append to its [`Partition`]s, read them; or write to several in a
//! [`Transaction`], whose records become durable and visible together.
//!
//! It is usable alone, and so are its examples. A program that depends on `waterwheel` finds all of it as `waterwheel::log`.

mod codec;
mod config;
mod disk;
mod error;
mod ids;
mod journal;
mod loss;
mod partition;
mod record;
mod segment;
mod store;
mod visible;

pub use config::{Clock, Durability, StoreConfig, SystemClock, TopicConfig};
pub use disk::{BootId, Create, Disk, DiskFile, Fault, FaultyDisk, LockError, MemDisk, RealDisk};
pub use error::{Error, Result};
pub use ids::{Offset, PartitionId, ProducerEpoch, ProducerId, TopicId};
pub use loss::{CutTail, PossibleLoss};
pub use partition::{Fetched, Records};
pub use record::{Headers, MAX_RECORD_BYTES, RecordRef, RecordsBuilder};
pub use store::{Claim, Partition, Producer, RecoveryReport, Scan, Store, Subscription, Topic, Transaction};
