//! Which fields of a source's rows are used by any of the operators behind it: those that its reader decodes.

use std::collections::BTreeSet;

use super::node::{Lowering, Node};
use super::{Plan, SourceNode};
use crate::record::FieldMask;

/// What an operator's own code reads of the rows that it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reads {
    /// These fields and no others, by name.
    Fields(&'static [&'static str]),
    /// Perhaps every field; with the reason, where there is one to be told.
    Whole(Option<&'static str>),
}

/// What all readers of a stream's rows read together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FieldsUsed {
    names: BTreeSet<&'static str>,
    /// Why it is every field; `None` if it need not be.
    whole: Option<String>,
}

impl FieldsUsed {
    fn add(&mut self, other: &FieldsUsed) {
        self.names.extend(&other.names);
        self.whole = self.whole.take().or_else(|| other.whole.clone());
    }

    fn add_reads(&mut self, node: &Node) {
        match node.reads {
            Reads::Fields(names) => self.names.extend(names),
            Reads::Whole(why) if self.whole.is_none() => {
                self.whole = Some(why.map_or_else(|| takes_whole(node), str::to_owned));
            }
            Reads::Whole(_) => {}
        }
    }
}

impl Plan {
    /// The fields of the rows of the node at `index` that are read on their way to a sink.
    ///
    /// # Contract
    /// An operator counts as one that reads rows whole and passes on none of them, unless it says otherwise of itself: what
    /// is not known costs time, and no result. A name is one of the row type of the operator's input; operators that pass
    /// rows on do not change their type, so it is one of the source's, too.
    pub(crate) fn fields_used(&self, index: usize) -> FieldsUsed {
        let live = self.live();
        let mut used = vec![FieldsUsed::default(); self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate().rev().filter(|(at, _)| live[*at]) {
            let mut of_inputs = if node.passes_on { used[at].clone() } else { FieldsUsed::default() };
            of_inputs.add_reads(node);
            node.inputs.iter().for_each(|input| used[input.index()].add(&of_inputs));
        }
        used.swap_remove(index)
    }

    /// The names in rows of the fields that are read of the source at `index`, or why it is every field.
    pub(super) fn names_used(&self, index: usize) -> Result<BTreeSet<String>, String> {
        let used = self.fields_used(index);
        let Lowering::Source(source) = &self.nodes[index].lowering else {
            return Err("it is no source".to_owned());
        };
        let schemas = source.topic.row.schemas();
        let fields = schemas.first().map_or(&[][..], |schema| &schema.fields);
        let name_of = |called: &str| {
            let field = fields.iter().find(|field| field.called == called);
            field.map_or(called, |field| &field.name).to_owned()
        };
        used.whole.map_or(Ok(used.names.into_iter().map(name_of).collect()), Err)
    }

    /// The fields that the reader of a source decodes.
    pub(crate) fn mask_of(&self, source: &Node) -> FieldMask {
        let index = self.nodes.iter().position(|node| std::ptr::eq(node, source));
        match (index, &source.lowering) {
            (Some(index), Lowering::Source(source)) => {
                decoded(source, &self.fields_used(index)).unwrap_or(FieldMask::ALL)
            }
            _ => FieldMask::ALL,
        }
    }

    /// For `explain`: which fields of its topic's rows the source at `index` reads.
    pub(super) fn fields_line(&self, index: usize, source: &SourceNode) -> String {
        let fields = source.topic.row.schemas().first().map_or(&[][..], |schema| &schema.fields);
        let mask = match decoded(source, &self.fields_used(index)) {
            Ok(mask) => mask,
            Err(why) => return format!("reads all fields: {why}"),
        };
        let read = fields.iter().enumerate().filter(|(at, _)| mask.has(*at));
        let names: Vec<&str> = read.map(|(_, field)| field.name.as_str()).collect();
        match names.len() {
            0 => format!("reads 0 of {} fields", fields.len()),
            all if all == fields.len() => format!("reads all {all} fields, each of them by name"),
            some => format!("reads {some} of {} fields: {}", fields.len(), names.join(", ")),
        }
    }
}

/// The fields to decode, or why these are all.
fn decoded(source: &SourceNode, used: &FieldsUsed) -> Result<FieldMask, String> {
    if let Some(why) = &used.whole {
        return Err(why.clone());
    }
    let names: Vec<&str> = used.names.iter().copied().collect();
    (source.mask)(&names)
}

fn takes_whole(node: &Node) -> String {
    match node.name.as_str() {
        "" => format!("a `{}` without a name takes the whole row", node.kind),
        name => format!("{} `{name}` takes the whole row", node.kind),
    }
}
