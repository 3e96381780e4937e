//! Appending records to the partitions they belong to, and telling where they are.

use std::io::{BufWriter, Write};
use std::sync::Arc;

use log_store::{Appended, Clock, Offset, Partition, RecordsBuilder, Store, Topic, Writer, partition_of};

use crate::failure::{Failure, Outcome};
use crate::native::{NativeRows, is_native};

use super::parse::Record;

/// Takes records, and appends those it has together.
pub(super) struct Producer {
    clock: Arc<dyn Clock>,
    /// The largest record that the store takes, and that the topic does, as it is altered now.
    record_bytes_max: usize,
    topic_bytes_max: usize,
    /// Where the topic's rows are native: decodes what is to become one.
    rows: Option<NativeRows>,
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
    topic: Topic,
    /// Whose lines they are.
    writer: Option<Writer>,
}

impl Producer {
    pub(super) fn new(
        store: &Store,
        topic: &Topic,
        chosen: Option<u32>,
        writer: Option<Writer>,
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
            topic_bytes_max: topic_bytes_max(topic),
            rows: is_native(topic).then(|| NativeRows::of(topic)),
            builders: vec![RecordsBuilder::new(); partitions.len()],
            partitions,
            chosen,
            keyless: None,
            order: Vec::new(),
            says_where,
            durable: 0,
            topic: topic.clone(),
            writer,
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
        if bytes > self.topic_bytes_max {
            let (limit, name) = (self.topic_bytes_max, self.topic.name());
            return Err(format!(
                "it makes a record of {bytes} bytes, and topic `{name}` takes {limit} by its setting `max.message.bytes`; split it, or \
                 have that altered by `topic alter`"
            ));
        }
        let fault = value.and_then(|row| self.rows.as_mut().and_then(|rows| rows.fault_of(row)));
        if let Some(fault) = fault {
            let name = self.topic.name();
            return Err(format!(
                "it is no row of topic `{name}`, whose format is `native`, and who reads that would stop there: {fault}; rows are written \
                 by the pipeline's own program, or copied by `consume --json --raw`"
            ));
        }
        let partition = self.partition(record)?;
        let timestamp = record.timestamp.unwrap_or_else(|| self.clock.now_ms());
        self.builders[partition as usize].push_with_headers(timestamp, key, value, &headers);
        self.order.push(partition);
        Ok(())
    }

    /// Appends what was taken, all of it or nothing, and says where it is. A writer's lines are those before `lines`.
    pub(super) fn write(&mut self, lines: u64) -> Outcome {
        self.keyless = None;
        self.topic_bytes_max = topic_bytes_max(&self.topic);
        let order = std::mem::take(&mut self.order);
        let appended = self.append(lines)?;
        let mut at: Vec<Option<Offset>> = vec![None; self.partitions.len()];
        appended.iter().for_each(|one| at[one.partition.0 as usize] = Some(one.first));
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
        Ok(())
    }

    fn append(&mut self, lines: u64) -> log_store::Result<Vec<Appended>> {
        let filled = self.builders.iter_mut().zip(0..).filter(|(records, _)| !records.is_empty());
        let batch: Vec<_> = filled.map(|(records, number)| (number, std::mem::take(records))).collect();
        match &self.writer {
            Some(writer) if writer.next_sequence() < lines => {
                writer.append(writer.next_sequence()..lines, batch)
            }
            // There are no lines since.
            Some(_) => Ok(Vec::new()),
            None => self.topic.append_together(batch),
        }
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

/// The largest record that a topic takes by its own setting.
fn topic_bytes_max(topic: &Topic) -> usize {
    topic.config().max_message_bytes.map_or(usize::MAX, |bytes| bytes as usize)
}

fn say(places: &[(u32, Offset)]) -> std::io::Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    for (partition, offset) in places {
        writeln!(out, "{{\"partition\":{partition},\"offset\":{offset}}}")?;
    }
    out.flush()
}
