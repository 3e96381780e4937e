//! Binding epochs: which offsets, which clock reading, when a checkpoint begins, when the run is over.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use log_store::Clock;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::operators::generic::operator::source;
use timely::dataflow::{Scope, StreamVec};

use super::Epoch;
use super::binding::{Binding, PartitionRange};
use super::checkpoint::Policy;
use super::context::Context;
use super::entry::EpochEntry;
use super::envelope::Bound;
use super::input::{Input, refuse_newer};
use super::options::RunOptions;
use super::shared::Shared;
use crate::time::Timestamp;

/// Decides what each epoch is. Lives on worker 0.
pub(crate) struct Coordinator {
    pub(crate) pipeline: String,
    pub(crate) shared: Arc<Shared>,
    pub(crate) options: RunOptions,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) partitions: Vec<BoundPartition>,
    /// Committed epochs since the checkpoint, to be applied again first.
    pub(crate) replay: VecDeque<EpochEntry>,
    pub(crate) next_epoch: Epoch,
    /// Event time is closed.
    pub(crate) closed: bool,
    pub(crate) checkpoints: Policy,
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

/// An input, and how far it is bound.
pub(crate) struct BoundPartition {
    pub(crate) input: Input,
    /// The first offset that no epoch has.
    pub(crate) next: u64,
    /// How many epochs in a row have left it out because it is ahead.
    pub(crate) left_out: u32,
}

/// How many epochs in a row a partition that is ahead is left out: a single event time far in the future must not keep its
/// partition from being read for ever.
const LEFT_OUT_MAX: u32 = 16;

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
        let backlogs = self.backlogs();
        let has_backlog = backlogs.iter().any(|backlog| *backlog > 0);
        let stopping = self.shared.stop_requested();
        // Every window has emitted once event time is closed. A run that is to end leaves what others append after that to the
        // next run, which refuses it; a run that goes on refuses it here.
        if has_backlog && !stopping && !self.closed {
            self.shared.with_board(|board| board.caught_up = false);
            let ranges = self.allot(&backlogs);
            return Step::Bind(self.bind(ranges, false));
        }
        if has_backlog && !stopping && !self.options.until_end && !self.shared.close_requested() {
            self.refuse_newer();
            return Step::Wait;
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
        if self.checkpoint_is_under_way() {
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
        if self.checkpoint_is_under_way() || self.checkpoints.is_behind(self.next_epoch - 1) {
            let mut binding = self.bind(Vec::new(), false);
            if !self.checkpoint_is_under_way() {
                self.begin_checkpoint(&mut binding);
            }
            binding.piece_bytes = usize::MAX;
            return Step::Bind(binding);
        }
        self.shared.with_board(|board| board.caught_up = true);
        Step::Done
    }

    /// Fails the run if there are rows that no window can take any more.
    fn refuse_newer(&self) {
        let unread = self.partitions.iter().map(|bound| (&bound.input, bound.next..bound.input.end()));
        if let Err(error) = refuse_newer(&self.pipeline, unread) {
            self.shared.fail(error);
        }
    }

    fn in_flight(&self) -> u64 {
        (self.next_epoch - 1).saturating_sub(self.shared.committed())
    }

    fn backlogs(&self) -> Vec<u64> {
        self.partitions.iter().map(|bound| bound.input.end().saturating_sub(bound.next)).collect()
    }

    /// Shares an epoch's rows among the partitions, by what each has waiting, so that all reach their ends together. Those
    /// whose event time has run ahead of the least by several epochs' worth wait; this bounds what windows have to keep
    /// open while the log is read, and never changes results. Where there are fewer rows than partitions, those furthest
    /// back come first.
    fn allot(&mut self, backlogs: &[u64]) -> Vec<PartitionRange> {
        let greatest = self.greatest();
        let waiting = |at: &usize| backlogs[*at] > 0;
        // A partition of which nothing is known yet is not waited for: the first rows tell.
        if let Some(least) = (0..backlogs.len()).filter(waiting).filter_map(|at| greatest[at]).min() {
            self.skew.observe(least);
        }
        let mut turn = Vec::new();
        for at in (0..backlogs.len()).filter(waiting) {
            let is_ahead = greatest[at].is_some_and(|greatest| self.skew.is_ahead(greatest));
            let left_out = &mut self.partitions[at].left_out;
            *left_out = if is_ahead && *left_out < LEFT_OUT_MAX { *left_out + 1 } else { 0 };
            if *left_out == 0 {
                turn.push(at);
            }
        }
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
                ranges.push(PartitionRange { at: bound.input.at, from, until: bound.next });
            }
        }
        ranges
    }

    /// The greatest event time of each partition, as far as it is committed.
    fn greatest(&self) -> Vec<Option<i64>> {
        self.shared.read_board(|board| {
            let greatest = |bound: &BoundPartition| board.progress.greatest(bound.input.at);
            self.partitions.iter().map(|bound| greatest(bound).map(Timestamp::millis)).collect()
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
        let due = self.checkpoints.is_due(Instant::now());
        if due && !self.checkpoint_is_under_way() && !binding.ranges.is_empty() {
            self.begin_checkpoint(&mut binding);
        }
        binding
    }

    fn begin_checkpoint(&mut self, binding: &mut Binding) {
        let mut ledger = self.shared.ledger();
        binding.checkpoint = Some(self.checkpoints.begin(binding.epoch, Instant::now(), ledger.sizes()));
        ledger.bind();
    }

    fn checkpoint_is_under_way(&self) -> bool {
        self.shared.ledger().is_under_way()
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use log_store::{MemDisk, Partition, RecordsBuilder, Store, StoreConfig, SystemClock, TopicConfig};

    use super::*;
    use crate::engine::checkpoint::{CheckpointKind, Ledger};
    use crate::engine::entry::Totals;
    use crate::engine::input::{InputProgress, PartitionProgress, SourcePartition};

    /// Partitions with that many records each.
    fn coordinator(records: &[u64], options: RunOptions) -> Coordinator {
        let store = Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default()).unwrap();
        let topic = store.create_topic("input", TopicConfig::with_partitions(records.len() as u32)).unwrap();
        let partition = |(number, count): (usize, &u64)| {
            let log = topic.partition(number as u32).unwrap();
            append(&log, *count);
            let at = SourcePartition { source: 0, partition: number as u16 };
            BoundPartition { input: Input { at, log }, next: 0, left_out: 0 }
        };
        Coordinator {
            pipeline: "sample".to_owned(),
            shared: Arc::new(Shared::new(0, Ledger::default())),
            checkpoints: Policy::new(options.checkpoint_interval, 0, false, Instant::now()),
            options,
            clock: Arc::new(SystemClock),
            partitions: records.iter().enumerate().map(partition).collect(),
            replay: VecDeque::new(),
            next_epoch: 1,
            closed: false,
            skew: Skew::default(),
        }
    }

    fn append(log: &Partition, count: u64) {
        let mut builder = RecordsBuilder::new();
        (0..count).for_each(|at| builder.push(0, None, Some(&at.to_be_bytes())));
        if count > 0 {
            log.append(builder).unwrap();
        }
    }

    #[track_caller]
    fn bound(coordinator: &mut Coordinator) -> Binding {
        match coordinator.step() {
            Step::Bind(binding) => binding,
            other => panic!("{other:?} instead of an epoch"),
        }
    }

    /// As the committer does.
    fn commit(coordinator: &Coordinator, binding: &Binding) {
        coordinator.shared.set_committed(binding.epoch);
    }

    /// As the committer does with the last pieces.
    fn complete_checkpoint(coordinator: &Coordinator) {
        let mut ledger = coordinator.shared.ledger();
        ledger.wrote(coordinator.shared.committed(), log_store::Offset(0), 1);
        ledger.complete(CheckpointKind::Full).unwrap();
    }

    fn rows(binding: &Binding) -> u64 {
        binding.ranges.iter().map(|range| range.until - range.from).sum()
    }

    #[test]
    fn every_offset_is_bound_once_in_epochs_of_bounded_size() {
        for epoch_rows in [1, 3, 10, 1000] {
            let counts = [17, 0, 1, 250];
            let mut coordinator = coordinator(&counts, RunOptions::new().epoch_rows(epoch_rows));
            let mut next: BTreeMap<u16, u64> = BTreeMap::new();
            let mut epochs = 0;
            while let Step::Bind(binding) = coordinator.step() {
                epochs += 1;
                assert_eq!(binding.epoch, epochs);
                assert!((1..=epoch_rows).contains(&rows(&binding)), "{binding:?}");
                for range in &binding.ranges {
                    assert_eq!(
                        range.from,
                        std::mem::replace(next.entry(range.at.partition).or_default(), range.until)
                    );
                }
                commit(&coordinator, &binding);
            }
            let expected = counts.iter().enumerate().filter(|(_, count)| **count > 0);
            assert_eq!(next, expected.map(|(at, count)| (at as u16, *count)).collect());
            assert_eq!(epochs, 268_u64.div_ceil(epoch_rows));
            append(&coordinator.partitions[1].input.log, 2);
            assert_eq!(
                rows(&bound(&mut coordinator)),
                2.min(epoch_rows),
                "what is appended later is bound then"
            );
        }
    }

    #[test]
    fn no_more_epochs_are_in_flight_than_allowed() {
        let mut options = RunOptions::new().epoch_rows(1);
        options.epochs_in_flight = 2;
        let mut coordinator = coordinator(&[10], options);
        let first = bound(&mut coordinator);
        bound(&mut coordinator);
        assert!(matches!(coordinator.step(), Step::Wait));
        commit(&coordinator, &first);
        bound(&mut coordinator);
        assert!(matches!(coordinator.step(), Step::Wait));
    }

    #[test]
    fn partitions_that_have_run_ahead_in_event_time_wait_for_the_others() {
        let mut coordinator = coordinator(&[1000, 1000], RunOptions::new().epoch_rows(10));
        let mut ahead_waits = 0;
        for _ in 0..20 {
            let binding = bound(&mut coordinator);
            // A row of partition 1 is worth as much event time as a hundred of partition 0.
            let mut progress = InputProgress::default();
            for bound in &coordinator.partitions {
                let at = bound.input.at;
                let greatest = Some(bound.next as i64 * if at.partition == 1 { 100 } else { 1 });
                progress.set(at, PartitionProgress { next_offset: bound.next, greatest });
            }
            coordinator.shared.with_board(|board| board.progress = progress);
            commit(&coordinator, &binding);
            ahead_waits += u64::from(binding.ranges.iter().all(|range| range.at.partition == 0));
        }
        assert!(ahead_waits > 10, "partition 1 waited in {ahead_waits} of 20 epochs");
    }

    #[test]
    fn a_run_until_the_end_saves_its_state_and_is_done() {
        let mut coordinator = coordinator(&[3], RunOptions::new().close());
        let rows_epoch = bound(&mut coordinator);
        assert_eq!((rows(&rows_epoch), rows_epoch.checkpoint), (3, None));
        let closing = bound(&mut coordinator);
        assert!(closing.close && closing.ranges.is_empty());
        assert!(matches!(coordinator.step(), Step::Wait), "the state is saved once all is committed");
        commit(&coordinator, &closing);
        let saving = bound(&mut coordinator);
        assert_eq!((saving.checkpoint, saving.piece_bytes), (Some(CheckpointKind::Full), usize::MAX));
        assert!(matches!(coordinator.step(), Step::Wait));
        commit(&coordinator, &saving);
        complete_checkpoint(&coordinator);
        assert!(matches!(coordinator.step(), Step::Done));
    }

    #[test]
    fn what_is_appended_after_event_time_was_closed_is_not_bound() {
        let mut coordinator = coordinator(&[3], RunOptions::new().close());
        let binding = bound(&mut coordinator);
        commit(&coordinator, &binding);
        assert!(bound(&mut coordinator).close);
        append(&coordinator.partitions[0].input.log, 1);
        assert!(matches!(coordinator.step(), Step::Wait));
        coordinator.shared.set_committed(2);
        let saving = bound(&mut coordinator);
        assert_eq!((rows(&saving), saving.checkpoint), (0, Some(CheckpointKind::Full)));
        commit(&coordinator, &saving);
        complete_checkpoint(&coordinator);
        assert!(matches!(coordinator.step(), Step::Done));
    }

    #[test]
    fn a_run_that_is_to_stop_binds_nothing_new() {
        let mut coordinator = coordinator(&[10], RunOptions::new().epoch_rows(1).close());
        let first = bound(&mut coordinator);
        coordinator.shared.request_stop();
        assert!(matches!(coordinator.step(), Step::Wait));
        commit(&coordinator, &first);
        let saving = bound(&mut coordinator);
        assert!(saving.ranges.is_empty() && !saving.close && saving.checkpoint.is_some(), "{saving:?}");
        commit(&coordinator, &saving);
        complete_checkpoint(&coordinator);
        assert!(matches!(coordinator.step(), Step::Done));
    }

    #[test]
    fn committed_epochs_are_bound_again_as_they_were_before_anything_new_is() {
        let mut coordinator = coordinator(&[5], RunOptions::new());
        let range = PartitionRange { at: coordinator.partitions[0].input.at, from: 0, until: 2 };
        let entry = EpochEntry {
            epoch: 8,
            clock_ms: 123,
            close: false,
            ranges: vec![range],
            outputs: Vec::new(),
            totals: Totals::default(),
        };
        coordinator.replay.push_back(entry);
        (coordinator.next_epoch, coordinator.partitions[0].next) = (8, 2);
        coordinator.checkpoints = Policy::new(std::time::Duration::ZERO, 7, true, Instant::now());
        coordinator.shared.set_committed(7);
        let replayed = bound(&mut coordinator);
        assert!(replayed.replay && replayed.checkpoint.is_none());
        assert_eq!((replayed.epoch, replayed.clock_ms, replayed.ranges), (8, 123, vec![range]));
        let new = bound(&mut coordinator);
        assert!(!new.replay && new.checkpoint.is_some());
        assert_eq!((new.epoch, new.ranges), (9, vec![PartitionRange { from: 2, until: 5, ..range }]));
    }

    #[test]
    fn one_checkpoint_at_a_time_is_under_way_and_is_finished_when_no_rows_come() {
        let options = RunOptions::new().epoch_rows(1).checkpoint_interval(std::time::Duration::ZERO);
        let mut coordinator = coordinator(&[3], options);
        let kinds: Vec<_> = (0..3).map(|_| bound(&mut coordinator).checkpoint).collect();
        assert_eq!(kinds, [Some(CheckpointKind::Full), None, None]);
        assert!(matches!(coordinator.step(), Step::Wait));
        coordinator.shared.set_committed(3);
        let finishing = bound(&mut coordinator);
        assert!(finishing.ranges.is_empty() && finishing.checkpoint.is_none());
        commit(&coordinator, &finishing);
        complete_checkpoint(&coordinator);
        assert!(matches!(coordinator.step(), Step::Wait));
        assert!(coordinator.shared.read_board(|board| board.caught_up));
    }
}
