//! Appending records to the partitions they belong to, and telling where they are.

use std::io::{BufWriter, Write};
use std::sync::Arc;

use log_store::{Clock, Offset, Partition, RecordsBuilder, Store, Topic, partition_of};

use crate::failure::{Failure, Outcome};

use super::parse::Record;

/// Takes records, and appends those it has together.
pub(super) struct Producer {
    clock: Arc<dyn Clock>,
    record_bytes_max: usize,
    partitions: Vec<Partition>,
    /// Where all records go.
    chosen: Option<u32>,
    /// Where those without a key go that are appended together.
    keyless: Option<u32>,
    builders: Vec<RecordsBuilder>,
    /// The partition of each record, in the order in which they came.
    order: Vec<u32>,
    says_where: bool,
    durable: u64,
}

/// How many partitions are appended to at once: their appends share what the disk is waited for.
const TOGETHER: usize = 16;

impl Producer {
    pub(super) fn new(
        store: &Store,
        topic: &Topic,
        chosen: Option<u32>,
        says_where: bool,
    ) -> Outcome<Producer> {
        if let Some(chosen) = chosen {
            topic.partition(chosen)?;
        }
        let partitions: Vec<_> =
            (0..topic.partitions()).map(|number| topic.partition(number)).collect::<Result<_, _>>()?;
        Ok(Producer {
            clock: store.clock(),
            record_bytes_max: store.record_bytes_max(),
            builders: vec![RecordsBuilder::new(); partitions.len()],
            partitions,
            chosen,
            keyless: None,
            order: Vec::new(),
            says_where,
            durable: 0,
        })
    }

    /// How many records were appended.
    pub(super) fn durable(&self) -> u64 {
        self.durable
    }

    /// Takes a record, or says what is wrong with it.
    pub(super) fn push(&mut self, record: &Record<'_>) -> Result<(), String> {
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        let headers: Vec<_> =
            record.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        let bytes = RecordsBuilder::record_bytes_with_headers(key, value, &headers);
        if bytes > self.record_bytes_max {
            let limit = self.record_bytes_max;
            return Err(format!("it makes a record of {bytes} bytes, and the log takes {limit}; split it"));
        }
        let partition = self.partition(record)?;
        let timestamp = record.timestamp.unwrap_or_else(|| self.clock.now_ms());
        self.builders[partition as usize].push_with_headers(timestamp, key, value, &headers);
        self.order.push(partition);
        Ok(())
    }

    /// Appends what was taken, and says where it is.
    pub(super) fn write(&mut self) -> Outcome {
        self.keyless = None;
        let order = std::mem::take(&mut self.order);
        let mut at: Vec<Option<Offset>> = vec![None; self.partitions.len()];
        let mut failed = None;
        let mut work: Vec<_> =
            (0..self.partitions.len()).filter(|&number| !self.builders[number].is_empty()).collect();
        while !work.is_empty() {
            let together = work.split_off(work.len().saturating_sub(TOGETHER));
            for (number, appended) in self.append(&together) {
                match appended {
                    Ok(first) => at[number] = Some(first),
                    Err(error) => failed = Some(error),
                }
            }
        }
        let mut places = Vec::with_capacity(order.len());
        for number in order {
            if let Some(offset) = &mut at[number as usize] {
                places.push((number, *offset));
                *offset = offset.plus(1);
            }
        }
        self.durable += places.len() as u64;
        if self.says_where {
            // Not quietly, even if nobody reads them any more: what is still on stdin is not appended.
            say(&places).map_err(|error| Failure::Error(format!("cannot write acks to stdout: {error}")))?;
        }
        failed.map_or(Ok(()), |error| Err(error.into()))
    }

    fn append(&mut self, numbers: &[usize]) -> Vec<(usize, log_store::Result<Offset>)> {
        let work: Vec<_> = numbers
            .iter()
            .map(|&number| (number, &self.partitions[number], std::mem::take(&mut self.builders[number])))
            .collect();
        if let [_] = numbers {
            return work
                .into_iter()
                .map(|(number, partition, records)| (number, partition.append(records)))
                .collect();
        }
        std::thread::scope(|scope| {
            let threads: Vec<_> = work
                .into_iter()
                .map(|(number, partition, records)| (number, scope.spawn(move || partition.append(records))))
                .collect();
            let joined = |(number, thread): (usize, std::thread::ScopedJoinHandle<'_, _>)| {
                (number, thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            };
            threads.into_iter().map(joined).collect()
        })
    }

    fn partition(&mut self, record: &Record<'_>) -> Result<u32, String> {
        let count = self.partitions.len() as u32;
        if let Some(chosen) = self.chosen {
            return Ok(chosen);
        }
        if let Some(number) = record.partition {
            return match number < count {
                true => Ok(number),
                false => Err(format!(
                    "it names partition {number}, and the topic has {count}, numbered from 0; leave `partition` out to go by the key"
                )),
            };
        }
        if let Some(key) = &record.key {
            return Ok(partition_of(key, count));
        }
        let partitions = &self.partitions;
        let with_fewest = || (0..count).min_by_key(|&number| partitions[number as usize].log_end_offset());
        Ok(*self.keyless.get_or_insert_with(|| with_fewest().expect("a topic has at least one partition")))
    }
}

fn say(places: &[(u32, Offset)]) -> std::io::Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    for (partition, offset) in places {
        writeln!(out, "{{\"partition\":{partition},\"offset\":{offset}}}")?;
    }
    out.flush()
}
