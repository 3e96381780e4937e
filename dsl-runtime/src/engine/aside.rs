//! Records that a source gives to no operator: those too far in the future, and those that cannot be decoded. Its reader writes them
//! to the topics that are named for them, in the epoch that has read them.

use log_store::{RecordsBuilder, Scan};

use super::Epoch;
use super::again::{Again, ReadAgain, record_at};
use super::context::Context;
use super::counting::OperatorCounts;
use super::input::Input;
use crate::error::{Error, Result};
use crate::flow::{Aside, OutRecord, RecordHeaders, SinkEncoder, Why, catch};
use crate::key::partition_of;
use crate::place::{Place, Position};
use crate::record::DecodeError;
use crate::time::Timestamp;

/// What one worker does with the records that a source sets aside.
pub(crate) struct SetAside {
    /// The source's id.
    pub(crate) source: String,
    /// Where the source stands among the plan's nodes.
    pub(crate) node: usize,
    pub(crate) again: ReadAgain,
    /// Where rows go that are too far in the future; `None` if they are only counted.
    pub(crate) late: Option<LateTopic>,
    pub(crate) dead: Option<DeadLetters>,
}

/// The topic of a source's late records, as its reader writes to it.
pub(crate) struct LateTopic {
    /// The number of the sink.
    pub(crate) number: usize,
    /// Where it stands among the plan's nodes.
    pub(crate) node: usize,
    pub(crate) encoder: Box<dyn SinkEncoder>,
}

/// The topic of a source's undecodable records.
#[derive(Clone)]
pub(crate) struct DeadLetters {
    /// The number of the sink.
    pub(crate) number: usize,
    /// Where it stands among the plan's nodes.
    pub(crate) node: usize,
    pub(crate) topic: String,
    pub(crate) partitions: u32,
    pub(crate) record_bytes_max: usize,
}

impl SetAside {
    /// Counts and writes what one read of a partition has set aside, in the order of offsets.
    pub(crate) fn write(
        &mut self,
        epoch: Epoch,
        input: &Input,
        aside: Vec<Aside>,
        context: &Context,
    ) -> Result<()> {
        let mut scan = None;
        for Aside { offset, why } in aside {
            match why {
                Why::Ahead { watermark_before } => {
                    context.part(epoch, |part| part.operators[self.node].late.ahead += 1);
                    self.ahead(epoch, input, (offset, watermark_before), &mut scan, context)?;
                }
                Why::HeartbeatAhead => {
                    context.part(epoch, |part| part.operators[self.node].late.ahead += 1);
                }
                Why::Undecodable(reason) => {
                    undecodable(self.dead.as_ref(), epoch, input, (offset, &reason), &mut scan, context)?;
                }
            }
        }
        Ok(())
    }

    /// Writes a record that is too far in the future, if there is a topic for it.
    fn ahead(
        &mut self,
        epoch: Epoch,
        input: &Input,
        (offset, watermark_before): (u64, Timestamp),
        scan: &mut Option<Scan>,
        context: &Context,
    ) -> Result<()> {
        let Some(late) = &mut self.late else { return Ok(()) };
        let row = match self.again.row(input, offset, scan)? {
            Again::Row(row) => row,
            Again::Undecodable(reason) => {
                return undecodable(self.dead.as_ref(), epoch, input, (offset, &reason), scan, context);
            }
            Again::Skipped => {
                context.part(epoch, |part| part.skipped += 1);
                return Ok(());
            }
        };
        let mut headers = RecordHeaders::default();
        let clock = context.part(epoch, |part| part.binding.clock_ms);
        headers.add("waterwheel.cause", Some(b"ahead"));
        headers.add("waterwheel.operator", Some(self.source.as_bytes()));
        headers.add("waterwheel.clock", Some(clock.to_string().as_bytes()));
        headers.add("waterwheel.watermark", Some(watermark_before.millis().to_string().as_bytes()));
        add_place(&mut headers, input, offset);
        let encode = || {
            context.part(epoch, |part| late.encoder.encode(row, &headers, &mut part.outputs[late.number]));
        };
        match catch(encode) {
            Err(blame) => context.blame(&self.again.operator, blame),
            Ok(()) => context.count(epoch, late.node, one_row()),
        }
        Ok(())
    }
}

/// Counts a record that cannot be decoded, and writes it as it is, if there is a topic for it.
pub(crate) fn undecodable(
    dead: Option<&DeadLetters>,
    epoch: Epoch,
    input: &Input,
    (offset, reason): (u64, &DecodeError),
    scan: &mut Option<Scan>,
    context: &Context,
) -> Result<()> {
    context.part(epoch, |part| part.skipped += 1);
    let Some(dead) = dead else { return Ok(()) };
    let mut records = record_at(&input.log, offset, scan, "")?;
    let Some(record) = records.next() else { return Ok(()) };
    let mut headers = RecordHeaders::default();
    record.headers().for_each(|(name, value)| headers.add(name, value));
    headers.add("waterwheel.cause", Some(b"undecodable"));
    headers.add("waterwheel.error", Some(reason.to_string().as_bytes()));
    add_place(&mut headers, input, offset);
    let (key, value) = (record.key, record.value);
    let by_name = RecordHeaders::read(headers.as_bytes());
    let (bytes, limit) =
        (RecordsBuilder::record_bytes_with_headers(key, value, &by_name), dead.record_bytes_max);
    if bytes > limit {
        let (topic, at) = (input.log.topic_name(), input.at.partition);
        return Err(Error::Usage(format!(
            "record {offset} of topic `{topic}` partition {at} cannot be decoded ({reason}), and with the headers that say so it has {bytes} \
             bytes, where the log takes at most {limit}: it does not fit into topic `{}`; `.undecodable(skip)` passes over it",
            dead.topic
        )));
    }
    // It has no event time that anybody knows of: such records stand in the order of their offsets.
    let position = Position::of_record(0, input.at.partition, offset);
    let place = Place { time: Timestamp::MIN, position };
    let partition = partition_of(key.or(value).unwrap_or_default(), dead.partitions);
    let out = OutRecord { place, key, value, headers: headers.as_bytes() };
    context.part(epoch, |part| part.outputs[dead.number].push(partition, out));
    context.count(epoch, dead.node, one_row());
    Ok(())
}

/// Where the record is in the source.
pub(crate) fn add_place(headers: &mut RecordHeaders, input: &Input, offset: u64) {
    let mut add = |name, value: &str| headers.add(name, Some(value.as_bytes()));
    add("waterwheel.topic", input.log.topic_name());
    add("waterwheel.partition", &input.at.partition.to_string());
    add("waterwheel.offset", &offset.to_string());
}

fn one_row() -> OperatorCounts {
    OperatorCounts { rows_in: 1, ..OperatorCounts::default() }
}
