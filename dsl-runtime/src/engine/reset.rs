//! What a pipeline can compute anew: dropping it, and telling its damage.

use log_store::Store;

use super::storage::{claim, epochs_name, own_topic, refuse_misfit_inputs, refuse_other_writer, state_name};
use crate::error::{Error, Result};
use crate::plan::Plan;

const RESETTING: &str = "waterwheel.resetting";

/// Drops a pipeline's state, epoch entries and outputs, and the copies of its side tables' files; the inputs stay. Gives the names of the output topics.
///
/// A reset that was cut short is finished by the next reset or run, before anything else.
pub(crate) fn reset(store: &Store, plan: &Plan) -> Result<Vec<String>> {
    let _claim = claim(store, &plan.pipeline)?;
    refuse_reset(store, plan, &[])?;
    drop_all(store, plan)
}

/// Refuses to drop what could not be computed anew, as the pipeline cannot read its inputs; and what is not its own, or is read by a
/// pipeline that is not to be reset before it.
pub(crate) fn refuse_reset(store: &Store, plan: &Plan, reset_before: &[&str]) -> Result<()> {
    refuse_misfit_inputs(store, plan)?;
    outputs(plan)
        .iter()
        .filter_map(|name| store.find_topic(name))
        .try_for_each(|topic| refuse_other_writer(&topic, plan))?;
    refuse_read_outputs(store, plan, reset_before)
}

/// What of the pipeline a topic holds that it can compute anew; nothing of a topic that is not its own.
pub(crate) fn held_in(plan: &Plan, topic: &str) -> Option<&'static str> {
    match topic {
        state if state == state_name(&plan.pipeline) => Some("the state"),
        entries if entries == epochs_name(&plan.pipeline) => Some("the epoch entries"),
        result if plan.sinks().iter().any(|sink| sink.topic.name == result) => Some("the results"),
        copy if plan.copies().any(|name| name == copy) => Some("the copy of a file"),
        _ => None,
    }
}

/// The error, with `reset` as its remedy if it is damage of what the pipeline can compute anew.
pub(crate) fn with_reset(error: Error, plan: &Plan) -> Error {
    match error {
        Error::Log(source) => {
            let holds = match &source {
                log_store::Error::Corrupt { topic, .. } => held_in(plan, topic),
                _ => None,
            };
            match holds {
                Some(holds) => {
                    Error::DamagedOutput { pipeline: plan.pipeline.clone(), holds, source: Box::new(source) }
                }
                None => Error::Log(source),
            }
        }
        other => other,
    }
}

/// Refuses to drop results that another pipeline reads: where it stopped would mean other records afterwards.
fn refuse_read_outputs(store: &Store, plan: &Plan, reset_before: &[&str]) -> Result<()> {
    let lets_go = |owner: &String| *owner == plan.pipeline || reset_before.contains(&owner.as_str());
    for name in outputs(plan) {
        let Some(topic) = store.find_topic(&name) else { continue };
        if let Some(reader) = store.pins_on(topic.id()).into_iter().find(|owner| !lets_go(owner)) {
            return Err(Error::OutputIsRead { pipeline: plan.pipeline.clone(), topic: name, reader });
        }
    }
    Ok(())
}

fn drop_all(store: &Store, plan: &Plan) -> Result<Vec<String>> {
    own_topic(store, &state_name(&plan.pipeline))?.set_property(RESETTING, b"yes")?;
    let outputs = outputs(plan);
    let own = [epochs_name(&plan.pipeline), state_name(&plan.pipeline)];
    for name in outputs.iter().chain(&own) {
        if store.find_topic(name).is_some() {
            store.delete_topic(name)?;
        }
    }
    store.set_pins(&plan.pipeline, &[])?;
    Ok(outputs)
}

/// Finishes a reset that was cut short, before anything else is done.
pub(super) fn finish_reset(store: &Store, plan: &Plan) -> Result<()> {
    let name = state_name(&plan.pipeline);
    let under_way = store.find_topic(&name).is_some_and(|topic| topic.property(RESETTING).is_some());
    if under_way {
        drop_all(store, plan)?;
    }
    Ok(())
}

/// The topics that the pipeline writes: its sinks, and the copies of its side tables' files.
fn outputs(plan: &Plan) -> Vec<String> {
    let sinks = plan.sinks().into_iter().map(|sink| sink.topic.name);
    let mut names: Vec<String> = sinks.chain(plan.copies()).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names
}
