//! The topics of a pipeline in the log: its inputs and outputs, and the two it keeps for itself.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use log_store::{
    Claim, Offset, PARTITIONS_FIXED_PROPERTY, Partition, PartitionId, Producer, Store, Topic, TopicConfig,
    TopicId,
};

use super::added::AddedInputs;
use super::checkpoint::Needs;
use super::input::{Input, PartitionProgress, SourcePartition};
use super::numbering::Numbering;
use super::schemas::Registration;
use super::side::{SideEnd, SideEnds};
use super::side_file;
use crate::error::{Error, Result};
use crate::plan::{Lowering, Manifest, Plan, TopicFacts};
use crate::time::Duration;

const FORMAT: &str = "waterwheel.format";
const KEY: &str = "waterwheel.key";
const MANIFEST: &str = "waterwheel.manifest";
pub(super) const WRITER: &str = "waterwheel.writer";
const INPUTS: &str = "waterwheel.inputs";
const OUTPUTS: &str = "waterwheel.outputs";
/// How many partitions each source had when the pipeline first ran, in the order of their numbers.
const PARTITIONS: &str = "waterwheel.partitions";
const VERSION: &str = "waterwheel.version";

/// The version of all that a pipeline keeps in topics of its own: state, epoch entries, properties. In version 1 it was not said,
/// and each entry of the state was a record.
const FORMAT_VERSION: u32 = 2;

/// Segments of the pipeline's own topics: small, so that what no checkpoint needs any more is soon deleted.
const OWN_SEGMENT_BYTES: u64 = 8 << 20;

/// A topic as a pipeline uses it.
#[derive(Clone)]
pub(crate) struct OpenTopic {
    pub(crate) topic: Topic,
    /// The declared row type as one that writes to it.
    pub(crate) rows: Registration,
}

/// Everything of a pipeline in the log.
pub(crate) struct Storage {
    pub(crate) store: Store,
    /// By the number of the source.
    pub(crate) sources: Vec<OpenTopic>,
    /// Every partition of every source, as there were when it was opened.
    pub(crate) inputs: Vec<Input>,
    /// Those that are added, or were since the pipeline's first run.
    pub(crate) added: AddedInputs,
    /// By the number of the sink.
    pub(crate) sinks: Vec<OpenTopic>,
    pub(crate) epochs: Partition,
    pub(crate) state: Partition,
    pub(crate) epochs_topic: Topic,
    pub(crate) state_topic: Topic,
    pinned: Mutex<Needs>,
    /// What is to be kept from now on, where it is not what was kept.
    manifest: Option<Vec<u8>>,
}

impl Storage {
    /// Opens or creates the pipeline's topics, once no reset of it is under way any more; refuses a pipeline that is not the one that left its state.
    pub(crate) fn open(store: &Store, plan: &Plan, parameters: &str) -> Result<Storage> {
        // Before the manifest, as no `reset` helps where the inputs do not fit.
        refuse_misfit_inputs(store, plan)?;
        let manifest = Manifest::of(plan, parameters);
        let epochs_topic = own_topic(store, &epochs_name(&plan.pipeline))?;
        let state_topic = own_topic(store, &state_name(&plan.pipeline))?;
        let kept = check_manifest(&state_topic, plan, &manifest)?;
        let is_new = kept.is_none();
        let numbering = Numbering::of(plan);
        let open = |facts: &TopicFacts| open_topic(store, facts);
        let sources: Vec<OpenTopic> =
            numbering.sources.iter().map(|(_, source)| open(&source.topic)).collect::<Result<_>>()?;
        let identities = ids_text(&sources);
        if !is_new {
            check_inputs(&state_topic, plan, &sources, &identities)?;
            // Before they are opened, which makes those that are not there.
            numbering.sinks.iter().try_for_each(|(_, sink)| find_output(store, plan, sink.topic.name))?;
        }
        let sinks: Vec<OpenTopic> =
            numbering.sinks.iter().map(|(_, sink)| open(&sink.topic)).collect::<Result<_>>()?;
        sinks.iter().try_for_each(|sink| refuse_other_writer(&sink.topic, plan))?;
        let outputs = ids_text(&sinks);
        if !is_new {
            check_outputs(&state_topic, plan, &sinks, &outputs)?;
        } else {
            // Only now, as all topics are known to fit: had a refused run left its manifest, the mended pipeline would be
            // refused for differing from it.
            for sink in &sinks {
                sink.topic.set_property(WRITER, plan.pipeline.as_bytes())?;
            }
            state_topic.set_property(PARTITIONS, partitions_text(&sources).as_bytes())?;
            state_topic.set_property(VERSION, FORMAT_VERSION.to_string().as_bytes())?;
            state_topic.set_property(INPUTS, identities.as_bytes())?;
            state_topic.set_property(OUTPUTS, outputs.as_bytes())?;
            state_topic.set_property(MANIFEST, &manifest.to_json())?;
        }
        sinks.iter().try_for_each(|sink| fix_partitions(&sink.topic, plan))?;
        let (epochs, state) = (epochs_topic.partition(0)?, state_topic.partition(0)?);
        let inputs = inputs_of(&numbering, &sources)?;
        let store = store.clone();
        let now = manifest.to_json();
        let manifest = kept.filter(|kept| *kept != now).map(|_| now);
        let added = AddedInputs::new(state_topic.property(PARTITIONS));
        let pinned = Mutex::default();
        Ok(Storage {
            store,
            sources,
            inputs,
            added,
            sinks,
            epochs,
            state,
            epochs_topic,
            state_topic,
            pinned,
            manifest,
        })
    }

    /// Has the state belong to the pipeline as it is now, where it differs in what does not matter to the state. Only for a
    /// run that is not refused.
    pub(crate) fn take_over(&self) -> Result<()> {
        self.manifest.iter().try_for_each(|now| Ok(self.state_topic.set_property(MANIFEST, now)?))
    }

    /// Copies the files of side tables into their topics, those that are not there yet.
    pub(crate) fn copy_side_files(&self, plan: &Plan, producer: &Producer) -> Result<()> {
        let sources = Numbering::of(plan).sources.into_iter().zip(&self.sources);
        for ((_, source), open) in sources {
            if let Some(file) = &source.file {
                refuse_other_writer(&open.topic, plan)?;
                side_file::copy(&self.store, &plan.pipeline, producer, open, file)?;
            }
        }
        Ok(())
    }

    /// The ends of the pipeline's side tables, which are bound if an earlier run has bound them.
    pub(crate) fn side_ends(&self, plan: &Plan) -> Result<SideEnds> {
        let numbering = Numbering::of(plan);
        let id = |input: &Input| numbering.sources[usize::from(input.at.source)].0.id();
        let inputs = self.inputs.iter().map(|input| (id(input), input));
        SideEnds::open(&self.state_topic, inputs).map_err(|reason| {
            let what = "ends of the side tables";
            Error::Damaged { pipeline: plan.pipeline.clone(), what, reason }
        })
    }

    /// Keeps what a checkpoint needs from being deleted.
    pub(crate) fn pin(&self, pipeline: &str, needs: &Needs) -> Result<()> {
        // Held until they are kept: a partition is taken up while another thread completes a checkpoint.
        let mut pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        pinned.clone_from(needs);
        self.set_pins(pipeline, &pinned)
    }

    /// Keeps what was kept, and where reading of added partitions has begun since.
    pub(super) fn pin_again(&self, pipeline: &str) -> Result<()> {
        self.set_pins(pipeline, &self.pinned.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn set_pins(&self, pipeline: &str, needs: &Needs) -> Result<()> {
        let input = |(at, progress): (SourcePartition, PartitionProgress)| {
            let topic = self.sources[usize::from(at.source)].topic.id();
            (topic, PartitionId(u32::from(at.partition)), Offset(progress.next_offset))
        };
        let own = |topic: &Topic, at: Option<Offset>| at.map(|at| (topic.id(), PartitionId(0), at));
        let own = [own(&self.epochs_topic, needs.entries_from), own(&self.state_topic, needs.state_from)];
        let added = self.added.begun(&needs.progress).into_iter();
        let added = added
            .map(|(at, next_offset)| input((at, PartitionProgress { next_offset, ..Default::default() })));
        let pins: Vec<(TopicId, PartitionId, Offset)> =
            needs.progress.iter().map(input).chain(added).chain(own.into_iter().flatten()).collect();
        Ok(self.store.set_pins(pipeline, &pins)?)
    }

    /// Deletes what lies before these needs in the pipeline's own topics.
    pub(crate) fn delete_before(&self, needs: &Needs) -> Result<()> {
        for (own, from) in [(&self.state, needs.state_from), (&self.epochs, needs.entries_from)] {
            if let Some(from) = from {
                own.delete_records_before(from)?;
            }
        }
        Ok(())
    }
}

fn inputs_of(numbering: &Numbering<'_>, sources: &[OpenTopic]) -> Result<Vec<Input>> {
    let mut inputs = Vec::new();
    for (source, (open, (_, node))) in sources.iter().zip(&numbering.sources).enumerate() {
        for partition in 0..open.topic.partitions() {
            let at = SourcePartition { source: source as u16, partition: partition as u16 };
            let side_end = node.is_side.then(SideEnd::default);
            inputs.push(Input { at, log: open.topic.partition(partition)?, side_end });
        }
    }
    Ok(inputs)
}

/// Opens a topic, or creates it as declared: its partitions, format and key. No schema comes into it before the first row
/// does; but a row type that does not fit the rows that are there is refused.
///
/// One at a time: two that find a topic missing must not both make it.
pub(crate) fn open_topic(store: &Store, facts: &TopicFacts) -> Result<OpenTopic> {
    static OPENING: Mutex<()> = Mutex::new(());
    let _opening = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
    let topic = store.find_topic(facts.name).map_or_else(|| create(store, facts), Ok)?;
    check_declaration(&topic, facts)?;
    let rows = Registration::begin(&topic, facts.register)?;
    Ok(OpenTopic { topic, rows })
}

fn create(store: &Store, facts: &TopicFacts) -> Result<Topic> {
    let properties = BTreeMap::from([
        (FORMAT.to_owned(), facts.format.to_string().into_bytes()),
        (KEY.to_owned(), facts.key.as_bytes().to_vec()),
    ]);
    let mut config = TopicConfig { partitions: facts.partitions, properties, ..TopicConfig::default() };
    for (name, value) in &facts.settings {
        // What cannot be is found below: the topic has it not.
        let _ = config.set(name, value);
    }
    Ok(store.create_topic(facts.name, config)?)
}

fn check_declaration(topic: &Topic, facts: &TopicFacts) -> Result<()> {
    // More were added, where none are fewer.
    if topic.partitions() < facts.partitions {
        let (kept, declared) = (topic.partitions().to_string(), facts.partitions.to_string());
        let remedy = match text_of(topic, PARTITIONS_FIXED_PROPERTY).filter(|why| !why.is_empty()) {
            Some(why) => format!("none can be added: {why}"),
            None => format!(
                "run `waterwheel-log topic alter {} --partitions {declared}` with this `--data-dir`, which adds them, or declare {kept}",
                facts.name
            ),
        };
        return Err(differs(facts, "partitions", (&kept, &declared), remedy));
    }
    check_same(topic, facts, ("format", FORMAT), &facts.format.to_string())?;
    check_same(topic, facts, ("key", KEY), facts.key)?;
    check_settings(topic, facts)
}

/// What the declaration says of how records are kept must hold. It can be altered, and what would be lost by that is for people to say.
fn check_settings(topic: &Topic, facts: &TopicFacts) -> Result<()> {
    let settings = topic.config().settings();
    let (mut kept, mut declared, mut alter) = (Vec::new(), Vec::new(), Vec::new());
    for (name, wanted) in &facts.settings {
        let has = settings.iter().find(|setting| setting.name == *name);
        let has = has.and_then(|setting| setting.value.clone()).unwrap_or_default();
        if has != *wanted {
            kept.push(setting_in_words(name, &has));
            declared.push(setting_in_words(name, wanted));
            alter.push(format!("--config {name}={wanted}"));
        }
    }
    if kept.is_empty() {
        return Ok(());
    }
    let (topic, alter) = (facts.name.to_owned(), alter.join(" "));
    Err(Error::SettingDiffers { topic, kept: kept.join(" and "), declared: declared.join(" and "), alter })
}

/// A setting as the log writes it, and how long it is as `topics!` does.
fn setting_in_words(name: &str, value: &str) -> String {
    match value.parse() {
        Ok(-1) => format!("{name}=-1 (for ever)"),
        Ok(ms) if name.ends_with(".ms") => format!("{name}={ms} ({})", Duration::from_millis(ms)),
        _ => format!("{name}={value}"),
    }
}

/// What was kept under the property when the topic was made must be what is declared, if anything was.
fn check_same(
    topic: &Topic,
    facts: &TopicFacts,
    (what, property): (&str, &str),
    declared: &str,
) -> Result<()> {
    match text_of(topic, property) {
        Some(kept) if kept != declared => {
            let remedy = "declare what it was created with, or write to a topic of another name".to_owned();
            Err(differs(facts, what, (&kept, declared), remedy))
        }
        _ => Ok(()),
    }
}

fn differs(facts: &TopicFacts, what: &str, (kept, declared): (&str, &str), remedy: String) -> Error {
    let say = |value: &str| if value.is_empty() { format!("no {what}") } else { format!("{what} {value}") };
    Error::TopicDiffers { topic: facts.name.to_owned(), kept: say(kept), declared: say(declared), remedy }
}

fn text_of(topic: &Topic, property: &str) -> Option<String> {
    topic.property(property).map(|value| String::from_utf8_lossy(&value).into_owned())
}

pub(super) fn own_topic(store: &Store, name: &str) -> Result<Topic> {
    if let Some(topic) = store.find_topic(name) {
        return Ok(topic);
    }
    let config =
        TopicConfig { internal: true, segment_bytes: Some(OWN_SEGMENT_BYTES), ..TopicConfig::default() };
    Ok(store.create_topic(name, config)?)
}

/// Refuses another pipeline than the one that left its state, or state in another format; gives what is kept of it, and nothing
/// if none has left any yet.
fn check_manifest(state: &Topic, plan: &Plan, manifest: &Manifest) -> Result<Option<Vec<u8>>> {
    let Some(bytes) = state.property(MANIFEST) else { return Ok(None) };
    let version = state.property(VERSION).unwrap_or_else(|| b"1".to_vec());
    if version != FORMAT_VERSION.to_string().as_bytes() {
        let found = String::from_utf8_lossy(&version).into_owned();
        return Err(Error::OtherFormat { pipeline: plan.pipeline.clone(), found, known: FORMAT_VERSION });
    }
    let damaged = |reason| Error::Damaged { pipeline: plan.pipeline.clone(), what: "manifest", reason };
    let kept = Manifest::from_json(&bytes).map_err(damaged)?;
    let differences = manifest.differences(&kept);
    if differences.is_empty() {
        return Ok(Some(bytes));
    }
    Err(Error::PipelineDiffers { pipeline: plan.pipeline.clone(), differences: differences.join("\n") })
}

/// Refuses inputs that are there and that the pipeline cannot read as they are.
pub(super) fn refuse_misfit_inputs(store: &Store, plan: &Plan) -> Result<()> {
    for (_, node) in plan.live_sources() {
        let Lowering::Source(source) = &node.lowering else { continue };
        if let Some(topic) = store.find_topic(source.topic.name) {
            check_declaration(&topic, &source.topic)?;
            Registration::begin(&topic, source.topic.register)?;
        }
    }
    Ok(())
}

/// Refuses a topic that another pipeline writes: their results could not be told apart, and a reset of one would drop both.
pub(super) fn refuse_other_writer(sink: &Topic, plan: &Plan) -> Result<()> {
    match sink.property(WRITER) {
        Some(writer) if writer != plan.pipeline.as_bytes() => Err(Error::OutputIsWritten {
            pipeline: plan.pipeline.clone(),
            topic: sink.name().to_owned(),
            writer: String::from_utf8_lossy(&writer).into_owned(),
        }),
        _ => Ok(()),
    }
}

/// Has the log refuse to add partitions to a topic that the pipeline writes.
fn fix_partitions(sink: &Topic, plan: &Plan) -> Result<()> {
    if sink.property(PARTITIONS_FIXED_PROPERTY).is_some() {
        return Ok(());
    }
    let name = &plan.pipeline;
    let why = format!(
        "pipeline `{name}` writes it, and has written what it says of a key to one partition; stop `{name}`, `reset` it, and run it with \
         more partitions declared: it computes its results anew"
    );
    Ok(sink.set_property(PARTITIONS_FIXED_PROPERTY, why.as_bytes())?)
}

fn partitions_text(sources: &[OpenTopic]) -> String {
    let counts: Vec<String> = sources.iter().map(|source| source.topic.partitions().to_string()).collect();
    counts.join(" ")
}

/// The identities of inputs or outputs, in the order of their numbers.
fn ids_text(topics: &[OpenTopic]) -> String {
    let ids: Vec<String> = topics.iter().map(|open| open.topic.id().to_string()).collect();
    ids.join(" ")
}

/// The first of the topics that was another one when its identity was kept.
fn made_anew<'t>(then: Option<&[u8]>, now: &str, topics: &'t [OpenTopic]) -> Option<&'t Topic> {
    let then = String::from_utf8_lossy(then?);
    let mut pairs = then.split(' ').zip(now.split(' ')).zip(topics);
    pairs.find(|((then, now), _)| then != now).map(|(_, open)| &open.topic)
}

/// Refuses inputs that were deleted and made anew since: their offsets mean other records now.
fn check_inputs(state: &Topic, plan: &Plan, sources: &[OpenTopic], now: &str) -> Result<()> {
    match made_anew(state.property(INPUTS).as_deref(), now, sources) {
        None => Ok(()),
        Some(topic) => {
            let (pipeline, topic) = (plan.pipeline.clone(), topic.name().to_owned());
            Err(Error::InputMadeAnew { pipeline, topic })
        }
    }
}

/// Refuses to go on where an output is gone: the results that were in it would be left out without a word.
fn find_output(store: &Store, plan: &Plan, name: &str) -> Result<()> {
    match store.find_topic(name) {
        Some(_) => Ok(()),
        None => Err(Error::OutputGone { pipeline: plan.pipeline.clone(), topic: name.to_owned() }),
    }
}

/// The same of outputs that somebody made anew. Those of a pipeline that was last run when this was not kept are taken as they are.
fn check_outputs(state: &Topic, plan: &Plan, sinks: &[OpenTopic], now: &str) -> Result<()> {
    let then = state.property(OUTPUTS);
    if let Some(topic) = made_anew(then.as_deref(), now, sinks) {
        let (pipeline, topic) = (plan.pipeline.clone(), topic.name().to_owned());
        return Err(Error::OutputGone { pipeline, topic });
    }
    if then.is_none() {
        state.set_property(OUTPUTS, now.as_bytes())?;
    }
    Ok(())
}

/// Whether the pipeline has run on the store since its last reset.
#[cfg(feature = "cli")]
pub(crate) fn has_run(store: &Store, pipeline: &str) -> bool {
    store.find_topic(&state_name(pipeline)).is_some()
}

/// Claims a pipeline on a store: one run or reset at a time.
pub(crate) fn claim(store: &Store, pipeline: &str) -> Result<Claim> {
    Ok(store.claim(&format!("pipeline `{pipeline}`"))?)
}

pub(super) fn epochs_name(pipeline: &str) -> String {
    format!("__{pipeline}.epochs")
}

pub(super) fn state_name(pipeline: &str) -> String {
    format!("__{pipeline}.state")
}
