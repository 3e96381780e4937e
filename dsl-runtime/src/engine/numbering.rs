//! Numbers for sources, sinks and keyed operators that do not change when statements of a pipeline change places.

use std::collections::{BTreeSet, HashMap};

use super::counting::{Counted, OperatorSummary};
use crate::handles::NodeId;
use crate::place::maker_of;
use crate::plan::{Lowering, Node, Plan, SinkNode, SourceNode};

/// Numbers by the order of the operators' ids, sources first: for what is kept in order within a run's own records. The places of
/// rows have none of them, as another operator would move them.
pub(crate) struct Numbering<'p> {
    pub(crate) sources: Vec<(&'p Node, &'p SourceNode)>,
    pub(crate) sinks: Vec<(&'p Node, &'p SinkNode)>,
    pub(crate) keyed: Vec<&'p Node>,
    numbers: HashMap<usize, u16>,
    plan: &'p Plan,
}

impl<'p> Numbering<'p> {
    pub(crate) fn of(plan: &'p Plan) -> Self {
        let live = plan.live();
        let mut nodes: Vec<(usize, &Node)> =
            plan.nodes.iter().enumerate().filter(|(at, _)| live[*at]).collect();
        nodes.sort_by_key(|(at, node)| (node.id(), *at));
        let (mut sources, mut sinks, mut keyed) = (Vec::new(), Vec::new(), Vec::new());
        let mut numbers = HashMap::new();
        for (at, node) in nodes {
            match &node.lowering {
                Lowering::Source(source) => {
                    numbers.insert(at, sources.len() as u16);
                    sources.push((node, source));
                }
                Lowering::Sink(sink) => {
                    numbers.insert(at, sinks.len() as u16);
                    sinks.push((node, sink));
                }
                Lowering::Keyed(_) => keyed.push((at, node)),
                Lowering::Stateless(_) | Lowering::Union | Lowering::GroupBy { .. } => {}
            }
        }
        // Keyed operators go on where the sources end.
        for (number, (at, _)) in (sources.len()..).zip(&keyed) {
            numbers.insert(*at, number as u16);
        }
        let keyed = keyed.into_iter().map(|(_, node)| node).collect();
        Numbering { sources, sinks, keyed, numbers, plan }
    }

    /// The operators that are counted, in the order of the plan: all but those that run nothing.
    pub(crate) fn counted(&self) -> Vec<Counted> {
        let (plan, live) = (self.plan, self.plan.live());
        let runs = |node: &Node| !matches!(node.lowering, Lowering::Union | Lowering::GroupBy { .. });
        let nodes = plan.nodes.iter().enumerate().filter(|(at, node)| live[*at] && runs(node));
        let counted = nodes.map(|(at, node)| {
            let is_keyed = matches!(node.lowering, Lowering::Keyed(_));
            let keyed = is_keyed.then(|| usize::from(self.numbers[&at]) - self.sources.len());
            let summary = OperatorSummary { operator: titled(node), ..OperatorSummary::default() };
            Counted { node: at, keyed, summary }
        });
        counted.collect()
    }

    /// How many nodes the plan has.
    pub(crate) fn nodes(&self) -> usize {
        self.plan.nodes.len()
    }

    /// Where a node of the plan stands among its nodes.
    pub(crate) fn node_of(&self, node: &Node) -> usize {
        let at = self.plan.nodes.iter().position(|other| std::ptr::eq(other, node));
        at.expect("the node is one of the plan's")
    }

    /// The number of a source, sink or keyed operator.
    pub(crate) fn number(&self, node: NodeId) -> u16 {
        self.numbers
            .get(&node.index())
            .copied()
            .expect("only live sources, sinks and keyed operators have numbers")
    }

    /// For each source, by its number: the inputs of keyed operators that its rows reach, on their own or as what others make of them.
    pub(crate) fn reached(&self) -> Vec<Vec<ReachedInput>> {
        let mut reached = vec![Vec::new(); self.sources.len()];
        let mut behind: Vec<BTreeSet<usize>> = Vec::with_capacity(self.plan.nodes.len());
        for (index, node) in self.plan.nodes.iter().enumerate() {
            let by_input = node.inputs.iter().map(|from| &behind[from.index()]);
            let mut sources: BTreeSet<usize> = by_input.clone().flatten().copied().collect();
            match (&node.lowering, self.numbers.get(&index)) {
                (Lowering::Source(_), Some(number)) => {
                    sources.insert(usize::from(*number));
                }
                (Lowering::Keyed(_), Some(number)) => {
                    let operator = usize::from(*number) - self.sources.len();
                    for (input, sources) in by_input.enumerate() {
                        let by = ReachedInput { operator, input };
                        sources.iter().for_each(|source| reached[*source].push(by));
                    }
                }
                _ => {}
            }
            behind.push(sources);
        }
        reached
    }

    /// Who makes rows, by what stands for them in the places of their rows.
    pub(crate) fn makers(&self) -> HashMap<u32, Maker> {
        let topics = self.sources.iter().map(|(node, source)| (node, Maker::Topic(source.topic.name)));
        let operators = self.keyed.iter().map(|node| (node, Maker::Operator(node.name.clone())));
        topics.chain(operators).map(|(node, maker)| (maker_of(&node.id()), maker)).collect()
    }
}

/// An input of a keyed operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReachedInput {
    /// The operator's number.
    pub(crate) operator: usize,
    /// Which of its inputs.
    pub(crate) input: usize,
}

/// An operator in words: its `let`, if it has one, and its kind.
pub(crate) fn titled(node: &Node) -> String {
    match node.name.as_str() {
        "" => node.kind.to_owned(),
        name => format!("{name} ({})", node.kind),
    }
}

/// Who made a row.
pub(crate) enum Maker {
    Topic(&'static str),
    Operator(String),
}
