//! A durable partitioned log in Kafka's file formats, as a library: one directory, for one process or several.
//!
//! Open a [`Store`], make a [`Topic`], append to its [`Partition`]s, read them; or write to several in a
//! [`Transaction`], whose records become durable and visible together.
//!
//! ```
//! use log_store::{Offset, RecordsBuilder, Store, TopicConfig};
//!
//! # let dir = std::env::temp_dir().join(format!("log-store-front-page-{}", std::process::id()));
//! let store = Store::open(&dir)?;
//! let orders = store.create_topic("orders", TopicConfig::with_partitions(2))?;
//!
//! let mut records = RecordsBuilder::new();
//! records.push(1_700_000_000_000, Some(b"shop 7"), Some(b"12.50")); // a time, a key, a value
//! orders.partition(0)?.append(records)?; // on disk when it returns
//!
//! let fetched = orders.partition(0)?.read(Offset(0), 1 << 20)?;
//! for record in fetched.records() {
//!     assert_eq!((record.offset, record.value), (Offset(0), Some(&b"12.50"[..])));
//! }
//! store.close()?;
//! # std::fs::remove_dir_all(&dir).unwrap();
//! # Ok::<(), log_store::Error>(())
//! ```
//!
//! | to | see |
//! |---|---|
//! | open a directory, make and find topics, alter their settings | [`Store`], [`StoreConfig`], [`TopicConfig`], [`Topic::alter`] |
//! | write to a partition; to several at once | [`Partition::append`]; [`Store::begin`], [`Transaction`] |
//! | send records one at a time, each to the partition of its key | [`Topic::sender`], [`Sender`] |
//! | append to several partitions of a topic in one step | [`Topic::append_together`] |
//! | write each batch once, whatever becomes of the program | [`Topic::writer`], [`Writer`] |
//! | find the partition of a key, as Kafka does | [`partition_of`] |
//! | read, from an offset or a time | [`Partition::read`]; [`Scan`], which goes on where it stands; [`Partition::offset_for_time`] |
//! | be told of commits | [`Store::on_commit`], [`Subscription`] |
//! | have several processes on one directory | [`Store::open`], [`Store::processes`], [`Store::claim`]; [`Store::open_exclusive`] for one alone |
//! | look at every batch on disk, and whether it is whole | [`Partition::inspect`] |
//! | have a copy of it all, taken while it is at work | [`Store::backup`], [`Store::restore`] |
//! | know what a crash has left | [`RecoveryReport`], [`PossibleLoss`] |
//! | test over a disk in memory, or one that fails | [`MemDisk`], [`FaultyDisk`], [`Disk`] |
//!
//! It is usable alone, and so are its examples. A program that depends on `waterwheel` finds all of it as `waterwheel::log`.

mod codec;
mod config;
mod disk;
mod error;
#[cfg(test)]
mod fuzz;
mod group;
mod ids;
mod journal;
mod loss;
mod partition;
mod partitioner;
mod random;
mod record;
mod remote;
mod segment;
mod store;
mod visible;

pub use config::{
    Clock, Compression, Durability, InvalidSetting, PARTITIONS_FIXED_PROPERTY, StoreConfig, SystemClock,
    TopicConfig, TopicSetting,
};
pub use disk::{BootId, Create, Disk, DiskFile, Fault, FaultyDisk, LockError, MemDisk, RealDisk};
pub use error::{Error, Result};
pub use group::{Assignor, Committed, GroupOffsets};
pub use ids::{Offset, PartitionId, ProducerEpoch, ProducerId, TopicId};
pub use journal::Appended;
pub use loss::{CutTail, PossibleLoss};
pub use partition::{Batch, BatchKind, Damage, Fetched, Inspected, Records};
pub use partitioner::partition_of;
pub use record::{Headers, MAX_RECORD_BYTES, RecordRef, RecordsBuilder};
pub use store::{
    Ack, Acknowledged, BackupProgress, BackupReport, Claim, Consumer, ConsumerConfig, ConsumerWaker, Group,
    GroupMember, GroupPartition, GroupState, NewRecord, OffsetReset, OffsetSpec, Partition, Polled, Process,
    Processes, Producer, RecoveryReport, Scan, Sender, SenderConfig, Store, Subscription, Topic, Transaction,
    Writer,
};

/// The README: its example is compiled as a doc test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
