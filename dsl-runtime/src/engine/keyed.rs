//! Driving a keyed operator after its exchange: epoch by epoch, and its checkpoint pieces.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use timely::container::CapacityContainerBuilder;
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::Capability;
use timely::dataflow::operators::generic::OutputBuilder;
use timely::dataflow::operators::generic::builder_rc::OperatorBuilder;

use super::Epoch;
use super::binding::Binding;
use super::checkpoint::{CheckpointKind, TableOf};
use super::context::Context;
use super::counting::{OperatorCounts, timed};
use super::envelope::{EpochEnd, Flow, Load, Routed};
use crate::flow::{Batch, Blame, Emitted, LateRows, Now, Owner, Packet, Ports, Watermark, Watermarks, catch};
use crate::time::Timestamp;

/// A keyed operator as one worker runs it.
pub(crate) struct KeyedDriver {
    /// The `let` and the kind of operator, for messages.
    pub(crate) name: String,
    /// The operator's id, under which its state is kept.
    pub(crate) id: Arc<str>,
    /// Its number among the keyed operators.
    pub(crate) number: usize,
    /// Where it stands among the plan's nodes.
    pub(crate) node: usize,
    pub(crate) owner: Box<dyn Owner>,
    /// Whether what it keeps waits for something.
    pub(crate) is_open: bool,
    pub(crate) watermarks: Watermarks,
    /// Of the epoch at hand.
    pub(crate) counts: OperatorCounts,
}

/// The streams of an operator, by the numbers of their ports.
type PortStreams<'s> = Vec<(u16, StreamVec<'s, u64, Flow>)>;

/// Adds the half of a keyed operator that owns state, behind the exchange that brings each worker the keys it owns. `read` says
/// of each port whether anybody reads it; those have a stream.
///
/// # Contract
/// Epochs are applied whole and in order. Packets of the earliest open epoch are applied as they come, those of later ones
/// are kept back, so that the state between two epochs never holds a part of a third.
pub(crate) fn run_keyed<'s>(
    routed: StreamVec<'s, u64, Routed>,
    driver: KeyedDriver,
    read: &[bool],
    context: Rc<Context>,
) -> PortStreams<'s> {
    let scope = routed.scope();
    let mut builder = OperatorBuilder::new(driver.name.clone(), scope);
    let mut input = builder.new_input(routed, Exchange::new(|routed: &Routed| routed.to as u64));
    let (mut outputs, mut streams) = (Vec::new(), Vec::new());
    for port in (0_u16..).zip(read).filter(|(_, read)| **read).map(|(port, _)| port) {
        let (output, stream) = builder.new_output::<Vec<Flow>>();
        outputs.push((port, OutputBuilder::<_, CapacityContainerBuilder<Vec<Flow>>>::from(output)));
        streams.push((port, stream));
    }
    let activator = scope.activator_for(builder.operator_info().address);
    let mut run = KeyedRun { driver, open: BTreeMap::new(), leaving: None, ports: Ports::new(read), context };
    builder.build(move |capabilities| {
        drop(capabilities);
        move |frontiers| {
            let frontier = &frontiers[0];
            input.for_each(|capability, loads: &mut Vec<Routed>| {
                let Some(epoch) = capability.least().copied() else { return };
                let capabilities = || (0..outputs.len()).map(|at| capability.delayed(&epoch, at)).collect();
                run.take(epoch, !frontier.less_than(&epoch), loads, capabilities);
            });
            // An empty frontier means that the dataflow is being dropped, not that the epochs are over: some of their packets
            // may be missing.
            if frontier.is_empty() {
                run.clear();
            }
            while let Some((leaving, mut flows, more)) = run.leave(|epoch| !frontier.less_equal(&epoch)) {
                for ((port, output), capability) in outputs.iter_mut().zip(&leaving.capabilities) {
                    let flows = flows[usize::from(*port)].drain(..);
                    output.activate().session(capability).give_iterator(flows);
                }
                if more {
                    // What stands behind gets its turn: it takes these rows before more are made.
                    run.leaving = Some(leaving);
                    activator.activate();
                    return;
                }
            }
        }
    });
    streams
}

/// The operator, and the epochs that have begun to come and are not over.
struct KeyedRun {
    driver: KeyedDriver,
    open: BTreeMap<Epoch, PendingEpoch>,
    /// The epoch that is over and still has rows to emit. No later one ends before they have left.
    leaving: Option<LeavingEpoch>,
    ports: Ports,
    context: Rc<Context>,
}

/// An epoch that has begun to come and is not over.
struct PendingEpoch {
    /// One for each port that is read.
    capabilities: Vec<Capability<u64>>,
    packets: Vec<(usize, Packet)>,
    /// What the routers of this worker have dropped.
    late: Vec<LateRows>,
    ends: Vec<(usize, Arc<EpochEnd>)>,
}

/// An epoch that is over: its state is as it stays, and its rows leave.
struct LeavingEpoch {
    epoch: Epoch,
    /// One for each port that is read.
    capabilities: Vec<Capability<u64>>,
    /// What its readers are told when the last row has left.
    end: Arc<EpochEnd>,
}

impl KeyedRun {
    /// Takes what came of an epoch. If it is the one at hand, which no earlier one can come before, its packets are applied.
    fn take(
        &mut self,
        epoch: Epoch,
        no_earlier: bool,
        loads: &mut Vec<Routed>,
        capabilities: impl FnOnce() -> Vec<Capability<u64>>,
    ) {
        let first = no_earlier && self.open.first_key_value().is_none_or(|(first, _)| epoch <= *first);
        let new = || PendingEpoch {
            capabilities: capabilities(),
            packets: Vec::new(),
            late: Vec::new(),
            ends: Vec::new(),
        };
        let entry = self.open.entry(epoch).or_insert_with(new);
        for Routed { input, load, .. } in loads.drain(..) {
            match load {
                Load::End(end) => entry.ends.push((input, end)),
                Load::Late(rows) => entry.late.push(rows),
                Load::Packet(packet) if first => self.driver.packet(input, packet, &self.context),
                Load::Packet(packet) => entry.packets.push((input, packet)),
            }
        }
    }

    /// Gives the next that leaves, by each port, of the epoch that is leaving, or of the first open one if that is over; and
    /// whether there is more of it. A failed run applies nothing more.
    fn leave(&mut self, is_over: impl Fn(Epoch) -> bool) -> Option<(LeavingEpoch, Vec<Vec<Flow>>, bool)> {
        if self.context.shared.failed() {
            self.clear();
        }
        let leaving = match self.leaving.take() {
            Some(leaving) => leaving,
            None => self.end_first(is_over)?,
        };
        let (flows, more) = self.driver.emit(&leaving, &mut self.ports, &self.context)?;
        Some((leaving, flows, more))
    }

    /// Ends the first open epoch, if it is over.
    fn end_first(&mut self, is_over: impl Fn(Epoch) -> bool) -> Option<LeavingEpoch> {
        let first = self.open.first_entry().filter(|first| is_over(*first.key()))?;
        let (epoch, PendingEpoch { capabilities, packets, late, ends }) = first.remove_entry();
        packets.into_iter().for_each(|(input, packet)| self.driver.packet(input, packet, &self.context));
        let late = late.into_iter().filter_map(LateRows::into_batch);
        late.for_each(|rows| self.ports.give(Ports::LATE, rows));
        let end = self.driver.end_epoch(epoch, &ends, &mut self.ports, &self.context)?;
        Some(LeavingEpoch { epoch, capabilities, end })
    }

    fn clear(&mut self) {
        self.open.clear();
        self.leaving = None;
    }
}

impl KeyedDriver {
    fn packet(&mut self, input: usize, packet: Packet, context: &Context) {
        if context.shared.failed() {
            return;
        }
        if let Err(blame) = timed(&mut self.counts.busy, || catch(|| self.owner.packet(input, packet)))
            .and_then(|taken| taken)
        {
            let at = blame.at.or_else(|| Some("the merging of two partial results".to_owned()));
            context.blame(&self.name, Blame { at, ..blame });
        }
    }

    /// Ends an epoch: says what is due, begins and writes checkpoints, and gives the watermark to be passed on. `None` if user
    /// code failed.
    fn end_epoch(
        &mut self,
        epoch: Epoch,
        ends: &[(usize, Arc<EpochEnd>)],
        ports: &mut Ports,
        context: &Context,
    ) -> Option<Arc<EpochEnd>> {
        let mut inputs = vec![Watermark::default(); self.watermarks.inputs().len()];
        ends.iter().for_each(|(input, end)| inputs[*input] = inputs[*input].and(end.watermark));
        let (combined_before, inputs_before) =
            (self.watermarks.combined(), self.watermarks.inputs().to_vec());
        let together = self.watermarks.advance(&inputs);
        let (_, end) = ends.first().expect("an epoch is over when the ends of all its producers have come");
        let binding = end.binding.clone();
        let now = Now {
            clock: Timestamp::from_millis(binding.clock_ms),
            inputs: self.watermarks.inputs(),
            inputs_before: &inputs_before,
            combined: self.watermarks.combined(),
            combined_before,
            closes: binding.close,
        };
        let ended = timed(&mut self.counts.busy, || catch(|| self.owner.end_epoch(&now, ports)))
            .and_then(|ended| ended);
        let ended = ended.and_then(|()| catch(|| self.checkpoint(epoch, &binding, context)));
        let ended = ended.and_then(|()| catch(|| self.owner.asks()));
        let asks = match ended {
            Ok(asks) => asks,
            Err(blame) => {
                context.blame(&self.name, blame);
                return None;
            }
        };
        context.part(epoch, |part| {
            part.wake_at = [part.wake_at, asks.wake_at].into_iter().flatten().min();
        });
        let watermark = self.watermarks.output(together, asks.hold_at);
        Some(Arc::new(EpochEnd { binding, watermark }))
    }

    /// Emits the next rows of an epoch, with its end behind the last of them, by each port; and says whether there are more.
    /// `None` if user code failed.
    fn emit(
        &mut self,
        leaving: &LeavingEpoch,
        ports: &mut Ports,
        context: &Context,
    ) -> Option<(Vec<Vec<Flow>>, bool)> {
        let emitted = timed(&mut self.counts.busy, || catch(|| self.owner.emit(ports)));
        let emitted = emitted.and_then(|emitted| emitted);
        let Emitted { batches, late, late_digest } = ports.take();
        let more = match emitted {
            Ok(more) => more,
            Err(blame) => {
                context.blame(&self.name, blame);
                return None;
            }
        };
        let results = batches.iter().enumerate().filter(|(port, _)| *port != usize::from(Ports::LATE));
        self.counts.rows_out +=
            results.flat_map(|(_, batches)| batches).map(|batch| batch.len() as u64).sum::<u64>();
        self.counts.late.add(late);
        context.part(leaving.epoch, |part| {
            part.operators[self.node].add(std::mem::take(&mut self.counts));
            let digest = &mut part.digests[self.number];
            *digest = digest.wrapping_sub(late_digest);
        });
        let end = || (!more).then(|| Flow::End(leaving.end.clone()));
        let port = |rows: Vec<Batch>| rows.into_iter().map(Flow::Rows).chain(end()).collect();
        Some((batches.into_iter().map(port).collect(), more))
    }

    fn checkpoint(&mut self, epoch: Epoch, binding: &Binding, context: &Context) {
        let (mut pieces, mut done, mut entries, mut bytes) = (Vec::new(), true, 0, 0);
        for (number, table) in self.owner.tables().into_iter().enumerate() {
            if let Some(kind) = binding.checkpoint {
                table.begin_checkpoint(kind == CheckpointKind::Full);
            }
            let mut cut = Vec::new();
            done &= binding.replay || table.pieces(binding.piece_bytes, &mut cut);
            let table_of = TableOf { operator: self.id.clone(), table: number as u8 };
            pieces.extend(cut.into_iter().map(|piece| (table_of.clone(), piece)));
            entries += table.entries();
            bytes += table.bytes();
        }
        context.part(epoch, |part| {
            part.pieces.append(&mut pieces);
            part.pieces_left |= !done;
            part.operators[self.node].entries += entries;
            part.operators[self.node].open_entries += if self.is_open { entries } else { 0 };
            part.operators[self.node].bytes += bytes;
            part.watermarks[self.number] = self.watermarks.to_kept();
        });
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::collections::VecDeque;
    use std::sync::mpsc::channel;

    use timely::dataflow::operators::Inspect;
    use timely::dataflow::operators::generic::operator::source;

    use super::*;
    use crate::flow::{Asks, LateRow, Meta, Row};
    use crate::place::{Place, Position};
    use crate::state::StateTable;

    /// Emits a line for each packet in the order of the packets, then one of what it was told of time; drops what is 0 as late.
    #[derive(Default)]
    struct Tells {
        packets: Vec<String>,
        /// What is left to be emitted one by one.
        aside: Vec<String>,
        hold_at: Option<Timestamp>,
    }

    fn row<T>(value: T) -> Row<T> {
        let position = Position::of_record(0, 0, 0);
        let place = Place { time: Timestamp::from_millis(0), position };
        Row { meta: Meta { place, watermark_before: Timestamp::MIN }, value }
    }

    impl Owner for Tells {
        fn packet(&mut self, input: usize, packet: Packet) -> Result<(), Blame> {
            self.packets.push(match input {
                0 => format!("number {}", packet.downcast::<i64>().unwrap()),
                _ => format!("text {}", packet.downcast::<String>().unwrap()),
            });
            Ok(())
        }

        fn end_epoch(&mut self, now: &Now<'_>, out: &mut Ports) -> Result<(), Blame> {
            self.packets.sort();
            let inputs: Vec<i64> = now.inputs.iter().map(|input| input.millis()).collect();
            let now_line = format!("{:?} {} {}", inputs, now.combined.millis(), now.closes);
            for packet in self.packets.drain(..) {
                match packet.as_str() {
                    "number 0" => out.late().drop_counted(row(()).meta, b"key"),
                    "number 9" => self.aside = ["last", "third", "second"].map(str::to_owned).to_vec(),
                    "text side" => out.give(2, Batch::of(vec![row(packet)])),
                    _ => out.give(Ports::MAIN, Batch::of(vec![row(packet)])),
                }
            }
            assert!(!out.is_read(3), "nobody reads it");
            out.give(3, Batch::of(vec![row(0_u8)]));
            out.give(Ports::MAIN, Batch::of(vec![row(now_line)]));
            self.hold_at = now.clock.millis().checked_sub(100).map(Timestamp::from_millis);
            Ok(())
        }

        fn emit(&mut self, out: &mut Ports) -> Result<bool, Blame> {
            self.aside.pop().into_iter().for_each(|text| out.give(Ports::MAIN, Batch::of(vec![row(text)])));
            Ok(!self.aside.is_empty())
        }

        fn asks(&self) -> Asks {
            Asks { wake_at: Some(Timestamp::from_millis(77)), hold_at: self.hold_at }
        }

        fn tables(&mut self) -> Vec<&mut dyn StateTable> {
            Vec::new()
        }
    }

    fn text(port: u16, flow: &Flow) -> String {
        match flow {
            Flow::End(end) => format!("end {:?}", end.watermark.at().map(Timestamp::millis)),
            Flow::Rows(rows) if port == Ports::LATE => {
                format!("{:?}", rows.rows::<LateRow>().next().unwrap().value)
            }
            Flow::Rows(rows) => rows.rows::<String>().next().unwrap().value.clone(),
        }
    }

    fn binding(epoch: Epoch, clock_ms: i64, close: bool) -> Arc<Binding> {
        let checkpoint = Some(CheckpointKind::Full);
        Arc::new(Binding { epoch, clock_ms, close, checkpoint, ..Binding::default() })
    }

    #[test]
    fn inputs_ports_and_watermarks_are_kept_apart() {
        let told = timely::execute_directly(|worker| {
            let (sender, parts) = channel();
            let context = Rc::new(Context::of_keyed(1, sender));
            let told: Rc<RefCell<Vec<String>>> = Rc::default();
            let packet = |input, packet| Routed { to: 0, input, load: Load::Packet(packet) };
            let end = |input, binding: &Arc<Binding>, at| {
                let (binding, watermark) = (binding.clone(), Watermark::active(Timestamp::from_millis(at)));
                Routed { to: 0, input, load: Load::End(Arc::new(EpochEnd { binding, watermark })) }
            };
            let (first, second) = (binding(1, 140, false), binding(2, 105, true));
            context.open(&first);
            context.open(&second);
            let one =
                vec![packet(1, Box::new("side".to_owned())), packet(0, Box::new(7_i64)), end(1, &first, 50)];
            let two = vec![packet(1, Box::new("late".to_owned())), end(0, &second, 60), end(1, &second, 40)];
            let rest = vec![
                packet(0, Box::new(0_i64)),
                packet(0, Box::new(9_i64)),
                end(0, &first, 30),
                end(1, &first, 45),
            ];
            // A later epoch's rows come before an earlier one's.
            let mut sent = VecDeque::from([(1, one), (2, two), (1, rest)]);
            let over: Rc<Cell<bool>> = Rc::default();
            let is_over = over.clone();
            worker.dataflow::<u64, _, _>(|scope| {
                let routed = source::<_, CapacityContainerBuilder<Vec<Routed>>, _, _>(
                    scope,
                    "routed",
                    |capability, info| {
                        let activator = scope.activator_for(info.address);
                        let mut capability = Some(capability);
                        move |output| {
                            activator.activate();
                            match sent.pop_front() {
                                // The dataflow is dropped by the end of the test.
                                _ if is_over.get() => capability = None,
                                Some((epoch, routed)) => {
                                    let capability = capability.as_ref().unwrap().delayed(&epoch);
                                    output.session(&capability).give_iterator(routed.into_iter());
                                }
                                None => capability.as_mut().unwrap().downgrade(&3),
                            }
                        }
                    },
                );
                let driver = KeyedDriver {
                    name: "sample".to_owned(),
                    id: "sample/tells".into(),
                    number: 0,
                    node: 0,
                    owner: Box::new(Tells::default()),
                    is_open: true,
                    watermarks: Watermarks::new(2),
                    counts: OperatorCounts::default(),
                };
                for (port, stream) in run_keyed(routed, driver, &[true, true, true, false], context.clone()) {
                    let told = told.clone();
                    stream
                        .inspect(move |flow| told.borrow_mut().push(format!("{port}: {}", text(port, flow))));
                }
            });
            for _ in 0..20 {
                worker.step();
            }
            context.hand_over(|epoch| epoch < 3);
            over.set(true);
            let parts: Vec<_> = parts.try_iter().collect();
            assert_eq!(parts.iter().map(|part| part.operators[0].late.sum()).collect::<Vec<_>>(), [1, 0]);
            assert_eq!(parts.iter().map(|part| part.operators[0].rows_out).collect::<Vec<_>>(), [6, 2]);
            let at = |millis: &[i64]| millis.iter().copied().map(Timestamp::from_millis).collect::<Vec<_>>();
            assert_eq!(parts[0].watermarks, [at(&[30, 30, 45])]);
            assert_eq!(parts[1].watermarks, [at(&[40, 60, 45])], "none goes back");
            assert_eq!(parts[1].wake_at, Some(Timestamp::from_millis(77)));
            let mut told = told.take();
            assert_eq!(
                told.iter().take(4).map(|line| &line[..1]).collect::<String>(),
                "0001",
                "what stands behind takes a run before the next is made"
            );
            told.sort_by(|left, right| left[..1].cmp(&right[..1]));
            told
        });
        let expected = [
            "0: number 7",
            "0: [30, 45] 30 false",
            "0: second",
            "0: third",
            "0: last",
            "0: end Some(30)",
            "0: text late",
            "0: [60, 45] 40 true",
            "0: end Some(5)",
            "1: LateRow { kept: false }",
            "1: end Some(30)",
            "1: end Some(5)",
            "2: text side",
            "2: end Some(30)",
            "2: end Some(5)",
        ];
        assert_eq!(told, expected, "the ports one after the other");
    }
}
