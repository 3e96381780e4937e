//! The plan as a picture: what of it people look at, as plain data, and the forms that it is given in.

mod json;
mod mermaid;
#[cfg(feature = "svg")]
mod svg;

use serde::Serialize;

use super::Plan;
use super::node::{Lowering, Node};
use crate::handles::NodeId;

/// How lines begin that say the same of all of a kind: they are left out of a drawing.
const SAME_FOR_ALL: [&str; 6] = [
    "runs in one chain",
    "the key of what is built on it",
    "writes in the epoch's commit",
    "undecodable records: fail",
    "exchange: ",
    "before the exchange: ",
];

/// A pipeline's operators, inputs before what reads them.
#[derive(Debug, Serialize)]
pub(crate) struct Picture {
    pub(crate) pipeline: String,
    pub(crate) operators: Vec<Operator>,
}

/// An operator as it is shown.
#[derive(Debug, Serialize)]
pub(crate) struct Operator {
    /// As in `explain`, from 1.
    pub(crate) number: usize,
    pub(crate) kind: &'static str,
    /// The `let`, or the topic of a sink; empty without one.
    pub(crate) name: String,
    /// The topic that it reads or writes.
    pub(crate) topic: Option<&'static str>,
    pub(crate) inputs: Vec<Input>,
    /// How it runs: time, keys, windows, what it is written as; a line each.
    pub(crate) lines: Vec<String>,
    /// What it keeps, and for how long.
    pub(crate) keeps: Option<String>,
    #[serde(skip)]
    role: Role,
    /// Whether the pipeline writes the topic: so it does the copy of a side table's file.
    #[serde(skip)]
    writes: bool,
}

/// Where an operator's rows come from.
#[derive(Debug, Serialize)]
pub(crate) struct Input {
    /// The number of the operator.
    pub(crate) operator: usize,
    /// The port, where it is not that of the results.
    pub(crate) port: Option<String>,
    /// The type of the rows, without the modules it stands in.
    pub(crate) rows: Option<String>,
}

impl Picture {
    pub(crate) fn of(plan: &Plan) -> Picture {
        let live = plan.live();
        let mut numbers = vec![0; plan.nodes.len()];
        let mut operators = Vec::new();
        for (index, node) in plan.nodes.iter().enumerate().filter(|(index, _)| live[*index]) {
            numbers[index] = operators.len() + 1;
            let inputs = node.inputs.iter().map(|input| Input {
                operator: numbers[input.index()],
                port: port(plan, *input),
                rows: rows(plan, *input).map(short_type),
            });
            let operator = operator(plan, index, inputs.collect());
            operators.push(Operator { number: numbers[index], ..operator });
        }
        Picture { pipeline: plan.pipeline.clone(), operators }
    }
}

/// Its number is to come.
fn operator(plan: &Plan, index: usize, inputs: Vec<Input>) -> Operator {
    let node = &plan.nodes[index];
    let (topic, writes) = match &node.lowering {
        Lowering::Source(source) => (Some(source.topic.name), source.file.is_some()),
        Lowering::Sink(sink) => (Some(sink.topic.name), true),
        _ => (None, false),
    };
    Operator {
        number: 0,
        kind: node.kind,
        name: node.name.clone(),
        topic,
        inputs,
        lines: node.lines.iter().cloned().chain(written(plan, index)).collect(),
        keeps: (!node.keeps.is_empty()).then(|| node.keeps.clone()),
        role: Role::of(node),
        writes,
    }
}

/// The closure of a stateless operator as the user wrote it. Texts and nodes of a statement stand in one order.
fn written(plan: &Plan, index: usize) -> Option<String> {
    let node = &plan.nodes[index];
    if !matches!(node.lowering, Lowering::Stateless(_)) {
        return None;
    }
    let same = |other: &&Node| other.kind == node.kind && other.name == node.name;
    let before = plan.nodes[..index].iter().filter(same).count();
    let mut texts =
        plan.texts.iter().filter(|text| text.of == node.kind && text.names().any(|name| name == node.name));
    let text = texts.nth(before)?;
    let constants = text.constants_text();
    let with = if constants.is_empty() { String::new() } else { format!(" with {constants}") };
    Some(format!("{}{with}", text.text))
}

fn port(plan: &Plan, input: NodeId) -> Option<String> {
    match &plan.nodes[input.index()].lowering {
        Lowering::Keyed(keyed) if input.port != 0 => Some(keyed.port_name(input.port).to_owned()),
        _ => None,
    }
}

/// The type of the rows that come by an input: what was noted for it, or for what a grouping groups.
fn rows(plan: &Plan, input: NodeId) -> Option<&'static str> {
    if let Some(name) = plan.row_types.get(&(input.node, input.port)) {
        return Some(name);
    }
    let node = &plan.nodes[input.index()];
    match node.lowering {
        Lowering::GroupBy { .. } => rows(plan, *node.inputs.first()?),
        _ => None,
    }
}

/// A type's name without the modules: `(String, Option<Payment>)` for `(alloc::string::String, core::option::Option<shop::Payment>)`.
fn short_type(name: &str) -> String {
    let mut short = String::new();
    let mut word = String::new();
    for letter in name.chars() {
        match letter {
            ':' => word.clear(),
            letter if letter.is_alphanumeric() || letter == '_' => word.push(letter),
            other => {
                short.push_str(&word);
                word.clear();
                short.push(other);
            }
        }
    }
    short + &word
}

impl Operator {
    /// What stands above its lines: `per_hour (window)`.
    fn title(&self) -> String {
        if self.name.is_empty() { self.kind.to_owned() } else { format!("{} ({})", self.name, self.kind) }
    }

    /// What a drawing says below the title. All sources keep the same.
    fn said(&self) -> Vec<String> {
        let own = |line: &&String| !SAME_FOR_ALL.iter().any(|begin| line.starts_with(begin));
        let keeps = self.keeps.iter().filter(|_| self.role == Role::Keeping);
        self.lines.iter().filter(own).cloned().chain(keeps.map(|keeps| format!("keeps: {keeps}"))).collect()
    }
}

impl Input {
    /// What stands at the edge.
    fn label(&self) -> String {
        match (&self.rows, &self.port) {
            (Some(rows), Some(port)) => format!("{rows} ({port})"),
            (Some(rows), None) => rows.clone(),
            (None, Some(port)) => port.clone(),
            (None, None) => String::new(),
        }
    }
}

/// What kind of place an operator has in the dataflow, for its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Source,
    Passing,
    Keeping,
    Sink,
}

impl Role {
    fn of(node: &Node) -> Role {
        match node.lowering {
            // A side table, too.
            Lowering::Source(_) => Role::Source,
            Lowering::Sink(_) => Role::Sink,
            _ if node.keeps.is_empty() => Role::Passing,
            _ => Role::Keeping,
        }
    }
}

/// What writes a topic in one picture, and a source of another that reads it: for both the place among the pictures, and that among its
/// operators.
struct Link {
    writer: (usize, usize),
    reader: (usize, usize),
    topic: &'static str,
}

fn links(pictures: &[Picture]) -> Vec<Link> {
    let mut links = Vec::new();
    for (writer, picture) in pictures.iter().enumerate() {
        for (written, operator) in picture.operators.iter().enumerate() {
            let Some(topic) = operator.topic.filter(|_| operator.writes) else { continue };
            for (reader, other) in pictures.iter().enumerate() {
                let reads =
                    |operator: &Operator| operator.role == Role::Source && operator.topic == Some(topic);
                let sources = other.operators.iter().enumerate().filter(|(_, operator)| reads(operator));
                let readers = sources.map(|(source, _)| (reader, source));
                let writer = (writer, written);
                // The copy of a file is read by what it is the table of.
                links.extend(readers.filter(|reader| *reader != writer).map(|reader| Link {
                    writer,
                    reader,
                    topic,
                }));
            }
        }
    }
    links
}

/// A text in lines of at most so many characters, broken between words; those after the first stand in a little.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::replace(&mut line, "  ".to_owned()));
            line.push_str(word);
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use dsl_macros::{Record, pipeline, topics};

    use super::*;
    use crate::pipeline::Pipeline;

    #[derive(Debug, Clone, PartialEq, Record)]
    struct Price {
        item: u64,
        cents: i64,
    }

    topics! {
        Sales("sales"): Price { key: item }
        Prices("prices"): Price { key: item }
        Rates("rates"): Price { key: item }
        Dear("dear"): Price { key: item }
    }

    #[pipeline]
    fn prices() {
        let rates = side(Rates).csv("rates.csv");
        let prices = source(Sales).lookup(rates).on(|s| s.item, |r| r.item);
        prices.select(|s, r| Price { item: s.item, cents: s.cents * r.cents.unwrap_or(1) }).sink(Prices);
    }

    #[pipeline]
    fn dear() {
        let dear = source(Rates).lookup(side(Prices)).on(|r| r.item, |p| p.item);
        dear.select(|r, p| Price { item: r.item, cents: p.cents.unwrap_or(0) }).sink(Dear);
    }

    #[test]
    fn a_side_table_reads_its_topic_and_writes_it_if_it_is_the_copy_of_a_file() {
        let pictures = [Pipeline::from(dear()), Pipeline::from(prices())].map(|of| of.picture().unwrap());
        let roles = pictures[1].operators.iter().map(|operator| (operator.kind, operator.role));
        let expected = [
            ("side", Role::Source),
            ("source", Role::Source),
            ("lookup", Role::Keeping),
            ("sink", Role::Sink),
        ];
        assert!(expected.iter().all(|role| roles.clone().any(|other| other == *role)), "{pictures:?}");
        let named = |(picture, operator): (usize, usize)| {
            let picture = &pictures[picture];
            format!("{} {}", picture.pipeline, picture.operators[operator].kind)
        };
        let links = links(&pictures);
        let links: Vec<String> =
            links.iter().map(|link| format!("{} > {}", named(link.writer), named(link.reader))).collect();
        assert_eq!(links, ["prices side > dear source", "prices sink > dear side"]);
    }

    #[test]
    fn types_are_named_without_their_modules() {
        for (long, short) in [
            ("u64", "u64"),
            ("shop::rows::Payment", "Payment"),
            ("(alloc::string::String, core::option::Option<shop::Payment>)", "(String, Option<Payment>)"),
            ("[a::B; 3]", "[B; 3]"),
        ] {
            assert_eq!(short_type(long), short);
        }
    }

    #[test]
    fn lines_are_broken_between_words() {
        assert_eq!(wrapped("one two three four", 9), ["one two", "  three", "  four"]);
        assert_eq!(wrapped("unbreakable", 4), ["unbreakable"]);
        assert_eq!(wrapped("", 4), [""]);
    }
}
