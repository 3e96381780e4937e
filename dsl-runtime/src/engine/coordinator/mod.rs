//! Binding epochs: which offsets, which clock reading, when a checkpoint begins, when the run is over.

mod idleness;
mod inputs;
mod operator;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use log_store::Clock;

use super::Epoch;
use super::binding::{Binding, seed_of};
use super::checkpoint::Policy;
use super::entry::EpochEntry;
use super::input::{SourcePartition, refuse_newer};
use super::numbering::ReachedInput;
use super::options::RunOptions;
use super::setup::Setup;
use super::shared::Shared;
use super::side::SideEnds;
use super::storage::Storage;
use crate::error::Result;
use crate::time::{Duration, Timestamp};
use idleness::Idleness;
use inputs::BoundInputs;

pub(crate) use idleness::SourceIdleness;
pub(crate) use operator::coordinate;

/// Decides what each epoch is. Lives on worker 0.
pub(crate) struct Coordinator {
    pipeline: String,
    shared: Arc<Shared>,
    options: RunOptions,
    clock: Arc<dyn Clock>,
    inputs: BoundInputs,
    /// Where partitions may be added; a coordinator that is tested alone has none.
    storage: Option<Arc<Storage>>,
    /// How long a partition of each source is silent until it is idle, by the source's number.
    idle_after: Vec<Option<Duration>>,
    side_ends: SideEnds,
    /// By the number of the source: the inputs of keyed operators that its rows reach.
    reaches: Vec<Vec<ReachedInput>>,
    /// The last epoch's reading, which none that follows is before.
    last_clock_ms: i64,
    /// Committed epochs since the checkpoint, to be applied again first.
    replay: VecDeque<EpochEntry>,
    next_epoch: Epoch,
    /// An epoch is bound, now or by an earlier run, with which event time closes.
    closed: bool,
    checkpoints: Policy,
    /// What is replayed is saved before anything new is bound, so that a second crash does not find it to be replayed again.
    save_first: bool,
}

/// How many bytes of a checkpoint each table of each worker writes with one epoch when nothing else is left to be done: many at
/// once, and yet so few that they are no matter of memory.
const SAVING_BYTES: usize = 4 << 20;

/// What to do next.
#[derive(Debug)]
enum Step {
    Bind(Binding),
    /// Nothing can be bound before something is committed or appended.
    Wait,
    /// Everything is committed and saved: the run is over.
    Done,
}

impl Coordinator {
    /// For a run that goes on from what was recovered.
    pub(crate) fn new(setup: &Setup) -> Self {
        let recovered = &setup.recovered;
        let idle_after: Vec<Option<Duration>> = setup.idleness.iter().map(|source| source.after).collect();
        let known = setup.storage.inputs.iter().filter_map(|input| {
            let after = idle_after[usize::from(input.at.source)];
            let (next, is_taken_up) = recovered.next_of(input);
            is_taken_up.then(|| (input.clone(), next, Idleness::new(after, recovered.is_idle(input.at))))
        });
        Coordinator {
            pipeline: setup.pipeline.name().to_owned(),
            shared: setup.shared.clone(),
            options: setup.options.clone(),
            clock: setup.storage.store.clock(),
            inputs: BoundInputs::new(known),
            storage: Some(setup.storage.clone()),
            idle_after,
            side_ends: setup.take_side_ends(),
            reaches: setup.idleness.iter().map(|source| source.reaches.clone()).collect(),
            last_clock_ms: recovered.last_clock_ms.unwrap_or(i64::MIN),
            replay: recovered.replay.iter().cloned().collect(),
            next_epoch: recovered.checkpoint_epoch + 1,
            closed: recovered.closed,
            checkpoints: Policy::new(
                setup.options.checkpoint_interval,
                recovered.checkpoint_epoch,
                !recovered.replay.is_empty(),
                Instant::now(),
            ),
            save_first: setup.options.accept_changed_replay && !recovered.replay.is_empty(),
        }
    }

    fn step(&mut self) -> Step {
        if self.in_flight() >= self.options.epochs_in_flight {
            return Step::Wait;
        }
        if let Some(entry) = self.replay.pop_front() {
            self.next_epoch = entry.epoch + 1;
            return Step::Bind(replayed(entry));
        }
        if self.save_first {
            if self.in_flight() > 0 {
                return Step::Wait;
            }
            if let Some(binding) = self.save() {
                return Step::Bind(binding);
            }
            self.save_first = false;
        }
        let stopping = self.shared.stop_requested() || self.options.recover_only;
        self.look_for_added();
        if self.inputs.have_new() && !stopping && !self.closed {
            // Where they begin depends on how far operators have come, which is known once everything that is bound is committed.
            if self.in_flight() > 0 || self.shared.read_board(|board| board.workers_loading) > 0 {
                return Step::Wait;
            }
            return match self.take_up() {
                Ok(binding) => Step::Bind(binding),
                Err(error) => {
                    self.shared.fail(error);
                    Step::Wait
                }
            };
        }
        if self.inputs.have_rows() && !stopping {
            if !self.closed {
                // Where a partition comes back depends on how far operators have come without it, which is known once
                // everything that is bound is committed.
                if self.inputs.idle_have_rows() && self.in_flight() > 0 {
                    return Step::Wait;
                }
                if let Err(error) = self.side_ends.bind() {
                    self.shared.fail(error);
                    return Step::Wait;
                }
                return Step::Bind(self.bind_rows());
            }
            // Every window has emitted once event time is closed. A run that is to end leaves what others append after that to
            // the next run, which refuses it; a run that goes on refuses it here.
            if !self.options.until_end && !self.shared.close_requested() {
                if let Err(error) = refuse_newer(&self.pipeline, self.inputs.unbound()) {
                    self.shared.fail(error);
                }
                return Step::Wait;
            }
        }
        if stopping || self.options.until_end { self.finish(stopping) } else { self.idle() }
    }

    /// Finds partitions that were added to the topics of sources.
    fn look_for_added(&mut self) {
        let Some(storage) = &self.storage else { return };
        for (source, after) in self.idle_after.iter().enumerate() {
            let known = self.inputs.partitions_of(source as u16);
            for input in storage.inputs_from(source as u16, known) {
                self.inputs.add_new(input, Idleness::new(*after, false));
            }
        }
    }

    /// An epoch without rows that takes up the partitions that were added: see [`crate::engine::added`].
    fn take_up(&mut self) -> Result<Binding> {
        let storage = self.storage.clone().expect("it has found them there");
        let (pipeline, shared) = (self.pipeline.clone(), self.shared.clone());
        let watermarks = shared.read_board(|board| board.watermarks.clone());
        let floor = |at: SourcePartition| floor(&self.reaches, &watermarks, at);
        let (ranges, flips) = self.inputs.take_up(|input| storage.take_up(&pipeline, input), floor)?;
        Ok(self.bind(Binding { ranges, flips, ..Binding::default() }))
    }

    fn bind_rows(&mut self) -> Binding {
        let (rows, now_ms) = (self.options.epoch_rows, self.now_ms());
        let (ranges, flips) = self.shared.with_board(|board| {
            board.caught_up = false;
            let ranges = self.inputs.bind(rows, &board.progress);
            let mut flips = self.inputs.become_idle(now_ms, &board.progress);
            let floor = |at: SourcePartition| floor(&self.reaches, &board.watermarks, at);
            flips.extend(self.inputs.come_back(&ranges, floor));
            (ranges, flips)
        });
        self.bind(Binding { ranges, flips, ..Binding::default() })
    }

    /// An epoch without rows for what is due at this reading of the clock, if anything is: partitions that become idle, an
    /// operator that is to be woken.
    fn bind_due(&mut self) -> Option<Binding> {
        let now_ms = self.now_ms();
        let flips = self.shared.read_board(|board| self.inputs.become_idle(now_ms, &board.progress));
        // An operator that asks for an instant that has been had its turn already.
        let woken = self.wake_due_ms().filter(|at| *at <= now_ms && self.in_flight() == 0);
        if flips.is_empty() && woken.is_none() {
            return None;
        }
        Some(self.bind(Binding { flips, woken, ..Binding::default() }))
    }

    /// The instant of the clock at which an operator is to be woken.
    fn wake_due_ms(&self) -> Option<i64> {
        let asked = self.shared.read_board(|board| board.wake_at)?.millis();
        (asked > self.last_clock_ms).then_some(asked)
    }

    /// How long it is until something is due by the clock, in ms.
    pub(super) fn due_in_ms(&self) -> Option<u64> {
        let due = [self.inputs.idle_due_ms(), self.wake_due_ms()].into_iter().flatten().min()?;
        u64::try_from(due.saturating_sub(self.now_ms())).ok()
    }

    /// The clock, which never goes back from epoch to epoch.
    fn now_ms(&self) -> i64 {
        self.clock.now_ms().max(self.last_clock_ms)
    }

    /// What comes next when everything in the log is bound and the run goes on.
    fn idle(&mut self) -> Step {
        if self.shared.read_board(|board| board.workers_loading) > 0 {
            return Step::Wait;
        }
        if !self.closed {
            if self.shared.close_requested() {
                return Step::Bind(self.bind(Binding { close: true, ..Binding::default() }));
            }
            if let Some(binding) = self.bind_due() {
                return Step::Bind(binding);
            }
        }
        if self.in_flight() > 0 {
            return Step::Wait;
        }
        let now_ms = self.now_ms();
        self.shared.with_board(|board| board.settled_ms = Some(now_ms));
        // Pieces of a checkpoint are written with commits: when no rows come, epochs without rows finish it.
        if self.checkpoint_is_under_way() {
            return Step::Bind(self.bind(Binding::default()));
        }
        self.shared.with_board(|board| board.caught_up = true);
        Step::Wait
    }

    /// What comes next when the run is to end: event time is closed if that was asked for, then the state is saved.
    fn finish(&mut self, stopping: bool) -> Step {
        if self.options.close && !self.closed && !stopping {
            return Step::Bind(self.bind(Binding { close: true, ..Binding::default() }));
        }
        if self.in_flight() > 0 {
            return Step::Wait;
        }
        if let Some(binding) = self.save() {
            return Step::Bind(binding);
        }
        self.shared.with_board(|board| board.caught_up = true);
        Step::Done
    }

    /// An epoch without rows that writes much of the checkpoint under way, or of a new one; `None` if everything is saved.
    fn save(&mut self) -> Option<Binding> {
        if !self.checkpoint_is_under_way() && !self.checkpoints.is_behind(self.next_epoch - 1) {
            return None;
        }
        let mut binding = self.bind(Binding::default());
        if !self.checkpoint_is_under_way() {
            self.begin_checkpoint(&mut binding);
        }
        binding.piece_bytes = SAVING_BYTES;
        Some(binding)
    }

    fn in_flight(&self) -> u64 {
        (self.next_epoch - 1).saturating_sub(self.shared.committed())
    }

    /// Completes the next epoch, of which it is said what it reads and what happens with it.
    fn bind(&mut self, what: Binding) -> Binding {
        let (epoch, clock_ms) = (self.next_epoch, self.now_ms());
        let (seed, piece_bytes) = (seed_of(epoch, clock_ms), self.options.piece_bytes);
        let mut binding = Binding { epoch, clock_ms, seed, piece_bytes, ..what };
        self.next_epoch += 1;
        self.last_clock_ms = clock_ms;
        self.closed |= binding.close;
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
}

/// Where the watermark of a partition begins that nobody has waited for so far, in ms: where the inputs of operators that its source reaches
/// have come without it, by the furthest of them. So what is too late for an operator is so by the watermark of its own partition.
fn floor(reaches: &[Vec<ReachedInput>], watermarks: &[Vec<Timestamp>], at: SourcePartition) -> i64 {
    let reached = reaches.get(usize::from(at.source)).into_iter().flatten();
    // The first is that of all inputs together.
    let of_input = |to: &ReachedInput| watermarks.get(to.operator)?.get(1 + to.input);
    reached.filter_map(of_input).max().map_or(i64::MIN, |at| at.millis())
}

/// A committed epoch, bound again as it was.
fn replayed(entry: EpochEntry) -> Binding {
    Binding {
        epoch: entry.epoch,
        ranges: entry.ranges().collect(),
        clock_ms: entry.clock_ms,
        flips: entry.flips,
        woken: entry.woken,
        seed: entry.seed,
        close: entry.close,
        checkpoint: None,
        piece_bytes: 0,
        replay: true,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use log_store::{MemDisk, Partition, RecordsBuilder, Store, StoreConfig, SystemClock, TopicConfig};

    use super::*;
    use crate::engine::binding::{Flip, PartitionRange};
    use crate::engine::checkpoint::{CheckpointKind, Ledger};
    use crate::engine::entry::EntryRange;
    use crate::engine::input::{Input, InputProgress, PartitionProgress};
    use crate::engine::side::SideEnd;

    /// Partitions with that many records each, and their logs.
    fn coordinator(records: &[u64], options: RunOptions) -> (Coordinator, Vec<Partition>) {
        let store = Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default()).unwrap();
        let topic = store.create_topic("input", TopicConfig::with_partitions(records.len() as u32)).unwrap();
        let logs: Vec<Partition> =
            (0..records.len() as u32).map(|number| topic.partition(number).unwrap()).collect();
        logs.iter().zip(records).for_each(|(log, count)| append(log, *count));
        let input = |(number, log): (usize, &Partition)| {
            let at = SourcePartition { source: 0, partition: number as u16 };
            (Input { at, log: log.clone(), side_end: None }, 0, Idleness::new(None, false))
        };
        let coordinator = Coordinator {
            pipeline: "sample".to_owned(),
            shared: Arc::new(Shared::new(0, Ledger::default())),
            checkpoints: Policy::new(options.checkpoint_interval, 0, false, Instant::now()),
            options,
            clock: Arc::new(SystemClock),
            inputs: BoundInputs::new(logs.iter().enumerate().map(input)),
            storage: None,
            idle_after: vec![None],
            side_ends: SideEnds::default(),
            reaches: vec![Vec::new()],
            last_clock_ms: i64::MIN,
            replay: VecDeque::new(),
            next_epoch: 1,
            closed: false,
            save_first: false,
        };
        (coordinator, logs)
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
            let (mut coordinator, logs) = coordinator(&counts, RunOptions::new().epoch_rows(epoch_rows));
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
            append(&logs[1], 2);
            assert_eq!(
                rows(&bound(&mut coordinator)),
                2.min(epoch_rows),
                "what is appended later is bound then"
            );
        }
    }

    #[test]
    fn side_tables_are_bound_whole_before_any_row_of_a_stream_and_no_further_than_to_their_ends() {
        let (mut coordinator, logs) = coordinator(&[5, 3], RunOptions::new().epoch_rows(2));
        let store = Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default()).unwrap();
        let state = store.create_topic("state", TopicConfig::default()).unwrap();
        let input = |partition: u16, side_end| {
            let at = SourcePartition { source: partition, partition };
            Input { at, log: logs[usize::from(partition)].clone(), side_end }
        };
        let inputs = [input(0, None), input(1, Some(SideEnd::default()))];
        let ids = ["stream", "side"].map(str::to_owned).into_iter();
        coordinator.side_ends = SideEnds::open(&state, ids.zip(&inputs)).unwrap();
        coordinator.inputs = BoundInputs::new(inputs.map(|input| (input, 0, Idleness::default())));
        let mut read = Vec::new();
        while let Step::Bind(binding) = coordinator.step() {
            append(&logs[1], 1);
            read.extend(binding.ranges.iter().map(|range| (range.at.source, range.from, range.until)));
            commit(&coordinator, &binding);
        }
        assert_eq!(read, [(1, 0, 2), (1, 2, 3), (0, 0, 2), (0, 2, 4), (0, 4, 5)]);
    }

    #[test]
    fn no_more_epochs_are_in_flight_than_allowed() {
        let mut options = RunOptions::new().epoch_rows(1);
        options.epochs_in_flight = 2;
        let (mut coordinator, _) = coordinator(&[10], options);
        let first = bound(&mut coordinator);
        bound(&mut coordinator);
        assert!(matches!(coordinator.step(), Step::Wait));
        commit(&coordinator, &first);
        bound(&mut coordinator);
        assert!(matches!(coordinator.step(), Step::Wait));
    }

    #[test]
    fn partitions_that_have_run_ahead_in_event_time_wait_for_the_others() {
        let (mut coordinator, _) = coordinator(&[1000, 1000], RunOptions::new().epoch_rows(10));
        let mut ahead_waits = 0;
        for _ in 0..20 {
            let binding = bound(&mut coordinator);
            // A row of partition 1 is worth as much event time as a hundred of partition 0.
            let mut progress = InputProgress::default();
            for (Input { at, .. }, unbound) in coordinator.inputs.unbound() {
                let greatest = Some(unbound.start as i64 * if at.partition == 1 { 100 } else { 1 });
                progress.set(
                    *at,
                    PartitionProgress { next_offset: unbound.start, greatest, ..Default::default() },
                );
            }
            coordinator.shared.with_board(|board| board.progress = progress);
            commit(&coordinator, &binding);
            ahead_waits += u64::from(binding.ranges.iter().all(|range| range.at.partition == 0));
        }
        assert!(ahead_waits > 10, "partition 1 waited in {ahead_waits} of 20 epochs");
    }

    #[test]
    fn a_run_until_the_end_saves_its_state_and_is_done() {
        let (mut coordinator, _) = coordinator(&[3], RunOptions::new().close());
        let rows_epoch = bound(&mut coordinator);
        assert_eq!((rows(&rows_epoch), rows_epoch.checkpoint), (3, None));
        let closing = bound(&mut coordinator);
        assert!(closing.close && closing.ranges.is_empty());
        assert!(matches!(coordinator.step(), Step::Wait), "the state is saved once all is committed");
        commit(&coordinator, &closing);
        let saving = bound(&mut coordinator);
        assert_eq!((saving.checkpoint, saving.piece_bytes), (Some(CheckpointKind::Full), SAVING_BYTES));
        assert!(matches!(coordinator.step(), Step::Wait));
        commit(&coordinator, &saving);
        complete_checkpoint(&coordinator);
        assert!(matches!(coordinator.step(), Step::Done));
    }

    #[test]
    fn what_is_appended_after_event_time_was_closed_is_not_bound() {
        let (mut coordinator, logs) = coordinator(&[3], RunOptions::new().close());
        let binding = bound(&mut coordinator);
        commit(&coordinator, &binding);
        assert!(bound(&mut coordinator).close);
        append(&logs[0], 1);
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
        let (mut coordinator, _) = coordinator(&[10], RunOptions::new().epoch_rows(1).close());
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
        let (mut coordinator, logs) = coordinator(&[5], RunOptions::new());
        let at = SourcePartition { source: 0, partition: 0 };
        let range = PartitionRange { at, from: 0, until: 2 };
        let flips = vec![Flip { at, idle: true, floor: 3 }];
        let ranges = vec![EntryRange { range, span: None }];
        let entry = EpochEntry {
            epoch: 8,
            clock_ms: 123,
            ranges,
            flips,
            woken: Some(5),
            seed: 9,
            ..Default::default()
        };
        let (flips, woken, seed) = (entry.flips.clone(), entry.woken, entry.seed);
        coordinator.replay.push_back(entry);
        coordinator.next_epoch = 8;
        coordinator.inputs =
            BoundInputs::new([(Input { at, log: logs[0].clone(), side_end: None }, 2, Idleness::default())]);
        coordinator.checkpoints = Policy::new(std::time::Duration::ZERO, 7, true, Instant::now());
        coordinator.shared.set_committed(7);
        let replayed = bound(&mut coordinator);
        assert!(replayed.replay && replayed.checkpoint.is_none());
        assert_eq!((replayed.epoch, replayed.clock_ms, replayed.ranges), (8, 123, vec![range]));
        assert_eq!((replayed.flips, replayed.woken, replayed.seed), (flips, woken, seed));
        let new = bound(&mut coordinator);
        assert!(!new.replay && new.checkpoint.is_some());
        assert_eq!((new.epoch, new.ranges), (9, vec![PartitionRange { from: 2, until: 5, ..range }]));
    }

    #[test]
    fn one_checkpoint_at_a_time_is_under_way_and_is_finished_when_no_rows_come() {
        let options = RunOptions::new().epoch_rows(1).checkpoint_interval(std::time::Duration::ZERO);
        let (mut coordinator, _) = coordinator(&[3], options);
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
