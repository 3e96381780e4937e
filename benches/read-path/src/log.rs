//! A log to read: records of one size in some partitions, on disk.

use log_store::{Partition, RecordsBuilder, Store, TopicConfig};
use tempfile::TempDir;

use crate::Failure;
use crate::measure::Shape;

/// Records in all partitions together.
const RECORDS: usize = 400_000;

/// A log on disk, which goes when it is dropped.
pub(crate) struct Log {
    pub(crate) partitions: Vec<Partition>,
    _store: Store,
    _directory: TempDir,
}

impl Log {
    pub(crate) fn filled(shape: &Shape) -> Result<Log, Failure> {
        let directory = tempfile::tempdir()?;
        let store = Store::open(directory.path())?;
        let topic = store.create_topic("records", TopicConfig::with_partitions(shape.partitions))?;
        let partitions: Vec<Partition> =
            (0..shape.partitions).map(|number| topic.partition(number)).collect::<Result<_, _>>()?;
        let value = vec![b'v'; shape.value_bytes];
        let each = RECORDS / partitions.len();
        for partition in &partitions {
            for first in (0..each).step_by(shape.appended) {
                let mut records = RecordsBuilder::new();
                for number in first..each.min(first + shape.appended) {
                    records.push(1_700_000_000_000 + number as i64, None, Some(&value));
                }
                partition.append(records)?;
            }
        }
        Ok(Log { partitions, _store: store, _directory: directory })
    }
}
