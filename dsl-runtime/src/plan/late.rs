//! The sinks of late records: a source says where they go, and what may drop them is known when the whole plan is.

use super::Plan;
use super::fields::Reads;
use super::node::{Lowering, Node, SinkNode};
use crate::flow::Ports;
use crate::handles::NodeId;

impl Plan {
    /// Adds a sink for each source whose late records go to a topic. It stands behind the late port of every operator that the
    /// source's rows may reach, on their own or in others: which of the late rows are the source's is seen in their places.
    pub(super) fn add_late_sinks(&mut self) {
        let live = self.live();
        let sinks: Vec<Node> = self
            .nodes
            .iter()
            .enumerate()
            .filter(|(at, _)| live[*at])
            .filter_map(|(at, node)| match &node.lowering {
                Lowering::Source(source) => {
                    let sink = source.late_to.clone()?;
                    Some(self.late_sink(at, sink, &live))
                }
                _ => None,
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
        Node {
            name: sink.topic.name.to_owned(),
            kind: "late_to",
            inputs,
            reads: Reads::Fields(&[]),
            passes_on: false,
            keeps_positions: false,
            lines,
            facts,
            kept_rows: Vec::new(),
            keeps: String::new(),
            refused: None,
            lowering: Lowering::Sink(SinkNode { late_of: Some(id(source, 0)), ..sink }),
        }
    }
}
