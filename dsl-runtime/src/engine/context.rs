//! What the operators of one worker share: the parts of open epochs, and where failures go.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::mpsc::Sender;

use super::Epoch;
use super::binding::Binding;
use super::checkpoint::TableOf;
use super::counting::OperatorCounts;
use super::input::SourcePartition;
use super::numbering::{Maker, Numbering};
use super::shared::Shared;
use crate::error::Error;
use crate::flow::{Blame, OutRows, take_in_hand};
use crate::place::Position;
use crate::state::Piece;
use crate::time::Timestamp;

/// One worker's part of an epoch, for the committer.
pub(crate) struct EpochPart {
    pub(crate) binding: Arc<Binding>,
    /// The encoded rows of each sink, in the order of the sinks' numbers.
    pub(crate) outputs: Vec<OutRows>,
    /// How far the inputs that this worker reads are read after the epoch.
    pub(crate) progress: Vec<ReadTo>,
    pub(crate) rows: u64,
    pub(crate) skipped: u64,
    /// What operators have written of the checkpoint under way, each piece with the table it is of.
    pub(crate) pieces: Vec<(TableOf, Piece)>,
    /// Some operator has more to write of it: that comes with later epochs.
    pub(crate) pieces_left: bool,
    /// What is counted of each operator, by where it stands among the plan's nodes.
    pub(crate) operators: Vec<OperatorCounts>,
    /// A digest of the rows that entered each keyed operator, in the order of the operators' numbers.
    pub(crate) digests: Vec<u64>,
    /// The watermarks of each keyed operator, as they are kept, in the order of their numbers: the same on all workers.
    pub(crate) watermarks: Vec<Vec<Timestamp>>,
    /// When this worker's operators are to be woken.
    pub(crate) wake_at: Option<Timestamp>,
}

/// How far an input is read after an epoch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadTo {
    pub(crate) at: SourcePartition,
    /// The offset after the last one read.
    pub(crate) next_offset: u64,
    /// The greatest event time of all of its rows.
    pub(crate) greatest: Option<Timestamp>,
    /// The least and the greatest event time of the epoch's rows.
    pub(crate) span: Option<(Timestamp, Timestamp)>,
}

/// One worker's view of a run.
pub(crate) struct Context {
    /// Which of the workers this is.
    pub(crate) worker: usize,
    pub(crate) workers: usize,
    pub(crate) shared: Arc<Shared>,
    sinks: usize,
    keyed: usize,
    nodes: usize,
    /// Who made a row, for messages, by what stands for it in the row's position.
    makers: HashMap<u32, Maker>,
    parts: RefCell<BTreeMap<Epoch, EpochPart>>,
    committer: Sender<EpochPart>,
}

impl Context {
    pub(crate) fn new(
        (worker, workers): (usize, usize),
        shared: Arc<Shared>,
        numbering: &Numbering<'_>,
        committer: Sender<EpochPart>,
    ) -> Self {
        let makers = numbering.makers();
        let sinks = numbering.sinks.len();
        let (keyed, nodes) = (numbering.keyed.len(), numbering.nodes());
        Context { worker, workers, shared, sinks, keyed, nodes, makers, parts: RefCell::default(), committer }
    }

    /// Of a run with one worker, that many keyed operators and nothing else.
    #[cfg(test)]
    pub(crate) fn of_keyed(keyed: usize, committer: Sender<EpochPart>) -> Self {
        let shared = Arc::new(Shared::new(0, Default::default()));
        let parts = RefCell::default();
        let nodes = keyed;
        Context {
            worker: 0,
            workers: 1,
            shared,
            sinks: 0,
            keyed,
            nodes,
            makers: HashMap::new(),
            parts,
            committer,
        }
    }

    /// Of a run with one worker, that many sinks and nothing else.
    #[cfg(test)]
    pub(crate) fn of_sinks(sinks: usize, committer: Sender<EpochPart>) -> Self {
        Context { sinks, ..Context::of_keyed(0, committer) }
    }

    /// Begins this worker's part of an epoch, unless it has begun: each reader asks for it before it reads.
    pub(crate) fn open(&self, binding: &Arc<Binding>) {
        self.parts.borrow_mut().entry(binding.epoch).or_insert_with(|| EpochPart {
            binding: binding.clone(),
            outputs: (0..self.sinks).map(|_| OutRows::default()).collect(),
            progress: Vec::new(),
            rows: 0,
            skipped: 0,
            pieces: Vec::new(),
            pieces_left: false,
            operators: vec![OperatorCounts::default(); self.nodes],
            digests: vec![0; self.keyed],
            watermarks: vec![Vec::new(); self.keyed],
            wake_at: None,
        });
    }

    /// Adds what an operator has done in an epoch, given where it stands among the plan's nodes.
    pub(crate) fn count(&self, epoch: Epoch, node: usize, counts: OperatorCounts) {
        if counts != OperatorCounts::default() {
            self.part(epoch, |part| part.operators[node].add(counts));
        }
    }

    /// Adds to the worker's part of an epoch.
    pub(crate) fn part<R>(&self, epoch: Epoch, act: impl FnOnce(&mut EpochPart) -> R) -> R {
        let mut parts = self.parts.borrow_mut();
        act(parts.get_mut(&epoch).expect("a reader opens each epoch before its rows move on"))
    }

    /// Hands the parts of epochs that are over to the committer.
    pub(crate) fn hand_over(&self, is_over: impl Fn(Epoch) -> bool) {
        let mut parts = self.parts.borrow_mut();
        while let Some(first) = parts.first_entry().filter(|first| is_over(*first.key())) {
            // The committer is gone only if the run has failed, and then nobody misses the part.
            let _ = self.committer.send(first.remove());
        }
    }

    /// Stops the run because user code of an operator failed.
    pub(crate) fn blame(&self, operator: &str, blame: Blame) {
        let at = blame.at.or_else(|| take_in_hand().map(|position| self.describe(position)));
        let at = at.unwrap_or_else(|| "an unknown row".to_owned());
        self.shared.fail(Error::UserCode { operator: operator.to_owned(), at, message: blame.message });
    }

    fn describe(&self, position: Position) -> String {
        match self.makers.get(&position.maker) {
            Some(Maker::Topic(name)) => {
                let (partition, offset) = position.in_topic();
                format!("topic `{name}` partition {partition} offset {offset}")
            }
            Some(Maker::Operator(name)) => format!("a row made by operator `{name}`"),
            None => "a row of an unknown source".to_owned(),
        }
    }
}
