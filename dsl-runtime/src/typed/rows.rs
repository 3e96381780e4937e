//! Reading a topic's committed rows.

use std::collections::VecDeque;

use log_store::{Offset, Partition, Topic as LogTopic};

use crate::error::{Error, Result};
use crate::handles::Topic;
use crate::record::{FieldMask, TopicDecoder};

/// Bytes of one read.
const READ_BYTES: usize = 256 << 10;

/// An iterator over a topic's committed rows: partition after partition, in the order of offsets.
pub struct Rows<P: Topic> {
    decoder: TopicDecoder<P::Row>,
    partitions: VecDeque<PartitionToRead>,
    decoded: VecDeque<P::Row>,
    failed: Option<Error>,
}

struct PartitionToRead {
    log: Partition,
    from: Offset,
    end: Offset,
}

impl<P: Topic> Rows<P> {
    pub(super) fn of(topic: &LogTopic, decoder: TopicDecoder<P::Row>) -> Self {
        let mut failed = None;
        let mut partitions = VecDeque::new();
        // As of one commit: of an epoch all rows, or none.
        for (partition, readable) in topic.snapshot().into_iter().enumerate() {
            match topic.partition(partition as u32) {
                Ok(log) => {
                    partitions.push_back(PartitionToRead { log, from: readable.start, end: readable.end })
                }
                Err(error) => failed = failed.or(Some(error.into())),
            }
        }
        Rows { decoder, partitions, decoded: VecDeque::new(), failed }
    }

    fn read(&mut self) -> Result<()> {
        while let Some(open) = self.partitions.front_mut() {
            if open.from >= open.end {
                self.partitions.pop_front();
                continue;
            }
            let fetched = open.log.read(open.from, READ_BYTES)?;
            for record in fetched.records().take_while(|record| record.offset < open.end) {
                let row = self.decoder.decode(record.value.unwrap_or_default(), FieldMask::ALL);
                self.decoded.push_back(row.map_err(|source| Error::Row {
                    topic: P::NAME.to_owned(),
                    partition: open.log.id().0,
                    offset: record.offset.0,
                    source,
                })?);
            }
            if fetched.next_offset() <= open.from {
                self.partitions.pop_front();
                continue;
            }
            open.from = fetched.next_offset();
            if !self.decoded.is_empty() {
                return Ok(());
            }
        }
        Ok(())
    }
}

impl<P: Topic> Iterator for Rows<P> {
    type Item = Result<P::Row>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(error) = self.failed.take() {
            self.partitions.clear();
            return Some(Err(error));
        }
        if self.decoded.is_empty()
            && let Err(error) = self.read()
        {
            // Rows before the one that failed come first.
            self.failed = Some(error);
        }
        match self.decoded.pop_front() {
            Some(row) => Some(Ok(row)),
            None => self.failed.take().map(|error| {
                self.partitions.clear();
                Err(error)
            }),
        }
    }
}
