//! Numbers for sources, sinks and keyed operators that do not change when statements of a pipeline change places.

use std::collections::HashMap;

use crate::handles::NodeId;
use crate::plan::{Lowering, Node, Plan, SinkNode, SourceNode};

/// Numbers by the order of the operators' ids. Sources come first, so that a number names a source or an operator in a
/// row's position, never both.
pub(crate) struct Numbering<'p> {
    pub(crate) sources: Vec<(&'p Node, &'p SourceNode)>,
    pub(crate) sinks: Vec<(&'p Node, &'p SinkNode)>,
    pub(crate) keyed: Vec<&'p Node>,
    numbers: HashMap<usize, u16>,
}

impl<'p> Numbering<'p> {
    pub(crate) fn of(plan: &'p Plan) -> Self {
        let live = plan.live();
        let mut nodes: Vec<(usize, &Node)> =
            plan.nodes.iter().enumerate().filter(|(at, _)| live[*at]).collect();
        nodes.sort_by_key(|(at, node)| (node.id(), *at));
        let mut numbering =
            Numbering { sources: Vec::new(), sinks: Vec::new(), keyed: Vec::new(), numbers: HashMap::new() };
        let (mut sources, mut sinks, mut keyed) = (Vec::new(), Vec::new(), Vec::new());
        for (at, node) in nodes {
            match &node.lowering {
                Lowering::Source(source) => sources.push((at, node, source)),
                Lowering::Sink(sink) => sinks.push((at, node, sink)),
                Lowering::Keyed(_) => keyed.push((at, node)),
                Lowering::Stateless(_) | Lowering::Union | Lowering::GroupBy { .. } => {}
            }
        }
        let keyed_from = sources.len();
        for (number, (at, node, source)) in sources.into_iter().enumerate() {
            numbering.numbers.insert(at, number as u16);
            numbering.sources.push((node, source));
        }
        for (number, (at, node, sink)) in sinks.into_iter().enumerate() {
            numbering.numbers.insert(at, number as u16);
            numbering.sinks.push((node, sink));
        }
        for (number, (at, node)) in keyed.into_iter().enumerate() {
            numbering.numbers.insert(at, (keyed_from + number) as u16);
            numbering.keyed.push(node);
        }
        numbering
    }

    /// The number of a source, sink or keyed operator.
    pub(crate) fn number(&self, node: NodeId) -> u16 {
        self.numbers
            .get(&node.index())
            .copied()
            .expect("only live sources, sinks and keyed operators have numbers")
    }

    /// Who made a row: a topic's name, or an operator's id.
    pub(crate) fn maker(&self, source: u16) -> Maker<'p> {
        let at = usize::from(source);
        match self.sources.get(at) {
            Some((_, source)) => Maker::Topic(source.topic.name),
            None => Maker::Operator(&self.keyed[at - self.sources.len()].name),
        }
    }
}

/// Who made a row.
pub(crate) enum Maker<'p> {
    Topic(&'p str),
    Operator(&'p str),
}
