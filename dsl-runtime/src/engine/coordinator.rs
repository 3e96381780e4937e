//! Binding epochs: which offsets, which clock reading, when a checkpoint begins, when the run is over.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use log_store::{Clock, Partition};
use timely::dataflow::operators::generic::operator::source;
use timely::dataflow::{Scope, StreamVec};
use timely::container::CapacityContainerBuilder;

use super::Epoch;
use super::binding::{Binding, CheckpointKind, PartitionRange};
use super::context::Context;
use super::entry::EpochEntry;
use super::envelope::Bound;
use super::options::RunOptions;
use super::shared::Shared;

/// Decides what each epoch is. Lives on worker 0.
pub(crate) struct Coordinator {
    pub(crate) shared: Arc<Shared>,
    pub(crate) options: RunOptions,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) partitions: Vec<BoundPartition>,
    /// Committed epochs since the checkpoint, to be applied again first.
    pub(crate) replay: VecDeque<EpochEntry>,
    pub(crate) next_epoch: Epoch,
    /// Event time is closed.
    pub(crate) closed: bool,
    /// The epoch of the last checkpoint that was begun; state after it is not saved yet.
    pub(crate) checkpoint_epoch: Epoch,
    pub(crate) checkpoint_begun: Instant,
    pub(crate) skew: Skew,
}

/// How event time moves on, to keep partitions together.
#[derive(Debug, Default)]
pub(crate) struct Skew {
    /// The least of the partitions' greatest event times, in ms, when it last moved.
    least: Option<i64>,
    /// How far it moves with an epoch, about, in ms.
    advance: i64,
}

impl Skew {
    /// Learns where the least stands now.
    fn observe(&mut self, least: i64) {
        match self.least {
            Some(before) if least > before => {
                let moved = least.saturating_sub(before);
                self.advance = if self.advance == 0 { moved } else { self.advance / 2 + moved / 2 };
                self.least = Some(least);
            }
            Some(_) => {}
            None => self.least = Some(least),
        }
    }

    /// Whether a partition that has got this far is so far ahead that others come first.
    fn is_ahead(&self, greatest: i64) -> bool {
        let lead = self.least.map_or(0, |least| greatest.saturating_sub(least));
        self.advance > 0 && lead > self.advance.saturating_mul(3)
    }
}

/// One partition of a source, and how far it is bound.
pub(crate) struct BoundPartition {
    pub(crate) source: u16,
    pub(crate) partition: u16,
    pub(crate) log: Partition,
    /// The first offset that no epoch has.
    pub(crate) next: u64,
}

/// What to do next.
#[derive(Debug)]
pub(crate) enum Step {
    Bind(Binding),
    /// Nothing can be bound before something is committed or appended.
    Wait,
    /// Everything is committed and saved: the run is over.
    Done,
}

/// Adds the operator: epochs come out on worker 0, one message for every worker.
pub(crate) fn coordinate<'s>(
    scope: Scope<'s, u64>,
    coordinator: Option<Coordinator>,
    context: Rc<Context>,
) -> StreamVec<'s, u64, Bound> {
    source::<_, CapacityContainerBuilder<Vec<Bound>>, _, _>(scope, "epochs", move |capability, info| {
        let activator = scope.activator_for(info.address.clone());
        if coordinator.is_some() {
            // Whoever commits, appends or stops wakes this operator from its own thread.
            let wake = scope.worker().sync_activator_for(info.address.to_vec());
            let wake = std::sync::Mutex::new(wake);
            context.shared.add_waker(Arc::new(move || {
                let wake = wake.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                // A worker that is gone needs no waking.
                let _ = wake.activate();
            }));
        }
        let mut running = coordinator.map(|coordinator| (coordinator, capability));
        move |output| {
            let Some((coordinator, capability)) = running.as_mut() else { return };
            if context.shared.failed() {
                running = None;
                return;
            }
            match coordinator.step() {
                Step::Bind(binding) => {
                    let binding = Arc::new(binding);
                    capability.downgrade(&binding.epoch);
                    let bound = (0..context.workers).map(|to| Bound { to, binding: binding.clone() });
                    output.session(&*capability).give_iterator(bound);
                    capability.downgrade(&(binding.epoch + 1));
                    activator.activate();
                }
                Step::Wait => {}
                Step::Done => {
                    context.shared.with_board(|board| board.finished = true);
                    running = None;
                }
            }
        }
    })
}

impl Coordinator {
    pub(crate) fn step(&mut self) -> Step {
        if let Some(entry) = self.replay.front() {
            if self.in_flight() >= self.options.epochs_in_flight {
                return Step::Wait;
            }
            let binding = self.replayed(entry);
            self.replay.pop_front();
            self.next_epoch = binding.epoch + 1;
            return Step::Bind(binding);
        }
        if self.in_flight() >= self.options.epochs_in_flight {
            return Step::Wait;
        }
        let backlog: u64 = self.backlogs().iter().sum();
        let stopping = self.shared.stop_requested();
        if backlog > 0 && !stopping {
            self.shared.with_board(|board| board.caught_up = false);
            let ranges = self.allot();
            return Step::Bind(self.bind(ranges, false));
        }
        if stopping || self.options.until_end {
            return self.finish(stopping);
        }
        self.idle()
    }

    /// Everything that is in the log is bound.
    fn idle(&mut self) -> Step {
        if self.shared.close_requested() && !self.closed {
            return Step::Bind(self.bind(Vec::new(), true));
        }
        if self.in_flight() > 0 {
            return Step::Wait;
        }
        // A checkpoint under way is finished also when no rows come.
        if self.shared.checkpointing() {
            return Step::Bind(self.bind(Vec::new(), false));
        }
        self.shared.with_board(|board| board.caught_up = true);
        Step::Wait
    }

    /// Closes event time if asked to, saves the state, and ends.
    fn finish(&mut self, stopping: bool) -> Step {
        if self.options.close && !self.closed && !stopping {
            return Step::Bind(self.bind(Vec::new(), true));
        }
        if self.in_flight() > 0 {
            return Step::Wait;
        }
        if self.shared.checkpointing() || self.checkpoint_epoch + 1 < self.next_epoch {
            let mut binding = self.bind(Vec::new(), false);
            if !self.shared.checkpointing() {
                self.begin_checkpoint(&mut binding);
            }
            binding.piece_bytes = usize::MAX;
            return Step::Bind(binding);
        }
        self.shared.with_board(|board| board.caught_up = true);
        Step::Done
    }

    fn in_flight(&self) -> u64 {
        (self.next_epoch - 1).saturating_sub(self.shared.committed())
    }

    fn backlogs(&self) -> Vec<u64> {
        let backlog = |partition: &BoundPartition| partition.log.last_stable_offset().0.saturating_sub(partition.next);
        self.partitions.iter().map(backlog).collect()
    }

    /// Shares an epoch's rows among the partitions, by what each has waiting, so that all reach their ends together. Those
    /// whose event time has run ahead of the least by several epochs' worth wait; this bounds what windows have to keep
    /// open while the log is read, and never changes results. Where there are fewer rows than partitions, those furthest
    /// back come first.
    fn allot(&mut self) -> Vec<PartitionRange> {
        let backlogs = self.backlogs();
        let greatest = self.greatest();
        let waiting = |at: &usize| backlogs[*at] > 0;
        // A partition of which nothing is known yet is not waited for: the first rows tell.
        if let Some(least) = (0..backlogs.len()).filter(waiting).filter_map(|at| greatest[at]).min() {
            self.skew.observe(least);
        }
        let mut turn: Vec<usize> = (0..backlogs.len())
            .filter(waiting)
            .filter(|at| !greatest[*at].is_some_and(|greatest| self.skew.is_ahead(greatest)))
            .collect();
        turn.sort_by_key(|at| (greatest[*at], *at));
        let rows = self.options.epoch_rows;
        let total: u64 = turn.iter().map(|at| backlogs[*at]).sum();
        let mut left = rows.min(total);
        let mut ranges = Vec::new();
        for at in turn {
            let share = (u128::from(backlogs[at]) * u128::from(rows)).div_ceil(u128::from(total));
            let taken = u64::try_from(share).unwrap_or(u64::MAX).min(backlogs[at]).min(left);
            if taken > 0 {
                left -= taken;
                let bound = &mut self.partitions[at];
                let from = bound.next;
                bound.next += taken;
                let (source, partition, until) = (bound.source, bound.partition, bound.next);
                ranges.push(PartitionRange { source, partition, from, until });
            }
        }
        ranges
    }

    /// The greatest event time of each partition, as far as it is committed.
    fn greatest(&self) -> Vec<Option<i64>> {
        self.shared.read_board(|board| {
            let of = |bound: &BoundPartition| {
                let mut progress = board.progress.iter();
                progress.find(|at| at.source == bound.source && at.partition == bound.partition).and_then(|at| at.greatest)
            };
            self.partitions.iter().map(of).collect()
        })
    }

    fn bind(&mut self, ranges: Vec<PartitionRange>, close: bool) -> Binding {
        let mut binding = Binding {
            epoch: self.next_epoch,
            ranges,
            clock_ms: self.clock.now_ms(),
            close,
            checkpoint: None,
            piece_bytes: self.options.piece_bytes,
            replay: false,
        };
        self.next_epoch += 1;
        self.closed |= close;
        let due = self.checkpoint_begun.elapsed() >= self.options.checkpoint_interval;
        if due && !self.shared.checkpointing() && !binding.ranges.is_empty() {
            self.begin_checkpoint(&mut binding);
        }
        binding
    }

    fn begin_checkpoint(&mut self, binding: &mut Binding) {
        let full = self.shared.full_checkpoint_due();
        binding.checkpoint = Some(if full { CheckpointKind::Full } else { CheckpointKind::Changes });
        self.checkpoint_epoch = binding.epoch;
        self.checkpoint_begun = Instant::now();
        self.shared.set_checkpointing(true);
    }

    fn replayed(&self, entry: &EpochEntry) -> Binding {
        Binding {
            epoch: entry.epoch,
            ranges: entry.ranges.clone(),
            clock_ms: entry.clock_ms,
            close: entry.close,
            checkpoint: None,
            piece_bytes: 0,
            replay: true,
        }
    }
}
