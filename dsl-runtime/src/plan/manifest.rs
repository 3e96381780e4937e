//! The manifest: what of a pipeline must stay the same for its state to fit.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Plan;
use super::canonical::canonical;
use super::node::{Lowering, Node};
use super::topic::{ROW, row_text};
use crate::flow::OwnerSetup;
use crate::record::OwnedSchema;
use crate::state::TableShape;

/// The fact that has the texts of an operator's aggregates, in the order in which their states are kept.
pub(crate) const AGGREGATES: &str = "aggregates";

/// Facts by operator, and the pipeline's parameters; kept with the state as JSON, and compared before a run reads anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// The parameters' values, as JSON whose objects are sorted.
    parameters: String,
    /// Facts, as name and value, by the operator's id.
    operators: BTreeMap<String, BTreeMap<String, String>>,
    /// The row types of sources and sinks in full, by the operator's id, and of the rows that an operator keeps whole, by its id and
    /// what they are called: to say what of them is different.
    rows: BTreeMap<String, OwnedSchema>,
    /// What is kept in each table of a keyed operator, by the operator's id.
    tables: BTreeMap<String, Vec<TableShape>>,
    /// Which fields of a source's rows this program uses, by the operator's id, or why it is all of them. It is not kept.
    #[serde(skip)]
    used: BTreeMap<String, Result<BTreeSet<String>, String>>,
}

impl Manifest {
    pub(crate) fn of(plan: &Plan, parameters: &str) -> Manifest {
        let operators = plan.live_nodes().filter_map(|node| Some((node.id(), facts_of(node)?))).collect();
        let rows = plan.live_nodes().flat_map(rows_of).collect();
        let used = plan.live_sources().map(|(at, node)| (node.id(), plan.names_used(at))).collect();
        let tables = plan.live_nodes().filter_map(|node| Some((node.id(), tables_of(node)?))).collect();
        Manifest { parameters: canonical(parameters), operators, rows, tables, used }
    }

    pub(crate) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("maps with string keys can be JSON")
    }

    pub(crate) fn from_json(bytes: &[u8]) -> Result<Manifest, String> {
        serde_json::from_slice(bytes).map_err(|error| error.to_string())
    }

    /// What is different from the kept manifest, a line each; empty if nothing is.
    pub(crate) fn differences(&self, kept: &Manifest) -> Vec<String> {
        let mut lines = Vec::new();
        // What was kept by a version that did not sort it is sorted here.
        if self.parameters != canonical(&kept.parameters) {
            lines.push(format!(
                "  parameters: {} when the state was left, {} now",
                kept.parameters, self.parameters
            ));
        }
        for (id, then) in &kept.operators {
            match self.operators.get(id) {
                None => lines
                    .push(format!("  `{}`: was there when the state was left, and is gone now", title(id))),
                Some(now) => {
                    let row = |name: &str| match name {
                        ROW if self.fits_source(kept, id) => None,
                        ROW => Some(self.row_changes(kept, id, id)),
                        _ => Some(self.row_changes(kept, id, &row_id(id, name))),
                    };
                    differing(id, then, now, row, &mut lines);
                }
            }
        }
        let new = self.operators.keys().filter(|id| !kept.operators.contains_key(*id));
        lines.extend(new.map(|id| format!("  `{}`: is new", title(id))));
        if lines.is_empty() {
            // Otherwise it only says the same again.
            lines.extend(self.tables.iter().flat_map(|(id, now)| self.table_changes(id, now, kept)));
        }
        lines
    }

    /// What of an operator's state is different, though its facts are the same: a type that only rows on their way have.
    fn table_changes(&self, id: &str, now: &[TableShape], kept: &Manifest) -> Vec<String> {
        let then = kept.tables.get(id).map_or(&[][..], Vec::as_slice);
        let aggregates = self.operators.get(id).and_then(|facts| facts.get(AGGREGATES));
        let parts = aggregates.map_or_else(Vec::new, |text| split(text));
        let line = |change: String| format!("  `{}`: {change}", title(id));
        if then.len() != now.len() {
            let (then, now) = (then.len(), now.len());
            return vec![line(format!("it had {then} tables when the state was left, and has {now} now"))];
        }
        now.iter().zip(then).flat_map(|(now, then)| now.changes_since(then, &parts)).map(line).collect()
    }

    /// Whether state that was left with the kept row type of a source fits this one's.
    ///
    /// # Contract
    /// Nothing that is kept depends on a field that the program does not name, as long as it takes no row whole. The fields that
    /// it names must be what they were: a field of the same name has the same id and kind, in all depth. One that is new, or
    /// newly called so, cannot stand in the key or the aggregates, whose texts are compared; elsewhere it is changed code.
    /// That the type reads all rows of the topic is checked with the topic.
    fn fits_source(&self, kept: &Manifest, id: &str) -> bool {
        let (Some(now), Some(then)) = (self.rows.get(id), kept.rows.get(id)) else { return false };
        let Some(Ok(used)) = self.used.get(id) else { return false };
        used.iter().all(|name| {
            let named = |row: &OwnedSchema| row.fields.iter().find(|field| field.name == *name).cloned();
            let alone = |field| OwnedSchema { fields: vec![field], retired: Vec::new(), ..now.clone() };
            match (named(now), named(then)) {
                (Some(now), Some(then)) => alone(now).changes_since(&alone(then)).is_empty(),
                (Some(_), None) => true,
                // Of what a row derefs to, for instance.
                (None, _) => false,
            }
        })
    }

    /// What of a row type of an operator is different.
    fn row_changes(&self, kept: &Manifest, id: &str, row: &str) -> Vec<String> {
        match (self.rows.get(row), kept.rows.get(row)) {
            (Some(now), Some(then)) => {
                let mut changes = now.changes_since(then);
                if let (Some(Err(why)), false) = (self.used.get(id), changes.is_empty()) {
                    changes.push(format!("which matters here as {why}"));
                }
                changes
            }
            _ => Vec::new(),
        }
    }
}

fn differing(
    id: &str,
    then: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
    row_changes: impl Fn(&str) -> Option<Vec<String>>,
    lines: &mut Vec<String>,
) {
    let none = || "nothing".to_owned();
    let names: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    for name in names {
        let (before, after) = (then.get(name), now.get(name));
        if before != after && is_row(name) {
            let difference = row_changes(name).map(|changes| row_difference(name, before, after, &changes));
            lines.extend(difference.map(|difference| format!("  `{}`: {difference}", title(id))));
        } else if before != after {
            let (before, after) = (before.cloned().unwrap_or_else(none), after.cloned().unwrap_or_else(none));
            lines.push(format!(
                "  `{}`: {name} was {before} when the state was left, and is {after} now",
                title(id)
            ));
        }
    }
}

/// The difference between two row types, without the fingerprints that tell that there is one.
fn row_difference(fact: &str, before: Option<&String>, after: Option<&String>, changes: &[String]) -> String {
    let name_of = |row: Option<&String>| {
        let name = row.and_then(|row| row.split(' ').next()).unwrap_or("nothing");
        name.to_owned()
    };
    let (before, after) = (name_of(before), name_of(after));
    if !changes.is_empty() {
        return format!("{fact} type `{after}` has changed since the state was left: {}", changes.join("; "));
    }
    if before != after {
        return format!("{fact} type was `{before}` when the state was left, and is `{after}` now");
    }
    format!("the fields of {fact} type `{after}` have changed since the state was left")
}

/// The part of an operator's id that the user has written: `per_hour` of `per_hour/window`.
fn title(id: &str) -> &str {
    id.rsplit_once('/').map_or(id, |(name, _)| name)
}

/// The texts of a list, which stand between commas that are in no brackets and in no string.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut from, mut depth, mut quoted, mut escaped) = (Vec::new(), 0, 0_i32, false, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(text[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[from..].trim());
    parts
}

/// What is kept in each table of a keyed operator.
fn tables_of(node: &Node) -> Option<Vec<TableShape>> {
    let Lowering::Keyed(keyed) = &node.lowering else { return None };
    let mut owner = (keyed.owner)(OwnerSetup { maker: 0 });
    Some(owner.tables().into_iter().map(|table| table.shape()).collect())
}

/// The row type of a source or sink, and those of what an operator keeps.
fn rows_of(node: &Node) -> Vec<(String, OwnedSchema)> {
    let topic = match &node.lowering {
        Lowering::Source(source) => Some(&source.topic),
        Lowering::Sink(sink) => Some(&sink.topic),
        _ => None,
    };
    let own = topic.and_then(|topic| topic.row.schemas().first()).map(|row| (node.id(), row.clone()));
    let kept = node.kept_rows.iter().map(|(name, row)| (row_id(&node.id(), name), row.clone()));
    own.into_iter().chain(kept).collect()
}

/// What a row type that an operator keeps is found by.
fn row_id(operator: &str, name: &str) -> String {
    format!("{operator} {name}")
}

/// Whether a fact tells a row type.
fn is_row(fact: &str) -> bool {
    fact.split(' ').next_back() == Some(ROW)
}

/// What is compared of an operator. Those without a state of their own are no part of it.
fn facts_of(node: &Node) -> Option<BTreeMap<String, String>> {
    match &node.lowering {
        Lowering::Source(_) | Lowering::Sink(_) | Lowering::Keyed(_) => {}
        Lowering::Stateless(_) | Lowering::Union | Lowering::GroupBy { .. } => return None,
    }
    let facts = node.facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    let rows = node.kept_rows.iter().map(|(name, row)| ((*name).to_owned(), row_text(row)));
    Some(facts.chain(rows).collect())
}
