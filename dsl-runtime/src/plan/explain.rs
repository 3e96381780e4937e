//! `explain`: the plan in words, operator by operator, with what each keeps in state and for how long.

use std::fmt::Write;

use super::Plan;
use super::node::{Lowering, Node, SourceNode};

/// The plan as a text, one operator a paragraph, inputs before what reads them.
pub(crate) fn explain(plan: &Plan) -> String {
    let live = plan.live();
    let mut text = format!("pipeline {}\n", plan.pipeline);
    let mut numbers = vec![0; plan.nodes.len()];
    let mut number = 0;
    for (index, node) in plan.nodes.iter().enumerate().filter(|(index, _)| live[*index]) {
        number += 1;
        numbers[index] = number;
        let inputs: Vec<String> =
            node.inputs.iter().map(|input| format!("#{}", numbers[input.index()])).collect();
        let from = if inputs.is_empty() { String::new() } else { format!("  from {}", inputs.join(", ")) };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\n#{number} {}  {}{from}", node.kind, named(node));
        for line in describe(node) {
            let _ = writeln!(text, "     {line}");
        }
    }
    text
}

fn named(node: &Node) -> &str {
    if node.name.is_empty() { "(unnamed)" } else { &node.name }
}

fn describe(node: &Node) -> Vec<String> {
    let mut lines: Vec<String> = match &node.lowering {
        Lowering::Source(source) => source_lines(source),
        Lowering::Stateless(_) => vec!["runs in one chain with its stateless neighbours".to_owned()],
        Lowering::Union => vec!["rows of all inputs".to_owned()],
        Lowering::GroupBy(_) => vec!["the key of what is built on it".to_owned()],
        Lowering::Keyed(_) => vec![
            "before the exchange: drops and counts late rows, adds rows up per key and window".to_owned(),
            "exchange: by key group (256 of them, spread over the workers)".to_owned(),
        ],
        Lowering::Sink(sink) => {
            let key = if sink.topic.key.is_empty() { "none".to_owned() } else { sink.topic.key.to_owned() };
            vec![
                format!(
                    "topic {}, format {}, key {key}, {} partition(s)",
                    sink.topic.name, sink.topic.format, sink.topic.partitions
                ),
                "writes in the epoch's commit: exactly once, visible when the epoch is".to_owned(),
            ]
        }
    };
    lines.extend(node.facts.iter().map(|(name, value)| format!("{name}: {value}")));
    let keeps = match (&node.lowering, node.keeps.as_str()) {
        (Lowering::Source(_), _) => {
            "for each partition the next offset and the greatest event time, for ever"
        }
        (_, "") => "nothing",
        (_, keeps) => keeps,
    };
    lines.push(format!("keeps: {keeps}"));
    lines
}

fn source_lines(source: &SourceNode) -> Vec<String> {
    let topic = &source.topic;
    let mut lines =
        vec![format!("topic {}, format {}, {} partition(s)", topic.name, topic.format, topic.partitions)];
    if topic.time.is_empty() {
        lines.push("event time: none".to_owned());
    } else {
        let lateness = source.lateness.map_or("no lateness".to_owned(), |lateness| {
            format!("lateness {lateness}, late rows dropped and counted")
        });
        lines.push(format!("event time: {}; {lateness}", topic.time));
    }
    lines.push(format!("undecodable records: {:?}", source.undecodable).to_lowercase());
    lines
}
