//! Committing epochs, in order: outputs, the epoch entry and checkpoint pieces in one log transaction.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use log_store::{Producer, RecordsBuilder};

use super::Epoch;
use super::binding::{Binding, PartitionRange};
use super::checkpoint::{CheckpointKind, CheckpointWriter, CompleteCheckpoint, TableOf};
use super::context::{EpochPart, ReadTo};
use super::counting::{Counted, OperatorCounts};
use super::entry::{EntryRange, EpochEntry, OutputDigest, Totals};
use super::input::{InputProgress, SourcePartition};
use super::outputs;
use super::schemas::{Registration, commit_with_schemas};
use super::setup::Setup;
use super::shared::Shared;
use super::storage::Storage;
use crate::error::{Error, Result};
use crate::flow::OutRows;
use crate::state::Piece;
use crate::time::Timestamp;

/// Takes the workers' parts and commits whole epochs.
pub(crate) struct Committer {
    pipeline: String,
    storage: Arc<Storage>,
    /// The row type of each sink, in the order of the sinks' numbers.
    sink_rows: Vec<Registration>,
    shared: Arc<Shared>,
    parts: Receiver<EpochPart>,
    workers: usize,
    producer: Producer,
    open: BTreeMap<Epoch, Vec<EpochPart>>,
    replay: VecDeque<EpochEntry>,
    /// A replayed epoch that gives something else than when it was committed is counted, and does not stop the run.
    accept_changed_replay: bool,
    /// The keyed operators in words for messages, in the order of their numbers.
    operators: Vec<String>,
    /// Their ids, likewise.
    operator_ids: Vec<String>,
    /// The code of this program, and that of the last committed epoch.
    code: String,
    last_code: Option<String>,
    progress: InputProgress,
    totals: Totals,
    closed: bool,
    checkpoint: CheckpointWriter,
}

/// An epoch, put together from the parts of all workers.
struct GatheredEpoch {
    binding: Arc<Binding>,
    outputs: Vec<Vec<OutRows>>,
    pieces: Vec<(TableOf, Piece)>,
    pieces_left: bool,
    /// By where they stand among the plan's nodes.
    operators: Vec<OperatorCounts>,
    rows: u64,
    /// A digest of the rows that entered each keyed operator, in the order of the operators' numbers.
    digests: Vec<u64>,
    /// The least and the greatest event time of what was read of an input, in ms.
    spans: BTreeMap<SourcePartition, (i64, i64)>,
    /// The watermarks of each, likewise.
    watermarks: Vec<Vec<Timestamp>>,
    /// When an operator is to be woken.
    wake_at: Option<Timestamp>,
}

impl Committer {
    pub(crate) fn new(setup: &Setup, parts: Receiver<EpochPart>, workers: usize) -> Committer {
        let recovered = &setup.recovered;
        Committer {
            pipeline: setup.pipeline.name().to_owned(),
            storage: setup.storage.clone(),
            sink_rows: setup.storage.sinks.iter().map(|sink| sink.rows.clone()).collect(),
            shared: setup.shared.clone(),
            parts,
            workers,
            producer: setup.producer.clone(),
            open: BTreeMap::new(),
            replay: recovered.replay.iter().cloned().collect(),
            accept_changed_replay: setup.options.accept_changed_replay,
            operators: setup.operators.clone(),
            operator_ids: setup.operator_ids.clone(),
            code: setup.code.clone(),
            last_code: recovered.last_code.clone(),
            progress: recovered.progress.clone(),
            totals: recovered.totals,
            closed: recovered.closed,
            checkpoint: CheckpointWriter::new(
                setup.storage.state_topic.record_bytes_max(),
                setup.take_numbers(),
            ),
        }
    }

    /// Commits until the run is over or has failed.
    pub(crate) fn run(mut self) {
        loop {
            match self.parts.recv_timeout(Duration::from_millis(100)) {
                Ok(part) => self.take(part),
                Err(RecvTimeoutError::Timeout) if self.shared.failed() => return,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.pump();
        }
    }

    /// Commits the epochs of which all workers' parts are there, without waiting for others.
    pub(crate) fn pump(&mut self) {
        while let Ok(part) = self.parts.try_recv() {
            self.take(part);
        }
        let mut committed = false;
        while let Some(first) = self.open.first_entry().filter(|first| first.get().len() == self.workers) {
            if self.shared.failed() {
                return;
            }
            let parts = first.remove();
            if let Err(error) = self.commit(parts) {
                self.shared.fail(error);
                return;
            }
            committed = true;
        }
        if committed {
            self.shared.wake();
        }
    }

    fn take(&mut self, part: EpochPart) {
        self.open.entry(part.binding.epoch).or_default().push(part);
    }

    fn commit(&mut self, parts: Vec<EpochPart>) -> Result<()> {
        let mut gathered = self.gather(parts);
        let binding = gathered.binding.clone();
        let (mut changed, mut written) = (false, 0);
        let rows = std::mem::take(&mut gathered.outputs);
        if binding.replay {
            changed = self.compare_or_accept(binding.epoch, &outputs::digests(rows), &gathered.digests)?;
        } else {
            written = self.write(&gathered, rows)?;
        }
        self.shared.set_committed(binding.epoch);
        let (progress, totals, closed) = (self.progress.clone(), self.totals, self.closed);
        self.shared.with_board(|board| {
            board.progress = progress;
            board.closed = closed;
            board.open_entries = gathered.operators.iter().map(|counts| counts.open_entries).sum();
            board.wake_at = gathered.wake_at;
            board.watermarks = gathered.watermarks;
            if binding.replay {
                // The epoch was counted when it was committed: the totals stay those of the last committed epoch.
                board.replayed += 1;
                board.replayed_changed += u64::from(changed);
            } else {
                board.totals = totals;
                board.written += written;
                board.read += gathered.rows;
                let add = |of: &mut Counted| of.summary.add(gathered.operators[of.node]);
                board.operators.iter_mut().for_each(add);
            }
        });
        Ok(())
    }

    /// Puts the workers' parts together, and adds them to the counters and to the progress.
    fn gather(&mut self, parts: Vec<EpochPart>) -> GatheredEpoch {
        let binding = parts[0].binding.clone();
        let mut gathered = GatheredEpoch {
            binding: binding.clone(),
            outputs: self.storage.sinks.iter().map(|_| Vec::with_capacity(parts.len())).collect(),
            pieces: Vec::new(),
            pieces_left: false,
            operators: vec![OperatorCounts::default(); parts[0].operators.len()],
            rows: 0,
            digests: vec![0; self.operators.len()],
            spans: BTreeMap::new(),
            watermarks: Vec::new(),
            wake_at: None,
        };
        for part in parts {
            for (sink, rows) in part.outputs.into_iter().enumerate() {
                gathered.outputs[sink].push(rows);
            }
            gathered.pieces.extend(part.pieces);
            gathered.pieces_left |= part.pieces_left;
            gathered.operators.iter_mut().zip(part.operators).for_each(|(sum, counts)| sum.add(counts));
            gathered.rows += part.rows;
            for (sum, digest) in gathered.digests.iter_mut().zip(&part.digests) {
                *sum = sum.wrapping_add(*digest);
            }
            gathered.watermarks = part.watermarks;
            gathered.wake_at = [gathered.wake_at, part.wake_at].into_iter().flatten().min();
            self.totals.rows += part.rows;
            self.totals.skipped += part.skipped;
            for ReadTo { at, next_offset, greatest, span } in part.progress {
                self.progress.read_to(at, next_offset, greatest.map(Timestamp::millis));
                gathered.spans.extend(span.map(|(least, most)| (at, (least.millis(), most.millis()))));
            }
        }
        binding.flips.iter().for_each(|flip| self.progress.flip(*flip));
        self.totals.late += gathered.operators.iter().map(|counts| counts.late.sum()).sum::<u64>();
        self.closed |= binding.close;
        gathered
    }

    /// Compares a replayed epoch with what was committed. A difference is an error, or `true` in a run that was told to
    /// accept it.
    fn compare_or_accept(&mut self, epoch: Epoch, outputs: &[OutputDigest], digests: &[u64]) -> Result<bool> {
        match self.compare(epoch, outputs, digests) {
            Err(Error::NonDeterministicReplay { .. } | Error::OtherRowsOnReplay { .. })
                if self.accept_changed_replay =>
            {
                Ok(true)
            }
            compared => compared.map(|()| false),
        }
    }

    /// Compares a replayed epoch with what was committed.
    fn compare(&mut self, epoch: Epoch, outputs: &[OutputDigest], digests: &[u64]) -> Result<()> {
        let Some(entry) = self.replay.pop_front().filter(|entry| entry.epoch == epoch) else {
            return Err(Error::Engine(format!("epoch {epoch} was replayed without having been committed")));
        };
        if entry.outputs.len() != outputs.len() {
            return Err(Error::Engine(format!("epoch {epoch} was committed with another number of outputs")));
        }
        let differs = |(_, (then, now)): &(usize, (&OutputDigest, &OutputDigest))| then != now;
        let pairs = entry.outputs.iter().zip(outputs).enumerate();
        let Some((sink, (then, now))) = pairs.into_iter().find(differs) else {
            return self.compare_digests(&entry, digests);
        };
        let say = |output: &OutputDigest| format!("{} rows with hash {:016x}", output.rows, output.hash);
        let topic = self.storage.sinks[sink].topic.name().to_owned();
        Err(Error::NonDeterministicReplay { epoch, topic, then: say(then), now: say(now) })
    }

    /// Compares what entered the keyed operators: they keep it, and it may come out only in a later epoch.
    fn compare_digests(&self, entry: &EpochEntry, digests: &[u64]) -> Result<()> {
        let mut pairs = entry.digests.iter().zip(digests);
        let Some(at) = pairs.position(|(then, now)| then != now) else { return Ok(()) };
        Err(Error::OtherRowsOnReplay { epoch: entry.epoch, operator: self.operators[at].clone() })
    }

    /// Commits the epoch in one transaction: outputs, epoch entry, checkpoint pieces. Gives the number of rows written.
    fn write(&mut self, gathered: &GatheredEpoch, rows: Vec<Vec<OutRows>>) -> Result<u64> {
        let Binding { epoch, clock_ms, checkpoint, .. } = *gathered.binding;
        let mut transaction = self.storage.store.begin(&self.producer)?;
        let outputs = outputs::write(rows, &self.storage.sinks, clock_ms, &mut transaction)?;
        let written_rows = outputs.iter().map(|output| output.rows);
        let (written_rows, has_rows): (u64, Vec<bool>) =
            (written_rows.clone().sum(), written_rows.map(|rows| rows > 0).collect());
        let tells_code = checkpoint.is_some() || self.last_code.as_ref() != Some(&self.code);
        let code = tells_code.then(|| self.code.clone());
        let entry = self.entry(gathered, outputs, code);
        let mut builder = RecordsBuilder::new();
        builder.push(clock_ms, Some(&epoch.to_be_bytes()), Some(&entry.encode()));
        transaction.append(&self.storage.epochs, builder)?;
        if let Some(kind) = checkpoint {
            self.checkpoint.begin(self.as_of(epoch, kind, &gathered.watermarks));
        }
        let GatheredEpoch { pieces, pieces_left, .. } = gathered;
        let written =
            self.checkpoint.write(pieces, *pieces_left, clock_ms, &self.storage.state, &mut transaction)?;
        let with_rows = self.sink_rows.iter_mut().zip(has_rows).filter(|(_, has_rows)| *has_rows);
        let ranges = commit_with_schemas(transaction, with_rows.map(|(rows, _)| rows))?;
        if tells_code {
            self.last_code = Some(self.code.clone());
        }
        let of =
            |topic: &log_store::Topic| ranges.iter().find(|range| range.0 == topic.id()).map(|range| range.2);
        let written = written.zip(of(&self.storage.state_topic));
        let entry = of(&self.storage.epochs_topic);
        let mut ledger = self.shared.ledger();
        if self.checkpoint.committed(epoch, entry, written, &mut ledger)? {
            let (kept, deletable) = (ledger.kept().cloned(), ledger.deletable_before().cloned());
            drop(ledger);
            kept.map_or(Ok(()), |needs| self.storage.pin(&self.pipeline, &needs))?;
            deletable.map_or(Ok(()), |needs| self.storage.delete_before(&needs))?;
        }
        Ok(written_rows)
    }

    /// The epoch's entry.
    fn entry(
        &self,
        gathered: &GatheredEpoch,
        outputs: Vec<OutputDigest>,
        code: Option<String>,
    ) -> EpochEntry {
        let Binding { epoch, clock_ms, close, woken, seed, ref ranges, ref flips, .. } = *gathered.binding;
        let range = |range: &PartitionRange| EntryRange {
            range: *range,
            span: gathered.spans.get(&range.at).copied(),
        };
        EpochEntry {
            epoch,
            clock_ms,
            close,
            ranges: ranges.iter().map(range).collect(),
            flips: flips.clone(),
            woken,
            seed,
            answers: Vec::new(),
            outputs,
            totals: self.totals,
            digests: gathered.digests.clone(),
            code,
        }
    }

    /// What a checkpoint of the state after this epoch says when it is complete.
    fn as_of(&self, epoch: Epoch, kind: CheckpointKind, watermarks: &[Vec<Timestamp>]) -> CompleteCheckpoint {
        CompleteCheckpoint {
            epoch,
            full: kind == CheckpointKind::Full,
            progress: self.progress.clone(),
            totals: self.totals,
            closed: self.closed,
            watermarks: self.operator_ids.iter().cloned().zip(watermarks.iter().cloned()).collect(),
        }
    }
}
