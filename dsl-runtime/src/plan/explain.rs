//! `explain`: the plan in words, operator by operator, with what each keeps in state and for how long.

use std::fmt::Write;

use super::Plan;
use super::node::{Lowering, Node};
use crate::handles::NodeId;

/// The plan as a text, one operator a paragraph, inputs before what reads them.
pub(crate) fn explain(plan: &Plan) -> String {
    let live = plan.live();
    let mut text = format!("pipeline {}\n", plan.pipeline);
    let mut numbers = vec![0; plan.nodes.len()];
    let mut number = 0;
    for (index, node) in plan.nodes.iter().enumerate().filter(|(index, _)| live[*index]) {
        number += 1;
        numbers[index] = number;
        let inputs: Vec<String> = node
            .inputs
            .iter()
            .map(|input| format!("#{}{}", numbers[input.index()], port(plan, *input)))
            .collect();
        let from = if inputs.is_empty() { String::new() } else { format!("  from {}", inputs.join(", ")) };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\n#{number} {}  {}{from}", node.kind, named(node));
        for line in describe(plan, index) {
            let _ = writeln!(text, "     {line}");
        }
    }
    text
}

/// The port that an input comes from, if it is not that of the operator's results.
fn port(plan: &Plan, input: NodeId) -> String {
    match &plan.nodes[input.index()].lowering {
        Lowering::Keyed(keyed) if input.port != 0 => format!(" ({})", keyed.port_name(input.port)),
        _ => String::new(),
    }
}

fn named(node: &Node) -> &str {
    if node.name.is_empty() { "(unnamed)" } else { &node.name }
}

fn describe(plan: &Plan, index: usize) -> Vec<String> {
    let node = &plan.nodes[index];
    let fields = match &node.lowering {
        Lowering::Source(source) => Some(plan.fields_line(index, source)),
        _ => None,
    };
    let keeps = if node.keeps.is_empty() { "nothing" } else { &node.keeps };
    node.lines.iter().cloned().chain(fields).chain([format!("keeps: {keeps}")]).collect()
}
