//! Driving a keyed operator after its exchange: epoch by epoch, and its checkpoint pieces.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::{Capability, Operator};

use super::Epoch;
use super::binding::Binding;
use super::checkpoint::CheckpointKind;
use super::context::Context;
use super::envelope::{EpochEnd, Flow, Load, Routed};
use super::input::SourcePartition;
use crate::flow::{Batch, Blame, Owner, Packet, catch};
use crate::time::Timestamp;

/// A keyed operator as one worker runs it.
pub(crate) struct KeyedDriver {
    /// The `let` and the kind of operator, for messages.
    pub(crate) name: String,
    /// The operator's id, under which its state is kept.
    pub(crate) id: Arc<str>,
    pub(crate) owner: Box<dyn Owner>,
    /// The watermarks of all inputs whose rows can reach it.
    pub(crate) watermarks: HashMap<SourcePartition, Timestamp>,
}

/// Adds the half of a keyed operator that owns state, behind the exchange that brings each worker the keys it owns.
///
/// # Contract
/// Epochs are applied whole and in order. Packets of the earliest open epoch are applied as they come, those of later ones
/// are kept back, so that the state between two epochs never holds a part of a third.
pub(crate) fn keyed<'s>(
    routed: StreamVec<'s, u64, Routed>,
    mut driver: KeyedDriver,
    context: Rc<Context>,
) -> StreamVec<'s, u64, Flow> {
    let pact = Exchange::new(|routed: &Routed| routed.to as u64);
    let name = driver.name.clone();
    routed.unary_frontier(pact, &name, move |capability, _| {
        drop(capability);
        let mut open: BTreeMap<Epoch, PendingEpoch> = BTreeMap::new();
        move |(input, frontier), output| {
            input.for_each(|capability, loads: &mut Vec<Routed>| {
                let Some(epoch) = capability.least().copied() else { return };
                let first = open.first_key_value().is_none_or(|(first, _)| epoch <= *first)
                    && !frontier.less_than(&epoch);
                let entry =
                    open.entry(epoch).or_insert_with(|| PendingEpoch::new(capability.delayed(&epoch, 0)));
                for routed in loads.drain(..) {
                    match routed.load {
                        Load::End(end) => entry.ends.push(end),
                        Load::Packet(packet) if first => driver.packet(packet, &context),
                        Load::Packet(packet) => entry.packets.push(packet),
                    }
                }
            });
            while let Some(entry) = open.first_entry() {
                if context.shared.failed() || frontier.is_empty() {
                    // A failed run applies nothing more. An empty frontier means that the dataflow is being dropped, not
                    // that the epoch is over: some of its packets may be missing.
                    open.clear();
                    return;
                }
                if frontier.less_equal(entry.key()) {
                    break;
                }
                let PendingEpoch { capability, packets, ends } = entry.remove();
                packets.into_iter().for_each(|packet| driver.packet(packet, &context));
                let mut session = output.session(&capability);
                for flow in driver.end_epoch(*capability.time(), &ends, &context) {
                    session.give(flow);
                }
            }
        }
    })
}

/// An epoch that has begun to come and is not over.
struct PendingEpoch {
    capability: Capability<u64>,
    packets: Vec<Packet>,
    ends: Vec<Arc<EpochEnd>>,
}

impl PendingEpoch {
    fn new(capability: Capability<u64>) -> Self {
        PendingEpoch { capability, packets: Vec::new(), ends: Vec::new() }
    }
}

impl KeyedDriver {
    fn packet(&mut self, packet: Packet, context: &Context) {
        if context.shared.failed() {
            return;
        }
        if let Err(blame) = catch(|| self.owner.packet(packet)).and_then(|taken| taken) {
            let at = blame.at.or_else(|| Some("the merging of two partial results".to_owned()));
            context.blame(&self.name, Blame { at, ..blame });
        }
    }

    /// Ends an epoch: emits what is due, begins and writes checkpoints, and passes the watermarks on.
    fn end_epoch(&mut self, epoch: Epoch, ends: &[Arc<EpochEnd>], context: &Context) -> Vec<Flow> {
        for (input, watermark) in ends.iter().flat_map(|end| &end.watermarks) {
            let kept = self.watermarks.entry(*input).or_insert(Timestamp::MIN);
            *kept = (*kept).max(*watermark);
        }
        let Some(binding) = ends.first().map(|end| end.binding.clone()) else { return Vec::new() };
        let watermark = self.watermarks.values().min().copied().unwrap_or(Timestamp::MIN);
        let mut rows: Vec<Batch> = Vec::new();
        let ended = catch(|| self.owner.end_epoch(watermark, &mut rows)).and_then(|ended| ended);
        let ended = ended.and_then(|()| catch(|| self.checkpoint(epoch, &binding, context)));
        if let Err(blame) = ended {
            context.blame(&self.name, blame);
            return Vec::new();
        }
        let watermarks = self.watermarks.iter().map(|(input, at)| (*input, *at)).collect();
        let end = Flow::End(Arc::new(EpochEnd { binding, watermarks }));
        rows.into_iter().map(Flow::Rows).chain([end]).collect()
    }

    fn checkpoint(&mut self, epoch: Epoch, binding: &Binding, context: &Context) {
        if let Some(kind) = binding.checkpoint {
            self.owner.begin_checkpoint(kind == CheckpointKind::Full);
        }
        let mut pieces = Vec::new();
        let done = binding.replay || self.owner.pieces(binding.piece_bytes, &mut pieces);
        let entries = self.owner.size().entries;
        context.part(epoch, |part| {
            part.pieces.extend(pieces.into_iter().map(|piece| (self.id.clone(), piece)));
            part.pieces_left |= !done;
            part.entries += entries;
        });
    }
}
