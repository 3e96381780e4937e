//! Lowering: a plan becomes one worker's part of a timely dataflow.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::{Concatenate, Operator};
use timely::dataflow::{Scope, StreamVec};

use super::chain::{Chain, ChainedStage};
use super::context::Context;
use super::coordinator::{Coordinator, coordinate};
use super::counting::{OperatorCounts, timed};
use super::envelope::{Bound, Flow, Load, Routed};
use super::keyed::{KeyedDriver, run_keyed};
use super::late::{LateSink, LateSource, write_late};
use super::numbering::{Numbering, titled};
use super::reader::{SourceReader, read};
use crate::flow::{OutRows, Ports, RecordHeaders, Router, RouterSetup, SinkEncoder, catch};
use crate::handles::NodeId;
use crate::plan::{KeyedNode, Lowering, Plan, Takes};

/// What one worker's dataflow is made of, besides the plan.
pub(crate) struct Parts {
    /// Worker 0 has it.
    pub(crate) coordinator: Option<Coordinator>,
    /// By the number of the source.
    pub(crate) readers: Vec<SourceReader>,
    /// By the number of the sink.
    pub(crate) encoders: Vec<Box<dyn SinkEncoder>>,
    /// What the sinks for late records read, by the number of the sink.
    pub(crate) late: HashMap<usize, LateSource>,
    /// By the order of the keyed operators.
    pub(crate) drivers: Vec<KeyedDriver>,
}

/// Builds the dataflow: coordinator, readers, chains, keyed operators, sinks, and the end that hands epochs over.
pub(crate) fn build(scope: Scope<'_, u64>, plan: &Plan, parts: Parts, context: &Rc<Context>) {
    let numbering = Numbering::of(plan);
    let bound = coordinate(scope, parts.coordinator, context.clone());
    let mut lowering = Lowerer {
        plan,
        live: plan.live(),
        numbering,
        bound,
        readers: parts.readers.into_iter().map(Some).collect(),
        encoders: parts.encoders.into_iter().map(Some).collect(),
        drivers: parts.drivers.into_iter().map(Some).collect(),
        late: parts.late,
        context: context.clone(),
        streams: HashMap::new(),
        ends: Vec::new(),
    };
    for index in 0..plan.nodes.len() {
        lowering.lower(index);
    }
    let ends = std::mem::take(&mut lowering.ends);
    let context = context.clone();
    scope.concatenate(ends).sink(Pipeline, "commit", move |(input, frontier)| {
        input.for_each(|_, flows| flows.clear());
        // An empty frontier means that the dataflow is being dropped, not that all epochs are over: their parts may lack
        // rows.
        if !frontier.is_empty() {
            context.hand_over(|epoch| !frontier.less_equal(&epoch));
        }
    });
}

struct Lowerer<'s, 'p> {
    plan: &'p Plan,
    live: Vec<bool>,
    numbering: Numbering<'p>,
    bound: StreamVec<'s, u64, Bound>,
    readers: Vec<Option<SourceReader>>,
    encoders: Vec<Option<Box<dyn SinkEncoder>>>,
    drivers: Vec<Option<KeyedDriver>>,
    late: HashMap<usize, LateSource>,
    context: Rc<Context>,
    /// The rows of lowered nodes that others read, by node and port.
    streams: HashMap<(usize, u16), StreamVec<'s, u64, Flow>>,
    ends: Vec<StreamVec<'s, u64, Flow>>,
}

/// What becomes of a chain's rows.
enum Terminal {
    Forward,
    /// They are encoded for a sink.
    Encode(Encoding),
}

/// A sink as one worker runs it.
struct Encoding {
    name: String,
    /// Its number among the sinks.
    number: usize,
    /// Where it stands among the plan's nodes.
    node: usize,
    encoder: Box<dyn SinkEncoder>,
}

impl<'s> Lowerer<'s, '_> {
    fn lower(&mut self, index: usize) {
        let node = &self.plan.nodes[index];
        let id = NodeId { plan: 0, node: index as u32, port: 0 };
        if !self.live[index] {
            return;
        }
        match &node.lowering {
            Lowering::Source(_) => {
                let number = usize::from(self.numbering.number(id));
                let reader = self.readers[number].take().expect("each source is lowered once");
                let stream = read(self.bound.clone(), reader, self.context.clone());
                self.streams.insert((index, 0), stream);
            }
            Lowering::Union => {
                let inputs: Vec<_> = node.inputs.iter().map(|input| self.rows_of(*input)).collect();
                let scope = self.bound.scope();
                self.streams.insert((index, 0), scope.concatenate(inputs));
            }
            // A stateless operator that only one other reads is part of that one's chain.
            Lowering::Stateless(_) if self.readers_of(index) > 1 => {
                let (input, stages) = self.chain(id);
                let stream = chain(input, stages, Terminal::Forward, self.context.clone());
                self.streams.insert((index, 0), stream);
            }
            Lowering::Stateless(_) | Lowering::GroupBy { .. } => {}
            Lowering::Keyed(keyed) => self.lower_keyed(index, keyed),
            Lowering::Sink(sink) => {
                let number = usize::from(self.numbering.number(id));
                let encoder = self.encoders[number].take().expect("each sink is lowered once");
                if let Some(source) = self.late.remove(&number) {
                    self.lower_late(index, number, source, encoder);
                    return;
                }
                // What cannot be decoded is written by the source's reader.
                if matches!(sink.takes, Takes::UndecodableOf(_)) {
                    return;
                }
                let (input, stages) = self.chain(node.inputs[0]);
                let name = format!("sink {}", node.name);
                let encoding = Encoding { name, number, node: index, encoder };
                let end = chain(input, stages, Terminal::Encode(encoding), self.context.clone());
                self.ends.push(end);
            }
        }
    }

    /// A keyed operator: the half before the exchange for each of its inputs, and the one after it.
    fn lower_keyed(&mut self, index: usize, keyed: &KeyedNode) {
        let node = &self.plan.nodes[index];
        let id = NodeId { plan: 0, node: index as u32, port: 0 };
        let at = usize::from(self.numbering.number(id)) - self.numbering.sources.len();
        let driver = self.drivers[at].take().expect("each keyed operator is lowered once");
        let read = self.plan.ports_read(index, keyed.ports());
        let late_wanted = read[usize::from(Ports::LATE)];
        let setup = RouterSetup { workers: self.context.workers, late_wanted };
        let inputs = node.inputs.iter().zip(&keyed.routers).enumerate().map(|(input, (from, router))| {
            let (stream, stages) = self.chain(*from);
            let half = RouterHalf {
                operator: driver.name.clone(),
                number: at,
                node: index,
                input,
                router: router(setup),
            };
            chain_to_exchange(stream, stages, half, self.context.clone())
        });
        let routed = self.bound.scope().concatenate(inputs.collect::<Vec<_>>());
        for (port, stream) in run_keyed(routed, driver, &read, self.context.clone()) {
            self.streams.insert((index, port), stream);
        }
    }

    /// A sink for late records, behind the late ports of operators.
    fn lower_late(&mut self, index: usize, number: usize, source: LateSource, encoder: Box<dyn SinkEncoder>) {
        let node = &self.plan.nodes[index];
        let ports = node.inputs.iter().map(|input| self.chain(*input).0).collect();
        let ids = node.inputs.iter().map(|input| self.plan.nodes[input.index()].id()).collect();
        let sink = LateSink {
            name: format!("late_to {}", node.name),
            number,
            node: index,
            source,
            encoder,
            operators: ids,
        };
        self.ends.extend(write_late(ports, sink, self.context.clone()));
    }

    /// How many operators take rows from a node. A `group_by` runs nothing itself, so the operators built on it are counted
    /// instead.
    fn readers_of(&self, index: usize) -> usize {
        let live = self.plan.nodes.iter().enumerate().filter(|(at, _)| self.live[*at]);
        live.flat_map(|(at, node)| node.inputs.iter().map(move |input| (at, node, input.index())))
            .filter(|(.., input)| *input == index)
            .map(
                |(at, node, _)| {
                    if matches!(node.lowering, Lowering::GroupBy { .. }) { self.readers_of(at) } else { 1 }
                },
            )
            .sum()
    }

    /// The rows of a node. If it is stateless and no timely operator gives them yet, it gets one of its own.
    fn rows_of(&mut self, id: NodeId) -> StreamVec<'s, u64, Flow> {
        let (input, stages) = self.chain(id);
        if stages.is_empty() { input } else { chain(input, stages, Terminal::Forward, self.context.clone()) }
    }

    /// The rows of the nearest node that has a timely operator, this one or one before it, and the stateless operators from
    /// there to this one.
    fn chain(&self, id: NodeId) -> (StreamVec<'s, u64, Flow>, Chain) {
        let mut stages = Vec::new();
        let mut at = id;
        loop {
            if let Some(stream) = self.streams.get(&(at.index(), at.port)) {
                stages.reverse();
                return (stream.clone(), Chain::of(stages));
            }
            let node = &self.plan.nodes[at.index()];
            match &node.lowering {
                Lowering::Stateless(stage) => stages.push(ChainedStage {
                    name: titled(node),
                    stage: stage(),
                    node: at.index(),
                    counts: OperatorCounts::default(),
                }),
                // It only names a key.
                Lowering::GroupBy { .. } => {}
                _ => unreachable!("inputs are lowered before what reads them"),
            }
            at = node.inputs[0];
        }
    }
}

/// A chain of stateless operators, and what becomes of its rows, inside one timely operator.
fn chain<'s>(
    input: StreamVec<'s, u64, Flow>,
    mut stages: Chain,
    mut terminal: Terminal,
    context: Rc<Context>,
) -> StreamVec<'s, u64, Flow> {
    let name = match &terminal {
        Terminal::Forward => stages.name(None),
        Terminal::Encode(sink) => stages.name(Some(&sink.name)),
    };
    input.unary(Pipeline, &name, move |capability, _| {
        drop(capability);
        let headers = RecordHeaders::default();
        move |input, output| {
            input.for_each(|capability, flows: &mut Vec<Flow>| {
                let Some(epoch) = capability.least().copied() else { return };
                let mut session = output.session(&capability);
                let mut encoded = OperatorCounts::default();
                for flow in flows.drain(..) {
                    let rows = match flow {
                        Flow::Rows(rows) => rows,
                        Flow::End(end) => {
                            session.give(Flow::End(end));
                            continue;
                        }
                    };
                    let Some(rows) = stages.apply(rows, &context) else { return };
                    if rows.is_empty() {
                        continue;
                    }
                    match &mut terminal {
                        Terminal::Forward => session.give(Flow::Rows(rows)),
                        Terminal::Encode(Encoding { name, number, encoder, .. }) => {
                            encoded.rows_in += rows.len() as u64;
                            let encode = |outputs: &mut OutRows| {
                                timed(&mut encoded.busy, || catch(|| encoder.encode(rows, &headers, outputs)))
                            };
                            let done = context.part(epoch, |part| encode(&mut part.outputs[*number]));
                            if let Err(blame) = done {
                                context.blame(name, blame);
                            }
                        }
                    }
                }
                stages.tell(epoch, &context);
                if let Terminal::Encode(sink) = &terminal {
                    context.count(epoch, sink.node, encoded);
                }
            });
        }
    })
}

/// The half of a keyed operator before the exchange, for one of its inputs.
struct RouterHalf {
    /// The operator in words, for messages.
    operator: String,
    /// Its number among the keyed operators.
    number: usize,
    /// Where it stands among the plan's nodes.
    node: usize,
    input: usize,
    router: Box<dyn Router>,
}

/// The same rows by another input of an operator are other rows: the digest of input `n` counts this to the power of `n` times. A digest
/// is a sum that workers add up in parts, so only what keeps sums may be done to it.
const INPUT_FACTOR: u64 = 0xD1B5_4A32_D192_ED03;

/// A chain of stateless operators, and the half of a keyed one that stands before the exchange.
fn chain_to_exchange<'s>(
    input: StreamVec<'s, u64, Flow>,
    mut stages: Chain,
    half: RouterHalf,
    context: Rc<Context>,
) -> StreamVec<'s, u64, Routed> {
    let RouterHalf { operator, number, node, input: from, mut router } = half;
    let name = stages.name(Some(&operator));
    input.unary(Pipeline, &name, move |capability, _| {
        drop(capability);
        let mut packets = Vec::new();
        move |input, output| {
            input.for_each(|capability, flows: &mut Vec<Flow>| {
                let Some(epoch) = capability.least().copied() else { return };
                let mut session = output.session(&capability);
                let (mut rows_in, mut busy) = (0, Duration::ZERO);
                for flow in flows.drain(..) {
                    match flow {
                        Flow::Rows(rows) => {
                            let Some(rows) = stages.apply(rows, &context) else { return };
                            rows_in += rows.len() as u64;
                            if let Err(blame) = timed(&mut busy, || catch(|| router.rows(epoch, rows))) {
                                context.blame(&operator, blame);
                                return;
                            }
                        }
                        Flow::End(end) => {
                            if let Err(blame) =
                                timed(&mut busy, || catch(|| router.flush(epoch, &mut packets)))
                            {
                                context.blame(&operator, blame);
                                return;
                            }
                            let (late, digest) = (router.take_late(), router.take_digest());
                            let digest = digest.wrapping_mul(INPUT_FACTOR.wrapping_pow(from as u32));
                            context.part(epoch, |part| {
                                part.operators[node].late.add(late.counts());
                                part.digests[number] = part.digests[number].wrapping_add(digest);
                            });
                            let late = late.wanted().then(|| (context.worker, Load::Late(late)));
                            let packets = packets.drain(..).map(|(to, packet)| (to, Load::Packet(packet)));
                            let ends = (0..context.workers).map(|to| (to, Load::End(end.clone())));
                            let loads = late.into_iter().chain(packets).chain(ends);
                            session.give_iterator(loads.map(|(to, load)| Routed { to, input: from, load }));
                        }
                    }
                }
                stages.tell(epoch, &context);
                context.count(epoch, node, OperatorCounts { rows_in, busy, ..OperatorCounts::default() });
            });
        }
    })
}
