//! What became of each row that a test pushed.
//!
//! # Contract
//! A copy of the log is read by a new run of the pipeline, one record an epoch. What operators count in an epoch is then about this record and
//! what it was made into, as far as no operator with state stands in between: what such an operator makes, it makes of several rows. So the fate of a row
//! ends where it is left out, written, or taken by an operator that keeps something.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use log_store::{MemDisk, Offset, Store, StoreConfig};

use super::clock::TestClock;
use crate::engine::{OperatorSummary, RecordSeen, RunOptions, Stepper, schemas_of};
use crate::error::{Error, Result};
use crate::pipeline::Pipeline;
use crate::plan::{Lowering, Node, Plan, RowToJson, TopicFacts};

/// What became of the rows that a test has pushed: what [`TestDriver::explain_rows`](super::TestDriver::explain_rows) gives. Its text, by `{}` and by `{:?}`, has a
/// line for each row and one for each operator at which its way ended, always in the same order, so that snapshots of it compare.
#[derive(Clone, PartialEq, Eq)]
pub struct ExplainedRows {
    rows: Vec<ExplainedRow>,
}

/// What became of one row.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExplainedRow {
    /// The topic that it was pushed into.
    pub topic: &'static str,
    /// Its partition.
    pub partition: u32,
    /// Its offset there.
    pub offset: u64,
    /// The row as JSON; empty for a heartbeat, and for what is no row.
    pub row: String,
    /// Where its way ended, in the order of the plan: the operator, `per_hour (window)`, and what became of the row there.
    pub fates: Vec<(String, RowFate)>,
}

/// What became of a row at an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RowFate {
    /// It was left out: a condition did not hold, or no row was made of it.
    LeftOut,
    /// It came to an operator with state, such as a window, and was taken.
    Kept,
    /// It came behind the watermark of its own partition, and was dropped.
    Late,
    /// It came of a partition that nobody had waited for, and was dropped.
    Unwaited,
    /// It lies further in the future than its source allows, and was dropped.
    Ahead,
    /// It was written to a topic.
    Written,
    /// There is no row in the record: a heartbeat, or what cannot be decoded and is skipped.
    NoRow,
}

impl ExplainedRows {
    /// The rows: by topic in the order of the pipeline's sources, then by partition and offset.
    pub fn rows(&self) -> &[ExplainedRow] {
        &self.rows
    }

    /// Reads the records of a copy of the log one by one.
    pub(super) fn of(
        pipeline: &Pipeline,
        disk: &MemDisk,
        clock: Arc<TestClock>,
        options: RunOptions,
    ) -> Result<ExplainedRows> {
        let config = StoreConfig { clock, ..StoreConfig::default() };
        let store = Store::open_on(Arc::new(disk.copied()), config)?;
        pipeline.reset(&store)?;
        let mut options = options.epoch_rows(1);
        options.epochs_in_flight = 1;
        let plan = pipeline.plan()?;
        let mut stepper = Stepper::new(pipeline.program(), &store, options)?;
        let mut texts = Texts::new(&store);
        let mut rows = Vec::new();
        while let Some(seen) = stepper.next_record()? {
            let Lowering::Source(source) = &plan.nodes[seen.source].lowering else {
                return Err(Error::Engine("a record was read by what is no source".to_owned()));
            };
            // What is no record is a marker of a transaction.
            let Some((offset, row)) = texts.of(&source.topic, &seen)? else { continue };
            let at = (seen.source, seen.partition, offset);
            let fates = fates(&plan, &seen);
            let (topic, partition) = (source.topic.name, seen.partition);
            rows.push((at, ExplainedRow { topic, partition, offset, row, fates }));
        }
        rows.sort_by_key(|(at, _)| *at);
        Ok(ExplainedRows { rows: rows.into_iter().map(|(_, row)| row).collect() })
    }
}

/// Follows a record through the plan, up to where its way ends.
fn fates(plan: &Plan, seen: &RecordSeen) -> Vec<(String, RowFate)> {
    let live = plan.live();
    let none = OperatorSummary::default();
    let counted = |at: usize| seen.counts.get(&at);
    let mut has_row = vec![false; plan.nodes.len()];
    let mut fates = Vec::new();
    for (at, node) in plan.nodes.iter().enumerate().filter(|(at, _)| live[*at]) {
        let comes = node.inputs.iter().any(|input| has_row[input.index()] && input.port == 0);
        let of = counted(at).unwrap_or(&none);
        let mut ends = |fate| fates.push((titled(node), fate));
        match &node.lowering {
            Lowering::Source(_) if at == seen.source => match (of.rows_out, of.rows_ahead) {
                (0, 0) => ends(RowFate::NoRow),
                (0, _) => ends(RowFate::Ahead),
                _ => has_row[at] = true,
            },
            Lowering::Source(_) => {}
            Lowering::Sink(_) if comes => ends(RowFate::Written),
            Lowering::Keyed(_) if comes => {
                if of.rows_late > 0 {
                    ends(RowFate::Late);
                } else if of.unwaited_late > 0 {
                    ends(RowFate::Unwaited);
                } else {
                    ends(RowFate::Kept);
                }
            }
            Lowering::Stateless(_) if comes && counted(at).is_some() => match of.rows_out {
                0 => ends(RowFate::LeftOut),
                _ => has_row[at] = true,
            },
            Lowering::Stateless(_) | Lowering::Union | Lowering::GroupBy { .. } => has_row[at] = comes,
            Lowering::Sink(_) | Lowering::Keyed(_) => {}
        }
    }
    fates
}

fn titled(node: &Node) -> String {
    if node.name.is_empty() { node.kind.to_owned() } else { format!("{} ({})", node.name, node.kind) }
}

/// Rows as JSON.
struct Texts<'s> {
    store: &'s Store,
    by_topic: BTreeMap<&'static str, RowToJson>,
}

impl<'s> Texts<'s> {
    fn new(store: &'s Store) -> Self {
        Texts { store, by_topic: BTreeMap::new() }
    }

    /// The record that was seen: its offset, and its row, which is empty if there is none in it; `None` if there is no record.
    fn of(&mut self, facts: &TopicFacts, seen: &RecordSeen) -> Result<Option<(u64, String)>> {
        let topic = self.store.topic(facts.name)?;
        if !self.by_topic.contains_key(facts.name) {
            let source = |source| Error::Schema { topic: facts.name.to_owned(), source };
            self.by_topic.insert(facts.name, (facts.to_json)(&schemas_of(&topic)).map_err(source)?);
        }
        let to_json = self.by_topic.get_mut(facts.name).expect("it was put there if it was missing");
        let log = topic.partition(seen.partition)?;
        let mut scan = log.scan(Offset(seen.offsets.start), Offset(seen.offsets.end));
        let Some(record) = scan.next()? else { return Ok(None) };
        let mut text = Vec::new();
        let written = record.value.is_some_and(|value| matches!(to_json(value, &mut text), Ok(Ok(()))));
        let row = if written { String::from_utf8_lossy(&text).into_owned() } else { String::new() };
        Ok(Some((record.offset.0, row)))
    }
}

impl fmt::Display for RowFate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RowFate::LeftOut => "left out",
            RowFate::Kept => "kept",
            RowFate::Late => "late",
            RowFate::Unwaited => "late, of a partition that nobody had waited for",
            RowFate::Ahead => "too far in the future",
            RowFate::Written => "written",
            RowFate::NoRow => "no row",
        })
    }
}

impl fmt::Display for ExplainedRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ExplainedRow { topic, partition, offset, row, fates } = self;
        write!(f, "{topic}, partition {partition}, offset {offset}")?;
        if !row.is_empty() {
            write!(f, ": {row}")?;
        }
        fates.iter().try_for_each(|(operator, fate)| write!(f, "\n  {operator}: {fate}"))
    }
}

impl fmt::Display for ExplainedRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.rows.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl fmt::Debug for ExplainedRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for ExplainedRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
