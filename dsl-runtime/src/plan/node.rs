//! One node of a plan: an operator, its inputs, and how a worker makes its part of it.

use crate::error::Result;
use crate::operators::{Op, RowReader, Sender, SinkEncoder, Stage};
use crate::record::{Format, SchemaError, SchemaNumber, TopicSchemas};
use crate::time::Duration;

/// A node's number in its plan: what a stream handle holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeId {
    pub(crate) plan: u32,
    pub(crate) node: u32,
}

impl NodeId {
    pub(crate) fn index(self) -> usize {
        self.node as usize
    }
}

/// An operator in a plan.
pub(crate) struct Node {
    /// The `let` it stands under, or the topic's name for sources and sinks.
    pub(crate) name: String,
    /// What kind of operator: `filter`, `window`.
    pub(crate) kind: &'static str,
    pub(crate) inputs: Vec<NodeId>,
    /// What the manifest says of it, as name and value: a change of any is a different pipeline.
    pub(crate) facts: Vec<(&'static str, String)>,
    /// What it keeps in state, and for how long; empty for nothing.
    pub(crate) keeps: String,
    /// Why it cannot run, if it cannot.
    pub(crate) refused: Option<String>,
    pub(crate) lowering: Lowering,
}

impl Node {
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
    GroupBy(Box<dyn std::any::Any>),
    Keyed(KeyedNode),
    Sink(SinkNode),
}

/// A keyed operator: its two halves.
pub(crate) struct KeyedNode {
    /// For the given number of workers.
    pub(crate) sender: Box<dyn Fn(usize) -> Box<dyn Sender>>,
    /// With the given operator number.
    pub(crate) op: Box<dyn Fn(u16) -> Box<dyn Op>>,
}

/// What a topic's type says of it.
#[derive(Clone)]
pub(crate) struct TopicFacts {
    pub(crate) name: &'static str,
    pub(crate) partitions: u32,
    pub(crate) format: Format,
    pub(crate) key: &'static str,
    pub(crate) time: &'static str,
    /// The row's schema alone.
    pub(crate) row: TopicSchemas,
    /// Adds the row's schema to a topic's.
    pub(crate) register: fn(&mut TopicSchemas) -> Result<SchemaNumber, SchemaError>,
    /// Prints the topic's committed rows as JSON.
    #[cfg(feature = "cli")]
    pub(crate) print: crate::typed::PrintRows,
}

/// A source.
pub(crate) struct SourceNode {
    pub(crate) topic: TopicFacts,
    pub(crate) lateness: Option<Duration>,
    pub(crate) undecodable: OnUndecodablePolicy,
    /// A reader for records written with any of these schemas.
    pub(crate) reader: MakeReader,
}

/// A sink.
pub(crate) struct SinkNode {
    pub(crate) topic: TopicFacts,
    /// An encoder for a topic that keeps these schemas, has that many partitions, and takes records up to that many bytes.
    pub(crate) encoder: MakeEncoder,
}

pub(crate) type MakeReader = fn(&TopicSchemas, OnUndecodablePolicy) -> Result<Box<dyn RowReader>>;
pub(crate) type MakeEncoder = fn(&TopicSchemas, u32, usize) -> Result<Box<dyn SinkEncoder>>;

/// What becomes of a record that cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnUndecodablePolicy {
    /// The run stops at it.
    Fail,
    /// It is skipped and counted.
    Skip,
}
