//! Setting a run up: recovery, the shared state, and each worker's dataflow.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use log_store::{Claim, Partition, Producer, Store};
use timely::worker::Worker;

use super::context::{Context, EpochPart};
use super::coordinator::{BoundPartition, Coordinator, Skew};
use super::dataflow::{Parts, build, initial_watermarks};
use super::entry::PartitionProgress;
use super::keyed::KeyedDriver;
use super::numbering::Numbering;
use super::options::RunOptions;
use super::reader::{ReadPartition, SourceReader, reader_of};
use super::recovery::{Recovered, StateEntry};
use super::shared::{Board, Shared};
use super::storage::{Pin, Storage, claim};
use crate::error::{Error, Result};
use crate::key::KeyGroup;
use crate::operators::{PartitionClock, owner};
use crate::pipeline::Pipeline;
use crate::plan::{Lowering, Plan};
use crate::time::Timestamp;

/// What all threads of a run are made from.
pub(crate) struct Setup {
    pub(crate) pipeline: Pipeline,
    pub(crate) storage: Arc<Storage>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) options: RunOptions,
    pub(crate) recovered: Recovered,
    pub(crate) producer: Producer,
    /// What the recovered checkpoint needs.
    pub(crate) pins: Vec<Pin>,
    /// The recovered state, by worker; each takes its own.
    state: Mutex<Vec<Vec<StateEntry>>>,
    /// No other run, and no reset, of the pipeline on this store while this one lasts.
    _claim: Claim,
    sender: Mutex<Option<Sender<EpochPart>>>,
}

impl Setup {
    /// Recovers the pipeline from the store.
    pub(crate) fn new(
        pipeline: &Pipeline,
        store: &Store,
        options: RunOptions,
    ) -> Result<(Setup, Receiver<EpochPart>)> {
        let options = options.in_range();
        let plan = pipeline.plan()?;
        let claim = claim(store, pipeline.name())?;
        let storage = Arc::new(Storage::open(store, &plan, pipeline.parameters())?);
        let producer = store.producer(&format!("__{}", pipeline.name()))?;
        let mut recovered = Recovered::read(&storage, pipeline.name())?;
        begin_at_log_starts(&mut recovered, &storage)?;
        refuse_gone(pipeline, &storage, &recovered)?;
        let pins = storage.pins(&recovered.progress, recovered.entries_from, recovered.full_from);
        store.set_pins(pipeline.name(), &pins)?;
        refuse_closed(pipeline, &storage, &recovered)?;
        let shared = Arc::new(Shared::new(recovered.checkpoint_epoch));
        shared.with_board(|board| {
            board.progress = recovered.progress.clone();
            board.totals = recovered.last_totals();
            board.closed = recovered.closed;
            board.open_entries = recovered.state.len() as u64;
        });
        let state = Mutex::new(by_worker(std::mem::take(&mut recovered.state), options.workers));
        let (sender, receiver) = channel();
        let sender = Mutex::new(Some(sender));
        let setup = Setup {
            pipeline: pipeline.clone(),
            storage,
            shared,
            options,
            recovered,
            producer,
            pins,
            state,
            _claim: claim,
            sender,
        };
        Ok((setup, receiver))
    }

    /// The channel to the committer; once.
    pub(crate) fn take_sender(&self) -> Option<Sender<EpochPart>> {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The recovered state of one worker's key groups; once.
    fn take_state(&self, worker: usize) -> Vec<StateEntry> {
        std::mem::take(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner)[worker])
    }

    /// The ends of all inputs now, by source and partition.
    pub(crate) fn input_ends(&self) -> Vec<(u16, u16, u64)> {
        self.storage.inputs().flatten().map(end_of).collect()
    }

    /// Whether everything up to these ends is committed.
    pub(crate) fn reached(&self, board: &Board, ends: &[(u16, u16, u64)]) -> bool {
        let done = |source: u16, partition: u16| {
            let mut progress = board.progress.iter();
            progress
                .find(|at| at.source == source && at.partition == partition)
                .map_or(0, |at| at.next_offset)
        };
        ends.iter().all(|(source, partition, end)| done(*source, *partition) >= *end)
    }

    /// Refuses to have reached less than these ends, which a run does only if event time is closed.
    pub(crate) fn refuse_newer(&self, board: &Board, ends: &[(u16, u16, u64)]) -> Result<()> {
        let newer = |(source, partition, end): &(u16, u16, u64)| {
            let mut progress = board.progress.iter();
            let at = progress.find(|at| at.source == *source && at.partition == *partition);
            let rows = end.saturating_sub(at.map_or(0, |at| at.next_offset));
            (rows > 0).then_some((*source, rows))
        };
        let Some((source, rows)) = ends.iter().find_map(newer) else { return Ok(()) };
        let topic = self.storage.sources[usize::from(source)].topic.name().to_owned();
        Err(Error::Closed { pipeline: self.pipeline.name().to_owned(), topic, rows })
    }

    /// Why a run that is over has reached less than these ends.
    pub(crate) fn newer_or_stopped(&self, ends: &[(u16, u16, u64)]) -> Result<()> {
        self.shared.read_board(|board| {
            if board.closed { self.refuse_newer(board, ends) } else { Err(Error::Stopped) }
        })
    }

    /// How many offsets of all inputs are committed.
    pub(crate) fn done(&self, board: &Board) -> u64 {
        board.progress.iter().map(|at| at.next_offset).sum()
    }

    /// The input partition whose watermark is the least, of the sources that have a lateness: topic, partition, greatest event
    /// time.
    #[cfg(feature = "cli")]
    pub(crate) fn furthest_back(&self) -> Option<(String, u16, Option<Timestamp>)> {
        let plan = self.pipeline.plan().ok()?;
        let numbering = Numbering::of(&plan);
        let greatest: HashMap<(u16, u16), Option<Timestamp>> = self.shared.read_board(|board| {
            board.progress.iter().map(|at| ((at.source, at.partition), at.greatest())).collect()
        });
        let watermark = |(source, partition): (u16, u16)| {
            let lateness = numbering.sources[usize::from(source)].1.lateness?;
            let greatest = greatest.get(&(source, partition)).copied().flatten();
            Some((PartitionClock::new(greatest, Some(lateness)).watermark(), source, partition, greatest))
        };
        let partitions = self.input_ends().into_iter().map(|(source, partition, _)| (source, partition));
        let (_, source, partition, greatest) = partitions.filter_map(watermark).min()?;
        let topic = self.storage.sources[usize::from(source)].topic.name().to_owned();
        Some((topic, partition, greatest))
    }
}

/// Partitions that no epoch has read from yet begin at their log starts, which need not be 0.
fn begin_at_log_starts(recovered: &mut Recovered, storage: &Storage) -> Result<()> {
    let next = recovered.next_offsets();
    for input in storage.inputs() {
        let (source, partition, log) = input?;
        if !next.contains_key(&(source, partition)) {
            let next_offset = log.log_start_offset().0;
            recovered.progress.push(PartitionProgress { source, partition, next_offset, greatest: None });
        }
    }
    Ok(())
}

fn by_worker(state: Vec<StateEntry>, workers: usize) -> Vec<Vec<StateEntry>> {
    let mut shares: Vec<Vec<StateEntry>> = (0..workers).map(|_| Vec::new()).collect();
    for entry in state {
        shares[owner(KeyGroup(entry.group), workers)].push(entry);
    }
    shares
}

/// Refuses to go on where records that were not read yet are gone.
fn refuse_gone(pipeline: &Pipeline, storage: &Storage, recovered: &Recovered) -> Result<()> {
    for at in &recovered.progress {
        let topic = &storage.sources[usize::from(at.source)].topic;
        let start = topic.partition(u32::from(at.partition))?.log_start_offset().0;
        if at.next_offset < start {
            let (pipeline, topic) = (pipeline.name().to_owned(), topic.name().to_owned());
            return Err(Error::InputGone {
                pipeline,
                topic,
                partition: at.partition,
                next: at.next_offset,
                start,
            });
        }
    }
    Ok(())
}

/// A pipeline whose event time was closed takes no newer rows.
fn refuse_closed(pipeline: &Pipeline, storage: &Storage, recovered: &Recovered) -> Result<()> {
    if !recovered.closed {
        return Ok(());
    }
    let next = recovered.next_offsets();
    for input in storage.inputs() {
        let (source, partition, end) = end_of(input?);
        let read_to = next.get(&(source, partition)).copied().unwrap_or(0);
        if end > read_to {
            let topic = storage.sources[usize::from(source)].topic.name().to_owned();
            let pipeline = pipeline.name().to_owned();
            return Err(Error::Closed { pipeline, topic, rows: end - read_to });
        }
    }
    Ok(())
}

/// Where an input's partition ends now.
fn end_of((source, partition, log): (u16, u16, Partition)) -> (u16, u16, u64) {
    (source, partition, log.last_stable_offset().0)
}

/// Builds one worker's dataflow.
pub(crate) fn lower(worker: &mut Worker, setup: &Setup, sender: Sender<EpochPart>) -> Result<()> {
    let plan = setup.pipeline.plan()?;
    let numbering = Numbering::of(&plan);
    let (index, workers) = (worker.index(), worker.peers());
    let context = Rc::new(Context::new(workers, setup.shared.clone(), &numbering, sender));
    let parts = Parts {
        coordinator: if index == 0 { Some(coordinator(setup)?) } else { None },
        readers: readers(setup, &numbering, index, workers)?,
        encoders: encoders(setup, &numbering)?,
        drivers: drivers(setup, &plan, &numbering, index)?,
    };
    worker.dataflow_named::<u64, _, _>(setup.pipeline.name(), |scope| build(scope, &plan, parts, &context));
    Ok(())
}

fn coordinator(setup: &Setup) -> Result<Coordinator> {
    let next = setup.recovered.next_offsets();
    let mut partitions = Vec::new();
    for input in setup.storage.inputs() {
        let (source, partition, log) = input?;
        let next = next.get(&(source, partition)).copied().unwrap_or_else(|| log.log_start_offset().0);
        partitions.push(BoundPartition { source, partition, log, next, left_out: 0 });
    }
    Ok(Coordinator {
        pipeline: setup.pipeline.name().to_owned(),
        shared: setup.shared.clone(),
        options: setup.options.clone(),
        clock: setup.storage.store.clock(),
        partitions,
        replay: setup.recovered.replay.iter().cloned().collect(),
        next_epoch: setup.recovered.checkpoint_epoch + 1,
        closed: setup.recovered.closed,
        checkpoint_epoch: setup.recovered.checkpoint_epoch,
        // After a run that was cut short the next one saves its state soon, or it would only ever replay.
        checkpoint_begun: setup.recovered.replay.is_empty().then(Instant::now),
        skew: Skew::default(),
    })
}

fn readers(
    setup: &Setup,
    numbering: &Numbering<'_>,
    index: usize,
    workers: usize,
) -> Result<Vec<SourceReader>> {
    let greatest = |source: u16, partition: u16| {
        let mut progress = setup.recovered.progress.iter();
        progress.find(|at| at.source == source && at.partition == partition).and_then(|at| at.greatest())
    };
    let mut readers = Vec::new();
    for (number, (node, source)) in numbering.sources.iter().enumerate() {
        let open = &setup.storage.sources[number];
        let number = number as u16;
        let mut partitions = Vec::new();
        for partition in (0..open.topic.partitions() as u16).filter(|at| reader_of(*at, workers) == index) {
            let log = open.topic.partition(u32::from(partition))?;
            let clock = PartitionClock::new(greatest(number, partition), source.lateness);
            partitions.push(ReadPartition { partition, log, clock });
        }
        readers.push(SourceReader {
            source: number,
            name: node.name.clone(),
            topic: source.topic.name,
            rows: (source.reader)(&open.schemas, source.undecodable)?,
            partitions,
        });
    }
    Ok(readers)
}

fn encoders(setup: &Setup, numbering: &Numbering<'_>) -> Result<Vec<Box<dyn crate::operators::SinkEncoder>>> {
    let sinks = numbering.sinks.iter().zip(&setup.storage.sinks);
    let bytes_max = setup.storage.store.record_bytes_max();
    sinks.map(|((_, sink), open)| (sink.encoder)(&open.schemas, open.topic.partitions(), bytes_max)).collect()
}

fn drivers(setup: &Setup, plan: &Plan, numbering: &Numbering<'_>, index: usize) -> Result<Vec<KeyedDriver>> {
    let watermarks = watermarks(setup, numbering);
    let state = setup.take_state(index);
    let mut drivers = Vec::new();
    for (at, node) in numbering.keyed.iter().enumerate() {
        let Lowering::Keyed(keyed) = &node.lowering else { continue };
        let position = plan.nodes.iter().position(|each| std::ptr::eq(each, *node));
        let position = position.expect("the numbering is of this plan");
        let number = (numbering.sources.len() + at) as u16;
        let mut op = (keyed.op)(number);
        let id = node.id();
        for entry in state.iter().filter(|entry| entry.operator == id) {
            op.load(&entry.key, &entry.sub_key, &entry.value).map_err(|reason| Error::Damaged {
                pipeline: plan.pipeline.clone(),
                what: "state",
                reason: format!("an entry of `{}`: {reason}", node.name),
            })?;
        }
        drivers.push(KeyedDriver {
            name: format!("{} ({})", node.name, node.kind),
            id: id.into(),
            op,
            watermarks: initial_watermarks(plan, position, numbering, &watermarks),
        });
    }
    Ok(drivers)
}

/// The watermarks of all partitions of all sources, as of the checkpoint.
fn watermarks(setup: &Setup, numbering: &Numbering<'_>) -> HashMap<(u16, u16), Timestamp> {
    let mut watermarks = HashMap::new();
    for (number, (_, source)) in numbering.sources.iter().enumerate() {
        let number = number as u16;
        for partition in 0..setup.storage.sources[usize::from(number)].topic.partitions() as u16 {
            let mut progress = setup.recovered.progress.iter();
            let at = progress.find(|at| at.source == number && at.partition == partition);
            let clock = PartitionClock::new(at.and_then(|at| at.greatest()), source.lateness);
            watermarks.insert((number, partition), clock.watermark());
        }
    }
    watermarks
}
