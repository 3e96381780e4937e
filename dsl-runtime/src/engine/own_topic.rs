//! Reading what a pipeline keeps in topics of its own, record by record.

use log_store::{Offset, Partition};

use crate::error::Result;

/// Gives each committed record's offset and value, in order.
pub(crate) fn for_each_record(
    partition: &Partition,
    mut act: impl FnMut(Offset, &[u8]) -> Result<()>,
) -> Result<()> {
    let mut scan = partition.scan(partition.log_start_offset(), partition.last_stable_offset());
    while let Some(record) = scan.next()? {
        act(record.offset, record.value.unwrap_or_default())?;
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    //! What the tests of those who read such topics share.

    use std::sync::Arc;

    use log_store::{MemDisk, RecordsBuilder, Store, StoreConfig, TopicConfig};

    use super::*;
    use crate::error::Error;

    /// A topic with records of these values.
    pub(crate) fn partition(values: &[Vec<u8>]) -> Partition {
        partition_of(values.iter().map(|value| (None, value.as_slice())))
    }

    /// A topic with these records, each a key and a value.
    pub(crate) fn keyed_partition(records: &[(Vec<u8>, Vec<u8>)]) -> Partition {
        partition_of(records.iter().map(|(key, value)| (Some(key.as_slice()), value.as_slice())))
    }

    fn partition_of<'a>(records: impl Iterator<Item = (Option<&'a [u8]>, &'a [u8])>) -> Partition {
        let store = Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default()).unwrap();
        let partition = store.create_topic("own", TopicConfig::default()).unwrap().partition(0).unwrap();
        for (key, value) in records {
            let mut builder = RecordsBuilder::new();
            builder.push(0, key, Some(value));
            partition.append(builder).unwrap();
        }
        partition
    }

    pub(crate) fn damaged(reason: String) -> Error {
        Error::Engine(reason)
    }

    #[track_caller]
    pub(crate) fn check_damaged<T: std::fmt::Debug>(result: Result<T>, expected: &str) {
        match result {
            Err(Error::Engine(reason)) => assert_eq!(reason, expected),
            other => panic!("{other:?} instead of: {expected}"),
        }
    }
}
