//! The plan: what a pipeline's body registers, node by node, before anything runs.
//!
//! Every worker runs the body and gets the same plan, which it lowers to its part of the dataflow. `explain`, the manifest and
//! the test driver read the same plan.

mod canonical;
mod code;
pub mod constants;
mod explain;
mod fields;
mod late;
mod manifest;
mod node;
mod picture;
mod program;
pub(crate) mod registry;
mod topic;

pub use node::OnUndecodablePolicy;
pub use registry::{statement, statement_of_parts};

pub(crate) use code::Code;
pub(crate) use explain::explain;
pub(crate) use fields::Reads;
pub(crate) use manifest::{AGGREGATES, Manifest};
pub(crate) use node::{
    EntryWords, KeyedNode, Lowering, Node, RowsOfFile, SideFile, SinkNode, SourceNode, Takes,
};
pub(crate) use picture::Picture;
pub(crate) use program::Program;
pub(crate) use topic::{RowToJson, TopicFacts};

use crate::error::Error;
use crate::handles::RowTypes;
use crate::place::maker_of;

/// A pipeline's nodes, inputs before what reads them.
pub(crate) struct Plan {
    pub(crate) pipeline: String,
    pub(crate) nodes: Vec<Node>,
    /// What the user wrote, in the order of the statements.
    pub(crate) texts: Vec<StatementText>,
    /// The types of the rows that come out of the nodes, where they are known.
    pub(crate) row_types: RowTypes,
}

/// What the user wrote in one place of a statement.
pub(crate) struct StatementText {
    /// The `let`, with all its names if it is one of a `split`; empty without one.
    pub(crate) statement: &'static str,
    /// What it is of: `key`, `aggregates`, or the operator that a closure is given to.
    pub(crate) of: &'static str,
    pub(crate) text: &'static str,
    /// The constants that it names, with their values where they can be had.
    pub(crate) constants: Vec<(&'static str, Option<String>)>,
}

impl StatementText {
    /// The names that the `let` gives.
    fn names(&self) -> impl Iterator<Item = &'static str> {
        self.statement.split(", ")
    }

    /// The constants whose values are known, as text; empty if there are none.
    pub(crate) fn constants_text(&self) -> String {
        let known =
            self.constants.iter().filter_map(|(name, value)| Some(format!("{name} = {}", value.as_ref()?)));
        known.collect::<Vec<_>>().join(", ")
    }
}

impl Plan {
    /// The code that a replay has to be computed with: the texts of all statements whose rows reach a sink.
    pub(crate) fn code(&self) -> Code {
        let live: Vec<&str> = self.live_nodes().map(|node| node.name.as_str()).collect();
        let mut code = Code::default();
        for text in
            self.texts.iter().filter(|text| text.names().any(|name| name.is_empty() || live.contains(&name)))
        {
            let constants = text.constants_text();
            let with = if constants.is_empty() { String::new() } else { format!(" with {constants}") };
            code.add(text.statement, text.of, format!("{}{with}", text.text));
        }
        code
    }

    /// Nodes whose rows reach a sink; the others are never run.
    pub(crate) fn live(&self) -> Vec<bool> {
        let mut live = vec![false; self.nodes.len()];
        for (index, node) in self.nodes.iter().enumerate().rev() {
            live[index] |= matches!(node.lowering, Lowering::Sink(_));
            if live[index] {
                node.inputs.iter().for_each(|input| live[input.index()] = true);
            }
        }
        live
    }

    /// The ports of a node that somebody reads, by their numbers. What nobody reads is not made.
    pub(crate) fn ports_read(&self, index: usize, ports: usize) -> Vec<bool> {
        let mut read = vec![false; ports];
        for input in self.live_nodes().flat_map(|node| &node.inputs).filter(|input| input.index() == index) {
            read[usize::from(input.port)] = true;
        }
        read
    }

    /// The sinks, in the order of their numbers.
    pub(crate) fn sinks(&self) -> Vec<&SinkNode> {
        self.live_nodes()
            .filter_map(|node| match &node.lowering {
                Lowering::Sink(sink) => Some(sink),
                _ => None,
            })
            .collect()
    }

    /// The sources, with where they stand among the nodes.
    pub(crate) fn live_sources(&self) -> impl Iterator<Item = (usize, &Node)> {
        let live = self.live();
        let nodes = self.nodes.iter().enumerate();
        nodes.filter(move |(at, node)| live[*at] && matches!(node.lowering, Lowering::Source(_)))
    }

    /// The topics of side tables that are copies of files, which the pipeline writes, too.
    pub(crate) fn copies(&self) -> impl Iterator<Item = &'static str> {
        self.live_nodes().filter_map(|node| match &node.lowering {
            Lowering::Source(source) => source.file.as_ref().map(|file| file.sink.topic.name),
            _ => None,
        })
    }

    /// The words for what keyed operators keep open, each once.
    #[cfg(feature = "cli")]
    pub(crate) fn entry_words(&self) -> Vec<EntryWords> {
        let mut words = Vec::new();
        for node in self.live_nodes() {
            if let Lowering::Keyed(keyed) = &node.lowering
                && keyed.entries.are_open()
                && !words.contains(&keyed.entries)
            {
                words.push(keyed.entries);
            }
        }
        words
    }

    /// The nodes that reach a sink.
    pub(crate) fn live_nodes(&self) -> impl Iterator<Item = &Node> {
        let live = self.live();
        self.nodes.iter().enumerate().filter(move |(index, _)| live[*index]).map(|(_, node)| node)
    }

    /// Refuses what no run could make sense of.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let is_own =
            |node: &Node| matches!(&node.lowering, Lowering::Sink(sink) if sink.takes == Takes::Rows);
        if !self.nodes.iter().any(is_own) {
            return Err(Error::Plan(format!(
                "pipeline `{}` has no sink: nothing it computes goes anywhere",
                self.pipeline
            )));
        }
        let mut named: Vec<(String, &Node)> =
            self.live_nodes().filter(|node| node.is_stateful()).map(|node| (node.id(), node)).collect();
        named.sort_by(|(left, _), (right, _)| left.cmp(right));
        if let Some(pair) = named.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            let (id, node) = &pair[0];
            return Err(Error::Plan(self.twice(id, node)));
        }
        named.sort_by_key(|(id, _)| maker_of(id));
        if let Some(pair) = named.windows(2).find(|pair| maker_of(&pair[0].0) == maker_of(&pair[1].0)) {
            return Err(Error::Plan(format!(
                "pipeline `{}`: the numbers that stand for `{}` and `{}` in the places of their rows are the same by chance; give one of \
                 them another name",
                self.pipeline, pair[0].1.name, pair[1].1.name
            )));
        }
        let sinks = self.sinks();
        let mut topics: Vec<&str> = sinks.iter().map(|sink| sink.topic.name).collect();
        topics.sort_unstable();
        if let Some(twice) = topics.windows(2).find(|pair| pair[0] == pair[1]) {
            let is_late = |sink: &&SinkNode| sink.topic.name == twice[0] && sink.takes != Takes::Rows;
            let remedy = match sinks.iter().any(is_late) {
                true => {
                    "the late records of a source have a topic of their own, which nothing else is written to, and so have those that cannot be decoded"
                }
                false => "make them one, `left.union(right).sink(..)`",
            };
            return Err(Error::Plan(format!(
                "pipeline `{}` writes two streams to topic `{}`: {remedy}",
                self.pipeline, twice[0]
            )));
        }
        let written = |topic: &TopicFacts| sinks.iter().any(|sink| sink.topic.name == topic.name);
        if let Some(topic) = self.live_nodes().find_map(|node| match &node.lowering {
            Lowering::Source(source) if written(&source.topic) => Some(source.topic.name),
            _ => None,
        }) {
            return Err(Error::Plan(format!(
                "pipeline `{}` reads topic `{topic}` and writes it too: it would never be done with its own results; write to \
                 another topic",
                self.pipeline
            )));
        }
        match self.nodes.iter().find_map(|node| node.refused.clone()) {
            Some(reason) => Err(Error::Plan(format!("pipeline `{}`: {reason}", self.pipeline))),
            None => Ok(()),
        }
    }

    /// Why two operators of one id cannot be.
    fn twice(&self, id: &str, node: &Node) -> String {
        match &node.lowering {
            Lowering::Keyed(_) if node.name.is_empty() => format!(
                "pipeline `{}` has two {}s without a `let`: their state could not be told apart; give each its own",
                self.pipeline, node.kind
            ),
            _ => format!(
                "pipeline `{}` has two operators named `{id}`: their state could not be told apart; give each its own `let`",
                self.pipeline
            ),
        }
    }
}
