//! One node of a plan: an operator, its inputs, and how a worker makes its part of it.

use std::path::PathBuf;
use std::rc::Rc;

use super::fields::Reads;
use super::registry;
use super::topic::TopicFacts;
use crate::error::Result;
use crate::flow::{Batch, Owner, OwnerSetup, Ports, Router, RouterSetup, RowReader, SinkEncoder, Stage};
use crate::handles::NodeId;
use crate::record::{FieldMask, KeptSchemas, OwnedSchema, TopicSchemas};
use crate::time::Duration;

/// An operator in a plan.
pub(crate) struct Node {
    /// The `let` it stands under, or the topic's name for sources and sinks.
    pub(crate) name: String,
    /// What kind of operator, such as `filter`.
    pub(crate) kind: &'static str,
    pub(crate) inputs: Vec<NodeId>,
    /// What its own code reads of its inputs' rows.
    pub(crate) reads: Reads,
    /// Whether it passes rows of its inputs on, so that what is read behind it is read of them.
    pub(crate) passes_on: bool,
    /// Of a keyed operator: whether its rows stand at the positions of its inputs' rows, so that rows of one record come apart.
    pub(crate) keeps_positions: bool,
    /// How it runs, for `explain`: a line each.
    pub(crate) lines: Vec<String>,
    /// What the manifest says of it, as name and value: a change of any is a different pipeline.
    pub(crate) facts: Vec<(&'static str, String)>,
    /// The types of the rows that it keeps whole, by what the manifest calls each.
    pub(crate) kept_rows: Vec<(&'static str, OwnedSchema)>,
    /// What it keeps in state, and for how long; empty for nothing.
    pub(crate) keeps: String,
    /// Why it cannot run, if it cannot.
    pub(crate) refused: Option<String>,
    pub(crate) lowering: Lowering,
}

impl Node {
    /// An operator that keeps nothing and says nothing of itself yet, under the statement at hand. Of its inputs' rows it may
    /// read every field.
    pub(crate) fn new(kind: &'static str, inputs: Vec<NodeId>, lowering: Lowering) -> Self {
        let name = registry::statement_at_hand().to_owned();
        let (lines, facts, keeps) = (Vec::new(), Vec::new(), String::new());
        let (reads, refused, kept_rows) = (Reads::Whole(None), None, Vec::new());
        let (passes_on, keeps_positions) = (false, false);
        Node {
            name,
            kind,
            inputs,
            reads,
            passes_on,
            keeps_positions,
            lines,
            facts,
            kept_rows,
            keeps,
            refused,
            lowering,
        }
    }

    /// Gives it a name that is not the statement's.
    pub(crate) fn named(self, name: &str) -> Self {
        Node { name: name.to_owned(), ..self }
    }

    /// Gives it a name where the statement has none.
    pub(crate) fn or_named(self, name: &str) -> Self {
        if self.name.is_empty() { self.named(name) } else { self }
    }

    /// The operator's stable identity within its pipeline: `let` name and kind.
    pub(crate) fn id(&self) -> String {
        format!("{}/{}", self.name, self.kind)
    }

    /// Whether something is kept under its id: of a source, how far it was read.
    pub(crate) fn is_stateful(&self) -> bool {
        matches!(self.lowering, Lowering::Keyed(_) | Lowering::Source(_))
    }
}

/// How a node becomes part of a worker's dataflow.
pub(crate) enum Lowering {
    Source(SourceNode),
    Stateless(Box<dyn Fn() -> Box<dyn Stage>>),
    Union,
    /// A key for what is built on it; nothing runs for it alone.
    GroupBy {
        /// A `KeyOf<T, K>`.
        key: Box<dyn std::any::Any>,
        /// What the user wrote for it, where that is known.
        text: Option<registry::Written>,
    },
    Keyed(KeyedNode),
    Sink(SinkNode),
}

/// A keyed operator: a half for each input before the exchange, and one after it.
pub(crate) struct KeyedNode {
    /// What it keeps, in words.
    pub(crate) entries: EntryWords,
    /// One for each input, in the order of the node's inputs.
    pub(crate) routers: Vec<MakeRouter>,
    pub(crate) owner: Box<dyn Fn(OwnerSetup) -> Box<dyn Owner>>,
    /// The names of the ports after that of the results and that of late rows, for texts.
    pub(crate) side_ports: &'static [&'static str],
}

pub(crate) type MakeRouter = Box<dyn Fn(RouterSetup) -> Box<dyn Router>>;

impl KeyedNode {
    /// How many ports there are.
    pub(crate) fn ports(&self) -> usize {
        2 + self.side_ports.len()
    }

    /// The name of a port; empty for that of the results.
    pub(crate) fn port_name(&self, port: u16) -> &'static str {
        match port {
            Ports::MAIN => "",
            Ports::LATE => "late",
            side => self.side_ports.get(usize::from(side) - 2).copied().unwrap_or("unknown"),
        }
    }
}

/// The words for the entries that a keyed operator keeps, in texts for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EntryWords {
    /// `window`.
    pub(crate) one: &'static str,
    /// `windows`.
    pub(crate) many: &'static str,
    /// When one of them emits and is gone, as a clause; empty where they stay.
    pub(crate) emits: &'static str,
}

impl EntryWords {
    /// Whether its entries are open: they wait for something, and are then gone.
    pub(crate) fn are_open(self) -> bool {
        !self.emits.is_empty()
    }
}

/// A source.
pub(crate) struct SourceNode {
    pub(crate) topic: TopicFacts,
    /// Whether it is a side table: read before the streams, up to an end that is bound once, and with no watermark.
    pub(crate) is_side: bool,
    /// The file that it is the copy of, of a side table.
    pub(crate) file: Option<Box<SideFile>>,
    pub(crate) lateness: Option<Duration>,
    /// How long a partition brings nothing until nobody waits for it; `None` for never.
    pub(crate) idle: Option<Duration>,
    pub(crate) undecodable: OnUndecodablePolicy,
    /// How far its rows may lie in the future; `None` for any.
    pub(crate) ahead: Option<Duration>,
    /// Where its late records go; `None` if they are only counted.
    pub(crate) late_to: Option<Box<SinkNode>>,
    /// Where records go that cannot be decoded, if that is the policy.
    pub(crate) dead_letters: Option<Box<SinkNode>>,
    /// The mask of fields by name, with those that the event time is taken from; or why it has to be every field.
    pub(crate) mask: fn(&[&str]) -> std::result::Result<FieldMask, String>,
    /// A reader for records written with any of the schemas that the topic keeps, or will keep. It decodes the fields of the
    /// mask.
    pub(crate) reader: MakeReader,
    /// Whether it gives rows with what the log knows of their records.
    pub(crate) with_meta: bool,
    /// A reader that gives rows and nothing else, in any case.
    pub(crate) rows_alone: MakeReader,
}

/// A file that is copied into a side table's topic.
pub(crate) struct SideFile {
    pub(crate) path: PathBuf,
    /// What is in it, for people.
    pub(crate) format: &'static str,
    pub(crate) rows: RowsOfFile,
    /// What writes them to the topic.
    pub(crate) sink: SinkNode,
}

/// The rows in a file's content, in their order; or what is wrong with it, and in which line.
pub(crate) type RowsOfFile = fn(&[u8]) -> std::result::Result<Batch, String>;

/// A sink.
#[derive(Clone)]
pub(crate) struct SinkNode {
    pub(crate) topic: TopicFacts,
    /// An encoder for a topic that keeps these schemas, has that many partitions, and takes records up to that many bytes.
    pub(crate) encoder: MakeEncoder,
    /// Whether its records have headers that are made of their rows.
    pub(crate) has_headers: bool,
    pub(crate) takes: Takes,
}

/// What a sink takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// The rows of its input.
    Rows,
    /// A source's late records, in place of its inputs' rows: its inputs are the late ports of operators.
    LateOf(NodeId),
    /// A source's undecodable records: it has no inputs.
    UndecodableOf(NodeId),
}

impl SinkNode {
    /// What `explain` says of it.
    pub(crate) fn lines(&self) -> Vec<String> {
        let topic = &self.topic;
        let key = if topic.key.is_empty() { "none" } else { topic.key };
        let mut lines = vec![
            format!(
                "topic {}, format {}, key {key}, {} partition(s)",
                topic.name, topic.format, topic.partitions
            ),
            "writes in the epoch's commit: exactly once, visible when the epoch is".to_owned(),
        ];
        lines.extend(self.has_headers.then(|| "each record has headers that are made of its row".to_owned()));
        lines
    }
}

pub(crate) type MakeReader = fn(&KeptSchemas, OnUndecodablePolicy, FieldMask) -> Result<Box<dyn RowReader>>;
pub(crate) type MakeEncoder = Rc<dyn Fn(&TopicSchemas, u32, usize) -> Result<Box<dyn SinkEncoder>>>;

/// What becomes of a record that cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnUndecodablePolicy {
    /// The run stops at it.
    Fail,
    /// It is skipped and counted.
    Skip,
    /// It is counted, and goes to a topic as it is.
    DeadLetter,
}
