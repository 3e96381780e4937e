//! The sink of a source's late records: which are late is gathered from the operators' late ports, and they are read again.
//!
//! ```text
//! late port of each operator ─► reports ─ exchange by partition ─► one worker has all reports of a record
//!                                                                  ─► read again, encoded with headers, when the epoch is over
//! ```

use std::collections::BTreeMap;
use std::rc::Rc;

use log_store::Scan;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::{Exchange, Pipeline};
use timely::dataflow::operators::{Capability, Concatenate, Operator};

use super::Epoch;
use super::again::{Again, ReadAgain};
use super::aside::{DeadLetters, add_place, undecodable};
use super::binding::Binding;
use super::context::Context;
use super::counting::{OperatorCounts, timed};
use super::envelope::{Flow, LateReport};
use super::input::{Input, SourcePartition};
use super::reader::reader_of;
use crate::error::Result;
use crate::flow::{Batch, LateRow, RecordHeaders, SinkEncoder, catch};
use crate::place::Position;

/// What one worker's part of the sink is made of.
pub(crate) struct LateSource {
    pub(crate) again: ReadAgain,
    /// The partitions of the source that are known.
    pub(crate) inputs: Vec<Input>,
    /// Those that were added, as they come.
    pub(crate) added: Box<dyn Fn(SourcePartition) -> Option<Input>>,
    /// Where its records go that cannot be decoded.
    pub(crate) dead: Option<DeadLetters>,
}

/// A sink for late records, as one worker runs it.
pub(crate) struct LateSink {
    pub(crate) name: String,
    /// Its number among the sinks.
    pub(crate) number: usize,
    /// Where it stands among the plan's nodes.
    pub(crate) node: usize,
    pub(crate) source: LateSource,
    pub(crate) encoder: Box<dyn SinkEncoder>,
    /// The ids of the operators, in the order of the sink's inputs.
    pub(crate) operators: Vec<String>,
}

/// Adds the sink behind the late ports of operators. Nothing leaves it but its progress.
///
/// # Contract
/// All reports of an epoch are gathered before it is decided: an operator has dropped a record if it tells of a dropped row of the
/// record, and of none that it kept. Lateness is judged when a row comes, so these reports are of one epoch, the one that has read
/// the record, and what that needs of the source is pinned until the epoch is not computed again.
pub(crate) fn write_late<'s>(
    late_ports: Vec<StreamVec<'s, u64, Flow>>,
    mut sink: LateSink,
    context: Rc<Context>,
) -> Option<StreamVec<'s, u64, Flow>> {
    let scope = late_ports.first()?.scope();
    let (maker, workers, name) = (sink.source.again.maker, context.workers, sink.name.clone());
    let reports = (0..).zip(late_ports).map(|(operator, port)| report(port, operator, maker));
    let exchange = Exchange::new(move |report: &LateReport| reader_of(report.partition(), workers) as u64);
    let mut open: BTreeMap<Epoch, (Capability<u64>, Vec<LateReport>)> = BTreeMap::new();
    let reports = scope.concatenate(reports.collect::<Vec<_>>());
    let written = reports.unary_frontier::<CapacityContainerBuilder<Vec<Flow>>, _, _, _>(
        exchange,
        &name,
        move |capability, _| {
            drop(capability);
            move |(input, frontier), _output| {
                input.for_each(|capability, reports: &mut Vec<LateReport>| {
                    let Some(epoch) = capability.least().copied() else { return };
                    let new = || (capability.delayed(&epoch, 0), Vec::new());
                    open.entry(epoch).or_insert_with(new).1.append(reports);
                });
                // An empty frontier means that the dataflow is being dropped, and not that the epochs are over.
                if frontier.is_empty() || context.shared.failed() {
                    open.clear();
                }
                while let Some(first) = open.first_entry().filter(|first| !frontier.less_equal(first.key())) {
                    let (epoch, (capability, reports)) = first.remove_entry();
                    let mut counts = OperatorCounts::default();
                    let (rows, busy) = (&mut counts.rows_in, &mut counts.busy);
                    let written = timed(busy, || sink.write(epoch, reports, rows, &context));
                    context.count(epoch, sink.node, counts);
                    if let Err(error) = written {
                        context.shared.fail(error);
                    }
                    drop(capability);
                }
            }
        },
    );
    Some(written)
}

/// What an operator's late port tells of the records of a source.
fn report<'s>(
    late_port: StreamVec<'s, u64, Flow>,
    operator: u16,
    maker: u32,
) -> StreamVec<'s, u64, LateReport> {
    late_port.unary(Pipeline, "late rows", move |capability, _| {
        drop(capability);
        move |input, output| {
            input.for_each(|capability, flows: &mut Vec<Flow>| {
                let mut session = output.session(&capability);
                for flow in flows.drain(..) {
                    let Flow::Rows(rows) = flow else { continue };
                    let of_source = rows.rows::<LateRow>().filter(|row| row.meta.position().maker == maker);
                    session.give_iterator(of_source.map(|row| LateReport {
                        position: row.meta.position().whole(),
                        operator,
                        kept: row.value.kept,
                        watermark_before: row.meta.watermark_before,
                    }));
                }
            });
        }
    })
}

impl LateSource {
    /// Knows the partitions that an epoch has read of.
    fn add_of(&mut self, binding: &Binding) {
        let source = self.inputs.first().map(|input| input.at.source);
        for range in binding.ranges.iter().filter(|range| Some(range.at.source) == source) {
            if !self.inputs.iter().any(|input| input.at == range.at) {
                self.inputs.extend((self.added)(range.at));
            }
        }
    }
}

impl LateSink {
    /// Writes the records that are late, of all that is told of an epoch, and counts them.
    fn write(
        &mut self,
        epoch: Epoch,
        mut reports: Vec<LateReport>,
        written: &mut u64,
        context: &Context,
    ) -> Result<()> {
        let binding = context.part(epoch, |part| part.binding.clone());
        reports.retain(|report| self.was_read_by(&binding, report.position));
        reports.sort_unstable();
        self.source.add_of(&binding);
        let mut scans: Vec<Option<Scan>> = self.source.inputs.iter().map(|_| None).collect();
        for of_record in reports.chunk_by(|left, right| left.position == right.position) {
            let late = of_record.chunk_by(|left, right| left.operator == right.operator);
            let late = late.filter(|of_operator| of_operator.iter().all(|report| !report.kept));
            let late: Vec<LateReport> = late.map(|of_operator| of_operator[0]).collect();
            if late.is_empty() {
                continue;
            }
            let Some(record) = self.read(late[0].position, &mut scans, epoch, context)? else { continue };
            for report in late {
                let (headers, rows) = (self.headers(&report), record.clone());
                let encode = || {
                    context.part(epoch, |part| {
                        self.encoder.encode(rows, &headers, &mut part.outputs[self.number]);
                    });
                };
                if let Err(blame) = catch(encode) {
                    context.blame(&self.name, blame);
                    return Ok(());
                }
                *written += 1;
            }
        }
        Ok(())
    }

    /// Whether the epoch has read the record. If not, a row of it stood in an operator, and came out of it where nobody had waited for
    /// it: the record may be gone by now, so what is written may not depend on it.
    fn was_read_by(&self, binding: &Binding, position: Position) -> bool {
        let (partition, offset) = position.in_topic();
        let source = self.source.inputs.first().map(|input| input.at.source);
        binding.ranges.iter().any(|range| {
            Some(range.at.source) == source
                && range.at.partition == partition
                && (range.from..range.until).contains(&offset)
        })
    }

    /// A record of the source as a row with every field; nothing if it cannot be decoded, and that does not stop the run.
    fn read(
        &mut self,
        position: Position,
        scans: &mut [Option<Scan>],
        epoch: Epoch,
        context: &Context,
    ) -> Result<Option<Batch>> {
        let (partition, offset) = position.in_topic();
        let at = self.source.inputs.iter().position(|input| input.at.partition == partition);
        let at = at.expect("a row of the source was read from one of its partitions");
        let (input, scan) = (&self.source.inputs[at], &mut scans[at]);
        match self.source.again.row(input, offset, scan)? {
            Again::Row(row) => return Ok(Some(row)),
            Again::Undecodable(reason) => {
                undecodable(self.source.dead.as_ref(), epoch, input, (offset, &reason), scan, context)?;
            }
            Again::Skipped => context.part(epoch, |part| part.skipped += 1),
        }
        Ok(None)
    }

    fn headers(&self, report: &LateReport) -> RecordHeaders {
        let (partition, offset) = report.position.in_topic();
        let input = self.source.inputs.iter().find(|input| input.at.partition == partition);
        let mut headers = RecordHeaders::default();
        let mut add = |name, value: &str| headers.add(name, Some(value.as_bytes()));
        add("waterwheel.cause", "late");
        add("waterwheel.operator", &self.operators[usize::from(report.operator)]);
        add("waterwheel.watermark", &report.watermark_before.millis().to_string());
        if let Some(input) = input {
            add_place(&mut headers, input, offset);
        }
        headers
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::channel;

    use log_store::{MemDisk, Offset, Records, RecordsBuilder, Store, TopicConfig};

    use super::*;
    use crate::engine::binding::PartitionRange;
    use crate::engine::input::SourcePartition;
    use crate::error::Error;
    use crate::flow::{
        Decoded, Meta, OutRecord, OutRows, PartitionClock, Row, RowReader, Slice, Undecodable,
    };
    use crate::place::Place;
    use crate::time::Timestamp;

    /// Makes a row of each record: its value as text.
    struct Texts;

    impl RowReader for Texts {
        fn decode(
            &mut self,
            records: Records<'_>,
            slice: Slice,
            _: &mut PartitionClock,
        ) -> std::result::Result<Decoded, Undecodable> {
            let row = |record: log_store::RecordRef<'_>| {
                let position = Position::of_record(slice.source, slice.partition, record.offset.0);
                let place = Place { time: Timestamp::from_millis(record.timestamp), position };
                let value = String::from_utf8(record.value.unwrap().to_vec()).unwrap();
                Row { meta: Meta { place, watermark_before: Timestamp::MIN }, value }
            };
            let rows: Vec<Row<String>> = records.map(row).collect();
            let (skipped, aside) = (0, Vec::new());
            Ok(Decoded { rows: rows.len() as u64, skipped, aside, batches: vec![Batch::of(rows)] })
        }
    }

    impl SinkEncoder for Texts {
        fn encode(&mut self, rows: Batch, headers: &RecordHeaders, out: &mut OutRows) {
            for row in rows.rows::<String>() {
                let (place, value, headers) =
                    (row.meta.place, Some(row.value.as_bytes()), headers.as_bytes());
                out.push(0, OutRecord { place, key: None, value, headers });
            }
        }
    }

    fn report(partition: u16, offset: u64, operator: u16, kept: bool) -> LateReport {
        let position = Position::of_record(7, partition, offset);
        LateReport { position, operator, kept, watermark_before: Timestamp::from_millis(5) }
    }

    /// What is written of two partitions of 10,000 records each, of which the first lie before `start` and are gone: value and
    /// operator, in order.
    fn written(start: u64, reports: &[LateReport]) -> Result<Vec<(String, String)>> {
        let store = Store::open_on(Arc::new(MemDisk::new()), Default::default()).unwrap();
        let topic = store.create_topic("visits", TopicConfig::with_partitions(2)).unwrap();
        let inputs = (0..2_u16).map(|partition| {
            let log = topic.partition(partition.into()).unwrap();
            for batch in 0..10_u64 {
                let mut records = RecordsBuilder::new();
                for offset in batch * 1_000..(batch + 1) * 1_000 {
                    records.push(offset as i64, None, Some(format!("{partition}/{offset}").as_bytes()));
                }
                log.append(records).unwrap();
            }
            log.delete_records_before(Offset(start)).unwrap();
            Input { at: SourcePartition { source: 0, partition }, log, side_end: None }
        });
        let (pipeline, operator) = ("sample".to_owned(), "late_to late-visits".to_owned());
        let again = ReadAgain { pipeline, operator, maker: 7, rows: Box::new(Texts) };
        let source = LateSource { again, inputs: inputs.collect(), added: Box::new(|_| None), dead: None };
        let (sender, parts) = channel();
        let context = Context::of_sinks(1, sender);
        let range = |partition| {
            let at = SourcePartition { source: 0, partition };
            PartitionRange { at, from: 0, until: 10_000 }
        };
        let of_others =
            PartitionRange { at: SourcePartition { source: 1, partition: 0 }, from: 0, until: 20_000 };
        let ranges = vec![range(0), range(1), of_others];
        let binding = Arc::new(Binding { epoch: 1, ranges, ..Binding::default() });
        context.open(&binding);
        let mut sink = LateSink {
            name: "late_to late-visits".to_owned(),
            number: 0,
            node: 0,
            source,
            encoder: Box::new(Texts),
            operators: vec!["one/window".to_owned(), "two/window".to_owned()],
        };
        let mut count = 0;
        sink.write(1, reports.to_vec(), &mut count, &context)?;
        context.hand_over(|_| true);
        let mut found = Vec::new();
        for (_, rows) in OutRows::merged(parts.try_iter().flat_map(|part| part.outputs).collect()) {
            let taken = rows.try_for_each(|row| {
                let headers = RecordHeaders::read(row.headers);
                let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                let operator = headers.iter().find(|(name, _)| *name == "waterwheel.operator").unwrap();
                found.push((text(row.value.unwrap()), text(operator.1.unwrap())));
                Ok::<(), ()>(())
            });
            taken.unwrap();
        }
        assert_eq!(count, found.len() as u64);
        Ok(found)
    }

    #[test]
    fn a_record_is_written_for_each_operator_that_kept_none_of_its_rows() {
        let reports = [
            report(1, 9_999, 1, false),
            report(0, 3, 0, false),
            // Two of its rows, one of which was kept, and both dropped elsewhere.
            report(0, 4, 0, false),
            report(0, 4, 0, true),
            report(0, 4, 1, false),
            report(0, 4, 1, false),
            report(0, 8_000, 0, true),
            report(0, 9_000, 1, false),
            report(1, 0, 0, false),
            report(0, 3, 1, false),
            // Read by an earlier epoch.
            report(0, 10_000, 0, false),
        ];
        let found = written(0, &reports).unwrap();
        let expected = [
            ("1/0", "one/window"),
            ("0/3", "one/window"),
            ("0/3", "two/window"),
            ("0/4", "two/window"),
            ("0/9000", "two/window"),
            ("1/9999", "two/window"),
        ];
        assert_eq!(found, expected.map(|(value, operator)| (value.to_owned(), operator.to_owned())));
    }

    #[test]
    fn any_records_are_found_however_they_are_spread() {
        for step in [1, 7, 999, 1_000, 4_095, 4_096, 4_097, 9_999] {
            let offsets: Vec<u64> = (0..10_000).step_by(step).collect();
            let reports: Vec<LateReport> =
                offsets.iter().map(|offset| report(0, *offset, 0, false)).collect();
            let found: Vec<String> = written(0, &reports).unwrap().into_iter().map(|found| found.0).collect();
            assert_eq!(found, offsets.iter().map(|offset| format!("0/{offset}")).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_record_that_is_gone_is_an_error_that_says_where() {
        let error = written(5_000, &[report(1, 4_999, 0, false)]).unwrap_err();
        let Error::InputGone { pipeline, topic, partition, next, start } = error else { panic!("{error}") };
        assert_eq!((pipeline.as_str(), topic.as_str()), ("sample", "visits"));
        assert_eq!((partition, next, start), (1, 4_999, 5_000));
        assert_eq!(written(5_000, &[report(1, 5_000, 0, false)]).unwrap().len(), 1);
    }
}
