//! Reading a source's partitions: the ranges of each bound epoch become rows, ended by the partitions' watermarks.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use log_store::{Offset, Scan};
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::{Capability, Operator};
use timely::scheduling::Activator;

use super::Epoch;
use super::aside::SetAside;
use super::binding::{Binding, PartitionRange};
use super::context::{Context, ReadTo};
use super::counting::{OperatorCounts, timed};
use super::envelope::{Bound, EpochEnd, Flow};
use super::input::{Input, SourcePartition};
use crate::error::Error;
use crate::flow::{Aside, Decoded, PartitionClock, RowReader, Slice, Watermark, Why, catch};
use crate::time::Timestamp;

/// How many records a turn takes of a partition at most. Once it has taken as many in all, the operators behind get their turn,
/// with rows that are still in the cache.
const TURN_RECORDS: usize = 1024;

/// How much a source's reader holds of its partitions' logs, altogether. One batch of each is held whole, however large.
const LOG_BYTES: usize = 4 << 20;

/// How much of one partition is read at once: less if there are many.
fn piece_bytes(partitions: usize) -> usize {
    (LOG_BYTES / partitions.max(1)).clamp(16 << 10, 256 << 10)
}

/// An input as its reader has it.
pub(crate) struct ReadPartition {
    pub(crate) input: Input,
    pub(crate) clock: PartitionClock,
    /// Where it was read last. An epoch mostly ends in the middle of what a read brought, and the next one goes on there.
    scan: Option<Scan>,
}

impl ReadPartition {
    pub(crate) fn new(input: Input, clock: PartitionClock) -> ReadPartition {
        ReadPartition { input, clock, scan: None }
    }
}

/// One source as one worker reads it: the partitions that fall to it.
pub(crate) struct SourceReader {
    pub(crate) name: String,
    /// Where it stands among the plan's nodes.
    pub(crate) node: usize,
    /// What stands for the source in the places of its rows.
    pub(crate) maker: u32,
    /// Its number among the sources.
    pub(crate) number: u16,
    /// Which of how many workers this is.
    pub(crate) worker: (usize, usize),
    /// What reads a partition that was added.
    pub(crate) added: Box<dyn Fn(SourcePartition) -> Option<ReadPartition>>,
    pub(crate) topic: &'static str,
    /// A side table says nothing of event time: nobody waits for it, and it is over before the streams begin.
    pub(crate) is_side: bool,
    pub(crate) rows: Box<dyn RowReader>,
    pub(crate) partitions: Vec<ReadPartition>,
    pub(crate) aside: SetAside,
}

/// The worker that reads a partition.
pub(crate) fn reader_of(partition: u16, workers: usize) -> usize {
    usize::from(partition) % workers
}

/// Adds a source: each worker reads the partitions that fall to it, epoch by epoch.
pub(crate) fn read<'s>(
    bound: StreamVec<'s, u64, Bound>,
    reader: SourceReader,
    context: Rc<Context>,
) -> StreamVec<'s, u64, Flow> {
    let pact = Exchange::new(|bound: &Bound| bound.to as u64);
    let scope = bound.scope();
    let name = format!("source {}", reader.name);
    bound.unary(pact, &name, move |capability, info| {
        drop(capability);
        let activator = scope.activator_for(info.address);
        let mut turn = Turn { reader, context, activator, queue: VecDeque::new() };
        move |input, output| {
            input.for_each(|capability, bounds: &mut Vec<Bound>| {
                for bound in bounds.drain(..) {
                    turn.context.open(&bound.binding);
                    let ranges = turn.reader.own_ranges(&bound.binding);
                    let capability = capability.delayed(&bound.binding.epoch, 0);
                    let binding = bound.binding;
                    turn.queue.push_back(EpochToRead { capability, binding, ranges, begun: false });
                }
            });
            turn.run(&mut |capability, flow| output.session(capability).give(flow));
        }
    })
}

/// An epoch that is being read.
struct EpochToRead {
    capability: Capability<u64>,
    binding: Arc<Binding>,
    /// What is still to be read of the epoch's ranges.
    ranges: VecDeque<PartitionRange>,
    begun: bool,
}

struct Turn {
    reader: SourceReader,
    context: Rc<Context>,
    activator: Activator,
    queue: VecDeque<EpochToRead>,
}

impl Turn {
    /// Makes about a thousand rows, so that the operators behind get their turn, and ends the epochs that are read.
    fn run(&mut self, emit: &mut dyn FnMut(&Capability<u64>, Flow)) {
        let mut taken = 0;
        while let Some(open) = self.queue.front_mut() {
            if self.context.shared.failed() {
                self.queue.clear();
                return;
            }
            let epoch = open.binding.epoch;
            if !std::mem::replace(&mut open.begun, true) {
                self.reader.begin(&open.binding);
            }
            let Some(range) = open.ranges.front_mut() else {
                let end = self.reader.end(&open.binding, &self.context);
                emit(&open.capability, Flow::End(Arc::new(end)));
                self.queue.pop_front();
                continue;
            };
            if taken >= TURN_RECORDS {
                self.activator.activate();
                return;
            }
            let (mut counts, from) = (OperatorCounts::default(), range.from);
            let decoded = match timed(&mut counts.busy, || self.reader.read(range)) {
                Ok(decoded) => decoded,
                Err(error) => {
                    self.context.shared.fail(error);
                    continue;
                }
            };
            let (at, read) = (range.at, range.from - from);
            if range.from >= range.until {
                open.ranges.pop_front();
            }
            let ahead =
                decoded.aside.iter().filter(|aside| matches!(aside.why, Why::Ahead { .. })).count() as u64;
            // What brings no record takes its time, too.
            taken += usize::try_from(read).unwrap_or(TURN_RECORDS).max(1);
            counts.rows_out = decoded.rows;
            self.context.count(epoch, self.reader.node, counts);
            self.context.part(epoch, |part| {
                part.rows += decoded.rows + ahead;
                part.skipped += decoded.skipped;
            });
            if let Err(error) = self.reader.set_aside(epoch, at, decoded.aside, &self.context) {
                self.context.shared.fail(error);
                continue;
            }
            for rows in decoded.batches {
                emit(&open.capability, Flow::Rows(rows));
            }
        }
    }
}

impl SourceReader {
    fn own_ranges(&self, binding: &Binding) -> VecDeque<PartitionRange> {
        // A partition that is taken up has a range without records.
        let own = |range: &&PartitionRange| self.is_own(range.at) && range.from < range.until;
        binding.ranges.iter().filter(own).copied().collect()
    }

    fn is_own(&self, at: SourcePartition) -> bool {
        let (index, workers) = self.worker;
        at.source == self.number && reader_of(at.partition, workers) == index
    }

    /// Takes note of an epoch's reading of the clock, and of the partitions that become idle with it, come back, or are taken up.
    fn begin(&mut self, binding: &Binding) {
        let clock = Timestamp::from_millis(binding.clock_ms);
        let taken_up = binding.flips.iter().filter(|flip| !flip.idle && self.is_own(flip.at));
        let known = |at| self.partitions.iter().any(|own| own.input.at == at);
        let taken_up: Vec<ReadPartition> =
            taken_up.filter(|flip| !known(flip.at)).filter_map(|flip| (self.added)(flip.at)).collect();
        self.partitions.extend(taken_up);
        self.partitions.iter_mut().for_each(|own| own.clock.begin(clock));
        for flip in &binding.flips {
            if let Some(own) = self.partitions.iter_mut().find(|own| own.input.at == flip.at) {
                own.clock.flip(flip.idle, Timestamp::from_millis(flip.floor));
            }
        }
    }

    /// Makes rows of the first records of the range, and moves its beginning on.
    fn read(&mut self, range: &mut PartitionRange) -> Result<Decoded, Error> {
        let piece_bytes = piece_bytes(self.partitions.len());
        let own = self.partitions.iter_mut().find(|own| own.input.at == range.at);
        let own = own.expect("a reader is given ranges of its own partitions only");
        let (from, until) = (Offset(range.from), Offset(range.until));
        let records = match &mut own.scan {
            Some(records) if records.next_offset() == from => {
                records.until(until);
                records
            }
            scan => scan.insert(own.input.log.scan(from, until).reading(piece_bytes)),
        };
        records.fetch()?;
        let slice = Slice { source: self.maker, partition: range.at.partition };
        let at_hand = records.take_at_hand(TURN_RECORDS);
        let (rows, topic) = (&mut self.rows, self.topic);
        let decoded = catch(|| rows.decode(at_hand, slice, &mut own.clock))
            .map_err(|blame| Error::UserCode {
                operator: format!("{} (source)", self.name),
                at: format!(
                    "topic `{topic}` partition {} at or after offset {}",
                    range.at.partition, range.from
                ),
                message: blame.message,
            })?
            .map_err(|undecodable| undecodable.into_error(&own.input.log))?;
        if records.next_offset() <= from {
            return Err(Error::Engine(format!(
                "reading topic `{topic}` partition {} at offset {} brought nothing",
                range.at.partition, range.from
            )));
        }
        range.from = records.next_offset().0;
        Ok(decoded)
    }

    /// Counts and writes what a read of a partition has set aside.
    fn set_aside(
        &mut self,
        epoch: Epoch,
        at: SourcePartition,
        aside: Vec<Aside>,
        context: &Context,
    ) -> Result<(), Error> {
        if aside.is_empty() {
            return Ok(());
        }
        let own = self.partitions.iter().find(|own| own.input.at == at);
        let own = own.expect("a reader is given ranges of its own partitions only");
        self.aside.write(epoch, &own.input, aside, context)
    }

    /// Ends an epoch: tells the committer how far the partitions were read, and gives their watermark.
    fn end(&mut self, binding: &Arc<Binding>, context: &Context) -> EpochEnd {
        let read_to = |at: SourcePartition| {
            binding.ranges.iter().filter(|range| range.at == at).map(|range| range.until).max()
        };
        let mut watermark = Watermark::default();
        for own in &mut self.partitions {
            let says = if binding.close { Watermark::active(Timestamp::MAX) } else { own.clock.says() };
            if !self.is_side {
                watermark = watermark.and(says);
            }
            if let Some(next_offset) = read_to(own.input.at) {
                let greatest = own.clock.greatest();
                let read = ReadTo { at: own.input.at, next_offset, greatest, span: own.clock.take_span() };
                context.part(binding.epoch, |part| part.progress.push(read));
            }
        }
        EpochEnd { binding: binding.clone(), watermark }
    }
}

#[cfg(test)]
mod tests {
    use log_store::{FaultyDisk, Records, RecordsBuilder, Store, StoreConfig, TopicConfig};

    use super::*;
    use crate::engine::again::ReadAgain;
    use crate::flow::Undecodable;
    use crate::time::Duration;

    /// Notes the offsets of the records instead of making rows of them.
    struct Offsets(Arc<std::sync::Mutex<Vec<(u16, u64)>>>);

    impl RowReader for Offsets {
        fn decode(
            &mut self,
            records: Records<'_>,
            slice: Slice,
            _: &mut PartitionClock,
        ) -> Result<Decoded, Undecodable> {
            let rows = records.len() as u64;
            let offsets = records.map(|record| (slice.partition, record.offset.0));
            self.0.lock().unwrap().extend(offsets);
            Ok(Decoded { batches: Vec::new(), rows, skipped: 0, aside: Vec::new() })
        }
    }

    /// By partition and offset, what a reader has decoded.
    type Decodings = Arc<std::sync::Mutex<Vec<(u16, u64)>>>;

    /// A reader of partitions that hold so many records each, in one batch, and the offsets that it decodes.
    fn reader(disk: &FaultyDisk, partitions: u16, records: u64) -> (SourceReader, Decodings) {
        let store = Store::open_on(Arc::new(disk.clone()), StoreConfig::default()).unwrap();
        let topic = store.create_topic("t", TopicConfig::with_partitions(partitions.into())).unwrap();
        let partition = |number: u16| {
            let log = topic.partition(number.into()).unwrap();
            let mut batch = RecordsBuilder::new();
            (0..records).for_each(|_| batch.push(0, None, Some(b"value")));
            log.append(batch).unwrap();
            let at = SourcePartition { source: 0, partition: number };
            ReadPartition::new(
                Input { at, log, side_end: None },
                PartitionClock::new(None, Some(Duration::from_millis(0))),
            )
        };
        let decoded = Arc::default();
        let partitions = (0..partitions).map(partition).collect();
        let rows = Box::new(Offsets(Arc::clone(&decoded)));
        let again = ReadAgain {
            pipeline: String::new(),
            operator: String::new(),
            maker: 0,
            rows: Box::new(Offsets(Arc::clone(&decoded))),
        };
        let aside = SetAside { source: String::new(), node: 0, again, late: None, dead: None };
        let name = "s".to_owned();
        (
            SourceReader {
                name,
                node: 0,
                maker: 0,
                number: 0,
                worker: (0, 1),
                added: Box::new(|_| None),
                topic: "t",
                is_side: false,
                rows,
                partitions,
                aside,
            },
            decoded,
        )
    }

    fn range(partition: u16, from: u64, until: u64) -> PartitionRange {
        PartitionRange { at: SourcePartition { source: 0, partition }, from, until }
    }

    #[test]
    fn a_read_takes_about_a_thousand_records_of_a_large_batch() {
        let disk = FaultyDisk::new();
        let (mut reader, offsets) = reader(&disk, 1, 5_000);
        let (mut left, mut reads) = (range(0, 7, 4_990), Vec::new());
        while left.from < left.until {
            let before = left.from;
            let decoded = reader.read(&mut left).unwrap();
            assert_eq!(decoded.rows, left.from - before);
            reads.push(decoded.rows);
        }
        assert_eq!(reads, [1_024, 1_024, 1_024, 1_024, 887]);
        assert_eq!(*offsets.lock().unwrap(), (7..4_990).map(|offset| (0, offset)).collect::<Vec<_>>());
    }

    #[test]
    fn small_epochs_of_several_partitions_read_no_batch_again() {
        let disk = FaultyDisk::new();
        let (mut reader, offsets) = reader(&disk, 3, 400);
        let (mut expected, mut after_first) = (Vec::new(), 0);
        for epoch in 0..40 {
            for partition in 0..3 {
                let mut left = range(partition, epoch * 10, epoch * 10 + 10);
                reader.read(&mut left).unwrap();
                assert_eq!(left.from, left.until);
                expected.extend((epoch * 10..epoch * 10 + 10).map(|offset| (partition, offset)));
            }
            if epoch == 0 {
                after_first = disk.reads();
            }
        }
        assert_eq!(*offsets.lock().unwrap(), expected);
        assert_eq!(disk.reads(), after_first);
        // Replay begins elsewhere than where the last read ended.
        reader.read(&mut range(1, 100, 103)).unwrap();
        assert_eq!(offsets.lock().unwrap()[expected.len()..], [(1, 100), (1, 101), (1, 102)]);
    }

    #[test]
    fn many_partitions_are_read_in_smaller_pieces() {
        let held = |partitions: usize| partitions * piece_bytes(partitions);
        assert_eq!((piece_bytes(1), piece_bytes(16)), (256 << 10, 256 << 10));
        assert!((1..=256).all(|partitions| held(partitions) <= LOG_BYTES));
        assert_eq!(piece_bytes(100_000), 16 << 10);
    }
}
