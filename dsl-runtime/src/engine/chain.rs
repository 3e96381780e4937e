//! Chains of stateless operators: run one after the other on each batch, inside one timely operator, and counted each.

use std::time::Instant;

use super::Epoch;
use super::context::Context;
use super::counting::OperatorCounts;
use crate::flow::{Batch, Stage, catch};

/// A chain of stateless operators.
#[derive(Default)]
pub(crate) struct Chain {
    stages: Vec<ChainedStage>,
}

/// One of them.
pub(crate) struct ChainedStage {
    /// For people.
    pub(crate) name: String,
    pub(crate) stage: Box<dyn Stage>,
    /// Where it stands among the plan's nodes.
    pub(crate) node: usize,
    /// What it has done since that was last told.
    pub(crate) counts: OperatorCounts,
}

impl Chain {
    /// Of these stages, in the order in which rows come to them.
    pub(crate) fn of(stages: Vec<ChainedStage>) -> Chain {
        Chain { stages }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.stages.is_empty()
    }

    /// The names of the stages, and of what stands behind them.
    pub(crate) fn name(&self, last: Option<&str>) -> String {
        let names: Vec<&str> = self.stages.iter().map(|stage| stage.name.as_str()).chain(last).collect();
        names.join(", ")
    }

    /// Runs the chain over a batch. Gives `None` if the run has failed before, or fails by user code of the chain.
    pub(crate) fn apply(&mut self, mut rows: Batch, context: &Context) -> Option<Batch> {
        if context.shared.failed() {
            return None;
        }
        // The clock is read once for a batch and stage, which costs about as much as a row or two.
        let mut began = (!self.stages.is_empty()).then(Instant::now);
        for ChainedStage { name, stage, counts, .. } in &mut self.stages {
            if rows.is_empty() {
                break;
            }
            counts.rows_in += rows.len() as u64;
            let of_logs = rows.is_of_logs();
            match catch(|| stage.apply(rows)) {
                Ok(made) => rows = if of_logs { made } else { made.passed_on() },
                Err(blame) => {
                    context.blame(name, blame);
                    return None;
                }
            }
            counts.rows_out += rows.len() as u64;
            if let Some(began) = &mut began {
                let ended = Instant::now();
                counts.busy += ended - *began;
                *began = ended;
            }
        }
        Some(rows)
    }

    /// Tells what the stages have done since they were last asked, all of it in this epoch.
    pub(crate) fn tell(&mut self, epoch: Epoch, context: &Context) {
        for ChainedStage { node, counts, .. } in &mut self.stages {
            context.count(epoch, *node, std::mem::take(counts));
        }
    }
}
