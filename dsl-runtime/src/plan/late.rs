//! The sinks of a source's late and undecodable records: a source says where they go, and what may drop rows as late is known when the
//! whole plan is.

use super::Plan;
use super::fields::Reads;
use super::node::{Lowering, Node, SinkNode, Takes};
use crate::flow::Ports;
use crate::handles::NodeId;

impl Plan {
    /// Adds a sink for each source whose late records go to a topic, and one for its undecodable ones. The first stands behind the late port of every operator that the
    /// source's rows may reach, on their own or in others: which of the late rows are the source's is seen in their places.
    pub(super) fn add_sinks_of_sources(&mut self) {
        let live = self.live();
        let sinks: Vec<Node> = self
            .nodes
            .iter()
            .enumerate()
            .filter(|(at, _)| live[*at])
            .flat_map(|(at, node)| match &node.lowering {
                Lowering::Source(source) => {
                    let late = source.late_to.as_deref().map(|sink| self.late_sink(at, sink.clone(), &live));
                    let dead =
                        source.dead_letters.as_deref().map(|sink| self.dead_letter_sink(at, sink.clone()));
                    [late, dead].into_iter().flatten().collect()
                }
                _ => Vec::new(),
            })
            .collect();
        self.nodes.extend(sinks);
    }

    fn late_sink(&self, source: usize, sink: SinkNode, live: &[bool]) -> Node {
        let id = |node: usize, port: u16| NodeId { plan: 0, node: node as u32, port };
        let mut behind = vec![false; self.nodes.len()];
        let mut inputs = Vec::new();
        for (at, node) in self.nodes.iter().enumerate() {
            behind[at] = at == source || node.inputs.iter().any(|input| behind[input.index()]);
            if behind[at] && live[at] && matches!(node.lowering, Lowering::Keyed(_)) {
                inputs.push(id(at, Ports::LATE));
            }
        }
        let from = &self.nodes[source].name;
        let mut lines = vec![format!(
            "records of `{from}` that an operator drops as late, with its name and theirs in headers: read again, with every field"
        )];
        lines.extend(sink.lines());
        let mut facts = vec![("late records of", from.clone())];
        facts.extend(sink.topic.facts());
        let takes = Takes::LateOf(id(source, 0));
        sink_of_source("late_to", inputs, (lines, facts), SinkNode { takes, ..sink })
    }

    fn dead_letter_sink(&self, source: usize, sink: SinkNode) -> Node {
        let from = &self.nodes[source].name;
        let mut lines = vec![format!(
            "records of `{from}` that cannot be decoded, as they are, with the reason and their place in headers"
        )];
        lines.extend(sink.lines());
        let mut facts = vec![("undecodable records of", from.clone())];
        facts.extend(sink.topic.facts());
        let takes = Takes::UndecodableOf(NodeId { plan: 0, node: source as u32, port: 0 });
        sink_of_source("dead_letter", Vec::new(), (lines, facts), SinkNode { takes, ..sink })
    }
}

fn sink_of_source(
    kind: &'static str,
    inputs: Vec<NodeId>,
    (lines, facts): (Vec<String>, Vec<(&'static str, String)>),
    sink: SinkNode,
) -> Node {
    Node {
        name: sink.topic.name.to_owned(),
        kind,
        inputs,
        reads: Reads::Fields(&[]),
        passes_on: false,
        keeps_positions: false,
        lines,
        facts,
        kept_rows: Vec::new(),
        keeps: String::new(),
        refused: None,
        lowering: Lowering::Sink(sink),
    }
}
