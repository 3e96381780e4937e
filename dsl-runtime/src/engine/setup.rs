//! Setting a run up: recovery, the shared state, and each worker's dataflow.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use log_store::{Claim, Producer, Store};
use timely::worker::Worker;

use super::again::ReadAgain;
use super::aside::{DeadLetters, LateTopic, SetAside};
use super::checkpoint::{PieceNumbers, SavedPiece};
use super::context::{Context, EpochPart};
use super::coordinator::{Coordinator, SourceIdleness};
use super::counting::OperatorCounts;
use super::dataflow::{Parts, build};
use super::input::SourcePartition;
use super::input::{Input, InputOffsets, refuse_newer};
use super::keyed::KeyedDriver;
use super::late::LateSource;
use super::numbering::{Numbering, titled};
use super::options::RunOptions;
use super::reader::{ReadPartition, SourceReader, reader_of};
use super::recovery::Recovered;
use super::reset::finish_reset;
use super::schemas::schemas_of;
use super::shared::Shared;
use super::side::SideEnds;
use super::storage::{OpenTopic, Storage, claim};
use crate::error::{Error, Result};
use crate::flow::{OwnerSetup, PartitionClock, SinkEncoder, Watermarks, owner};
use crate::key::KeyGroup;
use crate::place::maker_of;
use crate::plan::{Code, Lowering, Node, Plan, Program, SinkNode, Takes};
use crate::record::FieldMask;
use crate::time::Timestamp;

/// What all threads of a run are made from.
pub(crate) struct Setup {
    pub(crate) pipeline: Program,
    pub(crate) storage: Arc<Storage>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) options: RunOptions,
    pub(crate) recovered: Recovered,
    pub(crate) producer: Producer,
    /// The text of this program's closures, as JSON, to tell whether a replay is done by other code.
    pub(crate) code: String,
    /// The keyed operators in words for messages, in the order of their numbers.
    pub(crate) operators: Vec<String>,
    /// Their ids, likewise.
    pub(crate) operator_ids: Vec<String>,
    /// How each source's partitions may be idle, by the source's number.
    pub(crate) idleness: Vec<SourceIdleness>,
    /// For the committer, which takes it.
    numbers: Mutex<PieceNumbers>,
    /// For the coordinator, which takes it.
    side_ends: Mutex<SideEnds>,
    /// While it is held nobody else runs or resets the pipeline on this store.
    claim: Claim,
    sender: Mutex<Option<Sender<EpochPart>>>,
}

impl Setup {
    /// Recovers the pipeline from the store.
    pub(crate) fn new(
        pipeline: &Program,
        store: &Store,
        options: RunOptions,
    ) -> Result<(Setup, Receiver<EpochPart>)> {
        let options = options.in_range();
        let plan = pipeline.plan()?;
        let claim = claim(store, pipeline.name())?;
        finish_reset(store, &plan)?;
        let storage = Arc::new(Storage::open(store, &plan, pipeline.parameters())?);
        let producer = store.producer(&format!("__{}", pipeline.name()))?;
        if options._rest_by_default.side_files {
            storage.copy_side_files(&plan, &producer)?;
        }
        let mut recovered = Recovered::read(&storage, pipeline.name())?;
        let code = plan.code();
        if !options.accept_changed_replay {
            refuse_changed_replay(&code, &recovered, pipeline)?;
        }
        let side_ends = storage.side_ends(&plan)?;
        recovered.begin_unread_inputs(&storage);
        refuse_gone(pipeline, &storage, &recovered)?;
        storage.take_over()?;
        storage.pin(pipeline.name(), &recovered.keep_needs())?;
        if recovered.closed && !options.recover_only {
            let unread = |input: &Input| recovered.next_of(input).0..input.end();
            refuse_newer(pipeline.name(), storage.inputs.iter().map(|input| (input, unread(input))))?;
        }
        let numbering = Numbering::of(&plan);
        let operator_ids: Vec<String> = numbering.keyed.iter().map(|node| node.id()).collect();
        let shared = Arc::new(Shared::new(recovered.checkpoint_epoch, std::mem::take(&mut recovered.ledger)));
        shared.with_board(|board| {
            board.progress = recovered.progress.clone();
            board.totals = recovered.last_totals();
            board.closed = recovered.closed;
            board.workers_loading = options.workers;
            let watermarks = |id: &String| recovered.watermarks.get(id).cloned().unwrap_or_default();
            board.operators = numbering.counted();
            board.watermarks = operator_ids.iter().map(watermarks).collect();
        });
        let numbers = Mutex::new(std::mem::take(&mut recovered.numbers));
        let (sender, receiver) = channel();
        let sender = Mutex::new(Some(sender));
        let setup = Setup {
            pipeline: pipeline.clone(),
            storage,
            shared,
            options,
            recovered,
            producer,
            code: code.to_json(),
            operators: numbering.keyed.iter().map(|node| node.name.clone()).collect(),
            operator_ids,
            idleness: idleness(&numbering),
            numbers,
            side_ends: Mutex::new(side_ends),
            claim,
            sender,
        };
        Ok((setup, receiver))
    }

    /// Fails if another process runs the pipeline by now, since this one was not heard of for too long; or if a topic that it reads was
    /// deleted, from which nothing will come any more.
    pub(crate) fn check_ground(&self) -> Result<()> {
        self.claim.check()?;
        for source in &self.storage.sources {
            if let Err(error @ log_store::Error::UnknownTopic { .. }) = source.topic.check() {
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// The sending end of the channel to the committer, for whoever starts the workers; `None` if it was taken before. It
    /// is given away because the committer ends when all clones of it are dropped.
    pub(crate) fn take_sender(&self) -> Option<Sender<EpochPart>> {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The numbers of the next checkpoint pieces, for the one that writes them.
    pub(crate) fn take_numbers(&self) -> PieceNumbers {
        std::mem::take(&mut self.numbers.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The ends of the side tables, for the one that binds them.
    pub(crate) fn take_side_ends(&self) -> SideEnds {
        std::mem::take(&mut self.side_ends.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Where the inputs end now.
    pub(crate) fn input_ends(&self) -> InputOffsets {
        self.storage.inputs_now().iter().map(|input| (input.at, input.end())).collect()
    }

    /// Once everything that can be committed is: why some rows before these ends are not. Either event time is closed, and
    /// they came after that, or the run was stopped before it came to them.
    pub(crate) fn why_not_reached(&self, ends: &InputOffsets) -> Result<()> {
        self.shared.read_board(|board| {
            if !board.closed {
                return Err(Error::Stopped);
            }
            let unread = |input: &Input| {
                let next = board.progress.next_offset(input.at).unwrap_or(0);
                next..ends.get(&input.at).copied().unwrap_or(next)
            };
            let inputs = self.storage.inputs_now();
            let inputs = inputs.iter();
            refuse_newer(self.pipeline.name(), inputs.map(|input| (input, unread(input))))
        })
    }

    /// The input partition whose watermark is the least, of the sources that have a lateness: topic, partition, greatest event
    /// time.
    pub(crate) fn furthest_back(&self) -> Option<(String, u16, Option<Timestamp>)> {
        let plan = self.pipeline.plan().ok()?;
        let numbering = Numbering::of(&plan);
        let watermark = |at: SourcePartition| {
            let lateness = numbering.sources[usize::from(at.source)].1.lateness?;
            let progress = self
                .shared
                .read_board(|board| board.progress.next_offset(at).map(|_| board.progress.of(at)))?;
            let clock = progress.clock(Some(lateness));
            (!progress.idle).then(|| (clock.watermark(), at, clock.greatest()))
        };
        let inputs = self.storage.inputs_now();
        let inputs = inputs.iter();
        let (_, at, greatest) = inputs.filter_map(|input| watermark(input.at)).min()?;
        let topic = self.storage.sources[usize::from(at.source)].topic.name().to_owned();
        Some((topic, at.partition, greatest))
    }

    /// The topics of side tables into which rows were appended behind the tables' ends.
    pub(crate) fn appended_behind_side_ends(&self) -> Vec<String> {
        let inputs = self.storage.inputs_now();
        let behind = inputs.iter().filter(|input| {
            input.side_end.as_ref().is_some_and(|end| end.is_before(input.log.last_stable_offset().0))
        });
        let mut topics: Vec<String> = behind
            .map(|input| self.storage.sources[usize::from(input.at.source)].topic.name().to_owned())
            .collect();
        topics.dedup();
        topics
    }
}

fn idleness(numbering: &Numbering<'_>) -> Vec<SourceIdleness> {
    let reached = numbering.reached().into_iter();
    let each = reached.zip(&numbering.sources);
    each.map(|(reaches, (_, source))| SourceIdleness { after: source.idle, reaches }).collect()
}

/// Refuses other code than that which has committed the epochs that are to be replayed.
fn refuse_changed_replay(code: &Code, recovered: &Recovered, pipeline: &Program) -> Result<()> {
    let pipeline = pipeline.name().to_owned();
    let mut differences = Vec::new();
    for then in &recovered.replay_codes {
        let damaged = |reason| Error::Damaged {
            pipeline: pipeline.clone(),
            what: "epoch entries",
            reason: format!("their code: {reason}"),
        };
        differences.extend(code.differences(&Code::from_json(then).map_err(damaged)?));
    }
    if differences.is_empty() {
        return Ok(());
    }
    let (epochs, differences) = (recovered.replay.len() as u64, differences.join("\n"));
    Err(Error::ChangedReplay { pipeline, epochs, differences })
}

/// Refuses to go on if records were deleted that are still to be read.
fn refuse_gone(pipeline: &Program, storage: &Storage, recovered: &Recovered) -> Result<()> {
    for input in &storage.inputs {
        let start = input.log.log_start_offset().0;
        let begun = storage.added.begun(&recovered.progress);
        let next = recovered.progress.next_offset(input.at).or(begun.get(&input.at).copied());
        if let Some(next) = next.filter(|next| *next < start) {
            let (pipeline, topic) = (pipeline.name().to_owned(), input.log.topic_name().to_owned());
            return Err(Error::InputGone { pipeline, topic, partition: input.at.partition, next, start });
        }
    }
    Ok(())
}

/// Builds one worker's dataflow.
pub(crate) fn lower(worker: &mut Worker, setup: &Setup, sender: Sender<EpochPart>) -> Result<()> {
    let plan = setup.pipeline.plan()?;
    let numbering = Numbering::of(&plan);
    let (index, workers) = (worker.index(), worker.peers());
    let context = Rc::new(Context::new((index, workers), setup.shared.clone(), &numbering, sender));
    let parts = Parts {
        coordinator: (index == 0).then(|| Coordinator::new(setup)),
        readers: readers(setup, &plan, &numbering, index)?,
        encoders: encoders(setup, &numbering)?,
        late: late(setup, &numbering)?,
        drivers: drivers(setup, &numbering, (index, workers))?,
    };
    worker.dataflow_named::<u64, _, _>(setup.pipeline.name(), |scope| build(scope, &plan, parts, &context));
    Ok(())
}

fn readers(setup: &Setup, plan: &Plan, numbering: &Numbering<'_>, index: usize) -> Result<Vec<SourceReader>> {
    let workers = setup.options.workers;
    let mut readers = Vec::new();
    for (number, (node, source)) in numbering.sources.iter().enumerate() {
        let open = &setup.storage.sources[number];
        let mask =
            if setup.options._rest_by_default.whole_rows { FieldMask::ALL } else { plan.mask_of(node) };
        let own = |input: &&Input| {
            let is_own =
                usize::from(input.at.source) == number && reader_of(input.at.partition, workers) == index;
            // The others come with the epoch that takes them up.
            is_own && setup.recovered.progress.next_offset(input.at).is_some()
        };
        let partition = |input: &Input| {
            let clock = setup.recovered.progress.of(input.at).clock(source.lateness).allowing(source.ahead);
            ReadPartition::new(input.clone(), clock)
        };
        let (storage, lateness, ahead) = (setup.storage.clone(), source.lateness, source.ahead);
        let added = move |at| {
            let clock = PartitionClock::new(None, lateness).allowing(ahead);
            Some(ReadPartition::new(storage.added_input(at)?, clock))
        };
        let partitions = setup.storage.inputs.iter().filter(own).map(partition).collect();
        readers.push(SourceReader {
            name: node.name.clone(),
            node: numbering.node_of(node),
            maker: maker_of(&node.id()),
            number: number as u16,
            worker: (index, workers),
            added: Box::new(added),
            topic: source.topic.name,
            is_side: source.is_side,
            rows: (source.reader)(&schemas_of(&open.topic), source.undecodable, mask)?,
            partitions,
            aside: aside(setup, numbering, number)?,
        });
    }
    Ok(readers)
}

/// What a reader does with the records of a source that it gives to nobody.
fn aside(setup: &Setup, numbering: &Numbering<'_>, number: usize) -> Result<SetAside> {
    let (node, _) = numbering.sources[number];
    let late = sink_of_source(numbering, number, |takes| matches!(takes, Takes::LateOf(_)));
    let late = late.map(|(sink, node, late)| -> Result<LateTopic> {
        let open = &setup.storage.sinks[sink];
        let encoder = encoder_of(late, open)?;
        Ok(LateTopic { number: sink, node: numbering.node_of(node), encoder })
    });
    Ok(SetAside {
        source: node.id(),
        node: numbering.node_of(node),
        again: read_again(setup, numbering, number, titled(node))?,
        late: late.transpose()?,
        dead: dead_letters(setup, numbering, number),
    })
}

/// What reads records of a source again, for an operator of that name.
fn read_again(
    setup: &Setup,
    numbering: &Numbering<'_>,
    number: usize,
    operator: String,
) -> Result<ReadAgain> {
    let (node, source) = numbering.sources[number];
    let schemas = schemas_of(&setup.storage.sources[number].topic);
    let rows = (source.rows_alone)(&schemas, source.undecodable, FieldMask::ALL)?;
    Ok(ReadAgain { pipeline: setup.pipeline.name().to_owned(), operator, maker: maker_of(&node.id()), rows })
}

/// The topic of a source's undecodable records, if it has one.
fn dead_letters(setup: &Setup, numbering: &Numbering<'_>, number: usize) -> Option<DeadLetters> {
    let dead = sink_of_source(numbering, number, |takes| matches!(takes, Takes::UndecodableOf(_)));
    dead.map(|(sink, node, _)| {
        let topic = &setup.storage.sinks[sink].topic;
        DeadLetters {
            number: sink,
            node: numbering.node_of(node),
            topic: topic.name().to_owned(),
            partitions: topic.partitions(),
            record_bytes_max: topic.record_bytes_max(),
        }
    })
}

/// The sink of that kind that belongs to a source, with its number.
fn sink_of_source<'p>(
    numbering: &Numbering<'p>,
    source: usize,
    is_kind: impl Fn(Takes) -> bool,
) -> Option<(usize, &'p Node, &'p SinkNode)> {
    let of_source = |takes| match takes {
        Takes::Rows => false,
        Takes::LateOf(of) | Takes::UndecodableOf(of) => usize::from(numbering.number(of)) == source,
    };
    let sinks = numbering.sinks.iter().enumerate();
    let mut found = sinks.filter(|(_, (_, sink))| is_kind(sink.takes) && of_source(sink.takes));
    found.next().map(|(number, (node, sink))| (number, *node, *sink))
}

fn encoders(setup: &Setup, numbering: &Numbering<'_>) -> Result<Vec<Box<dyn SinkEncoder>>> {
    let sinks = numbering.sinks.iter().zip(&setup.storage.sinks);
    sinks.map(|((_, sink), open)| encoder_of(sink, open)).collect()
}

fn encoder_of(sink: &SinkNode, open: &OpenTopic) -> Result<Box<dyn SinkEncoder>> {
    (sink.encoder)(open.rows.schemas(), open.topic.partitions(), open.topic.record_bytes_max())
}

/// What the sinks for late records read, by the number of the sink.
fn late(setup: &Setup, numbering: &Numbering<'_>) -> Result<HashMap<usize, LateSource>> {
    let mut late = HashMap::new();
    for (sink, (_, node)) in numbering.sinks.iter().enumerate() {
        let Takes::LateOf(of) = node.takes else { continue };
        let number = numbering.number(of);
        let inputs = setup.storage.inputs.iter().filter(|input| input.at.source == number);
        let source = LateSource {
            again: read_again(setup, numbering, usize::from(number), format!("late_to {}", node.topic.name))?,
            inputs: inputs.cloned().collect(),
            added: Box::new({
                let storage = setup.storage.clone();
                move |at| storage.added_input(at)
            }),
            dead: dead_letters(setup, numbering, usize::from(number)),
        };
        late.insert(sink, source);
    }
    Ok(late)
}

fn drivers(setup: &Setup, numbering: &Numbering<'_>, worker: (usize, usize)) -> Result<Vec<KeyedDriver>> {
    let mut drivers = Vec::new();
    for (at, node) in numbering.keyed.iter().enumerate() {
        let Lowering::Keyed(keyed) = &node.lowering else { continue };
        let owner = (keyed.owner)(OwnerSetup { maker: maker_of(&node.id()) });
        let id = node.id();
        let mut watermarks = Watermarks::new(keyed.routers.len());
        watermarks.move_to_kept(setup.recovered.watermarks.get(&id).map_or(&[], Vec::as_slice));
        drivers.push(KeyedDriver {
            name: titled(node),
            id: id.into(),
            number: at,
            node: numbering.node_of(node),
            owner,
            is_open: keyed.entries.are_open(),
            watermarks,
            counts: OperatorCounts::default(),
        });
    }
    load(setup, &mut drivers, worker)?;
    Ok(drivers)
}

/// Loads the state of one worker's key groups straight from the log into its operators.
fn load(setup: &Setup, drivers: &mut [KeyedDriver], (index, workers): (usize, usize)) -> Result<()> {
    let damaged =
        |reason| Error::Damaged { pipeline: setup.pipeline.name().to_owned(), what: "state", reason };
    setup.recovered.state.for_each(&setup.storage.state, damaged, |piece| {
        if owner(KeyGroup(piece.group), workers) != index {
            return Ok(());
        }
        let SavedPiece { operator, table, group, entries } = piece;
        let driver = drivers.iter_mut().find(|driver| *driver.id == *operator);
        let mut tables = driver.map_or_else(Vec::new, |driver| driver.owner.tables());
        let table = tables.get_mut(usize::from(table));
        let table = table.ok_or_else(|| format!("a piece is of a table of `{operator}` that is unknown"))?;
        table.load(group, entries).map_err(|reason| format!("an entry of `{operator}`: {reason}"))
    })?;
    let open = drivers.iter_mut().filter(|driver| driver.is_open);
    let entries: u64 = open.flat_map(|driver| driver.owner.tables()).map(|table| table.entries()).sum();
    // What the operators wait for follows from their state, so it is known again before any epoch is.
    let wake_at = drivers.iter().filter_map(|driver| driver.owner.asks().wake_at).min();
    setup.shared.with_board(|board| {
        board.open_entries += entries;
        board.wake_at = [board.wake_at, wake_at].into_iter().flatten().min();
        board.workers_loading -= 1;
    });
    setup.shared.wake();
    Ok(())
}
